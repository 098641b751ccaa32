"""Multicast DNS on one link: probes names, announces services, answers, takes leave (RFC 6762).

One responder a link, because a host says on each link only the addresses it has there (RFC 6762 §6.2). zeroconf does
the wire and the answers; what it has no notion of is here:

- sub-types are further entries of its registry beside the service they belong to, and are kept out of the list of types;
- names are probed with the records that will be announced, all at once, also the host's (RFC 6762 §8.1);
- a conflict that shows itself later is answered by defending the name, or by giving it up (RFC 6762 §9);
- where another responder of this machine (avahi, systemd-resolved) announces the host, its name is used and its
  addresses are left to it.

It chooses no names. This module imports zeroconf, which takes a tenth of a second: load it when it is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import zeroconf
from zeroconf.asyncio import AsyncZeroconf

from tympan.discovery.links import Link
from tympan.discovery.names import LOCAL
from tympan.discovery.netlink import IpAddress
from tympan.discovery.others import others_at_the_port
from tympan.discovery.records import (
    CLASS_IN,
    HOST_TTL_S,
    TYPE_PTR,
    TYPE_SRV,
    address_record,
    full_name,
    probes,
    question,
    response,
    service_infos,
    service_records,
    srv_octets,
)
from tympan.discovery.services import Publication

PROBES: Final = 3
PROBE_INTERVAL_S: Final = 0.25
PROBE_DELAY_S: Final = 0.25
"""How many probes, how far apart, after at most what random delay: RFC 6762 §8.1."""

ANNOUNCED_AGAIN_S: Final = (1.0, 2.0)
"""After how long what is new is announced again, RFC 6762 §8.3."""

GOODBYE_AGAIN_S: Final = 0.05
"""A goodbye at the end is said twice, because radio loses packets."""

KEEPER_ASKED: Final = 2
KEEPER_WAIT_S: Final = 0.5
"""How often, and for how long each time, another responder of this machine is asked for."""

DEFENCES: Final = 3
DEFENCE_WINDOW_S: Final = 60.0
"""Names are defended so often within this time; a rival that goes on nevertheless gets them."""

_IP_MULTICAST_ALL: Final = 49
"""Option of Linux, ip(7): whether a socket hears the groups that only others have joined."""


class _Registry(zeroconf.ServiceRegistry):
    """zeroconf's registry, but sub-types are no types of their own (RFC 6763 §9)."""

    def async_get_types(self) -> list[str]:
        return [each for each in super().async_get_types() if "._sub." not in each]


class _Zeroconf(zeroconf.Zeroconf):
    """zeroconf on the addresses of one link."""

    def __init__(self, link: Link) -> None:
        version = zeroconf.IPVersion.V4Only if link.ipv6 is None else zeroconf.IPVersion.All
        super().__init__(
            interfaces=link.sources,
            ip_version=zeroconf.IPVersion.V6Only if link.ipv4 is None else version,
        )
        self.registry = _Registry()
        self.query_handler = type(self.query_handler)(self)  # it keeps the registry that it was made with

    def keep_to_the_link(self, link: Link) -> None:
        """Hear only what comes from the link; else Linux gives each socket what any other one has joined."""
        for reader in self.engine.readers:
            with socket.socket(fileno=os.dup(reader.fileno)) as each:
                try:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.name.encode() + b"\0")
                except OSError:  # before Linux 5.7 that takes a right; this helps with IPv4
                    with contextlib.suppress(OSError):
                        each.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)


@dataclass(slots=True)
class OwnWords:
    """What this service says of itself on any of its links: heard on another one, it is no rival's.

    Attributes:
        hosts: The host names it has announced, ``name.local`` in small letters, without those that rivals have.
        addresses: Every address of this machine.
    """

    hosts: set[str] = field(default_factory=set)
    addresses: frozenset[IpAddress] = frozenset()


