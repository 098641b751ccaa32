"""Carries out what operators tell printers: to pause, to take no jobs, to hold new ones, to rest (RFC 8011 §4.2, RFC 3998 §3).

It owns what each wish does to the printer's control, its queue and its jobs, and keeps it over restarts. What prints it never touches
itself: that is the queue's. A wish that is fulfilled already is no error: RFC 3998 has these operations accepted in every state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from tympan.model.job import Job
from tympan.model.printer_control import PrinterControl, decode_control, encode_control
from tympan.service.clock import Clock
from tympan.service.event_source import EventSource
from tympan.service.holding import settle
from tympan.service.print_queue import PrintQueue
from tympan.service.printer import Printer
from tympan.spool.store import DeleteRecord, SaveRecord, Store

RECORD: Final = "printer-control"
"""The kind of record a printer's control is kept as, under the printer's name."""

_log = logging.getLogger(__name__)


class PrinterControls:
    """What operators tell the printers of a service.

    Every method returns when the wish is durable; what prints may take a moment more to stop.

    Args:
        store: Where it is kept.
        queues: The printers' queues by name; the service adds and removes them.
        news: Is told of restarts; the rest it finds out.
        clock: The time of messages.
        release: Makes a job pending that nothing holds any more.
    """

    def __init__(
        self,
        store: Store,
        queues: Mapping[str, PrintQueue],
        news: EventSource,
        clock: Clock,
        release: Callable[[Printer, Job], None],
    ) -> None:
        self._store = store
        self._queues = queues
        self._news = news
        self._clock = clock
        self._release = release

    def bring_back(self, printer: Printer) -> None:
        """Take up what the last run was told of `printer`; blocks: for the start of the service."""
        for name, record in self._store.records(RECORD):
            if name == printer.name:
                try:
                    printer.control = decode_control(record)
                except ValueError:
                    _log.exception("what operators told printer %s is lost", name)
        if printer.control.pausing:  # what it waited for did not survive
            printer.control.pausing, printer.control.paused = False, True
        printer.control_changed()

    def forget(self, printer: Printer) -> None:
        """The printer is no more."""
        self._store.post(DeleteRecord(RECORD, printer.name))

    async def _changed(self, printer: Printer) -> None:
        printer.control_changed()
        self._queues[printer.name].wake()
        await self._store.commit(self._record(printer))

    @staticmethod
    def _record(printer: Printer) -> SaveRecord:
        return SaveRecord(RECORD, printer.name, encode_control(printer.control))

    # --- printing ---------------------------------------------------------------------------------------------------

    async def pause(self, printer: Printer) -> None:
        """Pause-Printer, RFC 8011 §4.2.7: what prints stops as soon as it can, and nothing begins."""
        printer.control.paused, printer.control.pausing = True, False
        self._queues[printer.name].interrupt()
        await self._changed(printer)

    async def pause_after_current_job(self, printer: Printer) -> None:
        """Pause-Printer-After-Current-Job, RFC 3998 §3.2.1."""
        _let_finish(printer)
        await self._changed(printer)

    async def resume(self, printer: Printer) -> None:
        """Resume-Printer, RFC 8011 §4.2.8."""
        printer.control.paused = printer.control.pausing = False
        await self._changed(printer)

    def rests(self, printer: Printer) -> None:
        """`printer` has no job in print now: what waited for that happens."""
        if printer.control.pausing:
            printer.control.pausing, printer.control.paused = False, True
            printer.control_changed()
            self._store.post(self._record(printer))
        if printer.control.shut_down and printer.name in self._queues:
            self._queues[printer.name].let_go()

    # --- jobs -------------------------------------------------------------------------------------------------------

    async def enable(self, printer: Printer) -> None:
        """Enable-Printer, RFC 3998 §3.1.2."""
        printer.control.accepting = True
        await self._changed(printer)

    async def disable(self, printer: Printer) -> None:
        """Disable-Printer, RFC 3998 §3.1.1: no new jobs; those that are here print."""
        printer.control.accepting = False
        await self._changed(printer)

    async def hold_new_jobs(self, printer: Printer) -> None:
        """Hold-New-Jobs, RFC 3998 §3.3.1: jobs that are here already are not held."""
        printer.control.holding_new_jobs = True
        await self._changed(printer)

    async def release_held_new_jobs(self, printer: Printer) -> None:
        """Release-Held-New-Jobs, RFC 3998 §3.3.2: the jobs it held may print, unless something else holds them."""
        printer.control.holding_new_jobs = False
        for job in tuple(printer.active.values()):
            if job.held_on_create:
                job.held_on_create = False
                settle(job)
                self._release(printer, job)
        await self._changed(printer)

    # --- the printer as a whole -------------------------------------------------------------------------------------

    async def deactivate(self, printer: Printer) -> None:
        """Deactivate-Printer, RFC 3998 §3.4.1: it finishes its job, and answers questions only."""
        printer.control.deactivated, printer.control.accepting = True, False
        _let_finish(printer)
        await self._changed(printer)

    async def activate(self, printer: Printer) -> None:
        """Activate-Printer, RFC 3998 §3.4.2: enables and resumes it; one that is shut down stays so until Startup-Printer."""
        printer.control.deactivated = False
        if not printer.control.shut_down:
            _set_going(printer.control)
        await self._changed(printer)

    async def restart(self, printer: Printer) -> None:
        """Restart-Printer, RFC 3998 §3.5.1: as if switched off and on; what prints goes on from the page that was not confirmed.

        What its device has shown of itself is forgotten: a serial printer that is off meanwhile is taken for one that does not answer.
        """
        was_shut_down = printer.control.shut_down
        printer.control.deactivated = printer.control.shut_down = False
        _set_going(printer.control)
        self._queues[printer.name].restart(forgets=True)
        await self._changed(printer)
        if not was_shut_down:  # or it is told already
            self._news.restarted(printer)

    async def shut_down(self, printer: Printer) -> None:
        """Shutdown-Printer, RFC 3998 §3.5.2: it finishes its job and lets its device go."""
        printer.control.shut_down, printer.control.accepting = True, False
        _let_finish(printer)
        if printer.current is None:
            self._queues[printer.name].let_go()
        await self._changed(printer)

    async def start_up(self, printer: Printer) -> None:
        """Startup-Printer, RFC 3998 §3.5.3: undoes Shutdown-Printer; one that is up already goes on as it is."""
        if not printer.control.shut_down:
            return
        printer.control.shut_down = False
        if not printer.control.deactivated:
            _set_going(printer.control)
        self._queues[printer.name].restart(forgets=False)
        await self._changed(printer)

    async def message(self, printer: Printer, text: str) -> None:
        """``printer-message-from-operator``, RFC 8011 §5.4.25: for all to read."""
        control = printer.control
        control.message, control.message_at = text, self._clock.up_time()
        control.message_date = self._clock.date()
        await self._changed(printer)


def _let_finish(printer: Printer) -> None:
    """Pause after the current job; at once where there is none."""
    if printer.control.paused:
        return
    if printer.current is None:
        printer.control.paused = True
    else:
        printer.control.pausing = True


def _set_going(control: PrinterControl) -> None:
    """Take jobs and print them."""
    control.accepting = True
    control.paused = control.pausing = False
