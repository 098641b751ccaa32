"""The transport of ``file:///PATH``: what would be printed goes into a file.

Supported: a file that is appended to; a folder (a path that ends in ``/``), where each job gets a file of its own,
``JOBID.EXTENSION``; a FIFO or a character device, written as fast as its reader takes it. No back channel.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
from collections.abc import Sequence

from tympan.driver.contract import (
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import (
    ConfigError,
    DeviceError,
    DeviceGoneError,
    DeviceNotFoundError,
    DevicePermissionError,
)

_FILE_MODE = 0o640


class FileTransport:
    """Writes jobs to a file or a folder."""

    open_timeout_s = 1.0

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """Files are not devices: nothing to find."""
        return ()

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        parts = parse_device_uri(uri)
        if parts.host not in {"", "localhost"}:
            raise ConfigError(f"{uri}: a file is on this machine: write file:///PATH, with three slashes")
        if not parts.path.startswith("/"):
            raise ConfigError(f"{uri}: the path must be absolute: file:///PATH")
        self.uri = uri
        self._path = parts.path
        self._each_job = parts.path.endswith("/")
        self._fd = -1

    def open(self) -> DeviceIdentity:
        """See that the place is there.

        Raises:
            DeviceNotFoundError: The folder is not there, or nobody reads the FIFO.
            DevicePermissionError: We may not write there.
            DeviceError: Anything else.
        """
        if self._each_job:
            if not os.path.isdir(self._path):  # noqa: PTH112 — a path with its meaningful last slash
                raise DeviceNotFoundError("there is no such folder", device_uri=self.uri)
        else:
            self._open_file(self._path, os.O_APPEND)
        return DeviceIdentity(make="File", model=self._path)

    def _open_file(self, path: str, flags: int) -> None:
        try:
            self._fd = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | flags, _FILE_MODE
            )
        except OSError as error:
            raise self._device_error(error) from error

    def _device_error(self, error: OSError) -> DeviceError:
        kinds: dict[int | None, type[DeviceError]] = {
            errno.ENOENT: DeviceNotFoundError,
            errno.ENOTDIR: DeviceNotFoundError,
            errno.ENXIO: DeviceNotFoundError,
            errno.EACCES: DevicePermissionError,
            errno.EPERM: DevicePermissionError,
            errno.EROFS: DevicePermissionError,
            errno.EPIPE: DeviceGoneError,
        }
        return kinds.get(error.errno, DeviceError)(error.strerror or str(error), device_uri=self.uri)

    def begin_job(self, job_id: int, extension: str) -> None:
        """In a folder, the job's file begins, empty where it was there."""
        if self._each_job:
            self._close_file()
            self._open_file(f"{self._path}{job_id}.{extension}", os.O_TRUNC)

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Write what fits; returns how many bytes that was.

        Raises:
            DeviceGoneError: The FIFO's reader left.
            DeviceError: The disk is full or failing.
        """
        if self._fd < 0:
            raise DeviceGoneError("the file is not open", device_uri=self.uri)
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            select.select([], [self._fd], [], timeout_s)
        except OSError as error:
            raise self._device_error(error) from error
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._device_error(error) from error

    def read(self, limit: int, timeout_s: float) -> bytes:  # noqa: ARG002 — there is no back channel
        """Nothing: a file does not answer."""
        return b""

    def end_job(self, timeout_s: float) -> bool:  # noqa: ARG002 — nothing to wait for
        """All was written."""
        if self._each_job:
            self._close_file()
        return True

    def port_status(self) -> PortStatus | None:
        """A file has none."""
        return None

    def soft_reset(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Close the file."""
        self._close_file()

    def _close_file(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)
