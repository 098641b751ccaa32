"""A button: from edges of a contact to taps and holds. It has no clock: each call says what time it is, in seconds.

1. A change counts at once; what follows within the chatter's time counts when that is over, and only where it lasts.
2. A press that ends before it is a hold is a tap. Taps with short gaps between them belong together and are counted.
3. A press that lasts is a hold, and later a long hold; each is told when it is reached, and again how long it was at its end.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple


class Gesture(enum.Enum):
    """What somebody did."""

    PRESSED = "pressed"
    TAP = "tap"
    """Let go again before it was a hold; `Gestured.taps` is how many that makes."""
    TAPS_ENDED = "taps-ended"
    """No further tap came; `Gestured.taps` is how many there were."""
    HOLD = "hold"
    """It has been held long enough, and still is."""
    LONG_HOLD = "long-hold"
    RELEASED = "released"
    """Let go after a hold; `Gestured.held_s` is how long it was."""


class Gestured(NamedTuple):
    """A gesture and when it was.

    Attributes:
        gesture: What.
        at_s: When.
        taps: How many taps.
        held_s: How long the button was held.
    """

    gesture: Gesture
    at_s: float
    taps: int = 0
    held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long things take, seconds.

    Attributes:
        chatter_s: A contact may bounce for so long.
        gap_s: Between taps that belong together.
        hold_s: From when on a press is a hold.
        long_hold_s: From when on it is a long one.
    """

    chatter_s: float = 0.025
    gap_s: float = 0.4
    hold_s: float = 3.0
    long_hold_s: float = 10.0


NEVER: Final = None


class Button:
    """One button.

    Args:
        times: How long things take.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._contact = False
        self._down = False
        self._changed_at: float | None = None
        self._pressed_at = 0.0
        self._reached: Gesture | None = None
        self._taps = 0
        self._tapped_at = 0.0

    @property
    def down(self) -> bool:
        """It is pressed."""
        return self._down

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to tell next; None: when an edge comes."""
        moments = []
        if self._contact != self._down and self._changed_at is not None:
            moments.append(self._changed_at + self._times.chatter_s)
        if self._down:
            if self._reached is None:
                moments.append(self._pressed_at + self._times.hold_s)
            elif self._reached is Gesture.HOLD:
                moments.append(self._pressed_at + self._times.long_hold_s)
        elif self._taps:
            moments.append(self._tapped_at + self._times.gap_s)
        return min(moments, default=NEVER)

    def edge(self, now_s: float, *, down: bool) -> list[Gestured]:
        """The contact opened or closed."""
        told = self.advance(now_s)
        self._contact = down
        if self._changed_at is None or now_s >= self._changed_at + self._times.chatter_s:
            told += self._settle(now_s)
        return told

    def advance(self, now_s: float) -> list[Gestured]:
        """It is `now_s` now: what has come about since, in order."""
        told: list[Gestured] = []
        while (due_s := self.due_s) is not None and due_s <= now_s:
            told += self._come_to(due_s)
        return told

    def _come_to(self, due_s: float) -> list[Gestured]:
        """What is due at `due_s`."""
        if (
            self._contact != self._down
            and self._changed_at is not None
            and due_s >= self._changed_at + self._times.chatter_s
        ):
            return self._settle(due_s)
        if self._down:
            self._reached = Gesture.HOLD if self._reached is None else Gesture.LONG_HOLD
            self._taps = 0
            return [Gestured(self._reached, due_s, held_s=due_s - self._pressed_at)]
        count, self._taps = self._taps, 0
        return [Gestured(Gesture.TAPS_ENDED, due_s, count)]

    def _settle(self, now_s: float) -> list[Gestured]:
        """The contact is taken for what it is."""
        if self._contact == self._down:
            return []
        self._down, self._changed_at = self._contact, now_s
        if self._down:
            self._pressed_at, self._reached = now_s, None
            return [Gestured(Gesture.PRESSED, now_s)]
        if self._reached is not None:
            return [Gestured(Gesture.RELEASED, now_s, held_s=now_s - self._pressed_at)]
        self._taps += 1
        self._tapped_at = now_s
        return [Gestured(Gesture.TAP, now_s, self._taps)]
