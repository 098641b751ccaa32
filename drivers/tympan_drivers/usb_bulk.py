"""The transport of ``usb://VID:PID/SERIAL``: a printer on USB, by pyusb and libusb, without the kernel's driver.

Supported: printer-class interfaces, one way and bidirectional; the same printer found again in whichever port it is plugged, equal
ones told apart by serial number or port; the device id, the port's status bits, SOFT_RESET; the kernel's usblp taken off and
given back; a reset on the bus after each job, for those that need it. ``usb://MAKE/MODEL?serial=…`` names a printer as its device id
does, ``?port=1-1.2`` where it is plugged.

A write that runs out of time, stalls or loses its device half-way says how much went out (`usb_transfer`): running out of time is how a
printer says that it is busy; a stall is cleared, and the rest follows.
"""

from __future__ import annotations

import contextlib
import errno
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_id import parse_device_id
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import (
    ConfigError,
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)
from tympan_drivers.usb_devices import (
    CLASS_IN,
    CONTROL_TIMEOUT_MS,
    PrinterInterface,
    UsbDevice,
    UsbNames,
    active_configuration,
    asked_for_id,
    device_id_of,
    holder_of,
    is_forbidden,
    libusb,
    names_of,
    other_uris_of,
    port_of,
    ports_of,
    printer_interface,
    serial_number_of,
    string_of,
    uri_of,
    with_language,
)
from tympan_drivers.usb_quirks import Quirks, quirks_of
from tympan_drivers.usb_transfer import bulk_out, sentence

WRITE_BYTES_MIN, WRITE_BYTES_MAX = 4 * 1024, 64 * 1024
"""As much is given to libusb at once. Small transfers cost up to a millisecond each. A large one that its time limit cuts off is
taken back from the host controller half-way, which no printer needs to see more often than must be: so a printer that prints as slowly
as it takes its data gets less at once, until it takes that in time."""

GROWING_SHARE = 0.4
"""It gets twice as much at once when it needed less than this of its time: so that then it needs less than all of it."""

STALLS_MAX = 20
"""As often a printer may stall in a row without taking a byte; then it is opened anew."""

STALL_PAUSE_S = 0.01

SLOW_CLOSE_S = 1.0
"""So long after a job's last byte a printer is held that closes slowly, or is reset then: it may still be at its last packets."""

LET_GO_S = 2.0
"""So long a printer that is opened again is waited for: a reset, and usblp's first look at it, take a part of a second."""

_GET_PORT_STATUS, _SOFT_RESET = 1, 2
_CLASS_OUT, _CLASS_OUT_OTHER = 0x21, 0x23
_PAPER_EMPTY, _SELECTED, _NOT_ERROR = 0x20, 0x10, 0x08

