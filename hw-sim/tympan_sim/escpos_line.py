"""The line buffer of an ESC/POS printer: what was sent and is not yet on paper.

Owns the composition of one line: characters of different heights stand on one base line, column images among them,
justified as a whole. Knows nothing of commands and feeds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tympan_sim.escpos_font import Bits

ITEMS_MAX = 4096
"""Pieces of one line; what comes after is not printed (a line of a real printer's buffer is full long before)."""


@dataclass(frozen=True, slots=True)
class _Item:
    x: int
    bits: Bits
    red: bool


class PrintLine:
    """One line being composed, positions in dots from the left margin.

    Attributes:
        x: Where the next character goes.
        width: Width of the print area.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.x = 0
        self._items: list[_Item] = []

    @property
    def empty(self) -> bool:
        """Nothing is in the buffer and the position is the left margin."""
        return not self._items and self.x == 0

    @property
    def height(self) -> int:
        """Rows of the highest thing on the line, 0 where there is none."""
        return max((item.bits.shape[0] for item in self._items), default=0)

    def add(self, bits: Bits, *, red: bool = False) -> None:
        """Put dots at the position and move behind them."""
        if len(self._items) < ITEMS_MAX and self.x < self.width:
            self._items.append(_Item(self.x, bits, red))
        self.x = min(self.x + bits.shape[1], self.width)

    def room(self) -> int:
        """Dots left on the line."""
        return self.width - self.x

    def compose(self, justification: int, *, upside_down: bool) -> list[tuple[bool, Bits]]:
        """Return the finished line as planes (red or not, dots), each `width` wide; the buffer is empty after.

        Args:
            justification: 0 left, 1 centre, 2 right.
            upside_down: The whole line is turned by 180 degrees.
        """
        height = self.height
        shift = (self.width - self.x) * justification // 2
        planes: dict[bool, Bits] = {}
        for item in self._items:
            plane = planes.get(item.red)
            if plane is None:
                plane = planes[item.red] = np.zeros((height, self.width), np.uint8)
            left = item.x + shift
            shown = item.bits[:, : self.width - left]
            plane[height - shown.shape[0] :, left : left + shown.shape[1]] |= shown
        self.clear()
        if upside_down:
            return [(red, np.ascontiguousarray(plane[::-1, ::-1])) for red, plane in planes.items()]
        return list(planes.items())

    def clear(self) -> None:
        """Forget what is in the buffer."""
        self._items.clear()
        self.x = 0
