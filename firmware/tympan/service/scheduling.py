"""The job template attributes that say when a job prints, before whom, how long it may take and how long it is kept.

RFC 8011 §5.2.1 and §5.2.2, PWG 5100.7 §6.8 and 5100.11. They change nothing on paper, so no ticket carries them: they become
fields of the job, which the queue looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tympan.ipp import Attribute, RangeOfInteger, Value, ValueTag
from tympan.ipp.values import MAX_INTEGER
from tympan.model.hold_periods import ENDS, HOLD_UNTIL, INDEFINITE, NO_HOLD, has_begun, has_come
from tympan.model.job import DEFAULT_PRIORITY, Job
from tympan.service.choice import Choice

if TYPE_CHECKING:
    from tympan.service.template import Template

PRIORITIES: Final = 100
"""``job-priority-supported``: every priority has an effect."""

NOT_RETAINED: Final = "none"

RETAIN_UNTIL: Final = (NOT_RETAINED, *ENDS, INDEFINITE)
"""``job-retain-until-supported``."""

ANY_TIME: Final = RangeOfInteger(0, MAX_INTEGER)

SCHEDULING: Final = (
    "job-cancel-after",
    "job-hold-until",
    "job-hold-until-time",
    "job-priority",
    "job-retain-until",
    "job-retain-until-interval",
    "job-retain-until-time",
)
"""The attributes of this module."""

SETTABLE_DESCRIPTION: Final = ("job-message-from-operator", "job-name")
"""Attributes of ``job-settable-attributes-supported`` that are not job template."""

EXCLUSIVE: Final = (
    ("finishings", "finishings-col"),
    ("job-hold-until", "job-hold-until-time"),
    ("job-retain-until", "job-retain-until-interval", "job-retain-until-time"),
)
"""Of each of these a job can have one: the others conflict with it."""


def scheduling_choices() -> list[Choice]:
    """The rows of the job template table, the same for every printer."""

    def keywords(name: str, words: tuple[str, ...]) -> Choice:
        return Choice(
            name,
            Attribute.keyword(f"{name}-default", words[0]),
            Attribute.keyword(f"{name}-supported", *words),
            lambda value: value.tag == ValueTag.KEYWORD and value.value in words,
        )

    def seconds(name: str, default: Attribute | None) -> Choice:
        return Choice(
            name,
            default,
            Attribute.range(f"{name}-supported", ANY_TIME),
            lambda value: isinstance(value.value, int) and value.value >= 0,
        )

    def moment(name: str) -> Choice:
        return Choice(
            name,
            None,
            Attribute.range(f"{name}-supported", ANY_TIME),
            lambda value: isinstance(value.value, datetime),
        )

    return [
        seconds("job-cancel-after", Attribute.no_value("job-cancel-after-default")),
        keywords("job-hold-until", HOLD_UNTIL),
        moment("job-hold-until-time"),
        Choice(
            "job-priority",
            Attribute.integer("job-priority-default", DEFAULT_PRIORITY),
            Attribute.integer("job-priority-supported", PRIORITIES),
            _is_priority,
        ),
        keywords("job-retain-until", RETAIN_UNTIL),
        seconds("job-retain-until-interval", None),
        moment("job-retain-until-time"),
    ]


def _is_priority(value: Value) -> bool:
    return isinstance(value.value, int) and 1 <= value.value <= PRIORITIES


def settable_attributes(template: Template) -> list[str]:
    """``job-settable-attributes-supported``, RFC 3380 §6.2."""
    return sorted([*template.names(), *SETTABLE_DESCRIPTION])


def conflicting(attributes: Mapping[str, Attribute]) -> list[str]:
    """Names of `attributes` that cannot stand beside another of them, all but the one that is obeyed."""
    losers: list[str] = []
    for names in EXCLUSIVE:
        given = [name for name in names if name in attributes]
        losers += given[:-1]
    return losers


# --- what a job has of them -------------------------------------------------------------------------------------------


def set_hold(job: Job, template: Template, attributes: Mapping[str, Attribute], date: int) -> None:
    """Let `job` wait as its attributes, or the printer's defaults, say; what has begun already is not waited for."""
    job.hold_until, job.hold_until_date = "", 0
    moment = attributes.get("job-hold-until-time")
    if moment is not None and isinstance(moment.first, datetime):
        until = int(moment.first.timestamp())
        job.hold_until_date = 0 if has_come(until, date) else max(until, 1)
        return
    period = template.value("job-hold-until", attributes)
    if isinstance(period, str) and not has_begun(period, date):
        job.hold_until = period


def set_scheduling(job: Job, template: Template, attributes: Mapping[str, Attribute], date: int) -> None:
    """Give a new job what its attributes, or the printer's defaults, say about when it prints."""
    priority = template.value("job-priority", attributes)
    job.priority = priority if isinstance(priority, int) else DEFAULT_PRIORITY
    limit = template.value("job-cancel-after", attributes)
    job.cancel_after_s = limit if isinstance(limit, int) else 0
    set_hold(job, template, attributes, date)


def waits_for_time(job: Job) -> bool:
    """Whether there is a time at which `job` will be released by itself."""
    return bool(job.hold_until_date or (job.hold_until and job.hold_until != INDEFINITE))


def time_has_come(job: Job, date: int) -> bool:
    """Whether what `job` waits for has begun."""
    if job.hold_until_date:
        return has_come(job.hold_until_date, date)
    return has_begun(job.hold_until or NO_HOLD, date)
