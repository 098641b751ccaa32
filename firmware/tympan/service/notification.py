"""What an event says: its attributes and its sentence, taken at the moment it happens (RFC 3995 §9, RFC 3996 §5.2).

It makes the attributes that an event has for everybody, those that one subscriber asks for (``notify-attributes``), and
those that name the subscription when the event is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from tympan.ipp import Attribute, encode_attribute
from tympan.ipp.enums import JobState, PrinterState
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.model.subscription import Notice, Subscription
from tympan.service import document_attributes
from tympan.service.access import Requester, Role
from tympan.service.clock import date_time
from tympan.service.dns_sd_name import cut
from tympan.service.document_attributes import goes_once
from tympan.service.events import Event
from tympan.service.printer import Printer
from tympan.service.privacy import Privacy

_COUNTED: Final = frozenset({"job-progress", "job-completed"})
"""Events that tell ``job-impressions-completed``, RFC 3996 §5.2, table 5."""

_OF_DOCUMENTS: Final = frozenset(
    {"document-number", "document-state", "document-state-reasons", "document-uuid"}
)
"""What events of documents tell besides, PWG 5100.5 §8."""

MAX_TEXT_OCTETS: Final = 1023
"""The longest text, RFC 8011 §5.1.2: what a sentence quotes may be as long by itself."""

_MAX_IMPRESSIONS = 2**31 - 1

_JOB_SENTENCES: Final = MappingProxyType(
    {
        "job-created": "was created",
        "job-config-changed": "was changed",
        "job-stopped": "stopped",
    }
)

_STATE_SENTENCES: Final = MappingProxyType(
    {
        JobState.PENDING: "waits",
        JobState.PENDING_HELD: "is held",
        JobState.PROCESSING: "is printing",
        JobState.PROCESSING_STOPPED: "is stopped",
        JobState.CANCELED: "was canceled",
        JobState.ABORTED: "was aborted",
        JobState.COMPLETED: "is completed",
    }
)

_PRINTER_SENTENCES: Final = MappingProxyType(
    {
        "printer-config-changed": "has other settings",
        "printer-created": "was added",
        "printer-deleted": "was removed",
        "printer-media-changed": "has other paper",
        "printer-queue-order-changed": "prints its jobs in another order",
        "printer-restarted": "has started",
        "printer-shutdown": "is shutting down",
    }
)

_PRINTER_STATES: Final = MappingProxyType(
    {
        PrinterState.IDLE: "is idle",
        PrinterState.PROCESSING: "is printing",
        PrinterState.STOPPED: "is stopped",
    }
)

_SYSTEM_SENTENCES: Final = MappingProxyType(
    {
        "system-config-changed": "The system has other settings.",
        "system-restarted": "The system has started.",
        "system-shutdown": "The system is shutting down.",
        "system-stopped": "All printers are stopped.",
    }
)

_SYSTEM_STATES: Final = MappingProxyType(
    {
        PrinterState.IDLE: "No printer is printing.",
        PrinterState.PROCESSING: "A printer is printing.",
        PrinterState.STOPPED: "All printers are stopped.",
    }
)


def sentence(event: Event, state: PrinterState, *, tells_message: bool = True) -> str:
    """``notify-text``: what happened, for people (RFC 3995 §9.2).

    A job is called by its number: its name is its owner's.

    Args:
        event: What happened.
        state: ``system-state``.
        tells_message: Everybody may read ``job-state-message``.
    """
    if event.printer is None:
        return _SYSTEM_SENTENCES.get(event.keyword) or _SYSTEM_STATES[state]
    name = event.printer.identity.info or event.printer.name
    if event.document is not None and event.job is not None:
        told = _document_sentence(event.keyword, event.job, event.document)
        return f"Document {event.document.number} of job {event.job.job_id} on {name} {told}."
    if event.job is not None:
        return f"Job {event.job.job_id} on {name} {_job_sentence(event.keyword, event.job, tells_message=tells_message)}"
    known = _PRINTER_SENTENCES.get(event.keyword)
    if known is not None:
        return f"Printer {name} {known}."
    reasons = [reason for reason in event.printer.reasons if reason != "none"]
    why = f" ({', '.join(reasons)})" if reasons else ""
    message = f" {event.printer.message}" if event.printer.message else ""
    return f"Printer {name} {_PRINTER_STATES[event.printer.state]}{why}.{message}"


def _document_sentence(keyword: str, job: Job, document: Document) -> str:
    if keyword == "document-created":
        return "has arrived"
    if keyword == "document-config-changed":
        return "was changed"
    return _STATE_SENTENCES[JobState(job.document_state(document, once=goes_once(job)))]


def _job_sentence(keyword: str, job: Job, *, tells_message: bool) -> str:
    if keyword == "job-progress":
        return f"has printed {job.impressions_completed} pages."
    told = _JOB_SENTENCES.get(keyword) or _STATE_SENTENCES[job.state]
    return f"{told}. {job.message}" if job.message and tells_message else f"{told}."


def content(
    event: Event,
    *,
    now: int,
    date: int,
    state: PrinterState,
    reasons: Sequence[str],
    tells_message: bool = True,
) -> bytes:
    """The encoded attributes that an event has in every subscription, RFC 3996 §5.2, tables 3, 4 and 6.

    Args:
        event: What happened.
        now: ``printer-up-time``.
        date: Unix time.
        state: ``system-state``.
        reasons: ``system-state-reasons``.
        tells_message: Everybody may read ``job-state-message``.
    """
    attributes = [
        Attribute.integer("printer-up-time", now),
        date_time("printer-current-time", date),
        Attribute.text(
            "notify-text", cut(sentence(event, state, tells_message=tells_message), MAX_TEXT_OCTETS)
        ),
    ]
    if event.job is not None:
        attributes += _job_attributes(event.keyword, event.job)
        if event.document is not None:
            described = document_attributes.description(event.job, event.document, "", now)
            attributes += [attribute for attribute in described if attribute.name in _OF_DOCUMENTS]
    elif event.printer is not None:
        attributes += _printer_attributes(event.printer)
    else:
        attributes += [
            Attribute.enum("system-state", state),
            Attribute.keyword("system-state-reasons", *reasons),
            Attribute.integer("system-up-time", now),
        ]
    return b"".join([encode_attribute(attribute) for attribute in attributes])


def _job_attributes(keyword: str, job: Job) -> list[Attribute]:
    attributes = [
        Attribute.integer("job-id", job.job_id),
        Attribute.uri("job-uuid", f"urn:uuid:{job.uuid}"),
        Attribute.enum("job-state", job.state),
        Attribute.keyword("job-state-reasons", *(job.reasons or ("none",))),
    ]
    if keyword in _COUNTED:
        attributes.append(
            Attribute.integer("job-impressions-completed", min(job.impressions_completed, _MAX_IMPRESSIONS))
        )
    return attributes


def _printer_attributes(printer: Printer) -> list[Attribute]:
    return [
        Attribute.enum("printer-state", printer.state),
        Attribute.keyword("printer-state-reasons", *printer.reasons),
        Attribute.boolean("printer-is-accepting-jobs", printer.control.takes_jobs),
    ]


# --- notify-attributes ------------------------------------------------------------------------------------------------


def _count(name: str, value: int) -> Attribute:
    return Attribute.integer(name, min(value, _MAX_IMPRESSIONS))


_OF_JOB: dict[str, Callable[[Job], Attribute]] = {
    "job-impressions": lambda job: (
        _count("job-impressions", job.impressions) if job.impressions else Attribute.no_value("job-impressions")
    ),
    "job-k-octets": lambda job: _count("job-k-octets", job.k_octets),
    "job-k-octets-processed": lambda job: _count("job-k-octets-processed", job.k_octets_processed),
    "job-media-sheets-completed": lambda job: _count("job-media-sheets-completed", job.media_sheets_completed),
    "job-name": lambda job: Attribute.name_string("job-name", job.name),
    "job-originating-user-name": lambda job: Attribute.name_string("job-originating-user-name", job.user),
    "job-state-message": lambda job: Attribute.text("job-state-message", job.message),
}  # fmt: skip

_OF_PRINTER: dict[str, Callable[[Printer], Attribute]] = {
    "printer-name": lambda printer: Attribute.name_string("printer-name", printer.name),
    "printer-state-message": lambda printer: Attribute.text("printer-state-message", printer.message),
    "printer-uuid": lambda printer: Attribute.uri("printer-uuid", f"urn:uuid:{printer.identity.uuid}"),
    "queued-job-count": lambda printer: Attribute.integer("queued-job-count", len(printer.active)),
}

_OF_SUBSCRIPTION: dict[str, Callable[[Subscription], Attribute]] = {
    "notify-job-id": lambda subscription: (
        Attribute.integer("notify-job-id", subscription.job_id)
        if subscription.job_id
        else Attribute.no_value("notify-job-id")
    ),
    "notify-subscriber-user-name": lambda subscription: Attribute.name_string(
        "notify-subscriber-user-name", subscription.user
    ),
}

NOTIFY_ATTRIBUTES: Final = tuple(sorted([*_OF_JOB, *_OF_PRINTER, *_OF_SUBSCRIPTION]))
"""``notify-attributes-supported``, RFC 3995 §5.3.4: none of those that every event has."""


def _subscriber(subscription: Subscription) -> Requester:
    """Who subscribed, as far as it was proved."""
    return Requester(
        Role.OPERATOR if subscription.sees_all else Role.USER,
        subscription.user if subscription.user_proved else "",
    )


def asked_for(event: Event, subscription: Subscription, own_job: Job | None, privacy: Privacy) -> bytes:
    """The encoded attributes that ``notify-attributes`` adds; ``no-value`` where there is no such job or printer.

    Args:
        event: What happened.
        subscription: Who is told.
        own_job: The job that the subscription is about, if it is about one.
        privacy: What others do not see of a job.
    """
    printer = event.printer
    job = own_job or event.job or (printer.current if printer is not None else None)
    sees = job is None or privacy.sees(_subscriber(subscription), subscription.user, job)
    attributes = []
    for name in subscription.attributes:
        if name in _OF_SUBSCRIPTION:
            attribute = _OF_SUBSCRIPTION[name](subscription)
        elif name in _OF_PRINTER and printer is not None:
            attribute = _OF_PRINTER[name](printer)
        elif name in _OF_JOB and job is not None:
            attribute = (
                _OF_JOB[name](job) if sees or not privacy.is_private(name) else Attribute.unknown(name)
            )
        else:
            attribute = Attribute.no_value(name)
        attributes.append(encode_attribute(attribute))
    return b"".join(attributes)


# --- what is fetched --------------------------------------------------------------------------------------------------


def fetched(notice: Notice, subscription: Subscription) -> bytes:
    """An event notification attributes group as Get-Notifications gives it."""
    if subscription.printer:
        target = [Attribute.uri("notify-printer-uri", subscription.uri)]
    else:
        target = [Attribute.uri("notify-system-uri", subscription.uri)]
        if notice.printer:
            base = subscription.uri.partition("/ipp/")[0]
            target.append(Attribute.uri("notify-printer-uri", f"{base}/ipp/print/{notice.printer}"))
    own = [
        Attribute.integer("notify-subscription-id", subscription.subscription_id),
        Attribute.uri("notify-subscription-uuid", f"urn:uuid:{subscription.uuid}"),
        *target,
        Attribute.keyword("notify-subscribed-event", notice.event),
        Attribute.integer("notify-sequence-number", notice.sequence),
        Attribute.charset("notify-charset", subscription.charset),
        Attribute.language("notify-natural-language", subscription.language),
        Attribute.octets("notify-user-data", subscription.user_data),
    ]
    return b"".join([encode_attribute(attribute) for attribute in own]) + notice.content + notice.more
