"""Bulk writes that say how much went out, also when they fail.

libusb counts what a device took before a transfer stalled or the device left; pyusb throws the count away with the error
(``usb.backend.libusb1``, ``__write``). A printer whose job shall go on behind a stall needs it: so libusb is called past pyusb here, with
the handle that pyusb has opened. A backend that is not libusb can tell too, by a method ``bulk_write_counted(handle, endpoint, interface,
data, timeout_ms)`` that returns the count and libusb's code; any other is used as pyusb does.
"""

from __future__ import annotations

import ctypes
import errno
import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ERRNO = {
    -1: errno.EIO,
    -2: errno.EINVAL,
    -3: errno.EACCES,
    -4: errno.ENODEV,
    -5: errno.ENOENT,
    -6: errno.EBUSY,
    -7: errno.ETIMEDOUT,
    -8: errno.EOVERFLOW,
    -9: errno.EPIPE,
    -10: errno.EINTR,
    -11: errno.ENOMEM,
    -12: errno.ENOSYS,
}
"""``enum libusb_error`` of libusb.h, as what the system calls the same."""

_OTHER = errno.EIO
"""``LIBUSB_ERROR_OTHER``."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a write ended.

    Attributes:
        count: As many bytes the device has taken.
        error: Why not all of them, an ``errno``; 0: it took all, or time ran out.
        counted: `count` is right although there was an error.
    """

    count: int
    error: int = 0
    counted: bool = True


def bulk_out(device: Any, endpoint: int, interface: int, data: bytes, timeout_ms: int) -> Sent:  # noqa: ANN401 — pyusb has no types
    """Write `data` to a bulk endpoint of a claimed interface.

    Args:
        device: pyusb's device, open.
        endpoint: Address of the endpoint.
        interface: Number of its interface, which is claimed.
        data: At least one byte: a transfer of none is a packet of its own, which some printers end the job at.
        timeout_ms: The longest it may take, not 0.
    """
    assert data
    assert timeout_ms > 0
    context = device._ctx  # noqa: SLF001 — pyusb has no public way to the handle
    backend = context.backend
    counted = getattr(backend, "bulk_write_counted", None)
    if counted is not None:
        count, code = counted(context.handle, endpoint, interface, data, timeout_ms)
        return _sent(count, code)
    transfer = getattr(getattr(backend, "lib", None), "libusb_bulk_transfer", None)
    if transfer is not None:
        return _by_libusb(transfer, context.handle.handle, endpoint, data, timeout_ms)
    return _by_pyusb(backend, context.handle, endpoint, interface, data, timeout_ms)


def _by_libusb(
    transfer: Callable[..., int],
    handle: Any,  # noqa: ANN401 — a pointer of libusb's
    endpoint: int,
    data: bytes,
    timeout_ms: int,
) -> Sent:
    transferred = ctypes.c_int(0)
    # libusb only reads it; the bytes object outlives the call.
    buffer = ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_ubyte))
    code = transfer(handle, endpoint, buffer, len(data), ctypes.byref(transferred), timeout_ms)
    return _sent(transferred.value, code)


def _sent(count: int, code: int) -> Sent:
    error = 0 if code == 0 else _ERRNO.get(code, _OTHER)
    return Sent(count, 0 if error == errno.ETIMEDOUT else error)


def _by_pyusb(  # noqa: PLR0917 — pyusb's own signature
    backend: Any,  # noqa: ANN401
    handle: Any,  # noqa: ANN401
    endpoint: int,
    interface: int,
    data: bytes,
    timeout_ms: int,
) -> Sent:
    import usb.core  # noqa: PLC0415 — loaded by whoever opened the device

    try:
        return Sent(int(backend.bulk_write(handle, endpoint, interface, array("B", data), timeout_ms)))
    except usb.core.USBTimeoutError:
        return Sent(0)
    except usb.core.USBError as error:
        return Sent(0, error.errno or _OTHER, counted=False)


def sentence(error: int) -> str:
    """What a person calls an ``errno``."""
    return os.strerror(error).lower()
