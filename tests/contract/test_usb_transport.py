"""The USB transport through real pyusb on a simulated bus that is as unkind as libusb."""

from __future__ import annotations

import errno
import threading
import time
from types import SimpleNamespace

import pytest
import usb.core
from devices import UsbBusPrinter
from usb_desk import plugging, quirks_giving

from tympan.driver.contract import TransportContext
from tympan.driver.registry import find_driver
from tympan.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)
from tympan.link import DeviceLink, Ending
from tympan.render.frames import Frame, FrameKind
from tympan_drivers import usb_bulk, usb_devices
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import SimulatedUsb


@pytest.fixture
def bus(monkeypatch):
    """Put printers on the bus; gives their far ends."""
    return plugging(monkeypatch)


@pytest.fixture
def quirks(monkeypatch):
    return quirks_giving(monkeypatch)


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
    (printer,) = bus({})
    assert connect(uri).write(b"here\n", 0.1) == 5
    assert printer.received() == b"here\n"


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


@pytest.mark.parametrize("serial", ["", "000000", "A1X"])
def test_its_uri_is_the_same_when_another_of_its_kind_comes_and_goes(bus, serial):
    first, second = bus({"serial": serial, "ports": (1, 2)}, {"serial": "", "ports": (1, 3)})
    second.leave()
    (alone,) = UsbTransport.discover()
    second.come_back()
    assert UsbTransport.discover()[0].device_uri == alone.device_uri
    first.leave()
    first.come_back()
    assert UsbTransport.discover()[0].device_uri == alone.device_uri


def test_the_one_that_was_there_first_stays_when_another_says_the_same_of_itself(bus, connect):
    first, second = bus({"serial": "SAME77", "ports": (2,)}, {"serial": "SAME77", "ports": (1,)})
    second.leave()
    transport = connect(f"{URI}/SAME77")
    second.come_back()
    transport.open()
    transport.write(b"x\n", 0.1)
    assert (first.received(), second.received()) == (b"x\n", b"")


def test_a_printer_that_is_named_by_its_port_is_not_taken_for_one_elsewhere(bus, connect):
    bus({"serial": "", "ports": (1, 4)})
    with pytest.raises(DeviceNotFoundError, match=r"not plugged in at port 1-1\.2; one like it is at 1-1\.4"):
        connect(f"{URI}?port=1-1.2")


@pytest.mark.parametrize("serials", [("0000", ""), ("A1X", ""), ("A1X", "0000")])
def test_every_uri_that_is_listed_names_one_printer_only(bus, connect, serials):
    printers = bus(*({"serial": serial, "ports": (port,)} for port, serial in enumerate(serials, 1)))
    for device, printer in zip(UsbTransport.discover(), printers, strict=True):
        transport = connect(device.device_uri)
        transport.write(b"x\n", 0.1)
        assert printer.received() == b"x\n"


@pytest.mark.parametrize("uri", [f"{URI}/SIM0001", f"{URI}?serial=SIM0001", "usb://EPSON/TM-T88V"])
def test_a_printer_whose_name_we_may_not_read_is_not_called_unplugged(bus, connect, uri):
    bus({"forbidden": True, "ports": (1, 4)})
    with pytest.raises(DevicePermissionError, match=r"1-1\.4.*udev rule.*group lp"):
        connect(uri)


@pytest.mark.parametrize("traits", [{}, {"claimed_elsewhere": True}])
def test_a_printer_that_others_hold_is_asked_who_it_is_and_left_to_them(bus, monkeypatch, traits):
    bus(traits)
    claims = []
    monkeypatch.setattr(SimulatedUsb, "claim_interface", lambda _self, _handle, number: claims.append(number))
    (found,) = UsbTransport.discover()
    assert found.identity.device_id.startswith("MFG:EPSON;")
    assert found.identity.commands == ("ESC/POS",)
    assert claims == []
    assert kernel_has()


