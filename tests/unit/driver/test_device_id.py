"""Device ids as printers give them: from the standard's examples, from printers in the field, and from nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.driver.contract import DeviceIdentity
from tympan.driver.device_id import MAX_DEVICE_ID_BYTES, announced_length, parse_device_id

LASER = b"MFG:Hewlett-Packard;CMD:PJL,MLC,BIDI-ECP,PCL,POSTSCRIPT;MDL:HP LaserJet 2200;CLS:PRINTER;DES:x;"
RECEIPT = b"MANUFACTURER:EPSON;COMMAND SET:ESC/POS;MODEL:TM-T88V;CLASS:PRINTER;SN: 123 ;"


def with_length(text, order="big"):
    return (len(text) + 2).to_bytes(2, order) + text


@pytest.mark.parametrize(
    "answer", [with_length(LASER), with_length(LASER, "little"), LASER, b"\x00\x05" + LASER]
)
def test_however_the_length_is_said(answer):
    found = parse_device_id(answer)
    assert (found.make, found.model) == ("Hewlett-Packard", "HP LaserJet 2200")
    assert found.commands == ("PJL", "MLC", "BIDI-ECP", "PCL", "POSTSCRIPT")
    assert found.device_id == LASER.decode()


def test_long_keys_and_a_serial_number():
    found = parse_device_id(with_length(RECEIPT))
    assert (found.make, found.model, found.serial_number) == ("EPSON", "TM-T88V", "123")
    assert found.commands == ("ESC/POS",)


def test_what_lies_behind_the_length_is_left_out():
    assert parse_device_id(with_length(LASER) + b"MDL:other;").model == "HP LaserJet 2200"


def test_lower_case_and_repeated_keys_and_parts_without_a_colon():
    found = parse_device_id(b"mfg:A;MFG:B;garbage;:;MDL:;cmd: pcl ,,PCL, pjl;")
    assert (found.make, found.model, found.commands) == ("A", "", ("PCL", "PJL"))


def test_control_characters_are_not_passed_on():
    assert parse_device_id(b"MFG:A\x1b[31mB;MDL:C\x00;MDL:D;").make == "A [31mB"


@pytest.mark.parametrize(
    "answer", [b"", b"\x00", b"\x00\x00", b"\xff" * 100, b";;;;", b"\x00\x02", bytes(4096)]
)
def test_nothing_is_nothing(answer):
    found = parse_device_id(answer)
    assert (found.make, found.model, found.serial_number, found.commands) == ("", "", "", ())


@pytest.mark.parametrize(
    ("head", "room", "length"),
    [
        (b"\x00\x60", 1024, 0x60),
        (b"\x60\x00", 1024, 0x60),
        (b"\x00\x0d", 1024, 0x0D00 * 0),
        (b"\x04\x00", 1024, 1024),
    ],
)
def test_which_order_of_the_length_is_believed(head, room, length):
    assert announced_length(head, room) == length


@pytest.mark.parametrize("text", [LASER, b"MFG:EPSON;CMD:ESC/POS;MDL:TM-T88V"])
def test_a_length_that_does_not_count_its_own_bytes(text):
    assert parse_device_id(len(text).to_bytes(2, "big") + text).device_id == text.decode()


@pytest.mark.parametrize("answer", [b"\xff" * 70_000, b"CLS PRINTER", b"\x00\x20" + b"?" * 30])
def test_what_is_no_device_id_gives_an_empty_identity(answer):
    assert parse_device_id(answer) == DeviceIdentity()


@pytest.mark.parametrize("size", [4090, 9000, 65_000])
def test_an_id_as_long_as_its_length_can_say(size):
    text = b"MFG:A;DES:" + b"x" * size + b";MDL:B;"
    found = parse_device_id(with_length(text))
    assert (found.make, found.model) == ("A", "B")


def test_cut_off_at_every_byte():
    whole = with_length(LASER)
    for end in range(len(whole)):
        found = parse_device_id(whole[:end])
        assert "Hewlett-Packard".startswith(found.make)
        assert "HP LaserJet 2200".startswith(found.model)


@given(st.binary(max_size=300))
def test_anything_gives_an_identity(answer):
    found = parse_device_id(answer)
    assert all(text.isprintable() for text in (found.device_id, found.make, found.model, *found.commands))


def test_a_long_one_is_bounded():
    assert len(parse_device_id(b"MDL:" + b"x" * 1_000_000).device_id) <= MAX_DEVICE_ID_BYTES
