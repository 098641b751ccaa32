"""Documents of every kind a printer may be sent, made on the spot from a picture of which every dot is known.

Plain functions: bytes out, nothing cached, nothing of the product in them. `chart` is the picture; the others wrap
pictures and text into PWG Raster, Apple Raster, JPEG, PNG, PDF and plain text, sound ones and spoiled ones.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raster_samples import encoded
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

Picture = NDArray[np.uint8]
"""Grey, shape (rows, columns), or red, green, blue, shape (rows, columns, 3); 255 is white."""

Sides = Literal["one-sided", "two-sided-long-edge", "two-sided-short-edge"]

POINTS_PER_INCH = 72


def chart(width: int, height: int, *, seed: int = 0, colour: bool = False) -> Picture:
    """A picture that tells how it was turned, cut or shifted.

    A frame one dot wide, a black block in the upper left corner, a checkerboard in the upper right one, a ramp at the
    bottom, and noise in the middle that differs with the seed.
    """
    random = np.random.default_rng(seed)
    grey = np.full((height, width), 255, np.uint8)
    block = max(min(width, height) // 6, 1)
    noise = grey[height // 3 : height // 2, width // 4 : -(width // 4) or None]
    noise[:] = random.integers(0, 256, noise.shape, np.uint8)
    grey[-block:] = np.linspace(0, 255, width).astype(np.uint8)
    grey[:block, -block:] = 255 * (np.indices((block, min(block, width))).sum(axis=0) % 2)
    grey[:block, :block] = 0
    grey[0] = grey[-1] = grey[:, 0] = grey[:, -1] = 0
    if not colour:
        return grey
    return np.stack([grey, np.roll(grey, width // 3, axis=1), 255 - grey // 2], axis=2)


def black_dots(grey: Picture) -> NDArray[np.bool_]:
    """Which dots of a picture are black where there is no grey."""
    return grey < 128


def packed(grey: Picture) -> Picture:
    """Its dots as bits, 1 is black."""
    return np.packbits(black_dots(grey), axis=1)


# --- raster ------------------------------------------------------------------------------------------------------------

PWG_TYPES = {"black_1": (3, 1, 1), "sgray_8": (18, 8, 8), "srgb_8": (19, 8, 24)}
"""Colour space, bits a colour, bits a pixel of the raster types of PWG 5102.4 §4.3.4."""


def pwg_raster(
    pictures: Sequence[Picture],
    *,
    dpi: int = 300,
    raster_type: str = "sgray_8",
    sides: Sides = "one-sided",
    media: str = "iso_a4_210x297mm",
    copies: int = 0,
    sheet_back: tuple[int, int] = (1, 1),
) -> bytes:
    """A PWG Raster document, all header fields filled in.

    Args:
        pictures: One a page, grey; red, green, blue for ``srgb_8``.
        dpi: Both ways.
        raster_type: Key of `PWG_TYPES`.
        sides: As the IPP attribute.
        media: PWG 5101.1 name.
        copies: ``NumCopies``; 0 is the printer's choice.
        sheet_back: Cross-feed and feed transform of even pages.
    """
    space, bits, depth = PWG_TYPES[raster_type]
    document = bytearray(b"RaS2")
    for number, picture in enumerate(pictures, 1):
        height, width = picture.shape[:2]
        header = bytearray(1796)
        header[0:10] = b"PwgRaster\0"
        header[128 : 128 + len(b"stationery")] = b"stationery"
        name = media.encode("ascii")
        header[1732 : 1732 + len(name)] = name
        transform = sheet_back if number % 2 == 0 and sides != "one-sided" else (1, 1)
        numbers = {
            272: sides != "one-sided",
            276: dpi,
            280: dpi,
            340: copies,
            352: round(width * POINTS_PER_INCH / dpi),
            356: round(height * POINTS_PER_INCH / dpi),
            368: sides == "two-sided-short-edge",
            372: width,
            376: height,
            384: bits,
            388: depth,
            392: (width * depth + 7) // 8,
            400: space,
            420: depth // bits,
            452: len(pictures),
            456: transform[0] & 0xFFFFFFFF,
            460: transform[1] & 0xFFFFFFFF,
            472: width,
            476: height,
            480: 0xFFFFFF,
        }
        for offset, value in numbers.items():
            struct.pack_into(">I", header, offset, value)
        rows = packed(picture) if raster_type == "black_1" else picture.reshape(height, -1)
        document += header + encoded(rows, max(depth // 8, 1))
    return bytes(document)


def apple_raster(pictures: Sequence[Picture], *, dpi: int = 300, sides: Sides = "one-sided") -> bytes:
    """An Apple Raster (URF) document: grey of 8 bits, or red, green, blue of 24."""
    duplex = {"one-sided": 1, "two-sided-short-edge": 2, "two-sided-long-edge": 3}[sides]
    document = bytearray(b"UNIRAST\0" + struct.pack(">I", len(pictures)))
    for picture in pictures:
        height, width = picture.shape[:2]
        depth, space = (24, 1) if picture.ndim == 3 else (8, 0)
        document += struct.pack(
            ">BBBBBBBBIIIII4x", depth, space, duplex, 4, 0, 0, 0, 0, 0, width, height, dpi, 0
        )
        document += encoded(picture.reshape(height, -1), depth // 8)
    return bytes(document)


# --- pictures ----------------------------------------------------------------------------------------------------------


def jpeg(picture: Picture, *, orientation: int = 0, quality: int = 92, dpi: int = 0) -> bytes:
    """A JPEG; `orientation` is EXIF's, 1 to 8 (0: no EXIF), of a picture that is stored as it is given."""
    out = io.BytesIO()
    options: dict[str, object] = {"quality": quality, "subsampling": 0}
    if orientation:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    if dpi:
        options["dpi"] = (dpi, dpi)
    Image.fromarray(picture).save(out, "JPEG", **options)
    return out.getvalue()


