"""A contact's edges as taps and holds, with the clock in hand."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.panel.button import Button, Gesture, Times


def play(edges, until, times=None):
    """Gestures of edges (when, down), each with its time to the hundredth of a second."""
    button = Button(times or Times())
    told = []
    for at, down in edges:
        told += button.edge(at, down=down)
    told += button.advance(until)
    return [(each.gesture.value, round(each.at_s, 3)) for each in told]


def test_a_tap():
    assert play([(1.0, True), (1.1, False)], 5) == [("pressed", 1.0), ("tap", 1.1), ("taps-ended", 1.5)]


def test_two_taps_belong_together_and_a_third_comes_too_late():
    edges = [(1.0, True), (1.1, False), (1.3, True), (1.4, False), (2.5, True), (2.6, False)]
    assert play(edges, 5) == [
        ("pressed", 1.0),
        ("tap", 1.1),
        ("pressed", 1.3),
        ("tap", 1.4),
        ("taps-ended", 1.8),
        ("pressed", 2.5),
        ("tap", 2.6),
        ("taps-ended", 3.0),
    ]


def test_a_hold_is_told_while_it_lasts_and_at_its_end():
    assert play([(1.0, True), (5.5, False)], 9) == [("pressed", 1.0), ("hold", 4.0), ("released", 5.5)]


def test_a_long_hold():
    assert play([(1.0, True), (13.0, False)], 20) == [
        ("pressed", 1.0),
        ("hold", 4.0),
        ("long-hold", 11.0),
        ("released", 13.0),
    ]


def test_a_contact_that_chatters_is_one_press():
    edges = [(1.0, True), (1.003, False), (1.005, True), (1.009, False), (1.012, True)]
    edges += [(1.2, False), (1.201, True), (1.204, False)]
    assert play(edges, 5) == [("pressed", 1.0), ("tap", 1.2), ("taps-ended", 1.6)]


def test_a_spike_that_is_shorter_than_chatter_is_a_tap_and_not_a_button_that_stays_down():
    assert play([(1.0, True), (1.01, False)], 5) == [("pressed", 1.0), ("tap", 1.025), ("taps-ended", 1.425)]


def test_due_is_when_something_comes_and_nothing_comes_before():
    button = Button(Times())
    assert button.due_s is None
    button.edge(1.0, down=True)
    assert button.due_s == 4.0
    assert button.advance(3.999) == []
    assert [each.gesture for each in button.advance(4.0)] == [Gesture.HOLD]
    assert button.due_s == 11.0
    button.edge(5.0, down=False)
    assert button.due_s is None


@settings(deadline=None)
@given(st.lists(st.floats(0.0001, 5.0), max_size=40))
def test_presses_and_ends_take_turns_whatever_the_contact_does(gaps):
    button, told, now, down = Button(Times()), [], 0.0, False
    for gap in gaps:
        now += gap
        down = not down
        told += button.edge(now, down=down)
    told += button.advance(now + 60)
    ends = {Gesture.TAP, Gesture.RELEASED}
    sequence = [each for each in told if each.gesture is Gesture.PRESSED or each.gesture in ends]
    for first, second in itertools.pairwise(sequence):
        assert (first.gesture is Gesture.PRESSED) != (second.gesture is Gesture.PRESSED)
        assert second.at_s >= first.at_s
    assert button.down == down
    assert [each.at_s for each in told] == sorted(each.at_s for each in told)
