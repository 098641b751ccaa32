"""The service: puts the printers, their jobs and the spool together, starts and stops them, adds and removes printers.

It runs on the event loop and never blocks it: the store and the document files work on threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tympan.config import AccessSettings, LimitSettings, PrinterSettings, Settings
from tympan.driver import registry
from tympan.driver.contract import Transport, TransportContext
from tympan.errors import ConfigError, SpoolError
from tympan.ipp import Attribute, Operation
from tympan.ipp.enums import JobState
from tympan.model.printer_control import PrinterControl
from tympan.render.pool import RenderLimits, RenderPool
from tympan.service.answer_memory import AnswerMemory
from tympan.service.building import AUTO, DeviceAwayError, build_printer
from tympan.service.clock import Clock
from tympan.service.counters import CounterKeeper
from tympan.service.description import IDENTIFY_DISPLAY
from tympan.service.driver_memory import Chosen, DriverMemory
from tympan.service.event_source import EventSource
from tympan.service.events import EventBus
from tympan.service.factory_reset import FactoryReset
from tympan.service.found_printers import FoundPrinters
from tympan.service.job_control import JobControl
from tympan.service.job_documents import JobDocuments
from tympan.service.job_keeper import JobKeeper
from tympan.service.own_names import OwnNames
from tympan.service.print_queue import PrintQueue, driver_name
from tympan.service.printer import Printer
from tympan.service.printer_control import PrinterControls
from tympan.service.printer_registry import PrinterRegistry
from tympan.service.printer_settings import SetAttributes
from tympan.service.privacy import Privacy
from tympan.service.references import References
from tympan.service.signals import Signals
from tympan.service.state_log import StateLog
from tympan.service.subscriptions import Subscriptions
from tympan.service.system_object import SystemObject
from tympan.spool.documents import DocumentFolder, SpoolBudget
from tympan.spool.state_lock import StateLock
from tympan.spool.store import Change, SetMeta, Store

ANNOUNCEMENT_S = 60.0
"""How long Identify-Printer's message is shown."""

_META_UUID = "service-uuid"
_META_UP_TIME = "printer-up-time"

