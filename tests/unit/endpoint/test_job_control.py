"""Order, suspending, printing again, purging: RFC 3998 §4, RFC 8011 §4.2.9 and §4.3.7, PWG 5100.7 §5."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from desk import LASER, OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY

OK = StatusCode.SUCCESSFUL_OK
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NOT_FOUND = StatusCode.CLIENT_ERROR_NOT_FOUND
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
REFUSED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED

ANN = Attribute.name_string("requesting-user-name", "ann")
BOB = Attribute.name_string("requesting-user-name", "bob")
HOLD = Attribute.keyword("job-hold-until", "indefinite")
ENDS = [JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED]


def number(job_id):
    return Attribute.integer("job-id", job_id)


def after(job_id):
    return Attribute.integer("predecessor-job-id", job_id)


def priority(value):
    return (Attribute.integer("job-priority", value),)


def listed(desk, which="not-completed", uri=RECEIPT):
    answer = desk.ask(Operation.GET_JOBS, uri, Attribute.keyword("which-jobs", which))
    return [group.integer("job-id") for group in answer.groups_of(GroupTag.JOB)]


def shown(desk, job_id, *names):
    answer = desk.ask(
        Operation.GET_JOB_ATTRIBUTES,
        RECEIPT,
        number(job_id),
        *((Attribute.keyword("requested-attributes", *names),) if names else ()),
    )
    assert status(answer) == OK
    return {attribute.name: attribute for attribute in answer.group(GroupTag.JOB)}


def state(desk, job_id):
    found = shown(desk, job_id)
    return JobState(found["job-state"].first), found["job-state-reasons"].strings()


def prints(desk, job_id):
    """The queue has taken up a job."""
    job, printer = desk.job(job_id), desk.service.printers["receipt"]
    assert printer.next_job() is job
    printer.begins(job, printer.template.media.default)
    job.move(JobState.PROCESSING, now=1, date=1, reasons=("job-printing",))
    desk.service.jobs.job_changed(printer, job)
    return job


def ends(desk, job_id, how=JobState.COMPLETED, uri=RECEIPT):
    """A job comes to its end as the queue has it."""
    job, printer = desk.job(job_id), desk.service.printers[uri.rsplit("/", 1)[1]]
    now, date = desk.service.clock.up_time(), desk.service.clock.date()
    if job.state == JobState.PENDING:
        job.move(JobState.PROCESSING, now=now, date=date)
    job.move(how, now=now, date=date)
    job.impressions_completed, job.pages_confirmed = 3, 3
    desk.service.jobs.job_ended(printer, job)
    if printer.current is job:
        printer.ends()
    return job


@pytest.fixture
def operator(empty_desk):
    empty_desk.requester = OPERATOR
    yield empty_desk
    empty_desk.requester = EVERYBODY
    empty_desk.service.printers["receipt"].ends()


# --- the order --------------------------------------------------------------------------------------------------------


def test_priority_then_arrival(empty_desk):
    """RFC 8011 §5.2.1: a job of a higher priority before all of lower ones."""
    plain, low, high, late, higher = (
        empty_desk.printed(job=job) for job in (None, priority(1), priority(80), None, priority(80))
    )
    assert listed(empty_desk) == [high, higher, plain, late, low]
    assert empty_desk.service.printers["receipt"].next_job().job_id == high


def test_what_prints_is_listed_first_and_what_is_held_last(operator):
    held, current, waits = (
        operator.printed(job=(HOLD, *priority(100))),
        operator.printed(),
        operator.printed(),
    )
    prints(operator, current)
    urgent = operator.printed(job=priority(99))
    assert listed(operator) == [current, urgent, waits, held]
    assert operator.service.printers["receipt"].next_job().job_id == urgent  # nothing is broken off for it
    assert operator.job(current).state == JobState.PROCESSING


def test_promoting_puts_a_job_before_all_priorities(operator):
    first, urgent, chosen = (
        operator.printed(),
        operator.printed(job=priority(100)),
        operator.printed(job=priority(1)),
    )
    assert status(operator.ask(Operation.PROMOTE_JOB, RECEIPT, number(chosen))) == OK
    later = operator.printed(job=priority(100))
    assert listed(operator) == [chosen, urgent, later, first]
    assert shown(operator, chosen)["job-priority"].first == 1
    assert status(operator.ask(Operation.PROMOTE_JOB, RECEIPT, number(first))) == OK
    assert listed(operator) == [first, chosen, urgent, later]


def test_scheduling_after_another(operator):
    a, b, c, d = (operator.printed() for _ in range(4))
    low = operator.printed(job=priority(1))
    assert status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(a), after(c))) == OK
    assert listed(operator) == [b, c, a, d, low]
    assert status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(low), after(b))) == OK
    assert listed(operator) == [b, low, c, a, d]
    late = operator.printed()
    assert listed(operator) == [b, low, c, a, d, late]
    assert status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(b), after(late))) == OK
    assert listed(operator) == [low, c, a, d, late, b]
    newest = operator.printed()
    assert listed(operator) == [low, c, a, d, late, b, newest]


def test_scheduling_after_what_prints_is_promoting(operator):
    current, waits, chosen = (operator.printed() for _ in range(3))
    prints(operator, current)
    assert status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(chosen), after(current))) == OK
    urgent = operator.printed(job=priority(100))
    assert listed(operator) == [current, chosen, urgent, waits]


def test_there_is_always_room_between_two_jobs(operator):
    """Each of a hundred jobs is put right behind the first: more often than numbers can be halved."""
    first, *others = (operator.printed() for _ in range(100))
    for job_id in others:
        assert status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(first))) == OK
    assert listed(operator) == [first, *reversed(others)]
    assert operator.printed() == listed(operator)[-1]


NOT_PENDING = [state for state in JobState if state != JobState.PENDING]


def brought_to(desk, wanted):
    job_id = desk.printed(job=(HOLD,) if wanted == JobState.PENDING_HELD else None)
    if wanted in ENDS:
        ends(desk, job_id, wanted)
    elif wanted not in {JobState.PENDING, JobState.PENDING_HELD}:
        prints(desk, job_id).state = wanted
    return job_id


@pytest.mark.parametrize("wanted", NOT_PENDING, ids=lambda each: each.name.lower())
def test_what_is_not_pending_is_not_moved(operator, wanted):
    """RFC 3998 §4.4: the target must be pending."""
    job_id = brought_to(operator, wanted)
    other = operator.printed()
    assert status(operator.ask(Operation.PROMOTE_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE
    assert (
        status(operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(other)))
        == NOT_POSSIBLE
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (JobState.PENDING, OK),
        (JobState.PROCESSING, OK),
        (JobState.PROCESSING_STOPPED, OK),
        (JobState.PENDING_HELD, NOT_POSSIBLE),
        *((each, NOT_POSSIBLE) for each in ENDS),
    ],
)
def test_predecessors(operator, wanted, expected):
    predecessor = brought_to(operator, wanted)
    job_id = operator.printed()
    answer = operator.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(predecessor))
    assert status(answer) == expected


def test_predecessors_there_are_none(operator):
    job_id = operator.printed()
    elsewhere = operator.printed(LASER)
    ask = operator.ask
    assert status(ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(9999))) == NOT_FOUND
    assert status(ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(elsewhere))) == NOT_FOUND
    assert status(ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id), after(job_id))) == NOT_POSSIBLE
    assert status(ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(job_id))) == OK


def test_the_order_outlives_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        a, b, c = (desk.printed() for _ in range(3))
        urgent, d = desk.printed(job=priority(90)), desk.printed()
        desk.ask(Operation.PROMOTE_JOB, RECEIPT, number(d))
        desk.ask(Operation.SCHEDULE_JOB_AFTER, RECEIPT, number(a), after(b))
        expected = [d, urgent, b, a, c]
        assert listed(desk) == expected
    with open_desk(tmp_path) as desk:
        assert listed(desk) == expected
        late = desk.printed()
        assert listed(desk) == [*expected, late]


# --- suspend and resume -----------------------------------------------------------------------------------------------


def test_suspending_and_resuming(operator):
    job_id, following = operator.printed(), operator.printed()
    job = prints(operator, job_id)
    job.pages_confirmed = 2
    assert status(operator.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT, number(job_id))) == OK
    assert state(operator, job_id) == (JobState.PROCESSING_STOPPED, ("job-suspended",))
    assert operator.service._queues["receipt"].broken_off == [job]
    operator.service.printers["receipt"].ends()  # the queue has let go
    assert operator.service.printers["receipt"].next_job().job_id == following
    assert status(operator.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT)) == NOT_POSSIBLE
    assert status(operator.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))) == OK
    assert state(operator, job_id) == (JobState.PENDING, ("none",))
    assert job.pages_confirmed == 2
    assert operator.service.printers["receipt"].next_job() is job
    assert status(operator.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE
    operator.service._queues["receipt"].broken_off.clear()


@pytest.mark.parametrize("wanted", list(JobState), ids=lambda each: each.name.lower())
def test_what_is_not_suspended_is_not_resumed(operator, wanted):
    job_id = brought_to(operator, wanted)
    assert status(operator.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE


@pytest.mark.parametrize("operation", [Operation.SUSPEND_CURRENT_JOB, Operation.CANCEL_CURRENT_JOB])
def test_the_current_job_is_the_one_that_is_meant(operator, operation):
    """RFC 3998 §4.2 and §4.3.1: ``job-id`` guards against the end of the job that somebody saw."""
    current, other = operator.printed(), operator.printed()
    assert status(operator.ask(operation, RECEIPT)) == NOT_POSSIBLE
    prints(operator, current)
    assert status(operator.ask(operation, RECEIPT, number(other))) == NOT_POSSIBLE
    assert status(operator.ask(operation, RECEIPT, number(9999))) == NOT_FOUND
    assert operator.job(current).state == JobState.PROCESSING
    assert status(operator.ask(operation, RECEIPT)) == OK


def test_whose_the_current_job_is(empty_desk):
    job_id = empty_desk.printed(RECEIPT, ANN)
    prints(empty_desk, job_id)
    for operation in (Operation.SUSPEND_CURRENT_JOB, Operation.CANCEL_CURRENT_JOB):
        answer = empty_desk.ask(operation, RECEIPT, BOB)
        assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    assert status(empty_desk.ask(Operation.CANCEL_CURRENT_JOB, RECEIPT, ANN)) == OK
    assert "processing-to-stop-point" in state(empty_desk, job_id)[1]
    assert status(empty_desk.ask(Operation.CANCEL_CURRENT_JOB, RECEIPT, ANN)) == NOT_POSSIBLE
    empty_desk.service.printers["receipt"].ends()


def test_a_suspended_job_can_be_canceled(operator):
    operator.requester = EVERYBODY
    job_id = operator.printed(RECEIPT, ANN)
    operator.requester = OPERATOR
    prints(operator, job_id)
    operator.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT)
    operator.service.printers["receipt"].ends()
    assert status(operator.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))) == OK
    assert state(operator, job_id) == (JobState.CANCELED, ("job-canceled-by-operator",))


def test_a_canceled_job_that_has_not_stopped_yet_is_not_resumed(operator):
    """What is canceled does not come back while the device is told to stop."""
    job_id = operator.printed()
    job = prints(operator, job_id)
    operator.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT)
    assert status(operator.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))) == OK
    assert status(operator.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE
    assert "processing-to-stop-point" in job.reasons
    operator.service._queues["receipt"].broken_off.clear()


@pytest.mark.parametrize("operation", [Operation.HOLD_JOB, Operation.RELEASE_JOB])
def test_holding_and_releasing_do_not_undo_a_cancelation(operator, operation):
    job_id = operator.printed()
    job = prints(operator, job_id)
    operator.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT)
    operator.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))  # the queue has not let go yet
    assert status(operator.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))) == OK
    operator.ask(operation, RECEIPT, number(job_id))
    assert "processing-to-stop-point" in job.reasons
    operator.service._queues["receipt"].broken_off.clear()


def test_a_suspended_job_stays_so_over_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed()
        prints(desk, job_id).pages_confirmed = 4
        assert status(desk.ask(Operation.SUSPEND_CURRENT_JOB, RECEIPT)) == OK
    with open_desk(tmp_path) as desk:
        assert state(desk, job_id) == (JobState.PROCESSING_STOPPED, ("job-suspended",))
        assert desk.service.printers["receipt"].next_job() is None
        assert status(desk.ask(Operation.RESUME_JOB, RECEIPT, number(job_id))) == OK
        assert desk.service.printers["receipt"].next_job().pages_confirmed == 4


# --- once more --------------------------------------------------------------------------------------------------------

AGAIN = [Operation.RESTART_JOB, Operation.REPROCESS_JOB, Operation.RESUBMIT_JOB]


def contents(desk, job_id):
    """The bytes of a job's documents as the queue reads them."""
    feeds = desk.runner.run(desk.service.jobs.open_documents(desk.job(job_id)))
    found = []
    for feed in feeds:
        with open(feed.fd, "rb", closefd=False) as file:
            file.seek(0)
            found.append(file.read())
        feed.close()
    return found


