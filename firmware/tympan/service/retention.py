"""Finished jobs whose documents are kept for a while, so that they can be printed again (PWG 5100.7 §6.8, job-retain-until).

A job says how long; where it says nothing, ``limits.retain_s`` does. What arrives has the first claim on the spool: documents
that are kept only for reprinting go, the oldest first, when there is no room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tympan.model.hold_periods import INDEFINITE, end_of, has_come, is_set
from tympan.model.job import Job
from tympan.service.clock import Clock
from tympan.service.job_attributes import template_of
from tympan.service.printer import Printer
from tympan.service.scheduling import NOT_RETAINED
from tympan.spool.documents import SpoolBudget

_NO_SECOND_TRY: Final = frozenset({"job-data-insufficient", "document-access-error"})
"""Reasons of jobs of which there is not enough to print them again."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long a job's documents are kept: until one of these, or for ever where all are empty.

    Attributes:
        up_time: ``printer-up-time``; 0: none.
        date: Unix time; 0: none.
        end: One of `tympan.model.hold_periods.ENDS`, of which the date is not known while the clock has not been set; empty: none.
    """

    up_time: int = 0
    date: int = 0
    end: str = ""

    def is_over(self, up_time: int, date: int) -> bool:
        """Whether it is past now."""
        return bool((self.up_time and up_time >= self.up_time) or (self.date and has_come(self.date, date)))

    def dated(self, date: int) -> Term:
        """The same with the date of `end`, where the clock tells it."""
        return Term(date=end_of(self.end, date)) if self.end and is_set(date) else self


def term_of(printer: Printer, job: Job, retain_s: int) -> Term | None:
    """How long the documents of `job`, which is finished, are kept; None: not at all."""
    attributes = template_of(job)
    moment = attributes.get("job-retain-until-time")
    if moment is not None and isinstance(moment.first, datetime):
        return Term(date=max(1, int(moment.first.timestamp())))
    interval = attributes.get("job-retain-until-interval")
    if interval is not None and isinstance(interval.first, int):
        return Term(up_time=job.completed_at + interval.first) if interval.first else None
    period = printer.template.value("job-retain-until", attributes)
    if period == INDEFINITE:
        return Term()
    if isinstance(period, str) and period != NOT_RETAINED:
        return Term(end=period).dated(job.completed_date)
    if "job-retain-until" in attributes or not retain_s:
        return None
    return Term(up_time=job.completed_at + retain_s)


class Retention:
    """The finished jobs that still have their documents.

    Args:
        budget: What documents may take; it asks here for room.
        clock: Gives the time.
        retain_s: How long jobs are kept that do not say.
        remove: Removes a job's documents, and keeps that in mind.
    """

    def __init__(
        self, budget: SpoolBudget, clock: Callable[[], Clock], retain_s: int, remove: Callable[[Job], None]
    ) -> None:
        self._budget = budget
        self._clock = clock
        self._retain_s = retain_s
        self._remove = remove
        self._kept: dict[int, tuple[Job, Term]] = {}
        budget.make_room = self._make_room

    @property
    def keeps_any(self) -> bool:
        """Whether any documents are kept."""
        return bool(self._kept)

    def keep(self, printer: Printer, job: Job) -> bool:
        """`job` is finished: whether its documents are kept now."""
        job.retained = False
        if not job.documents or not job.whole or _NO_SECOND_TRY.intersection(job.reasons):
            return False
        term = term_of(printer, job, self._retain_s)
        now = self._clock()
        if term is None or term.is_over(now.up_time(), now.date()):
            return False
        self._kept[job.job_id] = (job, term)
        job.retained = True
        return True

    def let_go(self, job: Job) -> None:
        """The documents of `job` are not kept for reprinting any more, whatever becomes of them."""
        self._kept.pop(job.job_id, None)
        job.retained = False

    def expire(self) -> None:
        """Remove what was kept long enough."""
        now = self._clock()
        up_time, date = now.up_time(), now.date()
        for job_id, (job, kept) in list(self._kept.items()):
            term = kept.dated(date)
            self._kept[job_id] = (job, term)
            if term.is_over(up_time, date):
                self.drop(job)

    def drop(self, job: Job) -> None:
        """Remove the documents of `job`."""
        if job.retained:
            self.let_go(job)
            self._remove(job)

    def _make_room(self, is_enough: Callable[[], bool]) -> None:
        for job, _ in list(self._kept.values()):
            if is_enough():
                return
            self.drop(job)
