"""The line's settings, the handshake that the kernel does not know, and what has not gone out yet."""

from __future__ import annotations

import array
import errno
import fcntl
import logging
import os
import random
import termios
import threading
import time
import tty
from pathlib import Path

import pytest
import serial
from fake_sysfs import FakeSysfs
from serial_physics import SerialPhysics

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, TransportContext
from tympan.errors import ConfigError, DeviceBusyError, DeviceError, DeviceGoneError, DevicePermissionError
from tympan_drivers import serial_line, serial_port, usb_node
from tympan_drivers.line_pace import LOOK_S
from tympan_drivers.serial_port import SerialTransport

CONTEXT = TransportContext("receipt", Path("/"))
TIOCSERGETLSR, TIOCSER_TEMT = 0x5459, 1
TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
TERMIOS2 = (TCGETS2, TCSETS2)

DONE_HERE = [("dtrdsr", "ftdi_sio"), ("rtscts", "ch341-uart")]
"""Flow control that is done by us, and with which of the kernel's drivers."""


class Line:
    """A pseudo terminal, with the modem lines and counters of a real port in place of those it does not have."""

    def __init__(self, monkeypatch):
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        os.set_blocking(self.far, False)
        self.path = os.ttyname(self.near)
        self.unsent, self.shifted_out, self.dsr, self.cts = [], True, True, True
        self.error = 0
        self.asked_for = []
        monkeypatch.setattr(serial_line.fcntl, "ioctl", self.ioctl)
        monkeypatch.setattr(serial_line, "_PSEUDO_TERMINALS", ())

    def ioctl(self, fd, request, room=0):
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        self.asked_for.append(request)
        if request in TERMIOS2:
            return self.real_ioctl(fd, request, room)
        if request == termios.TIOCMGET and isinstance(room, array.array):
            room[0] = termios.TIOCM_DSR * self.dsr | termios.TIOCM_CTS * self.cts
        elif request == termios.TIOCOUTQ:
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
    real = fcntl.ioctl
    made = Line(monkeypatch)
    made.real_ioctl = real
    yield made
    made.close()


@pytest.fixture
def behind(line, tmp_path, monkeypatch):
    """Puts the line behind an adapter of one of the kernel's drivers."""

    def plugged(driver):
        machine = FakeSysfs(tmp_path)
        machine.plug("ttyUSB0", real=line.path, driver=driver)
        monkeypatch.setattr(usb_node, "SYS", machine.sys)
        monkeypatch.setattr(usb_node, "DEV", machine.dev)

    return plugged


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
    control, rates = asked[0][2], asked[0][4:6]
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
    transport = connect("?flow=rtscts&baud=115200")
    every = bytes(range(256))
    assert transport.write(every, 0.1) == 256
    assert line.received() == every
    os.write(line.far, every)
    assert transport.read(256, 0.1) == every


@pytest.mark.parametrize(("flow", "driver"), [*DONE_HERE, ("rtscts", "ftdi_sio")])
def test_nothing_is_sent_while_the_printer_holds_the_line(line, connect, behind, flow, driver):
    behind(driver)
    wire = "dsr" if flow == "dtrdsr" else "cts"
    transport = connect(f"?flow={flow}")
    setattr(line, wire, False)
    assert transport.write(b"receipt", 0.01) == 0
    with pytest.raises(BlockingIOError):
        line.received()
    setattr(line, wire, True)
    assert transport.write(b"receipt", 0.01) == 7
    assert line.received() == b"receipt"


@pytest.mark.parametrize(("flow", "driver"), DONE_HERE)
def test_where_we_do_the_handshake_only_a_little_is_under_way(line, connect, behind, flow, driver):
    behind(driver)
    transport = connect(f"?flow={flow}")
    data = bytes(range(256)) * 4
    assert 0 < transport.write(data, 0.0) <= 64
    line.unsent = [64] * 1000
    assert transport.write(data, 0.01) == 0  # what went before is still in the kernel
    assert len(line.received()) <= 64


@pytest.mark.parametrize(("flow", "driver"), DONE_HERE)
@pytest.mark.parametrize(("room", "most"), [("16", 16), ("128", 128)])
def test_what_the_printer_has_room_for_is_in_the_uri(connect, behind, flow, driver, room, most):
    behind(driver)
    assert most // 2 < connect(f"?flow={flow}&room={room}").write(bytes(4096), 0.0) <= most


