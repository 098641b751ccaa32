"""PINs by taps, with the clock in hand."""

from __future__ import annotations

import pytest

from tympan.panel.pin_entry import Entry, PinEntry


def enter(counts, gap_s=0.2, pause_s=1.2, until_s=100.0):
    """What comes of so many taps for each digit."""
    entry, now, told = PinEntry(1.0, 3.5), 0.0, []
    for count in counts:
        for _ in range(count):
            now += gap_s
            told += entry.advance(now)
            entry.tap(now)
        now += pause_s
    return told + entry.advance(now + until_s)


def test_one_two_three_zero():
    told = enter([1, 2, 3, 10])
    assert [each.entry for each in told] == [Entry.DIGIT] * 4 + [Entry.PIN]
    assert told[-1].digits == "1230"


def test_eleven_taps_are_no_digit_and_spoil_the_pin():
    assert [each.entry for each in enter([1, 11])] == [Entry.DIGIT, Entry.BROKEN]


def test_a_long_pause_ends_the_pin_and_another_begins():
    told = enter([4, 2]) + enter([7])
    assert [each.digits for each in told if each.entry is Entry.PIN] == ["42", "7"]


def test_while_the_button_is_down_nothing_ends():
    entry = PinEntry(1.0, 3.5)
    entry.tap(0.0)
    entry.touched(0.9)
    assert entry.advance(1.5) == []
    assert [each.entry for each in entry.advance(1.9)] == [Entry.DIGIT]


def test_nobody_fills_the_memory():
    assert enter([1] * 33)[-1].entry is Entry.BROKEN


@pytest.mark.parametrize("pin", ["0000", "1234", "9071", "5"])
def test_every_pin(pin):
    assert enter([int(digit) or 10 for digit in pin])[-1].digits == pin
