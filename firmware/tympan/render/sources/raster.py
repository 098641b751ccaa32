"""Raster that a client has drawn already: what PWG Raster and Apple's URF have in common.

Owns the run coding, the colours and the way of a page's rows to a view. The headers are `pwg_raster`'s and `urf`'s. Rows are decoded as they
arrive, and every number that a header or a code gives is checked before it is believed.

The coding of both (PWG 5102.4 §4.4): a row begins with how often it repeats, less one. Then codes: 0 to 127, the next pixel comes that
often plus one; 129 to 255, 257 less that many pixels follow as they are; 128, the row is white from here. Below 8 bits a
pixel the unit is the byte.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from tympan.errors import DocumentError
from tympan.render.sources import resample
from tympan.render.sources.page import Band, Document, Pixels, View
from tympan.render.sources.resample import UPRIGHT, Run, Turn

READ_BYTES = 64 << 10
MAX_SIDE_PX = 100_000
"""The widest and longest page that is believed: 4 m at 600 dpi."""
MAX_DPI = 4800
MIN_DPI = 30
BAND_ROW_BYTES = 1 << 20
"""Rows are given on when so many bytes of them were decoded, or as many grey pixels."""
FIRST_ROWS = 64
"""The first band of a page is this short, so that a printer can begin while the page arrives."""


class Colours(enum.Enum):
    """How a pixel is stored: bits a pixel, and what they mean."""

    GREY_1 = (1, "grey")
    GREY_8 = (8, "grey")
    GREY_16 = (16, "grey")
    BLACK_1 = (1, "black")
    BLACK_8 = (8, "black")
    BLACK_16 = (16, "black")
    RGB_8 = (24, "rgb")
    RGB_16 = (48, "rgb")
    CMYK_8 = (32, "cmyk")
    CMYK_16 = (64, "cmyk")

    @property
    def bits(self) -> int:
        """Bits a pixel."""
        return self.value[0]

    @property
    def ink(self) -> bool:
        """Values say how much ink: white is all zeros."""
        return self.value[1] in {"black", "cmyk"}


@dataclass(frozen=True, slots=True)
class RasterHeader:
    """What a page's header says, checked.

    Attributes:
        width_px: Pixels in a row.
        height_px: Rows.
        resolution_dpi: Dots per inch across and along.
        colours: How a pixel is stored.
        turn: What undoes the transforms that the client made for the back of a sheet.
        big_endian: Order of the bytes of a 16-bit value.
    """

    width_px: int
    height_px: int
    resolution_dpi: tuple[int, int]
    colours: Colours
    turn: Turn = UPRIGHT
    big_endian: bool = True

    @property
    def row_bytes(self) -> int:
        """Bytes in a decoded row."""
        return (self.width_px * self.colours.bits + 7) // 8

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            DocumentError: A side or a resolution is out of bounds.
        """
        if not (0 < self.width_px <= MAX_SIDE_PX and 0 < self.height_px <= MAX_SIDE_PX):
            raise DocumentError(
                f"A page of the raster has {self.width_px} by {self.height_px} pixels, which cannot be printed.",
                reason="document-unprintable-error",
            )
        if not all(MIN_DPI <= dpi <= MAX_DPI for dpi in self.resolution_dpi):
            raise DocumentError(
                f"A page of the raster has a resolution of {self.resolution_dpi[0]} by {self.resolution_dpi[1]} dpi.",
                reason="document-format-error",
            )


