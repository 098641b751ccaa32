"""A whole job: which pages come out, in which order, how often, on which side, and what is said of them on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from pdf_samples import pages
from rendering import A4, MemoryDocument
from samples import apple_raster, pwg_raster

from tympan.driver.contract import Capabilities, PageFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.frames import MAX_FRAME_BYTES, FrameKind
from tympan.render.job import run_job
from tympan.render.request import DocumentSpec, RenderRequest

DPI = 100
WIDTH, HEIGHT = 827, 1169  # A4
NATIVE = "application/x-native"


@dataclass
class Encoder:
    """Writes down what it is asked for; each side ends with the pixels it was given."""

    repeats_pages: bool
    copies_asked: list[int] = field(default_factory=list)
    sides: list[np.ndarray] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    extension = "txt"

    def page_format(self):
        return PageFormat((DPI, DPI), WIDTH, HEIGHT, WIDTH, HEIGHT, repeats_pages=self.repeats_pages)

    def text_format(self):
        return None

    def can_encode(self, _text):
        return False

    def begin_job(self):
        return b"["

    def begin_page(self, copies, *, back=False):
        assert self.repeats_pages or copies == 1
        self.copies_asked.append(copies)
        self.rows = []
        return b"<" if back else b"("

    def band(self, rows):
        self.rows.append(np.array(rows))
        return b"."

    def end_page(self):
        self.sides.append(np.unpackbits(np.concatenate(self.rows), axis=1)[:, :WIDTH])
        return b"%d)" % size_of(self.sides[-1])

    def end_job(self):
        return b"]"


class Driver:
    name = "test"

    def __init__(self, *, repeats_pages=True):
        self.made = Encoder(repeats_pages)

    def encoder(self, _profile, _ticket):
        return self.made

    def capabilities(self, _profile):
        return Capabilities("Test", "", (NATIVE,), "txt", ((DPI, DPI),), (A4,), {})

    def raw_prologue(self, _profile):
        return b"{"

    def raw_epilogue(self, _profile):
        return b"}"


@dataclass
class Job:
    data: bytes
    marks: list[tuple[int, bool, int]]
    begun: list[int]
    announced: list[int]
    kinds: list[FrameKind]
    encoder: Encoder


def run(*documents, repeats_pages=True, max_pages=1000, **ticket):
    driver = Driver(repeats_pages=repeats_pages)
    request = RenderRequest(
        "test",
        "profile",
        JobTicket(1, A4, resolution_dpi=(DPI, DPI), **{"print_scaling": "none", **ticket}),
        tuple(DocumentSpec(kind, len(content)) for kind, content in documents),
        max_pages=max_pages,
    )
    frames = []
    try:
        run_job(
            driver,
            request,
            [MemoryDocument(content) for _, content in documents],
            lambda kind, payload: frames.append((kind, bytes(payload))),
        )
    except DocumentError as error:
        error.frames = frames
        raise
    assert all(len(payload) <= MAX_FRAME_BYTES for _, payload in frames)

    def said(kind):
        return [json.loads(payload) for each, payload in frames if each == kind]

    return Job(
        b"".join(payload for kind, payload in frames if kind == FrameKind.DATA).replace(b".", b""),
        [(each["number"], each["back"], each["copies"]) for each in said(FrameKind.PAGE_END)],
        [each["number"] for each in said(FrameKind.PAGE_BEGIN)],
        [each["impressions"] for each in said(FrameKind.PAGES)],
        [kind for kind, _ in frames],
        driver.made,
    )


# --- documents whose page n has a black square of n times 40 dots, or n lines of text --------------------------------------


def size_of(side):
    """Which page a side shows: the number of its square."""
    return round(float(np.sqrt(side.sum())) / 40)


def squares(numbers):
    for number in numbers:
        picture = np.full((HEIGHT, WIDTH), 255, np.uint8)
        picture[200 : 200 + 40 * number, 100 : 100 + 40 * number] = 0
        yield picture


def pdf(numbers):
    side = 40 * 72 / DPI
    return "application/pdf", pages([
        b"100 200 %f %f re f" % (side * number, side * number) for number in numbers
    ])  # fmt: skip


def pwg(numbers):
    return "image/pwg-raster", pwg_raster(list(squares(numbers)), dpi=DPI, raster_type="black_1")


def urf(numbers):
    return "image/urf", apple_raster(list(squares(numbers)), dpi=DPI)


def text(numbers):
    return "text/plain", "\f".join("\n".join("█" * 10 for _ in range(number)) for number in numbers).encode()


def lines_of(side):
    """How many lines of text a side has."""
    inked = np.concatenate(([0], side.any(axis=1).astype(np.int8)))
    return int((np.diff(inked) == 1).sum())


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
