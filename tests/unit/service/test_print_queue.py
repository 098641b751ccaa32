"""A printer's queue: one job at a time, whatever goes wrong ends one job only, and nothing is given up for a device away."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from tympan.errors import DocumentError, RenderError, SpoolError
from tympan.ipp import Attribute
from tympan.ipp.enums import JobState, PrinterState
from tympan.link import Ending, PrintOutcome, PrintProgress, RawSource, Wish
from tympan.model.device_condition import DeviceCondition
from tympan.model.document import Document
from tympan.model.job import Job
from tympan.render.document import DocumentFeed
from tympan.render.frames import MAX_COUNT, FrameKind
from tympan.service import print_queue
from tympan.service.holding import settle
from tympan.service.job_attributes import encoded_template
from tympan.service.print_queue import PrintQueue

WELL = DeviceCondition()


def stopped(reason, message):
    return DeviceCondition(stopped=True, reasons=(reason,), message=message)


DONE = PrintOutcome(Ending.COMPLETED, PrintProgress())


class Link:
    """A device link that ends each job when, and as, a test says."""

    def __init__(self, transport, driver, profile, listener, *, answers):
        _ = transport, driver, profile
        self.answers = answers
        self.listener = listener
        self.printing = []
        self.begun = []
        self.canceled = 0
        self.told = []
        self.closed = False

    async def print(self, job_id, extension, source, on_progress, *, raw=False, resumed=False):
        _ = extension
        self.raw = raw
        ending = asyncio.get_running_loop().create_future()
        self.printing.append((job_id, ending, on_progress))
        self.begun.append((job_id, source, resumed))
        try:
            return await ending
        finally:
            source.close()
            self.printing.remove((job_id, ending, on_progress))

    def cancel(self, wish):
        self.canceled += 1
        self.wish = wish

    def hold(self, *, mid_job=False):
        self.mid_job = mid_job
        self.told.append("hold")

    def device_appeared(self):
        self.told.append("device appeared")

    def let_go(self):
        self.told.append("let go")

    def reopen(self, *, forgets):
        self.told.append("forget and reopen" if forgets else "reopen")

    async def close(self):
        self.closed = True


class Source:
    """What a render worker gives."""

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


class Pool:
    """Render workers that begin at once, or as `problem` says."""

    class limits:  # noqa: N801 — stands for an attribute
        stall_cpu_s = 1
        max_pages = 10

    def __init__(self):
        self.requests = []
        self.problem = None
        self.gate = None
        self.sources = []

    async def start(self, request, documents):
        _ = documents
        self.requests.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        self.sources.append(Source())
        return self.sources[-1]


class Keeper:
    """Keeps jobs in memory."""

    def __init__(self, clock):
        self.clock = clock
        self.opened = []
        self.ended = []
        self.rested = []
        self.problem = None
        self.problem_at_the_end = None
        self.changed = 0
        self.saved = []
        self.problem_with_the_store = None

    async def open_documents(self, job):
        self.opened.append(job.job_id)
        if self.problem is not None:
            raise self.problem
        return [DocumentFeed.of_bytes(b"x") for _ in job.documents]

    def job_changed(self, printer, job):
        _ = printer, job
        self.changed += 1

    async def save_jobs(self, *jobs):
        self.saved += [(job.job_id, job.begun) for job in jobs]
        if self.problem_with_the_store is not None:
            raise self.problem_with_the_store

    def printer_rests(self, printer):
        self.rested.append(printer.name)

    def job_ended(self, printer, job):
        if self.problem_at_the_end is not None:
            raise self.problem_at_the_end
        printer.finished(job)
        self.ended.append(job.job_id)


class Memory:
    """What is known of devices."""

    def __init__(self):
        self.known = {}

    def recall(self, name, device):
        return self.known.get(name) == device

    def remember(self, name, device, *, answers):
        self.known[name] = device if answers else None


class Stand:
    """A queue and what it works with."""

    def __init__(self, printer, clock, pool=None):
        self.printer, self.pool, self.keeper = printer, pool or Pool(), Keeper(clock)
        self.memory = Memory()
        self.queue = PrintQueue(
            printer, SimpleNamespace(uri="test://device"), self.pool, self.keeper, self.memory
        )
        self.link = self.queue._link
        self.count = 0

    def add(self, *, job_format="text/plain", state=JobState.PENDING, template=(), **more):
        self.count += 1
        job = Job(
            job_id=self.count,
            printer=self.printer.name,
            uuid="u",
            state=state,
            documents=[Document(1, job_format)],
            template=encoded_template(list(template)),
            **more,
        )
        self.printer.add(job)
        self.queue.wake()
        return job

    async def settle(self):
        """Let everything run that can."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def end(self, outcome=DONE):
        (printing,) = self.link.printing
        printing[1].set_result(outcome)
        await self.settle()

    @property
    def now(self):
        """The jobs that are at the device."""
        return [job_id for job_id, _, _ in self.link.printing]


