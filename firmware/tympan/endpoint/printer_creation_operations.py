"""Create-Printer and Delete-Printer, PWG 5100.22 §6.1.

PWG leaves open how a printer finds its device. ``smi55357-device-uri`` and ``smi55357-driver`` say it here, the names that PAPPL's tools
use: a device URI as ``tympan devices`` lists them, and a driver as ``DRIVER`` or ``DRIVER.PROFILE``, or ``auto``. They may stand among
the operation attributes or among the printer's.
"""

from __future__ import annotations

from tympan.config import PrinterSettings, printer_name_problem
from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.set_operations import refused
from tympan.endpoint.system_operations import printers_of
from tympan.endpoint.table import Handler, Target, handler
from tympan.errors import ConfigError
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.service.access import Role
from tympan.service.printer_registry import (
    PrinterExistsError,
    PrinterIsConfiguredError,
    TooManyPrintersError,
)
from tympan.service.printer_settings import NotSetError
from tympan.service.system_description import DEVICE_URI, DRIVER, state_attributes

SERVICE_TYPE = "printer-service-type"
CREATED = (
    "printer-id",
    "printer-is-accepting-jobs",
    "printer-state",
    "printer-state-reasons",
    "printer-uuid",
    "printer-xri-supported",
)
"""What Create-Printer tells of the new printer."""

_TAGS = {
    "printer-name": {ValueTag.NAME_WITHOUT_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE},
    DEVICE_URI: {ValueTag.URI},
    DRIVER: {ValueTag.KEYWORD, ValueTag.NAME_WITHOUT_LANGUAGE},
}

LOCAL_SCHEMES = frozenset({"file", "lp"})
"""Devices that are a path of this machine's: only its own users may name one, or a password would write any file."""

NOT_SUPPORTED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED


@handler(Operation.CREATE_PRINTER, Target.SYSTEM, SERVICE_TYPE, DEVICE_URI, DRIVER, role=Role.ADMINISTRATOR)
async def create_printer(exchange: Exchange) -> Answer:
    """Create-Printer, PWG 5100.22 §6.1: the printer prints at once, and comes back at every start."""
    _check_service_type(exchange)
    group = exchange.message.group(GroupTag.PRINTER)
    name, device_uri, driver = (_required(exchange, each) for each in _TAGS)
    _check_device(exchange, device_uri)
    chosen, _, profile = str(driver.first).partition(".")
    problem = printer_name_problem(str(name.first))
    if problem is not None:
        raise RefusedError(NOT_SUPPORTED, problem, (name,))
    settings = PrinterSettings(
        name=str(name.first), device=str(device_uri.first), driver=chosen, profile=profile
    )
    others = [attribute for attribute in group if attribute.name not in _TAGS]
    try:
        printer = await exchange.service.add_printer(settings, others)
    except (PrinterExistsError, TooManyPrintersError) as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, str(error), (name,)) from error
    except NotSetError as error:
        raise refused(error) from error
    except ConfigError as error:
        raise RefusedError(*_why(error, device_uri, driver)) from error
    data, _ = printer.answer(f"{exchange.base_uri}/ipp/print/{printer.name}", CREATED)
    answer = Answer(groups=[(GroupTag.PRINTER, data)])
    answer.add(GroupTag.SYSTEM, state_attributes(printers_of(exchange)))
    return answer


def _check_device(exchange: Exchange, device_uri: Attribute) -> None:
    scheme = str(device_uri.first).partition(":")[0].lower()
    if scheme in LOCAL_SCHEMES and not exchange.requester.is_local:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
            f"a printer at a path of this machine ({scheme}:) is made on the machine itself, over its Unix socket",
            (device_uri,),
        )


def _check_service_type(exchange: Exchange) -> None:
    attribute = exchange.operation.get(SERVICE_TYPE)
    if attribute is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{SERVICE_TYPE} must be given")
    if attribute.strings() != ("print",):
        raise RefusedError(NOT_SUPPORTED, "there are printers only: print", (attribute,))


def _required(exchange: Exchange, name: str) -> Attribute:
    """An attribute that Create-Printer cannot do without."""
    attribute = exchange.message.group(GroupTag.PRINTER).get(name)
    if attribute is None and name != "printer-name":
        attribute = exchange.operation.get(name)
    if attribute is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, f"{name} must be given")
    if (
        len(attribute.values) != 1
        or attribute.tag not in _TAGS[name]
        or check_syntax(attribute, GroupTag.PRINTER) is not None
    ):
        raise RefusedError(NOT_SUPPORTED, f"{name} has a wrong value", (attribute,))
    return attribute


def _why(
    error: ConfigError, device_uri: Attribute, driver: Attribute
) -> tuple[StatusCode, str, tuple[Attribute, ...]]:
    """What is to blame for a printer that cannot be built."""
    problem = error.problem
    if "transport" in problem:
        return StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED, problem, (device_uri,)
    return NOT_SUPPORTED, problem, (driver if "driver" in problem or "profile" in problem else device_uri,)


@handler(Operation.DELETE_PRINTER, Target.PRINTER_OF_SYSTEM, role=Role.ADMINISTRATOR)
async def delete_printer(exchange: Exchange) -> Answer:
    """Delete-Printer, PWG 5100.22 §6.1: its jobs are canceled; one of the configuration file cannot be deleted."""
    try:
        await exchange.service.remove_printer(exchange.printer)
    except PrinterIsConfiguredError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_POSSIBLE, str(error)) from error
    return Answer()


HANDLERS: tuple[Handler, ...] = (create_printer, delete_printer)
