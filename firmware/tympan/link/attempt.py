"""One attempt at bringing a job to an opened device: its frames, the questions between them, and how it ends.

The job's bytes go from the worker's pipe to the device on the link's thread and never see the event loop, which hears of progress
only. Every wait is short, so that a wish to stop is heard within `STEP_S`, whatever the device does.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tympan.driver.dialogue import JobConfirmed, PagesConfirmed, PartMissing
from tympan.errors import RenderError
from tympan.link.answering import DeviceKnowledge
from tympan.link.completion import BUSY_S, PROVE_S, Completion, Verdict
from tympan.link.connection import STEP_S, Connection
from tympan.link.delivery import Delivery
from tympan.link.fault import LostError
from tympan.link.outcome import PrintOutcome, PrintProgress
from tympan.render.frames import (
    Failure,
    Frame,
    FrameKind,
    FrameSource,
    failure_of,
    impressions_of,
    mark_of,
    note_of,
)

PROGRESS_S = 0.1
"""The most often that the event loop hears of progress."""

CANCEL_GRACE_S = 1.0
"""How long a job that was stopped may take to bring the device to a clean state, as long as that moves: one that takes nothing for
`STEP_S` is left alone at once …"""

LAST_PAGES_S = 1.0
"""… and to hear of pages that were written whole."""

NEXT_PAGE_S = 30.0
"""How long it waits instead for each of these pages, where it goes on later: what came out and was not heard of comes twice. A laser of
four pages a minute takes half of that for a side. One that says that it works …"""

COPIES_S = 600.0
"""… has so long, as it makes the copies of a side one after the other, and tells of the last: a hundred at ten a minute."""

_log = logging.getLogger(__name__)


class CanceledError(Exception):
    """The job under way is not wanted any more."""


class Wish(enum.Enum):
    """What somebody who stops a job wants of it."""

    STOP = "stop"
    """Nothing more."""
    SETTLE = "settle"
    """It goes on later: the pages that the device has whole are waited for, as long as they keep coming out."""
    DISCARD = "discard"
    """It never goes on: what a device that is stopped holds of it is taken away, where its port can."""


@dataclass(slots=True)
class Work:
    """One job on its way to the link's thread and back.

    Attributes:
        job_id: Its number.
        extension: File name extension of the language.
        source: Where its frames come from.
        on_progress: Hears on the event loop how far it is.
        future: Is told on the event loop how it ended.
        loop: The event loop.
        raw: Its frames do not end where commands end.
        resumed: It broke off before, in this run of the service or an earlier one.
        canceled: It is to stop.
        begun: The device is open, and the job's thread looks whether it is to stop.
        wish: What is wanted of it then.
    """

    job_id: int
    extension: str
    source: FrameSource
    on_progress: Callable[[PrintProgress], None]
    future: asyncio.Future[PrintOutcome]
    loop: asyncio.AbstractEventLoop
    raw: bool = False
    resumed: bool = False
    canceled: threading.Event = field(default_factory=threading.Event)
    begun: bool = False
    wish: Wish = Wish.STOP

    def check(self) -> None:
        """See that it is wanted.

        Raises:
            CanceledError: It is not.
        """
        if self.canceled.is_set():
            raise CanceledError


class Attempt:
    """One attempt at a job.

    Args:
        work: The job.
        connection: The opened device.
        knowledge: What is known of it.
        look: Tells others how the device is; called often.
    """

    def __init__(
        self, work: Work, connection: Connection, knowledge: DeviceKnowledge, look: Callable[[], None]
    ) -> None:
        self.work = work
        self._connection = connection
        self._transport = connection.transport
        self._knowledge = knowledge
        self._look = look
        self._dialogue = connection.dialogue
        will_answer = knowledge.answered or time.monotonic() - connection.opened_at < PROVE_S
        self._delivery = Delivery(
            by_pages=connection.dialogue.confirms_pages and not knowledge.refuses and will_answer,
            buffer_bytes=connection.dialogue.buffer_bytes,
        )
        self._completion: Completion | None = None
        self._confirmed = False
        self._total = 0
        self._document = 0
        self._told_at = 0.0
        self._told: PrintProgress | None = None

    def _check(self) -> None:
        """See that the job is wanted; one that is to go on later and of which all was sent comes to its end, while the device is well.

        Raises:
            CanceledError: It is not.
        """
        work = self.work
        if work.canceled.is_set() and not (
            work.wish is Wish.SETTLE and self._completion is not None and self._connection.well
        ):
            raise CanceledError

    @property
    def progress(self) -> PrintProgress:
        """How far it is."""
        delivery = self._delivery
        return PrintProgress(
            bytes_written=delivery.written,
            pages=delivery.number,
            impressions=delivery.impressions,
            sheets=delivery.sheets,
            total=self._total,
            document=self._document,
            sent_to=delivery.sent_to,
        )

    def run(self) -> Failure | None:
        """Bring all of it to the device and wait until it is complete; why not, where the job itself failed.

        Raises:
            CanceledError: It is not wanted any more.
            RenderError: Its frames make no sense, or its document cannot be read.
            LostError: The device has lost a part of it.
            OSError: The device is gone.
        """
        connection = self._connection
        self._transport.begin_job(self.work.job_id, self.work.extension)
        self._flush()
        while not connection.is_ready:
            self._tend(in_job=False)
            self._pause()
        self._begin()
        failed = self._pump()
        if failed is None:
            connection.say(connection.dialogue.job_ended(time.monotonic()))
            self._flush()
            self._complete()
            self._delivery.all_came_out()
        return failed

    def _begin(self) -> None:
        self._dialogue = self._connection.dialogue
        self._connection.say(self._dialogue.job_begins(self.work.job_id))
        self._flush()

    # --- the frames -------------------------------------------------------------------------------------------------

    def _pump(self) -> Failure | None:
        while True:
            self.work.check()
            if self.work.raw:
                self._hear()
            else:
                self._tend(in_job=True)
                self._flush()
                if not self._connection.is_ready:
                    self._pause()
                    continue
            if self._dialogue is not self._connection.dialogue:  # it was greeted anew before the first byte
                self._begin()
            frame = self._next_frame()
            if frame is None:
                continue
            if frame.kind == FrameKind.DATA:
                self._write(frame.payload)
            elif frame.kind == FrameKind.END:
                return None
            elif frame.kind == FrameKind.FAILED:
                return failure_of(frame)
            else:
                self._note(frame)

    def _next_frame(self) -> Frame | None:
        try:
            return self.work.source.next_frame(STEP_S)
        except OSError as error:  # not the device's, or the job would be tried for ever
            raise RenderError(f"The document cannot be read: {error.strerror or error}.") from error

    def _write(self, payload: bytes | memoryview) -> None:
        self._connection.mid_job = True
        for taken in self._connection.send(payload, self._step):
            self._delivery.sent(taken, self._transport.unsent())
        self.report()

    def _note(self, frame: Frame) -> None:
        if frame.kind == FrameKind.PAGES:
            self._total = impressions_of(frame)
        elif frame.kind == FrameKind.PAGE_BEGIN:
            mark = mark_of(frame)
            self._document = mark.document
            self._delivery.begins(mark)
        elif frame.kind == FrameKind.PAGE_END:
            mark = mark_of(frame)
            self._delivery.ended(mark)
            self._connection.say(self._connection.dialogue.page_ended(mark.number, mark.copies))
            self._flush()
        elif frame.kind == FrameKind.NOTE:
            _log.info("job %d: %s", self.work.job_id, note_of(frame))
        self.report(now=frame.kind in {FrameKind.PAGE_END, FrameKind.PAGES})

    # --- the end ----------------------------------------------------------------------------------------------------

    def _complete(self) -> None:
        now = time.monotonic()
        connection = self._connection
        completion = self._completion = Completion(
            claimed=connection.dialogue.confirms_jobs,
            knowledge=self._knowledge,
            opened_at=connection.opened_at,
            now=now,
            prints_within_s=connection.dialogue.prints_within_s(
                self._delivery.written if self.work.raw else 0
            ),
        )
        completion.confirmed = self._confirmed
        connection.answering.ask_soon(now)
        connection.look_at_port()
        while True:
            self._tend(in_job=False)
            verdict = completion.verdict(
                time.monotonic(),
                well=connection.well,
                spoke_at=connection.answering.spoke_at,
                busy=connection.dialogue.busy,
            )
            if verdict is Verdict.COMPLETE:
                break
            if verdict is Verdict.AGAIN:
                raise LostError("it does not say that it has printed what it was sent")
            if verdict is Verdict.ASK:
                connection.say(connection.dialogue.job_ended(time.monotonic()))
                self._flush()
            elif verdict is Verdict.DELIVER:
                completion.delivered = self._transport.end_job(STEP_S)
                self._step()
            else:
                self._pause()
        connection.mid_job = False

    def end_early(self, closing: threading.Event) -> bool:
        """The job was stopped: give the device the last bytes of it, and hear what comes out of it, where the device moves.

        Args:
            closing: Set when the whole link is to end: then nothing is waited for longer than moments.

        Returns:
            Whether the device took those bytes; where not, it is to be opened anew.
        """
        connection = self._connection
        if connection.silent:
            return False
        if self.work.wish is Wish.DISCARD and not connection.well:
            connection.discard()  # what waits for paper would come out with it
        connection.resynchronise()
        if not self._take_leave(_Patience(self.work, closing)):
            return False
        if self._delivery.by_pages:
            self._hear_of_pages(_Patience(self.work, closing))
        elif connection.well:
            self._delivery.all_came_out()
        return True

    def _take_leave(self, patience: _Patience) -> bool:
        """Give the device the last bytes; where its memory is full, pages have to come out first."""
        connection = self._connection
        while connection.has_to_say:
            confirmed = self._delivery.number
            moves = connection.trickle(time.monotonic())
            self._hear()
            if moves or self._delivery.number > confirmed:
                patience.moved()
            elif not patience.is_long or not connection.well:
                return False
            if patience.ends(CANCEL_GRACE_S):
                return False
        while not self._transport.end_job(STEP_S) and not patience.ends(CANCEL_GRACE_S):
            pass
        return True

    def _hear_of_pages(self, patience: _Patience) -> None:
        """Hear of the pages that were written whole."""
        connection, delivery = self._connection, self._delivery
        while delivery.awaits and connection.well and not patience.ends(LAST_PAGES_S):
            confirmed = delivery.number
            connection.wait(STEP_S)
            self._tend(in_job=False)
            if delivery.number > confirmed:
                patience.moved()
            elif self._works():
                patience.works()

    def _works(self) -> bool:
        """The device says so, and said it not long ago."""
        connection = self._connection
        return connection.dialogue.busy and time.monotonic() - connection.answering.spoke_at < BUSY_S

    def broke_off(self, error: OSError) -> bool:
        """The device is gone: what it had not printed is lost. Whether it has said with its last words that it printed all."""
        if not isinstance(error, LostError):
            self._connection.take_last_words()
            self._learn(time.monotonic())
            if self._confirmed and self._completion is not None:
                self._delivery.all_came_out()
                self._connection.mid_job = False
                return True
        if not self._knowledge.answered or self._knowledge.refuses:
            self._delivery.not_by_pages()
        self._delivery.sent(0, self._transport.unsent())
        return False

    # --- what happens meanwhile -------------------------------------------------------------------------------------

    def _tend(self, *, in_job: bool) -> None:
        """Between two commands: ask what is to be asked, hear what is said."""
        now = time.monotonic()
        self._connection.ask(now, in_job=in_job)
        self._connection.trickle(now)
        if self._connection.has_news:
            self._understand(now)

    def _hear(self) -> None:
        now = time.monotonic()
        self._connection.hear(now)
        if self._connection.has_news:
            self._understand(now)

    def _step(self) -> None:
        self._hear()
        self._check()

    def _flush(self) -> None:
        self._connection.flush(self._step)

    def _pause(self) -> None:
        self._connection.wait(STEP_S)
        self._step()

    def _understand(self, now: float) -> None:
        """Take in what the device has said of the job, and tell how it is."""
        missing = self._learn(now)
        if missing is not None and self._knowledge.is_sent_again():
            raise LostError(f"it has not printed page {missing.number}, and goes on behind it")
        self._look()

    def _learn(self, now: float) -> PartMissing | None:
        """Take in what the device has confirmed of the job; the part that it says is missing, behind which nothing counts."""
        for heard in self._connection.of_job():
            if heard.job_id != self.work.job_id:
                continue
            if isinstance(heard, PartMissing):
                return heard
            self._knowledge.has_confirmed()
            if isinstance(heard, PagesConfirmed):
                self._delivery.pages_confirmed(heard.number)
            elif isinstance(heard, JobConfirmed):
                self._confirmed = True
            if self._completion is not None:
                self._completion.confirmed = self._confirmed
                self._completion.news(now)
            self.report(now=True)
        return None

    def report(self, *, now: bool = False) -> None:
        """Tell how far it is, where that has changed; not too often, unless it is to be told now."""
        moment = time.monotonic()
        if now or moment - self._told_at > PROGRESS_S:
            progress = self.progress
            if progress != self._told:
                self._told_at, self._told = moment, progress
                tell(self.work.loop, self.work.on_progress, progress)


class _Patience:
    """How long a job that was stopped waits for its device.

    Args:
        work: The job; `Wish.SETTLE` is patient, as long as something moves.
        closing: Set when the whole link is to end.
    """

    def __init__(self, work: Work, closing: threading.Event) -> None:
        self._work = work
        self._closing = closing
        self._began = self._moved = self._worked = time.monotonic()

    @property
    def is_long(self) -> bool:
        """It is worth while to wait for a page."""
        return self._work.wish is Wish.SETTLE and not self._closing.is_set()

    def moved(self) -> None:
        """A page came out, or the device took something."""
        self._moved = self._worked = time.monotonic()

    def works(self) -> None:
        """The device says that it works."""
        self._worked = time.monotonic()

    def ends(self, short_s: float) -> bool:
        """It does, after `short_s` where it is not long."""
        now = time.monotonic()
        if not self.is_long:
            return now > self._began + short_s
        return now > min(self._worked + NEXT_PAGE_S, self._moved + COPIES_S)


def tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    """Call `function` on the event loop, where that still runs."""
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:  # it was closed: nobody listens any more
        _log.debug("nobody listens to the link any more")
