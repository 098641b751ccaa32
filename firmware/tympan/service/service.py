"""The service: every printer, the spool, and the life of jobs from acceptance into history.

It owns the one way a job is made, changed and ended. It runs on the event loop and never blocks it: the store and the
document files work on threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from tympan.config import AccessSettings, LimitSettings, PrinterSettings, Settings
from tympan.driver.contract import Transport
from tympan.errors import ConfigError, SpoolError
from tympan.ipp import Attribute, Operation
from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.job import Job, decode_job, encode_job
from tympan.model.printer_control import PrinterControl
from tympan.render.document import DocumentFeed
from tympan.render.pool import RenderLimits, RenderPool
from tympan.service.building import build_printer
from tympan.service.clock import Clock
from tympan.service.counters import CounterKeeper
from tympan.service.description import IDENTIFY_ACTIONS, NATURAL_LANGUAGE
from tympan.service.event_source import EventSource
from tympan.service.events import EventBus
from tympan.service.holding import settle
from tympan.service.intake import Intake
from tympan.service.job_control import JobControl
from tympan.service.job_timers import JobTimers
from tympan.service.own_names import OwnNames
from tympan.service.print_queue import STOPPING, PrintQueue, canceled_by, canceled_message, driver_name
from tympan.service.printer import Printer
from tympan.service.printer_control import PrinterControls
from tympan.service.printer_registry import PrinterRegistry
from tympan.service.printer_settings import SetAttributes
from tympan.service.privacy import Privacy
from tympan.service.references import References
from tympan.service.retention import Retention
from tympan.service.subscriptions import Subscriptions
from tympan.service.system_object import SystemObject
from tympan.spool.documents import DocumentFolder, SpoolBudget, StoredDocument
from tympan.spool.state_lock import StateLock
from tympan.spool.store import (
    Change,
    DeleteContent,
    DeleteContents,
    DeleteJob,
    SaveContent,
    SaveJob,
    SetMeta,
    Store,
)

ANNOUNCEMENT_S = 60.0
"""How long Identify-Printer's message is shown."""

_META_UUID = "service-uuid"
_META_UP_TIME = "printer-up-time"
_META_JOB_ID = "last-job-id"

_NOTHING_LEFT = "All documents of the job were canceled."

JOB_ID_STEP = 1000
"""Job ids are reserved on the disk in steps, so that none is given twice after a power cut."""

_log = logging.getLogger(__name__)


class TooManyJobsError(SpoolError):
    """There are as many unfinished jobs as may be."""


class TooManyDocumentsError(SpoolError):
    """The job has as many documents as one may have."""


