"""The subscription attributes groups of requests: what is asked for, what is granted, what is answered (RFC 3995 §5.2).

Operations that make subscriptions, and those that make jobs with subscriptions, share it. A subscription hears from
the moment it is judged, so that one made with a job hears of the job's creation; `conclude` makes it durable and tells
of it, and `withdraw` takes it back where the operation fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tympan.endpoint.charset import CHARSETS
from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.errors import SpoolError
from tympan.ipp import Attribute, AttributeGroup, GroupTag, StatusCode, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.model.job import Job
from tympan.model.subscription import NO_EVENTS, Subscription
from tympan.service.access import Role
from tympan.service.description import NATURAL_LANGUAGE
from tympan.service.notification import NOTIFY_ATTRIBUTES
from tympan.service.subscription_attributes import (
    DEFAULT_EVENTS,
    DEFAULT_SYSTEM_EVENTS,
    IPPGET,
    MAX_EVENTS_ASKED_FOR,
    TEMPLATE_NAMES,
    events_supported,
)

_NO_JOB_YET = -1
"""The job of a subscription that is only tried: there is none of that number."""

_METHODS = ("notify-pull-method", "notify-recipient-uri")


@dataclass(slots=True)
class Judged:
    """What becomes of one subscription attributes group.

    Attributes:
        subscription: What is subscribed; None: nothing.
        status: ``notify-status-code``; None: all is as asked for.
        unsupported: What is given back because it is not supported.
        only_tried: Nothing is subscribed, as by Validate-Job: it has no number.
    """

    subscription: Subscription | None = None
    status: StatusCode | None = None
    unsupported: list[Attribute] = field(default_factory=list)
    only_tried: bool = False

    def refuse(self, status: StatusCode) -> None:
        """Subscribe nothing, for this reason."""
        self.subscription, self.status = None, status

    def attributes(self) -> list[Attribute]:
        """The group of the answer, RFC 3995 §5.2 rule 8."""
        answered: list[Attribute] = []
        subscription = self.subscription
        if subscription is not None and not self.only_tried:
            answered.append(Attribute.integer("notify-subscription-id", subscription.subscription_id))
        if subscription is not None and not subscription.job_id:
            answered.append(Attribute.integer("notify-lease-duration", subscription.lease_s))
        if self.status is not None:
            answered.append(Attribute.enum("notify-status-code", self.status))
        return answered + self.unsupported


class _Wish:
    """Reads one group, attribute by attribute, and collects what is not supported."""

    def __init__(self, group: AttributeGroup) -> None:
        self._group = group
        self.unsupported: list[Attribute] = [
            Attribute.unsupported(attribute.name)
            for attribute in group.attributes
            if attribute.name not in TEMPLATE_NAMES
        ]

    def get(self, name: str) -> Attribute | None:
        """An attribute of the right syntax; one of a wrong syntax, or with a value that is none, is not supported."""
        attribute = self._group.get(name)
        if attribute is None:
            return None
        if attribute.out_of_band or check_syntax(attribute, GroupTag.SUBSCRIPTION) is not None:
            self.unsupported.append(attribute)
            return None
        return attribute

    def keywords(self, name: str, supported: tuple[str, ...]) -> tuple[str, ...]:
        """Those values of a set of keywords that are supported, each once."""
        attribute = self.get(name)
        if attribute is None:
            return ()
        values = dict.fromkeys(attribute.strings())
        bad = [value for value in values if value not in supported]
        if bad:
            self.unsupported.append(Attribute.keyword(name, *bad))
        return tuple([value for value in values if value in supported])

    def one_of(self, name: str, supported: tuple[str, ...]) -> str | None:
        """The only value of an attribute, without regard to capitals; None where it is not supported."""
        attribute = self.get(name)
        if attribute is None:
            return None
        value = str(attribute.first).lower()
        if value in supported:
            return value
        self.unsupported.append(attribute)
        return None

    def integer(self, name: str) -> int | None:
        """The only value of an attribute that is an integer."""
        attribute = self.get(name)
        return attribute.integers()[0] if attribute is not None else None


def judge(
    exchange: Exchange, job: Job | None = None, *, per_job: bool, only_try: bool = False
) -> list[Judged]:
    """Judge the subscription attributes groups of a request, and subscribe what they ask for.

    Args:
        exchange: The request.
        job: The job that is subscribed to.
        per_job: The subscriptions are to a job, which with `only_try` there is none of.
        only_try: Subscribe nothing.

    Raises:
        RefusedError: A group does not say how events are to be delivered, RFC 3995 §5.2 rule 4.
    """
    groups = exchange.message.groups_of(GroupTag.SUBSCRIPTION)
    for group in groups:
        if not any(name in group for name in _METHODS):
            raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "a subscription needs notify-pull-method")
    exchange.subscribing = []
    for group in groups:
        exchange.subscribing.append(_judged(exchange, group, job, per_job=per_job, only_try=only_try))
    return exchange.subscribing


def _judged(
    exchange: Exchange, group: AttributeGroup, job: Job | None, *, per_job: bool, only_try: bool
) -> Judged:
    subscriptions = exchange.service.subscriptions
    printer = exchange.target.name if exchange.target is not None else ""
    tried = sum(1 for each in exchange.subscribing if each.subscription is not None) if only_try else 0
    job_id = job.job_id if job is not None else _NO_JOB_YET if per_job else 0
    if not subscriptions.has_room(printer, job_id, tried):
        return Judged(
            status=StatusCode.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS
        )  # its attributes are not looked at
    wish = _Wish(group)
    judged = Judged(unsupported=wish.unsupported, only_tried=only_try)
    method = wish.one_of("notify-pull-method", (IPPGET,))
    events, too_many = _events(exchange, group, wish)
    attributes = wish.keywords("notify-attributes", NOTIFY_ATTRIBUTES)
    user_data = wish.get("notify-user-data")
    charset = wish.one_of("notify-charset", CHARSETS)
    language = wish.one_of("notify-natural-language", (NATURAL_LANGUAGE,))
    interval = wish.integer("notify-time-interval")
    lease_s, other_lease = _lease(exchange, group, wish, per_job=per_job)
    if "notify-recipient-uri" in group:
        judged.refuse(StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED)
        return judged
    if method is None or not events:
        judged.refuse(StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED)
        return judged
    judged.subscription = Subscription(
        printer=printer,
        job_id=job_id,
        uri=exchange.text("printer-uri" if printer else "system-uri"),
        user=exchange.user,
        user_proved=bool(exchange.requester.name),
        sees_all=exchange.requester.role >= Role.OPERATOR,
        events=events,
        attributes=attributes,
        user_data=bytes(user_data.first)
        if user_data is not None and isinstance(user_data.first, bytes)
        else b"",
        charset=charset or exchange.text("attributes-charset").lower(),
        language=language or NATURAL_LANGUAGE,
        lease_s=lease_s,
        time_interval_s=interval or 0,
    )
    if too_many:
        judged.status = StatusCode.SUCCESSFUL_OK_TOO_MANY_EVENTS
    elif wish.unsupported or other_lease:
        judged.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    if not only_try:
        subscriptions.subscribe(judged.subscription)
    return judged


def _events(exchange: Exchange, group: AttributeGroup, wish: _Wish) -> tuple[tuple[str, ...], bool]:
    """``notify-events`` that are subscribed to, and whether more were asked for than may be (RFC 3995 §5.3.3)."""
    system = exchange.target is None
    asked = group.get("notify-events")
    if asked is None:
        return (DEFAULT_SYSTEM_EVENTS if system else DEFAULT_EVENTS), False
    attribute = wish.get("notify-events")
    if attribute is None:
        return (), False
    values = list(dict.fromkeys(attribute.strings()))
    supported = [each for each in events_supported(system=system) if each != NO_EVENTS]
    good = [value for value in values[:MAX_EVENTS_ASKED_FOR] if value in supported]
    bad = [value for value in values if value not in good]
    if bad:
        wish.unsupported.append(Attribute.keyword("notify-events", *bad))
    return tuple(good), len(values) > MAX_EVENTS_ASKED_FOR


def _lease(exchange: Exchange, group: AttributeGroup, wish: _Wish, *, per_job: bool) -> tuple[int, bool]:
    """The lease that is granted, and whether it is another than was asked for, RFC 3995 §5.3.8."""
    asked = group.get("notify-lease-duration")
    if per_job:
        if asked is not None:  # it lasts as long as its job
            wish.unsupported.append(Attribute.unsupported("notify-lease-duration"))
        return 0, False
    wanted = None
    if (
        asked is not None
        and asked.tag == ValueTag.INTEGER
        and check_syntax(asked, GroupTag.SUBSCRIPTION) is None
    ):
        wanted = asked.integers()[0]
    granted = exchange.service.subscriptions.granted_lease(wanted)
    return granted, asked is not None and wanted != granted


# --- the end of the operation -------------------------------------------------------------------------------------------


async def conclude(exchange: Exchange, answer: Answer, *, with_job: bool) -> None:
    """Make what was subscribed durable, and tell of each group in `answer`.

    Args:
        exchange: The request.
        answer: Gets a group for each of the request's, and a status where not all could be subscribed.
        with_job: The request made a job too, or tried to: it does not fail because of its subscriptions.
    """
    judged = exchange.subscribing
    made = [each.subscription for each in judged if each.subscription is not None]
    if made and not judged[0].only_tried:
        try:
            await exchange.service.subscriptions.keep(made)
        except SpoolError:  # there is no space for them: RFC 3995 §13.3
            for each in judged:
                each.refuse(StatusCode.CLIENT_ERROR_TOO_MANY_SUBSCRIPTIONS)
    for each in judged:
        answer.add(GroupTag.SUBSCRIPTION, each.attributes())
    if all(each.subscription is None for each in judged) and not with_job:
        answer.status = StatusCode.CLIENT_ERROR_IGNORED_ALL_SUBSCRIPTIONS
        answer.problem = "none of the subscriptions could be made"
    elif any(each.subscription is None for each in judged):
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    exchange.subscribing = []


def withdraw(exchange: Exchange) -> None:
    """Take back what was subscribed: the operation failed."""
    made = [each.subscription for each in exchange.subscribing if each.subscription is not None]
    exchange.service.subscriptions.forget(made)
    exchange.subscribing = []
