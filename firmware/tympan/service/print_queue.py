"""A printer's queue: takes the next job that may print, has it rendered, hands it to the device, says how it ended.

One job at a time on a printer, and every printer by itself. It never gives a job up because the device is away: the
job stops with the reason and goes on from the first page that was not confirmed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Protocol

import msgspec

from tympan.driver.contract import Transport
from tympan.driver.ticket import JobTicket, TicketChange
from tympan.errors import DocumentError, RenderError, SpoolError
from tympan.ipp.enums import JobState
from tympan.link import DeviceLink, Ending, PrintOutcome, PrintProgress, RawSource, Wish
from tympan.model.device_condition import DeviceCondition
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.render.document import DocumentFeed
from tympan.render.frames import MAX_COUNT, FrameSource
from tympan.render.pool import RenderPool
from tympan.render.request import DocumentSpec, RenderRequest
from tympan.service.answer_memory import AnsweringDevice, AnswerMemory
from tympan.service.clock import Clock
from tympan.service.holding import STOPPING, settle
from tympan.service.job_attributes import template_of
from tympan.service.job_sheets import job_sheet
from tympan.service.printer import Printer
from tympan.service.proof_print import hold_for_review, proof_ticket

INTERRUPTED_PAUSE_S = 0.5
"""How long the queue waits before it sends a job again that the device broke off."""

_INCOMING = "job-incoming"

_CANCELED_BY = {
    "job-canceled-by-user": "The job was canceled.",
    "job-canceled-by-operator": "An operator canceled the job.",
    "job-canceled-at-device": "The job was canceled at the printer.",
    "job-canceled-after-timeout": "The job took longer than it may.",
}
"""``job-state-reasons`` of a job that somebody wants to end, and what its message says then."""

_KEPT_REASONS = frozenset({STOPPING, _INCOMING, *_CANCELED_BY})
"""What stays true of a job while its state changes."""

DRAIN_LOOK_S = 0.2
"""How often it is looked, while a queue drains, whether its printer stands still."""

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """What the queue needs of the service."""

    @property
    def clock(self) -> Clock:
        """The time of jobs."""
        ...

    async def open_documents(self, job: Job) -> list[DocumentFeed]:
        """The documents of `job`, ready to be read; the caller closes them."""
        ...

    async def save_jobs(self, *jobs: Job) -> None:
        """Keep `jobs`; returns when that is durable.

        Raises:
            SpoolError: It cannot be.
        """
        ...

    def job_changed(self, printer: Printer, job: Job) -> None:
        """`job` has news that shall be kept soon."""
        ...

    def job_ended(self, printer: Printer, job: Job) -> None:
        """`job` is finished."""
        ...

    def printer_rests(self, printer: Printer) -> None:
        """`printer` has no job in print now: what was to happen after the current job can happen."""
        ...


class PrintQueue:
    """The queue of one printer.

    Args:
        printer: The printer.
        transport: The way to its device; owned from now on.
        pool: Who renders.
        keeper: Who keeps the jobs.
        memory: Who remembers whether the device answers.
    """

    def __init__(
        self,
        printer: Printer,
        transport: Transport,
        pool: RenderPool,
        keeper: Keeper,
        memory: AnswerMemory,
    ) -> None:
        self._printer = printer
        self._memory = memory
        self._device = AnsweringDevice(transport.uri, printer.profile)
        answers = memory.recall(printer.name, self._device)
        self._link = DeviceLink(transport, printer.driver, printer.profile, self, answers=answers)
        self._pool = pool
        self._keeper = keeper
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._draining = False
        self._interrupted = False
        self._breaking_off: Job | None = None
        self._at_device: Job | None = None
        self._sent_to: dict[int, int] = {}  # how far jobs are that began in this run: of others, nobody knows

    def start(self) -> None:
        """Begin to print; the device is opened and held, unless somebody has shut the printer down."""
        if not self._printer.control.shut_down:
            self._link.hold(mid_job=any(job.begun for job in self._printer.active.values()))
        self._task = asyncio.create_task(self._run(), name=f"queue-{self._printer.name}")

    def wake(self) -> None:
        """There may be something to print now."""
        self._wake.set()

    async def drain(self) -> None:
        """Print the job that is printing to its end, and no other; `close` is to follow.

        A job that waits for its printer is not waited for: that may be for ever, and it goes on after the start.
        """
        self._draining = True
        self.wake()
        while self._task is not None and not self._task.done() and not self._printer.condition.stopped:
            await asyncio.wait({self._task}, timeout=DRAIN_LOOK_S)

    async def close(self) -> None:
        """Stop; the job that is printing stays in the spool for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._link.close()
        await asyncio.sleep(0)  # what the link has said last is heard now
        if self._at_device is not None:
            self._nothing_was_sent(self._at_device)

    def cancel(self, job: Job) -> None:
        """End `job`, which is printing now; returns at once."""
        if self._printer.current is job:
            self._link.cancel(Wish.DISCARD)
            self.wake()  # it may wait for the printer to be resumed

    def interrupt(self, wish: Wish = Wish.SETTLE) -> None:
        """Stop what is printing as soon as it can be; it goes on from the page that was not confirmed, unless the printer is paused."""
        if self._printer.current is not None:
            self._interrupted = True
            self._link.cancel(wish)

    @property
    def device_uri(self) -> str:
        """The device's URI."""
        return self._link.device_uri

    def stuck_s(self, now: float) -> float:
        """For how long a call on the device has been taking longer than it may; `now` is monotonic."""
        return self._link.stuck_s(now)

    def let_go(self) -> None:
        """Close the device once nothing is printing."""
        self._link.let_go()

    def device_appeared(self) -> None:
        """Something was plugged in that may be the device: where that is away, it is looked for at once. From any thread."""
        self._link.device_appeared()

    def restart(self, *, forgets: bool) -> None:
        """Close the device and open it anew; what is printing goes on from the page that was not confirmed.

        Args:
            forgets: It may be another device by now: whether it answers is to be seen anew.
        """
        self.interrupt(Wish.STOP)
        self._link.reopen(forgets=forgets)

    def break_off(self, job: Job) -> None:
        """Stop `job`, if it prints now, and go on with the next; returns at once. It keeps the state that it has been given."""
        if self._printer.current is job:
            self._breaking_off = job
            self._link.cancel(Wish.SETTLE)
            self.wake()  # it may wait for the printer to be resumed

    async def _run(self) -> None:
        while not self._draining:
            job = self._printer.next_job()
            if job is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self._print_or_abort(job)
            except Exception:  # noqa: BLE001 — one job must not end the queue
                _log.exception("job %d on %s could not be ended in order", job.job_id, self._printer.name)
                job.state = JobState.ABORTED  # whatever happens, it is not taken up again
            finally:
                self._breaking_off = None
                if job.is_terminal:
                    self._sent_to.pop(job.job_id, None)
                self._printer.ends()
                self._keeper.printer_rests(self._printer)

    async def _print_or_abort(self, job: Job) -> None:
        """Bring `job` to an end; what goes wrong ends this job alone."""
        try:
            await self._print(job)
        except (RenderError, SpoolError, DocumentError) as error:
            reason = getattr(error, "reason", "aborted-by-system")
            self._end(job, JobState.ABORTED, ("aborted-by-system", reason), error.problem)
        except Exception:  # noqa: BLE001 — it is the job that ends
            _log.exception("printing job %d on %s failed", job.job_id, self._printer.name)
            self._end(job, JobState.ABORTED, ("aborted-by-system",), "The printer had an internal error.")

    async def _print(self, job: Job) -> None:
        ticket, is_proof = self._ticket(job)
        self._printer.begins(job, ticket.media)
        self._move(job, JobState.PROCESSING, ("job-printing",))
        while not job.is_terminal:
            if self._printer.control.paused:
                await self._until_resumed(job)
                if self._draining:
                    return
            if STOPPING in job.reasons:
                self._end(job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))
                return
            if self._breaking_off is job:
                return
            self._follow(self._printer.condition)
            self._interrupted = False
            before = (job.impressions_completed, job.media_sheets_completed, job.bytes_written)
            resumed = job.begun
            source = await self._begun(job, ticket)
            if self._is_unwanted(job) or self._interrupted:  # before there was anything to stop
                source.close()
                continue
            self._at_device = job
            outcome = await self._link.print(
                job.job_id,
                self._printer.capabilities.extension,
                source,
                lambda progress: self._count(job, progress, before),  # noqa: B023 — used within this round only
                raw=isinstance(source, RawSource),
                resumed=resumed,
            )
            self._at_device = None
            self._count(job, outcome.progress, before)
            self._nothing_was_sent(job)
            if self._breaking_off is job and not self._must_end(job, outcome):
                return
            if is_proof and outcome.ending is Ending.COMPLETED and STOPPING not in job.reasons:
                hold_for_review(job)
                self._move(job, JobState.PENDING, ())
                settle(job)
                self._keeper.job_changed(self._printer, job)
                return
            await self._conclude(job, outcome)

    async def _begun(self, job: Job, ticket: JobTicket) -> FrameSource:
        """Where what is to be printed comes from, while the disk keeps that the job begins."""
        starting = asyncio.create_task(self._source(job, self._going_on(job, ticket)))
        try:
            await self._keep_that_it_begins(job)
            return await asyncio.shield(starting)
        except BaseException:  # also where the queue is closed just now: no worker is left behind
            starting.cancel()
            (source,) = await asyncio.gather(starting, return_exceptions=True)
            if not isinstance(source, BaseException):
                source.close()
            raise

    def _going_on(self, job: Job, ticket: JobTicket) -> JobTicket:
        """The ticket for what has not come out yet; what may have, all the same, carries a mark."""
        known = job.job_id in self._sent_to
        may_have_come = job.begun and (job.bytes_written > 0 or not known)
        return replace(
            ticket,
            first_page=job.pages_confirmed + 1,
            # Of documents in the printer's own language no pages are known: there the first stands for all.
            marked_to=max(self._sent_to.get(job.job_id, MAX_COUNT), 1) if may_have_come else 0,
            mark=self._printer.copy_mark if may_have_come else "",
        )

    async def _keep_that_it_begins(self, job: Job) -> None:
        """From now on a byte of `job` may be at the device, whatever happens; returns when a power cut cannot make that forgotten."""
        if job.begun:
            return
        job.begun = True
        self._sent_to[job.job_id] = 0
        try:
            await self._keeper.save_jobs(job)
        except SpoolError as error:  # it prints all the same: only after a power cut would a mark be missing
            _log.warning("job %d: it cannot be kept that it prints: %s", job.job_id, error.problem)

    def _nothing_was_sent(self, job: Job) -> None:
        """Forget that `job` has begun, where it is known that the device took nothing of it."""
        if job.begun and not job.bytes_written and job.job_id in self._sent_to and not job.is_terminal:
            job.begun = False
            self._keeper.job_changed(self._printer, job)

    def _ticket(self, job: Job) -> tuple[JobTicket, bool]:
        """What `job` asks for, and whether that are its proof copies only."""
        template, attributes = self._printer.template, template_of(job)
        ticket = template.ticket(job.job_id, job.name, job.user, attributes)
        ticket = replace(ticket, banner=job_sheet(self._printer, job, attributes))
        proof = proof_ticket(template, job, attributes, ticket)
        return (ticket, False) if proof is None else (proof, True)

    async def _until_resumed(self, job: Job) -> None:
        """Wait, with `job` stopped, until the printer is resumed, the job canceled or the queue ended (RFC 8011 §4.2.7)."""
        self._move(job, JobState.PROCESSING_STOPPED, ("printer-stopped",), "The printer is paused.")
        self._printer.control_changed()  # it has moved to paused
        while self._printer.control.paused and not self._is_unwanted(job) and not self._draining:
            self._wake.clear()
            await self._wake.wait()
        if not self._is_unwanted(job) and not self._draining:
            self._move(job, JobState.PROCESSING, ("job-printing",))
            self._printer.control_changed()

    async def _source(self, job: Job, ticket: JobTicket) -> FrameSource:
        """Where the job's frames come from: a render worker, or the documents themselves where nothing is to render."""
        native = self._printer.capabilities.native_formats
        documents = await self._keeper.open_documents(job)
        specs = self._specs(job, documents)
        if ticket.copies == 1 and not ticket.banner and all(spec.format in native for spec in specs):
            driver, profile = self._printer.driver, self._printer.profile
            mark = driver.raw_mark(profile, ticket.mark) if ticket.mark else b""
            return RawSource(
                [document.reader() for document in documents],
                driver.raw_prologue(profile) + mark,
                driver.raw_epilogue(profile),
            )
        try:
            request = RenderRequest(
                driver=driver_name(self._printer),
                profile=self._printer.profile,
                ticket=ticket,
                documents=tuple(
                    msgspec.structs.replace(spec, size=-1 if document.size is None else document.size)
                    for spec, document in zip(specs, documents, strict=True)
                ),
                stall_cpu_s=self._pool.limits.stall_cpu_s,
                max_pages=self._pool.limits.max_pages,
            )
            return await self._pool.start(request, documents)
        finally:
            for document in documents:
                document.let_go()

    def _specs(self, job: Job, documents: list[DocumentFeed]) -> list[DocumentSpec]:
        """What there is to print, and what each document has otherwise than the job; sizes are not known yet."""
        specs = [
            DocumentSpec(document.format, -1, document.number, self._change(job, document))
            for document in job.printable
        ]
        return specs or [DocumentSpec(each.document_format, -1) for each in documents]

    def _change(self, job: Job, document: Document) -> TicketChange | None:
        if not document.template:
            return None
        return self._printer.template.change(template_of(job), template_of(document))

    def _is_unwanted(self, job: Job) -> bool:
        """Whether somebody wants `job`, which prints, to stop."""
        return STOPPING in job.reasons or self._breaking_off is job

    @staticmethod
    def _must_end(job: Job, outcome: PrintOutcome) -> bool:
        """Whether a job that was to stop for a while has come to its end all the same."""
        return STOPPING in job.reasons or outcome.ending in {Ending.COMPLETED, Ending.ABORTED}

    async def _conclude(self, job: Job, outcome: PrintOutcome) -> None:
        match outcome.ending:
            case Ending.COMPLETED:
                self._end(job, JobState.COMPLETED, ("job-completed-successfully",), "")
            case Ending.CANCELED if self._interrupted and STOPPING not in job.reasons:
                self._move(job, JobState.PROCESSING_STOPPED, ("printer-stopped",), "The printer was stopped.")
                if not self._printer.control.paused:
                    self._move(job, JobState.PROCESSING, ("job-printing",))
            case Ending.CANCELED:
                self._end(job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))
            case Ending.ABORTED:
                self._end(job, JobState.ABORTED, ("aborted-by-system", outcome.reason), outcome.problem)
            case Ending.INTERRUPTED:
                if STOPPING in job.reasons:
                    self._end(job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))
                    return
                self._move(job, JobState.PROCESSING_STOPPED, ("printer-stopped",), outcome.problem)
                await asyncio.sleep(INTERRUPTED_PAUSE_S)

    # --- the job's record -------------------------------------------------------------------------------------------

    def device_reports(self, condition: DeviceCondition) -> None:
        """The device is like this now, and so is the job."""
        self._printer.device_reports(condition)
        self._follow(condition)

    def device_answers(self, answers: bool) -> None:
        """The device has shown that it answers, or may be another one now: kept for the next start."""
        self._memory.remember(self._printer.name, self._device, answers=answers)

    def _follow(self, condition: DeviceCondition) -> None:
        """Have the job that prints stand still with its device, and go on with it."""
        job = self._printer.current
        if job is None:
            return
        stands_still = self._stands_still(job)
        if condition.stopped:
            if job.state == JobState.PROCESSING or (stands_still and job.message != condition.message):
                self._move(job, JobState.PROCESSING_STOPPED, ("printer-stopped",), condition.message)
        elif stands_still:
            self._move(job, JobState.PROCESSING, ("job-printing",))

    def _stands_still(self, job: Job) -> bool:
        """It is stopped, and for the device alone."""
        return (
            job.state == JobState.PROCESSING_STOPPED
            and not self._printer.control.paused
            and job is not self._breaking_off
        )

    def _move(self, job: Job, state: JobState, reasons: tuple[str, ...], message: str = "") -> None:
        kept = tuple(reason for reason in job.reasons if reason in _KEPT_REASONS)
        clock = self._keeper.clock
        job.move(state, now=clock.up_time(), date=clock.date(), reasons=(*reasons, *kept), message=message)
        self._keeper.job_changed(self._printer, job)

    def _end(self, job: Job, state: JobState, reasons: tuple[str, ...], message: str) -> None:
        if job.is_terminal:
            return
        clock = self._keeper.clock
        if job.state in {JobState.PENDING, JobState.PENDING_HELD} and state == JobState.COMPLETED:
            job.move(JobState.PROCESSING, now=clock.up_time(), date=clock.date())
        job.move(
            state,
            now=clock.up_time(),
            date=clock.date(),
            reasons=tuple(dict.fromkeys(reasons)),
            message=message,
        )
        self._keeper.job_ended(self._printer, job)

    def _count(self, job: Job, progress: PrintProgress, before: tuple[int, int, int]) -> None:
        """Take over how far the job is; `before` is what earlier runs brought."""
        if job.is_terminal:
            return
        impressions, sheets, written = before
        if progress.document > job.document_printing:
            self._document_begins(job, progress.document)
        if progress.total:
            job.impressions = max(job.impressions, job.proof_impressions + progress.total)
        job.impressions_completed = impressions + progress.impressions
        job.media_sheets_completed = sheets + progress.sheets
        job.bytes_written = written + progress.bytes_written
        if job.job_id in self._sent_to:
            self._sent_to[job.job_id] = max(self._sent_to[job.job_id], progress.sent_to)
        job.pages_confirmed = max(job.pages_confirmed, progress.pages)
        self._keeper.job_changed(self._printer, job)

    def _document_begins(self, job: Job, number: int) -> None:
        now, date = self._keeper.clock.up_time(), self._keeper.clock.date()
        job.document_printing = number
        for document in job.printable:
            if document.number < number and not document.completed_at:
                document.completed_at, document.completed_date = now, date
            elif document.number == number and not document.processing_at:
                document.processing_at, document.processing_date = now, date


def canceled_by(job: Job) -> str:
    """The reason with which `job` ends, which somebody wants to end."""
    return next(
        (reason for reason in reversed(job.reasons) if reason in _CANCELED_BY), "job-canceled-by-user"
    )


def canceled_message(job: Job) -> str:
    """The message with which `job` ends, which somebody wants to end."""
    return _CANCELED_BY[canceled_by(job)]


def driver_name(printer: Printer) -> str:
    """The name of a printer's driver, as the entry points have it."""
    return type(printer.driver).name
