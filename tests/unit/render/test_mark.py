"""The mark on sides that may come out a second time: where it stands, what it leaves alone, and which sides have it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from render_jobs import HEIGHT, NATIVE, WIDTH, Driver, pdf, run, size_of, squares, text
from rendering import RECEIPT_FONT

from tympan.driver.contract import PageFormat
from tympan.render.mark import marked

TEXT = "Copy: may have been printed before"
DPI = 100
SHEET = PageFormat((DPI, DPI), WIDTH, HEIGHT, WIDTH, HEIGHT)
ROLL = PageFormat((203, 203), 576, None, 640, 2000, trim_tail=True, lead_max_px=80, repeats_pages=False)


def dots(parts, width=WIDTH):
    return np.unpackbits(np.concatenate(list(parts)), axis=1)[:, :width]


def grey_page(seed=1):
    """A page that is black and white everywhere."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (HEIGHT, (WIDTH + 7) // 8), np.uint8)


def cut(page, heights):
    ends = itertools.takewhile(lambda end: end < len(page), itertools.accumulate(itertools.cycle(heights)))
    return np.split(page, list(ends))


def test_on_a_sheet_it_is_a_small_box_at_the_head_and_nothing_else_changes():
    page = grey_page()
    with_mark, without = dots(marked([page], TEXT, SHEET, None, bool)), dots([page])
    assert with_mark.shape == without.shape
    rows = np.flatnonzero((with_mark != without).any(axis=1))
    columns = np.flatnonzero((with_mark != without).any(axis=0))
    # A line of 10 points with its frame, where no pixel of the page is left; half a hand wide, in the middle.
    assert rows[0] <= 1
    assert rows[-1] < DPI * 0.3
    assert WIDTH * 0.2 < columns[0] < columns[-1] < WIDTH * 0.8
    assert abs((columns[0] + columns[-1]) / 2 - WIDTH / 2) < 8
    box = with_mark[1 : rows[-1], columns[0] + 2 : columns[-1] - 2]
    assert 0.03 < box.mean() < 0.3, "letters on white"


