"""From a request to its operation: the checks every request gets, in the order of RFC 8011 §4.1, and the table."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from urllib.parse import unquote, urlsplit

from tympan.endpoint import (
    document_object_operations,
    document_operations,
    job_control_operations,
    job_operations,
    notification_operations,
    printer_control_operations,
    printer_creation_operations,
    printer_operations,
    reference_operations,
    set_operations,
    subscription_groups,
    subscription_operations,
    system_control_operations,
    system_operations,
)
from tympan.endpoint.charset import CHARSETS, in_charset_of
from tympan.endpoint.exchange import Answer, Exchange, RefusedError, not_authorized
from tympan.endpoint.printer_control_operations import check_available
from tympan.endpoint.table import Handler, Target
from tympan.errors import SpoolError
from tympan.ipp import Attribute, AttributeGroup, GroupTag, IppDecodeError, Message, Operation, StatusCode
from tympan.ipp.registry import check_syntax
from tympan.service.access import EVERYBODY, Requester
from tympan.service.decompression import CompressionError
from tympan.service.description import IPP_VERSIONS
from tympan.service.job_keeper import TooManyDocumentsError, TooManyJobsError
from tympan.service.printer import Printer
from tympan.service.references import TooManyFetchesError
from tympan.service.service import Service
from tympan.spool.documents import DocumentTooLargeError

OPERATIONS: dict[int, Handler] = {
    handler.operation: handler
    for module in (
        printer_operations,
        job_operations,
        job_control_operations,
        document_operations,
        document_object_operations,
        printer_control_operations,
        subscription_operations,
        notification_operations,
        reference_operations,
        set_operations,
        system_operations,
        system_control_operations,
        printer_creation_operations,
    )
    for handler in module.HANDLERS
}
"""What is not in this table is not offered."""

PRINTING = frozenset(
    {
        Operation.PRINT_JOB,
        Operation.PRINT_URI,
        Operation.VALIDATE_JOB,
        Operation.CREATE_JOB,
        Operation.SEND_DOCUMENT,
        Operation.SEND_URI,
        Operation.VALIDATE_DOCUMENT,
        Operation.RESTART_JOB,
        Operation.REPROCESS_JOB,
        Operation.RESUBMIT_JOB,
    }
)
"""What ``access.print`` is about."""

MAX_JOB_DIGITS = 10
"""The digits of the largest integer, RFC 8011 §5.1.5."""

_MAJOR_VERSIONS = frozenset(major for major, _ in IPP_VERSIONS)

SYSTEM_PATH = ["ipp", "system"]
"""Where the system service is, PWG 5100.22 §4.1."""

_SPOOL_STATUSES = {
    CompressionError: StatusCode.CLIENT_ERROR_COMPRESSION_ERROR,
    DocumentTooLargeError: StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE,
    TooManyDocumentsError: StatusCode.SERVER_ERROR_TOO_MANY_DOCUMENTS,
    TooManyJobsError: StatusCode.SERVER_ERROR_BUSY,
    TooManyFetchesError: StatusCode.SERVER_ERROR_BUSY,
}
"""What is answered where the spool has no room, RFC 8011 Appendix B and PWG 5100.7; of anything else, that it is so for now."""

_UNIQUE_GROUPS = frozenset({GroupTag.OPERATION, GroupTag.JOB, GroupTag.PRINTER, GroupTag.DOCUMENT})
"""Groups that a request has once at most, RFC 3196 §3.1.2.1.4; there may be several subscriptions (RFC 3995 §8)."""

_log = logging.getLogger(__name__)


async def answer(
    service: Service,
    message: Message,
    body: AsyncIterator[bytes],
    base_uri: str,
    requester: Requester = EVERYBODY,
    *,
    connected: Callable[[], bool] = lambda: True,
) -> bytes:
    """Carry out a request; always gives an answer.

    Args:
        service: The service.
        message: The request.
        body: The document data that follows it.
        base_uri: ``ipp://HOST:PORT`` as the client reaches us.
        requester: Who asks, as far as it is proved.
        connected: Whether the client is still there, for operations that wait.

    Raises:
        ConnectionError: The client went away.
    """
    version = _answered_version(message.version)
    try:
        result = await _carry_out(service, message, body, base_uri, requester, connected=connected)
        encoded = result.encode(version, message.request_id)
        return in_charset_of(message, result.status, encoded, result.charset)
    except RefusedError as refusal:
        result = Answer(refusal.status, refusal.problem, refusal.unsupported)
    except SpoolError as error:
        status = _SPOOL_STATUSES.get(type(error), StatusCode.SERVER_ERROR_TEMPORARY_ERROR)
        result = Answer(status, error.problem)
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 — a client gets an answer in IPP whatever goes wrong here
        _log.exception("operation 0x%04x failed", message.code)
        result = Answer(StatusCode.SERVER_ERROR_INTERNAL_ERROR, "the request met an internal error")
    return in_charset_of(message, result.status, result.encode(version, message.request_id))


def refusal(error: IppDecodeError) -> bytes:
    """The answer to octets that are no IPP message."""
    return Answer(error.status, str(error)).encode(_answered_version(error.version), error.request_id)


def _answered_version(version: tuple[int, int]) -> tuple[int, int]:
    """The version of the answer: the request's, or the nearest that is spoken (RFC 8011 §4.1.8)."""
    if version in IPP_VERSIONS:
        return version
    lower = [each for each in IPP_VERSIONS if each < version]
    return lower[-1] if lower else IPP_VERSIONS[0]


