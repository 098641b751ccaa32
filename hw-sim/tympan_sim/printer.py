"""A printer's physics: its buffer, its speed, its paper, its sensors, and everything that can go wrong with them.

Sans-IO: bytes in, bytes out, time is a parameter (seconds of any monotonic clock). The interpreter of the language is
a :class:`~tympan_sim.decoder.Decoder`, whose effects are taken one by one as the mechanism gets to them, so that a
fault stops the printer between two lines and leaves the rest in the buffer, as it does in hardware.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tympan_sim.decoder import Action, Decoder, Effect, Motion, Reply, Sheet, StatusListener
from tympan_sim.models import PrinterModel

REPLIES_MAX = 4096
"""Bytes the printer keeps to be read; a host that never reads loses the oldest, as with a real one's small buffer."""

FEED_BYTES = 16_384
"""Bytes given to the interpreter at a time."""

DRAWER_OPEN_S = 3.0
"""How long a simulated person leaves the drawer open."""


class PrinterGoneError(ConnectionError):
    """The printer is unplugged or switched off: nothing of what was offered was taken."""


FAULTS: tuple[str, ...] = (
    "paper-out",
    "paper-near-end",
    "cover",
    "offline",
    "cutter",
    "overheat",
    "power-off",
    "unplug",
    "stall",
    "halt",
    "slow",
)
"""What `Printer.fault` knows.

``paper-out``: the roll or tray is empty; off: a fresh one. ``paper-near-end``: the sensor switched. ``cover``: open.
``offline``: taken off line at its panel. ``cutter``: jammed at the next cut. ``overheat``: pauses. ``power-off``: buffer
and page are lost. ``unplug``: the cable is out; the printer goes on. ``stall``: takes nothing and answers nothing.
``halt``: its USB bulk OUT endpoint answers STALL until the host clears it; other links do not know it. ``slow``: a factor on its speed, 0 to 1.
"""

BLOCKING = ("paper-out", "cover", "offline", "overheat", "power-off", "stall")


@dataclass(frozen=True, slots=True)
class JobEnd:
    """All of a job was printed that can be; its sheets came before this."""

    job_id: int


@dataclass(order=True, slots=True)
class _Scripted:
    at_byte: int
    name: str = field(compare=False)
    value: float = field(compare=False)


