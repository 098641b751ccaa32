"""``job-sheets``: the sheet that is printed before a job, so that people find theirs in the tray (RFC 8011 §5.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tympan.ipp import Attribute
from tympan.model.job import Job
from tympan.service.choice import Choice

if TYPE_CHECKING:
    from tympan.service.printer import Printer

NO_SHEETS, STANDARD = "none", "standard"
JOB_SHEETS: Final = (NO_SHEETS, STANDARD)
"""``job-sheets-supported``."""

RULE_COLUMNS: Final = 24


def job_sheets_choice() -> Choice:
    """The row of ``job-sheets`` in the job template table."""
    return Choice(
        "job-sheets",
        Attribute.keyword("job-sheets-default", NO_SHEETS),
        Attribute.keyword("job-sheets-supported", *JOB_SHEETS),
        lambda value: value.value in JOB_SHEETS,
    )


def job_sheet(printer: Printer, job: Job, attributes: Mapping[str, Attribute]) -> tuple[str, ...]:
    """The lines of the sheet before `job`; empty: it gets none.

    Args:
        printer: The job's printer.
        job: The job.
        attributes: Its accepted attributes.
    """
    if printer.template.value("job-sheets", attributes) != STANDARD:
        return ()
    lines = [job.user, "", job.name, "", f"Job {job.job_id}", printer.identity.info or printer.name]
    if job.created_date:
        lines.append(datetime.fromtimestamp(job.created_date).astimezone().strftime("%Y-%m-%d %H:%M"))
    documents = job.printable
    if len(documents) > 1:
        lines.append(f"{len(documents)} documents")
        lines += [f"- {document.name}" for document in documents if document.name]
    return ("=" * RULE_COLUMNS, *(_line(line) for line in lines), "=" * RULE_COLUMNS)


def _line(text: str) -> str:
    """What a client called something, on one line."""
    return "".join(character if character.isprintable() else " " for character in text)
