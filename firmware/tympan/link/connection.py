"""One opened device: what is said to it, what it says, and how it is.

It owns the dialogue with the device and the thread that reads. It decides when a question may be asked; what follows of the
answers for a job is not its concern. All methods are called from the link's thread, and none takes longer than one call of
the transport, but `send`, which takes as long as the device does.

A device is *silent* when it does not answer a question that has reached it, though its dialogue promises an answer
(`Dialogue.answers_within_s`) and it has kept that promise before. Some connections outlive the device at their end (a serial line:
`Transport.notices_power_off` is False). There whoever was silent may have been switched off and on, and have lost what it had: nothing of a job
is sent to a silent device, it is greeted anew when it speaks again, and a job that was under way is broken off (`LostError`). So it is with
one that took nothing for as long and said nothing: on a line with flow control a printer that is off looks like one whose buffer is full.

A device is *stalled* when it takes nothing. That is how printers say that their buffer is full, and they go on by themselves.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tympan.driver.contract import DeviceIdentity, Driver, PortStatus
from tympan.driver.dialogue import (
    TICK_S,
    Confirms,
    Dialogue,
    Heard,
    JobConfirmed,
    PagesConfirmed,
    PartMissing,
    SilentDialogue,
)
from tympan.link.answering import Answering, DeviceKnowledge
from tympan.link.back_channel import BackChannel, Said
from tympan.link.fault import AWAY, SILENT, STALLED, LostError, is_well, port_condition
from tympan.link.watched_transport import WatchedTransport
from tympan.model.device_condition import DeviceCondition

STEP_S = 0.1
"""How long one call on the transport may take, and one wait for a frame or an answer."""

STALLED_S = 10.0
"""A device that takes nothing for this long is said to be stopped; it goes on by itself."""

PROMPT_STALLED_S = 0.75
"""The same of a device that promises prompt answers, and has said nothing in this time either."""

OFF_S = 1.8
"""No printer is switched off, started and ready again in less time."""

_log = logging.getLogger(__name__)


class Connection:
    """One opened device.

    Args:
        transport: Open.
        driver: What knows its family.
        profile: The driver's profile.
        knowledge: What is known of the device.
        wake: Called, on any thread, when it has said something.
        mid_job: It may wait for the rest of a command.

    Attributes:
        dialogue: What is said to it.
        answering: Whether it answers.
        identity: What it said in the dialogue that it is; None: nothing.
        opened_at: When it was opened.
        mid_job: It may wait for the rest of a command: a job broke off, or is under way.
        has_news: Something can have changed since `of_job` was last called: how it is, what it said.
    """

    def __init__(
        self,
        transport: WatchedTransport,
        driver: Driver,
        profile: str,
        knowledge: DeviceKnowledge,
        wake: Callable[[], None],
        *,
        mid_job: bool,
    ) -> None:
        now = time.monotonic()
        self.transport = transport
        self.identity: DeviceIdentity | None = None
        self.opened_at = now
        self.mid_job = mid_job
        self._driver = driver
        self._profile = profile
        self._knowledge = knowledge
        self._said: DeviceCondition | None = None
        self._port: DeviceCondition | None = None
        self._port_at = now
        self._supplies = DeviceCondition()
        self._silent = False
        self._may_forget = not transport.notices_power_off
        self._waits_since: float | None = None  # it has taken nothing since
        self._stuck_since: float | None = None  # nothing of what it took has left this machine since
        self._written = 0  # bytes of all kinds that the transport counted
        self._left = 0  # how many of them have left this machine, as last seen
        self._question_end: int | None = None  # where in them the last question ends
        self._cleans = False
        self._ticked_at = now
        self.has_news = True
        self._of_job: list[PagesConfirmed | JobConfirmed | PartMissing] = []
        self._out = bytearray()
        status = transport.port_status_now()
        if status is not None:
            self._hear_port(status)
        self.dialogue: Dialogue
        self.answering: Answering
        self._greet(now)
        self._back = BackChannel(transport, wake, asks_port=status is not None)

    def _greet(self, now: float) -> None:
        """Begin the dialogue; first the device is brought to where it listens."""
        dialogue = self._driver.dialogue(self._profile)
        if not self.transport.back_channel:
            dialogue = SilentDialogue(dialogue.buffer_bytes)
        self.dialogue = dialogue
        self.answering = Answering(self._knowledge, dialogue.answers_within_s, now)
        self._out.clear()
        self._question_end = None
        if self.mid_job:
            self.resynchronise()
        if greeting := dialogue.opened(now):
            self._out += greeting
            self.answering.asked(now)

    # --- how it is --------------------------------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        """It does not answer, and nobody else would tell that it is switched off: nothing is to be sent to it."""
        return self._silent and self._may_forget

    @property
    def is_ready(self) -> bool:
        """A job can begin: it has said something, if it ever does."""
        return not self.silent and not (self._may_forget and self.answering.is_expected)

    @property
    def well(self) -> bool:
        """It reports no fault, and answers if it ever does."""
        condition = self.condition()
        return condition is not None and not condition.stopped and self.is_ready

    def condition(self) -> DeviceCondition | None:
        """How it is; None: nobody knows yet, since it has been opened just now and will say it."""
        known = self._said or self._port
        if self._silent:
            return replace(self._supplies, stopped=True, reasons=AWAY, message=SILENT)
        if self._may_forget and self.answering.is_expected and not self._stalled:
            return None
        if known is None:
            known = DeviceCondition()
        if not known.stopped and self._stalled:
            port = self._port_since_blocked
            if port is not None and port.stopped:
                # Newer than what the device said before it could not be asked any more.
                return replace(port, reasons=(*port.reasons, *known.reasons))
            return replace(known, stopped=True, reasons=(*known.reasons, "other-error"), message=STALLED)
        return known

    @property
    def _blocked_since(self) -> float | None:
        """Since when it takes nothing, or nothing of what it took has left this machine."""
        return min(
            (each for each in (self._waits_since, self._stuck_since) if each is not None), default=None
        )

    @property
    def _port_since_blocked(self) -> DeviceCondition | None:
        """What the port has said since the device takes nothing; what it said before may be over."""
        since = self._blocked_since
        return self._port if since is not None and self._port_at >= since else None

    @property
    def _stalled(self) -> bool:
        since = self._blocked_since
        if since is None:
            return False
        now = time.monotonic()
        prompt = self.dialogue.answers_within_s > 0 and self._knowledge.answered
        port = self._port_since_blocked
        prompt = prompt or (port is not None and port.stopped)
        if prompt and now - self.answering.spoke_at > PROMPT_STALLED_S < now - since:
            return True
        return self._waits_since is not None and now - self._waits_since > STALLED_S

    # --- what it says -----------------------------------------------------------------------------------------------

    def of_job(self) -> list[PagesConfirmed | JobConfirmed | PartMissing]:
        """What it said of a job since this was last asked."""
        self.has_news = False
        heard, self._of_job = self._of_job, []
        return heard

    def take_last_words(self) -> None:
        """It is gone: understand what it had said before, which may not have been heard yet."""
        now = time.monotonic()
        while not self._back.said.empty():
            said = self._back.said.get()
            if isinstance(said, bytes):
                for heard in self.dialogue.received(said, now):
                    self._understand(heard)
        for heard in self.dialogue.received(b"", now + TICK_S):  # nothing more comes of what it was saying
            self._understand(heard)

    def wait(self, timeout_s: float) -> None:
        """Wait until it says something."""
        try:
            said = self._back.said.get(timeout=timeout_s)
        except queue.Empty:
            return
        self._take(said, time.monotonic())

    def hear(self, now: float) -> None:
        """Take in what it has said.

        Raises:
            LostError: It was silent, and may have lost what it had.
            OSError: It is gone.
        """
        ticks = now - self._ticked_at >= TICK_S
        if self._back.said.empty() and not ticks:
            return
        while not self._back.said.empty():
            self._take(self._back.said.get(), now)
        if ticks:
            self._ticked_at = now
            for heard in self.dialogue.received(b"", now):
                self._understand(heard)
        self._see_off(now)
        if not self._silent and self.answering.silent(now):
            self._silent = True
        self.has_news = True

    def _see_off(self, now: float) -> None:
        """Whether the last question has left this machine, and whether what has not moves."""
        if self._question_end is None and self.answering.on_the_way and not self._out:
            self._question_end = self._written
        unsent = self.transport.unsent()
        left = self._written - unsent
        if self._question_end is not None and left >= self._question_end:
            self._question_end = None
            self.answering.reached(now)
        if not unsent or left != self._left:
            stuck_since, self._stuck_since = self._stuck_since, None
            self._left = left
            self._goes_on(stuck_since, now)
        elif self._stuck_since is None:
            self._stuck_since = now
        self._left = left

    def _take(self, said: Said, now: float) -> None:
        self.has_news = True
        if isinstance(said, OSError):
            raise said
        if not isinstance(said, bytes):
            self._hear_port(said)
            return
        # An answer may be heard before it is seen that it takes data again.
        self._goes_on(self._blocked_since, now)
        heard = self.dialogue.received(said, now)
        self._ticked_at = now
        self.answering.spoke(now, understood=bool(heard))
        for each in heard:
            self._understand(each)
        if self._silent:
            self._silent = False
            if not self._may_forget:
                return
            if self.mid_job:
                raise LostError("it was silent, and may have been switched off")
            self._said = None
            self._greet(now)

    def _understand(self, heard: Heard) -> None:
        if isinstance(heard, DeviceCondition):
            self._said = self._supplies = heard
        elif isinstance(heard, DeviceIdentity):
            self.identity = heard
        elif isinstance(heard, Confirms):
            self._knowledge.can_confirm()
        else:
            self._of_job.append(heard)

    def _hear_port(self, status: PortStatus) -> None:
        self._port_at = time.monotonic()
        self._port = port_condition(status, well_before=self._knowledge.port_well)
        self._knowledge.port_well = self._knowledge.port_well or is_well(status)

    def look_at_port(self) -> None:
        """Ask the port now."""
        status = self.transport.port_status_now()
        if status is not None:
            self._hear_port(status)

    # --- what it is told --------------------------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        """Have `data` go out before anything else that is sent."""
        self._out += data

    def ask(self, now: float, *, in_job: bool) -> None:
        """Ask how it is, where that is due and the last question has gone out. Only where a command ends."""
        if self._out or now < self.answering.due:
            return
        question = self.dialogue.poll(now, in_job=in_job)
        if question:
            self._out += question
            self._question_end = None
            self.answering.asked(now)
        else:
            self.answering.not_now(now, in_job=in_job)

    def trickle(self, now: float) -> bool:
        """Give it what is to be said, as far as it takes that in one call, and hear what it says.

        Returns:
            False where it took nothing of it.

        Raises:
            LostError: See `hear`.
            OSError: It is gone.
        """
        moves = True
        if self._out:
            taken = self.transport.write(bytes(self._out), STEP_S)
            moves = taken > 0
            del self._out[:taken]
            now = time.monotonic()
            self._moved(taken, now)
            self._said_all()
        self.hear(now)
        return moves

    def flush(self, check: Callable[[], None]) -> None:
        """Give it all of what is to be said, however long that takes; see `send`."""
        while self._out:
            self.trickle(time.monotonic())
            check()

    @property
    def has_to_say(self) -> bool:
        """Something is to be said that it has not taken yet."""
        return bool(self._out)

    def _said_all(self) -> None:
        if not self._out and self._cleans:
            self._cleans = self.mid_job = False

    def resynchronise(self) -> None:
        """End what the device may still wait for the rest of, before anything else.

        What it holds of a job is not taken from it: it may be pages that are counted as printed.
        """
        self.mid_job = True
        self._out += self._driver.abandon(self._profile)
        self._cleans = True
        self._said_all()

    def discard(self) -> None:
        """Take from it what it holds, where the port can (USB SOFT_RESET): nobody wants that any more.

        Raises:
            OSError: It is gone.
        """
        self.transport.soft_reset()

    def send(self, data: bytes | memoryview, check: Callable[[], None]) -> Iterator[int]:
        """Give it all of `data`, however long that takes; yields how much it took each time.

        Args:
            data: What it is given.
            check: Called after each call of the transport; ends this by raising.

        Raises:
            OSError: It is gone.
        """
        rest = memoryview(data)
        while rest:
            taken = self.transport.write(rest, STEP_S)
            now = time.monotonic()
            self._moved(taken, now)
            if taken:
                rest = rest[taken:]
                yield taken
            self.hear(now)
            check()

    def _moved(self, taken: int, now: float) -> None:
        self._written += taken
        if taken:
            waits_since, self._waits_since = self._waits_since, None
            self._goes_on(waits_since, now)
        elif self._waits_since is None:
            self._waits_since = now

    def _goes_on(self, since: float | None, now: float) -> None:
        """It takes data again, or says something, after it took none since then.

        On a line that does not tell of its power, who took nothing and said nothing for so long may have been off and on: a printer that
        is well empties its buffer steadily, and one that is not says so, if it promised to.

        Raises:
            LostError: It may have lost what it had of a job.
        """
        if not self._may_forget or since is None or now - max(since, self.answering.spoke_at) < OFF_S:
            return
        if not self.answering.is_promised or (self._said is not None and self._said.stopped):
            return
        if self.mid_job:
            raise LostError("it took nothing and said nothing, and may have been switched off")
        self._said = None
        self._greet(now)

    def close(self) -> None:
        """End the reading and let go of the device."""
        self._back.stop()
        self.transport.close()