def test_the_device_id_is_asked_of_the_alternate_setting_and_no_other_interface_is_claimed(
    bus, connect, monkeypatch
):
    bus({"protocols": (1, 2)})
    claims, indexes = [], []
    claim, control = SimulatedUsb.claim_interface, SimulatedUsb.ctrl_transfer

    def claiming(self, handle, number):
        claims.append(number)
        claim(self, handle, number)

    def asked(self, handle, kind, request, value, index, data, timeout):
        if (kind, request) == (0xA1, 0):
            indexes.append(index)
        return control(self, handle, kind, request, value, index, data, timeout)

    monkeypatch.setattr(SimulatedUsb, "claim_interface", claiming)
    monkeypatch.setattr(SimulatedUsb, "ctrl_transfer", asked)
    connect(URI)
    assert (claims, indexes) == ([0], [0x0001])


@pytest.mark.parametrize("serial", ["SIM0001", "0000", ""])
def test_every_other_uri_that_is_told_finds_it_too(bus, connect, serial):
    bus({"serial": serial, "ports": (1, 2)})
    (found,) = UsbTransport.discover()
    assert f"{URI}?port=1-1.2" in (found.device_uri, *found.also)
    assert {URI, "usb://EPSON/TM-T88V"} <= set(found.also)
    for uri in found.also:
        connect(uri).close()


def test_what_is_in_the_way_is_told(bus, monkeypatch, tmp_path):
    (printer,) = bus({"ports": (1, 2)})
    assert UsbTransport.discover()[0].problem == ""
    drivers = tmp_path / "drivers"
    interface = tmp_path / "devices" / "1-1.2:1.0"
    interface.mkdir(parents=True)
    monkeypatch.setattr(usb_devices, "SYSFS_DEVICES", tmp_path / "devices")
    for driver, says in (("usblp", ""), ("usbfs", "a program has it open")):
        (drivers / driver).mkdir(parents=True)
        (interface / "driver").unlink(missing_ok=True)
        (interface / "driver").symlink_to(drivers / driver)
        assert says in UsbTransport.discover()[0].problem
        assert bool(says) == bool(UsbTransport.discover()[0].problem)
    printer.device.traits.forbidden = True
    (found,) = UsbTransport.discover()
    assert "udev rule" in found.problem
    assert found.identity.device_id == ""


def test_a_device_that_is_not_configured_yet(bus, connect, monkeypatch):
    (printer,) = bus({"kernel_driver": False})
    values = [0]
    monkeypatch.setattr(SimulatedUsb, "get_configuration", lambda _self, _handle: values[-1])
    monkeypatch.setattr(SimulatedUsb, "set_configuration", lambda _self, _handle, value: values.append(value))
    assert connect(URI).write(b"x\n", 0.1) == 2
    assert values == [0, 1]
    assert printer.received() == b"x\n"


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


@pytest.mark.parametrize("at_byte", [0, 1, 63, 64, 65, 511, 512, 513, 1000, 4095, 4096, 4097, 8999, 9000])
def test_a_stall_costs_no_byte_and_doubles_none(bus, connect, at_byte):
    (printer,) = bus({})
    transport = connect(URI)
    data = b"".join(b"line %04d\n" % number for number in range(900))
    printer.device.halt(at_byte)
    view = memoryview(data)
    while view:
        view = view[transport.write(view, 0.05) :]
    assert printer.received() == data


def test_what_went_out_before_a_stall_is_told_by_the_write_that_met_it(bus, connect):
    (printer,) = bus({})
    transport = connect(URI)
    printer.device.halt(1000)
    assert transport.write(b"line\n" * 900, 0.1) == 1000
    assert transport.write(b"line\n", 0.1) == 5


def test_a_printer_that_stalls_for_ever_is_opened_anew(bus, connect, monkeypatch):
    bus({})
    transport = connect(URI)
    monkeypatch.setattr(SimulatedUsb, "bulk_write_counted", lambda *_: (0, -9))
    counts = [transport.write(b"x", 0.001) for _ in range(usb_bulk.STALLS_MAX)]
    assert set(counts) == {0}
    with pytest.raises(DeviceError, match="stalls and takes nothing"):
        transport.write(b"x", 0.001)


def test_a_stall_on_a_backend_that_does_not_count_is_cleared_and_told(bus, connect, monkeypatch):
    (printer,) = bus({})
    transport = connect(URI)
    monkeypatch.delattr(SimulatedUsb, "bulk_write_counted")
    transport.write(b"line\n", 0.1)
    printer.device.halt(1000)
    with pytest.raises(DeviceError, match="stalled") as failure:
        send(transport, b"line\n" * 900)
    assert not isinstance(failure.value, DeviceGoneError)
    assert transport.write(b"line\n", 0.1) == 5
    printer.hold()
    assert transport.write(b"line\n", 0.02) == 0
    printer.leave()
    with pytest.raises(DeviceGoneError):
        transport.write(b"line\n", 0.02)


