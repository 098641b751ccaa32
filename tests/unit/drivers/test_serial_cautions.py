"""What ``tympan check`` says of a serial line; figures worked out by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_sysfs import FakeSysfs

from tympan.driver.contract import TransportContext
from tympan_drivers import serial_cautions, usb_node
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.pcl import PclDriver
from tympan_drivers.serial_port import SerialTransport

RECEIPT = EscPosDriver().capabilities("generic-80mm")
LASER = PclDriver().capabilities("generic-pcl5e")


def said(options, capabilities=RECEIPT, path="/dev/serial/by-id/usb-x"):
    transport = SerialTransport(f"serial://{path}?{options}", TransportContext("x", Path("/")))
    return " | ".join(transport.cautions(capabilities))


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """Plugs an adapter of one of the kernel's drivers in; gives the name that stays its own."""
    machine, pair = FakeSysfs(tmp_path), os.openpty()
    monkeypatch.setattr(usb_node, "SYS", machine.sys)
    monkeypatch.setattr(usb_node, "DEV", machine.dev)

    def plug(driver):
        machine.plug("ttyUSB0", real=os.ttyname(pair[1]), driver=driver, by_id="usb-x")
        return f"{machine.dev}/serial/by-id/usb-x"

    yield plug
    for fd in pair:
        os.close(fd)


@pytest.mark.parametrize("options", ["baud=115200&flow=rtscts", "baud=115200&flow=dtrdsr"])
def test_a_good_line_is_not_spoken_of(options):
    assert said(options) == ""


@pytest.mark.parametrize("options", ["baud=115200&flow=rtscts", "baud=115200&flow=dtrdsr"])
def test_what_is_done_here_with_an_adapter_is_not_spoken_of(plugged, options):
    assert said(options, path=plugged("ch341-uart")) == ""


def test_how_slow_pixels_are():
    """9600 baud: 10 bits a byte, 72 bytes a row of 576 dots; 13.3 rows are 1.7 mm at 203 dpi."""
    assert "9600 baud the line carries 13.3 rows of 576 dots a second, 1.7 mm of a picture" in said(
        "flow=rtscts"
    )


def test_parity_and_stop_bits_are_counted():
    """12 bits a byte."""
    assert "11.1 rows of 576" in said("flow=rtscts&parity=even&stop=2")


def test_a_page_printer_is_slower():
    assert "mm of a picture" in said("baud=19200&flow=rtscts", LASER)


def test_where_nothing_is_known_of_the_printer_there_are_no_figures():
    assert said("flow=rtscts", None) == ""


def test_without_flow_control():
    assert "loses what comes while its buffer is full" in said("baud=115200")


def test_xon_and_xoff_among_status_bytes():
    assert "flow=rtscts has no such trap" in said("baud=115200&flow=xonxoff")
    assert said("baud=115200&flow=xonxoff", LASER) == ""  # PJL answers in words


def test_a_line_that_is_too_fast_for_the_room_of_the_printer():
    assert "must have room for 101 bytes when it takes DTR away, and is taken to have 64" in said(
        "baud=230400&flow=dtrdsr"
    )
    assert said("baud=230400&flow=dtrdsr&room=128") == ""


def test_the_same_where_rts_and_cts_are_done_here(plugged):
    path = plugged("ch341-uart")
    assert "must have room for 101 bytes when it takes RTS away, and is taken to have 64" in said(
        "baud=230400&flow=rtscts", path=path
    )
    assert said("baud=230400&flow=rtscts&room=128", path=path) == ""


def test_an_adapter_that_does_them_itself_needs_no_room(plugged):
    assert said("baud=230400&flow=rtscts", path=plugged("ftdi_sio")) == ""


@pytest.mark.parametrize("capabilities", [RECEIPT, LASER, None])
def test_an_adapter_that_does_not_stop_at_xoff(plugged, capabilities):
    """Nor does it stop for no reason."""
    spoken = said("baud=115200&flow=xonxoff", capabilities, plugged("ch341-uart"))
    assert "(the kernel's driver ch341-uart) nothing stops at the printer's XOFF" in spoken
    assert "status bytes" not in spoken


def test_an_adapter_that_stops_at_xoff(plugged):
    assert said("baud=115200&flow=xonxoff", LASER, plugged("ftdi_sio")) == ""


def test_a_name_that_changes(monkeypatch):
    monkeypatch.setattr(serial_cautions, "stable_name", lambda _: "")
    assert "`tympan devices` shows the name" in said("baud=115200&flow=rtscts", path="/dev/ttyUSB0")
    monkeypatch.setattr(serial_cautions, "stable_name", lambda _: "/dev/serial/by-id/usb-x")
    assert "serial:///dev/serial/by-id/usb-x stays" in said("baud=115200&flow=rtscts", path="/dev/ttyACM1")
