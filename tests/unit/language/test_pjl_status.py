"""PJL's replies, as makers' manuals print them, cut and spoilt anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.language.pjl_status import (
    PjlCode,
    PjlEcho,
    PjlId,
    PjlJob,
    PjlPage,
    PjlParser,
    PjlStatus,
    enquiry,
)

DATA = Path(__file__).parents[2] / "data" / "pjl"

OPEN = PjlStatus((PjlCode(40021, "12 PRINTER OPEN"),), online=False)

SAMPLES = {
    "ustatus-device-open": [OPEN],
    "ustatus-device-toner": [PjlStatus((PjlCode(10006, "16 TONER LOW"),), online=True)],
    "ustatus-page-end": [PjlPage(38), PjlJob("END", "End of Monitor Job", 38)],
    "ustatus-job-end-result": [PjlJob("END", "job name", 123, "OK")],
    "ustatus-job-start": [PjlJob("START", "JOB 88554")],
    "ustatus-job-end": [PjlJob("END", "JOB 88554", 5)],
    "ustatus-device-brother": [PjlStatus((PjlCode(40021, "12 COVER OPEN"),), online=False)],
    "ustatus-timed": [PjlStatus((PjlCode(10001, "00 READY 001P LT"),), online=True)],
    "info-ustatus": [],
    "unsupported": [],
}


def sample(name):
    return (DATA / f"{name}.txt").read_bytes()


def parsed(data):
    return PjlParser().feed(data)


def test_there_is_a_reading_of_every_sample():
    assert {path.stem for path in DATA.glob("*.txt")} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_from_a_manual(name):
    assert parsed(sample(name)) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_byte_by_byte(name):
    parser = PjlParser()
    heard = [message for value in sample(name) for message in parser.feed(bytes((value,)))]
    assert heard == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_that_breaks_off_anywhere_spoils_none_of_the_next(name):
    data = sample(name)
    for length in range(len(data)):
        assert parsed(data[:length] + sample("ustatus-device-open"))[-1:] == [OPEN], length


def test_what_was_not_ended_says_nothing():
    """Its form feed is lost, or some of its lines are too."""
    data = sample("ustatus-page-end").replace(b"\f", b"", 1)
    assert parsed(data) == [PjlJob("END", "End of Monitor Job", 38)]


def test_several_codes_at_once():
    data = b'@PJL INFO STATUS\r\nCODE=10023\r\nDISPLAY="02 PROCESSING JOB"\r\nCODE=10006\r\nDISPLAY="16 TONER LOW"\r\nONLINE=TRUE\r\n\f'
    assert parsed(data) == [
        PjlStatus((PjlCode(10023, "02 PROCESSING JOB"), PjlCode(10006, "16 TONER LOW")), online=True)
    ]
    numbered = b'@PJL USTATUS DEVICE\r\nCODE=40021\r\nDISPLAY="12 PRINTER OPEN"\r\nONLINE=FALSE\r\nCODE2=10006\r\nDISPLAY2="16"\r\n\f'
    assert parsed(numbered)[0].codes[1] == PjlCode(10006, "16")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'@PJL INFO ID\r\n"LASERJET 4 PLUS"\r\n\f', PjlId("LASERJET 4 PLUS")),
        (b"@PJL INFO ID\r\nHP LaserJet 4050 Series\r\n\f", PjlId("HP LaserJet 4050 Series")),
        (b'@PJL INFO ID\r\n"?"\r\n\f', None),
        (b"@PJL ECHO tympan 7\r\n\f", PjlEcho("tympan 7")),
        (b"@PJL ECHO\r\n\f", PjlEcho("")),
        (b'@PJL USTATUS JOB\r\nCANCELED\r\nNAME="x"\r\n\f', PjlJob("CANCELED", "x")),
        (b"@PJL USTATUS JOB\r\nPAUSED\r\n\f", None),
        (b"@PJL USTATUS PAGE\r\nmany\r\n\f", None),
        (b"@PJL USTATUS PAGE\r\n99999999999\r\n\f", None),
        (b"@PJL INFO STATUS\r\nCODE=1000l\r\nONLINE=TRUE\r\n\f", None),
        (b'@PJL INFO STATUS\nCODE=10001\nDISPLAY="a\x00\xe9\tb"\n\f', PjlStatus((PjlCode(10001, "a \xe9 b"),))),
        (b"@PJL \f", None),
        (b"\f", None),
    ],
)  # fmt: skip
def test_single_messages(data, message):
    assert parsed(data) == ([] if message is None else [message])


def test_what_never_ends_is_not_kept():
    parser = PjlParser()
    for _ in range(1000):
        assert parser.feed(b"@PJL INFO STATUS" + b"x" * 1000) == []
    assert parser.feed(b"\f" + sample("ustatus-device-open")) == [OPEN]


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([sample(name) for name in SAMPLES]))))
def test_any_bytes_in_any_pieces(chunks):
    whole = parsed(b"".join(chunks))
    parser = PjlParser()
    assert [message for chunk in chunks for message in parser.feed(chunk)] == whole


def test_an_enquiry_begins_and_ends_outside_pjl():
    assert enquiry("INFO STATUS") == b"\x1b%-12345X@PJL\r\n@PJL INFO STATUS\r\n\x1b%-12345X"
