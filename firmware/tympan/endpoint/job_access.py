"""Which job a request is about, and whether its sender may change it (RFC 8011 §4.1.5, §9.3; RFC 3998 §4)."""

from __future__ import annotations

from tympan.endpoint.exchange import Exchange, RefusedError, not_authorized
from tympan.ipp import Attribute, StatusCode
from tympan.model.job import Job
from tympan.service.access import Role
from tympan.service.job_control import CANCELED_BY_OPERATOR
from tympan.service.printer import Printer


def job_of(exchange: Exchange) -> Job:
    """The job the request is addressed to.

    Raises:
        RefusedError: There is none.
    """
    return known_job(exchange.printer, exchange.job_id)


def known_job(printer: Printer, job_id: int) -> Job:
    """The job of `printer` with this number.

    Raises:
        RefusedError: There is none.
    """
    job = printer.jobs.get(job_id)
    if job is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no job {job_id}")
    return job


def may_change(exchange: Exchange, job: Job) -> bool:
    """Whether who asks may change `job`: their own, or any where they are an operator."""
    return exchange.requester.may_change(job, exchange.text("requesting-user-name"))


def check_may_change(exchange: Exchange, job: Job) -> None:
    """See that who asks may change `job`.

    Raises:
        RefusedError: It is somebody else's.
    """
    if not may_change(exchange, job):
        raise not_authorized(exchange.requester, f"job {job.job_id} is not yours")


def own_job_of(exchange: Exchange) -> Job:
    """The job the request is addressed to, which its sender may change.

    Raises:
        RefusedError: There is none, or it is somebody else's.
    """
    job = job_of(exchange)
    check_may_change(exchange, job)
    return job


def check_open(job: Job) -> None:
    """See that `job` can have another document.

    Raises:
        RefusedError: It is complete, or has ended.
    """
    if job.is_terminal or not job.incoming:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} does not take documents any more"
        )


def current_job(exchange: Exchange) -> Job:
    """The job that prints, for the operations on the current job, RFC 3998 §4.2; ``job-id`` makes sure it is the one that is meant.

    Raises:
        RefusedError: None prints, or another one, or it is somebody else's.
    """
    wanted = exchange.operation.integer("job-id")
    job = exchange.printer.current
    if wanted is not None:
        known_job(exchange.printer, wanted)
    if job is None or (wanted is not None and job.job_id != wanted):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE,
            "no job prints now" if wanted is None else f"job {wanted} does not print now",
        )
    check_may_change(exchange, job)
    return job


def shown(exchange: Exchange, job: Job, attributes: list[Attribute]) -> list[Attribute]:
    """What of the attributes of `job` its requester gets to see: of others' jobs nothing private, RFC 8011 §8.4."""
    if exchange.sees(job):
        return attributes
    is_private = exchange.service.privacy.is_private
    return [attribute for attribute in attributes if not is_private(attribute.name)]


def cancel_reason(exchange: Exchange, job: Job) -> str:
    """Who cancels `job`, as ``job-state-reasons``: its owner, or an operator."""
    by_operator = exchange.requester.role >= Role.OPERATOR and not exchange.owns(job)
    return CANCELED_BY_OPERATOR if by_operator else "job-canceled-by-user"