@pytest.mark.parametrize("operation", AGAIN, ids=lambda operation: operation.keyword)
@pytest.mark.parametrize("wanted", list(JobState), ids=lambda each: each.name.lower())
def test_again_in_every_state(operator, operation, wanted):
    """RFC 8011 §4.3.7, RFC 3998 §4.1, PWG 5100.7 §5.3: what has ended, and nothing else."""
    job_id = brought_to(operator, wanted)
    answer = operator.ask(operation, RECEIPT, number(job_id))
    assert status(answer) == (OK if wanted in ENDS else NOT_POSSIBLE)


@pytest.mark.parametrize("document", [b"short\n", b"long\n" * 100_000], ids=["inline", "file"])
def test_restarting_prints_the_same_job(operator, document):
    job_id, second, waits = operator.printed(document=document), operator.printed(), operator.printed()
    for each in (second, job_id):  # they arrive anew
        ends(operator, each)
        assert status(operator.ask(Operation.RESTART_JOB, RECEIPT, number(each))) == OK
    late = operator.printed()
    assert listed(operator) == [waits, second, job_id, late]
    assert job_id not in listed(operator, "completed")
    found = shown(operator, job_id)
    assert (JobState(found["job-state"].first), found["job-impressions-completed"].first) == (
        JobState.PENDING,
        0,
    )
    assert found["time-at-completed"].out_of_band
    assert operator.job(job_id).pages_confirmed == 0
    assert contents(operator, job_id) == [document]


