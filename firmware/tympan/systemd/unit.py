"""This process as a unit of systemd: what was passed to it, and what it says of itself through its life.

READY=1 is said when clients can connect, and again after a reload; RELOADING=1 when one begins; STOPPING=1 at the end; STATUS=
whenever printers change; WATCHDOG=1 while everything moves.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final, Protocol

from tympan.service.events import Event, EventBus
from tympan.systemd.notifier import Notifier
from tympan.systemd.passed import PassedSocket, passed_sockets
from tympan.systemd.status_line import Shown, status_line
from tympan.systemd.vitals import Vitals, Watched
from tympan.systemd.watchdog import Watchdog

STATUS_PAUSE_S: Final = 1.0
"""The most often that the status is told."""

VARIABLES: Final = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
)
"""What systemd says in the environment; for this process alone."""

_log = logging.getLogger(__name__)


class Serving(Watched, Protocol):
    """The service, as far as it has to be known here."""

    @property
    def events(self) -> EventBus:
        """Tells what happens."""
        ...

    @property
    def printers(self) -> Mapping[str, Shown]:
        """Every printer by name."""
        ...


class Unit:
    """What systemd and this process have to do with each other.

    Args:
        notifier: The way to systemd.
        sockets: What clients connect to, opened by systemd.
        watchdog_s: After this time without a sign of life systemd ends the process; 0: it asks for none.
    """

    def __init__(
        self, notifier: Notifier, sockets: tuple[PassedSocket, ...] = (), watchdog_s: float = 0.0
    ) -> None:
        self.sockets = sockets
        self._notifier = notifier
        self._watchdog_s = watchdog_s if notifier.is_heard else 0.0
        self._watchdog: Watchdog | None = None
        self._vitals = Vitals()
        self._note = ""
        self._serving: Serving | None = None
        self._told = ""
        self._is_stopping = False
        self._timer: asyncio.TimerHandle | None = None
        self._stop_listening: Callable[[], None] = _nothing

    @classmethod
    def of_process(cls, environ: MutableMapping[str, str], pid: int) -> Unit:
        """What systemd passed to this process; taken out of the environment, so that no child believes it is meant."""
        found = cls(
            Notifier(environ.get("NOTIFY_SOCKET", "")), passed_sockets(environ, pid), watchdog_s(environ, pid)
        )
        for name in VARIABLES:
            environ.pop(name, None)
        return found

    def serves(self, service: Serving) -> None:
        """Clients can connect; called on the event loop."""
        self._serving = service
        self._vitals.watch(service)
        if not self._notifier.is_heard:
            return
        self._stop_listening = service.events.listen(self._something_happened)
        self._told = self._status()
        self._notifier.tell(READY=1, STATUS=self._told)
        if self._watchdog is None and self._watchdog_s:
            faulthandler.enable()  # systemd ends a process that hangs by SIGABRT: its stacks go to the journal
            self._watchdog = Watchdog(
                self._watchdog_s, self._vitals.examine, lambda: self._notifier.tell(WATCHDOG=1)
            )
            self._watchdog.start()

    def reloading(self) -> None:
        """The configuration is read anew."""
        self._notifier.tell(
            RELOADING=1,
            MONOTONIC_USEC=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000,
            STATUS="reads its configuration",
        )

    def kept(self, problem: str = "") -> None:
        """All stays as it was: nothing has changed, or there is a mistake."""
        self._note = f"the configuration was not taken over: {problem}" if problem else ""
        self._told = self._status()
        self._notifier.tell(READY=1, STATUS=self._told)

    def changes(self) -> None:
        """The configuration is taken over: what prints comes to its end first."""
        self._note = ""
        self._notifier.tell(STATUS="takes over its configuration; what prints comes to its end first")

    def leaves(self) -> None:
        """What `serves` began ends; the service closes, and another may come."""
        self._vitals.watch(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stop_listening()
        self._stop_listening = _nothing
        self._serving = None

    def stopping(self) -> None:
        """The process ends. May be called twice."""
        if self._is_stopping:
            return
        self._is_stopping = True
        self._notifier.tell(STOPPING=1, STATUS="stops")
        if self._watchdog is not None:
            self._watchdog.stop()

    def _something_happened(self, _event: Event) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(STATUS_PAUSE_S, self._tell_status)

    def _tell_status(self) -> None:
        self._timer = None
        status = self._status()
        if status != self._told:
            self._told = status
            self._notifier.tell(STATUS=status)

    def _status(self) -> str:
        return status_line(
            () if self._serving is None else tuple(self._serving.printers.values()), self._note
        )


def watchdog_s(environ: MutableMapping[str, str], pid: int) -> float:
    """``WATCHDOG_USEC`` in seconds, where it is meant for this process (sd_watchdog_enabled(3)); else 0."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0
    try:
        return max(int(environ.get("WATCHDOG_USEC", "0")), 0) / 1e6
    except ValueError:
        return 0.0


def _nothing() -> None:
    """There is nothing to end."""
