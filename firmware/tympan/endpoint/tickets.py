"""From the attributes of a job creation request to a new job: checks that several operations share."""

from __future__ import annotations

import asyncio

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.subscription_groups import judge
from tympan.ipp import Attribute, GroupTag, StatusCode, StringWithLanguage, ValueTag
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.description import COMPRESSIONS
from tympan.service.formats import OCTET_STREAM, supported_formats
from tympan.service.job_attributes import attributes_of, encoded_template
from tympan.service.job_password import ENCRYPTIONS, PASSWORD_ATTRIBUTES, kept, normalised
from tympan.service.scheduling import conflicting
from tympan.service.template import TemplateError

JOB_ANSWER = ("job-uri", "job-id", "job-state", "job-state-reasons", "job-state-message", "job-uuid")
"""What an operation that makes or changes a job tells of it, RFC 8011 §4.2.1.2."""


def document_format_of(exchange: Exchange) -> str:
    """``document-format`` of the request, automatic sensing where it is not given.

    Raises:
        RefusedError: It is not supported.
    """
    attribute = exchange.operation.get("document-format")
    if attribute is None:
        return OCTET_STREAM
    given = str(attribute.first)
    bare = given.partition(";")[0].strip().lower()
    if bare not in supported_formats(exchange.printer.capabilities.native_formats):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
            f"documents of format {given!r:.80} cannot be printed",
            (attribute,),
        )
    return bare


def compression_of(exchange: Exchange) -> str:
    """``compression`` of the request.

    Raises:
        RefusedError: It is not supported.
    """
    attribute = exchange.operation.get("compression")
    compression = "none" if attribute is None else str(attribute.first)
    if compression not in COMPRESSIONS:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED,
            f"compression {compression!r:.60} is not supported",
            () if attribute is None else (attribute,),
        )
    return compression


def judged_template(exchange: Exchange) -> tuple[list[Attribute], tuple[Attribute, ...]]:
    """The job template attributes that will be obeyed, and those that are given back as unsupported.

    Raises:
        RefusedError: Something is not supported and ``ipp-attribute-fidelity`` is true, or it makes no sense.
    """
    compression_of(exchange)
    _check_size(exchange)
    try:
        accepted, unsupported = exchange.printer.template.judge(exchange.message.group(GroupTag.JOB))
    except TemplateError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, error.problem) from error
    clash = conflicting({attribute.name: attribute for attribute in accepted})
    if clash and exchange.flag("ipp-attribute-fidelity"):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
            f"{clash[0]} contradicts another attribute of the job",
            tuple(attribute for attribute in accepted if attribute.name in clash),
        )
    unsupported += [attribute for attribute in accepted if attribute.name in clash]
    accepted = [attribute for attribute in accepted if attribute.name not in clash]
    if unsupported and exchange.flag("ipp-attribute-fidelity"):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "the job asks for what the printer does not support: "
            + ", ".join(attribute.name for attribute in unsupported),
            tuple(unsupported),
        )
    return accepted, tuple(unsupported)


async def new_job(exchange: Exchange) -> tuple[Job, Answer]:
    """A new job from the request, not yet known to the printer, and the answer that will tell of it.

    Raises:
        RefusedError: The request cannot be accepted as it is.
        SpoolError: There is no room for another job.
    """
    exchange.service.jobs.check_room()
    password, encryption = password_of(exchange)
    accepted, unsupported = judged_template(exchange)
    name = exchange.text("job-name") or exchange.text("document-name")
    job = exchange.service.jobs.new_job(
        exchange.printer,
        name=name or "Untitled",
        user=exchange.user,
        user_proved=bool(exchange.requester.name),
        language=_language(exchange),
        template=encoded_template(accepted),
    )
    if password:
        job.password, job.password_encryption = await asyncio.to_thread(kept, password), encryption
    job.fidelity = exchange.flag("ipp-attribute-fidelity")
    judge(exchange, job, per_job=True)
    answer = Answer(
        StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        if unsupported
        else StatusCode.SUCCESSFUL_OK,
        unsupported=unsupported,
    )
    return job, answer


