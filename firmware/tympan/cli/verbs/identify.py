"""``tympan identify``: the printer shows which one it is (Identify-Printer, PWG 5100.13)."""

from __future__ import annotations

import argparse
import sys

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.cli.output import shown
from tympan.ipp import Attribute, GroupTag, Operation


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
        answer = client.call(Operation.IDENTIFY_PRINTER, *attributes)
    name = client.printer_name or "the default printer"
    for ignored in answer.group(GroupTag.UNSUPPORTED).attributes:
        print(f"tympan: {name} cannot: {ignored.name} {shown(ignored)}; it does what it can", file=sys.stderr)
    print(f"{name} makes itself known")
    return 0
