"""When a device is asked, and when it is taken for switched off."""

from __future__ import annotations

import itertools

import pytest

from tympan.driver.dialogue import POLL_S
from tympan.link.answering import POLL_MAX_S, Answering, DeviceKnowledge
from tympan_drivers.pcl import PclDriver
from tympan_drivers.pcl_dialogue import IDLE_ASK_S

START = 50.0
DOUBLING = [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2]


def polls(answering, until, answers=lambda _now: False):
    """When it is asked, tenth by tenth; `answers` says whether an answer comes at once."""
    asked = []
    for tenth in range(round((until - START) * 10)):
        now = START + tenth / 10
        if now >= answering.due:
            answering.asked(now)
            answering.reached(now)
            asked.append(round(now - START, 1))
            if answers(now):
                answering.spoke(now, understood=True)
    return asked


def test_who_answers_is_asked_at_a_steady_pace():
    asked = polls(Answering(DeviceKnowledge(), 0.5, START), START + 20, lambda _now: True)
    pauses = {round(after - before, 1) for before, after in itertools.pairwise([0.0, *asked])}
    assert pauses <= {POLL_S, POLL_S + 0.1}
    assert asked[-1] > 19.0


def test_who_never_answers_is_asked_more_and_more_seldom():
    asked = polls(Answering(DeviceKnowledge(), 0.5, START), START + 400)
    pauses = [after - before for before, after in itertools.pairwise(asked)]
    assert pauses[:7] == pytest.approx(DOUBLING, abs=0.11)
    assert all(pause == pytest.approx(POLL_MAX_S, abs=0.11) for pause in pauses[7:])


def test_who_has_answered_once_is_asked_at_that_pace_for_ever():
    known = DeviceKnowledge()
    known.answered = True
    asked = polls(Answering(known, 0.0, START), START + 100)
    assert len(asked) > 99 / (POLL_S + 0.1)


def test_who_answers_at_last_is_asked_often_from_then_on():
    answering = Answering(DeviceKnowledge(), 0.5, START)
    polls(answering, START + 200)
    answering.spoke(START + 200, understood=True)
    assert answering.due <= START + 200 + POLL_S


def test_noise_is_no_answer():
    known = DeviceKnowledge()
    answering = Answering(known, 0.5, START)
    answering.spoke(START + 1, understood=False)
    assert not known.answered


@pytest.mark.parametrize(
    ("within_s", "answered", "silent"), [(0.5, True, True), (0.0, True, False), (0.5, False, False)]
)
def test_who_promised_and_kept_it_is_silent_when_no_answer_comes(within_s, answered, silent):
    known = DeviceKnowledge()
    known.answered = answered
    answering = Answering(known, within_s, START)
    answering.spoke(START, understood=False)
    answering.asked(START + 1)
    assert not answering.silent(START + 100)  # the question has not left
    answering.reached(START + 2)
    assert not answering.silent(START + 2.4)
    assert answering.silent(START + 2.6) is silent
    assert answering.silent_from() == (START + 2.5 if silent else None)
    answering.spoke(START + 3, understood=True)
    assert not answering.silent(START + 100)


def test_the_time_runs_from_the_first_question_without_an_answer():
    known = DeviceKnowledge()
    known.answered = True
    answering = Answering(known, 0.9, START)
    for second in (1.0, 1.5):
        answering.asked(START + second)
        answering.reached(START + second)
    assert answering.silent(START + 1.95)


def test_who_answers_is_expected_to_after_it_was_opened():
    known = DeviceKnowledge()
    assert not Answering(known, 0.5, START).is_expected
    known.answered = True
    answering = Answering(known, 0.5, START)
    assert answering.is_expected
    answering.spoke(START + 0.1, understood=False)
    assert not answering.is_expected
    assert not Answering(known, 0.0, START).is_expected


def test_a_question_that_there_is_none_of_is_tried_again():
    answering = Answering(DeviceKnowledge(), 0.0, START)
    answering.not_now(START, in_job=True)
    assert answering.due == START + POLL_S
    pauses = []
    for _ in range(8):
        answering.not_now(START, in_job=False)
        pauses.append(answering.due - START)
    assert pauses == pytest.approx([*DOUBLING, POLL_MAX_S])


def test_who_answers_and_is_not_asked_now_is_soon():
    known = DeviceKnowledge()
    known.answered = True
    answering = Answering(known, 0.0, START)
    for _ in range(8):
        answering.not_now(START, in_job=False)
        assert answering.due == START + POLL_S


def test_a_laser_that_rests_is_asked_as_seldom_as_its_dialogue_says_and_again_when_it_has_stopped():
    known = DeviceKnowledge()
    known.answered = True
    answering = Answering(known, 0.0, START)
    dialogue = PclDriver().dialogue("laserjet-4")
    dialogue.opened(START)
    dialogue.received(b'@PJL INFO STATUS\r\nCODE=10001\r\nDISPLAY="READY"\r\nONLINE=TRUE\r\n\f', START)
    asked = []
    for tenth in range(3000):
        now = START + tenth / 10
        if now < answering.due:
            continue
        if dialogue.poll(now, in_job=False):
            answering.asked(now)
            asked.append(now - START)
        else:
            answering.not_now(now, in_job=False)
        if len(asked) == 5 and asked[-1] == now - START:
            dialogue.received(
                b'@PJL USTATUS DEVICE\r\nCODE=41101\r\nDISPLAY="LOAD"\r\nONLINE=FALSE\r\n\f', now
            )
    pauses = [after - before for before, after in itertools.pairwise([0.0, *asked])]
    assert pauses[:5] == pytest.approx([IDLE_ASK_S] * 5, abs=1.0)
    assert pauses[5:] == pytest.approx([POLL_S] * len(pauses[5:]), abs=0.11)
    assert len(pauses) > 100


def test_who_answers_can_be_asked_at_once():
    known = DeviceKnowledge()
    answering = Answering(known, 0.0, START)
    answering.ask_soon(START + 0.2)
    assert answering.due > START + 0.2
    known.answered = True
    answering.ask_soon(START + 0.2)
    assert answering.due == START + 0.2
