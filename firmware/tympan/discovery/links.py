"""The links of this machine, and on which of them printers are announced, with which addresses.

Without input or output: the table is kept up to date with what the kernel says (see `tympan.discovery.netlink`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address

from tympan.config import DiscoverySettings
from tympan.discovery.netlink import AddressMessage, IpAddress, LinkMessage

_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_POINTOPOINT = 0x10
_IFF_RUNNING = 0x40
_IFF_MULTICAST = 0x1000

_NEEDED_FLAGS = _IFF_UP | _IFF_RUNNING | _IFF_MULTICAST
_UNWANTED_FLAGS = _IFF_LOOPBACK | _IFF_POINTOPOINT

_IFA_F_TEMPORARY = 0x01
_IFA_F_DADFAILED = 0x08
_IFA_F_DEPRECATED = 0x20
_IFA_F_TENTATIVE = 0x40

_UNUSABLE_FLAGS = _IFA_F_DADFAILED | _IFA_F_DEPRECATED | _IFA_F_TENTATIVE

_SCOPE_UNIVERSE = 0
_SCOPE_SITE = 200

MAX_ADDRESSES = 16
"""How many addresses of a link are announced at most."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that the service listens on.

    Attributes:
        address: Its address; None: every one, of IPv4 as well.
        port: Its TCP port.
    """

    address: IpAddress | None
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> Listener:
        """From what a socket says of itself; ``::`` takes IPv4 too (`tympan.endpoint.http_server`)."""
        return cls(None if host == "::" else ip_address(host.partition("%")[0]), port)

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can connect to it."""
        return self.address is not None and self.address.is_loopback

    def covers(self, address: IpAddress) -> bool:
        """Whether who connects to `address` gets here."""
        if self.address is None:
            return True
        if self.address.is_unspecified:
            return self.address.version == address.version
        return self.address == address


@dataclass(frozen=True, slots=True)
class Link:
    """A link that printers are announced on.

    Attributes:
        index: The interface's number.
        name: Its name.
        port: The port of the service on it.
        addresses: The addresses of the service on it, those that are announced.
        ipv4: The address that IPv4 is sent from; None: there is none.
        ipv6: The address that IPv6 is sent from; the interface's number where that address is on another one too.
    """

    index: int
    name: str
    port: int
    addresses: tuple[IpAddress, ...]
    ipv4: IPv4Address | None
    ipv6: IPv6Address | int | None

    @property
    def sources(self) -> list[str | int]:
        """What is sent from, as zeroconf takes it."""
        return [
            source if isinstance(source, int) else str(source)
            for source in (self.ipv4, self.ipv6)
            if source is not None
        ]


class LinkTable:
    """Every link and address of this machine."""

    def __init__(self) -> None:
        self._links: dict[int, LinkMessage] = {}
        self._addresses: dict[tuple[int, IpAddress], AddressMessage] = {}

    def apply(self, message: LinkMessage | AddressMessage) -> bool:
        """Take up what the kernel says; whether anything is different now."""
        if isinstance(message, LinkMessage):
            if message.gone:
                for key in [key for key in self._addresses if key[0] == message.index]:
                    del self._addresses[key]
                return self._links.pop(message.index, None) is not None
            changed = self._links.get(message.index) != message
            self._links[message.index] = message
            return changed
        key = (message.index, message.address)
        if message.gone:
            return self._addresses.pop(key, None) is not None
        changed = self._addresses.get(key) != message
        self._addresses[key] = message
        return changed

    def own_addresses(self) -> frozenset[IpAddress]:
        """Every address of this machine."""
        return frozenset(address for _, address in self._addresses)

    def announced(self, settings: DiscoverySettings, listeners: Sequence[Listener]) -> tuple[Link, ...]:
        """The links to announce on, by their numbers: up, with a carrier and multicast, chosen by name, listened on."""
        found = (
            self._announced(link, listeners)
            for _, link in sorted(self._links.items())
            if link.flags & _NEEDED_FLAGS == _NEEDED_FLAGS
            and not link.flags & _UNWANTED_FLAGS
            and is_chosen(link.name, settings)
        )
        return tuple(link for link in found if link is not None)

    def _announced(self, link: LinkMessage, listeners: Sequence[Listener]) -> Link | None:
        usable = sorted(
            (each for each in self._addresses.values() if each.index == link.index and _is_usable(each)),
            key=lambda each: (each.address.version, _is_local(each), each.address.packed),
        )
        listener = next(
            (each for each in listeners if any(each.covers(one.address) for one in usable)),
            None,
        )
        if listener is None:
            return None
        covered = [each for each in usable if listener.covers(each.address)]
        local6 = [each.address for each in usable if each.address.version == 6]
        ipv6 = next((each for each in reversed(local6) if isinstance(each, IPv6Address)), None)
        shared = ipv6 is not None and sum(address == ipv6 for _, address in self._addresses) > 1
        return Link(
            index=link.index,
            name=link.name,
            port=listener.port,
            addresses=tuple(_worth_announcing(covered))[:MAX_ADDRESSES],
            ipv4=next((each.address for each in usable if isinstance(each.address, IPv4Address)), None),
            ipv6=link.index if shared else ipv6,
        )


def is_chosen(name: str, settings: DiscoverySettings) -> bool:
    """Whether the configuration announces on the interface of this name."""
    if settings.interfaces:
        return any(fnmatchcase(name, pattern) for pattern in settings.interfaces)
    return not any(fnmatchcase(name, pattern) for pattern in settings.ignore)


def _is_usable(address: AddressMessage) -> bool:
    return not address.flags & _UNUSABLE_FLAGS and not address.address.is_loopback


def _is_local(address: AddressMessage) -> bool:
    return address.scope not in {_SCOPE_UNIVERSE, _SCOPE_SITE}


def _worth_announcing(addresses: Iterable[AddressMessage]) -> Iterable[IpAddress]:
    """Without link-local and temporary addresses, where there are others.

    It is what avahi announces: where it runs beside us, both say the same of this host.
    """
    candidates = list(addresses)
    lasting = [each for each in candidates if not _is_local(each)]
    if lasting:
        stable = [each for each in lasting if each.address.version == 4 or not each.flags & _IFA_F_TEMPORARY]
        candidates = stable or lasting
    return [each.address for each in candidates]
