"""The device link: brings a job's frames to the device, on a thread of its own.

It owns the transport. The job's bytes go from the worker's pipe to the device on this thread and never see the event
loop, which hears of progress only. Every call on the transport has a time limit, so that a wish to stop is
heard within `STEP_S`, whatever the device does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from tympan.driver.contract import DeviceIdentity, Driver, Transport
from tympan.errors import DeviceBusyError, DeviceGoneError, DevicePermissionError, RenderError
from tympan.link.outcome import Ending, PrintOutcome, PrintProgress
from tympan.render.frames import (
    Frame,
    FrameKind,
    FrameSource,
    failure_of,
    impressions_of,
    mark_of,
    note_of,
)

STEP_S = 0.1
"""How long one call on the transport may take, and one wait for a frame."""

REOPEN_MIN_S = 0.25
REOPEN_MAX_S = 2.0
"""How long the link waits before it tries again to open a device that is away; doubles from the first to the second."""

CANCEL_GRACE_S = 1.0
"""How long a canceled job may take to bring the device to a clean state, as long as it moves: one that takes nothing for
`STEP_S` is left alone at once."""

IDLE_CLOSE_S = 20.0
"""A device that others want too (`Transport.shared`) is closed when it has had no job for this time."""

PROGRESS_S = 0.1
"""The most often that the event loop hears of progress."""

STALLED_S = 10.0
"""A device that takes nothing for this long is said to be stopped; it goes on by itself."""

_log = logging.getLogger(__name__)


class LinkListener(Protocol):
    """Hears on the event loop how the device is."""

    def device_stopped(self, reasons: tuple[str, ...], message: str) -> None:
        """The device cannot go on now: ``printer-state-reasons`` and a sentence."""
        ...

    def device_running(self) -> None:
        """The device is well again."""
        ...


class _CanceledError(Exception):
    """The job under way is not wanted any more."""


@dataclass(slots=True)
class _Work:
    """One job on its way to the thread and back."""

    job_id: int
    extension: str
    source: FrameSource
    on_progress: Callable[[PrintProgress], None]
    future: asyncio.Future[PrintOutcome]
    loop: asyncio.AbstractEventLoop
    canceled: threading.Event = field(default_factory=threading.Event)
    progress: PrintProgress = field(default_factory=PrintProgress)
    told_at: float = 0.0
    resumed: bool = False


class DeviceLink:
    """The way to one device.

    Args:
        transport: The way to the device; owned from now on.
        driver: What knows its family.
        profile: The driver's profile.
        listener: Hears how the device is.

    Attributes:
        identity: What the device said it is when it was last opened; None before.
    """

    def __init__(self, transport: Transport, driver: Driver, profile: str, listener: LinkListener) -> None:
        self._transport = transport
        self._driver = driver
        self._profile = profile
        self._listener = listener
        self._queue: queue.SimpleQueue[_Work | Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._work: _Work | None = None
        self._is_open = False
        self._in_mid_job = False
        self._held = False
        self._retry_at = 0.0
        self._pause_s = REOPEN_MIN_S
        self._nudge = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped_for: tuple[tuple[str, ...], str] | None = None
        self._closing = threading.Event()
        self.identity: DeviceIdentity | None = None

    @property
    def device_uri(self) -> str:
        """The device's URI."""
        return self._transport.uri

    def hold(self) -> None:
        """Open the device now, keep it open, and open it again whenever it comes back; one that is shared opens with a job."""
        if not self._transport.shared and not self._closing.is_set():
            self._start()
            self._queue.put(self._hold)

    def device_appeared(self) -> None:
        """Something was plugged in: where the device is away, try now, not when the pause is over. From any thread."""
        self._pause_s = REOPEN_MIN_S
        self._nudge.set()
        self._queue.put(self._retry_now)

    async def print(
        self,
        job_id: int,
        extension: str,
        source: FrameSource,
        on_progress: Callable[[PrintProgress], None],
        *,
        resumed: bool = False,
    ) -> PrintOutcome:
        """Print one job; returns when it has ended, however long the device is away meanwhile.

        Args:
            job_id: The job's number, for transports that keep jobs apart.
            extension: File name extension of the language.
            source: Where its frames come from; closed before this returns.
            on_progress: Hears on the event loop how far it is.
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
        self._nudge.clear()
        work = _Work(job_id, extension, source, on_progress, loop.create_future(), loop, resumed=resumed)
        self._work = work
        self._queue.put(work)
        try:
            return await asyncio.shield(work.future)
        except asyncio.CancelledError:
            work.canceled.set()
            self._nudge.set()
            raise
        finally:
            if self._work is work and work.future.done():
                self._work = None

    def cancel(self) -> None:
        """Stop the job that is under way; `print` returns soon."""
        if self._work is not None:
            self._work.canceled.set()
            self._nudge.set()

    def let_go(self) -> None:
        """Close the device once nothing is printing, so that another program can have it; the next job opens it again."""
        if self._thread is not None:
            self._queue.put(self._let_go)

    def reopen(self) -> None:
        """Close the device and open it anew, once nothing is printing; where it is away now, the next job opens it."""
        if not self._closing.is_set():
            self._start()
            self._queue.put(self._reopen)

    def _start(self) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="tympan-link", daemon=True)
            self._thread.start()

    async def close(self) -> None:
        """End the thread and let go of the device; never waits longer than the grace of a cancel."""
        self._closing.set()
        if self._work is not None:
            self._work.canceled.set()
        self._nudge.set()
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join, CANCEL_GRACE_S + 1.0)

    # --- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=self._idle_s())
            except queue.Empty:
                self._nothing_came()
                continue
            if work is None:
                break
            if not isinstance(work, _Work):
                work()
                continue
            try:
                outcome = self._print(work)
            except Exception:  # noqa: BLE001 — a transport that fails in an unknown way ends the job, not the thread
                _log.exception("the link to %s failed", self._transport.uri)
                self._close_transport()
                outcome = PrintOutcome(
                    Ending.ABORTED, work.progress, "aborted-by-system", "The printer had an internal error."
                )
            try:
                work.source.close()
            except Exception:  # noqa: BLE001 — the same: its job has ended already
                _log.exception("job %d left something open", work.job_id)
            self._tell(work.loop, _set_result, work.future, outcome)
        self._close_transport()

    def _idle_s(self) -> float | None:
        """How long it may wait for work before it has something to do by itself."""
        if self._is_open:
            return IDLE_CLOSE_S if self._transport.shared else None
        return max(self._retry_at - time.monotonic(), 0.0) if self._held else None

    def _nothing_came(self) -> None:
        if self._is_open:
            self._close_transport()
        else:
            self._try_to_open()

    def _hold(self) -> None:
        self._held = True
        self._retry_now()

    def _let_go(self) -> None:
        self._held = False
        self._close_transport()

    def _retry_now(self) -> None:
        self._retry_at = 0.0

    def _try_to_open(self) -> bool:
        """Open the device; where that cannot be, say why, and set the time of the next try."""
        try:
            self.identity = self._transport.open()
        except OSError as error:
            self._stopped(*_why(error))
        except Exception:  # noqa: BLE001 — a job that comes says it; what is tried again must not fill the log
            if self._pause_s == REOPEN_MIN_S:
                _log.exception("%s cannot be opened", self._transport.uri)
        else:
            self._is_open, self._pause_s = True, REOPEN_MIN_S
            self._running()
            return True
        self._retry_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, REOPEN_MAX_S)
        return False

    def _print(self, work: _Work) -> PrintOutcome:
        self._in_mid_job = self._in_mid_job or work.resumed
        try:
            self._open(work)
            self._check(work)
            self._transport.begin_job(work.job_id, work.extension)
            if self._in_mid_job:
                self._resynchronise(work)
            failed = self._pump(work)
            if failed is not None:
                self._abandon()
                return failed
            while not self._transport.end_job(STEP_S):
                self._check(work)
            self._in_mid_job = False
            self._running()
        except _CanceledError:
            self._abandon()
            return PrintOutcome(
                Ending.CANCELED, work.progress, "job-canceled-by-user", "The job was canceled."
            )
        except RenderError as error:
            self._abandon()
            return PrintOutcome(Ending.ABORTED, work.progress, error.reason, error.problem)
        except OSError as error:
            self._close_transport()
            if work.canceled.is_set():
                return PrintOutcome(
                    Ending.CANCELED, work.progress, "job-canceled-by-user", "The job was canceled."
                )
            reasons, message = _why(error)
            self._stopped(reasons, message)
            return PrintOutcome(Ending.INTERRUPTED, work.progress, "printer-stopped", message)
        return PrintOutcome(Ending.COMPLETED, work.progress)

    def _open(self, work: _Work) -> None:
        """Open the device, trying again until it is there."""
        self._retry_at = 0.0
        while not self._is_open:
            self._check(work)
            if self._retry_at > time.monotonic():
                self._nudge.wait(self._retry_at - time.monotonic())
                self._nudge.clear()
                self._check(work)
            try:
                self.identity = self._transport.open()
                self._is_open, self._pause_s = True, REOPEN_MIN_S
            except OSError as error:
                self._stopped(*_why(error))
                self._retry_at = time.monotonic() + self._pause_s
                self._pause_s = min(2 * self._pause_s, REOPEN_MAX_S)
        self._running()

    def _pump(self, work: _Work) -> PrintOutcome | None:
        """Bring frames to the device until the last; an outcome where the job itself failed."""
        while True:
            self._check(work)
            frame = self._next_frame(work)
            if frame is None:
                continue
            if frame.kind == FrameKind.DATA:
                self._write(work, frame.payload)
            elif frame.kind == FrameKind.END:
                return None
            elif frame.kind == FrameKind.FAILED:
                why = failure_of(frame)
                return PrintOutcome(Ending.ABORTED, work.progress, why.reason, why.problem)
            else:
                self._note(work, frame)

    @staticmethod
    def _next_frame(work: _Work) -> Frame | None:
        try:
            return work.source.next_frame(STEP_S)
        except OSError as error:  # not the device's, or the job would be tried for ever
            raise RenderError(f"The document cannot be read: {error.strerror or error}.") from error

    def _write(self, work: _Work, payload: bytes | memoryview) -> None:
        """Give the device a part of the job."""
        self._in_mid_job = True
        for taken in self._sent(work, payload):
            work.progress = replace(work.progress, bytes_written=work.progress.bytes_written + taken)
        self._report(work)

    def _resynchronise(self, work: _Work) -> None:
        """End what the device may still wait for the rest of, since a job broke off."""
        for _ in self._sent(work, self._driver.abandon(self._profile)):
            pass

    def _sent(self, work: _Work, payload: bytes | memoryview) -> Iterator[int]:
        """Give the device all of it, however long that takes; yields how much it took each time."""
        data = memoryview(payload)
        moved_at = time.monotonic()
        while data:
            taken = self._transport.write(data, STEP_S)
            if taken:
                data = data[taken:]
                yield taken
                self._running()
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > STALLED_S:
                self._stopped(("other-error",), "The printer does not take data.")
            self._check(work)

    def _note(self, work: _Work, frame: Frame) -> None:
        progress = work.progress
        if frame.kind == FrameKind.PAGES:
            work.progress = replace(progress, total=impressions_of(frame))
        elif frame.kind == FrameKind.PAGE_BEGIN:
            work.progress = replace(progress, document=mark_of(frame).document)
        elif frame.kind == FrameKind.PAGE_END:
            mark = mark_of(frame)
            work.progress = replace(
                progress,
                pages=mark.number,
                impressions=progress.impressions + mark.copies,
                sheets=progress.sheets + (0 if mark.back else mark.copies),
            )
        elif frame.kind == FrameKind.NOTE:
            _log.info("job %d: %s", work.job_id, note_of(frame))
        self._report(work, now=frame.kind in {FrameKind.PAGE_END, FrameKind.PAGES})

    def _abandon(self) -> None:
        """Bring the device to a clean state after a job that stopped between two commands, if it moves."""
        if not self._is_open or not self._in_mid_job:
            return
        try:
            clean = self._given(memoryview(self._driver.abandon(self._profile)))
        except OSError:
            clean = False
        except Exception:  # noqa: BLE001 — how the job ended is known already
            _log.exception("the link to %s failed", self._transport.uri)
            clean = False
        if clean:
            self._in_mid_job = False
        else:  # the next job starts with a fresh connection, and with these bytes
            self._close_transport()

    def _given(self, data: memoryview) -> bool:
        """Give the device the last bytes of a job that was stopped; whether it took them, and let go of the job."""
        end = time.monotonic() + CANCEL_GRACE_S
        while data and time.monotonic() < end:
            taken = self._transport.write(data, STEP_S)
            if not taken:
                return False
            data = data[taken:]
        while not data and time.monotonic() < end:
            if self._transport.end_job(STEP_S):
                return True
        return not data

    # --- what others hear -------------------------------------------------------------------------------------------

    @staticmethod
    def _check(work: _Work) -> None:
        if work.canceled.is_set():
            raise _CanceledError

    def _report(self, work: _Work, *, now: bool = False) -> None:
        moment = time.monotonic()
        if now or moment - work.told_at > PROGRESS_S:
            work.told_at = moment
            self._tell(work.loop, work.on_progress, work.progress)

    def _stopped(self, reasons: tuple[str, ...], message: str) -> None:
        if (reasons, message) != self._stopped_for:
            self._stopped_for = (reasons, message)
            self._say(self._listener.device_stopped, reasons, message)

    def _running(self) -> None:
        if self._stopped_for is not None:
            self._stopped_for = None
            self._say(self._listener.device_running)

    def _say(self, function: Callable[..., None], *arguments: object) -> None:
        if self._loop is not None:
            self._tell(self._loop, function, *arguments)

    @staticmethod
    def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody listens any more
            loop.call_soon_threadsafe(function, *arguments)

    def _reopen(self) -> None:
        self._close_transport()
        self._held = self._held or not self._transport.shared
        self._try_to_open()

    def _close_transport(self) -> None:
        self._is_open = False
        try:
            self._transport.close()
        except Exception:  # noqa: BLE001 — it may not raise; one that does shall not end the thread
            _log.exception("%s cannot be closed", self._transport.uri)


def _set_result(future: asyncio.Future[PrintOutcome], outcome: PrintOutcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _why(error: OSError) -> tuple[tuple[str, ...], str]:
    """``printer-state-reasons`` and a sentence for a device that cannot be used now."""
    problem = getattr(error, "problem", "") or error.strerror or str(error)
    if isinstance(error, DeviceBusyError):
        return ("connecting-to-device",), f"The printer is in use by another program: {problem}"
    if isinstance(error, (DevicePermissionError, PermissionError)):
        return ("connecting-to-device",), f"The service may not open the printer: {problem}"
    if isinstance(error, (DeviceGoneError, ConnectionError)):
        return ("connecting-to-device",), f"The connection to the printer broke off: {problem}"
    return ("connecting-to-device",), f"The printer cannot be reached: {problem}"
