"""The printers of a service, as a client finds them."""

from __future__ import annotations

from tympan.cli.client import IppClient, RequestFailedError
from tympan.ipp import Attribute, AttributeGroup, GroupTag, Operation, StatusCode
from tympan.ipp.enums import PrinterState

SHOWN = (
    "printer-name",
    "printer-info",
    "printer-location",
    "printer-make-and-model",
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-message-from-operator",
    "printer-is-accepting-jobs",
    "queued-job-count",
    "printer-uri-supported",
    "printer-more-info",
    "media-ready",
)

_NO_SYSTEM_SERVICE = frozenset(
    {
        StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED,
        StatusCode.CLIENT_ERROR_NOT_FOUND,
        StatusCode.CLIENT_ERROR_BAD_REQUEST,
        0,
    }
)


def attributes_of_printer(client: IppClient, *requested: str) -> AttributeGroup:
    """A printer's attributes.

    Raises:
        UnreachableError: No answer.
        RequestFailedError: There is no such printer.
    """
    answer = client.call(
        Operation.GET_PRINTER_ATTRIBUTES, Attribute.keyword("requested-attributes", *(requested or SHOWN))
    )
    return answer.group(GroupTag.PRINTER)


def all_printers(client: IppClient) -> list[AttributeGroup]:
    """The attributes of every printer of a service, PWG 5100.22 Get-Printers.

    Where the client's URI names a printer, or the service has no system service, it is that one or the default printer.

    Raises:
        UnreachableError: No answer.
        RequestFailedError: There is no printer at the client's URI.
    """
    if not client.names_printer:
        try:
            answer = client.call(Operation.GET_PRINTERS, Attribute.keyword("requested-attributes", *SHOWN))
        except RequestFailedError as error:
            if error.status not in _NO_SYSTEM_SERVICE:
                raise
        else:
            return list(answer.groups_of(GroupTag.PRINTER))
    return [attributes_of_printer(client)]


def clients_of_all_printers(client: IppClient) -> list[IppClient]:
    """A client for each printer that `all_printers` finds, the default printer first where it is not known by name."""
    if client.names_printer:
        return [client]
    names = [group.string("printer-name") for group in all_printers(client)]
    return [client.for_printer(name) for name in names if name] or [client]


def state_words(printer: AttributeGroup) -> str:
    """``printer-state`` and what there is to say about it, in keywords."""
    number = printer.integer("printer-state")
    state = PrinterState(number).name.lower() if number in set(PrinterState) else "unknown"
    reasons = state_reasons(printer)
    if printer.boolean("printer-is-accepting-jobs") is False:
        reasons.append("not accepting jobs")
    return f"{state}: {', '.join(reasons)}" if reasons else state


def state_reasons(printer: AttributeGroup) -> list[str]:
    """``printer-state-reasons`` that say something."""
    return [reason for reason in printer.strings("printer-state-reasons") if reason != "none"]
