"""What happens to jobs by itself: a held one's time has come, a printing one took too long, a finished one was kept long enough.

It asks what is so now, again and again while there is anything to wait for, and reckons nothing ahead: a clock that jumps
(a Raspberry Pi starts in 1970 and learns the date later) and a restart change nothing about what is right.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tympan.ipp.enums import JobState
from tympan.model.job import Job
from tympan.service.holding import WAITING
from tympan.service.printer import Printer
from tympan.service.scheduling import time_has_come, waits_for_time

if TYPE_CHECKING:
    from tympan.service.service import Service

LOOK_S: Final = 5.0
"""The longest that a job which may go on is not noticed."""

LOOK_WHILE_LIMITED_S: Final = 0.5
"""The same while a job prints that may take so long only."""

CANCELED_AFTER_TIMEOUT: Final = "job-canceled-after-timeout"


@dataclass(slots=True)
class _Limited:
    """A job that may take so long only, and since when it prints; None: it does not print."""

    printer: Printer
    job: Job
    since: float | None = None

    def count(self, moment: float) -> None:
        """Count the time until `moment`, and go on counting where the job prints."""
        if self.since is not None:
            self.job.processing_s += moment - self.since
        self.since = moment if self.job.state == JobState.PROCESSING else None


class JobTimers:
    """Watches the jobs of a service on the event loop.

    Args:
        service: The service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._held: dict[int, tuple[Printer, Job]] = {}
        self._limited: dict[int, _Limited] = {}
        self._printing: set[int] = set()  # those of `_limited` whose time runs: few, however many wait
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Look on the running event loop from now on."""
        self._loop = asyncio.get_running_loop()

    def watch(self, printer: Printer, job: Job) -> None:
        """`job` is new or has changed: look after it as long as there is a reason to."""
        if job.is_terminal:
            self._forget(job.job_id)
        elif job.cancel_after_s:
            self._count(self._limited.setdefault(job.job_id, _Limited(printer, job)), time.monotonic())
        if waits_for_time(job) and not job.is_terminal:
            self._held[job.job_id] = (printer, job)
        self._rearm()

    def close(self) -> None:
        """Look no more."""
        self._stop()
        self._loop = None
        self._held.clear()
        self._limited.clear()
        self._printing.clear()

    def look(self) -> None:
        """See what has become due, and do it."""
        date = self._service.clock.date()
        for job_id, (printer, job) in list(self._held.items()):
            if job.is_terminal or not waits_for_time(job):
                del self._held[job_id]
            elif time_has_come(job, date):
                del self._held[job_id]
                self._service.job_control.let_go(printer, job)
        moment = time.monotonic()
        for job_id, limited in list(self._limited.items()):
            self._count(limited, moment)
            job = limited.job
            if job.is_terminal or not job.cancel_after_s:
                self._forget(job_id)
            elif job.processing_s >= job.cancel_after_s and job.state not in WAITING:
                self._forget(job_id)
                self._service.jobs.cancel(limited.printer, job, CANCELED_AFTER_TIMEOUT)
        self._service.jobs.retention.expire()
        self._rearm()

    def _count(self, limited: _Limited, moment: float) -> None:
        limited.count(moment)
        if limited.since is None:
            self._printing.discard(limited.job.job_id)
        else:
            self._printing.add(limited.job.job_id)

    def _forget(self, job_id: int) -> None:
        self._limited.pop(job_id, None)
        self._printing.discard(job_id)

    def _rearm(self) -> None:
        """Look again soon, or not at all where there is nothing to look after."""
        if self._printing:
            wait_s = LOOK_WHILE_LIMITED_S
        elif self._held or self._service.jobs.retention.keeps_any:
            wait_s = LOOK_S
        else:
            self._stop()
            return
        if self._loop is None:
            return
        due = self._loop.time() + wait_s
        if self._timer is None or self._timer.when() > due:
            self._stop()
            self._timer = self._loop.call_at(due, self._look_and_go_on)

    def _look_and_go_on(self) -> None:
        self._timer = None
        self.look()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
