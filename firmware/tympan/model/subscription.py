"""The subscription object: which events somebody wants to hear of, and those kept for them (RFC 3995 §5, RFC 3996).

It owns which events there are, which subscription hears which event, sequence numbers and the life of kept events. It
has no clock: times are seconds of ``printer-up-time`` and given. It has no input or output: the spool keeps a
subscription by encoding this very record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from tympan.ipp.values import MAX_INTEGER
from tympan.model.record import RecordCodec

NO_EVENTS: Final = "none"

JOB_EVENTS: Final = (
    "job-completed",
    "job-config-changed",
    "job-created",
    "job-progress",
    "job-state-changed",
    "job-stopped",
)
"""Events of jobs, RFC 3995 §5.3.3.4.3."""

DOCUMENT_EVENTS: Final = (
    "document-completed",
    "document-config-changed",
    "document-created",
    "document-state-changed",
    "document-stopped",
)
"""Events of the documents of jobs, PWG 5100.5 §8; they are matched like events of their jobs."""

PRINTER_EVENTS: Final = (
    "printer-config-changed",
    "printer-media-changed",
    "printer-queue-order-changed",
    "printer-restarted",
    "printer-shutdown",
    "printer-state-changed",
    "printer-stopped",
)
"""Events of printers, RFC 3995 §5.3.3.4.2."""

SYSTEM_EVENTS: Final = (
    "printer-created",
    "printer-deleted",
    "system-config-changed",
    "system-restarted",
    "system-shutdown",
    "system-state-changed",
    "system-stopped",
)
"""Events of the system, PWG 5100.22 §7.1; only subscriptions to the system hear of them."""

WIDER: Final = {
    "job-created": "job-state-changed",
    "job-completed": "job-state-changed",
    "job-stopped": "job-state-changed",
    "document-created": "document-state-changed",
    "document-completed": "document-state-changed",
    "document-stopped": "document-state-changed",
    "printer-restarted": "printer-state-changed",
    "printer-shutdown": "printer-state-changed",
    "printer-stopped": "printer-state-changed",
    "printer-media-changed": "printer-config-changed",
    "system-restarted": "system-state-changed",
    "system-shutdown": "system-state-changed",
    "system-stopped": "system-state-changed",
}
"""Of each sub-value the event that it is a case of, RFC 3995 §5.3.3.4."""

MAX_USER_DATA_OCTETS: Final = 63
"""``notify-user-data``, RFC 3995 §5.3.5."""

SEQUENCE_STEP: Final = 1000
"""Sequence numbers are reserved on the disk in steps, so that none is given twice after a power cut."""


class Subscription(msgspec.Struct, kw_only=True):
    """One subscription.

    Attributes:
        subscription_id: ``notify-subscription-id``; unique over all printers of this service.
        uuid: ``notify-subscription-uuid`` without ``urn:uuid:``.
        printer: Name of the printer it is about; empty: the system, which means everything.
        job_id: ``notify-job-id``; 0: it is not about a single job.
        uri: ``notify-printer-uri`` or ``notify-system-uri``: the target as the subscriber gave it.
        user: ``notify-subscriber-user-name``.
        user_proved: The subscriber has proved to be who they are; then only who proves it as well is taken for them.
        sees_all: An operator made it: it may tell of others' jobs what their owners called them.
        events: ``notify-events``.
        attributes: ``notify-attributes``.
        user_data: ``notify-user-data``.
        charset: ``notify-charset``.
        language: ``notify-natural-language``.
        lease_s: ``notify-lease-duration``; 0: it never ends, or ends with its job.
        time_interval_s: ``notify-time-interval``, the least time between two events of progress.
        sequence: ``notify-sequence-number``, that of the latest event; in a kept record the highest reserved.
    """

    subscription_id: int = 0
    uuid: str = ""
    printer: str
    uri: str
    job_id: int = 0
    user: str = "anonymous"
    user_proved: bool = False
    sees_all: bool = False
    events: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    user_data: bytes = b""
    charset: str = "utf-8"
    language: str = "en"
    lease_s: int = 0
    time_interval_s: int = 0
    sequence: int = 0

    def subscribed(self, event: str) -> str | None:
        """``notify-subscribed-event`` of an event: itself or the wider one; None where neither is subscribed to."""
        if event in self.events:
            return event
        wider = WIDER.get(event)
        return wider if wider in self.events else None

    def concerns(self, printer: str, job_id: int) -> bool:
        """Whether it is about what an event happened to, RFC 3995 §5.3.3.5.

        Args:
            printer: The printer's name; empty: it happened to the system.
            job_id: The job; 0: it is an event of the printer or the system.
        """
        if not self.printer:
            return True
        return self.printer == printer and (not job_id or self.job_id in {0, job_id})


@dataclass(frozen=True, slots=True)
class Notice:
    """An event kept for one subscription.

    Attributes:
        sequence: ``notify-sequence-number``.
        event: ``notify-subscribed-event``.
        at: When it happened.
        printer: Name of the printer it happened on; empty: the system.
        content: The encoded attributes that it has in every subscription; shared between them.
        more: The encoded attributes that ``notify-attributes`` asks for.
    """

    sequence: int
    event: str
    at: int
    printer: str
    content: bytes
    more: bytes = b""


class KeptSubscription:
    """A subscription with the events that are kept for it.

    Args:
        subscription: The subscription; from now on its ``sequence`` is the latest number that was given.
        max_events: The most events that are kept.
        expires_at: ``notify-lease-expiration-time``; 0: never.

    Attributes:
        subscription: The subscription.
        expires_at: When it ends; 0: nobody knows yet.
        complete: Its job has ended: nothing more will happen, and it stays for a while to be asked.
        stored: The spool has it.
        reserved: The highest sequence number that the spool has reserved.
    """

    __slots__ = ("_notices", "_progress_at", "complete", "expires_at", "reserved", "stored", "subscription")

    def __init__(self, subscription: Subscription, max_events: int, expires_at: int = 0) -> None:
        self.subscription = subscription
        self.expires_at = expires_at
        self.complete = False
        self.stored = False
        self.reserved = subscription.sequence
        self._notices: deque[Notice] = deque(maxlen=max_events)
        self._progress_at: int | None = None

    def wants(self, event: str, printer: str, job_id: int, now: int) -> str | None:
        """The subscribed event that matches one that has happened; None where it is not to be told."""
        if self.complete or not self.subscription.concerns(printer, job_id):
            return None
        subscribed = self.subscription.subscribed(event)
        if subscribed is not None and event == "job-progress":
            interval = self.subscription.time_interval_s
            if interval and self._progress_at is not None and now - self._progress_at < interval:
                return None
            self._progress_at = now
        return subscribed

    def tell(self, event: str, printer: str, content: bytes, more: bytes, now: int) -> bool:
        """Keep an event; returns whether the spool should reserve more sequence numbers."""
        subscription = self.subscription
        subscription.sequence = subscription.sequence + 1 if subscription.sequence < MAX_INTEGER else 0
        self._notices.append(Notice(subscription.sequence, event, now, printer, content, more))
        return subscription.sequence + SEQUENCE_STEP // 2 > self.reserved or subscription.sequence == 0

    def notices(self, first: int, since: int) -> Iterator[Notice]:
        """The events numbered `first` or higher that happened at `since` or later, in order; older ones are let go."""
        while self._notices and self._notices[0].at < since:
            self._notices.popleft()
        return (notice for notice in self._notices if notice.sequence >= first)


_codec = RecordCodec(Subscription, "a subscription")
decode_subscription = _codec.decode


def encode_subscription(subscription: Subscription, sequence: int) -> bytes:
    """The record as the spool keeps it, with `sequence` as the highest reserved number."""
    return _codec.encode(msgspec.structs.replace(subscription, sequence=sequence))
