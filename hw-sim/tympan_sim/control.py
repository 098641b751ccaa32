"""The control socket: faults by one-line text commands, from a person or a test.

Owns the commands and the socket's two ends. One line in, one line out: ``ok``, ``ok {json}`` or ``error SENTENCE``::

    paper-out on|off      no paper; off: a new roll or a full tray
    cover on|off          open
    slow 0.1              a tenth of the speed; slow off
    unplug on|off         and every other fault of tympan_sim.printer.FAULTS
    at 5000 unplug on     the same when byte 5000 was taken
    at +5000 unplug on    the same 5000 bytes from now
    status                sensors, faults and what waits, as JSON
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what only talks to a socket need not load the simulation
    from tympan_sim.simulation import Simulation

LINE_MAX = 256
ANSWER_MAX = 65_536
CLIENT_TIMEOUT_S = 5.0


class ControlError(Exception):
    """The simulated printer refused a command, or there is none at this socket; the text says why."""


def execute(simulation: Simulation, line: str, now: float) -> str:
    """Carry out one command and return the answer's line, without its end."""
    words = line.split()
    try:
        if words == ["status"]:
            return "ok " + json.dumps(simulation.printer.describe(now), sort_keys=True)
        if len(words) in (3, 4) and words[0] == "at":
            at_byte = int(words[1]) + (simulation.printer.received if words[1].startswith("+") else 0)
            simulation.printer.fault_at_byte(at_byte, words[2], _value(words[3:]))
            return "ok"
        if len(words) in (1, 2):
            simulation.printer.fault(words[0], _value(words[1:], words[0]), now)
            return "ok"
    except ValueError as problem:
        return f"error {problem}"
    return f"error not a command: {line.strip()[:80]}"


def _value(words: list[str], name: str = "") -> float:
    word = words[0] if words else "on"
    if word == "off":
        return 1.0 if name == "slow" else 0.0
    return 1.0 if word == "on" else float(word)


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
