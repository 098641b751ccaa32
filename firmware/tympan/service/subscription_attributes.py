"""A subscription as attributes, and what a printer and the system say of subscriptions (RFC 3995 §5.3, §5.4)."""

from __future__ import annotations

from tympan.config import NotificationSettings
from tympan.ipp import Attribute, RangeOfInteger
from tympan.model.subscription import (
    DOCUMENT_EVENTS,
    JOB_EVENTS,
    NO_EVENTS,
    PRINTER_EVENTS,
    SYSTEM_EVENTS,
    KeptSubscription,
)
from tympan.service.notification import NOTIFY_ATTRIBUTES

IPPGET = "ippget"
"""The one method of delivery, RFC 3996."""

MAX_EVENTS_ASKED_FOR = 32
"""``notify-max-events-supported``."""

MAX_LEASE_S = 67_108_863
"""The longest lease that can be said, RFC 3995 §5.3.8."""

DEFAULT_EVENTS = ("job-completed",)
"""``notify-events-default`` of a printer."""

DEFAULT_SYSTEM_EVENTS = ("system-state-changed",)
"""``notify-events-default`` of the system."""

TEMPLATE_NAMES = frozenset(
    {
        "notify-attributes",
        "notify-charset",
        "notify-events",
        "notify-lease-duration",
        "notify-natural-language",
        "notify-pull-method",
        "notify-time-interval",
        "notify-user-data",
    }
)
"""What a subscriber may ask for: the group ``subscription-template``, RFC 3995 §11.2.4."""

DESCRIPTION_NAMES = frozenset(
    {
        "notify-job-id",
        "notify-lease-expiration-time",
        "notify-printer-up-time",
        "notify-printer-uri",
        "notify-sequence-number",
        "notify-subscriber-user-name",
        "notify-subscription-id",
        "notify-subscription-uuid",
        "notify-system-up-time",
        "notify-system-uri",
    }
)
"""What is said of a subscription besides: the group ``subscription-description``."""

GROUP_NAMES = frozenset({"all", "subscription-template", "subscription-description"})


def events_supported(*, system: bool) -> tuple[str, ...]:
    """``notify-events-supported`` of a printer, or of the system."""
    return (*DOCUMENT_EVENTS, *JOB_EVENTS, NO_EVENTS, *PRINTER_EVENTS, *(SYSTEM_EVENTS if system else ()))


def notification_attributes(settings: NotificationSettings, *, system: bool = False) -> list[Attribute]:
    """What a printer, or the system, says of subscriptions: RFC 3995 §5.3 table 1, RFC 3996 §8.1."""
    longest = settings.max_lease_s
    leases: tuple[int | RangeOfInteger, ...] = (
        (RangeOfInteger(1, longest),) if longest else (0, RangeOfInteger(1, MAX_LEASE_S))
    )
    default = min(settings.lease_s, longest) if longest else settings.lease_s
    supported = [
        Attribute.integer("notify-lease-duration-supported", lease)
        if isinstance(lease, int)
        else Attribute.range("notify-lease-duration-supported", lease)
        for lease in leases
    ]
    return [
        Attribute.integer("ippget-event-life", settings.event_life_s),
        Attribute.keyword("notify-attributes-supported", *NOTIFY_ATTRIBUTES),
        Attribute.keyword("notify-events-default", *(DEFAULT_SYSTEM_EVENTS if system else DEFAULT_EVENTS)),
        Attribute.keyword("notify-events-supported", *events_supported(system=system)),
        Attribute.integer("notify-lease-duration-default", default),
        Attribute("notify-lease-duration-supported", tuple([each.values[0] for each in supported])),
        Attribute.integer("notify-max-events-supported", MAX_EVENTS_ASKED_FOR),
        Attribute.keyword("notify-pull-method-supported", IPPGET),
    ]


def subscription_attributes(kept: KeptSubscription, now: int) -> list[Attribute]:
    """Every attribute of a subscription.

    Args:
        kept: The subscription.
        now: ``printer-up-time``.
    """
    return [*_template(kept), *_description(kept, now)]


def chosen(attributes: list[Attribute], requested: tuple[str, ...]) -> list[Attribute]:
    """Those that are asked for, by names and by groups."""
    wanted = set(requested)
    if "all" in wanted:
        return attributes
    if "subscription-template" in wanted:
        wanted |= TEMPLATE_NAMES
    if "subscription-description" in wanted:
        wanted |= DESCRIPTION_NAMES
    return [attribute for attribute in attributes if attribute.name in wanted]


def _template(kept: KeptSubscription) -> list[Attribute]:
    subscription = kept.subscription
    attributes = [
        Attribute.keyword("notify-pull-method", IPPGET),
        Attribute.keyword("notify-events", *subscription.events),
        Attribute.charset("notify-charset", subscription.charset),
        Attribute.language("notify-natural-language", subscription.language),
    ]
    if subscription.attributes:
        attributes.append(Attribute.keyword("notify-attributes", *subscription.attributes))
    if subscription.user_data:
        attributes.append(Attribute.octets("notify-user-data", subscription.user_data))
    if subscription.time_interval_s:
        attributes.append(Attribute.integer("notify-time-interval", subscription.time_interval_s))
    if not subscription.job_id:
        attributes.append(Attribute.integer("notify-lease-duration", subscription.lease_s))
    return attributes


def _description(kept: KeptSubscription, now: int) -> list[Attribute]:
    subscription = kept.subscription
    attributes = [
        Attribute.integer("notify-subscription-id", subscription.subscription_id),
        Attribute.uri("notify-subscription-uuid", f"urn:uuid:{subscription.uuid}"),
        Attribute.integer("notify-sequence-number", subscription.sequence),
        Attribute.name_string("notify-subscriber-user-name", subscription.user),
        Attribute.uri(
            "notify-printer-uri" if subscription.printer else "notify-system-uri", subscription.uri
        ),
    ]
    if subscription.job_id:
        attributes.append(Attribute.integer("notify-job-id", subscription.job_id))
    else:
        up_time = "notify-printer-up-time" if subscription.printer else "notify-system-up-time"
        attributes += [
            Attribute.integer("notify-lease-expiration-time", kept.expires_at),
            Attribute.integer(up_time, now),
        ]
    return attributes
