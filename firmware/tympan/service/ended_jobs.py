"""The finished jobs of a printer, in the order they ended: also those of one user, or of one end, without looking at the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tympan.ipp.enums import JobState
from tympan.model.job import Job


class EndedJobs(Mapping[int, Job]):
    """Finished jobs by id; iterating gives the one that ended first first."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._in_state: dict[JobState, dict[int, Job]] = {}
        self._of_user: dict[str, dict[int, Job]] = {}

    def __getitem__(self, job_id: int) -> Job:
        return self._jobs[job_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """A job has ended."""
        self.remove(job)
        for jobs in (
            self._jobs,
            self._in_state.setdefault(job.state, {}),
            self._of_user.setdefault(job.user, {}),
        ):
            jobs[job.job_id] = job

    def remove(self, job: Job) -> None:
        """Know a job no more, whatever state it has now; nothing where it is not in."""
        if self._jobs.pop(job.job_id, None) is None:
            return
        for jobs in self._in_state.values():
            jobs.pop(job.job_id, None)
        theirs = self._of_user.get(job.user, {})
        theirs.pop(job.job_id, None)
        if not theirs:
            self._of_user.pop(job.user, None)

    def newest_first(self, states: frozenset[JobState], user: str | None = None) -> Iterator[Job]:
        """The jobs that ended in one of `states`, the last one first.

        Args:
            states: Terminal states.
            user: Only the jobs of this user.
        """
        if user is None and len(states) == 1:
            (state,) = states
            return reversed(self._in_state.get(state, {}).values())
        jobs = self._jobs if user is None else self._of_user.get(user, {})
        return (job for job in reversed(jobs.values()) if job.state in states)
