"""A printer on a serial line in real time: a pseudo terminal for the bytes, `SerialPhysics` for what becomes of them.

A pseudo terminal has no modem lines, no counter and no speed. `line()` makes what the transport asks instead
(`SerialTransport.line`): the answers are the physics'. Its bytes come out at the other end when the kernel gets round to it, so
the writes are tapped: the physics have each byte when it was written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import tty
from pathlib import Path

import pytest
from fake_sysfs import FakeSysfs
from serial_physics import SerialPhysics

ADAPTER = {"serial": "A50285BI", "ids": "0403:6001"}


class PacedPrinter:
    """An adapter and a printer behind it, on a machine of its own (`FakeSysfs`); comes back under another number each time.

    Args:
        folder: For the machine.
        physics: What becomes of the bytes. Its clock is time since the start.
        monkeypatch: For the tap.
    """

    def __init__(self, folder: Path, physics: SerialPhysics, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine = FakeSysfs(folder)
        self.physics = physics
        self._write = os.write
        monkeypatch.setattr(os, "write", self._tapped)
        self._began = time.monotonic()
        self._lock = threading.RLock()
        self._number = 0
        self._far = self._near = -1
        self._end = threading.Event()
        self.leave_at: int | None = None
        """Pulled out when so many bytes have arrived."""
        self._plug()
        self.path = str(self.machine.dev / "ttyUSB0")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _plug(self) -> None:
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        self.machine.plug(f"ttyUSB{self._number}", real=os.ttyname(self._near), **ADAPTER)

    def _run(self) -> None:
        while not self._end.wait(0.0005):
            self.live()

    def _tapped(self, fd: int, data: bytes | memoryview) -> int:
        with self._lock:
            if not self._is_ours(fd):
                return self._write(fd, data)
            self.live()
            taken = self._write(fd, data)
            self.physics.give(data[:taken])
            return taken

    def _is_ours(self, fd: int) -> bool:
        return self._far >= 0 and os.fstat(fd).st_rdev == os.fstat(self._near).st_rdev

    def live(self) -> None:
        """Let the time pass that has passed."""
        with self._lock:
            if self._far < 0:
                return
            before = len(self.physics.arrived)
            with contextlib.suppress(BlockingIOError):  # room for more
                os.read(self._far, 65_536)
            self.physics.advance(time.monotonic() - self._began)
            if self.leave_at is not None and len(self.physics.arrived) >= self.leave_at:
                del self.physics.arrived[max(self.leave_at, before) :]
                self.leave()

    def leave(self) -> None:
        """Pull the adapter out: what is in it and in the kernel is lost."""
        with self._lock:
            os.close(self._far)
            os.close(self._near)
            self._far = self._near = -1
            self.physics.pull_out()
            self.machine.unplug(f"ttyUSB{self._number}")

    def come_back(self) -> None:
        """Plug it in again."""
        with self._lock:
            self.leave_at = None
            self._number += 1
            self._plug()

    def received(self) -> bytes:
        self.live()
        with self._lock:
            return bytes(self.physics.arrived)

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        with self._lock:
            if self._far >= 0:
                self.leave()

    def line(self, fd: int) -> PhysicalLine:
        return PhysicalLine(self, fd)

    def ask(self, fd: int, question: str) -> int:
        """What the port behind `fd` answers."""
        self.live()
        with self._lock:
            if not self._is_ours(fd):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return int(
                {
                    "queued": len(self.physics.queue),
                    "ready": self.physics.data_set_ready(),
                }[question]
            )


class PhysicalLine:
    """What the transport asks of an open port, answered by the physics."""

    has_chip = True

    def __init__(self, printer: PacedPrinter, fd: int) -> None:
        self._printer = printer
        self._fd = fd

    def settle(self, flow: str, parity: str) -> None:
        """The terminal is as it should be."""

    def data_set_ready(self) -> bool:
        return bool(self._printer.ask(self._fd, "ready"))

    clear_to_send = data_set_ready

    def queued(self) -> int:
        return self._printer.ask(self._fd, "queued")

    def transmitter_empty(self) -> bool | None:
        """An adapter that does not say."""
        return None

    def drop_output(self) -> None:
        """As USB adapters' drivers do it: nothing."""
