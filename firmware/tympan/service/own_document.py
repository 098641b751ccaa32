"""Documents that the firmware prints by itself: they go the way of every job, and stand in the list of jobs like one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tympan.errors import TympanError
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.service.printer import Printer

if TYPE_CHECKING:
    from tympan.service.service import Service

USER: Final = "tympan"
"""``job-originating-user-name`` of such jobs."""


class NotTakenError(TympanError):
    """The printer takes no jobs now."""


async def print_own(service: Service, printer: Printer, name: str, document_format: str, data: bytes) -> Job:
    """Make a job of `data`; returns when it is accepted and durable.

    Args:
        service: The service.
        printer: The printer; it may have stopped, then the job waits.
        name: ``job-name``.
        document_format: The document's MIME type.
        data: The document.

    Raises:
        NotTakenError: The printer takes no jobs now (``printer-is-accepting-jobs``).
        SpoolError: There is no room.
    """
    if not printer.control.takes_jobs:
        raise NotTakenError(f"printer {printer.name} takes no jobs now")
    service.jobs.check_room()
    job = service.jobs.new_job(printer, name=name, user=USER, language="en", template=b"")
    intake = service.jobs.begin_document(printer, job, Document(0, document_format, name=name), last=True)
    try:
        await intake.write(data)
        await intake.finish()
    except BaseException as error:
        intake.abort(error)
        raise
    return job
