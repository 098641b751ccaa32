"""Operations that hold, release, order, stop, repeat and remove jobs: RFC 8011 §4.3.5 to 4.3.7 and 4.2.9, RFC 3998 §4, PWG 5100.7 §5."""

from __future__ import annotations

from collections.abc import Awaitable

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.job_access import (
    cancel_reason,
    current_job,
    job_of,
    known_job,
    own_job_of,
)
from tympan.endpoint.job_changes import judged_changes
from tympan.endpoint.table import Handler, Target, handler
from tympan.endpoint.tickets import job_answer, judged_template
from tympan.endpoint.turns import in_turns
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, ValueTag
from tympan.model.job import Job
from tympan.service.access import Role
from tympan.service.job_attributes import encoded_template, template_of
from tympan.service.job_control import NotPossibleError, is_stopping
from tympan.service.job_password import MAX_OCTETS
from tympan.service.scheduling import conflicting
from tympan.service.template import overlaid

_HOLD = ("job-hold-until", "job-hold-until-time")
_MESSAGES = ("message", "job-message-from-operator")

_SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES


async def _done(work: Awaitable[None]) -> None:
    """Carry it out.

    Raises:
        RefusedError: The state of job or printer does not allow it.
    """
    try:
        await work
    except NotPossibleError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, error.problem) from error


async def _tell(exchange: Exchange, job: Job) -> None:
    """``job-message-from-operator`` that comes with an operation of an operator, RFC 3998 §6."""
    message = exchange.operation.get("job-message-from-operator")
    if message is not None and exchange.requester.role >= Role.OPERATOR:
        await exchange.service.job_control.tell(exchange.printer, job, str(message.first))


def _hold_wishes(exchange: Exchange) -> tuple[dict[str, Attribute], tuple[Attribute, ...]]:
    """What an operation says about holding: what is supported of it, and what comes back as unsupported."""
    given = [attribute for name in _HOLD if (attribute := exchange.operation.get(name)) is not None]
    accepted, unsupported = exchange.printer.template.judge(given)
    wishes = {attribute.name: attribute for attribute in accepted}
    losers = [wishes.pop(name) for name in conflicting(wishes)]
    return wishes, (*unsupported, *losers)


@handler(Operation.HOLD_JOB, Target.JOB, *_HOLD, *_MESSAGES)
async def hold_job(exchange: Exchange) -> Answer:
    """Hold-Job, RFC 8011 §4.3.5: what is not supported of the period holds the job until it is released."""
    job = own_job_of(exchange)
    wishes, unsupported = _hold_wishes(exchange)
    await _done(exchange.service.job_control.hold(exchange.printer, job, wishes, indefinitely=not wishes))
    await _tell(exchange, job)
    return Answer(_SUBSTITUTED, unsupported=unsupported) if unsupported else Answer()


@handler(Operation.RELEASE_JOB, Target.JOB, "job-password", *_MESSAGES)
async def release_job(exchange: Exchange) -> Answer:
    """Release-Job, RFC 8011 §4.3.6.

    A job that waits for its password goes on waiting for it, unless the request brings it along: the same as to type it at the
    printer (PWG 5100.11 leaves to the printer how a password reaches it).
    """
    job = own_job_of(exchange)
    typed = exchange.operation.get("job-password")
    if typed is not None:
        await _try_password(exchange, job, typed)
    await _done(exchange.service.job_control.release(exchange.printer, job))
    await _tell(exchange, job)
    return Answer()


async def _try_password(exchange: Exchange, job: Job, typed: Attribute) -> None:
    password = typed.first
    if not isinstance(password, bytes) or len(password) > MAX_OCTETS:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "job-password has a wrong value", (typed,))
    try:
        text = password.decode()
        released = await exchange.service.job_control.release_with_password(exchange.printer, text, [job])
    except UnicodeDecodeError:
        released = []
    except NotPossibleError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, error.problem) from error
    if job.waits_for_password and not released:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, "that is not the job's password")


# --- order ------------------------------------------------------------------------------------------------------------