_IDS = re.compile(r"usb://([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?=[/?]|$)")
_FORBIDDEN = "we may not use it: the udev rule is missing, or the group lp"
_SERIAL_UNREAD = "its serial number cannot be read: it is known by its port, unless it is just starting"
_IN_USE = "a program has it open: tympan itself, or one to be ended (ipp-usb, another print server)"

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
    shared = False
    finds_printers: ClassVar[bool] = True
    notices_power_off = True

    backend: ClassVar[Any] = None
    """The pyusb backend, None for libusb."""

    _held: ClassVar[dict[tuple[int, int], UsbNames]] = {}
    """What this process has open is called, by bus and address: who looks for printers asks nothing of one that may be let go meanwhile."""

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """The printers that are plugged in; those we may not open are listed without what they say of themselves.

        Raises:
            DeviceError: There is no libusb.
        """
        found = [cls._look_at(device) for device in cls._printers()]
        return [
            DiscoveredDevice(
                uri_of(names, [other for other, _ in found if other is not names]),
                names.info,
                names.identity,
                other_uris_of(names),
                problem,
                settles=names.serial_number is None,
            )
            for names, problem in found
        ]

    @classmethod
    def _look_at(cls, device: UsbDevice) -> tuple[UsbNames, str]:
        """What a device is called, and what is in the way of using it."""
        held = cls._held.get((device.bus, device.address))
        if held is not None:
            return held, ""
        quirks = quirks_of(device.idVendor, device.idProduct)
        interface = printer_interface(device, quirks)
        assert interface is not None
        names = names_of(device, asked_for_id(device, interface))
        if is_forbidden(device):
            return names, _FORBIDDEN
        names = replace(names, identity=with_language(names.identity, quirks))
        if names.serial_number is None:
            return names, _SERIAL_UNREAD
        if holder_of(device, interface) == "usbfs":
            return names, _IN_USE
        return names, ""

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
        self._interface: PrinterInterface | None = None
        self._names: UsbNames | None = None
        self._quirks = Quirks()
        self.back_channel = False
        self.closes_after_job = False
        self._port = ""
        self._detached: list[int] = []
        self._had_job = False
        self._ended_at: float | None = None  # when the job's last byte had been written
        self._write_bytes = WRITE_BYTES_MAX
        self._stalls = 0
        self._unread = b""
        self._idle = threading.Condition()
        self._calls = 0
        self._releases: list[Callable[[], None]] = []
        self._letting_go: threading.Thread | None = None

    # --- finding -----------------------------------------------------------------------------------------------------

    @classmethod
    def _printers(cls) -> Iterator[UsbDevice]:
        """The devices that have a printer interface, in the order of their ports."""
        import usb.core  # noqa: PLC0415 — loads libusb

        def prints(device: UsbDevice) -> bool:
            try:
                return printer_interface(device, quirks_of(device.idVendor, device.idProduct)) is not None
            except usb.core.USBError:
                return False

        backend = cls.backend
        if backend is None:
            backend = libusb()
            if backend is None:
                raise DeviceError("libusb is missing: install the package libusb-1.0-0", device_uri="usb:")
        found = usb.core.find(find_all=True, backend=backend, custom_match=prints)
        yield from sorted(found, key=lambda device: (device.bus, ports_of(device)))

    def _find(self) -> UsbDevice:
        wanted = self._wanted
        alike = [
            device
            for device in self._printers()
            if wanted.ids is None or wanted.ids == (device.idVendor, device.idProduct)
        ]
        possible = [device for device in alike if not wanted.port or wanted.port == port_of(device)]
        fitting = [device for device in possible if self._fits(device)]
        if not fitting:
            ports = ", ".join(port_of(device) for device in possible if self._may_be(device))
            if ports:
                raise DevicePermissionError(
                    f"it may be the printer at {ports}, but {_FORBIDDEN}", device_uri=self.uri
                )
            elsewhere = ", ".join(port_of(device) for device in alike if self._fits(device))
            hint = f" at port {wanted.port}; one like it is at {elsewhere}" if elsewhere else ""
            raise DeviceNotFoundError(
                f"it is not plugged in{hint or ', or is switched off'}", device_uri=self.uri
            )
        if len(fitting) > 1:
            # The one that was there first stays, when another comes that says the same of itself.
            fitting = [device for device in fitting if port_of(device) == self._port] or fitting
        if len(fitting) > 1:
            ports = ", ".join(port_of(device) for device in fitting)
            raise DeviceError(
                f"{len(fitting)} printers are like that; add ?serial=… or ?port=… (one of {ports})",
                device_uri=self.uri,
            )
        self._port = port_of(fitting[0])
        return fitting[0]

    def _fits(self, device: UsbDevice) -> bool:
        """Whether it is the printer that is meant, whatever its port."""
        wanted = self._wanted
        return (not wanted.serial or wanted.serial == serial_number_of(device)) and (
            wanted.ids is not None or self._has_name(device)
        )

    def _may_be(self, device: UsbDevice) -> bool:
        """Whether it may be the printer that is meant although it looks like another one: who may not open it cannot read its names."""
        serial = self._wanted.serial
        return is_forbidden(device) and (not serial or serial_number_of(device) in {serial, None})

    def _has_name(self, device: UsbDevice) -> bool:
        interface = printer_interface(device, quirks_of(device.idVendor, device.idProduct))
        assert interface is not None
        names = [(string_of(device, "manufacturer"), string_of(device, "product"))]
        if self._folded(*names[0]) != self._folded(self._wanted.make, self._wanted.model):
            identity = asked_for_id(device, interface)
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
        if self._letting_go is not None:
            self._letting_go.join(LET_GO_S)
            if self._letting_go.is_alive():
                raise DeviceBusyError("it has not been let go yet", device_uri=self.uri)
        try:
            device = self._find()
            self._quirks = quirks_of(device.idVendor, device.idProduct)
            interface = printer_interface(device, self._quirks)
            if interface is None:
                raise DeviceNotFoundError("it has no printer interface any more", device_uri=self.uri)
            self._device, self._interface = device, interface
            self._write_bytes, self._stalls = WRITE_BYTES_MAX, 0
            active = active_configuration(device)
            if active is None or active.bConfigurationValue != interface.configuration:
                # It cannot be set while the kernel's driver of any interface holds it.
                self._detach(device, {each.bInterfaceNumber for each in active or ()})
                device.set_configuration(interface.configuration)
            self._detach(device, {interface.number})
            usb.util.claim_interface(device, interface.number)
            if interface.alternates > 1:
                device.set_interface_altsetting(interface.number, interface.alternate)
            self.back_channel = bool(interface.back) and not self._quirks.one_way
            self.closes_after_job = self._quirks.reset_after_job
            names = names_of(device, parse_device_id(device_id_of(device, interface)))
            identity = with_language(names.identity, self._quirks)
            # What it does not say now it is not asked again: by what it was opened it is known.
            names = replace(names, serial_number=names.serial_number or "", identity=identity)
            self._held[device.bus, device.address] = self._names = names
        except usb.core.USBError as error:
            self.close()
            failure = self._failure(error)
            if isinstance(failure, DeviceGoneError):
                raise DeviceNotFoundError(failure.problem, device_uri=self.uri) from error
            raise failure from error
        except DeviceError:
            self.close()
            raise
        return identity

    def _detach(self, device: UsbDevice, numbers: Collection[int]) -> None:
        """Take the kernel's drivers off these interfaces; others, such as a card reader's, are none of our business."""
        import usb.core  # noqa: PLC0415

        for number in sorted(numbers):
            try:
                if device.is_kernel_driver_active(number):
                    device.detach_kernel_driver(number)
                    self._detached.append(number)
            except NotImplementedError:  # not on this system
                return
            except usb.core.USBError as error:
                if error.errno != errno.ENOENT:  # somebody else was faster
                    raise

    # --- bytes -------------------------------------------------------------------------------------------------------

    def begin_job(self, job_id: int, extension: str) -> None:  # noqa: ARG002 — every transport is called alike
        """A pipe does not name jobs, but it matters that there was one."""
        self._had_job = True
        self._ended_at = None

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Send; returns how many bytes went out, 0 where the printer takes none in time.

        Raises:
            DeviceGoneError: It was unplugged or switched off; what it took before was counted.
            DeviceError: It stalls again and again, or failed otherwise.
        """
        with self._in_use() as (device, interface):
            piece = bytes(data[: self._write_bytes])
            if not piece:
                return 0
            limit_ms = _milliseconds(timeout_s)
            began = time.monotonic()
            sent = bulk_out(device, interface.out, interface.number, piece, limit_ms)
            if not sent.error:
                self._fit(len(piece), sent.count, (time.monotonic() - began) * 1000 / limit_ms)
            elif sent.error == errno.EPIPE:
                self._clear_stall(device, interface, sent.count, limit_ms)
            if sent.error and not sent.counted:
                raise self._failure_of(sent.error, "the printer stalled")
            if sent.error and not sent.count and sent.error != errno.EPIPE:
                raise self._failure_of(sent.error, sentence(sent.error))
        if sent.count:
            self._stalls = 0
        return sent.count

    def _fit(self, asked: int, taken: int, share: float) -> None:
        """Give it as much at once as it takes in time; `share` is how much of its time the last write took."""
        if taken < asked:
            self._write_bytes = max(asked // 2, WRITE_BYTES_MIN)
        elif asked == self._write_bytes and share < GROWING_SHARE:
            self._write_bytes = min(2 * asked, WRITE_BYTES_MAX)

    def _clear_stall(self, device: UsbDevice, interface: PrinterInterface, count: int, limit_ms: int) -> None:
        """Let a printer that stalled go on.

        Raises:
            DeviceError: It does not, or stalls too often.
        """
        import usb.core  # noqa: PLC0415

        try:
            device.clear_halt(interface.out)
        except usb.core.USBError as error:
            if count:
                return  # it is counted first; the next write finds out
            raise self._failure(error) from error
        if count:
            return
        self._stalls += 1
        if self._stalls > STALLS_MAX:
            self._stalls = 0
            raise DeviceError("the printer stalls and takes nothing", device_uri=self.uri)
        time.sleep(min(STALL_PAUSE_S, limit_ms / 1000))

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says; empty where it says nothing in time, or has no way to.

        Raises:
            DeviceGoneError: It was unplugged or switched off.
        """
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            if not self.back_channel or limit <= 0:
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
        """Every transfer that was counted has arrived; a printer that closes slowly, or is reset then, gets its second.

        That runs from the first call for a job: what is written later are questions, which may come more often than that.
        """
        with self._in_use():
            quirks = self._quirks
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        rest = self._ended_at + SLOW_CLOSE_S - now if quirks.slow_close or quirks.reset_after_job else 0.0
        limit_s = min(timeout_s, MAX_WRITE_TIMEOUT_S)
        if rest > 0:
            time.sleep(min(rest, limit_s))
        return rest <= limit_s

    # --- class requests ----------------------------------------------------------------------------------------------

    def unsent(self) -> int:
        """Nothing: what was counted, the printer has acknowledged."""
        return 0

    def port_status(self) -> PortStatus | None:
        """GET_PORT_STATUS, USB printer class §4.2.2; None where the printer does not answer it.

        Raises:
            DeviceGoneError: It was unplugged or switched off.
        """
        import usb.core  # noqa: PLC0415

        with self._in_use() as (device, interface):
            try:
                answer = device.ctrl_transfer(
                    CLASS_IN, _GET_PORT_STATUS, 0, interface.number, 1, CONTROL_TIMEOUT_MS
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
        """Let the printer go, back to the kernel's driver; one that needs it is reset if it had a job, once it has been let go.

        A call that another thread is in ends first: libusb must not close a device under a transfer, nor reset it. Where that lasts
        longer than a call may, the printer is let go at its end.

        The job has ended by then, and stays so whatever the reset does. A device that is another one after it, which libusb calls
        not found, is found again when it is opened. Where the kernel needs long, as for a printer that does not come back from its
        reset, this does not wait for it: `open` waits a little, and finds the printer in use until then.
        """
        with self._idle:
            device, self._device = self._device, None
            interface, self._interface = self._interface, None
            detached, self._detached = self._detached, []
            self._unread = b""
            self.back_channel = False
            if device is None:
                return
            names, self._names = self._names, None
            key = device.bus, device.address
            if names is not None and self._held.get(key) is names:  # another transport may have it
                del self._held[key]
            # One that was killed before it could give it back was perhaps this service.
            ours = () if interface is None else (interface.number,)
            given_back = () if self._quirks.keep_detached else tuple(dict.fromkeys((*detached, *ours)))
            resets = self._quirks.reset_after_job and self._had_job
            self._had_job = False

            def release() -> None:
                self._letting_go = threading.Thread(
                    target=_release,
                    args=(device, interface, given_back),
                    kwargs={"resets": resets},
                    name="usb-close",
                    daemon=True,
                )
                self._letting_go.start()
                self._letting_go.join(MAX_WRITE_TIMEOUT_S)

            if not self._idle.wait_for(lambda: not self._calls, MAX_WRITE_TIMEOUT_S):
                self._releases.append(release)
                return
        release()

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[tuple[UsbDevice, PrinterInterface]]:
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
        return self._failure_of(error.errno, error.strerror or str(error))

    def _failure_of(self, number: int | None, problem: str) -> DeviceError:
        kind = _KINDS.get(number, DeviceError)
        problem = {
            DeviceGoneError: "it was unplugged or switched off",
            DeviceBusyError: "another program uses it",
            DevicePermissionError: _FORBIDDEN,
        }.get(kind, problem)
        return kind(problem, device_uri=self.uri)


def _release(
    device: UsbDevice, interface: PrinterInterface | None, given_back: Sequence[int], *, resets: bool
) -> None:
    """Let a device go, give interfaces back to the kernel's drivers, reset it; one that was unplugged too. Never raises.

    In the order of CUPS: an interface that was given back is kept by its driver over the reset.
    """
    import usb.core  # noqa: PLC0415
    import usb.util  # noqa: PLC0415

    with contextlib.suppress(usb.core.USBError):
        if interface is not None:
            usb.util.release_interface(device, interface.number)
    for number in given_back:
        with contextlib.suppress(usb.core.USBError, NotImplementedError):
            device.attach_kernel_driver(number)
    if resets:
        with contextlib.suppress(usb.core.USBError):
            device.reset()
    with contextlib.suppress(usb.core.USBError):
        usb.util.dispose_resources(device)


def _milliseconds(timeout_s: float) -> int:
    """A time limit as libusb takes it, where 0 would be for ever."""
    return max(1, int(min(timeout_s, MAX_WRITE_TIMEOUT_S) * 1000))