@pytest.mark.parametrize("options", ["?flow=rtscts", "?flow=rtscts&room=16"])
def test_an_adapter_that_does_the_handshake_is_given_what_it_can_use(line, connect, behind, options):
    behind("ftdi_sio")
    line.unsent = [0] + [240] * 1000
    assert connect(options).write(bytes(4096), 0.05) == 240


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, pause_s):
        self.now += pause_s


@pytest.mark.parametrize(("driver", "loses"), [("ch341-uart", False), ("ftdi_sio", True)])
def test_a_slow_printer_behind_a_chip_without_a_handshake(line, connect, behind, monkeypatch, driver, loses):
    """It takes CTS away with room for 64 bytes, and the chip sends on. Taken for a chip that stops, it loses bytes."""
    clock = Clock()
    monkeypatch.setattr(serial_port, "time", clock)
    behind(driver)
    transport = connect("?baud=38400&flow=rtscts")
    world = SerialPhysics(
        3840, chip_bytes=128, carry_s=0.001, buffer_bytes=512, stop_bytes=64, go_bytes=128, print_bytes_per_s=1280,
    )  # fmt: skip
    job, at = random.Random(1).randbytes(4000), 0
    while at < len(job) or world.under_way:
        world.advance(clock.now)
        line.cts, line.unsent = world.data_set_ready(), [len(world.queue)]
        if taken := transport.write(job[at:], 0.0):
            world.give(line.received())
        at += taken
        clock.now += LOOK_S
        assert clock.now < 60
    assert world.stops > 1
    assert (world.lost > 0) is loses
    assert (bytes(world.arrived) == job) is not loses


def test_an_adapter_that_does_not_stop_at_xoff_is_spoken_of_once(connect, behind, caplog):
    behind("ch341-uart")
    with caplog.at_level(logging.WARNING):
        transport = connect("?flow=xonxoff")
        transport.open()
    (said,) = caplog.messages
    assert said.startswith(transport.uri)
    assert "nothing stops at the printer's XOFF" in said


@pytest.mark.parametrize(("driver", "flow"), [("ftdi_sio", "xonxoff"), ("ch341-uart", "rtscts"), ("ch341-uart", "dtrdsr")])  # fmt: skip
def test_an_adapter_that_does_what_it_is_to_do_is_not_spoken_of(connect, behind, caplog, driver, flow):
    behind(driver)
    connect(f"?flow={flow}")
    assert not caplog.messages


@pytest.mark.parametrize("flow", ["none", "rtscts", "xonxoff"])
def test_the_kernel_is_not_given_seconds_of_pixels(line, connect, flow):
    """A question how the printer is would come after them: 4 KiB are more than 4 s at 9600 baud."""
    transport = connect(f"?flow={flow}")
    line.unsent = [0] + [240] * 1000
    assert transport.write(bytes(4096), 0.05) == 240


def test_nothing_is_put_among_the_bytes(line, connect):
    """No XON or XOFF of ours, no echo of what came in before the port was set."""
    os.write(line.far, b"\x13\x11noise")
    transport = connect("?flow=xonxoff")
    mode = termios.tcgetattr(line.near)
    assert mode[0] & termios.IXON
    assert not mode[0] & (termios.IXOFF | termios.IXANY)
    assert not mode[3] & termios.ECHO
    with pytest.raises(BlockingIOError):
        line.received()
    assert transport.write(b"receipt", 0.1) == 7
    assert line.received() == b"receipt"


def test_the_lines_stay_as_they_are_when_the_port_is_closed(line, connect):
    """DTR that falls resets many printers."""
    connect()
    assert not termios.tcgetattr(line.near)[2] & termios.HUPCL


def test_a_broken_character_is_not_heard(line, connect):
    connect("?parity=even")
    mode = termios.tcgetattr(line.near)[0]
    assert mode & termios.IGNBRK
    assert mode & termios.IGNPAR
    assert mode & termios.INPCK
    assert not mode & (termios.BRKINT | termios.PARMRK)


def test_the_port_is_ours_alone(line, connect):
    connect()
    assert termios.TIOCEXCL in line.asked_for


def test_a_rate_that_has_no_name(line, connect):
    """BOTHER of asm-generic/termbits.h; the speeds are the 10th and 11th word of struct termios2."""
    connect("?baud=250000&flow=xonxoff")
    room = array.array("i", [0] * 64)
    line.real_ioctl(line.near, TCGETS2, room)
    assert room[2] & 0o010017 == 0o010000
    assert list(room[9:11]) == [250_000, 250_000]


