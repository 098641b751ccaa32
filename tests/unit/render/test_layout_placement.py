"""Geometry against numbers worked out by hand: A4 at 100 dpi is 827 by 1169, its printable area 793 by 1135 at (17, 17)."""

import pytest
from rendering import A4, A4_BORDERLESS, ROLL, a4, receipt

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.placement import Box, cells, place, place_in_cell

SHEET = a4(100)
LETTER, A5, A4_IN = (8.5, 11.0), (5.827, 8.268), (8.268, 11.693)


def placed(size, page=SHEET, *, sized=True, **ticket):
    media = ticket.pop("media", A4 if page.height_px else ROLL)
    found = place(*size, sized=sized, ticket=JobTicket(1, media, **ticket), page=page)
    return (found.left_px, found.top_px, found.width_px, found.height_px, found.turn)


def test_the_sheet_is_as_worked_out():
    assert (SHEET.media_width_px, SHEET.media_height_px, SHEET.width_px, SHEET.height_px) == (
        827,
        1169,
        793,
        1135,
    )


@pytest.mark.parametrize(
    ("size", "scaling", "expected"),
    [
        # A page as large as the medium is not scaled: its corner is the medium's.
        (A4_IN, "auto", (-17, -17, 827, 1169, 0)),
        (A4_IN, "auto-fit", (-17, -17, 827, 1169, 0)),
        (A4_IN, "none", (-17, -17, 827, 1169, 0)),
        (A4_IN, "fill", (-17, -17, 827, 1169, 0)),
        # 793 / 827 is the smaller ratio: the height is 1169 times 0.959 = 1121.
        (A4_IN, "fit", (0, 7, 793, 1121, 0)),
        # 595 points of 595.28 are the same paper.
        ((595 / 72, 842 / 72), "auto", (-17, -17, 826, 1169, 0)),
        # A smaller page is centred on the medium: (827 - 583) / 2 - 17.
        (A5, "auto", (105, 154, 583, 827, 0)),
        (A5, "fit", (0, 5, 793, 1125, 0)),
        (A5, "fill", (-17, -19, 827, 1173, 0)),
        # Letter is wider than A4: larger.
        (LETTER, "auto", (0, 54, 793, 1026, 0)),
        (LETTER, "none", (-29, 17, 850, 1100, 0)),
    ],
)
def test_print_scaling_of_sized_pages(size, scaling, expected):
    left, top, width, height, turn = placed(size, print_scaling=scaling)
    assert turn == expected[4]
    for found, wanted in zip((left, top, width, height), expected[:4], strict=True):
        assert abs(found - wanted) <= 1


def test_auto_fills_a_medium_without_margins_where_the_page_is_larger():
    page = a4(100, 0)
    assert placed(LETTER, page, media=A4_BORDERLESS) == (-38, 0, 903, 1169, 0)
    assert placed(LETTER, page, media=A4_BORDERLESS, print_scaling="auto-fit") == (0, 49, 827, 1070, 0)


@pytest.mark.parametrize("scaling", ["auto", "auto-fit", "fit"])
def test_a_photo_fits_the_page_whatever_its_size(scaling):
    for size in ((1.0, 1.5), (100.0, 150.0)):
        left, top, width, height, turn = placed(size, sized=False, print_scaling=scaling)
        assert (height, turn) == (1135, 0)
        assert abs(width - 757) <= 1
        assert abs(left - 18) <= 1
        assert top == 0


@pytest.mark.parametrize(
    ("size", "orientation", "turn"),
    [
        ((8.268, 11.693), 0, 0),
        ((11.693, 8.268), 0, 1),  # a landscape page on portrait paper is turned anticlockwise
        ((5.0, 5.0), 0, 0),
        ((11.693, 8.268), 3, 0),
        ((11.693, 8.268), 4, 1),
        ((11.693, 8.268), 5, 3),
        ((8.268, 11.693), 6, 2),
        ((8.268, 11.693), 4, 1),
    ],
)
def test_orientation(size, orientation, turn):
    assert placed(size, orientation_requested=orientation)[4] == turn


def test_a_small_page_that_keeps_its_size_is_not_turned():
    assert placed((5.0, 3.0))[2:] == (500, 300, 0)
    assert placed((5.0, 3.0), sized=False, print_scaling="none")[2:] == (500, 300, 0)
    assert placed((5.0, 3.0), print_scaling="fit")[4] == 1


