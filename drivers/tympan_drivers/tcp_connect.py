"""Connecting to a host within a time limit, names and several addresses included; and letting go without hurting what was sent."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

KNOWN_LOOK_UP_S = 1.0
"""How long a name is looked up whose addresses are known from before: they need the rest of the time."""

LINGER_S = 10.0
"""How long a closed connection is still listened to, so that what the printer says last is not answered with a reset."""

_Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


class Resolver:
    """The addresses of a host; those it had before where its name cannot be looked up now.

    Args:
        host: Name or address.
        port: TCP port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._known: list[_Address] = []
        self._asking: threading.Thread | None = None
        self._error: OSError | None = None

    def addresses(self, timeout_s: float) -> list[_Address]:
        """At least one.

        Raises:
            socket.gaierror: There is no such name, or nobody answers.
            TimeoutError: Nobody answered in time.
        """
        with contextlib.suppress(socket.gaierror):
            return self._look_up(socket.AI_NUMERICHOST)
        # The system's resolver takes as long as it likes, and cannot be stopped.
        if self._asking is None or not self._asking.is_alive():
            self._error = None
            self._asking = threading.Thread(target=self._ask, name="resolve", daemon=True)
            self._asking.start()
        self._asking.join(min(timeout_s, KNOWN_LOOK_UP_S) if self._known else timeout_s)
        if self._known:
            return self._known
        if self._asking.is_alive():
            raise TimeoutError(f"nobody says in time which address {self._host!r} has")
        raise self._error or TimeoutError(f"{self._host!r} has no address")

    def _ask(self) -> None:
        try:
            self._known = self._look_up(0)
        except OSError as error:
            self._error = error

    def _look_up(self, flags: int) -> list[_Address]:
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags)
        return [(family, address) for family, _, _, _, address in found]


def connect(resolver: Resolver, timeout_s: float) -> socket.socket:
    """A connection to the first of a host's addresses that takes one.

    Raises:
        socket.gaierror: There is no such name.
        TimeoutError: Nothing came back in time.
        OSError: What the last address said.
    """
    end = time.monotonic() + timeout_s
    addresses = resolver.addresses(timeout_s)
    failure: OSError = TimeoutError("there was no time left to connect")
    for number, (family, address) in enumerate(addresses):
        # The first may be one that nothing comes back from: leave time for the others.
        limit_s = (end - time.monotonic()) / (len(addresses) - number)
        if limit_s <= 0:
            break
        connection = None
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.settimeout(limit_s)
            connection.connect(address)
        except OSError as error:
            failure = error
            if connection is not None:
                connection.close()
        else:
            return connection
    raise failure


def let_go(connection: socket.socket, *, unsent: int) -> None:
    """Close a connection; returns at once.

    What the printer has acknowledged it shall print, so the end is a clean one (FIN), and what it still says is taken off: data that comes
    to a closed socket, or lies unread in it, makes the kernel send a reset, at which many printers throw away what they have.
    What it has not acknowledged is not wanted any more: a reset, or the kernel would go on sending for minutes, and a printer that serves
    one connection at a time would be busy with it.

    Args:
        connection: Owned from now on.
        unsent: What the peer has not acknowledged.
    """
    try:
        if unsent:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        connection.close()
        return
    threading.Thread(target=_hear_out, args=(connection,), name="socket-close", daemon=True).start()


def _hear_out(connection: socket.socket) -> None:
    end = time.monotonic() + LINGER_S
    with connection, contextlib.suppress(OSError):
        while (rest_s := end - time.monotonic()) > 0:
            connection.settimeout(rest_s)
            if not connection.recv(4096):
                return
