"""What is told when: each change once, by the narrowest event, RFC 3995 §5.3.3.4."""

from __future__ import annotations

import pytest
from desk import LASER, OPERATOR, RECEIPT, open_desk

from tympan.ipp import Attribute, GroupTag, Operation
from tympan.ipp.enums import JobState


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


@pytest.fixture
def told(desk):
    """What is told from now on: event, and the job's number or the printer's name."""
    events = []

    def listen(event):
        about = event.job.job_id if event.job else event.printer.name if event.printer else ""
        events.append((event.keyword, about))

    desk.service.events.listen(listen)
    return events


@pytest.fixture
def jobs_and_printers(told):
    """What is told, without the documents."""
    return lambda: [each for each in told if not each[0].startswith("document-")]


def changed(desk, job_id, state, reasons=("job-printing",), **more):
    """Bring a job where a queue brings it."""
    job = desk.job(job_id)
    job.move(state, now=1, date=1, reasons=reasons)
    for name, value in more.items():
        setattr(job, name, value)

    async def tell():
        printer = desk.service.printers[job.printer]
        (desk.service.jobs.job_ended if job.is_terminal else desk.service.jobs.job_changed)(printer, job)

    desk.runner.run(tell())


def test_the_life_of_a_job(desk, jobs_and_printers):
    job_id = desk.printed()
    changed(desk, job_id, JobState.PROCESSING)
    changed(desk, job_id, JobState.PROCESSING)
    changed(desk, job_id, JobState.PROCESSING, impressions_completed=1, media_sheets_completed=1)
    changed(desk, job_id, JobState.PROCESSING, bytes_written=5)
    changed(desk, job_id, JobState.PROCESSING_STOPPED, ("printer-stopped",))
    changed(desk, job_id, JobState.PROCESSING_STOPPED, ("printer-stopped", "resources-are-not-ready"))
    changed(desk, job_id, JobState.PROCESSING)
    changed(desk, job_id, JobState.PROCESSING, impressions_completed=2, media_sheets_completed=2)
    changed(desk, job_id, JobState.COMPLETED, ("job-completed-successfully",))
    assert jobs_and_printers() == [
        (event, job_id)
        for event in (
            "job-created",
            "job-state-changed",
            "job-progress",
            "job-stopped",
            "job-state-changed",
            "job-state-changed",
            "job-progress",
            "job-completed",
        )
    ]


def test_a_job_whose_documents_follow(desk, jobs_and_printers):
    answer = desk.ask(Operation.CREATE_JOB)
    number = Attribute.integer("job-id", answer.group(GroupTag.JOB).integer("job-id"))
    last = Attribute.boolean("last-document", True)
    plain = Attribute.mime("document-format", "text/plain")
    desk.ask(Operation.SEND_DOCUMENT, RECEIPT, number, last, plain, document=b"Hello.\n")
    assert [event for event, _ in jobs_and_printers()] == ["job-created", "job-state-changed"]


def test_a_job_that_is_canceled(desk, jobs_and_printers):
    job_id = desk.printed(LASER)
    desk.empty()
    assert jobs_and_printers() == [("job-created", job_id), ("job-completed", job_id)]


def test_a_printer_and_the_system(desk, told):
    receipt, laser = desk.service.printers.values()
    receipt.device_stopped(("media-empty",), "Paper is out.")
    receipt.device_stopped(("media-empty",), "Paper is out.")
    receipt.device_stopped(("cover-open", "media-empty"), "The cover is open.")
    laser.control.paused = True
    laser.control_changed()
    receipt.device_running()
    laser.control.accepting = False
    laser.control_changed()
    assert told == [
        ("printer-stopped", "receipt"),
        ("printer-state-changed", "receipt"),
        ("printer-stopped", "laser"),
        ("system-stopped", ""),
        ("printer-state-changed", "receipt"),
        ("system-state-changed", ""),
        ("printer-state-changed", "laser"),
    ]