class RasterStream:
    """The bytes of the document, some at a time."""

    def __init__(self, document: Document) -> None:
        document.seek(0)
        self._document = document
        self.data = b""
        self.at = 0

    def need(self, count: int) -> bool:
        """Have `count` bytes from `at`, waiting for them; False where the document ends before."""
        while len(self.data) - self.at < count:
            more = self._document.read(max(READ_BYTES, count))
            if not more:
                return False
            self.data = self.data[self.at :] + bytes(more)
            self.at = 0
        return True

    def take(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end."""
        self.need(count)
        taken = self.data[self.at : self.at + count]
        self.at += len(taken)
        return taken


class RasterPage:
    """One page of raster."""

    sized = True
    sequential = True
    laid_out = False

    def __init__(self, header: RasterHeader, stream: RasterStream, number: int) -> None:
        header.check()
        self.header = header
        self._stream = stream
        self._number = number
        self._left = header.height_px
        self._repeats: tuple[bytes, int] | None = None
        self.width_in = header.width_px / header.resolution_dpi[0]
        self.height_in = header.height_px / header.resolution_dpi[1]

    def bands(self, view: View) -> Iterator[Band]:
        """The page's rows as they arrive."""
        header = self.header
        size = (header.width_px, header.height_px)
        exact = (view.page_width_px, view.page_height_px) == size and view.turn == 0
        if header.colours in {Colours.BLACK_1, Colours.GREY_1} and exact and header.turn == UPRIGHT:
            yield from self._packed(view)
        else:
            yield from resample.bands(self._grey(), size, header.turn, view)

    def skip(self) -> None:
        """Pass by what was not drawn."""
        while self._left:
            self._rows(self._left)

    def _packed(self, view: View) -> Iterator[Band]:
        """Rows of one bit a pixel as they are."""
        at = view.top_px
        if at > 0:
            yield Band(min(at, view.height_px))
        for rows, counts in self._bands():
            kept = np.repeat(np.arange(len(rows)), counts)
            first, last = max(0, -at), min(len(kept), view.height_px - at)
            at += len(kept)
            if first >= last:
                continue
            if not any(rows):
                yield Band(last - first)
                continue
            bits = self._array(rows)
            if self.header.colours is Colours.GREY_1:
                bits = ~bits
            yield Band(last - first, packed=_shifted(bits, self.header.width_px, view)[kept[first:last]])
        done = max(0, at)
        if done < view.height_px:
            yield Band(view.height_px - done)

    def _grey(self) -> Iterator[Run]:
        """Rows as grey, white ones as numbers."""
        for rows, counts in self._bands():
            if not any(rows):
                yield sum(counts)
                continue
            grey = to_grey(self._array(rows), self.header)
            yield grey if len(grey) == sum(counts) else np.repeat(grey, counts, axis=0)

    def _array(self, rows: list[bytes]) -> Pixels:
        """Decoded rows as an array; white ones are filled in."""
        white = bytes(1) if self.header.colours.ink else b"\xff"
        blank = white * self.header.row_bytes
        return np.frombuffer(b"".join([row or blank for row in rows]), np.uint8).reshape(len(rows), -1)

    def _bands(self) -> Iterator[tuple[list[bytes], list[int]]]:
        """Different rows and how often each comes; white rows are empty, and never in a band with others where they are many."""
        limit = FIRST_ROWS
        while self._left:
            yield self._rows(limit)
            limit = max(
                1, min(BAND_ROW_BYTES // max(self.header.row_bytes, self.header.width_px), self._left)
            )

    def _rows(self, limit: int) -> tuple[list[bytes], list[int]]:  # noqa: C901, PLR0912, PLR0915 — a call for each code would double its time
        """Decode up to `limit` rows: the loop that everything waits for, so it is one function with local names.

        Raises:
            DocumentError: The data end early, or a code goes beyond its row.
        """
        stream = self._stream
        row_bytes = self.header.row_bytes
        unit = max(1, self.header.colours.bits // 8)
        white = (bytes(1) if self.header.colours.ink else b"\xff") * row_bytes
        runs = _byte_runs() if unit == 1 else None
        longest = 1 + (row_bytes // unit) * (unit + 1)
        rows: list[bytes] = []
        counts: list[int] = []
        wanted = min(limit, self._left)
        if self._repeats is not None:
            row, repeat = self._repeats
            self._repeats = None
        else:
            row, repeat = b"", 0
        while True:
            if repeat:
                taken = min(repeat, wanted)
                if rows and not row and not rows[-1]:
                    counts[-1] += taken
                else:
                    rows.append(row)
                    counts.append(taken)
                wanted -= taken
                self._left -= taken
                if repeat > taken:
                    self._repeats = (row, repeat - taken)
                if not wanted:
                    return rows, counts
            whole = stream.need(longest)
            data, at = stream.data, stream.at
            parts = []
            left = row_bytes
            try:
                repeat = data[at] + 1
                at += 1
                while left > 0:
                    code = data[at]
                    at += 1
                    if code < 128:
                        code += 1
                        parts.append(runs[code][data[at]] if runs else data[at : at + unit] * code)
                        at += unit
                        left -= code * unit
                    elif code > 128:
                        code = (257 - code) * unit
                        parts.append(data[at : at + code])
                        at += code
                        left -= code
                    else:
                        parts.append(white[:left])
                        left = 0
            except IndexError:
                raise self._truncated() from None
            if left < 0:
                raise DocumentError(
                    f"Page {self._number} of the raster is damaged: a row is longer than the page is wide."
                )
            if not whole and at > len(data):
                raise self._truncated()
            if repeat > self._left:
                raise DocumentError(
                    f"Page {self._number} of the raster is damaged: it has more rows than its header says."
                )
            stream.at = at
            row = b"".join(parts)
            if row == white:
                row = b""

    def _truncated(self) -> DocumentError:
        return DocumentError(f"The raster ends in the middle of page {self._number}.")


@cache
def _byte_runs() -> list[list[bytes]]:
    """Every run of one-byte pixels by length and value: looking one up takes half the time of making it."""
    values = [bytes((value,)) for value in range(256)]
    return [[value * count for value in values] for count in range(129)]


def warm_up() -> None:
    """Make the table of runs."""
    _byte_runs()


def to_grey(rows: Pixels, header: RasterHeader) -> Pixels:
    """Decoded rows as grey, 0 black: Rec. 601 luma of the stored values, as PDFium and Pillow take it."""
    bits, kind = header.colours.value
    if bits == 1:
        ones = np.unpackbits(rows, axis=1, count=header.width_px)
        return np.where(ones, 0 if kind == "black" else 255, 255 if kind == "black" else 0).astype(np.uint8)
    if bits in {16, 48, 64}:
        rows = np.ascontiguousarray(rows[:, 0 if header.big_endian else 1 :: 2])
    if kind == "grey":
        return rows
    if kind == "black":
        return ~rows
    if kind == "rgb":
        image = Image.frombuffer("RGB", (header.width_px, len(rows)), rows, "raw", "RGB", 0, 1)
        return np.asarray(image.convert("L"))
    return ink_to_grey(rows.reshape(len(rows), header.width_px, 4))


def ink_to_grey(inks: Pixels) -> Pixels:
    """Cyan, magenta, yellow and black, each 255 full, as grey: shape (rows, width, 4) to (rows, width)."""
    colour = inks[..., :3].astype(np.uint32) @ np.array([77, 150, 29], np.uint32)
    light = (255 - (colour >> 8)) * (255 - inks[..., 3].astype(np.uint32))
    return ((light + 127) // 255).astype(np.uint8)


def _shifted(bits: Pixels, width_px: int, view: View) -> Pixels:
    """Packed rows of the page's width as packed rows of the view's width."""
    row_bytes = (view.width_px + 7) // 8
    if view.left_px <= 0 and view.left_px % 8 == 0 and width_px + view.left_px >= view.width_px:
        # A copy: the last bits are cleared below, and the rows may be the document's own bytes.
        cut = bits[:, -view.left_px // 8 : -view.left_px // 8 + row_bytes].copy()
    else:
        wide = np.zeros((len(bits), view.width_px), np.uint8)
        left, right = max(0, view.left_px), min(view.width_px, view.left_px + width_px)
        if left < right:
            ones = np.unpackbits(bits, axis=1, count=width_px)
            wide[:, left:right] = ones[:, left - view.left_px : right - view.left_px]
        return np.packbits(wide, axis=1)
    if view.width_px % 8:
        cut[:, -1] &= (0xFF << (8 - view.width_px % 8)) & 0xFF
    return cut
