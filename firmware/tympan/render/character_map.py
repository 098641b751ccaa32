"""Which characters a TrueType or OpenType font has, from its ``cmap`` table (ISO/IEC 14496-22 §5.2.1).

Owns reading that one table, formats 4 and 12. Every offset is checked: a font that lies is no font.
"""

from __future__ import annotations

import mmap
import struct
from array import array

import numpy as np
from numpy.typing import NDArray

COLLECTION = b"ttcf"
MAX_TABLES = 512
MAX_GROUPS = 1 << 16
MAX_CODE = 0x10FFFF
UNICODE = {(3, 10): 0, (0, 6): 1, (0, 4): 1, (3, 1): 2, (0, 3): 3}
"""Platform and encoding of the sub-tables that are Unicode, the best first."""


def covered(data: mmap.mmap | bytes) -> array[int]:
    """The code points that the (first) font of a file has, ascending.

    Raises:
        ValueError: It is no font, or damaged.
    """
    try:
        start = struct.unpack_from("!I", data, 12)[0] if data[:4] == COLLECTION else 0
        table = _table(data, start, b"cmap")
        count = struct.unpack_from("!H", data, table + 2)[0]
        found = []
        for index in range(min(count, MAX_TABLES)):
            platform, encoding, offset = struct.unpack_from("!HHI", data, table + 4 + 8 * index)
            if (platform, encoding) in UNICODE:
                found.append((UNICODE[platform, encoding], table + offset))
        for _, at in sorted(found):
            kind = struct.unpack_from("!H", data, at)[0]
            if kind in FORMATS:
                return array("I", np.unique(FORMATS[kind](data, at)).astype(np.uint32).tobytes())
    except (struct.error, IndexError) as error:
        raise ValueError("a font whose tables are damaged") from error
    raise ValueError("a font without Unicode characters")


def _table(data: mmap.mmap | bytes, start: int, tag: bytes) -> int:
    """Where a table begins."""
    count = struct.unpack_from("!H", data, start + 4)[0]
    for index in range(min(count, MAX_TABLES)):
        name, _, offset, length = struct.unpack_from("!4sIII", data, start + 12 + 16 * index)
        if name == tag and offset + length <= len(data):
            return int(offset)
    raise ValueError("a font without characters")


def _segments(data: mmap.mmap | bytes, at: int) -> NDArray[np.int64]:
    """Format 4: segments of the Basic Multilingual Plane, some through a list of glyphs."""
    length, _, doubled = struct.unpack_from("!HHH", data, at + 2)
    count = doubled // 2
    words = np.frombuffer(data[at + 14 : at + max(length, 16 + 8 * count)], ">u2").astype(np.int64)
    ends, starts, deltas, ranges = (
        words[i : i + count] for i in (0, count + 1, 2 * count + 1, 3 * count + 1)
    )
    if len(ranges) < count:
        raise ValueError("a font whose tables are damaged")
    found = []
    for segment in range(count):
        codes = np.arange(starts[segment], ends[segment] + 1)
        if ranges[segment]:
            places = 3 * count + 1 + segment + ranges[segment] // 2 + np.arange(len(codes))
            inside = places < len(words)
            codes = codes[inside]
            codes = codes[words[places[inside]] != 0]
        else:
            codes = codes[(codes + deltas[segment]) % 0x10000 != 0]
        found.append(codes)
    every = np.concatenate(found) if found else np.empty(0, np.int64)
    kept: NDArray[np.int64] = every[every != 0xFFFF]
    return kept


def _groups(data: mmap.mmap | bytes, at: int) -> NDArray[np.int64]:
    """Format 12: groups of the whole of Unicode."""
    count = struct.unpack_from("!I", data, at + 12)[0]
    if count > MAX_GROUPS:
        raise ValueError("a font whose tables are damaged")
    groups = np.frombuffer(data[at + 16 : at + 16 + 12 * count], ">u4").reshape(-1, 3).astype(np.int64)
    if (
        len(groups) < count
        or not (groups[:, 0] <= groups[:, 1]).all()
        or (len(groups) and groups[:, 1].max() > MAX_CODE)
    ):
        raise ValueError("a font whose tables are damaged")
    return (
        np.concatenate([np.arange(first, last + 1) for first, last, _ in groups])
        if len(groups)
        else np.empty(0, np.int64)
    )


FORMATS = {4: _segments, 12: _groups}
