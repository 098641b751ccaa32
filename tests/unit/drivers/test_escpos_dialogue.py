"""The dialogue with a receipt printer, byte by byte: what it asks, what it makes of the answers, and of wrong ones."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import POLL_S, Confirms, JobConfirmed, PagesConfirmed, PartMissing
from tympan.model.device_condition import DeviceCondition
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.escpos_dialogue import EscPosDialogue, process_ids
from tympan_drivers.profile_escpos import escpos_profile
from tympan_drivers.profile_store import PROFILE_DIR, ProfileStore

ROUND = bytes.fromhex("10 04 01 10 04 02 10 04 03 10 04 04")
WELL = bytes.fromhex("12 12 12 12")
PAPER_OUT = bytes.fromhex("1A 32 12 7E")
COVER_OPEN = bytes.fromhex("1A 16 12 12")
JAMMED = bytes.fromhex("1A 52 1A 12")
WHETHER = b"\x1dr\x01" * 5

STORE = ProfileStore("escpos", escpos_profile, PROFILE_DIR)


def dialogue_of(profile="tm-t88", ids=None):
    ids = (b"1%d11" % number for number in range(10)) if ids is None else ids
    return EscPosDialogue(STORE.get(profile), ids, iter((5, 6, 7)))


@pytest.mark.parametrize("profile", sorted(STORE.heads()))
def test_questions_cost_a_job_less_than_two_hundredths_of_the_slowest_line(profile):
    """9600 baud, eight bits: 960 characters a second. An answered round every `POLL_S`, a minute long, with a receipt every ten seconds."""
    asked, now = bytearray(), 100.0
    dialogue = dialogue_of(profile, (b"%04d" % number for number in itertools.count()))
    dialogue.opened(now)
    dialogue.received(WELL, now)
    dialogue.job_begins(1)
    seconds, receipts = 60, 6
    while now < 100.0 + seconds:
        now += POLL_S
        question = dialogue.poll(now, in_job=True)
        asked += question
        if question:
            dialogue.received(WELL, now)
    asked += b"".join(dialogue.page_ended(number) for number in range(1, receipts + 1))
    assert len(asked) < 0.02 * 960 * seconds


def dialogue_in_step():
    """With a printer that has answered the first GS r at once."""
    dialogue = dialogue_of("tm-u220")
    dialogue.opened(0.0)
    dialogue.received(WELL + b"\0" * 5, 0.05)
    assert dialogue.received(b"", 0.15) == [Confirms()]
    return dialogue


def conditions(heard):
    return [(each.stopped, each.reasons) for each in heard if isinstance(each, DeviceCondition)]


def answer(process_id):
    return b"\x37\x22" + process_id + b"\0"


# --- what it asks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "opened"),
    [
        ("tm-t88", b"\x1da\x0e" + ROUND + b"\x1d(H\x06\x0000" + b"1011" + b"\x1dI\x43"),
        ("tm-u220", b"\x1da\x0e" + ROUND + WHETHER + b"\x1dI\x43"),
        ("generic-80mm", b"\x1da\x0e" + ROUND + WHETHER),
        ("generic-58mm", ROUND + WHETHER),
        ("zijiang", b""),
    ],
)
def test_what_is_said_to_each(profile, opened):
    dialogue = dialogue_of(profile) if opened else EscPosDriver().dialogue(profile)
    assert dialogue.opened(0.0) == opened
    assert dialogue.closing() == (b"\x1da\x00" if opened.startswith(b"\x1da") else b"")


@pytest.mark.parametrize(
    ("profile", "page", "end"),
    [
        ("tm-t88", b"\x1d(H\x06\x0000" + b"1011", b"\x1da\x0e\x1d(H\x06\x0000" + b"1111"),
        ("tm-u220", b"\x1dr\x01", b"\x1da\x0e" + b"\x1dr\x01" * 3),
        ("generic-58mm", b"\x1dr\x01", b"\x1dr\x01" * 3),
        ("zijiang", b"", b""),
    ],
)
def test_what_stands_behind_pages_and_jobs(profile, page, end):
    dialogue = dialogue_of(profile)
    assert dialogue.job_begins(7) == (WHETHER if page == b"\x1dr\x01" else b"")
    assert dialogue.page_ended(1) == page
    assert dialogue.job_ended(0.0) == end
    assert dialogue.confirms_pages == dialogue.confirms_jobs == bool(page)


def test_who_it_is_is_asked_one_thing_at_a_time_and_not_in_a_job():
    dialogue = dialogue_of()
    assert dialogue.opened(0.0).endswith(b"\x1dI\x43")
    assert dialogue.poll(1.0, in_job=False) == ROUND, "not before the first is answered"
    assert dialogue.received(b"_TM-T88V\0", 1.1) == [DeviceIdentity(model="TM-T88V")]
    assert dialogue.poll(2.0, in_job=True) == ROUND
    assert dialogue.poll(3.0, in_job=False) == ROUND + b"\x1dI\x42"
    dialogue.received(b"_EPSON\0", 3.1)
    assert dialogue.poll(4.0, in_job=False).endswith(b"\x1dI\x41")
    dialogue.received(b"_30.33 ESC/POS\0", 4.1)
    assert dialogue.poll(5.0, in_job=False).endswith(b"\x1dI\x44")
    assert dialogue.received(b"_J6LF012345\0", 5.1) == [
        DeviceIdentity(make="EPSON", model="TM-T88V", serial_number="J6LF012345", firmware="30.33 ESC/POS")
    ]
    assert dialogue.poll(6.0, in_job=False) == ROUND
    assert dialogue.received(b"_nobody asked\0", 6.1) == []


# --- how it is ----------------------------------------------------------------------------------------------------------


def test_a_round_of_answers_is_a_condition():
    dialogue = dialogue_of()
    dialogue.opened(0.0)
    assert dialogue.received(WELL[:3], 0.1) == []
    (well,) = dialogue.received(WELL[3:], 0.2)
    assert well == DeviceCondition(supply_levels={0: -3}, tray_levels={"main": -3})
    dialogue.poll(1.0, in_job=True)
    (empty,) = dialogue.received(PAPER_OUT, 1.1)
    assert empty == DeviceCondition(
        stopped=True,
        reasons=("media-empty-error",),
        message="The printer is out of paper.",
        supply_levels={0: 0},
        tray_levels={"main": 0},
    )


@pytest.mark.parametrize(
    ("automatic", "stopped", "reasons"),
    [
        ("10 00 00 0F", False, ()),
        ("10 00 03 0F", False, ("media-low-warning",)),
        ("14 00 00 0F", False, ()),
        ("18 00 0F 0F", True, ("media-empty-error",)),
        ("38 00 00 0F", True, ("cover-open-error",)),
        ("38 40 00 0F", True, ("cover-open-error",)),
        ("38 00 0C 0F", True, ("cover-open-error", "media-empty-error")),
        ("18 08 03 0F", True, ("trimmer-jam-error", "media-low-warning")),
        ("18 40 00 0F", True, ("subunit-over-temperature-error",)),
        ("18 20 00 0F", True, ("subunit-unrecoverable-failure-error",)),
        ("18 04 00 0F", True, ("subunit-recoverable-failure-error",)),
        ("18 00 00 0F", True, ("subunit-offline-error",)),
        ("58 00 00 0F", False, ()),
    ],
)
def test_what_is_told_unasked(automatic, stopped, reasons):
    heard = dialogue_of().received(bytes.fromhex(automatic), 1.0)
    assert conditions(heard) == [(stopped, reasons)]
    assert bool(heard[0].message) == bool(reasons)


def test_an_impact_printer_uses_up_no_paper_of_its_own():
    """Its supply is the ribbon, of which it says nothing."""
    (condition,) = dialogue_of("tm-u220").received(bytes.fromhex("18 00 0F 0F"), 1.0)
    assert condition.supply_levels == {}
    assert condition.tray_levels == {"main": 0}


@pytest.mark.parametrize("state", [PAPER_OUT, COVER_OPEN, JAMMED, bytes.fromhex("12 12 12 1E")])
@pytest.mark.parametrize("lost", range(4))
def test_an_answer_that_gets_lost_makes_no_false_state(state, lost):
    """And it is in step again with the third question after."""
    dialogue = dialogue_of()
    dialogue.received(bytes.fromhex("10 00 00 0F"), 0.0)
    true = conditions(dialogue_of().received(automatic_of(state), 0.0))
    dialogue.opened(0.0)
    heard = list(dialogue.received(state[:lost] + state[lost + 1 :], 0.1))
    answered = 0
    for second in range(1, 5):
        if dialogue.poll(float(second), in_job=True).endswith(ROUND):
            heard += dialogue.received(state, second + 0.1)
            answered += 1
    assert answered >= 2
    assert conditions(heard) == true * len(heard)
    assert heard


def automatic_of(state):
    """The automatic status that says the same as four answers to DLE EOT."""
    return {
        PAPER_OUT: bytes.fromhex("18 00 0F 0F"),
        COVER_OPEN: bytes.fromhex("38 00 00 0F"),
        JAMMED: bytes.fromhex("18 08 00 0F"),
    }.get(state, bytes.fromhex("10 00 03 0F"))


def test_a_printer_that_was_stuck_answers_all_at_once():
    dialogue = dialogue_of()
    dialogue.opened(0.0)
    for second in (1, 2, 3, 4, 5):
        dialogue.poll(float(second), in_job=True)
    heard = dialogue.received(PAPER_OUT * 5, 6.0)
    assert set(conditions(heard)) == {(True, ("media-empty-error",))}
    dialogue.poll(7.0, in_job=True)
    assert conditions(dialogue.received(WELL, 7.1)) == [(False, ())]


def test_off_line_without_a_reason_is_asked_twice():
    dialogue = dialogue_of()
    dialogue.opened(0.0)
    assert dialogue.received(bytes.fromhex("1A 12 12 12"), 0.1) == []
    dialogue.poll(1.0, in_job=True)
    assert conditions(dialogue.received(bytes.fromhex("1A 12 12 12"), 1.1)) == [
        (True, ("subunit-offline-error",))
    ]


def test_after_a_jam_it_is_told_to_go_on_once_it_is_closed_and_not_too_often():
    dialogue = dialogue_of()
    go_on = b"\x10\x05\x01"
    dialogue.received(bytes.fromhex("18 08 00 0F"), 0.0)
    assert dialogue.poll(0.5, in_job=True).startswith(go_on)
    assert go_on not in dialogue.poll(1.5, in_job=True)
    dialogue.received(bytes.fromhex("38 08 00 0F"), 2.0)
    assert go_on not in dialogue.poll(2.6, in_job=True), "the cover is open"
    dialogue.received(bytes.fromhex("18 08 00 0F"), 3.0)
    assert dialogue.poll(3.1, in_job=True).startswith(go_on)
    dialogue.received(bytes.fromhex("10 00 00 0F"), 4.0)
    assert go_on not in dialogue.poll(9.0, in_job=True)


# --- what has come out --------------------------------------------------------------------------------------------------


def test_pages_and_the_job_are_confirmed():
    dialogue = dialogue_of()
    dialogue.job_begins(7)
    for number in (1, 2):
        dialogue.page_ended(number)
    dialogue.job_ended(0.0)
    assert dialogue.received(answer(b"1011") + WELL + answer(b"1111"), 1.0) == [
        PagesConfirmed(7, 1),
        PagesConfirmed(7, 2),
    ]
    dialogue.job_ended(0.0)
    assert dialogue.received(answer(b"1211"), 2.0) == [JobConfirmed(7)]
    assert dialogue.received(answer(b"1311"), 2.0) == [JobConfirmed(7)], "asked twice, answered twice"
    assert dialogue.received(answer(b"1211"), 2.0) == []


def test_what_an_earlier_attempt_asked_confirms_nothing():
    dialogue = dialogue_of()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.job_ended(0.0)
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    assert dialogue.received(answer(b"1011") + answer(b"1111"), 1.0) == []
    assert dialogue.received(answer(b"1211"), 1.0) == [PagesConfirmed(7, 1)]


def test_a_page_that_never_answered_is_missing():
    dialogue = dialogue_of()
    dialogue.job_begins(7)
    for number in (3, 4, 5):
        dialogue.page_ended(number)
    dialogue.job_ended(0.0)
    assert dialogue.received(answer(b"1011"), 1.0) == [PagesConfirmed(7, 3)]
    assert dialogue.received(answer(b"1211"), 1.0) == [PartMissing(7, 4)]
    assert dialogue.received(answer(b"1311"), 1.0) == [], "it is not complete"
    dialogue.job_begins(7)
    dialogue.page_ended(4)
    assert dialogue.received(answer(b"1411"), 1.0) == [PagesConfirmed(7, 4)]


def test_the_weaker_completion_goes_by_order():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.job_ended(0.0)
    assert dialogue.received(b"\x03", 1.0) == [], "it may be the first of several"
    assert dialogue.received(b"", 1.1) == [PagesConfirmed(7, 1)]
    dialogue.received(b"\x03" * 3, 2.0)
    assert dialogue.received(b"", 2.1)[-1] == JobConfirmed(7)
    dialogue.job_begins(8)
    dialogue.page_ended(1)
    dialogue.received(b"\x00", 3.0)
    assert dialogue.received(b"", 3.1) == [PagesConfirmed(8, 1)]


def test_the_weaker_completion_of_an_earlier_job_confirms_nothing():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.job_begins(8)
    dialogue.page_ended(1)
    dialogue.received(b"\x00", 1.0)
    assert dialogue.received(b"", 1.1) == []
    dialogue.received(b"\x00", 2.0)
    assert dialogue.received(b"", 2.1) == [PagesConfirmed(8, 1)]


def test_an_automatic_status_without_its_head_confirms_nothing():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    for number in (1, 2, 3):
        dialogue.page_ended(number)
    dialogue.received(bytes.fromhex("00 03 0F"), 1.0)
    assert dialogue.received(b"", 1.1) == []
    dialogue.received(b"\0\0\0", 2.0)
    assert dialogue.received(b"", 2.1) == [PagesConfirmed(7, number) for number in (1, 2, 3)]


def test_a_printer_off_line_confirms_nothing_by_noise():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.received(bytes.fromhex("18 00 0F 0F"), 1.0)
    dialogue.received(b"\x00", 2.0)
    assert dialogue.received(b"", 2.1) == []
    assert conditions(dialogue.received(bytes.fromhex("18 00 0F 0F"), 3.0)) == [
        (True, ("media-empty-error",))
    ]
    # An answer that came a moment before the printer said that it is well is one.
    dialogue.received(b"\x00", 4.0)
    assert dialogue.received(b"", 4.1) == []
    assert dialogue.received(bytes.fromhex("10 00 00 0F"), 4.2)[1:] == [PagesConfirmed(7, 1)]


def test_whether_it_confirms_is_known_when_it_is_opened():
    dialogue = dialogue_of()
    dialogue.opened(0.0)
    assert Confirms() in dialogue.received(WELL + answer(b"1011"), 0.1)
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    assert dialogue.received(answer(b"1111"), 1.0) == [PagesConfirmed(7, 1)]


def test_the_weaker_completion_confirms_nothing_before_it_is_in_step():
    """The printer may owe answers to what another connection asked."""
    dialogue = dialogue_of("tm-u220")
    dialogue.opened(0.0)
    dialogue.received(WELL, 0.1)
    dialogue.received(b"", 0.9)
    assert dialogue.job_begins(7) == b""
    dialogue.page_ended(1)
    for second in (1.2, 2.0):
        dialogue.received(b"\x00", second)
        assert dialogue.received(b"", second + 0.1) == []
    heard = []
    for second in (4.0, 5.0):
        assert dialogue.job_ended(second).count(b"\x1dr\x01") == 3
        assert heard == []
        dialogue.received(b"\0\0\0", second + 0.1)
        heard += dialogue.received(b"", second + 0.2)
    assert heard == [Confirms(), PagesConfirmed(7, 1), JobConfirmed(7), JobConfirmed(7)]


def test_noise_that_looks_like_an_answer_does_not_end_a_job():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.job_ended(1.0)
    heard = []
    for second in (1.0, 2.0, 3.0):
        heard += dialogue.received(b"\0", second)  # two of them are none
    heard += dialogue.received(b"", 3.5)
    assert JobConfirmed(7) not in heard
    dialogue.received(b"\0", 4.0)
    assert dialogue.received(b"", 4.1) == [JobConfirmed(7)]


def test_noise_of_a_printer_that_never_confirmed_is_no_promise():
    dialogue = dialogue_of("tm-u220")
    dialogue.opened(0.0)
    dialogue.received(WELL, 0.1)
    for second in (5.0, 6.0):
        assert dialogue.received(b"\0", second) == []
        assert dialogue.received(b"", second + 0.5) == []


@pytest.mark.parametrize("garbled", [b"\0\x12\0\0", b"\0\0\0\0", b"\0\0\0", b"\x12\0\0\x12"])
def test_what_comes_in_place_of_other_answers_is_none(garbled):
    """DLE EOT is answered before what was asked before it."""
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.job_ended(1.0)
    dialogue.poll(1.0, in_job=False)
    heard = list(dialogue.received(garbled, 1.1))
    for tenth in range(12, 30):
        heard += dialogue.received(b"", tenth / 10)
    assert heard == []
    dialogue.poll(3.0, in_job=False)
    for second in (4.0, 5.0):
        dialogue.job_ended(second)
        dialogue.received(b"\0\0\0", second + 0.1)
        heard += dialogue.received(b"", second + 0.2)
    assert heard[-1] == JobConfirmed(7)


@pytest.mark.parametrize("first", [b"\x12\0\x12\x12", b"\0\x12\x12\x12"])
def test_an_answer_in_place_of_one_of_a_round_is_none(first):
    """Although another one completes the round in its stead, later."""
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.poll(1.0, in_job=True)
    heard = [*dialogue.received(first, 1.1), *dialogue.received(b"\x12", 1.5)]
    for tenth in range(16, 30):
        heard += dialogue.received(b"", tenth / 10)
    assert PagesConfirmed(7, 1) not in heard


def test_what_came_in_place_of_a_whole_round_is_no_answer_to_what_is_asked_later():
    """Between jobs, when nobody looks until the next question is due."""
    dialogue = dialogue_in_step()
    dialogue.poll(1.0, in_job=False)
    heard = list(dialogue.received(b"\0\0\0\0", 1.1))
    dialogue.poll(1.8, in_job=False)
    dialogue.job_begins(7)
    for page in (1, 2, 3, 4):
        dialogue.page_ended(page)
    heard += dialogue.received(WELL, 1.9)
    heard += dialogue.received(b"", 2.5)
    assert PagesConfirmed(7, 1) not in heard


def test_answers_that_come_with_others_wait_for_these():
    dialogue = dialogue_in_step()
    dialogue.job_begins(7)
    dialogue.page_ended(1)
    dialogue.poll(1.0, in_job=True)
    assert dialogue.received(b"\0", 1.05) == []
    assert dialogue.received(WELL[:2], 1.1) == []
    assert PagesConfirmed(7, 1) in dialogue.received(WELL[2:], 1.15)


@pytest.mark.parametrize(
    ("profile", "document_bytes", "seconds"),
    [("tm-u220", 0, 60), ("tm-u220", 100_000, 60), ("generic-80mm", 0, 0), ("generic-80mm", 3_000, 10),
     ("generic-80mm", 1_000_000, 65_536 / 300)],
)  # fmt: skip
def test_how_long_it_may_print_what_it_holds(profile, document_bytes, seconds):
    assert dialogue_of(profile).prints_within_s(document_bytes) == seconds


def test_process_ids_are_printable_and_come_again_only_after_all_others():
    ids = list(itertools.islice(process_ids(), 20_000))
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 4 and all(0x20 <= value <= 0x7E for value in each) for each in ids)


# --- nonsense -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["tm-t88", "tm-u220", "generic-80mm", "generic-58mm"])
@settings(deadline=None)
@given(data=st.data())
def test_nothing_a_printer_says_is_an_error(profile, data):
    dialogue = dialogue_of(profile, ids=process_ids())
    dialogue.opened(0.0)
    now = 0.0
    answers = st.sampled_from(
        [WELL, PAPER_OUT, JAMMED, b"_X\0", bytes.fromhex("18 00 0F 0F"), b"\x00", b"\x03"]
    )
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(st.sampled_from([0.0, 0.01, 0.1, 1.0, 90.0]))
        step = data.draw(st.sampled_from(["job", "page", "end", "poll", "idle", "noise", "answer"]))
        if step == "job":
            dialogue.job_begins(data.draw(st.integers(1, 9)))
        elif step == "page":
            dialogue.page_ended(data.draw(st.integers(1, 9)))
        elif step == "end":
            dialogue.job_ended(now)
        elif step in ("poll", "idle"):
            dialogue.poll(now, in_job=step == "poll")
        else:
            said = data.draw(st.binary(max_size=20) if step == "noise" else answers)
            for heard in dialogue.received(said, now):
                assert isinstance(
                    heard,
                    (DeviceCondition, DeviceIdentity, Confirms, PagesConfirmed, JobConfirmed, PartMissing),
                )
