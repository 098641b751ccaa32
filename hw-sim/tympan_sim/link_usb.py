"""Simulated printers on a simulated USB bus: a pyusb backend, so that real USB code meets them in process.

Owns the USB side: descriptors, claims, the printer class's requests, transfers with their time limits, and the errors
libusb gives (numbers and errno values alike). The printers behind it are :class:`tympan_sim.printer.Printer`. It is
as unkind as libusb under pyusb: a transfer that stalls half-way does not say how much was taken, a replugged printer has a new
address, and a handle to the old one is dead for ever. What libusb itself knows and pyusb does not tell, `bulk_write_counted` does.
"""

from __future__ import annotations

import errno
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace

import usb.backend
from usb.core import USBError, USBTimeoutError

from tympan_sim.printer import Printer, PrinterGoneError
from tympan_sim.usb_printer_class import (
    CONFIGURATION,
    IN_ENDPOINT,
    INTERFACE,
    OUT_ENDPOINT,
    PACKET_BYTES,
    RequestError,
    UsbTraits,
    device_id,
    endpoints,
    fitting,
    port_status,
    string_descriptor,
)

__all__ = ["SimulatedUsb", "UsbPrinter", "UsbTraits"]

_POLL_S = 0.001

# libusb's own codes, with the errno values it maps them to.
_CODES = {
    errno.EIO: -1,
    errno.EINVAL: -2,
    errno.EACCES: -3,
    errno.ENODEV: -4,
    errno.ENOENT: -5,
    errno.EBUSY: -6,
    errno.ETIMEDOUT: -7,
    errno.EPIPE: -9,
}
_TEXTS = {
    errno.EIO: "Input/Output Error",
    errno.EINVAL: "Invalid parameter",
    errno.EACCES: "Access denied (insufficient permissions)",
    errno.ENODEV: "No such device (it may have been disconnected)",
    errno.ENOENT: "Entity not found",
    errno.EBUSY: "Resource busy",
    errno.ETIMEDOUT: "Operation timed out",
    errno.EPIPE: "Pipe error",
}


def _error(number: int) -> OSError:
    kind: type[OSError] = USBTimeoutError if number == errno.ETIMEDOUT else USBError
    return kind(_TEXTS[number], _CODES[number], number)


