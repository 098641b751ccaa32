"""The dialogue with a page printer: what it asks, and what it makes of the answers, in order and out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.driver.contract import DeviceIdentity
from tympan.driver.dialogue import JobConfirmed, PagesConfirmed, PartMissing
from tympan.model.device_condition import DeviceCondition
from tympan_drivers.pcl import PclDriver
from tympan_drivers.pcl_job_name import ABANDONED, RAW_END, job_name, token_of

DRIVER = PclDriver()


def dialogue_of(profile="laserjet-4"):
    dialogue = DRIVER.dialogue(profile)
    dialogue.received(echo(dialogue.opened(0.0)), 0.0)
    return dialogue


def echo(asked):
    """What the printer answers to the ECHO among what it was asked."""
    words = re.search(rb"@PJL ECHO (.*)\r\n", asked)[1]
    return b"@PJL ECHO " + words + b"\r\n\f"


def job(event, name, *more):
    lines = [event, f'NAME="{name}"', *more]
    return ("@PJL USTATUS JOB\r\n" + "".join(f"{line}\r\n" for line in lines) + "\f").encode()


def page(number):
    return b"@PJL USTATUS PAGE\r\n%d\r\n\f" % number


def status(*codes, online=True):
    lines = "".join(f'CODE={code}\r\nDISPLAY="{display}"\r\n' for code, display in codes)
    return f"@PJL USTATUS DEVICE\r\n{lines}ONLINE={'TRUE' if online else 'FALSE'}\r\n\f".encode()


def begun(dialogue, job_id, name="Report [0123abcd]"):
    """A job begins, and the printer says so."""
    dialogue.received(echo(dialogue.job_begins(job_id)), 1.0)
    dialogue.received(job("START", name), 1.0)
    return name


# --- what it asks -----------------------------------------------------------------------------------------------------


def test_what_is_asked():
    uel = b"\x1b%-12345X"
    dialogue = DRIVER.dialogue("laserjet-4")
    opened = dialogue.opened(0.0)
    assert opened.startswith(uel + b"@PJL\r\n@PJL USTATUSOFF\r\n@PJL ECHO tympan ")
    assert opened.endswith(
        b"@PJL USTATUS DEVICE=ON\r\n@PJL USTATUS JOB=ON\r\n@PJL USTATUS PAGE=ON\r\n@PJL INFO ID\r\n@PJL INFO STATUS\r\n" + uel
    )  # fmt: skip
    assert dialogue.poll(1.0, in_job=False) == uel + b"@PJL\r\n@PJL INFO STATUS\r\n" + uel
    assert dialogue.poll(1.0, in_job=True) == b"", "PJL is not heard within a job"
    assert b"@PJL USTATUS JOB=ON\r\n" in dialogue.job_begins(1)
    assert dialogue.page_ended(1) == dialogue.job_ended(0.0) == b""
    assert dialogue.closing() == uel + b"@PJL\r\n@PJL USTATUSOFF\r\n" + uel


def test_a_printer_that_is_well_and_has_nothing_to_do_may_sleep():
    dialogue = DRIVER.dialogue("laserjet-4")
    dialogue.opened(0.0)
    assert dialogue.poll(1.0, in_job=False), "it has said nothing yet"
    dialogue.received(status((10001, "READY")), 1.5)
    assert not dialogue.poll(30.9, in_job=False)
    assert dialogue.poll(31.0, in_job=False)
    assert not dialogue.poll(32.0, in_job=False)
    dialogue.received(status((41101, "PAPER OUT"), online=False), 33.0)
    assert dialogue.poll(34.0, in_job=False)
    assert dialogue.poll(35.0, in_job=False)
    dialogue.received(status((10001, "READY")), 36.0)
    assert not dialogue.poll(37.0, in_job=False)
    name = begun(dialogue, 1)
    assert dialogue.poll(38.0, in_job=False), "a job is waited for"
    dialogue.received(job("END", name), 39.0)
    assert not dialogue.poll(40.0, in_job=False)


def test_a_printer_without_pjl_is_asked_nothing():
    dialogue = DRIVER.dialogue("generic-pcl5-300")
    assert dialogue.opened(0.0) == dialogue.job_begins(1) == dialogue.poll(1.0, in_job=False) == b""
    assert not dialogue.confirms_jobs
    assert dialogue.buffer_bytes == 5 << 20


def test_who_it_is():
    assert dialogue_of().received(b'@PJL INFO ID\r\n"LASERJET 4"\r\n\f', 0.0) == [
        DeviceIdentity(model="LASERJET 4")
    ]


# --- how it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "online", "stopped", "reasons"),
    [
        ([(10001, "00 READY")], True, False, ()),
        ([(10023, "02 PROCESSING JOB")], True, False, ()),
        ([(10002, "00 OFFLINE")], False, True, ("subunit-offline-error",)),
        ([(40079, "OFFLINE")], False, True, ("subunit-offline-error",)),
        ([(10001, "00 READY")], False, True, ("subunit-offline-error",)),
        ([(40000, "POWERSAVE")], True, False, ()),
        ([(10006, "16 TONER LOW")], True, False, ("toner-low-warning",)),
        ([(40038, "TONER LOW")], False, True, ("toner-low-error",)),
        ([(40010, "14 NO EP CART")], False, True, ("marker-supply-missing-error",)),
        ([(40021, "12 PRINTER OPEN")], False, True, ("cover-open-error",)),
        ([(40022, "13 PAPER JAM")], False, True, ("media-jam-error",)),
        ([(42203, "13.2 JAM")], False, True, ("media-jam-error",)),
        ([(44001, "13.1 JAM")], False, True, ("media-jam-error",)),
        ([(41202, "11 PC LOAD A4")], False, True, ("media-empty-error",)),
        ([(11202, "PC EMPTY")], True, False, ("media-empty-warning",)),
        ([(40019, "OUTPUT BIN FULL")], False, True, ("output-area-full-error",)),
        ([(15011, "OUTPUT BIN FULL")], False, True, ("output-area-full-error",)),
        ([(30016, "20 MEM OVERFLOW")], True, False, ("interpreter-resource-unavailable-warning",)),
        ([(30018, "22 I/O ERROR")], True, False, ("other-warning",)),
        ([(30018, "22 I/O ERROR")], False, True, ("subunit-offline-error", "other-warning")),
        ([(50010, "50.3 FUSER")], False, True, ("fuser-over-temp-error",)),
        ([(50000, "HARDWARE")], False, True, ("subunit-unrecoverable-failure-error",)),
        ([(40067, "67 SERVICE")], False, True, ("subunit-unrecoverable-failure-error",)),
        ([(40299, "NEW ERROR")], False, True, ("other-error",)),
        ([(20002, "")], True, False, ()),
        ([(77777, "?")], True, False, ()),
        ([(10023, "02"), (10006, "16 TONER LOW")], True, False, ("toner-low-warning",)),
        ([(10006, "16"), (40021, "12 OPEN")], False, True, ("cover-open-error", "toner-low-warning")),
    ],
)
def test_what_codes_mean(codes, online, stopped, reasons):
    (condition,) = dialogue_of().received(status(*codes, online=online), 1.0)
    assert (condition.stopped, condition.reasons) == (stopped, reasons)
    assert bool(condition.message) == bool(reasons)


def test_people_read_what_the_display_says():
    (condition,) = dialogue_of().received(status((41202, "11 PC LOAD A4"), online=False), 1.0)
    assert condition.message == "The printer is out of paper. (11 PC LOAD A4)"


def test_low_toner_is_not_forgotten_while_it_prints():
    """The display shows one thing at a time."""
    dialogue = dialogue_of()

    def reasons(*codes):
        (condition,) = dialogue.received(status(*codes), 1.0)
        return condition.reasons

    assert reasons((10006, "16 TONER LOW")) == ("toner-low-warning",)
    assert reasons((10023, "02 PROCESSING JOB")) == ("toner-low-warning",)
    assert reasons((10001, "00 READY")) == ()


# --- what has come out --------------------------------------------------------------------------------------------------


def test_pages_and_the_job_are_confirmed():
    dialogue = dialogue_of()
    name = begun(dialogue, 7)
    for number in (1, 2, 3):
        dialogue.page_ended(number)
    assert dialogue.received(page(1), 2.0) == [PagesConfirmed(7, 1)]
    assert dialogue.received(page(3), 2.0) == [PagesConfirmed(7, 3)]
    assert dialogue.received(job("END", name, "PAGES=3"), 3.0) == [JobConfirmed(7)]
    assert dialogue.received(job("END", name, "PAGES=3"), 3.0) == []


def test_a_job_that_goes_on_is_counted_from_where_it_does():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    for number in (5, 6):
        dialogue.page_ended(number)
    assert dialogue.received(page(1), 2.0) == [PagesConfirmed(7, 5)]
    assert dialogue.received(page(2), 2.0) == [PagesConfirmed(7, 6)]


def test_a_sheet_that_is_turned_counts_two():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    # A sheet with both sides, one of which the back stays empty, and a third.
    for number in (1, 2, 3, 5):
        dialogue.page_ended(number)
    assert dialogue.received(page(2), 2.0) == [PagesConfirmed(7, 2)]
    assert dialogue.received(page(4), 2.0) == [PagesConfirmed(7, 3)]
    assert dialogue.received(page(6), 2.0) == [PagesConfirmed(7, 5)]


def test_a_page_with_copies_is_never_confirmed_too_early():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.page_ended(1, copies=3)
    dialogue.page_ended(2, copies=1)
    heard = [dialogue.received(page(count), 2.0) for count in (1, 2, 3, 4)]
    assert heard == [[], [], [PagesConfirmed(7, 1)], [PagesConfirmed(7, 2)]]


def test_front_and_back_with_copies_are_confirmed_together():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.page_ended(1, copies=2)
    dialogue.page_ended(2, copies=2)
    heard = [dialogue.received(page(count), 2.0) for count in (2, 3, 4)]
    assert heard == [[], [], [PagesConfirmed(7, 2)]]


def test_pages_of_the_attempt_before_are_not_counted():
    """HP: a new JOB command does not renumber pages that were read before; and its START may come before their END."""
    dialogue = dialogue_of()
    first = begun(dialogue, 7, "Report [00000001]")
    for number in (1, 2, 3):
        dialogue.page_ended(number)
    second = begun(dialogue, 7, "Report [00000002]")
    for number in (1, 2, 3):
        dialogue.page_ended(number)
    assert dialogue.received(page(3), 2.0) == []
    assert dialogue.received(job("END", first), 2.0) == []
    assert dialogue.received(page(2), 2.0) == [PagesConfirmed(7, 2)]
    assert dialogue.received(job("END", second), 2.0) == [JobConfirmed(7)]


def test_a_job_that_was_given_up_is_not_confirmed_and_holds_up_none():
    dialogue = dialogue_of()
    begun(dialogue, 7, "Report [00000001]")
    assert dialogue.received(job("END", ABANDONED, "PAGES=1"), 2.0) == []
    name = begun(dialogue, 8, "Letter [00000002]")
    dialogue.page_ended(1)
    assert dialogue.received(page(1) + job("END", name), 2.0) == [PagesConfirmed(8, 1), JobConfirmed(8)]


@pytest.mark.parametrize("event", [("CANCELED",), ("END", "RESULT=USER_CANCELED")])
def test_a_job_that_was_canceled_at_the_printer_is_not_confirmed(event):
    dialogue = dialogue_of()
    name = begun(dialogue, 7)
    assert dialogue.received(job(event[0], name, *event[1:]), 2.0) == []


@pytest.mark.parametrize("documents", [1, 2])
@pytest.mark.parametrize("ended", [False, True])
def test_documents_that_were_pcl_already_are_confirmed_at_the_end_of_the_last(documents, ended):
    dialogue = dialogue_of()
    begun(dialogue, 7, "[00000001]")
    question = dialogue.job_ended(0.0) if ended else b""
    for _ in range(documents):
        dialogue.received(job("START", "inner"), 2.0)
        assert dialogue.received(job("END", "inner", "PAGES=2"), 2.0) == []
        assert dialogue.received(job("END", RAW_END, "PAGES=2"), 2.0) == []
    question = question or dialogue.job_ended(0.0)
    (name,) = re.findall(rb'@PJL EOJ NAME="(.*)"', question)
    assert dialogue.received(job("END", name.decode(), "PAGES=0"), 2.0) == [JobConfirmed(7)]


def test_answers_to_somebody_else_are_nothing():
    dialogue = DRIVER.dialogue("laserjet-4")
    dialogue.opened(0.0)
    dialogue.job_begins(7)
    assert dialogue.received(page(1) + job("END", "Report [0123abcd]"), 1.0) == []


def test_a_printer_without_echo_is_understood_all_the_same():
    dialogue = DRIVER.dialogue("laserjet-4")
    dialogue.opened(0.0)
    dialogue.job_begins(7)
    dialogue.received(job("START", "Report [0123abcd]"), 1.0)
    dialogue.page_ended(1)
    assert dialogue.received(page(1) + job("END", "Report [0123abcd]"), 1.0) == [
        PagesConfirmed(7, 1),
        JobConfirmed(7),
    ]


def test_names_of_jobs():
    assert job_name("Report") != job_name("Report")
    assert len(job_name("x" * 500)) == 80
    assert token_of(job_name("x" * 500))
    assert token_of("Report [12]") == token_of("") == ""


@settings(deadline=None)
@given(st.data())
def test_nothing_a_printer_says_is_an_error(data):
    dialogue = DRIVER.dialogue("laserjet-4")
    said = [echo(dialogue.opened(0.0))]
    for _ in range(data.draw(st.integers(1, 15))):
        step = data.draw(st.sampled_from(["job", "page", "said", "noise"]))
        if step == "job":
            said.append(echo(dialogue.job_begins(data.draw(st.integers(1, 3)))))
            said.append(job("START", job_name("x")))
        elif step == "page":
            dialogue.page_ended(data.draw(st.integers(1, 9)), data.draw(st.integers(1, 3)))
        else:
            answers = [*said, page(3), status((41202, "x")), job("END", ABANDONED), job("END", RAW_END)]
            text = data.draw(st.binary(max_size=30) if step == "noise" else st.sampled_from(answers))
            for heard in dialogue.received(text, 1.0):
                assert isinstance(
                    heard, (DeviceCondition, DeviceIdentity, PagesConfirmed, JobConfirmed, PartMissing)
                )


def test_after_a_job_broke_off_what_is_told_of_it_is_not_of_the_next_attempt():
    """As a simulated laser tells it that was unplugged in mid-job: it prints what it had, and tells of it when it is plugged in again."""
    dialogue = DRIVER.dialogue("laserjet-4")
    opened = echo(dialogue.opened(0.0))
    began = echo(dialogue.job_begins(7))
    dialogue.page_ended(2)
    dialogue.page_ended(3)
    earlier = page(1) + page(2) + page(3) + job("END", ABANDONED, "PAGES=3")
    assert dialogue.received(earlier + opened, 1.0) == []
    assert dialogue.received(page(4) + job("END", ABANDONED, "PAGES=4"), 1.0) == []
    assert dialogue.received(began + job("START", "Report [0123abcd]"), 1.0) == []
    assert dialogue.received(page(1), 2.0) == [PagesConfirmed(7, 2)]
    assert dialogue.received(page(2), 3.0) == [PagesConfirmed(7, 3)]
    assert dialogue.received(job("END", "Report [0123abcd]", "PAGES=2"), 4.0) == [JobConfirmed(7)]


def test_a_job_whose_end_was_not_heard_is_asked_for_by_an_empty_job():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.page_ended(1)
    assert dialogue.job_ended(0.0) == b""
    asked = dialogue.job_ended(0.0)
    (name,) = set(re.findall(rb'NAME="(.*)"', asked))
    assert re.fullmatch(
        rb'\x1b%-12345X@PJL\r\n@PJL JOB NAME="(.*)"\r\n@PJL EOJ NAME="\1"\r\n\x1b%-12345X', asked
    )
    assert dialogue.received(job("START", name.decode()), 2.0) == []
    assert dialogue.received(job("END", name.decode(), "PAGES=0"), 3.0) == [JobConfirmed(7)]
    assert dialogue.received(job("END", "Report [0123abcd]", "PAGES=1"), 3.0) == [], "once is enough"


def test_an_answer_to_what_was_asked_of_an_earlier_attempt_confirms_nothing():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.job_ended(0.0)
    name = re.search(rb'NAME="(.*)"', dialogue.job_ended(0.0))[1].decode()
    begun(dialogue, 7, "Report [89abcdef]")
    dialogue.job_ended(0.0)
    assert dialogue.received(job("END", name, "PAGES=0"), 3.0) == []


def test_a_printer_that_is_idle_and_does_not_tell_of_the_end_has_lost_the_job():
    """As a laser on a serial line that was switched off and on: it answers, and has forgotten what it was to tell."""
    dialogue = dialogue_of()
    begun(dialogue, 6, "First [01234567]")
    dialogue.page_ended(1)
    dialogue.received(job("END", "First [01234567]", "PAGES=1"), 1.0)
    begun(dialogue, 7)
    for number in (1, 2, 3):
        dialogue.page_ended(number)
    dialogue.received(page(1), 2.0)
    dialogue.job_ended(0.0)
    idle, busy = status((10001, "READY")), status((10023, "PROCESSING"))
    heard = [each for _ in range(9) for each in dialogue.received(idle, 3.0)]
    assert not any(isinstance(each, PartMissing) for each in heard), "it was not asked"
    dialogue.job_ended(0.0)
    heard = [each for said in (busy, idle, busy, idle) for each in dialogue.received(said, 4.0)]
    assert not any(isinstance(each, PartMissing) for each in heard)
    assert PartMissing(7, 2) in dialogue.received(idle, 5.0)
    assert PartMissing(7, 2) not in dialogue.received(idle, 6.0), "once is enough"


def in_its_second_job():
    """It has told of the end of one job; all of another has been sent, but what asks for it."""
    dialogue = dialogue_of()
    begun(dialogue, 6, "First [01234567]")
    dialogue.page_ended(1)
    dialogue.received(job("END", "First [01234567]", "PAGES=1"), 1.0)
    begun(dialogue, 7)
    dialogue.page_ended(1)
    return dialogue


def test_a_printer_that_stands_still_is_asked_for_its_job_once():
    """Switched off by who mends it, it has lost the job; and says so as soon as it is on again, not a second later."""
    dialogue = in_its_second_job()
    open_, idle = status((40021, "COVER OPEN"), online=False), status((10001, "READY"))
    dialogue.received(open_, 1.0)
    assert b"EOJ" not in dialogue.poll(1.0, in_job=False), "it has not got all of it"
    dialogue.job_ended(1.5)
    asked = dialogue.poll(2.0, in_job=False)
    assert re.fullmatch(
        rb'\x1b%-12345X@PJL\r\n@PJL JOB NAME="(.*)"\r\n@PJL EOJ NAME="\1"\r\n@PJL INFO STATUS\r\n\x1b%-12345X', asked
    )  # fmt: skip
    dialogue.received(open_, 2.1)
    assert b"EOJ" not in dialogue.poll(3.0, in_job=False)
    heard = [each for _ in range(2) for each in dialogue.received(idle, 4.0)]
    assert PartMissing(7, 1) not in heard
    assert PartMissing(7, 1) in dialogue.received(idle, 5.0)


def test_one_that_is_off_line_has_not_lost_its_job():
    """Some say that they are ready all the same: they hold it, and print it as soon as they are on line."""
    dialogue = in_its_second_job()
    dialogue.job_ended(1.5)
    off_line, idle = (status((10001, "READY"), online=online) for online in (False, True))
    dialogue.received(off_line, 1.6)
    assert b"EOJ" in dialogue.poll(2.0, in_job=False)
    heard = [each for second in range(9) for each in dialogue.received(off_line, 2.1 + second)]
    assert PartMissing(7, 1) not in heard
    assert PartMissing(7, 1) in [
        each for second in range(3) for each in dialogue.received(idle, 20.0 + second)
    ]


def test_nor_is_one_that_tells_of_ends_under_other_names():
    """It would be sent the job again and again."""
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.page_ended(1)
    dialogue.job_ended(0.0)
    dialogue.received(job("END", "ANOTHER", "PAGES=1"), 2.0)
    dialogue.job_ended(0.0)
    heard = [each for _ in range(9) for each in dialogue.received(status((10001, "READY")), 3.0)]
    assert not any(isinstance(each, PartMissing) for each in heard)


def test_a_printer_that_never_tells_of_ends_is_not_taken_at_its_word():
    dialogue = dialogue_of()
    begun(dialogue, 7)
    dialogue.page_ended(1)
    dialogue.job_ended(0.0)
    dialogue.job_ended(0.0)
    heard = [each for _ in range(9) for each in dialogue.received(status((10001, "READY")), 3.0)]
    assert not any(isinstance(each, PartMissing) for each in heard)
