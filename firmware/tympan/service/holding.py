"""Whether a job may print yet, and what it says of that: RFC 8011 §5.3.7 and §5.3.8, RFC 3998 §3.3, PWG 5100.11."""

from __future__ import annotations

from tympan.ipp.enums import JobState
from tympan.model.job import Job

INCOMING = "job-incoming"
HOLD_UNTIL_SPECIFIED = "job-hold-until-specified"
HELD_FOR_REVIEW = "job-held-for-review"
HELD_ON_CREATE = "job-held-on-create"
PASSWORD_WAIT = "job-password-wait"  # noqa: S105 — a keyword of job-state-reasons

STOPPING = "processing-to-stop-point"
"""The reason of a job that a user canceled while it printed, RFC 8011 §5.3.8."""

WAITING = frozenset({JobState.PENDING, JobState.PENDING_HELD})
"""The states of jobs that have not begun to print."""


def hold_reasons(job: Job) -> tuple[str, ...]:
    """Why `job` may not print yet, as ``job-state-reasons``; empty: it may."""
    told = ((INCOMING, job.incoming), *_asked(job))
    return tuple([reason for reason, holds in told if holds])


def is_held(job: Job) -> bool:
    """Whether somebody wants `job` to wait; that its documents are still arriving does not count."""
    return any(holds for _, holds in _asked(job))


def _asked(job: Job) -> tuple[tuple[str, bool], ...]:
    return (
        (HOLD_UNTIL_SPECIFIED, bool(job.hold_until or job.hold_until_date)),
        (HELD_ON_CREATE, job.held_on_create),
        (PASSWORD_WAIT, job.waits_for_password),
        (HELD_FOR_REVIEW, job.awaits_review),
    )


def settle(job: Job) -> bool:
    """Give a job that has not begun the state that its hold reasons make; whether that has changed anything.

    One that is canceled and still on its way out of the printer stays as it is.
    """
    if job.state not in WAITING or STOPPING in job.reasons:
        return False
    before = (job.state, job.reasons)
    job.reasons = hold_reasons(job)
    job.state = JobState.PENDING_HELD if job.reasons else JobState.PENDING
    return before != (job.state, job.reasons)
