"""Patterns: what a light or a buzzer does over time.

A pattern is a table of steps. It has no clock: whoever asks says how long it has been running, in seconds.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

FOREVER: Final = math.inf


class Step(NamedTuple):
    """One step of a pattern.

    Attributes:
        on: Whether it is on.
        length_s: How long, seconds.
    """

    on: bool
    length_s: float


class Now(NamedTuple):
    """What a pattern is at a moment.

    Attributes:
        on: Whether it is on.
        left_s: How long that lasts; `FOREVER` where nothing comes after it.
    """

    on: bool
    left_s: float


class Pattern(NamedTuple):
    """Steps one after the other.

    Attributes:
        steps: Them.
        repeats: Begins anew after the last; otherwise it is off then.
    """

    steps: tuple[Step, ...]
    repeats: bool = True

    @property
    def length_s(self) -> float:
        """How long it takes once."""
        return sum(step.length_s for step in self.steps)

    def at(self, elapsed_s: float) -> Now:
        """What it is after it has been running for `elapsed_s`."""
        if len(self.steps) == 1 and self.repeats:
            return Now(self.steps[0].on, FOREVER)
        total = self.length_s
        if elapsed_s >= total and not self.repeats:
            return Now(on=False, left_s=FOREVER)
        elapsed_s = max(elapsed_s, 0.0) % total
        for step in self.steps:
            if elapsed_s < step.length_s:
                return Now(step.on, step.length_s - elapsed_s)
            elapsed_s -= step.length_s
        return Now(self.steps[0].on, self.steps[0].length_s)  # rounding brought it to the very end


ON: Final = Pattern((Step(on=True, length_s=1.0),))
OFF: Final = Pattern((Step(on=False, length_s=1.0),))

SLOW_S: Final = 2.0
FAST_S: Final = 0.25
"""How long a blink takes: on for a half of it, off for the other."""

CODE_ON_S: Final = 0.25
CODE_OFF_S: Final = 0.25
CODE_PAUSE_S: Final = 1.5
"""Blinks that are counted, and the pause after them, in place of the last one's time off."""

WINK_S: Final = 0.15
WINK_PAUSE_S: Final = 3.0

ATTENTION_S: Final = 1.0
"""How long a light that has to say both blinks fast before it blinks a code."""


def blink(period_s: float) -> Pattern:
    """On and off for half of `period_s` each."""
    return Pattern((Step(on=True, length_s=period_s / 2), Step(on=False, length_s=period_s / 2)))


SLOW: Final = blink(SLOW_S)
FAST: Final = blink(FAST_S)

BEAT: Final = Pattern((Step(on=True, length_s=0.1), Step(on=False, length_s=1.9)))
"""A short flash now and then."""


def counted(times: int, pause_s: float = CODE_PAUSE_S) -> Pattern:
    """`times` blinks and a pause."""
    steps: list[Step] = []
    for _ in range(times):
        steps += (Step(on=True, length_s=CODE_ON_S), Step(on=False, length_s=CODE_OFF_S))
    steps[-1] = Step(on=False, length_s=pause_s)
    return Pattern(tuple(steps))


def winks(times: int) -> Pattern:
    """On, but for `times` short winks now and then."""
    steps: list[Step] = []
    for _ in range(times):
        steps += (Step(on=False, length_s=WINK_S), Step(on=True, length_s=CODE_OFF_S))
    steps[-1] = Step(on=True, length_s=WINK_PAUSE_S)
    return Pattern(tuple(steps))


def attention(times: int) -> Pattern:
    """Fast blinking, a pause, `times` blinks and a pause: for a light that stands alone."""
    rounds = round(ATTENTION_S / FAST_S)
    hurry = FAST.steps * rounds
    rest = Step(on=False, length_s=hurry[-1].length_s + CODE_PAUSE_S / 2)
    return Pattern((*hurry[:-1], rest, *counted(times).steps))


def countdown(length_s: float, warning_s: float) -> Pattern:
    """The last `warning_s` of `length_s`, once: a blink in the first second, two in the next, and so on."""
    seconds = max(1, round(warning_s))
    steps: list[Step] = []
    if length_s > seconds:
        steps.append(Step(on=False, length_s=length_s - seconds))
    for number in range(1, seconds + 1):
        half_s = 1.0 / (2 * number)
        steps += (Step(on=True, length_s=half_s), Step(on=False, length_s=half_s)) * number
    return Pattern(tuple(steps), repeats=False)


def beeps(times: int, on_s: float = 0.08, off_s: float = 0.12) -> Pattern:
    """`times` short sounds, once."""
    return Pattern((Step(on=True, length_s=on_s), Step(on=False, length_s=off_s)) * times, repeats=False)


ACCEPTED: Final = beeps(2)
"""What was pressed is done: two short ones, of light as of sound."""

REFUSED: Final = Pattern((Step(on=True, length_s=0.6), Step(on=False, length_s=0.2)), repeats=False)
"""It cannot be done now: a long one."""

CLICK: Final = beeps(1, 0.03, 0.05)
"""It was heard."""
