"""``tympan identify``: the printer shows which one it is (Identify-Printer, PWG 5100.13)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.ipp import Attribute, Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_uri(parser)
    add_printer(parser)
    parser.add_argument(
        "--action",
        action="append",
        choices=("display", "flash", "sound", "speak"),
        default=[],
        help="how; default: what the printer prefers; may be given several times",
    )
    parser.add_argument("--message", default="", help="what to display or speak")


def run(options: argparse.Namespace) -> int:
    """Let it show itself."""
    attributes = []
    if options.action:
        attributes.append(Attribute.keyword("identify-actions", *options.action))
    if options.message:
        attributes.append(Attribute.text("message", options.message))
    with printer_client(options) as client:
        client.call(Operation.IDENTIFY_PRINTER, *attributes)
    print(f"{client.printer_name or 'the default printer'} makes itself known")
    return 0
