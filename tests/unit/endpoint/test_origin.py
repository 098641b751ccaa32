"""Which Host headers are ours, and which requests a page of somebody else's made."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from tympan.endpoint.origin import Hosts, is_authority, is_cross_site
from tympan.service import own_names
from tympan.service.own_names import OwnNames


@pytest.fixture
def names(monkeypatch):
    monkeypatch.setattr(own_names, "_node_name", lambda: "pi")
    monkeypatch.setattr(own_names, "_search_domains", lambda: ["office.example"])
    return OwnNames("Shop.local.", ("print.example.com",))


@pytest.mark.parametrize(
    "host",
    [
        "shop.local", "SHOP.local", "shop.local.", "shop.local:631", "shop", "pi", "pi.local:8631", "pi.lan", "pi.fritz.box",
        "pi.office.example", "print.example.com", "localhost", "localhost:8631", "127.0.0.1", "192.0.2.9:631", "[::1]",
        "[2001:db8::1]:631", "[fe80::1%25eth0]:631",
    ],
)  # fmt: skip
def test_what_means_this_machine(names, host):
    hosts = Hosts(names)
    assert hosts.is_own(host)
    assert hosts.is_own(host)  # also when it is remembered


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "shop.local.evil.example", "pi.evil.example", "localhost.evil.example", "print.example.com.evil.example",
        "127.0.0.1.evil.example", "xshop.local", "", ":631", "a b", "shop.local:", "shop.local:631:631", "shop.local/x", "[::1",
        "user@shop.local", "shop.local:99999999",
    ],
)  # fmt: skip
def test_what_means_somebody_else(names, host):
    assert not Hosts(names).is_own(host)


def test_a_name_that_discovery_had_to_take(names):
    hosts = Hosts(names)
    assert not hosts.is_own("shop-2.local")
    names.announced("Shop-2.local.")
    assert hosts.is_own("shop-2.local")
    assert names.certified() == (
        "shop.local",
        "shop-2.local",
        "pi",
        "pi.local",
        "print.example.com",
        "localhost",
    )


def test_any_name_by_configuration(monkeypatch):
    monkeypatch.setattr(own_names, "_node_name", lambda: "pi")
    names = OwnNames("pi.local", ("*",))
    assert Hosts(names).is_own("whatever.example")
    assert not Hosts(names).is_own("what ever")
    assert names.certified() == ("pi.local", "pi", "localhost")


def test_many_names_are_not_kept_for_ever(names):
    hosts = Hosts(names)
    for number in range(2000):
        assert hosts.is_own(f"192.0.2.1:{number}")
    assert len(hosts._good) <= 256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pi", True),
        ("pi:1", True),
        ("[::1]:1", True),
        ("a b", False),
        ("", False),
        ("pi:x", False),
        ("ä", False),
    ],
)
def test_what_is_a_host_at_all(text, expected):
    assert is_authority(text) is expected


@pytest.mark.parametrize(
    ("headers", "cross"),
    [
        ({}, False),  # no browser
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://pi.local:8631"}, False),
        ({"Origin": "https://PI.local:8631"}, False),
        ({"origin": "http://pi.local"}, True),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://["}, True),
        (
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
            False,
        ),  # the browser knows better
    ],
)
def test_what_another_site_sends(headers, cross):
    assert is_cross_site(CIMultiDict({"Host": "pi.local:8631", **headers})) is cross
