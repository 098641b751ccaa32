"""What usblp and lp do, as the kernel's drivers do it, in place of the system calls; the oracle is their source."""

from __future__ import annotations

import errno
import os
import random
import select
import struct
import threading
import time
from pathlib import Path

import pytest
from fake_sysfs import FakeSysfs

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, TransportContext
from tympan.errors import ConfigError, DeviceBusyError, DeviceError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers import descriptor, lp_device, usb_node
from tympan_drivers.lp_device import LpTransport

CONTEXT = TransportContext("laser", Path("/"))
DEVICE_ID = b"MFG:Brother;MDL:HL-2030 series;CMD:PJL,PCL;SN:B9J1;"
LPGETSTATUS = 0x060B
LPIOC_GET_DEVICE_ID_1024 = 0x84005001
LPIOC_GET_PROTOCOLS_8 = 0x80085002
LPIOC_SOFT_RESET = 0x5007


class Kernel:
    """usblp as seen by system calls: one transfer under way at a time, and a status byte."""

    def __init__(self, monkeypatch):
        self.fd = os.open("/dev/null", os.O_RDWR)
        self.opened = []
        self.open_errors = {}
        self.events = select.POLLOUT
        self.write_error = self.read_error = 0
        self.answers = []
        self.waited = []
        self.status = 0x18
        self.protocol = 2
        self.resets = 0
        self.hung = threading.Event()
        self.hung.set()
        self.real_open = os.open
        monkeypatch.setattr(lp_device.os, "open", self.open)
        monkeypatch.setattr(lp_device.fcntl, "ioctl", self.ioctl)
        monkeypatch.setattr(descriptor.os, "write", self.write)
        monkeypatch.setattr(descriptor.os, "read", self.read)
        monkeypatch.setattr(descriptor.select, "poll", lambda: self)

    def open(self, path, flags, *more, **options):
        if options or Path(path).parent.name not in {"usb", "dev"}:
            return self.real_open(path, flags, *more, **options)
        self.opened.append((path, flags))
        if flags & os.O_ACCMODE in self.open_errors:
            raise OSError(self.open_errors[flags & os.O_ACCMODE], "refused")
        return self.fd

    def ioctl(self, fd, request, room):
        os.fstat(fd)  # it is open
        self.hung.wait(5)
        if request == LPIOC_GET_PROTOCOLS_8:
            room[0], room[1] = self.protocol, 1 << self.protocol
        elif request == LPIOC_SOFT_RESET:
            self.resets += 1
        elif request == LPIOC_GET_DEVICE_ID_1024:
            answer = struct.pack(">H", len(DEVICE_ID) + 2) + DEVICE_ID
            room[: len(answer)] = type(room)("B", answer)
        elif request == LPGETSTATUS and self.status is not None:
            room[0] = self.status
        else:
            raise OSError(errno.ENOTTY, "no such request")
        return 0

    def write(self, fd, data):
        assert fd == self.fd
        if self.write_error:
            raise OSError(self.write_error, os.strerror(self.write_error))
        if not self.events & select.POLLOUT:
            raise BlockingIOError
        if data:
            self.events &= ~select.POLLOUT
        return min(len(data), 8192)

    def read(self, fd, limit):
        assert fd == self.fd
        if self.read_error:
            raise OSError(self.read_error, os.strerror(self.read_error))
        return self.answers.pop(0)[:limit]

    def register(self, fd, events):
        assert fd == self.fd
        self.asked = events

    def poll(self, timeout_ms):
        self.waited.append(timeout_ms / 1000)
        events = self.events & (self.asked | select.POLLHUP)
        return [(self.fd, events)] if events else []


@pytest.fixture
def kernel(monkeypatch):
    with monkeypatch.context() as patch:
        made = Kernel(patch)
        yield made


@pytest.fixture
def printer(kernel):  # noqa: ARG001 — the kernel must stand in before the node is opened
    transport = LpTransport("lp:///dev/usb/lp0", CONTEXT)
    transport.open()
    yield transport
    transport.close()


def test_the_device_id_is_asked_of_the_kernel(kernel):
    transport = LpTransport("lp:///dev/usb/lp0", CONTEXT)
    identity = transport.open()
    transport.close()
    assert (identity.make, identity.model, identity.serial_number) == ("Brother", "HL-2030 series", "B9J1")
    assert identity.commands == ("PJL", "PCL")
    assert identity.device_id == DEVICE_ID.decode()
    path, flags = kernel.opened[0]
    assert path == "/dev/usb/lp0"
    assert flags & os.O_NONBLOCK
    assert flags & os.O_ACCMODE == os.O_RDWR


