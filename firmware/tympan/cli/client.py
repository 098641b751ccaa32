"""A small synchronous IPP client over HTTP/1.1: one connection, kept; documents are sent in chunks, never held whole.

Owns the transport of requests. Which attributes a request carries, the verbs know.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import http.client
import itertools
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from tympan.cli.ask import ask
from tympan.errors import TympanError
from tympan.ipp import (
    Attribute,
    GroupTag,
    IppDecodeError,
    Limits,
    Message,
    Operation,
    StatusCode,
    decode,
    encode,
)
from tympan.ipp.status import status_keyword

DEFAULT_PORT = 631
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PRINTER_PATH = "/ipp/print"
SYSTEM_PATH = "/ipp/system"

SYSTEM_OPERATIONS = frozenset(
    {
        Operation.CREATE_PRINTER,
        Operation.DELETE_PRINTER,
        Operation.GET_PRINTERS,
        Operation.SET_SYSTEM_ATTRIBUTES,
    }
)
"""Operations that are addressed to the system service, PWG 5100.22."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""The longest answer that is read: Get-Jobs of a printer with a long history."""

_ANSWER_LIMITS = Limits(max_message_octets=MAX_ANSWER_BYTES, max_attributes=4_000_000, max_values=8_000_000)

_SERVICE_PATHS = frozenset(
    {"", "/", "/ipp", "/ipp/", DEFAULT_PRINTER_PATH, f"{DEFAULT_PRINTER_PATH}/", SYSTEM_PATH}
)

_HTTP_HINTS = {
    403: "it does not let us",
    404: "there is no printer at this path",
    411: "it does not take documents of unknown length",
    413: "the document is too large for it",
    426: "it wants an encrypted connection: ipps://NAME@HOST instead of ipp://HOST",
    429: "too many wrong passwords; try again later",
    503: "it is busy; try again later",
}


_ABOUT_RIGHTS = frozenset(
    {
        StatusCode.CLIENT_ERROR_FORBIDDEN,
        StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED,
        StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
    }
)


class UnreachableError(TympanError, ConnectionError):
    """The service cannot be reached, or the connection broke off."""


class _PasswordWantedError(TympanError):
    """The service wants to know who asks, and nobody has said."""


class NoSuchPrinterError(TympanError, LookupError):
    """The service has no printer of the name that was asked for; the message says which it has."""


class RequestFailedError(TympanError):
    """The service refused a request.

    Attributes:
        status: The IPP status code; 0 where the refusal was HTTP's.
        problem: What the service says, or what the status means.
        unsupported: The unsupported attributes of the answer.
    """

    def __init__(self, status: int, problem: str, unsupported: tuple[Attribute, ...] = ()) -> None:
        self.status = status
        self.problem = problem
        self.unsupported = unsupported
        super().__init__(problem)

    @property
    def is_about_rights(self) -> bool:
        """Somebody else might be let do it."""
        return self.status in _ABOUT_RIGHTS


SOCKET_SCHEME = "ipp+unix"
"""Scheme of a URI whose path is that of a Unix socket."""


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int
    path: str
    socket_path: str = ""
    secure: bool = False
    user: str = ""
    password: str = ""


_SCHEMES = {
    "ipp": (DEFAULT_PORT, False),
    "ipps": (DEFAULT_PORT, True),
    "http": (80, False),
    "https": (443, True),
}

PASSWORD_VARIABLE = "TYMPAN_PASSWORD"  # noqa: S105 — the variable's name


