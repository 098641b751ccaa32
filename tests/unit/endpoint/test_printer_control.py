"""What operators tell a printer, in every state of it: RFC 8011 §4.2.7 and §4.2.8, RFC 3998 §3; the tables are transcribed from there."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from desk import EVERYBODY, LASER, OPERATOR, RECEIPT, open_desk, status

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, ValueTag
from tympan.ipp.enums import JobState, PrinterState
from tympan.service.access import Requester, Role
from tympan.web.pages import Pages

OK = StatusCode.SUCCESSFUL_OK
NOT_ACCEPTING = StatusCode.SERVER_ERROR_NOT_ACCEPTING_JOBS
DEACTIVATED = StatusCode.SERVER_ERROR_PRINTER_IS_DEACTIVATED
IDLE, PROCESSING, STOPPED = PrinterState.IDLE, PrinterState.PROCESSING, PrinterState.STOPPED

TEXT = Attribute.mime("document-format", "text/plain")

OPERATIONS = (
    Operation.PAUSE_PRINTER,
    Operation.RESUME_PRINTER,
    Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB,
    Operation.ENABLE_PRINTER,
    Operation.DISABLE_PRINTER,
    Operation.HOLD_NEW_JOBS,
    Operation.RELEASE_HELD_NEW_JOBS,
    Operation.DEACTIVATE_PRINTER,
    Operation.ACTIVATE_PRINTER,
    Operation.RESTART_PRINTER,
    Operation.SHUTDOWN_PRINTER,
    Operation.STARTUP_PRINTER,
)

BEGINNINGS = {
    "idle": (),
    "processing": (),
    "paused": (Operation.PAUSE_PRINTER,),
    "disabled": (Operation.DISABLE_PRINTER,),
    "holding": (Operation.HOLD_NEW_JOBS,),
    "deactivated": (Operation.DEACTIVATE_PRINTER,),
    "shut down": (Operation.SHUTDOWN_PRINTER,),
}
"""What brings a printer into each state; for "processing" a job prints."""

TABLE = {
    # operation: {state before: (printer-state, printer-state-reasons, printer-is-accepting-jobs)}
    Operation.PAUSE_PRINTER: {
        "idle": (STOPPED, {"paused"}, True),
        "processing": (PROCESSING, {"moving-to-paused"}, True),
        "paused": (STOPPED, {"paused"}, True),
        "disabled": (STOPPED, {"paused"}, False),
        "holding": (STOPPED, {"paused", "hold-new-jobs"}, True),
    },
    Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB: {
        "idle": (STOPPED, {"paused"}, True),
        "processing": (PROCESSING, {"moving-to-paused"}, True),
        "paused": (STOPPED, {"paused"}, True),
        "disabled": (STOPPED, {"paused"}, False),
        "holding": (STOPPED, {"paused", "hold-new-jobs"}, True),
    },
    Operation.RESUME_PRINTER: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (IDLE, {"none"}, True),
        "disabled": (IDLE, {"none"}, False),
        "holding": (IDLE, {"hold-new-jobs"}, True),
    },
    Operation.ENABLE_PRINTER: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (STOPPED, {"paused"}, True),
        "disabled": (IDLE, {"none"}, True),
        "holding": (IDLE, {"hold-new-jobs"}, True),
    },
    Operation.DISABLE_PRINTER: {
        "idle": (IDLE, {"none"}, False),
        "processing": (PROCESSING, {"none"}, False),
        "paused": (STOPPED, {"paused"}, False),
        "disabled": (IDLE, {"none"}, False),
        "holding": (IDLE, {"hold-new-jobs"}, False),
    },
    Operation.HOLD_NEW_JOBS: {
        "idle": (IDLE, {"hold-new-jobs"}, True),
        "processing": (PROCESSING, {"hold-new-jobs"}, True),
        "paused": (STOPPED, {"paused", "hold-new-jobs"}, True),
        "disabled": (IDLE, {"hold-new-jobs"}, False),
        "holding": (IDLE, {"hold-new-jobs"}, True),
    },
    Operation.RELEASE_HELD_NEW_JOBS: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (STOPPED, {"paused"}, True),
        "disabled": (IDLE, {"none"}, False),
        "holding": (IDLE, {"none"}, True),
    },
    Operation.DEACTIVATE_PRINTER: {
        "idle": (STOPPED, {"paused", "deactivated"}, False),
        "processing": (PROCESSING, {"moving-to-paused", "deactivated"}, False),
        "paused": (STOPPED, {"paused", "deactivated"}, False),
        "disabled": (STOPPED, {"paused", "deactivated"}, False),
        "holding": (STOPPED, {"paused", "deactivated", "hold-new-jobs"}, False),
    },
    Operation.SHUTDOWN_PRINTER: {
        "idle": (STOPPED, {"paused", "shutdown"}, False),
        "processing": (PROCESSING, {"moving-to-paused", "shutdown"}, False),
        "paused": (STOPPED, {"paused", "shutdown"}, False),
        "disabled": (STOPPED, {"paused", "shutdown"}, False),
        "holding": (STOPPED, {"paused", "shutdown", "hold-new-jobs"}, False),
        "deactivated": (STOPPED, {"paused", "shutdown", "deactivated"}, False),
        "shut down": (STOPPED, {"paused", "shutdown"}, False),
    },
    Operation.ACTIVATE_PRINTER: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (IDLE, {"none"}, True),
        "disabled": (IDLE, {"none"}, True),
        "holding": (IDLE, {"hold-new-jobs"}, True),
        "deactivated": (IDLE, {"none"}, True),
        "shut down": (STOPPED, {"paused", "shutdown"}, False),
    },
    Operation.RESTART_PRINTER: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (IDLE, {"none"}, True),
        "disabled": (IDLE, {"none"}, True),
        "holding": (IDLE, {"hold-new-jobs"}, True),
        "deactivated": (IDLE, {"none"}, True),
        "shut down": (IDLE, {"none"}, True),
    },
    Operation.STARTUP_PRINTER: {
        "idle": (IDLE, {"none"}, True),
        "processing": (PROCESSING, {"none"}, True),
        "paused": (STOPPED, {"paused"}, True),
        "disabled": (IDLE, {"none"}, False),
        "holding": (IDLE, {"hold-new-jobs"}, True),
        "deactivated": (STOPPED, {"paused", "deactivated"}, False),
        "shut down": (IDLE, {"none"}, True),
    },
}


@pytest.fixture
def told(empty_desk):
    """A desk that an operator asks."""
    empty_desk.requester = OPERATOR
    return empty_desk


def shown(desk, *names, uri=RECEIPT):
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri)
    assert status(answer) == OK
    attributes = {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}
    return [attributes[name] for name in names] if names else attributes


def state(desk, uri=RECEIPT):
    number, reasons, accepting = shown(
        desk, "printer-state", "printer-state-reasons", "printer-is-accepting-jobs", uri=uri
    )
    return number.first, set(reasons.strings()), accepting.first


def printing(desk):
    """A job that prints."""
    job = desk.job(desk.printed())
    printer = desk.service.printers["receipt"]
    job.state = JobState.PROCESSING
    printer.begins(job, printer.template.media.default)
    return job


@pytest.mark.parametrize("before", BEGINNINGS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.keyword)
def test_each_operation_in_each_state(told, operation, before):
    if before == "processing":
        printing(told)
    for beginning in BEGINNINGS[before]:
        assert status(told.ask(beginning, RECEIPT)) == OK
    earlier = state(told)
    answer = told.ask(operation, RECEIPT)
    expected = TABLE[operation].get(before)
    if expected is None:  # RFC 3998 §3.4.1: but for questions and what wakes it up
        assert status(answer) == DEACTIVATED
        assert answer.operation_attributes.string("status-message")
        assert state(told) == earlier
        return
    assert status(answer) == OK
    assert [group.tag for group in answer.groups] == [GroupTag.OPERATION]
    assert state(told) == expected
    assert state(told, LASER) == (IDLE, {"none"}, True)
    assert status(told.ask(operation, RECEIPT)) in {OK, DEACTIVATED}  # once more is no error
    assert state(told) == expected


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.keyword)
def test_each_operation_needs_an_operator(told, operation):
    for requester, refused in (
        (EVERYBODY, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
        (Requester(can_prove=True), StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED),
        (Requester(Role.USER, "ursula", can_prove=True), StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
    ):
        told.requester = requester
        assert status(told.ask(operation, RECEIPT)) == refused
        assert state(told) == (IDLE, {"none"}, True)
    told.requester = OPERATOR


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.keyword)
def test_each_operation_takes_a_message_for_all_to_read(told, operation):
    for name in ("printer-message-time", "printer-message-date-time"):
        assert shown(told, name)[0].tag == ValueTag.NO_VALUE
    text = Attribute.text("printer-message-from-operator", "Toner is on its way.")
    assert status(told.ask(operation, RECEIPT, text)) == OK
    attributes = shown(told)
    assert attributes["printer-message-from-operator"].first == "Toner is on its way."
    assert 1 <= attributes["printer-message-time"].first <= attributes["printer-up-time"].first
    assert attributes["printer-message-date-time"].tag == ValueTag.DATE_TIME
    assert status(told.ask(operation, RECEIPT)) in {OK, DEACTIVATED}
    assert shown(told, "printer-message-from-operator")[0].first == "Toner is on its way."


def test_the_message_is_on_the_page_until_it_is_taken_away(told):
    def page() -> str:
        return told.runner.run(Pages(told.service).answer(make_mocked_request("GET", "/"), EVERYBODY)).text

    for text in ("Toner is <here>.", ""):
        message = Attribute.text("printer-message-from-operator", text)
        assert status(told.ask(Operation.PAUSE_PRINTER, RECEIPT, message)) == OK
        assert ("Toner is &lt;here&gt;." in page()) == bool(text)
        assert ("(the operator)" in page()) == bool(text)


@pytest.mark.parametrize(
    ("operation", "refused"),
    [
        (Operation.DISABLE_PRINTER, NOT_ACCEPTING),
        (Operation.DEACTIVATE_PRINTER, DEACTIVATED),
        (Operation.SHUTDOWN_PRINTER, DEACTIVATED),
    ],
    ids=lambda value: getattr(value, "keyword", ""),
)
def test_new_jobs_are_refused_and_begun_ones_taken(told, operation, refused):
    waiting = told.ask(Operation.CREATE_JOB, RECEIPT).group(GroupTag.JOB).integer("job-id")
    begun = told.printed()
    told.service.jobs.cancel(told.service.printers["receipt"], told.job(begun))
    jobs = len(told.service.printers["receipt"].jobs)
    told.ask(operation, RECEIPT)
    ended = Attribute.integer("job-id", begun)
    for creating in (Operation.REPROCESS_JOB, Operation.RESUBMIT_JOB):
        assert status(told.ask(creating, RECEIPT, ended)) == refused, creating
    for creating in (Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.VALIDATE_JOB):
        document = b"Hello.\n" if creating == Operation.PRINT_JOB else b""
        assert status(told.ask(creating, RECEIPT, TEXT, document=document)) == refused, creating
    assert len(told.service.printers["receipt"].jobs) == jobs
    number = Attribute.integer("job-id", waiting)
    last = Attribute.boolean("last-document", True)
    assert status(told.ask(Operation.SEND_DOCUMENT, RECEIPT, number, last, TEXT, document=b"x\n")) == OK
    for question in (Operation.GET_JOBS, Operation.GET_PRINTER_ATTRIBUTES):
        assert status(told.ask(question, RECEIPT)) == OK
    assert status(told.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number)) == OK
    canceled = told.ask(Operation.CANCEL_JOB, RECEIPT, number)
    assert status(canceled) == (OK if refused == NOT_ACCEPTING else DEACTIVATED)
    told.ask(Operation.RESTART_PRINTER, RECEIPT)
    assert status(told.ask(Operation.PRINT_JOB, RECEIPT, TEXT, document=b"Hello.\n")) == OK


def test_what_waits_is_not_begun_while_paused(told):
    told.printed()
    printer = told.service.printers["receipt"]
    assert printer.next_job() is not None
    for operation in (
        Operation.PAUSE_PRINTER,
        Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB,
        Operation.DEACTIVATE_PRINTER,
        Operation.SHUTDOWN_PRINTER,
    ):
        told.ask(operation, RECEIPT)
        assert printer.next_job() is None
        woken = told.service._queues["receipt"].woken
        told.ask(Operation.RESTART_PRINTER, RECEIPT)
        assert printer.next_job() is not None
        assert told.service._queues["receipt"].woken > woken


def test_what_the_queue_is_told(told):
    queue = told.service._queues["receipt"]
    for operation, expected in (
        (Operation.PAUSE_PRINTER, ["interrupt"]),
        (Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, []),
        (Operation.DISABLE_PRINTER, []),
        (Operation.RESTART_PRINTER, ["forget and restart"]),
        (Operation.SHUTDOWN_PRINTER, ["let go"]),
        (Operation.STARTUP_PRINTER, ["restart"]),
    ):
        queue.told.clear()
        told.ask(operation, RECEIPT)
        assert queue.told == expected, operation


@pytest.mark.parametrize(
    ("operation", "reasons"),
    [
        (Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, {"paused"}),
        (Operation.DEACTIVATE_PRINTER, {"paused", "deactivated"}),
        (Operation.SHUTDOWN_PRINTER, {"paused", "shutdown"}),
    ],
    ids=lambda value: getattr(value, "keyword", ""),
)
def test_after_the_current_job_it_stops(told, operation, reasons):
    job = printing(told)
    queue = told.service._queues["receipt"]
    queue.told.clear()
    told.ask(operation, RECEIPT)
    assert queue.told == []  # the job prints on
    printer = told.service.printers["receipt"]
    job.state = JobState.COMPLETED
    printer.active.remove(job.job_id)
    printer.ends()
    told.service.jobs.printer_rests(printer)
    number, shown_reasons, _ = state(told)
    assert (number, shown_reasons) == (STOPPED, reasons)
    assert queue.told == (["let go"] if operation == Operation.SHUTDOWN_PRINTER else [])


def test_the_time_of_the_change_is_told(told):
    (before,) = shown(told, "printer-state-change-time")
    told.service.clock._base += 100
    told.ask(Operation.PAUSE_PRINTER, RECEIPT)
    after, now = shown(told, "printer-state-change-time", "printer-up-time")
    assert after.first >= before.first + 100
    assert after.first == now.first
    message = shown(told, "printer-state-message")[0].first
    assert "paused" in message


def test_jobs_that_were_held_on_creation_are_released(told):
    """RFC 3998 §3.3.2: not those that something else holds as well."""
    told.ask(Operation.HOLD_NEW_JOBS, RECEIPT)
    held = told.job(told.printed())
    other = told.job(told.printed(job=(Attribute.keyword("job-hold-until", "indefinite"),)))
    assert (held.state, held.reasons) == (JobState.PENDING_HELD, ("job-held-on-create",))
    assert other.reasons == ("job-hold-until-specified", "job-held-on-create")
    told.ask(Operation.RELEASE_HELD_NEW_JOBS, RECEIPT)
    assert (held.state, held.reasons) == (JobState.PENDING, ())
    assert (other.state, other.reasons) == (JobState.PENDING_HELD, ("job-hold-until-specified",))


@pytest.mark.parametrize("before", [name for name in BEGINNINGS if name != "processing"])
def test_a_restart_forgets_nothing(tmp_path, before):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        text = Attribute.text("printer-message-from-operator", "Back at noon.")
        for operation in BEGINNINGS[before]:
            assert status(desk.ask(operation, RECEIPT, text)) == OK
        told, message = state(desk), shown(desk, "printer-message-from-operator")[0].first
    with open_desk(tmp_path) as desk:
        assert state(desk) == told
        assert shown(desk, "printer-message-from-operator")[0].first == message
        assert message == ("" if before == "idle" else "Back at noon.")
        assert state(desk, LASER) == (IDLE, {"none"}, True)


def test_pausing_after_a_job_that_the_end_of_the_service_broke_off(tmp_path):
    with open_desk(tmp_path) as desk:
        desk.requester = OPERATOR
        job_id = printing(desk).job_id
        desk.ask(Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB, RECEIPT)
        desk.service.printers["receipt"].current = None
    with open_desk(tmp_path) as desk:
        assert state(desk) == (STOPPED, {"paused"}, True)
        assert desk.job(job_id).state == JobState.PENDING
        assert desk.service.printers["receipt"].next_job() is None
