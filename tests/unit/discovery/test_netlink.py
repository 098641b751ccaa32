"""What the kernel says of links, against iproute2 and against nonsense."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.discovery.netlink import AddressMessage, DumpEnd, LinkMessage, MessageType, dump_request, parse

DATA = Path(__file__).parents[2] / "data" / "netlink"
DUMP = json.loads((DATA / "dump.json").read_text())
EVENTS = json.loads((DATA / "events.json").read_text())

FLAGS = {
    "UP": 0x1,
    "BROADCAST": 0x2,
    "LOOPBACK": 0x8,
    "POINTOPOINT": 0x10,
    "MULTICAST": 0x1000,
    "LOWER_UP": 0x10000,
}
"""``linux/if.h``, by the names that iproute2 gives them."""

SCOPES = {"global": 0, "link": 253, "host": 254}

DATAGRAMS = [
    bytes.fromhex(each)
    for each in [*DUMP["links"], *DUMP["addresses"], *(text for _, some in EVENTS for text in some)]
]


def messages(datagrams):
    return [message for each in datagrams for message in parse(bytes.fromhex(each))]


def test_links_are_those_that_iproute2_sees():
    found = {each.index: each for each in messages(DUMP["links"]) if isinstance(each, LinkMessage)}
    assert {index: each.name for index, each in found.items()} == {
        each["ifindex"]: each["ifname"] for each in DUMP["ip"]
    }
    for each in DUMP["ip"]:
        for name, flag in FLAGS.items():
            assert bool(found[each["ifindex"]].flags & flag) == (name in each["flags"]), (
                each["ifname"],
                name,
            )


def test_addresses_are_those_that_iproute2_sees():
    found = {
        (each.index, str(each.address)): each
        for each in messages(DUMP["addresses"])
        if isinstance(each, AddressMessage)
    }
    seen = {(each["ifindex"], one["local"]): one for each in DUMP["ip"] for one in each["addr_info"]}
    assert found.keys() == seen.keys()
    for key, one in seen.items():
        assert found[key].scope == SCOPES[one["scope"]]
        assert bool(found[key].flags & 0x20) == bool(one.get("deprecated"))
    assert sum(bool(one.get("deprecated")) for one in seen.values()) == 1


def test_lists_have_their_ends():
    assert messages(DUMP["links"])[-1] == DumpEnd(1)
    assert messages(DUMP["addresses"])[-1] == DumpEnd(2)


def heard(command):
    return messages(dict(EVENTS)[command])


def test_what_changes_is_heard():
    (came,) = [
        each for each in heard("ip addr add 192.0.2.77/24 dev eth0") if isinstance(each, AddressMessage)
    ]
    assert (str(came.address), came.gone) == ("192.0.2.77", False)
    (went,) = [
        each for each in heard("ip addr del 192.0.2.77/24 dev eth0") if isinstance(each, AddressMessage)
    ]
    assert (str(went.address), went.gone) == ("192.0.2.77", True)
    down = [
        each
        for each in heard("ip link set eth0 down")
        if isinstance(each, LinkMessage) and each.name == "eth0"
    ]
    assert not down[-1].flags & FLAGS["UP"]
    assert not any(each.gone for each in down)
    assert [each.gone for each in heard("ip link del tun0") if isinstance(each, LinkMessage)][-1]


def test_a_link_that_leaves_a_bridge_is_not_gone():
    """The bridge tells it as RTM_DELLINK of its own family."""
    told = b"".join(bytes.fromhex(each) for each in dict(EVENTS)["ip link set veth1 nomaster"])
    families = []
    while told:
        length, kind = struct.unpack_from("=IH", told)
        if kind == MessageType.DELETED_LINK:
            families.append(told[16])
        told = told[(length + 3) & ~3 :]
    assert socket.AF_BRIDGE in families if hasattr(socket, "AF_BRIDGE") else 7 in families
    assert not any(each.gone for each in heard("ip link set veth1 nomaster"))


def test_a_refusal_ends_a_list_and_an_acknowledgement_does_not():
    refused = struct.pack("=IHHIIi16s", 36, 2, 0, 9, 0, -95, b"")
    assert parse(refused) == [DumpEnd(9, 95)]
    assert parse(struct.pack("=IHHIIi16s", 36, 2, 0, 9, 0, 0, b"")) == []


def test_requests():
    """``struct nlmsghdr`` with NLM_F_REQUEST | NLM_F_DUMP, then ``struct ifinfomsg`` or ``struct ifaddrmsg``."""
    assert dump_request(MessageType.GET_LINK, 5) == struct.pack("=IHHII", 32, 18, 0x301, 5, 0) + bytes(16)
    assert dump_request(MessageType.GET_ADDRESS, 6) == struct.pack("=IHHII", 24, 22, 0x301, 6, 0) + bytes(8)


@pytest.mark.parametrize("data", DATAGRAMS, ids=range(len(DATAGRAMS)))
def test_cut_at_every_byte(data):
    whole = parse(data)
    for length in range(len(data)):
        assert parse(data[:length]) == whole[: len(parse(data[:length]))]


@given(st.binary(max_size=200))
def test_nonsense(data):
    for message in parse(data):
        assert isinstance(message, LinkMessage | AddressMessage | DumpEnd)


@given(st.sampled_from(DATAGRAMS), st.data())
def test_bytes_changed(data, draw):
    changed = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 8))):
        changed[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    for message in parse(bytes(changed)):
        assert isinstance(message, LinkMessage | AddressMessage | DumpEnd)
