"""The transport of ``file:///PATH``: what would be printed goes into a file.

Supported: a file that is appended to; a folder (a path that ends in ``/``), where each job gets a file of its own,
``JOBID.EXTENSION``; a FIFO or a character device, written as fast as its reader takes it. No back channel.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from tympan.driver.contract import (
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers.descriptor import Descriptor, device_error

_FILE_MODE = 0o640


class FileTransport:
    """Writes jobs to a file or a folder."""

    open_timeout_s = 1.0
    back_channel = False
    shared = True
    closes_after_job = False
    notices_power_off = True

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
        self._file: Descriptor | None = None

    def open(self) -> DeviceIdentity:
        """See that the place is there.

        Raises:
            DeviceNotFoundError: The folder is not there, or nobody reads the FIFO.
            DevicePermissionError: We may not write there.
            DeviceError: Anything else.
        """
        self._close_file()
        if self._each_job:
            if not os.path.isdir(self._path):  # noqa: PTH112 — a path with its meaningful last slash
                raise DeviceNotFoundError("there is no such folder", device_uri=self.uri)
        else:
            self._open_file(self._path, os.O_APPEND)
        return DeviceIdentity(make="File", model=self._path)

    def _open_file(self, path: str, flags: int) -> None:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | flags, _FILE_MODE)
        except OSError as error:
            raise device_error(error, self.uri) from error
        self._file = Descriptor(fd, self.uri)

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
        if self._file is None:
            raise DeviceGoneError("the file is not open", device_uri=self.uri)
        return self._file.write(data, timeout_s)

    def read(self, limit: int, timeout_s: float) -> bytes:  # noqa: ARG002 — there is no back channel
        """Nothing: a file does not answer."""
        return b""

    def end_job(self, timeout_s: float) -> bool:  # noqa: ARG002 — nothing to wait for
        """All was written."""
        if self._each_job:
            self._close_file()
        return True

    def unsent(self) -> int:
        """Nothing: the file has what was counted."""
        return 0

    def port_status(self) -> PortStatus | None:
        """A file has none."""
        return None

    def soft_reset(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Close the file."""
        self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
