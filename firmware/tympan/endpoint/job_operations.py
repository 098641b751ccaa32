"""Operations on one job: RFC 8011 §4.3."""

from __future__ import annotations

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.model.job import Job
from tympan.service.job_attributes import GROUPS, SOMETIMES, attributes_of
from tympan.service.print_queue import STOPPING


def job_of(exchange: Exchange) -> Job:
    """The job the request is addressed to.

    Raises:
        RefusedError: There is none.
    """
    job = exchange.printer.jobs.get(exchange.job_id)
    if job is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no job {exchange.job_id}")
    return job


def own_job_of(exchange: Exchange) -> Job:
    """The job the request is addressed to, which the requester may change (RFC 8011 §9.3).

    Raises:
        RefusedError: There is none, or it is somebody else's.
    """
    job = job_of(exchange)
    if not exchange.requester.may_change(job, exchange.text("requesting-user-name")):
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, f"job {job.job_id} is not yours")
    return job


@handler(Operation.GET_JOB_ATTRIBUTES, Target.JOB, "requested-attributes")
async def get_job_attributes(exchange: Exchange) -> Answer:
    """Get-Job-Attributes, RFC 8011 §4.3.4."""
    job = job_of(exchange)
    requested = exchange.requested()
    attributes = attributes_of(
        job, exchange.printer, exchange.printer_uri, exchange.service.clock.up_time(), requested
    )
    answer = Answer()
    answer.add(GroupTag.JOB, attributes)
    known = {attribute.name for attribute in attributes} | GROUPS | SOMETIMES
    missing = [name for name in dict.fromkeys(requested) if name not in known]
    missing = [name for name in missing if name not in exchange.printer.template.names()]
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *missing),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return answer


@handler(Operation.CANCEL_JOB, Target.JOB, "message")
async def cancel_job(exchange: Exchange) -> Answer:
    """Cancel-Job, RFC 8011 §4.3.3: answers at once, also with the device gone."""
    job = job_of(exchange)
    if job.is_terminal or STOPPING in job.reasons:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.name.lower()} already"
        )
    exchange.service.cancel(exchange.printer, job)
    return Answer()


@handler(Operation.CLOSE_JOB, Target.JOB)
async def close_job(exchange: Exchange) -> Answer:
    """Close-Job, PWG 5100.7 §5.1: no more documents will come."""
    job = job_of(exchange)
    if job.is_terminal:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.name.lower()} already"
        )
    await exchange.service.close_job(exchange.printer, job)
    return Answer()


HANDLERS: tuple[Handler, ...] = (get_job_attributes, cancel_job, close_job)
