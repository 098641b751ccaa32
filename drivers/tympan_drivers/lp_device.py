"""The transport of ``lp:///dev/usb/lp0``: a printer that the kernel's usblp or lp driver has.

Supported: the back channel where the device has one, the IEEE 1284 device id, the port's status bits, the printer's soft reset. The
kernel's driver does the transfers, one of up to 8 KiB at a time. The node's number changes with the order of plugging: a printer that
was open is followed to its new one, and ``usb:`` finds it from the beginning.

Requests to the port go to a printer that may be hung, and the kernel gives it 5 s (USBLP_CTL_TIMEOUT): they are made on a thread of
their own (`tympan_drivers.limited_call`).
"""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Sequence

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
from tympan_drivers import usb_node
from tympan_drivers.descriptor import Descriptor, device_error
from tympan_drivers.limited_call import LimitedCall
from tympan_drivers.usb_node import NodeFollower

DEVICE_ID_BYTES = 1024
"""As much as usblp keeps of a device id."""

_NODES = ("usb/lp*", "usblp*", "lp*")

# linux/lp.h and drivers/usb/class/usblp.c: _IOC(_IOC_READ, 'P', number, size), and the old LPGETSTATUS.
_GET_DEVICE_ID = 2 << 30 | DEVICE_ID_BYTES << 16 | ord("P") << 8 | 1
_GET_PROTOCOLS = 2 << 30 | 8 << 16 | ord("P") << 8 | 2
_SOFT_RESET = ord("P") << 8 | 7
_GET_STATUS = 0x060B

_ONE_WAY = 1
"""``bInterfaceProtocol`` of a printer that only takes (USB printer class §5.2): usblp answers reads with an error."""

# The bits of the Centronics status port, which USB's GET_PORT_STATUS copies.
_PAPER_EMPTY, _SELECTED, _NOT_ERROR = 0x20, 0x10, 0x08


class LpTransport:
    """A printer device of the kernel."""

    open_timeout_s = 6.0  # the printer is asked for its device id
    shared = False
    closes_after_job = False
    notices_power_off = True

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """The nodes that are there; none is opened, since usblp lets one in at a time."""
        found = []
        for path in sorted({path for pattern in _NODES for path in usb_node.DEV.glob(pattern)}):
            if not path.is_char_device():
                continue
            said = usb_node.sysfs_of(path) / "device" / "ieee1284_id"
            try:
                identity = parse_device_id(said.read_bytes())
            except OSError:  # a parallel port
                identity = DeviceIdentity()
            problem = "" if os.access(path, os.W_OK) else "this user may not open it: the group lp may"
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
        self._node = NodeFollower(parts.path, "usbmisc", uri)
        self._requests: LimitedCall[bool] = LimitedCall("lp-request")

    @property
    def back_channel(self) -> bool:
        """`read` can give something."""
        return self._answers

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
        path = self._node.path()
        try:
            fd = os.open(path, os.O_RDWR | flags)
            self._answers = True
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EINVAL, errno.EROFS}:
                raise device_error(error, self.uri) from error
            try:
                fd = os.open(path, os.O_WRONLY | flags)
            except OSError as again:
                raise device_error(again, self.uri) from again
            self._answers = False
        self._descriptor = Descriptor(fd, self.uri, eio_is_gone=True)
        self._node.opened(path)
        self._answers = self._answers and self._protocol(fd) != _ONE_WAY
        return parse_device_id(self._device_id(fd))

    @staticmethod
    def _device_id(fd: int) -> bytes:
        answer = array.array("B", bytes(DEVICE_ID_BYTES))
        try:
            fcntl.ioctl(fd, _GET_DEVICE_ID, answer)
        except OSError:
            return b""  # a parallel port, or a printer that has none
        return answer.tobytes()

    @staticmethod
    def _protocol(fd: int) -> int:
        answer = array.array("i", [0, 0])
        try:
            fcntl.ioctl(fd, _GET_PROTOCOLS, answer)
        except OSError:
            return 0  # a parallel port
        return answer[0]

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
        if self._left and self._descriptor is not None:
            with contextlib.suppress(DeviceError):
                if self._descriptor.is_writable(0.0):
                    self._descriptor.write(b"", 0.0)  # as in `end_job`
                    self._left = 0
        return self._left

    def port_status(self) -> PortStatus | None:
        """The port's status; None where the device has none, or does not say in time."""
        answer = array.array("i", [0])
        if not self._ask(_GET_STATUS, answer):
            return None
        return PortStatus(
            paper_empty=bool(answer[0] & _PAPER_EMPTY),
            selected=bool(answer[0] & _SELECTED),
            error=not answer[0] & _NOT_ERROR,
        )

    def soft_reset(self) -> None:
        """Have the printer drop what it has not printed; a parallel port cannot."""
        self._ask(_SOFT_RESET, array.array("i", [0]))

    def _ask(self, request: int, room: array.array[int]) -> bool:
        """Make a request of the port; whether it was answered, in `room`, within the limit.

        Raises:
            DeviceGoneError: It is not open.
        """
        fd = os.dup(self._open_descriptor().fd)

        def ask() -> bool:
            try:
                fcntl.ioctl(fd, request, room)
            except OSError:
                return False
            finally:
                os.close(fd)
            return True

        return bool(self._requests.call(ask, MAX_WRITE_TIMEOUT_S, lambda: os.close(fd)))

    def close(self) -> None:
        """Close the node."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            descriptor.close()

    def _open_descriptor(self) -> Descriptor:
        if self._descriptor is None:
            raise DeviceGoneError("it is not open", device_uri=self.uri)
        return self._descriptor
