"""How a job went at the device."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Ending(enum.Enum):
    """How printing ended."""

    COMPLETED = "completed"
    """It came out, as far as this device can tell: see `tympan.link.completion`."""
    CANCELED = "canceled"
    """It was stopped by a wish."""
    ABORTED = "aborted"
    """The job itself cannot be printed."""
    INTERRUPTED = "interrupted"
    """The device went away, or lost a part of it; the job can go on from the page that was not confirmed."""


@dataclass(frozen=True, slots=True)
class PrintProgress:
    """How far a job is.

    Attributes:
        bytes_written: What the device took in this run.
        pages: The last side that has come out, as the job counts them, with all before it; 0: none in this run.
        impressions: Sides that came out in this run, copies made by the printer counted.
        sheets: Sheets of paper of these.
        total: Sides the job will have, 0 while unknown.
        document: ``document-number`` of the document whose page began last, 0 where that is not known.
        sent_to: The last side of which the device took any byte in this run; 0: of none.
    """

    bytes_written: int = 0
    pages: int = 0
    impressions: int = 0
    sheets: int = 0
    total: int = 0
    document: int = 0
    sent_to: int = 0


@dataclass(frozen=True, slots=True)
class PrintOutcome:
    """How a job ended at the device.

    Attributes:
        ending: What happened.
        progress: How far it came.
        reason: A ``job-state-reasons`` keyword; empty for a plain end.
        problem: A sentence for ``job-state-message``.
    """

    ending: Ending
    progress: PrintProgress
    reason: str = ""
    problem: str = ""
