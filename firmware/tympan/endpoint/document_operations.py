"""Operations that receive a document: Print-Job and Send-Document, RFC 8011 §4.2.1 and §4.3.1."""

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
from tympan.ipp import Operation, StatusCode
from tympan.model.job import Job
from tympan.render.sniff import sniff
from tympan.service.decompression import decompressed
from tympan.service.formats import OCTET_STREAM, supported_formats
from tympan.service.job_password import PASSWORD_ATTRIBUTES

_DOCUMENT_ATTRIBUTES = ("document-name", "compression", "document-format", "document-natural-language")


@handler(
    Operation.PRINT_JOB,
    Target.PRINTER,
    "job-name",
    "ipp-attribute-fidelity",
    "job-k-octets",
    "job-impressions",
    "job-media-sheets",
    *PASSWORD_ATTRIBUTES,
    *_DOCUMENT_ATTRIBUTES,
)
async def print_job(exchange: Exchange) -> Answer:
    """Print-Job, RFC 8011 §4.2.1."""
    document_format_of(exchange)
    job, answer = await new_job(exchange)
    await _receive(exchange, job, last=True)
    return job_answer(exchange, job, answer)


@handler(Operation.SEND_DOCUMENT, Target.JOB, "last-document", *_DOCUMENT_ATTRIBUTES)
async def send_document(exchange: Exchange) -> Answer:
    """Send-Document, RFC 8011 §4.3.1; without data and ``last-document`` true it closes the job."""
    job = own_job_of(exchange)
    if exchange.operation.get("last-document") is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "last-document must be given")
    document_format_of(exchange)
    compression_of(exchange)
    check_open(job)
    answer, template = judged_document(exchange, fidelity=job.fidelity)
    await exchange.service.references.settled(job)
    check_open(job)  # what was fetched may have been its last document
    await _receive(exchange, job, last=exchange.flag("last-document"), template=template)
    return job_answer(exchange, job, answer)


async def _receive(exchange: Exchange, job: Job, *, last: bool, template: bytes = b"") -> None:
    """Take the document data into the spool and the document into the job."""
    document_format = document_format_of(exchange)
    data = decompressed(
        exchange.body, compression_of(exchange), exchange.service.limits.max_decompression_ratio
    )
    try:
        first = await anext(data, b"")
    except BaseException as error:
        exchange.service.jobs.upload_broken(exchange.printer, job, str(error))
        raise
    if job.is_terminal:  # canceled, or out of time, while the client thought about what to send
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} has ended meanwhile")
    if not first and last and job.incoming:
        await exchange.service.jobs.close_job(exchange.printer, job)
        return
    if not first:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "there is no document data")
    if document_format == OCTET_STREAM:
        document_format = _sensed(exchange, first)
    document = new_document(exchange, document_format)
    document.template = template
    intake = exchange.service.jobs.begin_document(exchange.printer, job, document, last=last)
    try:
        await intake.write(first)
        async for piece in data:
            await intake.write(piece)
        await intake.finish()
    except BaseException as error:
        intake.abort(error)
        raise


def _sensed(exchange: Exchange, first: bytes) -> str:
    """What ``application/octet-stream`` turns out to be."""
    found = sniff(first)
    if found is None or found not in supported_formats(exchange.printer.capabilities.native_formats):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
            f"the document is {found or 'of no format that is known here'} and cannot be printed",
        )
    return found


HANDLERS: tuple[Handler, ...] = (print_job, send_document)
