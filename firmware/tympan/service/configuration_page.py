"""What the configuration page says of the service, and printing it: by a button, by `tympan test-page --configuration`, at the start."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tympan import __version__
from tympan.config import PanelSettings
from tympan.ipp.enums import PrinterState
from tympan.model.blink_codes import legend
from tympan.own_pages.configuration_page import (
    CodeLine,
    ConfigurationFacts,
    Section,
    configuration_document,
)
from tympan.service.own_document import print_own
from tympan.service.own_names import is_address, own_addresses
from tympan.service.printer import Printer
from tympan.service.strings import localized

if TYPE_CHECKING:
    from tympan.service.service import Service

PDF: Final = "application/pdf"

_LOOPBACK: Final = ("127.", "::1")

_STATES: Final = {
    PrinterState.IDLE: "ready",
    PrinterState.PROCESSING: "printing",
    PrinterState.STOPPED: "stopped",
}

_TAPS: Final = {
    "auto": "cancels the job that prints; resumes when paused; releases held jobs; else feeds paper",
    "cancel": "cancels the job",
    "resume": "resumes when paused",
    "release": "releases held jobs",
    "feed": "feeds paper",
    "configuration-page": "prints this page",
}


async def print_configuration_page(service: Service, printer: Printer) -> bool:
    """Print the page on `printer`, as a job; returns when that is accepted.

    Raises:
        NotTakenError: The printer takes no jobs now.
        SpoolError: There is no room.
    """
    await print_own(service, printer, "Configuration", PDF, configuration_page(service, printer))
    return True


async def print_start_up_page(service: Service, printer: Printer) -> None:
    """Print the short form of the page, for who has just switched it on.

    Raises:
        NotTakenError: The printer takes no jobs now.
        SpoolError: There is no room.
    """
    await print_own(service, printer, "Ready", PDF, configuration_page(service, printer, short=True))


def configuration_page(
    service: Service, printer: Printer, *, short: bool = False, public: bool = False
) -> bytes:
    """The page of `printer` as a PDF, for the paper that it has.

    Args:
        service: The service.
        printer: The printer.
        short: Only what it is called and how it is reached.
        public: Without the device URI, which may have somebody's address or serial number in it: for everybody to read.
    """
    settings = service.system.settings
    media = printer.template.media
    paper = media.default
    panel = settings.panel
    place = printer.identity.location
    sections = [Section("How to print on it", _reach(service, printer))]
    if not short:
        sections.append(Section("This printer", _printer(service, printer, public=public)))
        sections += [
            Section(other.identity.info or other.name, _other(other))
            for other in service.printers.values()
            if other is not printer
        ]
        sections.append(Section("Firmware", _firmware(service)))
    return configuration_document(
        ConfigurationFacts(
            title=printer.identity.info or printer.name,
            subtitle=" · ".join(part for part in (printer.capabilities.make_and_model, place) if part),
            link=status_page(service),
            sections=sections,
            codes=[] if short or not panel.has_light else _codes(panel),
            gestures=[] if short else _gestures(panel),
            width_hmm=paper.width_hmm,
            length_hmm=None if media.roll else paper.length_hmm,
            margin_hmm=max(
                paper.left_margin_hmm, paper.right_margin_hmm, paper.top_margin_hmm, paper.bottom_margin_hmm
            ),
        )
    )


# --- where it is ------------------------------------------------------------------------------------------------------


def addresses(service: Service) -> list[str]:
    """The addresses that it is reached at from elsewhere; where it listens for this machine alone, that one."""
    own = [each for each in own_addresses() if not each.startswith(_LOOPBACK)]
    found: list[str] = []
    for host, _ in service.listening:
        found += own if host in {"::", "0.0.0.0"} else [host]  # noqa: S104 — it is what was configured
    return list(dict.fromkeys(found))


def authority(service: Service, host: str) -> str:
    """``HOST:PORT`` of `host`, as it stands in a URI; the port of ``http:`` is left out nowhere, for IPP has another."""
    port = (
        next((port for _, port in service.listening), 0) or service.system.settings.server.addresses[0].port
    )
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def status_page(service: Service) -> str:
    """Where the status page is, by an address: not every telephone knows names ending in ``.local``."""
    settings = service.system.settings
    found = addresses(service)
    host = next((each for each in found if "." in each), next(iter(found), settings.server.name))
    scheme = "https" if settings.tls.mode == "required" else "http"
    return f"{scheme}://{authority(service, host)}/"


def _reach(service: Service, printer: Printer) -> list[tuple[str, str]]:
    settings = service.system.settings
    scheme = "ipps" if settings.tls.mode == "required" or settings.access.print == "users" else "ipp"
    path = "/ipp/print" if printer.is_default else f"/ipp/print/{printer.name}"
    name = settings.server.name
    found = [each for each in addresses(service) if is_address(each)]
    facts = [
        ("Found as", printer.dns_sd_name if settings.discovery.enabled else ""),
        ("Address", f"{scheme}://{authority(service, name)}{path}"),
        ("Or", f"{scheme}://{authority(service, found[0])}{path}" if found else ""),
        ("Network", ", ".join(found)),
    ]
    return [(fact, value) for fact, value in facts if value]


def _printer(service: Service, printer: Printer, *, public: bool) -> list[tuple[str, str]]:
    return [
        ("Name", printer.name),
        *([] if public else [("Device", service.set_attributes.device_uri(printer))]),
        ("Driver", f"{type(printer.driver).name}, {printer.profile}"),
        *_other(printer),
    ]


def _other(printer: Printer) -> list[tuple[str, str]]:
    """How a printer is, and what it has printed."""
    reasons = [
        localized(f"printer-state-reasons.{each}") or each for each in printer.reasons if each != "none"
    ]
    state = ": ".join(part for part in (_STATES[printer.state], " ".join(reasons) or printer.message) if part)
    waiting = sum(job is not printer.current for job in printer.active.values())
    return [
        ("State", state),
        ("Printed", _counted(printer)),
        *([("Waiting", f"{waiting} jobs")] if waiting else []),
    ]


def _counted(printer: Printer) -> str:
    """What it has printed in its life."""
    counters = printer.counters
    pages = f"{counters.impressions} {'page' if counters.impressions == 1 else 'pages'}"
    if printer.capabilities.roll:
        return pages
    return f"{pages} on {counters.media_sheets} {'sheet' if counters.media_sheets == 1 else 'sheets'}"


def _length(seconds: int) -> str:
    """A length of time in the two largest units that there are."""
    units = (("day", seconds // 86_400), ("hour", seconds // 3600 % 24), ("minute", seconds // 60 % 60))
    words = [f"{count} {unit if count == 1 else unit + 's'}" for unit, count in units if count]
    return " ".join(words[:2]) or "less than a minute"


def _firmware(service: Service) -> list[tuple[str, str]]:
    now = datetime.fromtimestamp(service.clock.date()).astimezone()
    return [
        ("Version", f"tympan {__version__}"),
        ("Machine", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Has been running for", _length(service.clock.up_time())),
        ("Serial number", service.system.uuid),
        *([("Printed at", f"{now:%Y-%m-%d %H:%M}")] if now.year > MAKER_YEAR else []),
    ]


MAKER_YEAR: Final = 2020
"""A clock that says less has not been set: a Raspberry Pi starts in 1970."""


# --- lights and buttons -----------------------------------------------------------------------------------------------


def _codes(panel: PanelSettings) -> list[CodeLine]:
    return [CodeLine(blinks, code.words, code.remedy) for blinks, code in legend(panel.codes)]


def _gestures(panel: PanelSettings) -> list[tuple[str, str]]:
    lines = panel.lines
    facts: list[tuple[str, str]] = []
    if "button" in lines:
        facts += [("Tap", _TAPS.get(panel.on_tap, "")), ("Two taps", _TAPS.get(panel.on_two_taps, ""))]
        facts.append((f"Hold {panel.hold_s} seconds", _TAPS.get(panel.on_hold, "")))
        if panel.on_long_hold != "none":
            facts.append(
                (
                    f"Hold {panel.long_hold_s} seconds",
                    "the light counts down; let go and tap once: back to factory settings, all jobs are lost",
                )
            )
    if "release_button" in lines:
        facts.append(
            (
                "Release button",
                "releases held jobs; PIN: as many taps as the digit, 10 for 0, a pause between",
            )
        )
    if "feed_button" in lines:
        facts.append(("Feed button", "feeds paper"))
    return [(gesture, meaning) for gesture, meaning in facts if meaning]
