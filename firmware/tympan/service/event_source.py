"""From changes to events: what is new about a job or a printer since it was last told (RFC 3995 §5.3.3.4).

Whoever changes something says here that there may be news. What is told is found by comparison with what was told
before, so nothing is told twice and nobody has to know what others have told. An event is the narrowest that holds:
who listens to ``job-state-changed`` hears of ``job-completed`` as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tympan.ipp.enums import DocumentState, JobState, PrinterState
from tympan.model.job import Job
from tympan.service.document_attributes import goes_once
from tympan.service.events import EventBus
from tympan.service.printer import Printer

_SHUT_DOWN = "shutdown"
"""The ``printer-state-reasons`` of a printer that is shut down, RFC 3998 §9.1."""


_DOCUMENT_EVENTS = {
    DocumentState.CANCELED: "document-completed",
    DocumentState.ABORTED: "document-completed",
    DocumentState.COMPLETED: "document-completed",
    DocumentState.PROCESSING_STOPPED: "document-stopped",
}
"""The event of a document that has come to a state, where there is a narrower one than that it has."""


class _DocumentNews(NamedTuple):
    state: DocumentState
    configuration: tuple[str, bytes]


class _JobNews(NamedTuple):
    state: JobState
    reasons: tuple[str, ...]
    impressions: int
    sheets: int
    configuration: tuple[str, bytes, str]
    order: tuple[int, tuple[int, int] | None]
    documents: dict[int, _DocumentNews]


class _PrinterNews(NamedTuple):
    state: PrinterState
    reasons: tuple[str, ...]
    accepting: bool


def _job_news(job: Job) -> _JobNews:
    return _JobNews(
        job.state,
        job.reasons,
        job.impressions_completed,
        job.media_sheets_completed,
        (job.name, job.template, job.operator_message),
        (job.priority, job.place),
        _document_news(job),
    )


def _document_news(job: Job) -> dict[int, _DocumentNews]:
    once = len(job.documents) == 1 or goes_once(job)
    return {
        document.number: _DocumentNews(
            job.document_state(document, once=once), (document.name, document.template)
        )
        for document in job.documents
    }


def _printer_news(printer: Printer) -> _PrinterNews:
    return _PrinterNews(printer.state, printer.reasons, printer.control.takes_jobs)


def system_state(printers: Mapping[str, Printer]) -> PrinterState:
    """``system-state``, PWG 5100.22 §7.3: processing where a printer is, stopped where all are."""
    states = {printer.state for printer in printers.values()}
    if PrinterState.PROCESSING in states:
        return PrinterState.PROCESSING
    return PrinterState.STOPPED if states == {PrinterState.STOPPED} else PrinterState.IDLE


def system_reasons(printers: Iterable[Printer]) -> tuple[str, ...]:
    """``system-state-reasons``: those of the printers together, ``none`` where there is nothing to say."""
    reasons = [reason for printer in printers for reason in printer.reasons if reason != "none"]
    return tuple(dict.fromkeys(reasons or ["none"]))


class EventSource:
    """Finds out what is new and tells it.

    Args:
        bus: Where events are told.
        printers: Every printer by name.
    """

    def __init__(self, bus: EventBus, printers: Mapping[str, Printer]) -> None:
        self._bus = bus
        self._printers = printers
        self._jobs: dict[int, _JobNews] = {}
        self._told: dict[str, _PrinterNews] = {}
        self._system: PrinterState | None = None

    # --- the start --------------------------------------------------------------------------------------------------

    def remember_job(self, job: Job) -> None:
        """Take what `job` is now for told: it was so before the last stop."""
        self._jobs[job.job_id] = _job_news(job)

    def brought_back(self) -> None:
        """Printers and jobs are as they go on after the start: tell that, and hear of the printers from now on."""
        for name, printer in self._printers.items():
            self._told[name] = _printer_news(printer)
            printer.on_change = self.printer_changed
        self._system = system_state(self._printers)
        self.restarted()
        for printer in self._printers.values():
            for job in printer.active.values():
                self.job_changed(printer, job)

    # --- jobs -------------------------------------------------------------------------------------------------------

    def job_changed(self, printer: Printer, job: Job) -> None:
        """There may be news of `job`; one that was not heard of before was created (or restarted)."""
        news = _job_news(job)
        told = self._jobs.get(job.job_id)
        if told is None:
            if job.is_terminal:  # it was told when it ended
                return
            self._jobs[job.job_id] = news
            self._bus.emit("job-created", printer, job)
            self._documents_changed(printer, job, {}, news.documents)
            return
        if told == news:
            return
        if job.is_terminal:
            del self._jobs[job.job_id]
        else:
            self._jobs[job.job_id] = news
        if told.configuration != news.configuration:
            self._bus.emit("job-config-changed", printer, job)
        if told.order != news.order and not job.is_terminal:
            self._bus.emit("printer-queue-order-changed", printer)
        if news.impressions > told.impressions or news.sheets > told.sheets:
            self._bus.emit("job-progress", printer, job)
        self._documents_changed(printer, job, told.documents, news.documents)
        if (told.state, told.reasons) != (news.state, news.reasons):
            self._bus.emit(_job_event(told, news, terminal=job.is_terminal), printer, job)

    def _documents_changed(
        self, printer: Printer, job: Job, told: dict[int, _DocumentNews], news: dict[int, _DocumentNews]
    ) -> None:
        if told == news:
            return
        for document in job.documents:
            before, now = told.get(document.number), news[document.number]
            if before is None:
                self._bus.emit("document-created", printer, job, document)
                continue
            if before.configuration != now.configuration:
                self._bus.emit("document-config-changed", printer, job, document)
            if before.state != now.state:
                event = _DOCUMENT_EVENTS.get(now.state, "document-state-changed")
                self._bus.emit(event, printer, job, document)

    # --- printers and the system ------------------------------------------------------------------------------------

    def printer_changed(self, printer: Printer) -> None:
        """There may be news of `printer`'s state."""
        news = _printer_news(printer)
        told = self._told.get(printer.name)
        if told == news or printer.name not in self._printers:
            return
        self._told[printer.name] = news
        if told is not None:
            self._bus.emit(_printer_event(told, news), printer)
        self._system_changed()

    def printer_configured(self, printer: Printer, *, media: bool = False) -> None:
        """`printer` has other attributes than before; `media`: what is loaded is what changed."""
        self._bus.emit("printer-media-changed" if media else "printer-config-changed", printer)

    def printer_created(self, printer: Printer) -> None:
        """`printer` is there now, and is heard of."""
        self._told[printer.name] = _printer_news(printer)
        printer.on_change = self.printer_changed
        self._bus.emit("printer-created", printer)
        self._system_changed()

    def printer_deleted(self, printer: Printer) -> None:
        """`printer` is not there any more."""
        self._told.pop(printer.name, None)
        self._bus.emit("printer-deleted", printer)
        self._system_changed()

    def restarted(self, printer: Printer | None = None) -> None:
        """`printer`, or the whole system, has started anew."""
        if printer is not None:
            self._bus.emit("printer-restarted", printer)
            return
        for each in self._printers.values():
            self._bus.emit("printer-restarted", each)
        self._bus.emit("system-restarted")

    def shutting_down(self) -> None:
        """The whole system stops."""
        for each in self._printers.values():
            self._bus.emit("printer-shutdown", each)
        self._bus.emit("system-shutdown")

    def system_configured(self) -> None:
        """The system has other attributes than before."""
        self._bus.emit("system-config-changed")

    def _system_changed(self) -> None:
        state = system_state(self._printers)
        if state != self._system:
            self._system = state
            self._bus.emit("system-stopped" if state == PrinterState.STOPPED else "system-state-changed")


def _job_event(told: _JobNews, news: _JobNews, *, terminal: bool) -> str:
    if terminal:
        return "job-completed"
    stopped = news.state == JobState.PROCESSING_STOPPED and told.state != news.state
    return "job-stopped" if stopped else "job-state-changed"


def _printer_event(told: _PrinterNews, news: _PrinterNews) -> str:
    if _SHUT_DOWN in news.reasons and _SHUT_DOWN not in told.reasons:
        return "printer-shutdown"
    if _SHUT_DOWN in told.reasons and _SHUT_DOWN not in news.reasons:
        return "printer-restarted"
    stopped = news.state == PrinterState.STOPPED and told.state != news.state
    return "printer-stopped" if stopped else "printer-state-changed"
