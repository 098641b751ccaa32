"""Documents that are in the printer's language already, as frames: no worker, nothing rendered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tympan.errors import DocumentError
from tympan.render.document import DocumentReader
from tympan.render.frames import Frame, FrameKind

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

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame; None where a document that is still arriving has nothing new in time."""
        try:
            if self._reading is not None and not self._reading.wait(timeout_s):
                return None
            return next(self._frames, Frame(FrameKind.END))
        except DocumentError as error:
            failed = {"reason": error.reason, "problem": error.problem}
            return Frame(FrameKind.FAILED, json.dumps(failed).encode())

    def _all(self) -> Iterator[Frame]:
        for document in self._documents:
            if self._prologue:
                yield Frame(FrameKind.DATA, self._prologue)
            self._reading = document
            while chunk := document.read(CHUNK_BYTES):
                yield Frame(FrameKind.DATA, chunk)
            self._reading = None
            if self._epilogue:
                yield Frame(FrameKind.DATA, self._epilogue)

    def close(self) -> None:
        """Let go of the documents."""
        self._reading = None
        for document in self._documents:
            document.close()
