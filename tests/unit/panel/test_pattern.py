"""What lights and buzzers do over time, against times that are counted by hand."""

from __future__ import annotations

import pytest

from tympan.panel import pattern


def times_on(shown, length_s, step_s=0.005):
    """When it goes on and off within `length_s`."""
    changes, before = [], False
    for number in range(round(length_s / step_s)):
        now = shown.at(number * step_s).on
        if now != before:
            changes.append((round(number * step_s, 2), now))
        before = now
    return changes


def test_solid_and_off_never_change():
    assert pattern.ON.at(12345.6) == (True, pattern.FOREVER)
    assert pattern.OFF.at(0.0) == (False, pattern.FOREVER)


def test_slow_is_a_second_on_and_a_second_off():
    assert times_on(pattern.SLOW, 4.0) == [(0.0, True), (1.0, False), (2.0, True), (3.0, False)]
    assert pattern.SLOW.at(0.25).left_s == pytest.approx(0.75)


def test_three_blinks_and_a_pause():
    shown = pattern.counted(3)
    assert times_on(shown, 3.0) == [
        (0.0, True), (0.25, False), (0.5, True), (0.75, False), (1.0, True), (1.25, False), (2.75, True),
    ]  # fmt: skip


def test_two_winks_of_a_light_that_is_on():
    changes = times_on(pattern.winks(2), 3.4)
    assert changes == [(0.15, True), (0.4, False), (0.55, True)]
    assert times_on(pattern.winks(2), 3.9)[-2:] == [(3.55, False), (3.7, True)]


def test_a_light_that_stands_alone_says_both():
    changes = times_on(pattern.attention(2), pattern.attention(2).length_s)
    fast = [at for at, on in changes if on and at < 1.0]
    assert fast == [0.0, 0.25, 0.5, 0.75]
    assert [at for at, on in changes if on and at >= 1.0] == [1.75, 2.25]


def test_a_countdown_hurries():
    shown = pattern.countdown(7.0, 5.0)
    assert not shown.at(1.9).on
    per_second = [
        sum(1 for at, on in times_on(shown, 7.0) if on and second <= at + 0.001 < second + 1)
        for second in range(7)
    ]
    assert per_second == [0, 0, 1, 2, 3, 4, 5]
    assert shown.at(7.1) == (False, pattern.FOREVER)


@pytest.mark.parametrize("shown", [pattern.SLOW, pattern.counted(4), pattern.attention(9), pattern.winks(3)])
def test_what_is_left_leads_to_the_next_change(shown):
    now = 0.0
    for _ in range(100):
        state = shown.at(now)
        assert state.left_s > 0
        before = shown.at(now + state.left_s - 1e-6)
        assert before.on == state.on
        now += state.left_s + 1e-9
