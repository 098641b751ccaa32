"""Which sockets are listened on: those that systemd has opened, and those that `server.listen` asks for besides.

`server.listen` says what is served, whoever opened the socket. Where nobody has set it, that is what was passed, or the
default where nothing was. Where it is set, a passed socket serves the addresses of it that it covers and turns others away,
and what no passed socket covers is bound here.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tympan.errors import ListenError

_log = logging.getLogger(__name__)

_EVERY_V4: Final = "0.0.0.0"  # noqa: S104 — compared with, not bound
_EVERY: Final = "::"

Address = tuple[str, int]
Socket = socket.socket


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket to accept from.

    Attributes:
        socket: The socket, bound; owned by whoever serves it.
        addresses: Hosts and ports that are served there; empty for the Unix socket, and where everybody is turned away.
        only: The addresses of this machine that are served; None: whatever comes.
    """

    socket: Socket
    addresses: tuple[Address, ...]
    only: frozenset[str] | None = None

    def admits(self, accepted: Socket) -> bool:
        """A connection that was accepted here came to an address that is served."""
        if self.only is None:
            return True
        address = _plain(accepted.getsockname()[0])
        return (
            address in self.only
            or _EVERY in self.only
            or (_EVERY_V4 in self.only and ipaddress.ip_address(address).version == 4)
        )


def listeners(
    wanted: Sequence[Address], passed: Sequence[socket.socket], *, is_wanted: bool
) -> list[Listener]:
    """Every socket to accept from.

    Args:
        wanted: `server.listen`.
        passed: Sockets that listen already; they stay the caller's, who may pass them again later.
        is_wanted: Somebody has set `server.listen`; else what was passed goes before its default.

    Raises:
        ListenError: An address cannot be had.
    """
    local = [each for each in passed if each.family == socket.AF_UNIX]
    network = [each for each in passed if each.family != socket.AF_UNIX]
    found = [Listener(each.dup(), ()) for each in local]
    try:
        if network and not is_wanted:
            found += [Listener(each.dup(), (each.getsockname()[:2],)) for each in network]
            return found
        rest: list[tuple[int, Address, bool]] = []
        covered = {each: dict[str, Address]() for each in network}
        for host, port in wanted:
            for family, address in _resolved(host, port):
                by = next((each for each in network if _covers(each, family, address)), None)
                if by is None:
                    rest.append((family, address, host == _EVERY))
                else:
                    covered[by][_plain(address[0])] = address[:2]
        for each, addresses in covered.items():
            found.append(_restricted(each, addresses))
        for family, address, takes_v4 in rest:
            bound = _bound(family, address, takes_v4=takes_v4)
            found.append(Listener(bound, (bound.getsockname()[:2],)))
    except BaseException:
        for listener in found:
            listener.socket.close()
        raise
    return found


def _restricted(passed: socket.socket, addresses: dict[str, Address]) -> Listener:
    own = passed.getsockname()[:2]
    if own[0] in addresses:
        return Listener(passed.dup(), (own,))
    if addresses:
        return Listener(passed.dup(), tuple(addresses.values()), frozenset(addresses))
    _log.warning(
        "a socket unit opens %s, which server.listen does not name: who comes there is turned away; "
        "`systemctl disable --now tympan.socket` lets go of it",
        address_text(own),
    )
    return Listener(passed.dup(), (), frozenset())


def address_text(address: Address) -> str:
    """``[::]:631``."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _plain(host: str) -> str:
    """An IPv4 address that came over IPv6 as such, and without its link's name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _covers(passed: socket.socket, family: int, address: Address) -> bool:
    host, port = passed.getsockname()[:2]
    if port != address[1]:
        return False
    if passed.family == socket.AF_INET6 and host == _EVERY:
        takes_v4 = not passed.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        return family == socket.AF_INET6 or takes_v4
    return family == passed.family and host in {_EVERY_V4, address[0]}


def _resolved(host: str, port: int) -> list[tuple[int, Address]]:
    """Families and addresses of a host; ``::`` stands for IPv4 as well, and for that alone where the kernel has no IPv6."""
    if host == _EVERY and not socket.has_dualstack_ipv6():
        host = _EVERY_V4
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(host, port, error.strerror or str(error)) from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))  # type: ignore[misc]


def _bound(family: int, address: Address, *, takes_v4: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if takes_v4 else 1)
        listener.setblocking(False)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise ListenError(address[0], address[1], error.strerror or str(error)) from error
    return listener
