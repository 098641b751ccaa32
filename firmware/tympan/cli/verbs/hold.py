"""``tympan hold``: let jobs wait, until they are released or until a time (Hold-Job, RFC 8011 §4.3.5)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.cli.errors import UsageError
from tympan.cli.follow import JobView
from tympan.cli.job_changes import change_jobs
from tympan.cli.job_options import job_attribute
from tympan.cli.printers import clients_of_all_printers
from tympan.ipp import Operation

PERIODS = ("day-time", "evening", "night", "weekend", "second-shift", "third-shift")
"""Keywords of ``job-hold-until`` that are of use here."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "jobs", metavar="JOB", nargs="+", type=int, help="numbers of jobs, as `tympan jobs` lists them"
    )
    parser.add_argument(
        "--until",
        metavar="WHEN",
        default="indefinite",
        help=f"{', '.join(PERIODS)}, or a time such as 2030-01-31T18:00; default: until `tympan release`",
    )
    add_uri(parser)
    add_printer(parser)


def run(options: argparse.Namespace) -> int:
    """Hold the jobs; 1 where one could not be."""
    if options.until[:1].isdigit():
        wish = job_attribute("job-hold-until-time", options.until)
    elif options.until in (*PERIODS, "indefinite"):
        wish = job_attribute("job-hold-until", options.until)
    else:
        raise UsageError(f"--until takes {', '.join(PERIODS)}, or a time such as 2030-01-31T18:00")
    with printer_client(options) as client:
        return change_jobs(clients_of_all_printers(client), options.jobs, Operation.HOLD_JOB, _told, (wish,))


def _told(_before: JobView, now: JobView) -> str:
    return "held" if now.waits else f"is not held: it is {now.state_words}"
