"""The USB transport through real pyusb on a simulated bus that is as unkind as libusb."""

from __future__ import annotations

import errno
import time

import pytest
import usb.core
from devices import UsbBusPrinter

from tympan.driver.contract import TransportContext
from tympan.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)
from tympan_drivers import usb_bulk
from tympan_drivers.usb_bulk import UsbTransport
from tympan_drivers.usb_quirks import Quirks
from tympan_sim.link_usb import SimulatedUsb


@pytest.fixture
def bus(monkeypatch):
    """Put printers on the bus; gives their far ends."""

    def plugged(*traits):
        printers = [UsbBusPrinter(None, **each) for each in traits]
        monkeypatch.setattr(UsbTransport, "backend", SimulatedUsb([printer.device for printer in printers]))
        return printers

    return plugged


@pytest.fixture
def quirks(monkeypatch):
    def give(**named):
        monkeypatch.setattr(usb_bulk, "quirks_of", lambda _vendor, _product: Quirks(**named))

    return give


@pytest.fixture
def connect(tmp_path):
    made = []

    def connected(uri):
        transport = UsbTransport(uri, TransportContext("receipt", tmp_path))
        made.append(transport)
        transport.open()
        return transport

    yield connected
    for transport in made:
        transport.close()


URI = "usb://04b8:0202"


def kernel_has(index=0):
    device = list(usb.core.find(find_all=True, backend=UsbTransport.backend))[index]
    return device.is_kernel_driver_active(0)


def send(transport, data, counts=None):
    """Write all of it in pieces; `counts` gets how much each call took."""
    view = memoryview(data)
    while view:
        count = transport.write(view[:64], 0.05)
        if counts is not None:
            counts.append(count)
        view = view[count:]


# --- finding and opening ----------------------------------------------------------------------------------------------


def test_it_says_what_it_is(bus, connect):
    bus({})
    identity = connect(URI).open()
    assert (identity.make, identity.model, identity.serial_number) == ("EPSON", "TM-T88V", "SIM0001")
    assert "ESC/POS" in identity.commands


@pytest.mark.parametrize("traits", [{"device_id_little_endian": True}, {"device_id_stalls": True}])
def test_a_device_id_with_its_faults(bus, connect, traits):
    bus(traits)
    identity = connect(URI).open()
    assert (identity.make, identity.model) == ("EPSON", "TM-T88V")


@pytest.mark.parametrize(
    "uri",
    [
        URI,
        "usb://04B8:0202/SIM0001",
        "usb://04b8:0202?serial=SIM0001",
        "usb://04b8:0202?port=1-1",
        "usb://EPSON/TM-T88V",
        "usb://epson/tm-t88v?serial=SIM0001",
    ],
)
def test_the_ways_to_name_it(bus, connect, uri):
    bus({})
    connect(uri)


@pytest.mark.parametrize("uri", ["usb://04b8:0203", f"{URI}/OTHER", f"{URI}?port=1-9", "usb://EPSON/TM-T20"])
def test_another_is_not_taken(bus, connect, uri):
    bus({})
    with pytest.raises(DeviceNotFoundError):
        connect(uri)


def test_two_equal_ones_are_told_apart_by_their_serial_numbers(bus, connect):
    first, second = bus({"serial": "A1X", "ports": (1,)}, {"serial": "B2Y", "ports": (2,)})
    assert [device.device_uri for device in UsbTransport.discover()] == [f"{URI}/A1X", f"{URI}/B2Y"]
    assert connect(f"{URI}/B2Y").write(b"for the second\n", 0.1) == 15
    assert (first.received(), second.received()) == (b"", b"for the second\n")
    with pytest.raises(DeviceError, match=r"2 printers .* 1-1, 1-2"):
        connect(URI)


@pytest.mark.parametrize("serial", ["", "SAME77", "000000", "0123456789ABCDEF"])
def test_two_without_a_serial_number_of_their_own_are_told_apart_by_their_ports(bus, connect, serial):
    first, second = bus({"serial": serial, "ports": (1, 2)}, {"serial": serial, "ports": (1, 3)})
    assert [device.device_uri for device in UsbTransport.discover()] == [
        f"{URI}?port=1-1.2",
        f"{URI}?port=1-1.3",
    ]
    assert connect(f"{URI}?port=1-1.3").write(b"for the second\n", 0.1) == 15
    assert (first.received(), second.received()) == (b"", b"for the second\n")


def test_it_is_the_same_printer_after_it_was_plugged_elsewhere(bus, connect):
    (printer,) = bus({})
    transport = connect(f"{URI}/SIM0001")
    printer.leave()
    with pytest.raises(DeviceGoneError):
        transport.write(b"x", 0.1)
    with pytest.raises(DeviceNotFoundError):
        transport.open()
    printer.device.traits.ports = (4, 2)
    printer.come_back()
    transport.open()
    assert transport.write(b"hello\n", 0.1) == 6


def test_the_kernel_s_driver_gets_it_back(bus, connect):
    bus({})
    assert kernel_has()
    transport = connect(URI)
    assert not kernel_has()
    transport.close()
    assert kernel_has()


@pytest.mark.parametrize(
    ("traits", "kind", "word"),
    [
        ({"claimed_elsewhere": True}, DeviceBusyError, "another program"),
        ({"forbidden": True}, DevicePermissionError, "udev rule"),
    ],
)
def test_what_is_not_ours(bus, connect, traits, kind, word):
    bus(traits)
    with pytest.raises(kind, match=word):
        connect(URI)
    assert len(UsbTransport.discover()) == 1


