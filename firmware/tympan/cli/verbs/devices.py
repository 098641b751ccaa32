"""``tympan devices``: the printers that are plugged in or answer, with the URI to configure."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from tympan.cli.arguments import add_json
from tympan.cli.output import as_json, table


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """List them; none is no failure."""
    from tympan.driver import registry  # noqa: PLC0415 — loads every plug-in

    devices = registry.discover_devices()
    if options.json:
        print(as_json([asdict(device) for device in devices]))
        return 0
    if not devices:
        print(
            "no printers found: is one plugged in and switched on, and may this user open it (groups lp and dialout)?"
        )
        return 0
    rows = [(each.device_uri, each.info, each.identity.device_id) for each in devices]
    print(table(("uri", "what", "device id"), rows))
    return 0