def test_a_stall_that_cannot_be_cleared(bus, connect, monkeypatch):
    (printer,) = bus({})
    transport = connect(URI)

    def gone(*_):
        raise usb.core.USBError("No such device", -4, errno.ENODEV)

    monkeypatch.setattr(SimulatedUsb, "clear_halt", gone)
    printer.device.halt(3)
    assert transport.write(b"line\n", 0.1) == 3
    with pytest.raises(DeviceGoneError):
        transport.write(b"e\n", 0.1)


@pytest.mark.parametrize(
    ("bytes_per_s", "settles_at"),
    [(40_000_000, 65536), (200_000, 32768), (172_000, 32768), (48_000, 8192), (1_000, 4096)],
)
def test_a_printer_gets_as_much_at_once_as_it_takes_in_time(
    bus, connect, monkeypatch, bytes_per_s, settles_at
):
    """Once that is found out, no transfer is cut off; 172 kB/s are 300 mm/s of 576 dots at 8 rows a millimetre."""
    bus({})
    transport = connect(URI)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(usb_bulk, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=None))
    asked, cut = [], []

    def transfer(_self, _handle, _endpoint, _interface, data, timeout_ms):
        asked.append(len(data))
        seconds = min(len(data) / bytes_per_s, timeout_ms / 1000)
        clock.now += seconds
        taken = min(len(data), round(seconds * bytes_per_s))
        if taken < len(data):
            cut.append(len(asked))
        return (taken, 0) if taken == len(data) else (taken, -7)

    monkeypatch.setattr(SimulatedUsb, "bulk_write_counted", transfer)
    data = bytes(1_000_000)
    for _ in range(40):
        transport.write(data, 0.2)
    assert asked[0] == 65536
    assert set(asked[8:]) == {settles_at}
    if bytes_per_s > 1_000:
        assert not [number for number in cut if number > 5]


def test_a_printer_that_was_busy_gets_much_at_once_again(bus, connect, monkeypatch):
    bus({})
    transport = connect(URI)
    asked, takes = [], [0]

    def transfer(_self, _handle, _endpoint, _interface, data, _timeout):
        asked.append(len(data))
        return (len(data), 0) if takes[0] else (0, -7)

    monkeypatch.setattr(SimulatedUsb, "bulk_write_counted", transfer)
    data = bytes(1_000_000)
    assert [transport.write(data, 0.2) for _ in range(6)] == [0] * 6
    assert asked[-1] == usb_bulk.WRITE_BYTES_MIN
    takes[0] = 1
    for _ in range(5):
        transport.write(data, 0.2)
    assert asked[-1] == 65536


def test_nothing_is_never_sent(bus, connect, monkeypatch):
    """An empty transfer is a packet of its own; some printers end the job at it."""
    bus({})
    transport = connect(URI)
    monkeypatch.delattr(SimulatedUsb, "bulk_write_counted")
    monkeypatch.setattr(SimulatedUsb, "bulk_write", None)
    assert transport.write(b"", 0.1) == 0
    assert transport.write(memoryview(b""), 0.1) == 0


@pytest.mark.parametrize(
    ("traits", "named", "back"),
    [({}, {}, True), ({"protocols": (1,)}, {}, False), ({}, {"one_way": True}, False)],
)
def test_whether_it_has_a_back_channel_is_known_once_it_is_open(bus, connect, quirks, traits, named, back):
    quirks(**named)
    bus(traits)
    transport = connect(URI)
    assert transport.back_channel is back
    transport.close()
    assert not transport.back_channel