@pytest.mark.parametrize("operation", [Operation.REPROCESS_JOB, Operation.RESUBMIT_JOB])
@pytest.mark.parametrize("document", [b"short\n", b"long\n" * 100_000], ids=["inline", "file"])
def test_a_copy_is_a_new_job(operator, operation, document):
    job = (Attribute.integer("copies", 3), Attribute.integer("job-priority", 60))
    job_id = operator.printed(document=document, job=job)
    used = operator.service.jobs.documents.budget.used
    ends(operator, job_id)
    answer = operator.ask(operation, RECEIPT, number(job_id), Attribute.name_string("job-name", "Once more"))
    assert status(answer) == OK
    group = answer.group(GroupTag.JOB)
    copy = group.integer("job-id")
    assert copy != job_id
    assert group.integer("job-state") == JobState.PENDING
    assert operator.job(job_id).state == JobState.COMPLETED
    found = shown(operator, copy)
    assert (found["copies"].first, found["job-priority"].first, found["job-name"].first) == (
        3,
        60,
        "Once more",
    )
    assert found["job-originating-user-name"].first == "olga"
    assert contents(operator, copy) == contents(operator, job_id) == [document]
    assert operator.service.jobs.documents.budget.used == used + len(document)
    operator.ask(Operation.PURGE_JOBS, RECEIPT)
    assert not operator.service.printers["receipt"].jobs


