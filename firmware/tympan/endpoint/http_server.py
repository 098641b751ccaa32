"""HTTP: listens, hands IPP messages to the operations and everything else to the web, and writes what they answer.

It never holds a whole document: a body is read in pieces as the spool takes them, and the
client is made to wait meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import cast

from aiohttp import web

from tympan.config import Settings
from tympan.config.tables.server import IPP_PORT
from tympan.endpoint import local_socket
from tympan.endpoint.admission import Admission, NotAdmittedError
from tympan.endpoint.connections import Connections
from tympan.endpoint.dispatch import answer, refusal
from tympan.endpoint.http_connection import HEADERS, HttpAcceptor, HttpConnection, plain
from tympan.endpoint.listeners import Listener, listeners
from tympan.endpoint.repeated import RepeatedAnswers
from tympan.endpoint.tls_context import TlsContext
from tympan.errors import TympanError
from tympan.ipp import IppDecodeError, Limits, Message, MessageReader, StatusCode
from tympan.service.access import Requester
from tympan.service.own_names import OwnNames, own_addresses
from tympan.service.service import Service

IPP_MEDIA_TYPE = "application/ipp"

SMALL_REQUEST_BYTES = 16 * 1024
"""Requests up to this length are read whole before they are looked at."""

_NOT_AUTHENTICATED = StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED.to_bytes(2, "big")

_HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {IPP_MEDIA_TYPE}\r\nServer: {HEADERS['Server']}\r\n".encode()

_log = logging.getLogger(__name__)

Page = Callable[[web.BaseRequest, Requester], Awaitable[web.StreamResponse]]


class UploadBrokenError(TympanError, ConnectionError):
    """The client went away, or stood still too long, in the middle of a request."""


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
        passed: Sockets that listen already, to be used in place of others; they stay the caller's.
    """

    def __init__(
        self, service: Service, settings: Settings, page: Page, passed: Sequence[socket.socket] = ()
    ) -> None:
        self._service = service
        self._server = settings.server
        self._is_listen_set = settings.is_set("server.listen")
        self._passed = passed
        self._access = settings.access
        self._limits = limits = settings.limits
        self._page = page
        self._repeated = RepeatedAnswers(service)
        self._ipp_limits = Limits(
            max_message_octets=limits.max_ipp_bytes,
            max_attributes=limits.max_attributes,
            max_values=limits.max_attributes,
        )
        names: OwnNames = service.names
        self._tls = TlsContext(
            settings.tls, Path(settings.server.state_dir), lambda: (*names.certified(), *own_addresses())
        )
        self._admission = Admission(settings, names, self._tls)
        self._acceptor: HttpAcceptor | None = None
        self._connections: Connections | None = None
        self._local: local_socket.LocalSocket | None = None
        self._port = 0

    async def start(self) -> list[tuple[str, int]]:
        """Listen; returns the addresses of the network.

        Raises:
            ListenError: An address cannot be had.
            ConfigError: The certificate of the configuration cannot be used.
        """
        await self._tls.start()
        self._acceptor = HttpAcceptor(self._handle, self._limits, self._access.operator_group)
        self._connections = Connections(self._acceptor.serve, self._limits, self._tls)
        if not any(each.family == socket.AF_UNIX for each in self._passed):
            self._listen_locally(self._connections)
        bound: list[tuple[str, int]] = []
        try:
            for listener in listeners(self._server.addresses, self._passed, is_wanted=self._is_listen_set):
                self._connections.listen(listener)
                bound += listener.addresses
        except BaseException:
            await self.close()
            raise
        self._port = bound[0][1] if bound else IPP_PORT
        return bound

    def _listen_locally(self, connections: Connections) -> None:
        path = self._server.socket_path
        if path is None:
            return
        try:
            self._local = local_socket.LocalSocket(path, self._access.operator_group)
            connections.listen(Listener(self._local.socket, ()))
        except OSError as error:  # the network's clients are served all the same
            _log.warning("%s: commands on this machine have no more rights than those elsewhere", error)

    async def close(self) -> None:
        """Stop listening, let running requests finish in time, close the connections."""
        if self._local is not None:
            self._local.remove()
        if self._connections is not None:
            self._connections.stop_listening()
        if self._acceptor is not None:
            self._acceptor.pre_shutdown()  # idle connections are closed at once; only requests that run are waited for
            await self._acceptor.shutdown(float(self._limits.shutdown_timeout_s))
        await self._tls.close()

    # --- requests -----------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, HttpConnection)
        try:
            requester = await self._admission.admit(request, connection)
            if request.method != "POST" or not _is_ipp(request.headers.get("Content-Type", "")):
                return await self._page(request, requester)
            self._judge_body(request)
            data = await self._ipp(request, connection, requester)
        except NotAdmittedError as refused:
            return refused.response
        except UploadBrokenError as error:
            _log.info("a request of %s broke off: %s", request.remote, error)
            return plain(HTTPStatus.BAD_REQUEST, "the request broke off")
        if data[2:4] == _NOT_AUTHENTICATED:
            return self._admission.challenge(connection)
        if request.version < (1, 1):
            return web.Response(body=data, content_type=IPP_MEDIA_TYPE, headers=HEADERS)
        return cast("web.StreamResponse", _IppAnswer(request, data))

    def _judge_body(self, request: web.BaseRequest) -> None:
        """See whether what the headers say of the body can be, and let the client send it.

        Raises:
            NotAdmittedError: It cannot.
        """
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise NotAdmittedError(
                plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send IPP without a content encoding")
            )
        expect = request.headers.get("Expect")
        if expect is None:
            return
        if expect.lower() != "100-continue":
            raise NotAdmittedError(plain(HTTPStatus.EXPECTATION_FAILED, "only 100-continue can be expected"))
        if (request.content_length or 0) > self._limits.max_document_bytes + self._limits.max_ipp_bytes:
            raise NotAdmittedError(
                plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is longer than a document may be")
            )
        if request.transport is not None and request.version >= (1, 1):
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _ipp(self, request: web.BaseRequest, connection: HttpConnection, requester: Requester) -> bytes:
        base_uri = self._base_uri(request, connection)
        content = request.content
        pieces = self._pieces(request)
        if content.is_eof() and content.total_bytes <= SMALL_REQUEST_BYTES:  # all of it came with the headers
            first = content.read_nowait(-1)
            known = self._repeated.get(first, base_uri)
            if known is not None:
                return known
            reader = MessageReader(self._ipp_limits)
            try:
                parsed = reader.feed(first)
                if parsed is None:
                    reader.close()
            except IppDecodeError as error:
                return refusal(error)
            assert parsed is not None
            message, leftover = parsed
            data = await self._answer(request, message, _chain(leftover, pieces), base_uri, requester)
            self._repeated.keep(first, base_uri, message, data)
            return data
        try:
            async with asyncio.timeout(self._limits.request_header_timeout_s):
                message, leftover = await _message(MessageReader(self._ipp_limits), pieces)
        except IppDecodeError as error:
            return refusal(error)
        except TimeoutError as error:
            raise UploadBrokenError(
                f"its IPP message took longer than {self._limits.request_header_timeout_s} seconds"
            ) from error
        return await self._answer(request, message, _chain(leftover, pieces), base_uri, requester)

    async def _answer(
        self,
        request: web.BaseRequest,
        message: Message,
        body: AsyncIterator[bytes],
        base_uri: str,
        requester: Requester,
    ) -> bytes:
        def connected() -> bool:
            return request.transport is not None and not request.transport.is_closing()

        return await answer(self._service, message, body, base_uri, requester, connected=connected)

    async def _pieces(self, request: web.BaseRequest) -> AsyncIterator[bytes]:
        """The request's body as it arrives; it may stand still for a while, but not for ever, nor trickle."""
        content, idle_s, slowest = (
            request.content,
            self._limits.request_body_idle_timeout_s,
            self._limits.min_upload_bytes_per_s,
        )
        allowance_s, clock = float(idle_s), asyncio.get_running_loop().time
        while True:
            try:
                if content.is_eof() or content._buffer:  # noqa: SLF001 — what is there needs no timer
                    piece = await content.readany()
                else:
                    began = clock()
                    async with asyncio.timeout(min(idle_s, allowance_s) if slowest else idle_s):
                        piece = await content.readany()
                    allowance_s -= clock() - began
                if slowest:
                    allowance_s = min(allowance_s + len(piece) / slowest, float(idle_s) * 1000)
            except TimeoutError as error:
                raise UploadBrokenError(f"nothing came for {idle_s} seconds, or hardly anything") from error
            except Exception as error:  # whatever aiohttp makes of a client that left: all of it means that
                raise UploadBrokenError(str(error) or type(error).__name__) from error
            if not piece:
                return
            yield piece

    def _base_uri(self, request: web.BaseRequest, connection: HttpConnection) -> str:
        """``ipp://HOST:PORT`` or ``ipps:`` as the client reaches us; over the Unix socket, as others do."""
        scheme = "ipps" if connection.secure or self._admission.needs_tls else "ipp"
        host = request.headers.get("Host")
        if not host or connection.is_local:
            host = self._server.name
        elif host[-1] != "]" and ":" in host.rpartition("]")[2]:
            return f"{scheme}://{host}"
        port = self._port
        if request.transport is not None and not connection.is_local:
            port = request.transport.get_extra_info("sockname")[1]
        return f"{scheme}://{host}:{port}"


async def _message(reader: MessageReader, pieces: AsyncIterator[bytes]) -> tuple[Message, bytes]:
    """The IPP message at the head of a body, and what came behind it in the same piece.

    Raises:
        IppDecodeError: It is none.
    """
    while True:
        piece = await anext(pieces, b"")
        if not piece:
            reader.close()
        parsed = reader.feed(piece)
        if parsed is not None:
            return parsed


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield bytes(first)
    async for piece in rest:
        yield piece
