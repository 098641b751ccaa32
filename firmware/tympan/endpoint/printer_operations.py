"""Operations on a printer that receive no document: RFC 8011 §4.2.5, 4.2.6, 4.2.3, 4.2.4, PWG 5100.13 §5, 5100.7."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.job_access import shown
from tympan.endpoint.subscription_groups import judge
from tympan.endpoint.table import Handler, Target, handler
from tympan.endpoint.tickets import document_format_of, job_answer, judged_template, new_job, password_of
from tympan.endpoint.turns import in_turns
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.model.job import Job
from tympan.service.description import identify_default
from tympan.service.holding import STOPPING
from tympan.service.job_attributes import DEFAULT_NAMES, attributes_of, which_jobs
from tympan.service.job_password import PASSWORD_ATTRIBUTES


@handler(Operation.GET_PRINTER_ATTRIBUTES, Target.PRINTER_BY_ID, "requested-attributes", "document-format")
async def get_printer_attributes(exchange: Exchange) -> Answer:
    """Get-Printer-Attributes, RFC 8011 §4.2.5."""
    document_format_of(exchange)
    data, missing = exchange.printer.answer(
        exchange.printer_uri, exchange.requested(), exchange.natural_language
    )
    answer = Answer(groups=[(GroupTag.PRINTER, data)])
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *missing),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return answer


@handler(
    Operation.GET_JOBS,
    Target.PRINTER,
    "requested-attributes",
    "which-jobs",
    "my-jobs",
    "limit",
    "first-index",
    "job-ids",
)
async def get_jobs(exchange: Exchange) -> Answer:
    """Get-Jobs, RFC 8011 §4.2.6; ``job-ids`` of PWG 5100.7 §6.9."""
    jobs = _listed(exchange) if exchange.operation.get("job-ids") is not None else _chosen(exchange)
    if exchange.flag("my-jobs"):
        jobs = (job for job in jobs if exchange.owns(job))
    start = (exchange.operation.integer("first-index") or 1) - 1
    limit = exchange.operation.integer("limit")
    chosen = islice(jobs, start, start + limit if limit is not None else None)
    requested = exchange.requested(DEFAULT_NAMES)
    now = exchange.service.clock.up_time()
    answer = Answer()
    async for job in in_turns(chosen):
        attributes = attributes_of(job, exchange.printer, exchange.printer_uri, now, requested)
        answer.add(GroupTag.JOB, shown(exchange, job, attributes))
    return answer


def _chosen(exchange: Exchange) -> Iterable[Job]:
    """The jobs that ``which-jobs`` chooses."""
    which = exchange.text("which-jobs", "not-completed")
    try:
        return which_jobs(exchange.printer, which, exchange.user if exchange.flag("my-jobs") else None)
    except KeyError:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"which-jobs cannot be {which!r:.60}",
            (Attribute.keyword("which-jobs", which),),
        ) from None


def _listed(exchange: Exchange) -> Iterable[Job]:
    """The jobs of ``job-ids``, which chooses by itself: it cannot be combined with ``which-jobs``."""
    which, listed = exchange.operation.get("which-jobs"), exchange.operation.get("job-ids")
    if which is not None:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
            "which-jobs and job-ids cannot be given together",
            (which,),
        )
    job_ids = dict.fromkeys(listed.integers()) if listed is not None else {}
    missing = [job_id for job_id in job_ids if job_id not in exchange.printer.jobs]
    if missing:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_FOUND,
            f"there is no job {missing[0]}",
            (Attribute.integer("job-ids", *missing),),
        )
    return [exchange.printer.jobs[job_id] for job_id in job_ids]


@handler(
    Operation.VALIDATE_JOB,
    Target.PRINTER,
    "job-name",
    "ipp-attribute-fidelity",
    "document-name",
    "compression",
    "document-format",
    "document-natural-language",
    "job-k-octets",
    "job-impressions",
    "job-media-sheets",
    *PASSWORD_ATTRIBUTES,
)
async def validate_job(exchange: Exchange) -> Answer:
    """Validate-Job, RFC 8011 §4.2.3: all the checks of Print-Job, and no job."""
    document_format_of(exchange)
    exchange.service.jobs.check_room()
    password_of(exchange)
    _, unsupported = judged_template(exchange)
    judge(exchange, per_job=True, only_try=True)
    return Answer(
        StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        if unsupported
        else StatusCode.SUCCESSFUL_OK,
        unsupported=unsupported,
    )


@handler(
    Operation.CREATE_JOB,
    Target.PRINTER,
    "job-name",
    "ipp-attribute-fidelity",
    "job-k-octets",
    "job-impressions",
    "job-media-sheets",
    *PASSWORD_ATTRIBUTES,
)
async def create_job(exchange: Exchange) -> Answer:
    """Create-Job, RFC 8011 §4.2.4: the documents follow by Send-Document."""
    job, answer = await new_job(exchange)
    await exchange.service.jobs.open_job(exchange.printer, job)
    return job_answer(exchange, job, answer)


@handler(Operation.CANCEL_MY_JOBS, Target.PRINTER, "job-ids", "message")
async def cancel_my_jobs(exchange: Exchange) -> Answer:
    """Cancel-My-Jobs, PWG 5100.11 §4.2: all of the user's jobs, or those listed; all or none."""
    listed = exchange.operation.get("job-ids")
    if listed is None:
        jobs = [job for job in exchange.printer.active.of_user(exchange.user) if exchange.owns(job)]
    else:
        jobs = []
        refused = []
        for job_id in dict.fromkeys(listed.integers()):
            job = exchange.printer.jobs.get(job_id)
            if job is None or not exchange.owns(job) or job.is_terminal:
                refused.append(job_id)
            else:
                jobs.append(job)
        if refused:
            raise RefusedError(
                StatusCode.CLIENT_ERROR_NOT_POSSIBLE,
                "not all of these jobs are yours and unfinished; none was canceled",
                (Attribute.integer("job-ids", *refused),),
            )
    async for job in in_turns(jobs):
        if STOPPING not in job.reasons:
            exchange.service.jobs.cancel(exchange.printer, job)
    return Answer()


@handler(Operation.IDENTIFY_PRINTER, Target.PRINTER, "identify-actions", "message", "job-id")
async def identify_printer(exchange: Exchange) -> Answer:
    """Identify-Printer, PWG 5100.13 §5.1: the printer makes itself known, in its own way where it has none that is asked for."""
    supported = exchange.printer.identify_actions
    attribute = exchange.operation.get("identify-actions")
    wanted = [str(value.value) for value in attribute.values] if attribute is not None else []
    actions = [action for action in supported if action in wanted] or identify_default(supported)
    bad = [action for action in wanted if action not in supported]
    await exchange.service.identify(exchange.printer, actions, exchange.text("message"))
    if bad:
        return Answer(
            StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES,
            unsupported=(Attribute.keyword("identify-actions", *bad),),
        )
    return Answer()


HANDLERS: tuple[Handler, ...] = (
    get_printer_attributes,
    get_jobs,
    validate_job,
    create_job,
    cancel_my_jobs,
    identify_printer,
)
