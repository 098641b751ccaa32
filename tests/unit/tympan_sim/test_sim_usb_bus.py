"""Real pyusb code on the simulated bus: what libusb would say, with a test's own time."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
import usb.core
import usb.util

from tympan_sim.decoder import Sheet
from tympan_sim.link_usb import SimulatedUsb, UsbPrinter, UsbTraits
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import decoder_for

MODEL = replace(MODELS["tm-t88v"], receive_buffer_bytes=4096)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def plugged(**traits) -> tuple[UsbPrinter, SimulatedUsb, Clock]:
    clock = Clock()
    device = UsbPrinter(
        Printer(MODEL, decoder_for(MODEL)), UsbTraits(**traits), clock=clock, sleep=clock.sleep
    )
    return device, SimulatedUsb([device]), clock


def opened(**traits):
    device, backend, clock = plugged(**traits)
    found = usb.core.find(backend=backend)
    if found.is_kernel_driver_active(0):
        found.detach_kernel_driver(0)
    return device, found, clock


def number_of(call) -> int:
    with pytest.raises(usb.core.USBError) as caught:
        call()
    return caught.value.errno


def test_it_is_found_as_a_printer():
    _, backend, _ = plugged(serial="ABC1", ports=(1, 3))
    found = usb.core.find(
        backend=backend,
        custom_match=lambda d: any(i.bInterfaceClass == usb.CLASS_PRINTER for c in d for i in c),
    )
    assert (found.idVendor, found.idProduct) == (0x04B8, 0x0202)
    assert (found.manufacturer, found.product, found.serial_number) == ("EPSON", "TM-T88V", "ABC1")
    assert found.port_numbers == (1, 3)
    interface = found[0][(0, 0)]
    assert (interface.bInterfaceSubClass, interface.bInterfaceProtocol) == (1, 2)
    out = usb.util.find_descriptor(interface, bEndpointAddress=0x01)
    back = usb.util.find_descriptor(interface, bEndpointAddress=0x82)
    assert (usb.util.endpoint_type(out.bmAttributes), back.wMaxPacketSize) == (
        usb.util.ENDPOINT_TYPE_BULK,
        512,
    )


def test_no_serial_number_no_string():
    _, backend, _ = plugged(serial="")
    assert usb.core.find(backend=backend).serial_number is None


def test_alternate_settings():
    _, found, _ = opened(protocols=(1, 2))
    assert [interface.bInterfaceProtocol for interface in found[0]] == [1, 2]
    found.set_interface_altsetting(0, 0)
    assert number_of(
        lambda: found._ctx.backend.bulk_read(found._ctx.handle, 0x82, 0, usb.util.create_buffer(8), 10)
    ) == (errno.EINVAL)
    found.set_interface_altsetting(0, 1)
    found.write(0x01, b"\x10\x04\x01")
    assert bytes(found.read(0x82, 64, 100)) == b"\x12"


def test_class_requests():
    device, found, _ = opened()
    raw = bytes(found.ctrl_transfer(0xA1, 0, 0, 0, 1024))
    assert int.from_bytes(raw[:2], "big") == len(raw)
    assert raw[2:].startswith(b"MFG:EPSON;")
    assert bytes(found.ctrl_transfer(0xA1, 0, 0, 0, 2)) == raw[:2]
    assert found.ctrl_transfer(0xA1, 1, 0, 0, 1)[0] == 0x18
    device.fault("paper-out")
    assert found.ctrl_transfer(0xA1, 1, 0, 0, 1)[0] == 0x20
    found.write(0x01, b"lost")
    found.ctrl_transfer(0x21, 2, 0, 0, None)
    assert device.printer.describe(0.0)["buffered"] == 0
    assert number_of(lambda: found.ctrl_transfer(0x23, 2, 0, 0, None)) == errno.EPIPE


def test_quirks_of_the_device_id():
    _, found, _ = opened(device_id_little_endian=True)
    raw = bytes(found.ctrl_transfer(0xA1, 0, 0, 0, 1024))
    assert int.from_bytes(raw[:2], "little") == len(raw)
    _, found, _ = opened(device_id_stalls=True)
    assert number_of(lambda: found.ctrl_transfer(0xA1, 0, 0, 0, 1024)) == errno.EPIPE


def test_usblp_and_others_hold_the_interface():
    _, backend, _ = plugged()
    found = usb.core.find(backend=backend)
    assert found.is_kernel_driver_active(0)
    assert number_of(lambda: found.write(0x01, b"x")) == errno.EBUSY
    assert number_of(found.set_configuration) == errno.EBUSY
    found.detach_kernel_driver(0)
    assert found.write(0x01, b"x") == 1
    usb.util.release_interface(found, 0)
    found.attach_kernel_driver(0)
    assert found.is_kernel_driver_active(0)
    _, elsewhere, _ = opened(claimed_elsewhere=True)
    assert number_of(lambda: elsewhere.write(0x01, b"x")) == errno.EBUSY
    _, backend, _ = plugged(forbidden=True)
    assert number_of(lambda: usb.core.find(backend=backend).is_kernel_driver_active(0)) == errno.EACCES


def test_a_write_comes_back_short_when_time_runs_out():
    device, found, clock = opened()
    device.fault("offline")
    assert found.write(0x01, b"x" * 5000, 50) == 4096
    assert clock.now == pytest.approx(0.05, abs=0.003)
    with pytest.raises(usb.core.USBTimeoutError) as caught:
        found.write(0x01, b"x", 50)
    assert caught.value.errno == errno.ETIMEDOUT
    assert clock.now == pytest.approx(0.1, abs=0.006)


def test_a_slow_printer_takes_all_in_the_end():
    device, found, clock = opened()
    data = (b"\x1dv0\0\x40\0\x64\0" + bytes(6400)) * 5
    sent = 0
    while sent < len(data):
        sent += found.write(0x01, data[sent:], 100)
    # All but what the buffer holds has been printed: 500 rows at 180 dpi and 300 mm/s are 0.235 s.
    assert 0.19 < clock.now < 0.24
    assert device.printer.received == len(data)


def test_reads_time_out_and_deliver():
    _, found, clock = opened()
    found.write(0x01, b"A\n\x1d(H\x06\0\x30\x30abcd")
    with pytest.raises(usb.core.USBTimeoutError):
        found.read(0x82, 64, 1)
    assert bytes(found.read(0x82, 64, 1000)) == b"\x37\x22abcd\x00"
    assert clock.now < 0.03


def test_a_stall_lasts_until_it_is_cleared():
    device, found, _ = opened()
    device.halt()
    assert number_of(lambda: found.write(0x01, b"A\n")) == errno.EPIPE
    assert number_of(lambda: found.write(0x01, b"A\n")) == errno.EPIPE
    found.clear_halt(0x01)
    assert found.write(0x01, b"A\n") == 2
    device.halt(at_byte=10)
    assert number_of(lambda: found.write(0x01, b"B" * 20)) == errno.EPIPE
    assert device.printer.received == 10, "libusb does not tell how much went through before the stall"


def test_a_stalled_printer_times_out_everywhere():
    device, found, _ = opened()
    found.write(0x01, b"\x10\x04\x01")
    device.fault("stall")
    for call in (
        lambda: found.write(0x01, b"x", 20),
        lambda: found.read(0x82, 8, 20),
        lambda: found.ctrl_transfer(0xA1, 1, 0, 0, 1, 20),
    ):
        assert number_of(call) == errno.ETIMEDOUT


@pytest.mark.parametrize("fault", ["unplug", "power-off"])
def test_unplugging_kills_the_handle_and_replugging_gives_a_new_device(fault):
    device, found, _ = opened()
    backend = found._ctx.backend
    found.write(0x01, b"A\n")
    device.fault(fault)
    for call in (
        lambda: found.write(0x01, b"x"),
        lambda: found.read(0x82, 8, 20),
        lambda: found.ctrl_transfer(0xA1, 1, 0, 0, 1),
        lambda: found.clear_halt(0x01),
    ):
        assert number_of(call) == errno.ENODEV
    assert usb.core.find(backend=backend) is None
    device.fault(fault, 0)
    assert number_of(lambda: found.write(0x01, b"x")) == errno.ENODEV, "the old handle stays dead"
    usb.util.dispose_resources(found)
    again = usb.core.find(backend=backend)
    assert again.address != found.address
    assert again.serial_number == "SIM0001"
    again.detach_kernel_driver(0)
    assert again.write(0x01, b"x") == 1


def test_an_unplug_in_mid_write():
    device, found, _ = opened()
    device.printer.fault_at_byte(1000, "unplug")
    assert number_of(lambda: found.write(0x01, b"\n" * 3000, 100)) == errno.ENODEV
    assert device.printer.received == 1000


def test_two_equal_printers_are_told_apart_by_port():
    clock = Clock()
    devices = [
        UsbPrinter(Printer(MODEL, decoder_for(MODEL)), UsbTraits(serial="", ports=(1, port)), clock=clock)
        for port in (2, 4)
    ]
    found = list(usb.core.find(find_all=True, backend=SimulatedUsb(devices)))
    assert [device.port_numbers for device in found] == [(1, 2), (1, 4)]
    assert len({device.address for device in found}) == 2


def test_what_is_written_is_printed():
    device, found, clock = opened()
    found.write(0x01, b"A\n\n\n\n\n\n\x1dVA\0")
    device.printer.advance(clock.now + 10)
    printed = [effect for effect in device.printer.take_happened() if isinstance(effect, Sheet)]
    assert [sheet.cut for sheet in printed] == ["full"]


def test_a_claim_is_its_handle_s_and_who_only_looks_does_not_take_it():
    device, found, _ = opened()
    backend = found._ctx.backend
    found.write(0x01, b"A\n")
    (stay,) = backend.enumerate_devices()
    other = backend.open_device(stay)
    assert number_of(lambda: backend.claim_interface(other, 0)) == errno.EBUSY
    backend.release_interface(other, 0)
    backend.close_device(other)
    assert found.write(0x01, b"A\n") == 2
    assert device.printer.received == 4
