"""Hold-Job and Release-Job in every state, with every wish: the tables of RFC 8011 §4.3.5 and §4.3.6; whose job it is, §9.3."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from desk import ADMINISTRATOR, LASER, OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY, Requester, Role

OK = StatusCode.SUCCESSFUL_OK
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NOT_AUTHORIZED = StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
NOT_AUTHENTICATED = StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED

ANN = Attribute.name_string("requesting-user-name", "ann")
BOB = Attribute.name_string("requesting-user-name", "bob")

ENDED = {JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED}
PRINTING = {JobState.PROCESSING, JobState.PROCESSING_STOPPED}

HELD = (JobState.PENDING_HELD, ("job-hold-until-specified",))
FREE = (JobState.PENDING, ())

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


def number(job_id):
    return Attribute.integer("job-id", job_id)


def until(keyword):
    return Attribute.keyword("job-hold-until", keyword)


def at(moment):
    return Attribute.date_time("job-hold-until-time", moment)


def seen(desk, job_id):
    """State and reasons as Get-Job-Attributes tells them."""
    answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(job_id))
    group = answer.group(GroupTag.JOB)
    reasons = group.get("job-state-reasons").strings()
    return JobState(group.integer("job-state")), () if reasons == ("none",) else reasons


@pytest.fixture
def noon(monkeypatch):
    """The clock stands at noon UTC, in a place where that is noon; `noon.date` moves it."""

    class Moved:
        date = NOON.timestamp()

    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    monkeypatch.setattr("tympan.service.clock.Clock.date", staticmethod(lambda: int(Moved.date)))
    yield Moved
    monkeypatch.undo()
    time.tzset()


def in_state(desk, state, *attributes, **more):
    """A job in a state, as the service would have it there."""
    job = desk.job(desk.printed(RECEIPT, *attributes, **more))
    printer = desk.service.printers["receipt"]
    if state == JobState.PENDING_HELD:
        desk.ask(Operation.HOLD_JOB, RECEIPT, *attributes, number(job.job_id))
    elif state in PRINTING:
        job.move(JobState.PROCESSING, now=1, date=1)
        job.move(state, now=1, date=1)
        printer.current = job
    elif state == JobState.CANCELED:
        desk.ask(Operation.CANCEL_JOB, RECEIPT, *attributes, number(job.job_id))
    elif state in ENDED:
        job.move(JobState.PROCESSING, now=1, date=1)
        job.move(state, now=1, date=1)
        desk.service.jobs.job_ended(printer, job)
    assert job.state == state
    return job


@pytest.mark.parametrize(
    ("state", "expected", "after"),
    [
        (JobState.PENDING, OK, HELD),
        (JobState.PENDING_HELD, OK, HELD),
        (JobState.PROCESSING, NOT_POSSIBLE, None),
        (JobState.PROCESSING_STOPPED, NOT_POSSIBLE, None),
        (JobState.COMPLETED, NOT_POSSIBLE, None),
        (JobState.CANCELED, NOT_POSSIBLE, None),
        (JobState.ABORTED, NOT_POSSIBLE, None),
    ],
)
def test_hold_job_in_every_state(empty_desk, state, expected, after):
    job = in_state(empty_desk, state)
    before = seen(empty_desk, job.job_id)
    assert status(empty_desk.ask(Operation.HOLD_JOB, RECEIPT, number(job.job_id))) == expected
    assert seen(empty_desk, job.job_id) == (after or before)


@pytest.mark.parametrize(
    ("state", "expected", "after"),
    [
        (JobState.PENDING, OK, FREE),
        (JobState.PENDING_HELD, OK, FREE),
        (JobState.PROCESSING, OK, None),
        (JobState.PROCESSING_STOPPED, OK, None),
        (JobState.COMPLETED, NOT_POSSIBLE, None),
        (JobState.CANCELED, NOT_POSSIBLE, None),
        (JobState.ABORTED, NOT_POSSIBLE, None),
    ],
)
def test_release_job_in_every_state(empty_desk, state, expected, after):
    job = in_state(empty_desk, state)
    before = seen(empty_desk, job.job_id)
    assert status(empty_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job.job_id))) == expected
    assert seen(empty_desk, job.job_id) == (after or before)


WISHES = [
    ((), OK, HELD),
    ((until("indefinite"),), OK, HELD),
    ((until("no-hold"),), OK, FREE),
    ((until("day-time"),), OK, FREE),  # it is noon: the period has begun
    ((until("evening"),), OK, HELD),
    ((until("night"),), OK, HELD),
    ((until("weekend"),), OK, HELD),
    ((until("second-shift"),), OK, HELD),
    ((until("third-shift"),), OK, HELD),
    ((at(NOON),), OK, FREE),
    ((at(datetime(2026, 3, 4, 12, 1, tzinfo=UTC)),), OK, HELD),
    ((until("christmas"),), SUBSTITUTED, HELD),
    ((Attribute.name_string("job-hold-until", "evening"),), SUBSTITUTED, HELD),
    ((until("no-hold"), at(datetime(2026, 3, 4, 12, 1, tzinfo=UTC))), SUBSTITUTED, HELD),
]


@pytest.mark.parametrize(("wishes", "expected", "after"), WISHES)
@pytest.mark.parametrize("held_before", [False, True])
def test_what_a_job_is_held_for(empty_desk, noon, wishes, expected, after, held_before):
    """RFC 8011 §4.3.5: what has begun holds nothing, what is not supported holds until it is released."""
    job = in_state(empty_desk, JobState.PENDING_HELD if held_before else JobState.PENDING)
    answer = empty_desk.ask(Operation.HOLD_JOB, RECEIPT, number(job.job_id), *wishes)
    assert status(answer) == expected
    assert seen(empty_desk, job.job_id) == after
    assert set(unsupported(answer)) == ({"job-hold-until"} if expected == SUBSTITUTED else set())
    _ = noon


@pytest.mark.parametrize(
    ("wishes", "after"), [(wishes, after) for wishes, result, after in WISHES if result == OK and wishes]
)
def test_a_job_is_created_held(empty_desk, noon, wishes, after):
    job_id = empty_desk.printed(job=wishes)
    assert seen(empty_desk, job_id) == after
    shown = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(job_id)).group(GroupTag.JOB)
    assert shown.get(wishes[0].name) == wishes[0]
    _ = noon


def test_a_released_job_says_nothing_of_holding(empty_desk):
    """RFC 8011 §4.3.6: the attribute goes; the default shows."""
    job_id = empty_desk.printed(job=(until("indefinite"),))
    empty_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id))
    shown = empty_desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(job_id)).group(GroupTag.JOB)
    assert shown.string("job-hold-until") == "no-hold"


def test_a_job_whose_documents_are_missing_stays_held(empty_desk):
    answer = empty_desk.ask(Operation.CREATE_JOB, RECEIPT, job=(until("indefinite"),))
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    assert seen(empty_desk, job_id) == (JobState.PENDING_HELD, ("job-incoming", "job-hold-until-specified"))
    assert status(empty_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id))) == OK
    assert seen(empty_desk, job_id) == (JobState.PENDING_HELD, ("job-incoming",))


def test_a_held_job_is_closed_and_stays_held(empty_desk):
    answer = empty_desk.ask(Operation.CREATE_JOB, RECEIPT, job=(until("indefinite"),))
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    empty_desk.ask(
        Operation.SEND_DOCUMENT, RECEIPT, number(job_id), Attribute.boolean("last-document", True),
        Attribute.mime("document-format", "text/plain"), document=b"x\n",
    )  # fmt: skip
    assert seen(empty_desk, job_id) == HELD


def test_releasing_wakes_the_queue(empty_desk):
    queue = empty_desk.service._queues["receipt"]
    job_id = empty_desk.printed(job=(until("indefinite"),))
    woken = queue.woken
    empty_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id))
    assert queue.woken == woken + 1


# --- time -------------------------------------------------------------------------------------------------------------


def look(desk):
    async def now():
        desk.service.jobs._timers.look()

    desk.runner.run(now())


def test_a_period_begins(empty_desk, noon):
    job_id = empty_desk.printed(job=(until("evening"),))
    noon.date = datetime(2026, 3, 4, 17, 59, 59, tzinfo=UTC).timestamp()
    look(empty_desk)
    assert seen(empty_desk, job_id) == HELD
    noon.date = datetime(2026, 3, 4, 18, 0, tzinfo=UTC).timestamp()
    look(empty_desk)
    assert seen(empty_desk, job_id) == FREE
    noon.date = datetime(2026, 3, 5, 12, 0, tzinfo=UTC).timestamp()  # it was released, and stays so
    look(empty_desk)
    assert seen(empty_desk, job_id) == FREE


def test_the_clock_learns_the_date_late(empty_desk, noon):
    """A Raspberry Pi starts in 1970: a job waits until the date is known, and is released when the time is past by then."""
    noon.date = 60
    moment = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    by_time, by_period = (
        empty_desk.printed(job=(at(moment),)),
        empty_desk.printed(job=(until("third-shift"),)),
    )
    look(empty_desk)
    assert seen(empty_desk, by_time) == seen(empty_desk, by_period) == HELD
    noon.date = moment.timestamp() - 1
    look(empty_desk)
    assert seen(empty_desk, by_time) == HELD
    noon.date = moment.timestamp() + 86_400
    look(empty_desk)
    assert seen(empty_desk, by_time) == FREE
    assert seen(empty_desk, by_period) == HELD
    noon.date += 12 * 3600
    look(empty_desk)
    assert seen(empty_desk, by_period) == FREE


def test_a_clock_that_goes_back_holds_nothing_anew(empty_desk, noon):
    job_id = empty_desk.printed(job=(at(datetime(2026, 3, 4, 12, 1, tzinfo=UTC)),))
    noon.date += 61
    look(empty_desk)
    noon.date -= 3600
    look(empty_desk)
    assert seen(empty_desk, job_id) == FREE


def test_holds_outlive_a_restart(tmp_path, noon):
    with open_desk(tmp_path) as desk:
        waits = desk.printed(job=(until("evening"),))
        for_ever = desk.printed(job=(until("indefinite"),))
        timed = desk.printed(job=(at(datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),))
        begun = desk.printed(job=(until("day-time"),))
        held = desk.printed()
        desk.ask(Operation.HOLD_JOB, RECEIPT, number(held))
        released = desk.printed(job=(until("indefinite"),))
        desk.ask(Operation.RELEASE_JOB, RECEIPT, number(released))
    noon.date = datetime(2026, 3, 4, 18, 30, tzinfo=UTC).timestamp()  # it was off meanwhile
    with open_desk(tmp_path) as desk:
        for job_id in (waits, for_ever, timed, held):
            assert seen(desk, job_id) == HELD, job_id
        for job_id in (begun, released):
            assert seen(desk, job_id) == FREE, job_id
        look(desk)
        assert seen(desk, waits) == seen(desk, timed) == FREE
        assert seen(desk, for_ever) == seen(desk, held) == HELD


def test_holding_new_jobs_holds_them_over_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        before = desk.printed()
        desk.ask(Operation.HOLD_NEW_JOBS, RECEIPT)
        held, released, elsewhere = desk.printed(), desk.printed(), desk.printed(LASER)
        desk.ask(Operation.RELEASE_JOB, RECEIPT, number(released))
        assert desk.job(elsewhere).state == JobState.PENDING
    with open_desk(tmp_path) as desk:
        assert seen(desk, held) == (JobState.PENDING_HELD, ("job-held-on-create",))
        assert seen(desk, before) == seen(desk, released) == FREE


# --- whose job --------------------------------------------------------------------------------------------------------

OWN_OR_OPERATOR = [
    Operation.CANCEL_JOB,
    Operation.HOLD_JOB,
    Operation.RELEASE_JOB,
    Operation.CLOSE_JOB,
    Operation.SET_JOB_ATTRIBUTES,
    Operation.RESTART_JOB,
    Operation.REPROCESS_JOB,
    Operation.RESUBMIT_JOB,
    Operation.RESUME_JOB,
]


@pytest.mark.parametrize("operation", OWN_OR_OPERATOR, ids=lambda operation: operation.keyword)
@pytest.mark.parametrize(
    ("requester", "name", "refused"),
    [
        (EVERYBODY, ANN, None),
        (EVERYBODY, BOB, NOT_AUTHORIZED),
        (EVERYBODY, None, NOT_AUTHORIZED),
        (Requester(Role.USER, "", can_prove=True), BOB, NOT_AUTHENTICATED),
        (Requester(Role.USER, "ann", can_prove=True), BOB, None),
        (Requester(Role.USER, "bob", can_prove=True), ANN, NOT_AUTHORIZED),
        (OPERATOR, BOB, None),
        (ADMINISTRATOR, None, None),
    ],
)
def test_only_the_owner_and_operators_change_a_job(empty_desk, operation, requester, name, refused):
    job_id = empty_desk.printed(RECEIPT, ANN)
    before = seen(empty_desk, job_id)
    empty_desk.requester = requester
    try:
        who = () if name is None else (name,)
        job = (Attribute.integer("job-priority", 9),) if operation == Operation.SET_JOB_ATTRIBUTES else None
        answer = empty_desk.ask(operation, RECEIPT, *who, number(job_id), job=job)
    finally:
        empty_desk.requester = EVERYBODY
    if refused is None:
        assert status(answer) in {OK, NOT_POSSIBLE}
    else:
        assert status(answer) == refused
        assert seen(empty_desk, job_id) == before


@pytest.mark.parametrize(
    "operation",
    [Operation.PROMOTE_JOB, Operation.SCHEDULE_JOB_AFTER, Operation.CANCEL_JOBS, Operation.PURGE_JOBS],
    ids=lambda operation: operation.keyword,
)
def test_operators_operations_are_theirs(empty_desk, operation):
    job_id = empty_desk.printed(RECEIPT, ANN)
    target = () if operation in {Operation.CANCEL_JOBS, Operation.PURGE_JOBS} else (number(job_id),)
    assert status(empty_desk.ask(operation, RECEIPT, ANN, *target)) == NOT_AUTHORIZED
    assert seen(empty_desk, job_id) == FREE


def test_an_operators_cancel_says_so(empty_desk):
    mine, other = empty_desk.printed(RECEIPT, ANN), empty_desk.printed(RECEIPT, ANN)
    empty_desk.ask(Operation.CANCEL_JOB, RECEIPT, ANN, number(mine))
    empty_desk.requester = OPERATOR
    empty_desk.ask(Operation.CANCEL_JOB, RECEIPT, number(other))
    empty_desk.requester = EVERYBODY
    assert seen(empty_desk, mine) == (JobState.CANCELED, ("job-canceled-by-user",))
    assert seen(empty_desk, other) == (JobState.CANCELED, ("job-canceled-by-operator",))