def test_a_node_that_only_takes_is_opened_for_writing(kernel):
    kernel.open_errors[os.O_RDWR] = errno.EINVAL
    transport = LpTransport("lp:///dev/lp0", CONTEXT)
    transport.open()
    kernel.events |= select.POLLIN
    assert [flags & os.O_ACCMODE for _, flags in kernel.opened] == [os.O_RDWR, os.O_WRONLY]
    assert transport.read(10, 0.0) == b""
    assert transport.write(b"page", 0.0) == 4
    transport.close()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, DeviceNotFoundError),
        (errno.ENODEV, DeviceNotFoundError),
        (errno.ENXIO, DeviceNotFoundError),
        (errno.EBUSY, DeviceBusyError),
        (errno.EACCES, PermissionError),
        (errno.EIO, DeviceError),
    ],
)
def test_why_it_cannot_be_opened(kernel, number, kind):
    kernel.open_errors = {os.O_RDWR: number, os.O_WRONLY: number}
    with pytest.raises(kind) as failure:
        LpTransport("lp:///dev/usb/lp0", CONTEXT).open()
    assert isinstance(failure.value, DeviceError)
    assert failure.value.device_uri == "lp:///dev/usb/lp0"


@pytest.mark.parametrize(
    ("byte", "paper_empty", "selected", "error"),
    [
        (0x18, False, True, False),
        (0x38, True, True, False),
        (0x08, False, False, False),
        (0x30, True, True, True),
    ],
)
def test_status_bits(kernel, printer, byte, paper_empty, selected, error):
    kernel.status = byte
    status = printer.port_status()
    assert (status.paper_empty, status.selected, status.error) == (paper_empty, selected, error)


def test_a_port_without_status_has_none(kernel, printer):
    kernel.status = None
    assert printer.port_status() is None


def test_a_printer_that_only_takes_is_not_read(kernel):
    """Protocol 1: usblp_read answers EINVAL."""
    kernel.protocol = 1
    transport = LpTransport("lp:///dev/usb/lp0", CONTEXT)
    transport.open()
    assert not transport.back_channel
    kernel.events |= select.POLLIN
    assert transport.read(10, 0.0) == b""
    transport.close()


def test_soft_reset_is_asked_of_the_kernel(kernel, printer):
    printer.soft_reset()
    assert kernel.resets == 1


def test_a_printer_that_hangs_on_a_request_holds_nobody_up(kernel, printer):
    """usblp waits 5 s for the answer (USBLP_CTL_TIMEOUT), and cannot be stopped."""
    kernel.hung.clear()
    began = time.monotonic()
    assert [printer.port_status() for _ in range(3)] == [None] * 3
    assert time.monotonic() - began < 2 * MAX_WRITE_TIMEOUT_S
    kernel.hung.set()
    until = time.monotonic() + 5
    while printer.port_status() is None:
        assert time.monotonic() < until


def test_the_transfer_under_way_counts_as_not_sent(kernel, printer):
    assert printer.unsent() == 0
    assert printer.write(b"x" * 10_000, 0.1) == 8192
    assert printer.unsent() == 8192
    kernel.events |= select.POLLOUT
    assert printer.unsent() == 0
    assert printer.write(b"x" * 100, 0.1) == 100
    kernel.events |= select.POLLOUT
    kernel.write_error = errno.ENODEV  # which ends a transfer too
    assert printer.unsent() == 100
    printer.close()
    assert printer.unsent() == 100


class Cable:
    """The printer takes a transfer a piece at a time, one each time somebody looks, until it is pulled out at a byte."""

    def __init__(self, kernel, leave_at):
        self.kernel, self.leave_at = kernel, leave_at
        self.delivered, self._transfer = bytearray(), b""
        self._write, self._poll = kernel.write, kernel.poll
        kernel.write, kernel.poll = self.write, self.poll
        for name in ("write", "read"):
            setattr(descriptor.os, name, getattr(kernel, name))

    def write(self, fd, data):
        count = self._write(fd, data)
        if count:
            self._transfer = bytes(data[:count])
        return count

    def poll(self, timeout_ms):
        if self._transfer and not self.kernel.write_error:
            room = min(1500, self.leave_at - len(self.delivered))
            self.delivered += self._transfer[:room]
            self._transfer = self._transfer[room:]
            if len(self.delivered) >= self.leave_at:
                self.kernel.write_error = errno.ENODEV
            if not self._transfer or self.kernel.write_error:
                self.kernel.events |= select.POLLOUT  # done, or killed: poll says the same
        return self._poll(timeout_ms)


@pytest.mark.parametrize("leave_at", random.Random(9).sample(range(1, 60_000), 100))
def test_no_byte_is_lost_at_any_point_it_vanishes_at(kernel, printer, leave_at):
    job = random.Random(leave_at).randbytes(60_000)
    cable = Cable(kernel, leave_at)
    counted, gone = 0, False
    while not gone:
        try:
            counted += printer.write(job[counted : counted + 20_000], 0.01)
            assert counted < len(job) or not printer.end_job(0.01)
        except DeviceGoneError:
            gone = True
    printer.close()
    left = counted - printer.unsent()
    assert bytes(cable.delivered) == job[: len(cable.delivered)]
    assert left <= len(cable.delivered) <= counted


