"""What the panel sees of the service, and what pressing a button does to it. Whoever can touch the panel may do that."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from tympan.errors import TympanError
from tympan.ipp.enums import JobState, PrinterState
from tympan.model.job import Job
from tympan.panel.machine import Action, Order
from tympan.panel.situation import PrinterView
from tympan.service.configuration_page import print_configuration_page
from tympan.service.holding import STOPPING
from tympan.service.own_document import print_own
from tympan.service.printer import Printer

if TYPE_CHECKING:
    from tympan.service.service import Service

CANCELED_AT_DEVICE: Final = "job-canceled-at-device"

_log = logging.getLogger(__name__)


class PanelActions:
    """The service as the panel has it.

    Args:
        service: The service.
        printer: The printer that the panel is about; empty: all.
    """

    def __init__(self, service: Service, printer: str) -> None:
        self._service = service
        self._printer = printer
        self._feeds: dict[tuple[str, str], bytes] = {}

    def concerns(self, printer: Printer) -> bool:
        """Whether the panel is about `printer`."""
        return not self._printer or printer.name == self._printer

    @property
    def printers(self) -> list[Printer]:
        """The printers that the panel is about, the default one first."""
        found = [printer for printer in self._service.printers.values() if self.concerns(printer)]
        return sorted(found, key=lambda printer: not printer.is_default)

    @property
    def main(self) -> Printer | None:
        """The printer whose paper is fed and watched, and that prints the panel's page."""
        return next(iter(self.printers), None)

    def views(self, *, jobs: bool, before: tuple[PrinterView, ...] = ()) -> tuple[PrinterView, ...]:
        """The printers as the panel sees them.

        Args:
            jobs: Look through the jobs that wait, however many there are; otherwise what is waited for is as it was.
            before: What was seen last.
        """
        known = {view.name: view for view in before}
        return tuple(self._view(printer, known.get(printer.name), jobs=jobs) for printer in self.printers)

    def _view(self, printer: Printer, before: PrinterView | None, *, jobs: bool) -> PrinterView:
        held = pins = 0
        if jobs:
            held = sum(_may_be_released(job) for job in printer.active.values())
            pins = sum(job.waits_for_password for job in printer.active.values())
        elif before is not None:
            held, pins = before.held, before.pins
        control = printer.control
        return PrinterView(
            printer.name,
            printer.reasons,
            device_stopped=printer.condition.stopped,
            paused=control.paused or control.deactivated or control.shut_down,
            job=printer.current is not None,
            printing=printer.state == PrinterState.PROCESSING,
            held=held,
            pins=pins,
            feeds=control.prints
            and control.takes_jobs
            and not printer.condition.stopped
            and bool(self._feed(printer)),
        )

    def _feed(self, printer: Printer) -> bytes:
        key = (type(printer.driver).name, printer.profile)
        if key not in self._feeds:
            self._feeds[key] = printer.driver.feed(printer.profile)
        return self._feeds[key]

    # --- orders -----------------------------------------------------------------------------------------------------

    async def carry_out(self, order: Order) -> bool:
        """Do what somebody wants; whether it could be done."""
        try:
            return await self._carried_out(order)
        except TympanError as error:
            _log.info("panel: %s: %s", order.action.value, error)
            return False

    async def _carried_out(self, order: Order) -> bool:
        carry_out: Callable[[], Awaitable[bool]] = {
            Action.CANCEL: lambda: self._cancel(order.printer),
            Action.RESUME: lambda: self._resume(order.printer),
            Action.RELEASE: self._release,
            Action.RELEASE_PIN: lambda: self._release_with_pin(order.pin),
            Action.FEED: self._feed_paper,
            Action.PAGE: self._print_page,
            Action.RESET: self._reset,
        }[order.action]
        return await carry_out()

    async def _print_page(self) -> bool:
        printer = self.main
        return printer is not None and await print_configuration_page(self._service, printer)

    async def _reset(self) -> bool:
        await self._service.factory_reset.begin()
        return True

    async def _cancel(self, shown: str) -> bool:
        """Cancel the job that prints, or has stopped on its way: that of the printer that is shown first."""
        for printer in sorted(self.printers, key=lambda printer: printer.name != shown):
            job = printer.current
            if job is not None and not job.is_terminal and STOPPING not in job.reasons:
                _log.info("panel: job %d is canceled", job.job_id)
                self._service.jobs.cancel(printer, job, CANCELED_AT_DEVICE)
                return True
        return False

    async def _resume(self, shown: str) -> bool:
        """Resume the printer that is shown, where it is paused; who took it out of service puts it back."""
        for printer in sorted(self.printers, key=lambda printer: printer.name != shown):
            control = printer.control
            if control.paused and not (control.deactivated or control.shut_down):
                _log.info("panel: printer %s is resumed", printer.name)
                await self._service.controls.resume(printer)
                return True
        return False

    async def _release(self) -> bool:
        """Release the jobs that wait for nothing else than that."""
        found = [
            (printer, job)
            for printer in self.printers
            for job in tuple(printer.active.in_order())
            if _may_be_released(job)
        ]
        for printer, job in found:
            _log.info("panel: job %d is released", job.job_id)
            await self._service.job_control.release(printer, job)
        return bool(found)

    async def _release_with_pin(self, pin: str) -> bool:
        """Release the jobs that wait for `pin`; each printer counts wrong ones for itself."""
        released: list[Job] = []
        for printer in self.printers:
            if any(job.waits_for_password for job in printer.active.values()):
                released += await self._service.job_control.release_with_password(printer, pin)
        for job in released:
            _log.info("panel: job %d is released by its PIN", job.job_id)
        return bool(released)

    async def _feed_paper(self) -> bool:
        for printer in self.printers:
            feed = self._feed(printer)
            if (
                feed
                and printer.control.takes_jobs
                and printer.control.prints
                and not printer.condition.stopped
            ):
                native = printer.capabilities.native_formats[0]
                await print_own(self._service, printer, "Paper feed", native, feed)
                return True
        return False


def _may_be_released(job: Job) -> bool:
    """Whether `job` waits for somebody to release it: not for a time, a password, or documents that are on their way."""
    return (
        job.state == JobState.PENDING_HELD
        and not job.waits_for_password
        and not job.incoming
        and (job.hold_until == "indefinite" or job.held_on_create or job.awaits_review)
    )