@handler(Operation.PROMOTE_JOB, Target.JOB, *_MESSAGES, role=Role.OPERATOR)
async def promote_job(exchange: Exchange) -> Answer:
    """Promote-Job, RFC 3998 §4.4.1: it prints next."""
    job = job_of(exchange)
    await _done(exchange.service.job_control.promote(exchange.printer, job))
    await _tell(exchange, job)
    return Answer()


@handler(Operation.SCHEDULE_JOB_AFTER, Target.JOB, "predecessor-job-id", *_MESSAGES, role=Role.OPERATOR)
async def schedule_job_after(exchange: Exchange) -> Answer:
    """Schedule-Job-After, RFC 3998 §4.4.2; without a predecessor, after the current job."""
    job = job_of(exchange)
    given = exchange.operation.get("predecessor-job-id")
    control = exchange.service.job_control
    if given is None:
        await _done(control.promote(exchange.printer, job))
    else:
        predecessor = known_job(exchange.printer, _predecessor(given))
        await _done(control.schedule_after(exchange.printer, job, predecessor))
    await _tell(exchange, job)
    return Answer()


def _predecessor(given: Attribute) -> int:
    """``predecessor-job-id``, integer(1:MAX); IANA has not registered it, so nobody else has checked it."""
    number = given.first
    if given.tag != ValueTag.INTEGER or len(given.values) != 1 or not isinstance(number, int) or number < 1:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, "predecessor-job-id has a wrong value", (given,)
        )
    return number


# --- the current job --------------------------------------------------------------------------------------------------


@handler(Operation.SUSPEND_CURRENT_JOB, Target.PRINTER, "job-id", *_MESSAGES)
async def suspend_current_job(exchange: Exchange) -> Answer:
    """Suspend-Current-Job, RFC 3998 §4.3.1: it stops where it is, and the next one prints."""
    job = current_job(exchange)
    await _done(exchange.service.job_control.suspend(exchange.printer, job))
    await _tell(exchange, job)
    return Answer()


@handler(Operation.RESUME_JOB, Target.JOB, *_MESSAGES)
async def resume_job(exchange: Exchange) -> Answer:
    """Resume-Job, RFC 3998 §4.3.2: it waits for its turn and goes on from the first page that was not confirmed."""
    job = own_job_of(exchange)
    await _done(exchange.service.job_control.resume(exchange.printer, job))
    await _tell(exchange, job)
    return Answer()


@handler(Operation.CANCEL_CURRENT_JOB, Target.PRINTER, "job-id", *_MESSAGES)
async def cancel_current_job(exchange: Exchange) -> Answer:
    """Cancel-Current-Job, RFC 3998 §4.2."""
    job = current_job(exchange)
    if job.is_terminal or is_stopping(job):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is being canceled already"
        )
    await _tell(exchange, job)
    exchange.service.jobs.cancel(exchange.printer, job, cancel_reason(exchange, job))
    return Answer()


# --- once more --------------------------------------------------------------------------------------------------------


@handler(Operation.RESTART_JOB, Target.JOB, *_HOLD, *_MESSAGES)
async def restart_job(exchange: Exchange) -> Answer:
    """Restart-Job, RFC 8011 §4.3.7: the same job once more; refused where its documents are gone."""
    job = own_job_of(exchange)
    wishes, unsupported = _hold_wishes(exchange)
    await _done(
        exchange.service.job_control.restart(
            exchange.printer, job, wishes, indefinitely=bool(unsupported and not wishes)
        )
    )
    await _tell(exchange, job)
    return Answer(_SUBSTITUTED, unsupported=unsupported) if unsupported else Answer()


@handler(Operation.REPROCESS_JOB, Target.JOB, "job-name", *_MESSAGES)
async def reprocess_job(exchange: Exchange) -> Answer:
    """Reprocess-Job, RFC 3998 §4.1: a new job, the same as a finished one."""
    job = own_job_of(exchange)
    copy = await _reprinted(exchange, job, job.template)
    return job_answer(exchange, copy, Answer())


