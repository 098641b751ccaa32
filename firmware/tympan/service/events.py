"""Events: what happens to jobs and printers, told to whoever listens (RFC 3995 §5.3.3).

It owns the list of listeners and the names of events. Emitting never blocks and never fails: a listener that raises is
logged and the others hear all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.printer import Printer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        keyword: The ``notify-events`` keyword, such as ``job-completed``.
        printer: The printer it happened on; None: it is the system's.
        job: The job it happened to; None: it is the printer's.
        document: The document of the job it happened to; None: it is the job's.
    """

    keyword: str
    printer: Printer | None = None
    job: Job | None = None
    document: Document | None = None


Listener = Callable[[Event], None]


class EventBus:
    """Tells events to listeners, on the event loop."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` every event from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(
        self,
        keyword: str,
        printer: Printer | None = None,
        job: Job | None = None,
        document: Document | None = None,
    ) -> None:
        """Tell an event."""
        event = Event(keyword, printer, job, document)
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 — what one listener does with it is no matter to the others
                _log.exception("nobody could be told of %s", keyword)
