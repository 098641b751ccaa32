"""Gets a document from where ``document-uri`` points, by http and https (RFC 8011 §4.2.2).

It owns the rules of what may be reached. Whoever may print must not read by the printer what the printer alone can reach:
so the address that is really connected to is judged, when the socket for it is made, whatever a name resolved to before;
and so is every address that a redirection leads to. Nothing here knows jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from yarl import URL

from tympan import __version__
from tympan.config import FetchSettings
from tympan.errors import TympanError
from tympan.service.description import COMPRESSIONS, REFERENCE_URI_SCHEMES

MAX_REDIRECTS: Final = 5

CHUNK_BYTES: Final = 64 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"tympan/{__version__}"}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(TympanError):
    """A document cannot be had from where its URI points.

    Attributes:
        problem: A sentence.
        reason: The ``job-state-reasons`` keyword for it.
    """

    reason = "document-access-error"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class UriSchemeError(FetchError):
    """The URI is of a scheme that is not in ``reference-uri-schemes-supported``."""


class MalformedUriError(FetchError):
    """It is no URI of its scheme."""


class TooLongError(FetchError):
    """The document says of itself that it is longer than one may be."""


class _Guard:
    """Judges addresses while a connection is made.

    Attributes:
        refused: The last address that was not let through.
    """

    def __init__(self, settings: FetchSettings, host: str) -> None:
        self._everything = settings.allow_private or host.lower().rstrip(".") in {
            name.lower().rstrip(".") for name in settings.allow_hosts
        }
        self._networks = [network for network in map(_network, settings.allow_hosts) if network is not None]
        self.refused = ""

    def socket(self, addr_info: Any) -> socket.socket:  # noqa: ANN401 — the tuple of getaddrinfo, whose type aiohttp does not name
        """A socket for an address, if it may be connected to.

        Raises:
            PermissionError: It may not.
        """
        family, kind, protocol, _, place = addr_info
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not (self._everything or is_public(address) or any(address in each for each in self._networks)):
            self.refused = str(address)
            raise PermissionError(f"{address} may not be connected to")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could connect to an address, also one that hides another inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and address.teredo is not None:
            inside = address.teredo[1]
        if inside is None and address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inside is not None:
            return is_public(inside)
        if address.is_site_local:  # RFC 3879: withdrawn, but there are networks that still have them
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def parsed_uri(uri: str) -> URL:
    """A ``document-uri`` that documents can be fetched from.

    Raises:
        UriSchemeError: By its scheme none can.
        MalformedUriError: It is no URI of its scheme.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme not in REFERENCE_URI_SCHEMES:
        raise UriSchemeError(
            f"documents are fetched by {' and '.join(REFERENCE_URI_SCHEMES)}, not by {scheme!r:.40}"
        )
    try:
        url = URL(uri)
        usable = bool(url.host) and url.port is not None
    except ValueError:
        usable = False
    if not usable:
        raise MalformedUriError(f"{uri!r:.200} is no {scheme} URI")
    return url


def _encoding(value: str) -> str:
    """The ``compression`` that a Content-Encoding is."""
    encoding = value.strip().lower() or "identity"
    return {"identity": "none", "x-gzip": "gzip"}.get(encoding, encoding)


class Fetched:
    """A document that has begun to arrive; `close` ends it in any case.

    Attributes:
        content_type: What the server says that it is, without parameters; may be empty.
        content_encoding: What it is packed with: ``none``, ``gzip`` or ``deflate``.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        response: aiohttp.ClientResponse,
        settings: FetchSettings,
        deadline: float,
    ) -> None:
        self._session = session
        self._response = response
        self._settings = settings
        self._deadline = deadline
        self.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.content_encoding = _encoding(response.headers.get("Content-Encoding", ""))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The document's bytes.

        Raises:
            FetchError: They do not come, or not in time.
        """
        idle, host = self._settings.idle_timeout_s, self._response.url.host
        loop = asyncio.get_running_loop()
        while True:
            left = self._deadline - loop.time()
            try:
                async with asyncio.timeout(max(0.0, min(left, idle))):
                    piece = await self._response.content.read(CHUNK_BYTES)
            except TimeoutError as error:
                if left <= idle:
                    raise FetchError(
                        f"Fetching the document from {host} took longer than {self._settings.total_timeout_s} seconds."
                    ) from error
                raise FetchError(f"The document from {host} stood still for {idle} seconds.") from error
            except (aiohttp.ClientError, OSError) as error:
                raise FetchError(f"The document from {host} did not arrive whole.") from error
            if not piece:
                return
            yield piece

    async def close(self) -> None:
        """Let go of the connection. May be called twice."""
        self._response.close()
        await self._session.close()

    def drop(self) -> None:
        """Let go of the connection at once, without waiting until it is gone."""
        self._response.close()
        self._session.detach()


