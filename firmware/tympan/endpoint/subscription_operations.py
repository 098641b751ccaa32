"""Operations on subscriptions: RFC 3995 §11, and those of the system, PWG 5100.22 §6.

Who made a subscription, and operators, may see, renew and cancel it. Anybody who may print may subscribe.
"""

from __future__ import annotations

from itertools import islice

from tympan.endpoint.exchange import Answer, Exchange, RefusedError, not_authorized
from tympan.endpoint.subscription_groups import conclude, judge
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.registry import check_syntax
from tympan.model.job import Job
from tympan.model.subscription import KeptSubscription
from tympan.service.access import Role
from tympan.service.subscription_attributes import (
    DESCRIPTION_NAMES,
    GROUP_NAMES,
    TEMPLATE_NAMES,
    chosen,
    subscription_attributes,
)

DEFAULT_NAMES = ("notify-subscription-id",)
"""What Get-Subscriptions gives where nothing is asked for, RFC 3995 §11.2.5.1.3."""


# --- subscribing --------------------------------------------------------------------------------------------------------


@handler(Operation.CREATE_PRINTER_SUBSCRIPTIONS, Target.PRINTER)
async def create_printer_subscriptions(exchange: Exchange) -> Answer:
    """Create-Printer-Subscriptions, RFC 3995 §11.1.2."""
    return await _subscribed(exchange, None)


@handler(Operation.CREATE_SYSTEM_SUBSCRIPTIONS, Target.SYSTEM)
async def create_system_subscriptions(exchange: Exchange) -> Answer:
    """Create-System-Subscriptions, PWG 5100.22 §6: to the system, all its printers and their jobs."""
    return await _subscribed(exchange, None)


@handler(Operation.CREATE_JOB_SUBSCRIPTIONS, Target.PRINTER, "notify-job-id")
async def create_job_subscriptions(exchange: Exchange) -> Answer:
    """Create-Job-Subscriptions, RFC 3995 §11.1.1."""
    number = exchange.operation.integer("notify-job-id")
    if number is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "notify-job-id must be given")
    job = _job(exchange, number)
    if not exchange.requester.may_change(job, exchange.text("requesting-user-name")):
        raise not_authorized(exchange.requester, f"job {job.job_id} is not yours")
    if job.is_terminal:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.job_id} is {job.state.name.lower()} already"
        )
    return await _subscribed(exchange, job)


def _job(exchange: Exchange, number: int) -> Job:
    job = exchange.printer.jobs.get(number)
    if job is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no job {number}")
    return job


async def _subscribed(exchange: Exchange, job: Job | None) -> Answer:
    """Subscribe what the groups of the request ask for, RFC 3995 §11.1.1.2 and §12."""
    if not judge(exchange, job, per_job=job is not None):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_BAD_REQUEST, "there must be a subscription attributes group"
        )
    answer = Answer()
    await conclude(exchange, answer, with_job=False)
    return answer


# --- asking -------------------------------------------------------------------------------------------------------------


@handler(
    Operation.GET_SUBSCRIPTION_ATTRIBUTES,
    Target.PRINTER_OR_SYSTEM,
    "notify-subscription-id",
    "requested-attributes",
)
async def get_subscription_attributes(exchange: Exchange) -> Answer:
    """Get-Subscription-Attributes, RFC 3995 §11.2.4."""
    kept = _own_subscription(exchange)
    answer = Answer()
    _add(exchange, answer, [kept], exchange.requested())
    return answer


@handler(
    Operation.GET_SUBSCRIPTIONS,
    Target.PRINTER_OR_SYSTEM,
    "limit",
    "my-subscriptions",
    "notify-job-id",
    "requested-attributes",
)
async def get_subscriptions(exchange: Exchange) -> Answer:
    """Get-Subscriptions, RFC 3995 §11.2.5: those to the printer, to the system, or to one job.

    Those of others are shown to operators only.
    """
    number = exchange.operation.integer("notify-job-id")
    subscriptions = exchange.service.subscriptions
    if number is None:
        candidates = subscriptions.of_printer(_printer_name(exchange))
    elif exchange.target is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, "the system has no jobs of its own")
    else:
        candidates = subscriptions.of_job(_job(exchange, number).job_id)
    only_mine = exchange.flag("my-subscriptions")
    shown = (
        kept
        for kept in candidates
        if _is_own(exchange, kept) or (not only_mine and exchange.requester.role >= Role.OPERATOR)
    )
    answer = Answer()
    limit = exchange.operation.integer("limit")
    _add(exchange, answer, list(islice(shown, limit)), exchange.requested(DEFAULT_NAMES))
    return answer