def job_answer(exchange: Exchange, job: Job, answer: Answer) -> Answer:
    """The same answer with what an operation that makes a job tells of it, RFC 8011 §4.2.1.2."""
    now = exchange.service.clock.up_time()
    answer.add(GroupTag.JOB, attributes_of(job, exchange.printer, exchange.printer_uri, now, JOB_ANSWER))
    return answer


def password_of(exchange: Exchange) -> tuple[bytes, str]:
    """``job-password`` as the client sent it and ``job-password-encryption``, PWG 5100.11 §5.1; empty where there is none.

    Raises:
        RefusedError: One of them is missing, or not supported: a job that shall be guarded is not taken without, whatever
            ``ipp-attribute-fidelity`` says.
    """
    password, encryption = (exchange.operation.get(name) for name in PASSWORD_ATTRIBUTES)
    if password is None and encryption is None:
        return b"", ""
    if password is None or encryption is None:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, "job-password and job-password-encryption come together"
        )
    if encryption.tag != ValueTag.KEYWORD or encryption.first not in ENCRYPTIONS:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"passwords cannot come as {encryption.first!r:.60}",
            (encryption,),
        )
    sent = normalised(password.first, str(encryption.first)) if isinstance(password.first, bytes) else None
    if sent is None:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"the password is empty, or no {encryption.first}",
            (Attribute.unsupported("job-password"),),
        )
    return sent, str(encryption.first)


def judged_document(exchange: Exchange, *, fidelity: bool) -> tuple[Answer, bytes]:
    """The document attributes group of a request, PWG 5100.5.

    Args:
        exchange: The request.
        fidelity: ``ipp-attribute-fidelity`` of the job.

    Returns:
        The answer that will tell what is not supported, and the document template attributes that will be obeyed, encoded.

    Raises:
        RefusedError: Something is not supported and `fidelity` is true, or it makes no sense.
    """
    group = exchange.message.group(GroupTag.DOCUMENT)
    try:
        accepted, unsupported = exchange.printer.template.judge_document(group)
    except TemplateError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, error.problem) from error
    if unsupported and fidelity:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "the document asks for what the printer does not support: "
            + ", ".join(attribute.name for attribute in unsupported),
            tuple(unsupported),
        )
    answer = Answer(
        StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        if unsupported
        else StatusCode.SUCCESSFUL_OK,
        unsupported=tuple(unsupported),
    )
    return answer, encoded_template(accepted)


def new_document(exchange: Exchange, document_format: str) -> Document:
    """A document as the operation attributes of a request describe it; it has no number yet."""
    return Document(
        number=0,
        format=document_format,
        name=exchange.text("document-name")[:255],
        compression=compression_of(exchange),
        language=_language(exchange),
        natural_language=exchange.text("document-natural-language"),
    )


def _check_size(exchange: Exchange) -> None:
    """Refuse a job that says of itself that it is too long: ``job-k-octets``, RFC 8011 §4.2.1.1.

    Raises:
        RefusedError: It is outside ``job-k-octets-supported``.
    """
    size = exchange.operation.integer("job-k-octets")
    largest = exchange.service.limits.max_document_bytes // 1024
    if size is not None and size > largest:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"a job may have {largest} K octets",
            (Attribute.integer("job-k-octets", size),),
        )


def _language(exchange: Exchange) -> str:
    """The natural language of what the client calls the job: the name's own, or the request's (RFC 8011 §4.1.4.1)."""
    for name in ("job-name", "document-name"):
        attribute = exchange.operation.get(name)
        if attribute is not None and isinstance(attribute.first, StringWithLanguage):
            return attribute.first.language
    return str(exchange.operation.attributes[1].first)
