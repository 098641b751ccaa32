"""Operations that set a printer's attributes and say what can be set: RFC 3380 §4.1 and §4.3; and Get-User-Printer-Attributes.

All or none: where one attribute cannot be set, the answer says which and why, and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.table import Handler, Target, handler
from tympan.endpoint.tickets import document_format_of
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.service.access import Role
from tympan.service.answer import decoded
from tympan.service.formats import OCTET_STREAM
from tympan.service.printer_settings import NotSetError
from tympan.service.settable import settable_names, supported_values

SET = "printer-settable-attributes-supported"


def attributes_to_set(exchange: Exchange, group: GroupTag) -> tuple[Attribute, ...]:
    """The attributes of a request that sets them.

    Raises:
        RefusedError: There are none.
    """
    attributes = exchange.message.group(group).attributes
    if not attributes:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "there are no attributes to set")
    return tuple(attributes)


def refused(error: NotSetError) -> RefusedError:
    """The answer where attributes cannot be set."""
    return RefusedError(
        error.status,
        error.refusals[0].problem,
        tuple(dict.fromkeys(refusal.attribute for refusal in error.refusals)),
    )


def _document_format(exchange: Exchange) -> None:
    """See that attributes shall not be set for one format alone: here they are the same for all (RFC 3380 §4.1.1).

    Raises:
        RefusedError: They shall, or there is no such format.
    """
    wanted = document_format_of(exchange)
    given = exchange.operation.get("document-format")
    if given is not None and wanted != OCTET_STREAM:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "attributes cannot be set for one document format alone",
            (given,),
        )


@handler(Operation.SET_PRINTER_ATTRIBUTES, Target.PRINTER, "document-format", role=Role.ADMINISTRATOR)
async def set_printer_attributes(exchange: Exchange) -> Answer:
    """Set-Printer-Attributes, RFC 3380 §4.1."""
    _document_format(exchange)
    attributes = attributes_to_set(exchange, GroupTag.PRINTER)
    try:
        await exchange.service.set_attributes.set(exchange.printer, attributes)
    except NotSetError as error:
        raise refused(error) from error
    return Answer()


@handler(Operation.GET_PRINTER_SUPPORTED_VALUES, Target.PRINTER, "requested-attributes", "document-format")
async def get_printer_supported_values(exchange: Exchange) -> Answer:
    """Get-Printer-Supported-Values, RFC 3380 §4.3: what each settable attribute can be set to."""
    document_format_of(exchange)
    template = exchange.printer.template
    names, missing = chosen_names(exchange, settable_names(template))
    answer = with_missing(missing)
    found = [supported_values(template, name) for name in names]
    answer.add(GroupTag.PRINTER, [attribute for attribute in found if attribute is not None])
    return answer


def chosen_names(exchange: Exchange, settable: Iterable[str]) -> tuple[list[str], list[str]]:
    """The settable attributes that ``requested-attributes`` chooses, and what it names that cannot be set."""
    requested = exchange.requested()
    everything = {"all", "printer-description", "job-template", "system-description"} & set(requested)
    names = [name for name in settable if everything or name in requested]
    groups = {"all", "printer-description", "job-template", "system-description", "system-status"}
    return names, [name for name in dict.fromkeys(requested) if name not in {*names, *groups}]


def with_missing(missing: Iterable[str]) -> Answer:
    """An answer that says which requested attributes there are none of."""
    names = tuple(missing)
    if not names:
        return Answer()
    return Answer(
        StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES,
        unsupported=(Attribute.keyword("requested-attributes", *names),),
    )


@handler(Operation.GET_USER_PRINTER_ATTRIBUTES, Target.PRINTER, "requested-attributes", "document-format")
async def get_user_printer_attributes(exchange: Exchange) -> Answer:
    """Get-User-Printer-Attributes: as Get-Printer-Attributes, with what this very requester may do and no more.

    ``operations-supported`` are those that the requester's role is enough for, and only an administrator finds attributes to set.
    """
    document_format_of(exchange)
    data, missing = exchange.printer.answer(
        exchange.printer_uri, exchange.requested(), exchange.natural_language
    )
    answer = with_missing(missing)
    role = exchange.requester.role
    attributes: list[Attribute] = []
    for attribute in decoded(data):
        if attribute.name == "operations-supported":
            allowed = [code for code in attribute.integers() if exchange.roles[code] <= role]
            attributes.append(Attribute.enum(attribute.name, *allowed))
        elif attribute.name == SET and role < Role.ADMINISTRATOR:
            attributes.append(Attribute.keyword(SET, "none"))
        else:
            attributes.append(attribute)
    answer.add(GroupTag.PRINTER, attributes)
    return answer


HANDLERS: tuple[Handler, ...] = (
    set_printer_attributes,
    get_printer_supported_values,
    get_user_printer_attributes,
)