def test_a_turned_page_of_the_same_paper_keeps_its_size():
    assert placed((11.693, 8.268)) == (-17, -17, 827, 1169, 1)


def test_a_resolution_that_differs_along_the_feed():
    page = PageFormat((180, 90), 1000, 1000, 1000, 1000)
    assert placed((2.0, 4.0), page, print_scaling="none") == (320, 320, 360, 360, 0)


class TestRoll:
    def test_a_wide_page_is_fitted_to_the_width_and_as_long_as_it_is(self):
        left, top, width, height, turn = placed(A4_IN, receipt())
        assert (left, top, width, turn) == (0, 0, 576, 0)
        assert abs(height - 576 * 11.693 / 8.268) <= 1

    def test_a_page_as_wide_as_the_printable_area_is_not_scaled(self):
        assert placed((576 / 203, 5.0), receipt()) == (0, 0, 576, 1015, 0)

    def test_a_narrow_page_is_centred(self):
        left, top, width, _, _ = placed((300 / 203, 5.0), receipt())
        assert (left, top, width) == (137, 0, 300)

    def test_a_page_as_wide_as_the_paper_loses_nothing(self):
        left, _, width, _, _ = placed((80 / 25.4, 6.0), receipt())
        assert (left, width) == (0, 576)

    def test_a_wide_ticket_is_not_turned(self):
        assert placed((2.8, 1.5), receipt())[4] == 0

    def test_fill_is_the_paper(self):
        left, top, width, _, _ = placed((4.0, 6.0), receipt(), print_scaling="fill")
        assert (left, top, width) == (-32, 0, 639)

    def test_none_clips(self):
        left, _, width, _, _ = placed((4.0, 6.0), receipt(), print_scaling="none")
        assert (left, width) == (-119, 812)

    def test_a_page_of_many_metres_is_refused(self):
        with pytest.raises(DocumentError) as caught:
            placed((0.5, 300.0), receipt(), print_scaling="fit")
        assert caught.value.reason == "document-unprintable-error"


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (float("nan"), 5), (float("inf"), 5), (5, 393_700)])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(DocumentError) as caught:
        placed(size)
    assert caught.value.reason == "document-unprintable-error"


class TestNumberUp:
    PAGE = PageFormat((100, 100), 800, 1000, 800, 1000)

    def boxes(self, number, page, *, wide):
        return [(cell.box, cell.turn) for cell in cells(number, page, landscape_pages=wide)]

    def test_two_upright_pages_stand_side_by_side_on_the_sheet_turned(self):
        # Looked at with the left edge up, the bottom half is on the left: the first page.
        assert self.boxes(2, self.PAGE, wide=False) == [(Box(0, 500, 800, 500), 1), (Box(0, 0, 800, 500), 1)]

    def test_two_wide_pages_stand_above_each_other(self):
        assert self.boxes(2, self.PAGE, wide=True) == [(Box(0, 0, 800, 500), 0), (Box(0, 500, 800, 500), 0)]

    def test_four_upright_pages_in_reading_order(self):
        assert self.boxes(4, self.PAGE, wide=False) == [
            (Box(0, 0, 400, 500), 0),
            (Box(400, 0, 400, 500), 0),
            (Box(0, 500, 400, 500), 0),
            (Box(400, 500, 400, 500), 0),
        ]

    def test_four_wide_pages_on_the_sheet_turned(self):
        assert self.boxes(4, self.PAGE, wide=True) == [
            (Box(0, 500, 400, 500), 1),
            (Box(0, 0, 400, 500), 1),
            (Box(400, 500, 400, 500), 1),
            (Box(400, 0, 400, 500), 1),
        ]

    def test_cells_cover_a_page_of_odd_size(self):
        page = PageFormat((100, 100), 801, 1001, 801, 1001)
        for wide in (False, True):
            area = sum(
                cell.box.width_px * cell.box.height_px for cell in cells(4, page, landscape_pages=wide)
            )
            assert area == 801 * 1001

    def test_a_page_is_as_large_as_its_cell_holds(self):
        cell = cells(2, self.PAGE, landscape_pages=False)[0]
        found = place_in_cell(4.0, 5.0, cell, JobTicket(1, A4, number_up=2), self.PAGE)
        # Turned it is 5 by 4: 500 high is 625 wide, in the middle of 800.
        assert (found.left_px, found.top_px, found.width_px, found.height_px, found.turn) == (
            87,
            500,
            625,
            500,
            1,
        )
