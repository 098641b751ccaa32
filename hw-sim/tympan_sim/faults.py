"""What can go wrong with a simulated printer, as a table, and the script that makes it happen.

Owns the faults' names, what their values mean, when a scripted one is due, and the record of what happened when. What a
fault does is the printer's (:mod:`tympan_sim.printer`), the cable's (:mod:`tympan_sim.cable`) and the back channel's
(:mod:`tympan_sim.back_channel`).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

HISTORY_MAX = 100
"""Faults of the past that are remembered."""

COUNT_MAX = 10_000_000
SECONDS_MAX = 3600.0

ValueKind = Literal["switch", "factor", "bytes", "limit", "seconds"]
"""``switch``: on or off. ``factor``: on the speed, above 0 to 1. ``bytes``: so many, then it ends by itself. ``limit``: so many
bytes at a time. ``seconds``: of delay."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault.

    Attributes:
        what: For people: what it is.
        value: What its value means.
        default: The value of ``on``.
        blocks: The mechanism stands still while it lasts.
    """

    what: str
    value: ValueKind = "switch"
    default: float = 1.0
    blocks: bool = False

    @property
    def off(self) -> float:
        """The value that ends it."""
        return 1.0 if self.value == "factor" else 0.0

    def accepts(self, value: float) -> bool:
        """Whether it can have this value."""
        if self.value == "switch":
            return value in {0.0, 1.0}
        if self.value == "factor":
            return 0 < value <= 1
        if self.value == "seconds":
            return 0 <= value <= SECONDS_MAX
        return 0 <= value <= COUNT_MAX and value == int(value)


FAULTS: Mapping[str, FaultKind] = {
    "paper-out": FaultKind("the roll or the tray is empty; off: a fresh one", blocks=True),
    "paper-near-end": FaultKind("the near-end sensor switched"),
    "cover": FaultKind("the cover is open", blocks=True),
    "offline": FaultKind("taken off line at its panel", blocks=True),
    "cutter": FaultKind("the cutter jams at the next cut"),
    "overheat": FaultKind("the head is too hot: it pauses", blocks=True),
    "power-off": FaultKind("switched off: buffer, modes and the page in work are lost", blocks=True),
    "unplug": FaultKind("the cable is out; the printer goes on with what it has"),
    "stall": FaultKind(
        "its controller hangs: it takes nothing, answers nothing, prints nothing", blocks=True
    ),
    "halt": FaultKind(
        "its USB bulk OUT endpoint answers STALL until the host clears it; other links do not know it"
    ),
    "half-open": FaultKind("the connection stays and nothing comes through; the printer goes on"),
    "slow": FaultKind("a factor on its speed", "factor", 0.1),
    "lost": FaultKind("the cable loses the next so many bytes", "bytes", 64),
    "noise": FaultKind("the cable changes the next so many bytes", "bytes", 64),
    "short-writes": FaultKind("it takes at most so many bytes at a time", "limit", 64),
    "short-reads": FaultKind("its answers come in pieces of so many bytes", "limit", 1),
    "garbage": FaultKind(
        "so many random bytes come back, and as many bytes of its answers are changed", "bytes", 16
    ),
    "wrong": FaultKind("it answers with what was the answer to another question"),
    "silence": FaultKind("its answers are lost"),
    "late": FaultKind("its answers come so many seconds late", "seconds", 1.0),
}
"""Every fault by its name."""

BLOCKING = frozenset(name for name, kind in FAULTS.items() if kind.blocks)


def fault_kind(name: str, value: float | None = None) -> FaultKind:
    """The fault of this name.

    Args:
        name: Of `FAULTS`.
        value: What it shall have.

    Raises:
        ValueError: There is none, or it cannot have this value.
    """
    kind = FAULTS.get(name)
    if kind is None:
        raise ValueError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
    if value is not None and not kind.accepts(value):
        raise ValueError(f"{name} cannot be {value:g}")
    return kind


@dataclass(order=True, slots=True)
class Scripted:
    """A fault to come.

    Attributes:
        due: At this byte, or at this time.
        name: Of `FAULTS`.
        value: What it gets.
        lasts_s: It ends after this time; 0: not by itself.
    """

    due: float
    order: int
    name: str = field(compare=False)
    value: float = field(compare=False)
    lasts_s: float = field(compare=False, default=0.0)


class Script:
    """Faults to come, by the bytes the printer takes and by the clock."""

    def __init__(self) -> None:
        self._order = count()
        self._bytes: list[Scripted] = []
        self._times: list[Scripted] = []

    def at_byte(self, at_byte: int, name: str, value: float, lasts_s: float = 0.0) -> None:
        """A fault when the printer has taken `at_byte` bytes in all, not one more."""
        heapq.heappush(self._bytes, Scripted(at_byte, next(self._order), name, value, lasts_s))

    def at_time(self, moment: float, name: str, value: float, lasts_s: float = 0.0) -> None:
        """A fault at this time."""
        heapq.heappush(self._times, Scripted(moment, next(self._order), name, value, lasts_s))

    def bytes_before_next(self, received: int) -> int | None:
        """Bytes that may come before the next fault, None where none is to come."""
        return max(int(self._bytes[0].due) - received, 0) if self._bytes else None

    def due_by_bytes(self, received: int) -> Scripted | None:
        """The next fault that is due after so many bytes."""
        return heapq.heappop(self._bytes) if self._bytes and self._bytes[0].due <= received else None

    def due_by_time(self, now: float) -> Scripted | None:
        """The next fault that is due at this time."""
        return heapq.heappop(self._times) if self._times and self._times[0].due <= now else None

    def next_time(self) -> float | None:
        """When the next fault by the clock is due."""
        return self._times[0].due if self._times else None

    def clear(self) -> None:
        """Nothing is to come any more."""
        self._bytes.clear()
        self._times.clear()


@dataclass(slots=True)
class Record:
    """One fault of the past, or one that lasts. Times are of the printer's clock.

    Attributes:
        name: Of `FAULTS`.
        value: What it had.
        began: When.
        at_byte: Bytes the printer had taken by then.
        felt: When the printer noticed: a cutter jams at a cut; None: not yet.
        ended: None where it lasts.
        moved: When paper moved again after its end; None: not yet.
        taken: When the printer took bytes again after its end; None: not yet.
    """

    name: str
    value: float
    began: float
    at_byte: int
    felt: float | None = None
    ended: float | None = None
    moved: float | None = None
    taken: float | None = None

    def as_json(self) -> dict[str, object]:
        """For ``status``."""
        return {
            "fault": self.name,
            "value": self.value,
            "began": self.began,
            "at_byte": self.at_byte,
            "felt": self.felt,
            "ended": self.ended,
            "moved": self.moved,
            "taken": self.taken,
        }
