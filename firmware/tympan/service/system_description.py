"""The system as attributes: what Get-System-Attributes shows (PWG 5100.22 §7.2 and §7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tympan import __version__
from tympan.driver import registry
from tympan.ipp import Attribute, Collection, Operation
from tympan.ipp.registry import section
from tympan.service.clock import date_time
from tympan.service.description import CHARSETS, NATURAL_LANGUAGE, UTF_8
from tympan.service.event_source import system_reasons, system_state
from tympan.service.printer import Printer
from tympan.service.settable import GEO_LOCATION, MEDIA, TEXTS
from tympan.service.subscription_attributes import notification_attributes
from tympan.service.system_object import SETTABLE, SystemObject
from tympan.service.xri import xri

SYSTEM_PATH: Final = "/ipp/system"

IPP_VERSIONS: Final = ("2.0", "2.1", "2.2")
"""The system service was made for IPP/2.x."""

DEVICE_URI: Final = "smi55357-device-uri"
DRIVER: Final = "smi55357-driver"
"""What Create-Printer takes besides: registered to nobody, and named as PAPPL's tools name them."""

MANDATORY: Final = ("printer-name", DEVICE_URI, DRIVER)
"""``system-mandatory-printer-attributes``."""

CREATION: Final = (*MANDATORY, *TEXTS, GEO_LOCATION, *MEDIA)
"""``printer-creation-attributes-supported``, and every ``-default`` that the new printer's driver offers."""

GROUPS: Final[Mapping[str, str]] = {
    "system-description": "System Description",
    "system-status": "System Status",
}
"""Groups that ``requested-attributes`` may name, and the registry's sections."""

_SERVICE_TYPE = "print"


def system_attributes(
    system: SystemObject, printers: Sequence[Printer], base_uri: str, operations: Sequence[Operation]
) -> list[Attribute]:
    """Every attribute of the system.

    Args:
        system: The system.
        printers: Every printer, the default printer first.
        base_uri: ``ipp://HOST:PORT`` as the client reaches us.
        operations: What is answered at ``/ipp/system``.
    """
    return [
        *_description(system, printers, base_uri, operations),
        *notification_attributes(system.settings.notifications, system=True),
        *_status(system, printers, base_uri),
    ]


def choose(attributes: Sequence[Attribute], requested: Sequence[str]) -> tuple[list[Attribute], list[str]]:
    """The attributes that are asked for by name and group, and the names there are none of."""
    names = {attribute.name for attribute in attributes}
    wanted = set(requested) & names
    if "all" in requested:
        wanted = names
    for group, name in GROUPS.items():
        if group in requested:
            wanted |= names & section(name).keys()
            if group == "system-description":  # what is registered nowhere describes the system too
                wanted |= {each for each in names if each.startswith("smi")}
    missing = [name for name in dict.fromkeys(requested) if name not in {*names, "all", *GROUPS}]
    return [attribute for attribute in attributes if attribute.name in wanted], missing


def _ways(printers: Sequence[Printer], base_uri: str) -> tuple[Attribute, Attribute, Attribute]:
    """How the system is reached: as its printers are."""
    uris: list[str] = [f"{base_uri}{SYSTEM_PATH}"]
    authentications, securities = ["requesting-user-name"], ["none"]
    for printer in printers[:1]:
        asked = ("printer-uri-supported", "uri-authentication-supported", "uri-security-supported")
        found = printer.attributes(f"{base_uri}/ipp/print/{printer.name}", asked)
        ways: dict[str, tuple[str, str]] = {}
        for uri, authentication, security in zip(*(found[name].strings() for name in asked), strict=True):
            ways.setdefault(uri.partition("/ipp/")[0] + SYSTEM_PATH, (authentication, security))
        uris = list(ways)
        authentications = [authentication for authentication, _ in ways.values()]
        securities = [security for _, security in ways.values()]
    return (
        Attribute.uri("printer-uri-supported", *uris),
        Attribute.keyword("uri-authentication-supported", *authentications),
        Attribute.keyword("uri-security-supported", *securities),
    )