def test_what_is_in_the_kernel_counts_as_not_sent(line, connect):
    transport = connect("?baud=115200&flow=rtscts")
    line.unsent = [0]
    assert transport.write(bytes(1000), 0.0) == 1000
    line.unsent = [700] * 10
    assert 700 <= transport.unsent() <= 1000
    line.error = errno.EIO
    assert 700 <= transport.unsent() <= 1000  # unplugged: it will not go out any more
    with pytest.raises(DeviceGoneError):
        transport.write(b"x", 0.0)
    transport.close()
    assert 700 <= transport.unsent() <= 1000
    line.error, line.unsent = 0, []
    transport.open()
    assert transport.unsent() == 0


def test_the_printer_holds_what_is_in_the_adapter(line, connect):
    """A chip that does not say when it is empty: with CTS off, time alone empties nothing."""
    transport = connect("?baud=115200&flow=rtscts")
    line.shifted_out = None
    assert transport.write(bytes(100), 0.0) == 100
    line.cts = False
    assert transport.end_job(0.05) is False
    assert transport.unsent() == 100
    line.cts = True
    assert transport.end_job(MAX_WRITE_TIMEOUT_S) is True
    assert transport.unsent() == 0


def test_the_job_is_over_when_the_last_byte_is_on_the_line(line, connect):
    transport = connect()
    line.unsent = [500] * 1000
    assert transport.end_job(0.01) is False
    line.unsent = [500, 200, 0]
    assert transport.end_job(0.1) is True


def test_bytes_in_the_chip_have_not_gone_out(line, connect):
    transport = connect()
    line.shifted_out = False
    assert transport.write(bytes(10), 0.0) == 10
    assert transport.end_job(0.1) is False
    line.shifted_out = True
    assert transport.end_job(0.01) is True


def test_a_chip_that_never_says_that_it_is_empty_is_not_waited_for_without_end(line, connect):
    """QEMU's usb-serial does not; ten bytes take 10 ms at 9600 baud."""
    transport = connect()
    line.shifted_out = False
    assert transport.write(bytes(10), 0.0) == 10
    began = time.monotonic()
    while not transport.end_job(0.1):
        assert time.monotonic() - began < 2
    assert time.monotonic() - began > 0.25


def test_an_adapter_that_cannot_tell_is_given_time(line, connect):
    transport = connect()
    line.shifted_out = None  # an adapter that cannot tell gets the time it needs
    assert transport.write(bytes(50), 0.0) == 50
    assert transport.end_job(0.01) is False
    assert transport.end_job(0.1) is True


@pytest.mark.parametrize("options", ["", "?flow=dtrdsr", "?flow=rtscts"])
@pytest.mark.parametrize("asked", [-1.0, 1.0])
def test_no_call_waits_longer_than_it_may(line, connect, options, asked):
    transport = connect(options)
    line.dsr, line.cts, line.unsent = False, False, [500] * 100_000
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


@pytest.mark.parametrize(
    "uri",
    [
        "serial://localhost:99/dev/ttyS0",
        "serial://pc/dev/ttyS0",
        "serial:///dev/",
        "serial:///dev/ttyS0?baud=0",
        "serial:///dev/ttyS0?stop=3",
        "serial:///dev/ttyS0?room=64",
        "serial:///dev/ttyS0?flow=xonxoff&room=64",
        "serial:///dev/ttyS0?flow=rtscts&room=1",
        "serial:///dev/ttyS0?flow=dtrdsr&room=1",
    ],
)
def test_uris_with_mistakes(uri):
    with pytest.raises(ConfigError):
        SerialTransport(uri, CONTEXT)


@pytest.mark.parametrize(("options", "least", "most"), [("?baud=9600", 240, 340), ("", 4000, 4096)])
def test_a_pseudo_terminal_has_the_speed_that_the_uri_names(options, least, most):
    """It counts nothing: 9600 baud are 960 bytes a second, and a quarter of a second is given ahead."""
    far, near = os.openpty()
    tty.setraw(near)
    transport = SerialTransport(f"serial://{os.ttyname(near)}{options}", CONTEXT)
    try:
        transport.open()
        assert least <= transport.write(bytes(4096), 0.05) <= most
        assert (transport.unsent() > 150) is bool(options)
        assert transport.end_job(0.01) is not bool(options)
    finally:
        transport.close()
        os.close(far)
        os.close(near)
