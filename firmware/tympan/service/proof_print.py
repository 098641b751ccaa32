"""``proof-print``: a few copies to look at first, then the job waits until somebody releases it (PWG 5100.11 §7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tympan.driver.ticket import JobTicket
from tympan.ipp import Attribute, Collection, GroupTag
from tympan.ipp.registry import check_syntax
from tympan.model.job import Job

if TYPE_CHECKING:
    from tympan.service.template import Template

PROOF_PRINT: Final = "proof-print"
COPIES: Final = "proof-print-copies"
MEMBERS: Final = ("media", "media-col", COPIES)
"""``proof-print-supported``."""


class ProofPrint:
    """The row of ``proof-print`` in the job template table.

    Args:
        copies_max: The most copies of a job.
    """

    name = PROOF_PRINT

    def __init__(self, copies_max: int) -> None:
        self._copies_max = copies_max

    @staticmethod
    def printer_attributes() -> list[Attribute]:
        """``proof-print-default`` and ``proof-print-supported``."""
        return [
            Attribute.no_value("proof-print-default"),
            Attribute.keyword("proof-print-supported", *MEMBERS),
        ]

    def judge(self, attribute: Attribute, template: Template) -> tuple[Attribute | None, Attribute | None]:
        """What of a request's attribute is obeyed, and what is not: the members that are not supported."""
        if len(attribute.values) != 1 or not isinstance(attribute.first, Collection):
            return None, attribute
        good: list[Attribute] = []
        bad: list[Attribute] = []
        for member in attribute.first.members:
            if member.name in {"media", "media-col"}:
                accepted, refused = template.judge((member,))
                good += accepted
                bad += refused
            else:
                (good if self._is_number_of_copies(member) else bad).append(member)
        return (
            Attribute.collection(PROOF_PRINT, good) if any(each.name == COPIES for each in good) else None,
            Attribute.collection(PROOF_PRINT, bad or attribute.first.members)
            if bad or all(each.name != COPIES for each in good)
            else None,
        )

    def _is_number_of_copies(self, member: Attribute) -> bool:
        wrapped = Attribute.collection(PROOF_PRINT, (member,))
        count = member.first
        return (
            member.name == COPIES
            and check_syntax(wrapped, GroupTag.JOB) is None
            and isinstance(count, int)
            and 0 <= count <= self._copies_max
        )


def proof_ticket(
    template: Template, job: Job, attributes: Mapping[str, Attribute], ticket: JobTicket
) -> JobTicket | None:
    """The ticket of the proof copies of `job`; None where none are to be printed, or have been.

    Args:
        template: The printer's.
        job: The job.
        attributes: Its accepted attributes.
        ticket: Its ticket.
    """
    proof = attributes.get(PROOF_PRINT)
    if proof is None or job.proofed or not isinstance(proof.first, Collection):
        return None
    copies = proof.first.get(COPIES)
    if copies is None or not isinstance(copies.first, int) or not copies.first:
        return None
    paper = {member.name: member for member in proof.first if member.name in {"media", "media-col"}}
    proved = template.change(attributes, paper).of(ticket) if paper else ticket
    return replace(proved, copies=copies.first)


def hold_for_review(job: Job) -> None:
    """The proof copies of `job` are printed: all of it is still to be printed, when somebody has looked at them."""
    job.proofed = job.awaits_review = True
    job.proof_impressions = job.impressions_completed
    job.impressions = job.pages_confirmed = job.bytes_written = job.document_printing = 0
    job.begun = False
    for document in job.documents:
        document.processing_at = document.processing_date = 0
        if not document.canceled:
            document.completed_at = document.completed_date = 0
