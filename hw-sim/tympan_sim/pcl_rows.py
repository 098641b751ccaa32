"""The compression methods of PCL raster rows, each as the manual tells it, incomplete data included.

Owns methods 0 to 3, and 9; the block of method 5 is taken apart into rows here. Knows nothing of pages. Rules are those of
chapter 15 (raster graphics) of Hewlett-Packard's *PCL 5 Printer Language Technical Reference Manual* and, for
method 9, of its *Comparison Guide*.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum


class Method(IntEnum):
    """``ESC * b # M``."""

    UNENCODED = 0
    RUN_LENGTH = 1
    TIFF = 2
    DELTA_ROW = 3
    ADAPTIVE = 5
    REPLACEMENT_DELTA_ROW = 9


SINGLE_ROW_METHODS = frozenset(Method) - {Method.ADAPTIVE}

EMPTY_ROWS = 4
DUPLICATE_ROWS = 5
_BLOCK_HEADER = 3


def run_length(data: bytes, width: int) -> bytes | None:
    """Pairs of a repetition count and a byte. None where a byte is left over: the row is then skipped."""
    if len(data) % 2:
        return None
    pieces: list[bytes] = []
    left = width
    for at in range(0, len(data), 2):
        if left <= 0:
            break
        pieces.append(data[at + 1 : at + 2] * (data[at] + 1))
        left -= data[at] + 1
    return b"".join(pieces)


def tiff(data: bytes, width: int) -> bytes:
    """TIFF 4.0 "packbits". The byte count has precedence: what a control byte asks beyond it is not there."""
    pieces: list[bytes] = []
    add = pieces.append
    at = 0
    end = len(data)
    left = width
    while at < end and left > 0:
        control = data[at]
        at += 1
        if control < 128:
            piece = data[at : at + control + 1]
            at += control + 1
        elif control > 128:
            piece = data[at : at + 1] * (257 - control)
            at += 1
        else:
            continue
        add(piece)
        left -= len(piece)
    return b"".join(pieces)


def delta_row(data: bytes, seed: bytes, width: int) -> bytes:
    """Replacements of one to eight bytes in the row before; what lies beyond the width is passed over."""
    row = bytearray(seed)
    at = 0
    end = len(data)
    place = 0
    while at < end:
        command = data[at]
        at += 1
        offset = command & 31
        place += offset
        if offset == 31:
            while at < end:
                more = data[at]
                at += 1
                place += more
                if more != 255:
                    break
        count = (command >> 5) + 1
        stop = place + count
        if stop <= width and at + count <= end:
            row[place:stop] = data[at : at + count]
        else:
            piece = data[at : at + min(count, max(width - place, 0))]
            row[place : place + len(piece)] = piece
        at += count
        place = stop
    return bytes(row)


def _counted(data: bytes, at: int, count: int, limit: int) -> tuple[int, int]:
    """Add the bytes that continue a count which stands at its limit; returns the count and where it ends."""
    if count == limit:
        while at < len(data):
            more = data[at]
            at += 1
            count += more
            if more != 255:
                break
    return count, at


def replacement_delta_row(data: bytes, seed: bytes, width: int) -> bytes:
    """Method 9: like the delta row, with longer runs, and runs of one byte."""
    row = bytearray(seed)
    at = 0
    place = 0
    while at < len(data):
        command = data[at]
        at += 1
        if command & 0x80:
            offset, at = _counted(data, at, (command >> 5) & 3, 3)
            count, at = _counted(data, at, command & 31, 31)
            piece = data[at : at + 1] * min(count + 2, width)
            consumed, length = 1, count + 2
        else:
            offset, at = _counted(data, at, (command >> 3) & 15, 15)
            count, at = _counted(data, at, command & 7, 7)
            piece = data[at : at + count + 1]
            consumed = length = count + 1
        place += offset
        piece = piece[: max(width - place, 0)]
        row[place : place + len(piece)] = piece
        at += consumed
        place += length
    return bytes(row)


def decode_row(method: int, data: bytes, seed: bytes, width: int, blank: bytes = b"\0") -> bytes | None:
    """Decode one row of a single-row method.

    Args:
        method: Which.
        data: What was sent for the row.
        seed: The row before, `width` bytes.
        width: Bytes of a row.
        blank: What stands where a row is short: nothing is printed there.

    Returns:
        Exactly `width` bytes, or None where the row is skipped and the seed row stays.
    """
    if method == Method.DELTA_ROW:
        return delta_row(data, seed, width)
    if method == Method.REPLACEMENT_DELTA_ROW:
        return replacement_delta_row(data, seed, width)
    row: bytes | None
    if method == Method.TIFF:
        row = tiff(data, width) if len(data) > 1 else b""
    elif method == Method.RUN_LENGTH:
        row = run_length(data, width)
    else:
        row = data
    if row is None:
        return None
    return row[:width].ljust(width, blank)


def adaptive_rows(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Take a block of method 5 apart.

    Yields:
        Command, count, data: for commands 0 to 3 the bytes of a row, cut off at the block's end; for 4 and 5 how many
        rows are empty or like the one before. A command out of range comes last: the rest of the block is skipped.
    """
    at = 0
    while at + _BLOCK_HEADER <= len(block):
        command, count = block[at], int.from_bytes(block[at + 1 : at + 3], "big")
        at += _BLOCK_HEADER
        if command <= Method.DELTA_ROW:
            data = block[at : at + count]
            at += count
            yield command, count, data
        else:
            yield command, count, b""
            if command > DUPLICATE_ROWS:
                return
