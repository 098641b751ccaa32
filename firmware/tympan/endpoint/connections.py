"""Connections: accepts them within the limits, and hands each to HTTP, plain or over TLS, whichever the client begins.

TLS and plain HTTP share a port: a TLS client speaks first, and its first byte (0x16, a handshake record, RFC 8446 §5.1) begins
no HTTP request. That byte is looked at and left where it is. A client that says nothing costs a socket and a timer, and counts
like any other connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from tympan.config import LimitSettings
from tympan.endpoint.listeners import Listener
from tympan.endpoint.local_socket import peer_of
from tympan.endpoint.tls_context import TlsContext
from tympan.service.own_names import network_of

BACKLOG: Final = 512

ACCEPTED_AT_ONCE: Final = 64
"""How many connections are accepted before others get their turn."""

OUT_OF_RESOURCES_S: Final = 1.0
"""How long nothing is accepted when the system has no room for another connection."""

SHUTDOWN_S: Final = 5.0
"""How long a client may take to take leave of TLS."""

_HANDSHAKE_RECORD: Final = b"\x16"

_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_REFUSAL: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"

_log = logging.getLogger(__name__)


class Served(Protocol):
    """The protocol of a connection, as far as it has to be known here."""

    @property
    def idle_since(self) -> float | None:
        """Since when it has been waiting for a request, loop time; None: one is being answered."""
        ...

    def drop(self) -> None:
        """Close it at once."""
        ...


@dataclass(eq=False, slots=True)
class Arrival:
    """One connection, from its acceptance to its end.

    Attributes:
        network: Whom it counts for; empty for the Unix socket.
        began: When it was accepted, loop time.
        deadline: When its first request must be here.
        is_local: It came over the Unix socket.
        socket_peer: Process, user and group id of who came over the Unix socket.
        secure: It began with TLS.
        socket: Its socket, until it has a transport.
        timer: Ends it where it says nothing.
        task: Hands it over: a TLS handshake takes as long as the client does.
        served: Its protocol, once there is one.
    """

    network: str
    began: float
    deadline: float
    is_local: bool
    socket_peer: tuple[int, int, int] | None = None
    secure: bool = False
    socket: socket.socket | None = None
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None
    served: Served | None = None
    on_end: Callable[[Arrival], None] | None = field(default=None, repr=False)

    def ended(self) -> None:
        """It is over: its place is free. May be called twice."""
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(self)

    @property
    def idle_since(self) -> float | None:
        """Since when it has asked for nothing; None where it is being served."""
        return self.began if self.served is None else self.served.idle_since


class Connections:
    """Every connection of the service.

    Args:
        serve: Makes the protocol that answers a connection.
        limits: How many there may be, and how long they may take.
        tls: What TLS connections begin with.
    """

    def __init__(
        self, serve: Callable[[Arrival], asyncio.Protocol], limits: LimitSettings, tls: TlsContext
    ) -> None:
        self._serve = serve
        self._limits = limits
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Listener] = []
        self._open: dict[Arrival, None] = {}
        self._of_network: Counter[str] = Counter()
        self._pause: asyncio.TimerHandle | None = None

    def listen(self, listener: Listener) -> None:
        """Accept what comes to a socket that is bound; it is closed by `stop_listening`.

        Raises:
            OSError: It cannot listen.
        """
        listener.socket.listen(BACKLOG)
        listener.socket.setblocking(False)
        self._listeners.append(listener)
        self._loop.add_reader(listener.socket.fileno(), self._accept, listener)

    def stop_listening(self) -> None:
        """Accept nothing more; what has not begun to be served is closed."""
        if self._pause is not None:
            self._pause.cancel()
        for listener in self._listeners:
            self._loop.remove_reader(listener.socket.fileno())
            listener.socket.close()
        self._listeners.clear()
        for arrival in list(self._open):
            if arrival.served is None:
                self._close(arrival)

    # --- they come --------------------------------------------------------------------------------------------------

    def _accept(self, listener: Listener) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, address = listener.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _RESOURCES:
                    self._rest(error)
                else:
                    _log.error("a connection cannot be accepted: %s", error)
                return
            if not listener.admits(accepted):
                accepted.close()
                continue
            accepted.setblocking(False)
            self._arrive(accepted, address)

    def _rest(self, error: OSError) -> None:
        """The system has no room: accept nothing for a moment, or the loop would spin."""
        _log.error("no connections are accepted for %g s: %s", OUT_OF_RESOURCES_S, error.strerror)
        for listener in self._listeners:
            self._loop.remove_reader(listener.socket.fileno())
        self._pause = self._loop.call_later(OUT_OF_RESOURCES_S, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        for listener in self._listeners:
            self._loop.add_reader(listener.socket.fileno(), self._accept, listener)

    def _arrive(self, accepted: socket.socket, address: object) -> None:
        is_local = accepted.family == socket.AF_UNIX
        network = network_of(address[0]) if isinstance(address, tuple) and not is_local else ""
        now = self._loop.time()
        arrival = Arrival(
            network,
            now,
            now + self._limits.request_header_timeout_s,
            is_local,
            peer_of(accepted),
            socket=accepted,
            on_end=self._ended,
        )
        refusal = self._refusal(arrival)
        if refusal is not None:
            _refuse(accepted, refusal)
            return
        self._open[arrival] = None
        if is_local:
            self._hand_over(arrival)
            return
        self._of_network[network] += 1
        if not self._look_at_first_byte(arrival):
            self._loop.add_reader(accepted.fileno(), self._look_at_first_byte, arrival)
            arrival.timer = self._loop.call_at(arrival.deadline, self._close, arrival)

    def _refusal(self, arrival: Arrival) -> str | None:
        """Why one more cannot be taken; None where it can."""
        if arrival.is_local:  # who is locked out comes this way to see why
            return None
        if self._of_network[arrival.network] >= self._limits.max_connections_per_address:
            _log.info("%s has as many connections as one address may have", arrival.network)
            return "There are too many connections from your address."
        if len(self._open) >= self._limits.max_connections and not self._make_room():
            _log.warning("there are as many connections as may be, and all are busy")
            return "There are too many connections; try again in a moment."
        return None

    def _make_room(self) -> bool:
        """Close the connection that has been idle longest, of the address that has the most; whether there was one."""
        idle = [(arrival, since) for arrival in self._open if (since := arrival.idle_since) is not None]
        if not idle:
            return False
        longest, _ = min(idle, key=lambda each: (-self._of_network[each[0].network], each[1]))
        self._close(longest)
        return True

    def _look_at_first_byte(self, arrival: Arrival) -> bool:
        """See what the client begins with; False where it has not begun."""
        assert arrival.socket is not None
        try:
            first = arrival.socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            first = b""
        if first:
            arrival.secure = first == _HANDSHAKE_RECORD
            self._stop_looking(arrival)
            self._hand_over(arrival)
        else:
            self._close(arrival)
        return True

    def _stop_looking(self, arrival: Arrival) -> None:
        if arrival.timer is not None and arrival.socket is not None:
            arrival.timer.cancel()
            arrival.timer = None
            self._loop.remove_reader(arrival.socket.fileno())

    def _hand_over(self, arrival: Arrival) -> None:
        arrival.task = self._loop.create_task(self._serve_it(arrival))

    async def _serve_it(self, arrival: Arrival) -> None:
        context = None
        if arrival.secure:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(arrival.deadline):
                    context = await self._tls.get()
            if context is None:
                self._close(arrival)
                return
        accepted, arrival.socket = arrival.socket, None
        assert accepted is not None
        time_left = max(arrival.deadline - self._loop.time(), 0.1)
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._serve(arrival),
                accepted,
                ssl=context,
                ssl_handshake_timeout=None if context is None else time_left,
                ssl_shutdown_timeout=None if context is None else SHUTDOWN_S,
            )
        except OSError as error:  # who gives up, speaks no TLS that we do, or is too slow
            _log.debug("%s does not get to a request: %s", arrival.network or "a local client", error)
            arrival.ended()
        finally:
            arrival.task = None

    # --- they go ----------------------------------------------------------------------------------------------------

    def _close(self, arrival: Arrival) -> None:
        if arrival.served is not None:
            arrival.served.drop()
        elif arrival.socket is not None:
            self._stop_looking(arrival)
            arrival.socket.close()
            arrival.socket = None
        elif arrival.task is not None:  # in its handshake: the loop closes what it was given
            arrival.task.cancel()
        arrival.ended()

    def _ended(self, arrival: Arrival) -> None:
        self._open.pop(arrival, None)
        if not arrival.is_local:
            self._of_network[arrival.network] -= 1
            if not self._of_network[arrival.network]:
                del self._of_network[arrival.network]


def _refuse(accepted: socket.socket, sentence: str) -> None:
    """Say in HTTP that there is no room, to a client that speaks it; without waiting for anybody."""
    text = sentence.encode() + b"\n"
    with contextlib.suppress(OSError):
        if accepted.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == _HANDSHAKE_RECORD:
            accepted.close()
            return
    with contextlib.suppress(OSError):
        accepted.send(_REFUSAL % (len(text), text))
        accepted.shutdown(socket.SHUT_WR)
        accepted.recv(
            65536
        )  # what is left unread would make the kernel reset the connection, and the answer be lost
    accepted.close()