@handler(Operation.RESUBMIT_JOB, Target.JOB, "job-name", "ipp-attribute-fidelity", *_MESSAGES)
async def resubmit_job(exchange: Exchange) -> Answer:
    """Resubmit-Job, PWG 5100.7 §5.3: a new job of a finished one's documents, with other job attributes where they are given."""
    job = own_job_of(exchange)
    accepted, unsupported = judged_template(exchange)
    given = {attribute.name: attribute for attribute in accepted}
    template = overlaid(template_of(job), given)
    for name in conflicting(template):
        template.pop(name if name not in given else "", None)
    copy = await _reprinted(exchange, job, encoded_template(list(template.values())))
    return job_answer(
        exchange, copy, Answer(_SUBSTITUTED, unsupported=unsupported) if unsupported else Answer()
    )


async def _reprinted(exchange: Exchange, job: Job, template: bytes) -> Job:
    named = exchange.text("job-name")
    try:
        return await exchange.service.job_control.reprint(
            exchange.printer,
            job,
            name=named or job.name,
            user=exchange.user,
            user_proved=bool(exchange.requester.name),
            language=str(exchange.operation.attributes[1].first) if named else job.language,
            template=template,
        )
    except NotPossibleError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, error.problem) from error


# --- many -------------------------------------------------------------------------------------------------------------


@handler(Operation.CANCEL_JOBS, Target.PRINTER, "job-ids", *_MESSAGES, role=Role.OPERATOR)
async def cancel_jobs(exchange: Exchange) -> Answer:
    """Cancel-Jobs, PWG 5100.7 §5.1: every unfinished job, or those listed; all or none."""
    listed = exchange.operation.get("job-ids")
    printer = exchange.printer
    if listed is None:
        jobs = list(printer.active.in_order())
    else:
        wanted = dict.fromkeys(listed.integers())
        missing = [job_id for job_id in wanted if job_id not in printer.jobs]
        if missing:
            raise RefusedError(
                StatusCode.CLIENT_ERROR_NOT_FOUND,
                f"there is no job {missing[0]}; none was canceled",
                (Attribute.integer("job-ids", *missing),),
            )
        ended = [job_id for job_id in wanted if printer.jobs[job_id].is_terminal]
        if ended:
            raise RefusedError(
                StatusCode.CLIENT_ERROR_NOT_POSSIBLE,
                "not all of these jobs are unfinished; none was canceled",
                (Attribute.integer("job-ids", *ended),),
            )
        jobs = [printer.jobs[job_id] for job_id in wanted]
    async for job in in_turns(jobs):
        if not is_stopping(job):
            await _tell(exchange, job)
            exchange.service.jobs.cancel(printer, job, cancel_reason(exchange, job))
    return Answer()


@handler(Operation.PURGE_JOBS, Target.PRINTER, "message", role=Role.OPERATOR)
async def purge_jobs(exchange: Exchange) -> Answer:
    """Purge-Jobs, RFC 8011 §4.2.9: every job of the printer is forgotten, also what prints and what is history."""
    await exchange.service.job_control.purge(exchange.printer)
    return Answer()


# --- changes ----------------------------------------------------------------------------------------------------------


@handler(Operation.SET_JOB_ATTRIBUTES, Target.JOB)
async def set_job_attributes(exchange: Exchange) -> Answer:
    """Set-Job-Attributes, RFC 3380 §4.2: all of the changes, or none."""
    job = own_job_of(exchange)
    if job.is_terminal or is_stopping(job):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.keyword} already"
        )
    changes = judged_changes(exchange, job, exchange.message.group(GroupTag.JOB).attributes)
    await exchange.service.job_control.change(
        exchange.printer, job, changes.template, changes.name, changes.message
    )
    return Answer()


HANDLERS: tuple[Handler, ...] = (
    hold_job,
    release_job,
    promote_job,
    schedule_job_after,
    suspend_current_job,
    resume_job,
    cancel_current_job,
    restart_job,
    reprocess_job,
    resubmit_job,
    cancel_jobs,
    purge_jobs,
    set_job_attributes,
)
