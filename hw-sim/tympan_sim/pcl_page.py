"""The dots of one side of a sheet, and what may be marked on it.

Owns the bitmap: one bit a dot in packed rows, made only when the first mark comes, or eight bits a colour once a
coloured mark comes. Marks outside the sheet, or in the margin the mechanism cannot reach, are dropped and counted
as notes. Knows nothing of PCL; positions are dots from the sheet's upper left corner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Dots = NDArray[np.uint8]
"""Packed rows, most significant bit left, 1 is black; or, where said so, one byte a dot."""

COLOUR_BYTES_MAX = 192 * 1024 * 1024
"""A page of colour larger than this is printed in black: the printer has no more memory."""

_WHITE = 255

NOTE_OFF_SHEET = "marks beyond the edge of the sheet were dropped"
NOTE_MARGIN = "marks in the unprintable margin were dropped"
NOTE_MEMORY = "no memory for colour: printed in black"


class PageBitmap:
    """One side of a sheet.

    Args:
        width: Dots across.
        height: Dots along.
        margin: Dots at each edge that the mechanism cannot mark.
    """

    def __init__(self, width: int, height: int, margin: int = 0) -> None:
        self.width = width
        self.height = height
        self.margin = margin
        self.notes: dict[str, None] = {}
        self._packed: Dots | None = None
        self._colour: Dots | None = None
        reach = np.zeros((width + 7) // 8 * 8, np.uint8)
        reach[margin : max(width - margin, margin)] = 1
        self._reach = np.packbits(reach)

    @property
    def blank(self) -> bool:
        """Nothing was ever marked."""
        return self._packed is None and self._colour is None

    def mark_rows(self, rows: Dots, left: int, top: int, *, erase: bool = False) -> None:
        """Mark packed rows: their 1 bits become black, or white where `erase` is set.

        Args:
            rows: Shape (rows, bytes).
            left: Where the first bit falls; any number.
            top: Where the first row falls; any number.
            erase: Take black away instead.
        """
        rows, top = self._rows_in_reach(rows, top)
        if not rows.size or not rows.any():
            return
        shift = left % 8
        if shift:
            wide = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
            wide[:, :-1] = rows >> shift
            wide[:, 1:] |= rows << (8 - shift)
            rows = wide
        first = (left - shift) // 8
        start, stop = max(-first, 0), min(rows.shape[1], self._reach.size - first)
        if start >= stop:
            self._dropped(NOTE_OFF_SHEET)
            return
        inside = rows[:, start:stop]
        reach = self._reach[first + start : first + stop]
        marks = inside & reach
        if not erase:
            if rows[:, :start].any() or rows[:, stop:].any():
                self._dropped(NOTE_OFF_SHEET)
            if (inside[:, reach != _WHITE] & ~reach[reach != _WHITE]).any():
                self._dropped(NOTE_MARGIN if self.margin else NOTE_OFF_SHEET)
        self._apply(marks, first + start, top, erase=erase)

    def mark_dots(self, dots: Dots, left: int, top: int, *, erase: bool = False) -> None:
        """As `mark_rows`, from one byte a dot, shape (rows, dots)."""
        if dots.size:
            self.mark_rows(np.packbits(dots, axis=1), left, top, erase=erase)

    def mark_colours(self, colours: Dots, left: int, top: int, *, opaque: bool = False) -> None:
        """Mark coloured dots; white ones leave what is there, unless `opaque`.

        Args:
            colours: Red, green and blue, shape (rows, dots, 3).
            left: Where the first dot falls; any number.
            top: Where the first row falls; any number.
            opaque: White dots whiten.
        """
        seen = (colours != _WHITE).any(axis=2)
        if self.width * self.height * 3 > COLOUR_BYTES_MAX:
            self._dropped(NOTE_MEMORY)
            if opaque:
                self.mark_dots(np.ones_like(seen, np.uint8), left, top, erase=True)
            self.mark_dots((colours.mean(axis=2) < _WHITE / 2).astype(np.uint8), left, top)
            return
        wanted = np.ones_like(seen) if opaque else seen
        low_x, high_x = max(self.margin - left, 0), min(colours.shape[1], self.width - self.margin - left)
        low_y, high_y = max(self.margin - top, 0), min(colours.shape[0], self.height - self.margin - top)
        if low_x >= high_x or low_y >= high_y:
            if seen.any():
                self._dropped(NOTE_OFF_SHEET)
            return
        if np.count_nonzero(seen) != np.count_nonzero(seen[low_y:high_y, low_x:high_x]):
            self._dropped(NOTE_MARGIN if self.margin else NOTE_OFF_SHEET)
        if not wanted[low_y:high_y, low_x:high_x].any():
            return
        page = self._as_colour()[top + low_y : top + high_y, left + low_x : left + high_x]
        chosen = wanted[low_y:high_y, low_x:high_x]
        page[chosen] = colours[low_y:high_y, low_x:high_x][chosen]

    def fill(self, left: int, top: int, width: int, height: int, tile: Dots, *, erase: bool = False) -> None:
        """Fill a rectangle with an 8 by 8 tile that repeats from the sheet's corner.

        Args:
            left: Its left edge; any number.
            top: Its upper edge; any number.
            width: Dots.
            height: Dots.
            tile: Eight packed rows of eight dots, shape (8,).
            erase: Take black away instead.
        """
        first, last = max(left, 0), min(left + width, self.width)
        upper, lower = max(top, 0), min(top + height, self.height)
        if width > 0 and height > 0 and not erase and (last - first, lower - upper) != (width, height):
            self._dropped(NOTE_OFF_SHEET)
        if first >= last or upper >= lower:
            return
        across = np.zeros(self._reach.size * 8, np.uint8)
        across[first:last] = 1
        begin, end = first // 8, (last + 7) // 8
        columns = np.packbits(across)[begin:end]
        rows = tile[np.arange(upper, lower) % 8][:, np.newaxis] & columns
        self.mark_rows(rows, begin * 8, upper, erase=erase)

    def image(self) -> Image.Image:
        """Return the side as a picture: mode ``1``, or ``RGB`` where it has colour."""
        if self._colour is not None:
            return Image.fromarray(self._colour)
        if self._packed is None:
            return Image.new("1", (self.width, self.height), 1)
        return Image.frombytes("1", (self.width, self.height), np.invert(self._packed).tobytes())

    def _rows_in_reach(self, rows: Dots, top: int) -> tuple[Dots, int]:
        upper, lower = max(self.margin - top, 0), min(rows.shape[0], self.height - self.margin - top)
        if upper == 0 and lower == rows.shape[0]:
            return rows, top
        lower = max(lower, upper)
        outside = rows[:upper].any() or rows[lower:].any()
        if outside:
            beyond = top < 0 or top + rows.shape[0] > self.height
            self._dropped(NOTE_OFF_SHEET if beyond or not self.margin else NOTE_MARGIN)
        return rows[upper:lower], top + upper

    def _apply(self, marks: Dots, first_byte: int, top: int, *, erase: bool) -> None:
        rows, columns = marks.shape
        if self._colour is not None:
            dots = np.unpackbits(marks, axis=1)
            start = first_byte * 8
            page = self._colour[top : top + rows, start : start + columns * 8]
            page[dots[:, : page.shape[1]].astype(bool)] = _WHITE if erase else 0
            return
        if self._packed is None:
            if erase:
                return
            self._packed = np.zeros((self.height, self._reach.size), np.uint8)
        target = self._packed[top : top + rows, first_byte : first_byte + columns]
        if erase:
            target &= ~marks
        else:
            target |= marks

    def _as_colour(self) -> Dots:
        if self._colour is None:
            self._colour = np.full((self.height, self.width, 3), _WHITE, np.uint8)
            if self._packed is not None:
                for start in range(0, self.height, 256):
                    dots = np.unpackbits(self._packed[start : start + 256], axis=1)[:, : self.width]
                    self._colour[start : start + 256][dots.astype(bool)] = 0
                self._packed = None
        return self._colour

    def _dropped(self, note: str) -> None:
        self.notes[note] = None
