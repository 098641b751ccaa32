"""The services that a printer is announced as: types, sub-types, ports and TXT records.

RFC 6763, Apple's Bonjour Printing Specification 1.2.1, PWG 5100.14 §4.2 (IPP Everywhere). What the TXT record says comes
from the printer's attributes (`tympan.service.advertisement`) and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tympan.service.advertisement import txt_of
from tympan.service.printer import Printer

PRINT_SUBTYPES = ("_print", "_universal")
"""``_print`` says IPP Everywhere, ``_universal`` says AirPrint; iOS looks for the latter alone."""

PAGE_SUBTYPES = ("_printer",)
"""The page is a printer's."""

NO_PORT = 0
"""The port of a service that there is not: its name is taken all the same, Bonjour Printing §2 (flagship naming)."""

_KEY_OF_TLS = "TLS"


@dataclass(frozen=True, slots=True)
class Announced:
    """One service of a printer.

    Attributes:
        type: Its type, such as ``_ipp._tcp``.
        port: Its TCP port.
        subtypes: Its sub-types, such as ``_universal``.
        txt: Its TXT record, in its order.
    """

    type: str
    port: int
    subtypes: tuple[str, ...] = ()
    txt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """A printer as it is announced on a link.

    Attributes:
        instance: Its service instance name.
        services: Its services.
    """

    instance: str
    services: tuple[Announced, ...]


def services_of(printer: Printer, host: str, port: int) -> tuple[Announced, ...]:
    """What a printer is announced as.

    Args:
        printer: The printer.
        host: The host name that clients reach it by, such as ``shop.local``.
        port: The TCP port of the service.
    """
    txt = txt_of(printer, f"ipp://{host}:{port}/ipp/print/{printer.name}")
    services = [
        Announced("_printer._tcp", NO_PORT),
        Announced("_ipp._tcp", port, PRINT_SUBTYPES, txt),
        Announced("_http._tcp", port, PAGE_SUBTYPES, {"path": urlsplit(txt.get("adminurl", "")).path or "/"}),
    ]
    if _KEY_OF_TLS in txt:
        services.insert(2, Announced("_ipps._tcp", port, PRINT_SUBTYPES, txt))
    return tuple(services)
