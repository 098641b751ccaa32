"""What a USB printer is called: by the kernel's word for its serial number, else its own, and what is done where there is neither."""

from __future__ import annotations

import errno

import pytest
import usb.core
from usb_desk import plugging

from tympan.driver import registry
from tympan.driver.contract import TransportContext
from tympan.errors import DeviceBusyError, DeviceNotFoundError, DevicePermissionError
from tympan_drivers import usb_devices
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import SimulatedUsb

URI = "usb://04b8:0202"
GET_DESCRIPTOR, STRING = (0x80, 6), 3


@pytest.fixture
def bus(monkeypatch):
    """Put printers on the bus; gives their far ends."""
    return plugging(monkeypatch)


@pytest.fixture(autouse=True)
def sysfs(tmp_path, monkeypatch):
    """What the kernel keeps of a device; of the real bus of this machine nothing is seen."""
    monkeypatch.setattr(usb_devices, "SYSFS_DEVICES", tmp_path)

    def keeps(port="1-1", **files):
        (tmp_path / port).mkdir()
        for name, text in ({"idVendor": "04b8", "idProduct": "0202", "devnum": "2"} | files).items():
            (tmp_path / port / name).write_text(f"{text}\n")

    return keeps


@pytest.fixture
def strings(monkeypatch):
    """How the device answers requests for strings: set `error`, or `empty`, and `speaks` where it says its languages all the same; gives
    the indexes that were asked for."""
    control = SimulatedUsb.ctrl_transfer
    asked = _Asked()

    def tapped(self, handle, kind, request, value, index, data, timeout):
        if (kind, request) == GET_DESCRIPTOR and value >> 8 == STRING:
            asked.append(value & 0xFF)
            answers = asked.speaks and not value & 0xFF
            if asked.empty and not answers:
                return 0
            if asked.error and not answers:
                raise usb.core.USBError("it does not answer", -1, asked.error)
        return control(self, handle, kind, request, value, index, data, timeout)

    monkeypatch.setattr(SimulatedUsb, "ctrl_transfer", tapped)
    return asked


class _Asked(list):
    error = 0
    empty = speaks = False


def connect(uri, tmp_path):
    transport = UsbTransport(uri, TransportContext("receipt", tmp_path))
    transport.open()
    return transport


def test_the_kernel_s_word_counts_and_the_device_is_not_asked(bus, sysfs, strings):
    bus({"serial": "ASKED"})
    sysfs(serial="KERNEL7")
    (found,) = UsbTransport.discover()
    assert (found.device_uri, found.problem) == (f"{URI}/KERNEL7", "")
    assert found.identity.serial_number == "KERNEL7"
    assert 3 not in strings


def test_one_that_answers_nothing_yet_is_named_as_the_kernel_knows_it(bus, sysfs, strings, tmp_path):
    (printer,) = bus({})
    sysfs(serial="SIM0001")
    strings.error = errno.ETIMEDOUT
    (found,) = UsbTransport.discover()
    assert (found.device_uri, found.problem) == (f"{URI}/SIM0001", "")
    transport = connect(f"{URI}/SIM0001", tmp_path)
    transport.write(b"x\n", 0.1)
    transport.close()
    assert printer.received() == b"x\n"


@pytest.mark.parametrize("files", [{"devnum": "9"}, {"idVendor": "1d6b"}, {"idProduct": "0002"}])
def test_what_the_kernel_keeps_of_another_device_is_not_believed(bus, sysfs, files):
    bus({})
    sysfs(serial="OTHER", **files)
    assert UsbTransport.discover()[0].device_uri == f"{URI}/SIM0001"


@pytest.mark.parametrize(
    ("said", "kept", "name"),
    [("AB1\0\0", "AB1", "AB1"), ("AB1\0X7", "AB1", "AB1"), (" AB 1 ", " AB 1 ", "AB%201")],
)
def test_a_serial_number_is_the_same_from_both(bus, sysfs, said, kept, name):
    bus({"serial": said})
    assert UsbTransport.discover()[0].device_uri == f"{URI}/{name}"
    sysfs(serial=kept)
    assert UsbTransport.discover()[0].device_uri == f"{URI}/{name}"


@pytest.mark.parametrize("kept", [None, {}])
@pytest.mark.parametrize(
    "fails",
    [
        {"error": errno.ETIMEDOUT},
        {"error": errno.ETIMEDOUT, "speaks": True},
        {"error": errno.EIO},
        {"empty": True, "speaks": True},
    ],
)
def test_one_whose_serial_number_cannot_be_read_yet_says_so_and_is_at_its_port(
    bus, sysfs, strings, kept, fails
):
    bus({})
    if kept is not None:
        sysfs(**kept)  # the kernel could not read it either
    vars(strings).update(fails)
    (found,) = UsbTransport.discover()
    assert "serial number cannot be read" in found.problem
    assert (found.device_uri, found.info, found.settles) == (f"{URI}?port=1-1", "EPSON TM-T88V", True)
    assert found.identity.serial_number == ""
    vars(strings).clear()
    (found,) = UsbTransport.discover()
    assert (found.device_uri, found.problem, found.settles) == (f"{URI}/SIM0001", "", False)
    assert registry.match_driver(found.identity) is not None