@pytest.mark.parametrize("limit", [1, 3, 512, 700])
def test_an_answer_longer_than_asked_for_comes_in_parts(bus, connect, monkeypatch, limit):
    """As in libusb: of a packet that does not fit into what is left of the buffer nothing comes but an error."""
    (printer,) = bus({})
    receive = SimulatedUsb.bulk_read

    def packets(self, handle, endpoint, interface, buffer, timeout):
        if len(buffer) % 512:
            raise usb.core.USBError("Overflow", -8, errno.EOVERFLOW)
        return receive(self, handle, endpoint, interface, buffer, timeout)

    monkeypatch.setattr(SimulatedUsb, "bulk_read", packets)
    transport = connect(URI)
    answer = bytes(range(256)) * 3
    printer.answer(answer)
    parts = []
    while part := transport.read(limit, 0.01):
        parts.append(part)
    assert b"".join(parts) == answer
    assert all(len(part) <= limit for part in parts)
    assert transport.read(0, 0.01) == b""


def test_what_was_not_read_before_a_close_is_not_read_after_it(bus, connect):
    (printer,) = bus({})
    transport = connect(URI)
    printer.answer(b"old answer")
    assert transport.read(3, 0.05) == b"old"
    transport.open()
    assert transport.read(10, 0.01) == b""


def test_a_read_that_waits_does_not_hold_up_a_write(bus, connect, monkeypatch):
    """Many printers answer IN with NAK for ever."""
    (printer,) = bus({})
    transport = connect(URI)
    reading, go_on = threading.Event(), threading.Event()

    def slow(*_):
        reading.set()
        assert go_on.wait(5)
        raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)

    monkeypatch.setattr(SimulatedUsb, "bulk_read", slow)
    reader = threading.Thread(target=lambda: transport.read(10, 0.2))
    reader.start()
    assert reading.wait(5)
    assert transport.write(b"line\n", 0.1) == 5
    assert transport.port_status() is not None
    assert printer.received() == b"line\n"
    go_on.set()
    reader.join()


def test_a_printer_that_we_print_on_is_not_asked_who_it_is(bus, connect, monkeypatch):
    bus({"ports": (1,)}, {"serial": "B2", "ports": (2,)})
    before = UsbTransport.discover()
    transport = connect(f"{URI}/SIM0001")
    asked = []
    control = SimulatedUsb.ctrl_transfer

    def tapped(self, handle, *rest):
        asked.append(handle.plugged.device.traits.serial)
        return control(self, handle, *rest)

    monkeypatch.setattr(SimulatedUsb, "ctrl_transfer", tapped)
    assert UsbTransport.discover() == before
    assert set(asked) == {"B2"}
    assert transport.write(b"line\n", 0.1) == 5, "it is still open"
    transport.close()
    assert UsbTransport.discover() == before
    assert "SIM0001" in asked


def test_without_libusb_that_is_said(monkeypatch):
    monkeypatch.setattr(usb_bulk, "libusb", lambda: None)
    monkeypatch.setattr(UsbTransport, "backend", None)
    with pytest.raises(DeviceError, match="install the package libusb"):
        UsbTransport.discover()


@pytest.mark.parametrize("ends_in_time", [True, False])
def test_the_device_is_not_closed_under_a_read(bus, connect, monkeypatch, ends_in_time):
    bus({})
    transport = connect(URI)
    reading, go_on, events = threading.Event(), threading.Event(), []
    close = SimulatedUsb.close_device

    def slow(*_):
        reading.set()
        go_on.wait(5)
        events.append("read ends")
        raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)

    def closing(self, handle):
        events.append("closed")
        close(self, handle)

    monkeypatch.setattr(SimulatedUsb, "bulk_read", slow)
    monkeypatch.setattr(SimulatedUsb, "close_device", closing)
    reader = threading.Thread(target=lambda: transport.read(10, 0.2))
    reader.start()
    assert reading.wait(5)
    if ends_in_time:
        threading.Timer(0.05, go_on.set).start()
    began = time.monotonic()
    transport.close()
    assert time.monotonic() - began < 0.6
    with pytest.raises(DeviceGoneError):
        transport.write(b"x", 0.01)
    go_on.set()
    reader.join()
    assert events == ["read ends", "closed"]
    assert kernel_has()


def test_unplugged_at_every_hundredth_byte(bus, connect):
    data = b"0123456789abcdef\n" * 60
    for at_byte in range(0, len(data), 100):
        (printer,) = bus({})
        transport = connect(URI)
        printer.device.printer.fault_at_byte(at_byte, "unplug")
        counts = []
        with pytest.raises(DeviceGoneError):
            send(transport, data + b"x", counts)
        assert sum(counts) == at_byte
        assert printer.received() == data[:at_byte]


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


