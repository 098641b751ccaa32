"""What may be fetched: addresses, redirections, limits. The web server is a real one, on loopback."""

from __future__ import annotations

import gzip
import ipaddress
import socket

import pytest
import web_server as web

from tympan.config import FetchSettings
from tympan.service.fetching import (
    Fetcher,
    FetchError,
    MalformedUriError,
    TooLongError,
    UriSchemeError,
    is_public,
    parsed_uri,
    without_credentials,
)

OPEN = FetchSettings(allow_private=True, connect_timeout_s=30, idle_timeout_s=30, total_timeout_s=60)

IMPATIENT = FetchSettings(allow_private=True, connect_timeout_s=1, idle_timeout_s=1, total_timeout_s=3)
"""For what is given up: nothing else may depend on how busy the machine is."""


@pytest.fixture(scope="module")
def server():
    with web.web_server() as made:
        yield made


async def fetched(uri, settings=OPEN, limit=1 << 20):
    found = await Fetcher(settings, limit).open(uri)
    try:
        return b"".join([piece async for piece in found.pieces()])
    finally:
        await found.close()


# --- addresses --------------------------------------------------------------------------------------------------------

# The special-purpose registries of IANA (RFC 6890), a few of each kind; and addresses that hide another inside.
NOT_PUBLIC = [
    "fec0::1",
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::fb", "ff0e::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_refused_however_it_is_written(server, host):
    server.pages["/secret"] = web.document(b"secret")
    server.asked.clear()
    with pytest.raises(FetchError):
        await fetched(server.uri("/secret", host), FetchSettings())
    assert not server.asked


async def test_a_name_that_resolves_to_this_machine_is_refused_at_the_socket(server, monkeypatch):
    """Rebinding: whatever a name resolved to before, it is the address connected to that counts."""
    server.pages["/secret"] = web.document(b"secret")
    server.asked.clear()
    resolved = socket.getaddrinfo

    def to_loopback(host, *arguments, **more):
        return resolved("127.0.0.1" if host == "public.example" else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    with pytest.raises(FetchError, match=r"127\.0\.0\.1.*not public"):
        await fetched(server.uri("/secret", "public.example"), FetchSettings())
    assert not server.asked
    assert await fetched(server.uri("/secret", "public.example"), OPEN) == b"secret"
    by_name = FetchSettings(allow_hosts=("Public.example",))
    assert await fetched(server.uri("/secret", "public.example"), by_name) == b"secret"


async def test_hosts_and_networks_that_are_allowed(server):
    server.pages["/page"] = web.document(b"page")
    assert await fetched(server.uri("/page"), FetchSettings(allow_hosts=("127.0.0.0/8",))) == b"page"
    assert await fetched(server.uri("/page"), FetchSettings(allow_hosts=("127.0.0.1",))) == b"page"
    with pytest.raises(FetchError):
        await fetched(server.uri("/page"), FetchSettings(allow_hosts=("10.0.0.0/8", "files.lan")))


# --- URIs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri", ["ftp://host/file", "file:///etc/passwd", "bogus://bogus", "data:,x", "gopher://h/"]
)
def test_schemes_that_are_not_fetched(uri):
    with pytest.raises(UriSchemeError):
        parsed_uri(uri)


@pytest.mark.parametrize(
    "uri", ["http:", "http://", "https:///path", "http://host:99999/", "http://[::1", "http://h:x/"]
)
def test_what_is_no_uri(uri):
    with pytest.raises(MalformedUriError):
        parsed_uri(uri)


def test_a_password_is_not_shown():
    assert without_credentials("http://user:secret@host/a?b=c#d") == "http://host/a?b=c"


# --- what servers do --------------------------------------------------------------------------------------------------


async def test_a_document(server):
    content = bytes(range(256)) * 1000
    server.pages["/document"] = web.document(content)
    assert await fetched(server.uri("/document")) == content


async def test_what_comes_packed_is_told(server):
    server.pages["/packed"] = web.document(gzip.compress(b"text"), Content_Encoding="gzip")
    found = await Fetcher(OPEN, 1 << 20).open(server.uri("/packed"))
    assert found.content_encoding == "gzip"
    await found.close()
    server.pages["/packed"] = web.document(b"?", Content_Encoding="br")
    with pytest.raises(FetchError, match="br"):
        await fetched(server.uri("/packed"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirections_are_followed(server, status):
    server.pages["/from"] = web.redirection("/to", status)
    server.pages["/to"] = web.document(b"there")
    assert await fetched(server.uri("/from")) == b"there"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("ftp://host/file", "ftp"),
        ("file:///etc/passwd", "file"),
        ("http://[::1", "no URI"),
        ("", "nowhere"),
    ],
)
async def test_redirections_to_where_nothing_is_fetched_from(server, target, said):
    server.pages["/from"] = web.redirection(target)
    with pytest.raises(FetchError, match=said):
        await fetched(server.uri("/from"))


async def test_a_redirection_to_a_private_address_is_refused(server, monkeypatch):
    """The first host is allowed, the second has the same server behind it and is not."""
    resolved = socket.getaddrinfo

    def to_loopback(host, *arguments, **more):
        return resolved("127.0.0.1" if host == "allowed.example" else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    server.pages["/from"] = web.redirection(server.uri("/secret"))
    server.pages["/secret"] = web.document(b"secret")
    server.asked.clear()
    with pytest.raises(FetchError, match="not public"):
        await fetched(server.uri("/from", "allowed.example"), FetchSettings(allow_hosts=("allowed.example",)))
    assert server.asked == ["/from"]


async def test_redirections_in_a_circle(server):
    server.pages["/circle"] = web.redirection("/circle")
    server.asked.clear()
    with pytest.raises(FetchError, match="5 times"):
        await fetched(server.uri("/circle"))
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 503])
async def test_errors_of_the_server(server, status):
    server.pages["/failure"] = web.failure(status)
    with pytest.raises(FetchError, match=str(status)):
        await fetched(server.uri("/failure"))


async def test_a_document_that_says_it_is_too_long(server):
    server.pages["/long"] = web.document(bytes(2000))
    with pytest.raises(TooLongError, match="2000"):
        await fetched(server.uri("/long"), limit=1999)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (web.silent, "did not answer within 1 seconds"),
        (web.standing_still, "stood still for 1 seconds"),
        (web.dripping, "longer than 3 seconds"),
        (web.cut_off, "did not arrive whole"),
        (web.no_http, "cannot be reached, or does not answer in HTTP"),
    ],
)
async def test_servers_that_do_not_do_what_they_should(server, page, said):
    server.pages["/page"] = page
    with pytest.raises(FetchError, match=said):
        await fetched(server.uri("/page"), IMPATIENT)


async def test_nobody_listens():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetched(f"http://127.0.0.1:{held.getsockname()[1]}/", OPEN)


async def test_a_name_that_nobody_has():
    with pytest.raises(FetchError, match=r"no-such-host\.invalid"):
        await fetched("http://no-such-host.invalid/", OPEN)


async def test_a_certificate_of_nobody(server):
    """A plain server at https: no handshake."""
    with pytest.raises(FetchError):
        await fetched(server.uri("/document").replace("http:", "https:"))
