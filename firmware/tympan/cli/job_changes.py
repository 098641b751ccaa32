"""One operation on each of several jobs, whichever printer has them: what ``cancel``, ``hold`` and ``release`` share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from tympan.cli.client import IppClient, RequestFailedError
from tympan.cli.follow import JobView, job_of
from tympan.ipp import Attribute, Operation, StatusCode

Tell = Callable[[JobView, JobView], str]
"""What has become of a job, as in ``held``, from what it was before and is now."""


def change_jobs(
    clients: list[IppClient],
    job_ids: Iterable[int],
    operation: Operation,
    done: str | Tell,
    attributes: tuple[Attribute, ...] = (),
) -> int:
    """Carry out `operation` on each job and say so; 1 where one could not be.

    Args:
        clients: A client of each printer.
        job_ids: The jobs.
        operation: What is done to them.
        done: What has become of a job, as in ``job 7 canceled``; or finds it out, where the operation is accepted without effect too.
        attributes: Further operation attributes.
    """
    status = 0
    for job_id in job_ids:
        try:
            print(f"job {job_id} {_change(clients, job_id, operation, done, attributes)}")
        except RequestFailedError as error:
            about = "" if error.problem.startswith(f"job {job_id} ") else f"job {job_id}: "
            print(f"tympan: {about}{error.problem}", file=sys.stderr)
            status = 1
    return status


def _change(
    clients: list[IppClient],
    job_id: int,
    operation: Operation,
    done: str | Tell,
    attributes: tuple[Attribute, ...],
) -> str:
    """Ask whichever printer has the job; what has become of it.

    Raises:
        RequestFailedError: None has it, or the one that has it refuses.
    """
    number = Attribute.integer("job-id", job_id)
    for client in clients:
        try:
            if isinstance(done, str):
                client.call(operation, number, *attributes)
                return done
            before = job_of(client, job_id)
            client.call(operation, number, *attributes)
            return done(before, job_of(client, job_id))
        except RequestFailedError as error:
            if error.status != StatusCode.CLIENT_ERROR_NOT_FOUND:
                raise
    raise RequestFailedError(StatusCode.CLIENT_ERROR_NOT_FOUND, "there is no such job")