@pytest.fixture
async def stand(printers, clock, monkeypatch):
    monkeypatch.setattr(print_queue, "DeviceLink", Link)
    monkeypatch.setattr(print_queue, "INTERRUPTED_PAUSE_S", 0)
    made = Stand(printers["receipt"], clock)
    made.queue.start()
    yield made
    await made.queue.close()
    assert made.link.closed


async def test_jobs_go_one_at_a_time_in_order(stand):
    jobs = [stand.add() for _ in range(3)]
    await stand.settle()
    for job in jobs:
        assert stand.now == [job.job_id]
        assert job.state == JobState.PROCESSING
        assert stand.printer.state == PrinterState.PROCESSING
        await stand.end()
        assert job.state == JobState.COMPLETED
        assert job.reasons == ("job-completed-successfully",)
    assert stand.now == []
    assert stand.printer.state == PrinterState.IDLE
    assert [job_id for job_id, _, _ in stand.link.begun] == [1, 2, 3]
    assert all(source.closed for source in stand.pool.sources)


async def test_printers_print_at_the_same_time(stand, printers, clock):
    other = Stand(printers["laser"], clock, stand.pool)
    other.queue.start()
    stand.add()
    other.add()
    await stand.settle()
    assert stand.now == other.now == [1]
    await other.end()
    assert stand.now == [1]
    await stand.end()
    await other.queue.close()


async def test_a_job_that_comes_later_wakes_the_queue(stand):
    await stand.settle()
    stand.add()
    await stand.settle()
    assert stand.now == [1]
    await stand.end()


@pytest.mark.parametrize("state", [JobState.PENDING_HELD, JobState.CANCELED, JobState.COMPLETED])
async def test_what_is_not_pending_is_not_printed(stand, state):
    stand.add(state=state)
    second = stand.add()
    await stand.settle()
    assert stand.now == [second.job_id]
    await stand.end()


async def test_a_job_canceled_while_it_waits_is_not_begun(stand):
    stand.add()
    waiting, last = stand.add(), stand.add()
    await stand.settle()
    waiting.state = JobState.CANCELED
    stand.printer.finished(waiting)
    stand.queue.cancel(waiting)
    assert stand.link.canceled == 0  # it is not the one at the device
    await stand.end()
    assert stand.now == [last.job_id]
    await stand.end()
    assert stand.keeper.opened == [1, 3]