class LinkResponder(zeroconf.RecordUpdateListener):
    """Multicast DNS on one link.

    Args:
        link: The link.
        own: What this service says of itself elsewhere.
        on_news: Called when `lost` or `keeper` has changed.

    Attributes:
        link: The link.
        lost: Names that rivals have, in small letters: of service instances with their types, and of the host,
            ``name.local``.
        keeper: The host name that another responder of this machine announces on the link; empty: there is none, so that
            the host's addresses are announced here.
        knows_keeper: Whether that is known: it has been asked for, and what was heard has not run out.
    """

    def __init__(self, link: Link, own: OwnWords, on_news: Callable[[], None]) -> None:
        self.link = link
        self.lost: set[str] = set()
        self.keeper = ""
        self.knows_keeper = False
        self._heard_keeper = asyncio.Event()
        self._own = own
        self._on_news = on_news
        self._zeroconf: _Zeroconf | None = None
        self._reverse = {f"{address.reverse_pointer}." for address in link.addresses}
        self._host = ""
        self._announced_host = ""
        self._ports: dict[str, int] = {}
        self._published: dict[str, Publication] = {}
        self._infos: dict[str, list[zeroconf.ServiceInfo]] = {}
        self._addresses: tuple[IpAddress, ...] = ()
        self._defences: deque[float] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- opening and closing --------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the sockets.

        Raises:
            OSError: Port 5353 or multicast cannot be had.
        """
        try:
            self._zeroconf = _Zeroconf(self.link)
            await self._zeroconf.async_wait_for_start()
        except (
            RuntimeError,
            zeroconf.Error,
            TimeoutError,
        ) as error:  # such as an address that has gone meanwhile
            await self.close(farewell=False)
            raise OSError(str(error) or type(error).__name__) from error
        if not self._zeroconf.engine.senders:
            await self.close(farewell=False)
            raise OSError("multicast cannot be sent there")
        self._zeroconf.keep_to_the_link(self.link)
        self._zeroconf.async_add_listener(self, None)

    async def close(self, *, farewell: bool) -> None:
        """Say goodbye, if wished, and close the sockets; quick."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._zeroconf is None:
            return
        infos = [info for some in self._infos.values() for info in some]
        self._zeroconf.registry.async_remove(infos)
        if farewell and infos:
            goodbyes = dict.fromkeys(record for info in infos for record in service_records(info, ttl=0))
            goodbyes |= dict.fromkeys(self._address_records(ttl=0))
            self._say(goodbyes)
            await asyncio.sleep(GOODBYE_AGAIN_S)
            self._say(goodbyes)
        self._infos.clear()
        self._published.clear()
        closing, self._zeroconf = self._zeroconf, None
        await AsyncZeroconf(zc=closing).async_close()

    # --- probing --------------------------------------------------------------------------------------------------------

    async def find_keeper(self) -> None:
        """Ask whether another responder of this machine announces its addresses, and under which name."""
        for _ in range(KEEPER_ASKED):
            if self.knows_keeper or not self._reverse or not others_at_the_port():
                break
            self._send(question(sorted(self._reverse), TYPE_PTR))
            self._heard_keeper.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEPER_WAIT_S):
                    await self._heard_keeper.wait()
        if not self.knows_keeper:
            self.keeper, self.knows_keeper = "", True

    async def probe(self, publications: Iterable[Publication], host: str) -> None:
        """See whether anybody on the link has one of these names; `lost` has them then.

        Args:
            publications: What is to be announced.
            host: ``name.local``, which is probed as well where it is announced here.
        """
        records: list[zeroconf.DNSRecord] = []
        for publication in publications:
            for service in publication.services:
                name = full_name(publication.instance, service.type)
                self._ports[name.lower()] = service.port
                records.append(
                    zeroconf.DNSService(name, TYPE_SRV, CLASS_IN, HOST_TTL_S, 0, 0, service.port, f"{host}.")
                )
        if not self.keeper and host != self._announced_host:
            records += [address_record(host, address, unique=0) for address in self.link.addresses]
        self._host = host
        if not records:
            return
        await asyncio.sleep(random.uniform(0, PROBE_DELAY_S))  # noqa: S311 — nobody gains from guessing it
        for _ in range(PROBES):
            for query in probes(records):
                self._send(query)
            await asyncio.sleep(PROBE_INTERVAL_S)
            if self.lost:
                return

    # --- announcing -----------------------------------------------------------------------------------------------------

    def publish(self, publications: Mapping[str, Publication], host: str) -> None:
        """Announce these, and take leave of what is not among them any more. What stays as it is, is not said again.

        Args:
            publications: Printers by their keys; their names have been probed.
            host: ``name.local``; probed, or that of `keeper`.
        """
        assert self._zeroconf is not None
        addresses = () if self.keeper else self.link.addresses
        again = host != self._announced_host or addresses != self._addresses
        goodbyes: dict[zeroconf.DNSRecord, None] = {}
        news: dict[zeroconf.DNSRecord, None] = {}
        if host != self._announced_host:
            goodbyes |= dict.fromkeys(self._address_records(ttl=0))
        for key in [
            key for key, before in self._published.items() if again or publications.get(key) != before
        ]:
            infos = self._infos.pop(key)
            self._zeroconf.registry.async_remove(infos)
            goodbyes |= dict.fromkeys(record for info in infos for record in service_records(info, ttl=0))
            del self._published[key]
        for key, publication in publications.items():
            if key not in self._published:
                self._published[key] = publication
                self._infos[key] = [
                    info
                    for service in publication.services
                    for info in service_infos(publication.instance, service, host, addresses)
                ]
                for info in self._infos[key]:
                    self._zeroconf.registry.async_add(info)
                news |= dict.fromkeys(record for info in self._infos[key] for record in service_records(info))
        self._ports = {
            full_name(each.instance, service.type).lower(): service.port
            for each in publications.values()
            for service in each.services
        }
        # One that is said anew in other words replaces the former by itself.
        renewed = {(record.key, record.type) for record in news if record.unique}
        said = dict.fromkeys(record for record in news if record not in goodbyes)
        self._say(
            record for record in goodbyes if record not in news and (record.key, record.type) not in renewed
        )
        if publications and (said or again):
            said |= dict.fromkeys(address_record(host, each) for each in addresses)
        self._host = self._announced_host = host
        self._addresses = addresses if publications else ()
        self._own.hosts.add(host.lower())
        self._announce(said)

    def _announce(self, records: Mapping[zeroconf.DNSRecord, None]) -> None:
        if records:
            self._say(records)
            task = asyncio.get_running_loop().create_task(self._say_again(records))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _say_again(self, records: Iterable[zeroconf.DNSRecord]) -> None:
        for pause_s in ANNOUNCED_AGAIN_S:
            await asyncio.sleep(pause_s)
            true = self._records()
            self._say(record for record in records if record in true)

    def _records(self) -> dict[zeroconf.DNSRecord, None]:
        """Everything that is announced now."""
        found = dict.fromkeys(
            record for infos in self._infos.values() for info in infos for record in service_records(info)
        )
        return found | dict.fromkeys(self._address_records())

    def _address_records(self, ttl: int = HOST_TTL_S) -> list[zeroconf.DNSRecord]:
        return [address_record(self._announced_host, each, ttl) for each in self._addresses]

    def _say(self, records: Iterable[zeroconf.DNSRecord]) -> None:
        some = list(records)
        if some:
            self._send(response(some))

    def _send(self, out: zeroconf.DNSOutgoing) -> None:
        if self._zeroconf is not None:
            self._zeroconf.async_send(out)

    # --- hearing others -------------------------------------------------------------------------------------------------

    def async_update_records(
        self,
        zc: zeroconf.Zeroconf,  # noqa: ARG002 — zeroconf calls it so
        now: float,
        records: list[zeroconf.RecordUpdate],
    ) -> None:
        """What somebody on the link says; what we say ourselves comes back as well."""
        for update in records:
            record = update.new
            over = record.ttl == 0 or record.is_expired(now)
            if isinstance(record, zeroconf.DNSPointer):
                if record.key in self._reverse:
                    self._hear_of_our_address(record.alias.rstrip("."), over=over)
            elif over:
                continue
            elif isinstance(record, zeroconf.DNSService):
                self._hear_service(record)
            elif isinstance(record, zeroconf.DNSAddress):
                self._hear_address(record)

    def _hear_of_our_address(self, host: str, *, over: bool) -> None:
        """Somebody says, or says no more, that one of our addresses is that of `host`."""
        if not host.lower().endswith(LOCAL):
            return
        same = host.lower() == self.keeper.lower()
        if over:
            if same and self.knows_keeper:
                self.knows_keeper = False  # gone, or nobody has asked for it in two minutes
                self._on_news()
        elif same or others_at_the_port():
            self.keeper, self.knows_keeper = host, True
            self._heard_keeper.set()
            if not same:
                self._on_news()

    def _hear_service(self, record: zeroconf.DNSService) -> None:
        port = self._ports.get(record.key)
        theirs = record.server_key.rstrip(".")
        if port is None or (record.port == port and theirs in {self._host.lower(), *self._own.hosts}):
            return
        ours = srv_octets(self._host.lower(), port)
        self._contest(record.key, ours, srv_octets(theirs, record.port))

    def _hear_address(self, record: zeroconf.DNSAddress) -> None:
        host = f"{self._host.lower()}."
        if (
            self.keeper
            or record.key != host
            or record.address in {each.packed for each in self._own.addresses}
        ):
            return
        packed = (each.packed for each in self.link.addresses)
        self._contest(
            host,
            max((each for each in packed if len(each) == len(record.address)), default=b""),
            record.address,
        )

    def _contest(self, name: str, ours: bytes, theirs: bytes) -> None:
        """Somebody else claims a name: what is already announced and lexicographically later keeps it, §8.2 and §9."""
        records = [record for record in self._records() if record.key == name]
        if records and ours > theirs and self._may_defend():
            self._say(records)
        elif name.rstrip(".") not in self.lost:
            self.lost.add(name.rstrip("."))
            self._on_news()

    def _may_defend(self) -> bool:
        now = time.monotonic()
        while self._defences and self._defences[0] < now - DEFENCE_WINDOW_S:
            self._defences.popleft()
        if len(self._defences) >= DEFENCES:
            return False
        self._defences.append(now)
        return True
