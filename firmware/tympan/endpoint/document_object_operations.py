"""Operations on the documents of a job, PWG 5100.5, and Validate-Document, PWG 5100.13 §5.2."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.job_access import job_of, own_job_of
from tympan.endpoint.table import Handler, Target, handler
from tympan.endpoint.tickets import compression_of, document_format_of, judged_document
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.document_attributes import (
    DEFAULT_NAMES,
    GROUPS,
    SETTABLE,
    SOMETIMES,
    attributes_of,
    is_document_attribute,
    is_settable_now,
)
from tympan.service.job_attributes import encoded_template, template_of
from tympan.service.printer import Printer
from tympan.service.service import Service
from tympan.service.template import DOCUMENT_TEMPLATE, TemplateError, overlaid


def _document_of(exchange: Exchange, job: Job) -> Document:
    """The document of `job` that ``document-number`` names.

    Raises:
        RefusedError: It is not given, or there is none.
    """
    number = exchange.operation.integer("document-number")
    if number is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "document-number must be given")
    document = job.document(number)
    if document is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"job {job.job_id} has no document {number}")
    return document


def _add(
    exchange: Exchange, answer: Answer, job: Job, document: Document, names: tuple[str, ...]
) -> set[str]:
    attributes = attributes_of(
        job, document, exchange.printer, exchange.printer_uri, exchange.service.clock.up_time(), names
    )
    is_private = exchange.service.privacy.is_private_of_document
    sees = exchange.sees(job)
    answer.add(
        GroupTag.DOCUMENT, [attribute for attribute in attributes if sees or not is_private(attribute.name)]
    )
    return {attribute.name for attribute in attributes}


def _tell_missing(answer: Answer, requested: Iterable[str], known: set[str]) -> Answer:
    known |= GROUPS | SOMETIMES | set(DOCUMENT_TEMPLATE)
    missing = [name for name in dict.fromkeys(requested) if name not in known]
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *missing),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return answer


@handler(Operation.GET_DOCUMENT_ATTRIBUTES, Target.JOB, "document-number", "requested-attributes")
async def get_document_attributes(exchange: Exchange) -> Answer:
    """Get-Document-Attributes, PWG 5100.5 §4."""
    job = job_of(exchange)
    document = _document_of(exchange, job)
    answer = Answer()
    return _tell_missing(
        answer, exchange.requested(), _add(exchange, answer, job, document, exchange.requested())
    )


@handler(Operation.GET_DOCUMENTS, Target.JOB, "requested-attributes", "limit", "first-index")
async def get_documents(exchange: Exchange) -> Answer:
    """Get-Documents, PWG 5100.5 §4: a group for each document of the job, in the order of their numbers."""
    job = job_of(exchange)
    start = (exchange.operation.integer("first-index") or 1) - 1
    limit = exchange.operation.integer("limit")
    requested = exchange.requested(DEFAULT_NAMES)
    answer = Answer()
    known: set[str] = set()
    for document in islice(job.documents, start, None if limit is None else start + limit):
        known |= _add(exchange, answer, job, document, requested)
    return _tell_missing(answer, requested, known) if answer.groups else answer


@handler(Operation.CANCEL_DOCUMENT, Target.JOB, "document-number", "document-message")
async def cancel_document(exchange: Exchange) -> Answer:
    """Cancel-Document, PWG 5100.5 §4: the document does not print; the others of its job do."""
    job, document = _not_begun(exchange)
    await exchange.service.jobs.drop_document(exchange.printer, job, document, forget=False)
    return Answer()


@handler(Operation.DELETE_DOCUMENT, Target.JOB, "document-number")
async def delete_document(exchange: Exchange) -> Answer:
    """Delete-Document, PWG 5100.5 §4: the document is no more; its number is not given again."""
    job, document = _not_begun(exchange)
    await exchange.service.jobs.drop_document(exchange.printer, job, document, forget=True)
    return Answer()


def _not_begun(exchange: Exchange) -> tuple[Job, Document]:
    """A document that can still be kept from printing, of a job that the requester may change.

    Raises:
        RefusedError: There is none, or it is too late, or it is not theirs.
    """
    job = own_job_of(exchange)
    document = _document_of(exchange, job)
    if not is_settable_now(job, document):
        state = "canceled" if document.canceled else "finished" if job.is_terminal else "printing"
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE,
            f"document {document.number} of job {job.job_id} is {state} already",
        )
    return job, document


@handler(Operation.SET_DOCUMENT_ATTRIBUTES, Target.JOB, "document-number", "document-message")
async def set_document_attributes(exchange: Exchange) -> Answer:
    """Set-Document-Attributes, PWG 5100.5 §4 by the rules of RFC 3380 §4.2: all that is asked for is set, or nothing is."""
    job, document = _not_begun(exchange)
    wishes = exchange.message.group(GroupTag.DOCUMENT).attributes
    if not wishes:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "there is no attribute to set")
    _refuse_not_settable(wishes)
    template = template_of(document)
    name = document.name
    own: dict[str, Attribute] = {}
    bad: list[Attribute] = []
    for wish in wishes:
        if wish.tag == ValueTag.DELETE_ATTRIBUTE:
            name = "" if wish.name == "document-name" else name
            template.pop(wish.name, None)
        elif wish.name == "document-name":
            if check_syntax(wish, GroupTag.DOCUMENT) is not None:
                bad.append(wish)
            name = str(wish.first)
        else:
            good, unsupported = _judged(exchange.printer, wish)
            bad += unsupported
            own |= {attribute.name: attribute for attribute in good}
    if bad:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "nothing was set: the printer does not support " + ", ".join(each.name for each in bad),
            tuple(bad),
        )
    await _change(exchange.service, exchange.printer, job, document, name, overlaid(template, own))
    return Answer()


def _refuse_not_settable(wishes: Iterable[Attribute]) -> None:
    """Refuse what a document has but nobody may set, and what it has not, RFC 3380 §4.2.2.

    Raises:
        RefusedError: There is such an attribute.
    """
    unknown = [wish for wish in wishes if wish.name not in SETTABLE and not is_document_attribute(wish.name)]
    if unknown:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"a document has no {unknown[0].name}",
            tuple(Attribute.unsupported(wish.name) for wish in unknown),
        )
    fixed = [wish for wish in wishes if wish.name not in SETTABLE]
    if fixed:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            f"{fixed[0].name} of a document cannot be set",
            tuple(Attribute.of(wish.name, ValueTag.NOT_SETTABLE, None) for wish in fixed),
        )


def _judged(printer: Printer, wish: Attribute) -> tuple[list[Attribute], list[Attribute]]:
    try:
        return printer.template.judge_document((wish,))
    except TemplateError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, error.problem, (wish,)) from error


async def _change(  # noqa: PLR0917 — one document of one job of one printer of one service
    service: Service,
    printer: Printer,
    job: Job,
    document: Document,
    name: str,
    template: dict[str, Attribute],
) -> None:
    document.name = name
    document.template = encoded_template(list(template.values()))
    await service.jobs.job_kept(printer, job)


@handler(
    Operation.VALIDATE_DOCUMENT,
    Target.PRINTER,
    "document-name",
    "compression",
    "document-format",
    "document-natural-language",
    "ipp-attribute-fidelity",
)
async def validate_document(exchange: Exchange) -> Answer:
    """Validate-Document, PWG 5100.13 §5.2: all the checks of Send-Document, and no document."""
    document_format_of(exchange)
    compression_of(exchange)
    answer, _ = judged_document(exchange, fidelity=exchange.flag("ipp-attribute-fidelity"))
    return answer


HANDLERS: tuple[Handler, ...] = (
    get_document_attributes,
    get_documents,
    cancel_document,
    delete_document,
    set_document_attributes,
    validate_document,
)
