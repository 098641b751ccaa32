"""Grey pixels to dots: ordered with blue noise or a clustered-dot screen, error diffusion, or a threshold.

Owns the choice of method, the tone curve that makes up for dot gain, and packing. Knows nothing of pages: rows go in, packed rows
come out, and the pattern runs on from band to band as if there were none.

* *Ordered*: a pixel is black where it is below the mask. The pattern depends on nothing but the place, so bands show no seam,
  text keeps its shape and equal pages give equal bytes. The default. The mask is blue noise where single dots print well, and the
  clustered-dot screen on printers finer than `COARSE_DPI`, unless high quality is asked for.
* *Diffusion*: Floyd and Steinberg's, by Pillow. Finer in photographs on coarse printers, and it costs ten times as much. It is done in stretches of
  `STRETCH_BYTES`, which is nearly a metre of receipt; one that goes on where another ended is begun some rows early, so that the error has built up.
* *Threshold*: for ``bi-level``, and drawings that have no greys.

Smoothed edges of text would come out as a fringe of dots. Where a pixel's neighbours are nearly black on one side and
nearly white on the other, it lies on such an edge, and a threshold decides. Sources that draw without smoothing say so.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket
from tympan.render import blue_noise, clustered_dot

Pixels = NDArray[np.uint8]

HALF = 128
"""What is below is black in ``bi-level``."""
WHITE = 255
NEARLY_BLACK = 96
NEARLY_WHITE = 184
HALF_EDGE = 152
"""What is below is black on a smoothed edge: more than half, so that thin strokes, which smoothing makes pale, stay whole."""
STRETCH_BYTES = 4 << 20
"""As many pixels are diffused at a time."""
WARM_UP_ROWS = 24
"""How many rows earlier the diffusion of a stretch begins."""
MIN_MASK_ROWS = 64
"""Small masks are repeated to this height, so that as many rows are compared at a time."""
CHUNK_BYTES = 96 << 10
"""As many pixels are worked on at a time as stay in a core's cache."""
COARSE_DPI = 300
"""Up to here photographs are diffused and dots are single ones: they can be seen, and the printer's dots are stable."""
HIGH_QUALITY = 5
"""``print-quality`` high, RFC 8011 §5.2.13."""


class Method(enum.Enum):
    """How grey becomes dots."""

    ORDERED = "ordered"
    CLUSTERED = "clustered"
    DIFFUSION = "diffusion"
    THRESHOLD = "threshold"


METHOD_OF_CONTENT: Mapping[str, Method] = MappingProxyType(
    {
        "auto": Method.ORDERED,
        "text": Method.ORDERED,
        "graphic": Method.ORDERED,
        "text-and-graphic": Method.ORDERED,
        "photo": Method.DIFFUSION,
    }
)
"""By ``print-content-optimize``; ``print-color-mode`` bi-level comes first."""


def choose(ticket: JobTicket, page: PageFormat) -> Method:
    """The method for a job.

    Bi-level is a threshold. On coarse printers, and in high quality, photographs are diffused and the rest is ordered with blue
    noise; on fine printers all is ordered with the clustered-dot screen.
    """
    if ticket.print_color_mode == "bi-level":
        return Method.THRESHOLD
    if min(page.resolution_dpi) > COARSE_DPI and ticket.print_quality < HIGH_QUALITY:
        return Method.CLUSTERED
    return METHOD_OF_CONTENT.get(ticket.print_content_optimize, Method.ORDERED)


def tone_curve(dot_gain: float) -> Pixels:
    """The grey to ask for, by the grey that is wanted: ``uint8``, 256 values, rising.

    A dot that covers 1 + `dot_gain` pixels, at places that do not know of each other, blackens 1 - (1 - a)^(1 + `dot_gain`) of the
    paper where a of the pixels are set. This is that curve backwards.

    Args:
        dot_gain: 0 (none) to 1.
    """
    wanted = 1 - np.arange(256) / 255
    asked = 1 - (1 - wanted) ** (1 / (1 + dot_gain))
    return np.rint(255 * (1 - asked)).astype(np.uint8)


