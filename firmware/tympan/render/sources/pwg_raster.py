"""PWG Raster (PWG 5102.4), what CUPS and Android send; CUPS Raster version 2 too, which differs in nothing that is read here.

Owns the synchronisation word and the page header; the rows are `raster`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tympan.errors import DocumentError
from tympan.render.sources.page import Document, Target
from tympan.render.sources.raster import Colours, RasterHeader, RasterPage, RasterStream, warm_up
from tympan.render.sources.resample import UPRIGHT, Turn

__all__ = ["open_document", "warm_up"]

SYNCHRONISATION_WORDS = {b"RaS2": ">", b"2SaR": "<"}
"""The first four bytes, and the byte order that they tell."""

HEADER_BYTES = 1796
FIELDS = {
    "HWResolution": (276, 2),
    "cupsWidth": (372, 1),
    "cupsHeight": (376, 1),
    "cupsBitsPerColor": (384, 1),
    "cupsBitsPerPixel": (388, 1),
    "cupsBytesPerLine": (392, 1),
    "cupsColorOrder": (396, 1),
    "cupsColorSpace": (400, 1),
    "TotalPageCount": (452, 1),
    "CrossFeedTransform": (456, 1),
    "FeedTransform": (460, 1),
}
"""The fields of the page header that matter here: offset, and how many 32-bit values (PWG 5102.4 table 2)."""

COLOUR_SPACES = {0: "grey", 1: "rgb", 3: "black", 6: "cmyk", 18: "grey", 19: "rgb", 20: "rgb"}
"""cupsColorSpace: W, RGB, K, CMYK, sGray, sRGB, AdobeRGB."""

COLOURS = {one.value: one for one in Colours}

UNDO = {
    (1, 1): UPRIGHT,
    (-1, 1): Turn(mirror=True),
    (-1, -1): Turn(quarters=2),
    (1, -1): Turn(mirror=True, quarters=2),
}
"""What undoes a back side's (CrossFeedTransform, FeedTransform): each is its own opposite."""


def open_document(document_format: str, document: Document, target: Target) -> PwgRasterSource:  # noqa: ARG001 — every source is opened alike
    """Open PWG raster; reads as far as the first page's header.

    Raises:
        DocumentError: It is not PWG raster.
    """
    return PwgRasterSource(document)


class PwgRasterSource:
    """A document of PWG raster."""

    native = False

    def __init__(self, document: Document) -> None:
        self._document = document
        stream = RasterStream(document)
        order = _synchronise(stream)
        raw = stream.take(HEADER_BYTES)
        if len(raw) < HEADER_BYTES:
            raise DocumentError(
                "The raster ends in the header of page 1." if raw else "The raster has no pages."
            )
        self.impressions: int | None = _field(raw, order, "TotalPageCount")[0] or None

    def pages(self) -> Iterator[RasterPage]:
        """The pages as they arrive."""
        stream = RasterStream(self._document)
        order = _synchronise(stream)
        number = 0
        while raw := stream.take(HEADER_BYTES):
            number += 1
            if len(raw) < HEADER_BYTES:
                raise DocumentError(f"The raster ends in the header of page {number}.")
            page = RasterPage(_page_header(raw, order, number), stream, number)
            yield page
            page.skip()

    def chunks(self) -> Iterator[bytes]:
        """Never asked for: raster is drawn."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def _synchronise(stream: RasterStream) -> str:
    """Read the synchronisation word and say the byte order."""
    order = SYNCHRONISATION_WORDS.get(stream.take(4))
    if order is None:
        raise DocumentError("The document is not PWG raster, or it is damaged.")
    return order


def _field(raw: bytes, order: str, name: str) -> tuple[int, ...]:
    offset, count = FIELDS[name]
    kind = "i" if name.endswith("Transform") else "I"
    return struct.unpack_from(f"{order}{count}{kind}", raw, offset)


def _page_header(raw: bytes, order: str, number: int) -> RasterHeader:
    """A page's header, every field checked against the others.

    Raises:
        DocumentError: A field has a value that cannot be, or that is not supported.
    """
    value = {name: _field(raw, order, name)[0] for name in FIELDS}
    kind = COLOUR_SPACES.get(value["cupsColorSpace"])
    colours = None if kind is None else COLOURS.get((value["cupsBitsPerPixel"], kind))
    if colours is None or value["cupsColorOrder"] != 0:
        raise DocumentError(
            f"Page {number} of the raster has {value['cupsBitsPerPixel']} bits a pixel in colour space {value['cupsColorSpace']}, "
            "which is not known."
        )
    across, along = _field(raw, order, "HWResolution")
    transform = (value["CrossFeedTransform"] or 1, value["FeedTransform"] or 1)
    if transform not in UNDO:
        raise DocumentError(f"The header of page {number} of the raster is damaged.")
    header = RasterHeader(
        value["cupsWidth"], value["cupsHeight"], (across, along), colours, UNDO[transform], order == ">"
    )
    header.check()
    if value["cupsBytesPerLine"] != header.row_bytes:
        raise DocumentError(
            f"The header of page {number} of the raster contradicts itself: {value['cupsBytesPerLine']} bytes for a row of "
            f"{header.width_px} pixels."
        )
    return header