def test_a_printer_that_is_shut_down_and_started(desk, told):
    laser = desk.service.printers["laser"]
    for shut_down in (True, False):
        laser.control.shut_down = shut_down
        laser.control_changed()
    assert told == [("printer-shutdown", "laser"), ("printer-restarted", "laser")]


def test_a_restarted_job_is_created_anew(desk, told, jobs_and_printers):
    """RFC 3995 §5.3.3.4.3: Restart-Job is told as ``job-created``."""
    job_id = desk.printed()
    desk.empty()
    told.clear()
    job = desk.job(job_id)
    job.state, job.reasons = JobState.PENDING, ()

    async def restart():
        desk.service.jobs.job_changed(desk.service.printers["receipt"], job)

    desk.runner.run(restart())
    assert jobs_and_printers() == [("job-created", job_id)]


def test_the_documents_of_a_job(desk, told):
    """PWG 5100.5: each by itself, between the news of its job."""
    job_id = desk.ask(Operation.CREATE_JOB).group(GroupTag.JOB).integer("job-id")
    number = Attribute.integer("job-id", job_id)
    plain = Attribute.mime("document-format", "text/plain")
    for last in (False, True):
        more = Attribute.boolean("last-document", last)
        desk.ask(Operation.SEND_DOCUMENT, RECEIPT, number, more, plain, document=b"Hello.\n")
    changed(desk, job_id, JobState.PROCESSING, document_printing=1)
    changed(desk, job_id, JobState.PROCESSING, document_printing=2)
    changed(desk, job_id, JobState.COMPLETED, ("job-completed-successfully",))
    assert [event for event, _ in told] == [
        "job-created",
        "document-created",
        "document-created",
        "job-state-changed",
        "document-state-changed",
        "job-state-changed",
        "document-completed",
        "document-state-changed",
        "document-completed",
        "job-completed",
    ]


def test_what_operators_do_with_jobs(desk, jobs_and_printers):
    """RFC 3995 §5.3.3.4.2: the order of the queue is the printer's; RFC 3380: attributes that are set."""
    first, second = desk.printed(), desk.printed()
    told_before = len(jobs_and_printers())
    desk.requester = OPERATOR
    number = Attribute.integer("job-id", second)
    assert desk.ask(Operation.PROMOTE_JOB, RECEIPT, number).code == 0
    wish = (Attribute.integer("job-priority", 90),)
    other = Attribute.integer("job-id", first)
    assert desk.ask(Operation.SET_JOB_ATTRIBUTES, RECEIPT, other, job=wish).code == 0
    assert desk.ask(Operation.HOLD_JOB, RECEIPT, other).code == 0
    events = jobs_and_printers()[told_before:]
    assert events[0] == ("printer-queue-order-changed", "receipt")
    assert events[1:3] == [("job-config-changed", first), ("printer-queue-order-changed", "receipt")]
    assert ("job-state-changed", first) in events[3:]


def test_purged_jobs_are_told_to_be_completed(desk, jobs_and_printers):
    """RFC 3995 §5.3.3.4.3."""
    job_id = desk.printed()
    desk.requester = OPERATOR
    assert desk.ask(Operation.PURGE_JOBS, RECEIPT).code == 0
    assert jobs_and_printers() == [("job-created", job_id), ("job-completed", job_id)]


def test_a_job_that_is_printed_again(desk, jobs_and_printers):
    job_id = desk.printed(RECEIPT, job=(Attribute.keyword("job-retain-until", "indefinite"),))
    changed(desk, job_id, JobState.PROCESSING)
    changed(desk, job_id, JobState.COMPLETED, ("job-completed-successfully",))
    desk.requester = OPERATOR
    assert desk.ask(Operation.RESTART_JOB, RECEIPT, Attribute.integer("job-id", job_id)).code == 0
    assert [event for event, _ in jobs_and_printers()] == [
        "job-created",
        "job-state-changed",
        "job-completed",
        "job-created",
    ]
