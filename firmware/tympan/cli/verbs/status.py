"""``tympan status``: the printers and what they are doing."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
from tympan.cli.output import as_json, attributes_as_json, shown, table
from tympan.cli.printers import all_printers, attributes_of_printer, state_words
from tympan.ipp import AttributeGroup


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
        print(as_json([attributes_as_json(printer) for printer in printers]))
        return 0
    if not printers:
        print(
            "there is no printer yet: a USB printer that is plugged in appears by itself where none is configured; "
            "`tympan devices` lists what is connected, `tympan add` makes a printer of it"
        )
        return 0
    rows = [
        (
            printer.string("printer-name") or "",
            state_words(printer),
            shown(printer.get("queued-job-count")),
            printer.string("printer-info") or "",
            shown(printer.get("media-ready")),
            (printer.strings("printer-uri-supported") or ("",))[0],
        )
        for printer in printers
    ]
    print(table(("name", "state", "jobs", "info", "media", "uri"), rows))
    for printer in printers:
        for message in _messages(printer):
            print(f"{printer.string('printer-name') or 'the printer'}: {message}")
    return 0


def _messages(printer: AttributeGroup) -> Iterator[str]:
    """What the printer and its operators say in sentences."""
    message = printer.string("printer-state-message")
    if message:
        yield message
    told = printer.string("printer-message-from-operator")
    if told:
        yield f"{told} (the operator)"
