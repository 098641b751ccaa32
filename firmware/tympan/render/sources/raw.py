"""Documents that are in the printer's own language already: their bytes as they are."""

from __future__ import annotations

from collections.abc import Iterator

from tympan.render.sources.page import Document, SourcePage

CHUNK_BYTES = 64 << 10


class RawSource:
    """A document for the device."""

    native = True
    impressions: int | None = None

    def __init__(self, document: Document) -> None:
        self._document = document

    def pages(self) -> Iterator[SourcePage]:
        """Never asked for: nobody here knows its pages."""
        return iter(())

    def chunks(self) -> Iterator[bytes]:
        """The document from its first byte, as it arrives."""
        self._document.seek(0)
        while chunk := self._document.read(CHUNK_BYTES):
            yield bytes(chunk)

    def close(self) -> None:
        """Nothing is held."""
