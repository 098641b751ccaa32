"""PWG Raster and Apple Raster documents, written after PWG 5102.4 and what is known of URF; nothing of the product in them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

W, RGB, K, CMYK, SGRAY, SRGB, ADOBE_RGB = 0, 1, 3, 6, 18, 19, 20


def encoded_row(row: bytes, unit: int) -> bytes:
    """One row in the run coding of both formats."""
    pixels = [row[at : at + unit] for at in range(0, len(row), unit)]
    out = bytearray()
    at = 0
    while at < len(pixels):
        end = at + 1
        while end < len(pixels) and end - at < 128 and pixels[end] == pixels[at]:
            end += 1
        if end - at > 1 or end == len(pixels):
            out.append(end - at - 1)
            out += pixels[at]
        else:
            while (
                end < len(pixels)
                and end - at < 128
                and (end + 1 == len(pixels) or pixels[end] != pixels[end + 1])
            ):
                end += 1
            if end - at == 1:
                out += b"\0" + pixels[at]
            else:
                out.append(257 - (end - at))
                out += b"".join(pixels[at:end])
        at = end
    return bytes(out)


def encoded(rows: NDArray[np.uint8], unit: int) -> bytes:
    """All rows, with repeats."""
    lines = [row.tobytes() for row in rows]
    out = bytearray()
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and end - at < 256 and lines[end] == lines[at]:
            end += 1
        out.append(end - at - 1)
        out += encoded_row(lines[at], unit)
        at = end
    return bytes(out)


def pwg_header(
    width_px: int,
    height_px: int,
    dpi: tuple[int, int],
    colour_space: int,
    bits: int,
    *,
    order: str = ">",
    total_pages: int = 0,
    transform: tuple[int, int] = (1, 1),
    **fields: int,
) -> bytes:
    """A page header; `fields` overrides: width, height, bytes_per_line …"""
    header = bytearray(1796)
    header[0:9] = b"PwgRaster"
    values = {
        276: dpi[0],
        280: dpi[1],
        340: 1,
        372: fields.get("width", width_px),
        376: fields.get("height", height_px),
        384: 1 if bits == 1 else 16 if bits in {16, 48, 64} else 8,
        388: bits,
        392: fields.get("bytes_per_line", (width_px * bits + 7) // 8),
        396: fields.get("colour_order", 0),
        400: colour_space,
        452: total_pages,
        456: transform[0] & 0xFFFFFFFF,
        460: transform[1] & 0xFFFFFFFF,
    }
    for offset, value in values.items():
        struct.pack_into(order + "I", header, offset, value)
    return bytes(header)


def pwg(
    pages: Sequence[NDArray[np.uint8]],
    width_px: int,
    dpi: tuple[int, int] = (600, 600),
    colour_space: int = SGRAY,
    bits: int = 8,
    *,
    order: str = ">",
    **header: object,
) -> bytes:
    """A document; each page is an array of the bytes of its rows."""
    out = b"RaS2" if order == ">" else b"2SaR"
    for rows in pages:
        out += pwg_header(width_px, len(rows), dpi, colour_space, bits, order=order, **header)  # type: ignore[arg-type]
        out += encoded(rows, max(1, bits // 8))
    return out


def urf(
    pages: Sequence[NDArray[np.uint8]],
    width_px: int,
    dpi: int = 600,
    bits: int = 8,
    space: int = 0,
    count: int | None = None,
) -> bytes:
    """A document of Apple raster; `count` overrides the page count of its header."""
    out = b"UNIRAST\0" + struct.pack("!I", len(pages) if count is None else count)
    for rows in pages:
        out += struct.pack("!8B4xIII8x", bits, space, 1, 4, 0, 0, 0, 0, width_px, len(rows), dpi)
        out += encoded(rows, bits // 8)
    return out
