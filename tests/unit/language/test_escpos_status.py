"""The bytes an ESC/POS printer sends back, against Epson's and Citizen's tables, whatever happens to them on the line."""

from __future__ import annotations

from pathlib import Path

import escpos.constants as peer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.language.escpos_status import (
    PROCESS_ID_ALPHABET,
    AutomaticStatus,
    PrinterText,
    ProcessId,
    QueuedStatus,
    RealtimeStatus,
    ReplyParser,
    Sensors,
    automatic_sensors,
    is_queued_status,
    is_realtime_status,
    realtime_is_plausible,
    realtime_sensors,
)

DATA = Path(__file__).parents[2] / "data" / "escpos"

COMPLETION = bytes.fromhex("37 22 31 33 51 7D 00")
MODEL = b"_TM-T88V\0"
AUTOMATIC = bytes.fromhex("3C 40 0F 0F")


def parsed(data):
    return ReplyParser().feed(data)


def shaped(pattern):
    """Every byte of a shape such as ``0xx1xx10``."""
    return {
        value
        for value in range(256)
        if all(sign in ("x", bit) for sign, bit in zip(pattern, f"{value:08b}", strict=True))
    }


def test_bytes_are_told_apart_as_the_table_says():
    """Citizen CT-S310II command reference 5.3, Epson TM-U230 specification appendix E: *Identification of Send Status*."""
    assert {value for value in range(256) if is_realtime_status(value)} == shaped("0xx1xx10")
    assert {value for value in range(256) if is_queued_status(value)} == shaped("0xx0xxxx")
    for value in range(256):
        replies = parsed(bytes((value,)))
        if value in shaped("0xx1xx10"):
            assert replies == [RealtimeStatus(value)]
        elif value in shaped("0xx0xxxx"):
            assert replies == [QueuedStatus(value)]
        else:
            assert replies == []
        automatic = parsed(bytes((value, 0, 0, 0)))
        assert (automatic == [AutomaticStatus(bytes((value, 0, 0, 0)))]) == (value in shaped("0xx1xx00"))


def test_each_kind_of_reply():
    stream = b"\x12" + AUTOMATIC + COMPLETION + b"\x03" + MODEL + b"\x1e"
    assert parsed(stream) == [
        RealtimeStatus(0x12),
        AutomaticStatus(AUTOMATIC),
        ProcessId(b"13Q}"),
        QueuedStatus(0x03),
        PrinterText("TM-T88V"),
        RealtimeStatus(0x1E),
    ]


def test_flow_control_among_them_is_no_reply():
    stream = b"\x12" + AUTOMATIC + COMPLETION + MODEL
    mixed = b"".join(bytes((value, 0x13, 0x11)) for value in stream)
    assert parsed(mixed) == parsed(stream)


def test_a_reply_that_breaks_off_at_any_byte_spoils_none_of_the_next():
    for reply in (AUTOMATIC, COMPLETION, MODEL):
        for length in range(len(reply)):
            replies = parsed(reply[:length] + b"\x12" + AUTOMATIC)
            assert replies[-1] == AutomaticStatus(AUTOMATIC), (reply, length)


def test_a_completion_that_lost_any_byte_is_none_and_is_no_status_either():
    """That is why process ids are made of bytes that are none of the others."""
    for lost in range(len(COMPLETION)):
        replies = parsed(COMPLETION[:lost] + COMPLETION[lost + 1 :] + b"\x12")
        assert not [reply for reply in replies if isinstance(reply, (ProcessId, AutomaticStatus))], lost
        assert replies[-1] == RealtimeStatus(0x12)
    for value in PROCESS_ID_ALPHABET:
        assert 0x20 <= value <= 0x7E
        assert value not in shaped("0xx1xx10") | shaped("0xx1xx00") | shaped("0xx0xxxx") | {0x37, 0x5F, 0x3D}
    assert len(set(PROCESS_ID_ALPHABET)) == len(PROCESS_ID_ALPHABET)


def test_an_automatic_status_with_one_bit_of_a_paper_sensor_is_none():
    assert parsed(bytes.fromhex("14 00 01 0F")) == [QueuedStatus(0x01), QueuedStatus(0x0F)]


def test_a_text_without_end_does_not_swallow_the_printer():
    replies = parsed(b"_" + b"A" * 500 + b"\x12")
    assert replies[-1] == RealtimeStatus(0x12)
    assert not [reply for reply in replies if isinstance(reply, PrinterText)]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_cut_anywhere(chunks):
    whole = parsed(b"".join(chunks))
    parser = ReplyParser()
    assert [reply for chunk in chunks for reply in parser.feed(chunk)] == whole


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_after_noise_and_a_pause_of_one_reply_it_understands_again(noise):
    """Whatever noise began, one status and the end of a frame later the parser is in step."""
    parser = ReplyParser()
    parser.feed(noise)
    parser.feed(b"\x80")
    assert parser.feed(b"\x12" + AUTOMATIC) == [RealtimeStatus(0x12), AutomaticStatus(AUTOMATIC)]


# --- what they mean -----------------------------------------------------------------------------------------------------


def from_the_manuals(command):
    lines = (DATA / "status.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    found = [(bytes.fromhex(row[1]), Sensors(**dict.fromkeys(filter(None, row[2].split(",")), True))) for row in rows if row[0] == command]  # fmt: skip
    assert found
    return found


@pytest.mark.parametrize(("data", "sensors"), from_the_manuals("GS a"))
def test_automatic_status(data, sensors):
    assert parsed(data) == [AutomaticStatus(data)]
    assert automatic_sensors(data) == sensors


@pytest.mark.parametrize(("four", "sensors"), from_the_manuals("DLE EOT"))
def test_realtime_status(four, sensors):
    assert realtime_sensors(*four) == sensors
    # Off line without a reason is worth asking twice.
    assert realtime_is_plausible(*four) == (sensors != Sensors(offline=True))
    # Shifted by one to three because an answer was lost: the same, or nothing that fits together.
    for shift in (1, 2, 3):
        shifted = four[shift:] + four[:shift]
        assert (
            shifted == four or not realtime_is_plausible(*shifted) or realtime_sensors(*shifted) == Sensors()
        )


def test_paper_as_python_escpos_reads_it():
    for paper in sorted(shaped("0xx1xx10")):
        if not realtime_is_plausible(0x1A, 0x12, 0x12, paper):
            continue
        sensors = realtime_sensors(0x1A, 0x12, 0x12, paper)
        # Escpos.paper_status() of python-escpos: 2 plenty, 1 near end, 0 none.
        if paper & peer.RT_MASK_NOPAPER == peer.RT_MASK_NOPAPER:
            expected = 0
        elif paper & peer.RT_MASK_LOWPAPER == peer.RT_MASK_LOWPAPER:
            expected = 1
        else:
            assert paper & peer.RT_MASK_PAPER == peer.RT_MASK_PAPER
            expected = 2
        assert expected == (0 if sensors.paper_end else 1 if sensors.paper_near_end else 2)


def test_on_line_as_python_escpos_reads_it():
    for printer in sorted(shaped("0xx1xx10")):
        assert bool(printer & peer.RT_MASK_ONLINE) == realtime_sensors(printer, 0x12, 0x12, 0x12).offline
