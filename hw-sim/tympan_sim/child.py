"""The process in which a printer of ``sim://…`` lives: the other end of :mod:`tympan_sim.transport`.

Owns the process's start and its link to the service over an inherited socket. It starts with almost nothing loaded
and loads the simulation when the first bytes come, or after a moment of quiet, so that neither the service's start nor
its memory pays for it. It ends when the socket closes, however the service ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from tympan_sim.control import ControlSocket
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
from tympan_sim.models import MODELS

if TYPE_CHECKING:
    from tympan_sim.loop import SimulationLoop

QUIET_START_S = 1.0
"""How long after its start it loads the simulation even if nothing was sent."""

RECEIVE_BYTES = 65_536


class ServiceLink:
    """The inherited socket as a link of the loop.

    Args:
        service: Connected to the service.
        credit: Bytes the service may send before it hears anything.
        parent: Process id of the service.
    """

    def __init__(self, service: socket.socket, credit: int, parent: int) -> None:
        self._service = service
        self._parent = parent
        self._reader = FrameReader()
        self._loop: SimulationLoop | None = None
        self._window = credit
        self._granted = credit
        self._waiting: deque[tuple[FrameKind, bytes]] = deque()
        self._held = 0
        self._out = bytearray()
        self._state = -1

    @property
    def _running(self) -> SimulationLoop:
        assert self._loop is not None, "the link is attached before it is used"
        return self._loop

    def attach(self, loop: SimulationLoop) -> None:
        """Register with the loop."""
        self._loop = loop
        self._service.setblocking(False)
        loop.watch(self._service, self._ready)

    def detach(self) -> None:
        """Close the socket."""
        self._service.close()

    def after(self, now: float, finished: list[int]) -> float | None:
        """Move bytes both ways and say what changed."""
        from tympan_sim.printer import PrinterGoneError  # noqa: PLC0415 — see the module's docstring

        loop = self._running
        printer = loop.simulation.printer
        if os.getppid() != self._parent:
            loop.stop()
        for job_id in finished:
            self._out += number_frame(FrameKind.FINISHED, job_id)
        self._offer(now)
        if printer.connected:
            with contextlib.suppress(PrinterGoneError):
                if back := printer.read(now):
                    self._out += frame(FrameKind.BACK, back)
            self._grant()
        self._tell_state()
        self._flush()
        return None

    def _offer(self, now: float) -> None:
        """Give the printer what waits, in order, as far as it takes it."""
        from tympan_sim.printer import PrinterGoneError  # noqa: PLC0415 — see the module's docstring

        simulation = self._running.simulation
        printer = simulation.printer
        while self._waiting:
            kind, payload = self._waiting.popleft()
            if kind is FrameKind.BEGIN:
                simulation.begin_job(number(payload), now)
            elif kind is FrameKind.END:
                if simulation.in_job:
                    simulation.end_job(now)
                else:
                    self._out += frame(FrameKind.FINISHED, payload)
            else:
                try:
                    # Between jobs the service asks how the printer is: that is no job's.
                    taken = (simulation if simulation.in_job else printer).write(payload, now)
                except PrinterGoneError:
                    taken = len(payload)  # was in the cable, is lost
                self._held -= taken
                if taken < len(payload):
                    self._waiting.appendleft((kind, payload[taken:]))
                    if not taken:
                        return

    def _grant(self) -> None:
        """Let the service send as much as the printer has room for."""
        printer = self._running.simulation.printer
        room = printer.room() - self._held - self._granted
        window = min(self._window, printer.bytes_at_a_time or self._window)
        more = min(room, window - self._granted)
        if more > 0 and (more >= window // 8 or self._granted == 0):
            self._granted += more
            self._out += number_frame(FrameKind.CREDIT, more)

    def _tell_state(self) -> None:
        printer = self._running.simulation.printer
        status = printer.status()
        bits = PAPER_EMPTY if status["paper_out"] else 0
        bits |= 0 if status["offline"] else SELECTED
        bits |= ERROR if any(status[name] for name in ("paper_out", "cover_open", "cutter_error")) else 0
        bits |= CONNECTED if printer.connected else 0
        if bits != self._state:
            self._state = bits
            self._out += number_frame(FrameKind.STATE, bits)

    def _flush(self) -> None:
        if self._out:
            try:
                del self._out[: self._service.send(self._out)]
            except BlockingIOError:
                pass
            except OSError:
                self._running.stop()
                return
        self._running.watch(self._service, self._ready, write=bool(self._out))

    def _ready(self) -> None:
        try:
            data = self._service.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._running.stop()
            return
        for kind, payload in self._reader.feed(data):
            self._message(kind, payload)

    def _message(self, kind: FrameKind, payload: bytes) -> None:
        loop = self._running
        now = time.monotonic()
        if kind in (FrameKind.DATA, FrameKind.BEGIN, FrameKind.END):
            if kind is FrameKind.DATA:
                self._granted -= len(payload)
                self._held += len(payload)
            self._waiting.append((kind, payload))
            self._offer(now)
        elif kind is FrameKind.RESET:
            self._drop_data()
            loop.simulation.printer.soft_reset(now)
        elif kind is FrameKind.OPEN:
            self._drop_data()
            self._offer(now)
            loop.simulation.end_job(now)
            self._granted = min(self._window, loop.simulation.printer.room())
            self._out += number_frame(FrameKind.GRANT, self._granted)
            self._state = -1

    def _drop_data(self) -> None:
        """Forget bytes that the printer has not taken; jobs begin and end all the same."""
        self._waiting = deque(item for item in self._waiting if item[0] is not FrameKind.DATA)
        self._held = 0


def main(arguments: list[str]) -> int:
    """Run: FD MODEL SPEED DIRECTORY PARENT-PID."""
    descriptor, model_name, speed, directory, parent = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service = socket.socket(fileno=int(descriptor))
    model = MODELS[model_name]
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    control = ControlSocket(path / "control.sock")
    ready, _, _ = select.select([service, control.listener], [], [], QUIET_START_S)
    if service in ready and not service.recv(1, socket.MSG_PEEK):
        control.close()
        return 0
    from tympan_sim.loop import SimulationLoop  # noqa: PLC0415 — see the module's docstring
    from tympan_sim.simulation import Simulation  # noqa: PLC0415 — see the module's docstring

    simulation = Simulation(model, path, speed=float(speed))
    link = ServiceLink(service, min(model.receive_buffer_bytes, CREDIT_MAX), int(parent))
    loop = SimulationLoop(simulation, link, control)
    signal.signal(signal.SIGTERM, lambda *_: loop.stop())
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
