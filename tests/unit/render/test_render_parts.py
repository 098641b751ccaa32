"""What a job is made of: its sheet, documents joined to one, documents and pages printed otherwise, copies that differ."""

from __future__ import annotations

import pytest
from render_jobs import NATIVE, pdf, pwg, run, text

from tympan.driver.contract import Part
from tympan.driver.ticket import MediaSpec, Override, TicketChange

DOCUMENT, COPY, SHEET = Part.DOCUMENT, Part.COPY, Part.JOB_SHEET
LETTER = MediaSpec("na_letter_8.5x11in", 21590, 27940, 423, 423, 423, 423)
DRAFT = TicketChange(print_quality=3)
NAMES = ("Job 7", "A name that is longer than the sheet is wide, so that it takes more than one line", "ann")


def order(job):
    """The sides by what they show and whether they are backs."""
    return job.data.replace(b"[", b"").replace(b"]", b"")


# --- the sheet before the job -----------------------------------------------------------------------------------------


def test_the_job_sheet_comes_first_once_and_counts():
    job = run(pdf([1, 2]), banner=NAMES, copies=2)
    assert len(job.encoder.sides) == 5
    assert job.encoder.sides[0].any()
    assert order(job).endswith(b"(1)(2)(1)(2)")
    assert [number for number, _, _ in job.marks] == [1, 2, 3, 4, 5]
    assert job.announced == [5]
    assert job.encoder.parts == [SHEET, DOCUMENT, COPY, DOCUMENT, COPY]


def test_the_job_sheet_has_a_sheet_of_its_own():
    job = run(pdf([1, 2, 3]), banner=NAMES, sides="two-sided-long-edge")
    assert [(number, back) for number, back, _ in job.marks] == [
        (1, False),
        (3, False),
        (4, True),
        (5, False),
    ]


def test_a_job_that_goes_on_does_not_print_its_sheet_again():
    job = run(pdf([1, 2]), banner=NAMES, first_page=2)
    assert order(job) == b"(1)(2)"


def test_the_job_sheet_is_upright_and_alone_whatever_the_job_asks():
    plain = run(pdf([1]), banner=NAMES).encoder.sides[0]
    for ticket in (
        {"number_up": 4},
        {"orientation_requested": 4},
        {"print_scaling": "fill"},
        {"page_ranges": ((1, 1),)},
    ):
        assert (run(pdf([1]), banner=NAMES, **ticket).encoder.sides[0] == plain).all(), ticket


def test_a_job_sheet_before_the_printers_own_language():
    job = run((NATIVE, b"one"), banner=NAMES)
    assert job.data.endswith(b"{one}]")
    assert len(job.encoder.sides) == 1


# --- documents that are one -------------------------------------------------------------------------------------------


def test_a_single_document_goes_on_on_the_back():
    job = run(pdf([1]), pwg([2, 3]), sides="two-sided-long-edge", single_document=True, new_sheets=False)
    assert order(job) == b"(1)<2)(3)"
    assert [number for number, _, _ in job.marks] == [1, 2, 3]
    assert job.encoder.parts == [DOCUMENT, COPY]


def test_a_single_document_with_new_sheets():
    job = run(pdf([1]), pwg([2, 3]), sides="two-sided-long-edge", single_document=True)
    assert order(job) == b"(1)(2)<3)"
    assert [number for number, _, _ in job.marks] == [1, 3, 4]
    assert job.encoder.parts == [DOCUMENT, COPY]


def test_every_copy_of_a_single_document_begins_on_a_new_sheet():
    job = run(
        pdf([1]), pdf([2, 3]), sides="two-sided-long-edge", single_document=True, new_sheets=False, copies=2
    )
    assert order(job) == b"(1)<2)(3)(1)<2)(3)"


@pytest.mark.parametrize(("new_sheets", "sides"), [(False, 1), (True, 2)])
def test_pages_of_several_documents_on_a_side(new_sheets, sides):
    job = run(pdf([1, 1, 1]), pdf([1]), number_up=4, single_document=True, new_sheets=new_sheets)
    assert len(job.marks) == sides


def test_copies_of_a_single_document_are_collated():
    job = run(pdf([1]), pdf([2]), single_document=True, collated=False, copies=2)
    assert order(job) == b"(1)(2)(1)(2)"


def test_the_printers_own_language_stays_a_document_by_itself():
    job = run(pdf([1]), (NATIVE, b"x"), pdf([2]), single_document=True, new_sheets=False)
    assert job.data == b"[(1){x}(2)]"


def test_parts_of_separate_documents():
    assert run(pdf([1]), pdf([2]), copies=2).encoder.parts == [DOCUMENT, DOCUMENT, COPY] * 2
    assert run(pdf([1]), pdf([2])).encoder.parts == [DOCUMENT, DOCUMENT, COPY]


def test_each_copy_of_a_page_is_a_part_where_the_printer_cannot_repeat():
    job = run(pdf([1, 2]), copies=2, collated=False, repeats_pages=False)
    assert job.encoder.parts == [COPY, COPY, DOCUMENT]


