"""The job's states follow RFC 8011 figure 3, and its record comes back as it was."""

from __future__ import annotations

import itertools

import pytest

from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.job import TERMINAL, TRANSITIONS, Job, decode_job, encode_job


def job(**changes):
    return Job(job_id=1, printer="receipt", uuid="u", **changes)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobState, JobState)))
def test_no_job_leaves_its_end(before, after):
    each = job(state=before)
    if before in TERMINAL and after != before:
        with pytest.raises(ValueError, match="cannot go"):
            each.move(after, now=1, date=1)
    elif after in TRANSITIONS[before]:
        each.move(after, now=1, date=1)
        assert each.state == after


def test_every_state_has_its_row():
    assert set(TRANSITIONS) == set(JobState)


def test_times_are_set_once():
    each = job()
    each.move(JobState.PROCESSING, now=5, date=50)
    each.move(JobState.PROCESSING_STOPPED, now=6, date=60, reasons=("printer-stopped",))
    each.move(JobState.PROCESSING, now=7, date=70)
    each.move(JobState.COMPLETED, now=8, date=80)
    assert (each.processing_at, each.processing_date, each.completed_at, each.completed_date) == (
        5,
        50,
        8,
        80,
    )
    assert each.reasons == ("job-completed-successfully",)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(JobState.CANCELED, "job-canceled-by-user"), (JobState.ABORTED, "aborted-by-system")],
)
def test_an_end_without_a_reason_gets_its_plain_one(state, reason):
    each = job(incoming=True)
    each.move(state, now=1, date=1)
    assert each.reasons == (reason,)
    assert not each.incoming


@pytest.mark.parametrize(("size", "k_octets"), [(0, 0), (1, 1), (1024, 1), (1025, 2)])
def test_k_octets_are_rounded_up(size, k_octets):
    assert job(documents=[Document(1, "text/plain", size=size)]).k_octets == k_octets


def test_k_octets_processed_follow_the_impressions():
    each = job(
        documents=[Document(1, "text/plain", size=10 * 1024)],
        state=JobState.PROCESSING,
        impressions=4,
        impressions_completed=1,
    )
    assert each.k_octets_processed == 2
    each.move(JobState.COMPLETED, now=1, date=1)
    assert each.k_octets_processed == 10


def test_the_record_comes_back_as_it_was():
    each = job(
        name="Grüße", user="jo", template=b"\x02\x00", state=JobState.PROCESSING, reasons=("job-printing",),
        documents=[Document(1, "image/png", "a.png", 5, inline=True, compression="gzip")], impressions=3,
    )  # fmt: skip
    assert decode_job(encode_job(each)) == each


@pytest.mark.parametrize("record", [b"", b"\xc0", b"garbage", encode_job(job())[:-3]])
def test_a_record_that_is_none_is_a_value_error(record):
    with pytest.raises(ValueError, match="record of a job"):
        decode_job(record)
