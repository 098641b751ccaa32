"""``tympan status``: the printers and what they are doing."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
from tympan.cli.output import as_json, attributes_as_json, shown, table
from tympan.cli.printers import all_printers, attributes_of_printer
from tympan.ipp import AttributeGroup
from tympan.ipp.enums import PrinterState


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_uri(parser)
    add_printer(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Show the printers."""
    with printer_client(options) as client:
        printers = [attributes_of_printer(client)] if client.names_printer else all_printers(client)
    if options.json:
        print(as_json([attributes_as_json(printer.attributes) for printer in printers]))
        return 0
    rows = [
        (
            printer.string("printer-name") or "",
            _state(printer),
            shown(printer.get("queued-job-count")),
            printer.string("printer-info") or "",
            shown(printer.get("media-ready")),
            (printer.strings("printer-uri-supported") or ("",))[0],
        )
        for printer in printers
    ]
    print(table(("name", "state", "jobs", "info", "media", "uri"), rows))
    return 0


def _state(printer: AttributeGroup) -> str:
    number = printer.integer("printer-state")
    state = PrinterState(number).name.lower() if number in set(PrinterState) else "unknown"
    reasons = [reason for reason in printer.strings("printer-state-reasons") if reason != "none"]
    if printer.boolean("printer-is-accepting-jobs") is False:
        reasons.append("not accepting jobs")
    return f"{state}: {', '.join(reasons)}" if reasons else state
