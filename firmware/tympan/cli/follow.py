"""Follow a job to its end, as a client sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tympan.cli.client import IppClient
from tympan.cli.printers import attributes_of_printer, state_reasons
from tympan.cli.progress import Progress
from tympan.ipp import Attribute, AttributeGroup, GroupTag, Operation
from tympan.ipp.enums import JobState, PrinterState

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0
"""Questions come fast at first, for receipts, and slower for long jobs."""

FOLLOWED = (
    "job-id",
    "job-state",
    "job-state-reasons",
    "job-state-message",
    "job-impressions",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "job-name",
    "job-printer-uri",
    "job-uri",
)

TERMINAL = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})


PLAIN_REASONS = frozenset(
    {"job-printing", "job-completed-successfully", "job-incoming", "job-queued", "processing-to-stop-point"}
)
"""Reasons that tell a person no more than the state does."""


@dataclass(frozen=True, slots=True)
class JobView:
    """What a client knows of a job.

    Attributes:
        attributes: The job's attributes.
    """

    attributes: AttributeGroup

    @property
    def state(self) -> int:
        """``job-state``; 0 where the printer gives none."""
        return self.attributes.integer("job-state") or 0

    @property
    def is_terminal(self) -> bool:
        """It will not change any more."""
        return self.state in TERMINAL

    @property
    def waits(self) -> bool:
        """Somebody wants it to wait."""
        return self.state == JobState.PENDING_HELD and not {*self.reasons} <= {"job-incoming"}

    @property
    def is_held(self) -> bool:
        """Somebody wants it to wait, and all of it is there: so there is no telling when it ends."""
        return self.waits and "job-incoming" not in self.reasons

    @property
    def state_words(self) -> str:
        """The state as its keyword."""
        return (
            JobState(self.state).name.lower().replace("_", "-") if self.state in set(JobState) else "unknown"
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """``job-state-reasons`` that say something."""
        return tuple(reason for reason in self.attributes.strings("job-state-reasons") if reason != "none")

    @property
    def message(self) -> str:
        """``job-state-message``."""
        return self.attributes.string("job-state-message") or ""

    @property
    def pages_done(self) -> int:
        """``job-impressions-completed``."""
        return self.attributes.integer("job-impressions-completed") or 0

    @property
    def pages(self) -> int:
        """``job-impressions``; 0 while it is not known."""
        return self.attributes.integer("job-impressions") or 0

    def sentence(self) -> str:
        """The state, the pages and why, for a person."""
        text = self.state_words
        if self.pages and self.pages != self.pages_done:
            text += f", {self.pages_done} of {self.pages} pages"
        elif self.pages_done:
            text += f", {self.pages_done} {'page' if self.pages_done == 1 else 'pages'}"
        why = self.message or ("" if self._is_plain else ", ".join(self.reasons))
        return f"{text}: {why}" if why else text

    @property
    def _is_plain(self) -> bool:
        return set(self.reasons) <= PLAIN_REASONS


def job_of(client: IppClient, job_id: int) -> JobView:
    """Ask for a job once.

    Raises:
        UnreachableError: No answer.
        RequestFailedError: There is no such job (any more).
    """
    answer = client.call(
        Operation.GET_JOB_ATTRIBUTES,
        Attribute.integer("job-id", job_id),
        Attribute.keyword("requested-attributes", *FOLLOWED),
    )
    return JobView(answer.group(GroupTag.JOB))


def follow(
    client: IppClient,
    job_id: int,
    progress: Progress,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> JobView:
    """Ask for the job until it is finished, or held, and show how far it is; say once where it waits for a printer that is stopped.

    Raises:
        UnreachableError: The service went away.
        RequestFailedError: The job is no longer known.
    """
    wait = FIRST_WAIT_S
    told = ""
    while True:
        job = job_of(client, job_id)
        if job.is_terminal or job.is_held:
            return job
        done = job.pages_done / job.pages if job.pages else None
        progress.update(f"job {job_id}: {job.sentence()}", done)
        if job.state == JobState.PENDING and wait > FIRST_WAIT_S and not told:
            told = _why_it_waits(client)
            if told:
                progress.note(told)
        sleep(wait)
        wait = min(wait * 1.3, LONGEST_WAIT_S)


def _why_it_waits(client: IppClient) -> str:
    """What keeps the printer from printing; empty where it is only busy."""
    printer = attributes_of_printer(
        client, "printer-name", "printer-state", "printer-state-reasons", "printer-state-message"
    )
    if printer.integer("printer-state") != PrinterState.STOPPED:
        return ""
    name = printer.string("printer-name") or client.printer_name or "the printer"
    why = printer.string("printer-state-message") or ", ".join(state_reasons(printer))
    return f"printer {name} is stopped: {why}" if why else f"printer {name} is stopped"
