"""``tympan pause``: a printer stops printing, at once or after its job (Pause-Printer, RFC 8011 §4.2.7, and RFC 3998 §3.2.1)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_named_printer, add_uri, named_printer_client
from tympan.ipp import Attribute, Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_named_printer(parser)
    add_uri(parser)
    parser.add_argument("--after-job", action="store_true", help="let the job that is printing finish first")
    parser.add_argument("--message", default="", help="what everybody who asks the printer is told")


def run(options: argparse.Namespace) -> int:
    """Pause it."""
    operation = Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB if options.after_job else Operation.PAUSE_PRINTER
    attributes = [Attribute.text("printer-message-from-operator", options.message)] if options.message else []
    with named_printer_client(options) as client:
        client.call(operation, *attributes)
    name = client.printer_name
    resume = f"tympan resume {name}" if name else "tympan resume"
    when = "pauses after its job" if options.after_job else "is paused"
    print(f"{name or 'the default printer'} {when}; `{resume}` lets it go on")
    return 0
