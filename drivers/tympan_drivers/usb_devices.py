"""USB printers as pyusb finds them: their interface, their names, the URI that finds them again.

Owns what is read off a device without using it as a printer. Everything a device says of itself is taken as far as it can be
believed: serial numbers that a whole make shares do not count, text is made printable, a device id is asked for without claiming.
It is read once, into `UsbNames`: no request goes to a device for what is made of that.
"""

from __future__ import annotations

import errno
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from tympan.driver.contract import DeviceIdentity
from tympan.driver.device_id import announced_length, parse_device_id
from tympan_drivers.usb_quirks import Quirks

UsbDevice: TypeAlias = Any
"""pyusb's ``usb.core.Device``; the library has no types."""

PRINTER_CLASS, PRINTER_SUBCLASS, VENDOR_CLASS = 7, 1, 255
ONE_WAY, BIDIRECTIONAL, PACKETS = 1, 2, 3
PREFERENCE = (BIDIRECTIONAL, ONE_WAY, PACKETS)
"""Protocols of the printer class (USB Device Class Definition for Printing Devices 1.1, §4.1.3), the best for raw data first."""

DEVICE_ID_BYTES = 4096
DEVICE_ID_FIRST_BYTES = 1024
"""Asked for first; an id that is longer is asked for again."""

_BOGUS_SERIALS = re.compile(r"0*|(.)\1*|0?123456789?[0-9a-f]*|none|unknown|default", re.IGNORECASE)
"""Serial numbers that every printer of a make has."""

CONTROL_TIMEOUT_MS = 150
"""Class requests are answered at once, or not at all."""

ID_TIMEOUT_MS = 1000
"""GET_DEVICE_ID is what some printers have to look up."""

CLASS_IN = 0xA1
"""``bmRequestType`` of a request of the printer class that is answered."""

SYSFS_DEVICES = Path("/sys/bus/usb/devices")

_GET_DEVICE_ID = 0
_ENDPOINT_IN, _BULK, _TRANSFER_TYPE, _PACKET_SIZE = 0x80, 2, 3, 0x7FF


@dataclass(frozen=True, slots=True)
class UsbNames:
    """What a device is called, as it was read at one time.

    Attributes:
        vendor_id: ``idVendor``.
        product_id: ``idProduct``.
        port: Where it is plugged, see `port_of`.
        make: Its string for the manufacturer.
        model: Its string for the product.
        serial_number: See `serial_number_of`.
        identity: What it says it is, with its strings where its device id says nothing.
    """

    vendor_id: int
    product_id: int
    port: str
    make: str
    model: str
    serial_number: str | None
    identity: DeviceIdentity

    @property
    def info(self) -> str:
        """A line for people."""
        return f"{self.identity.make} {self.identity.model}".strip() or f"USB printer at port {self.port}"

    @property
    def own_serial(self) -> str:
        """Its serial number where that can be its own; empty where it has none, or one that every printer of the make has."""
        serial = self.serial_number or ""
        return "" if _BOGUS_SERIALS.fullmatch(serial) else serial


@dataclass(frozen=True, slots=True)
class PrinterInterface:
    """Where a device prints.

    Attributes:
        configuration: Value of its configuration.
        configuration_index: And its place among them.
        number: Of the interface.
        alternate: Its alternate setting.
        alternates: How many it has.
        protocol: See `PREFERENCE`.
        out: Address of the bulk OUT endpoint.
        back: Address of the bulk IN endpoint, 0 where there is none.
        back_packet_bytes: As much comes from there at once.
    """

    configuration: int
    configuration_index: int
    number: int
    alternate: int
    alternates: int
    protocol: int
    out: int
    back: int
    back_packet_bytes: int


def libusb() -> Any:  # noqa: ANN401 — a backend of pyusb, which has no types
    """The libusb of the system, or the one in the package libusb-package; None where there is none."""
    import usb.backend.libusb1  # noqa: PLC0415

    backend = usb.backend.libusb1.get_backend()
    if backend is None:
        try:
            import libusb_package  # noqa: PLC0415 — optional
        except ImportError:
            return None
        backend = libusb_package.get_libusb1_backend()
    return backend


