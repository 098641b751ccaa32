"""A file descriptor that never blocks longer than it may: what files, printer devices and serial ports are written through.

Owns the waiting, the counting and the names of errors. Which bytes go through it is its user's affair.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S
from tympan.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)

_KINDS: dict[int | None, type[DeviceError]] = {
    errno.ENOENT: DeviceNotFoundError,
    errno.ENOTDIR: DeviceNotFoundError,
    errno.ENXIO: DeviceNotFoundError,
    errno.EACCES: DevicePermissionError,
    errno.EPERM: DevicePermissionError,
    errno.EROFS: DevicePermissionError,
    errno.EBUSY: DeviceBusyError,
    errno.EPIPE: DeviceGoneError,
    errno.ENODEV: DeviceGoneError,
    errno.ESHUTDOWN: DeviceGoneError,
}


def wait_for(fd: int, events: int, timeout_s: float) -> int:
    """Wait for events of ``select.poll``, an error or a hang-up, no longer than a transport may.

    Returns:
        What came, 0 where nothing did within `timeout_s` or `MAX_WRITE_TIMEOUT_S`.
    """
    poll = select.poll()
    poll.register(fd, events)
    # poll takes a time below 0 for ever.
    came = poll.poll(min(max(timeout_s, 0.0), MAX_WRITE_TIMEOUT_S) * 1000)
    return came[0][1] if came else 0


def device_error(error: OSError, device_uri: str, *, is_open: bool = False) -> DeviceError:
    """The name that an error of the operating system has here.

    Args:
        error: What the system said.
        device_uri: The device it is about.
        is_open: The device was open already: not there means that it went away.
    """
    kind = _KINDS.get(error.errno, DeviceError)
    if is_open and kind is DeviceNotFoundError:
        kind = DeviceGoneError
    elif not is_open and kind is DeviceGoneError:
        kind = DeviceNotFoundError
    return kind(error.strerror or str(error), device_uri=device_uri)


class Descriptor:
    """An open file descriptor in non-blocking mode.

    Args:
        fd: Owned from now on.
        device_uri: For the errors.
        eio_is_gone: A write that fails with EIO means that the device went away; on a disk it does not.
    """

    def __init__(self, fd: int, device_uri: str, *, eio_is_gone: bool = False) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self._uri = device_uri
        self._eio_is_gone = eio_is_gone

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Write what fits now, or within `timeout_s`; returns how many bytes, 0 where none.

        Raises:
            DeviceGoneError: The device went away.
            DeviceError: Anything else.
        """
        written = self._write_now(data)
        if written or not data:
            return written
        return self._write_now(data) if wait_for(self._open_fd(), select.POLLOUT, timeout_s) else 0

    def _write_now(self, data: bytes | memoryview) -> int:
        try:
            return os.write(self._open_fd(), data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._failure(error) from error

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What is there within `timeout_s`, at most `limit` bytes; empty where nothing is.

        Raises:
            DeviceGoneError: The device went away.
            DeviceError: Anything else.
        """
        came = wait_for(self._open_fd(), select.POLLIN, timeout_s)
        if not came:
            return b""
        try:
            data = os.read(self._open_fd(), limit)
        except BlockingIOError:
            return b""
        except OSError as error:
            # One transfer that failed says little (usblp starts the next by itself); a hang-up says all.
            if error.errno != errno.EIO:
                raise self._failure(error) from error
            data = b""
        # Without a hang-up an empty read is an empty packet, which some printers send instead of nothing.
        if not data and came & select.POLLHUP:
            raise DeviceGoneError("it was unplugged or switched off", device_uri=self._uri)
        return data

    def is_writable(self, timeout_s: float) -> bool:
        """Whether it takes bytes now, or within `timeout_s`.

        Raises:
            DeviceGoneError: The device went away.
        """
        came = wait_for(self._open_fd(), select.POLLOUT, timeout_s)
        if came & (select.POLLHUP | select.POLLERR):
            raise DeviceGoneError("it was unplugged or switched off", device_uri=self._uri)
        return bool(came & select.POLLOUT)

    def close(self) -> None:
        """Close it; never raises, may be called twice."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _open_fd(self) -> int:
        if self.fd < 0:
            raise DeviceGoneError("it is not open", device_uri=self._uri)
        return self.fd

    def _failure(self, error: OSError) -> DeviceError:
        # A USB adapter or printer that was pulled out answers EIO to everything.
        if self._eio_is_gone and error.errno == errno.EIO:
            return DeviceGoneError("it was unplugged or switched off", device_uri=self._uri)
        return device_error(error, self._uri, is_open=True)
