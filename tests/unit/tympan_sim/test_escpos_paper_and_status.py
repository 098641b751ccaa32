"""Cuts, drawer, status and completion in ESC/POS."""

from __future__ import annotations

import pytest

from tympan_sim.decoder import Action, Reply
from tympan_sim.escpos_decoder import EscPosDecoder
from tympan_sim.escpos_roll import ROWS_MAX
from tympan_sim.models import MODELS


@pytest.mark.parametrize(
    ("command", "cut", "feed"),
    [
        (b"\x1dV\x00", "full", 0),
        (b"\x1dV0", "full", 0),
        (b"\x1dV\x01", "partial", 0),
        (b"\x1dV1", "partial", 0),
        (b"\x1dVA\x00", "full", 96),
        (b"\x1dVB\x10", "partial", 112),
        (b"\x1dVg\x02", "full", 98),
        (b"\x1bi", "full", 0),
        (b"\x1bm", "partial", 0),
    ],
)
def test_cuts(decode, command, cut, feed):
    decoded = decode(b"A\n\n\n\n\n" + command)
    assert decoded.sheets[0].cut == cut
    # A piece reaches from the last cut to where the cutter stands: 96 rows above the head.
    assert decoded.sheets[0].image.height == 96 + 150 + feed - 96
    assert decoded.length_um == (150 + feed) * 25_400 // 203


def test_a_cut_without_feed_goes_through_the_print(decode):
    decoded = decode(b"A\nB\n\x1dV\x00\x1dVA\x00")
    first, second = decoded.sheets
    assert first.image.height == 60
    assert first.image.getextrema() == (255, 255), "the line is still between head and cutter"
    assert "cut through print" in first.notes[0]
    assert second.image.crop((32, 36, 620, 96)).getextrema() == (0, 255)


def test_a_cut_right_after_a_cut_cuts_nothing(decode):
    assert len(decode(b"A\n\x1dVA\0\x1dV\0\x1dV\0").sheets) == 1


def test_an_epson_does_not_cut_in_the_middle_of_a_line(decode):
    assert not decode(b"\n\n\n\n\nA\x1dV\x00", "tm-m30").sheets
    assert decode(b"\n\n\n\n\nA\x1dV\x00").sheets


def test_a_printer_without_cutter_feeds_only(decode):
    decoded = decode(b"A\n\x1dVB\x10B\n\x1dV\x00", "escpos-58mm")
    assert len(decoded.sheets) == 1
    assert decoded.sheets[0].cut == "none"
    assert decoded.sheets[0].image.size == (464, 76)


def test_an_unknown_cut_mode(decode):
    assert decode(b"\x1dV\x07").unknown[0].detail == {"bytes": b"\x1dV\x07"}