def printer_interface(device: UsbDevice, quirks: Quirks) -> PrinterInterface | None:
    """The best printer interface of a device, None where it has none."""
    found: list[PrinterInterface] = []
    for index, configuration in enumerate(device):
        settings = list(configuration)
        for interface in settings:
            is_printer = (
                interface.bInterfaceClass == PRINTER_CLASS
                and interface.bInterfaceSubClass == PRINTER_SUBCLASS
                and interface.bInterfaceProtocol in PREFERENCE
            )
            if not is_printer and not (quirks.vendor_class and interface.bInterfaceClass == VENDOR_CLASS):
                continue
            bulk = {
                endpoint.bEndpointAddress: endpoint.wMaxPacketSize & _PACKET_SIZE
                for endpoint in interface
                if endpoint.bmAttributes & _TRANSFER_TYPE == _BULK
            }
            out = next((address for address in bulk if not address & _ENDPOINT_IN), 0)
            back = next((address for address in bulk if address & _ENDPOINT_IN), 0)
            if not out:
                continue
            found.append(
                PrinterInterface(
                    configuration=configuration.bConfigurationValue,
                    configuration_index=index,
                    number=interface.bInterfaceNumber,
                    alternate=interface.bAlternateSetting,
                    alternates=sum(
                        other.bInterfaceNumber == interface.bInterfaceNumber for other in settings
                    ),
                    protocol=interface.bInterfaceProtocol if is_printer else BIDIRECTIONAL,
                    out=out,
                    back=back,
                    back_packet_bytes=bulk.get(back, 0) or 1,
                )
            )
    return min(found, key=lambda interface: PREFERENCE.index(interface.protocol), default=None)


def active_configuration(device: UsbDevice) -> Any:  # noqa: ANN401 — pyusb has no types
    """The configuration that is set, None where none is."""
    import usb.core  # noqa: PLC0415

    try:
        return device.get_active_configuration()
    except usb.core.USBError as error:
        if error.errno in {errno.ENODEV, errno.EACCES}:
            raise
        return None


def is_forbidden(device: UsbDevice) -> bool:
    """Whether we may not open a device."""
    import usb.core  # noqa: PLC0415

    try:
        active_configuration(device)
    except usb.core.USBError as error:
        return bool(error.errno == errno.EACCES)
    return False


def device_id_of(device: UsbDevice, interface: PrinterInterface) -> bytes:
    """GET_DEVICE_ID, USB printer class §4.2.1; empty where the printer has none."""
    import usb.core  # noqa: PLC0415

    room = DEVICE_ID_FIRST_BYTES
    for index in dict.fromkeys((interface.number << 8 | interface.alternate, interface.number << 8)):
        try:
            answer = _unclaimed_request(device, interface.configuration_index, index, room)
            wanted = announced_length(answer, DEVICE_ID_BYTES)
            if wanted > len(answer) == room:
                answer = _unclaimed_request(device, interface.configuration_index, index, wanted)
        except usb.core.USBError as error:
            if error.errno in {errno.ENODEV, errno.EACCES}:
                raise
            continue
        return answer
    return b""


def _unclaimed_request(device: UsbDevice, value: int, index: int, room: int) -> bytes:
    """GET_DEVICE_ID past pyusb's claiming, which takes the low byte of the index for the interface; here it is the alternate setting.

    So the scanner of a printer is left alone, and a printer is asked that usblp or another program holds: Linux lets this request
    through to any printer interface.
    """
    context = device._ctx  # noqa: SLF001 — pyusb has no public way to the handle
    context.managed_open()
    answer = array("B", bytes(room))
    count = context.backend.ctrl_transfer(
        context.handle, CLASS_IN, _GET_DEVICE_ID, value, index, answer, ID_TIMEOUT_MS
    )
    return answer[:count].tobytes()


def asked_for_id(device: UsbDevice, interface: PrinterInterface) -> DeviceIdentity:
    """What a printer that is not ours says of itself; empty where it may not be asked."""
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    try:
        return parse_device_id(device_id_of(device, interface))
    except usb.core.USBError:
        return DeviceIdentity()
    finally:
        usb.util.dispose_resources(device)


def names_of(device: UsbDevice, identity: DeviceIdentity) -> UsbNames:
    """What a device is called, of its descriptors and strings, and of what its device id says (`identity`)."""
    make, model = string_of(device, "manufacturer"), string_of(device, "product")
    serial = serial_number_of(device)
    return UsbNames(
        vendor_id=device.idVendor,
        product_id=device.idProduct,
        port=port_of(device),
        make=make,
        model=model,
        serial_number=serial,
        identity=DeviceIdentity(
            device_id=identity.device_id,
            make=identity.make or make,
            model=identity.model or model,
            serial_number=serial or identity.serial_number,
            commands=identity.commands,
        ),
    )


