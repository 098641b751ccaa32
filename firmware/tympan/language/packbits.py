"""PackBits compression, mode 2 of PCL's ``ESC * b # M`` (TIFF rev. 6.0, section 9): runs and literals.

A control byte n from 0 to 127 stands before n + 1 bytes as they are, one from 129 to 255 before a byte to be repeated
257 - n times. A whole band is worked on at once: everything that touches each byte is a comparison or a copy by mask, the
rest costs as much as there are runs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Counts = NDArray[np.intp]

PACKET_MAX = 128
"""Bytes a packet stands for."""


class PackBitsRows:
    """The packets of a band of rows: bytes that are the same three times or more are repeated, the others literal.

    Args:
        rows: Shape (height, row bytes), height from 1.
        ends: Where each row ends, shape (height,): what lies beyond is left out. None: at its last byte.

    Attributes:
        sizes: Bytes that each row would take, shape (height,); 0 for a row that ends where it begins.
    """

    def __init__(self, rows: Pixels, ends: Counts | None = None) -> None:
        height, width = rows.shape
        self._rows = rows
        same = np.zeros((height, width + 1), np.bool_)  # [i]: byte i is the same as byte i + 1 of its row
        np.equal(rows[:, 1:], rows[:, :-1], out=same[:, : width - 1])
        inside = np.ones((height, width + 1), np.bool_)
        if ends is None:
            inside[:, width] = False  # a wall, so that no packet goes over the end of a row
        else:
            np.less(np.arange(width + 1), ends[:, None], out=inside)
            same[:, :-1] &= inside[:, 1:]
        flat = same.reshape(-1)
        thrice = np.zeros_like(flat)  # [i]: bytes i, i + 1 and i + 2 are the same
        np.logical_and(flat[1:], flat[:-1], out=thrice[:-1])
        repeated = thrice.copy()
        repeated[1:] |= thrice[:-1]
        repeated[2:] |= thrice[:-2]
        literal = inside.reshape(-1) & ~repeated
        # A packet begins where literal, repeated and neither follow each other, and where the repeated byte changes.
        begins = np.empty_like(flat)
        begins[0] = True
        np.not_equal(literal[1:], literal[:-1], out=begins[1:])
        begins[1:] |= repeated[1:] & ~flat[:-1]
        begins.reshape(height, width + 1)[:, 0] = True
        begins[1:] |= ~inside.reshape(-1)[1:] & repeated[:-1]
        starts = np.flatnonzero(begins)
        lengths = np.empty_like(starts)
        np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
        lengths[-1:] = len(flat) - starts[-1:]
        used = inside.reshape(-1)[starts]
        starts, lengths = starts[used], lengths[used]
        is_literal = literal[starts]
        # Two equal bytes between repeats are shorter as a repeat.
        pairs = np.flatnonzero(is_literal & (lengths == 2) & flat[starts])
        is_literal[pairs] = False
        literal[starts[pairs]] = literal[starts[pairs] + 1] = False
        starts, lengths, is_literal = _split(starts, lengths, is_literal)
        self._row = starts // (width + 1)
        self._starts, self._lengths, self._is_literal = starts, lengths, is_literal
        self._source = literal.reshape(height, width + 1)
        self._source.reshape(-1)[starts[~is_literal]] = True
        self._packet = 1 + np.where(is_literal, lengths, 1)
        totals = np.zeros(len(starts) + 1, np.intp)
        np.cumsum(self._packet, out=totals[1:])
        self.sizes: Counts = np.diff(totals[np.searchsorted(self._row, np.arange(height + 1))])

    def encode(self, keep: NDArray[np.bool_] | None = None) -> Pixels:
        """The rows, one after the other; `sizes` says where each ends.

        Args:
            keep: Which rows to encode, shape (height,); None: all.
        """
        lengths, is_literal, packet = self._lengths, self._is_literal, self._packet
        rows, source = self._rows, self._source[:, :-1]
        if keep is not None and not keep.all():
            chosen = keep[self._row]
            lengths, is_literal, packet = lengths[chosen], is_literal[chosen], packet[chosen]
            rows, source = rows[keep], source[keep]
        ends = np.cumsum(packet)
        total = int(ends[-1]) if len(ends) else 0
        out = np.empty(total, np.uint8)
        control = ends - packet
        is_data = np.ones(total, np.bool_)
        is_data[control] = False
        out[control] = np.where(
            is_literal, lengths - 1, 257 - lengths
        )  # 256, a repeat of one, wraps to 0: one literal
        out[is_data] = rows[source]
        return out


def compress(rows: Pixels, ends: Counts | None = None) -> tuple[Pixels, Counts]:
    """A band in mode 2.

    Args:
        rows: Shape (height, row bytes).
        ends: See `PackBitsRows`.

    Returns:
        The bytes of all rows, one after the other, and how many each takes.
    """
    plan = PackBitsRows(rows, ends)
    return plan.encode(), plan.sizes


def _split(
    starts: Counts, lengths: Counts, is_literal: NDArray[np.bool_]
) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Packets cut into pieces of at most `PACKET_MAX`, in the same order."""
    pieces = (lengths + (PACKET_MAX - 1)) // PACKET_MAX
    if len(pieces) == 0 or int(pieces.max()) == 1:
        return starts, lengths, is_literal
    first = np.cumsum(pieces) - pieces
    within = (np.arange(int(pieces.sum())) - np.repeat(first, pieces)) * PACKET_MAX
    lengths = np.minimum(np.repeat(lengths, pieces) - within, PACKET_MAX)
    return np.repeat(starts, pieces) + within, lengths, np.repeat(is_literal, pieces)
