"""The control pipe of a simulated USB printer: the standard requests and the printer class's three.

Owns the device's state as the host sets it: configuration and alternate setting. Sans-IO. USB 2.0 §9.4; Universal
Serial Bus Device Class Definition for Printing Devices 1.1 §4.2.
"""

from __future__ import annotations

import struct

from tympan_sim.printer import Printer
from tympan_sim.usb_printer_class import (
    CONFIGURATION,
    IN_ENDPOINT,
    INTERFACE,
    OUT_ENDPOINT,
    RequestError,
    UsbTraits,
    configuration_descriptor,
    device_descriptor,
    device_id,
    endpoints,
    port_status,
    string_descriptor,
)

SELF_POWERED = b"\x01\x00"
ENDPOINT_HALT = 0


class ControlPipe:
    """One stay of a printer on a bus.

    Args:
        printer: Its physics.
        traits: Its behaviour on the bus.

    Attributes:
        configuration: What the host set; 0 until it did.
        alternate: The alternate setting of the interface.
    """

    def __init__(self, printer: Printer, traits: UsbTraits) -> None:
        self._printer = printer
        self._traits = traits
        self.configuration = 0
        self.alternate = 0

    @property
    def endpoints(self) -> tuple[int, ...]:
        """Addresses of the endpoints there are as the device is set; none before it is configured."""
        return endpoints(self._traits, self.alternate) if self.configuration else ()

    def request(self, setup: bytes, now: float) -> bytes:
        """Carry out one request and return its data, which the host may cut to ``wLength``.

        Args:
            setup: The eight bytes.
            now: The time.

        Raises:
            RequestError: The device does not know it, or not so: the pipe stalls until the next request.
        """
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        match kind, request:
            case 0x80, 6:
                answer = self._descriptor(value >> 8, value & 0xFF)
            case 0x80, 0:
                answer = SELF_POWERED
            case 0x81, 0 if index == INTERFACE:
                answer = b"\x00\x00"
            case 0x82, 0:
                answer = bytes((self._halted(index), 0))
            case 0x80, 8:
                answer = bytes((self.configuration,))
            case 0x81, 10 if index == INTERFACE and self.configuration:
                answer = bytes((self.alternate,))
            case 0xA1, 0 if index >> 8 == INTERFACE and not value:
                answer = device_id(self._printer.model, self._traits)
            case 0xA1, 1 if index & 0xFF == INTERFACE:
                answer = port_status(self._printer.status())
            case _:
                self._order(kind, request, value, index, now)
                answer = b""
        return answer[:length]

    def _order(self, kind: int, request: int, value: int, index: int, now: float) -> None:
        """A request without data."""
        match kind, request:
            case 0x00, 9 if value in (0, CONFIGURATION):
                self.configuration = value
                self.alternate = 0
                self._printer.clear_halt()
            case 0x01, 11 if (
                index == INTERFACE and self.configuration and value < len(self._traits.protocols)
            ):
                self.alternate = value
                self._printer.clear_halt()
            case 0x02, 1 if value == ENDPOINT_HALT:
                if self._halted(index):
                    self._printer.clear_halt()
            case 0x02, 3 if value == ENDPOINT_HALT and index == OUT_ENDPOINT and self.configuration:
                self._printer.fault("halt", 1, now)
            case _, 2 if kind == self._traits.soft_reset_type:
                self._printer.soft_reset(now)
                self._printer.clear_halt()
            case _:
                raise RequestError(f"request {kind:#04x} {request}")

    def _descriptor(self, kind: int, index: int) -> bytes:
        match kind:
            case 1 if not index:
                return device_descriptor(self._printer.model, self._traits)
            case 2 if not index:
                return configuration_descriptor(self._traits)
            case 3:
                return string_descriptor(self._printer.model, self._traits, index)
            case _:
                raise RequestError(f"descriptor {kind}")

    def _halted(self, address: int) -> bool:
        """Whether an endpoint is halted.

        Raises:
            RequestError: There is no such endpoint.
        """
        if address == OUT_ENDPOINT and address in self.endpoints:
            return self._printer.halted
        if address in {0, 0x80} or (address == IN_ENDPOINT and address in self.endpoints):
            return False
        raise RequestError(f"endpoint {address:#04x}")