@cache
def _thresholds(method: Method, dot_gain: float) -> Pixels:
    """The mask of a method, at least `MIN_MASK_ROWS` high, with the tone curve applied to it instead of to every pixel.

    ``curve[grey] < threshold`` is ``grey < (the first grey where the curve reaches the threshold)``.
    """
    tile = clustered_dot.screen() if method is Method.CLUSTERED else blue_noise.mask()
    found = np.searchsorted(tone_curve(dot_gain), tile).astype(np.uint8)
    return np.tile(found, (max(1, MIN_MASK_ROWS // len(found)), 1))


class Halftone:
    """Turns the rows of one page after another into packed rows."""

    def __init__(self, width_px: int, method: Method = Method.ORDERED, *, dot_gain: float = 0.0) -> None:
        self._width = width_px
        self._method = method
        self._row = 0
        self._nothing = np.empty((0, (width_px + 7) // 8), np.uint8)
        self._above: Pixels | None = None
        self._held: Pixels | None = None
        self._warm = np.empty((0, width_px), np.uint8)
        self._stretch: list[Pixels] = []
        self._stretch_rows = 0
        self._curve = None if dot_gain == 0 else tone_curve(dot_gain).tolist()
        tile = _thresholds(method, dot_gain)
        self._mask = np.ascontiguousarray(np.tile(tile, (1, -(-width_px // tile.shape[1])))[:, :width_px])

    @classmethod
    def of(cls, ticket: JobTicket, page: PageFormat) -> Self:
        """The halftone for a job."""
        return cls(page.width_px, choose(ticket, page), dot_gain=page.dot_gain)

    def restart(self) -> None:
        """A new page: nothing is carried over."""
        self._row = 0
        self._above = self._held = None
        self._warm = self._warm[:0]
        self._stretch, self._stretch_rows = [], 0

    def white(self, rows: int) -> None:
        """White rows passed by, after `flush`."""
        self._row += rows
        self._above = None
        self._warm = self._warm[:0]

    def push(self, grey: Pixels, *, sharp: bool = False) -> Pixels:
        """The next rows.

        Args:
            grey: ``uint8``, shape (rows, width), 0 black; not kept.
            sharp: It has no smoothed edges.

        Returns:
            Packed rows, shape (rows, (width + 7) // 8), 1 black. Where edges are looked for, the last row is held back until what
            is below it is known; diffusion holds back what does not fill a stretch.
        """
        if self._method is Method.THRESHOLD:
            return np.packbits(grey < HALF, axis=1)
        found = []
        if sharp:
            if self._held is not None:
                found.append(self._release())
            found.append(grey)
            self._above = grey[-1].copy()
        else:
            if self._held is not None:
                found.append(_harden(self._held, self._above, grey[0]))
                self._above = self._held[0]
            if len(grey) > 1:
                found.extend(self._hardened(grey))
                self._above = grey[-2].copy()
            self._held = grey[-1:].copy()
        if self._method is Method.DIFFUSION:
            return self._diffused(found)
        return np.concatenate([self._ordered(rows) for rows in found]) if found else self._nothing

    def flush(self) -> Pixels:
        """The rows that were held back, if any: what follows is white, packed already, or the end of the page."""
        found = [] if self._held is None else [self._release()]
        if self._method is Method.DIFFUSION:
            return self._diffused(found, last=True)
        return np.concatenate([self._ordered(rows) for rows in found]) if found else self._nothing

    def _release(self) -> Pixels:
        """The row that was held back, with nothing below it."""
        assert self._held is not None
        row = _harden(self._held, self._above, None)
        self._above = self._held[0]
        self._held = None
        return row

    def _hardened(self, grey: Pixels) -> Iterator[Pixels]:
        """All rows but the last with hard edges, a cacheful at a time."""
        chunk = max(16, CHUNK_BYTES // self._width)
        for start in range(0, len(grey) - 1, chunk):
            end = min(start + chunk, len(grey) - 1)
            rows = grey[start:end]
            if rows.min() == WHITE:
                yield rows
            else:
                yield _harden(rows, grey[start - 1] if start else self._above, grey[end])

    def _ordered(self, grey: Pixels) -> Pixels:
        """Rows as dots by the mask."""
        packed = np.empty((len(grey), (self._width + 7) // 8), np.uint8)
        at = 0
        while at < len(grey):
            phase = (self._row + at) % len(self._mask)
            rows = min(len(self._mask) - phase, len(grey) - at)
            packed[at : at + rows] = np.packbits(
                grey[at : at + rows] < self._mask[phase : phase + rows], axis=1
            )
            at += rows
        self._row += len(grey)
        return packed

    def _diffused(self, parts: list[Pixels], *, last: bool = False) -> Pixels:
        """Rows as dots by diffusion, once a stretch is full or the last is there."""
        self._stretch.extend(rows.copy() for rows in parts)
        self._stretch_rows += sum(len(rows) for rows in parts)
        if not self._stretch_rows or (not last and self._stretch_rows * self._width < STRETCH_BYTES):
            return self._nothing
        rows = np.concatenate([self._warm, *self._stretch])
        before = len(self._warm)
        self._stretch, self._stretch_rows = [], 0
        self._warm = rows[-WARM_UP_ROWS:].copy()
        image = Image.frombuffer("L", (self._width, len(rows)), rows, "raw", "L", 0, 1)
        if self._curve is not None:
            image = image.point(self._curve)
        data = image.convert("1").tobytes("raw", "1;I")
        return np.frombuffer(data, np.uint8).reshape(len(rows), -1)[before:]


def _harden(rows: Pixels, above: Pixels | None, below: Pixels | None) -> Pixels:
    """Make smoothed edges hard: see the module's description.

    Args:
        rows: The rows, shape (rows, width).
        above: The row before them; None: white, or the page's edge.
        below: The row after them.
    """
    height, width = rows.shape
    tall = np.empty((height + 2, width), np.uint8)
    tall[1:-1] = rows
    tall[0] = rows[0] if above is None else above
    tall[-1] = rows[-1] if below is None else below
    dark = np.minimum(tall[:-2], tall[2:])
    light = np.maximum(tall[:-2], tall[2:])
    np.minimum(dark[:, 1:], rows[:, :-1], out=dark[:, 1:])
    np.minimum(dark[:, :-1], rows[:, 1:], out=dark[:, :-1])
    np.maximum(light[:, 1:], rows[:, :-1], out=light[:, 1:])
    np.maximum(light[:, :-1], rows[:, 1:], out=light[:, :-1])
    edge = dark < NEARLY_BLACK
    edge &= light > NEARLY_WHITE
    if not edge.any():
        return rows
    hard = (rows >= HALF_EDGE).view(np.uint8)
    np.negative(hard, out=hard)
    return np.where(edge, hard, rows)
