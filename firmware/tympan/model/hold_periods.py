"""The named periods that a job can be held for, RFC 8011 §5.2.2, and kept until the end of, PWG 5100.7: what each keyword means.

It has no clock: whoever asks brings the time. Whether a period has begun is a question about one moment, so the answer is
right after a restart and after the clock was set; nothing is reckoned ahead.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

NO_HOLD: Final = "no-hold"
INDEFINITE: Final = "indefinite"
"""Until somebody releases the job."""

CLOCK_IS_SET_FROM: Final = 1_704_067_200
"""Unix time, 1 January 2024: a clock that shows less has not been set since the machine started (a Raspberry Pi starts in 1970)."""

SATURDAY: Final = 5

HOURS: Final[dict[str, tuple[int, int]]] = {
    "day-time": (6, 18),
    "evening": (18, 22),
    "night": (22, 6),
    "second-shift": (16, 24),
    "third-shift": (0, 8),
}
"""The hours of each period, local time: from, and to but not including; one that ends before it begins goes past midnight."""

WEEKEND: Final = "weekend"
"""Saturday and Sunday, all day."""

HOLD_UNTIL: Final = (NO_HOLD, INDEFINITE, *HOURS, WEEKEND)
"""``job-hold-until-supported``."""


ENDS: Final = ("end-of-day", "end-of-week", "end-of-month")
"""Ends that ``job-retain-until`` can name, local time; a week ends with its Sunday, ISO 8601."""


def is_set(date: float) -> bool:
    """Whether a clock that shows `date`, Unix time, has been set."""
    return date >= CLOCK_IS_SET_FROM


def end_of(name: str, date: float) -> int:
    """The Unix time of the next of `ENDS` after `date`."""
    now = datetime.fromtimestamp(date)  # noqa: DTZ006 — local midnights, whatever the zone does in between
    day = datetime(now.year, now.month, now.day)  # noqa: DTZ001
    if name == "end-of-week":
        end = day + timedelta(days=7 - day.weekday())
    elif name == "end-of-month":
        end = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    else:
        end = day + timedelta(days=1)
    return int(end.timestamp())


def has_begun(period: str, date: float) -> bool:
    """Whether a job that waits for `period` may print.

    Args:
        period: One of `HOLD_UNTIL`.
        date: Unix time. While the clock has not been set no period begins, for nobody knows the hour.
    """
    if period == NO_HOLD:
        return True
    if period == INDEFINITE or not is_set(date):
        return False
    local = datetime.fromtimestamp(date).astimezone()
    if period == WEEKEND:
        return local.weekday() >= SATURDAY
    first, end = HOURS[period]
    return first <= local.hour < end if first < end else local.hour >= first or local.hour < end


def has_come(moment: int, date: float) -> bool:
    """Whether the Unix time `moment` is past at `date`; a clock that has not been set never says so."""
    return is_set(date) and date >= moment