def test_a_roll_without_cuts_is_given_in_parts(decode):
    decoded = decode(b"A\n" + b"\x1bJ\xff" * (2 * ROWS_MAX // 255) + b"B\n")
    assert sum(sheet.image.height for sheet in decoded.sheets) < 2 * ROWS_MAX + 300
    assert max(sheet.image.height for sheet in decoded.sheets) <= ROWS_MAX
    assert "continued on the next piece" in decoded.sheets[0].notes


def test_print_across_the_border_of_two_parts_is_whole(decode):
    feed = ROWS_MAX - 96 - 24 - 10  # the second line begins 10 rows before the border
    stream = b"\x1bJ\x01" + b"\x1bJ\xff" * (feed // 255) + b"\x1bJ" + bytes([feed % 255 - 1])
    upper, lower = decode(b"H\x1bJ\x00" + stream + b"H\n").sheets
    assert upper.image.height == ROWS_MAX
    assert lower.image.crop((0, 0, 200, 14)).getextrema() == (0, 255)


def test_drawer_and_beep(decode):
    decoded = decode(
        b"\x1bp\x00\x19\xfa\x1bp1\x01\x02\x1bp\x05\x01\x01\x1bB\x03\x02\x1b(A\x04\x00\x30\x37\x03\x0a"
    )
    assert [
        (action.name, action.detail.get("pin"), action.detail.get("on_ms")) for action in decoded.actions
    ] == [
        ("drawer", 2, 50),
        ("drawer", 5, 2),
        ("beep", None, None),
        ("beep", None, None),
    ]


NORMAL = dict.fromkeys(
    ("paper_out", "paper_near_end", "cover_open", "offline", "cutter_error", "drawer_high"), False
)


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        ((), (0x12, 0x12, 0x12, 0x12)),
        (("paper_near_end",), (0x12, 0x12, 0x12, 0x1E)),
        (("paper_out", "paper_near_end", "offline"), (0x1A, 0x32, 0x12, 0x7E)),
        (("cover_open", "offline"), (0x1A, 0x16, 0x12, 0x12)),
        (("cutter_error", "offline"), (0x1A, 0x52, 0x1A, 0x12)),
        (("drawer_high",), (0x16, 0x12, 0x12, 0x12)),
    ],
)
def test_real_time_status(state, answers):
    decoder = EscPosDecoder()
    status = NORMAL | dict.fromkeys(state, True)
    replies = list(decoder.realtime(b"".join(bytes((0x10, 0x04, n)) for n in (1, 2, 3, 4)), status))
    assert [reply.data[0] for reply in replies if isinstance(reply, Reply)] == list(answers)
    for answer in answers:
        assert answer & 0b10010011 == 0b00010010, "0xx1xx10"


def test_real_time_requests_stand_anywhere_and_may_come_in_pieces():
    request = b"\x10\x04\x01"
    for cut in range(4):
        decoder = EscPosDecoder()
        stream = b"\x1dv0\0\x02\0\x02\0\xff" + request
        pieces = (stream[: len(stream) - cut], stream[len(stream) - cut :])
        replies = [effect for piece in pieces for effect in decoder.realtime(piece, NORMAL)]
        assert replies == [Reply(b"\x12")]
    decoder = EscPosDecoder()
    assert list(decoder.realtime(b"\x10\x10\x04", NORMAL)) == []
    assert list(decoder.realtime(b"\x01\x10\x04\x09", NORMAL)) == [Reply(b"\x12")]


def test_real_time_pulse_can_be_switched_off():
    decoder = EscPosDecoder()
    pulse = b"\x10\x14\x01\x00\x02"
    assert list(decoder.realtime(pulse, NORMAL)) == [
        Action("drawer", {"pin": 2, "on_ms": 200, "realtime": True})
    ]
    list(decoder.feed(b"\x1d(D\x03\x00\x14\x01\x00"))
    assert list(decoder.realtime(pulse, NORMAL)) == []


def test_real_time_requests_print_nothing_in_their_turn(decode):
    stream = b"\x10\x04\x01A\x10\x14\x01\x00\x02B\x10\x05\x01C\x10\x04\x07\x01D\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08E\n"
    assert (decode(stream).dots() == decode(b"ABCDE\n").dots()).all()


def test_status_in_turn_and_identity():
    decoder = EscPosDecoder(MODELS["tm-t88v"])
    list(decoder.status_changed(NORMAL | {"paper_near_end": True}))
    effects = decoder.feed(b"\x1dr\x01\x1dr\x02\x1dI\x01\x1dIB\x1dIC\x1dIz")
    replies = [effect.data for effect in effects if isinstance(effect, Reply)]
    assert replies == [b"\x03", b"\x00", b"\x20", b"_EPSON\0", b"_TM-T88V\0"]


def test_automatic_status_back():
    decoder = EscPosDecoder()
    assert list(decoder.status_changed(NORMAL)) == []
    assert [e.data for e in decoder.feed(b"\x1da\x0a") if isinstance(e, Reply)] == [b"\x10\x00\x00\x0f"]
    assert list(decoder.status_changed(NORMAL | {"drawer_high": True})) == [], "not asked for"
    out = NORMAL | {"paper_out": True, "paper_near_end": True, "offline": True}
    assert list(decoder.status_changed(out)) == [Reply(b"\x18\x00\x0f\x0f")]
    assert list(decoder.status_changed(out)) == []
    list(decoder.feed(b"\x1da\x00"))
    assert list(decoder.status_changed(NORMAL)) == []


def test_completion_is_confirmed_after_what_came_before(decode):
    decoder = EscPosDecoder()
    effects = list(decoder.feed(b"A\n\x1d(H\x06\x00\x30\x30WXYZB\n"))
    kinds = [type(effect).__name__ for effect in effects]
    assert Reply(b"\x37\x22WXYZ\x00") in effects
    assert kinds.index("Motion") < kinds.index("Reply") < len(kinds) - 1 - kinds[::-1].index("Motion")
    assert not decode(b"\x1d(H\x06\x00\x30\x30WXYZ", "escpos-58mm").replies
