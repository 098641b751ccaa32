"""``tympan restart``: a printer as if it had been switched off and on (Restart-Printer, RFC 3998 §3.5.1)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_named_printer, add_uri, named_printer_client
from tympan.cli.printers import attributes_of_printer, state_reasons
from tympan.errors import TympanError
from tympan.ipp import Operation

AWAY = "connecting-to-device"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_named_printer(parser)
    add_uri(parser)
    parser.add_argument(
        "--another",
        action="store_true",
        help="another printer or cable is there now, which may not answer: what waits is sent to it",
    )


def run(options: argparse.Namespace) -> int:
    """Restart it: its device is seen anew, a pause ends; not one that is away, whose jobs would go to nobody.

    Raises:
        TympanError: It is away, and nobody says that another one is there.
    """
    with named_printer_client(options) as client:
        name = client.printer_name or "the default printer"
        if not options.another and AWAY in state_reasons(attributes_of_printer(client)):
            raise TympanError(
                f"{name} does not answer: switch it on, and its jobs print; where another printer or cable has taken its place: --another"
            )
        client.call(Operation.RESTART_PRINTER)
    print(f"{name} starts anew; its jobs are kept")
    return 0
