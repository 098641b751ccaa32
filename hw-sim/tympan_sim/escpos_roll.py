"""The paper of a receipt printer between two cuts.

Owns the dots that were burnt and where the head stands over them; knows nothing of commands. Dots are kept packed,
eight to a byte, so that a raster is a copy and a metre of receipt is 640 kB; the length of a piece is bounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tympan_sim.decoder import Sheet
from tympan_sim.escpos_font import Bits

ROWS_MAX = 40_000
"""Rows of one piece (5 m at 203 dpi); a longer one is given in parts."""

Packed = NDArray[np.uint8]
"""Rows of dots, most significant bit left, shape (rows, bytes)."""


class Roll:
    """The piece of paper under the head.

    Attributes:
        y: Row under the head, from the piece's upper edge.
        marked: Anything was burnt on this piece.
    """

    def __init__(
        self, paper_width: int, left: int, print_width: int, cutter_distance: int, dpi: tuple[int, int]
    ) -> None:
        self._paper_width = paper_width
        self._left = left
        self._print_width = print_width
        self._distance = cutter_distance
        self._dpi = dpi
        self._row_bytes = (paper_width + 7) // 8
        self._black = self._fresh(1024)
        self._red: Packed | None = None
        self._origin = cutter_distance
        self._cut_through = 0
        self._last_marked = 0
        self._notes: set[str] = set()
        self.y = cutter_distance
        self.marked = False

    def _fresh(self, rows: int) -> Packed:
        return np.zeros((rows, self._row_bytes), np.uint8)

    def _ensure(self, rows: int) -> None:
        held = self._black.shape[0]
        if rows > held:
            grown = self._fresh(max(rows, held * 2) - held)
            self._black = np.concatenate((self._black, grown))
            if self._red is not None:
                self._red = np.concatenate((self._red, grown))

    def note(self, text: str) -> None:
        """Remember what a person should know of this piece."""
        if len(self._notes) < 16:
            self._notes.add(text)

    def _plane(self, *, red: bool) -> Packed:
        if not red:
            return self._black
        if self._red is None:
            self._red = np.zeros_like(self._black)
        return self._red

    def paint_packed(self, rows: Packed, x: int, width: int, *, red: bool = False) -> None:
        """Burn packed rows from the row under the head on; does not feed.

        Args:
            rows: Shape (rows, bytes), at least `width` bits in a row; bits beyond are not printed.
            x: Left edge in the printable area, dots; not negative.
            width: Dots of a row that are printed.
            red: In the second colour.
        """
        room = max(self._print_width - x, 0)
        if width > room:
            beyond = np.unpackbits(rows[:, room // 8 :], axis=1)[:, room % 8 : width - room // 8 * 8]
            if beyond.any():
                self.note(f"clipped {width - room} dots right")
            width = room
        if not width or not rows.shape[0]:
            return
        needed = (width + 7) // 8
        rows = rows[:, :needed]
        if width % 8:
            rows = rows.copy()
            rows[:, -1] &= (0xFF00 >> (width % 8)) & 0xFF
        start = self._left + x
        if start % 8:
            bits = np.unpackbits(rows, axis=1)
            rows = np.packbits(np.pad(bits, ((0, 0), (start % 8, 0))), axis=1)
        first = start // 8
        rows = rows[:, : self._row_bytes - first]
        bottom = self.y + rows.shape[0]
        self._ensure(bottom)
        self._plane(red=red)[self.y : bottom, first : first + rows.shape[1]] |= rows
        # Which rows hold a dot: only the last one matters, for a cut that goes through print.
        inked = np.flatnonzero(rows.any(axis=1))
        if inked.size:
            self.marked = True
            self._last_marked = max(self._last_marked, self.y + int(inked[-1]) + 1)

    def paint_bits(self, bits: Bits, x: int, *, red: bool = False) -> None:
        """Burn dots given as 0 and 1 from the row under the head on; does not feed."""
        if x < 0:
            bits, x = bits[:, -x:], 0
        if bits.shape[0] and bits.shape[1]:
            self.paint_packed(np.packbits(bits, axis=1), x, bits.shape[1], red=red)

    def advance(self, rows: int) -> None:
        """Feed paper by `rows`."""
        self.y += rows

    @property
    def too_long(self) -> bool:
        """The piece has reached the length at which it is given in parts."""
        return self.y >= ROWS_MAX

    def cut(self, kind: str) -> Sheet | None:
        """Cut where the cutter stands: that is above the head, so what was just printed stays with the next piece.

        Returns the piece that fell, None where nothing had come past the cutter.
        """
        length = self.y - self._distance
        if length <= 0:
            return None
        through = self._last_marked > length
        if through:
            self.note(f"cut through print: {self._last_marked - length} rows stay with the next piece")
        sheet = self._sheet(length, kind)
        self._go_on_from(length, self._distance)
        self.marked = through
        return sheet

    def retract(self) -> None:
        """Draw the paper back until its edge is under the head (``GS V`` 103, 104)."""
        self._start(0)

    def tear(self) -> Sheet | None:
        """Give all that came out and go on with the same paper; None where nothing was burnt on it."""
        if not self.marked:
            return None
        sheet = self._sheet(max(self.y, self._last_marked), "none")
        self._start(0)
        return sheet

    def split(self) -> Sheet | None:
        """Give a long piece up to the row under the head as a part and go on; None where nothing was burnt on it."""
        length, marked, through = self.y, self.marked, self._last_marked > self.y
        self.note("continued on the next piece")
        sheet = self._sheet(length, "none") if marked else None
        self._go_on_from(length, 0)
        self.marked = through
        return sheet

    def _go_on_from(self, row: int, y: int) -> None:
        """Begin a new piece with the paper from `row` on; the head stands at row `y` of it."""
        last = max(self._last_marked - row, 0)
        self._ensure(row + max(last, y))
        black = self._black[row : row + max(last, y)].copy()
        red = None if self._red is None else self._red[row : row + max(last, y)].copy()
        self._start(y)
        self._ensure(black.shape[0])
        self._black[: black.shape[0]] = black
        if red is not None and red.any():
            self._plane(red=True)[: red.shape[0]] = red
        self._last_marked = last

    def _start(self, y: int) -> None:
        self._black = self._fresh(1024)
        self._red = None
        self._origin = y
        self._last_marked = 0
        self._notes = set()
        self.y = y
        self.marked = False

    def _sheet(self, length: int, kind: str) -> Sheet:
        self._ensure(length)
        return Sheet(
            image=_image(
                self._black[:length], None if self._red is None else self._red[:length], self._paper_width
            ),
            dpi=self._dpi,
            media="roll",
            cut=kind,
            notes=tuple(sorted(self._notes)),
            origin=(self._left, min(self._origin, length)),
        )


def _image(black: Packed, red: Packed | None, width: int) -> Image.Image:
    size = (width, black.shape[0])
    paper = Image.frombytes("1", size, black.tobytes(), "raw", "1;I")
    if red is None:
        return paper
    colours = np.full((size[1], size[0], 3), 255, np.uint8)
    colours[np.unpackbits(red, axis=1)[:, :width].astype(bool)] = (200, 0, 0)
    colours[np.unpackbits(black, axis=1)[:, :width].astype(bool)] = 0
    return Image.fromarray(colours, "RGB")
