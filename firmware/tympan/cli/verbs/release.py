"""``tympan release``: let held jobs print (Release-Job, RFC 8011 §4.3.6)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.cli.follow import JobView
from tympan.cli.job_changes import change_jobs
from tympan.cli.printers import clients_of_all_printers
from tympan.ipp import Attribute, Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "jobs", metavar="JOB", nargs="+", type=int, help="numbers of jobs, as `tympan jobs` lists them"
    )
    parser.add_argument(
        "--password",
        default="",
        help="the password that the jobs wait for, as one would type it at the printer",
    )
    add_uri(parser)
    add_printer(parser)


def run(options: argparse.Namespace) -> int:
    """Release the jobs; 1 where one could not be."""
    password = (Attribute.octets("job-password", options.password.encode()),) if options.password else ()
    with printer_client(options) as client:
        return change_jobs(
            clients_of_all_printers(client), options.jobs, Operation.RELEASE_JOB, _told, password
        )


def _told(before: JobView, now: JobView) -> str:
    if now.waits:
        return f"waits still: {', '.join(now.reasons)}"
    return "released" if before.waits else f"was not held; it is {now.state_words}"