class Fetcher:
    """Fetches documents.

    Args:
        settings: ``[fetch]``.
        max_document_bytes: The longest document.
    """

    def __init__(self, settings: FetchSettings, max_document_bytes: int) -> None:
        self._settings = settings
        self._max_bytes = max_document_bytes

    async def open(self, uri: str) -> Fetched:
        """Connect and ask; returns when the document begins to arrive.

        Raises:
            FetchError: It cannot be had.
        """
        url = parsed_uri(uri)
        deadline = asyncio.get_running_loop().time() + self._settings.total_timeout_s
        for _ in range(MAX_REDIRECTS + 1):
            session, response = await self._ask(url)
            if response.status not in _REDIRECTS:
                try:
                    self._judge(response)
                except BaseException:
                    response.close()
                    await session.close()
                    raise
                return Fetched(session, response, self._settings, deadline)
            target = response.headers.get("Location", "")
            response.close()
            await session.close()
            url = self._redirected(url, target)
        raise FetchError(f"{url.host} redirects more than {MAX_REDIRECTS} times.")

    @staticmethod
    def _redirected(url: URL, target: str) -> URL:
        try:
            joined = url.join(URL(target))
        except ValueError as error:
            raise FetchError(f"{url.host} redirects to what is no URI.") from error
        if not target:
            raise FetchError(f"{url.host} redirects to nowhere.")
        if url.scheme == "https" and joined.scheme == "http":
            raise FetchError(
                f"{url.host} redirects from https to http, where anybody could change the document."
            )
        try:
            return parsed_uri(str(joined))
        except FetchError as error:
            raise FetchError(
                f"{url.host} redirects to where nothing is fetched from: {error.problem}."
            ) from error

    async def _ask(self, url: URL) -> tuple[aiohttp.ClientSession, aiohttp.ClientResponse]:
        """One request; redirections are not followed."""
        guard = _Guard(self._settings, url.host or "")
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                socket_factory=guard.socket, use_dns_cache=False, force_close=True, limit=1
            ),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                response = await session.get(url, allow_redirects=False, headers=_HEADERS)
        except BaseException as error:
            await session.close()
            raise _explained(error, url, guard, self._settings.connect_timeout_s) from error
        return session, response

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        """See that an answer has the document.

        Raises:
            FetchError: It has not.
        """
        host = response.url.host
        if response.status != 200:
            raise FetchError(f"{host} does not give the document: {response.status} {response.reason}.")
        encoding = response.headers.get("Content-Encoding", "")
        if _encoding(encoding) not in COMPRESSIONS:
            raise FetchError(
                f"{host} gives the document packed by {encoding!r:.40}, which is not known here."
            )
        length = response.content_length
        if length is not None and length > self._max_bytes:
            raise TooLongError(f"the document has {length} bytes, and one may have {self._max_bytes}")


def _explained(error: BaseException, url: URL, guard: _Guard, seconds: int) -> BaseException:
    """What an attempt to connect failed of, for people; anything else as it is."""
    if guard.refused:
        return FetchError(
            f"{url.host} is at the address {guard.refused}, from where documents are not fetched: it is not public."
        )
    if isinstance(error, TimeoutError):
        return FetchError(f"{url.host} did not answer within {seconds} seconds.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return FetchError(f"{url.host} has no certificate that can be trusted.")
    if isinstance(error, (aiohttp.ClientConnectorDNSError, socket.gaierror)):
        return FetchError(f"{url.host} is not known: its name has no address.")
    if isinstance(error, (aiohttp.ClientError, OSError, ValueError)):
        return FetchError(f"{url.host} cannot be reached, or does not answer in HTTP.")
    return error


def without_credentials(uri: str) -> str:
    """A URI to be shown: without the user name and password in it."""
    with contextlib.suppress(ValueError):
        return str(URL(uri).with_user(None).with_fragment(None))
    return ""
