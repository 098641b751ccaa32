"""Operations of operators at the system service: on all printers, and on one by its number (PWG 5100.22 §6.1 and §6.3)."""

from __future__ import annotations

from types import MappingProxyType

from tympan.endpoint.exchange import Answer, Exchange
from tympan.endpoint.printer_control_operations import MESSAGE, Wish, wish_handler
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Operation
from tympan.service.access import Role
from tympan.service.printer_control import PrinterControls

ALL_PRINTERS: MappingProxyType[Operation, Wish] = MappingProxyType(
    {
        Operation.DISABLE_ALL_PRINTERS: PrinterControls.disable,
        Operation.ENABLE_ALL_PRINTERS: PrinterControls.enable,
        Operation.PAUSE_ALL_PRINTERS: PrinterControls.pause,
        Operation.PAUSE_ALL_PRINTERS_AFTER_CURRENT_JOB: PrinterControls.pause_after_current_job,
        Operation.RESUME_ALL_PRINTERS: PrinterControls.resume,
        Operation.SHUTDOWN_ALL_PRINTERS: PrinterControls.shut_down,
        Operation.STARTUP_ALL_PRINTERS: PrinterControls.start_up,
    }
)
"""What each operation has every printer do."""

ONE_PRINTER: MappingProxyType[Operation, Wish] = MappingProxyType(
    {
        Operation.SHUTDOWN_ONE_PRINTER: PrinterControls.shut_down,
        Operation.STARTUP_ONE_PRINTER: PrinterControls.start_up,
        Operation.RESTART_ONE_PRINTER: PrinterControls.restart,
    }
)
"""What each operation has one printer do."""


def _on_all(operation: Operation, wish: Wish) -> Handler:
    @handler(operation, Target.SYSTEM, MESSAGE, role=Role.OPERATOR)
    async def run(exchange: Exchange) -> Answer:
        controls = exchange.service.controls
        message = exchange.operation.get(MESSAGE)
        for printer in tuple(exchange.service.printers.values()):
            await wish(controls, printer)
            if message is not None:
                await controls.message(printer, str(message.first))
        return Answer()

    return run


HANDLERS: tuple[Handler, ...] = (
    *(_on_all(operation, wish) for operation, wish in ALL_PRINTERS.items()),
    *(wish_handler(operation, wish, Target.PRINTER_OF_SYSTEM) for operation, wish in ONE_PRINTER.items()),
)