def test_one_that_has_to_look_up_who_it_is_has_the_time(bus, monkeypatch):
    """It does not matter whether it is looked for or opened."""
    control, took = SimulatedUsb.ctrl_transfer, []

    def slow(self, handle, kind, request, value, index, data, timeout):
        if (kind, request) == (usb_devices.CLASS_IN, 0):
            took.append(timeout)
            if timeout < 600:
                raise usb.core.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        return control(self, handle, kind, request, value, index, data, timeout)

    monkeypatch.setattr(SimulatedUsb, "ctrl_transfer", slow)
    bus({})
    (found,) = UsbTransport.discover()
    assert "TM-T88V" in found.identity.device_id
    assert took


def test_who_cannot_have_it_does_not_forget_who_has(bus, tmp_path, monkeypatch):
    """What is open is not asked who it is by those who look for printers, whoever has tried to open it meanwhile."""
    bus({})
    transport = connect(f"{URI}/SIM0001", tmp_path)
    claim = SimulatedUsb.claim_interface

    def claimed(*_):
        raise usb.core.USBError("Resource busy", -6, errno.EBUSY)

    monkeypatch.setattr(SimulatedUsb, "claim_interface", claimed)
    with pytest.raises(DeviceBusyError):
        connect(f"{URI}?port=1-1", tmp_path)
    monkeypatch.setattr(SimulatedUsb, "claim_interface", claim)
    assert list(UsbTransport._held) == [(1, 2)]
    transport.close()
    assert UsbTransport._held == {}


def test_one_without_a_serial_number_has_no_problem(bus, strings):
    bus({"serial": ""})
    strings.error = errno.ETIMEDOUT
    (found,) = UsbTransport.discover()
    assert (found.device_uri, found.problem) == (f"{URI}?port=1-1", "")
    assert found.identity.model == "TM-T88V"


@pytest.mark.parametrize("speaks", [True, False])
def test_one_that_refuses_to_say_it_has_none(bus, strings, speaks):
    """Some have a number in their descriptor and no string to it: they stall, and for ever."""
    bus({})
    strings.error, strings.speaks = errno.EPIPE, speaks
    (found,) = UsbTransport.discover()
    assert (found.device_uri, found.problem) == (f"{URI}?port=1-1", "")
    assert found.identity.model == "TM-T88V"


@pytest.mark.parametrize(("kept", "uri"), [(True, f"{URI}/SIM0001"), (False, f"{URI}?port=1-1")])
def test_one_that_we_may_not_open_keeps_its_problem(bus, sysfs, kept, uri):
    bus({"forbidden": True})
    if kept:
        sysfs(serial="SIM0001")
    (found,) = UsbTransport.discover()
    assert found.device_uri == uri
    assert found.problem == "we may not use it: the udev rule is missing, or the group lp"
    assert found.identity.device_id == ""


@pytest.mark.parametrize(
    ("kept", "error"),
    [("SIM0001", DevicePermissionError), (None, DevicePermissionError), ("X9", DeviceNotFoundError)],
)
def test_one_that_we_may_not_open_is_taken_for_the_one_that_is_missing_only_where_it_may_be(
    bus, sysfs, tmp_path, kept, error
):
    bus({"forbidden": True})
    if kept:
        sysfs(serial=kept)
    with pytest.raises(error):
        connect(f"{URI}/SIM0001", tmp_path)


def test_one_that_is_open_is_asked_nothing_also_where_it_did_not_say_its_strings(bus, strings, tmp_path):
    """It may be closed just then by the thread that prints on it."""
    bus({})
    strings.error, strings.speaks = errno.ETIMEDOUT, True
    transport = connect(f"{URI}?port=1-1", tmp_path)
    strings.clear()
    strings.error = 0
    (found,) = UsbTransport.discover()
    assert strings == []
    assert (found.device_uri, found.problem) == (f"{URI}?port=1-1", "")
    assert found.identity.model == "TM-T88V"
    transport.close()
    assert UsbTransport.discover()[0].device_uri == f"{URI}/SIM0001"


def test_the_uri_of_one_that_is_open_still_follows_the_others(bus, tmp_path):
    _, second = bus({"serial": "SAME7", "ports": (1,)}, {"serial": "SAME7", "ports": (2,)})
    second.leave()
    transport = connect(f"{URI}/SAME7", tmp_path)
    assert [found.device_uri for found in UsbTransport.discover()] == [f"{URI}/SAME7"]
    second.come_back()
    assert [found.device_uri for found in UsbTransport.discover()] == [f"{URI}?port=1-1", f"{URI}?port=1-2"]
    transport.close()
