"""Ranges of numbers as IPP gives them, as tickets have them."""

from __future__ import annotations

from collections.abc import Iterable

from tympan.driver.ticket import Ranges
from tympan.ipp import RangeOfInteger


def merge_ranges(ranges: Iterable[object]) -> Ranges:
    """Ranges in ascending order without overlap; what is no range is passed over."""
    merged: list[tuple[int, int]] = []
    for span in sorted((span.lower, span.upper) for span in ranges if isinstance(span, RangeOfInteger)):
        if merged and span[0] <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
        else:
            merged.append(span)
    return tuple(merged)
