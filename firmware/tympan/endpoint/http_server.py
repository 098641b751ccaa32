"""HTTP: accepts connections, judges headers, hands IPP messages to the operations and pages to the web.

It owns the sockets. It never holds a whole document: a body is read in pieces as the spool takes them, and the
client is made to wait meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from tympan import __version__
from tympan.config import LimitSettings, Settings
from tympan.endpoint import local_socket
from tympan.endpoint.dispatch import answer, refusal
from tympan.endpoint.repeated import RepeatedAnswers
from tympan.errors import ListenError, TympanError
from tympan.ipp import IppDecodeError, Limits, MessageReader
from tympan.service.access import EVERYBODY, Requester
from tympan.service.service import Service

IPP_MEDIA_TYPE = "application/ipp"

SMALL_REQUEST_BYTES = 16 * 1024
"""Requests up to this length are read whole before they are looked at."""

READ_BUFFER_BYTES = 128 * 1024
"""What a connection buffers before the client has to wait."""

_HOST = re.compile(r"[A-Za-z0-9._~%\[\]:-]{1,255}")

_HEADERS = {"Server": f"tympan/{__version__} IPP/2.0"}

_HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {IPP_MEDIA_TYPE}\r\nServer: {_HEADERS['Server']}\r\n".encode()

_log = logging.getLogger(__name__)

_NO_ACCESS_LOG = logging.getLogger(f"{__name__}.access")
_NO_ACCESS_LOG.disabled = True

Page = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class UploadBrokenError(TympanError, ConnectionError):
    """The client went away, or stood still too long, in the middle of a request."""


class _Full(asyncio.Protocol):
    """Answers a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(
            b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        transport.close()


class _Connection(RequestHandler):
    """A connection whose first request has to arrive in time; the keep-alive timer watches over the later ones.

    Attributes:
        requester: Who is at the other end, as far as the connection itself proves it.
        is_local: It came over the Unix socket.
    """

    __slots__ = ("_first_request_timer", "first_request_timeout_s", "is_local", "operator_group", "requester")
    _first_request_timer: asyncio.TimerHandle
    first_request_timeout_s: float
    operator_group: str
    requester: Requester
    is_local: bool

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = local_socket.peer_of(transport.get_extra_info("socket"))
        self.is_local = peer is not None
        self.requester = (
            EVERYBODY if peer is None else local_socket.requester_of(peer[1], peer[2], self.operator_group)
        )
        super().connection_made(transport)
        self._first_request_timer = self._loop.call_later(self.first_request_timeout_s, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._first_request_timer.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP in a line; anybody may send it at any rate, so it leaves no traceback in the journal."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        problem = exc.message.partition("\n")[0].strip().rstrip(":")
        _log.debug("%s sent what is no HTTP: %s", request.remote, problem)
        return _plain(HTTPStatus(status), problem)

    def _too_slow(self) -> None:
        if self._request_count == 0:
            self.force_close()
            if self.transport is not None:
                self.transport.close()


class _Acceptor(web.Server):
    """Makes a handler for each connection, within the limit."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: LimitSettings,
        operator_group: str,
    ) -> None:
        super().__init__(handler)
        self._limits = limits
        self._operator_group = operator_group

    def __call__(self) -> RequestHandler:
        if len(self.connections) >= self._limits.max_connections:
            return _Full()  # type: ignore[return-value]  # any protocol will do for the socket
        connection = _Connection(
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
        connection.first_request_timeout_s = self._limits.request_header_timeout_s
        connection.operator_group = self._operator_group
        return connection


class _IppAnswer:
    """An answer of HTTP/1.1 that is written in one piece.

    It stands in for `aiohttp.web.StreamResponse`, of which the connection uses these three names: headers that are the
    same for every answer need not be assembled for each.
    """

    __slots__ = ("_data", "_transport", "keep_alive")

    def __init__(self, request: web.BaseRequest, data: bytes) -> None:
        self._transport = request.transport
        self._data = data
        self.keep_alive = request.keep_alive

    async def prepare(self, _request: web.BaseRequest) -> None:
        """Nothing goes ahead of the body."""

    async def write_eof(self) -> None:
        """Write the answer."""
        if self._transport is None:
            raise ConnectionResetError("the client left")
        self._transport.write(
            b"%sDate: %s\r\nContent-Length: %d\r\n%s\r\n%s"
            % (
                _HEAD,
                _http_date(int(time.time())),
                len(self._data),
                b"" if self.keep_alive else b"Connection: close\r\n",
                self._data,
            )
        )


@lru_cache(maxsize=1)
def _http_date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def _is_ipp(content_type: str) -> bool:
    return content_type == IPP_MEDIA_TYPE or content_type.partition(";")[0].strip().lower() == IPP_MEDIA_TYPE


class HttpServer:
    """The HTTP side of the service.

    Args:
        service: What requests are about.
        settings: Where to listen, what is accepted, and who may do what.
        page: Answers what is not IPP.
    """

    def __init__(self, service: Service, settings: Settings, page: Page) -> None:
        self._service = service
        self._server = settings.server
        self._access = settings.access
        self._limits = limits = settings.limits
        self._page = page
        self._repeated = RepeatedAnswers(service)
        self._ipp_limits = Limits(
            max_message_octets=limits.max_ipp_bytes,
            max_attributes=limits.max_attributes,
            max_values=limits.max_attributes,
        )
        self._acceptor: _Acceptor | None = None
        self._listeners: list[asyncio.Server] = []
        self._local: local_socket.LocalSocket | None = None
        self._port = 0

    async def start(self) -> list[tuple[str, int]]:
        """Listen; returns the addresses of the network.

        Raises:
            ListenError: An address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._acceptor = _Acceptor(self._handle, self._limits, self._access.operator_group)
        bound: list[tuple[str, int]] = []
        for host, port in self._server.addresses:
            for listener in _listening_sockets(host, port):
                self._listeners.append(await loop.create_server(self._acceptor, sock=listener, backlog=512))
                bound.append(listener.getsockname()[:2])
        self._port = bound[0][1]
        await self._listen_locally(self._acceptor)
        return bound

    async def _listen_locally(self, acceptor: _Acceptor) -> None:
        path = self._server.socket_path
        if path is None:
            return
        try:
            self._local = local_socket.LocalSocket(path, self._access.operator_group)
        except ListenError as error:  # the network's clients are served all the same
            _log.warning("%s: commands on this machine have no more rights than those elsewhere", error)
            return
        loop = asyncio.get_running_loop()
        self._listeners.append(await loop.create_unix_server(acceptor, sock=self._local.socket))

    async def close(self) -> None:
        """Stop listening, let running requests finish in time, close the connections."""
        if self._local is not None:
            self._local.remove()
        for listener in self._listeners:
            listener.close()
        if self._acceptor is not None:
            self._acceptor.pre_shutdown()  # idle connections are closed at once; only requests that run are waited for
            await self._acceptor.shutdown(float(self._limits.shutdown_timeout_s))

    # --- requests -----------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = request.headers
        if request.method != "POST" or not _is_ipp(headers.get("Content-Type", "")):
            return await self._page(request)
        judged = self._judge_headers(request)
        if judged is not None:
            return judged
        try:
            data = await self._ipp(request)
        except UploadBrokenError as error:
            _log.info("a request of %s broke off: %s", request.remote, error)
            return _plain(HTTPStatus.BAD_REQUEST, "the request broke off")
        if request.version < (1, 1):
            return web.Response(body=data, content_type=IPP_MEDIA_TYPE, headers=_HEADERS)
        return cast("web.StreamResponse", _IppAnswer(request, data))

    def _judge_headers(self, request: web.BaseRequest) -> web.Response | None:
        host = request.headers.get("Host")
        if host is not None and not _HOST.fullmatch(host):
            return _plain(HTTPStatus.BAD_REQUEST, "the Host header has no host name")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return _plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send IPP without a content encoding")
        expect = request.headers.get("Expect")
        if expect is not None:
            if expect.lower() != "100-continue":
                return _plain(HTTPStatus.EXPECTATION_FAILED, "only 100-continue can be expected")
            if (request.content_length or 0) > self._limits.max_document_bytes + self._limits.max_ipp_bytes:
                return _plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is longer than a document may be")
            if request.transport is not None and request.version >= (1, 1):
                request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return None

    async def _ipp(self, request: web.BaseRequest) -> bytes:
        connection = request.protocol
        assert isinstance(connection, _Connection)
        base_uri = f"ipp://{self._authority(request, connection)}"
        content = request.content
        pieces = self._pieces(request)
        if content.is_eof() and content.total_bytes <= SMALL_REQUEST_BYTES:  # all of it came with the headers
            first = content.read_nowait(-1)
            known = self._repeated.get(first, base_uri)
            if known is not None:
                return known
        else:
            first = await anext(pieces, b"")
        reader = MessageReader(self._ipp_limits)
        try:
            parsed = reader.feed(first)
            whole = parsed is not None
            while parsed is None:
                piece = await anext(pieces, b"")
                if not piece:
                    reader.close()
                parsed = reader.feed(piece)
        except IppDecodeError as error:
            return refusal(error)
        message, leftover = parsed
        data = await answer(
            self._service,
            message,
            _chain(leftover, pieces),
            base_uri,
            connection.requester,
            connected=lambda: request.transport is not None and not request.transport.is_closing(),
        )
        if whole:
            self._repeated.keep(first, base_uri, message, data)
        return data

    async def _pieces(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """The request's body as it arrives."""
        content, idle_s = request.content, self._limits.request_body_idle_timeout_s
        while True:
            try:
                if content.is_eof() or content._buffer:  # noqa: SLF001 — what is there needs no timer
                    piece = await content.readany()
                else:
                    async with asyncio.timeout(idle_s):
                        piece = await content.readany()
            except TimeoutError as error:
                raise UploadBrokenError(f"nothing came for {idle_s} seconds") from error
            except Exception as error:  # whatever aiohttp makes of a client that left: all of it means that
                raise UploadBrokenError(str(error) or type(error).__name__) from error
            if not piece:
                return
            yield piece

    def _authority(self, request: web.BaseRequest, connection: _Connection) -> str:
        """``HOST:PORT`` as the client reaches us; over the Unix socket, as others do."""
        host = request.headers.get("Host")
        if host and not connection.is_local:
            return host
        port = self._port
        if request.transport is not None and not connection.is_local:
            port = request.transport.get_extra_info("sockname")[1]
        return f"{self._server.name}:{port}"


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield bytes(first)
    async for piece in rest:
        yield piece


def _plain(status: HTTPStatus, text: str) -> web.Response:
    response = web.Response(status=status, text=text + "\n", headers=_HEADERS)
    response.force_close()
    return response


def _listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on `host`; ``::`` takes IPv4 as well, and IPv4 alone where the kernel has no IPv6."""
    if host == "::" and not socket.has_dualstack_ipv6():
        host = "0.0.0.0"  # noqa: S104 — every address is what was configured
    sockets: list[socket.socket] = []
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(host, port, error.strerror or str(error)) from error
    for family, kind, protocol, _, address in dict.fromkeys(addresses):
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
            listener.setblocking(False)
            listener.bind(address)
        except OSError as error:
            listener.close()
            for other in sockets:
                other.close()
            raise ListenError(host, port, error.strerror or str(error)) from error
        sockets.append(listener)
    return sockets