async def _carry_out(
    service: Service,
    message: Message,
    body: AsyncIterator[bytes],
    base_uri: str,
    requester: Requester,
    *,
    connected: Callable[[], bool],
) -> Answer:
    if message.version[0] not in _MAJOR_VERSIONS:
        raise RefusedError(
            StatusCode.SERVER_ERROR_VERSION_NOT_SUPPORTED,
            f"IPP/{message.version[0]}.{message.version[1]} is not understood",
        )
    handler = OPERATIONS.get(message.code)
    if handler is None:
        raise RefusedError(
            StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED,
            f"operation 0x{message.code:04x} is not supported",
        )
    if message.request_id < 1:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "request-id must be 1 or more")
    operation = _operation_group(message)
    printer, job_id = _target(service, operation, handler)
    unsupported = _judge_operation_attributes(operation, handler)
    _judge_requester(service, handler, requester)
    if printer is not None:
        check_available(handler.operation, printer)
    exchange = Exchange(
        message=message,
        operation=operation,
        body=body,
        service=service,
        base_uri=base_uri,
        target=printer,
        job_id=job_id,
        requester=requester,
        connected=connected,
        roles=ROLES,
        system_operations=SYSTEM_OPERATIONS,
    )
    try:
        result = await _run(handler, exchange)
    except RefusedError as refusal:
        result = Answer(refusal.status, refusal.problem, refusal.unsupported)
    if unsupported:
        result.unsupported = (*unsupported, *result.unsupported)
        if result.status == StatusCode.SUCCESSFUL_OK:
            result.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return result


async def _run(handler: Handler, exchange: Exchange) -> Answer:
    """Run an operation; what it subscribed on the way is kept and told where it succeeds, and taken back where not."""
    try:
        result = await handler.run(exchange)
        if exchange.subscribing and result.status.ok:
            await subscription_groups.conclude(exchange, result, with_job=True)
    except BaseException:
        subscription_groups.withdraw(exchange)
        raise
    if exchange.subscribing and not result.status.ok:
        subscription_groups.withdraw(exchange)
    return result


def _judge_requester(service: Service, handler: Handler, requester: Requester) -> None:
    """See whether who asks may ask for this at all; about jobs of others the operation judges."""
    if requester.role < handler.role:
        raise not_authorized(
            requester, f"{handler.operation.keyword} needs the role {handler.role.name.lower()}"
        )
    if service.access.print == "users" and handler.operation in PRINTING and not requester.name:
        raise not_authorized(requester, "who prints here has to prove who they are")


def _operation_group(message: Message) -> AttributeGroup:
    if not message.groups or message.groups[0].tag != GroupTag.OPERATION:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, "the operation attributes group must come first"
        )
    operation = message.groups[0]
    _check_groups(message)
    names = [attribute.name for attribute in operation.attributes[:2]]
    if names != ["attributes-charset", "attributes-natural-language"]:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST,
            "attributes-charset and attributes-natural-language must come first, in this order",
        )
    charset, language = operation.attributes[:2]
    for attribute in (charset, language):
        if check_syntax(attribute, GroupTag.OPERATION) is not None or len(attribute.values) != 1:
            raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{attribute.name} has a wrong value")
    if str(charset.first).lower() not in CHARSETS:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_CHARSET_NOT_SUPPORTED,
            f"charset {charset.first!s:.40} is not supported",
            (charset,),
        )
    return operation


def _check_groups(message: Message) -> None:
    """Refuse groups out of order or given twice, and attributes given twice in a group (RFC 8011 §4.1.3)."""
    tags = [group.tag for group in message.groups]
    if any(tags.count(tag) > 1 for tag in _UNIQUE_GROUPS):
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "a group of attributes is given twice")
    if GroupTag.JOB in tags[2:]:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, "job attributes come right behind the operation attributes"
        )
    for group in message.groups:
        if group.duplicate_names:
            raise RefusedError(
                StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{group.duplicate_names[0]} is given twice"
            )


def _target(service: Service, operation: AttributeGroup, handler: Handler) -> tuple[Printer | None, int]:
    """The printer and job that the request is for, RFC 8011 §4.1.5; no printer where it is for the system."""
    either = handler.target is Target.PRINTER_OR_SYSTEM
    if handler.target is Target.SYSTEM or (
        either and "printer-uri" not in operation and "system-uri" in operation
    ):
        _check_system_uri(operation)
        return None, 0
    if handler.target is Target.PRINTER_OF_SYSTEM or (
        handler.target is Target.PRINTER_BY_ID
        and "printer-uri" not in operation
        and "system-uri" in operation
    ):
        _check_system_uri(operation)
        return _printer_by_id(service, operation, handler), 0
    uri = _target_uri(operation, handler)
    printer, job_id = resolve(service, str(uri.first))
    if printer is None or (uri.name == "printer-uri" and job_id):
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no printer at {uri.first!s:.200}")
    if handler.target is not Target.JOB:
        return printer, 0
    if uri.name == "printer-uri":
        return printer, _job_id(operation)
    if not job_id:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no job at {uri.first!s:.200}")
    return printer, job_id


