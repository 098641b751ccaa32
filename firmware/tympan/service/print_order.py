"""The unfinished jobs of a printer in the order in which they will print: priority, then arrival, then what operators changed.

Where a job stands is a pair of numbers that it carries itself, so the order comes back after a restart: minus its priority, and
a rank that is its arrival. Promote-Job and Schedule-Job-After give a job another pair (RFC 3998 §4.4).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from typing import Final

from tympan.ipp.enums import JobState
from tympan.model.job import Job

RANK_STEP: Final = 1 << 31
"""What lies between the ranks of two arrivals: room for jobs that are put between them."""

PROMOTED: Final = -101
"""First number of promoted jobs: before every priority, of jobs that come later too."""

_Key = tuple[int, int, int]


def arrival(job: Job) -> tuple[int, int]:
    """Where `job` stands by its priority and number."""
    return (-job.priority, job.job_id * RANK_STEP)


class PrintOrder(Mapping[int, Job]):
    """Unfinished jobs by id; iterating gives them in the order of printing. Adding, removing and moving cost little among many."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._keys: dict[int, _Key] = {}
        self._order: list[_Key] = []
        self._of_user: dict[str, dict[int, Job]] = {}

    def __getitem__(self, job_id: int) -> Job:
        return self._jobs[job_id]

    def __iter__(self) -> Iterator[int]:
        return iter([job_id for _, _, job_id in self._order])

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._jobs

    def in_order(self) -> Iterator[Job]:
        """The jobs in the order of printing, as it is when each is asked for."""
        jobs = self._jobs
        return (jobs[job_id] for _, _, job_id in self._order)

    def of_user(self, user: str) -> Iterator[Job]:
        """The jobs of one user in the order of printing, without looking at the others."""
        keys = sorted([self._keys[job_id] for job_id in self._of_user.get(user, ())])
        return (self._jobs[job_id] for _, _, job_id in keys)

    def in_states(self, states: frozenset[JobState]) -> Iterator[Job]:
        """The jobs in one of `states`, in the order of printing."""
        keys = sorted([self._keys[job.job_id] for job in self._jobs.values() if job.state in states])
        return (self._jobs[job_id] for _, _, job_id in keys)

    def add(self, job: Job) -> None:
        """Take a job in, at its place."""
        self.remove(job.job_id)
        key = (*(job.place or arrival(job)), job.job_id)
        self._jobs[job.job_id] = job
        self._keys[job.job_id] = key
        insort(self._order, key)
        self._of_user.setdefault(job.user, {})[job.job_id] = job

    def remove(self, job_id: int) -> Job | None:
        """Take a job out; None where it is not in."""
        key = self._keys.pop(job_id, None)
        if key is None:
            return None
        del self._order[bisect_left(self._order, key)]
        job = self._jobs.pop(job_id)
        theirs = self._of_user[job.user]
        del theirs[job_id]
        if not theirs:
            del self._of_user[job.user]
        return job

    def moved(self, job: Job) -> None:
        """The priority or the place of `job` has changed."""
        if job.job_id in self._jobs:
            self.add(job)

    def put_first(self, job: Job) -> list[Job]:
        """Promote a job before all others; returns the jobs whose place has changed."""
        first = self._order[0] if self._order else (0, 0, 0)
        rank = first[1] - RANK_STEP if first[0] <= PROMOTED else 0
        job.place = (PROMOTED, rank)
        self.moved(job)
        return [job]

    def put_after(self, job: Job, predecessor: Job) -> list[Job]:
        """Put a job right behind another; returns the jobs whose place has changed."""
        changed: list[Job] = []
        self.remove(job.job_id)
        band, rank, _ = self._keys[predecessor.job_id]
        following = self._next_rank(predecessor)
        if following - rank < 2:  # so many were put here that there is no room left
            changed = self._spread(band)
            rank = self._keys[predecessor.job_id][1]
            following = self._next_rank(predecessor)
        job.place = (band, (rank + following) // 2)
        self.add(job)
        return [*changed, job]

    def place_of_arrival(self, job: Job, last_job_id: int) -> tuple[int, int]:
        """Where `job` stands if it arrives now, after the job with the number `last_job_id` and all others of its priority."""
        band = -job.priority
        index = bisect_left(self._order, (band + 1,))
        last = self._order[index - 1] if index else (0, 0, 0)
        rank = last_job_id * RANK_STEP
        return (band, max(rank, last[1] if last[0] == band else rank) + 1)

    def _next_rank(self, job: Job) -> int:
        """The rank that comes after that of `job`, of the next job or of one that may arrive."""
        key = self._keys[job.job_id]
        index = bisect_right(self._order, key)
        arriving = (key[1] // RANK_STEP + 1) * RANK_STEP
        if index < len(self._order) and self._order[index][0] == key[0]:
            return min(self._order[index][1], arriving)
        return arriving

    def _spread(self, band: int) -> list[Job]:
        """Make room between the jobs of one priority, without changing their order; returns them."""
        jobs = [self._jobs[job_id] for first, _, job_id in self._order if first == band]
        for rank, job in zip(sorted(job.job_id for job in jobs), jobs, strict=True):
            job.place = (band, rank * RANK_STEP)
        for job in jobs:
            self.add(job)
        return jobs
