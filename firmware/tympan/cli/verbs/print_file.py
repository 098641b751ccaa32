"""``tympan print``: send a file to a printer and follow the job to its end."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
from tympan.cli.errors import UsageError
from tympan.cli.job_options import job_attributes
from tympan.cli.progress import Progress
from tympan.cli.submit import SENSED, Submission, pieces, see_through, submit, validate

TEXT_SUFFIXES = frozenset({".txt", ".text", ".md", ".log", ".csv"})
"""Files that are text even where their first bytes could be something else; the rest the printer finds out."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("file", metavar="FILE", help="what to print; - reads standard input")
    add_uri(parser)
    add_printer(parser)
    parser.add_argument(
        "-o",
        dest="options",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a job attribute, such as sides=two-sided-long-edge; may be given several times",
    )
    parser.add_argument("-n", "--copies", type=int, metavar="N", help="how many")
    parser.add_argument(
        "--format", metavar="TYPE", default="", help="MIME type; default: the printer finds out"
    )
    parser.add_argument("--name", default="", help="the job's name; default: the file's")
    parser.add_argument(
        "--password",
        default="",
        help="let it wait until this password is typed at the printer, or given to `tympan release`",
    )
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="return when the job is accepted"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    wishes = job_attributes(options.options, options.copies)
    name = options.name or ("standard input" if options.file == "-" else Path(options.file).name)
    is_text = Path(options.file).suffix.lower() in TEXT_SUFFIXES
    submission = Submission(
        name, options.format or ("text/plain" if is_text else SENSED), wishes, options.password
    )
    progress = Progress(quiet=options.quiet or options.json)
    try:
        file = sys.stdin.buffer if options.file == "-" else Path(options.file).open("rb")  # noqa: SIM115 — closed below
    except OSError as error:
        raise UsageError(f"{options.file}: {error.strerror}") from error
    with file, printer_client(options) as client:
        total_bytes = os.fstat(file.fileno()).st_size if options.file != "-" else 0
        validate(client, submission)
        accepted = submit(client, submission, pieces(file, progress, name, total_bytes))
        return see_through(client, accepted, progress, wait=options.wait, as_json_text=options.json)