def test_resubmitting_with_other_attributes(operator):
    job_id = operator.printed(job=(Attribute.integer("copies", 3), Attribute.integer("number-up", 2)))
    ends(operator, job_id)
    wishes = (Attribute.integer("copies", 2), Attribute.enum("print-quality", 9))
    answer = operator.ask(Operation.RESUBMIT_JOB, RECEIPT, number(job_id), job=wishes)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {"print-quality": wishes[1]}
    found = shown(operator, answer.group(GroupTag.JOB).integer("job-id"))
    assert (found["copies"].first, found["number-up"].first) == (2, 2)
    fidelity = Attribute.boolean("ipp-attribute-fidelity", True)
    answer = operator.ask(Operation.RESUBMIT_JOB, RECEIPT, number(job_id), fidelity, job=wishes)
    assert status(answer) == REFUSED


def test_a_restarted_job_begins_anew(operator):
    """What held it in its first life, and its proof, are no more: RFC 8011 §4.3.7."""
    operator.ask(Operation.HOLD_NEW_JOBS, RECEIPT)
    proof = Attribute.collection("proof-print", (Attribute.integer("proof-print-copies", 1),))
    job_id = operator.printed(job=(proof,))
    job = operator.job(job_id)
    job.proofed = job.awaits_review = True
    operator.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))
    operator.ask(Operation.RELEASE_HELD_NEW_JOBS, RECEIPT)
    assert status(operator.ask(Operation.RESTART_JOB, RECEIPT, number(job_id))) == OK
    assert state(operator, job_id) == (JobState.PENDING, ("none",))
    assert not job.proofed


