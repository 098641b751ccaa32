"""Links to the world: a TCP port like a network printer's 9100, and a pseudo-terminal like a serial printer's.

Owns the sockets and the terminal, and what a raw link has instead of jobs: a job begins with the first byte; it ends
when the connection closes, or after a gap without bytes (`idle_gap_s`). A link takes bytes only as the printer has
room, so the host feels the buffer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tty
from pathlib import Path

from tympan_sim.line_rate import LineRate
from tympan_sim.loop import SimulationLoop
from tympan_sim.printer import PrinterGoneError

CHUNK_BYTES = 16_384

_QUEUE_OF_NONE = 2
"""Connections that fill a queue for which `listen` was told 0: Linux takes one more than told, and a host one more than that."""


class _RawLink:
    """What both links share: bytes held between host and printer, and the gap that ends a job."""

    def __init__(self, idle_gap_s: float) -> None:
        self._loop: SimulationLoop | None = None
        self._gap_s = idle_gap_s
        self._held = b""
        self._last_byte = 0.0
        self._back = bytearray()

    @property
    def _running(self) -> SimulationLoop:
        assert self._loop is not None, "the link is attached before it is used"
        return self._loop

    def _offer(self, now: float) -> None:
        """Give the printer what is held, as far as it takes it."""
        with contextlib.suppress(PrinterGoneError):
            while self._held:
                taken = self._running.simulation.write(self._held, now)
                if not taken:
                    return
                self._held = self._held[taken:]
                self._last_byte = now

    def _gap_end(self, now: float) -> float | None:
        """End the job after the gap; returns when that will be."""
        simulation = self._running.simulation
        if simulation.printer.stalled:
            self._last_byte = now  # who takes nothing is not sent anything
        if not self._gap_s or not simulation.in_job or self._held or simulation.printer.stalled:
            return None
        due = self._last_byte + self._gap_s
        if now >= due:
            simulation.end_job(now)
            return now
        return due

    def _collect_replies(self, now: float) -> None:
        with contextlib.suppress(PrinterGoneError):
            self._back += self._running.simulation.printer.read(now)
            del self._back[:-CHUNK_BYTES]


class TcpLink(_RawLink):
    """A TCP port; one connection at a time, as the printers' network cards have it.

    Half open, it reads nothing, answers nothing and accepts nobody: who connects waits until his time is out, as with a host
    that is not there. Afterwards the printer knows nothing of the connection it had, and resets it.

    Args:
        port: Port; 0 takes a free one, see `port` afterwards.
        bind: Address to listen on.
        idle_gap_s: Seconds without a byte that end a job; 0: only the connection's end does.
    """

    def __init__(self, port: int, bind: str = "127.0.0.1", *, idle_gap_s: float = 0.0) -> None:
        super().__init__(idle_gap_s)
        self._bind = bind
        self.port = port
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._ended = False
        self._pluggers: list[socket.socket] = []
        self.open_port()

    def open_port(self) -> None:
        """Listen.

        Raises:
            OSError: The address is taken or not ours.
        """
        family = socket.AF_INET6 if ":" in self._bind else socket.AF_INET
        listener = socket.create_server((self._bind, self.port), family=family, backlog=2)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener

    def attach(self, loop: SimulationLoop) -> None:
        """Register with the loop."""
        self._loop = loop
        if self._listener is not None:
            loop.watch(self._listener, self._accept)

    def after(self, now: float, finished: list[int]) -> float | None:
        """Move bytes both ways."""
        del finished
        loop = self._running
        if not loop.simulation.printer.connected:
            self._unplug()
            return None
        if loop.simulation.printer.half_open:
            self._go_deaf()
            return None
        if self._pluggers:
            self._hear_again()
        if self._listener is None:
            with contextlib.suppress(OSError):
                self.open_port()
                self.attach(loop)
        self._offer(now)
        if self._ended and not self._held:
            self._ended = False
            loop.simulation.end_job(now)
            self._close_client()
        self._collect_replies(now)
        if self._client is not None:
            self._send_replies(self._client)
        else:
            self._back.clear()
        self._wait()
        return self._gap_end(now)

    def detach(self) -> None:
        """Close the port and the connection."""
        self._pull_pluggers()
        self._close_client()
        self._close_listener()

    def _wait(self) -> None:
        """Read only while the printer takes; accept only while nobody is connected."""
        loop = self._running
        if self._client is not None:
            if self._held or self._ended:
                loop.watch(self._client, None)
            else:
                loop.watch(self._client, self._readable, write=bool(self._back))
        if self._listener is not None:
            loop.watch(self._listener, None if self._client is not None else self._accept)

    def _accept(self) -> None:
        if self._listener is not None and self._client is None:
            with contextlib.suppress(OSError):
                self._client, _ = self._listener.accept()
                self._client.setblocking(False)
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _readable(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._held += data
        self._ended = not data

    def _send_replies(self, client: socket.socket) -> None:
        if self._back:
            try:
                sent = client.send(self._back)
                del self._back[:sent]
            except BlockingIOError:
                pass
            except OSError:
                self._back.clear()

    def _unplug(self) -> None:
        """A network printer that left: what was open is reset, and nobody listens."""
        self._pull_pluggers()
        self._reset_client()
        self._close_listener()

    def _reset_client(self) -> None:
        """Drop the connection and what was under way on it; the host notices at once."""
        self._held = b""
        self._ended = False
        self._back.clear()
        if self._client is not None:
            linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._close_client()

    def _go_deaf(self) -> None:
        """Read and accept nothing. The kernel would accept by itself: connections of our own fill its queue."""
        loop = self._running
        if self._client is not None:
            loop.watch(self._client, None)
        if self._listener is None or self._pluggers:
            return
        loop.watch(self._listener, None)
        self._listener.listen(0)
        for _ in range(_QUEUE_OF_NONE):
            plugger = socket.socket(self._listener.family)
            plugger.setblocking(False)
            with contextlib.suppress(OSError):
                plugger.connect(self._listener.getsockname())
            self._pluggers.append(plugger)

    def _hear_again(self) -> None:
        self._pull_pluggers()
        self._reset_client()
        self._close_listener()  # and with it the connections in its queue
        with contextlib.suppress(OSError):
            self.open_port()
            self.attach(self._running)

    def _pull_pluggers(self) -> None:
        for plugger in self._pluggers:
            plugger.close()
        self._pluggers.clear()

    def _close_client(self) -> None:
        if self._client is not None:
            self._running.watch(self._client, None)
            self._client.close()
            self._client = None

    def _close_listener(self) -> None:
        if self._listener is not None:
            if self._loop is not None:
                self._loop.watch(self._listener, None)
            self._listener.close()
            self._listener = None


class PtyLink(_RawLink):
    """A pseudo-terminal with a name in the file system, for what wants a serial port.

    Unplugged, the adapter is gone and the terminal with it. Switched off, the terminal stays, as the port of a computer does:
    the printer's end of the flow control holds the line, and nothing comes back.

    Args:
        path: A symbolic link to the terminal, made here and removed at the end.
        idle_gap_s: Seconds without a byte that end a job.
        baud: The line's speed towards the printer; 0: as fast as a terminal is.
    """

    def __init__(self, path: Path, *, idle_gap_s: float = 1.0, baud: int = 0) -> None:
        super().__init__(idle_gap_s)
        self._path = path
        self._rate = LineRate(baud) if baud else None
        self._allowed = CHUNK_BYTES
        self._master = -1
        self._slave = -1
        self._open_terminal()

    def _open_terminal(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(os.ttyname(self._slave))
        temporary.replace(self._path)

    def attach(self, loop: SimulationLoop) -> None:
        """Register with the loop."""
        self._loop = loop

    def after(self, now: float, finished: list[int]) -> float | None:
        """Move bytes both ways."""
        del finished
        loop = self._running
        printer = loop.simulation.printer
        if printer.unplugged:
            self._held = b""
            self._back.clear()
            self._close_terminal()
            return None
        if self._master < 0:
            self._open_terminal()
        if not printer.connected:
            self._held = b""  # was in the printer's interface
            self._back.clear()
            loop.watch(self._master, None)
            return None
        self._offer(now)
        self._collect_replies(now)
        if self._back:
            try:
                del self._back[: os.write(self._master, self._back)]
            except OSError as problem:
                if problem.errno not in (errno.EAGAIN, errno.EIO):
                    raise
        if self._rate is not None:
            self._allowed = min(self._rate.allowance(now), CHUNK_BYTES)
        loop.watch(self._master, None if self._held or not self._allowed else self._readable)
        end = self._gap_end(now)
        if self._rate is None or self._allowed:
            return end
        return self._rate.due() if end is None else min(end, self._rate.due())

    def detach(self) -> None:
        """Close the terminal and remove its name."""
        self._close_terminal()

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._master, self._allowed)
            self._held += data
            if self._rate is not None:
                self._rate.passed(len(data))

    def _close_terminal(self) -> None:
        if self._master >= 0:
            if self._loop is not None:
                self._loop.watch(self._master, None)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1
            self._path.unlink(missing_ok=True)
