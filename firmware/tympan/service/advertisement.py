"""What DNS-SD says of a printer: its TXT record, drawn from the very attributes that Get-Printer-Attributes answers.

PWG 5100.14 §4.2.3 (IPP Everywhere) and Apple's Bonjour Printing Specification 1.2.1 name the keys. Nothing is known here
that the attributes do not say, so that a client sees the same printer both ways. It announces nothing: that is discovery's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tympan.driver.device_id import parse_device_id
from tympan.ipp import Attribute, Collection
from tympan.service.formats import OCTET_STREAM
from tympan.service.printer import Printer

ATTRIBUTES = (
    "color-supported",
    "document-format-supported",
    "media-col-ready",
    "media-size-supported",
    "media-type-supported",
    "mopria-certified",
    "printer-device-id",
    "printer-kind",
    "printer-location",
    "printer-make-and-model",
    "printer-more-info",
    "printer-uri-supported",
    "printer-uuid",
    "sides-supported",
    "urf-supported",
    "uri-authentication-supported",
    "uri-security-supported",
)
"""What the TXT record is drawn from; of these, what a printer has not is left out."""

MAX_PAIR_OCTETS = 255
"""The longest ``key=value``, RFC 6763 §6.1."""

TLS_VERSION = "1.2"
"""``TLS``: the least version that is spoken, where any is."""

_PAPER_MAX = ((42_000, "isoC-A2"), (27_940, "tabloid-A3"), (21_000, "legal-A4"))
"""``PaperMax`` by the least width of the widest paper, hundredths of a millimetre; below all: ``<legal-A4``."""

CONTINUOUS = "continuous"
"""``media-type`` of a roll."""

_AIR = {
    "none": "none",
    "requesting-user-name": "none",
    "basic": "username,password",
    "digest": "username,password",
}
"""``air``: what a client must ask its user for, by ``uri-authentication-supported``."""


def txt_of(printer: Printer, printer_uri: str) -> dict[str, str]:
    """The TXT record of a printer, in the order it is announced; ``rp`` and what else matters most comes first.

    Args:
        printer: The printer.
        printer_uri: Its URI by the name it is announced under, such as ``ipp://shop.local:631/ipp/print/receipt``.

    Returns:
        Keys and values; no pair is longer than `MAX_PAIR_OCTETS`.
    """
    return txt_record(printer.attributes(printer_uri, ATTRIBUTES))


def txt_record(attributes: Mapping[str, Attribute]) -> dict[str, str]:
    """The TXT record that the printer attributes `attributes` make."""

    def strings(name: str) -> tuple[str, ...]:
        return attributes[name].strings() if name in attributes else ()

    def string(name: str) -> str:
        return next(iter(strings(name)), "")

    device = parse_device_id(string("printer-device-id").encode())
    color, sides = attributes.get("color-supported"), strings("sides-supported")
    pairs: dict[str, str | list[str]] = {
        "txtvers": "1",
        "qtotal": "1",
        "rp": urlsplit(string("printer-uri-supported")).path.lstrip("/"),
        "ty": string("printer-make-and-model"),
        "note": string("printer-location"),
        "adminurl": string("printer-more-info"),
        "pdl": [each for each in strings("document-format-supported") if each != OCTET_STREAM],
        "UUID": string("printer-uuid").removeprefix("urn:uuid:"),
        "URF": list(strings("urf-supported")),
        "TLS": TLS_VERSION if "tls" in strings("uri-security-supported") else "",
        "Color": "T" if color is not None and color.first else "F",
        "Duplex": "T" if any(side.startswith("two-sided") for side in sides) else "F",
        "PaperMax": _paper_max(_paper_widths(attributes)),
        "kind": list(strings("printer-kind")),
        "priority": "50",
        "product": f"({device.model})" if device.model else "",
        "usb_MFG": device.make,
        "usb_MDL": device.model,
        "usb_CMD": list(device.commands),
        "air": _AIR.get(string("uri-authentication-supported"), "none"),
        "mopria-certified": string("mopria-certified"),
        "Scan": "F",
        "Fax": "F",
    }
    return {key: fitting for key, value in pairs.items() if (fitting := _fitting(key, value))}


def _fitting(key: str, value: str | list[str]) -> str:
    """A value that fits into a pair: of a list as many items as do, of a text its beginning."""
    room = MAX_PAIR_OCTETS - len(key) - 1
    if isinstance(value, str):
        return value.encode()[:room].decode(errors="ignore")
    items = list(value)
    while len(",".join(items).encode()) > room:
        items.pop()
    return ",".join(items)


def _paper_widths(attributes: Mapping[str, Attribute]) -> list[int]:
    """How wide the paper is that the printer takes, hundredths of a millimetre.

    On a roll it is the roll: sheets that are wider are offered, but are printed smaller.
    """
    types = attributes.get("media-type-supported")
    ready = attributes.get("media-col-ready")
    if types is not None and set(types.strings()) == {CONTINUOUS} and ready is not None:
        loaded = (media.get("media-size") for media in ready.collections())
        sizes = [size.first for size in loaded if size is not None and isinstance(size.first, Collection)]
    else:
        supported = attributes.get("media-size-supported")
        sizes = list(supported.collections()) if supported is not None else []
    widths = (size.get("x-dimension") for size in sizes)
    return [width.first for width in widths if width is not None and isinstance(width.first, int)]


def _paper_max(widths: Sequence[int]) -> str:
    """``PaperMax``: judged by the width, because a long receipt is no large sheet."""
    return next((name for least, name in _PAPER_MAX if widths and max(widths) >= least), "<legal-A4")
