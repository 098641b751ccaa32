"""CUPS' own raster library as an oracle: it reads and writes PWG Raster, Apple Raster and CUPS Raster.

The functions need libcups (Debian: libcups2); `available` says whether it is there. Page headers are 1,796 bytes in
the machine's byte order, whatever the stream; `FIELDS` says where a number of them lie (PWG 5102.4 §4.3 and CUPS).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 1796

FIELDS = {
    "duplex": 272,
    "resolution_x": 276,
    "resolution_y": 280,
    "copies": 340,
    "page_width_pt": 352,
    "page_length_pt": 356,
    "tumble": 368,
    "width": 372,
    "height": 376,
    "bits_per_colour": 384,
    "bits_per_pixel": 388,
    "bytes_per_line": 392,
    "colour_order": 396,
    "colour_space": 400,
    "colours": 420,
    "total_pages": 452,
    "cross_feed_transform": 456,
    "feed_transform": 460,
}
"""Numbers of the header by their offset."""

MODES = {"cups": 1, "pwg": 3, "urf": 4}

_READ = 0
_LIBRARY = ctypes.util.find_library("cups")
available = _LIBRARY is not None


@dataclass(frozen=True)
class RasterPage:
    """One page: the numbers of its header, and its rows as bytes, shape (rows, bytes)."""

    header: dict[str, int]
    rows: NDArray[np.uint8]


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_LIBRARY)
    library.cupsRasterOpen.restype = ctypes.c_void_p
    library.cupsRasterOpen.argtypes = [ctypes.c_int, ctypes.c_int]
    library.cupsRasterClose.argtypes = [ctypes.c_void_p]
    for name in ("cupsRasterReadHeader2", "cupsRasterWriteHeader2"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for name in ("cupsRasterReadPixels", "cupsRasterWritePixels"):
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint]
        getattr(library, name).restype = ctypes.c_uint
    return library


def read(data: bytes) -> list[RasterPage]:
    """What CUPS finds in a stream; it stops at what it cannot read."""
    library = _library()
    found = []
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        raster = library.cupsRasterOpen(file.fileno(), _READ)
        assert raster, "libcups does not open the stream"
        header = ctypes.create_string_buffer(HEADER_BYTES)
        while library.cupsRasterReadHeader2(raster, header):
            numbers = {name: struct.unpack_from("=I", header.raw, at)[0] for name, at in FIELDS.items()}
            line, height = numbers["bytes_per_line"], numbers["height"]
            row = ctypes.create_string_buffer(line)
            rows = bytearray()
            for _ in range(height):
                if library.cupsRasterReadPixels(raster, row, line) != line:
                    break
                rows += row.raw
            found.append(RasterPage(numbers, np.frombuffer(bytes(rows), np.uint8).reshape(-1, line)))
        library.cupsRasterClose(raster)
    return found


def write(pages: Sequence[RasterPage], kind: str) -> bytes:
    """A stream as CUPS writes it: ``pwg``, ``urf`` or ``cups``."""
    library = _library()
    with tempfile.TemporaryFile() as file:
        raster = library.cupsRasterOpen(file.fileno(), MODES[kind])
        assert raster, "libcups does not open the stream"
        for page in pages:
            header = bytearray(HEADER_BYTES)
            header[0:9] = b"PwgRaster"
            for name, value in page.header.items():
                struct.pack_into("=I", header, FIELDS[name], value & 0xFFFFFFFF)
            assert library.cupsRasterWriteHeader2(raster, bytes(header)), "libcups refuses the header"
            for row in page.rows:
                written = library.cupsRasterWritePixels(raster, row.tobytes(), row.size)
                assert written == row.size, "libcups refuses a row"
        library.cupsRasterClose(raster)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return file.read()
