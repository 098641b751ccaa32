"""A PIN by taps: as many taps as the digit, ten for 0; a pause ends a digit, a longer one the PIN. It has no clock."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

TAPS_OF_ZERO: Final = 10

MAX_DIGITS: Final = 32
"""Nobody taps a longer one; what comes after is thrown away with the rest."""


class Entry(enum.Enum):
    """What has come of it."""

    DIGIT = "digit"
    """A digit is complete."""
    PIN = "pin"
    """All of it is; `Entered.digits` has it."""
    BROKEN = "broken"
    """It is no PIN: too many taps for a digit, or too many digits."""


class Entered(NamedTuple):
    """What has come of taps.

    Attributes:
        entry: What.
        digits: The PIN.
    """

    entry: Entry
    digits: str = ""


class PinEntry:
    """The PIN that somebody is tapping.

    Args:
        digit_pause_s: Time without a tap that ends a digit.
        pin_pause_s: Time without a tap that ends the PIN; longer than `digit_pause_s`.
    """

    def __init__(self, digit_pause_s: float, pin_pause_s: float) -> None:
        self._digit_pause_s = digit_pause_s
        self._pin_pause_s = pin_pause_s
        self._taps = 0
        self._digits = ""
        self._touched_at = 0.0

    @property
    def is_under_way(self) -> bool:
        """Somebody has begun."""
        return bool(self._taps or self._digits)

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to tell next."""
        if self._taps:
            return self._touched_at + self._digit_pause_s
        return self._touched_at + self._pin_pause_s if self._digits else None

    def tap(self, now_s: float) -> None:
        """One tap."""
        self._taps += 1
        self._touched_at = now_s

    def touched(self, now_s: float) -> None:
        """The button is down: neither digit nor PIN ends while it is."""
        if self.is_under_way:
            self._touched_at = now_s

    def drop(self) -> None:
        """Forget what was entered."""
        self._taps, self._digits = 0, ""

    def advance(self, now_s: float) -> list[Entered]:
        """It is `now_s` now: what has come about since, in order."""
        told: list[Entered] = []
        while (due_s := self.due_s) is not None and due_s <= now_s:
            told.append(self._come_to())
        return told

    def _come_to(self) -> Entered:
        if not self._taps:
            digits = self._digits
            self.drop()
            return Entered(Entry.PIN, digits)
        if self._taps > TAPS_OF_ZERO or len(self._digits) >= MAX_DIGITS:
            self.drop()
            return Entered(Entry.BROKEN)
        self._digits += str(self._taps % TAPS_OF_ZERO)
        self._taps = 0
        return Entered(Entry.DIGIT)
