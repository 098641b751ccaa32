"""The TXT record against what IPP Everywhere and the Bonjour Printing Specification say of its keys."""

from __future__ import annotations

import pytest

from tympan.ipp import Attribute, Collection
from tympan.service.advertisement import txt_of, txt_record
from tympan.service.dns_sd_name import dns_sd_name

URI = "ipp://shop.local:631/ipp/print/{}"


def record(printers, name):
    return txt_of(printers[name], URI.format(name))


def test_the_receipt_printer(printers):
    txt = record(printers, "receipt")
    assert txt["txtvers"] == txt["qtotal"] == "1"
    assert txt["rp"] == "ipp/print/receipt"
    assert txt["ty"] == "Generic ESC-POS 80mm"
    assert txt["adminurl"].startswith("http://shop.local:631/")
    assert txt["product"] == "(ESC-POS 80mm)"
    assert (txt["usb_MFG"], txt["usb_MDL"], txt["usb_CMD"]) == ("Generic", "ESC-POS 80mm", "ESC/POS")
    assert (txt["Color"], txt["Duplex"], txt["kind"]) == ("F", "F", "receipt")
    assert {"application/pdf", "image/urf", "image/pwg-raster", "image/jpeg"} <= set(txt["pdl"].split(","))
    assert (txt["Scan"], txt["Fax"], txt["air"], txt["mopria-certified"]) == ("F", "F", "none", "1.3")
    assert len(txt["UUID"]) == 36
    assert "RS203" in txt["URF"].split(",")


def test_the_laser(printers):
    txt = record(printers, "laser")
    assert (txt["rp"], txt["Duplex"], txt["PaperMax"]) == ("ipp/print/laser", "T", "legal-A4")
    assert txt["usb_CMD"] == "PJL,PCL5E,PCL"
    assert {"DM1", "W8", "RS600-300"} <= set(txt["URF"].split(","))


def test_every_pair_fits(printers):
    for name in printers:
        for key, value in record(printers, name).items():
            assert len(f"{key}={value}".encode()) <= 255
            assert value


def test_what_does_not_fit_is_cut_between_items():
    formats = [f"application/vnd.example-{number}" for number in range(20)]
    txt = txt_record(
        {
            "document-format-supported": Attribute.mime("document-format-supported", *formats),
            "printer-location": Attribute.text("printer-location", "ß" * 200),
        }
    )
    kept = txt["pdl"].split(",")
    assert kept == formats[: len(kept)]
    assert len(f"pdl={txt['pdl']}") <= 255 < len(f"pdl={txt['pdl']},{formats[len(kept)]}")
    assert txt["note"] == "ß" * 125


@pytest.mark.parametrize(
    ("width", "expected"),
    [(8000, "<legal-A4"), (21_000, "legal-A4"), (21_590, "legal-A4"), (29_700, "tabloid-A3"), (42_000, "isoC-A2")],
)  # fmt: skip
def test_paper_max(width, expected):
    size = Collection((Attribute.integer("x-dimension", width), Attribute.integer("y-dimension", 100_000)))
    assert txt_record({"media-size-supported": Attribute.collection("m", size)})["PaperMax"] == expected


def test_the_paper_of_a_receipt_printer_is_its_roll(printers):
    """A4 and Letter are offered to whoever knows no roll, but come out 80 mm wide."""
    offered = printers["receipt"].attributes("ipp://localhost/ipp/print/receipt", ["media-supported"])
    assert "iso_a4_210x297mm" in offered["media-supported"].strings()
    assert record(printers, "receipt")["PaperMax"] == "<legal-A4"


def test_tls_and_a_password_are_said():
    txt = txt_record(
        {
            "uri-security-supported": Attribute.keyword("uri-security-supported", "none", "tls"),
            "uri-authentication-supported": Attribute.keyword("uri-authentication-supported", "basic"),
        }
    )
    assert (txt["TLS"], txt["air"]) == ("1.2", "username,password")


def test_no_tls_is_no_key(printers):
    assert record(printers, "receipt")["TLS"] == "1.2"
    assert "TLS" not in txt_record(
        {"uri-security-supported": Attribute.keyword("uri-security-supported", "none")}
    )


@pytest.mark.parametrize(
    ("info", "expected"),
    [("Counter receipts", "Counter receipts"), ("Room 1.2", "Room 1 2"), ("...", "Printer"), ("ä" * 40, "ä" * 31)],
)  # fmt: skip
def test_instance_names(info, expected):
    assert dns_sd_name(info) == expected


def test_another_name_after_a_conflict(printers):
    printer = printers["laser"]
    before = printer.generation
    printer.announced_as("laser (2)")
    assert printer.generation > before
    found = printer.attributes(URI.format("laser"), ["printer-dns-sd-name"])
    assert found["printer-dns-sd-name"].first == "laser (2)"
