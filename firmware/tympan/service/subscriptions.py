"""The subscriptions of a service: who has subscribed to what, which events wait for them, and who waits for events.

It owns every subscription from its acceptance to its end: by Cancel-Subscription, by its lease, or by its job. Events
are kept in memory, so many and so long as configured; subscriptions and their sequence numbers are kept in the spool,
events are not. Nothing here blocks.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from tympan.config import NotificationSettings
from tympan.ipp.values import MAX_INTEGER
from tympan.model.job import Job
from tympan.model.subscription import (
    SEQUENCE_STEP,
    WIDER,
    KeptSubscription,
    Notice,
    Subscription,
    decode_subscription,
    encode_subscription,
)
from tympan.service.clock import Clock
from tympan.service.event_source import system_reasons, system_state
from tympan.service.events import Event, EventBus
from tympan.service.notification import asked_for, content
from tympan.service.printer import Printer
from tympan.service.privacy import Privacy
from tympan.spool.store import Change, DeleteRecord, SaveRecord, SetMeta, Store

RECORD_KIND = "subscription"

_META_SUBSCRIPTION_ID = "last-subscription-id"

SUBSCRIPTION_ID_STEP = 1000
"""Subscription ids are reserved on the disk in steps, so that none is given twice after a power cut."""

WAIT_S = 30.0
"""How long the answer to Get-Notifications with ``notify-wait`` is held back where nothing happens."""

GRACE_S = 15
"""How long an event can be fetched beyond ``ippget-event-life``: those who come at the interval they are told miss none."""

_LOOK_S = 1.0
"""How often it is looked whether a client that waits is still there."""

_log = logging.getLogger(__name__)


class Subscriptions:
    """Every subscription.

    Args:
        settings: What is kept, and how long.
        store: The spool.
        printers: Every printer by name.
        privacy: What others do not see of a job.
    """

    def __init__(
        self, settings: NotificationSettings, store: Store, printers: Mapping[str, Printer], privacy: Privacy
    ) -> None:
        self.settings = settings
        self._store = store
        self._printers = printers
        self._privacy = privacy
        self._clock = Clock()
        self._all: dict[int, KeptSubscription] = {}
        self._of_printer: dict[str, dict[int, KeptSubscription]] = {}
        self._of_job: dict[int, dict[int, KeptSubscription]] = {}
        self._interest: Counter[str] = Counter()
        self._waiters: dict[int, set[asyncio.Future[None]]] = {}
        self._waiting = 0
        self._next_id = 1
        self._reserved_id = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0
        self._closing = False

    # --- start and stop ---------------------------------------------------------------------------------------------

    def start(self, bus: EventBus, clock: Clock, is_awaited: Callable[[str], bool]) -> None:
        """Take up the subscriptions of the last run, before its jobs are taken up, and listen from now on.

        Args:
            bus: Where events are told.
            clock: The time.
            is_awaited: Whether a printer appears when its device does: what is subscribed to it waits too.
        """
        self._clock = clock
        highest = 0
        for key, record in self._store.records(RECORD_KIND):
            try:
                subscription = decode_subscription(record)
            except ValueError:
                _log.exception("subscription %s cannot be brought back", key)
                self._store.post(DeleteRecord(RECORD_KIND, key))
                continue
            highest = max(highest, subscription.subscription_id)
            name = subscription.printer
            if name and name not in self._printers and not is_awaited(name):
                self._store.post(DeleteRecord(RECORD_KIND, key))
                continue
            self._add(subscription).stored = True
        self._reserved_id = max(int(self._store.meta(_META_SUBSCRIPTION_ID) or 0), highest)
        self._next_id = self._reserved_id + 1
        bus.listen(self._hear)

    def brought_back(self, appeared: str = "") -> None:
        """The jobs are there: subscriptions to those that have ended meanwhile have only their last words left.

        Args:
            appeared: Of this printer alone, whose device was away when the service started.
        """
        for job_id, those in list(self._of_job.items()):
            names = {each.subscription.printer for each in those.values()}
            is_due = names == {appeared} if appeared else names <= {"", *self._printers}
            if is_due and all(job_id not in printer.active for printer in self._printers.values()):
                self._job_ended(job_id)

    def stop_waiting(self) -> None:
        """Answer everybody who waits, and let nobody wait any more: the service is about to stop."""
        self._closing = True
        for kept in self._all.values():
            self._wake(kept)

    def close(self) -> None:
        """Keep the numbers that were reached."""
        self.stop_waiting()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changes: list[Change] = [
            self._record(kept, kept.subscription.sequence)
            for kept in self._all.values()
            if kept.stored and kept.reserved != kept.subscription.sequence
        ]
        self._store.post(SetMeta(_META_SUBSCRIPTION_ID, b"%d" % (self._next_id - 1)), *changes)

    # --- subscribing ------------------------------------------------------------------------------------------------

    def has_room(self, printer: str, job_id: int, more: int = 0) -> bool:
        """Whether there is room for one more subscription.

        Args:
            printer: Name of the printer; empty: the system.
            job_id: The job; 0: none.
            more: How many were promised already that are not there yet.
        """
        if job_id:
            there, most = self._of_job.get(job_id, {}), self.settings.max_subscriptions_per_job
        else:
            there, most = self._of_printer.get(printer, {}), self.settings.max_subscriptions_per_printer
        return len(self._all) + more < self.settings.max_subscriptions and len(there) + more < most

    def granted_lease(self, wanted: int | None) -> int:
        """The lease that comes nearest to the one that is wanted, RFC 3995 §5.3.8; None: the default."""
        longest = self.settings.max_lease_s
        lease = self.settings.lease_s if wanted is None else wanted
        if not longest:
            return lease
        return min(lease, longest) if lease else longest

    def subscribe(self, subscription: Subscription) -> None:
        """Take in a subscription, which gets its number and hears from now on; it is durable once `keep` returns."""
        subscription.subscription_id = self._next_id
        subscription.uuid = str(uuid.uuid4())
        self._next_id += 1
        self._add(subscription)

    async def keep(self, subscriptions: Sequence[Subscription]) -> None:
        """Make subscriptions durable.

        Raises:
            SpoolError: They cannot be kept; none of them is there any more.
        """
        changes: list[Change] = []
        if self._next_id - 1 > self._reserved_id:
            self._reserved_id = self._next_id - 1 + SUBSCRIPTION_ID_STEP
            changes.append(SetMeta(_META_SUBSCRIPTION_ID, b"%d" % self._reserved_id))
        for subscription in subscriptions:
            kept = self._all.get(subscription.subscription_id)
            if kept is not None and not kept.complete:
                changes.append(self._reserved(kept))
        try:
            await self._store.commit(*changes)
        except BaseException:
            self.forget(subscriptions)
            raise

    def forget(self, subscriptions: Iterable[Subscription]) -> None:
        """End subscriptions."""
        for subscription in subscriptions:
            kept = self._all.get(subscription.subscription_id)
            if kept is not None:
                self._remove(kept)

    def renew(self, kept: KeptSubscription, lease_s: int) -> None:
        """Begin the lease of a subscription anew."""
        kept.subscription.lease_s = lease_s
        kept.expires_at = self._clock.up_time() + lease_s if lease_s else 0
        self._store.post(self._reserved(kept))
        self._expect(kept.expires_at)

    def printer_deleted(self, name: str) -> None:
        """A printer is gone, and what was subscribed to it and its jobs too."""
        self.forget([kept.subscription for kept in self._all.values() if kept.subscription.printer == name])

    # --- asking -----------------------------------------------------------------------------------------------------

    def get(self, subscription_id: int, printer: str) -> KeptSubscription | None:
        """A subscription of a printer, or of the system where its name is empty."""
        kept = self._all.get(subscription_id)
        return kept if kept is not None and kept.subscription.printer == printer else None

    def of_printer(self, printer: str) -> list[KeptSubscription]:
        """The subscriptions of a printer, or of the system, that are about no single job."""
        return list(self._of_printer.get(printer, {}).values())

    def of_job(self, job_id: int) -> list[KeptSubscription]:
        """The subscriptions to a job."""
        return list(self._of_job.get(job_id, {}).values())

    def notices(self, kept: KeptSubscription, first: int) -> list[Notice]:
        """The events numbered `first` or higher that can still be fetched."""
        return list(kept.notices(first, self._clock.up_time() - self.settings.event_life_s - GRACE_S))

    def is_there(self, kept: KeptSubscription) -> bool:
        """Whether a subscription has not ended, and something may still happen."""
        return not kept.complete and self._all.get(kept.subscription.subscription_id) is kept

    async def wait(self, those: Sequence[KeptSubscription], connected: Callable[[], bool]) -> None:
        """Wait until one of the subscriptions has news or ends; at once where too many wait, after a while in any case.

        Args:
            those: The subscriptions.
            connected: Whether the client is still there.
        """
        if self._closing or self._waiting >= self.settings.max_waiting:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        ids = [kept.subscription.subscription_id for kept in those if self.is_there(kept)]
        self._waiting += 1
        for subscription_id in ids:
            self._waiters.setdefault(subscription_id, set()).add(future)
        end = loop.time() + WAIT_S
        try:
            while not future.done() and connected() and (left := end - loop.time()) > 0:
                await asyncio.wait((future,), timeout=min(left, _LOOK_S))
        finally:
            self._waiting -= 1
            for subscription_id in ids:
                waiters = self._waiters.get(subscription_id)
                if waiters is not None:
                    waiters.discard(future)
                    if not waiters:
                        del self._waiters[subscription_id]

    # --- events -----------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        printer = event.printer.name if event.printer is not None else ""
        job_id = event.job.job_id if event.job is not None else 0
        if event.keyword == "job-created":
            self._job_restarted(job_id)
        if self._interest[event.keyword] or self._interest[WIDER.get(event.keyword, "")]:
            self._tell(event, printer, job_id)
        if event.keyword == "job-completed":
            self._job_ended(job_id)
        elif event.keyword == "printer-deleted":
            self.printer_deleted(printer)

    def _tell(self, event: Event, printer: str, job_id: int) -> None:
        now = self._clock.up_time()
        shared: bytes | None = None
        for kept in self._who_may_hear(printer, job_id):
            subscribed = kept.wants(event.keyword, printer, job_id, now)
            if subscribed is None:
                continue
            if shared is None:
                shared = content(
                    event,
                    now=now,
                    date=self._clock.date(),
                    state=system_state(self._printers),
                    reasons=system_reasons(self._printers.values()),
                    tells_message=not self._privacy.is_private("job-state-message"),
                )
            subscription = kept.subscription
            more = b""
            if subscription.attributes:
                more = asked_for(event, subscription, self._job(printer, subscription.job_id), self._privacy)
            if kept.tell(subscribed, printer, shared, more, now):
                self._store.post(self._reserved(kept))
            self._wake(kept)

    def _who_may_hear(self, printer: str, job_id: int) -> list[KeptSubscription]:
        """Those whom an event on a printer, or to a job, may concern; jobs of others are left out at once."""
        groups = [self._of_printer.get("", {}).values()]
        if printer:
            groups.append(self._of_printer.get(printer, {}).values())
            if job_id:
                groups.append(self._of_job.get(job_id, {}).values())
            else:
                groups += [those.values() for those in self._of_job.values()]
        return list(chain.from_iterable(groups))

    def _job(self, printer: str, job_id: int) -> Job | None:
        return self._printers[printer].jobs.get(job_id) if job_id and printer in self._printers else None

    def _job_ended(self, job_id: int) -> None:
        """What is subscribed to a job stays as long as its last event can be fetched, RFC 3996 §8.1."""
        for kept in self.of_job(job_id):
            if not kept.complete:
                kept.complete = True
                kept.expires_at = self._clock.up_time() + self.settings.event_life_s + GRACE_S
                self._forget_record(kept)
                self._expect(kept.expires_at)
                self._wake(kept)

    def _job_restarted(self, job_id: int) -> None:
        """A job that had ended begins anew, and so do the subscriptions to it that are still there, RFC 3995 §11.2.1."""
        for kept in self.of_job(job_id):
            if kept.complete:
                kept.complete, kept.expires_at = False, 0
                self._store.post(self._reserved(kept))

    def _wake(self, kept: KeptSubscription) -> None:
        for future in self._waiters.get(kept.subscription.subscription_id, ()):
            if not future.done():
                future.set_result(None)

    # --- the table --------------------------------------------------------------------------------------------------

    def _add(self, subscription: Subscription) -> KeptSubscription:
        expires_at = self._clock.up_time() + subscription.lease_s if subscription.lease_s else 0
        kept = KeptSubscription(subscription, self.settings.max_events, expires_at)
        self._all[subscription.subscription_id] = kept
        self._group(subscription)[subscription.subscription_id] = kept
        self._interest.update(subscription.events)
        self._expect(expires_at)
        return kept

    def _group(self, subscription: Subscription) -> dict[int, KeptSubscription]:
        if subscription.job_id:
            return self._of_job.setdefault(subscription.job_id, {})
        return self._of_printer.setdefault(subscription.printer, {})

    def _remove(self, kept: KeptSubscription) -> None:
        subscription = kept.subscription
        del self._all[subscription.subscription_id]
        self._interest.subtract(subscription.events)
        group = self._group(subscription)
        group.pop(subscription.subscription_id, None)
        if not group and subscription.job_id:
            del self._of_job[subscription.job_id]
        self._forget_record(kept)
        self._wake(kept)

    def _reserved(self, kept: KeptSubscription) -> SaveRecord:
        """What the spool is to keep of a subscription: a step of numbers ahead of the latest one."""
        kept.stored = True
        kept.reserved = min(kept.subscription.sequence + SEQUENCE_STEP, MAX_INTEGER)
        return self._record(kept, kept.reserved)

    def _forget_record(self, kept: KeptSubscription) -> None:
        if kept.stored:
            kept.stored = False
            self._store.post(DeleteRecord(RECORD_KIND, str(kept.subscription.subscription_id)))

    def _record(self, kept: KeptSubscription, sequence: int) -> SaveRecord:
        subscription = kept.subscription
        return SaveRecord(
            RECORD_KIND, str(subscription.subscription_id), encode_subscription(subscription, sequence)
        )

    # --- leases -----------------------------------------------------------------------------------------------------

    def _expect(self, expires_at: int) -> None:
        """See that somebody looks when a lease ends."""
        if not expires_at or (self._timer is not None and self._due <= expires_at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = expires_at
        delay_s = max(0.0, expires_at - self._clock.up_time())
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._end_leases)

    def _end_leases(self) -> None:
        self._timer = None
        now = self._clock.up_time()
        ended = [kept for kept in self._all.values() if kept.expires_at and kept.expires_at <= now]
        for kept in ended:
            self._remove(kept)
        self._expect(min((kept.expires_at for kept in self._all.values() if kept.expires_at), default=0))
