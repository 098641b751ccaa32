"""The job object and its documents, RFC 8011 §5.3 and PWG 5100.5.

It owns what a job is and which states follow which. It has no clock: every method that needs the time is given it, in
seconds of ``printer-up-time``. It has no input or output: the spool keeps a job by encoding this very record.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tympan.ipp.enums import DocumentState, JobState
from tympan.model.document import Document
from tympan.model.record import RecordCodec

TERMINAL: Final = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})
"""States that no job leaves, RFC 8011 §5.3.7."""

TRANSITIONS: Final[dict[JobState, frozenset[JobState]]] = {
    JobState.PENDING: frozenset(
        {
            JobState.PENDING_HELD,
            JobState.PROCESSING,
            JobState.CANCELED,
            JobState.ABORTED,
            JobState.PROCESSING_STOPPED,
        }
    ),
    JobState.PENDING_HELD: frozenset(
        {JobState.PENDING, JobState.PROCESSING, JobState.CANCELED, JobState.ABORTED}
    ),
    JobState.PROCESSING: frozenset(
        {
            JobState.PROCESSING_STOPPED,
            JobState.PENDING,
            JobState.COMPLETED,
            JobState.CANCELED,
            JobState.ABORTED,
        }
    ),
    JobState.PROCESSING_STOPPED: frozenset(
        {JobState.PROCESSING, JobState.PENDING, JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED}
    ),
    JobState.CANCELED: frozenset(),
    JobState.ABORTED: frozenset(),
    JobState.COMPLETED: frozenset(),
}
"""Which state may follow which, RFC 8011 figure 3 (a stopped service puts what was processing back to pending)."""

DEFAULT_PRIORITY: Final = 50
"""``job-priority`` of a job that asks for none, RFC 8011 §5.2.1."""

_TERMINAL_REASONS: Final = {
    JobState.COMPLETED: "job-completed-successfully",
    JobState.CANCELED: "job-canceled-by-user",
    JobState.ABORTED: "aborted-by-system",
}


class Reference(msgspec.Struct):
    """A document that is still to be fetched (Print-URI, Send-URI).

    Attributes:
        uri: ``document-uri``, with whatever is needed to be let in.
        document: The document as it will be; its number is given when it arrives.
        last: No more documents follow it.
    """

    uri: str
    document: Document
    last: bool


class Job(msgspec.Struct, kw_only=True):
    """A job. Times are seconds of ``printer-up-time``, dates are Unix time; 0 where it has not happened.

    Attributes:
        job_id: ``job-id``; unique over all printers of this service.
        printer: Name of the printer it belongs to.
        uuid: ``job-uuid`` without ``urn:uuid:``.
        name: ``job-name``.
        user: ``job-originating-user-name``.
        user_proved: The user has proved to be who they are; then only who proves it as well is taken for them.
        language: ``attributes-natural-language`` of the request.
        template: The accepted job template attributes, encoded (RFC 8010 attributes without group tag).
        state: ``job-state``.
        reasons: ``job-state-reasons``, without ``none``.
        message: ``job-state-message``.
        documents: The documents received whole, canceled ones too, in the order of their numbers.
        last_document: The highest ``document-number`` given so far; none is given twice, also where one was deleted.
        document_printing: ``document-number`` of the document whose pages come out, 0 before the first.
        fidelity: ``ipp-attribute-fidelity`` of the request, which holds for its documents too (PWG 5100.5).
        reference: The document that is being fetched, None where none is.
        incoming: More documents may come (Create-Job without Close-Job yet).
        created_at: ``time-at-creation``.
        processing_at: ``time-at-processing``.
        completed_at: ``time-at-completed``.
        created_date: ``date-time-at-creation``.
        processing_date: ``date-time-at-processing``.
        completed_date: ``date-time-at-completed``.
        impressions: ``job-impressions``; 0 while unknown.
        impressions_completed: ``job-impressions-completed``.
        media_sheets_completed: ``job-media-sheets-completed``.
        pages_confirmed: Sides that have come out, as far as is known: where a stopped job goes on.
        bytes_written: Bytes the device took in all.
        begun: It was on its way to the device: bytes of it may have been taken, also where `bytes_written` does not say so yet.
        priority: ``job-priority``.
        place: Where it stands in the order of printing, smallest first, when an operator has moved it; None: by priority, then
            arrival.
        hold_until: The named period it still waits for; empty once that has begun.
        hold_until_date: Unix time it still waits for; 0 once that has come.
        held_on_create: It came while new jobs were held (Hold-New-Jobs), and has not been released.
        password: What releases it at the printer, salted and hashed; empty: nothing has to.
        password_given: Somebody has typed it.
        password_encryption: How the client had encrypted the password it sent.
        suspended: It stopped in the middle by Suspend-Current-Job, until Resume-Job.
        cancel_after_s: ``job-cancel-after``; 0: it may take as long as it likes.
        processing_s: How long it has been ``processing`` in all.
        operator_message: ``job-message-from-operator``.
        whole: Its documents came in full: it can be printed again.
        proofed: Its proof copies are printed (``proof-print``).
        awaits_review: They are, and nobody has released it yet.
        proof_impressions: Sides that they took.
        retained: It is finished and its documents are still there.
    """

    job_id: int
    printer: str
    uuid: str
    name: str = ""
    user: str = "anonymous"
    user_proved: bool = False
    language: str = "en"
    template: bytes = b""
    state: JobState = JobState.PENDING
    reasons: tuple[str, ...] = ()
    message: str = ""
    documents: list[Document] = msgspec.field(default_factory=list)
    last_document: int = 0
    document_printing: int = 0
    fidelity: bool = False
    reference: Reference | None = None
    incoming: bool = False
    created_at: int = 0
    processing_at: int = 0
    completed_at: int = 0
    created_date: int = 0
    processing_date: int = 0
    completed_date: int = 0
    impressions: int = 0
    impressions_completed: int = 0
    media_sheets_completed: int = 0
    pages_confirmed: int = 0
    bytes_written: int = 0
    begun: bool = False
    priority: int = DEFAULT_PRIORITY
    place: tuple[int, int] | None = None
    hold_until: str = ""
    hold_until_date: int = 0
    held_on_create: bool = False
    password: bytes = b""
    password_encryption: str = ""
    password_given: bool = False
    suspended: bool = False
    cancel_after_s: int = 0
    processing_s: float = 0.0
    operator_message: str = ""
    whole: bool = True
    proofed: bool = False
    awaits_review: bool = False
    proof_impressions: int = 0
    retained: bool = False

    @property
    def waits_for_password(self) -> bool:
        """It does not print before somebody types its password at the printer."""
        return bool(self.password) and not self.password_given

    @property
    def is_terminal(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in TERMINAL

    @property
    def printable(self) -> list[Document]:
        """The documents that print: those that nobody canceled."""
        return [document for document in self.documents if not document.canceled]

    def document(self, number: int) -> Document | None:
        """The document of that ``document-number``."""
        return next((document for document in self.documents if document.number == number), None)

    def next_document_number(self) -> int:
        """The number of a document that comes now; it is taken."""
        highest = max([document.number for document in self.documents], default=0)
        self.last_document = max(self.last_document, highest) + 1
        return self.last_document

    def document_state(self, document: Document, *, once: bool = True) -> DocumentState:
        """``document-state`` of one of its documents: what the job's own state makes of it, PWG 5100.5.

        Args:
            document: One of `documents`.
            once: The job goes through its documents once: one that is passed is complete.
        """
        if document.canceled:
            return DocumentState.CANCELED
        if self.is_terminal:
            return DocumentState(self.state)
        if self.state in {JobState.PROCESSING, JobState.PROCESSING_STOPPED}:
            if document.number < self.document_printing and once:
                return DocumentState.COMPLETED
            if document.number <= self.document_printing:
                return DocumentState(self.state)
        return DocumentState.PENDING

    @property
    def k_octets_processed(self) -> int:
        """``job-k-octets-processed``: the share of the documents that its printed pages stand for."""
        if self.is_terminal and self.state == JobState.COMPLETED:
            return self.k_octets
        if not self.impressions:
            return 0
        return self.k_octets * min(self.impressions_completed, self.impressions) // self.impressions

    @property
    def k_octets(self) -> int:
        """``job-k-octets``: the documents' size in units of 1024 bytes, rounded up (RFC 8011 §5.3.17.1)."""
        return (sum(document.size for document in self.documents) + 1023) // 1024

    def move(
        self, state: JobState, *, now: int, date: int, reasons: tuple[str, ...] = (), message: str = ""
    ) -> None:
        """Go to `state`.

        Args:
            state: Where to.
            now: ``printer-up-time``, seconds.
            date: Unix time, seconds.
            reasons: The new ``job-state-reasons``; for an end without one, the plain reason of that end.
            message: The new ``job-state-message``.

        Raises:
            ValueError: `state` cannot follow the present one.
        """
        if state != self.state and state not in TRANSITIONS[self.state]:
            raise ValueError(f"job {self.job_id} cannot go from {self.state.name} to {state.name}")
        if state == JobState.PROCESSING and not self.processing_at:
            self.processing_at, self.processing_date = now, date
        if state in TERMINAL:
            if self.state not in TERMINAL:
                self.completed_at, self.completed_date = now, date
                self.whole = not self.incoming
            reasons = reasons or (_TERMINAL_REASONS[state],)
            self.incoming = self.suspended = False
            self.reference = None
        self.state = state
        self.reasons = reasons
        self.message = message


_codec = RecordCodec(Job, "a job")
encode_job, decode_job = _codec.encode, _codec.decode
