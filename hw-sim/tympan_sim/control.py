"""The control socket: faults by one-line text commands, from a person or a test.

Owns the commands and the socket's two ends. One line in, one line out: ``ok``, ``ok {json}`` or ``error SENTENCE``::

    paper-out on|off          no paper; off: a new roll or a full tray
    cover on|off              open
    slow 0.1                  a tenth of the speed; slow off
    lost 100                  the cable loses the next 100 bytes
    unplug on|off             and every other fault of tympan_sim.faults.FAULTS
    cover on for 2.5          it ends by itself after so many seconds
    at 5000 unplug on         the same when byte 5000 was taken
    at +5000 unplug for 3     the same 5000 bytes from now
    in 1.5 cover on           the same after so many seconds
    well                      no fault any more, and none to come
    status                    sensors, faults, their history and what waits, as JSON
    faults                    what there is, as JSON
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tympan_sim.faults import FAULTS, SECONDS_MAX, fault_kind

if TYPE_CHECKING:  # what only talks to a socket need not load the simulation
    from tympan_sim.simulation import Simulation

LINE_MAX = 256
ANSWER_MAX = 65_536
"""Longer than any ``status``: the history is bounded."""

CLIENT_TIMEOUT_S = 5.0


class ControlError(Exception):
    """The simulated printer refused a command, or there is none at this socket; the text says why."""


def execute(simulation: Simulation, line: str, now: float) -> str:
    """Carry out one command and return the answer's line, without its end."""
    printer = simulation.printer
    words = line.split()
    try:
        if words == ["status"]:
            return "ok " + json.dumps(printer.describe(now), sort_keys=True)
        if words == ["faults"]:
            return "ok " + json.dumps({name: kind.what for name, kind in FAULTS.items()})
        if words == ["well"]:
            printer.no_faults(now)
            return "ok"
        if words:
            _order(simulation, words, now)
            return "ok"
    except ValueError as problem:
        return f"error {problem}"
    return "error nothing was asked"


def _order(simulation: Simulation, words: list[str], now: float) -> None:
    """``[at BYTE|in SECONDS] FAULT [VALUE] [for SECONDS]``.

    Raises:
        ValueError: That it is not.
    """
    printer = simulation.printer
    when = words[:2] if words[0] in {"at", "in"} else []
    rest = words[len(when) :]
    lasts_s = 0.0
    if len(rest) > 2 and rest[-2] == "for":
        lasts_s, rest = _seconds(rest[-1]), rest[:-2]
    if len(when) == 1 or len(rest) not in {1, 2}:
        raise ValueError(f"not a command: {' '.join(words)[:80]}")
    name = rest[0]
    kind = fault_kind(name)
    word = rest[1] if len(rest) == 2 else "on"
    value = {"on": kind.default, "off": kind.off}.get(word)
    value = _number(word) if value is None else value
    if not when:
        printer.fault(name, value, now)
        if lasts_s:
            printer.fault_at_time(now + lasts_s, name, kind.off)
    elif when[0] == "in":
        printer.fault_at_time(now + _seconds(when[1]), name, value, lasts_s)
    else:
        from_now = when[1].startswith("+")
        at_byte = int(_number(when[1])) + (printer.received if from_now else 0)
        printer.fault_at_byte(at_byte, name, value, lasts_s)


def _number(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(f"not a number: {word[:20]}")
    return number


def _seconds(word: str) -> float:
    seconds = _number(word)
    if not 0 < seconds <= SECONDS_MAX:
        raise ValueError(f"not a number of seconds: {word[:20]}")
    return seconds


@contextlib.contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """A name for a socket that fits the 107 bytes a socket's address has, however deep its directory."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


class ControlSocket:
    """The printer's end: a socket in the file system that only its owner may use; one left behind is replaced.

    Args:
        path: Where; the directory must be there.

    Attributes:
        listener: Accepts clients, never blocks.

    Raises:
        OSError: The directory is not there or not writable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            path.unlink(missing_ok=True)
            with _short_name(path) as name:
                self.listener.bind(name)
            path.chmod(0o600)
            self._inode = path.stat().st_ino
            self.listener.listen(4)
        except OSError:
            self.listener.close()
            raise

    def close(self) -> None:
        """Close the socket and remove its name, unless another printer took it over."""
        self.listener.close()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()


def send(path: Path, command: str) -> str:
    """Send one command and return what follows ``ok``.

    Raises:
        ControlError: There is no printer at this socket, it does not answer, or it refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(CLIENT_TIMEOUT_S)
        answer = b""
        try:
            with _short_name(path) as name:
                client.connect(name)
            client.sendall(command.encode() + b"\n")
            while not answer.endswith(b"\n") and len(answer) < ANSWER_MAX:
                part = client.recv(4096)
                if not part:
                    break
                answer += part
        except OSError as problem:
            raise ControlError(f"no simulated printer answers at {path}: {problem}") from problem
    verdict, _, rest = answer.decode(errors="replace").strip().partition(" ")
    if verdict != "ok":
        raise ControlError(rest or f"no answer at {path}")
    return rest