def _address(uri: str) -> _Address:
    if uri.startswith((f"{SOCKET_SCHEME}:", "/")):
        path = unquote(urlsplit(uri).path)
        if not path.startswith("/"):
            raise ValueError(f"{uri!r} is no URI of a Unix socket: it takes {SOCKET_SCHEME}:///PATH")
        return _Address("localhost", DEFAULT_PORT, "", path)
    parts = urlsplit(uri if "://" in uri else f"ipp://{uri}")
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"{uri!r}: {parts.scheme}: is not spoken here, only ipp: and ipps:")
    if not parts.hostname:
        raise ValueError(f"{uri!r} is no URI of a printer: it takes ipp://HOST[:PORT][/ipp/print/NAME]")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{uri!r}: the port is 1 to 65535") from error
    default_port, secure = _SCHEMES[parts.scheme]
    if parts.username and not secure:
        raise ValueError(f"{uri!r}: a name and a password are for ipps: only")
    return _Address(
        parts.hostname,
        port or default_port,
        parts.path,
        secure=secure,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.close()
            raise


class _Line:
    """The one connection that the clients of a service share; opened at the first request."""

    def __init__(self, address: _Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._open: http.client.HTTPConnection | None = None
        self.password = address.password
        if address.secure and not address.password:
            self.password = os.environ.get(PASSWORD_VARIABLE, "")

    @property
    def is_open(self) -> bool:
        return self._open is not None

    def connection(self) -> http.client.HTTPConnection:
        address = self._address
        if self._open is not None:
            return self._open
        if address.socket_path:
            self._open = _SocketConnection(address.socket_path, self._timeout_s)
        elif address.secure:
            from tympan.cli.secure_connection import SecureConnection  # noqa: PLC0415 — loads ssl

            self._open = SecureConnection(address.host, address.port, timeout=self._timeout_s)
        else:
            self._open = http.client.HTTPConnection(address.host, address.port, timeout=self._timeout_s)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class IppClient:
    """Requests to one printer. A context manager: it closes the connection, also that of the clients made from it.

    Args:
        uri: ``ipp://HOST[:PORT]`` of a service, meaning its default printer, or the URI of a printer; ``ipps:`` is encrypted and may
            say who asks, ``ipps://NAME[:PASSWORD]@HOST``, with the password in ``TYMPAN_PASSWORD`` or asked for; or the Unix socket
            of a service on this machine, as a path or ``ipp+unix:///PATH``.
        timeout_s: How long the connection may stand still.
        user: ``requesting-user-name``; empty: who runs the command.

    Raises:
        ValueError: The URI is none of a printer.
    """

    def __init__(self, uri: str, *, timeout_s: float = 60.0, user: str = "") -> None:
        self._address = _address(uri)
        self.names_printer = self._address.path not in _SERVICE_PATHS
        self._path = self._address.path if self.names_printer else DEFAULT_PRINTER_PATH
        self.user = user or self._address.user or _user_name()
        self._line = _Line(self._address, timeout_s)
        self._request_ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def place(self) -> str:
        """Where requests go, for messages: ``HOST:PORT``, or the path of the Unix socket."""
        return self._address.socket_path or self.authority

    @property
    def is_local(self) -> bool:
        """The service is asked over the network by a name that is always this machine's own."""
        return not self._address.socket_path and self._address.host in LOCAL_HOSTS

    @property
    def says_who(self) -> bool:
        """Requests say who asks, so that it can be proved: by a password, or by the socket."""
        return bool(self._address.socket_path or self._line.password)

    @property
    def authority(self) -> str:
        """``HOST:PORT`` as requests carry it."""
        host = f"[{self._address.host}]" if ":" in self._address.host else self._address.host
        return f"{host}:{self._address.port}"

    @property
    def printer_uri(self) -> str:
        """The printer's URI as requests carry it."""
        return f"ipp://{self.authority}{self._path}"

    @property
    def printer_name(self) -> str:
        """The printer's name in the URI; empty for the default printer."""
        return unquote(self._path.rsplit("/", 1)[1]) if self._path != DEFAULT_PRINTER_PATH else ""

    def for_printer(self, name: str) -> IppClient:
        """A client of another printer of the same service, on the same connection."""
        other = copy.copy(self)
        other._path = f"{DEFAULT_PRINTER_PATH}/{quote(name, safe='')}"  # noqa: SLF001 — a copy of ourselves
        other.names_printer = True
        return other

    def open(self) -> None:
        """Connect, to see whether somebody listens; a request does it by itself.

        Raises:
            UnreachableError: Nobody listens.
        """
        try:
            self._line.connection().connect()
        except OSError as error:
            self.close()
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Close the connection; the next request opens one anew."""
        self._line.close()

    def call(
        self,
        operation: Operation,
        *operation_attributes: Attribute,
        job_attributes: Sequence[Attribute] = (),
        groups: Sequence[tuple[GroupTag, Sequence[Attribute]]] = (),
        document: Iterable[bytes] | None = None,
    ) -> Message:
        """Send one request and return its answer.

        Args:
            operation: What to do.
            operation_attributes: What stands behind charset, language, ``printer-uri`` and ``requesting-user-name``.
            job_attributes: The job attributes group.
            groups: Further groups.
            document: The document's bytes in pieces; each is sent as it comes.

        Raises:
            UnreachableError: No connection, or it broke off.
            NoSuchPrinterError: The service has other printers, and not this one.
            RequestFailedError: The service refused.
        """
        at_system = operation in SYSTEM_OPERATIONS
        target, path = ("system-uri", SYSTEM_PATH) if at_system else ("printer-uri", self._path)
        parts: list[tuple[int, Iterable[Attribute]]] = [
            (
                GroupTag.OPERATION,
                (
                    Attribute.charset("attributes-charset", "utf-8"),
                    Attribute.language("attributes-natural-language", "en"),
                    Attribute.uri(target, f"ipp://{self.authority}{path}"),
                    Attribute.name_string("requesting-user-name", self.user),
                    *operation_attributes,
                ),
            )
        ]
        if job_attributes:
            parts.append((GroupTag.JOB, job_attributes))
        parts += groups
        request_id = next(self._request_ids)
        message = encode(Message.of((2, 0), operation, request_id, *parts))
        try:
            return self._checked(self._exchange(path, message, document), request_id)
        except RequestFailedError as error:
            if error.status == StatusCode.CLIENT_ERROR_NOT_FOUND and not at_system and self.names_printer:
                self._check_printer(error)
            raise

    def _check_printer(self, refusal: RequestFailedError) -> None:
        """Where a request failed, find out whether the printer's name is wrong: not every printer knows its neighbours."""
        try:
            answer = self.call(
                Operation.GET_PRINTERS, Attribute.keyword("requested-attributes", "printer-name")
            )
        except (RequestFailedError, UnreachableError):
            return
        names = [group.string("printer-name") for group in answer.groups_of(GroupTag.PRINTER)]
        if self.printer_name not in names:
            known = f"there are: {', '.join(filter(None, names))}" if names else "there is none at all"
            raise NoSuchPrinterError(f"there is no printer {self.printer_name}; {known}") from refusal

    def fetch(self, path: str) -> bytes:
        """A file of the service's web pages.

        Raises:
            UnreachableError: No answer.
            RequestFailedError: There is no such file.
        """
        try:
            connection = self._line.connection()
            connection.request("GET", path)
            response = connection.getresponse()
            data = response.read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error
        if response.will_close or len(data) > MAX_ANSWER_BYTES:
            self.close()
        if response.status != http.client.OK:
            hint = _HTTP_HINTS.get(response.status, response.reason)
            raise RequestFailedError(0, f"{self.place} answers HTTP {response.status}: {hint}")
        return data

    # --- HTTP -----------------------------------------------------------------------------------------------------------

    def _exchange(self, path: str, message: bytes, document: Iterable[bytes] | None) -> bytes:
        try:
            return self._exchanged(path, message, document)
        except _PasswordWantedError as error:
            otherwise = f"set {PASSWORD_VARIABLE}"
            if document is not None or not sys.stdin.isatty():
                raise RequestFailedError(0, f"a password is needed: {otherwise}") from error
        self._line.password = ask(f"Password of {self.user} at {self.place}: ", otherwise)
        return self._exchanged(path, message, document)

    def _exchanged(self, path: str, message: bytes, document: Iterable[bytes] | None) -> bytes:
        kept = self._line.is_open
        try:
            return self._send(path, message, document)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            self.close()
            if not kept or document is not None:
                raise UnreachableError(f"{self.place} broke off the connection") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error
        try:  # the kept connection had been closed over there meanwhile
            return self._send(path, message, document)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error

    def _send(self, path: str, message: bytes, document: Iterable[bytes] | None) -> bytes:
        connection = self._line.connection()
        headers = {"Content-Type": "application/ipp", "Accept": "application/ipp"}
        if self._line.password:
            pair = f"{self.user}:{self._line.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if document is None:
            connection.request("POST", path, message, headers)
        else:
            headers["Transfer-Encoding"] = "chunked"
            pieces = itertools.chain((message,), _without_empty(document))
            try:
                connection.request("POST", path, pieces, headers, encode_chunked=True)
            except (BrokenPipeError, ConnectionResetError):
                # It may have refused before all was sent: then the answer is here already.
                with contextlib.suppress(http.client.HTTPException, OSError):
                    return self._receive(connection)
                raise
        return self._receive(connection)

    def _receive(self, connection: http.client.HTTPConnection) -> bytes:
        response = connection.getresponse()
        data = response.read(MAX_ANSWER_BYTES + 1)
        if response.will_close or len(data) > MAX_ANSWER_BYTES:
            self.close()
        if response.status == http.client.UNAUTHORIZED and not self._line.password:
            raise _PasswordWantedError
        if response.status == http.client.UNAUTHORIZED:
            raise RequestFailedError(0, f"wrong name or password: {self.place} does not let {self.user} in")
        if response.status != http.client.OK:
            hint = _HTTP_HINTS.get(response.status, response.reason)
            raise RequestFailedError(0, f"{self.place} answers HTTP {response.status}: {hint}")
        if response.headers.get_content_type() != "application/ipp":
            raise RequestFailedError(
                0, f"{self.place} is no IPP printer: it answers {response.headers.get_content_type()}"
            )
        return data

    def _unreachable(self, error: Exception) -> UnreachableError:
        if isinstance(error, TympanError):
            return UnreachableError(str(error))
        if isinstance(error, ConnectionRefusedError):
            return UnreachableError(
                f"{self.place} refuses the connection: nothing listens there. Is the service running? "
                "`systemctl status tympan` tells, `tympan serve --simulate` starts one to try out"
            )
        if isinstance(error, TimeoutError):
            return UnreachableError(
                f"{self.place} does not answer; is the machine on, and in the same network?"
            )
        if isinstance(error, OSError):
            return UnreachableError(f"{self.place} cannot be reached: {error.strerror or error}")
        return UnreachableError(f"{self.place} gives no sensible HTTP answer: {error!r}")

    # --- IPP ------------------------------------------------------------------------------------------------------------

    def _checked(self, data: bytes, request_id: int) -> Message:
        try:
            answer, _ = decode(data, _ANSWER_LIMITS)
        except IppDecodeError as error:
            raise RequestFailedError(0, f"{self.place} gives no sensible IPP answer: {error}") from error
        if answer.request_id not in {request_id, 0}:
            raise RequestFailedError(0, f"{self.place} answers request {answer.request_id}, not {request_id}")
        if answer.code >= StatusCode.CLIENT_ERROR_BAD_REQUEST:
            said = answer.operation_attributes.string("status-message")
            keyword = status_keyword(answer.code)
            unsupported = answer.group(GroupTag.UNSUPPORTED).attributes
            raise RequestFailedError(answer.code, f"{said} ({keyword})" if said else keyword, unsupported)
        return answer


def _without_empty(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # An empty piece would be the chunk that ends the body.
    return (piece for piece in pieces if piece)


def _user_name() -> str:
    import getpass  # noqa: PLC0415

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user id in the system's list
        return "anonymous"