def test_restarting_held(operator):
    job_id = operator.printed()
    ends(operator, job_id)
    assert status(operator.ask(Operation.RESTART_JOB, RECEIPT, number(job_id), HOLD)) == OK
    assert state(operator, job_id) == (JobState.PENDING_HELD, ("job-hold-until-specified",))
    assert status(operator.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id))) == OK
    ends(operator, job_id)
    unknown = Attribute.keyword("job-hold-until", "christmas")
    answer = operator.ask(Operation.RESTART_JOB, RECEIPT, number(job_id), unknown)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {"job-hold-until": unknown}
    assert state(operator, job_id) == (JobState.PENDING_HELD, ("job-hold-until-specified",))


def test_a_restarted_job_comes_back_after_a_restart_of_the_service(tmp_path):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed(document=b"once more\n")
        ends(desk, job_id)
        assert status(desk.ask(Operation.RESTART_JOB, RECEIPT, number(job_id))) == OK
    with open_desk(tmp_path) as desk:
        assert state(desk, job_id) == (JobState.PENDING, ("none",))
        assert contents(desk, job_id) == [b"once more\n"]


# --- how long documents are kept --------------------------------------------------------------------------------------


def kept(desk, job_id):
    """Whether a finished job can be printed again."""
    return desk.job(job_id).retained


def look(desk):
    async def now():
        desk.service.jobs._timers.look()

    desk.runner.run(now())


@pytest.fixture
def moved(monkeypatch):
    """Clocks that a test moves."""

    class Moved:
        date = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp()
        up = 1000

    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("tympan.service.clock.Clock.date", staticmethod(lambda: int(Moved.date)))
    monkeypatch.setattr("tympan.service.clock.Clock.up_time", lambda _self: Moved.up)
    yield Moved
    monkeypatch.undo()
    time.tzset()