def with_language(identity: DeviceIdentity, quirks: Quirks) -> DeviceIdentity:
    """The identity with what is known of the device's language, where it says what it is and does not say that.

    One that says nothing at all could not be asked just now: it may be known under what it says later.
    """
    if identity.commands or not identity.model or not quirks.commands:
        return identity
    return replace(identity, commands=(quirks.commands,))


def string_of(device: UsbDevice, name: str) -> str:
    """One of the device's strings, empty where it has none or may not be asked."""
    import usb.core  # noqa: PLC0415

    try:
        text = getattr(device, name)
    except (usb.core.USBError, ValueError, NotImplementedError):
        return ""
    return _readable(text or "")


def serial_number_of(device: UsbDevice) -> str | None:
    """Its serial number, empty where it has none; None where it has one that cannot be read now.

    The kernel has read it when the device was plugged in, and keeps it: it can be had of one that answers nothing just now, or that
    we may not open. A device that refuses the request (a stall), or has no text there, has none, whatever its descriptor says.
    """
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    if not device.iSerialNumber:
        return ""
    known = _serial_in_sysfs(device)
    if known is not None:
        return known
    try:
        # pyusb's own `langids` keeps a failure as if the device had no languages.
        languages = usb.util.get_langids(device)
        return _readable(usb.util.get_string(device, device.iSerialNumber, languages[0]) if languages else "")
    except (ValueError, NotImplementedError):
        return ""
    except usb.core.USBError as error:
        return "" if error.errno == errno.EPIPE else None


def _serial_in_sysfs(device: UsbDevice) -> str | None:
    """The serial number as the kernel keeps it; None where it has none, or where another device is at the port by now."""
    place = SYSFS_DEVICES / port_of(device)
    known = {
        "idVendor": f"{device.idVendor:04x}",
        "idProduct": f"{device.idProduct:04x}",
        "devnum": str(device.address),
    }
    try:
        if any((place / name).read_text(encoding="ascii").strip() != text for name, text in known.items()):
            return None
        return _readable((place / "serial").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _readable(text: str) -> str:
    """What can be printed of a string, which ends at a zero as it does for the kernel: a serial number is the same from both."""
    text = text.partition("\0")[0]
    return "".join(character for character in text if character.isprintable()).strip()


def ports_of(device: UsbDevice) -> tuple[int, ...]:
    """The ports of the hubs on the way to it, from the root."""
    return tuple(device.port_numbers or ())


def port_of(device: UsbDevice) -> str:
    """Where a device is plugged, as Linux names it: ``1-1.2``."""
    return f"{device.bus}-{'.'.join(str(number) for number in ports_of(device))}"


def holder_of(device: UsbDevice, interface: PrinterInterface) -> str:
    """The driver that has the printer's interface: ``usblp``, ``usbfs`` for a program; empty where none has it, or nobody knows."""
    name = f"{port_of(device)}:{interface.configuration}.{interface.number}"
    try:
        return (SYSFS_DEVICES / name / "driver").resolve(strict=True).name
    except OSError:
        return ""


def other_uris_of(names: UsbNames) -> tuple[str, ...]:
    """Every way to name it that `uri_of` has not chosen, and some of them name others as well."""
    from urllib.parse import quote  # noqa: PLC0415

    base = f"usb://{names.vendor_id:04x}:{names.product_id:04x}"
    called = {(names.identity.make, names.identity.model), (names.make, names.model)}
    bases = [
        base,
        *(f"usb://{quote(make)}/{quote(model)}" for make, model in sorted(called) if make and model),
    ]
    serial = quote(names.serial_number or "", safe="")
    uris = [*bases, f"{base}/{serial}"] if serial else [*bases]
    for each in bases:
        uris += [f"{each}?port={names.port}", *([f"{each}?serial={serial}"] if serial else [])]
    return tuple(uris)


def uri_of(names: UsbNames, others: Sequence[UsbNames]) -> str:
    """The URI that finds this printer again: by its serial number where that tells it apart, else by its port.

    A printer without a serial number of its own is named by its port from the beginning, also while it is the only one of its kind:
    the URI is the same one when another is plugged in.
    """
    from urllib.parse import quote  # noqa: PLC0415

    base = f"usb://{names.vendor_id:04x}:{names.product_id:04x}"
    serial = names.own_serial
    alike = [
        other.own_serial
        for other in others
        if (other.vendor_id, other.product_id) == (names.vendor_id, names.product_id)
    ]
    if serial and serial not in alike:
        return f"{base}/{quote(serial, safe='')}"
    return f"{base}?port={names.port}"