class _WithCardReader(SimulatedUsb):
    """A printer with an interface of another class, which a driver of its own holds."""

    reader_driver = True

    def get_configuration_descriptor(self, dev, config):
        described = super().get_configuration_descriptor(dev, config)
        described.bNumInterfaces = 2
        return described

    def get_interface_descriptor(self, dev, intf, alt, config):
        if intf != 1 or alt:
            return super().get_interface_descriptor(dev, intf, alt, config)
        described = super().get_interface_descriptor(dev, 0, 0, config)
        described.bInterfaceNumber, described.bNumEndpoints, described.bInterfaceClass = 1, 0, 8
        return described

    def is_kernel_driver_active(self, dev_handle, intf):
        return self.reader_driver if intf == 1 else super().is_kernel_driver_active(dev_handle, intf)

    def detach_kernel_driver(self, dev_handle, intf):
        if intf == 1:
            self.reader_driver = False
        else:
            super().detach_kernel_driver(dev_handle, intf)


def test_a_card_reader_in_the_printer_keeps_its_driver(monkeypatch, connect):
    bus = _WithCardReader([UsbBusPrinter(None).device])
    monkeypatch.setattr(UsbTransport, "backend", bus)
    connect("usb://04b8:0202").write(b"x", 1.0)
    assert bus.reader_driver


def test_the_kernels_driver_gets_it_back_after_one_that_was_killed(bus, connect):
    bus({})
    usb.core.find(backend=UsbTransport.backend).detach_kernel_driver(0)
    assert not kernel_has()
    connect(URI).close()
    assert kernel_has()


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


def test_no_call_waits_longer_than_a_call_may(bus, connect, quirks):
    quirks(slow_close=True)
    bus({})
    transport = connect(URI)
    transport.write(b"x\n", 0.1)
    for call in (lambda: transport.end_job(5.0), lambda: transport.read(10, 5.0)):
        began = time.monotonic()
        assert not call()
        assert time.monotonic() - began < 0.6


def test_no_soft_reset(bus, connect, quirks):
    quirks(no_soft_reset=True)
    (printer,) = bus({})
    transport = connect(URI)
    resets = []
    printer.device.printer.soft_reset = resets.append
    transport.soft_reset()
    assert resets == []


class _Job:
    """The frames of a small job in the printer's own language."""

    def __init__(self, data):
        self._frames = [Frame(FrameKind.DATA, data), Frame(FrameKind.END)]

    def next_frame(self, _timeout_s):
        return self._frames.pop(0)

    def close(self):
        pass


class _Anybody:
    def device_reports(self, condition):
        pass

    def device_answers(self, answers):
        pass


@pytest.mark.parametrize("comes_back_as_another", [False, True])
async def test_reset_after_job(bus, quirks, tmp_path, monkeypatch, comes_back_as_another):
    """Each job is complete, and then the printer is reset once, whatever becomes of it."""
    quirks(reset_after_job=True)
    (printer,) = bus({})
    resets, reset = [], SimulatedUsb.reset_device

    def resetting(self, handle):
        resets.append(handle.plugged.address)
        if comes_back_as_another:
            handle.plugged.here = False
            raise usb.core.USBError("Entity not found", -5, errno.ENOENT)
        reset(self, handle)

    monkeypatch.setattr(SimulatedUsb, "reset_device", resetting)
    transport = UsbTransport(f"{URI}/SIM0001", TransportContext("receipt", tmp_path))
    link = DeviceLink(transport, find_driver("escpos"), "tm-t88", _Anybody())
    link.hold()
    for number in (1, 2):
        outcome = await link.print(number, "bin", _Job(b"job %d\n" % number), lambda _: None, raw=True)
        assert outcome.ending is Ending.COMPLETED
    await link.close()
    assert resets == ([2, 3] if comes_back_as_another else [2, 2])
    assert all(printer.received().count(b"job %d\n" % number) == 1 for number in (1, 2))
    assert kernel_has()


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

    monkeypatch.setattr(SimulatedUsb, "bulk_write_counted", lambda *_: (0, -8))
    with pytest.raises(DeviceError, match="value too large"):  # EOVERFLOW
        transport.write(b"x", 0.1)
