"""Get-Notifications, RFC 3996 §5: the events that are kept for subscriptions, and the wait for the next one.

A client that waits (``notify-wait``) is answered as soon as there is an event, or when nothing has happened for a
while. The answer then ends the wait, as RFC 3996 §5.2 allows a printer to do at any time: clients take one answer to a
request, none of those in use reads several parts of one.
"""

from __future__ import annotations

from tympan.endpoint.exchange import Answer, Exchange, RefusedError
from tympan.endpoint.subscription_operations import check_owner
from tympan.endpoint.table import Handler, Target, handler
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.model.subscription import KeptSubscription
from tympan.service.notification import fetched


@handler(
    Operation.GET_NOTIFICATIONS,
    Target.PRINTER_OR_SYSTEM,
    "notify-subscription-ids",
    "notify-sequence-numbers",
    "notify-wait",
)
async def get_notifications(exchange: Exchange) -> Answer:
    """Get-Notifications, RFC 3996 §5."""
    asked, missing = _asked_for(exchange)
    subscriptions = exchange.service.subscriptions
    answer = Answer(charset=next(iter(asked.values()))[0].subscription.charset)
    _collect(exchange, answer, asked)
    if not answer.groups and exchange.flag("notify-wait"):
        those = [kept for kept, _ in asked.values()]
        if all(subscriptions.is_there(kept) for kept in those):
            await subscriptions.wait(those, exchange.connected)
        _collect(exchange, answer, asked)
    up_time = Attribute.integer("printer-up-time", exchange.service.clock.up_time())
    if missing:
        answer.unsupported = (Attribute.integer("notify-subscription-ids", *missing),)
        answer.status = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    if any(subscriptions.is_there(kept) for kept, _ in asked.values()):
        interval = Attribute.integer("notify-get-interval", subscriptions.settings.event_life_s)
        answer.operation = (interval, up_time)
    else:
        answer.status = StatusCode.SUCCESSFUL_OK_EVENTS_COMPLETE  # nobody need ask again: RFC 3996 §10.1
        answer.operation = (up_time,)
    return answer


def _asked_for(exchange: Exchange) -> tuple[dict[int, tuple[KeptSubscription, int]], list[int]]:
    """The subscriptions that are asked for, each with the first number that is wanted, and the ids there are none of.

    Raises:
        RefusedError: None is asked for, there is none of them, or one is somebody else's.
    """
    listed = exchange.operation.get("notify-subscription-ids")
    if listed is None:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "notify-subscription-ids must be given")
    numbers = exchange.operation.get("notify-sequence-numbers")
    firsts = numbers.integers() if numbers is not None else ()
    printer = exchange.target.name if exchange.target is not None else ""
    asked: dict[int, tuple[KeptSubscription, int]] = {}
    missing: dict[int, None] = {}
    for index, subscription_id in enumerate(listed.integers()):
        first = firsts[index] if index < len(firsts) else 1
        kept = exchange.service.subscriptions.get(subscription_id, printer)
        if kept is None:
            missing[subscription_id] = None
        elif subscription_id not in asked:
            check_owner(exchange, kept)
            asked[subscription_id] = (kept, first)
    if not asked:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_FOUND, f"there is no subscription {next(iter(missing))}"
        )
    return asked, list(missing)


def _collect(exchange: Exchange, answer: Answer, asked: dict[int, tuple[KeptSubscription, int]]) -> None:
    """Add a group for each event, those of a subscription in order, RFC 3995 §9."""
    for kept, first in asked.values():
        for notice in exchange.service.subscriptions.notices(kept, first):
            answer.groups.append((GroupTag.EVENT_NOTIFICATION, fetched(notice, kept.subscription)))


HANDLERS: tuple[Handler, ...] = (get_notifications,)
