"""The far ends of transports: what a printer does to those who write to it, one class for each way to reach it.

Each has ``uri``, ``received()``, ``hold()`` (take nothing more), ``go_on()``, ``leave()`` (unplugged, closed) and
``answer(data)`` (give back bytes), as far as such a device can.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
import tty
from pathlib import Path

from tympan_sim import control
from tympan_sim.link_usb import SimulatedUsb, UsbPrinter, UsbTraits
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import decoder_for
from tympan_sim.transport import end_simulations


class PlainFile:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "out.bin"
        self.uri = f"file://{self.path}"

    def received(self) -> bytes:
        return self.path.read_bytes()

    def close(self) -> None:
        """Nothing to let go of."""


class Folder(PlainFile):
    """A folder; the suite's job has the number 7."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "7.bin"
        self.uri = f"file://{folder}/"


class _Pump:
    """Reads from a descriptor on a thread of its own, unless it holds."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._go = threading.Event()
        self._go.set()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def _start(self, fd: int) -> None:
        self._fd = fd
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            if not self._go.wait(0.05):
                continue
            try:
                if select.select([self._fd], [], [], 0.05)[0] and self._go.is_set():
                    data = os.read(self._fd, 65536)
                    if not data:
                        return
                    self._data += data
            except OSError:
                return

    def hold(self) -> None:
        self._go.clear()

    def go_on(self) -> None:
        self._go.set()

    def received(self) -> bytes:
        return bytes(self._data)

    def _stop(self) -> None:
        self._end.set()
        self._go.set()
        if self._thread is not None:
            self._thread.join()


class Fifo(_Pump):
    """A named pipe with a reader."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        path = folder / "fifo"
        os.mkfifo(path)
        self.uri = f"file://{path}"
        self._start(os.open(path, os.O_RDONLY | os.O_NONBLOCK))

    def _run(self) -> None:
        # A FIFO that nobody has opened for writing yet is at its end, and will not stay there.
        while not self._end.is_set():
            if self._go.wait(0.01) and select.select([self._fd], [], [], 0.01)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._data += os.read(self._fd, 65536)
            self._end.wait(0.001)

    def leave(self) -> None:
        self._stop()
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        if self._fd >= 0:
            self.leave()


class TcpPrinter(_Pump):
    """A printer on a TCP port with a small receive buffer."""

    def __init__(self, folder: Path) -> None:
        del folder
        super().__init__()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(1)
        self.uri = f"socket://127.0.0.1:{self._listener.getsockname()[1]}?close=idle"
        self._connection: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self._accepted = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._connection, _ = self._listener.accept()
                self._connections.append(self._connection)
                self._start(self._connection.fileno())
                self._accepted.set()

    def answer(self, data: bytes) -> None:
        self._accepted.wait(5)
        assert self._connection is not None
        self._connection.sendall(data)

    def leave(self) -> None:
        self._accepted.wait(5)
        self._stop()
        assert self._connection is not None
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def come_back(self) -> None:
        self._end.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._stop()
        for connection in self._connections:
            connection.close()


class _Terminal(_Pump):
    """The other end of a pseudo terminal: the kernel's own tty, with its buffer of 4 KiB."""

    scheme = ""

    def __init__(self, folder: Path) -> None:
        del folder
        super().__init__()
        self._controller, self._line = os.openpty()
        tty.setraw(self._line)
        self.uri = f"{self.scheme}://{os.ttyname(self._line)}"
        self._start(self._controller)

    def answer(self, data: bytes) -> None:
        os.write(self._controller, data)

    def leave(self) -> None:
        self._stop()
        os.close(self._controller)
        self._controller = -1

    def close(self) -> None:
        if self._controller >= 0:
            self.leave()
        os.close(self._line)


class SerialPrinter(_Terminal):
    """A serial printer."""

    scheme = "serial"


class KernelPrinter(_Terminal):
    """A node as of the kernel's printer drivers, as far as a terminal can be one: it has no ioctls of a printer."""

    scheme = "lp"


class UsbBusPrinter:
    """A printer on a simulated USB bus: real pyusb, and what libusb would say. It prints what it gets: ESC/POS."""

    def __init__(self, folder: Path, **traits: object) -> None:
        del folder
        model = MODELS["tm-t88v"]
        self.device = UsbPrinter(Printer(model, decoder_for(model), speed=0.0), UsbTraits(**traits))  # type: ignore[arg-type]
        self.backend = SimulatedUsb([self.device])
        self.uri = "usb://{:04x}:{:04x}/SIM0001".format(*model.usb_ids)
        self._data = bytearray()
        write = self.device.printer.write

        def tapped(data: bytes | memoryview, now: float) -> int:
            taken = write(data, now)
            self._data += data[:taken]
            return taken

        self.device.printer.write = tapped  # type: ignore[method-assign]

    def received(self) -> bytes:
        return bytes(self._data)

    def hold(self) -> None:
        self.device.fault("stall")

    def go_on(self) -> None:
        self.device.fault("stall", 0.0)

    def leave(self) -> None:
        self.device.fault("unplug")

    def come_back(self) -> None:
        self.device.fault("unplug", 0.0)

    def answer(self, data: bytes) -> None:
        self.device.printer._reply(data, self.device.clock())

    def close(self) -> None:
        """Nothing to let go of."""


class SimulatedPrinter:
    """A printer of ``sim://``, in its own process, with faults by its control socket.

    Its transport knows the contract by its form and raises the built-in errors that the firmware's are kinds of.
    """

    uri = "sim://receipt?speed=max"
    gone: type[OSError] = ConnectionError

    def __init__(self, folder: Path) -> None:
        self._directory = folder / "simulated" / "receipt"

    def received(self) -> bytes:
        names = (self._directory / name for name in ("7.bin", ".7.bin.part"))
        return next((path.read_bytes() for path in names if path.exists()), b"")

    def _fault(self, command: str) -> None:
        end = time.monotonic() + 10
        while not (self._directory / "control.sock").exists() and time.monotonic() < end:
            time.sleep(0.005)
        control.send(self._directory / "control.sock", command)

    def hold(self) -> None:
        self._fault("stall on")

    def go_on(self) -> None:
        self._fault("stall off")

    def leave(self) -> None:
        self._fault("unplug on")

    def come_back(self) -> None:
        self._fault("unplug off")

    def close(self) -> None:
        end_simulations()
