"""Answers to GS r that bear no number: when they can be counted, and what they are worth until then."""

from __future__ import annotations

import pytest

from tympan_drivers.escpos_answers import AT_ONCE_S, END, OPENING, AnswersInOrder

WAITING = 7


def in_step():
    answers = AnswersInOrder()
    assert answers.opened(0.0) == OPENING
    assert answers.answered(OPENING, 0.1, 0) == 0
    return answers


def asked_for_the_end(answers, now, *counts, after=0.05):
    """The end is asked for; how many of the waiting questions are answered by answers in so many parts."""
    assert answers.job_ended(now) == END
    done = 0
    for number, count in enumerate(counts):
        done += answers.answered(count, now + after + number * 0.1, WAITING - done)
    return done + answers.passes(now + AT_ONCE_S + 0.1, WAITING - done)


def test_questions_are_answered_in_order():
    answers = in_step()
    assert [answers.answered(count, 5.0, waiting) for count, waiting in ((1, 3), (2, 2), (4, 1))] == [1, 2, 1]


def test_what_was_asked_of_an_earlier_job_is_owed():
    answers = in_step()
    answers.job_begins(3)
    assert [answers.answered(1, 5.0 + each, 2) for each in range(4)] == [0, 0, 0, 1]


@pytest.mark.parametrize("parts", [(OPENING,), (1,) * OPENING, (2, OPENING - 2)])
def test_a_printer_that_answers_at_once_when_it_is_opened_owes_nothing(parts):
    answers = AnswersInOrder()
    answers.opened(0.0)
    for number, count in enumerate(parts):
        assert answers.answered(count, 0.1 * (number + 1), 0) == 0
    answers.passes(AT_ONCE_S + 0.1, 0)
    answers.job_begins(0)
    assert answers.answered(1, 2.0, 1) == 1


@pytest.mark.parametrize("parts", [(), (OPENING + 1,), (OPENING - 1,), (1, OPENING), (END,)])
@pytest.mark.parametrize("at", [0.1, AT_ONCE_S + 0.2])
def test_until_it_does_nothing_that_it_says_counts(parts, at):
    """It may still print what it was sent before this machine was started anew."""
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert [answers.answered(count, at, WAITING) for count in parts] == [0] * len(parts)
    assert answers.passes(AT_ONCE_S + 0.3, WAITING) == 0
    assert answers.answered(1, 5.0, WAITING) == 0


def test_the_same_answers_too_late_do_not_count():
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert answers.answered(OPENING, AT_ONCE_S + 0.01, WAITING) == 0
    assert answers.answered(1, 5.0, WAITING) == 0


def test_it_is_asked_again_when_it_has_nothing_to_do_if_it_speaks_at_all():
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert answers.idle(0.5) == 0, "it may be about to answer"
    answers.passes(1.0, 0)
    assert answers.idle(1.0) == 0, "nobody answers"
    answers.answered(OPENING, 9.0, 0)
    assert answers.idle(10.0) == OPENING
    assert answers.idle(10.1) == 0
    answers.answered(OPENING, 10.2, 0)
    assert answers.idle(11.0) == 0
    assert answers.answered(1, 12.0, 1) == 1


def test_questions_that_got_lost_are_not_owed_for_ever():
    answers = in_step()
    answers.job_begins(10)
    assert asked_for_the_end(answers, 1.0, END) == 0
    assert asked_for_the_end(answers, 2.0, END) == WAITING
    answers.job_begins(0)
    assert answers.answered(1, 3.0, 1) == 1


def test_who_was_never_in_step_is_by_the_end_of_a_job():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.job_begins(0)
    assert asked_for_the_end(answers, 1.0, 1, 2) == 0
    assert asked_for_the_end(answers, 2.0, END) == WAITING


@pytest.mark.parametrize("parts", [(1,), (2,), (4,), (1, 1), (2, 2), ()])
def test_another_number_of_answers_shows_nothing(parts):
    """One small page after another may come out just then."""
    answers = in_step()
    answers.job_begins(100)
    assert asked_for_the_end(answers, 1.0, END) == 0
    assert asked_for_the_end(answers, 2.0, *parts) == 0
    assert asked_for_the_end(answers, 3.0, END) == 0
    assert asked_for_the_end(answers, 4.0, END) == WAITING


def test_nor_does_one_that_comes_late():
    answers = in_step()
    answers.job_begins(100)
    assert asked_for_the_end(answers, 1.0, END) == 0
    assert asked_for_the_end(answers, 2.0, END, after=AT_ONCE_S + 0.05) == 0
    assert asked_for_the_end(answers, 3.0, END) == 0


def test_nor_do_answers_of_the_job_before():
    answers = in_step()
    answers.job_begins(100)
    assert asked_for_the_end(answers, 1.0, END) == 0
    answers.job_ended(2.0)
    answers.job_begins(100)
    assert answers.answered(END, 2.1, WAITING) == 0
    assert asked_for_the_end(answers, 3.0, END) == 0
    assert asked_for_the_end(answers, 4.0, END) == WAITING
