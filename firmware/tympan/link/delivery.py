"""What of one attempt at a job has come out: where a job goes on that broke off, and what is counted. No input or output.

A side has come out

* where the device confirms pages: when it says so;
* where it does not: when so many bytes were written behind its last one that the device's buffer cannot hold it any more
  (`Dialogue.buffer_bytes`), less those that have not left this machine;
* when the device confirms the job, or the job is complete by the rules of `tympan.link.completion`.

A front whose back has not come out has not either: they are one sheet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tympan.render.frames import PageMark


@dataclass(frozen=True, slots=True)
class _Side:
    """A side whose bytes were all written.

    Attributes:
        mark: Which one.
        end: How many bytes of the job were written with its last one.
    """

    mark: PageMark
    end: int


class Delivery:
    """How much of one attempt has come out.

    Args:
        by_pages: The device says when a page has come out, as far as anybody knows.
        buffer_bytes: How much it may have taken and not printed.

    Attributes:
        written: Bytes of the job that the device took.
        sent_to: The last side of which it took any byte.
        number: The last side that has come out, 0: none.
        impressions: How many sides have, each copy counted that the printer made.
        sheets: How many sheets.
    """

    def __init__(self, *, by_pages: bool, buffer_bytes: int) -> None:
        self.written = 0
        self.sent_to = 0
        self.number = 0
        self.impressions = 0
        self.sheets = 0
        self._by_pages = by_pages
        self._buffer_bytes = buffer_bytes
        self._unsent = 0
        self._begun: PageMark | None = None
        self._sides: deque[_Side] = deque()

    @property
    def by_pages(self) -> bool:
        """Only the device says what has come out."""
        return self._by_pages

    @property
    def ended_to(self) -> int:
        """The last side whose bytes were all written; 0: none that has not come out."""
        return self._sides[-1].mark.number if self._sides else self.number

    @property
    def awaits(self) -> bool:
        """A side was written whole that can come out: a front cannot whose back is on its way."""
        if len(self._sides) == 1 and self._begun is not None and self._begun.back:
            return False
        return bool(self._sides)

    def begins(self, mark: PageMark) -> None:
        """The bytes of a side follow."""
        self._begun = mark

    def sent(self, count: int, unsent: int) -> None:
        """The device took bytes of the job, as far as its transport counts; `unsent` of all have not left this machine."""
        self.written += count
        if self._begun is not None:
            self.sent_to = max(self.sent_to, self._begun.number)
        self._unsent = unsent
        self._count_by_bytes()

    def ended(self, mark: PageMark) -> None:
        """All bytes of a side were written."""
        self._begun = None
        self._sides.append(_Side(mark, self.written))
        self._count_by_bytes()

    def pages_confirmed(self, number: int) -> None:
        """The device says that this side has come out, and all before it."""
        self._by_pages = True
        self._count_to(number)

    def all_came_out(self) -> None:
        """Whatever was written whole has come out."""
        self._count_to(self.ended_to)

    def not_by_pages(self) -> None:
        """The device does not say when a page has come out after all."""
        self._by_pages = False
        self._count_by_bytes()

    def _count_by_bytes(self) -> None:
        if self._by_pages:
            return
        printed = self.written - self._unsent - self._buffer_bytes
        for side in reversed(self._sides):
            if side.end <= printed:
                self._count_to(side.mark.number)
                return

    def _count_to(self, number: int) -> None:
        while self._sides and self._sides[0].mark.number <= number:
            following = self._sides[1].mark if len(self._sides) > 1 else self._begun
            if following is not None and following.back and following.number > number:
                return
            mark = self._sides.popleft().mark
            self.number = mark.number
            self.impressions += mark.copies
            self.sheets += 0 if mark.back else mark.copies
