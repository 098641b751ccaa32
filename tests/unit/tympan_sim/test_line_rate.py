"""A simulated line's speed, time as a parameter."""

from __future__ import annotations

import pytest

from tympan_sim.line_rate import LineRate


@pytest.mark.parametrize("baud", [300, 9600, 115_200, 921_600])
@pytest.mark.parametrize("step_s", [0.0003, 0.004, 0.02])
def test_so_many_bytes_a_second(baud, step_s):
    """Ten bits a byte; a loop that looks seldom moves less, and never more."""
    line, now, passed = LineRate(baud), 100.0, 0
    while now < 110.0:
        count = line.allowance(now)
        line.passed(count)
        passed += count
        now = max(now + step_s, line.due()) if step_s < 0.005 else now + step_s
    assert passed <= 10.1 * baud / 10 + 2
    if step_s < 0.005:
        assert passed > 9.8 * baud / 10 - 2


def test_nothing_before_it_is_due():
    line = LineRate(9600)
    line.passed(line.allowance(0.0))
    while line.allowance(0.0):
        line.passed(line.allowance(0.0))
    due = line.due()
    assert 0 < due < 0.02
    assert line.allowance(due - 0.001) == 0
    assert line.allowance(due + 1e-9) > 0


def test_a_line_that_was_idle_saves_nothing_up():
    line = LineRate(9600)
    line.passed(line.allowance(0.0))
    assert line.allowance(1000.0) <= 10
