"""``tympan jobs``: the jobs of one printer or of all."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_json, add_printer, add_uri, printer_client
from tympan.cli.client import IppClient
from tympan.cli.follow import JobView
from tympan.cli.output import as_json, attributes_as_json, shown, size, table
from tympan.cli.printers import clients_of_all_printers
from tympan.ipp import Attribute, AttributeGroup, GroupTag, Operation

LISTED = (
    "job-id",
    "job-uri",
    "job-printer-uri",
    "job-name",
    "job-originating-user-name",
    "job-state",
    "job-state-reasons",
    "job-state-message",
    "job-k-octets",
    "job-impressions",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "date-time-at-creation",
    "date-time-at-completed",
)

DEFAULT_LIMIT = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_uri(parser)
    add_printer(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "-a",
        "--all",
        dest="which",
        action="store_const",
        const="all",
        default="not-completed",
        help="finished jobs too",
    )
    which.add_argument(
        "--completed", dest="which", action="store_const", const="completed", help="only finished jobs"
    )
    parser.add_argument("--mine", action="store_true", help="only my own jobs")
    parser.add_argument(
        "--limit",
        type=_positive,
        default=DEFAULT_LIMIT,
        help="at most so many a printer (default: %(default)s)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """List the jobs."""
    with printer_client(options) as client:
        found = [(each, job) for each in clients_of_all_printers(client) for job in _jobs(each, options)]
    if options.json:
        print(as_json([attributes_as_json(job) for _, job in found]))
        return 0
    if not found:
        print("no jobs")
        return 0
    print(
        table(
            ("id", "printer", "state", "reasons", "name", "user", "size", "pages", "time"),
            [_row(each, job) for each, job in found],
        )
    )
    return 0


def _jobs(client: IppClient, options: argparse.Namespace) -> tuple[AttributeGroup, ...]:
    attributes = [
        Attribute.integer("limit", options.limit),
        Attribute.keyword("requested-attributes", *LISTED),
        Attribute.keyword("which-jobs", options.which),
    ]
    if options.mine:
        attributes.append(Attribute.boolean("my-jobs", True))
    return client.call(Operation.GET_JOBS, *attributes).groups_of(GroupTag.JOB)


def _row(client: IppClient, job: AttributeGroup) -> tuple[str, ...]:
    view = JobView(job)
    pages = (
        f"{view.pages_done}/{view.pages}"
        if view.pages and view.pages != view.pages_done
        else str(view.pages_done or "")
    )
    return (
        shown(job.get("job-id")),
        _printer_name(client, job),
        view.state_words,
        ", ".join(view.reasons),
        job.string("job-name") or "",
        job.string("job-originating-user-name") or "",
        size((job.integer("job-k-octets") or 0) * 1024),
        pages,
        shown(job.get("date-time-at-creation")),
    )


def _printer_name(client: IppClient, job: AttributeGroup) -> str:
    uri = job.string("job-printer-uri") or ""
    return uri.rstrip("/").rsplit("/", 1)[-1] if uri else client.printer_name


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
