"""What a simulated printer says of itself on a USB bus: its descriptors and the printer class's answers, as bytes.

Owns no state and no transport; a bus (in process, or over USB/IP) asks it. USB 2.0 §9.6 for the descriptors, the
Universal Serial Bus Device Class Definition for Printing Devices 1.1 §4.2 and §5 for the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tympan_sim.models import PrinterModel

OUT_ENDPOINT = 0x01
IN_ENDPOINT = 0x82
PACKET_BYTES = 512
CONFIGURATION = 1
INTERFACE = 0
STRING_BYTES_MAX = 252


class RequestError(Exception):
    """The device does not know the request: the control pipe stalls."""


@dataclass(slots=True)
class UsbTraits:
    """How a printer behaves on the bus.

    Attributes:
        serial: iSerial, empty for none.
        ports: Where it is plugged: hub ports from the root.
        protocols: bInterfaceProtocol of each alternate setting: 1 one way, 2 bidirectional, 3 IEEE 1284.4.
        kernel_driver: The kernel's usblp holds it until detached.
        claimed_elsewhere: Another process holds it.
        forbidden: This user may not open it.
        device_id_little_endian: The length of its device id has the bytes swapped, as some printers do.
        device_id_stalls: It has no device id and stalls.
        soft_reset_type: bmRequestType it takes SOFT_RESET with: 0x21, or 0x23 as of the old specification.
    """

    serial: str = "SIM0001"
    ports: tuple[int, ...] = (1,)
    protocols: tuple[int, ...] = (2,)
    kernel_driver: bool = True
    claimed_elsewhere: bool = False
    forbidden: bool = False
    device_id_little_endian: bool = False
    device_id_stalls: bool = False
    soft_reset_type: int = 0x21


def fitting(traits: UsbTraits, model: PrinterModel) -> UsbTraits:
    """The traits as the model has them: one that says nothing has no endpoint to say it by."""
    return traits if model.back_channel else replace(traits, protocols=(1,))


def endpoints(traits: UsbTraits, alternate: int) -> tuple[int, ...]:
    """Endpoints of an alternate setting: bulk OUT, and bulk IN where it is bidirectional."""
    return (OUT_ENDPOINT,) if traits.protocols[alternate] == 1 else (OUT_ENDPOINT, IN_ENDPOINT)


def device_descriptor(model: PrinterModel, traits: UsbTraits) -> bytes:
    """The device descriptor (USB 2.0 §9.6.1)."""
    vendor, product = model.usb_ids
    serial = 3 if traits.serial else 0
    return struct.pack(
        "<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, vendor, product, 0x0100, 1, 2, serial, 1
    )


def configuration_descriptor(traits: UsbTraits) -> bytes:
    """The configuration with every alternate setting of its one interface (USB 2.0 §9.6.3, §9.6.5, §9.6.6)."""
    body = b""
    for alternate, protocol in enumerate(traits.protocols):
        addresses = endpoints(traits, alternate)
        body += bytes((9, 4, INTERFACE, alternate, len(addresses), 7, 1, protocol, 0))
        for address in addresses:
            body += struct.pack("<BBBBHB", 7, 5, address, 2, PACKET_BYTES, 0)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, CONFIGURATION, 0, 0xC0, 1) + body


def string_descriptor(model: PrinterModel, traits: UsbTraits, index: int) -> bytes:
    """A string descriptor; 0 is the list of languages (USB 2.0 §9.6.7).

    Raises:
        RequestError: There is no such string.
    """
    if index == 0:
        return b"\x04\x03\x09\x04"
    text = {1: model.make, 2: model.model, 3: traits.serial}.get(index)
    if not text:
        raise RequestError(f"no string {index}")
    body = text.encode("utf-16-le")[:STRING_BYTES_MAX]
    return bytes((len(body) + 2, 3)) + body


def device_id(model: PrinterModel, traits: UsbTraits) -> bytes:
    """The answer to GET_DEVICE_ID: the length with itself, then the IEEE 1284 device id.

    Raises:
        RequestError: The printer has none.
    """
    if traits.device_id_stalls:
        raise RequestError("no device id")
    body = model.device_id.encode("ascii", "replace")
    return (len(body) + 2).to_bytes(2, "little" if traits.device_id_little_endian else "big") + body


def port_status(status: Mapping[str, bool]) -> bytes:
    """The answer to GET_PORT_STATUS: bit 5 no paper, bit 4 selected, bit 3 no error."""
    error = status["paper_out"] or status["cover_open"] or status["cutter_error"]
    bits = 0x20 if status["paper_out"] else 0
    bits |= 0 if status["offline"] else 0x10
    bits |= 0 if error else 0x08
    return bytes((bits,))
