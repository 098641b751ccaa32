"""Names and addresses of this machine, by what the kernel says."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import ifaddr
import pytest

from tympan.service import own_names
from tympan.service.own_names import host_of, is_address, network_of, own_addresses

# address, index, prefix length, scope, flags, name: `man 5 proc`, include/uapi/linux/if_addr.h
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
20010db8000000000000000000000008 02 40 00 01     eth0
20010db8000000000000000000000009 02 40 00 a0     eth0
fd000000000000000000000000000007 02 40 00 80     eth0
fe800000000000000000000000000007 02 40 20 80     eth0
20010db8000000000000000000000010 03 40 00 80  docker0
"""


def adapter(name, *addresses):
    return SimpleNamespace(name=name, ips=[SimpleNamespace(ip=address) for address in addresses])


def test_lasting_addresses_and_no_others(monkeypatch, tmp_path):
    path = tmp_path / "if_inet6"
    path.write_text(IF_INET6)
    monkeypatch.setattr(own_names, "_IF_INET6", path)
    adapters = [
        adapter("lo", "127.0.0.1"),
        adapter("eth0", "192.0.2.7", "169.254.1.2", ("2001:db8::7", 0, 0)),
        adapter("docker0", "172.17.0.1"),
        adapter("veth12ab", "172.18.0.1"),
    ]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    assert own_addresses() == ("192.0.2.7", "2001:db8::7", "fd00::7", "127.0.0.1", "::1")


def test_without_ipv6(monkeypatch, tmp_path):
    monkeypatch.setattr(own_names, "_IF_INET6", tmp_path / "there-is-none")
    assert "127.0.0.1" in own_addresses()


def test_they_are_those_that_the_system_says():
    said = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    virtual = ("172.",)
    assert {address for address in own_addresses() if address not in {"127.0.0.1", "::1"}} <= set(said) | set(
        virtual
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", True),
        ("::1", True),
        ("[::1]", True),
        ("fe80::1%eth0", True),
        ("pi.local", False),
        ("", False),
        ("1.2.3", False),
    ],
)
def test_addresses_and_names(text, expected):
    assert is_address(text) is expected


@pytest.mark.parametrize(
    ("authority", "host"),
    [("pi", "pi"), ("pi:1", "pi"), ("[::1]:631", "::1"), ("[::1]", "::1"), ("192.0.2.1:5", "192.0.2.1")],
)
def test_the_host_of_an_authority(authority, host):
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8:0:1:aaaa::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:bbbb::2", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
    ],
)
def test_whom_an_address_counts_for(address, network):
    assert network_of(address) == network
