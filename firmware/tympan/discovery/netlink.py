"""rtnetlink: what the kernel says of links and addresses, taken apart (netlink(7), rtnetlink(7)).

Sans-IO: bytes in, messages out. What is cut short or makes no sense is left out; nothing that arrives raises.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

IpAddress = IPv4Address | IPv6Address

GROUPS = 0x1 | 0x10 | 0x100
"""``RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR``: what a socket that hears of every change is bound to."""


class MessageType(IntEnum):
    """``nlmsg_type`` of the messages that are understood."""

    ERROR = 2
    DONE = 3
    NEW_LINK = 16
    DELETED_LINK = 17
    GET_LINK = 18
    NEW_ADDRESS = 20
    DELETED_ADDRESS = 21
    GET_ADDRESS = 22


_REQUEST_DUMP = 0x1 | 0x300
"""``NLM_F_REQUEST | NLM_F_DUMP``."""

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
_WORD = struct.Struct("=I")

_ATTRIBUTE_TYPE = 0x3FFF
"""What is left of an attribute's type without ``NLA_F_NESTED`` and ``NLA_F_NET_BYTEORDER``."""

_IFLA_IFNAME = 3
_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_IFA_FLAGS = 8


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """A link is there, has changed or is gone.

    Attributes:
        index: The interface's number.
        name: Its name, such as ``eth0``.
        flags: ``IFF_…``.
        gone: It is there no more.
    """

    index: int
    name: str
    flags: int
    gone: bool = False


@dataclass(frozen=True, slots=True)
class AddressMessage:
    """An address is there, has changed or is gone.

    Attributes:
        index: The number of the interface that has it.
        address: The address.
        scope: ``RT_SCOPE_…``.
        flags: ``IFA_F_…``.
        gone: It is there no more.
    """

    index: int
    address: IpAddress
    scope: int
    flags: int
    gone: bool = False


@dataclass(frozen=True, slots=True)
class DumpEnd:
    """The list that was asked for is complete, or is refused.

    Attributes:
        sequence: The number of the request.
        error: ``errno``; 0: complete.
    """

    sequence: int
    error: int = 0


NetlinkMessage = LinkMessage | AddressMessage | DumpEnd


def dump_request(kind: MessageType, sequence: int) -> bytes:
    """Ask for every link (``GET_LINK``) or every address (``GET_ADDRESS``), under a number of the caller's choice."""
    body = bytes(_LINK.size if kind == MessageType.GET_LINK else _ADDRESS.size)
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, sequence, 0) + body


def parse(data: bytes) -> list[NetlinkMessage]:
    """The messages of a datagram, without those that are of no concern."""
    found: list[NetlinkMessage] = []
    for kind, sequence, body in _messages(data):
        message: NetlinkMessage | None = None
        if kind in {MessageType.NEW_LINK, MessageType.DELETED_LINK}:
            message = _link(body, gone=kind == MessageType.DELETED_LINK)
        elif kind in {MessageType.NEW_ADDRESS, MessageType.DELETED_ADDRESS}:
            message = _address(body, gone=kind == MessageType.DELETED_ADDRESS)
        elif kind == MessageType.DONE:
            message = DumpEnd(sequence)
        elif kind == MessageType.ERROR:
            code = -_ERROR.unpack_from(body)[0] if len(body) >= _ERROR.size else errno.EPROTO
            message = DumpEnd(sequence, code) if code else None  # 0 is an acknowledgement
        if message is not None:
            found.append(message)
    return found


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    while start + _HEADER.size <= len(data):
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, start)
        if length < _HEADER.size or start + length > len(data):
            return
        yield kind, sequence, data[start + _HEADER.size : start + length]
        start += _aligned(length)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    start = 0
    while start + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < _ATTRIBUTE.size or start + length > len(data):
            break
        found[kind & _ATTRIBUTE_TYPE] = data[start + _ATTRIBUTE.size : start + length]
        start += _aligned(length)
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _link(body: bytes, *, gone: bool) -> LinkMessage | None:
    if len(body) < _LINK.size:
        return None
    family, _, index, flags, _ = _LINK.unpack_from(body)
    if family != socket.AF_UNSPEC:  # a bridge tells of its ports so: one that leaves it is not gone
        return None
    name = _attributes(body[_LINK.size :]).get(_IFLA_IFNAME, b"").partition(b"\0")[0]
    return LinkMessage(index, name.decode(errors="replace"), flags, gone)


def _address(body: bytes, *, gone: bool) -> AddressMessage | None:
    if len(body) < _ADDRESS.size:
        return None
    family, _, flags, scope, index = _ADDRESS.unpack_from(body)
    attributes = _attributes(body[_ADDRESS.size :])
    packed = attributes.get(_IFA_LOCAL) or attributes.get(
        _IFA_ADDRESS, b""
    )  # of a tunnel, the latter is the far end
    if len(packed) != {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family):
        return None
    more = attributes.get(_IFA_FLAGS, b"")
    if len(more) == _WORD.size:
        flags = _WORD.unpack(more)[0]
    return AddressMessage(index, ip_address(packed), scope, flags, gone)
