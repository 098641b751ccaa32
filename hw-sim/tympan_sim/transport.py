"""The transport of ``sim://NAME``: a simulated printer in a process of its own, behind the firmware's contract.

Owns the service's side: the process's start, the socket to it, and what a printer's cable does to those who write to
it: takes as much as the printer has room for, gives back its replies, goes away when it is unplugged. It knows the
contract by its form only, and imports nothing of the firmware and nothing large.

URIs: ``sim://NAME``, such as ``sim://counter?model=tm-t88v&speed=max``. Without ``model`` it is the one that suits the profile of
the printer, and where none is known (``driver = "auto"``) ``sim://receipt`` and ``sim://laser`` say it by their names.
``speed`` is ``real``, ``max`` or a factor. Output goes to ``STATE_DIR/simulated/NAME/``, faults come by
``control.sock`` in there.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from tympan_sim.frames import (
    CONNECTED,
    CREDIT_MAX,
    ERROR,
    PAPER_EMPTY,
    SELECTED,
    FrameKind,
    FrameReader,
    frame,
    number,
    number_frame,
)
from tympan_sim.models import MODELS, PRESETS, PROFILES, PrinterModel

DEFAULT_SPEED = "real"
BACK_CHANNEL_MAX = 65_536
WRITE_BYTES = 32_768
CALL_TIMEOUT_S = 0.2
_RECEIVE_BYTES = 65_536
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_END_WAIT_S = 5.0


class Context(Protocol):
    """What of the firmware's ``TransportContext`` is used here."""

    @property
    def state_dir(self) -> Path:
        """The service's state directory."""
        ...

    @property
    def profile(self) -> str:
        """What the configuration takes the device for; may be empty."""
        ...


@dataclass(frozen=True, slots=True)
class SimulatedIdentity:
    """What the device says it is; the fields of the contract's ``DeviceIdentity``."""

    device_id: str = ""
    make: str = ""
    model: str = ""
    serial_number: str = ""
    commands: tuple[str, ...] = ()
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A device to choose; the fields of the contract's ``DiscoveredDevice``."""

    device_uri: str
    info: str
    identity: SimulatedIdentity
    also: tuple[str, ...] = ()
    problem: str = ""
    settles: bool = False


@dataclass(frozen=True, slots=True)
class SimulatedPortStatus:
    """The three bits of the port; the fields of the contract's ``PortStatus``."""

    paper_empty: bool
    selected: bool
    error: bool


def _identity(model: PrinterModel, name: str) -> SimulatedIdentity:
    return SimulatedIdentity(
        device_id=model.device_id,
        make=model.make,
        model=model.model,
        serial_number=f"SIM-{name}",
        commands=model.commands_set,
    )


def speed_factor(word: str) -> float:
    """Turn ``real``, ``max`` or a number into a speed factor, where 0 is without limit.

    Raises:
        ValueError: It is none of these.
    """
    if word in ("real", "max"):
        return 1.0 if word == "real" else 0.0
    try:
        factor = float(word)
    except ValueError:
        factor = -1.0
    if not 0 < factor <= 1e6:
        raise ValueError(f"speed must be real, max or a number above 0, not {word!r}")
    return factor


