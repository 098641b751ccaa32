"""The line's settings, the handshake that the kernel does not know, and what has not gone out yet."""

from __future__ import annotations

import errno
import os
import termios
import threading
import time
import tty
from pathlib import Path

import pytest
import serial

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, TransportContext
from tympan.errors import ConfigError, DeviceBusyError, DeviceError, DeviceGoneError, DevicePermissionError
from tympan_drivers import serial_port
from tympan_drivers.serial_port import SerialTransport

CONTEXT = TransportContext("receipt", Path("/"))
TIOCSERGETLSR, TIOCSER_TEMT = 0x5459, 1


class Line:
    """A pseudo terminal, with the modem lines and counters of a real port in place of those it does not have."""

    def __init__(self, monkeypatch):
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        os.set_blocking(self.far, False)
        self.path = os.ttyname(self.near)
        self.unsent, self.shifted_out, self.dsr = [], True, True
        self.error = 0
        monkeypatch.setattr(serial_port.fcntl, "ioctl", self.ioctl)
        monkeypatch.setattr(serial.Serial, "dsr", property(lambda _: self.dsr))

    def ioctl(self, fd, request, room):
        del fd
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        if request == termios.TIOCOUTQ:
            room[0] = self.unsent.pop(0) if self.unsent else 0
        elif request == TIOCSERGETLSR and self.shifted_out is not None:
            room[0] = TIOCSER_TEMT if self.shifted_out else 0
        else:
            raise OSError(errno.ENOTTY, "no such request")
        return 0

    def received(self):
        return os.read(self.far, 65536)

    def close(self):
        os.close(self.far)
        os.close(self.near)


@pytest.fixture
def line(monkeypatch):
    made = Line(monkeypatch)
    yield made
    made.close()


@pytest.fixture
def connect(line):
    transports = []

    def connected(options=""):
        transports.append(SerialTransport(f"serial://{line.path}{options}", CONTEXT))
        transports[-1].open()
        return transports[-1]

    yield connected
    for transport in transports:
        transport.close()


@pytest.mark.parametrize(
    ("options", "baud", "on", "off"),
    [
        ("", termios.B9600, termios.CS8, termios.PARENB | termios.CSTOPB),
        ("?baud=38400&parity=even", termios.B38400, termios.CS8 | termios.PARENB, termios.PARODD),
        ("?baud=115200&parity=odd", termios.B115200, termios.PARENB | termios.PARODD, termios.CSTOPB),
        ("?baud=19200&stop=2", termios.B19200, termios.CS8 | termios.CSTOPB, termios.PARENB),
    ],
)
def test_the_line_is_set(connect, monkeypatch, options, baud, on, off):
    asked = []
    real = termios.tcsetattr
    # A pseudo terminal has no parity and forgets it: what counts is what is asked of the kernel.
    monkeypatch.setattr(
        termios, "tcsetattr", lambda fd, when, mode: (asked.append(mode), real(fd, when, mode))
    )
    connect(options)
    control, rates = asked[-1][2], asked[-1][4:6]
    assert rates == [baud, baud]
    assert control & on == on
    assert control & off == 0


@pytest.mark.parametrize(
    ("flow", "rtscts", "xonxoff"), [("none", 0, 0), ("rtscts", 1, 0), ("xonxoff", 0, 1), ("dtrdsr", 0, 0)]
)
def test_flow_control_is_set(line, connect, flow, rtscts, xonxoff):
    connect(f"?flow={flow}")
    mode = termios.tcgetattr(line.near)
    assert bool(mode[2] & termios.CRTSCTS) == rtscts
    assert bool(mode[0] & termios.IXON) == xonxoff


def test_every_value_of_a_byte_goes_through(line, connect):
    transport = connect("?flow=rtscts")
    every = bytes(range(256))
    assert transport.write(every, 0.1) == 256
    assert line.received() == every
    os.write(line.far, every)
    assert transport.read(256, 0.1) == every


def test_nothing_is_sent_while_dsr_is_off(line, connect):
    transport = connect("?flow=dtrdsr")
    line.dsr = False
    assert transport.write(b"receipt", 0.01) == 0
    with pytest.raises(BlockingIOError):
        line.received()
    line.dsr = True
    assert transport.write(b"receipt", 0.01) == 7
    assert line.received() == b"receipt"


