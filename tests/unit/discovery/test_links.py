"""On which links printers are announced, and with which addresses."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from tympan.config import DiscoverySettings
from tympan.discovery.links import LinkTable, Listener, is_chosen
from tympan.discovery.netlink import AddressMessage, LinkMessage, parse

UP = 0x1 | 0x40 | 0x1000 | 0x10000
LINK_SCOPE = 253
TENTATIVE, DEPRECATED, TEMPORARY, FAILED = 0x40, 0x20, 0x01, 0x08

EVERYWHERE = [Listener.of("::", 631)]
DATA = Path(__file__).parents[2] / "data" / "netlink"


def table(*addresses, name="eth0", flags=UP):
    made = LinkTable()
    made.apply(LinkMessage(2, name, flags))
    for each in addresses:
        text, address_flags = each if isinstance(each, tuple) else (each, 0)
        address = ip_address(text)
        made.apply(AddressMessage(2, address, LINK_SCOPE if address.is_link_local else 0, address_flags))
    return made


def announced(made, listeners=EVERYWHERE, **settings):
    return made.announced(DiscoverySettings(**settings), listeners)


def addresses(made, listeners=EVERYWHERE):
    links = announced(made, listeners)
    return [str(each) for link in links for each in link.addresses]


def test_of_the_recorded_machine_only_the_network_is_left():
    made = LinkTable()
    for datagrams in json.loads((DATA / "dump.json").read_text()).values():
        for data in datagrams if isinstance(datagrams[0], str) else ():
            for message in parse(bytes.fromhex(data)):
                if isinstance(message, LinkMessage | AddressMessage):
                    made.apply(message)
    (link,) = announced(made)
    assert link.name == "eth0"
    assert [str(each) for each in link.addresses] == ["192.0.2.5", "2001:db8::5"]
    assert str(link.ipv4) == "192.0.2.5"
    assert link.ipv6.is_link_local


@pytest.mark.parametrize(
    ("flags", "good"),
    [
        (UP, True),
        (UP & ~0x1, False),  # down
        (UP & ~0x40, False),  # no cable
        (UP & ~0x1000, False),  # no multicast
        (UP | 0x8, False),  # loopback
        (UP | 0x10, False),  # the far end of a tunnel is no network
    ],
)
def test_flags(flags, good):
    assert bool(announced(table("192.0.2.5", flags=flags))) == good


@pytest.mark.parametrize("name", ["eth0", "wlan0", "enp3s0", "br0", "usb0", "end0", "bond0"])
def test_networks_are_announced_on(name):
    assert is_chosen(name, DiscoverySettings())


@pytest.mark.parametrize(
    "name",
    [
        "docker0",
        "veth12ab",
        "br-0123456789ab",
        "virbr0",
        "tun0",
        "tap0",
        "wg0",
        "tailscale0",
        "lxcbr0",
        "cni0",
    ],
)
def test_virtual_ones_are_left_out(name):
    assert not is_chosen(name, DiscoverySettings())
    assert is_chosen(name, DiscoverySettings(interfaces=(name,)))


def test_the_configuration_chooses():
    assert not is_chosen("eth0", DiscoverySettings(interfaces=("wlan*",)))
    assert is_chosen("wlan1", DiscoverySettings(interfaces=("wlan*",)))
    assert not is_chosen("eth1", DiscoverySettings(ignore=("eth1",)))
    assert is_chosen("docker0", DiscoverySettings(ignore=("eth1",)))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (["192.0.2.5"], ["192.0.2.5"]),
        (["192.0.2.5", "fe80::1"], ["192.0.2.5"]),
        (["169.254.3.4", "fe80::1"], ["169.254.3.4", "fe80::1"]),
        (["169.254.3.4", "192.0.2.5"], ["192.0.2.5"]),
        ([("2001:db8::1", TENTATIVE), "192.0.2.5"], ["192.0.2.5"]),
        ([("2001:db8::1", DEPRECATED), "192.0.2.5"], ["192.0.2.5"]),
        ([("2001:db8::1", FAILED), "192.0.2.5"], ["192.0.2.5"]),
        ([("2001:db8::1", TEMPORARY), "2001:db8::2"], ["2001:db8::2"]),
        ([("2001:db8::1", TEMPORARY)], ["2001:db8::1"]),
        (
            [("192.0.2.5", TEMPORARY), "192.0.2.6"],
            ["192.0.2.5", "192.0.2.6"],
        ),  # of IPv4 the flag says "secondary"
        ([], []),
    ],
)
def test_addresses(there, said):
    assert addresses(table(*there)) == said


@pytest.mark.parametrize(
    ("listening", "said", "port"),
    [
        ([("::", 631)], ["192.0.2.5", "2001:db8::5"], 631),
        ([("0.0.0.0", 631)], ["192.0.2.5"], 631),
        ([("192.0.2.5", 8631)], ["192.0.2.5"], 8631),
        ([("2001:db8::5", 631)], ["2001:db8::5"], 631),
        ([("192.0.2.9", 631), ("192.0.2.5", 632)], ["192.0.2.5"], 632),
        ([("::", 631), ("::", 8631)], ["192.0.2.5", "2001:db8::5"], 631),
    ],
)
def test_only_what_is_listened_on(listening, said, port):
    listeners = [Listener.of(*each) for each in listening]
    (link,) = announced(table("192.0.2.5", "2001:db8::5"), listeners)
    assert ([str(each) for each in link.addresses], link.port) == (said, port)
    assert str(link.ipv4) == "192.0.2.5"  # whatever is announced, it can be asked for by IPv4


def test_another_links_address_is_not_announced():
    assert announced(table("192.0.2.5"), [Listener.of("198.51.100.1", 631)]) == ()


def test_loopback_is_nobodys_business():
    assert Listener.of("127.0.0.1", 631).is_loopback
    assert Listener.of("::1", 631).is_loopback
    assert not Listener.of("::", 631).is_loopback
    assert not Listener.of("0.0.0.0", 631).is_loopback


def test_the_same_link_local_address_twice_is_told_apart_by_the_interface():
    made = table("fe80::1", "192.0.2.5")
    assert announced(made)[0].sources == ["192.0.2.5", "fe80::1"]
    made.apply(LinkMessage(3, "eth0.10", UP))
    made.apply(AddressMessage(3, ip_address("fe80::1"), LINK_SCOPE, 0))
    assert [link.sources for link in announced(made)] == [["192.0.2.5", 2], [3]]


def test_what_changes_and_what_does_not():
    made = table("192.0.2.5")
    assert not made.apply(LinkMessage(2, "eth0", UP))  # a radio tells of itself all the time
    assert made.apply(LinkMessage(2, "eth0", UP & ~0x40))
    assert announced(made) == ()
    assert made.apply(LinkMessage(2, "eth0", UP))
    assert not made.apply(AddressMessage(2, ip_address("192.0.2.5"), 0, 0))
    assert made.apply(AddressMessage(2, ip_address("192.0.2.5"), 0, 0, gone=True))
    assert not made.apply(AddressMessage(2, ip_address("192.0.2.5"), 0, 0, gone=True))
    assert announced(made) == ()


def test_with_its_link_an_address_goes():
    made = table("192.0.2.5")
    made.apply(LinkMessage(2, "eth0", UP, gone=True))
    assert made.own_addresses() == frozenset()