_log = logging.getLogger(__name__)


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
        device_uris: The device of every printer by name.
        found: Printers that appear by themselves.
        set_attributes: What administrators set on printers; there once it has started.
        jobs: The jobs of all printers, from acceptance into history.
        job_control: What users and operators do to jobs.
        counters: What printers have printed in their lives.
        access: Who may do what.
        privacy: What others do not see of a job.
        names: What this machine is called.
        registry: Which printers there are.
        system: What the system says of itself.
        signals: How printers make themselves known besides by words; None: in no way.
        listening: Host and port of each socket it is reached at, once there are some.
        factory_reset: Makes it as it was when it was new.
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
        self.events.listen(StateLog().hear)
        self.news = EventSource(self.events, self.printers)
        self.privacy = Privacy(settings.access.job_privacy_attributes, settings.access.job_privacy_scope)
        self.names = OwnNames(settings.server.name, settings.server.host_names)
        self._queues: dict[str, PrintQueue] = {}
        self.controls: PrinterControls
        self.set_attributes: SetAttributes
        self._announcements: dict[str, asyncio.TimerHandle] = {}
        self._adding = asyncio.Lock()
        self.signals: Signals | None = None
        self.listening: Sequence[tuple[str, int]] = ()
        self.on_restart: Callable[[], None] | None = None
        self.references = References(self, settings.fetch)
        state_dir = Path(settings.server.state_dir)
        self._lock = StateLock(state_dir)
        self._spool_dir = state_dir / "spool"
        self._store = Store(state_dir / "tympan.db", settings.server.durability)  # type: ignore[arg-type]  # checked by config
        self.factory_reset = FactoryReset(self, self._store)
        self.counters = CounterKeeper(self._store)
        self.device_uris: dict[str, str] = {}
        self._driver_memory = DriverMemory(self._store)
        self._answer_memory = AnswerMemory(self._store)
        self.found = FoundPrinters(self, self._store, settings)
        self.registry = PrinterRegistry(self._store, settings, self.printers)
        self.system = SystemObject(self._store, settings, self.registry, self.news)
        self.subscriptions = Subscriptions(settings.notifications, self._store, self.printers, self.privacy)
        budget = SpoolBudget(
            self._spool_dir, settings.limits.spool_bytes, settings.limits.spool_reserve_bytes
        )
        folder = DocumentFolder(self._spool_dir, budget, sync=settings.server.durability == "full")
        documents = JobDocuments(self._store, folder, settings.limits.max_document_bytes)
        self.jobs = JobKeeper(self, documents, self._queues)
        self.job_control = JobControl(self)
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
        await self.factory_reset.complete()
        warming = asyncio.create_task(self._pool.start_zygote())
        self.clock = Clock(int(self._store.meta(_META_UP_TIME) or 0))
        self.controls = PrinterControls(
            self._store, self._queues, self.news, self.clock, self.jobs.job_changed
        )
        self.set_attributes = SetAttributes(
            self._store, self._settings, self._operations, self.controls, self.news
        )
        self._uuid = await self._service_uuid()
        created = self.registry.bring_back()
        self.counters.start()
        self._driver_memory.bring_back()
        self._answer_memory.bring_back()
        for settings in (*self._settings.printers, *created):
            try:
                self._bring_back(settings, *self._build(settings))
            except DeviceAwayError as error:
                self.found.waits(settings, error.problem)
            except ConfigError:
                if settings not in created:
                    raise
                _log.exception(
                    "printer %s, which was made by operation, cannot be brought back", settings.name
                )
        self.found.bring_back()
        self.system.bring_back(self.events, self.clock, self._uuid)
        self.subscriptions.start(self.events, self.clock, self.found.is_awaited)
        self.jobs.bring_back()
        self.references.take_up(self.printers.values())
        self.news.brought_back()
        self.subscriptions.brought_back()
        for queue in self._queues.values():
            queue.start()
        warming.add_done_callback(_log_failure)
        self._warming = warming

    def _bring_back(self, settings: PrinterSettings, printer: Printer, transport: Transport) -> PrintQueue:
        """Put in its place a printer of the configuration or of an earlier run, with what is known of it."""
        self.counters.bring_back(printer)
        self.registry.enroll(printer)
        queue = self._install(printer, transport)
        self.controls.bring_back(printer)
        self.set_attributes.bring_back(printer, settings)
        return queue

    async def _service_uuid(self) -> uuid.UUID:
        kept = self._store.meta(_META_UUID)
        if kept is not None:
            return uuid.UUID(kept.decode())
        made = uuid.uuid4()
        await self._store.commit(SetMeta(_META_UUID, str(made).encode()))
        return made

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
        for timer in self._announcements.values():
            timer.cancel()
        await self.found.close()
        self.jobs.close()
        await asyncio.gather(*(queue.close() for queue in self._queues.values()))
        await self.references.close()
        await self._pool.close()
        self.subscriptions.close()
        self._store.post(SetMeta(_META_UP_TIME, b"%d" % self.clock.up_time()))
        await asyncio.get_running_loop().run_in_executor(None, self._store.close)
        self._lock.release()

    # --- is all well? -----------------------------------------------------------------------------------------------

    async def confirm_spool(self) -> None:
        """Come back when the spool's writer has answered.

        Raises:
            SpoolError: It answers that it cannot write, or is closed.
        """
        await self._store.commit()

    def stuck_links(self, now: float) -> Mapping[str, float]:
        """Device URIs whose links do not come back from a call, and for how many seconds beyond its limit; `now` is monotonic."""
        stuck = ((queue.device_uri, queue.stuck_s(now)) for queue in self._queues.values())
        return {uri: seconds for uri, seconds in stuck if seconds}

    # --- printers ---------------------------------------------------------------------------------------------------

    def _build(self, settings: PrinterSettings) -> tuple[Printer, Transport]:
        printer, transport = build_printer(
            self._settings,
            settings,
            service_uuid=self._uuid,
            operations=self._operations,
            clock=self.clock,
            is_default=False,
            chosen=self._driver_memory.recall(settings),
        )
        if settings.driver == AUTO:
            self._driver_memory.remember(
                settings.name, Chosen(settings.device, driver_name(printer), printer.profile)
            )
        return printer, transport

    def _install(self, printer: Printer, transport: Transport) -> PrintQueue:
        queue = PrintQueue(printer, transport, self._pool, self.jobs, self._answer_memory)
        self.printers[printer.name], self._queues[printer.name] = printer, queue
        self.device_uris[printer.name] = transport.uri
        if self.signals is not None:
            self._signal_of(printer)
        return queue

    async def take_up_printer(self, settings: PrinterSettings) -> None:
        """Make a printer of the configuration whose device was away when the service started.

        Raises:
            DeviceAwayError: It still is.
            ConfigError: Device, driver or profile are not what there is.
        """
        async with self._adding:
            printer, transport = await asyncio.to_thread(self._build, settings)
            queue = self._bring_back(settings, printer, transport)
            self.jobs.printer_appeared(printer)
            self.subscriptions.brought_back(printer.name)
            self.references.take_up([printer])
            queue.start()
            self.registry.settle_default()
            self.news.printer_created(printer)
            for job in tuple(printer.active.values()):
                self.news.job_changed(printer, job)
        _log.info("printer %s is there now: its device is", printer.name)

    async def move_printer(self, printer: Printer, device_uri: str, *changes: Change) -> bool:
        """Let a printer that was made by operation, or by itself, print on another device; its jobs go on there.

        Returns False where it was removed meanwhile.

        Args:
            printer: The printer; its driver and profile stay.
            device_uri: The device from now on.
            changes: What has to be kept in the same transaction.

        Raises:
            ConfigError: The URI has a mistake.
            SpoolError: It cannot be kept.
        """
        async with self._adding:
            if self.printers.get(printer.name) is not printer:
                return False
            context = TransportContext(printer.name, Path(self._settings.server.state_dir), printer.profile)
            transport = await asyncio.to_thread(registry.open_transport, device_uri, context)
            settings = PrinterSettings(
                name=printer.name, device=device_uri, driver=driver_name(printer), profile=printer.profile
            )
            await self._store.commit(self.registry.record(settings), *changes)
            await self._queues[printer.name].close()
            self.jobs.printer_moved(printer)
            printer.device_running()  # what was wrong with the other device
            self._install(printer, transport).start()
        _log.info("printer %s prints on %s now", printer.name, device_uri)
        return True

    async def add_printer(
        self, settings: PrinterSettings, attributes: Sequence[Attribute] = (), *changes: Change
    ) -> Printer:
        """Make a printer that comes back at every start (Create-Printer).

        Args:
            settings: Its name, device and driver.
            attributes: To be set on it from the beginning.
            changes: What has to be kept in the same transaction.

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
            await self._store.commit(*self.registry.enroll_created(printer, known), change, *changes)
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
        async with self._adding:  # its name is free at once, and others may be waiting for it
            if self.printers.get(printer.name) is not printer:
                return
            del self.printers[printer.name]
            queue = self._queues[printer.name]
            # Whoever still holds it finds it taking nothing.
            printer.control = PrinterControl(accepting=False, paused=True, deactivated=True)
            await queue.close()
            for job in tuple(printer.active.values()):
                self.jobs.end(
                    printer, job, JobState.CANCELED, ("job-canceled-by-operator",), "The printer was removed."
                )
            printer.ends()
            for job in tuple(printer.jobs.values()):
                self.jobs.forget(printer, job)
            announcement = self._announcements.pop(printer.name, None)
            if announcement is not None:
                announcement.cancel()
            del self._queues[printer.name]
            self._driver_memory.forget(printer.name)
            self._answer_memory.forget(printer.name)
            self.found.removed(printer.name, self.device_uris.pop(printer.name))
            for keeper in (self.registry, self.controls, self.set_attributes, self.counters):
                keeper.forget(printer)
            self.registry.settle_default()
            self.news.printer_deleted(printer)
        _log.info("printer %s was removed", printer.name)

    def signal_by(self, signals: Signals) -> None:
        """Printers make themselves known by `signals` too from now on, and say so."""
        self.signals = signals
        for printer in self.printers.values():
            self._signal_of(printer)

    def _signal_of(self, printer: Printer) -> None:
        assert self.signals is not None
        actions = (IDENTIFY_DISPLAY, *self.signals.actions(printer))
        if actions != printer.identify_actions:
            printer.identify_actions = actions
            self.set_attributes.described_anew(printer)

    def devices_changed(self) -> None:
        """Something was plugged in or out: who waits for a device looks for it at once, who has lost one finds out."""
        for queue in self._queues.values():
            queue.device_appeared()
        self.found.look_soon()

    async def identify(self, printer: Printer, actions: Sequence[str], message: str) -> None:
        """Make a printer known by the `actions` among its ``identify-actions-supported``."""
        _log.info("printer %s identifies itself by %s: %r", printer.name, ", ".join(actions), message)
        if self.signals is not None:
            self.signals.identify(printer, actions)
        if IDENTIFY_DISPLAY in actions:
            printer.announce(message or f"This is {printer.identity.info or printer.name}.")
            earlier = self._announcements.get(printer.name)
            if earlier is not None:
                earlier.cancel()
            self._announcements[printer.name] = asyncio.get_running_loop().call_later(
                ANNOUNCEMENT_S, printer.announce, ""
            )


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("the render workers could not be started", exc_info=task.exception())