def test_the_best_alternate_setting_is_chosen(bus, connect):
    (printer,) = bus({"protocols": (1, 3, 2)})
    transport = connect(URI)
    assert UsbTransport.backend._stays[id(printer.device)].alternate == 2
    assert transport.write(b"x\n", 0.1) == 2


def test_a_printer_that_only_listens(bus, connect):
    (printer,) = bus({"protocols": (1,)})
    transport = connect(URI)
    printer.answer(b"never heard")
    assert transport.read(10, 0.01) == b""
    assert transport.write(b"x\n", 0.1) == 2


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_a_transfer_that_runs_out_of_time_counts_what_went_out(bus, connect):
    (printer,) = bus({})
    transport = connect(URI)
    room = printer.device.printer.model.receive_buffer_bytes
    printer.device.fault("paper-out")  # it takes what its buffer holds, and prints nothing of it
    data = b"a line of text\n" * (room // 15 + 100)
    taken = 0
    while count := transport.write(memoryview(data)[taken:], 0.02):
        taken += count
    assert 0 < taken < len(data)
    assert printer.received() == data[:taken]
    printer.device.fault("paper-out", 0.0)
    while taken < len(data):
        taken += transport.write(memoryview(data)[taken:], 0.05)
    assert printer.received() == data


def test_a_stall_is_cleared_and_told(bus, connect):
    (printer,) = bus({})
    transport = connect(URI)
    transport.write(b"line\n", 0.1)
    printer.device.halt(1000)
    with pytest.raises(DeviceError, match="stalled") as failure:
        send(transport, b"line\n" * 900)
    assert not isinstance(failure.value, DeviceGoneError)
    assert transport.write(b"line\n", 0.1) == 5


def test_unplugged_at_every_hundredth_byte(bus, connect):
    data = b"0123456789abcdef\n" * 60
    for at_byte in range(0, len(data), 100):
        (printer,) = bus({})
        transport = connect(URI)
        printer.device.printer.fault_at_byte(at_byte, "unplug")
        counts = []
        with pytest.raises(DeviceGoneError):
            send(transport, data + b"x", counts)
        assert sum(counts) <= at_byte
        assert printer.received()[: sum(counts)] == data[: sum(counts)]


# --- class requests and quirks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [("", (False, True, False)), ("paper-out", (True, False, True)), ("offline", (False, False, False))],
)
def test_port_status(bus, connect, fault, status):
    (printer,) = bus({})
    transport = connect(URI)
    if fault:
        printer.device.fault(fault)
    found = transport.port_status()
    assert (found.paper_empty, found.selected, found.error) == status


@pytest.mark.parametrize("request_type", [0x21, 0x23])
def test_soft_reset_of_old_and_new_printers(bus, connect, request_type):
    (printer,) = bus({"soft_reset_type": request_type})
    transport = connect(URI)
    printer.device.fault("paper-out")
    transport.write(b"line\n" * 100, 0.1)
    room = printer.device.printer.room()
    transport.soft_reset()
    assert printer.device.printer.room() > room


def test_one_way_is_never_read(bus, connect, quirks):
    quirks(one_way=True)
    (printer,) = bus({})
    transport = connect(URI)
    printer.answer(b"status")
    assert transport.read(10, 0.05) == b""


def test_keep_detached(bus, connect, quirks):
    quirks(keep_detached=True)
    bus({})
    connect(URI).close()
    assert not kernel_has()


def test_slow_close_waits_a_second_after_the_last_byte(bus, connect, quirks):
    quirks(slow_close=True)
    bus({})
    transport = connect(URI)
    transport.write(b"x\n", 0.1)
    began = time.monotonic()
    calls = 1
    while not transport.end_job(0.2):
        calls += 1
    assert 0.9 < time.monotonic() - began < 2
    assert calls >= 5


def test_reset_after_job(bus, connect, quirks):
    quirks(reset_after_job=True)
    (printer,) = bus({})
    transport = connect(URI)
    resets = []
    printer.device.printer.soft_reset = resets.append
    assert transport.end_job(0.1)
    assert len(resets) == 1


def test_vendor_class(bus, connect, quirks, monkeypatch):
    descriptor = SimulatedUsb.get_interface_descriptor

    def of_the_vendor(self, dev, intf, alt, config):
        found = descriptor(self, dev, intf, alt, config)
        found.bInterfaceClass, found.bInterfaceSubClass, found.bInterfaceProtocol = 255, 0, 0
        return found

    monkeypatch.setattr(SimulatedUsb, "get_interface_descriptor", of_the_vendor)
    bus({})
    quirks()
    assert UsbTransport.discover() == []
    with pytest.raises(DeviceNotFoundError):
        connect(URI)
    quirks(vendor_class=True)
    assert connect(URI).write(b"x\n", 0.1) == 2


def test_errors_of_libusb_that_have_no_name_here(bus, connect, monkeypatch):
    bus({})
    transport = connect(URI)

    def broken(*_):
        raise usb.core.USBError("Overflow", -8, errno.EOVERFLOW)

    monkeypatch.setattr(SimulatedUsb, "bulk_write", broken)
    with pytest.raises(DeviceError, match="Overflow"):
        transport.write(b"x", 0.1)
