"""``[notifications]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option


@dataclass(frozen=True)
class NotificationSettings:
    """``[notifications]``: subscriptions to events, and the events that are kept for those who fetch them (RFC 3995, RFC 3996)."""

    max_subscriptions: int = option(
        "Most subscriptions, all together; one more is refused with `client-error-too-many-subscriptions`.",
        default=1000,
        minimum=1,
        maximum=100_000,
    )
    max_subscriptions_per_printer: int = option(
        "Most subscriptions to one printer, and to the system; those to single jobs are not counted.",
        default=250,
        minimum=1,
        maximum=100_000,
    )
    max_subscriptions_per_job: int = option(
        "Most subscriptions to one job.", default=10, minimum=1, maximum=10_000
    )
    max_events: int = option(
        "Most events kept for a subscription; the oldest go first, and their numbers are missing.",
        default=100,
        minimum=2,
        maximum=100_000,
    )
    event_life_s: int = option(
        "`ippget-event-life`: time an event can be fetched, RFC 3996 §8.1.",
        default=60,
        minimum=15,
        maximum=86_400,
    )
    lease_s: int = option(
        "`notify-lease-duration-default`: time after which a subscription ends that nobody renewed.",
        default=86_400,
        minimum=1,
        maximum=67_108_863,
    )
    max_lease_s: int = option(
        "The longest lease. 0: as long as anybody likes, and 0, which never ends, may be asked for too.",
        default=604_800,
        minimum=0,
        maximum=67_108_863,
    )
    max_waiting: int = option(
        "Most clients that may hold a connection open to wait for an event; one more is told to come again.",
        default=100,
        minimum=0,
        maximum=65536,
    )