def stored_for(upright: Picture, orientation: int) -> Picture:
    """What must be stored with an EXIF orientation so that `upright` is seen (EXIF 2.3 §4.6.4, tag 274)."""
    undo: dict[int, Callable[[Picture], Picture]] = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: np.rot90(p, -1),
    }
    return np.ascontiguousarray(undo[orientation](upright))


PNG_KINDS: dict[str, tuple[int, int]] = {
    "grey-1": (0, 1),
    "grey-2": (0, 2),
    "grey-4": (0, 4),
    "grey-8": (0, 8),
    "grey-16": (0, 16),
    "rgb-8": (2, 8),
    "rgb-16": (2, 16),
    "palette-1": (3, 1),
    "palette-2": (3, 2),
    "palette-4": (3, 4),
    "palette-8": (3, 8),
    "grey-alpha-8": (4, 8),
    "grey-alpha-16": (4, 16),
    "rgba-8": (6, 8),
    "rgba-16": (6, 16),
}
"""Colour type and bit depth of the PNG specification, table 11.1."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""x and y of the first dot of a pass, and the steps across and down (PNG specification, 8.2)."""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _samples(grey: Picture, colour_type: int, depth: int, alpha: Picture) -> NDArray[np.uint16]:
    deep = grey.astype(np.uint16)
    value = deep * 257 if depth == 16 else deep >> (8 - depth)
    opacity = alpha.astype(np.uint16) * (257 if depth == 16 else 1)
    planes = {0: [value], 2: [value] * 3, 3: [value], 4: [value, opacity], 6: [value] * 3 + [opacity]}[
        colour_type
    ]
    return np.stack(planes, axis=2)


def _scan_lines(samples: NDArray[np.uint16], depth: int) -> Iterable[bytes]:
    flat = samples.reshape(samples.shape[0], -1)
    for row in flat:
        if depth == 16:
            yield b"\0" + row.astype(">u2").tobytes()
        elif depth == 8:
            yield b"\0" + row.astype(np.uint8).tobytes()
        else:
            bits = (row[:, np.newaxis] >> np.arange(depth - 1, -1, -1)) & 1
            yield b"\0" + np.packbits(bits.astype(np.uint8)).tobytes()