def test_on_a_sheet_it_is_seen_on_black():
    page = np.full((HEIGHT, (WIDTH + 7) // 8), 0xFF, np.uint8)
    shown = dots(marked([page], TEXT, SHEET, None, bool))
    assert (shown[:30] == 0).sum() > 2000
    assert shown[30:].all()


@pytest.mark.parametrize("heights", [[1], [7, 3], [16], [2000], [5, 400]])
def test_bands_of_any_height_make_the_same_sheet(heights):
    page = grey_page()
    whole = dots(marked([page], TEXT, SHEET, None, bool))
    parts = cut(page, heights)
    before = [part.copy() for part in parts]
    assert (dots(marked(parts, TEXT, SHEET, None, bool)) == whole).all()
    assert all((one == other).all() for one, other in zip(parts, before, strict=True)), (
        "the page is not touched"
    )


def test_it_holds_no_more_than_a_band():
    """What comes after a band is asked for only when that has been taken."""
    asked = []

    def bands():
        for number, part in enumerate(cut(grey_page(), [50])):
            asked.append(number)
            yield part

    for number, _ in enumerate(marked(bands(), TEXT, SHEET, None, bool)):
        assert len(asked) <= number + 1


def test_on_a_roll_it_stands_before_the_page_in_the_printer_s_letters():
    page = np.zeros((40, 72), np.uint8)
    parts = list(marked([page, "Total 4.30"], TEXT, ROLL, RECEIPT_FONT, str.isascii))
    lines = [part for part in parts if isinstance(part, str)]
    assert lines == ["=" * 48, "       Copy: may have been printed before", "=" * 48, "Total 4.30"]
    assert parts[-2] is page
    long = list(marked([], "Copy " * 30, ROLL, RECEIPT_FONT, str.isascii))[:-1]
    assert all(len(line) <= 48 for line in long)
    assert " ".join(" ".join(long[1:-1]).split()) == ("Copy " * 30).strip()


@pytest.mark.parametrize("letters", [None, RECEIPT_FONT])
def test_on_a_roll_it_is_drawn_where_the_printer_s_letters_do_not_do(letters):
    page = np.full((40, 72), 0xFF, np.uint8)
    parts = list(marked([page], "Копия", ROLL, letters, str.isascii))
    assert not [part for part in parts if isinstance(part, str)]
    assert parts[-1] is page
    box = dots(parts[:1], 576)
    assert box[0].all()
    assert box[-1].all()
    assert 0.01 < box[2:-2, 2:-2].mean() < 0.4
    assert not parts[1].any(), "white between it and the page"


def test_a_text_that_is_longer_than_the_page_is_broken():
    narrow = PageFormat((DPI, DPI), 120, 500, 120, 500)
    shown = dots(marked([np.zeros((500, 15), np.uint8)], TEXT, narrow, None, bool), 120)
    rows = np.flatnonzero(shown.any(axis=1))
    assert shown.shape == (500, 120)
    # 34 letters at twelve in a line are three lines or more.
    assert 3 * DPI * 10 / 72 < rows[-1] < 6 * DPI * 10 / 72


# --- which sides --------------------------------------------------------------------------------------------------------


def has_mark(side):
    """Whether there is ink at the head, where the squares leave it white."""
    return bool(side[:40].any())


def sides_with_mark(job):
    return [(size_of(side[100:]), has_mark(side)) for side in job.encoder.sides]


def test_those_that_may_have_come_out_before():
    job = run(pdf([1, 2, 3, 4, 5]), first_page=2, marked_to=3, mark=TEXT)
    assert sides_with_mark(job) == [(2, True), (3, True), (4, False), (5, False)]
    assert [number for number, _, _ in job.marks] == [2, 3, 4, 5]


@pytest.mark.parametrize(("marked_to", "mark"), [(0, TEXT), (9, "")])
def test_none_where_there_is_none(marked_to, mark):
    job = run(pdf([1, 2]), marked_to=marked_to, mark=mark)
    assert sides_with_mark(job) == [(1, False), (2, False)]


def test_the_front_that_comes_again_because_its_back_is_missing():
    job = run(pdf([1, 2, 3, 4]), sides="two-sided-long-edge", first_page=4, marked_to=4, mark=TEXT)
    assert sides_with_mark(job) == [(3, True), (4, True)]


def test_copies_of_a_page_that_the_printer_does_not_make():
    """Three copies of each page: of the second, the first has come, the second may have, the third has not."""
    job = run(
        pdf([1, 2]), copies=3, collated=False, repeats_pages=False, first_page=5, marked_to=5, mark=TEXT
    )
    assert [number for number, _, _ in job.marks] == [5, 6]
    assert sides_with_mark(job) == [(2, True), (2, False)]
    job = run(
        pdf([1, 2]), copies=3, collated=False, repeats_pages=False, first_page=2, marked_to=5, mark=TEXT
    )
    assert [number for number, _, _ in job.marks] == [2, 3, 4, 5, 6]
    assert sides_with_mark(job) == [(1, True), (2, True), (2, False)]
    assert job.data.count(b"(") == 5


def test_text_is_drawn_on_sheets_that_have_the_mark():
    job = run(text([1]), marked_to=1, mark=TEXT)
    assert has_mark(job.encoder.sides[0])


def test_a_document_in_the_printer_s_language_is_marked_as_a_whole(monkeypatch):
    monkeypatch.setattr(
        Driver, "raw_mark", lambda _self, _profile, mark: b"<%s>" % mark.encode(), raising=False
    )
    native = (NATIVE, b"native")
    assert run(native, copies=2, marked_to=1, mark="M").data == b"{<M>native}{<M>native}"
    assert run(native, copies=2, mark="M").data == b"{native}{native}"


def test_squares_leave_the_head_white():
    assert not any((picture[:50] != 255).any() for picture in squares([1, 2]))