class Service:
    """The printers and their jobs.

    Args:
        settings: What to serve.
        operations: What the endpoint answers, for ``operations-supported``.

    Attributes:
        limits: What is accepted and kept.
        clock: The time of jobs and printers.
        printers: Every printer by name.
        events: Tells what happens.
        references: Fetches documents.
        news: Finds out what has happened.
        controls: Carries out what operators tell printers; there once it has started.
        subscriptions: Who wants to hear of it over IPP.
        set_attributes: What administrators set on printers; there once it has started.
        job_control: What users and operators do to jobs.
        retention: The documents of finished jobs.
        access: Who may do what.
        privacy: What others do not see of a job.
        names: What this machine is called.
        registry: Which printers there are.
        system: What the system says of itself.
        on_restart: Has the whole service started anew (Restart-System); None: nobody can.
    """

    def __init__(self, settings: Settings, operations: Sequence[Operation]) -> None:
        self._settings = settings
        self._operations = operations
        self.limits: LimitSettings = settings.limits
        self.access: AccessSettings = settings.access
        self.clock = Clock()
        self.printers: dict[str, Printer] = {}
        self.events = EventBus()
        self.news = EventSource(self.events, self.printers)
        self.privacy = Privacy(settings.access.job_privacy_attributes, settings.access.job_privacy_scope)
        self.names = OwnNames(settings.server.name, settings.server.host_names)
        self._queues: dict[str, PrintQueue] = {}
        self.controls: PrinterControls
        self.set_attributes: SetAttributes
        self._intakes: dict[int, Intake] = {}
        self._deadlines: dict[int, asyncio.TimerHandle] = {}
        self._announcements: dict[str, asyncio.TimerHandle] = {}
        self._adding = asyncio.Lock()
        self.on_restart: Callable[[], None] | None = None
        self._finished: dict[int, Printer] = {}
        self.references = References(self, settings.fetch)
        self._active_count = 0
        self._next_job_id = 1
        self._reserved_job_id = 0
        state_dir = Path(settings.server.state_dir)
        self._lock = StateLock(state_dir)
        self._spool_dir = state_dir / "spool"
        self._store = Store(state_dir / "tympan.db", settings.server.durability)  # type: ignore[arg-type]  # checked by config
        self._counters = CounterKeeper(self._store)
        self.registry = PrinterRegistry(self._store, settings, self.printers)
        self.system = SystemObject(self._store, settings, self.registry, self.news)
        self.subscriptions = Subscriptions(settings.notifications, self._store, self.printers, self.privacy)
        budget = SpoolBudget(
            self._spool_dir, settings.limits.spool_bytes, settings.limits.spool_reserve_bytes
        )
        self._documents = DocumentFolder(self._spool_dir, budget, sync=settings.server.durability == "full")
        self.retention = Retention(
            budget, lambda: self.clock, settings.limits.retain_s, self._remove_retained
        )
        self.job_control = JobControl(self)
        self._timers = JobTimers(self)
        render = settings.render
        self._pool = RenderPool(
            RenderLimits(render.memory_mib, render.stall_cpu_s, render.stall_wall_s, render.max_pages)
        )

    @property
    def store(self) -> Store:
        """What is kept over a restart; others keep their own kinds of records there."""
        return self._store

    @property
    def default_printer(self) -> Printer | None:
        """The printer at ``/ipp/print``."""
        return next((printer for printer in self.printers.values() if printer.is_default), None)

    # --- start and stop ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the spool, bring back the jobs, start to print.

        Raises:
            ConfigError: The settings name what does not exist.
            SpoolError: The state directory cannot be used.
        """
        try:
            self._spool_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise SpoolError(f"{self._spool_dir} cannot be made: {error.strerror}") from error
        self._lock.take()
        try:
            await self._start()
        except BaseException:
            self._lock.release()
            raise

    async def _start(self) -> None:
        self._store.open()
        warming = asyncio.create_task(self._pool.start_zygote())
        self.clock = Clock(int(self._store.meta(_META_UP_TIME) or 0))
        self.controls = PrinterControls(self._store, self._queues, self.news, self.clock, self.job_changed)
        self.set_attributes = SetAttributes(
            self._store, self._settings, self._operations, self.controls, self.news
        )
        self._uuid = await self._service_uuid()
        created = self.registry.bring_back()
        self._counters.start()
        for settings in (*self._settings.printers, *created):
            try:
                printer, transport = self._build(settings)
            except ConfigError:
                if settings not in created:
                    raise
                _log.exception(
                    "printer %s, which was made by operation, cannot be brought back", settings.name
                )
                continue
            self._counters.bring_back(printer)
            self.registry.enroll(printer)
            self._install(printer, transport)
            self.controls.bring_back(printer)
            self.set_attributes.bring_back(printer, settings)
        self.system.bring_back(self.events, self.clock, self._uuid)
        self.subscriptions.start(self.events, self.clock)
        self._timers.start()
        self._bring_back()
        self.references.take_up(self.printers.values())
        self.news.brought_back()
        self.subscriptions.brought_back()
        for queue in self._queues.values():
            queue.start()
        warming.add_done_callback(_log_failure)
        self._warming = warming

    async def _service_uuid(self) -> uuid.UUID:
        kept = self._store.meta(_META_UUID)
        if kept is not None:
            return uuid.UUID(kept.decode())
        made = uuid.uuid4()
        await self._store.commit(SetMeta(_META_UUID, str(made).encode()))
        return made

    def _bring_back(self) -> None:
        """Take up the jobs of the last run; what was printing goes on from the page that was not confirmed."""
        known: set[tuple[int, int]] = set()
        history: list[tuple[int, Printer, Job]] = []
        unwanted: list[tuple[Printer, Job]] = []
        for job in self._kept_jobs():
            printer = self.printers.get(job.printer)
            if job.is_terminal:
                if printer is None:
                    self._store.post(DeleteJob(job.job_id))
                else:
                    known |= self._still_retained(printer, job)
                    history.append((job.completed_at, printer, job))
                continue
            known |= {(job.job_id, document.number) for document in job.printable}
            if printer is None:
                _log.warning("job %d waits for printer %s, which is not configured", job.job_id, job.printer)
                continue
            self.news.remember_job(job)
            self._documents.budget.used += sum(document.size for document in job.printable)
            if STOPPING in job.reasons:
                unwanted.append((printer, job))
            else:
                self.job_control.take_up(job)
            if job.incoming:
                self._expect_more(printer, job)
            printer.add(job)
            self._active_count += 1
            self._timers.watch(printer, job)
        for _, printer, job in sorted(history, key=lambda entry: entry[0]):
            printer.add(job)
            self._finished[job.job_id] = printer
        for printer, job in unwanted:
            self._end(printer, job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))
        self._reserved_job_id = max(int(self._store.meta(_META_JOB_ID) or 0), self._store.highest_job_id())
        self._next_job_id = self._reserved_job_id + 1
        removed = self._documents.sweep(known)
        if removed:
            _log.info("%d documents of uploads that broke off were removed", removed)
        self._trim_history()

    def _still_retained(self, printer: Printer, job: Job) -> set[tuple[int, int]]:
        """The documents of a finished job of an earlier run that are kept for printing it again."""
        if not job.retained or not self.retention.keep(printer, job):
            return set()
        self._documents.budget.used += sum(document.size for document in job.printable)
        return {(job.job_id, document.number) for document in job.printable}

    def _kept_jobs(self) -> Iterator[Job]:
        """The jobs in the store; one that cannot be read is dropped."""
        for job_id, record in self._store.jobs():
            try:
                yield decode_job(record)
            except ValueError:
                _log.exception("job %d cannot be brought back", job_id)
                self._store.post(DeleteJob(job_id))

    async def drain(self, timeout_s: float) -> None:
        """Let the jobs that are printing come to their ends, and begin no others; `close` is to follow.

        Args:
            timeout_s: A job that takes longer is broken off by `close`, and goes on after the next start.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(queue.drain() for queue in self._queues.values()))

    def stopping(self) -> None:
        """Tell that the service stops; who waits for events is answered with that, so that connections can be closed."""
        self.news.shutting_down()
        self.subscriptions.stop_waiting()

    async def close(self) -> None:
        """Stop to print, keep everything, end the workers."""
        for timer in (*self._deadlines.values(), *self._announcements.values()):
            timer.cancel()
        self._timers.close()
        await asyncio.gather(*(queue.close() for queue in self._queues.values()))
        await self.references.close()
        await self._pool.close()
        self.subscriptions.close()
        self._store.post(
            SetMeta(_META_UP_TIME, b"%d" % self.clock.up_time()),
            SetMeta(_META_JOB_ID, b"%d" % (self._next_job_id - 1)),
        )
        await asyncio.get_running_loop().run_in_executor(None, self._store.close)
        self._lock.release()

    # --- printers ---------------------------------------------------------------------------------------------------

    @staticmethod
    def printer_answer(
        printer: Printer, printer_uri: str, requested: tuple[str, ...], language: str = NATURAL_LANGUAGE
    ) -> tuple[bytes, tuple[str, ...]]:
        """The encoded attributes of a printer that are asked for, and the names there are none of."""
        return printer.answer(printer_uri, requested, language)

    def _build(self, settings: PrinterSettings) -> tuple[Printer, Transport]:
        return build_printer(
            self._settings,
            settings,
            service_uuid=self._uuid,
            operations=self._operations,
            clock=self.clock,
            is_default=False,
        )

    def _install(self, printer: Printer, transport: Transport) -> PrintQueue:
        queue = PrintQueue(printer, transport, self._pool, self)
        self.printers[printer.name], self._queues[printer.name] = printer, queue
        return queue

    async def add_printer(self, settings: PrinterSettings, attributes: Sequence[Attribute] = ()) -> Printer:
        """Make a printer that comes back at every start (Create-Printer).

        Args:
            settings: Its name, device and driver.
            attributes: To be set on it from the beginning.

        Raises:
            PrinterExistsError: There is one of this name.
            TooManyPrintersError: There are as many as can be.
            ConfigError: Device, driver or profile are not what there is.
            NotSetError: Not all of the attributes can be set; there is no printer then.
            SpoolError: It cannot be kept.
        """
        async with self._adding:
            self.registry.check_room(settings.name)
            printer, transport = await asyncio.to_thread(self._build, settings)
            known = replace(settings, driver=driver_name(printer), profile=printer.profile)
            self.set_attributes.enter(printer, known)
            change, apply = self.set_attributes.prepare(printer, attributes)
            await self._store.commit(*self.registry.enroll_created(printer, known), change)
            apply()
            self._install(printer, transport).start()
            self.registry.settle_default()
            self.news.printer_created(printer)
        _log.info("printer %s was made: %s on %s", printer.name, known.driver, known.device)
        return printer

    async def remove_printer(self, printer: Printer) -> None:
        """Take a printer away for good, with its jobs (Delete-Printer); returns when its device is let go.

        Raises:
            PrinterIsConfiguredError: It would be back at the next start.
        """
        self.registry.check_deletable(printer)
        if self.printers.get(printer.name) is not printer:
            return
        del self.printers[printer.name]
        queue = self._queues[printer.name]
        # Whoever still holds it finds it taking nothing.
        printer.control = PrinterControl(accepting=False, paused=True, deactivated=True)
        await queue.close()
        for job in tuple(printer.active.values()):
            self._end(
                printer, job, JobState.CANCELED, ("job-canceled-by-operator",), "The printer was removed."
            )
        printer.ends()
        for job in tuple(printer.jobs.values()):
            self.forget(printer, job)
        announcement = self._announcements.pop(printer.name, None)
        if announcement is not None:
            announcement.cancel()
        del self._queues[printer.name]
        for keeper in (self.registry, self.controls, self.set_attributes, self._counters):
            keeper.forget(printer)
        self.registry.settle_default()
        self.news.printer_deleted(printer)
        _log.info("printer %s was removed", printer.name)

    async def identify(self, printer: Printer, actions: Sequence[str], message: str) -> None:
        """Make a printer known by the `actions` among `IDENTIFY_ACTIONS`."""
        _log.info("printer %s identifies itself by %s: %s", printer.name, ", ".join(actions), message)
        if IDENTIFY_ACTIONS[0] in actions:
            printer.announce(message or f"This is {printer.identity.info or printer.name}.")
            earlier = self._announcements.get(printer.name)
            if earlier is not None:
                earlier.cancel()
            self._announcements[printer.name] = asyncio.get_running_loop().call_later(
                ANNOUNCEMENT_S, printer.announce, ""
            )

    # --- jobs come --------------------------------------------------------------------------------------------------

    def check_room(self) -> None:
        """See that one more job can be taken.

        Raises:
            TooManyJobsError: It cannot.
            SpoolError: The disk is full.
        """
        if self._active_count >= self.limits.max_jobs:
            raise TooManyJobsError(f"{self.limits.max_jobs} jobs are waiting already; try again later")
        self._documents.budget.take(0)

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
        self.job_control.prepare(printer, job)
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
        self.news.job_changed(printer, job)

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
            self._end(
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

    def begin_document(self, printer: Printer, job: Job, document: Document) -> Intake:
        """Begin to receive a document of `job`; it gets its number here.

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
        writer = self._documents.writer(job.job_id, document.number, self.limits.max_document_bytes)
        intake = Intake(self, printer, job, document, writer)
        self._intakes[job.job_id] = intake
        return intake

    async def document_received(
        self, printer: Printer, job: Job, document: Document, stored: StoredDocument, *, last: bool
    ) -> None:
        """A document arrived whole: make it part of its job, durably, and print where that was the last."""
        if self.printers.get(printer.name) is not printer:
            raise SpoolError(f"printer {printer.name} was removed")
        live = job.job_id in self._intakes and self._intakes[job.job_id].feed is not None
        if job.is_terminal:  # canceled, or failed while it streamed: nothing is kept
            self._intakes.pop(job.job_id, None)
            self._documents.remove(job.job_id, document.number, stored.size)
            return
        job.documents.append(document)
        job.incoming = not last
        job.reference = None
        if not live:
            settle(job)
        elif last:
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
        job.incoming = False
        if job.documents and not job.printable:
            self._end(printer, job, JobState.CANCELED, ("job-canceled-by-user",), _NOTHING_LEFT)
            return
        if not job.documents:
            job.move(JobState.PROCESSING, now=self.clock.up_time(), date=self.clock.date())
            self._end(
                printer, job, JobState.COMPLETED, ("job-completed-successfully",), "The job had no documents."
            )
            return
        settle(job)
        printer.generation += 1
        self.news.job_changed(printer, job)
        await self._store.commit(SaveJob(job.job_id, encode_job(job)))
        self._queues[printer.name].wake()

    def print_live(self, printer: Printer, job: Job, intake: Intake) -> None:
        """Print `job` while its only document is still arriving."""
        _log.info("job %d prints while it arrives", job.job_id)
        job.incoming = True
        job.state, job.reasons = JobState.PENDING, ("job-incoming",)
        self._register(printer, job)
        self._queues[printer.name].wake()
        _ = intake

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
        self._end(
            printer,
            job,
            JobState.ABORTED,
            ("aborted-by-system", reason),
            problem or "The document did not arrive whole.",
        )

    async def open_documents(self, job: Job) -> list[DocumentFeed]:
        """The documents of `job`, ready to be read by a render worker.

        Raises:
            SpoolError: One cannot be opened.
        """
        intake = self._intakes.get(job.job_id)
        if intake is not None and intake.feed is not None:
            return [intake.feed]
        loop = asyncio.get_running_loop()
        feeds: list[DocumentFeed] = []
        try:
            for document in job.printable:
                if document.inline:
                    content = await loop.run_in_executor(
                        None, self._store.read_content, job.job_id, document.number
                    )
                    feeds.append(DocumentFeed.of_bytes(content))
                else:
                    feeds.append(DocumentFeed.of_file(self._documents.path(job.job_id, document.number)))
        except OSError as error:
            for feed in feeds:
                feed.close()
            raise SpoolError(f"a document of job {job.job_id} cannot be read: {error.strerror}") from error
        return feeds

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
            self._end(printer, job, JobState.CANCELED, (canceled_by(job),), canceled_message(job))

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
        changes: list[Change] = []
        loop = asyncio.get_running_loop()
        try:
            for document in source.printable:
                copy = msgspec.structs.replace(
                    document,
                    created_at=job.created_at,
                    created_date=job.created_date,
                    processing_at=0,
                    processing_date=0,
                    completed_at=0,
                    completed_date=0,
                )
                if document.inline:
                    self._documents.budget.take(document.size)
                    job.documents.append(copy)
                    content = await loop.run_in_executor(
                        None, self._store.read_content, source.job_id, document.number
                    )
                    changes.append(SaveContent(job.job_id, document.number, content))
                else:
                    await self._documents.duplicate(source.job_id, document.number, document.size, job.job_id)
                    job.documents.append(copy)
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
        self.references.forget(job)
        if job.job_id in printer.active:
            self._active_count -= 1
            job.reasons = (*job.reasons, STOPPING, "job-canceled-by-operator")
            if printer.current is not job:  # else its documents go when it has ended
                job.move(JobState.CANCELED, now=self.clock.up_time(), date=self.clock.date())
                self._remove_documents(job)
                self.news.job_changed(printer, job)
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
        if any(document.inline for document in job.printable):
            self._store.post(DeleteContents(job.job_id))
        for document in job.printable:
            if document.inline:
                self._documents.budget.give_back(document.size)
            else:
                self._documents.remove(job.job_id, document.number, document.size)

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
            self._end(printer, job, JobState.CANCELED, ("job-canceled-by-user",), _NOTHING_LEFT)
        self.news.job_changed(printer, job)
        await self._store.commit(
            SaveJob(job.job_id, encode_job(job)), DeleteContent(job.job_id, document.number)
        )
        if document.inline:
            self._documents.budget.give_back(document.size)
        else:
            self._documents.remove(job.job_id, document.number, document.size)

    async def job_kept(self, printer: Printer, job: Job) -> None:
        """`job` was changed by an operation: returns when that is durable."""
        printer.generation += 1
        await self._store.commit(SaveJob(job.job_id, encode_job(job)))
        self.news.job_changed(printer, job)

    def job_changed(self, printer: Printer, job: Job) -> None:
        """`job` has news: keep them soon, and tell them."""
        if printer.jobs.get(job.job_id) is not job:  # purged while it printed
            return
        self._timers.watch(printer, job)
        printer.generation += 1
        self.news.job_changed(printer, job)
        self._store.post(SaveJob(job.job_id, encode_job(job)))

    def _end(
        self, printer: Printer, job: Job, state: JobState, reasons: tuple[str, ...], message: str
    ) -> None:
        job.move(state, now=self.clock.up_time(), date=self.clock.date(), reasons=reasons, message=message)
        self.job_ended(printer, job)

    def job_ended(self, printer: Printer, job: Job) -> None:
        """`job` has reached its end: its documents go, now or when they were kept long enough; its record stays as history."""
        self._stop_waiting(job)
        self.references.forget(job)
        if printer.jobs.get(job.job_id) is not job:  # purged while it printed
            self._remove_documents(job)
            self.news.job_changed(printer, job)
            return
        if job.job_id in printer.active:
            self._active_count -= 1
        printer.finished(job)
        if not self.retention.keep(printer, job):
            self._remove_documents(job)
        self._store.post(SaveJob(job.job_id, encode_job(job)), self._counters.counted(printer, job))
        self._finished[job.job_id] = printer
        self.news.job_changed(printer, job)
        self._timers.watch(printer, job)
        self._trim_history()
        if job.state != JobState.COMPLETED:
            _log.info("job %d on %s: %s: %s", job.job_id, printer.name, job.state.name.lower(), job.message)

    def printer_rests(self, printer: Printer) -> None:
        """`printer` has no job in print now."""
        self.controls.rests(printer)

    def _trim_history(self) -> None:
        while len(self._finished) > self.limits.history_jobs:
            job_id = next(iter(self._finished))
            printer = self._finished[job_id]
            self.forget(printer, printer.jobs[job_id])


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("the render workers could not be started", exc_info=task.exception())
