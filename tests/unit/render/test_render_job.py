"""A whole job: which pages come out, in which order, how often, on which side, and what is said of them on the way."""

from __future__ import annotations

import numpy as np
import pytest
from render_jobs import NATIVE, lines_of, pdf, pwg, run, text, urf

from tympan.errors import DocumentError
from tympan.render.frames import FrameKind

EVERY = pytest.mark.parametrize("kind", [pdf, pwg, urf], ids=lambda kind: kind.__name__)


@EVERY
def test_pages_come_in_order(kind):
    job = run(kind([1, 2, 3]))
    assert job.data == b"[(1)(2)(3)]"
    assert job.marks == [(1, False, 1), (2, False, 1), (3, False, 1)]
    assert job.begun == [1, 2, 3]


def test_lines_of_text_come_in_order():
    job = run(("text/plain", b"I\n\nI\n\nI\fI\fI\n\nI"))
    assert [lines_of(side) for side in job.encoder.sides] == [3, 1, 2]
    assert [number for number, _, _ in job.marks] == [1, 2, 3]


def test_a_page_is_told_of_around_its_bytes():
    job = run(pdf([1, 2]))
    data = FrameKind.DATA
    order = [kind for at, kind in enumerate(job.kinds) if kind != data or job.kinds[at - 1] != data]
    assert order == [
        FrameKind.PAGES,
        FrameKind.PAGE_BEGIN, data, FrameKind.PAGE_END,
        FrameKind.PAGE_BEGIN, data, FrameKind.PAGE_END,
        data,
    ]  # fmt: skip
    assert job.announced == [2]


@EVERY
def test_page_ranges(kind):
    assert run(kind([1, 2, 3, 4, 5]), page_ranges=((2, 2), (4, 9))).data == b"[(2)(4)(5)]"


def test_page_ranges_of_text():
    job = run(("text/plain", b"I\fI\n\nI\fI\n\nI\n\nI"), page_ranges=((2, 3),))
    assert [lines_of(side) for side in job.encoder.sides] == [2, 3]


def test_page_ranges_count_what_will_come_out():
    assert run(pdf([1, 2, 3, 4, 5]), page_ranges=((2, 2), (4, 9))).announced == [3]


@EVERY
def test_page_ranges_that_hold_no_page(kind):
    with pytest.raises(DocumentError) as failure:
        run(kind([1, 2]), page_ranges=((7, 9),))
    assert failure.value.reason == "document-unprintable-error"
    assert not [kind for kind, _ in failure.value.frames if kind == FrameKind.DATA], "nothing was printed"


# --- copies -----------------------------------------------------------------------------------------------------------


@EVERY
def test_collated_copies_are_whole_documents(kind):
    job = run(kind([1, 2]), copies=3)
    assert job.data == b"[(1)(2)(1)(2)(1)(2)]"
    assert job.marks == [(number, False, 1) for number in range(1, 7)]


def test_collated_copies_are_announced_with_all_their_sides():
    assert run(pdf([1, 2]), copies=3).announced == [6]


def test_copies_page_by_page_are_the_printers_where_it_can():
    job = run(pdf([1, 2]), copies=3, collated=False)
    assert job.data == b"[(1)(2)]"
    assert job.encoder.copies_asked == [3, 3]
    assert job.marks == [(1, False, 3), (2, False, 3)]


@pytest.mark.parametrize("collated", [True, False])
def test_copies_of_one_side_are_the_printers(collated):
    job = run(pdf([2]), copies=5, collated=collated)
    assert job.data == b"[(2)]"
    assert job.marks == [(1, False, 5)]


def test_copies_page_by_page_by_a_printer_that_cannot():
    job = run(pdf([1, 2]), copies=3, collated=False, repeats_pages=False)
    assert job.data == b"[(1)(1)(1)(2)(2)(2)]"
    assert job.marks == [(number, False, 1) for number in range(1, 7)]
    assert len(job.encoder.sides) == 2, "each is drawn once"


@pytest.mark.parametrize("collated", [True, False])
def test_two_copies_of_one_side_by_a_printer_that_cannot(collated):
    job = run(pdf([2]), copies=2, collated=collated, repeats_pages=False)
    assert job.data == b"[(2)(2)]"


def test_copies_of_several_documents():
    job = run(pdf([1, 2]), pwg([3]), copies=2)
    assert job.data == b"[(1)(2)(3)(1)(2)(3)]"


# --- sides ------------------------------------------------------------------------------------------------------------


@EVERY
def test_two_sides(kind):
    job = run(kind([1, 2, 3]), sides="two-sided-long-edge")
    assert job.data == b"[(1)<2)(3)]"
    assert [back for _, back, _ in job.marks] == [False, True, False]