async def test_a_job_canceled_while_it_prints(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    stand.queue.cancel(job)
    assert (stand.link.canceled, stand.link.wish) == (1, Wish.DISCARD)
    await stand.end(
        PrintOutcome(Ending.CANCELED, PrintProgress(impressions=1), "job-canceled-by-user", "Canceled.")
    )
    assert (job.state, job.reasons, job.impressions_completed) == (
        JobState.CANCELED,
        ("job-canceled-by-user",),
        1,
    )
    assert stand.now == [following.job_id]
    await stand.end()


async def test_a_job_canceled_before_its_worker_is_there(stand):
    stand.pool.gate = asyncio.Event()
    job = stand.add()
    await stand.settle()
    job.reasons = (*job.reasons, print_queue.STOPPING)
    stand.queue.cancel(job)
    stand.pool.gate.set()
    await stand.settle()
    assert job.state == JobState.CANCELED
    assert print_queue.STOPPING not in job.reasons  # RFC 8011 §5.3.7: it goes when the job has ended
    assert stand.link.begun == []
    assert stand.pool.sources[0].closed


async def test_the_wish_to_stop_outlives_changes_of_state(stand):
    job = stand.add()
    await stand.settle()
    job.reasons = (*job.reasons, print_queue.STOPPING)
    stand.link.listener.device_reports(stopped("media-empty-error", "Out of paper."))
    assert print_queue.STOPPING in job.reasons
    await stand.end(PrintOutcome(Ending.INTERRUPTED, PrintProgress()))
    assert job.state == JobState.CANCELED
    assert len(stand.link.begun) == 1


# --- a job that shall stop for a while ---------------------------------------------------------------------------------

CANCELED = PrintOutcome(Ending.CANCELED, PrintProgress(900, 2, 2, 2, 5), "job-canceled-by-user", "Canceled.")


def suspend(stand, job):
    """As Suspend-Current-Job does it."""
    job.suspended = True
    job.move(JobState.PROCESSING_STOPPED, now=1, date=1, reasons=("job-suspended",))
    stand.queue.break_off(job)


def resume_job(stand, job):
    job.suspended = False
    job.move(JobState.PENDING, now=1, date=1)
    stand.queue.wake()


async def test_a_job_that_is_broken_off_lets_the_next_one_print_and_goes_on_later(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    suspend(stand, job)
    assert stand.link.canceled == 1
    await stand.end(CANCELED)
    assert (job.state, job.reasons) == (JobState.PROCESSING_STOPPED, ("job-suspended",))
    assert (job.pages_confirmed, job.impressions_completed) == (2, 2)
    assert stand.now == [following.job_id]
    resume_job(stand, job)
    await stand.end()
    assert stand.now == [job.job_id]
    assert [request.ticket.first_page for request in stand.pool.requests] == [1, 1, 3]
    assert [resumed for _, _, resumed in stand.link.begun] == [False, False, True]
    await stand.end(PrintOutcome(Ending.COMPLETED, PrintProgress(700, 5, 3, 3, 5)))
    assert (job.state, job.impressions_completed) == (JobState.COMPLETED, 5)


async def test_a_job_that_is_resumed_before_it_has_stopped(stand):
    job = stand.add()
    await stand.settle()
    suspend(stand, job)
    resume_job(stand, job)
    await stand.end(CANCELED)
    assert stand.now == [job.job_id]
    await stand.end()
    assert job.state == JobState.COMPLETED


async def test_a_job_that_is_broken_off_before_its_worker_is_there(stand):
    stand.pool.gate = asyncio.Event()
    job, following = stand.add(), stand.add()
    await stand.settle()
    suspend(stand, job)
    stand.pool.gate.set()
    await stand.settle()
    assert stand.pool.sources[0].closed
    assert stand.now == [following.job_id]
    assert job.state == JobState.PROCESSING_STOPPED
    await stand.end()


@pytest.mark.parametrize(
    "outcome", [DONE, PrintOutcome(Ending.ABORTED, PrintProgress(), "document-format-error", "No.")]
)
async def test_a_job_that_ends_while_it_is_broken_off_has_ended(stand, outcome):
    job = stand.add()
    await stand.settle()
    suspend(stand, job)
    await stand.end(outcome)
    assert job.is_terminal
    assert stand.keeper.ended == [job.job_id]


async def test_canceling_wins_over_suspending(stand):
    job = stand.add()
    await stand.settle()
    suspend(stand, job)
    job.reasons = (*job.reasons, print_queue.STOPPING, "job-canceled-by-operator")
    stand.queue.cancel(job)
    await stand.end(CANCELED)
    assert (job.state, job.reasons) == (JobState.CANCELED, ("job-canceled-by-operator",))
    assert "operator" in job.message


async def test_a_device_that_comes_back_does_not_resume_a_suspended_job(stand):
    job = stand.add()
    await stand.settle()
    suspend(stand, job)
    stand.link.listener.device_reports(WELL)
    assert (job.state, job.reasons) == (JobState.PROCESSING_STOPPED, ("job-suspended",))
    await stand.end(CANCELED)


async def test_a_job_that_is_suspended_while_the_printer_is_paused(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    stand.printer.control.paused = True
    stand.queue.interrupt()
    await stand.end(CANCELED)
    assert job.reasons == ("printer-stopped",)
    suspend(stand, job)
    await stand.settle()
    assert stand.printer.current is None
    assert stand.now == []
    stand.printer.control.paused = False
    stand.printer.control_changed()
    stand.queue.wake()
    await stand.settle()
    assert stand.now == [following.job_id]
    assert job.reasons == ("job-suspended",)
    await stand.end()


@pytest.mark.parametrize(
    "reason", ["job-canceled-by-user", "job-canceled-by-operator", "job-canceled-after-timeout"]
)
async def test_who_canceled_a_job_is_told_at_its_end(stand, reason):
    job = stand.add()
    await stand.settle()
    job.reasons = (*job.reasons, print_queue.STOPPING, reason)
    stand.queue.cancel(job)
    await stand.end(CANCELED)
    assert (job.state, job.reasons) == (JobState.CANCELED, (reason,))


# --- what goes wrong --------------------------------------------------------------------------------------------------

PROBLEMS = [
    RenderError("It cannot be drawn.", reason="document-format-error"),
    SpoolError("It cannot be read."),
    RuntimeError("a mistake of ours"),
    KeyError("another"),
    OSError("a third"),
]


def expected_reason(problem):
    return getattr(problem, "reason", "aborted-by-system")


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
async def test_a_problem_before_the_device_ends_this_job_alone(stand, problem, caplog):
    stand.pool.problem = problem
    job = stand.add()
    await stand.settle()
    assert job.state == JobState.ABORTED
    assert expected_reason(problem) in job.reasons
    assert job.message
    assert len(stand.pool.requests) == 1  # not again and again
    assert stand.printer.state == PrinterState.IDLE
    stand.pool.problem = None
    stand.add()
    await stand.settle()
    assert stand.now == [2]
    await stand.end()
    _ = caplog


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
async def test_a_problem_with_the_documents_ends_this_job_alone(stand, problem):
    stand.keeper.problem = problem
    first, second = stand.add(), stand.add()
    await stand.settle()
    assert (first.state, second.state) == (JobState.ABORTED, JobState.ABORTED)
    assert stand.keeper.opened == [1, 2]
    assert stand.keeper.ended == [1, 2]


async def test_a_problem_at_the_device_ends_this_job_alone(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    stand.link.printing[0][1].set_exception(DocumentError("Too wide.", reason="document-unprintable-error"))
    await stand.settle()
    assert job.state == JobState.ABORTED
    assert job.reasons == ("aborted-by-system", "document-unprintable-error")
    assert job.message == "Too wide."
    assert stand.now == [following.job_id]
    await stand.end()


async def test_a_ticket_that_cannot_be_read_ends_this_job_alone(stand):
    job = stand.add()
    job.template = b"\2\0nonsense"
    stand.add()
    await stand.settle()
    assert job.state == JobState.ABORTED
    assert stand.now == [2]
    await stand.end()


async def test_a_job_that_cannot_even_be_ended_does_not_stop_the_queue(stand):
    stand.keeper.problem_at_the_end = RuntimeError("the store is gone")
    job = stand.add()
    await stand.settle()
    await stand.end()
    assert job.state in {JobState.COMPLETED, JobState.ABORTED}
    stand.keeper.problem_at_the_end = None
    stand.add()
    await stand.settle()
    assert stand.keeper.opened == [1, 2]
    assert stand.now == [2]
    await stand.end()


async def test_an_aborted_document_says_why(stand):
    job = stand.add()
    await stand.settle()
    await stand.end(
        PrintOutcome(Ending.ABORTED, PrintProgress(), "document-format-error", "The file is damaged.")
    )
    assert job.state == JobState.ABORTED
    assert set(job.reasons) == {"aborted-by-system", "document-format-error"}
    assert job.message == "The file is damaged."


# --- a device that goes away ------------------------------------------------------------------------------------------


async def test_an_interrupted_job_goes_on_from_the_page_that_was_not_confirmed(stand):
    job = stand.add()
    await stand.settle()
    _, ending, on_progress = stand.link.printing[0]
    on_progress(PrintProgress(bytes_written=1000, pages=2, impressions=2, sheets=2, total=5))
    assert (job.pages_confirmed, job.impressions_completed, job.impressions) == (2, 2, 5)
    ending.set_result(
        PrintOutcome(Ending.INTERRUPTED, PrintProgress(1500, 3, 3, 3, 5), problem="The printer is away.")
    )
    for _ in range(200):  # it pauses, for no time at all
        await asyncio.sleep(0)
        if len(stand.link.begun) == 2:
            break
    assert [request.ticket.first_page for request in stand.pool.requests] == [1, 4]
    assert [resumed for _, _, resumed in stand.link.begun] == [False, True]
    await stand.end(PrintOutcome(Ending.COMPLETED, PrintProgress(800, 5, 2, 2, 5)))
    assert (job.state, job.bytes_written, job.impressions_completed) == (JobState.COMPLETED, 2300, 5)
    assert (job.media_sheets_completed, job.pages_confirmed) == (5, 5)


async def test_while_the_device_is_away_the_job_is_stopped(stand):
    job = stand.add()
    await stand.settle()
    stand.link.listener.device_reports(stopped("media-empty-error", "Out of paper."))
    assert (job.state, job.reasons, job.message) == (
        JobState.PROCESSING_STOPPED,
        ("printer-stopped",),
        "Out of paper.",
    )
    assert (stand.printer.state, stand.printer.reasons) == (PrinterState.STOPPED, ("media-empty-error",))
    assert stand.printer.message == "Out of paper."
    stand.link.listener.device_reports(WELL)
    assert (job.state, job.message) == (JobState.PROCESSING, "")
    assert (stand.printer.state, stand.printer.reasons) == (PrinterState.PROCESSING, ("none",))
    await stand.end()
    assert job.state == JobState.COMPLETED


async def test_a_printer_may_stop_without_a_job(stand):
    stand.link.listener.device_reports(stopped("cover-open-error", "The cover is open."))
    assert stand.printer.state == PrinterState.STOPPED
    stand.link.listener.device_reports(WELL)
    assert stand.printer.state == PrinterState.IDLE


async def test_reasons_are_given_once(stand):
    job = stand.add()
    await stand.settle()
    await stand.end(PrintOutcome(Ending.ABORTED, PrintProgress(), "aborted-by-system", "No."))
    assert job.reasons == ("aborted-by-system",)


async def test_a_job_that_begins_while_the_device_is_stopped_is_stopped(stand):
    stand.link.listener.device_reports(stopped("media-empty-error", "Out of paper."))
    job = stand.add()
    await stand.settle()
    assert (job.state, job.message) == (JobState.PROCESSING_STOPPED, "Out of paper.")
    stand.link.listener.device_reports(stopped("cover-open-error", "The cover is open."))
    assert (job.state, job.message) == (JobState.PROCESSING_STOPPED, "The cover is open.")
    stand.link.listener.device_reports(WELL)
    assert (job.state, job.message) == (JobState.PROCESSING, "")
    await stand.end()


# --- what may come out twice ------------------------------------------------------------------------------------------


async def interrupted(stand, progress):
    """The job at the device breaks off, and goes on."""
    count = len(stand.link.begun)
    await stand.end(PrintOutcome(Ending.INTERRUPTED, progress, "printer-stopped", "It is away."))
    for _ in range(200):  # it pauses, for no time at all
        if len(stand.link.begun) > count:
            return
        await asyncio.sleep(0)


def tickets(stand):
    return [
        (ticket.first_page, ticket.marked_to, ticket.mark)
        for ticket in (request.ticket for request in stand.pool.requests)
    ]


async def test_sides_that_were_begun_and_come_again_carry_the_mark(stand):
    stand.printer.copy_mark = "Again?"
    stand.add()
    await stand.settle()
    await interrupted(stand, PrintProgress(1500, 2, 2, 2, 9, sent_to=4))
    await interrupted(stand, PrintProgress(10, 0, 0, 0, 9, sent_to=3))
    await interrupted(stand, PrintProgress(5000, 6, 4, 4, 9, sent_to=8))
    assert tickets(stand) == [(1, 0, ""), (3, 4, "Again?"), (3, 4, "Again?"), (7, 8, "Again?")]
    await stand.end()


async def test_nothing_is_marked_where_the_device_took_nothing(stand):
    job = stand.add()
    await stand.settle()
    assert job.begun
    await interrupted(stand, PrintProgress())
    assert tickets(stand) == [(1, 0, ""), (1, 0, "")]
    assert [resumed for _, _, resumed in stand.link.begun] == [False, False]
    await stand.end()


async def test_that_a_job_begins_is_kept_before_the_device_gets_any_of_it(stand):
    job = stand.add()
    await stand.settle()
    assert stand.keeper.saved == [(job.job_id, True)]
    await interrupted(stand, PrintProgress(100))
    assert stand.keeper.saved == [(job.job_id, True)]  # once is enough
    await stand.end()


async def test_a_store_that_fails_does_not_keep_a_job_from_printing(stand, caplog):
    stand.keeper.problem_with_the_store = SpoolError("The disk is full.")
    stand.add()
    await stand.settle()
    assert stand.now == [1]
    assert "disk is full" in caplog.text
    await stand.end()


async def test_of_a_job_of_an_earlier_run_all_that_is_sent_again_is_marked(stand):
    """Nobody knows how far it was, also where the record has no byte of it: power may have been cut before that was kept."""
    stand.printer.copy_mark = "Again?"
    for written in (0, 700):
        stand.add(begun=True, bytes_written=written, pages_confirmed=1)
        await stand.settle()
        assert tickets(stand)[-1] == (2, MAX_COUNT, "Again?")
        await interrupted(stand, PrintProgress(100, 3, 2, 2, sent_to=4))
        assert tickets(stand)[-1] == (4, MAX_COUNT, "Again?")
        assert [resumed for _, _, resumed in stand.link.begun] == [True, True]
        await stand.end()
        stand.link.begun.clear()


async def test_a_document_in_the_printers_language_gets_a_mark_before_it(stand, monkeypatch):
    monkeypatch.setattr(
        type(stand.printer.driver), "raw_mark", lambda _self, _profile, text: f"<{text}>".encode()
    )
    stand.printer.copy_mark = "Again?"
    stand.add(job_format="application/vnd.escpos")
    await stand.settle()
    assert stand.link.raw
    await interrupted(stand, PrintProgress(300))
    sent = []
    for _, source, _ in stand.link.begun[-1:]:
        while (frame := source.next_frame(0)).kind == FrameKind.DATA:
            sent.append(bytes(frame.payload))
    assert b"".join(sent).index(b"<Again?>") < b"".join(sent).index(b"x")
    await stand.end()


async def test_a_job_that_was_closed_before_anything_was_sent_is_not_marked_after_the_restart(stand):
    sent, unsent = stand.add(), stand.add()
    await stand.settle()
    stand.link.printing[0][2](PrintProgress(bytes_written=1))
    await stand.end()
    assert unsent.begun
    await stand.queue.close()
    assert not unsent.begun
    assert sent.state == JobState.COMPLETED


@pytest.mark.parametrize("worker", ["ready", "starting"])
async def test_a_queue_that_is_closed_while_a_job_begins_leaves_no_worker(stand, worker):
    hangs = asyncio.Event()
    stand.keeper.save_jobs = lambda *_: hangs.wait()
    stand.pool.gate = asyncio.Event()
    stand.add()
    await stand.settle()
    if worker == "ready":
        stand.pool.gate.set()
        await stand.settle()
    assert len(stand.pool.sources) == (worker == "ready")
    await stand.queue.close()
    assert all(source.closed for source in stand.pool.sources)
    assert not stand.link.begun


async def test_the_device_is_told_at_the_start_that_a_job_broke_off(printers, clock, monkeypatch):
    monkeypatch.setattr(print_queue, "DeviceLink", Link)
    for begun in (False, True):
        made = Stand(printers["laser"], clock)
        made.add(begun=begun)
        made.queue.start()
        assert made.link.mid_job is begun
        await made.queue.close()


# --- where the bytes come from ----------------------------------------------------------------------------------------


async def test_documents_in_the_printers_language_go_straight_through(stand):
    stand.add(job_format="application/vnd.escpos")
    await stand.settle()
    assert stand.pool.requests == []
    assert isinstance(stand.link.begun[0][1], RawSource)
    await stand.end()


async def test_copies_of_such_documents_are_made_by_a_worker(stand):
    stand.add(job_format="application/vnd.escpos", template=[Attribute.integer("copies", 2)])
    await stand.settle()
    assert [request.ticket.copies for request in stand.pool.requests] == [2]
    await stand.end()


async def test_the_ticket_is_what_the_job_asked_for(stand):
    stand.add(
        name="Letter",
        user="ann",
        template=[Attribute.integer("copies", 3), Attribute.integer("number-up", 2)],
    )
    await stand.settle()
    ticket = stand.pool.requests[0].ticket
    assert (ticket.copies, ticket.number_up, ticket.job_name, ticket.user_name) == (3, 2, "Letter", "ann")
    await stand.end()


async def test_media_that_is_not_loaded_is_asked_for(printers, clock, monkeypatch):
    monkeypatch.setattr(print_queue, "DeviceLink", Link)
    laser = Stand(printers["laser"], clock)
    laser.queue.start()
    laser.add(template=[Attribute.keyword("media", "na_letter_8.5x11in")])
    await laser.settle()
    assert "media-needed" in laser.printer.reasons
    await laser.end()
    assert laser.printer.reasons == ("none",)
    await laser.queue.close()


# --- the end of the service -------------------------------------------------------------------------------------------


async def test_closing_leaves_the_job_as_it_is(stand):
    job, waiting = stand.add(), stand.add()
    await stand.settle()
    await stand.queue.close()
    assert (job.state, waiting.state) == (JobState.PROCESSING, JobState.PENDING)
    assert stand.keeper.ended == []


async def test_draining_ends_the_job_that_prints_and_begins_no_other(stand):
    job, waiting = stand.add(), stand.add()
    await stand.settle()
    draining = asyncio.create_task(stand.queue.drain())
    await stand.settle()
    assert not draining.done()
    await stand.end()
    await asyncio.wait_for(draining, 5)
    assert (job.state, waiting.state) == (JobState.COMPLETED, JobState.PENDING)
    assert stand.now == []


async def test_draining_does_not_wait_for_a_printer_that_stands_still(stand):
    job = stand.add()
    await stand.settle()
    draining = asyncio.create_task(stand.queue.drain())
    await stand.settle()
    assert not draining.done()
    stand.link.listener.device_reports(stopped("media-empty-error", "Out of paper."))
    await asyncio.wait_for(draining, 5)
    await stand.queue.close()
    assert not job.is_terminal


async def test_draining_an_idle_queue_ends_at_once(stand):
    await stand.settle()
    await asyncio.wait_for(stand.queue.drain(), 5)


# --- what operators tell the printer ----------------------------------------------------------------------------------

STOPPED_IN_PRINT = PrintOutcome(
    Ending.CANCELED, PrintProgress(pages=2, impressions=2), "job-canceled-by-user", "The job was canceled."
)
"""What the link says of a job that was stopped."""


def pause(stand):
    stand.printer.control.paused = True
    stand.printer.control_changed()
    stand.queue.interrupt()


def resume(stand):
    stand.printer.control.paused = False
    stand.printer.control_changed()
    stand.queue.wake()


async def test_a_paused_job_goes_on_from_the_page_that_was_not_confirmed(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    pause(stand)
    assert (stand.link.canceled, stand.link.wish) == (1, Wish.SETTLE)
    assert (stand.printer.state, stand.printer.reasons) == (PrinterState.PROCESSING, ("moving-to-paused",))
    await stand.end(STOPPED_IN_PRINT)
    assert (job.state, job.reasons) == (JobState.PROCESSING_STOPPED, ("printer-stopped",))
    assert (stand.printer.state, stand.printer.reasons) == (PrinterState.STOPPED, ("paused",))
    assert stand.now == []
    await stand.settle()
    assert stand.now == []
    assert following.state == JobState.PENDING
    resume(stand)
    await stand.settle()
    assert (job.state, stand.printer.state) == (JobState.PROCESSING, PrinterState.PROCESSING)
    assert stand.now == [job.job_id]
    assert [request.ticket.first_page for request in stand.pool.requests] == [1, 3]
    await stand.end(PrintOutcome(Ending.COMPLETED, PrintProgress(pages=3, impressions=1)))
    assert (job.state, job.impressions_completed) == (JobState.COMPLETED, 3)
    await stand.end()
    assert following.state == JobState.COMPLETED


async def test_nothing_is_sent_for_a_job_whose_worker_comes_after_the_pause(stand):
    stand.pool.gate = asyncio.Event()
    job = stand.add()
    await stand.settle()
    pause(stand)
    stand.pool.gate.set()
    await stand.settle()
    assert stand.now == []
    assert stand.pool.sources[0].closed
    assert job.state == JobState.PROCESSING_STOPPED
    resume(stand)
    await stand.settle()
    assert stand.now == [job.job_id]
    await stand.end()


async def test_a_paused_job_can_be_canceled(stand):
    job, following = stand.add(), stand.add()
    await stand.settle()
    pause(stand)
    await stand.end(STOPPED_IN_PRINT)
    job.reasons = (*job.reasons, print_queue.STOPPING)
    stand.queue.cancel(job)
    await stand.settle()
    assert (job.state, job.reasons) == (JobState.CANCELED, ("job-canceled-by-user",))
    assert stand.printer.state == PrinterState.STOPPED
    assert (stand.now, following.state) == ([], JobState.PENDING)


async def test_a_job_canceled_while_it_moves_to_paused(stand):
    job = stand.add()
    await stand.settle()
    pause(stand)
    job.reasons = (*job.reasons, print_queue.STOPPING)
    stand.queue.cancel(job)
    await stand.end(STOPPED_IN_PRINT)
    assert job.state == JobState.CANCELED


async def test_a_job_that_ends_before_the_pause_takes_hold(stand):
    job = stand.add()
    await stand.settle()
    pause(stand)
    await stand.end()
    assert job.state == JobState.COMPLETED
    assert (stand.printer.state, stand.printer.reasons) == (PrinterState.STOPPED, ("paused",))


async def test_a_device_that_comes_back_does_not_resume_a_paused_job(stand):
    job = stand.add()
    await stand.settle()
    pause(stand)
    await stand.end(STOPPED_IN_PRINT)
    stand.queue.device_reports(stopped("media-empty-error", "There is no paper."))
    stand.queue.device_reports(WELL)
    assert (job.state, stand.printer.state) == (JobState.PROCESSING_STOPPED, PrinterState.STOPPED)


async def test_a_drain_does_not_wait_for_a_paused_job(stand):
    job = stand.add()
    await stand.settle()
    pause(stand)
    await stand.end(STOPPED_IN_PRINT)
    async with asyncio.timeout(5):
        await stand.queue.drain()
    assert job.state == JobState.PROCESSING_STOPPED


async def test_a_restart_opens_the_device_anew_and_goes_on(stand):
    stand.queue.restart(forgets=True)
    assert (stand.link.canceled, stand.link.told) == (0, ["hold", "forget and reopen"])
    job = stand.add()
    await stand.settle()
    stand.queue.restart(forgets=False)
    assert (stand.link.canceled, stand.link.told) == (1, ["hold", "forget and reopen", "reopen"])
    await stand.end(STOPPED_IN_PRINT)
    assert stand.now == [job.job_id]
    assert stand.pool.requests[-1].ticket.first_page == 3
    await stand.end()
    assert job.state == JobState.COMPLETED


async def test_the_keeper_hears_that_the_printer_rests(stand):
    stand.add()
    await stand.settle()
    assert stand.keeper.rested == []
    await stand.end()
    assert stand.keeper.rested == ["receipt"]


# --- the sheet before a job, proof copies -----------------------------------------------------------------------------


def proof(copies, *members):
    return Attribute.collection("proof-print", [Attribute.integer("proof-print-copies", copies), *members])


async def test_the_job_sheet_says_whose_job_it_is(stand):
    standard = Attribute.keyword("job-sheets", "standard")
    job = stand.add(template=(standard,), name="Annual\nreport", user="ann", created_date=1_800_000_000)
    await stand.settle()
    (request,) = stand.pool.requests
    lines = request.ticket.banner
    assert {"ann", "Annual report", f"Job {job.job_id}"} <= set(lines)
    assert any("2027" in line for line in lines)
    await stand.end()
    stand.add(name="another")
    await stand.settle()
    assert stand.pool.requests[-1].ticket.banner == ()
    await stand.end()


async def test_the_printers_own_language_is_rendered_with_a_sheet_before_it(stand):
    stand.add(job_format="application/vnd.escpos", template=(Attribute.keyword("job-sheets", "standard"),))
    await stand.settle()
    assert stand.pool.requests, "the sheet has to be drawn"
    await stand.end()


async def test_proof_copies_come_first_and_the_job_waits_for_its_release(stand):
    job = stand.add(template=(proof(2), Attribute.integer("copies", 7)))
    await stand.settle()
    assert stand.pool.requests[-1].ticket.copies == 2
    await stand.end(PrintOutcome(Ending.COMPLETED, PrintProgress(pages=4, impressions=4, sheets=4, total=4)))
    assert (job.state, job.reasons) == (JobState.PENDING_HELD, ("job-held-for-review",))
    assert stand.now == []
    assert stand.printer.state == PrinterState.IDLE
    assert stand.keeper.ended == []
    later = stand.add()
    await stand.settle()
    assert stand.now == [later.job_id], "others go on meanwhile"
    await stand.end()
    job.awaits_review = False
    settle(job)
    stand.queue.wake()
    await stand.settle()
    ticket = stand.pool.requests[-1].ticket
    assert (ticket.job_id, ticket.copies, ticket.first_page) == (job.job_id, 7, 1)
    await stand.end(
        PrintOutcome(Ending.COMPLETED, PrintProgress(pages=14, impressions=14, sheets=14, total=14))
    )
    assert job.state == JobState.COMPLETED
    assert (job.impressions, job.impressions_completed, job.media_sheets_completed) == (18, 18, 18)


async def test_no_proof_copies(stand):
    job = stand.add(template=(proof(0), Attribute.integer("copies", 7)))
    await stand.settle()
    assert stand.pool.requests[-1].ticket.copies == 7
    await stand.end()
    assert job.state == JobState.COMPLETED


async def test_proof_copies_have_paper_of_their_own(stand):
    paper = stand.printer.template.media.sizes[1].name
    job = stand.add(template=(proof(1, Attribute.keyword("media", paper)),))
    await stand.settle()
    assert stand.pool.requests[-1].ticket.media.name == paper
    await stand.end()
    job.awaits_review = False
    settle(job)
    stand.queue.wake()
    await stand.settle()
    assert stand.pool.requests[-1].ticket.media.name == stand.printer.template.media.default.name
    await stand.end()


@pytest.mark.parametrize("ending", [Ending.CANCELED, Ending.ABORTED])
async def test_proof_copies_that_do_not_come_out_end_the_job(stand, ending):
    job = stand.add(template=(proof(1),))
    await stand.settle()
    await stand.end(PrintOutcome(ending, PrintProgress(), "document-unprintable-error", "No."))
    assert job.is_terminal


async def test_proof_copies_go_on_after_a_fault(stand):
    job = stand.add(template=(proof(3),))
    await stand.settle()
    await stand.end(
        PrintOutcome(Ending.INTERRUPTED, PrintProgress(bytes_written=9, pages=1, impressions=1), "x", "y")
    )
    ticket = stand.pool.requests[-1].ticket
    assert (ticket.copies, ticket.first_page) == (3, 2)
    await stand.end()
    assert job.reasons == ("job-held-for-review",)


async def test_what_a_sensor_beside_the_device_said_while_a_job_began_ends_with_the_sensor(stand):
    stand.printer.sensor_reports(("media-low-warning",))
    stand.add()
    await stand.settle()
    await stand.end()
    stand.printer.sensor_reports(())
    assert stand.printer.condition.reasons == ()


async def test_that_its_device_answers_is_kept_for_the_next_start(stand, clock):
    def answers(uri="test://device"):
        queue = PrintQueue(stand.printer, SimpleNamespace(uri=uri), Pool(), Keeper(clock), stand.memory)
        return queue._link.answers

    assert not stand.link.answers
    stand.link.listener.device_answers(True)
    assert (answers(), answers("test://other")) == (True, False)
    stand.link.listener.device_answers(False)
    assert not answers()
