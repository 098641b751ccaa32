"""``tympan test-page``: greys, lines, letters and corners on the paper that is loaded, and the printer's addresses."""

from __future__ import annotations

import argparse
from urllib.parse import quote

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
from tympan.cli.printers import attributes_of_printer
from tympan.cli.progress import Progress
from tympan.cli.sample import sample_page
from tympan.cli.submit import Submission, see_through, submit


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_uri(parser)
    add_printer(parser)
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="return when the job is accepted"
    )
    parser.add_argument(
        "--configuration",
        action="store_true",
        help="what the printer is called, how it is reached and how it is, with a QR code and the blink codes",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    progress = Progress(quiet=options.json)
    with printer_client(options) as client:
        if options.configuration:
            name = attributes_of_printer(client, "printer-name").string("printer-name") or ""
            title, page = "Configuration", client.fetch(f"/configuration/{quote(name, safe='')}.pdf")
        else:
            title, page = "Test page", sample_page(client)
        accepted = submit(client, Submission(title, "application/pdf"), [page])
        return see_through(client, accepted, progress, wait=options.wait, as_json_text=options.json)
