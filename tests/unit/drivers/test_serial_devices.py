"""Which ports are listed and by which names, and where an adapter is after it came back."""

from __future__ import annotations

import pytest
from fake_sysfs import FakeSysfs

from tympan.errors import DeviceNotFoundError
from tympan_drivers import serial_devices as serial_devices_module
from tympan_drivers import usb_node
from tympan_drivers.serial_devices import driver_of, serial_devices, stable_name
from tympan_drivers.usb_node import NodeFollower, usb_nodes


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = FakeSysfs(tmp_path)
    monkeypatch.setattr(usb_node, "SYS", made.sys)
    monkeypatch.setattr(usb_node, "DEV", made.dev)
    return made


def uris():
    return [device.device_uri for device in serial_devices()]


FTDI = {"serial": "A50285BI", "by_id": "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"}
CH340 = {"ids": "1a86:7523", "make": "", "product": "USB2.0-Serial", "by_id": "usb-1a86_USB2.0-Serial-if00-port0"}  # fmt: skip


def test_an_adapter_is_listed_by_its_own_name(machine):
    machine.plug("ttyUSB0", **FTDI, by_path="pci-0000:00:14.0-usb-0:1:1.0-port0")
    (found,) = serial_devices()
    assert found.device_uri == f"serial://{machine.dev}/serial/by-id/{FTDI['by_id']}"
    assert found.info == "FTDI FT232R USB UART (ttyUSB0, USB port 1-1)"
    assert (found.identity.make, found.identity.model, found.identity.serial_number) == (
        "FTDI", "FT232R USB UART", "A50285BI",
    )  # fmt: skip


def test_adapters_that_are_alike_are_listed_by_where_they_are_plugged(machine):
    machine.plug("ttyUSB0", port="1-1", **CH340, by_path="pci-0000:00:14.0-usb-0:1:1.0-port0")
    machine.plug("ttyUSB1", port="1-2", **CH340, by_path="pci-0000:00:14.0-usb-0:2:1.0-port0")
    below = f"serial://{machine.dev}/serial/by-path/pci-0000:00:14.0-usb-0"
    assert uris() == [f"{below}:1:1.0-port0", f"{below}:2:1.0-port0"]


def test_without_udev_there_is_only_the_kernels_name(machine):
    machine.plug("ttyACM0", serial="X1")
    assert uris() == [f"serial://{machine.dev}/ttyACM0"]


def test_only_uarts_that_are_there_are_listed(machine):
    """A PC's driver has 32 names; ``type`` 0 is PORT_UNKNOWN, include/uapi/linux/serial_core.h."""
    for number in range(4):
        machine.uart(f"ttyS{number}", 4 if number < 2 else 0)
    machine.uart("ttyAMA0", 32)
    machine.console("tty0", "ttyS0")
    (machine.dev / "serial0").symlink_to(machine.dev / "ttyAMA0")
    assert uris() == [f"serial://{machine.dev}/serial0", f"serial://{machine.dev}/ttyS1"]


def test_virtual_consoles_are_no_ports(machine):
    (machine.sys / "class/tty/tty1").mkdir()
    (machine.dev / "tty1").touch()
    assert uris() == []


def test_the_name_that_stays(machine):
    path = machine.plug("ttyUSB0", **FTDI)
    assert stable_name(str(path)) == f"{machine.dev}/serial/by-id/{FTDI['by_id']}"
    assert stable_name(f"{machine.dev}/ttyUSB7") == ""


def test_the_many_ttys_that_are_none_are_not_read(machine, monkeypatch):
    """Linux has 64 virtual consoles alone; their files took a machine that was starting half a minute."""
    for number in range(64):
        machine.uart(f"tty{number}", 0)
    machine.plug("ttyUSB0", **FTDI)
    read = []
    text = usb_node._text
    monkeypatch.setattr(usb_node, "_text", lambda path: read.append(path) or text(path))
    assert list(usb_nodes("tty")) == [f"{machine.dev}/ttyUSB0"]
    assert all("ttyUSB0" in path.parts or "usb1" in path.parts for path in read)


def test_a_usb_device_that_has_no_node_of_ours_is_none_of_ours(machine):
    machine.uart("ttyS0", 4)
    assert usb_nodes("tty") == {}
    assert usb_nodes("nowhere") == {}


# --- following --------------------------------------------------------------------------------------------------------


@pytest.fixture
def terminals():
    """Two nodes that are something: a follower asks which device number a path has."""
    import os

    pairs = [os.openpty() for _ in range(2)]
    yield [os.ttyname(near) for _, near in pairs]
    for pair in pairs:
        for fd in pair:
            os.close(fd)


def follower(machine, node="ttyUSB0", kind="tty"):
    return NodeFollower(f"{machine.dev}/{node}", kind, f"serial://{machine.dev}/{node}")


