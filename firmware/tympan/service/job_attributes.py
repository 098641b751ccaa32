"""A job as attributes: what Get-Job-Attributes and Get-Jobs show (RFC 8011 §5.3, PWG 5100.5, 5100.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from tympan.ipp import Attribute, GroupTag, Message, StringWithLanguage, decode, encode
from tympan.ipp.enums import JobState
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.clock import date_time
from tympan.service.description import NATURAL_LANGUAGE
from tympan.service.printer import Printer
from tympan.service.proof_print import PROOF_PRINT

DEFAULT_NAMES = ("job-uri", "job-id")
"""What Get-Jobs gives where nothing is asked for, RFC 8011 §4.2.6.1."""

GROUPS = frozenset({"all", "job-description", "job-template"})
"""The groups of attributes that may be asked for, RFC 8011 §4.3.4."""

SOMETIMES = frozenset(
    {
        "compression-supplied",
        "document-format-supplied",
        "document-name-supplied",
        "job-message-from-operator",
    }
)
"""Attributes that a job has once it has a document, or an operator left a message with it."""

_MAX_IMPRESSIONS = 2**31 - 1


def template_of(holder: Job | Document) -> dict[str, Attribute]:
    """The accepted job template attributes of a job, or the document template attributes of a document, by name."""
    if not holder.template:
        return {}
    message, _ = decode(holder.template)
    return {attribute.name: attribute for attribute in message.group(GroupTag.JOB)}


def encoded_template(attributes: list[Attribute]) -> bytes:
    """Job template attributes as a job keeps them: an IPP message with a job attributes group; empty for none."""
    return (
        encode(Message.of((2, 0), 0, 1, (GroupTag.OPERATION, ()), (GroupTag.JOB, attributes)))
        if attributes
        else b""
    )


def job_uri(printer_uri: str, job: Job) -> str:
    """``job-uri``: the printer's URI and the job's number."""
    return f"{printer_uri}/{job.job_id}"


def _time(name: str, value: int) -> Attribute:
    return Attribute.integer(name, value) if value else Attribute.no_value(name)


def _date(name: str, value: int) -> Attribute:
    return date_time(name, value) if value else Attribute.no_value(name)


def _name(name: str, job: Job, value: str) -> Attribute:
    """What the client called something, with its language where answers are in another one (RFC 8011 §4.1.4.2)."""
    if job.language.partition("-")[0].lower() == NATURAL_LANGUAGE:
        return Attribute.name_string(name, value)
    return Attribute.name_string(name, StringWithLanguage(job.language, value))


class _Asked(NamedTuple):
    """A job that is asked about.

    Attributes:
        job: The job.
        printer_uri: The printer's URI as the client reaches it.
        now: ``printer-up-time``.
    """

    job: Job
    printer_uri: str
    now: int


def _first_document(make: Callable[[Job, Document], Attribute]) -> Callable[[_Asked], Attribute | None]:
    """What a job says of its first document, once it has one."""
    return lambda asked: make(asked.job, asked.job.documents[0]) if asked.job.documents else None


_DESCRIPTION: dict[str, Callable[[_Asked], Attribute | None]] = {
    "job-uri": lambda asked: Attribute.uri("job-uri", job_uri(asked.printer_uri, asked.job)),
    "job-id": lambda asked: Attribute.integer("job-id", asked.job.job_id),
    "job-state": lambda asked: Attribute.enum("job-state", asked.job.state),
    "job-state-reasons": lambda asked: Attribute.keyword(
        "job-state-reasons", *(asked.job.reasons or ("none",))
    ),
    "job-state-message": lambda asked: Attribute.text("job-state-message", asked.job.message),
    "job-printer-uri": lambda asked: Attribute.uri("job-printer-uri", asked.printer_uri),
    "job-name": lambda asked: _name("job-name", asked.job, asked.job.name),
    "job-originating-user-name": lambda asked: Attribute.name_string(
        "job-originating-user-name", asked.job.user
    ),
    "job-uuid": lambda asked: Attribute.uri("job-uuid", f"urn:uuid:{asked.job.uuid}"),
    "job-more-info": lambda asked: Attribute.uri(
        "job-more-info", "http" + asked.printer_uri.partition("/ipp/")[0].removeprefix("ipp") + "/"
    ),
    "attributes-charset": lambda _: Attribute.charset("attributes-charset", "utf-8"),
    "attributes-natural-language": lambda asked: Attribute.language(
        "attributes-natural-language", asked.job.language
    ),
    "job-k-octets": lambda asked: Attribute.integer("job-k-octets", asked.job.k_octets),
    "job-k-octets-processed": lambda asked: Attribute.integer(
        "job-k-octets-processed", asked.job.k_octets_processed
    ),
    "job-impressions": lambda asked: _time("job-impressions", asked.job.impressions),
    "job-impressions-completed": lambda asked: Attribute.integer(
        "job-impressions-completed", min(asked.job.impressions_completed, _MAX_IMPRESSIONS)
    ),
    "job-media-sheets-completed": lambda asked: Attribute.integer(
        "job-media-sheets-completed", min(asked.job.media_sheets_completed, _MAX_IMPRESSIONS)
    ),
    "job-printer-up-time": lambda asked: Attribute.integer("job-printer-up-time", asked.now),
    "number-of-documents": lambda asked: Attribute.integer("number-of-documents", len(asked.job.documents)),
    "time-at-creation": lambda asked: _time("time-at-creation", asked.job.created_at),
    "time-at-processing": lambda asked: _time("time-at-processing", asked.job.processing_at),
    "time-at-completed": lambda asked: _time("time-at-completed", asked.job.completed_at),
    "date-time-at-creation": lambda asked: _date("date-time-at-creation", asked.job.created_date),
    "date-time-at-processing": lambda asked: _date("date-time-at-processing", asked.job.processing_date),
    "date-time-at-completed": lambda asked: _date("date-time-at-completed", asked.job.completed_date),
    "job-message-from-operator": lambda asked: (
        Attribute.text("job-message-from-operator", asked.job.operator_message)
        if asked.job.operator_message
        else None
    ),
    "document-format-supplied": _first_document(
        lambda _, document: Attribute.mime("document-format-supplied", document.format)
    ),
    "document-name-supplied": _first_document(
        lambda job, document: _name("document-name-supplied", job, document.name or job.name)
    ),
    "compression-supplied": _first_document(
        lambda _, document: Attribute.keyword("compression-supplied", document.compression)
    ),
}
"""The job description and status attributes; each is made only where it is asked for."""


def attributes_of(
    job: Job, printer: Printer, printer_uri: str, now: int, requested: Iterable[str]
) -> list[Attribute]:
    """The attributes of a job that are asked for.

    Args:
        job: The job.
        printer: Its printer.
        printer_uri: The printer's URI as the client reaches it.
        now: ``printer-up-time``.
        requested: Names and the group keywords ``all``, ``job-description``, ``job-template``.
    """
    wanted = set(requested)
    if wanted == set(DEFAULT_NAMES):  # the common question of Get-Jobs, 10,000 jobs at a time
        return [Attribute.uri("job-uri", job_uri(printer_uri, job)), Attribute.integer("job-id", job.job_id)]
    everything = "all" in wanted
    described = everything or "job-description" in wanted
    asked = _Asked(job, printer_uri, now)
    names = _DESCRIPTION if described else [name for name in _DESCRIPTION if name in wanted]
    chosen = [attribute for name in names if (attribute := _DESCRIPTION[name](asked)) is not None]
    if everything or "job-template" in wanted or wanted - _DESCRIPTION.keys() - GROUPS:
        chosen += [
            attribute
            for attribute in printer.template.echo(template_of(job))
            if everything or "job-template" in wanted or attribute.name in wanted
        ]
    return chosen


_WHICH: dict[str, frozenset[JobState]] = {
    "completed": frozenset({JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED}),
    "not-completed": frozenset(
        {JobState.PENDING, JobState.PENDING_HELD, JobState.PROCESSING, JobState.PROCESSING_STOPPED}
    ),
    "all": frozenset(JobState),
    "aborted": frozenset({JobState.ABORTED}),
    "canceled": frozenset({JobState.CANCELED}),
    "pending": frozenset({JobState.PENDING}),
    "pending-held": frozenset({JobState.PENDING_HELD}),
    "processing": frozenset({JobState.PROCESSING}),
    "processing-stopped": frozenset({JobState.PROCESSING_STOPPED}),
}


def which_jobs(printer: Printer, which: str, user: str | None = None) -> Iterable[Job]:
    """The jobs that ``which-jobs`` names, in the order RFC 8011 §4.2.6.2 asks: finished ones newest first.

    Args:
        printer: The printer.
        which: ``which-jobs``.
        user: Only the jobs of this user.

    Raises:
        KeyError: `which` is not one of ``which-jobs-supported``.
    """
    if which == PROOF_PRINT:
        return (job for job in which_jobs(printer, "all") if PROOF_PRINT.encode() in job.template)
    states = _WHICH[which]
    ended = printer.ended.newest_first(states & _WHICH["completed"], user)
    if states <= _WHICH["completed"]:
        return ended
    unfinished = in_order_of_printing(printer, states & _WHICH["not-completed"], user)
    return unfinished if states <= _WHICH["not-completed"] else chain(unfinished, ended)


def in_order_of_printing(
    printer: Printer, states: frozenset[JobState] = _WHICH["not-completed"], user: str | None = None
) -> Iterator[Job]:
    """The unfinished jobs in the order they are expected to end: what prints, what waits, what is stopped or held.

    Args:
        printer: The printer.
        states: Only jobs in these.
        user: Only the jobs of this user.
    """
    current = printer.current
    if (
        current is not None
        and current.job_id in printer.active
        and current.state in states
        and user in (None, current.user)
    ):
        yield current
    if user is not None:
        jobs = printer.active.of_user(user)
    elif JobState.PENDING in states:
        jobs = printer.active.in_order()
    else:
        jobs = printer.active.in_states(states)
    later: list[Job] = []
    for job in jobs:
        if job is current or job.state not in states:
            continue
        if job.state == JobState.PENDING:
            yield job
        else:
            later.append(job)
    yield from later
