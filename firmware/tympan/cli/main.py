"""``tympan``: finds the verb, imports only what that verb needs, and turns errors into sentences and exit statuses.

Exit statuses: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted by the user.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from tympan import __version__
from tympan.cli.errors import UsageError
from tympan.errors import TympanError

DONE = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130

VERBS = {
    "serve": ("serve", "run the service in the foreground"),
    "devices": ("devices", "list the printers that are plugged in"),
    "status": ("status", "show the printers and what they are doing"),
    "jobs": ("jobs", "list jobs"),
    "print": ("print_file", "print a file and follow it to its end"),
    "cancel": ("cancel", "cancel jobs"),
    "add": ("add", "make a printer of a device"),
    "remove": ("remove", "take a printer away that was added"),
    "hold": ("hold", "let jobs wait"),
    "release": ("release", "let held jobs print"),
    "pause": ("pause", "let a printer stop printing"),
    "resume": ("resume", "let a paused printer go on"),
    "restart": ("restart", "start a printer anew, as if switched off and on"),
    "test-page": ("test_page", "print a page that shows what the printer does"),
    "identify": ("identify", "make a printer show which one it is"),
    "passwd": ("passwd", "write the configuration of a user with a password"),
    "check": ("check", "check the configuration"),
}
"""Verb to its module in `tympan.cli.verbs` and its one-line help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(next((word for word in arguments if word in VERBS), None))
    try:
        options = parser.parse_args(arguments)
    except SystemExit as leave:  # argparse said what is wrong, or showed the help
        return leave.code if isinstance(leave.code, int) else USAGE
    try:
        status: int = importlib.import_module(f"tympan.cli.verbs.{VERBS[options.verb][0]}").run(options)
        sys.stdout.flush()
    except UsageError as error:
        print(f"tympan {options.verb}: {error}", file=sys.stderr)
        return USAGE
    except TympanError as error:
        print(f"tympan: {error}{_way_out(error, options)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


def _way_out(error: TympanError, options: argparse.Namespace) -> str:
    """A line on how to be let in, where somebody was not; empty for any other error."""
    from tympan.cli.client import RequestFailedError  # noqa: PLC0415 — verbs that ask nobody load no client

    if not isinstance(error, RequestFailedError) or not error.is_about_rights:
        return ""
    from tympan.cli.arguments import way_in  # noqa: PLC0415

    way = way_in(options.uri)
    return f"\n  {way}" if way else ""


def _parser(verb: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tympan",
        description="Printer firmware for a Raspberry Pi: makes a USB or serial printer a network printer.",
        epilog="`tympan VERB --help` says more about a verb.",
    )
    parser.add_argument("--version", action="version", version=f"tympan {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (module, summary) in VERBS.items():
        each = verbs.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == verb:  # the others need no arguments now, and their modules no import
            importlib.import_module(f"tympan.cli.verbs.{module}").configure(each)
    return parser


if __name__ == "__main__":
    sys.exit(main())
