"""Delta row compression, mode 3 of PCL's ``ESC * b # M``: what changed since the row above (HP's PCL 5 Reference, chapter 15).

A row is a list of replacements: a command byte with the number of bytes replaced less one (three bits) and how many bytes
are left as they were before them (five bits; 31 means that further bytes are added, up to one that is not 255), then the
bytes. A whole band is worked on at once: what touches each byte is one comparison, the rest costs as much as changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Counts = NDArray[np.intp]

REPLACED_MAX = 8
"""Bytes one command replaces."""

OFFSET_MORE = 31
"""An offset of this or more takes further bytes."""

OFFSET_BYTE = 255
"""A further byte of this value means that another follows."""


class DeltaRows:
    """The replacements of a band of rows.

    Args:
        rows: Shape (height, row bytes), C-contiguous, height from 1.
        seed: The row above the first, shape (row bytes,): what the printer has as its seed row.
        changed: The result of `changes`, where the caller has it already; rows without True are taken as unchanged.

    Attributes:
        sizes: Bytes that each row would take, shape (height,); 0 where nothing changed.
    """

    def __init__(self, rows: Pixels, seed: Pixels, changed: NDArray[np.bool_] | None = None) -> None:
        height, width = rows.shape
        self._flat = rows.reshape(-1)
        if changed is None:
            changed = changes(rows, seed)
        starts, lengths = _runs(changed.reshape(-1))
        starts, lengths = _split_at(starts, lengths, width)
        starts, lengths = _split(starts, lengths, REPLACED_MAX)
        row = starts // width
        offsets = starts - row * width
        # Offsets count from the end of the replacement before, in the same row.
        np.subtract(starts[1:], (starts + lengths)[:-1], out=offsets[1:], where=row[1:] == row[:-1])
        self._row, self._starts, self._lengths, self._offsets = row, starts, lengths, offsets
        self._more = _further_bytes(offsets)
        totals = np.zeros(len(row) + 1, np.intp)
        np.cumsum(lengths + 1 if self._more is None else lengths + 1 + self._more, out=totals[1:])
        self.sizes: Counts = np.diff(totals[np.searchsorted(row, np.arange(height + 1))])

    def encode(self, keep: NDArray[np.bool_] | None = None) -> Pixels:
        """The rows, one after the other; `sizes` says where each ends.

        Args:
            keep: Which rows to encode, shape (height,); None: all.
        """
        starts, lengths, offsets, more = self._starts, self._lengths, self._offsets, self._more
        if keep is not None and not keep.all():
            chosen = np.flatnonzero(keep[self._row])
            starts, lengths, offsets = starts[chosen], lengths[chosen], offsets[chosen]
            more = None if more is None else more[chosen]
        heads = 1 if more is None else 1 + more
        data_ends = np.cumsum(lengths)
        ends = data_ends + np.cumsum(np.broadcast_to(heads, lengths.shape))
        total = int(ends[-1]) if len(ends) else 0
        out = np.empty(total, np.uint8)
        data = ends - lengths
        command = data - heads
        out[command] = ((lengths - 1) << 5) | np.minimum(offsets, OFFSET_MORE)
        if more is not None:
            _put_further_bytes(out, command, offsets, more)
        each = np.arange(int(data_ends[-1]) if len(ends) else 0)
        before = data_ends - lengths
        out[np.repeat(data - before, lengths) + each] = self._flat[np.repeat(starts - before, lengths) + each]
        return out


def compress(rows: Pixels, seed: Pixels) -> tuple[Pixels, Counts]:
    """A band in mode 3.

    Args:
        rows: Shape (height, row bytes), C-contiguous.
        seed: The row above the first.

    Returns:
        The bytes of all rows, one after the other, and how many each takes.
    """
    plan = DeltaRows(rows, seed)
    return plan.encode(), plan.sizes


def changes(rows: Pixels, seed: Pixels) -> NDArray[np.bool_]:
    """Which bytes are not as in the row above, shape (height, row bytes)."""
    changed = np.empty(rows.shape, np.bool_)
    np.not_equal(rows[0], seed, out=changed[0])
    np.not_equal(rows[1:], rows[:-1], out=changed[1:])
    return changed


def _further_bytes(offsets: Counts) -> Counts | None:
    """How many bytes each offset takes besides the five bits of the command; None where none takes any."""
    long = np.flatnonzero(offsets >= OFFSET_MORE)
    if not len(long):
        return None
    more = np.zeros(len(offsets), np.intp)
    more[long] = (offsets[long] - OFFSET_MORE) // OFFSET_BYTE + 1
    return more


def _put_further_bytes(out: Pixels, command: Counts, offsets: Counts, more: Counts) -> None:
    long = np.flatnonzero(more)
    at, left, count = command[long], offsets[long] - OFFSET_MORE, more[long]
    while len(at):
        at = at + 1
        out[at] = np.minimum(left, OFFSET_BYTE)
        on = count > 1
        at, left, count = at[on], left[on] - OFFSET_BYTE, count[on] - 1


def _runs(flags: NDArray[np.bool_]) -> tuple[Counts, Counts]:
    """Start and length of each run of True."""
    edges = np.flatnonzero(flags[1:] != flags[:-1])
    edges += 1
    if flags[0] or flags[-1]:
        ends = ([0] if flags[0] else [], [len(flags)] if flags[-1] else [])
        edges = np.concatenate((np.array(ends[0], np.intp), edges, np.array(ends[1], np.intp)))
    starts = edges[::2]
    return starts, edges[1::2] - starts


def _split_at(starts: Counts, lengths: Counts, width: int) -> tuple[Counts, Counts]:
    """Runs cut where one row ends and the next begins."""
    first, last = starts // width, (starts + (lengths - 1)) // width
    pieces = last - first + 1
    if len(pieces) == 0 or int(pieces.max()) == 1:
        return starts, lengths
    number = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    row = np.repeat(first, pieces) + number
    begin = np.maximum(np.repeat(starts, pieces), row * width)
    return begin, np.minimum(np.repeat(starts + lengths, pieces), (row + 1) * width) - begin


def _split(starts: Counts, lengths: Counts, longest: int) -> tuple[Counts, Counts]:
    """Runs cut into pieces of at most `longest`, in the same order."""
    pieces = (lengths + (longest - 1)) // longest
    if len(pieces) == 0 or int(pieces.max()) == 1:
        return starts, lengths
    before = np.cumsum(pieces) - pieces
    within = (np.arange(int(pieces.sum())) - np.repeat(before, pieces)) * longest
    return np.repeat(starts, pieces) + within, np.minimum(np.repeat(lengths, pieces) - within, longest)
