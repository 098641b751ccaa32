from dataclasses import replace

import numpy as np
import pytest
from pdf_samples import pages
from raster_samples import K, pwg
from rendering import A4, MemoryDocument, a4, ink_box, receipt, render

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.layout import impression_count, impressions
from tympan.render.sources import open_source

SHEET = a4(100)


def bars(count):
    """A page for each number: so many bars."""
    return pages(
        [
            b"".join(b"%d 700 20 20 re f " % (50 + 40 * bar) for bar in range(number))
            for number in range(1, count + 1)
        ]
    )


def bar_count(bits):
    columns = bits.any(axis=0).astype(int)
    return int((np.diff(columns) == 1).sum())


@pytest.mark.parametrize(
    ("ranges", "printed"),
    [((), [1, 2, 3, 4, 5]), (((2, 3),), [2, 3]), (((1, 1), (4, 9)), [1, 4, 5]), (((5, 5),), [5])],
)
def test_page_ranges(ranges, printed):
    out = render("application/pdf", bars(5), SHEET, page_ranges=ranges)
    assert [bar_count(page) for page in out.pages] == printed


def test_page_ranges_beyond_the_document_are_an_error():
    with pytest.raises(DocumentError, match="page ranges"):
        render("application/pdf", bars(2), SHEET, page_ranges=((7, 9),))


def test_reading_ends_with_the_last_page_asked_for():
    rows = np.random.default_rng(0).integers(0, 255, (200, 1000), np.uint8)
    document = MemoryDocument(pwg([rows] * 20, 1000, (300, 300)), piece=4096)
    render("image/pwg-raster", document, SHEET, page_ranges=((1, 2),))
    assert document.furthest < 3 * 230_000


@pytest.mark.parametrize(
    ("number_up", "ranges", "sides"),
    [(1, (), 5), (2, (), 3), (4, (), 2), (2, ((2, 4),), 2), (1, ((4, 9),), 2)],
)
def test_the_count_of_sides(number_up, ranges, sides):
    ticket = JobTicket(1, A4, number_up=number_up, page_ranges=ranges)
    source = open_source("application/pdf", MemoryDocument(bars(5)), ticket, SHEET, None, str.isascii)
    assert impression_count(source, ticket) == sides
    assert len(list(impressions(source, ticket, SHEET))) == sides


def test_two_up_puts_the_first_page_where_the_reader_looks_first():
    out = render("application/pdf", bars(3), SHEET, number_up=2)
    assert len(out.pages) == 2
    # The reader turns the sheet clockwise, so that its left edge is up.
    sheet = np.rot90(out.pages[0], -1)
    half = sheet.shape[1] // 2
    assert [bar_count(sheet[:, :half]), bar_count(sheet[:, half:])] == [1, 2]
    last = np.rot90(out.pages[1], -1)
    assert [bar_count(last[:, :half]), bar_count(last[:, half:])] == [3, 0]
    # The pages are upright then: the bars are near the top.
    assert ink_box(sheet)[1] < sheet.shape[0] / 4


@pytest.mark.parametrize("number_up", [2, 4])
def test_raster_and_pdf_make_the_same_side(number_up):
    """A raster page can be read once only, a PDF's at any time: both have to end up at the same places."""
    width, height = 827, 1169
    rasters = []
    for number in range(1, 6):
        bits = np.zeros((height, width), np.uint8)
        for bar in range(number):
            left = (50 + 40 * bar) / 72 * 100
            bits[
                round((842 - 720) / 72 * 100) : round((842 - 700) / 72 * 100),
                round(left) : round(left + 20 / 72 * 100),
            ] = 1
        rasters.append(np.packbits(bits, axis=1))
    from_raster = render(
        "image/pwg-raster", pwg(rasters, width, (100, 100), K, 1), SHEET, number_up=number_up
    )
    from_pdf = render("application/pdf", bars(5), SHEET, number_up=number_up)
    assert len(from_raster.pages) == len(from_pdf.pages)
    for one, other in zip(from_raster.pages, from_pdf.pages, strict=True):
        assert np.abs(np.subtract(ink_box(one), ink_box(other))).max() <= 2
        assert (one != other).mean() < 0.002


def test_a_blank_tail_is_trimmed_on_a_roll_and_kept_on_a_sheet():
    document = pages([b"0 0 0 rg 100 800 50 20 re f"])
    roll = render("application/pdf", document, receipt()).pages[0]
    assert roll[-1].any()
    assert len(roll) < 60
    assert len(render("application/pdf", document, SHEET).pages[0]) == SHEET.height_px


def test_white_between_two_marks_stays_on_a_roll():
    document = pages([b"0 0 0 rg 100 800 50 20 re f 100 10 50 20 re f"])
    roll = render("application/pdf", document, receipt()).pages[0]
    left, top, right, bottom = ink_box(roll)
    scale = 576 / 595.28
    assert abs(bottom - top - 810 * scale) <= 2
    assert abs(left - 100 * scale) <= 1
    assert abs(right - 150 * scale) <= 1


@pytest.mark.parametrize(("lead", "rows"), [(None, 40), (0, 0), (17, 17), (1000, 40)])
def test_white_at_the_head_of_a_roll_is_limited(lead, rows):
    document = pages([b"0 0 0 rg 100 780.56 50 20 re f"])
    roll = render("application/pdf", document, replace(receipt(), lead_max_px=lead)).pages[0]
    assert abs(ink_box(roll)[1] - rows) <= 1
    assert abs(len(roll) - rows - 19) <= 1


def test_an_empty_page_on_a_roll_makes_no_rows():
    assert len(render("application/pdf", pages([b""]), receipt()).pages[0]) == 0


@pytest.mark.parametrize("width", [831, 832, 833])
def test_widths_that_are_no_multiple_of_eight(width):
    page = PageFormat((100, 100), width, 500, width, 500)
    bits = render("application/pdf", pages([b"0 0 9000 9000 re f"]), page, print_scaling="fill").pages[0]
    assert bits.all()


def test_sides_can_be_passed_over_without_being_drawn():
    ticket = JobTicket(1, A4)
    rows = [np.full((50, 100), 40 * number, np.uint8) for number in range(1, 5)]
    source = open_source(
        "image/pwg-raster", MemoryDocument(pwg(rows, 100, (100, 100))), ticket, SHEET, None, str.isascii
    )
    tones = []
    for impression in impressions(source, ticket, SHEET):
        if impression.number % 2 == 0:
            tones.append(np.unpackbits(np.concatenate(list(impression.bands())), axis=1).sum() / 5000)
    assert tones == pytest.approx([1 - 80 / 255, 1 - 160 / 255], abs=0.02)


def test_a_source_can_be_read_again_for_the_next_copy():
    ticket = JobTicket(1, A4)
    rows = np.random.default_rng(2).integers(0, 256, (300, 300), np.uint8)
    for document_format, data in (
        ("image/pwg-raster", pwg([rows, rows], 300)),
        ("application/pdf", bars(2)),
        ("text/plain", b"a\fb\n"),
    ):
        source = open_source(document_format, MemoryDocument(data), ticket, SHEET, None, str.isascii)
        copies = [
            [b"".join(bytes(band) for band in side.bands()) for side in impressions(source, ticket, SHEET)]
            for _ in range(2)
        ]
        assert copies[0] == copies[1]
        assert len(copies[0]) == 2
