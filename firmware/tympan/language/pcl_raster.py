"""Bands of pixels as PCL 5 raster rows, each in the compression mode that is shortest for it.

Owns the choice. A white row costs nothing but a skip, a row like the one above it five bytes. All rows of a band are
measured at once, only the chosen compression is carried out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from tympan.language import pcl
from tympan.language.delta_row import DeltaRows, changes
from tympan.language.packbits import PackBitsRows

Pixels = NDArray[np.uint8]
Counts = NDArray[np.intp]

RAW, PACKBITS, DELTA_ROW = 0, 2, 3
"""Modes of ``ESC * b # M``."""

SWITCH_BYTES = 2
"""What a change of mode costs: ``3m``."""

SLICE_ROWS = 256
"""Rows worked on at once: the arrays of so many stay in a small processor's cache."""

NOT_WORTH_BYTES = 24
"""A row that takes so little as changes is not measured in another mode."""


class RasterRows:
    """The rows of one raster after the other, between ``ESC * r 1 A`` and ``ESC * r C``.

    Args:
        row_bytes: Bytes of a row.
        modes: Compression modes the printer knows, of 0, 2 and 3; 0 or 2 among them.
    """

    def __init__(self, row_bytes: int, modes: Collection[int] = (RAW, PACKBITS, DELTA_ROW)) -> None:
        if not {RAW, PACKBITS} & set(modes) or not set(modes) <= {RAW, PACKBITS, DELTA_ROW}:
            raise ValueError(f"modes {sorted(modes)} are not some of 0, 2 and 3 with 0 or 2 among them")
        self._row_bytes = row_bytes
        self._modes = frozenset(modes)
        self._plainest = RAW if RAW in self._modes else PACKBITS
        self._mode_kept = -1
        self._seed = np.zeros(row_bytes, np.uint8)
        self._mode = -1
        self._heads: dict[int, list[bytes]] = {}
        self.blank_rows = 0
        """White rows that came and were not sent yet: at the end of a page nobody needs them."""

    def start(self) -> None:
        """A new raster begins: the printer's seed row is white, and no mode is taken for granted."""
        self._seed = np.zeros(self._row_bytes, np.uint8)
        self._mode = -1
        self.blank_rows = 0

    def take_blank(self) -> int:
        """The white rows not sent yet, which the caller sends otherwise, by placing the raster lower."""
        rows, self.blank_rows = self.blank_rows, 0
        return rows

    def encode(self, rows: Pixels) -> bytes:
        """The next rows, shape (height, row bytes). White rows at their end are kept back, see `blank_rows`."""
        parts: list[bytes | memoryview] = []
        for at in range(0, len(rows), SLICE_ROWS):
            self._encode_slice(rows[at : at + SLICE_ROWS], parts)
        return b"".join(parts)

    def _encode_slice(self, rows: Pixels, parts: list[bytes | memoryview]) -> None:
        inked = np.flatnonzero(rows.max(axis=1))
        if not len(inked):
            self.blank_rows += len(rows)
            self._seed = rows[-1].copy()
            return
        # Around the ink there may be a lot of white; nothing of it is looked at again.
        first, last = int(inked[0]), int(inked[-1])
        seed, self._seed = rows[first - 1] if first else self._seed, rows[-1].copy()
        modes, streams = self._choose(rows[first : last + 1], seed, inked - first)
        heads = self._head_table(self._mode_kept)
        mode, number = self._mode, -1 - self.blank_rows - first
        for row, row_mode in zip((inked - first).tolist(), modes.tolist(), strict=True):
            if row != number + 1:
                parts.append(pcl.skip_rows(row - number - 1))
            number = row
            data = next(streams[row_mode])
            if row_mode == mode:
                parts.append(heads[len(data)])
            else:
                parts.append(self._head_table(row_mode)[len(data)])
                mode = row_mode
            parts.append(data)
        self._mode = mode
        self.blank_rows = len(rows) - 1 - last

    def _choose(
        self, rows: Pixels, seed: Pixels, inked: Counts
    ) -> tuple[Counts, dict[int, Iterator[memoryview]]]:
        """The mode of each inked row, and for each mode the data of its rows in order."""
        width = rows.shape[1]
        modes = np.full(len(inked), self._plainest, np.intp)
        best = np.full(len(inked), width if self._plainest == RAW else width + width // 128 + 1, np.intp)
        streams: dict[int, Iterator[memoryview]] = {}
        delta = self._delta(rows, seed)
        if delta is not None:
            sizes = delta.sizes[inked]
            better = sizes < best
            modes[better] = DELTA_ROW
            best[better] = sizes[better]
        # Rows that change little are done with. The rest is looked at along the row.
        rest = np.flatnonzero((best > NOT_WORTH_BYTES) | (modes != DELTA_ROW))
        if len(rest):
            modes[rest], streams = self._choose_along(rows, inked[rest], (modes[rest], best[rest]))
        if delta is not None:
            keep = np.zeros(len(rows), np.bool_)
            keep[inked[modes == DELTA_ROW]] = True
            streams[DELTA_ROW] = _rows_of(delta.encode(keep), delta.sizes[keep])
        return modes, streams

    def _delta(self, rows: Pixels, seed: Pixels) -> DeltaRows | None:
        """The band as changes; None where the printer does not know the mode, or nothing would be won."""
        if DELTA_ROW not in self._modes:
            return None
        changed = changes(rows, seed)
        counts = _true_per_row(changed)
        dense = counts + (counts >> 3) >= rows.shape[1]
        if dense.any():
            if dense.all():
                return None
            changed[dense] = False
        delta = DeltaRows(rows, seed, changed)
        delta.sizes[dense] = rows.shape[1] * 2
        return delta

    def _choose_along(
        self, rows: Pixels, numbers: Counts, so_far: tuple[Counts, Counts]
    ) -> tuple[Counts, dict[int, Iterator[memoryview]]]:
        """Choose between what some rows have so far (modes and sizes), and PackBits or no compression."""
        some = rows if len(numbers) == len(rows) else rows[numbers]
        modes, best = so_far
        streams: dict[int, Iterator[memoryview]] = {}
        ends = row_ends(some)
        if RAW in self._modes:
            shorter = ends < best
            modes[shorter] = RAW
            best = np.minimum(best, ends)
        if PACKBITS in self._modes:
            # Each change of the byte along the row costs at least a byte: most rows of text can be left out for that.
            steps = _true_per_row(some[:, 1:] != some[:, :-1])
            worth = np.flatnonzero((steps < best) | (modes == PACKBITS))
            if len(worth):
                packed = PackBitsRows(some if len(worth) == len(some) else some[worth], ends[worth])
                shorter = (packed.sizes + SWITCH_BYTES < best[worth]) | (modes[worth] == PACKBITS)
                modes[worth[shorter]] = PACKBITS
                streams[PACKBITS] = _rows_of(packed.encode(shorter), packed.sizes[shorter])
        raw = np.flatnonzero(modes == RAW)
        if len(raw):
            streams[RAW] = _raw_rows(some, raw, ends[raw])
        return modes, streams

    def _head_table(self, mode: int) -> list[bytes]:
        """``ESC * b # W`` for every length, with the change to a mode where one is given; made once."""
        table = self._heads.get(mode)
        if table is None:
            switch = b"" if mode == self._mode_kept else b"%dm" % mode
            table = self._heads[mode] = [
                b"\x1b*b%s%dW" % (switch, length) for length in range(self._row_bytes * 2 + 2)
            ]
        return table


def row_ends(rows: Pixels) -> Counts:
    """How many bytes of each row remain when white ones at its end are left out; 0 for a white row."""
    width = rows.shape[1]
    ink = rows != 0
    from_right = ink[:, ::-1].argmax(axis=1)
    return np.where(ink[np.arange(len(rows)), width - 1 - from_right], width - from_right, 0)


def _true_per_row(flags: NDArray[np.bool_]) -> Counts:
    """How many of each row are True: eight lanes of a byte each are added up at once, as no lane can overflow."""
    height, width = flags.shape
    if width > 8 * 255:
        wide: Counts = flags.sum(axis=1, dtype=np.intp)
        return wide
    padded = np.zeros((height, (width + 7) // 8 * 8), np.bool_)
    padded[:, :width] = flags
    lanes = padded.view(np.uint64).sum(axis=1).view(np.uint8)
    counts: Counts = lanes.reshape(height, 8).sum(axis=1, dtype=np.intp)
    return counts


def _rows_of(data: Pixels, sizes: Counts) -> Iterator[memoryview]:
    view = data.data
    at = 0
    for size in sizes.tolist():
        yield view[at : at + size]
        at += size


def _raw_rows(rows: Pixels, numbers: Counts, ends: Counts) -> Iterator[memoryview]:
    view = rows.reshape(-1).data
    width = rows.shape[1]
    for number, end in zip(numbers.tolist(), ends.tolist(), strict=True):
        yield view[number * width : number * width + end]
