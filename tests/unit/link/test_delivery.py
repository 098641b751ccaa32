"""What of an attempt has come out: by what the device says, or by what its buffer cannot hold any more."""

from __future__ import annotations

import pytest

from tympan.link.delivery import Delivery
from tympan.render.frames import PageMark


def sides(delivery, *marks, size=100, unsent=0):
    """Bring whole sides to the device."""
    for mark in marks:
        delivery.begins(mark)
        delivery.sent(size, unsent)
        delivery.ended(mark)


def simplex(count, first=1):
    return [PageMark(number) for number in range(first, first + count)]


def counts(delivery):
    return delivery.number, delivery.impressions, delivery.sheets


def test_without_a_buffer_what_was_written_has_come_out():
    delivery = Delivery(by_pages=False, buffer_bytes=0)
    sides(delivery, *simplex(3))
    assert counts(delivery) == (3, 3, 3)
    assert delivery.written == 300


@pytest.mark.parametrize(
    ("buffer_bytes", "unsent", "come_out"),
    [(0, 0, 5), (1, 0, 4), (100, 0, 4), (101, 0, 3), (350, 0, 1), (500, 0, 0), (0, 100, 4), (100, 101, 2)],
)
def test_what_the_buffer_may_hold_has_not(buffer_bytes, unsent, come_out):
    delivery = Delivery(by_pages=False, buffer_bytes=buffer_bytes)
    sides(delivery, *simplex(5), unsent=unsent)
    assert counts(delivery) == (come_out, come_out, come_out)
    assert delivery.ended_to == 5
    delivery.all_came_out()
    assert counts(delivery) == (5, 5, 5)


def test_what_has_left_this_machine_at_last_counts():
    delivery = Delivery(by_pages=False, buffer_bytes=0)
    sides(delivery, *simplex(2), unsent=150)
    assert delivery.number == 0
    delivery.sent(0, 0)
    assert delivery.number == 2


def test_where_the_device_says_what_has_come_out_nothing_else_counts():
    delivery = Delivery(by_pages=True, buffer_bytes=0)
    sides(delivery, *simplex(5, first=3))
    assert counts(delivery) == (0, 0, 0)
    delivery.pages_confirmed(4)
    assert counts(delivery) == (4, 2, 2)
    delivery.pages_confirmed(4)
    delivery.pages_confirmed(2)
    assert counts(delivery) == (4, 2, 2)
    delivery.sent(1_000_000, 0)
    assert counts(delivery) == (4, 2, 2)


def test_a_device_that_does_not_confirm_after_all_is_counted_by_bytes():
    delivery = Delivery(by_pages=True, buffer_bytes=100)
    sides(delivery, *simplex(3))
    delivery.not_by_pages()
    assert counts(delivery) == (2, 2, 2)


def test_a_device_that_confirms_all_the_same_is_believed():
    delivery = Delivery(by_pages=False, buffer_bytes=10_000)
    sides(delivery, *simplex(3))
    delivery.pages_confirmed(2)
    assert counts(delivery) == (2, 2, 2)
    delivery.sent(1_000_000, 0)
    assert counts(delivery) == (2, 2, 2)


DUPLEX = [PageMark(1), PageMark(2, back=True), PageMark(3), PageMark(4, back=True)]


def test_a_sheet_has_come_out_with_its_back():
    delivery = Delivery(by_pages=True, buffer_bytes=0)
    sides(delivery, *DUPLEX)
    delivery.pages_confirmed(1)
    assert counts(delivery) == (0, 0, 0)
    delivery.pages_confirmed(2)
    assert counts(delivery) == (2, 2, 1)
    delivery.pages_confirmed(4)
    assert counts(delivery) == (4, 4, 2)


def test_a_front_whose_back_has_begun_has_not_come_out():
    delivery = Delivery(by_pages=True, buffer_bytes=0)
    sides(delivery, DUPLEX[0])
    delivery.begins(DUPLEX[1])
    delivery.pages_confirmed(1)
    assert counts(delivery) == (0, 0, 0)


def test_copies_that_the_printer_makes_are_counted():
    delivery = Delivery(by_pages=True, buffer_bytes=0)
    sides(delivery, PageMark(1, copies=3), PageMark(2, back=True, copies=3), PageMark(3, copies=2))
    delivery.pages_confirmed(3)
    assert counts(delivery) == (3, 8, 5)


def test_a_side_was_sent_when_any_byte_of_it_was():
    delivery = Delivery(by_pages=False, buffer_bytes=10_000)
    delivery.sent(10, 0)  # what opens the job
    assert delivery.sent_to == 0
    sides(delivery, *simplex(2, first=5))
    delivery.begins(PageMark(7))
    assert delivery.sent_to == 6
    delivery.sent(1, 0)
    assert (delivery.sent_to, delivery.number) == (7, 0)
