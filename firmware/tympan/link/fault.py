"""What a device's errors and the bits of its port mean, in the words of ``printer-state-reasons`` (RFC 8011 §5.4.12)."""

from __future__ import annotations

from tympan.driver.contract import PortStatus
from tympan.errors import DeviceBusyError, DeviceGoneError, DevicePermissionError
from tympan.model.device_condition import DeviceCondition

AWAY = ("connecting-to-device",)

SILENT = "The printer does not answer: is it switched on?"

STALLED = "The printer does not take data."


class LostError(ConnectionError):
    """The device is there, and may have lost what it was sent; says how that is known."""


def why(error: OSError) -> str:
    """A sentence for a device that cannot be used now."""
    if isinstance(error, LostError):
        return f"The printer may have lost a part of the job: {error}"
    problem = getattr(error, "problem", "") or error.strerror or str(error)
    if isinstance(error, DeviceBusyError):
        return f"The printer is in use by another program: {problem}"
    if isinstance(error, (DevicePermissionError, PermissionError)):
        return f"The service may not open the printer: {problem}"
    if isinstance(error, (DeviceGoneError, ConnectionError)):
        return f"The connection to the printer broke off: {problem}"
    return f"The printer cannot be reached: {problem}"


def is_well(status: PortStatus) -> bool:
    """The port says that nothing is wrong."""
    return status.selected and not status.error and not status.paper_empty


def port_condition(status: PortStatus, *, well_before: bool) -> DeviceCondition:
    """What the bits of a port say (USB printer class §4.2.2: paper empty, selected, no error).

    Printers give nonsense there: all bits 0, which would be an error of a printer off line. They are believed once they have
    said that all is well; before, only where they say that paper is out and agree with themselves.

    Args:
        status: The bits.
        well_before: They have said that all is well.
    """
    if status.paper_empty and (well_before or status.error or not status.selected):
        return DeviceCondition(
            stopped=True, reasons=("media-empty-error",), message="The printer is out of paper."
        )
    if not well_before or is_well(status):
        return DeviceCondition()
    if status.error:
        return DeviceCondition(
            stopped=True, reasons=("other-error",), message="The printer reports an error."
        )
    return DeviceCondition(stopped=True, reasons=("other-error",), message="The printer is off line.")
