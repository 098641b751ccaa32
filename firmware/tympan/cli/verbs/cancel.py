"""``tympan cancel``: cancel jobs by number, or all of one's own."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.cli.client import IppClient
from tympan.cli.errors import UsageError
from tympan.cli.job_changes import change_jobs
from tympan.cli.printers import clients_of_all_printers
from tympan.ipp import Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "jobs", metavar="JOB", nargs="*", type=int, help="numbers of jobs, as `tympan jobs` lists them"
    )
    parser.add_argument("--mine", action="store_true", help="all my own unfinished jobs instead")
    add_uri(parser)
    add_printer(parser)


def run(options: argparse.Namespace) -> int:
    """Cancel the jobs; 1 where one could not be."""
    if bool(options.jobs) == options.mine:
        raise UsageError("name the jobs, or give --mine")
    with printer_client(options) as client:
        clients = clients_of_all_printers(client)
        return (
            _cancel_mine(clients)
            if options.mine
            else change_jobs(clients, options.jobs, Operation.CANCEL_JOB, "canceled")
        )


def _cancel_mine(clients: list[IppClient]) -> int:
    for client in clients:
        client.call(Operation.CANCEL_MY_JOBS)
    print("canceled your unfinished jobs")
    return 0