class UsbPrinter:
    """A printer on the bus.

    Args:
        printer: Its physics. Unplug and power faults are seen as the device leaving the bus.
        traits: Its behaviour on the bus.
        clock: Monotonic seconds.
        sleep: Waits that many seconds; both can be replaced by a test's own time.
    """

    def __init__(
        self,
        printer: Printer,
        traits: UsbTraits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.printer = printer
        self.traits = fitting(traits or UsbTraits(), printer.model)
        self.clock = clock
        self.sleep = sleep
        self.lock = threading.RLock()
        self._halt_at: int | None = None
        self._halted = False

    def halt(self, at_byte: int | None = None) -> None:
        """Stall the bulk OUT endpoint, now or when the printer has taken `at_byte` bytes in all, until it is cleared."""
        with self.lock:
            self._halt_at = self.printer.received if at_byte is None else at_byte

    def fault(self, name: str, value: float = 1.0) -> None:
        """As `Printer.fault`, now."""
        with self.lock:
            self.printer.fault(name, value, self.clock())

    def room_before_halt(self) -> int | None:
        """Bytes until the endpoint stalls, 0 when it does, None where it will not."""
        if self._halt_at is not None and self.printer.received >= self._halt_at:
            self._halt_at, self._halted = None, True
        if self._halted or self.printer.halted:
            return 0
        return None if self._halt_at is None else self._halt_at - self.printer.received

    def clear_halt(self) -> None:
        """What CLEAR_FEATURE(ENDPOINT_HALT) does."""
        self._halted = False
        self.printer.clear_halt()


@dataclass(slots=True)
class _Plugged:
    """One stay of a printer on the bus."""

    device: UsbPrinter
    address: int
    here: bool = True
    configuration: int = CONFIGURATION
    alternate: int = 0
    driver_active: bool = True
    claims: dict[int, _Handle] = field(default_factory=dict)


@dataclass(slots=True)
class _Handle:
    plugged: _Plugged
    open: bool = True


class SimulatedUsb(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """A pyusb backend with simulated printers: ``usb.core.find(backend=SimulatedUsb([...]))``."""

    def __init__(self, devices: Sequence[UsbPrinter] = ()) -> None:
        super().__init__()
        self._addresses = count(2)
        self._devices = list(devices)
        self._stays: dict[int, _Plugged] = {}

    def plug(self, device: UsbPrinter) -> None:
        """Put another printer on the bus."""
        self._devices.append(device)

    def _finalize_object(self) -> None:
        """Nothing of libusb is held."""

    # --- what is there -----------------------------------------------------------------------------------------------

    def _look(self, device: UsbPrinter) -> _Plugged | None:
        """Follow the cable: one stay ends when it is out, another begins when it is in again."""
        with device.lock:
            stay = self._stays.get(id(device))
            if not device.printer.connected:
                if stay is not None:
                    stay.here = False
                return None
            if stay is None or not stay.here:
                stay = _Plugged(device, next(self._addresses), driver_active=device.traits.kernel_driver)
                self._stays[id(device)] = stay
            return stay

    def enumerate_devices(self) -> Iterator[_Plugged]:
        """Yield what is on the bus now."""
        return iter([stay for device in self._devices if (stay := self._look(device)) is not None])

    def get_parent(self, dev: _Plugged) -> None:
        """No hubs are simulated."""
        del dev

    def get_device_descriptor(self, dev: _Plugged) -> SimpleNamespace:
        """The device descriptor."""
        vendor, product = dev.device.printer.model.usb_ids
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=vendor,
            idProduct=product,
            bcdDevice=0x0100,
            iManufacturer=1,
            iProduct=2,
            iSerialNumber=3 if dev.device.traits.serial else 0,
            bNumConfigurations=1,
            address=dev.address,
            bus=1,
            port_number=dev.device.traits.ports[-1],
            port_numbers=dev.device.traits.ports,
            speed=3,
        )

    def get_configuration_descriptor(self, dev: _Plugged, config: int) -> SimpleNamespace:
        """The configuration descriptor.

        Raises:
            IndexError: There is one only.
        """
        if config:
            raise IndexError(config)
        settings = len(dev.device.traits.protocols)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=9 + settings * 9 + sum(7 * self._endpoints(dev, alt) for alt in range(settings)),
            bNumInterfaces=1,
            bConfigurationValue=CONFIGURATION,
            iConfiguration=0,
            bmAttributes=0xC0,
            bMaxPower=1,
            extra_descriptors=[],
        )

    @staticmethod
    def _endpoints(dev: _Plugged, alt: int) -> int:
        return len(endpoints(dev.device.traits, alt))

    def get_interface_descriptor(self, dev: _Plugged, intf: int, alt: int, config: int) -> SimpleNamespace:
        """The interface descriptor of an alternate setting.

        Raises:
            IndexError: There is no such interface or setting.
        """
        if intf or config or alt >= len(dev.device.traits.protocols):
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=INTERFACE,
            bAlternateSetting=alt,
            bNumEndpoints=self._endpoints(dev, alt),
            bInterfaceClass=7,
            bInterfaceSubClass=1,
            bInterfaceProtocol=(
                dev.device.traits.protocols[alt] if dev.device.printer.model.back_channel else 1
            ),
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(
        self, dev: _Plugged, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """An endpoint descriptor: bulk OUT, then bulk IN where the setting is bidirectional.

        Raises:
            IndexError: There is no such endpoint.
        """
        if intf or config or ep >= self._endpoints(dev, alt):
            raise IndexError(ep)
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=(OUT_ENDPOINT, IN_ENDPOINT)[ep],
            bmAttributes=2,
            wMaxPacketSize=PACKET_BYTES,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    # --- opening -----------------------------------------------------------------------------------------------------

    def _present(self, stay: _Plugged) -> UsbPrinter:
        """The printer of a stay that still lasts."""
        self._look(stay.device)
        if not stay.here:
            raise _error(errno.ENODEV)
        return stay.device

    def open_device(self, dev: _Plugged) -> _Handle:
        """Open; fails as libusb does for a device that left or is not ours to use."""
        if self._present(dev).traits.forbidden:
            raise _error(errno.EACCES)
        return _Handle(dev)

    def close_device(self, dev_handle: _Handle) -> None:
        """Close; a device that left can be closed too."""
        dev_handle.open = False
        claims = dev_handle.plugged.claims
        for intf in [intf for intf, owner in claims.items() if owner is dev_handle]:
            del claims[intf]

    def set_configuration(self, dev_handle: _Handle, config_value: int) -> None:
        """Set the configuration; refused while the kernel's driver holds the interface, as Linux does."""
        self._present(dev_handle.plugged)
        if config_value != CONFIGURATION:
            raise _error(errno.ENOENT)
        if dev_handle.plugged.driver_active or dev_handle.plugged.device.traits.claimed_elsewhere:
            raise _error(errno.EBUSY)

    def get_configuration(self, dev_handle: _Handle) -> int:
        """The configuration that is set."""
        self._present(dev_handle.plugged)
        return dev_handle.plugged.configuration

    def set_interface_altsetting(self, dev_handle: _Handle, intf: int, altsetting: int) -> None:
        """Choose an alternate setting of the claimed interface."""
        device = self._present(dev_handle.plugged)
        if dev_handle.plugged.claims.get(intf) is not dev_handle or altsetting >= len(
            device.traits.protocols
        ):
            raise _error(errno.ENOENT)
        dev_handle.plugged.alternate = altsetting

    def claim_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Claim the interface; busy while usblp or another process has it."""
        device = self._present(dev_handle.plugged)
        if intf != INTERFACE:
            raise _error(errno.ENOENT)
        owner = dev_handle.plugged.claims.get(intf, dev_handle)
        if dev_handle.plugged.driver_active or device.traits.claimed_elsewhere or owner is not dev_handle:
            raise _error(errno.EBUSY)
        dev_handle.plugged.claims[intf] = dev_handle

    def release_interface(self, dev_handle: _Handle, intf: int) -> None:
        """Give the interface back."""
        self._present(dev_handle.plugged)
        if dev_handle.plugged.claims.get(intf) is dev_handle:
            del dev_handle.plugged.claims[intf]

    def is_kernel_driver_active(self, dev_handle: _Handle, intf: int) -> bool:
        """Whether usblp holds the interface."""
        self._present(dev_handle.plugged)
        return dev_handle.plugged.driver_active and intf == INTERFACE

    def detach_kernel_driver(self, dev_handle: _Handle, intf: int) -> None:
        """Take the interface from usblp."""
        if not self.is_kernel_driver_active(dev_handle, intf):
            raise _error(errno.ENOENT)
        dev_handle.plugged.driver_active = False

    def attach_kernel_driver(self, dev_handle: _Handle, intf: int) -> None:
        """Give the interface back to usblp."""
        device = self._present(dev_handle.plugged)
        if intf in dev_handle.plugged.claims:
            raise _error(errno.EBUSY)
        dev_handle.plugged.driver_active = device.traits.kernel_driver

    def clear_halt(self, dev_handle: _Handle, ep: int) -> None:
        """Clear a stall."""
        device = self._present(dev_handle.plugged)
        if ep == OUT_ENDPOINT:
            device.clear_halt()

    def reset_device(self, dev_handle: _Handle) -> None:
        """Reset the port: the printer's buffer is lost."""
        device = self._present(dev_handle.plugged)
        with device.lock:
            device.clear_halt()
            device.printer.soft_reset(device.clock())

    # --- transfers ---------------------------------------------------------------------------------------------------

    def _claimed(self, handle: _Handle, intf: int) -> UsbPrinter:
        device = self._present(handle.plugged)
        if not handle.open or handle.plugged.claims.get(intf) is not handle:
            raise _error(errno.EINVAL)
        return device

    def bulk_write(self, dev_handle: _Handle, ep: int, intf: int, data: array[int], timeout: int) -> int:
        """Send; returns a short count where time ran out after some of it, as pyusb does.

        Raises:
            usb.core.USBTimeoutError: Time ran out and nothing was taken.
            usb.core.USBError: EPIPE stalled (what was taken before is not told), ENODEV gone, EINVAL wrong endpoint.
        """
        sent, problem = self._transfer(dev_handle, ep, intf, memoryview(data).cast("B"), timeout)
        if problem and not (sent and problem == errno.ETIMEDOUT):
            raise _error(problem)
        return sent

    def bulk_write_counted(
        self, dev_handle: _Handle, ep: int, intf: int, data: bytes, timeout: int
    ) -> tuple[int, int]:
        """Send; returns how much the printer took and libusb's code, as ``libusb_bulk_transfer`` does."""
        sent, problem = self._transfer(dev_handle, ep, intf, memoryview(data), timeout)
        return sent, _CODES[problem] if problem else 0

    def _transfer(
        self, handle: _Handle, ep: int, intf: int, view: memoryview, timeout: int
    ) -> tuple[int, int]:
        """How much the printer took, and the errno where that is not all."""
        sent = 0
        try:
            device = self._claimed(handle, intf)
            if ep != OUT_ENDPOINT:
                return 0, errno.EINVAL
            deadline = device.clock() + (timeout / 1000 if timeout else float("inf"))
            while True:
                with device.lock:
                    self._present(handle.plugged)
                    room = device.room_before_halt()
                    if room == 0:
                        return sent, errno.EPIPE
                    now = device.clock()
                    most = device.printer.bytes_at_a_time
                    ends = [end for end in (room, most - sent if most else None) if end is not None]
                    end = sent + max(min(ends), 0) if ends else None
                    taken = device.printer.write(view[sent:end], now)
                    sent += taken
                    wake = device.printer.next_time()
                if sent == len(view):
                    return sent, 0
                if not taken:
                    if now >= deadline:
                        return sent, errno.ETIMEDOUT
                    pause = max((wake or now + _POLL_S) - now, _POLL_S)
                    device.sleep(min(pause, max(deadline - now, _POLL_S)))
        except PrinterGoneError:
            return sent, errno.ENODEV
        except USBError as problem:
            return sent, problem.errno

    def bulk_read(self, dev_handle: _Handle, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        """Receive into `buff`; returns how many bytes came.

        Raises:
            usb.core.USBTimeoutError: None came in time.
            usb.core.USBError: ENODEV gone, EINVAL wrong endpoint.
        """
        device = self._claimed(dev_handle, intf)
        if ep != IN_ENDPOINT or self._endpoints(dev_handle.plugged, dev_handle.plugged.alternate) < 2:
            raise _error(errno.EINVAL)
        deadline = device.clock() + (timeout / 1000 if timeout else float("inf"))
        while True:
            with device.lock:
                self._present(dev_handle.plugged)
                now = device.clock()
                try:
                    data = device.printer.read(now, len(buff))
                except PrinterGoneError as problem:
                    raise _error(errno.ENODEV) from problem
            if data:
                memoryview(buff).cast("B")[: len(data)] = data
                return len(data)
            if now >= deadline:
                raise _error(errno.ETIMEDOUT)
            device.sleep(min(_POLL_S * 2, max(deadline - now, _POLL_S)))

    def ctrl_transfer(  # noqa: PLR0917 — pyusb's own signature
        self,
        dev_handle: _Handle,
        bmRequestType: int,  # noqa: N803 — pyusb's own names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: array[int],
        timeout: int,
    ) -> int:
        """Standard string requests and the printer class's three; anything else stalls.

        Raises:
            usb.core.USBError: EPIPE not understood, ENODEV gone.
        """
        del timeout
        device = self._present(dev_handle.plugged)
        with device.lock:
            if device.printer.stalled:
                raise _error(errno.ETIMEDOUT)
            model, traits = device.printer.model, device.traits
            try:
                if (bmRequestType, bRequest) == (0x80, 6) and wValue >> 8 == 3:
                    answer = string_descriptor(model, traits, wValue & 0xFF)
                elif (bmRequestType, bRequest) == (0xA1, 0) and wIndex >> 8 == INTERFACE and not wValue:
                    answer = device_id(model, traits)
                elif (bmRequestType, bRequest) == (0xA1, 1) and wIndex & 0xFF == INTERFACE:
                    answer = port_status(device.printer.status())
                elif bRequest == 2 and bmRequestType == traits.soft_reset_type:
                    device.printer.soft_reset(device.clock())
                    return 0
                else:
                    raise _error(errno.EPIPE)
            except RequestError as problem:
                raise _error(errno.EPIPE) from problem
        shown = answer[: len(data)]
        memoryview(data).cast("B")[: len(shown)] = shown
        return len(shown)
