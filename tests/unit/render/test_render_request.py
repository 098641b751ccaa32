"""What crosses between the service and its workers comes out as it went in, or not at all."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendering import A4, ROLL

from tympan.driver.ticket import JobTicket
from tympan.errors import RenderError
from tympan.render.frames import (
    MAX_COUNT,
    MAX_PROBLEM_CHARACTERS,
    Frame,
    FrameKind,
    PageMark,
    failed,
    failure_of,
    impressions_of,
    mark_of,
    note_of,
)
from tympan.render.request import DocumentSpec, RenderRequest, decode_request, encode_request

REQUEST = RenderRequest(
    "pcl",
    "laserjet-4",
    JobTicket(
        7,
        ROLL,
        job_name="Größe\n\0",
        copies=3,
        page_ranges=((1, 2), (9, 2**31 - 1)),
        resolution_dpi=(600, 300),
    ),
    (DocumentSpec("application/pdf", 0), DocumentSpec("image/urf", -1)),
    stall_cpu_s=3,
)


def test_a_request_comes_back():
    assert decode_request(encode_request(REQUEST)) == REQUEST


@given(
    st.builds(
        RenderRequest,
        driver=st.text(max_size=9),
        profile=st.text(max_size=9),
        ticket=st.builds(
            JobTicket,
            job_id=st.integers(1, 2**31 - 1),
            media=st.just(A4),
            job_name=st.text(),
            page_ranges=st.lists(st.tuples(st.integers(1, 9), st.integers(10, 99))).map(tuple),
            finishings=st.lists(st.integers(3, 99)).map(tuple),
            resolution_dpi=st.tuples(st.integers(1, 2400), st.integers(1, 2400)),
        ),
        documents=st.lists(st.builds(DocumentSpec, st.text(max_size=9), st.integers(-1, 2**48))).map(tuple),
    )
)
def test_every_request_comes_back(request_made):
    assert decode_request(encode_request(request_made)) == request_made


def test_a_request_that_was_cut_is_none():
    data = encode_request(REQUEST)
    for length in range(len(data)):
        with pytest.raises(ValueError):  # noqa: PT011 — every kind of damage
            decode_request(data[:length])


@pytest.mark.parametrize(
    "spoiled", [{"driver": 3}, {"documents": [{"format": "x"}]}, {"ticket": {"job_id": 1}}]
)
def test_a_request_of_other_types_is_none(spoiled):
    data = msgspec.json.encode({**msgspec.json.decode(encode_request(REQUEST)), **spoiled})
    with pytest.raises(ValueError):  # noqa: PT011 — every kind of damage
        decode_request(data)


def test_frames_say_what_was_said():
    assert failure_of(failed("document-format-error", "It is „broken“.")).problem == "It is „broken“."
    assert mark_of(Frame(FrameKind.PAGE_END, b'{"number": 2, "back": true, "copies": 5}')) == PageMark(
        2, True, 5
    )
    assert impressions_of(Frame(FrameKind.PAGES, b'{"impressions": 0}')) == 0
    assert (
        note_of(Frame(FrameKind.NOTE, b'{"reason": "", "problem": "A font is missing."}'))
        == "A font is missing."
    )
    assert MAX_COUNT == 2**31 - 1


@given(st.text(min_size=1))
def test_a_sentence_is_one_line_that_fits_its_attribute(text):
    problem = failure_of(failed("aborted-by-system", text * 300)).problem
    assert len(problem) <= MAX_PROBLEM_CHARACTERS
    assert len(problem.encode()) <= 1023  # RFC 8011 §5.3.9, text(MAX)
    assert problem.isprintable()


@given(st.binary(max_size=60))
def test_anything_else_is_a_broken_protocol(payload):
    for read in (failure_of, note_of, impressions_of, mark_of):
        with pytest.raises(RenderError):
            read(Frame(FrameKind.DATA, b"{" + payload))