DAY = 86_400


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        (None, 300),  # limits.retain_s
        (Attribute.integer("job-retain-until-interval", 10), 10),
        (Attribute.integer("job-retain-until-interval", 7 * DAY), 7 * DAY),
        (Attribute.date_time("job-retain-until-time", datetime(2026, 3, 4, 12, 1, tzinfo=UTC)), 60),
        (Attribute.keyword("job-retain-until", "end-of-day"), DAY // 2),
        (Attribute.keyword("job-retain-until", "end-of-week"), DAY // 2 + 4 * DAY),  # a Wednesday
        (Attribute.keyword("job-retain-until", "end-of-month"), DAY // 2 + 27 * DAY),
    ],
)
def test_documents_are_kept_as_long_as_is_asked(tmp_path, moved, wish, seconds):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed(job=wish and (wish,))
        ends(desk, job_id)
        assert kept(desk, job_id)
        moved.date, moved.up = moved.date + seconds - 1, moved.up + seconds - 1
        look(desk)
        assert kept(desk, job_id)
    with open_desk(tmp_path) as desk:  # and over a restart
        assert kept(desk, job_id)
        assert desk.service.jobs.documents.budget.used > 0
        moved.date, moved.up = moved.date + 1, moved.up + 1
        look(desk)
        assert not kept(desk, job_id)
        assert desk.service.jobs.documents.budget.used == 0
        assert status(desk.ask(Operation.RESTART_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE
        assert shown(desk, job_id)["job-state"].first == JobState.COMPLETED


@pytest.mark.parametrize(
    "wish",
    [
        Attribute.keyword("job-retain-until", "none"),
        Attribute.integer("job-retain-until-interval", 0),
        Attribute.date_time("job-retain-until-time", datetime(2026, 3, 4, 11, 59, tzinfo=UTC)),
    ],
)
def test_documents_that_shall_not_be_kept(tmp_path, moved, wish):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed(job=(wish,))
        ends(desk, job_id)
        assert not kept(desk, job_id)
        assert desk.service.jobs.documents.budget.used == 0
    _ = moved


def test_kept_for_good(tmp_path, moved):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed(job=(Attribute.keyword("job-retain-until", "indefinite"),))
        ends(desk, job_id)
        moved.date, moved.up = moved.date + 365 * DAY, moved.up + 365 * DAY
        look(desk)
        assert kept(desk, job_id)


def test_a_date_that_is_not_known_yet_lets_nothing_go(tmp_path, moved):
    """A Raspberry Pi starts in 1970."""
    with open_desk(tmp_path) as desk:
        now, moved.date = moved.date, 60
        job_id = desk.printed(job=(Attribute.keyword("job-retain-until", "end-of-day"),))
        ends(desk, job_id)
        moved.date = 60 + 3 * DAY
        look(desk)
        assert kept(desk, job_id)
        moved.date = now
        look(desk)
        assert kept(desk, job_id)
        moved.date = now + DAY // 2
        look(desk)
        assert not kept(desk, job_id)


def test_new_documents_come_before_old_ones(tmp_path):
    with open_desk(tmp_path, spool_bytes=1_048_576, retain_s=10_000) as desk:
        ids = []
        for _ in range(3):
            ids.append(desk.printed(document=b"x" * 400_000))
            ends(desk, ids[-1])
        assert [kept(desk, job_id) for job_id in ids] == [False, True, True]
        folder = tmp_path / "state" / "spool"
        assert len(list(folder.iterdir())) == 2


def test_history_that_goes_takes_its_documents_along(tmp_path):
    with open_desk(tmp_path, history_jobs=2, retain_s=10_000) as desk:
        ids = [desk.printed() for _ in range(4)]
        for job_id in ids:
            ends(desk, job_id)
        assert listed(desk, "completed") == ids[:1:-1]
        assert desk.service.jobs.documents.budget.used == 2 * len(b"Hello.\n")


def test_what_did_not_arrive_whole_is_not_kept(operator):
    answer = operator.ask(Operation.CREATE_JOB, RECEIPT)
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    operator.ask(
        Operation.SEND_DOCUMENT, RECEIPT, number(job_id), Attribute.boolean("last-document", False),
        Attribute.mime("document-format", "text/plain"), document=b"x\n",
    )  # fmt: skip
    operator.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))
    assert status(operator.ask(Operation.RESTART_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE


# --- many jobs --------------------------------------------------------------------------------------------------------


def test_canceling_all_jobs(operator):
    ids = [operator.printed(RECEIPT, user) for user in (ANN, BOB)]
    elsewhere = operator.printed(LASER)
    assert status(operator.ask(Operation.CANCEL_JOBS, RECEIPT)) == OK
    assert listed(operator) == []
    assert [state(operator, job_id)[0] for job_id in ids] == [JobState.CANCELED] * 2
    assert operator.job(elsewhere).state == JobState.PENDING
    assert status(operator.ask(Operation.CANCEL_JOBS, RECEIPT)) == OK


def test_canceling_some_jobs_is_all_or_nothing(operator):
    first, second, third = (operator.printed() for _ in range(3))
    ends(operator, third)

    def cancel(*ids):
        return operator.ask(Operation.CANCEL_JOBS, RECEIPT, Attribute.integer("job-ids", *ids))

    answer = cancel(first, 9999)
    assert (status(answer), unsupported(answer)) == (
        NOT_FOUND,
        {"job-ids": Attribute.integer("job-ids", 9999)},
    )
    answer = cancel(first, third)
    assert (status(answer), unsupported(answer)) == (
        NOT_POSSIBLE,
        {"job-ids": Attribute.integer("job-ids", third)},
    )
    assert listed(operator) == [first, second]
    assert status(cancel(first, first)) == OK
    assert listed(operator) == [second]


def test_purging_forgets_everything(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        done, waits, current = desk.printed(), desk.printed(), desk.printed(job=priority(99))
        big = desk.printed(document=b"x" * 300_000)
        ends(desk, done)
        printing = prints(desk, current)
        incoming = desk.ask(Operation.CREATE_JOB, RECEIPT).group(GroupTag.JOB).integer("job-id")
        elsewhere = desk.printed(LASER)
        assert status(desk.ask(Operation.PURGE_JOBS, RECEIPT)) == OK
        for job_id in (done, waits, current, big, incoming):
            assert status(desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(job_id))) == NOT_FOUND
        assert listed(desk, "all") == []
        assert desk.service._queues["receipt"].canceled == [printing]
        printing.move(JobState.CANCELED, now=1, date=1)  # the queue brings it to its end
        desk.service.jobs.job_ended(desk.service.printers["receipt"], printing)
        assert listed(desk, "all") == []
        assert desk.service.jobs.documents.budget.used == len(b"Hello.\n")
        assert not list((tmp_path / "state" / "spool").iterdir())
        assert desk.service.jobs._active_count == 1
    with open_desk(tmp_path) as desk:
        assert listed(desk, "all") == []
        assert listed(desk, "all", LASER) == [elsewhere]


def test_an_operators_message_stays_with_the_job(operator):
    job_id = operator.printed()
    message = Attribute.text("job-message-from-operator", "Wait for thick paper.")
    assert status(operator.ask(Operation.HOLD_JOB, RECEIPT, number(job_id), message)) == OK
    assert shown(operator, job_id)["job-message-from-operator"] == message


# --- a job that may take so long only ---------------------------------------------------------------------------------


def test_a_job_that_takes_too_long_is_canceled(operator, monkeypatch):
    moment = 100.0
    monkeypatch.setattr("tympan.service.job_timers.time.monotonic", lambda: moment)
    job_id = operator.printed(job=(Attribute.integer("job-cancel-after", 10),))
    moment = 200.0  # waiting does not count
    look(operator)
    job = prints(operator, job_id)
    moment = 206.0
    look(operator)
    printer = operator.service.printers["receipt"]
    job.move(JobState.PROCESSING_STOPPED, now=1, date=1, reasons=("printer-stopped",))
    operator.service.jobs.job_changed(printer, job)
    moment = 300.0  # nor does what is stopped
    look(operator)
    job.move(JobState.PROCESSING, now=1, date=1)
    operator.service.jobs.job_changed(printer, job)
    moment = 303.9
    look(operator)
    assert "processing-to-stop-point" not in job.reasons
    moment = 304.0
    look(operator)
    assert {"processing-to-stop-point", "job-canceled-after-timeout"} <= set(job.reasons)
    assert operator.service._queues["receipt"].canceled[-1] is job


def test_a_job_without_a_limit_may_take_long(operator, monkeypatch):
    moment = 100.0
    monkeypatch.setattr("tympan.service.job_timers.time.monotonic", lambda: moment)
    job = prints(operator, operator.printed(job=(Attribute.integer("job-cancel-after", 0),)))
    moment = 1e6
    look(operator)
    assert job.state == JobState.PROCESSING
    assert "processing-to-stop-point" not in job.reasons


def test_limited_jobs_that_wait_cost_those_that_change_nothing(operator, monkeypatch):
    """There may be ten thousand of them: a job that changes must not look at each."""

    class NotLookedThrough(dict):
        def values(self):
            raise AssertionError("every limited job was looked at")

    timers = operator.service.jobs._timers
    monkeypatch.setattr(timers, "_limited", NotLookedThrough(timers._limited))
    limit = (Attribute.integer("job-cancel-after", 10),)
    first, second = operator.printed(job=limit), operator.printed(job=limit)
    prints(operator, first)
    ends(operator, first)
    prints(operator, second)