def test_with_dsr_only_a_little_is_under_way(line, connect):
    transport = connect("?flow=dtrdsr")
    data = bytes(range(256)) * 4
    assert 0 < transport.write(data, 0.01) <= 64
    line.unsent = [64] * 1000
    assert transport.write(data, 0.01) == 0  # what went before is still in the kernel
    assert len(line.received()) <= 64


def test_the_job_is_over_when_the_last_byte_is_on_the_line(line, connect):
    transport = connect()
    line.unsent = [500] * 1000
    assert transport.end_job(0.01) is False
    line.unsent = [500, 200, 0]
    assert transport.end_job(0.1) is True


def test_bytes_in_the_chip_have_not_gone_out(line, connect):
    transport = connect()
    line.shifted_out = False
    assert transport.end_job(0.01) is False
    line.shifted_out = None  # an adapter that cannot tell
    assert transport.end_job(0.01) is True


@pytest.mark.parametrize("options", ["", "?flow=dtrdsr"])
@pytest.mark.parametrize("asked", [-1.0, 1.0])
def test_no_call_waits_longer_than_it_may(line, connect, options, asked):
    transport = connect(options)
    line.dsr, line.unsent = False, [500] * 100_000
    if not options:
        while transport.write(b"x" * 4096, 0.0):
            pass
    for call in (
        lambda: transport.write(b"x", asked),
        lambda: transport.end_job(asked),
        lambda: transport.read(1, asked),
    ):
        began = time.monotonic()
        call()
        assert time.monotonic() - began < MAX_WRITE_TIMEOUT_S + 0.1


def test_the_adapter_is_unplugged_before_the_end(line, connect):
    transport = connect()
    line.error = errno.EIO
    with pytest.raises(DeviceGoneError):
        transport.end_job(0.01)


def test_a_port_that_drains_for_ever_does_not_hold_up_close(connect, monkeypatch):
    """usb-serial waits 30 s at its last close for a printer that takes nothing, and cannot be told not to."""
    transport = connect()
    go = threading.Event()
    real = serial.Serial.close
    monkeypatch.setattr(serial.Serial, "close", lambda port: (go.wait(5), real(port)))
    began = time.monotonic()
    transport.close()
    took = time.monotonic() - began
    go.set()
    assert took < MAX_WRITE_TIMEOUT_S + 0.1


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EACCES, DevicePermissionError), (errno.EAGAIN, DeviceBusyError)]
)
def test_why_it_cannot_be_opened(monkeypatch, number, kind):
    def refuse(*_arguments, **_options):
        raise serial.SerialException(number, "refused")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(kind):
        SerialTransport("serial:///dev/ttyUSB0", CONTEXT).open()


def test_another_holder_of_the_port(line, connect):
    connect()
    with pytest.raises(DeviceBusyError):
        SerialTransport(f"serial://{line.path}", CONTEXT).open()


def test_what_is_no_port():
    with pytest.raises(DeviceError, match="serial:///dev/null"):
        SerialTransport("serial:///dev/null", CONTEXT).open()


def test_ports_are_named_by_id(monkeypatch, tmp_path):
    class Port:
        device, name, vid = "/dev/null", "ttyUSB0", 0x0403
        description, manufacturer, product, serial_number = "FT232R USB UART", "FTDI", "FT232R", "A50285BI"

    (tmp_path / "usb-FTDI_FT232R_A50285BI-if00-port0").symlink_to("/dev/null")
    monkeypatch.setattr(serial_port, "BY_ID", tmp_path)
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Port()])
    (found,) = SerialTransport.discover()
    assert found.device_uri == f"serial://{tmp_path}/usb-FTDI_FT232R_A50285BI-if00-port0"
    assert (found.identity.make, found.identity.serial_number) == ("FTDI", "A50285BI")


@pytest.mark.parametrize(
    "uri",
    [
        "serial://localhost:99/dev/ttyS0",
        "serial://pc/dev/ttyS0",
        "serial:///dev/",
        "serial:///dev/ttyS0?baud=0",
        "serial:///dev/ttyS0?stop=3",
    ],
)
def test_uris_with_mistakes(uri):
    with pytest.raises(ConfigError):
        SerialTransport(uri, CONTEXT)