class Printer:
    """One simulated printer.

    Args:
        model: Its physics.
        decoder: Makes a fresh interpreter: at the start and after each power-up.
        speed: 1.0 is the model's own; 2.0 twice that; 0 takes no time.
    """

    def __init__(self, model: PrinterModel, decoder: Callable[[], Decoder], *, speed: float = 1.0) -> None:
        self.model = model
        self.speed = speed
        self.received = 0
        self.paper_left_um = round(model.paper_mm * 1000)
        self._make_decoder = decoder
        self._decoder = decoder()
        self._pending: deque[bytes | JobEnd] = deque()
        self._pending_bytes = 0
        self._in_decoder = 0
        self._effects: Iterator[Effect] | None = None
        self._ending: JobEnd | None = None
        self._busy_until = 0.0
        self._replies = bytearray()
        self._happened: list[Effect | JobEnd] = []
        self._faults: dict[str, float] = {}
        self._jammed: Sheet | None = None
        self._drawer_until = 0.0
        self._script: list[_Scripted] = []
        self._told: dict[str, bool] | None = None
        self._tell_decoder()

    # --- the cable ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """The host sees it: the cable is in and the power on."""
        return not self._faults.keys() & {"unplug", "power-off"}

    @property
    def stalled(self) -> bool:
        """It takes nothing and answers nothing."""
        return "stall" in self._faults

    @property
    def halted(self) -> bool:
        """Its USB bulk OUT endpoint is halted."""
        return "halt" in self._faults

    def clear_halt(self) -> None:
        """What CLEAR_FEATURE(ENDPOINT_HALT) of the host does; nothing where there is no halt."""
        self._faults.pop("halt", None)

    def room(self) -> int:
        """Bytes it would take now."""
        if self.stalled:
            return 0
        return max(self.model.receive_buffer_bytes - self._pending_bytes - self._in_decoder, 0)

    def write(self, data: bytes | memoryview, now: float) -> int:
        """Offer bytes; returns how many were taken, 0 where the buffer is full or the printer stalls.

        Real-time requests among what was taken are answered at once.

        Raises:
            PrinterGoneError: The printer is not there.
        """
        if not self.connected:
            raise PrinterGoneError("the printer is not connected")
        self.advance(now)
        taken = min(len(data), self.room())
        if self._script:
            taken = min(taken, max(self._script[0].at_byte - self.received, 0))
        if taken:
            accepted = bytes(data[:taken])
            for effect in self._decoder.realtime(accepted, self.status()):
                self._out_of_turn(effect, now)
            self._wake(now)
            for start in range(0, taken, FEED_BYTES):
                self._pending.append(accepted[start : start + FEED_BYTES])
            self._pending_bytes += taken
            self.received += taken
        while self._script and self._script[0].at_byte <= self.received:
            scripted = heapq.heappop(self._script)
            self.fault(scripted.name, scripted.value, now)
        if self.connected:
            self.advance(now)
        return taken

    def read(self, now: float, limit: int = REPLIES_MAX) -> bytes:
        """Take up to `limit` bytes off the back channel.

        Raises:
            PrinterGoneError: The printer is not there.
        """
        if not self.connected:
            raise PrinterGoneError("the printer is not connected")
        self.advance(now)
        if self.stalled:
            return b""
        taken = bytes(self._replies[:limit])
        del self._replies[: len(taken)]
        return taken

    def end_job(self, job_id: int, now: float) -> None:
        """A job's last byte was written; a `JobEnd` follows when all before it was printed."""
        self._wake(now)
        self._pending.append(JobEnd(job_id))
        self.advance(now)

    def soft_reset(self, now: float) -> None:
        """Forget what waits in the buffer and the half-read command (USB SOFT_RESET); printed paper stays printed."""
        self.advance(now)
        self._forget()

    def tear_off(self, now: float) -> list[Sheet]:
        """Give what hangs out of the printer without an end of a job."""
        self.advance(now)
        return [effect for effect in self._decoder.finish() if isinstance(effect, Sheet)]

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let the mechanism do what it can until `now`."""
        if self._drawer_until and now >= self._drawer_until:
            self._drawer_until = 0.0
            self._tell_decoder()
        while self._busy_until <= now and not self._blocked():
            if self._effects is None and not self._begin_next():
                return
            assert self._effects is not None
            effect = next(self._effects, None)
            if effect is None:
                self._effects = None
                self._in_decoder = 0
                if self._ending is not None:
                    self._happened.append(self._ending)
                    self._ending = None
                continue
            self._take_place(effect, now)

    def next_time(self) -> float | None:
        """When `advance` has something to do again; None: not before bytes come or a fault ends."""
        if self._drawer_until and (self._blocked() or not self._work_left()):
            return self._drawer_until
        return self._busy_until if self._work_left() and not self._blocked() else None

    def idle(self, now: float) -> bool:
        """Nothing is printing and nothing waits."""
        return not self._work_left() and self._busy_until <= now

    @property
    def something_happened(self) -> bool:
        """`take_happened` has something to give."""
        return bool(self._happened)

    def take_happened(self) -> list[Effect | JobEnd]:
        """What came out since this was last asked, in order: sheets, actions and job ends."""
        happened, self._happened = self._happened, []
        return happened

    # --- faults ------------------------------------------------------------------------------------------------------

    def fault(self, name: str, value: float, now: float) -> None:
        """Make a fault begin or end.

        Args:
            name: One of `FAULTS`.
            value: 0 ends it, 1 begins it; of ``slow`` the factor on the speed, 0 to 1, where 1 ends it.
            now: The time.

        Raises:
            ValueError: There is no such fault or the value makes no sense for it.
        """
        if name not in FAULTS:
            raise ValueError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
        if not 0 <= value <= 1 or (name == "slow" and value == 0):
            raise ValueError(f"{name} cannot be {value:g}")
        self.advance(now)
        self._wake(now)  # a mechanism that a fault held goes on from now
        began = name not in self._faults
        if value == 0 or (name == "slow" and value == 1):
            if self._faults.pop(name, None) is not None:
                self._fault_ended(name, now)
        else:
            self._faults[name] = value
            if name == "paper-out":
                self.paper_left_um = 0
            elif name == "power-off" and began:
                self._switched_off(now)
        self._tell_decoder()
        self.advance(now)

    def fault_at_byte(self, at_byte: int, name: str, value: float = 1.0) -> None:
        """Let a fault happen when the printer has taken `at_byte` bytes in all, not one more.

        Raises:
            ValueError: There is no such fault.
        """
        if name not in FAULTS:
            raise ValueError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
        heapq.heappush(self._script, _Scripted(at_byte, name, value))

    def status(self) -> dict[str, bool]:
        """The state as its sensors see it, with the keys of `Decoder.realtime`."""
        faults = self._faults
        paper_out = self.paper_left_um <= 0
        jammed = self._jammed is not None
        return {
            "paper_out": paper_out,
            "paper_near_end": "paper-near-end" in faults
            or self.paper_left_um <= self.model.near_end_mm * 1000,
            "cover_open": "cover" in faults,
            "offline": paper_out or jammed or bool(faults.keys() & {"cover", "offline", "overheat"}),
            "cutter_error": jammed,
            "drawer_high": self._drawer_until > 0,
            "overheated": "overheat" in faults,
        }

    def describe(self, now: float) -> dict[str, object]:
        """The state for people and tests: the sensors, the faults, what waits."""
        return {
            **self.status(),
            "connected": self.connected,
            "faults": dict(self._faults),
            "received": self.received,
            "buffered": self._pending_bytes + self._in_decoder,
            "paper_left_mm": self.paper_left_um // 1000,
            "idle": self.idle(now),
        }

    # --- inside ------------------------------------------------------------------------------------------------------

    def _blocked(self) -> bool:
        if self.paper_left_um <= 0 or self._jammed is not None:
            return True
        return any(name in self._faults for name in BLOCKING)

    def _work_left(self) -> bool:
        return self._effects is not None or bool(self._pending)

    def _begin_next(self) -> bool:
        if not self._pending:
            return False
        item = self._pending.popleft()
        if isinstance(item, JobEnd):
            self._ending = item
            self._effects = self._decoder.finish()
            return True
        self._pending_bytes -= len(item)
        self._in_decoder = len(item)
        self._effects = self._decoder.feed(item)
        return True

    def _take_place(self, effect: Effect, now: float) -> None:
        if isinstance(effect, Motion):
            self._in_decoder = max(self._in_decoder - effect.consumed, 0)
            self._move(effect.length_um)
        elif isinstance(effect, Reply):
            self._reply(effect.data)
        elif isinstance(effect, Sheet):
            if effect.cut != "none" and "cutter" in self._faults:
                self._jammed = effect
                self._tell_decoder()
                return
            if effect.cut != "none":
                self._take_time(self.model.cut_time_s)
            self._happened.append(effect)
        else:
            self._act(effect, now)

    def _move(self, length_um: int) -> None:
        if not length_um:
            return
        before = self.paper_left_um
        near_um = self.model.near_end_mm * 1000
        self.paper_left_um = max(before - length_um, 0)
        self._take_time(length_um / 1000 / self.model.speed_mm_s)
        if self.paper_left_um <= 0:
            self._faults["paper-out"] = 1.0
        if self.paper_left_um <= near_um < before or self.paper_left_um <= 0:
            self._tell_decoder()

    def _take_time(self, seconds: float) -> None:
        if self.speed > 0:
            self._busy_until += seconds / (self.speed * self._faults.get("slow", 1.0))

    def _wake(self, now: float) -> None:
        """Work comes to a mechanism that stood still: it begins now, not where it once stopped."""
        if not self._work_left() or self._blocked():
            self._busy_until = max(self._busy_until, now)

    def _act(self, action: Action, now: float) -> None:
        if action.name == "drawer":
            self._drawer_until = now + DRAWER_OPEN_S
            self._tell_decoder()
        self._happened.append(action)

    def _out_of_turn(self, effect: Reply | Action, now: float) -> None:
        if isinstance(effect, Reply):
            self._reply(effect.data)
        elif effect.name == "recover":
            self._recover(clear=bool(effect.detail.get("clear")), now=now)
        elif effect.name == "clear":
            self._forget()
        else:
            self._act(effect, now)

    def _recover(self, *, clear: bool, now: float) -> None:
        """``DLE ENQ``: helps once the cause is gone."""
        if "cutter" in self._faults:
            return
        if clear:
            self._forget()
        self._unjam(now)

    def _reply(self, data: bytes) -> None:
        self._replies += data
        del self._replies[:-REPLIES_MAX]

    def _unjam(self, now: float) -> None:
        if self._jammed is not None:
            self._happened.append(self._jammed)
            self._jammed = None
            self._busy_until = max(self._busy_until, now)
            self._take_time(self.model.cut_time_s)

    def _fault_ended(self, name: str, now: float) -> None:
        if name == "paper-out":
            self.paper_left_um = round(self.model.paper_mm * 1000)
        elif name == "cutter":
            self._unjam(now)
        elif name == "power-off":
            self._tell_decoder(fresh=True)

    def _switched_off(self, now: float) -> None:
        """What was printed hangs out of the printer; buffer, modes and the line in work are gone."""
        self._busy_until = now
        self._replies.clear()
        if self._jammed is not None:
            self._happened.append(self._jammed)
            self._jammed = None
        self._drawer_until = 0.0
        self._forget()

    def _forget(self) -> None:
        """Drop what waits. Job ends stay: what came out of a job is given when its end is reached."""
        ends = [item for item in self._pending if isinstance(item, JobEnd)]
        if self._ending is not None:
            ends.insert(0, self._ending)
            self._ending = None
        self._effects = None
        self._in_decoder = 0
        self._pending_bytes = 0
        self._pending.clear()
        self._happened.extend(effect for effect in self._decoder.finish() if isinstance(effect, Sheet))
        self._pending.extend(ends)
        self._decoder = self._make_decoder()
        self._tell_decoder(fresh=True)

    def _tell_decoder(self, *, fresh: bool = False) -> None:
        """Give the interpreter the sensors' state where it changed; it may answer unasked."""
        status = self.status()
        if status == self._told and not fresh:
            return
        self._told = status
        if isinstance(self._decoder, StatusListener):
            for reply in self._decoder.status_changed(status):
                self._reply(reply.data)
