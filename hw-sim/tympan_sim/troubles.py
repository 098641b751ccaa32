"""The faults a simulated printer has now, had before and will have."""

from __future__ import annotations

from collections import deque

from tympan_sim.faults import HISTORY_MAX, Record, Script


class Troubles:
    """What is wrong with one printer.

    Attributes:
        active: The faults that last, with their values.
        script: Those to come.
    """

    def __init__(self) -> None:
        self.active: dict[str, float] = {}
        self.script = Script()
        self._history: deque[Record] = deque(maxlen=HISTORY_MAX)

    def begin(self, name: str, value: float, now: float, at_byte: int) -> bool:
        """A fault begins; whether it was not there already."""
        is_new = name not in self.active
        self.active[name] = value
        if is_new:
            felt = None if name == "cutter" else now
            self._history.append(Record(name, value, now, at_byte, felt))
        return is_new

    def felt(self, name: str, now: float) -> None:
        """A fault that was there has its effect now."""
        for record in self._lasting(name):
            record.felt = now

    def end(self, name: str, now: float) -> None:
        """A fault ends."""
        self.active.pop(name, None)
        for record in self._lasting(name):
            record.ended = now

    def moved(self, now: float) -> None:
        """Paper moves."""
        for record in self._history:
            if record.ended is not None and record.moved is None:
                record.moved = now

    def taken(self, now: float) -> None:
        """Bytes are taken."""
        for record in self._history:
            if record.ended is not None and record.taken is None:
                record.taken = now

    def as_json(self) -> list[dict[str, object]]:
        """The record, for ``status``."""
        return [record.as_json() for record in self._history]

    def _lasting(self, name: str) -> list[Record]:
        return [record for record in self._history if record.name == name and record.ended is None]
