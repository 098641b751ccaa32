"""Documents that are in the printer's language already, as frames: no worker, nothing rendered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from tympan.errors import DocumentError
from tympan.render.document import DocumentReader
from tympan.render.frames import Frame, FrameKind, failed

CHUNK_BYTES = 64 * 1024
"""How much of a document goes in one frame."""


class RawSource:
    """A `FrameSource` over documents in the printer's language.

    Args:
        documents: What to send, in order; closed with this.
        prologue: Goes before each document.
        epilogue: Goes after each document.
    """

    def __init__(self, documents: Sequence[DocumentReader], prologue: bytes, epilogue: bytes) -> None:
        self._documents = list(documents)
        self._prologue = prologue
        self._epilogue = epilogue
        self._frames = self._all()
        self._reading: DocumentReader | None = None
        self._lock = threading.Lock()
        self._closed = False

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame; None where a document that is still arriving has nothing new in time."""
        with self._lock:  # held for `timeout_s` at most, so that no descriptor is closed under who reads it
            if self._closed:
                return failed("aborted-by-system", "The job was stopped.")
            try:
                frame: Frame | None = None
                while frame is None:
                    if self._reading is not None and not self._reading.wait(timeout_s):
                        return None
                    frame = next(self._frames)
            except DocumentError as error:
                return failed(error.reason, error.problem)
            except OSError as error:
                return failed("aborted-by-system", f"The document cannot be read: {error.strerror}.")
            return frame

    def _all(self) -> Iterator[Frame | None]:
        """Frames; None where a document begins, which is to be waited for."""
        for document in self._documents:
            if self._prologue:
                yield Frame(FrameKind.DATA, self._prologue)
            self._reading = document
            yield None
            while chunk := document.read(CHUNK_BYTES):
                yield Frame(FrameKind.DATA, chunk)
            self._reading = None
            if self._epilogue:
                yield Frame(FrameKind.DATA, self._epilogue)
        yield Frame(FrameKind.END)

    def close(self) -> None:
        """Let go of the documents."""
        with self._lock:
            self._closed = True
            for document in self._documents:
                document.close()
