"""A document as attributes: what Get-Documents and Get-Document-Attributes show (PWG 5100.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tympan.ipp import Attribute, StringWithLanguage
from tympan.ipp.enums import DocumentState, JobState
from tympan.ipp.registry import section
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.clock import date_time
from tympan.service.description import NATURAL_LANGUAGE
from tympan.service.job_attributes import job_uri, template_of
from tympan.service.printer import Printer
from tympan.service.template import DOCUMENT_TEMPLATE, overlaid

DEFAULT_NAMES: Final = ("document-number",)
"""What Get-Documents gives where nothing is asked for."""

GROUPS: Final = frozenset({"all", "document-description", "document-template"})
"""The groups of attributes that may be asked for."""

SOMETIMES: Final = frozenset({"document-uri", "document-natural-language", "document-state-message"})
"""Attributes that some documents have."""

SETTABLE: Final = ("document-name", *DOCUMENT_TEMPLATE)
"""What Set-Document-Attributes can change."""

_INCOMING = "incoming"
_REASONS: Final = {
    DocumentState.PENDING: ("queued",),
    DocumentState.PROCESSING: ("printing",),
    DocumentState.PROCESSING_STOPPED: ("printing",),
    DocumentState.CANCELED: ("canceled-by-user",),
    DocumentState.ABORTED: ("aborted-by-system",),
    DocumentState.COMPLETED: ("completed-successfully",),
}
_FROM_JOB: Final = {
    "compression-error",
    "document-access-error",
    "document-format-error",
    "document-password-error",
    "document-permission-error",
    "document-security-error",
    "document-unprintable-error",
    "processing-to-stop-point",
    "unsupported-document-format",
}
"""``job-state-reasons`` that are ``document-state-reasons`` as well."""


def is_document_attribute(name: str) -> bool:
    """Whether IANA registers `name` for documents at all."""
    return any(
        name in section(group) for group in ("Document Template", "Document Description", "Document Status")
    )


def _reasons(job: Job, document: Document, state: DocumentState) -> tuple[str, ...]:
    reasons = list(_REASONS[state])
    if state == DocumentState.CANCELED:
        return tuple(reasons)
    if state in {DocumentState.ABORTED, DocumentState.PROCESSING, DocumentState.PROCESSING_STOPPED}:
        reasons += [reason for reason in job.reasons if reason in _FROM_JOB]
    if job.incoming and document not in job.documents:
        reasons = [_INCOMING, *(reason for reason in reasons if reason != "queued")]
    return tuple(dict.fromkeys(reasons))


def _name(name: str, document: Document, value: str) -> Attribute:
    if document.language.partition("-")[0].lower() == NATURAL_LANGUAGE:
        return Attribute.name_string(name, value)
    return Attribute.name_string(name, StringWithLanguage(document.language, value))


def _time(name: str, value: int) -> Attribute:
    return Attribute.integer(name, value) if value else Attribute.no_value(name)


def _date(name: str, value: int) -> Attribute:
    return date_time(name, value) if value else Attribute.no_value(name)


def goes_once(job: Job) -> bool:
    """Whether a job goes through its documents once: one copy, or all copies of each before the next."""
    template = template_of(job)
    copies, handling = template.get("copies"), template.get("multiple-document-handling")
    uncollated = handling is not None and handling.first == "separate-documents-uncollated-copies"
    return uncollated or copies is None or copies.first == 1


def description(job: Job, document: Document, printer_uri: str, now: int) -> list[Attribute]:
    """The document description and status attributes.

    Args:
        job: Its job.
        document: The document.
        printer_uri: The printer's URI as the client reaches it.
        now: ``printer-up-time``.
    """
    state = job.document_state(document, once=goes_once(job))
    ended = state in {DocumentState.CANCELED, DocumentState.ABORTED, DocumentState.COMPLETED}
    completed_at = document.completed_at or (job.completed_at if ended else 0)
    completed_date = document.completed_date or (job.completed_date if ended else 0)
    begun = state != DocumentState.PENDING and not document.canceled
    alone = len(job.documents) == 1
    attributes = [
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", document.language),
        Attribute.integer("document-number", document.number),
        Attribute.uri("document-uuid", f"urn:uuid:{document.uuid(job.uuid)}"),
        Attribute.enum("document-state", state),
        Attribute.keyword("document-state-reasons", *_reasons(job, document, state)),
        Attribute.integer("document-job-id", job.job_id),
        Attribute.uri("document-job-uri", job_uri(printer_uri, job)),
        Attribute.uri("document-printer-uri", printer_uri),
        Attribute.mime("document-format", document.format),
        _name("document-name", document, document.name or job.name),
        Attribute.integer("k-octets", document.k_octets),
        Attribute.integer("k-octets-processed", document.k_octets if state == DocumentState.COMPLETED else 0),
        Attribute.boolean("last-document", not job.incoming and document is job.documents[-1]),
        Attribute.uri("more-info", "http" + printer_uri.partition("/ipp/")[0].removeprefix("ipp") + "/"),
        Attribute.integer("printer-up-time", now),
        Attribute.integer("time-at-creation", document.created_at or job.created_at),
        _time("time-at-processing", document.processing_at or (job.processing_at if begun else 0)),
        _time("time-at-completed", completed_at if ended else 0),
        date_time("date-time-at-created", document.created_date or job.created_date),
        _date("date-time-at-processing", document.processing_date or (job.processing_date if begun else 0)),
        _date("date-time-at-completed", completed_date if ended else 0),
    ]
    if alone and job.impressions:
        attributes.append(Attribute.integer("impressions", job.impressions))
    if alone:
        attributes += [
            Attribute.integer("impressions-completed", job.impressions_completed),
            Attribute.integer("media-sheets-completed", job.media_sheets_completed),
        ]
    if job.message and (ended or begun) and not document.canceled:
        attributes.append(Attribute.text("document-state-message", job.message))
    if document.uri:
        attributes.append(Attribute.uri("document-uri", document.uri))
    if document.natural_language:
        attributes.append(Attribute.language("document-natural-language", document.natural_language))
    return attributes


def template(job: Job, document: Document, printer: Printer) -> list[Attribute]:
    """The document template attributes that apply to a document: its own, else its job's, else the printer's defaults."""
    own = template_of(document)
    applied = {
        attribute.name: attribute for attribute in printer.template.echo(overlaid(template_of(job), own))
    }
    return [attribute for name, attribute in applied.items() if name in DOCUMENT_TEMPLATE]


def attributes_of(  # noqa: PLR0917 — as for jobs, and the document
    job: Job, document: Document, printer: Printer, printer_uri: str, now: int, requested: Iterable[str]
) -> list[Attribute]:
    """The attributes of a document that are asked for.

    Args:
        job: Its job.
        document: The document.
        printer: Its printer.
        printer_uri: The printer's URI as the client reaches it.
        now: ``printer-up-time``.
        requested: Names and the group keywords of `GROUPS`.
    """
    wanted = set(requested)
    everything = "all" in wanted
    chosen = [
        attribute
        for attribute in description(job, document, printer_uri, now)
        if everything or "document-description" in wanted or attribute.name in wanted
    ]
    chosen += [
        attribute
        for attribute in template(job, document, printer)
        if everything or "document-template" in wanted or attribute.name in wanted
    ]
    return chosen


def is_settable_now(job: Job, document: Document) -> bool:
    """Whether a document may still be changed: it has not begun to print."""
    return not job.is_terminal and not document.canceled and job.state not in {
        JobState.PROCESSING,
        JobState.PROCESSING_STOPPED,
    }  # fmt: skip
