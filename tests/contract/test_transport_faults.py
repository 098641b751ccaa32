"""Devices that take little, take nothing for a while, vanish at any byte and come back: what is counted is what they have."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import struct
import termios
import threading
import time

import pytest
from serial_physics import SerialPhysics
from serial_printer import PacedPrinter

from tympan.driver.contract import TransportContext
from tympan.errors import DeviceError, DeviceGoneError
from tympan_drivers import usb_node
from tympan_drivers.serial_port import SerialTransport
from tympan_drivers.socket_stream import SocketTransport

JOB = random.Random(4).randbytes(3000)
LONG_JOB = random.Random(4).randbytes(60_000)
"""More than a socket's two buffers hold."""
POINTS = 100
BAUD = 230_400
FAST_BAUD = 921_600
"""Where the transport has nothing to do but to write."""


class SerialFaults:
    """A printer on a serial line; it stops the host by DTR with 512 bytes of room left."""

    def __init__(self, folder, monkeypatch, flow, *, baud=BAUD, **physics):
        self.printer = PacedPrinter(
            folder,
            SerialPhysics(
                baud / 10,
                **{"chip_bytes": 128, "carry_s": 0.001, "stop_bytes": 512, "go_bytes": 1024, **physics},
            ),
            monkeypatch,
        )
        monkeypatch.setattr(usb_node, "SYS", self.printer.machine.sys)
        monkeypatch.setattr(usb_node, "DEV", self.printer.machine.dev)
        monkeypatch.setattr(SerialTransport, "line", self.printer.line)
        room = "&room=256" if flow == "dtrdsr" else ""
        self.uri = f"serial://{self.printer.path}?baud={baud}&flow={flow}{room}"
        self.leave, self.come_back = self.printer.leave, self.printer.come_back
        self.received, self.close = self.printer.received, self.printer.close

    job = JOB

    def leave_at(self, count):
        self.printer.leave_at = len(self.received()) + count

    def transport(self, folder):
        return SerialTransport(self.uri, TransportContext("receipt", folder))


class SocketFaults:
    """A printer on a TCP port, which reads with pauses. What its TCP has acknowledged it has."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.uri = f"socket://127.0.0.1:{self._listener.getsockname()[1]}?close=idle"
        self._data = bytearray()
        self._leave_at = None
        self._away = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        chance = random.Random(5)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                while not self._away.is_set():
                    left = 10**9 if self._leave_at is None else self._leave_at - len(self._data)
                    if left <= 0:
                        break
                    try:
                        part = connection.recv(min(left, chance.randint(1, 3000)))
                    except OSError:
                        break
                    if not part:  # a clean end
                        break
                    self._data += part
                if self._leave_at is not None:
                    self._leave(connection)

    def _leave(self, connection):
        """Nothing is read any more; when the window is shut, the connection is reset."""
        before = -1
        while before != (before := self._waiting(connection)):
            time.sleep(0.01)
        self._data += connection.recv(before, socket.MSG_PEEK) if before else b""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    @staticmethod
    def _waiting(connection):
        return struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.FIONREAD, bytes(4)))[0]

    job = LONG_JOB

    def leave_at(self, count):
        self._leave_at = len(self._data) + count

    def come_back(self):
        self._leave_at = None

    def received(self):
        return bytes(self._data)

    def transport(self, folder):
        return SocketTransport(self.uri, TransportContext("laser", folder))

    def close(self):
        self._away.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture(params=["none", "rtscts", "dtrdsr", "socket"])
def device(request, tmp_path, monkeypatch):
    if request.param == "socket":
        made = SocketFaults()
    else:
        baud = BAUD if request.param == "dtrdsr" else FAST_BAUD
        made = SerialFaults(tmp_path, monkeypatch, request.param, baud=baud)
    yield made
    made.close()


def sent(transport, data, limit_s=20.0):
    """Write all of it; returns how much was counted until it was gone, or all was taken."""
    view, end = memoryview(data), time.monotonic() + limit_s
    try:
        while view:
            view = view[transport.write(view, 0.05) :]
            assert time.monotonic() < end
        while not transport.end_job(0.1):
            assert time.monotonic() < end
    except DeviceGoneError:
        return len(data) - len(view), True
    return len(data), False


def until_received(device, count):
    end = time.monotonic() + 5
    while len(device.received()) < count and time.monotonic() < end:
        time.sleep(0.002)
    return device.received()


def opened(transport, limit_s=5.0):
    end = time.monotonic() + limit_s
    while True:
        try:
            transport.open()
        except DeviceError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            transport.begin_job(1, "bin")
            return


def test_no_byte_is_lost_or_doubled_at_any_point_it_vanishes_at(device, tmp_path):
    """What was counted and had left, the device has; gone on from there, the job is whole. What comes twice was under way."""
    chance = random.Random(6)
    transport, job = device.transport(tmp_path), device.job
    vanished = 0
    for _ in range(POINTS):
        opened(transport)
        before = len(device.received())
        device.leave_at(chance.randint(1, len(job)))
        counted, gone = sent(transport, job)
        transport.close()
        vanished += gone
        left = counted - transport.unsent() if gone else counted
        arrived = until_received(device, before + left)[before:]
        assert arrived == job[: len(arrived)]
        assert left <= len(arrived)
        device.come_back()
        opened(transport)
        before = len(device.received())
        assert sent(transport, job[left:]) == (len(job) - left, False)
        assert until_received(device, before + len(job) - left)[before:] == job[left:]
        transport.close()
    assert vanished > POINTS * 0.8


def test_vanishing_before_the_first_byte(device, tmp_path):
    transport, job = device.transport(tmp_path), device.job
    opened(transport)
    device.leave_at(0)
    counted, gone = sent(transport, job)
    if gone:  # a TCP may take and acknowledge what nobody reads
        assert counted - transport.unsent() <= len(device.received())
    transport.close()


def test_a_printer_that_is_slower_than_the_line_holds_the_host(tmp_path, monkeypatch):
    """It prints at a third of the line's speed, out of a buffer of 2 KiB."""
    device = SerialFaults(tmp_path, monkeypatch, "dtrdsr", buffer_bytes=2048, print_bytes_per_s=BAUD / 30)
    try:
        transport = device.transport(tmp_path)
        opened(transport)
        job = os.urandom(8000)
        began = time.monotonic()
        assert sent(transport, job) == (len(job), False)
        took = time.monotonic() - began
        physics = device.printer.physics
        assert (physics.lost, device.received()) == (0, job)
        assert physics.stops > 1
        assert (len(job) - 2048) / took > 0.6 * BAUD / 30  # and does not starve for it
        transport.close()
    finally:
        device.close()


def test_without_flow_control_such_a_printer_loses_bytes(tmp_path, monkeypatch):
    """The physics of the test above are no decoration."""
    device = SerialFaults(tmp_path, monkeypatch, "none", buffer_bytes=2048, print_bytes_per_s=BAUD / 30)
    try:
        transport = device.transport(tmp_path)
        opened(transport)
        sent(transport, os.urandom(8000))
        assert device.printer.physics.lost > 0
        transport.close()
    finally:
        device.close()


def test_the_end_is_when_the_last_byte_is_on_the_line(tmp_path, monkeypatch):
    """The adapter's own buffer counts, though nobody can ask it."""
    device = SerialFaults(tmp_path, monkeypatch, "none", chip_bytes=640)
    try:
        transport = device.transport(tmp_path)
        opened(transport)
        assert sent(transport, JOB) == (len(JOB), False)
        assert len(JOB) - len(device.received()) <= 8
        transport.close()
    finally:
        device.close()
