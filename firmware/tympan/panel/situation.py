"""What is to be shown: how the printers are, made into one word, one code and one printer."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tympan.model.blink_codes import BLINK_CODES, BlinkCode, worst_code


class Kind(enum.IntEnum):
    """How it stands; what is worse comes later."""

    OFF = 0
    """The service has stopped."""
    STARTING = 1
    """It is not known yet."""
    READY = 2
    PAUSED = 3
    """An operator has paused the printer, or taken it out of service."""
    PRINTING = 4
    ATTENTION = 5
    """A person is needed, or the printer is away."""


@dataclass(frozen=True, slots=True)
class PrinterView:
    """What the panel sees of a printer.

    Attributes:
        name: Its name.
        reasons: ``printer-state-reasons``.
        device_stopped: Its device cannot print now.
        paused: It prints nothing because somebody wants that.
        job: A job is printing, or has stopped on its way.
        printing: A job is printing.
        held: Jobs that wait to be released.
        pins: Jobs that wait for a password.
        feeds: It can be told to feed paper.
    """

    name: str
    reasons: tuple[str, ...] = ()
    device_stopped: bool = False
    paused: bool = False
    job: bool = False
    printing: bool = False
    held: int = 0
    pins: int = 0
    feeds: bool = False

    @property
    def code(self) -> BlinkCode | None:
        """What is wrong with it."""
        return worst_code(self.reasons)

    @property
    def kind(self) -> Kind:
        """How it stands."""
        if self.device_stopped or any(reason in NEEDS_A_PERSON for reason in self.reasons):
            return Kind.ATTENTION
        if self.printing:
            return Kind.PRINTING
        return Kind.PAUSED if self.paused else Kind.READY


NEEDS_A_PERSON: Final = frozenset({"media-needed"})
"""``printer-state-reasons`` for which a printer waits without having stopped."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is to be shown, and what pressing a button is about.

    Attributes:
        kind: How the worst printer stands.
        printer: Its name; empty where there is none.
        tap: How the printer stands that a tap is about: the worst, or, where those that need a person have no job, the worst of the others.
        tap_printer: Its name.
        code: What is wrong with it, or what runs low with any.
        job: It has a job that prints or has stopped.
        any_job: Some printer has one.
        held: Jobs of any printer wait to be released.
        pins: Jobs of any printer wait for a password.
        feeds: Paper can be fed.
    """

    kind: Kind
    printer: str = ""
    tap: Kind = Kind.READY
    tap_printer: str = ""
    code: BlinkCode | None = None
    job: bool = False
    any_job: bool = False
    held: bool = False
    pins: bool = False
    feeds: bool = False


OFF: Final = Situation(Kind.OFF)
STARTING: Final = Situation(Kind.STARTING)


def situation_of(printers: Sequence[PrinterView]) -> Situation:
    """All printers together: the worst is shown; of equal ones the one with the first code, then the first in the list."""
    if not printers:
        return Situation(Kind.READY)
    worst = _worst(printers)
    calm = [each for each in printers if each.kind < Kind.ATTENTION]
    waits = any(each.job for each in printers if each.kind is Kind.ATTENTION)
    about = _worst(calm) if calm and not waits else worst
    code = worst.code
    if worst.kind < Kind.ATTENTION:  # what runs low anywhere is worth a word
        code = min((each.code for each in printers), key=_rank, default=None)
    return Situation(
        worst.kind,
        worst.name,
        about.kind,
        about.name,
        code,
        job=worst.job,
        any_job=any(each.job for each in printers),
        held=any(each.held for each in printers),
        pins=any(each.pins for each in printers),
        feeds=any(each.feeds for each in printers),
    )


def _worst(printers: Sequence[PrinterView]) -> PrinterView:
    return min(printers, key=lambda each: (-each.kind, _rank(each.code)))


def _rank(code: BlinkCode | None) -> int:
    return len(BLINK_CODES) if code is None else BLINK_CODES.index(code)
