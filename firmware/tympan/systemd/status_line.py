"""The line that ``systemctl status tympan`` shows: which printers there are, and who needs somebody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from tympan.ipp.enums import PrinterState
from tympan.service.strings import localized

MAX_NAMED: Final = 4
"""Up to so many printers are all named; of more, those that are idle are only counted."""

MAX_LENGTH: Final = 300

NO_PRINTER: Final = "no printer yet: plug one in, or describe it in the configuration"


class Shown(Protocol):
    """What is shown of a printer."""

    @property
    def name(self) -> str:
        """``printer-name``."""
        ...

    @property
    def state(self) -> PrinterState:
        """``printer-state``."""
        ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """``printer-state-reasons``."""
        ...


def status_line(printers: Collection[Shown], note: str = "") -> str:
    """``2 printers: receipt idle, laser stopped: out of paper``.

    Args:
        printers: Every printer, in order.
        note: What else there is to say of the service.
    """
    if printers:
        count = len(printers)
        line = f"{count} {'printer' if count == 1 else 'printers'}: {_all_of(printers)}"
    else:
        line = NO_PRINTER
    if note:
        line = f"{line}; {note}"
    return line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH - 1]}…"


def _all_of(printers: Collection[Shown]) -> str:
    # Who waits for a person comes first: the line may be cut.
    in_order = sorted(printers, key=lambda printer: printer.state != PrinterState.STOPPED)
    if len(printers) <= MAX_NAMED:
        return ", ".join(map(_one, printers))
    named = [_one(printer) for printer in in_order if not _is_quiet(printer)]
    quiet = sum(map(_is_quiet, printers))
    if quiet:
        named.append(f"{quiet} idle")
    return ", ".join(named)


def _is_quiet(printer: Shown) -> bool:
    return printer.state == PrinterState.IDLE and not reasons_in_words(printer.reasons)


def _one(printer: Shown) -> str:
    words = f"{printer.name} {_STATES[printer.state]}"
    reasons = reasons_in_words(printer.reasons)
    return f"{words}: {reasons}" if reasons else words


_STATES: Final = {
    PrinterState.IDLE: "idle",
    PrinterState.PROCESSING: "printing",
    PrinterState.STOPPED: "stopped",
}


def reasons_in_words(reasons: Sequence[str]) -> str:
    """``printer-state-reasons`` as people say them; empty where there are none."""
    words = (localized(f"printer-state-reasons.{reason}") for reason in reasons if reason != "none")
    return " and ".join(word[:1].lower() + word[1:].rstrip(".") for word in words)
