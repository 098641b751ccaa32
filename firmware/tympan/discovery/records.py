"""Resource records and messages of multicast DNS, made with zeroconf's classes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

import zeroconf

from tympan.discovery.netlink import IpAddress
from tympan.discovery.services import Announced

TYPE_A: Final = 1
TYPE_PTR: Final = 12
TYPE_AAAA: Final = 28
TYPE_SRV: Final = 33
TYPE_ANY: Final = 255
"""Types of records, RFC 1035 §3.2, RFC 3596, RFC 2782."""

CLASS_IN: Final = 1

UNIQUE: Final = 0x8000
"""In a record: it is the only one (cache flush); in a question: answer me alone. RFC 6762 §5.4, §10.2."""

HOST_TTL_S: Final = 120
"""Of records with a host's name in them, RFC 6762 §10."""

_QUERY: Final = 0x0000
_RESPONSE: Final = 0x8400
"""Flags: an answer, authoritative. RFC 6762 §18."""

PROBED_AT_ONCE: Final = 8
"""How many names are probed in one message, so that it fits into a packet."""

MAX_PAIR_OCTETS: Final = 255


def full_name(instance: str, service_type: str) -> str:
    """``INSTANCE._type._tcp.local.``."""
    return f"{instance}.{service_type}.local."


def txt_octets(pairs: Mapping[str, str]) -> bytes:
    """The data of a TXT record, RFC 6763 §6: one empty string where there are no pairs."""
    strings = [f"{key}={value}".encode()[:MAX_PAIR_OCTETS] for key, value in pairs.items()]
    return b"".join(bytes([len(each)]) + each for each in strings) or b"\0"


def srv_octets(host: str, port: int) -> bytes:
    """The data of an SRV record with priority and weight 0, without compression: what a conflict is decided by."""
    labels = [label.encode() for label in host.rstrip(".").split(".")]
    return struct.pack("!HHH", 0, 0, port) + b"".join(bytes([len(each)]) + each for each in labels) + b"\0"


def service_infos(
    instance: str, service: Announced, host: str, addresses: Iterable[IpAddress]
) -> Iterator[zeroconf.ServiceInfo]:
    """A service and each of its sub-types as entries of zeroconf's registry.

    A sub-type is the same instance under another type; its key gets a suffix, because the plain one is the service's.
    """
    for subtype in ("", *service.subtypes):
        info = zeroconf.ServiceInfo(
            f"{subtype}._sub.{service.type}.local." if subtype else f"{service.type}.local.",
            full_name(instance, service.type),
            port=service.port,
            properties=txt_octets(service.txt),
            server=f"{host}.",
            addresses=[each.packed for each in addresses],
        )
        if subtype:
            info.key = f"{info.key}\0{subtype}"
        yield info


def service_records(info: zeroconf.ServiceInfo, ttl: int | None = None) -> list[zeroconf.DNSRecord]:
    """Pointer, SRV and TXT of a service; a `ttl` of 0 is a goodbye."""
    return [info.dns_pointer(ttl), info.dns_service(ttl), info.dns_text(ttl)]


def address_record(
    host: str, address: IpAddress, ttl: int = HOST_TTL_S, unique: int = UNIQUE
) -> zeroconf.DNSRecord:
    """An address of this host."""
    kind = TYPE_A if address.version == 4 else TYPE_AAAA
    return zeroconf.DNSAddress(f"{host}.", kind, CLASS_IN | unique, ttl, address.packed)


def probes(records: Iterable[zeroconf.DNSRecord]) -> Iterator[zeroconf.DNSOutgoing]:
    """Ask who has the names of these records, which are to be announced (RFC 6762 §8.1)."""
    by_name: dict[str, list[zeroconf.DNSRecord]] = {}
    for record in records:
        by_name.setdefault(record.name, []).append(record)
    names = iter(by_name)
    while some := list(islice(names, PROBED_AT_ONCE)):
        query = zeroconf.DNSOutgoing(_QUERY)
        for name in some:
            query.add_question(zeroconf.DNSQuestion(name, TYPE_ANY, CLASS_IN | UNIQUE))
            query.authorities.extend(by_name[name])  # type: ignore[arg-type]  # zeroconf itself probes for pointers only
        yield query


def question(names: Iterable[str], kind: int) -> zeroconf.DNSOutgoing:
    """Ask everybody for the records of a type."""
    query = zeroconf.DNSOutgoing(_QUERY)
    for name in names:
        query.add_question(zeroconf.DNSQuestion(name, kind, CLASS_IN))
    return query


def response(records: Iterable[zeroconf.DNSRecord]) -> zeroconf.DNSOutgoing:
    """Tell everybody these records."""
    out = zeroconf.DNSOutgoing(_RESPONSE)
    for record in records:
        out.add_answer_at_time(record, 0)
    return out
