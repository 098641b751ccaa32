"""The names and addresses by which clients reach this machine: for certificates, and to know a request meant for us."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

LOCAL_DOMAINS: Final = ("local", "lan", "home", "home.arpa", "internal", "localdomain", "fritz.box")
"""Domains of local networks, as routers give them; RFC 6762, 8375 and 9476 among others."""

VIRTUAL_INTERFACES: Final = (
    "lo",
    "docker*",
    "br-*",
    "veth*",
    "virbr*",
    "vnet*",
    "lxc*",
    "tun*",
    "wg*",
    "tailscale*",
)
"""Interfaces whose addresses come and go, and that printing does not come over."""

_IF_INET6 = Path("/proc/net/if_inet6")
_GLOBAL_SCOPE = 0x00
_TEMPORARY_TENTATIVE_OR_DEPRECATED = 0x01 | 0x40 | 0x20 | 0x08


class OwnNames:
    """What this machine is called.

    Args:
        name: The configured host name, ``server.name``.
        others: More names that clients use, ``server.host_names``; ``*`` means any.
    """

    def __init__(self, name: str, others: Iterable[str] = ()) -> None:
        self._name = name.lower().rstrip(".")
        self._others = [other.lower().rstrip(".") for other in others]
        self._announced: list[str] = []
        self._any = "*" in self._others
        self._known = self._all_names()

    def announced(self, name: str) -> None:
        """The name of this host on the local network has become another: discovery found it taken."""
        name = name.lower().rstrip(".")
        if name not in self._known:
            self._announced.append(name)
            self._known = self._all_names()

    def certified(self) -> tuple[str, ...]:
        """The names that a certificate is to have, the most important one first."""
        node = _node_name()
        names = (self._name, *self._announced, node, f"{node}.local", *self._others, "localhost")
        return tuple(dict.fromkeys(name for name in names if name and name != "*" and not is_address(name)))

    def is_own(self, host: str) -> bool:
        """Whether a ``Host`` header without its port means this machine.

        Any address does: a page of somebody else's that is made to lead here (DNS rebinding) comes by a name.
        """
        host = host.lower().rstrip(".")
        return self._any or host in self._known or is_address(host)

    def _all_names(self) -> frozenset[str]:
        node = _node_name()
        labels = {node, node.partition(".")[0], self._name.partition(".")[0]} - {""}
        domains = (*LOCAL_DOMAINS, *_search_domains())
        return frozenset(
            {self._name, "localhost", *labels, *self._others, *self._announced}
            | {f"{label}.{domain}" for label in labels for domain in domains}
        )


def _node_name() -> str:
    return os.uname().nodename.lower().rstrip(".")


def _search_domains() -> list[str]:
    """The domains that this machine is in, as the network told it."""
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = [line.split()[1:] for line in lines if line.startswith(("search", "domain"))]
    return [domain.lower().strip(".") for domains in found for domain in domains if domain.strip(".")]


def is_address(host: str) -> bool:
    """Whether `host` is an address and no name; IPv6 with or without brackets and zone."""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def own_addresses() -> tuple[str, ...]:
    """The lasting addresses of this machine; without those of virtual interfaces, links and a moment."""
    return tuple(
        dict.fromkeys((*map(str, _ipv4_addresses()), *map(str, _ipv6_addresses()), "127.0.0.1", "::1"))
    )


def _is_virtual(interface: str) -> bool:
    return any(fnmatchcase(interface, pattern) for pattern in VIRTUAL_INTERFACES)


def _ipv4_addresses() -> Iterator[IPv4Address]:
    import ifaddr  # noqa: PLC0415 — asked for once it runs, and not on the way to the first answer

    for adapter in ifaddr.get_adapters():
        if _is_virtual(adapter.name):
            continue
        for each in adapter.ips:
            if isinstance(each.ip, str):
                address = IPv4Address(each.ip)
                if not address.is_link_local:
                    yield address


def _ipv6_addresses() -> Iterator[IPv6Address]:
    """As ``/proc/net/if_inet6`` tells them: address, index, prefix, scope, flags, name."""
    try:
        lines = _IF_INET6.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        address, _, _, scope, flags, name = line.split()
        lasting = not int(flags, 16) & _TEMPORARY_TENTATIVE_OR_DEPRECATED
        if int(scope, 16) == _GLOBAL_SCOPE and lasting and not _is_virtual(name):
            yield IPv6Address(int(address, 16))


def host_of(authority: str) -> str:
    """The host of ``HOST:PORT``, IPv6 addresses without brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def network_of(address: str) -> str:
    """Whom an address counts for: itself, or of IPv6 the /64 that one household or host has."""
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address  # IPv4
    parsed = IPv6Address(packed)
    if parsed.ipv4_mapped is not None or parsed.is_link_local or parsed.is_loopback:
        return address
    return f"{IPv6Address(packed[:8] + bytes(8))}/64"
