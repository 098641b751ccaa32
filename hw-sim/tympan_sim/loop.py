"""The loop that lets a simulated printer live in real time: sockets, the control socket, the mechanism's next step.

Owns the waiting. One thread; what reads and writes are callbacks of the links.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from typing import Protocol

from tympan_sim.control import LINE_MAX, ControlSocket, execute
from tympan_sim.simulation import Simulation

CONTROL_CLIENTS_MAX = 8
LONGEST_WAIT_S = 1.0


class Link(Protocol):
    """What a link does for the loop."""

    def attach(self, loop: SimulationLoop) -> None:
        """Register with the loop."""
        ...

    def after(self, now: float, finished: list[int]) -> float | None:
        """Called after each step of the printer: move bytes, change what is waited for.

        Args:
            now: The time.
            finished: Jobs that came to their end in this step.

        Returns:
            When to be called again at the latest, None: when something happens.
        """
        ...

    def detach(self) -> None:
        """Close everything."""
        ...


class SimulationLoop:
    """Runs one simulation with one link and, where asked for, a control socket."""

    def __init__(self, simulation: Simulation, link: Link, control: ControlSocket | None = None) -> None:
        self.simulation = simulation
        self._link = link
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self._control_clients = 0
        # Something to wake the loop from a signal handler.
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)

    def watch(
        self,
        fileobj: socket.socket | int,
        callback: Callable[[], None] | None,
        *,
        read: bool = True,
        write: bool = False,
    ) -> None:
        """Call `callback` when `fileobj` can be read or, where asked for, written; None ends it. May be repeated."""
        events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
        known = fileobj in self._selector.get_map()
        if callback is None:
            if known:
                self._selector.unregister(fileobj)
        elif known:
            self._selector.modify(fileobj, events, callback)
        else:
            self._selector.register(fileobj, events, callback)

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def run(self) -> None:
        """Run until `stop`; closes the link, the control socket and the simulation."""
        if self._control is not None:
            listener = self._control.listener
            self.watch(listener, lambda: self._accept(listener))
        self.watch(self._woken, lambda: None)
        self._link.attach(self)
        try:
            while not self._stopped:
                now = time.monotonic()
                finished = self.simulation.advance(now)
                times = [self._link.after(now, finished), self.simulation.printer.next_time()]
                if self.simulation.printer.something_happened:
                    times.append(now)
                due = min((moment for moment in times if moment is not None), default=now + LONGEST_WAIT_S)
                wait = min(max(due - time.monotonic(), 0.0), LONGEST_WAIT_S)
                for key, _ in self._selector.select(wait):
                    key.data()
        finally:
            self._link.detach()
            self.simulation.close(time.monotonic())
            self._selector.close()
            self._waker.close()
            self._woken.close()
            if self._control is not None:
                self._control.close()

    # --- control socket ----------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            if self._control_clients >= CONTROL_CLIENTS_MAX:
                client.close()
                return
            client.setblocking(False)
            self._control_clients += 1
            pending = bytearray()
            self.watch(client, lambda: self._command(client, pending))

    def _command(self, client: socket.socket, pending: bytearray) -> None:
        try:
            part = client.recv(LINE_MAX)
            pending += part
            while b"\n" in pending:
                line, _, rest = bytes(pending).partition(b"\n")
                pending[:] = rest
                answer = execute(self.simulation, line.decode(errors="replace"), time.monotonic())
                client.send(answer.encode() + b"\n")
            if part and len(pending) <= LINE_MAX:
                return
        except OSError:
            pass
        self.watch(client, None)
        client.close()
        self._control_clients -= 1
