"""The transport of ``socket://HOST:9100``: a printer that takes raw data on a TCP port.

Supported: a back channel, half-open connections noticed (keep-alive and user time-out), acknowledgement of the last byte
by the peer's TCP. Most such printers take one connection at a time and some print when it closes, so each job gets
a connection; ``?close=idle`` keeps it until the link lets the device go.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Sequence

from tympan.driver.contract import DeviceIdentity, DiscoveredDevice, PortStatus, TransportContext
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers.descriptor import wait_for

RAW_PORT = 9100
"""The port of raw printing where the URI names none."""

CONNECT_TIMEOUT_S = 5.0
USER_TIMEOUT_MS = 30_000
"""How long written bytes may stay without an acknowledgement before the connection counts as gone."""

KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES = 10, 5, 3


class SocketTransport:
    """A TCP connection to a printer."""

    open_timeout_s = CONNECT_TIMEOUT_S
    back_channel = True
    shared = True

    @classmethod
    def discover(cls) -> Sequence[DiscoveredDevice]:
        """Nothing: network printers are not looked for."""
        return ()

    def __init__(self, uri: str, context: TransportContext) -> None:  # noqa: ARG002 — every transport is made alike
        parts = parse_device_uri(uri, ("close",))
        if not parts.host:
            raise ConfigError(f"{uri}: there is no host: write socket://HOST:9100")
        try:
            parts.host.encode("idna")
        except UnicodeError as error:
            raise ConfigError(f"{uri}: {parts.host!r} is no host name") from error
        if parts.path not in {"", "/"}:
            raise ConfigError(f"{uri}: a socket has no path")
        self.uri = uri
        self._address = (parts.host, parts.port if parts.port is not None else RAW_PORT)
        self._close_after_job = parts.choice("close", ("job", "idle"), "job") == "job"
        self._socket: socket.socket | None = None
        self._left = 0

    def open(self) -> DeviceIdentity:
        """Connect.

        Raises:
            DeviceNotFoundError: The name is unknown, nobody is there, or it refuses: which of its reasons it has, it does not say.
            DeviceError: Anything else.
        """
        self.close()
        self._left = 0
        try:
            connection = socket.create_connection(self._address, timeout=CONNECT_TIMEOUT_S)
        except (socket.gaierror, TimeoutError) as error:
            raise DeviceNotFoundError(str(error), device_uri=self.uri) from error
        except ConnectionRefusedError as error:
            problem = "it refuses the connection: it is switched off, busy with another computer, or this is not its port"
            raise DeviceNotFoundError(problem, device_uri=self.uri) from error
        except OSError as error:
            kind = (
                DeviceNotFoundError if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH} else DeviceError
            )
            raise kind(error.strerror or str(error), device_uri=self.uri) from error
        for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS),
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        ):
            connection.setsockopt(level, option, value)
        connection.setblocking(False)
        self._socket = connection
        return DeviceIdentity()

    def begin_job(self, job_id: int, extension: str) -> None:  # noqa: ARG002 — a stream does not name jobs
        """Connect anew where the last job closed the connection.

        Raises:
            DeviceError: It cannot be done; see `open`.
        """
        if self._socket is None:
            self.open()

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Send what the connection takes; 0 where it takes nothing in time.

        Raises:
            DeviceGoneError: The printer closed the connection, or does not answer any more.
        """
        connection = self._connection()
        try:
            return connection.send(data)
        except BlockingIOError:
            if not wait_for(connection.fileno(), select.POLLOUT, timeout_s):
                return 0
        except OSError as error:
            raise self._gone(error) from error
        try:
            return connection.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(error) from error

    def read(self, limit: int, timeout_s: float) -> bytes:
        """What the printer says, empty where it says nothing in time.

        Raises:
            DeviceGoneError: It closed the connection.
        """
        connection = self._connection()
        if not wait_for(connection.fileno(), select.POLLIN, timeout_s):
            return b""
        try:
            data = connection.recv(limit)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not data:
            raise DeviceGoneError("the printer closed the connection", device_uri=self.uri)
        return data

    def end_job(self, timeout_s: float) -> bool:
        """Whether the printer's TCP has acknowledged the last byte.

        Raises:
            DeviceGoneError: The connection broke off before.
        """
        connection = self._connection()
        if self._unacknowledged(connection):
            wait_for(connection.fileno(), select.POLLPRI, min(timeout_s, 0.005))
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise self._gone(OSError(error, "the connection broke off"))
            if self._unacknowledged(connection):
                return False
        if self._close_after_job:
            self.close()
        return True

    @staticmethod
    def _unacknowledged(connection: socket.socket) -> int:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return int(struct.unpack("i", answer)[0])

    def unsent(self) -> int:
        """What the peer has not acknowledged; after the connection broke off, what it had not acknowledged then."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._left = self._unacknowledged(self._socket)
        return self._left

    def port_status(self) -> PortStatus | None:
        """A socket has none."""
        return None

    def soft_reset(self) -> None:
        """What is on its way cannot be called back."""

    def close(self) -> None:
        """Close the connection."""
        self.unsent()
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise DeviceGoneError("the connection is closed", device_uri=self.uri)
        return self._socket

    def _gone(self, error: OSError) -> DeviceGoneError:
        return DeviceGoneError(error.strerror or str(error), device_uri=self.uri)