def png(
    grey: Picture,
    kind: str = "grey-8",
    *,
    interlaced: bool = False,
    alpha: Picture | None = None,
    dpi: int = 0,
) -> bytes:
    """A PNG of a grey picture, at the depth of `kind` (the value's upper bits); palettes are ramps.

    Args:
        grey: The picture.
        kind: Key of `PNG_KINDS`.
        interlaced: By Adam7.
        alpha: Opacity, 255 opaque; opaque everywhere without it. Only of the kinds that have it.
        dpi: Written as ``pHYs``, where not 0.
    """
    colour_type, depth = PNG_KINDS[kind]
    height, width = grey.shape
    samples = _samples(grey, colour_type, depth, np.full_like(grey, 255) if alpha is None else alpha)
    parts = [samples]
    if interlaced:
        parts = [samples[y::down, x::across] for x, y, across, down in _ADAM7]
    data = b"".join(line for part in parts if part.size for line in _scan_lines(part, depth))
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    chunks = [_chunk(b"IHDR", header)]
    if dpi:
        metre = round(dpi / 0.0254)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1)))
    if colour_type == 3:
        steps = 1 << depth
        chunks.append(
            _chunk(b"PLTE", b"".join(bytes([index * 255 // (steps - 1)] * 3) for index in range(steps)))
        )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [*chunks, _chunk(b"IDAT", zlib.compress(data)), _chunk(b"IEND", b"")]
    )


def png_grey(grey: Picture, kind: str) -> Picture:
    """What a viewer should see of `png`: the grey at the kind's depth, spread over 0 to 255 again."""
    depth = min(PNG_KINDS[kind][1], 8)
    return ((grey.astype(np.uint16) >> (8 - depth)) * 255 // ((1 << depth) - 1)).astype(np.uint8)


# --- PDF ---------------------------------------------------------------------------------------------------------------

KILOMETRES_10_PT = 10_000_000 * mm
PAGE_SIZES = {"a4": A4, "letter": LETTER, "receipt": (80 * mm, 200 * mm), "a4-landscape": (A4[1], A4[0])}
"""Width and height in points."""


def pdf(
    size: str | tuple[float, float] = "a4",
    *,
    pages: int = 1,
    rotate: int = 0,
    password: str | None = None,
    picture: Picture | None = None,
) -> bytes:
    """A PDF of text, a frame one centimetre from the edge, and a black square in its upper left corner.

    Args:
        size: Key of `PAGE_SIZES`, or width and height in points.
        pages: How many; each says its number.
        rotate: ``/Rotate`` of each page, degrees clockwise.
        password: The user password it cannot be opened without.
        picture: Drawn in the middle of each page, as wide as the page's half.
    """
    width, height = PAGE_SIZES[size] if isinstance(size, str) else size
    out = io.BytesIO()
    # reportlab writes the sides of a turned page's box exchanged.
    box = (width, height) if rotate % 180 == 0 else (height, width)
    canvas = Canvas(out, pagesize=box, encrypt=password, invariant=1)
    canvas.setTitle("Tympan sample")
    for number in range(1, pages + 1):
        canvas.setPageRotation(rotate)
        canvas.rect(10 * mm, 10 * mm, width - 20 * mm, height - 20 * mm)
        canvas.rect(10 * mm, height - 20 * mm, 10 * mm, 10 * mm, fill=1)
        canvas.setFont("Helvetica", 12)
        canvas.drawString(22 * mm, height - 18 * mm, f"Page {number} of {pages}")
        if picture is not None:
            canvas.drawInlineImage(Image.fromarray(picture), width / 4, height / 3, width / 2, height / 3)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def pdf_of_ten_kilometres() -> bytes:
    """A page that is ten kilometres long."""
    return pdf((210 * mm, KILOMETRES_10_PT))


def pdf_without_pages() -> bytes:
    """A sound file whose page tree is empty."""
    head = b"%PDF-1.4\n"
    catalogue, tree = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n",
    )
    first, second = len(head), len(head) + len(catalogue)
    table = b"xref\n0 3\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n" % (first, second)
    start = second + len(tree)
    return (
        head + catalogue + tree + table + b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )


def broken_pdf() -> bytes:
    """The first third of a PDF: no page tree, no trailer."""
    whole = pdf()
    return whole[: len(whole) // 3]


# --- text --------------------------------------------------------------------------------------------------------------

ACCENTS = (
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\n"
    "Portez ce vieux whisky au juge blond qui fume; dès Noël, où un zéphyr haï me vêt de glaçons.\n"
    "Příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń.\n"
    "Γαζέες καὶ μυρτιὲς δὲν θὰ βρῶ πιὰ στὸ χρυσαφὶ ξέφωτο.\n"
    "Съешь же ещё этих мягких французских булок. 5 € — “quoted” … ½ ÷ 3 µm\n"
)
"""Lines with letters of Western, Central European, Greek and Russian code pages."""


def text(*, lines: int = 0, encoding: str = "utf-8", tabs: bool = False, form_feeds: int = 0) -> bytes:
    """Plain text: the accents, then numbered lines, one of them 200 characters long."""
    parts = [ACCENTS]
    if tabs:
        parts.append("one\ttwo\tthree\n1\t22\t333\n")
    parts += [
        f"{number:5d}  {'x' * 200 if number == 3 else 'The quick brown fox'}\n"
        for number in range(1, lines + 1)
    ]
    parts += [f"\fAfter form feed {number}\n" for number in range(1, form_feeds + 1)]
    return "".join(parts).encode(encoding, "replace")