# --- the process ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Process:
    """One running simulation and what it last said; `changed` guards all but `process` and `service`."""

    process: subprocess.Popen[bytes]
    service: socket.socket
    credit: int
    changed: threading.Condition = field(default_factory=threading.Condition)
    back: bytearray = field(default_factory=bytearray)
    finished: set[int] = field(default_factory=set)
    state: int = SELECTED | CONNECTED
    state_heard: int = 0
    alive: bool = True

    def listen(self) -> None:
        """Take what the simulation says, until it ends; runs on a thread."""
        reader = FrameReader()
        while True:
            try:
                data = self.service.recv(_RECEIVE_BYTES)
                messages = list(reader.feed(data))
            except (OSError, ValueError):
                data = b""
            if not data:
                break
            with self.changed:
                for kind, payload in messages:
                    self._hear(kind, payload)
                self.changed.notify_all()
        with self.changed:
            self.alive = False
            self.changed.notify_all()

    def _hear(self, kind: FrameKind, payload: bytes) -> None:
        if kind is FrameKind.BACK:
            self.back += payload
            del self.back[:-BACK_CHANNEL_MAX]
        elif kind is FrameKind.CREDIT:
            self.credit += number(payload)
        elif kind is FrameKind.GRANT:
            self.credit = number(payload)
        elif kind is FrameKind.FINISHED:
            self.finished.add(number(payload))
        elif kind is FrameKind.STATE:
            self.state = number(payload)
            self.state_heard += 1

    def send(self, message: bytes) -> None:
        """Send a message whole.

        Raises:
            ConnectionError: The simulation ended.
        """
        try:
            # The credit keeps what is on its way below what the sockets hold, so this does not wait.
            self.service.sendall(message)
        except OSError as problem:
            with self.changed:
                self.alive = False
            raise ConnectionResetError("the simulated printer's process ended") from problem

    def end(self) -> None:
        """Close the socket, which ends the process, and wait for it."""
        with contextlib.suppress(OSError):
            self.service.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(_END_WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.service.close()


_processes: dict[Path, _Process] = {}
_processes_lock = threading.Lock()


@atexit.register
def end_simulations() -> None:
    """End every simulated printer of this process; what they took comes out first. Harmless when there is none."""
    with _processes_lock:
        running = list(_processes.values())
        _processes.clear()
    for process in running:
        process.end()


def _start(model: PrinterModel, speed: float, directory: Path) -> _Process:
    ours, theirs = socket.socketpair()
    try:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CREDIT_MAX * 2)
        command = [sys.executable, "-m", "tympan_sim.child", str(theirs.fileno()), model.name, str(speed)]
        process = subprocess.Popen(  # noqa: S603 — our own interpreter and our own module
            [*command, str(directory), str(os.getpid())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is the service's to handle
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    started = _Process(process, ours, min(model.receive_buffer_bytes, CREDIT_MAX))
    threading.Thread(target=started.listen, name=f"sim-{directory.name}", daemon=True).start()
    return started


# --- the transport ----------------------------------------------------------------------------------------------------


class SimulatedTransport:
    """A byte pipe to a simulated printer; conforms to the firmware's ``Transport`` by its form.

    Failures are ``FileNotFoundError`` (unplugged), ``ConnectionError`` (went away) and other ``OSError``.

    Args:
        uri: ``sim://NAME[?model=MODEL&speed=SPEED]``.
        context: Says where the output goes.

    Raises:
        ValueError: The URI has a mistake.
    """

    def __init__(self, uri: str, context: Context) -> None:
        self.uri = uri
        self.open_timeout_s = 5.0
        self.back_channel = True
        self.shared = False
        self.closes_after_job = False
        self.notices_power_off = True
        parts = urlsplit(uri)
        name = parts.netloc
        if parts.scheme != "sim" or not _NAME.fullmatch(name) or parts.path not in ("", "/"):
            raise ValueError(f"{uri}: a simulated printer is named as in sim://receipt")
        options = parse_qs(parts.query, keep_blank_values=True, max_num_fields=8)
        if unknown := options.keys() - {"model", "speed"}:
            raise ValueError(f"{uri}: unknown option {min(unknown)}; there are model and speed")
        model_name = options.get("model", [PROFILES.get(context.profile) or PRESETS.get(name, "")])[-1]
        if model_name not in MODELS:
            what = (
                f"there is no model {model_name!r}"
                if "model" in options
                else "nothing says which model it is"
            )
            raise ValueError(f"{uri}: {what}; ?model= takes {', '.join(MODELS)}")
        self._model = MODELS[model_name]
        try:
            self._speed = speed_factor(options.get("speed", [DEFAULT_SPEED])[-1])
        except ValueError as problem:
            raise ValueError(f"{uri}: {problem}") from problem
        self._name = name
        self._directory = context.state_dir.absolute() / "simulated" / name
        self._process: _Process | None = None
        self._job_id: int | None = None
        self._end_sent = False

    @classmethod
    def discover(cls) -> Sequence[SimulatedDevice]:
        """List the simulated printers that need no model."""
        return [
            SimulatedDevice(
                f"sim://{name}", f"Simulated {MODELS[model].model}", _identity(MODELS[model], name)
            )
            for name, model in PRESETS.items()
        ]

    def open(self) -> SimulatedIdentity:
        """Start the printer's process where it does not run, and return at once; it loads while bytes queue up.

        Raises:
            FileNotFoundError: The printer is unplugged or switched off.
            OSError: The process cannot be started.
        """
        with _processes_lock:
            process = _processes.get(self._directory)
            fresh = process is None or not process.alive
            if process is None or fresh:
                if process is not None:
                    process.end()
                process = _processes[self._directory] = _start(self._model, self._speed, self._directory)
        if not fresh:
            self._reopen(process)
        self._process = process
        self._job_id = None
        return _identity(self._model, self._name)

    def _reopen(self, process: _Process) -> None:
        with process.changed:
            heard = process.state_heard
            process.credit = 0
            process.back.clear()
        try:
            process.send(frame(FrameKind.OPEN))
        except ConnectionError as problem:
            raise FileNotFoundError(f"{self.uri}: {problem}") from problem
        with process.changed:
            process.changed.wait_for(
                lambda: process.state_heard > heard or not process.alive, self.open_timeout_s
            )
            if not process.alive or not process.state & CONNECTED:
                raise FileNotFoundError(f"{self.uri}: the printer is not connected")

    def begin_job(self, job_id: int, extension: str) -> None:
        """A job's bytes follow."""
        del extension
        self._job_id = job_id
        self._end_sent = False
        process = self._present()
        with process.changed:
            process.finished.discard(job_id)
        process.send(number_frame(FrameKind.BEGIN, job_id))

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Give bytes to the printer; returns how many it had room for, 0 where it had none in time.

        Raises:
            ConnectionError: It went away.
        """
        process = self._present()
        with process.changed:
            process.changed.wait_for(
                lambda: process.credit > 0 or not self._there(process), min(timeout_s, CALL_TIMEOUT_S)
            )
            self._check(process)
            count = min(len(data), process.credit, WRITE_BYTES)
            process.credit -= count
        if count:
            process.send(frame(FrameKind.DATA, memoryview(data)[:count]))
        return count

    def read(self, limit: int, timeout_s: float) -> bytes:
        """Take up to `limit` bytes off the back channel; empty where none came in time.

        Raises:
            ConnectionError: It went away.
        """
        process = self._present()
        with process.changed:
            process.changed.wait_for(
                lambda: bool(process.back) or not self._there(process), min(timeout_s, CALL_TIMEOUT_S)
            )
            if not process.back:
                self._check(process)
            taken = bytes(process.back[:limit])
            del process.back[: len(taken)]
            return taken

    def end_job(self, timeout_s: float) -> bool:
        """The job's last byte was written. True once it is on paper and its pictures are in the directory.

        Raises:
            ConnectionError: The printer went away.
        """
        process = self._present()
        job_id = self._job_id
        if job_id is None:
            return True
        if not self._end_sent:
            process.send(number_frame(FrameKind.END, job_id))
            self._end_sent = True
        with process.changed:
            process.changed.wait_for(
                lambda: job_id in process.finished or not self._there(process), min(timeout_s, CALL_TIMEOUT_S)
            )
            if job_id not in process.finished:
                self._check(process)
                return False
            process.finished.discard(job_id)
        self._job_id = None
        return True

    def unsent(self) -> int:
        """Nothing: what was counted, the simulated printer has."""
        return 0

    def port_status(self) -> SimulatedPortStatus | None:
        """The port's status bits as the printer last said; None where it is not open."""
        if self._process is None:
            return None
        state = self._process.state
        return SimulatedPortStatus(
            paper_empty=bool(state & PAPER_EMPTY), selected=bool(state & SELECTED), error=bool(state & ERROR)
        )

    def soft_reset(self) -> None:
        """Empty the printer's input buffer.

        Raises:
            ConnectionError: It went away.
        """
        self._present().send(frame(FrameKind.RESET))

    def close(self) -> None:
        """Let go of the printer. Its process lives on, as a printer does, until the service ends."""
        self._process = None
        self._job_id = None

    # --- inside ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _there(process: _Process) -> bool:
        return process.alive and bool(process.state & CONNECTED)

    def _present(self) -> _Process:
        if self._process is None:
            raise ConnectionAbortedError(f"{self.uri}: not open")
        return self._process

    def _check(self, process: _Process) -> None:
        if not self._there(process):
            raise ConnectionResetError(f"{self.uri}: the printer went away")