def test_every_copy_and_every_document_begins_on_a_new_sheet():
    job = run(pdf([1, 2, 3]), pwg([4]), sides="two-sided-long-edge", copies=2)
    assert job.data == b"[(1)<2)(3)(4)(1)<2)(3)(4)]"
    assert [number for number, _, _ in job.marks] == [1, 2, 3, 5, 7, 8, 9, 11]


# --- going on after a fault -------------------------------------------------------------------------------------------


@EVERY
def test_a_job_goes_on_from_a_page(kind):
    job = run(kind([1, 2, 3, 4]), first_page=3)
    assert job.data == b"[(3)(4)]"
    assert [number for number, _, _ in job.marks] == [3, 4]


def test_a_job_goes_on_in_its_second_copy():
    job = run(pdf([1, 2, 3]), copies=2, first_page=5)
    assert job.data == b"[(2)(3)]"
    assert [number for number, _, _ in job.marks] == [5, 6]


def test_a_sheet_is_begun_again_at_its_front():
    job = run(pdf([1, 2, 3, 4]), sides="two-sided-long-edge", first_page=4)
    assert job.data == b"[(3)<4)]"
    assert [number for number, _, _ in job.marks] == [3, 4]


def test_a_two_sided_job_goes_on_in_its_second_copy():
    job = run(pdf([1, 2, 3]), sides="two-sided-long-edge", copies=2, first_page=7)
    assert job.data == b"[(3)]"
    job = run(pdf([1, 2, 3]), sides="two-sided-long-edge", copies=2, first_page=5)
    assert job.data == b"[(1)<2)(3)]"


@pytest.mark.parametrize("first", range(1, 8))
def test_copies_page_by_page_go_on_where_they_broke_off(first):
    whole = [1, 1, 1, 2, 2, 2]
    job = run(pdf([1, 2]), copies=3, collated=False, repeats_pages=False, first_page=first)
    left = b"".join(b"(%d)" % page for page in whole[first - 1 :])
    assert job.data == (b"[%s]" % left if left else b"")
    assert [number for number, _, _ in job.marks] == list(range(first, 7))


def test_a_job_whose_last_page_was_confirmed_prints_nothing_more():
    assert run(pdf([1, 2]), first_page=3).data == b""


# --- several pages on a side ------------------------------------------------------------------------------------------


def patches(side):
    """Black patches across and along the page."""
    found = []
    for axis in (0, 1):
        inked = np.concatenate(([0], side.any(axis=axis).astype(np.int8)))
        found.append(int((np.diff(inked) == 1).sum()))
    return tuple(found)


@pytest.mark.parametrize("kind", [pdf, pwg, urf, text], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("number_up", "sides"), [(2, 3), (4, 2)])
def test_number_up(kind, number_up, sides):
    job = run(kind([1] * 5), number_up=number_up)
    assert len(job.encoder.sides) == sides == len(job.marks)
    expected = {2: {(1, 2), (2, 1)}, 4: {(2, 2)}}[number_up]
    assert patches(job.encoder.sides[0]) in expected
    assert patches(job.encoder.sides[-1]) == (1, 1)


def test_number_up_counts_sides():
    assert run(pdf([1] * 5), number_up=4, copies=2).announced == [4]
    assert run(pdf([1] * 5), number_up=2, page_ranges=((2, 4),)).announced == [2]


# --- limits, and documents as they are --------------------------------------------------------------------------------


@EVERY
def test_no_more_pages_than_allowed(kind):
    assert len(run(kind([1] * 4), max_pages=4).marks) == 4
    with pytest.raises(DocumentError) as failure:
        run(kind([1] * 5), max_pages=4)
    assert "more than 4 pages" in failure.value.problem
    if kind is pdf:  # it was known before
        assert not failure.value.frames


def test_the_pages_of_all_documents_count():
    with pytest.raises(DocumentError):
        run(pdf([1] * 3), pwg([1] * 3), max_pages=5)
    assert len(run(pdf([1] * 3), pwg([1] * 2), max_pages=5, copies=2).marks) == 10


def test_documents_of_the_printers_own_language():
    job = run((NATIVE, b"one" * 100_000), (NATIVE, b"two"), copies=2)
    assert job.data == (b"{" + b"one" * 100_000 + b"}{two}") * 2
    assert not job.marks


@pytest.mark.parametrize("repeats_pages", [True, False])
def test_copies_of_the_printers_own_language_one_after_the_other(repeats_pages):
    job = run((NATIVE, b"one"), (NATIVE, b"two"), copies=2, collated=False, repeats_pages=repeats_pages)
    assert job.data == b"{one}{one}{two}{two}"


def test_a_page_that_cannot_be_drawn_does_not_begin():
    with pytest.raises(DocumentError) as failure:
        run(("image/png", b"\x89PNG\r\n\x1a\n and no more"))
    assert not [kind for kind, _ in failure.value.frames if kind == FrameKind.DATA]


def test_a_blank_page_is_a_page():
    job = run(pdf([0, 1]))
    assert job.data == b"[(0)(1)]"
