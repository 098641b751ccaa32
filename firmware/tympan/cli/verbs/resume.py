"""``tympan resume``: a paused printer goes on (Resume-Printer, RFC 8011 §4.2.8)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_named_printer, add_uri, named_printer_client
from tympan.ipp import Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_named_printer(parser)
    add_uri(parser)


def run(options: argparse.Namespace) -> int:
    """Let it go on."""
    with named_printer_client(options) as client:
        client.call(Operation.RESUME_PRINTER)
    print(f"{client.printer_name or 'the default printer'} goes on")
    return 0