@pytest.fixture
def machine(monkeypatch, tmp_path):
    made = FakeSysfs(tmp_path)
    monkeypatch.setattr(usb_node, "SYS", made.sys)
    monkeypatch.setattr(usb_node, "DEV", made.dev)
    return made


def test_what_the_kernel_knows_is_listed_without_opening(machine, kernel, tmp_path):
    machine.plug("usb/lp0", kind="usbmisc", real="/dev/null")
    interface = tmp_path / "interface"
    interface.mkdir()
    (machine.sys / "class/usbmisc/lp0/device").symlink_to(interface)
    (interface / "ieee1284_id").write_bytes(DEVICE_ID + b"\n")
    (machine.dev / "lp0").symlink_to("/dev/zero")  # a parallel port
    found = {device.device_uri: device for device in LpTransport.discover()}
    assert list(found) == [f"lp://{machine.dev}/lp0", f"lp://{machine.dev}/usb/lp0"]
    assert found[f"lp://{machine.dev}/usb/lp0"].identity.model == "HL-2030 series"
    assert found[f"lp://{machine.dev}/lp0"].info == "printer device of the kernel"
    assert kernel.opened == []


def test_a_printer_that_comes_back_as_another_node(machine, kernel):
    laser = {"ids": "04f9:0027", "serial": "B9J1", "kind": "usbmisc"}
    machine.plug("usb/lp0", **laser, real="/dev/null")
    transport = LpTransport(f"lp://{machine.dev}/usb/lp0", CONTEXT)
    transport.open()
    machine.unplug("usb/lp0", kind="usbmisc")
    machine.plug("usb/lp1", **laser, real="/dev/zero")
    kernel.fd = kernel.real_open("/dev/null", os.O_RDWR)
    transport.open()
    transport.close()
    assert [path for path, _ in kernel.opened] == [f"{machine.dev}/usb/lp0", f"{machine.dev}/usb/lp1"]


def test_the_job_has_not_arrived_while_a_transfer_is_under_way(kernel, printer):
    """Closing kills the transfer that usblp has counted as written: up to 8 KiB of the last page."""
    assert printer.write(b"x" * 10_000, 0.1) == 8192
    assert printer.end_job(0.1) is False
    kernel.events |= select.POLLOUT
    assert printer.end_job(0.1) is True


def test_unplugged_under_the_last_transfer(kernel, printer):
    """The transfer is killed, which looks like its end; poll says nothing else."""
    assert printer.write(b"x" * 100, 0.1) == 100
    kernel.events |= select.POLLOUT
    kernel.write_error = errno.ENODEV
    with pytest.raises(DeviceGoneError):
        printer.end_job(0.1)


def test_an_empty_packet_is_no_farewell(kernel, printer):
    kernel.events |= select.POLLIN
    kernel.answers = [b"", b"\x12"]
    assert printer.read(10, 0.0) == b""
    assert printer.read(10, 0.0) == b"\x12"


def test_a_read_that_failed_once_is_no_farewell(kernel, printer):
    kernel.events |= select.POLLIN
    kernel.read_error = errno.EIO
    assert printer.read(10, 0.0) == b""
    kernel.read_error, kernel.answers = 0, [b"\x12"]
    assert printer.read(10, 0.0) == b"\x12"


@pytest.mark.parametrize("number", [errno.ENODEV, errno.EIO])
def test_unplugged_while_writing(kernel, printer, number):
    kernel.write_error = number
    with pytest.raises(DeviceGoneError):
        printer.write(b"page", 0.0)


def test_unplugged_while_reading(kernel, printer):
    kernel.events |= select.POLLIN
    kernel.read_error = errno.ENODEV
    with pytest.raises(DeviceGoneError):
        printer.read(10, 0.0)


def test_without_paper_it_waits_and_takes_nothing(kernel, printer):
    kernel.write_error = errno.ENOSPC
    began = time.monotonic()
    assert printer.write(b"page", 0.02) == 0
    assert time.monotonic() - began >= 0.02  # a link that asks again at once would spin


@pytest.mark.parametrize("asked", [0.0, 0.05, 5.0, -1.0])
def test_no_call_waits_longer_than_it_may(kernel, printer, asked):
    kernel.events = 0
    printer.write(b"x", asked)
    printer.read(1, asked)
    printer.end_job(asked)
    assert kernel.waited
    assert all(0 <= waited <= MAX_WRITE_TIMEOUT_S for waited in kernel.waited)


@pytest.mark.parametrize(
    "uri", ["lp://localhost:99/dev/usb/lp0", "lp://pc/dev/lp0", "lp:///dev/", "lp:dev/lp0"]
)
def test_uris_with_mistakes(uri):
    with pytest.raises(ConfigError):
        LpTransport(uri, CONTEXT)
