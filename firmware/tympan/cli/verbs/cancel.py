"""``tympan cancel``: cancel jobs by number, or all of one's own."""

from __future__ import annotations

import argparse
import sys

from tympan.cli.arguments import add_printer, add_uri, printer_client
from tympan.cli.client import IppClient, RequestFailedError
from tympan.cli.errors import UsageError
from tympan.cli.printers import clients_of_all_printers
from tympan.ipp import Attribute, Operation, StatusCode


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
        return _cancel_mine(clients) if options.mine else _cancel_listed(clients, options.jobs)


def _cancel_mine(clients: list[IppClient]) -> int:
    for client in clients:
        client.call(Operation.CANCEL_MY_JOBS)
    print("canceled your unfinished jobs")
    return 0


def _cancel_listed(clients: list[IppClient], job_ids: list[int]) -> int:
    status = 0
    for job_id in job_ids:
        problem = _cancel(clients, job_id)
        if problem:
            print(f"tympan: job {job_id}: {problem}", file=sys.stderr)
            status = 1
        else:
            print(f"job {job_id} canceled")
    return status


def _cancel(clients: list[IppClient], job_id: int) -> str:
    """Cancel the job at whichever printer has it; what went wrong, or nothing."""
    for client in clients:
        try:
            client.call(Operation.CANCEL_JOB, Attribute.integer("job-id", job_id))
        except RequestFailedError as error:
            if error.status != StatusCode.CLIENT_ERROR_NOT_FOUND:
                return error.problem
        else:
            return ""
    return "there is no such job"
