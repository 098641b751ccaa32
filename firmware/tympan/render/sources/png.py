"""PNG files, decoded in bands.

Owns the chunks and the colours of PNG (ISO/IEC 15948). Pillow decodes whole images only; so this module inflates the rows of a band, hands
them to Pillow as a small PNG that begins with the last row before, and gets them back without their filters. An interlaced
image, and one with 16 bits in three or four channels, is decoded whole, with a limit of its own. Transparent pixels are seen over white.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tympan.errors import DocumentError
from tympan.render.sources.page import BAND_BYTES, Document, Pixels, read_fully
from tympan.render.sources.readable import as_file
from tympan.render.sources.resample import Run

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IHDR = struct.Struct("!IIBBBBB")
READ_BYTES = 64 << 10
MAX_CHUNKS = 100_000
MAX_WHOLE_BYTES = 96 << 20
"""What an image that must be decoded whole may take."""
MAX_SIDE = 1 << 20
INCH_PER_METRE = 0.0254

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
DEPTHS = {
    GREY: {1, 2, 4, 8, 16},
    RGB: {8, 16},
    PALETTE: {1, 2, 4, 8},
    GREY_ALPHA: {8, 16},
    RGB_ALPHA: {8, 16},
}
CARRIER = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGB_ALPHA}
"""The colour type of 8 bits a channel whose pixel has so many bytes: filters know bytes a pixel, not colours."""
LUMA = np.array([77, 150, 29], np.uint32)
"""Rec. 601, in 256ths."""


class PngFile:
    """A PNG whose header was read.

    Attributes:
        width_px: Columns.
        height_px: Rows.
        density_dpi: Pixels an inch across and along; None where it does not say.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.density_dpi: tuple[float, float] | None = None
        self._palette: Pixels = np.zeros((256, 3), np.uint8)
        self._palette_seen = False
        self._transparent = b""
        document.seek(0)
        if self._exactly(len(SIGNATURE)) != SIGNATURE:
            raise _damaged()
        kind, length = self._chunk()
        if kind != b"IHDR" or length != IHDR.size:
            raise _damaged()
        fields = IHDR.unpack(self._body(kind, length))
        self.width_px, self.height_px, self._depth, self._colour, compression, filtering, self._interlace = (
            fields
        )
        if (
            not (0 < self.width_px <= MAX_SIDE and 0 < self.height_px <= MAX_SIDE)
            or self._depth not in DEPTHS.get(self._colour, ())
            or (compression, filtering) != (0, 0)
            or self._interlace > 1
        ):
            raise _damaged()
        self._pixel_bytes = max(1, CHANNELS[self._colour] * self._depth // 8)
        self._row_bytes = (self.width_px * CHANNELS[self._colour] * self._depth + 7) // 8
        self._data_at = self._before_data()

    def rows(self) -> Iterator[Run]:
        """The rows as grey.

        Raises:
            DocumentError: The file is damaged, ends early, or would take too much memory.
        """
        if self._interlace or self._pixel_bytes not in CARRIER:
            yield from self._whole()
            return
        rows = max(1, BAND_BYTES // max(self._row_bytes, self.width_px))
        before = bytes(self._row_bytes)
        inflated = self._inflated()
        for top in range(0, self.height_px, rows):
            count = min(rows, self.height_px - top)
            filtered = inflated(count * (self._row_bytes + 1))
            plain = self._unfiltered(before, filtered, count)
            before = plain[-1].tobytes()
            yield self._grey(plain)

    # --- chunks ---

    def _exactly(self, count: int) -> bytes:
        found = read_fully(self._document, count)
        if len(found) < count:
            raise _damaged()
        return found

    def _chunk(self) -> tuple[bytes, int]:
        """The next chunk's type and length."""
        length, kind = struct.unpack("!I4s", self._exactly(8))
        return kind, length

    def _body(self, kind: bytes, length: int) -> bytes:
        """A small chunk's content, checked."""
        body = self._exactly(length)
        if struct.unpack("!I", self._exactly(4))[0] != zlib.crc32(body, zlib.crc32(kind)):
            raise _damaged()
        return body

    def _before_data(self) -> int:
        """Read what stands before the pixels; says where they begin."""
        for _ in range(MAX_CHUNKS):
            at = self._document.tell()
            kind, length = self._chunk()
            if kind == b"IDAT":
                if self._colour == PALETTE and not self._palette_seen:
                    raise _damaged()
                return at
            if kind == b"PLTE" and length % 3 == 0 and 0 < length <= 768:
                body = self._body(kind, length)
                self._palette[: length // 3] = np.frombuffer(body, np.uint8).reshape(-1, 3)
                self._palette_seen = True
            elif kind == b"tRNS" and length <= 256:
                self._transparent = self._body(kind, length)
            elif kind == b"pHYs" and length == 9:
                across, along, unit = struct.unpack("!IIB", self._body(kind, length))
                if unit == 1:
                    self.density_dpi = (across * INCH_PER_METRE, along * INCH_PER_METRE)
            elif kind == b"IEND" or kind[0] & 0x20 == 0:
                raise _damaged()  # the end, or a chunk that must be understood and is not
            else:
                self._skip(length + 4)
        raise _damaged()

    def _skip(self, count: int) -> None:
        while count:
            more = self._document.read(min(count, READ_BYTES))
            if not more:
                raise _damaged()
            count -= len(more)

    def _compressed(self) -> Iterator[bytes]:
        """The content of the data chunks, as it arrives."""
        self._document.seek(self._data_at)
        for _ in range(MAX_CHUNKS):
            kind, left = self._chunk()
            if kind != b"IDAT":
                return
            check = zlib.crc32(kind)
            while left:
                part = bytes(self._document.read(min(left, READ_BYTES)))
                if not part:
                    raise _damaged()
                left -= len(part)
                check = zlib.crc32(part, check)
                yield part
            if struct.unpack("!I", self._exactly(4))[0] != check:
                raise _damaged()

    # --- pixels ---

    def _inflated(self) -> _Inflated:
        return _Inflated(self._compressed())

    def _unfiltered(self, before: bytes, filtered: bytes, count: int) -> Pixels:
        """Rows without their filters, shape (count, row bytes)."""
        width = self._row_bytes // self._pixel_bytes
        header = IHDR.pack(width, count + 1, 8, CARRIER[self._pixel_bytes], 0, 0, 0)
        packed = zlib.compress(b"\0" + before + filtered, 0)
        small = SIGNATURE + _as_chunk(b"IHDR", header) + _as_chunk(b"IDAT", packed) + _as_chunk(b"IEND", b"")
        try:
            with Image.open(io.BytesIO(small), formats=("PNG",)) as image:
                plain = np.asarray(image)
        except (OSError, SyntaxError, ValueError) as error:
            raise _damaged() from error
        unfiltered: Pixels = plain.reshape(count + 1, self._row_bytes)[1:]
        return unfiltered

    def _grey(self, plain: Pixels) -> Pixels:
        """Rows of bytes as grey over white."""
        rows = len(plain)
        if self._depth < 8:
            per_byte = 8 // self._depth
            shifts = np.arange(per_byte - 1, -1, -1, dtype=np.uint8) * np.uint8(self._depth)
            spread = (plain[:, :, None] >> shifts) & np.uint8((1 << self._depth) - 1)
            values = spread.reshape(rows, -1)[:, : self.width_px]
            looked_up: Pixels = self._table()[values]
            return looked_up
        if self._depth == 16:
            return self._grey_16(plain.reshape(rows, self.width_px, -1))
        if self._colour in {GREY, PALETTE}:
            return self._table()[plain] if self._colour == PALETTE or self._transparent else plain
        return self._grey_8(plain.reshape(rows, self.width_px, -1))

    def _grey_8(self, pixels: Pixels) -> Pixels:
        """Rows of 8 bits in two to four channels."""
        if self._colour == GREY_ALPHA:
            return over_white(pixels[..., 0], pixels[..., 1])
        grey = rgb_to_grey(pixels)
        if self._colour == RGB_ALPHA:
            return over_white(grey, pixels[..., 3])
        if len(self._transparent) == 6:
            key = np.array(struct.unpack("!3H", self._transparent))
            return np.where((pixels == key).all(axis=2), np.uint8(255), grey)
        return grey

    def _grey_16(self, pixels: Pixels) -> Pixels:
        """Rows of 16-bit grey, with alpha or without: the high bytes."""
        if self._colour == GREY_ALPHA:
            return over_white(pixels[..., 0], pixels[..., 2])
        grey = np.ascontiguousarray(pixels[..., 0])
        if len(self._transparent) == 2:
            clear = (pixels == np.frombuffer(self._transparent, np.uint8)).all(axis=2)
            return np.where(clear, np.uint8(255), grey)
        return grey

    def _table(self) -> Pixels:
        """Grey by value, for palettes and for grey of up to 8 bits."""
        if self._colour == PALETTE:
            grey: Pixels = ((self._palette.astype(np.uint32) @ LUMA + 128) >> 8).astype(np.uint8)
            alpha = np.full(256, 255, np.uint8)
            alpha[: len(self._transparent)] = np.frombuffer(self._transparent, np.uint8)
            return over_white(grey, alpha)
        grey = (np.arange(256) * 255 // ((1 << self._depth) - 1)).clip(0, 255).astype(np.uint8)
        if len(self._transparent) == 2:
            grey[struct.unpack("!H", self._transparent)[0] & 0xFF] = 255
        return grey

    def _whole(self) -> Iterator[Run]:
        """The rows of an image that Pillow decodes as a whole."""
        if self.width_px * self.height_px * max(4, CHANNELS[self._colour]) > MAX_WHOLE_BYTES:
            raise DocumentError(
                f"The image has {self.width_px} by {self.height_px} pixels in a kind of PNG that cannot be printed so large.",
                reason="document-unprintable-error",
            )
        self._document.seek(0)
        try:
            with Image.open(as_file(self._document), formats=("PNG",)) as image:
                whole = image.convert("RGBA")
        except DocumentError:
            raise
        except (OSError, SyntaxError, ValueError, TypeError, LookupError, zlib.error) as error:
            raise _damaged() from error
        rows = max(1, BAND_BYTES // (4 * whole.width))
        for top in range(0, whole.height, rows):
            part = whole.crop((0, top, whole.width, min(top + rows, whole.height)))
            pixels = np.asarray(part)
            yield over_white(rgb_to_grey(pixels), pixels[..., 3])


class _Inflated:
    """Compressed parts as so many bytes at a time."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._inflate = zlib.decompressobj()
        self._waiting = b""

    def __call__(self, count: int) -> bytes:
        found: list[bytes] = []
        missing = count
        try:
            while missing:
                source = self._waiting or next(self._parts, None)
                part = self._inflate.decompress(source or b"", missing)
                self._waiting = self._inflate.unconsumed_tail
                if not part and (source is None or self._inflate.eof):
                    raise _damaged()
                found.append(part)
                missing -= len(part)
        except zlib.error as error:
            raise _damaged() from error
        return b"".join(found)


def rgb_to_grey(pixels: Pixels) -> Pixels:
    """Rows of red, green, blue, and a fourth channel that is not looked at, as grey: Rec. 601 luma."""
    rows, width, channels = pixels.shape
    raw = "RGB" if channels == 3 else "RGBX"
    image = Image.frombuffer("RGB", (width, rows), np.ascontiguousarray(pixels), "raw", raw, 0, 1)
    return np.asarray(image.convert("L"))


def over_white(grey: Pixels, alpha: Pixels) -> Pixels:
    """Grey that is as opaque as `alpha` says, seen over white."""
    darkness = (255 - grey.astype(np.uint16)) * alpha
    return (255 - (darkness + 127) // 255).astype(np.uint8)


def _as_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(body, zlib.crc32(kind)))


def _damaged() -> DocumentError:
    return DocumentError("The image is damaged, or ends early.")
