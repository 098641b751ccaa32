"""One HTTP connection: aiohttp's, with a time for its first request, who is at the other end, and the change to TLS."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from tympan import __version__
from tympan.config import LimitSettings
from tympan.endpoint import local_socket
from tympan.endpoint.connections import SHUTDOWN_S, Arrival
from tympan.service.access import EVERYBODY, Requester

READ_BUFFER_BYTES: Final = 128 * 1024
"""What a connection buffers before the client has to wait."""

HEADERS: Final = {"Server": f"tympan/{__version__} IPP/2.0"}

SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n"
)
"""The answer behind which TLS begins, RFC 2817 §3.3."""

_log = logging.getLogger(__name__)

_NO_ACCESS_LOG = logging.getLogger(f"{__name__}.access")
_NO_ACCESS_LOG.disabled = True


class HttpConnection(RequestHandler):
    """A connection whose first request has to arrive in time; the keep-alive timer watches over the later ones.

    Attributes:
        arrival: What it began as.
        requester: Who is at the other end, as far as the connection itself proves it.
        secure: It is encrypted.
    """

    __slots__ = ("_first_request_timer", "arrival", "requester", "secure", "timeout_s")
    _first_request_timer: asyncio.TimerHandle
    arrival: Arrival
    requester: Requester
    secure: bool
    timeout_s: float

    @property
    def is_local(self) -> bool:
        """It came over the Unix socket."""
        return self.arrival.is_local

    @property
    def idle_since(self) -> float | None:
        """Since when it has been waiting for a request, loop time; None: one is being answered."""
        if self._request_in_progress or self._messages:
            return None
        return self._next_keepalive_close_time - self._keepalive_timeout

    def drop(self) -> None:
        """Close it at once."""
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As of every protocol; the time for the first request runs."""
        super().connection_made(transport)
        self._first_request_timer = self._loop.call_at(self.arrival.deadline, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        """As of every protocol; the connection's place is free."""
        self._first_request_timer.cancel()
        super().connection_lost(exc)
        self.arrival.ended()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Go over to TLS, RFC 2817 §3.3; the request that asked for it is answered behind that.

        Raises:
            ConnectionError: The client left, or its handshake failed.
        """
        plain = self.transport
        if plain is None:
            raise ConnectionResetError("the client left")
        plain.write(SWITCHING)
        try:
            secured = await self._loop.start_tls(
                plain,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.timeout_s,
                ssl_shutdown_timeout=SHUTDOWN_S,
            )
        except OSError as error:
            raise ConnectionAbortedError(f"the TLS handshake failed: {error}") from error
        if secured is None:
            raise ConnectionResetError("the client left")
        self.transport = secured
        self._cache.clear()  # what aiohttp remembers of the transport
        self.secure = True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP in a line; anybody may send it at any rate, so it leaves no traceback in the journal."""
        if isinstance(exc, ConnectionError):  # nobody is there to read an answer
            _log.debug("%s: %s", request.remote, exc)
            self.drop()
            return plain(HTTPStatus.BAD_REQUEST, "the connection broke off")
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        problem = exc.message.partition("\n")[0].strip().rstrip(":")
        _log.debug("%s sent what is no HTTP: %s", request.remote, problem)
        return plain(HTTPStatus(status), problem)

    def _too_slow(self) -> None:
        if self._request_count == 0:
            self.drop()


class HttpAcceptor(web.Server):
    """Makes the protocol of each connection.

    Args:
        handler: Answers a request.
        limits: How long and large requests may be.
        operator_group: Group of this machine's operators, ``access.operator_group``.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: LimitSettings,
        operator_group: str,
    ) -> None:
        super().__init__(handler)
        self._limits = limits
        self._operator_group = operator_group

    def serve(self, arrival: Arrival) -> HttpConnection:
        """The protocol of a connection."""
        connection = HttpConnection(
            self,
            loop=self._loop,
            keepalive_timeout=float(self._limits.keepalive_timeout_s),
            access_log=_NO_ACCESS_LOG,
            max_line_size=self._limits.max_request_header_bytes,
            max_field_size=self._limits.max_request_header_bytes,
            read_bufsize=READ_BUFFER_BYTES,
            auto_decompress=False,
            lingering_time=5.0,
        )
        connection.arrival = arrival
        connection.secure = arrival.secure
        connection.timeout_s = float(self._limits.request_header_timeout_s)
        connection.requester = EVERYBODY
        if arrival.is_local and arrival.socket_peer is not None:
            _, uid, gid = arrival.socket_peer
            connection.requester = local_socket.requester_of(uid, gid, self._operator_group)
        arrival.served = connection
        return connection


def plain(status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer in a line of text; the connection is closed behind it."""
    response = web.Response(status=status, text=text + "\n", headers={**HEADERS, **(headers or {})})
    response.force_close()
    return response
