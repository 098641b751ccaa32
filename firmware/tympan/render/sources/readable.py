"""A document as Pillow wants a file."""

from __future__ import annotations

import io
import os
from typing import IO, cast

from tympan.render.sources.page import Document, read_fully

READ_BYTES = 64 << 10


class ReadableDocument(io.RawIOBase):
    """Read only, seekable forwards and backwards but not from the end, which may not be there yet."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end; `READ_BYTES` where the caller does not say."""
        return read_fully(self._document, READ_BYTES if size < 0 else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        self._document.seek(max(0, offset if whence == os.SEEK_SET else self._document.tell() + offset))
        return self._document.tell()

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._document.tell()


def as_file(document: Document) -> IO[bytes]:
    """The document as a file that Pillow reads."""
    return cast("IO[bytes]", ReadableDocument(document))
