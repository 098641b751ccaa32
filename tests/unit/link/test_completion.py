"""When a job is complete: each row of the table in `tympan.link.completion`."""

from __future__ import annotations

import pytest

from tympan.link.answering import FRUITLESS_MAX, DeviceKnowledge
from tympan.link.completion import (
    ASK_S,
    ASKS,
    ASKS_UNPROVED,
    BUSY_S,
    PROVE_S,
    WORD_S,
    Completion,
    Verdict,
)

OPENED = 100.0
END = 200.0
"""When the last byte was written."""


def knowledge(**shown):
    known = DeviceKnowledge()
    for name, value in shown.items():
        setattr(known, name, value)
    return known


def completion(known, *, claimed=True, opened_at=OPENED, now=END):
    return Completion(claimed=claimed, knowledge=known, opened_at=opened_at, now=now)


def course(made, *, until, well=lambda _now: True, spoke_at=lambda now: now, start=END):
    """What is to be done from tenth to tenth of a second, each change once, and what was delivered when it was asked for."""
    said = []
    for tenth in range(round((until - start) * 10) + 1):
        now = start + tenth / 10
        verdict = made.verdict(now, well=well(now), spoke_at=spoke_at(now))
        if not said or said[-1][1] is not verdict or verdict is Verdict.ASK:
            said.append((round(now - start, 1), verdict))
        if verdict is Verdict.DELIVER:
            made.delivered = True
        if verdict in {Verdict.COMPLETE, Verdict.AGAIN}:
            break
    return said


def test_one_that_confirmed_is_complete_when_its_transport_is_done():
    made = completion(knowledge(answered=True, confirmed=True))
    assert made.verdict(END, well=True, spoke_at=END) is Verdict.WAIT
    made.confirmed = True
    assert made.verdict(END + 1, well=True, spoke_at=END) is Verdict.DELIVER
    made.delivered = True
    assert made.verdict(END + 1, well=True, spoke_at=END) is Verdict.COMPLETE


def test_whatever_happens_to_the_device_after_it_confirmed():
    made = completion(knowledge(answered=True, confirmed=True))
    made.confirmed = made.delivered = True
    assert made.verdict(END + 1, well=False, spoke_at=END) is Verdict.COMPLETE


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize("shown", [{}, {"answered": True}, {"answered": True, "confirmed": True}])
def test_a_device_that_is_stopped_is_waited_for_without_end(claimed, shown):
    made = completion(knowledge(**shown), claimed=claimed)
    made.delivered = True
    assert course(made, until=END + 10_000, well=lambda _: False) == [(0.0, Verdict.WAIT)]


def test_the_time_without_news_begins_when_the_device_is_well_again():
    made = completion(knowledge(answered=True, confirmed=True))
    said = course(made, until=END + 500, well=lambda now: now > END + 400)
    assert said[:2] == [(0.0, Verdict.WAIT), (round(400 + ASK_S, 1), Verdict.ASK)]


def test_a_device_that_has_confirmed_before_is_asked_again_and_then_sent_it_again():
    known = knowledge(answered=True, confirmed=True)
    said = course(completion(known), until=END + 1000)
    times = [at for at, verdict in said if verdict is Verdict.ASK]
    pauses = [round(after - before, 1) for before, after in zip([0.0, *times], times, strict=False)]
    assert pauses == [1.0] * ASKS
    assert len(times) == ASKS
    assert said[-1] == (30.0, Verdict.AGAIN)
    assert known.fruitless == 1


def test_news_begin_the_asking_anew():
    known = knowledge(answered=True, confirmed=True)
    made = completion(known)
    for tenth in range(5000):
        now = END + tenth / 10
        if tenth % 5 == 0:
            made.news(now)
        assert made.verdict(now, well=True, spoke_at=now) is Verdict.WAIT


def test_a_device_that_says_that_it_works_is_waited_for():
    made = completion(knowledge(answered=True, confirmed=True))
    for tenth in range(5000):
        now = END + tenth / 10
        assert made.verdict(now, well=True, spoke_at=now, busy=True) is Verdict.WAIT


def test_that_it_works_is_believed_for_a_while():
    made = completion(knowledge(answered=True, confirmed=True))
    verdicts = [
        (tenth / 10, made.verdict(END + tenth / 10, well=True, spoke_at=END, busy=True))
        for tenth in range(2000)
    ]
    first = next(at for at, verdict in verdicts if verdict is Verdict.ASK)
    assert first == pytest.approx(BUSY_S + ASK_S, abs=0.2)


def test_a_device_that_does_not_confirm_any_more_is_not_sent_the_same_for_ever():
    known = knowledge(answered=True, confirmed=True)
    for _ in range(FRUITLESS_MAX):
        assert course(completion(known), until=END + 1000)[-1][1] is Verdict.AGAIN
    assert course(completion(known), until=END + 1000)[-1][1] is Verdict.COMPLETE
    assert known.refuses
    known.has_confirmed()
    assert (known.refuses, known.fruitless) == (False, 0)


def test_one_that_answers_and_never_confirmed_is_one_that_does_not():
    known = knowledge(answered=True)
    said = course(completion(known), until=END + 1000)
    assert [verdict for _, verdict in said if verdict is Verdict.ASK] == [Verdict.ASK] * ASKS_UNPROVED
    assert said[-1][1] is Verdict.COMPLETE
    assert known.refuses
    assert course(completion(known), until=END + 10)[-1][0] <= 0.2


def test_one_that_never_answered_is_not_waited_for():
    said = course(completion(knowledge()), until=END + 10)
    assert said == [(0.0, Verdict.DELIVER), (0.1, Verdict.COMPLETE)]


def test_unless_it_was_opened_just_now():
    made = completion(knowledge(), opened_at=END - 0.3)
    said = course(made, until=END + 10)
    assert said[0] == (0.0, Verdict.WAIT)
    assert said[-1] == (pytest.approx(PROVE_S - 0.3 + 0.1, abs=0.11), Verdict.COMPLETE)


def test_where_nobody_confirms_it_is_complete_when_the_last_byte_was_taken():
    said = course(completion(knowledge(), claimed=False), until=END + 10)
    assert said == [(0.0, Verdict.DELIVER), (0.1, Verdict.COMPLETE)]


def test_a_device_that_answers_is_asked_how_it_is_after_the_last_byte():
    known = knowledge(answered=True)
    answers_at = END + 0.4
    made = completion(known, claimed=False)
    said = course(made, until=END + 10, spoke_at=lambda now: answers_at if now >= answers_at else END - 1)
    assert said == [(0.0, Verdict.DELIVER), (0.1, Verdict.WAIT), (0.4, Verdict.COMPLETE)]


def test_but_not_for_ever():
    made = completion(knowledge(answered=True), claimed=False)
    said = course(made, until=END + 10, spoke_at=lambda _: END - 1)
    assert said[-1] == (pytest.approx(WORD_S + 0.1, abs=0.01), Verdict.COMPLETE)


def test_a_device_that_takes_nothing_has_not_taken_the_last_byte():
    made = completion(knowledge(), claimed=False)
    for tenth in range(1000):
        assert made.verdict(END + tenth / 10, well=True, spoke_at=END) is Verdict.DELIVER
