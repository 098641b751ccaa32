"""One operation on each of several jobs, whichever printer has them: what ``cancel``, ``hold`` and ``release`` share."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tympan.cli.client import IppClient, RequestFailedError
from tympan.ipp import Attribute, Operation, StatusCode


def change_jobs(
    clients: list[IppClient],
    job_ids: Iterable[int],
    operation: Operation,
    done: str,
    attributes: tuple[Attribute, ...] = (),
) -> int:
    """Carry out `operation` on each job and say so; 1 where one could not be.

    Args:
        clients: A client of each printer.
        job_ids: The jobs.
        operation: What is done to them.
        done: What has become of a job, as in ``job 7 canceled``.
        attributes: Further operation attributes.
    """
    status = 0
    for job_id in job_ids:
        problem = _change(clients, job_id, operation, attributes)
        if problem:
            print(f"tympan: job {job_id}: {problem}", file=sys.stderr)
            status = 1
        else:
            print(f"job {job_id} {done}")
    return status


def _change(
    clients: list[IppClient], job_id: int, operation: Operation, attributes: tuple[Attribute, ...]
) -> str:
    """Ask whichever printer has the job; what went wrong, or nothing."""
    for client in clients:
        try:
            client.call(operation, Attribute.integer("job-id", job_id), *attributes)
        except RequestFailedError as error:
            if error.status != StatusCode.CLIENT_ERROR_NOT_FOUND:
                return error.problem
        else:
            return ""
    return "there is no such job"
