"""Uevents, against what kernel and udev really sent, and against nonsense."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.service.uevent import KERNEL_GROUP, UDEV_GROUP, Source, Uevent, is_trusted, parse

DATA = Path(__file__).parents[2] / "data" / "uevents"
RECORDED = json.loads((DATA / "recorded.json").read_text())
DATAGRAMS = [bytes.fromhex(each["datagram"]) for each in RECORDED]
USB = (DATA / "usb-device.txt").read_text().splitlines()


def kernel(*properties: str, head: str = "add@/devices/x") -> bytes:
    return b"".join(each.encode() + b"\0" for each in (head, *properties))


def udev(*properties: str, magic: int = 0xFEEDCAFE, start: int = 40, length: int | None = None) -> bytes:
    """As device-monitor.c lays it out: prefix, magic, sizes, four hashes, properties."""
    body = b"".join(each.encode() + b"\0" for each in properties)
    head = b"libudev\0" + struct.pack(">I", magic)
    head += struct.pack("=III", 40, start, len(body) if length is None else length) + bytes(16)
    return head + body


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
def test_what_was_recorded(record):
    event = parse(bytes.fromhex(record["datagram"]))
    port, group = record["sender"]
    source = {1: Source.KERNEL, 2: Source.UDEV}[group]
    name = {Source.KERNEL: "tty", Source.UDEV: "/dev/tty"}[source]
    assert event == Uevent(source, event.action, "/devices/virtual/tty/tty", "tty", "", name)
    assert event.action in {"add", "change", "remove"}
    assert event.is_about_printers
    assert is_trusted(source, port, group, record["uid"])


def test_a_usb_device_that_was_plugged_in():
    event = parse(udev(*USB))
    assert event == Uevent(
        Source.UDEV,
        "add",
        "/devices/platform/soc/3f980000.usb/usb1/1-1/1-1.2",
        "usb",
        "usb_device",
        "/dev/bus/usb/001/038",
    )
    assert event.is_about_printers


@pytest.mark.parametrize(
    ("action", "subsystem", "devtype", "matters"),
    [
        ("add", "usb", "usb_device", True),
        ("bind", "usb", "usb_device", True),
        ("change", "usb", "usb_device", True),
        ("remove", "usb", "usb_device", True),
        ("unbind", "usb", "usb_device", False),
        ("add", "usb", "usb_interface", False),  # usblp gets it back when a program lets it go
        ("bind", "usb", "usb_interface", False),
        ("add", "usbmisc", "", True),
        ("remove", "usbmisc", "", True),
        ("add", "tty", "", True),
        ("add", "block", "disk", False),
        ("move", "tty", "", False),
    ],
)
def test_what_matters(action, subsystem, devtype, matters):
    lines = [f"ACTION={action}", "DEVPATH=/d", f"SUBSYSTEM={subsystem}"]
    if devtype:
        lines.append(f"DEVTYPE={devtype}")
    assert parse(kernel(*lines)).is_about_printers is matters


@pytest.mark.parametrize(
    ("source", "port", "groups", "uid", "trusted"),
    [
        (Source.KERNEL, 0, KERNEL_GROUP, 0, True),
        (Source.KERNEL, 0, KERNEL_GROUP, None, True),
        (Source.KERNEL, 4711, KERNEL_GROUP, 0, False),
        (Source.KERNEL, 0, 0, 0, False),
        (Source.KERNEL, 0, UDEV_GROUP, 0, False),
        (Source.UDEV, 4711, UDEV_GROUP, 0, True),
        (Source.UDEV, 4711, UDEV_GROUP, 1000, False),
        (Source.UDEV, 4711, UDEV_GROUP, None, False),
        (Source.UDEV, 4711, 0, 0, False),
        (Source.UDEV, 4711, KERNEL_GROUP, 0, False),
    ],
)
def test_who_is_believed(source, port, groups, uid, trusted):
    assert is_trusted(source, port, groups, uid) is trusted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"libudev\0",
        b"add@/devices/x",
        b"hello\0ACTION=add\0DEVPATH=/d\0SUBSYSTEM=usb\0",
        kernel("ACTION=add", "DEVPATH=/d"),
        kernel("ACTION=", "DEVPATH=/d", "SUBSYSTEM=usb"),
        udev(*USB, magic=0xCAFEFEED),
        udev(*USB, start=4),
        udev(*USB, start=0xFFFFFFFF),
        udev(*USB, length=0xFFFFFFFF),
        udev(*USB, length=8),
    ],
)
def test_nonsense(data):
    assert parse(data) is None


@pytest.mark.parametrize("number", range(len(DATAGRAMS)))
def test_cut_at_every_byte(number):
    data = DATAGRAMS[number]
    whole = parse(data)
    for end in range(len(data)):
        part = parse(data[:end])
        assert part is None or (part.source, part.action) == (whole.source, whole.action)
        if whole.source is Source.UDEV:
            assert part is None, "its header says how long it is"


@given(st.sampled_from(DATAGRAMS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_damaged(data, changes):
    damaged = bytearray(data)
    for at, value in changes:
        if at < len(damaged):
            damaged[at] = value
    event = parse(bytes(damaged))
    assert event is None or event.action


@given(st.binary(max_size=300))
def test_anything(data):
    for each in (data, b"libudev\0" + data, b"libudev\0\xfe\xed\xca\xfe" + data, b"add@/d\0" + data):
        event = parse(each)
        assert event is None or event.subsystem


def test_no_end_of_properties():
    many = [f"KEY{number}=x" for number in range(5000)]
    assert parse(kernel(*many, "ACTION=add", "DEVPATH=/d", "SUBSYSTEM=usb")) is None