def _description(
    system: SystemObject, printers: Sequence[Printer], base_uri: str, operations: Sequence[Operation]
) -> list[Attribute]:
    uris, authentications, securities = _ways(printers, base_uri)
    default = next((printer for printer in printers if printer.is_default), None)
    geo = system.geo_location
    return [
        Attribute.charset("charset-configured", UTF_8),
        Attribute.charset("charset-supported", *CHARSETS),
        Attribute.language("generated-natural-language-supported", NATURAL_LANGUAGE),
        Attribute.keyword("ipp-features-supported", "system-service"),
        Attribute.keyword("ipp-versions-supported", *IPP_VERSIONS),
        Attribute.boolean("multiple-document-printers-supported", True),
        Attribute.language("natural-language-configured", NATURAL_LANGUAGE),
        Attribute.enum("operations-supported", *sorted(operations)),
        Attribute.keyword("printer-creation-attributes-supported", *_creation(printers)),
        Attribute.uri_scheme("smi55357-device-uri-schemes-supported", *registry.schemes()),
        Attribute.keyword("smi55357-driver-supported", *driver_keywords()),
        Attribute.integer("system-default-printer-id", default.printer_id)
        if default is not None
        else Attribute.no_value("system-default-printer-id"),
        Attribute.uri("system-geo-location", geo) if geo else Attribute.unknown("system-geo-location"),
        *(
            Attribute.text(name, system.text(name))
            for name in ("system-info", "system-location", "system-message-from-operator")
        ),
        Attribute.text("system-make-and-model", "tympan"),
        Attribute.keyword("system-mandatory-printer-attributes", *MANDATORY),
        Attribute.name_string("system-name", system.text("system-name")),
        Attribute.keyword("system-settable-attributes-supported", *SETTABLE),
        xri("system-xri-supported", uris, authentications, securities),
        Attribute.keyword("xri-authentication-supported", *dict.fromkeys(authentications.strings())),
        Attribute.keyword("xri-security-supported", *dict.fromkeys(securities.strings())),
        Attribute.uri_scheme(
            "xri-uri-scheme-supported",
            *dict.fromkeys(uri.partition(":")[0] for uri in uris.strings()),
        ),
    ]


def _creation(printers: Sequence[Printer]) -> list[str]:
    defaults = {
        choice.default.name
        for printer in printers
        for choice in printer.template.choices.values()
        if choice.default is not None
    }
    return [*CREATION, *sorted(defaults)]


def driver_keywords() -> list[str]:
    """``smi55357-driver-supported``: ``auto``, every driver, and every profile as ``DRIVER.PROFILE``."""
    found = ["auto"]
    for name, driver in registry.drivers().items():
        found += [name, *(f"{name}.{profile}" for profile in driver.profiles())]
    return found


def _status(system: SystemObject, printers: Sequence[Printer], base_uri: str) -> list[Attribute]:
    changed = max((printer.state_changed for printer in printers), default=system.config_changed)
    now, date = system.clock.up_time(), system.clock.date()
    return [
        date_time("system-config-change-date-time", system.config_changed[1]),
        Attribute.integer("system-config-change-time", system.config_changed[0]),
        Attribute.integer("system-config-changes", system.config_changes),
        Attribute.collection(
            "system-configured-printers", *(_configured(printer, base_uri) for printer in printers)
        )
        if printers
        else Attribute.no_value("system-configured-printers"),
        date_time("system-current-time", date),
        Attribute.name_string("system-firmware-name", "tympan"),
        Attribute.text("system-firmware-patches", ""),
        Attribute.text("system-firmware-string-version", __version__),
        Attribute.octets("system-firmware-version", __version__.encode()),
        *state_attributes(printers),
        date_time("system-state-change-date-time", changed[1]),
        Attribute.integer("system-state-change-time", changed[0]),
        Attribute.integer("system-up-time", now),
        Attribute.uri("system-uuid", f"urn:uuid:{system.uuid}"),
    ]


def state_attributes(printers: Sequence[Printer]) -> list[Attribute]:
    """``system-state``, its message and its reasons: those of the printers together (PWG 5100.22 §7.3)."""
    messages = [f"{printer.name}: {printer.message}" for printer in printers if printer.message]
    return [
        Attribute.enum("system-state", system_state({printer.name: printer for printer in printers})),
        Attribute.text("system-state-message", "; ".join(messages).encode()[:1023].decode(errors="ignore")),
        Attribute.keyword("system-state-reasons", *system_reasons(printers)),
    ]


def _configured(printer: Printer, base_uri: str) -> Collection:
    """One value of ``system-configured-printers``."""
    names = (
        "printer-id",
        "printer-info",
        "printer-is-accepting-jobs",
        "printer-name",
        "printer-service-type",
        "printer-state",
        "printer-state-reasons",
        "printer-xri-supported",
    )
    found = printer.attributes(f"{base_uri}/ipp/print/{printer.name}", names)
    members = [found[name] for name in names]
    # Registered as one collection here, and as several in a printer.
    members[-1] = Attribute("printer-xri-supported", members[-1].values[:1])
    return Collection(tuple(members))
