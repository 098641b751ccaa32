"""Names of service instances and of the host (RFC 6763 §4.1.1, RFC 1123 §2.1)."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan.discovery.names import host_name, host_names, instance_name, instance_names
from tympan.service.description import PrinterIdentity
from tympan.service.dns_sd_name import dns_sd_name

IDENTITY = PrinterIdentity("laser", "Office laser", "", "", "", "", "0")


@pytest.mark.parametrize(
    ("info", "host", "name"),
    [
        ("Office laser", "shop.local", "Office laser"),
        ("laser", "shop.local", "laser @ shop"),  # nobody gave it a name for people
        ("", "shop.local", "laser @ shop"),
        ("laser", "shop.example.org", "laser @ shop"),
        ("Büro 2.OG", "shop.local", "Büro 2 OG"),
    ],
)
def test_what_a_printer_is_announced_as(info, host, name):
    assert instance_name(replace(IDENTITY, info=info), host) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a" * 70, "a" * 63),
        ("ä" * 40, "ä" * 31),  # two octets each
        ("a" + "ä" * 40, "a" + "ä" * 31),
        ("u\u0308ber", "über"),  # composed, RFC 5198
        ("x" * 61 + "q\u0301", "x" * 61),  # a letter keeps its accent: 61 + 1 + 2 octets are too many
        ("x" * 59 + "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}", "x" * 59),
        ("two\nlines\tand \0", "two lines and"),
        ("...", "Printer"),
        ("   ", "Printer"),
    ],
)
def test_names_fit(text, name):
    assert dns_sd_name(text) == name


@given(st.text(max_size=200))
def test_every_name_is_one_label(text):
    name = dns_sd_name(text)
    assert 1 <= len(name.encode()) <= 63
    assert "." not in name
    assert name == name.strip()
    assert not re.search(r"[\x00-\x1f\x7f]", name)
    assert dns_sd_name(name) == name


def test_what_is_tried_where_a_name_is_taken():
    assert list(islice(instance_names("Laser"), 4)) == ["Laser", "Laser (2)", "Laser (3)", "Laser (4)"]
    long = list(islice(instance_names("ä" * 31), 12))
    assert long[1] == "ä" * 29 + " (2)"
    assert long[11] == "ä" * 29 + " (12)"
    assert all(len(each.encode()) <= 63 for each in long)


@pytest.mark.parametrize(
    ("configured", "name"),
    [
        ("shop.local", "shop.local"),
        ("shop.example.org", "shop.local"),
        ("shop", "shop.local"),
        ("shop.local.", "shop.local"),
        ("localhost", "tympan.local"),
        ("[2001:db8::1]", "tympan.local"),
        ("192.0.2.5", "tympan.local"),
    ],
)
def test_the_hosts_name(configured, name):
    assert host_name(configured) == name


def test_what_is_tried_where_another_host_has_the_name():
    assert list(islice(host_names("shop.local"), 3)) == ["shop.local", "shop-2.local", "shop-3.local"]
    label = next(islice(host_names("x" * 63 + ".local"), 1, None)).removesuffix(".local")
    assert (len(label), label[-2:]) == (63, "-2")
