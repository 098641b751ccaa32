"""Operations that name a document instead of bringing it: Print-URI and Send-URI, RFC 8011 §4.2.2 and §4.3.2."""

from __future__ import annotations

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.job_access import check_open, own_job_of
from tympan.endpoint.table import Handler, Target, handler
from tympan.endpoint.tickets import (
    compression_of,
    document_format_of,
    job_answer,
    judged_document,
    new_document,
    new_job,
)
from tympan.ipp import Attribute, Operation, StatusCode
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.render.sniff import sniff
from tympan.service.fetching import FetchError, MalformedUriError, TooLongError, UriSchemeError, parsed_uri
from tympan.service.formats import OCTET_STREAM, supported_formats
from tympan.service.job_password import PASSWORD_ATTRIBUTES
from tympan.service.references import Opened, reference_to

_STATUSES: dict[type[FetchError], StatusCode] = {
    UriSchemeError: StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED,
    MalformedUriError: StatusCode.CLIENT_ERROR_BAD_REQUEST,
    TooLongError: StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE,
    FetchError: StatusCode.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR,
}

_REFERENCE_ATTRIBUTES = (
    "document-uri",
    "document-name",
    "compression",
    "document-format",
    "document-natural-language",
)


def _refused(error: FetchError, uri: Attribute) -> RefusedError:
    status = _STATUSES[type(error)]
    given_back = (uri,) if status == StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED else ()
    return RefusedError(status, error.problem, given_back)


@handler(
    Operation.PRINT_URI,
    Target.PRINTER,
    "job-name",
    "ipp-attribute-fidelity",
    "job-k-octets",
    "job-impressions",
    "job-media-sheets",
    *PASSWORD_ATTRIBUTES,
    *_REFERENCE_ATTRIBUTES,
)
async def print_uri(exchange: Exchange) -> Answer:
    """Print-URI, RFC 8011 §4.2.2: the document is there and of a format that prints when the job is accepted."""
    uri = _uri_of(exchange)
    document_format_of(exchange)
    job, answer = await new_job(exchange)
    opened, document = await _opened(exchange, uri)
    try:
        await _accept(exchange, job, opened, document, last=True)
    except BaseException:
        await opened.close()
        raise
    return job_answer(exchange, job, answer)


@handler(Operation.SEND_URI, Target.JOB, "last-document", *_REFERENCE_ATTRIBUTES)
async def send_uri(exchange: Exchange) -> Answer:
    """Send-URI, RFC 8011 §4.3.2; without ``document-uri`` and with ``last-document`` true it closes the job."""
    job = own_job_of(exchange)
    if exchange.operation.get("last-document") is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "last-document must be given")
    last = exchange.flag("last-document")
    closes = last and exchange.operation.get("document-uri") is None
    uri = None if closes else _uri_of(exchange)
    document_format_of(exchange)
    compression_of(exchange)
    answer, template = judged_document(exchange, fidelity=job.fidelity)
    check_open(job)
    exchange.service.jobs.check_documents(job)
    if uri is None:
        await exchange.service.jobs.close_job(exchange.printer, job)
        return job_answer(exchange, job, answer)
    await exchange.service.references.settled(job)  # one document after the other, in their order
    opened, document = await _opened(exchange, uri)
    document.template = template
    try:
        check_open(job)
        await _accept(exchange, job, opened, document, last=last)
    except BaseException:
        await opened.close()
        raise
    return job_answer(exchange, job, answer)


def _uri_of(exchange: Exchange) -> Attribute:
    """``document-uri``, of a scheme that is supported.

    Raises:
        RefusedError: It is not given, or cannot be fetched from.
    """
    attribute = exchange.operation.get("document-uri")
    if attribute is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "document-uri must be given")
    try:
        parsed_uri(str(attribute.first))
    except FetchError as error:
        raise _refused(error, attribute) from error
    return attribute


async def _opened(exchange: Exchange, uri: Attribute) -> tuple[Opened, Document]:
    """The document's beginning, and the document as it will be.

    Raises:
        RefusedError: It cannot be had, is empty, or of a format that cannot be printed.
        SpoolError: It cannot be fetched now.
    """
    try:
        opened = await exchange.service.references.open(str(uri.first), compression_of(exchange))
    except FetchError as error:
        raise _refused(error, uri) from error
    try:
        return opened, new_document(exchange, _format_of(exchange, opened))
    except BaseException:
        await opened.close()
        raise


def _format_of(exchange: Exchange, opened: Opened) -> str:
    """``document-format``; where it is not given, what the document's first bytes say, or else its server."""
    if not opened.first:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR, "there is nothing at the document's URI"
        )
    given = document_format_of(exchange)
    if given != OCTET_STREAM:
        return given
    supported = supported_formats(exchange.printer.capabilities.native_formats)
    found = sniff(opened.first)
    if found not in supported:
        found = opened.content_type
    if found not in supported or found == OCTET_STREAM:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
            f"the document is {found or 'of no format that is known here'} and cannot be printed",
        )
    return found


async def _accept(exchange: Exchange, job: Job, opened: Opened, document: Document, *, last: bool) -> None:
    """The job has a document on its way: durably, before anybody hears of it."""
    job.reference = reference_to(exchange.text("document-uri"), document, last=last)
    await exchange.service.jobs.open_job(exchange.printer, job)
    exchange.service.references.begin(exchange.printer, job, opened)


HANDLERS: tuple[Handler, ...] = (print_uri, send_uri)
