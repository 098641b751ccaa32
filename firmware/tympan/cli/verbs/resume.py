"""``tympan resume``: a paused printer goes on (Resume-Printer, RFC 8011 §4.2.8)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_named_printer, add_uri, named_printer_client
from tympan.cli.printers import attributes_of_printer, state_words
from tympan.ipp import Attribute, Operation

PAUSED = frozenset({"paused", "moving-to-paused"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_named_printer(parser)
    add_uri(parser)


def run(options: argparse.Namespace) -> int:
    """Let it go on; what people were told about the pause is told no more."""
    with named_printer_client(options) as client:
        name = client.printer_name or "the default printer"
        before = attributes_of_printer(client, "printer-state-reasons", "printer-message-from-operator")
        was_paused = bool(PAUSED & set(before.strings("printer-state-reasons")))
        told = was_paused and before.string("printer-message-from-operator")
        client.call(
            Operation.RESUME_PRINTER, *([Attribute.text("printer-message-from-operator", "")] if told else [])
        )
        if not was_paused:
            now = attributes_of_printer(client, "printer-state", "printer-state-reasons")
            print(f"{name} was not paused; it is {state_words(now)}")
            return 0
    print(f"{name} goes on")
    return 0
