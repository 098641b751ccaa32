"""Answers to GS r that bear no number: when they can be counted, and what they are worth until then."""

from __future__ import annotations

import pytest

from tympan_drivers.escpos_answers import AT_ONCE_S, END, PROBE, AnswersInOrder

JOB = 0
"""What a job's end is called here."""


def in_step():
    answers = AnswersInOrder()
    assert answers.opened(0.0) == PROBE
    assert answers.answered(PROBE, 0.1) == []
    assert answers.in_step
    assert answers.job_begins(1.0) == 0
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
    answers.passes(now + AT_ONCE_S + 0.2)
    return confirmed


def test_questions_are_answered_in_order():
    answers = in_step()
    pages(answers, 1, 2, 3)
    assert [answers.answered(count, 5.0) for count in (1, 2)] == [[1], [2, 3]]
    assert end(answers, 6.0, 1, 1) == []
    assert answers.answered(1, 7.0) == [JOB]
    assert answers.answered(1, 7.0) == [], "nobody asked"


def test_what_was_asked_of_an_earlier_job_is_owed():
    answers = in_step()
    pages(answers, 1, 2, 3)
    assert answers.job_begins(2.0) == 0
    pages(answers, 1)
    assert [answers.answered(1, 5.0) for _ in range(4)] == [[], [], [], [1]]


@pytest.mark.parametrize("parts", [(PROBE,), (1,) * PROBE, (2, PROBE - 2)])
def test_a_printer_that_answers_at_once_when_it_is_opened_owes_nothing(parts):
    answers = AnswersInOrder()
    answers.opened(0.0)
    for number, count in enumerate(parts):
        assert not answers.in_step
        assert answers.answered(count, 0.1 * (number + 1)) == []
    assert answers.in_step


def test_a_job_that_begins_with_the_opening_and_is_out_at_once():
    """Over TCP each job has a connection of its own."""
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert answers.job_begins(0.001) == 0
    pages(answers, 1)
    assert answers.job_ended(0.02, JOB) == END
    assert answers.answered(PROBE + 1 + END, 0.1) == [1, JOB]


def test_a_page_that_is_out_with_the_opening_and_the_rest_later():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.job_begins(0.001)
    pages(answers, 1, 2)
    assert answers.answered(PROBE + 1, 0.1) == [1]
    assert answers.answered(1, 0.9) == [2]


def test_a_job_that_was_given_up_with_the_opening_is_owed():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.job_begins(0.001)
    pages(answers, 1)
    assert answers.job_begins(0.1) == 0
    pages(answers, 1)
    assert [answers.answered(count, 0.2) for count in (PROBE, 1, 1)] == [[], [], [1]]


@pytest.mark.parametrize("parts", [(), (PROBE + 1,), (PROBE - 1,), (END,), (2 * PROBE,)])
@pytest.mark.parametrize("at", [0.1, AT_ONCE_S + 0.2])
def test_until_it_does_nothing_that_it_says_counts(parts, at):
    """It may still print what it was sent before this machine was started anew."""
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert [answers.answered(count, at) for count in parts] == [[]] * len(parts)
    answers.passes(AT_ONCE_S + 0.3)
    pages(answers, 1)
    assert answers.answered(1, 5.0) == []
    assert not answers.in_step


@pytest.mark.parametrize("at", [AT_ONCE_S + 0.01, -0.01])
def test_the_same_answers_too_late_or_too_early_do_not_count(at):
    answers = AnswersInOrder()
    answers.opened(0.0)
    assert answers.answered(PROBE, at) == []
    assert not answers.in_step


def test_a_job_that_begins_out_of_step_looks_for_it():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.passes(1.0)
    pages(answers, 1)
    assert answers.job_begins(5.0) == PROBE
    pages(answers, 1, 2)
    assert answers.answered(PROBE, 5.1) == []
    assert answers.answered(2, 6.0) == [1, 2]


def test_questions_that_got_lost_are_not_owed_for_ever():
    answers = in_step()
    pages(answers, *range(1, 11))
    answers.job_begins(2.0)
    pages(answers, 1)
    assert answers.answered(1, 2.5) == []
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END) == [1, JOB, JOB]
    answers.job_begins(5.0)
    pages(answers, 1)
    assert answers.answered(1, 6.0) == [1]


def test_who_was_never_in_step_is_by_the_end_of_a_job():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.passes(1.0)
    answers.job_begins(2.0)
    answers.passes(3.0)
    pages(answers, 1)
    assert end(answers, 4.0, END) == []
    assert end(answers, 5.0, END) == [1, JOB, JOB]
    assert answers.in_step


@pytest.mark.parametrize("parts", [(1,), (2,), (4,), (1, 2), (1, 1, 1), (2, 3), ()])
def test_another_number_of_answers_shows_nothing(parts):
    """One small page after another may come out just then."""
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins(2.0)
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, *parts) == []
    assert end(answers, 5.0, END) == []
    assert end(answers, 6.0, END)[-1] == JOB


def test_nor_does_one_that_comes_late():
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins(2.0)
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END, after=AT_ONCE_S + 0.05) == []
    assert end(answers, 5.0, END) == []


def test_nor_do_answers_of_the_job_before():
    answers = in_step()
    pages(answers, *range(1, 101))
    answers.job_begins(2.0)
    assert end(answers, 3.0, END) == []
    answers.job_ended(4.0, JOB)
    answers.job_begins(4.1)
    assert answers.answered(END, 4.2) == []
    assert end(answers, 5.0, END) == []
    assert end(answers, 6.0, END)[-1] == JOB


def test_step_that_was_found_by_the_opening_is_no_answer_at_the_end():
    answers = AnswersInOrder()
    answers.opened(0.0)
    answers.job_begins(0.001)
    assert answers.answered(PROBE, 0.1) == []
    pages(answers, *range(1, 101))
    answers.job_begins(2.0)
    assert end(answers, 3.0, END) == []


def test_in_doubt_nothing_counts_until_step_is_found_again():
    answers = in_step()
    pages(answers, 1)
    answers.doubts()
    assert answers.answered(1, 2.0) == []
    assert end(answers, 3.0, END) == []
    assert end(answers, 4.0, END) == [1, JOB, JOB]