def _target_uri(operation: AttributeGroup, handler: Handler) -> Attribute:
    """``printer-uri``, or ``job-uri`` where the operation may be addressed so and has no ``printer-uri``."""
    uri = operation.get("printer-uri")
    if uri is None and handler.target is Target.JOB:
        uri = operation.get("job-uri")
    if uri is None:
        wanted = (
            "printer-uri and job-id, or job-uri," if handler.target is Target.JOB else handler.target.value
        )
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{wanted} must be given")
    if check_syntax(uri, GroupTag.OPERATION) is not None or len(uri.values) != 1:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{uri.name} has a wrong value")
    return uri


def _job_id(operation: AttributeGroup) -> int:
    number = operation.get("job-id")
    if number is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "job-id must be given with printer-uri")
    return _one_number(number)


def _printer_by_id(service: Service, operation: AttributeGroup, handler: Handler) -> Printer:
    """The printer of ``printer-id``; where it may be left out, the default printer (PWG 5100.22 §6.1)."""
    number = operation.get("printer-id")
    if number is None and handler.target is Target.PRINTER_OF_SYSTEM:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "printer-id must be given with system-uri")
    printer = service.default_printer if number is None else service.registry.by_id(_one_number(number))
    if printer is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, "there is no such printer")
    return printer


def _one_number(attribute: Attribute) -> int:
    if (
        check_syntax(attribute, GroupTag.OPERATION) is not None
        or len(attribute.values) != 1
        or not isinstance(attribute.first, int)
    ):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{attribute.name} has a wrong value", (attribute,)
        )
    return attribute.first


def _check_system_uri(operation: AttributeGroup) -> None:
    uri = operation.get("system-uri")
    if uri is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "system-uri must be given")
    if check_syntax(uri, GroupTag.OPERATION) is not None or len(uri.values) != 1:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "system-uri has a wrong value")
    if _path_parts(str(uri.first)) != SYSTEM_PATH:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no system service at {uri.first!s:.200}"
        )


def _path_parts(uri: str) -> list[str] | None:
    """The parts of a URI's path that are not empty; None where it is no absolute URI (RFC 8011 §4.1.5)."""
    try:
        split = urlsplit(uri)
    except ValueError:
        return None
    return [part for part in unquote(split.path).split("/") if part] if split.netloc else None


def resolve(service: Service, uri: str) -> tuple[Printer | None, int]:
    """The printer and the job number of a URI; the host is not judged: clients reach us by many names.

    Returns:
        None where there is no such printer; 0 where the URI names no job.
    """
    parts = _path_parts(uri)
    if parts is None:
        return None, 0
    if not parts or parts in (["ipp"], ["ipp", "print"]):
        return service.default_printer, 0
    if parts[:2] != ["ipp", "print"] or len(parts) > 4:
        return None, 0
    name, number = parts[2], parts[3:]
    printer = service.printers.get(name)
    if printer is None and not number:
        printer, number = service.default_printer, [name]
    if not number:
        return printer, 0
    job_id = _number(number[0])
    return (printer, job_id) if printer is not None and job_id else (None, 0)


def _number(text: str) -> int:
    """A job number of a URI; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_JOB_DIGITS else 0


def _judge_operation_attributes(operation: AttributeGroup, handler: Handler) -> tuple[Attribute, ...]:
    """Check the syntax of the operation attributes; returns those that the operation does not know."""
    unsupported: list[Attribute] = []
    for attribute in operation.attributes[2:]:
        if attribute.name not in handler.attributes:
            unsupported.append(Attribute.unsupported(attribute.name))
            continue
        problem = check_syntax(attribute, GroupTag.OPERATION)
        if problem is not None:
            too_long = problem.status == StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
            raise RefusedError(
                problem.status if too_long else StatusCode.CLIENT_ERROR_BAD_REQUEST,  # RFC 3196 §3.1.2.1.5
                f"{attribute.name}: {problem}",
                (attribute,),
            )
    return tuple(unsupported)


_AT_SYSTEM = frozenset(
    {Target.SYSTEM, Target.PRINTER_OF_SYSTEM, Target.PRINTER_OR_SYSTEM, Target.PRINTER_BY_ID}
)


def operations_supported(*, system: bool = False) -> list[Operation]:
    """``operations-supported`` of a printer, or of the system."""
    targets = _AT_SYSTEM if system else frozenset(Target) - {Target.SYSTEM, Target.PRINTER_OF_SYSTEM}
    return [handler.operation for _, handler in sorted(OPERATIONS.items()) if handler.target in targets]


ROLES = {code: handler.role for code, handler in OPERATIONS.items()}
"""Who may ask for each operation."""

SYSTEM_OPERATIONS = tuple(operations_supported(system=True))
"""What is answered at ``/ipp/system``."""
