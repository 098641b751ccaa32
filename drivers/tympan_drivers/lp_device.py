"""The transport of ``lp:///dev/usb/lp0``: a printer that the kernel's usblp or lp driver has.

Supported: the back channel where the device has one, the IEEE 1284 device id, the port's status bits. The kernel's driver does
the transfers. The node's number changes with the order of plugging; ``usb:`` finds a printer wherever it is plugged.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_id import parse_device_id
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceError, DeviceGoneError
from tympan_drivers.descriptor import Descriptor, device_error

DEVICE_ID_BYTES = 1024
"""As much as usblp keeps of a device id."""

_NODES = ("usb/lp*", "usblp*", "lp*")

# linux/lp.h and drivers/usb/class/usblp.c: _IOC(_IOC_READ, 'P', 1, size), and the old LPGETSTATUS.
_GET_DEVICE_ID = 2 << 30 | DEVICE_ID_BYTES << 16 | ord("P") << 8 | 1
_GET_STATUS = 0x060B

# The bits of the Centronics status port, which USB's GET_PORT_STATUS copies.
_PAPER_EMPTY, _SELECTED, _NOT_ERROR = 0x20, 0x10, 0x08


class LpTransport:
    """A printer device of the kernel."""

    open_timeout_s = 1.0
    back_channel = True
    shared = False
    closes_after_job = False
    notices_power_off = True

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """The nodes that are there, with what their printers say they are where we may ask."""
        found = []
        for path in sorted({path for pattern in _NODES for path in Path("/dev").glob(pattern)}):
            if not path.is_char_device():
                continue
            transport = cls(f"lp://{path}", TransportContext("", Path("/")))
            problem = ""
            try:
                identity = transport.open()
            except DeviceError as error:
                identity, problem = DeviceIdentity(), error.problem
            finally:
                transport.close()
            name = f"{identity.make} {identity.model}".strip()
            info = name or "printer device of the kernel"
            found.append(DiscoveredDevice(f"lp://{path}", info, identity, problem=problem))
        return found

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        parts = parse_device_uri(uri)
        if parts.host not in {"", "localhost"} or parts.port is not None:
            raise ConfigError(f"{uri}: a printer device is on this machine: write lp:///dev/usb/lp0")
        if not parts.path.startswith("/") or parts.path.endswith("/"):
            raise ConfigError(f"{uri}: the path of a device is needed: lp:///dev/usb/lp0")
        self.uri = uri
        self._path = parts.path
        self._descriptor: Descriptor | None = None
        self._left = 0
        self._answers = False

    def open(self) -> DeviceIdentity:
        """Open the node, for reading too where it can be.

        Raises:
            DeviceNotFoundError: It is not there: unplugged, or the printer is off.
            DeviceBusyError: Somebody else has it; usblp lets one in at a time.
            DevicePermissionError: We are not in its group, usually ``lp``.
            DeviceError: Anything else.
        """
        self.close()
        self._left = 0
        flags = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            fd = os.open(self._path, os.O_RDWR | flags)
            self._answers = True
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EINVAL, errno.EROFS}:
                raise device_error(error, self.uri) from error
            try:
                fd = os.open(self._path, os.O_WRONLY | flags)
            except OSError as again:
                raise device_error(again, self.uri) from again
            self._answers = False
        self._descriptor = Descriptor(fd, self.uri, eio_is_gone=True)
        return parse_device_id(self._device_id(fd))

    @staticmethod
    def _device_id(fd: int) -> bytes:
        answer = array.array("B", bytes(DEVICE_ID_BYTES))
        try:
            fcntl.ioctl(fd, _GET_DEVICE_ID, answer)
        except OSError:
            return b""  # a parallel port, or a printer that has none
        return answer.tobytes()

    def begin_job(self, job_id: int, extension: str) -> None:
        """A device does not name jobs."""

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Give the driver what it takes; 0 where the printer takes nothing in time.

        Raises:
            DeviceGoneError: It was unplugged.
            DeviceError: Anything else.
        """
        end = time.monotonic() + min(timeout_s, MAX_WRITE_TIMEOUT_S)
        try:
            written = self._open_descriptor().write(data, timeout_s)
        except DeviceError as error:
            if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENOSPC):
                raise
        else:
            if written:  # the transfer before it has ended
                self._left = written
            return written
        # Without paper the lp driver answers at once. It takes bytes again when there is some; who asks does not spin.
        time.sleep(max(0.0, end - time.monotonic()))
        return 0

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says; empty where it says nothing, or cannot."""
        return self._open_descriptor().read(limit, timeout_s) if self._answers else b""

    def end_job(self, timeout_s: float) -> bool:
        """Whether the printer has taken the last transfer.

        usblp counts a transfer as written when it begins, and kills it where the node is closed before it ends.

        Raises:
            DeviceGoneError: It was unplugged before.
        """
        descriptor = self._open_descriptor()
        if not descriptor.is_writable(timeout_s):
            return False
        # A transfer that unplugging broke off has ended too. A write of nothing sends nothing, and tells.
        descriptor.write(b"", 0.0)
        self._left = 0
        return True

    def unsent(self) -> int:
        """The transfer that is under way, as a whole: how much of it has gone out the driver does not say."""
        return self._left

    def port_status(self) -> PortStatus | None:
        """The port's status; None where the device has none."""
        answer = array.array("i", [0])
        try:
            fcntl.ioctl(self._open_descriptor().fd, _GET_STATUS, answer)
        except OSError:
            return None
        return PortStatus(
            paper_empty=bool(answer[0] & _PAPER_EMPTY),
            selected=bool(answer[0] & _SELECTED),
            error=not answer[0] & _NOT_ERROR,
        )

    def soft_reset(self) -> None:
        """The kernel's interface has none that is safe: its reset is the port's."""

    def close(self) -> None:
        """Close the node."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            descriptor.close()

    def _open_descriptor(self) -> Descriptor:
        if self._descriptor is None:
            raise DeviceGoneError("it is not open", device_uri=self.uri)
        return self._descriptor
