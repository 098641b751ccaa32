"""The transport of ``usb://VID:PID/SERIAL``: a printer on USB, by pyusb and libusb, without the kernel's driver.

Supported: printer-class interfaces, one way and bidirectional; the same printer found again in whichever port it is plugged, equal
ones told apart by serial number or port; the device id, the port's status bits, SOFT_RESET; the kernel's usblp taken off and
given back. ``usb://MAKE/MODEL?serial=…`` names a printer as its device id does, ``?port=1-1.2`` where it is plugged.

A transfer that runs out of time says how much went out, and the rest is sent again. One that stalls does not: the halt is cleared, and
the job goes on from the page that was not confirmed.
"""

from __future__ import annotations

import contextlib
import errno
import re
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_id import announced_length, parse_device_id
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import (
    ConfigError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)
from tympan_drivers.usb_quirks import Quirks, quirks_of

UsbDevice: TypeAlias = Any
"""pyusb's ``usb.core.Device``; the library has no types."""

PRINTER_CLASS, PRINTER_SUBCLASS, VENDOR_CLASS = 7, 1, 255
ONE_WAY, BIDIRECTIONAL, PACKETS = 1, 2, 3
PREFERENCE = (BIDIRECTIONAL, ONE_WAY, PACKETS)
"""Protocols of the printer class (USB Device Class Definition for Printing Devices 1.1, §4.1.3), the best for raw data first."""

WRITE_BYTES = 32 * 1024
"""As much is given to libusb at once: small transfers cost a millisecond each, large ones are cut by the time limit anyhow."""

CONTROL_TIMEOUT_MS = 150
"""Class requests are answered at once, or not at all."""

OPEN_CONTROL_TIMEOUT_MS = 1000
SLOW_CLOSE_S = 1.0
DEVICE_ID_BYTES = 4096
DEVICE_ID_FIRST_BYTES = 1024
"""Asked for first; an id that is longer is asked for again."""

_GET_DEVICE_ID, _GET_PORT_STATUS, _SOFT_RESET = 0, 1, 2
_CLASS_IN, _CLASS_OUT, _CLASS_OUT_OTHER = 0xA1, 0x21, 0x23
_PAPER_EMPTY, _SELECTED, _NOT_ERROR = 0x20, 0x10, 0x08
_ENDPOINT_IN, _BULK, _TRANSFER_TYPE, _PACKET_SIZE = 0x80, 2, 3, 0x7FF

_IDS = re.compile(r"usb://([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?=[/?]|$)")
_BOGUS_SERIALS = re.compile(r"0*|(.)\1*|0?123456789?[0-9a-f]*|none|unknown|default", re.IGNORECASE)
"""Serial numbers that every printer of a make has."""

_FORBIDDEN = "we may not use it: the udev rule is missing, or the group lp"

_KINDS: dict[int | None, type[DeviceError]] = {
    errno.ENODEV: DeviceGoneError,
    errno.ENXIO: DeviceGoneError,
    errno.ESHUTDOWN: DeviceGoneError,
    errno.EIO: DeviceGoneError,
    errno.ENOENT: DeviceGoneError,
    errno.EBUSY: DeviceBusyError,
    errno.EACCES: DevicePermissionError,
    errno.EPERM: DevicePermissionError,
}


