"""The life of jobs from acceptance into history: the one way a job is made, changed and ended.

It owns the numbers of jobs, their records in the store, and what waits for documents to come. It runs on the event loop
and never blocks it. What users and operators wish of a job is `tympan.service.job_control`'s; when a job prints, the
printer's queue decides, which tells here what became of it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tympan.errors import DocumentError, SpoolError
from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.job import Job, decode_job, encode_job
from tympan.render.document import BROKEN_OFF, DocumentFeed
from tympan.service.clock import Clock
from tympan.service.holding import STOPPING, settle
from tympan.service.intake import Intake
from tympan.service.job_documents import JobDocuments, keys_of
from tympan.service.job_timers import JobTimers
from tympan.service.print_queue import PrintQueue, canceled_by, canceled_message
from tympan.service.printer import Printer
from tympan.service.retention import Retention
from tympan.spool.documents import StoredDocument
from tympan.spool.store import Change, DeleteContent, DeleteJob, SaveContent, SaveJob, SetMeta

if TYPE_CHECKING:
    from tympan.service.service import Service

_META_JOB_ID = "last-job-id"

_NOTHING_LEFT = "All documents of the job were canceled."

JOB_ID_STEP = 1000
"""Job ids are reserved on the disk in steps, so that none is given twice after a power cut."""

_log = logging.getLogger(__name__)


class TooManyJobsError(SpoolError):
    """There are as many unfinished jobs as may be."""


class TooManyDocumentsError(SpoolError):
    """The job has as many documents as one may have."""


class JobKeeper:
    """The jobs of a service's printers.

    Args:
        service: The service; its store is opened before `bring_back`.
        documents: The bytes of their documents.
        queues: Who prints them, by the printer's name.

    Attributes:
        documents: The bytes of their documents.
        retention: The documents of finished jobs.
    """

    def __init__(self, service: Service, documents: JobDocuments, queues: dict[str, PrintQueue]) -> None:
        self._service = service
        self._store = service.store
        self._queues = queues
        self.documents = documents
        self.limits = service.limits
        self._intakes: dict[int, Intake] = {}
        self._deadlines: dict[int, asyncio.TimerHandle] = {}
        self._finished: dict[int, Printer] = {}
        self._waiting: dict[str, Sequence[Job]] = {}  # for a printer that appears when its device does
        self._active_count = 0
        self._next_job_id = 1
        self._reserved_job_id = 0
        self._timers = JobTimers(service)
        self.retention = Retention(
            documents.budget, lambda: service.clock, service.limits.retain_s, self._remove_retained
        )

    @property
    def clock(self) -> Clock:
        """The time of jobs."""
        return self._service.clock

    def close(self) -> None:
        """Wait for nothing any more; keep what number is next."""
        for timer in self._deadlines.values():
            timer.cancel()
        self._timers.close()
        self._store.post(SetMeta(_META_JOB_ID, b"%d" % self.last_job_id))

    def bring_back(self) -> None:
        """Take up the jobs of the last run; what was printing goes on from the page that was not confirmed."""
        self._timers.start()
        known: set[tuple[int, int]] = set()
        jobs: dict[str, list[Job]] = defaultdict(list)
        for job in self._kept_jobs():
            jobs[job.printer].append(job)
        for name, its in jobs.items():
            printer = self._service.printers.get(name)
            if printer is not None:
                for job in its:
                    known |= self._counted(job)
                self._take_up(printer, its)
                continue
            is_awaited = self._service.found.is_awaited(name)
            if is_awaited:
                for job in its:
                    known |= self._counted(job)
                self._waiting[name] = its
            else:
                known |= {key for job in its if not job.is_terminal for key in keys_of(job)}
                self._leave(name, its)
        self._reserved_job_id = max(int(self._store.meta(_META_JOB_ID) or 0), self._store.highest_job_id())
        self._next_job_id = self._reserved_job_id + 1
        removed = self.documents.sweep(known)
        if removed:
            _log.info("%d documents of uploads that broke off were removed", removed)
        self._trim_history()

    def printer_appeared(self, printer: Printer) -> None:
        """Take up the jobs of the last run that waited for `printer`, whose device was away when the service started."""
        self._take_up(printer, self._waiting.pop(printer.name, []))

    def printer_moved(self, printer: Printer) -> None:
        """`printer` has another device: what printed on the one before goes on there, what was to stop has."""
        for job in tuple(printer.active.values()):
            if job.state not in {JobState.PROCESSING, JobState.PROCESSING_STOPPED} or job.suspended:
                continue
            if STOPPING in job.reasons:
                self._end_unwanted(printer, job)
            elif job.incoming and not job.documents and job.job_id not in self._intakes:
                self.upload_broken(printer, job, "")  # meanwhile; nobody read it
            else:
                self._service.job_control.take_up(job)
                self.job_changed(printer, job)

    def _end_unwanted(self, printer: Printer, job: Job) -> None:
        self.end(printer, job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))

    def _counted(self, job: Job) -> set[tuple[int, int]]:
        """Count the documents of a job of an earlier run; returns those that are there."""
        return self.documents.count(job) if job.retained or not job.is_terminal else set()

    def _take_up(self, printer: Printer, jobs: Sequence[Job]) -> None:
        """Jobs of an earlier run, whose documents were counted, are `printer`'s again."""
        unwanted: list[Job] = []
        for job in sorted((job for job in jobs if job.is_terminal), key=lambda job: job.completed_at):
            if job.retained and not self.retention.keep(printer, job):
                self._remove_retained(job)
            printer.add(job)
            self._finished[job.job_id] = printer
        self._finished = dict(
            sorted(self._finished.items(), key=lambda entry: entry[1].jobs[entry[0]].completed_at)
        )
        for job in jobs:
            if job.is_terminal:
                continue
            self._service.news.remember_job(job)
            if STOPPING in job.reasons:
                unwanted.append(job)
            else:
                self._service.job_control.take_up(job)
            if job.incoming:
                self._expect_more(printer, job)
            printer.add(job)
            self._active_count += 1
            self._timers.watch(printer, job)
        for job in unwanted:
            self._end_unwanted(printer, job)

    def _leave(self, name: str, jobs: Sequence[Job]) -> None:
        """Jobs of a printer that is not configured any more: those that wait stay in the spool."""
        for job in jobs:
            if job.is_terminal:
                self._store.post(DeleteJob(job.job_id))
            else:
                _log.warning("job %d waits for printer %s, which is not configured", job.job_id, name)

    def _kept_jobs(self) -> Iterator[Job]:
        """The jobs in the store; one that cannot be read is dropped."""
        for job_id, record in self._store.jobs():
            try:
                yield decode_job(record)
            except ValueError:
                _log.exception("job %d cannot be brought back", job_id)
                self._store.post(DeleteJob(job_id))

    # --- jobs come --------------------------------------------------------------------------------------------------

    def check_room(self) -> None:
        """See that one more job can be taken.

        Raises:
            TooManyJobsError: It cannot.
            SpoolError: The disk is full.
        """
        if self._active_count >= self.limits.max_jobs:
            raise TooManyJobsError(f"{self.limits.max_jobs} jobs are waiting already; try again later")
        self.documents.budget.take(0)

    def new_job(
        self,
        printer: Printer,
        *,
        name: str,
        user: str,
        language: str,
        template: bytes,
        user_proved: bool = False,
    ) -> Job:
        """A job that nobody knows of yet."""
        job_id = self._next_job_id
        self._next_job_id += 1
        if job_id > self._reserved_job_id:
            self._reserved_job_id = job_id + JOB_ID_STEP
            self._store.post(SetMeta(_META_JOB_ID, b"%d" % self._reserved_job_id))
        job = Job(
            job_id=job_id,
            printer=printer.name,
            uuid=str(uuid.uuid5(uuid.UUID(printer.identity.uuid), str(job_id))),
            name=name,
            user=user,
            user_proved=user_proved,
            language=language,
            template=template,
            created_at=self.clock.up_time(),
            created_date=self.clock.date(),
        )
        self._service.job_control.prepare(printer, job)
        return job

    @property
    def last_job_id(self) -> int:
        """The number of the job that came last."""
        return self._next_job_id - 1

    def _register(self, printer: Printer, job: Job) -> None:
        if job.job_id not in printer.jobs:
            printer.add(job)
            self._active_count += 1
            self._timers.watch(printer, job)
        self._service.news.job_changed(printer, job)

    async def open_job(self, printer: Printer, job: Job) -> None:
        """Accept a job whose documents will follow (Create-Job); returns when it is durable."""
        job.incoming = True
        settle(job)
        await self._store.commit(SaveJob(job.job_id, encode_job(job)))
        self._register(printer, job)
        self._expect_more(printer, job)

    def _expect_more(self, printer: Printer, job: Job) -> None:
        """Start ``multiple-operation-time-out`` anew; what we fetch ourselves has other limits."""
        self._stop_waiting(job)
        if job.reference is not None:
            return
        self._deadlines[job.job_id] = asyncio.get_running_loop().call_later(
            self.limits.multiple_operation_timeout_s, self._no_more_came, printer, job
        )

    def _stop_waiting(self, job: Job) -> None:
        timer = self._deadlines.pop(job.job_id, None)
        if timer is not None:
            timer.cancel()

    def _no_more_came(self, printer: Printer, job: Job) -> None:
        self._deadlines.pop(job.job_id, None)
        if not job.is_terminal and job.incoming and job.job_id not in self._intakes:
            self.end(
                printer,
                job,
                JobState.ABORTED,
                ("aborted-by-system", "job-data-insufficient"),
                f"No further document came within {self.limits.multiple_operation_timeout_s} seconds.",
            )

    def check_documents(self, job: Job) -> None:
        """See that `job` can have one more document.

        Raises:
            TooManyDocumentsError: It cannot.
        """
        if len(job.documents) >= self.limits.max_documents_per_job:
            raise TooManyDocumentsError(f"a job may have {self.limits.max_documents_per_job} documents")

    def begin_document(self, printer: Printer, job: Job, document: Document, *, last: bool) -> Intake:
        """Begin to receive a document of `job`, the last one as far as is known; it gets its number here.

        Raises:
            TooManyDocumentsError: The job has as many documents as it may.
            SpoolError: Another one is arriving right now.
        """
        self.check_documents(job)
        if job.job_id in self._intakes:
            raise SpoolError(f"another document of job {job.job_id} is arriving")
        self._stop_waiting(job)
        document.number = job.next_document_number()
        document.created_at, document.created_date = self.clock.up_time(), self.clock.date()
        intake = Intake(self, printer, job, document, self.documents.writer(job, document), is_last=last)
        self._intakes[job.job_id] = intake
        return intake

    async def document_received(
        self, printer: Printer, job: Job, document: Document, stored: StoredDocument, *, last: bool
    ) -> None:
        """A document arrived whole: make it part of its job, durably, and print where that was the last."""
        if self._service.printers.get(printer.name) is not printer:
            raise SpoolError(f"printer {printer.name} was removed")
        live = job.job_id in self._intakes and self._intakes[job.job_id].is_live
        if job.is_terminal:  # canceled, or failed while it streamed: nothing is kept
            self._intakes.pop(job.job_id, None)
            self.documents.remove_file(job, document)
            return
        job.documents.append(document)
        job.incoming = not last
        job.reference = None
        if (
            not live or job.state == JobState.PENDING_HELD
        ):  # its printer was moved to another device meanwhile
            settle(job)
        else:
            job.reasons = tuple(reason for reason in job.reasons if reason != "job-incoming")
        changes: list[Change] = [SaveJob(job.job_id, encode_job(job))]
        if stored.content is not None:
            changes.append(SaveContent(job.job_id, document.number, stored.content))
        try:
            await self._store.commit(*changes)
        finally:
            self._intakes.pop(job.job_id, None)
        self._register(printer, job)
        if last:
            self._queues[printer.name].wake()
        else:
            self._expect_more(printer, job)

    async def close_job(self, printer: Printer, job: Job) -> None:
        """No more documents will come (Close-Job): print what there is; a job without documents is done."""
        self._stop_waiting(job)
        if not job.incoming:
            return
        if (intake := self._intakes.get(job.job_id)) is not None:
            intake.is_last = True
            return
        if job.reference is not None:  # its server has not answered yet
            job.reference.last = True
            await self._store.commit(SaveJob(job.job_id, encode_job(job)))
            return
        job.incoming = False
        if job.documents and not job.printable:
            self.end(printer, job, JobState.CANCELED, ("job-canceled-by-user",), _NOTHING_LEFT)
            return
        if not job.documents:
            job.move(JobState.PROCESSING, now=self.clock.up_time(), date=self.clock.date())
            self.end(
                printer, job, JobState.COMPLETED, ("job-completed-successfully",), "The job had no documents."
            )
            return
        settle(job)
        printer.generation += 1
        self._service.news.job_changed(printer, job)
        await self._store.commit(SaveJob(job.job_id, encode_job(job)))
        self._queues[printer.name].wake()

    def print_live(self, printer: Printer, job: Job) -> None:
        """Print `job` while its only document is still arriving."""
        _log.info("job %d prints while it arrives", job.job_id)
        job.incoming = True
        job.state, job.reasons = JobState.PENDING, ("job-incoming",)
        self._register(printer, job)
        self._queues[printer.name].wake()

    def upload_broken(
        self, printer: Printer, job: Job, problem: str, reason: str = "job-data-insufficient"
    ) -> None:
        """A document did not arrive whole, or could not be kept: its job ends, with `reason` in its ``job-state-reasons``."""
        self._intakes.pop(job.job_id, None)
        if job.is_terminal:
            return
        self._register(printer, job)
        if (
            printer.current is job
        ):  # it streams: the render worker hears that the document broke off and ends the job
            return
        self.end(
            printer,
            job,
            JobState.ABORTED,
            ("aborted-by-system", reason),
            problem or BROKEN_OFF,
        )

    async def open_documents(self, job: Job) -> list[DocumentFeed]:
        """The documents of `job`, ready to be read by a render worker.

        Raises:
            SpoolError: One cannot be opened.
            DocumentError: It printed while it arrived, and broke off.
        """
        intake = self._intakes.get(job.job_id)
        if intake is not None and intake.is_live:
            return [intake.open()]
        if job.incoming and not job.documents:
            raise DocumentError(BROKEN_OFF, reason="job-data-insufficient")
        return await self.documents.open(job)

    # --- jobs change ------------------------------------------------------------------------------------------------

    def cancel(self, printer: Printer, job: Job, reason: str = "job-canceled-by-user") -> None:
        """End `job` by somebody's wish; returns at once, also with the device gone."""
        if job.is_terminal:
            return
        self._stop_waiting(job)
        job.reasons = (*job.reasons, STOPPING, reason)
        if printer.current is job:
            self.job_changed(printer, job)  # a power cut must not make it print on
            self._queues[printer.name].cancel(job)
        else:
            self._end_unwanted(printer, job)

    def wake(self, printer: Printer) -> None:
        """There may be something to print now."""
        self._queues[printer.name].wake()

    def break_off(self, printer: Printer, job: Job) -> None:
        """Stop `job`, if it prints now, so that the next one prints; it can go on later."""
        self._queues[printer.name].break_off(job)

    async def save_jobs(self, *jobs: Job) -> None:
        """Keep `jobs`, and what was posted before; returns when that is durable."""
        await self._store.commit(*(SaveJob(job.job_id, encode_job(job)) for job in jobs))

    def reopen(self, printer: Printer, job: Job) -> None:
        """A finished `job` is to print once more; its documents are there."""
        self._finished.pop(job.job_id, None)
        printer.reopened(job)
        self._active_count += 1

    async def adopt_documents(self, printer: Printer, source: Job, job: Job) -> None:
        """Make `job`, which is new, one with the documents of `source`, durably, and print it where it may.

        Raises:
            SpoolError: There is no room.
        """
        try:
            changes = await self.documents.copy(source, job)
            settle(job)
            await self._store.commit(SaveJob(job.job_id, encode_job(job)), *changes)
        except SpoolError:
            self._remove_documents(job)
            raise
        self._register(printer, job)
        self.wake(printer)

    def forget(self, printer: Printer, job: Job) -> None:
        """Know `job` no more, whatever it does now, and remove its documents."""
        self._stop_waiting(job)
        self._service.references.forget(job)
        if job.job_id in printer.active:
            self._active_count -= 1
            job.reasons = (*job.reasons, STOPPING, "job-canceled-by-operator")
            if printer.current is not job:  # else its documents go when it has ended
                job.move(JobState.CANCELED, now=self.clock.up_time(), date=self.clock.date())
                self._remove_documents(job)
                self._service.news.job_changed(printer, job)
        elif job.retained:
            self._remove_documents(job)
        self._finished.pop(job.job_id, None)
        printer.forget(job)
        self._store.post(DeleteJob(job.job_id))
        if printer.current is job:
            self._queues[printer.name].cancel(job)

    def _remove_documents(self, job: Job) -> None:
        """Remove the documents of `job` from the spool."""
        self.retention.let_go(job)
        self.documents.remove(job)

    def _remove_retained(self, job: Job) -> None:
        self._remove_documents(job)
        self._store.post(SaveJob(job.job_id, encode_job(job)))

    async def drop_document(self, printer: Printer, job: Job, document: Document, *, forget: bool) -> None:
        """A document of a job that does not print now will not print: its bytes go, durably.

        Args:
            printer: The job's printer.
            job: Its job; where that is complete and has no other document left, it ends.
            document: One of the job's that is not canceled.
            forget: Nothing remains of it (Delete-Document); otherwise it stays as a canceled one (Cancel-Document).
        """
        document.canceled = True
        document.completed_at, document.completed_date = self.clock.up_time(), self.clock.date()
        if forget:
            job.documents.remove(document)
        printer.generation += 1
        if not job.is_terminal and not job.incoming and not job.printable:
            self.end(printer, job, JobState.CANCELED, ("job-canceled-by-user",), _NOTHING_LEFT)
        self._service.news.job_changed(printer, job)
        await self._store.commit(
            SaveJob(job.job_id, encode_job(job)), DeleteContent(job.job_id, document.number)
        )
        self.documents.remove_file(job, document)

    async def job_kept(self, printer: Printer, job: Job) -> None:
        """`job` was changed by an operation: returns when that is durable."""
        printer.generation += 1
        await self._store.commit(SaveJob(job.job_id, encode_job(job)))
        self._service.news.job_changed(printer, job)

    def job_changed(self, printer: Printer, job: Job) -> None:
        """`job` has news: keep them soon, and tell them."""
        if printer.jobs.get(job.job_id) is not job:  # purged while it printed
            return
        self._timers.watch(printer, job)
        printer.generation += 1
        self._service.news.job_changed(printer, job)
        self._store.post(SaveJob(job.job_id, encode_job(job)))

    def end(
        self, printer: Printer, job: Job, state: JobState, reasons: tuple[str, ...], message: str
    ) -> None:
        """`job` reaches its end otherwise than by printing."""
        job.move(state, now=self.clock.up_time(), date=self.clock.date(), reasons=reasons, message=message)
        self.job_ended(printer, job)

    def job_ended(self, printer: Printer, job: Job) -> None:
        """`job` has reached its end: its documents go, now or when they were kept long enough; its record stays as history."""
        self._stop_waiting(job)
        self._service.references.forget(job)
        if printer.jobs.get(job.job_id) is not job:  # purged while it printed
            self._remove_documents(job)
            self._service.news.job_changed(printer, job)
            return
        if job.job_id in printer.active:
            self._active_count -= 1
        printer.finished(job)
        if not self.retention.keep(printer, job):
            self._remove_documents(job)
        self._store.post(SaveJob(job.job_id, encode_job(job)), self._service.counters.counted(printer, job))
        self._finished[job.job_id] = printer
        self._service.news.job_changed(printer, job)
        self._timers.watch(printer, job)
        self._trim_history()
        if job.state != JobState.COMPLETED:
            _log.info("job %d on %s: %s: %s", job.job_id, printer.name, job.state.name.lower(), job.message)

    def printer_rests(self, printer: Printer) -> None:
        """`printer` has no job in print now."""
        self._service.controls.rests(printer)

    def _trim_history(self) -> None:
        while len(self._finished) > self.limits.history_jobs:
            job_id = next(iter(self._finished))
            printer = self._finished[job_id]
            self.forget(printer, printer.jobs[job_id])
