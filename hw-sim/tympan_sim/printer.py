"""A printer's physics: its buffer, its speed, its paper, its sensors, and everything that can go wrong with them.

Sans-IO: bytes in, bytes out, time is a parameter (seconds of any monotonic clock). The interpreter of the language is
a :class:`~tympan_sim.decoder.Decoder`, whose effects are taken one by one as the mechanism gets to them, so that a
fault stops the printer between two lines and leaves the rest in the buffer, as it does in hardware.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tympan_sim.back_channel import REPLIES_MAX, BackChannel
from tympan_sim.cable import Cable
from tympan_sim.decoder import Action, Decoder, Effect, Motion, Reply, Sheet, StatusListener
from tympan_sim.faults import BLOCKING, FAULTS, Scripted, fault_kind
from tympan_sim.models import PrinterModel
from tympan_sim.torn_sheet import torn
from tympan_sim.troubles import Troubles

FEED_BYTES = 16_384
"""Bytes given to the interpreter at a time."""

DRAWER_OPEN_S = 3.0
"""How long a simulated person leaves the drawer open."""


class PrinterGoneError(ConnectionError):
    """The printer is unplugged or switched off: nothing of what was offered was taken."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """All of a job was printed that can be; its sheets came before this."""

    job_id: int


class Printer:
    """One simulated printer.

    Args:
        model: Its physics.
        decoder: Makes a fresh interpreter: at the start and after each power-up.
        speed: 1.0 is the model's own; 2.0 twice that; 0 takes no time.
        seed: Of what noise and garbage are made of.

    Attributes:
        received: Bytes taken from the host in all, those that the cable loses too.
        underruns: How often the mechanism stood still in the middle of a piece because no byte was there.
        arrived: What of the last `write` came through the cable.
    """

    def __init__(
        self, model: PrinterModel, decoder: Callable[[], Decoder], *, speed: float = 1.0, seed: int = 0
    ) -> None:
        self.model = model
        self.speed = speed
        self.received = 0
        self.underruns = 0
        self.arrived = b""
        self.paper_left_um = round(model.paper_mm * 1000)
        self._make_decoder = decoder
        self._decoder = decoder()
        self._pending: deque[bytes | JobEnd] = deque()
        self._pending_bytes = 0
        self._in_decoder = 0
        self._effects: Iterator[Effect] | None = None
        self._ending: JobEnd | None = None
        self._busy_until = 0.0
        self._cable = Cable(seed)
        self._back = BackChannel(seed)
        self._happened: list[Effect | JobEnd] = []
        self._troubles = Troubles()
        self._faults = self._troubles.active
        self._jammed: Sheet | None = None
        self._drawer_until = 0.0
        self._seen = 0.0
        self._in_piece = False
        self._starved = False
        self._sides_begun = 0
        self._told: dict[str, bool] | None = None
        self._tell_decoder(0.0)

    # --- the cable ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """The host sees it: the cable is in and the power on."""
        return not self._faults.keys() & {"unplug", "power-off"}

    @property
    def unplugged(self) -> bool:
        """The cable is out."""
        return "unplug" in self._faults

    @property
    def stalled(self) -> bool:
        """It takes nothing and answers nothing."""
        return not self._faults.keys().isdisjoint({"stall", "half-open"})

    @property
    def half_open(self) -> bool:
        """Nothing comes through in either direction, and nobody is told."""
        return "half-open" in self._faults

    @property
    def bytes_at_a_time(self) -> int:
        """Most bytes that one `write` takes; 0: as many as there is room for."""
        return int(self._faults.get("short-writes", 0))

    @property
    def halted(self) -> bool:
        """Its USB bulk OUT endpoint is halted."""
        return "halt" in self._faults

    def clear_halt(self) -> None:
        """What CLEAR_FEATURE(ENDPOINT_HALT) of the host does; nothing where there is no halt."""
        if self.halted:
            self._troubles.end("halt", self._seen)

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
        taken = min(len(data), self.room(), self.bytes_at_a_time or len(data))
        before_next = self._troubles.script.bytes_before_next(self.received)
        if before_next is not None:
            taken = min(taken, before_next)
        self.arrived = b""
        if taken:
            self._troubles.taken(now)
            self.arrived = arrived = self._carried(bytes(data[:taken]), now)
            for effect in self._decoder.realtime(arrived, self.status()):
                self._out_of_turn(effect, now)
            if arrived:
                self._wake(now)
            for start in range(0, len(arrived), FEED_BYTES):
                self._pending.append(arrived[start : start + FEED_BYTES])
            self._pending_bytes += len(arrived)
            self.received += taken
        while (scripted := self._troubles.script.due_by_bytes(self.received)) is not None:
            self._carry_out(scripted, now)
        if self.connected:
            self.advance(now)
        return taken

    def _carried(self, data: bytes, now: float) -> bytes:
        """What the cable brings of `data`."""
        arrived = self._cable.carry(data)
        for name, left in (("lost", self._cable.losing), ("noise", self._cable.noisy)):
            if not left and name in self._faults:
                self._troubles.end(name, now)
        return arrived

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
        return self._back.take(limit, now)

    def end_job(self, job_id: int, now: float) -> None:
        """A job's last byte was written; a `JobEnd` follows when all before it was printed."""
        self._wake(now)
        self._pending.append(JobEnd(job_id))
        self.advance(now)

    def soft_reset(self, now: float) -> None:
        """Forget what waits in the buffer and the half-read command (USB SOFT_RESET); printed paper stays printed."""
        self.advance(now)
        self._forget(now)

    def tear_off(self, now: float) -> list[Sheet]:
        """Give what hangs out of the printer without an end of a job."""
        self.advance(now)
        return [effect for effect in self._decoder.finish() if isinstance(effect, Sheet)]

    # --- time --------------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Let the mechanism do what it can until `now`."""
        self._seen = max(self._seen, now)
        while (scripted := self._troubles.script.due_by_time(now)) is not None:
            self._carry_out(scripted, now)
        self._move_on(now)

    def _move_on(self, now: float) -> None:
        if self._drawer_until and now >= self._drawer_until:
            self._drawer_until = 0.0
            self._tell_decoder(now)
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
                    self._in_piece = self._starved = False
                continue
            self._take_place(effect, now)

    def next_time(self) -> float | None:
        """When `advance` or `read` has something to do again; None: not before bytes come or a fault ends."""
        times = [self._troubles.script.next_time()]
        if self._drawer_until and (self._blocked() or not self._work_left()):
            times.append(self._drawer_until)
        elif self._work_left() and not self._blocked():
            times.append(self._busy_until)
        reply_at = self._back.next_time()
        if reply_at is not None and reply_at > self._seen:  # what was there already is the reader's affair
            times.append(reply_at)
        return min((moment for moment in times if moment is not None), default=None)

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
            value: What its kind takes; its kind's `off` ends it.
            now: The time.

        Raises:
            ValueError: There is no such fault or the value makes no sense for it.
        """
        kind = fault_kind(name, value)
        self.advance(now)
        self._wake(now)  # a mechanism that a fault held goes on from now
        if value == kind.off:
            if name in self._faults:
                self._troubles.end(name, now)
                self._fault_ended(name, now)
        else:
            began = self._troubles.begin(name, value, now, self.received)
            self._fault_began(name, value, now, began=began)
        self._tell_decoder(now)
        self._starved = False
        self.advance(now)

    def fault_at_byte(self, at_byte: int, name: str, value: float = 1.0, lasts_s: float = 0.0) -> None:
        """Let a fault happen when the printer has taken `at_byte` bytes in all, not one more.

        Args:
            at_byte: As `received` counts.
            name: One of `FAULTS`.
            value: As of `fault`.
            lasts_s: It ends by itself after this time; 0: it does not.

        Raises:
            ValueError: There is no such fault.
        """
        fault_kind(name, value)
        self._troubles.script.at_byte(at_byte, name, value, lasts_s)

    def fault_at_time(self, moment: float, name: str, value: float = 1.0, lasts_s: float = 0.0) -> None:
        """Let a fault happen at this time; as `fault_at_byte`.

        Raises:
            ValueError: There is no such fault.
        """
        fault_kind(name, value)
        self._troubles.script.at_time(moment, name, value, lasts_s)

    def no_faults(self, now: float) -> None:
        """Everything is well, and nothing more is to come."""
        self._troubles.script.clear()
        for name in tuple(self._faults):
            self.fault(name, FAULTS[name].off, now)

    def _carry_out(self, scripted: Scripted, now: float) -> None:
        if scripted.lasts_s:
            self._troubles.script.at_time(now + scripted.lasts_s, scripted.name, FAULTS[scripted.name].off)
        self.fault(scripted.name, scripted.value, now)

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
            "history": self._troubles.as_json(),
            "now": now,
            "received": self.received,
            "lost": self._cable.lost,
            "changed": self._cable.changed,
            "underruns": self.underruns,
            "buffered": self._pending_bytes + self._in_decoder,
            "paper_left_mm": self.paper_left_um // 1000,
            "idle": self.idle(now) and not self.something_happened,
        }

    # --- inside ------------------------------------------------------------------------------------------------------

    def _blocked(self) -> bool:
        if self.paper_left_um <= 0 or self._jammed is not None:
            return True
        return not BLOCKING.isdisjoint(self._faults)

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
            self._move(effect.length_um, now)
        elif isinstance(effect, Reply):
            self._reply(effect.data, now)
        elif isinstance(effect, Sheet):
            self._in_piece = self._starved = False
            self._sides_begun = 0
            if effect.cut != "none" and "cutter" in self._faults:
                self._jammed = effect
                self._troubles.felt("cutter", now)
                self._tell_decoder(now)
                return
            if effect.cut != "none":
                self._take_time(self.model.cut_time_s)
            self._happened.append(effect)
        else:
            self._act(effect, now)

    def _move(self, length_um: int, now: float) -> None:
        if not length_um:
            return
        if self._starved:
            self._starved = False
            self.underruns += 1
        self._in_piece = True
        self._sides_begun += 1
        self._troubles.moved(now)
        before = self.paper_left_um
        near_um = self.model.near_end_mm * 1000
        self.paper_left_um = max(before - length_um, 0)
        self._take_time(length_um / 1000 / self.model.speed_mm_s)
        if self.paper_left_um <= 0:
            self._troubles.begin("paper-out", 1.0, now, self.received)
        if self.paper_left_um <= near_um < before or self.paper_left_um <= 0:
            self._tell_decoder(now)

    def _take_time(self, seconds: float) -> None:
        if self.speed > 0:
            self._busy_until += seconds / (self.speed * self._faults.get("slow", 1.0))

    def _wake(self, now: float) -> None:
        """Work comes to a mechanism that stood still: it begins now, not where it once stopped."""
        if not self._work_left() or self._blocked():
            stood_still = self.speed > 0 and self._busy_until < now and not self._blocked()
            self._starved = self._starved or (stood_still and self._in_piece)
            self._busy_until = max(self._busy_until, now)

    def _act(self, action: Action, now: float) -> None:
        if action.name == "drawer":
            self._drawer_until = now + DRAWER_OPEN_S
            self._tell_decoder(now)
        self._happened.append(action)

    def _out_of_turn(self, effect: Reply | Action, now: float) -> None:
        if isinstance(effect, Reply):
            self._reply(effect.data, now)
        elif effect.name == "recover":
            self._recover(clear=bool(effect.detail.get("clear")), now=now)
        elif effect.name == "clear":
            self._forget(now)
        else:
            self._act(effect, now)

    def _recover(self, *, clear: bool, now: float) -> None:
        """``DLE ENQ``: helps once the cause is gone."""
        if "cutter" in self._faults:
            return
        if clear:
            self._forget(now)
        self._unjam(now)

    def _reply(self, data: bytes, now: float) -> None:
        if self.model.back_channel:
            self._back.say(data, now)

    def _unjam(self, now: float) -> None:
        if self._jammed is not None:
            self._happened.append(self._jammed)
            self._jammed = None
            self._busy_until = max(self._busy_until, now)
            self._take_time(self.model.cut_time_s)

    def _fault_began(self, name: str, value: float, now: float, *, began: bool) -> None:
        if name == "paper-out":
            self.paper_left_um = 0
        elif name == "power-off" and began:
            self._switched_off(now)
        elif name == "half-open" and began:
            self._back.clear()
        elif name == "lost":
            self._cable.losing = int(value)
        elif name == "noise":
            self._cable.noisy = int(value)
        elif name == "garbage":
            self._back.garbling = int(value)
            if self.model.back_channel:
                self._back.spit(int(value), now)
        self._set_back_channel()

    def _fault_ended(self, name: str, now: float) -> None:
        if name == "paper-out":
            self.paper_left_um = round(self.model.paper_mm * 1000)
        elif name == "cutter":
            self._unjam(now)
        elif name == "power-off":
            self._tell_decoder(now, fresh=True)
        elif name == "lost":
            self._cable.losing = 0
        elif name == "noise":
            self._cable.noisy = 0
        elif name == "garbage":
            self._back.garbling = 0
        self._set_back_channel()

    def _set_back_channel(self) -> None:
        self._back.late_s = self._faults.get("late", 0.0)
        self._back.silent = not self._faults.keys().isdisjoint({"silence", "half-open"})
        self._back.wrong = "wrong" in self._faults
        self._back.piece_bytes = int(self._faults.get("short-reads", 0))

    def _switched_off(self, now: float) -> None:
        """What was printed hangs out of the printer; buffer, modes and the page in work are gone."""
        if self.model.language == "pcl":
            self._happened.extend(self._sheets_in_the_path(now))
        self._busy_until = now
        self._back.clear()
        if self._jammed is not None:
            self._happened.append(self._jammed)
            self._jammed = None
        self._drawer_until = 0.0
        self._forget(now)

    def _sheets_in_the_path(self, now: float) -> Iterator[Sheet]:
        """What a page printer's current sheet is when the power goes: copies that had come out, and the torn one."""
        if not self._sides_begun or self._effects is None:
            return
        sheets: list[Sheet] = []
        for effect in self._effects:
            if isinstance(effect, Sheet):
                sheets.append(effect)
            elif sheets:
                break
        under_way = self._busy_until > now
        complete = self._sides_begun - under_way
        if complete:
            yield from (replace(sheet, copies=complete) for sheet in sheets)
        if under_way and sheets:
            length_s = sheets[0].image.height / sheets[0].dpi[1] * 25.4 / self.model.speed_mm_s
            left_s = (self._busy_until - now) * self.speed * self._faults.get("slow", 1.0)
            yield from (torn(sheet, 1.0 - min(left_s / length_s, 1.0)) for sheet in sheets)

    def _forget(self, now: float) -> None:
        """Drop what waits. Job ends stay: what came out of a job is given when its end is reached."""
        ends = [item for item in self._pending if isinstance(item, JobEnd)]
        if self._ending is not None:
            ends.insert(0, self._ending)
            self._ending = None
        self._effects = None
        self._in_decoder = 0
        self._pending_bytes = 0
        self._sides_begun = 0
        self._in_piece = self._starved = False
        self._pending.clear()
        self._happened.extend(self._decoder.switched_off())
        self._pending.extend(ends)
        self._decoder = self._make_decoder()
        self._tell_decoder(now, fresh=True)

    def _tell_decoder(self, now: float, *, fresh: bool = False) -> None:
        """Give the interpreter the sensors' state where it changed; it may answer unasked."""
        status = self.status()
        if status == self._told and not fresh:
            return
        self._told = status
        if isinstance(self._decoder, StatusListener):
            for reply in self._decoder.status_changed(status):
                self._reply(reply.data, now)
