"""The transport of ``socket://HOST:9100``: a printer that takes raw data on a TCP port.

Supported: a back channel; half-open connections noticed within ten seconds, while it writes, waits or idles, and told apart from a
printer that is out of paper (`tympan_drivers.tcp_peer`); the last byte acknowledged by the peer's TCP; a clean end of the
connection, which leaves the printer what it has. IPv4, IPv6, names, each within a time limit. Most such printers take one connection at a time
and some print when it closes, so each job gets a connection, which the link closes;
``?close=idle`` has it kept until the link lets the device go.

Missing: a printer's TCP acknowledges what it has not printed, and a printer that is switched off then loses it; only what it says in its
own language tells (`tympan.driver.dialogue`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Sequence

from tympan.driver.contract import (
    MAX_WRITE_TIMEOUT_S,
    DeviceIdentity,
    DiscoveredDevice,
    PortStatus,
    TransportContext,
)
from tympan.driver.device_uri import parse_device_uri
from tympan.errors import ConfigError, DeviceError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers.descriptor import wait_for
from tympan_drivers.tcp_connect import Resolver, connect, let_go
from tympan_drivers.tcp_peer import TcpPeer

RAW_PORT = 9100
"""The port of raw printing where the URI names none."""

CONNECT_TIMEOUT_S = 4.0
"""For the name and all its addresses together; three attempts of TCP at the first packet."""

SEND_BUFFER_BYTES = 65_536
"""What the kernel may hold, which it doubles: enough for the line, and not megabytes that a stopped job leaves behind."""

END_POLL_S = 0.003


class SocketTransport:
    """A TCP connection to a printer."""

    open_timeout_s = CONNECT_TIMEOUT_S + 1.0
    back_channel = True
    shared = True
    notices_power_off = True

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
        self._resolver = Resolver(parts.host, parts.port if parts.port is not None else RAW_PORT)
        self.closes_after_job = parts.choice("close", ("job", "idle"), "job") == "job"
        self._socket: socket.socket | None = None
        self._peer: TcpPeer | None = None
        self._left = 0
        self._ended = self._had_a_job = False
        self._broken: OSError | None = None

    def open(self) -> DeviceIdentity:
        """Connect.

        Raises:
            DeviceNotFoundError: The name is unknown, nobody is there, or it refuses: which of its reasons it has, it does not say.
            DeviceError: Anything else.
        """
        self.close()
        self._left, self._ended, self._had_a_job, self._broken = 0, False, False, None
        try:
            connection = connect(self._resolver, CONNECT_TIMEOUT_S)
        except (socket.gaierror, TimeoutError) as error:
            raise DeviceNotFoundError(str(error), device_uri=self.uri) from error
        except ConnectionRefusedError as error:
            problem = "it refuses the connection: it is switched off, busy with another computer, or this is not its port"
            raise DeviceNotFoundError(problem, device_uri=self.uri) from error
        except OSError as error:
            away = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ECONNRESET}
            kind = DeviceNotFoundError if error.errno in away else DeviceError
            raise kind(error.strerror or str(error), device_uri=self.uri) from error
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._peer = TcpPeer(connection, time.monotonic())
        self._socket = connection
        return DeviceIdentity()

    def begin_job(self, job_id: int, extension: str) -> None:  # noqa: ARG002 — a stream does not name jobs
        """See that the printer has not ended the connection since the last job.

        Raises:
            DeviceGoneError: It has: a new one is needed.
        """
        connection, _ = self._connected()
        self._check(connection)
        if not self._ended:
            with contextlib.suppress(BlockingIOError):
                self._ended = not connection.recv(1, socket.MSG_PEEK)
        # Before the first job it may just be one that never says anything.
        if self._had_a_job and self._ended:
            raise DeviceGoneError("the printer ended the connection after a job", device_uri=self.uri)

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """Send what the connection takes; 0 where it takes nothing in time.

        What is counted may not have been acknowledged: `unsent` says how much.

        Raises:
            DeviceGoneError: The printer closed the connection, or does not answer any more.
        """
        connection, _ = self._connected()
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

        A printer that ends its side has nothing more to say: some do so when they have all of a job, some have no back channel at
        all. One that has left altogether resets the connection when more is written.

        Raises:
            DeviceGoneError: It reset the connection, or does not answer any more.
        """
        connection, _ = self._connected()
        if self._ended:
            time.sleep(min(max(timeout_s, 0.0), MAX_WRITE_TIMEOUT_S))
            self._check(connection)
            return b""
        if not wait_for(connection.fileno(), select.POLLIN, timeout_s):
            return b""
        try:
            data = connection.recv(limit)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error) from error
        self._ended = not data and limit > 0
        return data

    def end_job(self, timeout_s: float) -> bool:
        """Whether the printer's TCP has acknowledged the last byte.

        Raises:
            DeviceGoneError: The connection broke off, or was reset after that: a printer that takes the job ends it cleanly.
        """
        deadline = time.monotonic() + min(timeout_s, MAX_WRITE_TIMEOUT_S)
        while True:
            connection, peer = self._connected()
            self._check(connection)
            if not peer.unacknowledged():
                break
            if time.monotonic() >= deadline:
                return False
            time.sleep(END_POLL_S)
        self._had_a_job = True
        return True

    def unsent(self) -> int:
        """What the peer has not acknowledged; after the connection broke off, what it had not acknowledged then."""
        peer = self._peer
        if peer is not None:
            self._left = peer.unacknowledged()
        return self._left

    def port_status(self) -> PortStatus | None:
        """A socket has none."""
        return None

    def soft_reset(self) -> None:
        """What is on its way cannot be called back."""

    def close(self) -> None:
        """End the connection: cleanly where the printer has all, else at once."""
        unsent = self.unsent()
        connection, self._socket = self._socket, None
        self._peer = None
        if connection is not None:
            if self._broken is not None:
                with contextlib.suppress(OSError):
                    connection.close()
            else:
                let_go(connection, unsent=unsent)

    def _connected(self) -> tuple[socket.socket, TcpPeer]:
        """The connection, where its peer is still there."""
        connection, peer = self._socket, self._peer
        if connection is None or peer is None:
            raise DeviceGoneError("the connection is closed", device_uri=self.uri)
        if self._broken is not None:  # the other thread was told, and an error is told once
            raise self._gone(self._broken)
        if peer.is_silent(time.monotonic()):
            raise self._gone(OSError(errno.ETIMEDOUT, "it does not answer any more"))
        return connection, peer

    def _check(self, connection: socket.socket) -> None:
        """See whether the connection has broken off since."""
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise self._gone(OSError(error, os.strerror(error)))

    def _gone(self, error: OSError) -> DeviceGoneError:
        self._broken = error
        return DeviceGoneError(error.strerror or str(error), device_uri=self.uri)
