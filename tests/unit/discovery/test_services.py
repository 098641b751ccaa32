"""What a printer is announced as, and that its TXT record says what IPP says, key by key."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from desk import BASE, open_desk

from tympan.discovery import services
from tympan.discovery.services import services_of
from tympan.ipp import GroupTag, Operation

HOST, PORT = "printer.example", 631


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


def announced(desk, name):
    return {each.type: each for each in services_of(desk.service.printers[name], HOST, PORT)}


def joined(name):
    return lambda found: ",".join(found[name].strings())


def text(name):
    return lambda found: found[name].first


RULES = {
    "txtvers": lambda _: "1",
    "qtotal": lambda _: "1",
    "rp": lambda found: found["printer-uri-supported"].first.split("/", 3)[3],
    "ty": text("printer-make-and-model"),
    "note": text("printer-location"),
    "adminurl": text("printer-more-info"),
    "pdl": lambda found: ",".join(
        each for each in found["document-format-supported"].strings() if each != "application/octet-stream"
    ),
    "UUID": lambda found: found["printer-uuid"].first.removeprefix("urn:uuid:"),
    "URF": joined("urf-supported"),
    "TLS": lambda found: "1.2" if "tls" in found["uri-security-supported"].strings() else "",
    "Color": lambda found: "FT"[found["color-supported"].first],
    "Duplex": lambda found: "FT"[len(found["sides-supported"].values) > 1],
    "kind": joined("printer-kind"),
    "mopria-certified": text("mopria-certified"),
    "usb_MDL": lambda found: found["printer-device-id"].first.partition("MDL:")[2].partition(";")[0],
    "usb_MFG": lambda found: found["printer-device-id"].first.partition("MFG:")[2].partition(";")[0],
}
"""Key of the TXT record to what it is by IPP: PWG 5100.14 table 2, Bonjour Printing Specification §9."""


@pytest.mark.parametrize("name", ["receipt", "laser"])
def test_the_txt_record_says_what_ipp_says(desk, name):
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, f"{BASE}/ipp/print/{name}")
    found = {each.name: each for each in answer.group(GroupTag.PRINTER)}
    txt = announced(desk, name)["_ipp._tcp"].txt
    assert {key: txt.get(key, "") for key in RULES} == {key: rule(found) for key, rule in RULES.items()}


def test_the_services_of_a_printer(desk):
    found = announced(desk, "laser")
    tls = "TLS" in found["_ipp._tcp"].txt
    assert list(found) == ["_printer._tcp", "_ipp._tcp", *(["_ipps._tcp"] if tls else []), "_http._tcp"]
    assert found["_ipp._tcp"].subtypes == ("_print", "_universal")
    assert (found["_ipp._tcp"].port, found["_http._tcp"].port) == (PORT, PORT)
    assert (found["_printer._tcp"].port, found["_printer._tcp"].txt) == (0, {})  # there is no LPD
    assert found["_ipp._tcp"].txt["adminurl"] == f"http://{HOST}:{PORT}{found['_http._tcp'].txt['path']}"


def test_with_encryption_there_is_ipps(monkeypatch):
    monkeypatch.setattr(services, "txt_of", lambda _, uri: {"rp": uri, "TLS": "1.2"})
    found = {each.type: each for each in services_of(SimpleNamespace(name="laser"), "shop.local", 631)}
    assert found["_ipps._tcp"].txt == found["_ipp._tcp"].txt
    assert found["_ipps._tcp"].subtypes == ("_print", "_universal")
    assert found["_ipps._tcp"].txt["rp"] == "ipp://shop.local:631/ipp/print/laser"


def test_without_encryption_there_is_no_ipps(monkeypatch):
    monkeypatch.setattr(services, "txt_of", lambda _, uri: {"rp": uri})
    assert "_ipps._tcp" not in {
        each.type for each in services_of(SimpleNamespace(name="laser"), "shop.local", 631)
    }
