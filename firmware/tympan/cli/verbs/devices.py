"""``tympan devices``: the printers that are plugged in or answer, with the URI to configure and what would print on them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tympan.cli.arguments import add_json
from tympan.cli.output import as_json, table

if TYPE_CHECKING:
    from tympan.driver.contract import DiscoveredDevice

_CHOOSE = "name driver and profile: nothing is known of what it speaks"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """List them; none is no failure."""
    from tympan.driver import registry  # noqa: PLC0415 — loads every plug-in

    devices = [(each, _choice(each)) for each in registry.discover_devices()]
    if options.json:
        print(as_json([{**asdict(device), **choice} for device, choice in devices]))
        return 0
    if not devices:
        print(
            "no printers found: is one plugged in and switched on, and may this user open it (groups lp and dialout)?"
        )
        return 0
    rows = [
        (
            device.device_uri,
            device.info,
            ".".join(each for each in (choice["driver"], choice["profile"]) if each) or "-",
            choice["note"],
        )
        for device, choice in devices
    ]
    print(table(("uri", "what", "driver.profile", "note"), rows))
    return 0


def _choice(device: DiscoveredDevice) -> dict[str, Any]:
    """Driver and profile that ``driver = "auto"`` would take, and what there is to say of the device."""
    from tympan.driver import registry  # noqa: PLC0415

    matched = registry.match_driver(device.identity)
    problem = getattr(device, "problem", "")
    if matched is not None:
        driver, profile = matched
        return {"driver": type(driver).name, "profile": profile, "supported": True, "note": problem}
    if device.identity.device_id:
        why = registry.why_unmatched(device.identity)
        note = "; ".join(each for each in (why, problem) if each)
        return {"driver": "", "profile": "", "supported": False, "note": note}
    return {"driver": "", "profile": "", "supported": None, "note": problem or _CHOOSE}
