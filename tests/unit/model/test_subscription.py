"""Subscriptions: who hears what, numbers and the life of events; the rules are those of RFC 3995 §5.3.3, §5.3.9, §5.4.2."""

from __future__ import annotations

import pytest

from tympan.ipp.values import MAX_INTEGER
from tympan.model.subscription import (
    DOCUMENT_EVENTS,
    JOB_EVENTS,
    PRINTER_EVENTS,
    SEQUENCE_STEP,
    SYSTEM_EVENTS,
    WIDER,
    KeptSubscription,
    Subscription,
    decode_subscription,
    encode_subscription,
)

SUB_VALUES = {
    "job-state-changed": {"job-created", "job-completed", "job-stopped"},
    "document-state-changed": {"document-created", "document-completed", "document-stopped"},
    "printer-state-changed": {"printer-restarted", "printer-shutdown", "printer-stopped"},
    "printer-config-changed": {"printer-media-changed"},
}
"""RFC 3995 §5.3.3.4.2 and §5.3.3.4.3, PWG 5100.5 for documents, without ``printer-finishings-changed``, which no printer here has."""


def subscription(*events, **more):
    return Subscription(
        **{"subscription_id": 1, "printer": "laser", "uri": "ipp://here/", "events": events, **more}
    )


def kept(*events, max_events=10, **more):
    return KeptSubscription(subscription(*events, **more), max_events)


def heard(box, first=1, since=0):
    return [(notice.sequence, notice.event) for notice in box.notices(first, since)]


def test_an_event_is_heard_by_those_who_subscribed_to_it_or_to_the_wider_one():
    everything = (*JOB_EVENTS, *DOCUMENT_EVENTS, *PRINTER_EVENTS, *SYSTEM_EVENTS)
    for subscribed in everything:
        for event in everything:
            matches = event == subscribed or event in SUB_VALUES.get(subscribed, set())
            if not event.startswith("system"):
                expected = subscribed if matches else None
                assert subscription(subscribed).subscribed(event) == expected, (subscribed, event)


def test_the_event_itself_goes_before_the_wider_one():
    assert subscription("job-state-changed", "job-completed").subscribed("job-completed") == "job-completed"


def test_the_wider_events_are_there():
    assert set(WIDER) | set(WIDER.values()) <= {
        *JOB_EVENTS,
        *DOCUMENT_EVENTS,
        *PRINTER_EVENTS,
        *SYSTEM_EVENTS,
    }


@pytest.mark.parametrize(
    ("about", "printer", "job_id", "expected"),
    [
        ({"printer": "laser"}, "laser", 0, True),
        ({"printer": "laser"}, "laser", 7, True),
        ({"printer": "laser"}, "receipt", 7, False),
        ({"printer": "laser"}, "", 0, False),
        ({"printer": "laser", "job_id": 7}, "laser", 7, True),
        ({"printer": "laser", "job_id": 7}, "laser", 8, False),
        ({"printer": "laser", "job_id": 7}, "laser", 0, True),
        ({"printer": "laser", "job_id": 7}, "receipt", 0, False),
        ({"printer": ""}, "laser", 7, True),
        ({"printer": ""}, "", 0, True),
    ],
)
def test_what_a_subscription_concerns(about, printer, job_id, expected):
    """RFC 3995 §5.3.3.5: events of its printer reach a job's subscription too, those of other jobs do not."""
    assert subscription("job-completed", **about).concerns(printer, job_id) is expected


def test_numbers_count_what_was_told_from_1():
    box = kept("job-completed")
    assert box.subscription.sequence == 0
    for _ in range(3):
        box.tell("job-completed", "laser", b"", b"", now=5)
    assert heard(box) == [(1, "job-completed"), (2, "job-completed"), (3, "job-completed")]
    assert heard(box, first=3) == [(3, "job-completed")]
    assert heard(box, first=4) == []


def test_numbers_go_round_to_0():
    box = kept("job-completed", sequence=MAX_INTEGER - 1)
    for _ in range(3):
        box.tell("job-completed", "laser", b"", b"", now=5)
    assert [number for number, _ in heard(box, first=0)] == [MAX_INTEGER, 0, 1]


def test_old_events_are_let_go_and_so_are_too_many():
    box = kept("job-completed", max_events=3)
    for now in range(10, 16):
        box.tell("job-completed", "laser", b"", b"", now=now)
    assert [number for number, _ in heard(box)] == [4, 5, 6]
    assert [number for number, _ in heard(box, since=15)] == [6]
    assert [number for number, _ in heard(box, since=0)] == [6]


def test_progress_is_told_once_in_an_interval_and_other_events_always():
    """RFC 3995 §5.3.9: the number does not count what was not told."""
    box = kept("job-progress", "job-completed", time_interval_s=5)
    told = [now for now in range(20, 33) if box.wants("job-progress", "laser", 7, now)]
    assert told == [20, 25, 30]
    assert box.wants("job-completed", "laser", 7, 31) == "job-completed"
    every = kept("job-progress")
    assert all(every.wants("job-progress", "laser", 7, 20) for _ in range(3))


def test_after_the_end_of_its_job_nothing_is_told():
    box = kept("printer-state-changed", job_id=7)
    assert box.wants("printer-stopped", "laser", 0, 1) == "printer-state-changed"
    box.complete = True
    assert box.wants("printer-stopped", "laser", 0, 1) is None


def test_numbers_are_reserved_before_they_are_used_up():
    box = kept("job-completed")
    box.reserved = SEQUENCE_STEP
    asked = [number for number in range(1, 2000) if box.tell("job-completed", "laser", b"", b"", now=1)]
    assert asked[0] == SEQUENCE_STEP // 2 + 1


def test_a_record_comes_back():
    made = subscription("job-completed", user_data=b"\0\xff", attributes=("job-name",), lease_s=5, job_id=3)
    read = decode_subscription(encode_subscription(made, 4000))
    assert read.sequence == 4000
    assert made.sequence == 0
    read.sequence = 0
    assert read == made


@pytest.mark.parametrize("record", [b"", b"\xc1", b"\x80", encode_subscription(subscription(), 0)[:-3]])
def test_a_record_that_is_none(record):
    with pytest.raises(ValueError, match="subscription"):
        decode_subscription(record)
