"""Apple's raster (``image/urf``), what iPhones send: eight bytes of magic, a page count that may be 0, then pages.

Owns the two headers; the rows are `raster`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tympan.errors import DocumentError
from tympan.render.sources.page import Document, Target
from tympan.render.sources.raster import Colours, RasterHeader, RasterPage, RasterStream, warm_up

__all__ = ["open_document", "warm_up"]

MAGIC = b"UNIRAST\0"
FILE_HEADER = struct.Struct("!8sI")
PAGE_HEADER = struct.Struct("!BBBBBBBB4xIII8x")
"""Bits a pixel, colour space, duplex, quality, media type, input slot, output bin, reserved; width, height, dpi."""

CMYK_SPACE = 6
COLOURS = {8: Colours.GREY_8, 24: Colours.RGB_8}
"""By bits a pixel. All grey spaces have 255 for white, and all RGB spaces are near enough for a grey page."""


def open_document(document_format: str, document: Document, target: Target) -> UrfSource:  # noqa: ARG001 — every source is opened alike
    """Open a URF document; reads its header.

    Raises:
        DocumentError: It is not URF.
    """
    return UrfSource(document)


class UrfSource:
    """A URF document."""

    native = False

    def __init__(self, document: Document) -> None:
        self._document = document
        count = _file_header(RasterStream(document))
        self.impressions: int | None = count or None

    def pages(self) -> Iterator[RasterPage]:
        """The pages as they arrive, up to the document's end or as many as its header says."""
        stream = RasterStream(self._document)
        count = _file_header(stream)
        number = 0
        while not count or number < count:
            raw = stream.take(PAGE_HEADER.size)
            if not raw:
                break
            number += 1
            if len(raw) < PAGE_HEADER.size:
                raise DocumentError(f"The raster ends in the header of page {number}.")
            page = RasterPage(_page_header(raw, number), stream, number)
            yield page
            page.skip()
        if not number or number < count:
            raise DocumentError(
                f"The raster ends after page {number} of {count}." if number else "The raster has no pages."
            )

    def chunks(self) -> Iterator[bytes]:
        """Never asked for: raster is drawn."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def _file_header(stream: RasterStream) -> int:
    """Read the file's header and say how many pages it promises, 0 for as many as come."""
    raw = stream.take(FILE_HEADER.size)
    if len(raw) < FILE_HEADER.size or not raw.startswith(MAGIC):
        raise DocumentError("The document is not Apple raster, or it is damaged.")
    return int(FILE_HEADER.unpack(raw)[1])


def _page_header(raw: bytes, number: int) -> RasterHeader:
    bits, space, *_, width, height, dpi = PAGE_HEADER.unpack(raw)
    colours = Colours.CMYK_8 if bits == 32 and space == CMYK_SPACE else COLOURS.get(bits)
    if colours is None:
        raise DocumentError(
            f"Page {number} of the raster has {bits} bits a pixel in colour space {space}, which is not known."
        )
    return RasterHeader(width, height, (dpi, dpi), colours)