def _add(
    exchange: Exchange, answer: Answer, those: list[KeptSubscription], requested: tuple[str, ...]
) -> None:
    now = exchange.service.clock.up_time()
    for kept in those:
        answer.add(GroupTag.SUBSCRIPTION, chosen(subscription_attributes(kept, now), requested))
    known = TEMPLATE_NAMES | DESCRIPTION_NAMES | GROUP_NAMES
    missing = [name for name in dict.fromkeys(requested) if name not in known]
    if missing:
        answer.unsupported = (Attribute.keyword("requested-attributes", *missing),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES


# --- renewing and canceling ---------------------------------------------------------------------------------------------


@handler(Operation.RENEW_SUBSCRIPTION, Target.PRINTER_OR_SYSTEM, "notify-subscription-id")
async def renew_subscription(exchange: Exchange) -> Answer:
    """Renew-Subscription, RFC 3995 §11.2.6: the lease begins anew."""
    kept = _own_subscription(exchange)
    if kept.subscription.job_id:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "a subscription to a job lasts as long as the job"
        )
    group = exchange.message.group(GroupTag.SUBSCRIPTION)
    wanted = group.get("notify-lease-duration")
    wrong = wanted is not None and check_syntax(wanted, GroupTag.SUBSCRIPTION) is not None
    asked = None if wanted is None or wrong else group.integer("notify-lease-duration")
    granted = exchange.service.subscriptions.granted_lease(asked)
    exchange.service.subscriptions.renew(kept, granted)
    others = [attribute for attribute in group.attributes if attribute is not wanted]
    answer = Answer(unsupported=tuple([Attribute.unsupported(attribute.name) for attribute in others]))
    if others or (wanted is not None and asked != granted):
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    answer.add(GroupTag.SUBSCRIPTION, [Attribute.integer("notify-lease-duration", granted)])
    return answer


@handler(Operation.CANCEL_SUBSCRIPTION, Target.PRINTER_OR_SYSTEM, "notify-subscription-id")
async def cancel_subscription(exchange: Exchange) -> Answer:
    """Cancel-Subscription, RFC 3995 §11.2.7: it is gone, and so are its events."""
    kept = _own_subscription(exchange)
    exchange.service.subscriptions.forget([kept.subscription])
    return Answer()


def _own_subscription(exchange: Exchange) -> KeptSubscription:
    """The subscription that ``notify-subscription-id`` names.

    Raises:
        RefusedError: It is not given, there is none, or it is somebody else's.
    """
    number = exchange.operation.integer("notify-subscription-id")
    if number is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "notify-subscription-id must be given")
    kept = exchange.service.subscriptions.get(number, _printer_name(exchange))
    if kept is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no subscription {number}")
    check_owner(exchange, kept)
    return kept


def _is_own(exchange: Exchange, kept: KeptSubscription) -> bool:
    """Whether a subscription is the requester's: a name that was proved then must be proved again."""
    subscription = kept.subscription
    return subscription.user == exchange.user and (
        bool(exchange.requester.name) or not subscription.user_proved
    )


def check_owner(exchange: Exchange, kept: KeptSubscription) -> None:
    """See that the requester may see and end a subscription, RFC 3995 §11.2.4.

    Raises:
        RefusedError: They may not.
    """
    if not _is_own(exchange, kept) and exchange.requester.role < Role.OPERATOR:
        raise not_authorized(
            exchange.requester, f"subscription {kept.subscription.subscription_id} is somebody else's"
        )


def _printer_name(exchange: Exchange) -> str:
    """The printer that is addressed; empty: the system."""
    return exchange.target.name if exchange.target is not None else ""


HANDLERS: tuple[Handler, ...] = (
    create_printer_subscriptions,
    create_system_subscriptions,
    create_job_subscriptions,
    get_subscription_attributes,
    get_subscriptions,
    renew_subscription,
    cancel_subscription,
)
