"""Operations on the system service, PWG 5100.22: which printers there are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from types import MappingProxyType

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import PrinterState
from tympan.service.printer import Printer

WHICH_PRINTERS: MappingProxyType[str, Callable[[Printer], bool]] = MappingProxyType(
    {
        "all": lambda _printer: True,
        "accepting": lambda _printer: True,
        "not-accepting": lambda _printer: False,
        "idle": lambda printer: printer.state == PrinterState.IDLE,
        "processing": lambda printer: printer.state == PrinterState.PROCESSING,
        "stopped": lambda printer: printer.state == PrinterState.STOPPED,
    }
)
"""``which-printers``: the printers each keyword chooses, PWG 5100.22 §6.1."""


@handler(
    Operation.GET_PRINTERS,
    Target.SYSTEM,
    "requested-attributes",
    "which-printers",
    "limit",
    "first-index",
)
async def get_printers(exchange: Exchange) -> Answer:
    """Get-Printers, PWG 5100.22 §6.1: the attributes of every printer, the default printer first."""
    which = exchange.text("which-printers", "all")
    chosen = WHICH_PRINTERS.get(which)
    if chosen is None:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"which-printers cannot be {which!r:.60}",
            (Attribute.keyword("which-printers", which),),
        )
    default = exchange.service.default_printer
    others = (printer for printer in exchange.service.printers.values() if printer is not default)
    start = (exchange.operation.integer("first-index") or 1) - 1
    limit = exchange.operation.integer("limit")
    answer = Answer()
    missing: set[str] = set()
    printers = (printer for printer in (default, *others) if printer is not None and chosen(printer))
    for printer in islice(printers, start, None if limit is None else start + limit):
        data, unknown = exchange.service.printer_answer(
            printer, f"{exchange.base_uri}/ipp/print/{printer.name}", exchange.requested()
        )
        answer.groups.append((GroupTag.PRINTER, data))
        missing.update(unknown)
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *sorted(missing)),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    return answer


HANDLERS: tuple[Handler, ...] = (get_printers,)
