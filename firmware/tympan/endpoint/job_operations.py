"""Operations on one job: RFC 8011 §4.3."""

from __future__ import annotations

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.job_access import cancel_reason, job_of, own_job_of, shown
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.service.holding import STOPPING
from tympan.service.job_attributes import GROUPS, SOMETIMES, attributes_of


@handler(Operation.GET_JOB_ATTRIBUTES, Target.JOB, "requested-attributes")
async def get_job_attributes(exchange: Exchange) -> Answer:
    """Get-Job-Attributes, RFC 8011 §4.3.4."""
    job = job_of(exchange)
    requested = exchange.requested()
    attributes = attributes_of(
        job, exchange.printer, exchange.printer_uri, exchange.service.clock.up_time(), requested
    )
    answer = Answer()
    answer.add(GroupTag.JOB, shown(exchange, job, attributes))
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
    job = own_job_of(exchange)
    if job.is_terminal or STOPPING in job.reasons:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.keyword} already"
        )
    exchange.service.jobs.cancel(exchange.printer, job, cancel_reason(exchange, job))
    return Answer()


@handler(Operation.CLOSE_JOB, Target.JOB)
async def close_job(exchange: Exchange) -> Answer:
    """Close-Job, PWG 5100.7 §5.1: no more documents will come."""
    job = own_job_of(exchange)
    if job.is_terminal:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.keyword} already"
        )
    await exchange.service.jobs.close_job(exchange.printer, job)
    return Answer()


HANDLERS: tuple[Handler, ...] = (get_job_attributes, cancel_job, close_job)
