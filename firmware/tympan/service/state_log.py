"""The log of how printers are: a line when one stops, warns of something or is well again, and none for every job.

A device that flutters (a bad cable, a cover that does not close) must not flood the log: after some lines within a minute a minute
passes, and then comes one line on how it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tympan.ipp.enums import PrinterState
from tympan.service.events import Event
from tympan.service.printer import Printer
from tympan.service.strings import localized

MAX_LINES: Final = 6
WINDOW_S: Final = 60.0
"""The most lines on one printer within this time."""

_log = logging.getLogger(__name__)


class _State(NamedTuple):
    stopped: bool = False
    reasons: tuple[str, ...] = ()
    message: str = ""


@dataclass(slots=True)
class _Told:
    """What was told of a printer.

    Attributes:
        now: How it is.
        lines: When that was said within the last time.
        unsaid: How many changes were kept back.
    """

    now: _State = field(default_factory=_State)
    lines: list[float] = field(default_factory=list)
    unsaid: int = 0


class StateLog:
    """Writes the log; a listener of the `EventBus`.

    Args:
        clock: Monotonic time, seconds; None: the event loop's.
        later: Calls something after so many seconds; None: the event loop does.
    """

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        self._clock = clock or _loop_time
        self._later = later or _on_loop
        self._told: dict[str, _Told] = {}

    def hear(self, event: Event) -> None:
        """Something happened."""
        printer = event.printer
        if printer is None or event.job is not None:
            return
        if event.keyword == "printer-deleted":
            self._told.pop(printer.name, None)
        else:
            self._look_at(printer)

    def _look_at(self, printer: Printer) -> None:
        reasons = tuple(reason for reason in printer.reasons if reason != "none")
        state = _State(printer.state == PrinterState.STOPPED, reasons, printer.message if reasons else "")
        told = self._told.setdefault(printer.name, _Told())
        if state == told.now:
            return
        told.now = state
        now = self._clock()
        told.lines = [at for at in told.lines if now - at < WINDOW_S]
        if not told.unsaid and len(told.lines) < MAX_LINES:
            told.lines.append(now)
            self._write(printer.name, told)
            return
        if not told.unsaid:
            self._later(WINDOW_S, lambda: self._catch_up(printer.name, told))
        told.unsaid += 1

    def _catch_up(self, name: str, told: _Told) -> None:
        if self._told.get(name) is not told:
            return
        _log.warning(
            "printer %s has changed %d times within a minute; what follows is how it is now",
            name,
            told.unsaid,
        )
        told.unsaid = 0
        told.lines = [self._clock()]
        self._write(name, told)

    @staticmethod
    def _write(name: str, told: _Told) -> None:
        state = told.now
        if not state.reasons and not state.stopped:
            _log.info("printer %s is well", name)
            return
        said = state.message or " ".join(
            localized(f"printer-state-reasons.{reason}") for reason in state.reasons
        )
        verb = "stopped" if state.stopped else "says"
        _log.warning("printer %s %s: %s [%s]", name, verb, said, ", ".join(state.reasons))


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _on_loop(delay_s: float, function: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, function)
