"""``tympan remove``: take a printer away that ``tympan add`` has made, with its jobs (Delete-Printer, PWG 5100.22)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_uri, service_client
from tympan.cli.printers import attributes_of_printer
from tympan.ipp import Attribute, Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("name", metavar="NAME", help="the printer")
    add_uri(parser)


def run(options: argparse.Namespace) -> int:
    """Take it away."""
    with service_client(options) as client:
        found = attributes_of_printer(client.for_printer(options.name), "printer-id")
        printer_id = found.integer("printer-id") or 0
        client.call(Operation.DELETE_PRINTER, Attribute.integer("printer-id", printer_id))
    print(f"{options.name} is gone, and its jobs with it")
    return 0
