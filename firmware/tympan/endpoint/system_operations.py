"""Operations on the system service, PWG 5100.22 §6: which printers there are, what the system is, and setting that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from types import MappingProxyType

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.set_operations import attributes_to_set, chosen_names, refused, with_missing
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, Value, ValueTag
from tympan.ipp.enums import PrinterState
from tympan.service.access import Role
from tympan.service.formats import supported_formats
from tympan.service.geo import near
from tympan.service.printer import Printer
from tympan.service.printer_settings import NotSetError
from tympan.service.system_description import choose, state_attributes, system_attributes
from tympan.service.system_object import DEFAULT_PRINTER, SETTABLE

RESTART_S = 10
"""``restart-get-interval``: when to look whether the system is there again."""

WHICH_PRINTERS: MappingProxyType[str, Callable[[Printer], bool]] = MappingProxyType(
    {
        "all": lambda _printer: True,
        "accepting": lambda printer: printer.control.takes_jobs,
        "not-accepting": lambda printer: not printer.control.takes_jobs,
        "idle": lambda printer: printer.state == PrinterState.IDLE,
        "processing": lambda printer: printer.state == PrinterState.PROCESSING,
        "shutdown": lambda printer: printer.control.shut_down,
        "stopped": lambda printer: printer.state == PrinterState.STOPPED,
    }
)
"""``which-printers``: the printers each keyword chooses, PWG 5100.22 §6.2."""

_FILTERS: MappingProxyType[str, Callable[[Printer, Attribute], bool]] = MappingProxyType(
    {
        "document-format": lambda printer, asked: (
            str(asked.first) in supported_formats(printer.capabilities.native_formats)
        ),
        "printer-geo-location": lambda printer, asked: near(str(asked.first), printer.identity.geo_location),
        "printer-ids": lambda printer, asked: printer.printer_id in asked.integers(),
        "printer-location": lambda printer, asked: printer.identity.location == str(asked.first),
        "printer-service-type": lambda _printer, asked: "print" in asked.strings(),
    }
)
"""Operation attributes of Get-Printers that choose printers, all of them together."""


def printers_of(exchange: Exchange) -> list[Printer]:
    """Every printer, the default printer first."""
    return sorted(exchange.service.printers.values(), key=lambda each: (not each.is_default, each.printer_id))


@handler(
    Operation.GET_PRINTERS,
    Target.SYSTEM,
    "requested-attributes",
    "which-printers",
    "limit",
    "first-index",
    *_FILTERS,
)
async def get_printers(exchange: Exchange) -> Answer:
    """Get-Printers, PWG 5100.22 §6.2: the attributes of the printers that are asked for, the default printer first."""
    start = (exchange.operation.integer("first-index") or 1) - 1
    limit = exchange.operation.integer("limit")
    answer = Answer()
    missing: set[str] = set()
    for printer in islice(_chosen(exchange), start, None if limit is None else start + limit):
        data, unknown = printer.answer(
            f"{exchange.base_uri}/ipp/print/{printer.name}",
            exchange.requested(),
            exchange.natural_language,
        )
        answer.groups.append((GroupTag.PRINTER, data))
        missing.update(unknown)
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *sorted(missing)),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return answer


def _chosen(exchange: Exchange) -> Iterator[Printer]:
    which = exchange.text("which-printers", "all")
    chosen = WHICH_PRINTERS.get(which)
    if chosen is None:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"which-printers cannot be {which!r:.60}",
            (Attribute.keyword("which-printers", which),),
        )
    filters = [
        (fits, asked)
        for name, fits in _FILTERS.items()
        if (asked := exchange.operation.get(name)) is not None
    ]
    return (
        printer
        for printer in printers_of(exchange)
        if chosen(printer) and all(fits(printer, asked) for fits, asked in filters)
    )


def _attributes(exchange: Exchange) -> list[Attribute]:
    return system_attributes(
        exchange.service.system,
        printers_of(exchange),
        exchange.base_uri,
        exchange.system_operations,
    )


@handler(Operation.GET_SYSTEM_ATTRIBUTES, Target.SYSTEM, "requested-attributes")
async def get_system_attributes(exchange: Exchange) -> Answer:
    """Get-System-Attributes, PWG 5100.22 §6.3."""
    attributes, missing = choose(_attributes(exchange), exchange.requested())
    answer = with_missing(missing)
    answer.add(GroupTag.SYSTEM, attributes)
    return answer


@handler(Operation.SET_SYSTEM_ATTRIBUTES, Target.SYSTEM, role=Role.ADMINISTRATOR)
async def set_system_attributes(exchange: Exchange) -> Answer:
    """Set-System-Attributes, PWG 5100.22 §6.3: all or none, as Set-Printer-Attributes."""
    attributes = attributes_to_set(exchange, GroupTag.SYSTEM)
    known = frozenset(attribute.name for attribute in _attributes(exchange))
    try:
        await exchange.service.system.set(attributes, known)
    except NotSetError as error:
        raise refused(error) from error
    return Answer()


@handler(Operation.GET_SYSTEM_SUPPORTED_VALUES, Target.SYSTEM, "requested-attributes")
async def get_system_supported_values(exchange: Exchange) -> Answer:
    """Get-System-Supported-Values, PWG 5100.22 §6.3: what each settable attribute can be set to."""
    names, missing = chosen_names(exchange, SETTABLE)
    answer = with_missing(missing)
    ids = [printer.printer_id for printer in printers_of(exchange)]
    answer.add(
        GroupTag.SYSTEM,
        [
            Attribute.integer(name, *ids)
            if name == DEFAULT_PRINTER and ids
            else Attribute(name, (Value(ValueTag.ADMIN_DEFINE, None),))
            for name in names
        ],
    )
    return answer


@handler(Operation.RESTART_SYSTEM, Target.SYSTEM, role=Role.ADMINISTRATOR)
async def restart_system(exchange: Exchange) -> Answer:
    """Restart-System, PWG 5100.22 §6.3: the service starts anew, with the configuration as it is now; no job is lost."""
    restart = exchange.service.on_restart
    if restart is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "nothing here can start the service anew")
    answer = Answer(operation=(Attribute.integer("restart-get-interval", RESTART_S),))
    answer.add(GroupTag.SYSTEM, state_attributes(printers_of(exchange)))
    restart()
    return answer


HANDLERS: tuple[Handler, ...] = (
    get_printers,
    get_system_attributes,
    set_system_attributes,
    get_system_supported_values,
    restart_system,
)
