"""Operations of operators on a printer: RFC 8011 §4.2.7 and 4.2.8, RFC 3998 §3.

Each of them takes ``printer-message-from-operator`` (RFC 3998 §6.1), and is accepted in every state of the printer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import MappingProxyType

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Operation, StatusCode
from tympan.service.access import Role
from tympan.service.printer import Printer
from tympan.service.printer_control import PrinterControls

MESSAGE = "printer-message-from-operator"

Wish = Callable[[PrinterControls, Printer], Awaitable[None]]

WISHES: MappingProxyType[Operation, Wish] = MappingProxyType(
    {
        Operation.PAUSE_PRINTER: PrinterControls.pause,
        Operation.RESUME_PRINTER: PrinterControls.resume,
        Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB: PrinterControls.pause_after_current_job,
        Operation.ENABLE_PRINTER: PrinterControls.enable,
        Operation.DISABLE_PRINTER: PrinterControls.disable,
        Operation.HOLD_NEW_JOBS: PrinterControls.hold_new_jobs,
        Operation.RELEASE_HELD_NEW_JOBS: PrinterControls.release_held_new_jobs,
        Operation.DEACTIVATE_PRINTER: PrinterControls.deactivate,
        Operation.ACTIVATE_PRINTER: PrinterControls.activate,
        Operation.RESTART_PRINTER: PrinterControls.restart,
        Operation.SHUTDOWN_PRINTER: PrinterControls.shut_down,
        Operation.STARTUP_PRINTER: PrinterControls.start_up,
    }
)
"""What each operation has the printer do."""


def wish_handler(operation: Operation, wish: Wish, target: Target = Target.PRINTER) -> Handler:
    """The handler of an operation that has one printer do `wish`."""

    @handler(operation, target, MESSAGE, role=Role.OPERATOR)
    async def run(exchange: Exchange) -> Answer:
        controls = exchange.service.controls
        await wish(controls, exchange.printer)
        if exchange.operation.get(MESSAGE) is not None:
            await controls.message(exchange.printer, exchange.text(MESSAGE))
        return Answer()

    return run


HANDLERS: tuple[Handler, ...] = tuple(wish_handler(operation, wish) for operation, wish in WISHES.items())

# --- what a printer that is told so refuses ----------------------------------------------------------------------------

CREATES_JOBS = frozenset(
    {
        Operation.PRINT_JOB,
        Operation.PRINT_URI,
        Operation.VALIDATE_JOB,
        Operation.CREATE_JOB,
        Operation.REPROCESS_JOB,
        Operation.RESUBMIT_JOB,
    }
)
"""Operations that a printer with ``printer-is-accepting-jobs`` false refuses, RFC 8011 §5.4.23."""

_AWAKENING = frozenset(
    {
        Operation.ACTIVATE_PRINTER,
        Operation.RESTART_PRINTER,
        Operation.SHUTDOWN_PRINTER,
        Operation.STARTUP_PRINTER,
        Operation.RESTART_ONE_PRINTER,
        Operation.SHUTDOWN_ONE_PRINTER,
        Operation.STARTUP_ONE_PRINTER,
        Operation.DELETE_PRINTER,
    }
)

_OF_JOBS_BEGUN = frozenset({Operation.SEND_DOCUMENT, Operation.SEND_URI, Operation.CLOSE_JOB})


def check_available(operation: Operation, printer: Printer) -> None:
    """See that operators did not tell `printer` to refuse `operation`.

    A printer that is deactivated or shut down answers questions, takes the documents of jobs it has accepted, and can be woken up
    (RFC 3998 §3.4.1).

    Raises:
        RefusedError: They did.
    """
    control = printer.control
    if control.deactivated or control.shut_down:
        allowed = operation in _AWAKENING | _OF_JOBS_BEGUN or operation.keyword.startswith("Get-")
        if not allowed:
            raise RefusedError(
                StatusCode.SERVER_ERROR_PRINTER_IS_DEACTIVATED, f"printer {printer.name}: {control.sentence}"
            )
    elif operation in CREATES_JOBS and not control.takes_jobs:
        raise RefusedError(
            StatusCode.SERVER_ERROR_NOT_ACCEPTING_JOBS, f"printer {printer.name} accepts no jobs now"
        )
