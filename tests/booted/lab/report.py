"""What the booted test says: a log with times, as it goes, and a summary at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


class Patience:
    """How long things may take: limits are for a machine that does nothing else.

    Attributes:
        factor: Every limit is multiplied by it.
    """

    factor = 1.0

    @classmethod
    def of(cls, seconds: float) -> float:
        """A limit for this machine."""
        return seconds * cls.factor


class CheckError(Exception):
    """Something is not as it has to be; the text says what."""


@dataclass(slots=True)
class Report:
    """One guest's run.

    Attributes:
        title: Which guest.
        failures: What failed, and why.
        figures: What was measured.
    """

    title: str
    failures: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    passed: list[tuple[str, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _took_s: float = 0.0

    def say(self, text: str) -> None:
        """A line with the time since the start."""
        stamp = f"[{self.title} {time.monotonic() - self._began:6.1f} s]"
        for line in text.rstrip().splitlines() or [""]:
            print(stamp, line, flush=True)

    def figure(self, name: str, value: str) -> None:
        """A measurement, for the summary too."""
        self.figures[name] = value
        self.say(f"    {name}: {value}")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One thing that is tested; what it raises is written down, and the next one goes on.

        Raises:
            KeyboardInterrupt: The person at the keyboard ends it.
        """
        began = time.monotonic()
        self.say(f"=== {name}")
        try:
            yield
        except Exception as problem:  # noqa: BLE001 — whatever it is, it is this step's failure
            self.failures[name] = f"{type(problem).__name__}: {problem}"
            self.say(f"--- FAILED after {time.monotonic() - began:.1f} s: {self.failures[name]}")
        else:
            self.passed.append((name, time.monotonic() - began))
            self.say(f"--- good, {time.monotonic() - began:.1f} s")
        self._took_s += time.monotonic() - began

    def summary(self) -> str:
        """All of it as a table."""
        width = max((len(name) for name in [*dict(self.passed), *self.failures, *self.figures]), default=0)
        lines = [f"{self.title}: {self._took_s:.0f} s in all"]
        lines += [f"  good    {name:{width}} {seconds:7.1f} s" for name, seconds in self.passed]
        lines += [
            f"  FAILED  {name:{width}} {why.splitlines()[0][:160]}" for name, why in self.failures.items()
        ]
        lines += [f"  figure  {name:{width}} {value}" for name, value in self.figures.items()]
        return "\n".join(lines)


def check(truth: object, otherwise: str) -> None:
    """Fail with a sentence unless something is so.

    Raises:
        CheckError: It is not.
    """
    if not truth:
        raise CheckError(otherwise)
