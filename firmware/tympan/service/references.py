"""Documents by reference: jobs whose documents the printer fetches itself, from acceptance until they are in the spool.

It owns the tasks that fetch. A job that was accepted with a reference survives a restart: the document is fetched anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from tympan.config import FetchSettings
from tympan.errors import SpoolError
from tympan.model.document import Document
from tympan.model.job import Job, Reference
from tympan.service.decompression import decompressed
from tympan.service.fetching import Fetched, Fetcher, FetchError, without_credentials
from tympan.service.printer import Printer

if TYPE_CHECKING:
    from tympan.service.service import Service

_log = logging.getLogger(__name__)


class TooManyFetchesError(SpoolError):
    """As many documents are being fetched as may be."""


class Opened:
    """A document whose first bytes are here; either `References.begin` takes it, or `close` ends it.

    Attributes:
        first: Its first bytes, unpacked; empty where it has none.
        content_type: What its server says that it is.
    """

    def __init__(self, fetched: Fetched, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self._fetched = fetched
        self.first = first
        self.rest = rest
        self.content_type = fetched.content_type

    async def close(self) -> None:
        """Let go of the connection."""
        await self._fetched.close()

    def drop(self) -> None:
        """Let go of the connection at once."""
        self._fetched.drop()


class References:
    """Fetches the documents of jobs.

    Args:
        service: Whose jobs they are.
        settings: ``[fetch]``.
    """

    def __init__(self, service: Service, settings: FetchSettings) -> None:
        self._service = service
        self._fetcher = Fetcher(settings, service.limits.max_document_bytes)
        self._max = settings.max_fetches
        self._opening = 0
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing = False

    async def open(self, uri: str, compression: str) -> Opened:
        """Connect to where `uri` points, and take the first bytes.

        Args:
            uri: ``document-uri``.
            compression: ``compression`` of the document there.

        Raises:
            FetchError: It cannot be had.
            SpoolError: Too many are fetched at once, or it is not packed as it says.
        """
        if len(self._tasks) + self._opening >= self._max:
            raise TooManyFetchesError(f"{self._max} documents are being fetched already; try again later")
        self._opening += 1
        try:
            return await self._open(uri, compression)
        finally:
            self._opening -= 1

    async def _open(self, uri: str, compression: str) -> Opened:
        fetched = await self._fetcher.open(uri)
        try:
            ratio = self._service.limits.max_decompression_ratio
            data = decompressed(fetched.pieces(), fetched.content_encoding, ratio)
            data = decompressed(data, compression, ratio)
            return Opened(fetched, await anext(data, b""), data)
        except BaseException:
            await fetched.close()
            raise

    def begin(self, printer: Printer, job: Job, opened: Opened) -> None:
        """Receive a document whose beginning was judged, for the ``reference`` of `job`, in the background."""
        self._start(printer, job, opened)

    def take_up(self, printers: Iterable[Printer]) -> None:
        """After a restart: fetch again, each from its beginning, the documents that had not arrived."""
        for printer in printers:
            for job in printer.active.values():
                if job.reference is not None:
                    self._start(printer, job, None)

    def _start(self, printer: Printer, job: Job, opened: Opened | None) -> None:
        task = asyncio.create_task(self._fetch(printer, job, opened), name=f"fetch-{job.job_id}")
        self._tasks[job.job_id] = task
        task.add_done_callback(lambda _: self._ended(job, opened))

    def _ended(self, job: Job, opened: Opened | None) -> None:
        self._tasks.pop(job.job_id, None)
        if opened is not None:  # one that was canceled before it began has closed nothing
            opened.drop()

    async def settled(self, job: Job) -> None:
        """Wait until no document of `job` is being fetched."""
        task = self._tasks.get(job.job_id)
        if task is not None:
            await asyncio.wait({task})

    def forget(self, job: Job) -> None:
        """`job` has ended: fetch nothing more for it."""
        task = self._tasks.get(job.job_id)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def close(self) -> None:
        """Stop to fetch; the jobs stay, to be taken up at the next start."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, printer: Printer, job: Job, opened: Opened | None) -> None:
        """Bring the document of ``reference`` into the spool; what goes wrong ends the job."""
        reference = job.reference
        assert reference is not None
        try:
            if opened is None:
                opened = await self._open(reference.uri, reference.document.compression)
            try:
                await self._receive(printer, job, reference, opened)
            finally:
                await opened.close()
        except (FetchError, SpoolError) as error:
            reason = getattr(error, "reason", "job-data-insufficient")
            self._service.jobs.upload_broken(printer, job, error.problem, reason)
        except Exception:  # noqa: BLE001 — it is the job that ends
            _log.exception("fetching a document of job %d failed", job.job_id)
            self._service.jobs.upload_broken(printer, job, "The printer had an internal error.")

    async def _receive(self, printer: Printer, job: Job, reference: Reference, opened: Opened) -> None:
        intake = self._service.jobs.begin_document(printer, job, reference.document, last=reference.last)
        try:
            if opened.first:
                await intake.write(opened.first)
            async for piece in opened.rest:
                await intake.write(piece)
            await intake.finish()
        except asyncio.CancelledError:
            if self._closing:
                intake.leave()  # the job is taken up at the next start
            else:
                intake.abort(FetchError("The job was canceled."))
            raise
        except BaseException as error:
            intake.abort(error)
            raise


def reference_to(uri: str, document: Document, *, last: bool) -> Reference:
    """What a job keeps of a document that is to be fetched; the document tells where from, but no password."""
    document.uri = without_credentials(uri)
    return Reference(uri, document, last)