def test_an_adapter_that_comes_back_under_another_number_is_followed(machine, terminals):
    node = follower(machine)
    machine.plug("ttyUSB0", **FTDI, real=terminals[0])
    assert node.path() == f"{machine.dev}/ttyUSB0"
    node.opened(node.path())
    machine.unplug("ttyUSB0")
    assert node.path() == f"{machine.dev}/ttyUSB0"  # which is not there
    machine.plug("ttyUSB1", port="1-4", **FTDI, real=terminals[1])
    assert node.path() == f"{machine.dev}/ttyUSB1"


def test_another_adapter_with_the_old_number_is_not_taken_for_it(machine, terminals):
    node = follower(machine)
    machine.plug("ttyUSB0", **FTDI, real=terminals[0])
    node.opened(node.path())
    machine.unplug("ttyUSB0")
    machine.plug("ttyUSB0", port="1-2", serial="OTHER", real=terminals[1])
    with pytest.raises(DeviceNotFoundError, match=r"another one now .FTDI FT232R USB UART OTHER"):
        node.path()
    machine.plug("ttyUSB1", **FTDI)
    assert node.path() == f"{machine.dev}/ttyUSB1"


def test_adapters_that_are_alike_are_told_apart_by_where_they_are_plugged(machine, terminals):
    node = follower(machine)
    machine.plug("ttyUSB0", port="1-1", **CH340, real=terminals[0])
    machine.plug("ttyUSB1", port="1-2", **CH340)
    node.opened(node.path())
    machine.unplug("ttyUSB0")
    machine.unplug("ttyUSB1")
    machine.plug("ttyUSB0", port="1-2", **CH340)  # the other one is first this time
    machine.plug("ttyUSB1", port="1-1", **CH340)
    assert node.path() == f"{machine.dev}/ttyUSB1"


@pytest.mark.parametrize("seen", ["when it was opened", "later"])
def test_one_of_two_that_are_alike_is_not_replaced_by_the_other(machine, terminals, seen):
    """While it is away, or comes back a moment later: receipts would come out of the other one."""
    node = follower(machine)
    machine.plug("ttyUSB0", port="1-1", **CH340, real=terminals[0])
    if seen == "when it was opened":
        machine.plug("ttyUSB1", port="1-2", **CH340)
    node.opened(node.path())
    if seen == "later":
        machine.plug("ttyUSB1", port="1-2", **CH340)
        node.path()
    machine.unplug("ttyUSB0")
    assert node.path() == f"{machine.dev}/ttyUSB0"
    machine.unplug("ttyUSB1")
    machine.plug("ttyUSB0", port="1-2", **CH340)
    with pytest.raises(DeviceNotFoundError, match="another one now"):
        node.path()
    machine.plug("ttyUSB1", port="1-1", **CH340)
    assert node.path() == f"{machine.dev}/ttyUSB1"


def test_the_driver_of_a_port(machine, terminals):
    path = machine.plug("ttyUSB0", **CH340, real=terminals[0], driver="ch341-uart")
    machine.plug("ttyACM0", port="1-2", real=terminals[1], driver="cdc_acm")
    machine.uart("ttyS0", 4)
    assert driver_of(str(path)) == "ch341-uart"
    assert driver_of(f"{machine.dev}/serial/by-id/{CH340['by_id']}") == "ch341-uart"
    assert driver_of(f"{machine.dev}/ttyACM0") == "cdc_acm"
    assert driver_of(f"{machine.dev}/ttyS0") == ""
    assert driver_of(f"{machine.dev}/ttyUSB7") == ""


def test_a_link_is_followed_by_udev_and_not_by_us(machine, terminals):
    machine.plug("ttyUSB0", **FTDI, real=terminals[0])
    link = f"{machine.dev}/serial/by-id/{FTDI['by_id']}"
    node = NodeFollower(link, "tty", f"serial://{link}")
    node.opened(link)
    machine.unplug("ttyUSB0")
    machine.plug("ttyUSB1", **FTDI)
    assert node.path() == link


@pytest.mark.usefixtures("machine")
def test_what_is_no_usb_device_is_not_followed(terminals):
    node = NodeFollower(terminals[0], "tty", "serial://x")
    node.opened(terminals[0])
    node.opened("/nowhere")
    assert node.path() == terminals[0]


def test_a_printer_of_usblp_is_followed_too(machine, terminals):
    node = follower(machine, "usb/lp0", "usbmisc")
    laser = {"ids": "04f9:0027", "make": "Brother", "product": "HL-2030", "serial": "B9J1", "kind": "usbmisc"}
    machine.plug("usb/lp0", **laser, real=terminals[0])
    node.opened(node.path())
    machine.unplug("usb/lp0", kind="usbmisc")
    machine.plug("usb/lp1", **laser)
    assert node.path() == f"{machine.dev}/usb/lp1"


def test_a_port_that_may_not_be_opened_is_listed_with_what_to_do(machine, monkeypatch):
    machine.plug("ttyUSB0", **FTDI)
    machine.uart("ttyAMA0", 32)
    monkeypatch.setattr(serial_devices_module.os, "access", lambda path, _mode: path.endswith("ttyAMA0"))
    assert [device.problem for device in serial_devices()] == [
        "this user may not open it: the group dialout may",
        "",
    ]
