"""Answers to GS r that bear no number: when they can be counted, and what they are worth until then."""

from __future__ import annotations

import pytest

from tympan_drivers.escpos_answers import AT_ONCE_S, END, PROBES, QUESTIONS_MAX, AnswersInOrder

PROBE = PROBES[0]
JOB = 0
"""What a job's end is called here."""


def opened():
    answers = AnswersInOrder(iter(PROBES))
    assert answers.opened() == PROBE
    return answers


def in_step():
    answers = AnswersInOrder(iter(PROBES))
    assert answers.opened() == PROBE
    assert answers.answered(PROBE, 0.1) == []
    assert answers.in_step
    assert answers.job_begins() == 0
    return answers


def pages(answers, *numbers):
    for number in numbers:
        assert answers.page_ended(number) == 1


def end(answers, now, *counts, after=0.05):
    """The end of the job is asked for; what is confirmed by answers in so many runs."""
    assert answers.job_ended(now, JOB) == END
    confirmed = []
    for number, count in enumerate(counts):
        confirmed += answers.answered(count, now + after + number * 0.1)
    return confirmed


def test_questions_are_answered_in_order():
    answers = in_step()
    pages(answers, 1, 2, 3)
    assert [answers.answered(count, 5.0) for count in (1, 2)] == [[1], [2, 3]]
    assert end(answers, 6.0, 1, 1) == []
    assert answers.answered(1, 7.0) == [JOB]
    assert answers.answered(1, 7.0) == [], "nobody asked"


def test_an_answer_too_many_shows_that_one_before_was_none():
    answers = in_step()
    pages(answers, 1, 2)
    assert answers.answered(3, 5.0) == [1, 2]
    assert not answers.in_step


def test_what_was_asked_of_an_earlier_job_is_owed():
    answers = in_step()
    pages(answers, 1, 2, 3)
    assert answers.job_begins() == 0
    pages(answers, 1)
    assert [answers.answered(1, 5.0) for _ in range(4)] == [[], [], [], [1]]


@pytest.mark.parametrize("at", [0.1, 30.0])
def test_a_run_of_as_many_answers_as_were_asked_for_is_theirs(at):
    """However late: the printer may print what it was sent before."""
    answers = opened()
    assert answers.answered(1, 0.05) == []
    assert answers.answered(END, 0.06) == []
    assert not answers.in_step
    assert answers.answered(PROBE, at) == []
    assert answers.in_step


def test_a_page_that_is_out_soon_after_the_opening():
    """Over TCP each job has a connection of its own."""
    answers = opened()
    assert answers.job_begins() == 0
    pages(answers, 1, 2)
    assert answers.answered(PROBE, 0.1) == []
    assert answers.answered(1, 0.2) == [1]
    assert answers.answered(1, 0.9) == [2]


def test_one_that_was_opened_before_answers_another_number():
    numbers = iter(PROBES)
    first, second = AnswersInOrder(numbers), AnswersInOrder(numbers)
    first.opened()
    asked = second.opened()
    assert second.answered(PROBE, 0.6) == []
    assert not second.in_step
    assert second.answered(asked, 0.7) == []
    assert second.in_step


def test_a_job_that_was_given_up_with_the_opening_is_owed():
    answers = opened()
    answers.job_begins()
    pages(answers, 1)
    assert answers.job_begins() == 0
    pages(answers, 1)
    assert [answers.answered(count, 0.2) for count in (PROBE, 1, 1)] == [[], [], [1]]


@pytest.mark.parametrize("parts", [(), (PROBE + 1,), (PROBE - 1,), (END,), (2 * PROBE,), (1,) * PROBE])
@pytest.mark.parametrize("at", [0.1, 3.0])
def test_until_it_does_nothing_that_it_says_counts(parts, at):
    """It may still print what it was sent before this machine was started anew."""
    answers = opened()
    assert [answers.answered(count, at) for count in parts] == [[]] * len(parts)
    pages(answers, 1)
    assert answers.answered(1, 5.0) == []
    assert not answers.in_step


def test_a_job_that_begins_before_the_first_are_answered():
    """There was no paper when the printer was opened; a job was given up meanwhile."""
    answers = opened()
    assert answers.job_begins() == 0
    pages(answers, 1, 2, 3)
    assert answers.job_begins() == 0
    pages(answers, 1, 2)
    assert answers.answered(PROBE, 60.0) == []
    assert [answers.answered(count, 61.0) for count in (3, 1, 1)] == [[], [1], [2]]


def test_a_job_that_begins_in_doubt_looks_for_step():
    answers = in_step()
    pages(answers, 1)
    answers.doubts()
    assert answers.job_begins() == PROBES[1]
    pages(answers, 1, 2)
    assert answers.answered(1, 5.0) == []
    assert answers.answered(PROBES[1], 5.1) == []
    assert answers.answered(2, 6.0) == [1, 2]


def test_who_never_answers_is_not_counted_for_ever():
    answers = opened()
    for _ in range(2 * QUESTIONS_MAX // END):
        answers.job_begins()
        answers.job_ended(1.0, JOB)
    assert len(answers._asked) <= QUESTIONS_MAX + END


def test_questions_that_got_lost_are_not_owed_for_ever():
    answers = in_step()
    pages(answers, *range(1, 11))
    answers.job_begins()
    pages(answers, 1)
    assert answers.answered(1, 2.5) == []
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END) == [1, JOB, JOB]
    answers.job_begins()
    pages(answers, 1)
    assert answers.answered(1, 6.0) == [1]


def test_who_was_never_in_step_is_by_the_end_of_a_job():
    answers = opened()
    answers.job_begins()
    pages(answers, 1)
    assert end(answers, 4.0, END) == []
    assert end(answers, 5.0, END) == [1, JOB, JOB]
    assert answers.in_step


@pytest.mark.parametrize("parts", [(1,), (2,), (4,), (1, 2), (1, 1, 1), (2, 3), ()])
def test_another_number_of_answers_shows_nothing(parts):
    """One small page after another may come out just then."""
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins()
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, *parts) == []
    assert end(answers, 5.0, END) == []
    assert end(answers, 6.0, END)[-1] == JOB


def test_nor_does_one_that_comes_late():
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins()
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END, after=AT_ONCE_S + 0.05) == []
    assert end(answers, 5.0, END) == []


def test_nor_do_answers_of_the_job_before():
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins()
    assert end(answers, 3.0, END) == []
    answers.job_ended(4.0, JOB)
    answers.job_begins()
    assert answers.answered(END, 4.2) == []
    assert end(answers, 5.0, END) == []
    assert end(answers, 6.0, END)[-1] == JOB


def test_step_that_was_found_by_the_opening_is_no_answer_at_the_end():
    answers = opened()
    answers.job_begins()
    assert answers.answered(PROBE, 0.1) == []
    pages(answers, *range(1, 101))
    answers.job_begins()
    assert end(answers, 3.0, END) == []


def test_in_doubt_nothing_counts_until_step_is_found_again():
    answers = in_step()
    pages(answers, 1)
    answers.doubts()
    assert answers.answered(1, 2.0) == []
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END) == [1, JOB, JOB]
