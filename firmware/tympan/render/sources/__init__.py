"""Documents of every format as pages that draw themselves in bands.

Owns the table from MIME type to source. A source never opens a file or a socket: all it has is the document it was
given, and what `warm_up` loaded before the worker's rights were taken away.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MappingProxyType
from typing import cast

from tympan.driver.contract import PageFormat, TextFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render import blue_noise, clustered_dot
from tympan.render.sniff import SNIFF_BYTES, sniff
from tympan.render.sources.page import Band, Document, Pixels, Source, SourcePage, Target, View, read_fully

__all__ = ["FORMATS", "Band", "Pixels", "Source", "SourcePage", "Target", "View", "open_source", "warm_up"]

OCTET_STREAM = "application/octet-stream"

FORMATS = MappingProxyType(
    {
        "application/pdf": "pdf",
        "image/pwg-raster": "pwg_raster",
        "image/urf": "urf",
        "image/jpeg": "image",
        "image/png": "image",
        "text/plain": "text",
    }
)
"""Formats that become pixels, and the module beside this one that opens each."""


def open_source(  # noqa: PLR0917 — what an encoder says of itself, in the order in which it is asked
    document_format: str,
    document: Document,
    ticket: JobTicket,
    page: PageFormat,
    text: TextFormat | None,
    can_encode: Callable[[str], bool],
    native_formats: tuple[str, ...] = (),
) -> Source:
    """Open a document.

    Args:
        document_format: MIME type without parameters; ``application/octet-stream`` and the empty string are sniffed.
        document: Its bytes, from the first; may still be arriving.
        ticket: The job.
        page: The raster of one side.
        text: The printer's own font, None where text is drawn.
        can_encode: Whether the printer's own font has all characters of a text.
        native_formats: MIME types that go to the device as they are.

    Raises:
        DocumentError: The format is none of ours, or its beginning cannot be read.
    """
    wanted = document_format.partition(";")[0].strip().lower()
    if not document.peek(1):
        raise DocumentError("The document is empty.")
    if wanted in {"", OCTET_STREAM}:
        wanted = sniff(read_fully(document, SNIFF_BYTES)) or OCTET_STREAM
        document.seek(0)
    if wanted in native_formats:
        from tympan.render.sources.raw import RawSource  # noqa: PLC0415 — each format is imported when it is met

        return RawSource(document)
    module = FORMATS.get(wanted)
    if module is None:
        what = "of an unknown format" if wanted == OCTET_STREAM else f"of the format {wanted}"
        raise DocumentError(
            f"The document is {what}, which cannot be printed here.", reason="unsupported-document-format"
        )
    opener = importlib.import_module(f"{__name__}.{module}")
    return cast("Source", opener.open_document(wanted, document, Target(ticket, page, text, can_encode)))


def warm_up() -> None:
    """Load what documents will need: libraries, fonts, masks. After it nothing is opened any more."""
    for module in sorted({*FORMATS.values(), "raw"}):
        warm = getattr(importlib.import_module(f"{__name__}.{module}"), "warm_up", None)
        if warm is not None:
            warm()
    blue_noise.mask()
    clustered_dot.screen()
