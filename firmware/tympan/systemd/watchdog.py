"""Signs of life for systemd's watchdog (``WatchdogSec=``), and a word in the log on what hangs when there are none.

A thread of its own asks the event loop; a sign is sent only when the loop has answered and found nothing that hangs. So
systemd starts the service anew when any of it stands still for good, and the log has said before where.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

STEP_S: Final = 0.25
"""How often the thread looks whether there is an answer."""

SILENCE_S: Final = 5.0
"""A loop that has not answered for so long is said to hang."""

_LOOP: Final = "the event loop does not answer"

_log = logging.getLogger(__name__)


@dataclass
class Pulse:
    """When to ask, when to give a sign and what to log: without thread or clock.

    Args:
        interval_s: How often a sign is to be given.
        ask: Asks for what hangs; the answer comes to `answered`, or never.
        give_sign: Gives one.
        complain: Hears a sentence on what hangs, once for each.
    """

    interval_s: float
    ask: Callable[[], None]
    give_sign: Callable[[], object]
    complain: Callable[[str], None]
    _due: float = field(default=float("-inf"), init=False)
    _asked_at: float | None = field(default=None, init=False)
    _answer: tuple[str, ...] | None = field(default=None, init=False)
    _hung: frozenset[str] = field(default=frozenset(), init=False)

    def answered(self, hung: tuple[str, ...]) -> None:
        """What was asked last is answered: these hang. May come from any thread."""
        self._answer = hung

    def step(self, now: float) -> None:
        """Do what is to be done now (monotonic, seconds); called every `STEP_S` or so."""
        if self._asked_at is None:
            if now < self._due:
                return
            self._answer, self._asked_at = None, now
            self.ask()
        answer = self._answer
        if answer is None:
            if now - self._asked_at > SILENCE_S:
                self._say((_LOOP,))
            return
        asked_at, self._asked_at = self._asked_at, None
        self._say(answer)
        if answer:
            self._due = now + min(self.interval_s, 1.0)  # it may come loose any moment
            return
        self.give_sign()
        self._due = max(asked_at + self.interval_s, now)

    def _say(self, hung: tuple[str, ...]) -> None:
        """Complain of what is new; numbers in a sentence change and make no new one."""
        now = frozenset("".join(c for c in sentence if not c.isdigit()) for sentence in hung)
        for sentence in hung:
            if "".join(c for c in sentence if not c.isdigit()) not in self._hung:
                self.complain(sentence)
        self._hung = now


class Watchdog:
    """The thread that keeps systemd informed.

    Args:
        timeout_s: After this time without a sign systemd ends the service.
        examine: Finds out what hangs at a monotonic time; called on the event loop.
        give_sign: Tells systemd ``WATCHDOG=1``.
    """

    def __init__(
        self, timeout_s: float, examine: Callable[[float], tuple[str, ...]], give_sign: Callable[[], object]
    ) -> None:
        self._timeout_s = timeout_s
        self._examine = examine
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._ended = threading.Event()
        self._pulse = Pulse(timeout_s / 2, self._ask, give_sign, self._complain)
        self._thread = threading.Thread(target=self._run, name="tympan-watchdog", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; systemd asks for no signs of a service that stops."""
        self._ended.set()

    def _run(self) -> None:
        step_s = min(STEP_S, self._timeout_s / 20)
        while not self._ended.wait(step_s):
            self._pulse.step(time.monotonic())

    def _ask(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: no answer comes, and none is needed
            self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        try:
            hung = self._examine(time.monotonic())
        except Exception as error:  # noqa: BLE001 — who cannot find out what hangs is not well
            _log.exception("it cannot be found out whether all is well")
            hung = (f"{type(error).__name__} while looking for what hangs",)
        self._pulse.answered(hung)

    def _complain(self, sentence: str) -> None:
        _log.error("%s; systemd starts the service anew if that stays so for %g s", sentence, self._timeout_s)
        if sentence == _LOOP:
            _log.error("it is here: %s", where_is(sys._current_frames().get(self._loop_thread)))  # noqa: SLF001 — the documented way


def where_is(frame: FrameType | None) -> str:
    """A thread's stack in one line, innermost call first."""
    if frame is None:
        return "its thread has ended"
    calls = reversed(traceback.extract_stack(frame, limit=12))
    return " < ".join(f"{call.name} ({call.filename.rpartition('/')[2]}:{call.lineno})" for call in calls)
