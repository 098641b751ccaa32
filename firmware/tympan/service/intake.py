"""A document on its way into a job: received, made durable, and sometimes printed while the rest is still arriving."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from tympan.errors import TympanError
from tympan.ipp.enums import JobState
from tympan.model.job import Document, Job
from tympan.render.document import DocumentFeed
from tympan.service.formats import STREAMABLE_FORMATS
from tympan.service.printer import Printer
from tympan.spool.documents import DocumentWriter

if TYPE_CHECKING:
    from tympan.service.service import Service

STREAM_AFTER_S = 0.3
"""A document that takes longer than this to arrive is printed from the front, where its format and the printer allow."""

_log = logging.getLogger(__name__)


class Intake:
    """Receives one document. Either `finish` or `abort` ends it.

    Attributes:
        document: The document as it will be in the job.
        feed: What a render that runs already reads from; None while nothing prints.
    """

    def __init__(
        self, service: Service, printer: Printer, job: Job, document: Document, writer: DocumentWriter
    ) -> None:
        self._service = service
        self._printer = printer
        self._job = job
        self._writer = writer
        self._began = time.monotonic()
        self.document = document
        self.feed: DocumentFeed | None = None

    async def write(self, piece: bytes) -> None:
        """Take the next bytes; returns when there is room for more.

        Raises:
            SpoolError: There is no room for them. Call `abort`.
        """
        await self._writer.write(piece)
        if self.feed is not None:
            await self._writer.flush()
            self.feed.advance(self._writer.written)
        elif self._may_stream():
            await self._stream()

    def _may_stream(self) -> bool:
        return (
            time.monotonic() - self._began > STREAM_AFTER_S
            and self._writer.size > 0
            and not self._job.documents
            and not self._printer.active.keys() - {self._job.job_id}
            and (
                self.document.format in STREAMABLE_FORMATS
                or self.document.format in self._printer.capabilities.native_formats
            )
        )

    async def _stream(self) -> None:
        await self._writer.flush()
        self.feed = DocumentFeed.growing(self._writer.open_reader(), self.document.format)
        self.feed.advance(self._writer.written)
        self._service.print_live(self._printer, self._job, self)

    async def finish(self, *, last: bool) -> None:
        """All was received: the document belongs to the job, durably.

        Args:
            last: No more documents follow; the job may print.

        Raises:
            SpoolError: It cannot be kept. Call `abort`.
        """
        stored = await self._writer.finish()
        self.document.size = stored.size
        self.document.inline = stored.content is not None
        if self.feed is not None:
            self.feed.complete(stored.size)
        await self._service.document_received(self._printer, self._job, self.document, stored, last=last)

    def abort(self, error: BaseException) -> None:
        """The document did not arrive, or cannot be kept: forget it, and end its job."""
        if self.feed is not None:
            self.feed.broken()
        self._writer.abort()
        refused = error.problem if isinstance(error, TympanError) and hasattr(error, "problem") else ""
        if not isinstance(error, (TympanError, OSError, asyncio.CancelledError, TimeoutError)):
            _log.error("receiving a document of job %d failed", self._job.job_id, exc_info=error)
        self._service.upload_broken(self._printer, self._job, refused)


def is_live(job: Job) -> bool:
    """Whether `job` prints while its document is still arriving."""
    return job.state in {JobState.PROCESSING, JobState.PROCESSING_STOPPED} and job.incoming
