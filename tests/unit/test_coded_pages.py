"""What judges the fault matrix is judged: coded pages are read for what they are, whole, torn, twice, marked and damaged."""

from __future__ import annotations

import coded_pages
import numpy as np
import pytest
from coded_pages import drawn, judge, read, torn
from PIL import Image

ALL = range(6)


def verdict(*pictures: Image.Image, pages: int = 3, dpi: float = 203):
    return judge(read((picture, dpi) for picture in pictures), 5, pages, 6)


def page(number: int, strips=ALL, mark_rows: int = 0, dpi: float = 203, document: int = 5) -> Image.Image:
    return drawn(document, number, list(strips), dpi, mark_rows)


@pytest.mark.parametrize("dpi", [180, 203, 300, 600])
def test_a_job_as_it_shall_be(dpi):
    assert verdict(*(page(number, dpi=dpi) for number in range(3)), dpi=dpi).perfect


def test_several_pages_on_one_piece():
    rows = np.concatenate([np.asarray(page(number)) for number in range(3)])
    assert verdict(Image.fromarray(rows)).perfect


def test_a_missing_page_is_lost():
    assert verdict(page(0), page(2)).lost == (1,)


@pytest.mark.parametrize("rows", [0, 60, 130, 185])
def test_a_torn_page_is_lost_until_it_comes_whole(rows):
    first = torn(page(1), rows)
    assert verdict(page(0), first, page(2)).lost == (1,)
    again = verdict(page(0), first, page(1, mark_rows=20), page(2))
    assert (again.lost, again.doubled, again.marked) == ((), (), 1)


def test_what_comes_twice_wants_a_mark():
    assert verdict(page(0), page(1), page(1), page(2)).doubled == (1,)
    assert verdict(page(0), torn(page(1), 100), page(1), page(2)).doubled == (1,)
    assert verdict(page(0), page(1), page(1, mark_rows=20), page(2)).doubled == ()


def test_a_head_without_a_strip_may_come_again():
    assert verdict(page(0), torn(page(1), 40), page(1), page(2)).perfect


def test_a_strip_that_is_missing_or_spoiled_makes_a_page_lost():
    assert verdict(page(0), page(1, [0, 1, 2, 4, 5]), page(2)).lost == (1,)
    spoiled = np.asarray(page(1)).copy()
    spoiled[100:104, 100:180] ^= True
    assert verdict(page(0), Image.fromarray(spoiled), page(2)).lost == (1,)
    gap = np.insert(np.asarray(page(1)), [100] * 6, True, axis=0)
    assert verdict(page(0), Image.fromarray(gap), page(2)).lost == (1,)


def test_shifted_rows_make_a_page_lost():
    shifted = np.asarray(page(1)).copy()
    shifted[96:] = np.roll(shifted[96:], 8, axis=1)
    shifted[96:, :8] = True
    found = read([(Image.fromarray(shifted), 203)])
    assert found.copies[0].strips == list(range(6)), "every strip can be read"
    assert not found.copies[0].is_whole(6), "but the page is no page"


def test_pages_of_others_and_ink_of_nobody():
    found = verdict(page(0, document=4), page(0), page(1), page(2))
    assert (found.strangers, found.perfect) == (1, False)
    noise = Image.fromarray(np.random.default_rng(1).random((40, 300)) < 0.5)
    assert verdict(page(0), noise, page(1), page(2)).stray_rows > 30


def test_disorder():
    assert verdict(page(0), page(2), page(1)).disordered == 1


def test_every_word_is_read_as_itself():
    words = {
        coded_pages._word(document, number, strip): (document, number, strip)
        for document in range(16)
        for number in range(16)
        for strip in range(32)
    }
    assert len(words) == 16 * 16 * 32
    assert all(coded_pages._meaning(word) == meaning for word, meaning in words.items())