# --- pages printed otherwise ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pdf, pwg])
def test_pages_are_overridden(kind):
    override = Override(DRAFT, pages=((2, 2), (4, 9)))
    assert order(run(kind([1, 2, 3, 4, 5]), overrides=(override,))) == b"(1)~3(2)~4(3)~3(4)(5)"


def test_documents_are_overridden():
    job = run(pdf([1, 2]), pwg([3]), overrides=(Override(DRAFT, documents=((2, 2),)),))
    assert order(job) == b"(1)(2)~3(3)"


def test_pages_of_documents_are_overridden():
    override = Override(DRAFT, pages=((1, 1),), documents=((2, 9),))
    assert order(run(pdf([1, 2]), pdf([3, 4]), overrides=(override,))) == b"(1)(2)~3(3)~4(4)"


@pytest.mark.parametrize("repeats_pages", [True, False])
def test_copies_are_overridden(repeats_pages):
    override = Override(DRAFT, copies=((2, 2),))
    job = run(pdf([1, 2]), copies=3, overrides=(override,), repeats_pages=repeats_pages)
    assert order(job) == b"(1)(2)~3(1)(2)~4(1)(2)"
    job = run(
        pdf([1]), pdf([2]), copies=2, collated=False, overrides=(override,), repeats_pages=repeats_pages
    )
    assert order(job) == b"(1)~3(1)~4(2)~3(2)"
    assert job.encoder.parts == [DOCUMENT, COPY] * 4


def test_copies_of_one_side_that_differ_are_not_left_to_the_printer():
    job = run(pdf([1]), copies=2, overrides=(Override(DRAFT, copies=((1, 1),)),))
    assert order(job) == b"~3(1)~4(1)"


def test_later_overrides_prevail():
    overrides = (Override(DRAFT, pages=((1, 2),)), Override(TicketChange(print_quality=5), pages=((2, 3),)))
    assert order(run(pdf([1, 2, 3]), overrides=overrides)) == b"~3(1)~5(2)(3)"


def test_pages_are_counted_in_the_document_not_in_the_ranges():
    """PWG 5100.6: pages of the document, as ``page-ranges`` counts them."""
    job = run(pdf([1, 2, 3, 4]), page_ranges=((3, 4),), overrides=(Override(DRAFT, pages=((3, 3),)),))
    assert order(job) == b"~3(3)~4(4)"


def test_a_page_on_other_paper_begins_a_new_sheet():
    override = Override(TicketChange(media=LETTER), pages=((2, 2),))
    job = run(pdf([1, 2, 3, 4]), sides="two-sided-long-edge", overrides=(override,))
    assert order(job) == b"(1)~4(2)~4(3)<4)"
    assert [(number, back) for number, back, _ in job.marks] == [
        (1, False),
        (3, False),
        (5, False),
        (6, True),
    ]


def test_a_cover_on_one_side_and_the_rest_on_both():
    override = Override(TicketChange(sides="two-sided-long-edge"), pages=((2, 9),))
    job = run(pdf([1, 2, 3, 4]), overrides=(override,))
    assert order(job) == b"(1)~4(2)<3)(4)"
    assert [(number, back) for number, back, _ in job.marks] == [
        (1, False),
        (3, False),
        (4, True),
        (5, False),
    ]


@pytest.mark.parametrize("first", range(1, 7))
def test_going_on_in_a_job_whose_pages_differ(first):
    override = Override(TicketChange(sides="two-sided-long-edge"), pages=((2, 9),))
    whole = run(pdf([1, 2, 3, 4]), overrides=(override,))
    job = run(pdf([1, 2, 3, 4]), overrides=(override,), first_page=first)
    begin = first - 1 if first % 2 == 0 else first
    assert job.marks == [mark for mark in whole.marks if mark[0] >= begin]


def test_scaling_and_turning_of_single_pages():
    plain = run(pdf([2, 2, 2])).encoder.sides
    overrides = (
        Override(TicketChange(orientation_requested=6), pages=((2, 2),)),
        Override(TicketChange(print_scaling="fit", number_up=1), pages=((3, 3),)),
    )
    job = run(pdf([2, 2, 2]), overrides=overrides)
    assert b"~" not in job.data, "the printer has nothing to be told"
    assert (job.encoder.sides[0] == plain[0]).all()
    assert (job.encoder.sides[1] == plain[1][::-1, ::-1]).all()


def test_pages_of_text_are_turned():
    job = run(text([1, 1]), overrides=(Override(TicketChange(orientation_requested=6), pages=((2, 2),)),))
    first, second = job.encoder.sides
    assert first.any()
    assert (second == first[::-1, ::-1]).all()


def test_pages_printed_otherwise_do_not_share_a_side():
    job = run(pdf([1] * 6), number_up=4, overrides=(Override(DRAFT, pages=((3, 9),)),))
    assert order(job).count(b"~") == 1
    assert len(job.marks) == 2
    assert job.announced == []
