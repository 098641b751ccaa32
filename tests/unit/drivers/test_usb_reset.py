"""The reset on the bus after a job: when it comes, and that it takes nothing from the job."""

from __future__ import annotations

import errno
import threading
from types import SimpleNamespace

import pytest
import usb.core
from devices import UsbBusPrinter
from usb_desk import quirks_giving

from tympan.driver.contract import TransportContext
from tympan.errors import DeviceBusyError
from tympan_drivers import usb_bulk
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import SimulatedUsb

URI = "usb://04b8:0202/SIM0001"


@pytest.fixture
def quirks(monkeypatch):
    return quirks_giving(monkeypatch)


@pytest.fixture
def printer(monkeypatch, quirks):
    """On the bus, with the quirk; what happens to the device is written down in its `events`."""
    quirks(reset_after_job=True)
    made = UsbBusPrinter(None)
    made.events = []
    for name in ("release_interface", "attach_kernel_driver", "reset_device", "close_device"):
        _tap(monkeypatch, name, made.events)
    made.device.printer.soft_reset = lambda _now: made.events.append("buffer emptied")
    monkeypatch.setattr(UsbTransport, "backend", made.backend)
    return made


def _tap(monkeypatch, name, events):
    real = getattr(SimulatedUsb, name)

    def tapped(*arguments):
        events.append(name)
        return real(*arguments)

    monkeypatch.setattr(SimulatedUsb, name, tapped)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    now = SimpleNamespace(now=100.0)

    def sleep(seconds):
        now.now += seconds

    monkeypatch.setattr(usb_bulk, "time", SimpleNamespace(monotonic=lambda: now.now, sleep=sleep))
    return now


@pytest.fixture
def transport(printer, tmp_path):
    made = UsbTransport(URI, TransportContext("receipt", tmp_path))
    made.open()
    printer.events.clear()
    yield made
    made.close()


def print_job(transport, data=b"line\n"):
    transport.begin_job(7, "bin")
    assert transport.write(data, 0.1) == len(data)
    while not transport.end_job(0.1):
        pass


def test_no_job_is_ended_with_a_reset(transport, printer):
    """SOFT_RESET empties the buffers: the last pages of a job that nobody confirms would be lost."""
    print_job(transport)
    assert transport.end_job(0.1)
    assert printer.events == []


def test_it_is_reset_once_when_it_is_let_go_and_back_with_the_kernel_s_driver(transport, printer):
    print_job(transport)
    print_job(transport)
    transport.close()
    transport.close()
    assert printer.events == [
        "release_interface", "attach_kernel_driver", "reset_device", "buffer emptied", "close_device"
    ]  # fmt: skip


def test_the_link_is_told_to_let_it_go_after_each_job(transport, quirks):
    assert transport.closes_after_job
    quirks()
    transport.open()
    assert not transport.closes_after_job


@pytest.mark.parametrize(("named", "has_job"), [({"reset_after_job": True}, False), ({}, True)])
def test_it_is_not_reset_without_need(printer, quirks, tmp_path, named, has_job):
    quirks(**named)
    transport = UsbTransport(URI, TransportContext("receipt", tmp_path))
    transport.open()
    if has_job:
        print_job(transport)
    transport.close()
    assert "reset_device" not in printer.events


def test_a_job_of_before_is_not_counted_again(transport, printer):
    print_job(transport)
    transport.open()
    assert printer.events.count("reset_device") == 1
    transport.close()
    assert printer.events.count("reset_device") == 1


def test_one_that_is_another_device_after_its_reset_is_found_again(transport, printer, monkeypatch):
    """Linux enumerates it anew where its descriptors have changed; libusb says not found."""

    def comes_back(_self, handle):
        handle.plugged.here = False
        raise usb.core.USBError("Entity not found", -5, errno.ENOENT)

    monkeypatch.setattr(SimulatedUsb, "reset_device", comes_back)
    addresses = []
    for _ in range(2):
        addresses.append(transport._device.address)
        print_job(transport)
        transport.close()
        transport.open()
    assert addresses == [2, 3]
    assert printer.received() == b"line\n" * 2
    assert list(UsbTransport._held) == [(1, 4)]


def test_who_opens_it_again_waits_for_an_ordinary_reset(transport, printer, monkeypatch):
    """It takes longer than a call may, and is no other program."""
    reset = SimulatedUsb.reset_device

    def takes_its_time(*arguments):
        assert not threading.Event().wait(0.4)
        return reset(*arguments)

    monkeypatch.setattr(SimulatedUsb, "reset_device", takes_its_time)
    print_job(transport)
    transport.close()
    transport.open()
    assert printer.events.count("reset_device") == 1


def test_one_that_does_not_come_back_from_its_reset_is_not_waited_for(transport, printer, monkeypatch):
    """The kernel tries for tens of seconds; the link would be taken for one that hangs, and the service ended."""
    reset, comes_back = SimulatedUsb.reset_device, threading.Event()

    def hangs(*arguments):
        assert comes_back.wait(20)
        return reset(*arguments)

    monkeypatch.setattr(SimulatedUsb, "reset_device", hangs)
    print_job(transport)
    closing = threading.Thread(target=transport.close)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
    assert not comes_back.is_set()
    with pytest.raises(DeviceBusyError, match="let go"):
        transport.open()
    comes_back.set()
    transport._letting_go.join(20)
    transport.open()
    assert printer.events.count("reset_device") == 1


def test_it_is_not_reset_under_a_read(transport, printer, monkeypatch):
    reading, go_on = threading.Event(), threading.Event()

    def slow(*_):
        reading.set()
        assert go_on.wait(5)
        printer.events.append("read ends")
        raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)

    monkeypatch.setattr(SimulatedUsb, "bulk_read", slow)
    print_job(transport)
    reader = threading.Thread(target=lambda: transport.read(10, 0.2))
    reader.start()
    assert reading.wait(5)
    closer = threading.Thread(target=transport.close)
    closer.start()
    go_on.set()
    closer.join()
    reader.join()
    assert printer.events[0] == "read ends"
    assert printer.events.count("reset_device") == 1


@pytest.mark.parametrize("named", [{"reset_after_job": True}, {"slow_close": True}])
def test_its_second_passes_also_while_it_is_asked_how_it_is(transport, quirks, clock, named):
    """A printer that answers is asked every 0.8 s."""
    quirks(**named)
    transport.open()
    for _ in range(2):
        transport.begin_job(7, "bin")
        transport.write(b"line\n", 0.1)
        began = clock.now
        calls = 1
        while not transport.end_job(0.1):
            calls += 1
            transport.write(b"\x10\x04\x01", 0.1)
            assert calls < 20
        assert 0.9 <= clock.now - began <= 1.1
