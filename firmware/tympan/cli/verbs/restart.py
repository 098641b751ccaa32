"""``tympan restart``: a printer as if it had been switched off and on (Restart-Printer, RFC 3998 §3.5.1)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_named_printer, add_uri, named_printer_client
from tympan.ipp import Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_named_printer(parser)
    add_uri(parser)


def run(options: argparse.Namespace) -> int:
    """Restart it: its device is seen anew, no job is lost, a pause ends."""
    with named_printer_client(options) as client:
        client.call(Operation.RESTART_PRINTER)
    print(f"{client.printer_name or 'the default printer'} starts anew; its jobs are kept")
    return 0
