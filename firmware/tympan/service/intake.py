"""A document on its way into a job: received, made durable, and sometimes printed while the rest is still arriving."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tympan.errors import SpoolError, TympanError
from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.render.document import DocumentFeed
from tympan.service.formats import STREAMABLE_FORMATS
from tympan.service.holding import is_held
from tympan.service.printer import Printer
from tympan.spool.documents import DocumentWriter

if TYPE_CHECKING:
    from tympan.service.job_keeper import JobKeeper

STREAM_AFTER_S = 0.3
"""A document that takes longer than this to arrive is printed from the front, where its format and the printer allow."""

_log = logging.getLogger(__name__)


class Intake:
    """Receives one document. Either `finish` or `abort` ends it.

    Attributes:
        document: The document as it will be in the job.
        is_last: No more documents follow; somebody may say so while it arrives.
        is_live: The job prints it while it arrives.
    """

    def __init__(
        self,
        keeper: JobKeeper,
        printer: Printer,
        job: Job,
        document: Document,
        writer: DocumentWriter,
        *,
        is_last: bool,
    ) -> None:
        self._keeper = keeper
        self._printer = printer
        self._job = job
        self._writer = writer
        self._timer: asyncio.TimerHandle | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._failure: SpoolError | None = None
        self._ended = False
        self.document = document
        self._feed: DocumentFeed | None = None
        self._is_whole = False
        self.is_last = is_last
        self.is_live = False

    async def write(self, piece: bytes) -> None:
        """Take the next bytes; returns when there is room for more.

        Raises:
            SpoolError: There is no room for them. Call `abort`.
        """
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(STREAM_AFTER_S, self._takes_long)
        async with self._lock:
            self._check()
            await self._writer.write(piece)
            if self.is_live:
                await self._writer.flush()
                if self._feed is not None:
                    self._feed.advance(self._writer.written)

    def open(self) -> DocumentFeed:
        """The document from its first byte, for whoever prints it now; who read it before has let go of it.

        Raises:
            SpoolError: It cannot be opened.
        """
        if self._feed is not None:
            self._feed.close()
        self._feed = DocumentFeed.growing(self._writer.open_reader(), self.document.format)
        self._feed.advance(self._writer.written)
        if self._is_whole:
            self._feed.complete(self.document.size)
        return self._feed

    def _takes_long(self) -> None:
        """It takes long to arrive: print it from the front if it can be, or look again later whether the printer is free."""
        if self._may_stream():
            self._streaming = asyncio.create_task(self._stream())
        else:
            self._timer = asyncio.get_running_loop().call_later(STREAM_AFTER_S, self._takes_long)

    def _may_stream(self) -> bool:
        return (
            self.is_last
            and self._writer.size > 0
            and not self._ended
            and not self._job.is_terminal
            and not self._job.documents
            and len(self._printer.active) == (self._job.job_id in self._printer.active)
            and self._printer.control.prints
            and not is_held(self._job)
            and (
                self.document.format in STREAMABLE_FORMATS
                or self.document.format in self._printer.capabilities.native_formats
            )
        )

    async def _stream(self) -> None:
        async with self._lock:
            try:
                await self._writer.flush()
                if not self._may_stream():  # another job came meanwhile
                    return
            except SpoolError as error:
                self._failure = error
                return
            self.is_live = True
            self._keeper.print_live(self._printer, self._job)

    def _check(self) -> None:
        """Raise what went wrong while nobody waited."""
        if self._failure is not None:
            raise self._failure

    async def _stop_looking(self) -> None:
        """It is here, or will never be: do not begin to stream any more; what has begun is waited for."""
        if self._timer is not None:
            self._timer.cancel()
        if self._streaming is not None:
            await asyncio.wait({self._streaming})

    async def finish(self) -> None:
        """All was received: the document belongs to the job, durably; the job may print where it was the last.

        Raises:
            SpoolError: It cannot be kept. Call `abort`.
        """
        await self._stop_looking()
        self._check()
        stored = await self._writer.finish()
        self.document.size = stored.size
        self.document.inline = stored.content is not None
        self._is_whole = True
        if self._feed is not None:
            self._feed.complete(stored.size)
        await self._keeper.document_received(
            self._printer, self._job, self.document, stored, last=self.is_last
        )

    def abort(self, error: BaseException) -> None:
        """The document did not arrive, or cannot be kept: forget it, and end its job."""
        self.leave()
        refused = error.problem if isinstance(error, TympanError) and hasattr(error, "problem") else ""
        if not isinstance(error, (TympanError, OSError, asyncio.CancelledError, TimeoutError)):
            _log.error("receiving a document of job %d failed", self._job.job_id, exc_info=error)
        reason = getattr(error, "reason", "job-data-insufficient")
        self._keeper.upload_broken(self._printer, self._job, refused, reason)

    def leave(self) -> None:
        """Forget what was received, and leave the job as it is: the document will be received again."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._feed is not None:
            self._feed.broken()
        if (
            self._streaming is not None and not self._streaming.done()
        ):  # it writes to the file on another thread
            self._streaming.add_done_callback(lambda _: self._writer.abort())
        else:
            self._writer.abort()


def is_live(job: Job) -> bool:
    """Whether `job` prints while its document is still arriving."""
    return job.state in {JobState.PROCESSING, JobState.PROCESSING_STOPPED} and job.incoming
