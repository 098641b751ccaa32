"""The device link: the way to one device, on a thread of its own that holds it open and brings jobs to it.

It owns the transport: nobody else calls it. While the device is away it is looked for, with pauses that grow to `REOPEN_MAX_S`, and at once
when somebody says that something was plugged in. A job waits for its device as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from tympan.driver.contract import DeviceIdentity, Driver, Transport
from tympan.driver.dialogue import PartMissing
from tympan.errors import DeviceNotFoundError, DevicePermissionError, RenderError
from tympan.link.answering import DeviceKnowledge
from tympan.link.attempt import CANCEL_GRACE_S, LAST_PAGES_S, Attempt, CanceledError, Wish, Work, tell
from tympan.link.connection import STEP_S, Connection
from tympan.link.fault import AWAY, why
from tympan.link.outcome import Ending, PrintOutcome, PrintProgress
from tympan.link.watched_transport import WatchedTransport
from tympan.model.device_condition import DeviceCondition
from tympan.render.frames import FrameSource

REOPEN_MIN_S = 0.25
REOPEN_MAX_S = 1.0
"""How long the link waits before it tries again to open a device that is away; doubles from the first to the second."""

CLOSE_S = CANCEL_GRACE_S + LAST_PAGES_S + 1.0
"""How long the end of the link is waited for: as long as a job that is stopped may take, and a call of the transport."""

IDLE_CLOSE_S = 20.0
"""A device that others want too (`Transport.shared`) is closed when it has had no job for this time."""

_CANCELED = (Ending.CANCELED, "job-canceled-by-user", "The job was canceled.")

_INTERNAL = "The printer had an internal error."

_log = logging.getLogger(__name__)


class LinkListener(Protocol):
    """Hears on the event loop how the device is."""

    def device_reports(self, condition: DeviceCondition) -> None:
        """The device is like this now."""
        ...

    def device_answers(self, answers: bool) -> None:
        """Whether the device has shown that it answers; of one whose power is told by nothing else."""
        ...


class DeviceLink:
    """The way to one device.

    Args:
        transport: The way to the device; owned from now on.
        driver: What knows its family.
        profile: The driver's profile.
        listener: Hears how the device is.
        answers: The device has answered in an earlier run of the service. It counts where nothing else tells whether it is on.

    Attributes:
        identity: What the device said it is when it was last opened, and since; None before.
    """

    def __init__(
        self,
        transport: Transport,
        driver: Driver,
        profile: str,
        listener: LinkListener,
        *,
        answers: bool = False,
    ) -> None:
        self._transport = WatchedTransport(transport)
        self._driver = driver
        self._profile = profile
        self._listener = listener
        self._queue: queue.SimpleQueue[Work | Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: Work | None = None
        self._connection: Connection | None = None
        self._may_be_off = not transport.notices_power_off
        self._knowledge = DeviceKnowledge(answered=answers and self._may_be_off)
        self._told_answers = self._knowledge.answered
        self._mid_job: bool | None = None
        self._held = False
        self._retry_at = 0.0
        self._pause_s = REOPEN_MIN_S
        self._idle_since = 0.0
        self._appeared = threading.Event()
        self._absent = True
        self._woken = threading.Event()  # `_nothing` is in the queue
        self._condition = DeviceCondition()
        self._closing = threading.Event()
        self.identity: DeviceIdentity | None = None

    @property
    def device_uri(self) -> str:
        """The device's URI."""
        return self._transport.uri

    def stuck_s(self, now: float) -> float:
        """For how long one call of the transport has been taking longer than it may; 0.0 where all is well.

        A thread that has ended by itself, which only a mistake of ours can do, is stuck for ever.

        Args:
            now: The time, of `time.monotonic`.
        """
        thread = self._thread
        if thread is not None and not thread.is_alive() and not self._closing.is_set():
            return math.inf
        return self._transport.stuck_s(now)

    def hold(self, *, mid_job: bool = False) -> None:
        """Open the device now, keep it open, and open it again whenever it comes back; one that is shared opens with a job.

        Args:
            mid_job: A job broke off when the service last ended: the device may still wait for the rest of a command.
        """
        self._mid_job = mid_job or None
        if not self._transport.shared and not self._closing.is_set():
            self._start()
            self._queue.put(self._hold)

    def device_appeared(self) -> None:
        """Something was plugged in: where the device is away, try now, not when the pause is over. From any thread."""
        self._appeared.set()
        self._queue.put(self._try_now)

    async def print(
        self,
        job_id: int,
        extension: str,
        source: FrameSource,
        on_progress: Callable[[PrintProgress], None],
        *,
        raw: bool = False,
        resumed: bool = False,
    ) -> PrintOutcome:
        """Print one job; returns when it has ended, however long the device is away meanwhile.

        Args:
            job_id: The job's number, for transports that keep jobs apart.
            extension: File name extension of the language.
            source: Where its frames come from; closed before this returns.
            on_progress: Hears on the event loop how far it is.
            raw: Its frames do not end where commands of the language end: nothing may be sent between them.
            resumed: It broke off before, in this run of the service or an earlier one: the device may still wait for the rest
                of a command.

        Raises:
            RuntimeError: The link was closed.
        """
        if self._closing.is_set():
            source.close()
            raise RuntimeError(f"the link to {self._transport.uri} is closed")
        self._start()
        loop = asyncio.get_running_loop()
        work = Work(
            job_id, extension, source, on_progress, loop.create_future(), loop, raw=raw, resumed=resumed
        )
        self._work = work
        self._queue.put(work)
        try:
            return await asyncio.shield(work.future)
        except asyncio.CancelledError:
            self._stop(work)
            raise
        finally:
            if self._work is work and work.future.done():
                self._work = None

    def cancel(self, wish: Wish = Wish.STOP) -> None:
        """Stop the job that is under way; `print` returns soon, or when what the device has of it has come out (`Wish.SETTLE`)."""
        if self._work is not None:
            if self._work.wish is not Wish.DISCARD:  # who throws it away has the last word
                self._work.wish = wish
            self._stop(self._work)

    def _stop(self, work: Work) -> None:
        work.canceled.set()
        self._appeared.set()  # the thread may wait for the device,
        if not work.begun:  # or be trying to reach one that is gone, which takes seconds
            _set_result(work.future, PrintOutcome(_CANCELED[0], PrintProgress(), *_CANCELED[1:]))

    def let_go(self) -> None:
        """Close the device once nothing is printing, so that another program can have it; the next job opens it again."""
        if self._thread is not None:
            self._queue.put(self._let_go)

    def reopen(self, *, forgets: bool) -> None:
        """Close the device and open it anew, once nothing is printing; where it is away now, the next job opens it.

        Args:
            forgets: It may be another device by now, or another cable: what it has shown of itself counts no more.
        """
        if not self._closing.is_set():
            self._start()
            self._queue.put(lambda: self._reopen(forgets=forgets))

    def _start(self) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="tympan-link", daemon=True)
            self._thread.start()

    async def close(self) -> None:
        """End the thread and let go of the device; never waits longer than `CLOSE_S`."""
        self._closing.set()
        self.cancel()
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join, CLOSE_S)

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=self._idle_s())
            except queue.Empty:
                item = _nothing
            if item is _nothing:
                self._woken.clear()
            if item is None:
                break
            if isinstance(item, Work):
                self._do(item)
            else:
                self._guarded(item)
                self._guarded(self._tend)
        self._farewell()

    def _guarded(self, step: Callable[[], None]) -> None:
        """A transport or a dialogue that fails in an unknown way does not end the thread."""
        try:
            step()
        except Exception:  # noqa: BLE001 — as the docstring says
            _log.exception("the link to %s failed", self._transport.uri)
            self._lost(OSError("the transport failed"))

    def _do(self, work: Work) -> None:
        try:
            outcome = self._print(work)
        except Exception:  # noqa: BLE001 — whatever it is, the job's future is told
            _log.exception("the link to %s failed", self._transport.uri)
            outcome = PrintOutcome(Ending.ABORTED, PrintProgress(), "aborted-by-system", _INTERNAL)
        try:
            work.source.close()
        except Exception:  # noqa: BLE001 — the same: its job has ended already
            _log.exception("job %d left something open", work.job_id)
        self._idle_since = time.monotonic()
        if not self._held and self._connection is None and outcome.ending is not Ending.INTERRUPTED:
            self._tell(_unknown(self._condition))
        tell(work.loop, _set_result, work.future, outcome)
        if self._connection is not None and self._transport.closes_after_job:
            self._farewell()

    # --- nothing is printing ----------------------------------------------------------------------------------------

    def _idle_s(self) -> float | None:
        """How long it may wait for work before it has something to do by itself."""
        now = time.monotonic()
        connection = self._connection
        if connection is None:
            if self._held:
                return max(self._retry_at - now, 0.0)
            return max(self._idle_since + IDLE_CLOSE_S - now, 0.0) if self._condition.stopped else None
        if connection.has_to_say or connection.answering.on_the_way:
            return STEP_S
        times = [connection.answering.due]
        silent_from = connection.answering.silent_from()
        if silent_from is not None and not connection.silent:
            times.append(silent_from + 0.01)
        if self._transport.shared:
            times.append(self._idle_since + IDLE_CLOSE_S)
        return max(min(times) - now, 0.0)

    def _tend(self) -> None:
        """Hear what the device says, ask it what is due, look for it where it is away. Raises nothing."""
        now = time.monotonic()
        connection = self._connection
        if connection is None:
            if self._held and now >= self._retry_at:
                self._try_to_open()
            elif not self._held and now >= self._idle_since + IDLE_CLOSE_S:
                self._tell(_unknown(self._condition))  # nobody looks any more whether it still is so
            return
        try:
            connection.ask(now, in_job=False)
            connection.trickle(now)
            if any(not isinstance(heard, PartMissing) for heard in connection.of_job()):
                self._knowledge.has_confirmed_late()
        except OSError as error:
            self._lost(error)
        else:
            self._look()
            if self._transport.shared and now >= self._idle_since + IDLE_CLOSE_S:
                self._farewell()

    def _hold(self) -> None:
        self._held = True
        self._retry_at = 0.0

    def _try_now(self) -> None:
        self._appeared.clear()
        if self._absent:
            self._retry_at = 0.0
            self._pause_s = REOPEN_MIN_S

    def _let_go(self) -> None:
        self._held = False
        self._farewell()

    def _reopen(self, *, forgets: bool) -> None:
        self._farewell()
        if forgets:
            self._knowledge = DeviceKnowledge()
        self._held = self._held or not self._transport.shared
        self._try_to_open()
        self._idle_since = time.monotonic()

    # --- a job ------------------------------------------------------------------------------------------------------

    def _print(self, work: Work) -> PrintOutcome:
        if self._mid_job is None:
            self._mid_job = work.resumed
            if work.resumed and self._connection is not None:
                self._connection.resynchronise()
        attempt: Attempt | None = None
        try:
            connection = self._opened(work)
            work.begun = True
            work.check()
            attempt = Attempt(work, connection, self._knowledge, self._look)
            failed = attempt.run()
            end = (
                (Ending.COMPLETED, "", "")
                if failed is None
                else (Ending.ABORTED, failed.reason, failed.problem)
            )
        except CanceledError:
            end = _CANCELED
        except RenderError as error:
            end = (Ending.ABORTED, error.reason, error.problem)
        except OSError as error:
            complete = attempt is not None and attempt.broke_off(error)
            self._lost(error)
            end = (Ending.INTERRUPTED, "printer-stopped", why(error))
            end = _CANCELED if work.canceled.is_set() else end
            end = (Ending.COMPLETED, "", "") if complete else end
        except Exception:  # noqa: BLE001 — a transport that fails in an unknown way ends the job, not the thread
            _log.exception("the link to %s failed", self._transport.uri)
            self._close_transport()
            end = (Ending.ABORTED, "aborted-by-system", _INTERNAL)
        if end[0] in {Ending.CANCELED, Ending.ABORTED}:
            self._abandon(attempt)
        self._look()
        if attempt is None:
            return PrintOutcome(end[0], PrintProgress(), *end[1:])
        attempt.report(now=True)
        return PrintOutcome(end[0], attempt.progress, *end[1:])

    def _opened(self, work: Work) -> Connection:
        """The device, opened; waits until it is there.

        Raises:
            CanceledError: The job is not wanted any more.
        """
        if not work.resumed:  # nor does one that broke off as soon as it was opened get a new worker at once
            self._retry_at = 0.0
        while self._connection is None:
            work.check()
            pause_s = self._retry_at - time.monotonic()
            if pause_s > 0 and self._appeared.wait(pause_s):
                self._try_now()
                continue
            work.check()
            self._open()
        self._look()
        return self._connection

    def _abandon(self, attempt: Attempt | None) -> None:
        """Bring the device to a clean state after a job that stopped between two commands, if it moves."""
        connection = self._connection
        if attempt is None or connection is None or not connection.mid_job:
            return
        try:
            clean = attempt.end_early(self._closing)
        except OSError:
            clean = False
        except Exception:  # noqa: BLE001 — how the job ended is known already
            _log.exception("the link to %s failed", self._transport.uri)
            clean = False
        if not clean:  # the next job starts with a fresh connection, and with these bytes
            self._close_transport()

    # --- opening and closing ----------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the device; where it is away, say so, and set the time of the next try. Other errors are the caller's."""
        try:
            identity = self._transport.open()
            if self.identity is not None and _is_another(identity, self.identity):
                self._knowledge = DeviceKnowledge()
            self.identity = identity
            self._connection = Connection(
                self._transport,
                self._driver,
                self._profile,
                self._knowledge,
                self._wake,
                mid_job=bool(self._mid_job),
            )
        except OSError as error:
            self._lost(error)
        else:
            self._idle_since = time.monotonic()

    def _try_to_open(self) -> None:
        try:
            self._open()
        except Exception as error:  # noqa: BLE001 — what is tried again and again must not fill the log
            if self._pause_s == REOPEN_MIN_S:
                _log.exception("%s cannot be opened", self._transport.uri)
            self._lost(OSError(str(error)))
        self._look()

    def _lost(self, error: OSError) -> None:
        """The device is away: close what there is, say so, and set the time of the next try."""
        now = time.monotonic()
        if self._connection is not None and now - self._connection.opened_at > REOPEN_MAX_S:
            self._pause_s = (
                REOPEN_MIN_S  # it had been there; one that breaks off whenever it is opened is left in peace
            )
        self._close_transport()
        # What comes and goes matters to who waits for it. Opening a device that is there, and fails, makes nodes go and come by itself.
        self._absent = isinstance(error, DeviceNotFoundError | DevicePermissionError)
        self._retry_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, REOPEN_MAX_S)
        if self._work_waits or not self._transport.shared:
            self._tell(replace(self._condition, stopped=True, reasons=AWAY, message=why(error)))
        else:
            self._tell(_unknown(self._condition))

    @property
    def _work_waits(self) -> bool:
        return self._work is not None and not self._work.canceled.is_set()

    def _farewell(self) -> None:
        """Let go of the device between two jobs."""
        connection = self._connection
        if connection is not None and not connection.has_to_say and (last := connection.dialogue.closing()):
            try:
                connection.say(last)
                connection.trickle(time.monotonic())
            except OSError:
                pass  # it is gone by itself
            except Exception:  # noqa: BLE001 — it is let go all the same
                _log.exception("the link to %s failed", self._transport.uri)
        self._close_transport()
        self._tell(_unknown(self._condition))

    def _close_transport(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is None:
                self._transport.close()
            else:
                self._mid_job = connection.mid_job
                connection.close()
        except Exception:  # noqa: BLE001 — it may not raise; one that does shall not end the thread
            _log.exception("%s cannot be closed", self._transport.uri)

    # --- what others hear -------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if not self._woken.is_set():  # a job may take days, and a device talk every second
            self._woken.set()
            self._queue.put(_nothing)

    def _look(self) -> None:
        """See how the device is, and tell what has changed."""
        self._tell_answers()
        connection = self._connection
        if connection is None:
            return
        if connection.identity is not None and self.identity is not None:
            identity, connection.identity = _completed(self.identity, connection.identity), None
            if identity != self.identity:
                self.identity = identity
                _log.info("%s is %s", self._transport.uri, _described(identity))
        condition = connection.condition()
        if condition is not None:
            self._tell(condition)

    def _tell_answers(self) -> None:
        answers = self._knowledge.answered
        if self._may_be_off and answers != self._told_answers and self._loop is not None:
            self._told_answers = answers
            tell(self._loop, self._listener.device_answers, answers)

    def _tell(self, condition: DeviceCondition) -> None:
        if condition != self._condition:
            self._condition = condition
            if self._loop is not None:
                tell(self._loop, self._listener.device_reports, condition)


def _nothing() -> None:
    """What is put into the queue for the thread to look around."""


def _unknown(condition: DeviceCondition) -> DeviceCondition:
    """What is known of a device that was let go: what it had left."""
    return replace(condition, stopped=False, reasons=(), message="")


def _is_another(identity: DeviceIdentity, before: DeviceIdentity) -> bool:
    return any(
        ours and theirs and ours != theirs
        for ours, theirs in (
            (identity.device_id, before.device_id),
            (identity.serial_number, before.serial_number),
            (identity.model, before.model),
        )
    )


def _completed(identity: DeviceIdentity, heard: DeviceIdentity) -> DeviceIdentity:
    """What a device is, where it has said more of it.

    What the transport knows stays: it is what tells the device apart when it is opened again, and printers call themselves
    otherwise in their language ("LASERJET 4", and a serial number that is not the one of USB).
    """
    return DeviceIdentity(
        device_id=identity.device_id or heard.device_id,
        make=identity.make or heard.make,
        model=identity.model or heard.model,
        serial_number=identity.serial_number or heard.serial_number,
        commands=identity.commands or heard.commands,
        firmware=heard.firmware or identity.firmware,
    )


def _described(identity: DeviceIdentity) -> str:
    """For the log: what a person who helps from afar asks first."""
    parts = (
        f"{identity.make} {identity.model}".strip(),
        identity.serial_number and f"serial number {identity.serial_number}",
        identity.firmware and f"firmware {identity.firmware}",
    )
    return ", ".join(filter(None, parts))


def _set_result(future: asyncio.Future[PrintOutcome], outcome: PrintOutcome) -> None:
    if not future.done():
        future.set_result(outcome)
