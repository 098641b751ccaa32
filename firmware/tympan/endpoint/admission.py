"""Admission: what is asked of every HTTP request before anybody looks at what it wants.

It is meant for this machine, comes by no page of somebody else's, is encrypted where it has to be; and who sends it is
known as far as they prove it. It knows no IPP.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import web

from tympan.config import Settings
from tympan.endpoint.http_connection import HEADERS, HttpConnection, plain
from tympan.endpoint.origin import Hosts, is_authority, is_cross_site
from tympan.endpoint.passwords import Passwords, TooManyPasswordsError
from tympan.endpoint.tls_context import TlsContext
from tympan.errors import TympanError
from tympan.service.access import EVERYBODY, Requester
from tympan.service.own_names import OwnNames

UPGRADE: Final = {"Upgrade": "TLS/1.2, HTTP/1.1", "Connection": "Upgrade"}
"""How a client may go on with TLS, RFC 2817 §4.2."""

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="tympan", charset="UTF-8"'}
"""What a client has to say who it is with, RFC 7617 §2.1."""

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, RFC 9110 §9.2.1."""

_PROVABLE: Final = Requester(can_prove=True)
"""Somebody who has proved nothing yet, but could."""


class NotAdmittedError(TympanError):
    """A request goes no further.

    Attributes:
        response: What is answered.
    """

    def __init__(self, response: web.Response) -> None:
        self.response = response
        super().__init__(response.text)


class Admission:
    """Judges requests.

    Args:
        settings: Who may do what.
        names: What this machine is called.
        tls: What TLS begins with.
    """

    def __init__(self, settings: Settings, names: OwnNames, tls: TlsContext) -> None:
        self.needs_tls = settings.tls.mode == "required"
        self._hosts = Hosts(names)
        self._tls = tls
        self._passwords = Passwords(settings.users, settings.limits)
        self._anybody = _PROVABLE if self._passwords.exist and tls.offered else EVERYBODY

    async def admit(self, request: web.BaseRequest, connection: HttpConnection) -> Requester:
        """Who sends the request.

        Raises:
            NotAdmittedError: It gets the answer that this carries.
            ConnectionError: The client wanted to go over to TLS, and left.
        """
        if connection.is_local:
            return connection.requester
        headers = request.headers
        if "Upgrade" in headers and not connection.secure:
            await self._go_over_to_tls(request, connection)
        self._judge_host(request)
        if request.method not in READING and is_cross_site(headers):
            raise NotAdmittedError(plain(HTTPStatus.FORBIDDEN, "a page of another site may not do that"))
        if self.needs_tls and not connection.secure:
            raise _needs_tls("This printer is only reached by an encrypted connection (ipps:, https:).")
        if "Authorization" in headers:
            return await self._proved(request, connection)
        return self._anybody if connection.secure or request.version >= (1, 1) else EVERYBODY

    def challenge(self, connection: HttpConnection) -> web.Response:
        """The answer to who has to prove who they are, RFC 8011 §9.3: first TLS, then name and password."""
        if not connection.secure:
            return _needs_tls(
                "This needs a name and a password, and they need an encrypted connection."
            ).response
        return web.Response(
            status=HTTPStatus.UNAUTHORIZED,
            text="This needs a name and a password.\n",
            headers={**HEADERS, **CHALLENGE},
        )

    def _judge_host(self, request: web.BaseRequest) -> None:
        host = request.headers.get("Host")
        if host is None:
            if request.version >= (1, 1):
                raise NotAdmittedError(plain(HTTPStatus.BAD_REQUEST, "the Host header is missing"))
        elif not self._hosts.is_own(host):
            if not is_authority(host):
                raise NotAdmittedError(plain(HTTPStatus.BAD_REQUEST, "the Host header has no host name"))
            problem = f"This is not {host}. If it should be: server.host_names in the configuration takes more names."
            raise NotAdmittedError(plain(HTTPStatus.MISDIRECTED_REQUEST, problem))

    async def _go_over_to_tls(self, request: web.BaseRequest, connection: HttpConnection) -> None:
        """Do as the header ``Upgrade`` asks, where it asks for TLS: RFC 2817 §3. A body must have been sent before."""
        wanted = {token.strip().partition("/")[0].upper() for token in request.headers["Upgrade"].split(",")}
        if "TLS" in wanted and request.content.is_eof():
            context = await self._tls.get()
            if context is not None:
                await connection.start_tls(context)

    async def _proved(self, request: web.BaseRequest, connection: HttpConnection) -> Requester:
        if not connection.secure:
            raise _needs_tls("A password is not taken over a connection that everybody can read.")
        try:
            requester = await self._passwords.requester(
                request.headers["Authorization"], connection.arrival.network
            )
        except TooManyPasswordsError as error:
            wait = {"Retry-After": str(error.retry_after_s)}
            raise NotAdmittedError(plain(HTTPStatus.TOO_MANY_REQUESTS, str(error), wait)) from error
        if requester is None:
            raise NotAdmittedError(self.challenge(connection))
        return requester


def _needs_tls(sentence: str) -> NotAdmittedError:
    """Go over to TLS first, RFC 2817 §4.2."""
    return NotAdmittedError(
        web.Response(status=HTTPStatus.UPGRADE_REQUIRED, text=sentence + "\n", headers={**HEADERS, **UPGRADE})
    )
