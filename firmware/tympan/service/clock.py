"""The service's clock: the one place that reads the time for jobs and printers.

``printer-up-time`` counts seconds since the printer was first set up, over restarts, and never goes back: it is what a
Raspberry Pi without a clock can promise. Dates are the system's and may jump when the network time arrives.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tympan.ipp import Attribute


class Clock:
    """Counts ``printer-up-time`` on from where the last run stopped.

    Args:
        base_s: The up-time that the last run reached.
    """

    def __init__(self, base_s: int = 0) -> None:
        self._base = base_s + 1 - time.monotonic()

    def up_time(self) -> int:
        """``printer-up-time``, seconds, from 1 (RFC 8011 §5.4.29)."""
        return int(self._base + time.monotonic())

    @staticmethod
    def date() -> int:
        """Unix time, seconds."""
        return int(time.time())


def date_time(name: str, date: int) -> Attribute:
    """A dateTime attribute from Unix time."""
    return Attribute.date_time(name, datetime.fromtimestamp(date, UTC))
