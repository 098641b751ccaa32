"""``tympan test-page``: greys, lines, letters and corners on the paper that is loaded, and the printer's addresses."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
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
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    progress = Progress(quiet=options.json)
    with printer_client(options) as client:
        accepted = submit(client, Submission("Test page", "application/pdf"), [sample_page(client)])
        return see_through(client, accepted, progress, wait=options.wait, as_json_text=options.json)
