"""Multicast DNS by hand: questions out, records in. Shares nothing with what announces."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import NamedTuple

GROUP, PORT = "224.0.0.251", 5353

TYPES = {"A": 1, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "NSEC": 47, "ANY": 255}
_NAMES = {number: name for name, number in TYPES.items()}


class Record(NamedTuple):
    """A record as it stood in a message; `data` is a name, an address, the strings of a TXT, or port and host."""

    name: str
    type: str
    flush: bool
    ttl: int
    data: object
    section: str


class Message(NamedTuple):
    """A message and who sent it."""

    sender: str
    is_answer: bool
    questions: list[tuple[str, str]]
    records: list[Record]


def labels(data: bytes, start: int) -> tuple[list[str], int]:
    """The labels at `start`, and where what follows begins."""
    found: list[str] = []
    end = 0
    while length := data[start]:
        if length >= 0xC0:
            end = end or start + 2
            start = (length & 0x3F) << 8 | data[start + 1]
            continue
        found.append(data[start + 1 : start + 1 + length].decode())
        start += 1 + length
    return found, end or start + 1


def _name(data: bytes, start: int) -> tuple[str, int]:
    found, end = labels(data, start)
    return ".".join(found), end


def parse(data: bytes, sender: str = "") -> Message:
    """Take a message apart."""
    _, flags, *counts = struct.unpack_from("!6H", data)
    position = 12
    questions = []
    for _ in range(counts[0]):
        name, position = _name(data, position)
        questions.append((name, _NAMES.get(struct.unpack_from("!H", data, position)[0], "?")))
        position += 4
    records = []
    for section, count in zip(("answer", "authority", "additional"), counts[1:], strict=True):
        for _ in range(count):
            name, position = _name(data, position)
            kind, klass, ttl, length = struct.unpack_from("!HHIH", data, position)
            position += 10
            value: object = data[position : position + length]
            match _NAMES.get(kind):
                case "A":
                    value = socket.inet_ntop(socket.AF_INET, data[position : position + length])
                case "AAAA":
                    value = socket.inet_ntop(socket.AF_INET6, data[position : position + length])
                case "PTR":
                    value = _name(data, position)[0]
                case "SRV":
                    value = (struct.unpack_from("!H", data, position + 4)[0], _name(data, position + 6)[0])
                case "TXT":
                    value = strings(data[position : position + length])
            records.append(
                Record(name, _NAMES.get(kind, str(kind)), bool(klass & 0x8000), ttl, value, section)
            )
            position += length
    return Message(sender, bool(flags & 0x8000), questions, records)


def strings(data: bytes) -> list[str]:
    """The strings of a TXT record."""
    found = []
    while data:
        found.append(data[1 : 1 + data[0]].decode())
        data = data[1 + data[0] :]
    return found


def question(name: str, kind: str, *, unicast: bool = False) -> bytes:
    """A question."""
    octets = b"".join(bytes([len(label.encode())]) + label.encode() for label in name.split("."))
    return (
        struct.pack("!6H", 0, 0, 1, 0, 0, 0)
        + octets
        + b"\0"
        + struct.pack("!HH", TYPES[kind], 0x8001 if unicast else 1)
    )


def announcement(name: str, port: int, host: str) -> bytes:
    """Somebody says that a service instance is at `host`."""

    def octets(dotted: str) -> bytes:
        return b"".join(bytes([len(label.encode())]) + label.encode() for label in dotted.split(".")) + b"\0"

    data = struct.pack("!HHH", 0, 0, port) + octets(host)
    return (
        struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0)
        + octets(name)
        + struct.pack("!HHIH", TYPES["SRV"], 0x8001, 120, len(data))
        + data
    )


def ask_alone(udp: socket.socket, address: str, name: str, kind: str, seconds: float = 1.0) -> list[Record]:
    """Ask by multicast from another port: what is answered to this socket alone (RFC 6762 §6.7)."""
    udp.bind((address, 0))
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    udp.sendto(question(name, kind), (GROUP, PORT))
    found: list[Record] = []
    end = time.monotonic() + seconds
    while select.select([udp], [], [], max(end - time.monotonic(), 0))[0]:
        found += parse(udp.recv(9000)).records
    return found


class Ear:
    """Hears everything that is said by multicast on a link, and can ask.

    Args:
        udp: A UDP socket in the network to listen to.
        address: The address there to listen at.
    """

    def __init__(self, udp: socket.socket, address: str) -> None:
        self._socket = udp
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        udp.bind(("", PORT))
        udp.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(address)
        )
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)

    def hear(self, seconds: float) -> list[Message]:
        """What is said in the next seconds."""
        heard = []
        end = time.monotonic() + seconds
        while select.select([self._socket], [], [], max(end - time.monotonic(), 0))[0]:
            data, sender = self._socket.recvfrom(9000)
            heard.append(parse(data, sender[0]))
        return heard

    def ask(self, name: str, kind: str, seconds: float = 1.2) -> list[Record]:
        """Ask, and gather every record of the answers; what was said before is forgotten."""
        self.hear(0.001)
        self._socket.sendto(question(name, kind), (GROUP, PORT))
        return [record for message in self.hear(seconds) if message.is_answer for record in message.records]

    def say(self, data: bytes) -> None:
        """Send a message to everybody."""
        self._socket.sendto(data, (GROUP, PORT))

    def close(self) -> None:
        self._socket.close()