@dataclass(frozen=True, slots=True)
class _Interface:
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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which printer a device URI means; empty: any."""

    ids: tuple[int, int] | None
    make: str
    model: str
    serial: str
    port: str


class UsbTransport:
    """A printer on USB."""

    open_timeout_s = 5.0

    backend: ClassVar[Any] = None
    """The pyusb backend, None for libusb."""

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """The printers that are plugged in; those we may not open are listed without what they say of themselves."""
        found = []
        for device in cls._printers():
            quirks = quirks_of(device.idVendor, device.idProduct)
            interface = _printer_interface(device, quirks)
            assert interface is not None
            identity = _named(device, _asked_for_id(device, interface))
            found.append((device, identity))
        return [
            DiscoveredDevice(
                _uri_of(device, [other for other, _ in found if other is not device]),
                f"{identity.make} {identity.model}".strip() or f"USB printer at port {_port_of(device)}",
                identity,
            )
            for device, identity in found
        ]

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        ids = _IDS.match(uri)
        # What looks like a port to the general form is a product.
        parts = parse_device_uri(
            _IDS.sub(r"usb://\1.\2", uri) if ids is not None else uri, ("serial", "port")
        )
        rest = parts.path.strip("/")
        serial = parts.options.get("serial", "")
        if ids is None and (not parts.host or not rest or "/" in rest):
            raise ConfigError(f"{uri}: write usb://VID:PID, usb://VID:PID/SERIAL or usb://MAKE/MODEL")
        if ids is not None and rest and serial:
            raise ConfigError(f"{uri}: the serial number is given twice")
        self.uri = uri
        self._wanted = _Wanted(
            ids=(int(ids[1], 16), int(ids[2], 16)) if ids is not None else None,
            make=parts.host if ids is None else "",
            model=rest if ids is None else "",
            serial=rest or serial if ids is not None else serial,
            port=parts.options.get("port", ""),
        )
        self._device: UsbDevice = None
        self._interface: _Interface | None = None
        self._quirks = Quirks()
        self._detached: list[int] = []
        self._last_write = 0.0
        self._unread = b""
        self._idle = threading.Condition()
        self._calls = 0
        self._releases: list[Callable[[], None]] = []

    # --- finding -----------------------------------------------------------------------------------------------------

    @classmethod
    def _printers(cls) -> Iterator[UsbDevice]:
        """The devices that have a printer interface, in the order of their ports."""
        import usb.core  # noqa: PLC0415 — loads libusb

        def prints(device: UsbDevice) -> bool:
            try:
                return _printer_interface(device, quirks_of(device.idVendor, device.idProduct)) is not None
            except usb.core.USBError:
                return False

        backend = cls.backend
        if backend is None:
            backend = _libusb()
            if backend is None:
                return
        found = usb.core.find(find_all=True, backend=backend, custom_match=prints)
        yield from sorted(found, key=lambda device: (device.bus, _ports(device)))

    def _find(self) -> UsbDevice:
        wanted = self._wanted
        possible = [
            device
            for device in self._printers()
            if (wanted.ids is None or wanted.ids == (device.idVendor, device.idProduct))
            and (not wanted.port or wanted.port == _port_of(device))
        ]
        fitting = [
            device
            for device in possible
            if (not wanted.serial or wanted.serial == _string(device, "serial_number"))
            and (wanted.ids is not None or self._has_name(device))
        ]
        if not fitting:
            # Who may not open a printer cannot read its serial number: it looks like another one.
            ports = ", ".join(_port_of(device) for device in possible if _is_forbidden(device))
            if ports:
                raise DevicePermissionError(
                    f"it may be the printer at {ports}, but {_FORBIDDEN}", device_uri=self.uri
                )
            raise DeviceNotFoundError("it is not plugged in, or is switched off", device_uri=self.uri)
        if len(fitting) > 1:
            ports = ", ".join(_port_of(device) for device in fitting)
            raise DeviceError(
                f"{len(fitting)} printers are like that; add ?serial=… or ?port=… (one of {ports})",
                device_uri=self.uri,
            )
        return fitting[0]

    def _has_name(self, device: UsbDevice) -> bool:
        interface = _printer_interface(device, quirks_of(device.idVendor, device.idProduct))
        assert interface is not None
        names = [(_string(device, "manufacturer"), _string(device, "product"))]
        if self._folded(*names[0]) != self._folded(self._wanted.make, self._wanted.model):
            identity = _asked_for_id(device, interface)
            names.append((identity.make, identity.model))
        return any(
            self._folded(*name) == self._folded(self._wanted.make, self._wanted.model) for name in names
        )

    @staticmethod
    def _folded(make: str, model: str) -> tuple[str, str]:
        return make.strip().casefold(), model.strip().casefold()

    # --- opening -----------------------------------------------------------------------------------------------------

    def open(self) -> DeviceIdentity:
        """Find the printer, take it from the kernel's driver, claim it, ask who it is.

        Raises:
            DeviceNotFoundError: It is not plugged in, or off.
            DeviceBusyError: Another program has it.
            DevicePermissionError: We may not use it.
            DeviceError: Anything else, such as two that fit.
        """
        import usb.core  # noqa: PLC0415
        import usb.util  # noqa: PLC0415

        self.close()
        try:
            device = self._find()
            self._quirks = quirks_of(device.idVendor, device.idProduct)
            interface = _printer_interface(device, self._quirks)
            if interface is None:
                raise DeviceNotFoundError("it has no printer interface any more", device_uri=self.uri)
            self._device, self._interface = device, interface
            self._detach(device)
            active = _active_configuration(device)
            if active is None or active.bConfigurationValue != interface.configuration:
                device.set_configuration(interface.configuration)
            usb.util.claim_interface(device, interface.number)
            if interface.alternates > 1:
                device.set_interface_altsetting(interface.number, interface.alternate)
            return _named(device, self._ask_for_id(device, interface))
        except usb.core.USBError as error:
            self.close()
            failure = self._failure(error)
            if isinstance(failure, DeviceGoneError):
                raise DeviceNotFoundError(failure.problem, device_uri=self.uri) from error
            raise failure from error
        except DeviceError:
            self.close()
            raise

    def _detach(self, device: UsbDevice) -> None:
        """Take the kernel's drivers off all interfaces: a configuration cannot be set while one is held."""
        import usb.core  # noqa: PLC0415

        for number in sorted(
            {interface.bInterfaceNumber for interface in _active_configuration(device) or ()}
        ):
            try:
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
                    self._detached.append(number)
            except NotImplementedError:  # not on this system
                return
            except usb.core.USBError as error:
                if error.errno != errno.ENOENT:  # somebody else was faster
                    raise

    def _ask_for_id(self, device: UsbDevice, interface: _Interface) -> DeviceIdentity:
        return parse_device_id(_device_id(device, interface, OPEN_CONTROL_TIMEOUT_MS))

    # --- bytes -------------------------------------------------------------------------------------------------------

    def begin_job(self, job_id: int, extension: str) -> None:
        """A pipe does not name jobs."""

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Send; returns how many bytes went out, 0 where the printer takes none in time.

        Raises:
            DeviceGoneError: It was unplugged or switched off.
            DeviceError: It stalled, or failed otherwise; how much it took of `data` is not known.
        """
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            if not data:
                return 0
            try:
                count = device.write(interface.out, bytes(data[:WRITE_BYTES]), _milliseconds(timeout_s))
            except usb.core.USBTimeoutError:
                return 0
            except usb.core.USBError as error:
                if error.errno == errno.EPIPE:
                    with contextlib.suppress(usb.core.USBError):
                        device.clear_halt(interface.out)
                    raise DeviceError("the printer stalled", device_uri=self.uri) from error
                raise self._failure(error) from error
        self._last_write = time.monotonic()
        return int(count)

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says; empty where it says nothing in time, or has no way to.

        Raises:
            DeviceGoneError: It was unplugged or switched off.
        """
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            if not interface.back or self._quirks.one_way or limit <= 0:
                return b""
            if not self._unread:
                # A packet that does not fit is lost as a whole: there is always room for all of the last one.
                room = -(-limit // interface.back_packet_bytes) * interface.back_packet_bytes
                try:
                    self._unread = bytes(device.read(interface.back, room, _milliseconds(timeout_s)))
                except usb.core.USBTimeoutError:
                    return b""
                except usb.core.USBError as error:
                    if error.errno in {errno.EPIPE, errno.EOVERFLOW}:
                        with contextlib.suppress(usb.core.USBError):
                            device.clear_halt(interface.back)
                        return b""
                    raise self._failure(error) from error
            data, self._unread = self._unread[:limit], self._unread[limit:]
            return data

    def end_job(self, timeout_s: float) -> bool:
        """Every transfer that was counted has arrived; a printer that closes slowly gets its second."""
        with self._in_use():
            rest = self._last_write + SLOW_CLOSE_S - time.monotonic() if self._quirks.slow_close else 0.0
        limit_s = min(timeout_s, MAX_WRITE_TIMEOUT_S)
        if rest > 0:
            time.sleep(min(rest, limit_s))
            if rest > limit_s:
                return False
        if self._quirks.reset_after_job:
            self.soft_reset()
        return True

    # --- class requests ----------------------------------------------------------------------------------------------

    def port_status(self) -> PortStatus | None:
        """GET_PORT_STATUS, USB printer class §4.2.2; None where the printer does not answer it.

        Raises:
            DeviceGoneError: It was unplugged or switched off.
        """
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            try:
                answer = device.ctrl_transfer(
                    _CLASS_IN, _GET_PORT_STATUS, 0, interface.number, 1, CONTROL_TIMEOUT_MS
                )
            except usb.core.USBError as error:
                failure = self._failure(error)
                if isinstance(failure, DeviceGoneError):
                    raise failure from error
                return None
        if not answer:
            return None
        bits = int(answer[0])
        return PortStatus(
            paper_empty=bool(bits & _PAPER_EMPTY),
            selected=bool(bits & _SELECTED),
            error=not bits & _NOT_ERROR,
        )

    def soft_reset(self) -> None:
        """SOFT_RESET, USB printer class §4.2.3: to the interface, or as version 1.0 had it where the printer is so old."""
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            if self._quirks.no_soft_reset:
                return
            for request_type in (_CLASS_OUT, _CLASS_OUT_OTHER):
                try:
                    device.ctrl_transfer(
                        request_type, _SOFT_RESET, 0, interface.number, None, CONTROL_TIMEOUT_MS // 2
                    )
                except usb.core.USBError:
                    continue
                return

    def close(self) -> None:
        """Let the printer go, back to the kernel's driver.

        A call that another thread is in ends first: libusb must not close a device under a transfer. Where that lasts longer
        than a call may, the printer is let go at its end.
        """
        with self._idle:
            device, self._device = self._device, None
            interface, self._interface = self._interface, None
            detached, self._detached = self._detached, []
            self._unread = b""
            if device is None:
                return
            given_back = () if self._quirks.keep_detached else tuple(detached)

            def release() -> None:
                _release(device, interface, given_back)

            if not self._idle.wait_for(lambda: not self._calls, MAX_WRITE_TIMEOUT_S):
                self._releases.append(release)
                return
        release()

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[tuple[UsbDevice, _Interface]]:
        """The open device, which stays so until the end of the block.

        Raises:
            DeviceGoneError: It is not open.
        """
        with self._idle:
            device, interface = self._device, self._interface
            if device is None or interface is None:
                raise DeviceGoneError("it is not open", device_uri=self.uri)
            self._calls += 1
        try:
            yield device, interface
        finally:
            releases: list[Callable[[], None]] = []
            with self._idle:
                self._calls -= 1
                if not self._calls:
                    releases, self._releases = self._releases, []
                    self._idle.notify_all()
            for release in releases:
                release()

    def _failure(self, error: OSError) -> DeviceError:
        kind = _KINDS.get(error.errno, DeviceError)
        problem = {
            DeviceGoneError: "it was unplugged or switched off",
            DeviceBusyError: "another program uses it",
            DevicePermissionError: _FORBIDDEN,
        }.get(kind, error.strerror or str(error))
        return kind(problem, device_uri=self.uri)


# --- what a device says of itself -------------------------------------------------------------------------------------


def _libusb() -> Any:  # noqa: ANN401 — a backend of pyusb, which has no types
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


def _printer_interface(device: UsbDevice, quirks: Quirks) -> _Interface | None:
    """The best printer interface of a device, None where it has none."""
    found: list[_Interface] = []
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
                _Interface(
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


def _active_configuration(device: UsbDevice) -> Any:  # noqa: ANN401 — pyusb has no types
    """The configuration that is set, None where none is."""
    import usb.core  # noqa: PLC0415

    try:
        return device.get_active_configuration()
    except usb.core.USBError as error:
        if error.errno in {errno.ENODEV, errno.EACCES}:
            raise
        return None


def _is_forbidden(device: UsbDevice) -> bool:
    """Whether we may not open a device."""
    import usb.core  # noqa: PLC0415

    try:
        _active_configuration(device)
    except usb.core.USBError as error:
        return bool(error.errno == errno.EACCES)
    return False


def _release(device: UsbDevice, interface: _Interface | None, given_back: Sequence[int]) -> None:
    """Let a device go, and give interfaces back to the kernel's drivers; one that was unplugged too. Never raises."""
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    with contextlib.suppress(usb.core.USBError):
        if interface is not None:
            usb.util.release_interface(device, interface.number)
    for number in given_back:
        with contextlib.suppress(usb.core.USBError, NotImplementedError):
            device.attach_kernel_driver(number)
    with contextlib.suppress(usb.core.USBError):
        usb.util.dispose_resources(device)


def _device_id(device: UsbDevice, interface: _Interface, timeout_ms: int) -> bytes:
    """GET_DEVICE_ID, USB printer class §4.2.1; empty where the printer has none."""
    import usb.core  # noqa: PLC0415

    room = DEVICE_ID_FIRST_BYTES
    for index in dict.fromkeys((interface.number << 8 | interface.alternate, interface.number << 8)):
        try:
            answer = _unclaimed_request(device, interface.configuration_index, index, room, timeout_ms)
            wanted = announced_length(answer, DEVICE_ID_BYTES)
            if wanted > len(answer) == room:
                answer = _unclaimed_request(device, interface.configuration_index, index, wanted, timeout_ms)
        except usb.core.USBError as error:
            if error.errno in {errno.ENODEV, errno.EACCES}:
                raise
            continue
        return answer
    return b""


def _unclaimed_request(device: UsbDevice, value: int, index: int, room: int, timeout_ms: int) -> bytes:
    """GET_DEVICE_ID past pyusb's claiming, which takes the low byte of the index for the interface; here it is the alternate setting.

    So the scanner of a printer is left alone, and a printer is asked that usblp or another program holds: Linux lets this request
    through to any printer interface.
    """
    context = device._ctx  # noqa: SLF001 — pyusb has no public way to the handle
    context.managed_open()
    answer = array("B", bytes(room))
    count = context.backend.ctrl_transfer(
        context.handle, _CLASS_IN, _GET_DEVICE_ID, value, index, answer, timeout_ms
    )
    return answer[:count].tobytes()


def _asked_for_id(device: UsbDevice, interface: _Interface) -> DeviceIdentity:
    """What a printer that is not ours says of itself; empty where it may not be asked."""
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    try:
        return parse_device_id(_device_id(device, interface, CONTROL_TIMEOUT_MS))
    except usb.core.USBError:
        return DeviceIdentity()
    finally:
        usb.util.dispose_resources(device)


def _named(device: UsbDevice, identity: DeviceIdentity) -> DeviceIdentity:
    """The identity with the device's strings where its device id says nothing."""
    return DeviceIdentity(
        device_id=identity.device_id,
        make=identity.make or _string(device, "manufacturer"),
        model=identity.model or _string(device, "product"),
        serial_number=_string(device, "serial_number") or identity.serial_number,
        commands=identity.commands,
    )


def _string(device: UsbDevice, name: str) -> str:
    """One of the device's strings, empty where it has none or may not be asked."""
    import usb.core  # noqa: PLC0415

    try:
        text = getattr(device, name)
    except (usb.core.USBError, ValueError, NotImplementedError):
        return ""
    return "".join(character for character in text or "" if character.isprintable()).strip()


def _ports(device: UsbDevice) -> tuple[int, ...]:
    return tuple(device.port_numbers or ())


def _port_of(device: UsbDevice) -> str:
    """Where a device is plugged, as Linux names it: ``1-1.2``."""
    return f"{device.bus}-{'.'.join(str(number) for number in _ports(device))}"


def _uri_of(device: UsbDevice, others: Sequence[UsbDevice]) -> str:
    """The URI that finds this printer again: by its serial number where that tells it apart, else by its port."""
    from urllib.parse import quote  # noqa: PLC0415

    base = f"usb://{device.idVendor:04x}:{device.idProduct:04x}"
    serial = _string(device, "serial_number")
    alike = [
        _string(other, "serial_number")
        for other in others
        if (other.idVendor, other.idProduct) == (device.idVendor, device.idProduct)
    ]
    if serial and serial not in alike and not _BOGUS_SERIALS.fullmatch(serial):
        return f"{base}/{quote(serial, safe='')}"
    return f"{base}?port={_port_of(device)}" if alike else base


def _milliseconds(timeout_s: float) -> int:
    """A time limit as libusb takes it, where 0 would be for ever."""
    return max(1, int(min(timeout_s, MAX_WRITE_TIMEOUT_S) * 1000))
