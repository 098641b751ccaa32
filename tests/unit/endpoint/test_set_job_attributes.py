"""Set-Job-Attributes, RFC 3380 §4.2: all of it or nothing; what is set is kept and obeyed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from desk import OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, Value, ValueTag
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY
from tympan.service.job_attributes import template_of

OK = StatusCode.SUCCESSFUL_OK
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NOT_SUPPORTED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
NOT_SETTABLE = StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE
CONFLICTING = StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES

LATER = Attribute.date_time("job-hold-until-time", datetime(2040, 1, 1, tzinfo=UTC))


def number(job_id):
    return Attribute.integer("job-id", job_id)


def delete(name):
    return Attribute(name, (Value(ValueTag.DELETE_ATTRIBUTE, None),))


def put(desk, job_id, *attributes):
    return desk.ask(Operation.SET_JOB_ATTRIBUTES, RECEIPT, number(job_id), job=attributes)


def shown(desk, job_id):
    answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(job_id))
    return {attribute.name: attribute for attribute in answer.group(GroupTag.JOB)}


def ticket(desk, job_id):
    job, template = desk.job(job_id), desk.service.printers["receipt"].template
    return template.ticket(job_id, job.name, job.user, template_of(job))


def settable(desk):
    answer = desk.ask(
        Operation.GET_PRINTER_ATTRIBUTES,
        RECEIPT,
        Attribute.keyword("requested-attributes", "job-settable-attributes-supported"),
    )
    return set(answer.group(GroupTag.PRINTER).get("job-settable-attributes-supported").strings())


def test_what_can_be_set_is_what_a_job_can_be_created_with(empty_desk):
    """RFC 3380 §6.2."""
    names = settable(empty_desk)
    assert {"copies", "job-hold-until", "job-name", "job-priority", "media", "media-col", "sides"} <= names
    assert not {"job-id", "job-state", "job-uri", "job-uuid", "job-originating-user-name"} & names


def test_what_is_set_is_shown_and_printed(empty_desk):
    job_id = empty_desk.printed(job=(Attribute.integer("copies", 2),))
    wishes = (
        Attribute.integer("copies", 3),
        Attribute.integer("number-up", 2),
        Attribute.name_string("job-name", "Renamed"),
    )
    assert status(put(empty_desk, job_id, *wishes)) == OK
    found = shown(empty_desk, job_id)
    assert all(found[each.name] == each for each in wishes)
    made = ticket(empty_desk, job_id)
    assert (made.copies, made.number_up, made.job_name) == (3, 2, "Renamed")


SMALL = Attribute.collection(
    "media-col",
    (
        Attribute.collection(
            "media-size", (Attribute.integer("x-dimension", 5800), Attribute.integer("y-dimension", 10000))
        ),
    ),
)
NAMED = Attribute.keyword("media", "om_80x200mm_80x200mm")


@pytest.mark.parametrize(("before", "wish"), [(SMALL, NAMED), (NAMED, SMALL)], ids=["media", "media-col"])
def test_paper_is_said_in_one_way(empty_desk, before, wish):
    """``media-col`` would prevail over the ``media`` that is set after it."""
    fresh = ticket(empty_desk, empty_desk.printed(job=(wish,))).media
    assert fresh != ticket(empty_desk, empty_desk.printed()).media
    job_id = empty_desk.printed(job=(before,))
    assert status(put(empty_desk, job_id, wish)) == OK
    assert ticket(empty_desk, job_id).media == fresh
    assert shown(empty_desk, job_id)[wish.name].values[0].tag == wish.values[0].tag
    again = empty_desk.printed(job=(before,))
    empty_desk.service.jobs.cancel(empty_desk.service.printers["receipt"], empty_desk.job(again))
    answer = empty_desk.ask(Operation.RESUBMIT_JOB, RECEIPT, number(again), job=(wish,))
    assert ticket(empty_desk, answer.group(GroupTag.JOB).integer("job-id")).media == fresh


def test_deleting_brings_the_default_back(empty_desk):
    """RFC 3380 §8.2; to delete what is not there is no error."""
    job_id = empty_desk.printed(job=(Attribute.integer("copies", 2),))
    assert status(put(empty_desk, job_id, delete("copies"), delete("number-up"))) == OK
    assert shown(empty_desk, job_id)["copies"].first == 1
    assert ticket(empty_desk, job_id).copies == 1


def test_a_priority_moves_the_job(empty_desk):
    first, second = empty_desk.printed(), empty_desk.printed()
    assert status(put(empty_desk, second, Attribute.integer("job-priority", 51))) == OK
    assert [job.job_id for job in empty_desk.service.printers["receipt"].active.in_order()] == [second, first]
    assert status(put(empty_desk, second, delete("job-priority"))) == OK
    assert [job.job_id for job in empty_desk.service.printers["receipt"].active.in_order()] == [first, second]


def test_holding_and_releasing(empty_desk):
    job_id = empty_desk.printed()
    held = {"job-hold-until-specified"}
    assert status(put(empty_desk, job_id, Attribute.keyword("job-hold-until", "indefinite"))) == OK
    assert set(shown(empty_desk, job_id)["job-state-reasons"].strings()) == held
    assert status(put(empty_desk, job_id, LATER)) == OK
    found = shown(empty_desk, job_id)
    assert set(found["job-state-reasons"].strings()) == held
    assert found["job-hold-until-time"] == LATER
    assert found["job-hold-until"].first == "no-hold"  # the one that is newer stays
    assert status(put(empty_desk, job_id, delete("job-hold-until-time"))) == OK
    assert shown(empty_desk, job_id)["job-state"].first == JobState.PENDING


@pytest.mark.parametrize(
    ("attributes", "expected", "given_back"),
    [
        ((), BAD, {}),
        ((Attribute.integer("copies", 0),), NOT_SUPPORTED, {"copies": Attribute.integer("copies", 0)}),
        ((Attribute.keyword("copies", "two"),), NOT_SUPPORTED, {"copies": Attribute.keyword("copies", "two")}),
        ((Attribute.integer("job-priority", 101),), NOT_SUPPORTED, {"job-priority": Attribute.integer("job-priority", 101)}),
        (
            (Attribute.keyword("job-account-type", "none"),),
            NOT_SUPPORTED,
            {"job-account-type": Attribute.unsupported("job-account-type")},
        ),
        ((Attribute.integer("nonsense", 1),), NOT_SUPPORTED, {"nonsense": Attribute.unsupported("nonsense")}),
        *(
            (
                (attribute,),
                NOT_SETTABLE,
                {attribute.name: Attribute(attribute.name, (Value(ValueTag.NOT_SETTABLE, None),))},
            )
            for attribute in (
                Attribute.integer("job-id", 5),
                Attribute.enum("job-state", 9),
                Attribute.name_string("job-originating-user-name", "eve"),
                Attribute.integer("job-impressions-completed", 5),
                delete("job-uuid"),
            )
        ),
        ((delete("job-name"),), NOT_SUPPORTED, {"job-name": delete("job-name")}),
        ((Attribute.keyword("job-name", "x"),), NOT_SUPPORTED, {"job-name": Attribute.keyword("job-name", "x")}),
        (
            (Attribute.keyword("job-hold-until", "indefinite"), LATER),
            CONFLICTING,
            {"job-hold-until": Attribute.keyword("job-hold-until", "indefinite")},
        ),
        ((Attribute.range("page-ranges", (5, 6), (1, 2)),), BAD, {}),
    ],
    ids=lambda value: ",".join(each.name for each in value) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_all_or_nothing(empty_desk, attributes, expected, given_back):
    job_id = empty_desk.printed()
    before = shown(empty_desk, job_id)
    good = (Attribute.integer("number-up", 4),) if attributes else ()
    answer = put(empty_desk, job_id, *good, *attributes)
    assert status(answer) == expected
    assert unsupported(answer) == given_back
    assert shown(empty_desk, job_id) | {"job-printer-up-time": 0} == before | {"job-printer-up-time": 0}


@pytest.mark.parametrize("state", list(JobState), ids=lambda state: state.name.lower())
@pytest.mark.parametrize(
    ("attribute", "also_late"),
    [
        (Attribute.integer("copies", 2), False),
        (Attribute.integer("job-priority", 2), False),
        (Attribute.keyword("job-hold-until", "no-hold"), False),
        (Attribute.name_string("job-name", "late"), True),
        (Attribute.integer("job-retain-until-interval", 60), True),
        (Attribute.integer("job-cancel-after", 60), True),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_in_every_state(empty_desk, state, attribute, also_late):
    """RFC 3380 §4.2: not what has ended; of what prints, what still makes a difference."""
    job_id = empty_desk.printed()
    job, printer = empty_desk.job(job_id), empty_desk.service.printers["receipt"]
    ended = state in {JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED}
    job.state = state
    if ended:
        empty_desk.service.jobs.job_ended(printer, job)
    waits = state in {JobState.PENDING, JobState.PENDING_HELD}
    answer = put(empty_desk, job_id, attribute)
    assert status(answer) == (OK if waits or (also_late and not ended) else NOT_POSSIBLE)


def test_operators_leave_messages(empty_desk):
    job_id = empty_desk.printed()
    message = Attribute.text("job-message-from-operator", "Thick paper, please wait.")
    assert status(put(empty_desk, job_id, message)) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    empty_desk.requester = OPERATOR
    try:
        assert status(put(empty_desk, job_id, message)) == OK
        assert shown(empty_desk, job_id)["job-message-from-operator"] == message
        assert status(put(empty_desk, job_id, delete("job-message-from-operator"))) == OK
    finally:
        empty_desk.requester = EVERYBODY
    assert "job-message-from-operator" not in shown(empty_desk, job_id)


def test_what_was_set_outlives_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        first, second = desk.printed(), desk.printed()
        put(desk, second, Attribute.integer("copies", 7), Attribute.integer("job-priority", 70))
        put(
            desk,
            first,
            LATER,
            Attribute.integer("job-cancel-after", 44),
            Attribute.name_string("job-name", "n"),
        )
    with open_desk(tmp_path) as desk:
        assert ticket(desk, second).copies == 7
        assert next(desk.service.printers["receipt"].active.in_order()).job_id == second
        assert shown(desk, first)["job-state"].first == JobState.PENDING_HELD
        assert (desk.job(first).cancel_after_s, desk.job(first).name) == (44, "n")


def test_how_long_it_is_kept_can_be_changed_while_it_prints(empty_desk):
    job_id = empty_desk.printed()
    job, printer = empty_desk.job(job_id), empty_desk.service.printers["receipt"]
    job.move(JobState.PROCESSING, now=1, date=1)
    assert status(put(empty_desk, job_id, Attribute.keyword("job-retain-until", "none"))) == OK
    job.move(JobState.COMPLETED, now=1, date=1)
    empty_desk.service.jobs.job_ended(printer, job)
    assert not job.retained
