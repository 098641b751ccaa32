"""Who sees what of whose jobs: RFC 8011 §8.4 and the scopes of IPP Privacy Attributes v1.0, through the operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import desk as desk_module
import pytest
from aiohttp.test_utils import make_mocked_request
from desk import ADMINISTRATOR, OPERATOR, RECEIPT, Desk, open_desk, status

from tympan.config import AccessSettings
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY, Requester, Role
from tympan.web.pages import Pages

OK = StatusCode.SUCCESSFUL_OK
PRIVATE = {"job-name", "job-originating-user-name", "document-name-supplied"}
ALWAYS = {"job-id", "job-uri", "job-printer-uri", "job-state", "job-state-reasons", "job-uuid"}
PROVED_ANN = Requester(Role.USER, "ann", can_prove=True)
PROVED_BOB = Requester(Role.USER, "bob", can_prove=True)


def called(name):
    return Attribute.name_string("requesting-user-name", name)


def desk_with(monkeypatch, folder, **access) -> Iterator[Desk]:
    made = desk_module.settings

    def settings(*arguments, **more):
        return replace(made(*arguments, **more), access=AccessSettings(**access))

    monkeypatch.setattr(desk_module, "settings", settings)
    return open_desk(folder)


@pytest.fixture
def job_of_ann(tmp_path, monkeypatch, request):
    with desk_with(monkeypatch, tmp_path, **getattr(request, "param", {})) as desk:
        job_id = desk.printed(RECEIPT, called("ann"), Attribute.name_string("job-name", "Divorce papers"))
        yield desk, job_id


def seen(desk, job_id, requester, *attributes):
    """The names of the attributes that Get-Job-Attributes shows; Get-Jobs has to show the same."""
    desk.requester = requester
    everything = Attribute.keyword("requested-attributes", "all")
    one = desk.ask(
        Operation.GET_JOB_ATTRIBUTES, RECEIPT, Attribute.integer("job-id", job_id), *attributes, everything
    )
    several = desk.ask(Operation.GET_JOBS, RECEIPT, *attributes, everything)
    assert status(one) == status(several) == OK
    names = {attribute.name for attribute in one.group(GroupTag.JOB)}
    assert names == {attribute.name for attribute in several.group(GroupTag.JOB)}
    assert names >= ALWAYS
    if not names & PRIVATE:
        assert b"Divorce" not in repr(one.groups).encode()
    return names


@pytest.mark.parametrize(
    ("requester", "claims", "sees"),
    [
        (EVERYBODY, "ann", True),
        (EVERYBODY, "bob", False),
        (EVERYBODY, None, False),
        (PROVED_ANN, "bob", True),
        (PROVED_BOB, "ann", False),
        (OPERATOR, None, True),
        (ADMINISTRATOR, "bob", True),
    ],
)
def test_names_are_their_owners_and_operators(job_of_ann, requester, claims, sees):
    desk, job_id = job_of_ann
    names = seen(desk, job_id, requester, *([called(claims)] if claims else []))
    assert names & PRIVATE == (PRIVATE if sees else set())


@pytest.mark.parametrize(
    ("job_of_ann", "requester", "claims", "hidden", "shown"),
    [
        ({"job_privacy_scope": "all"}, EVERYBODY, "bob", set(), PRIVATE),
        ({"job_privacy_scope": "owner"}, EVERYBODY, "ann", set(), PRIVATE),
        ({"job_privacy_scope": "owner"}, OPERATOR, "olga", PRIVATE, set()),
        ({"job_privacy_scope": "none"}, EVERYBODY, "ann", PRIVATE, set()),
        ({"job_privacy_scope": "none"}, ADMINISTRATOR, "adam", PRIVATE, set()),
        ({"job_privacy_attributes": ("none",)}, EVERYBODY, "bob", set(), PRIVATE),
        ({"job_privacy_attributes": ("job-k-octets",)}, EVERYBODY, "bob", {"job-k-octets"}, PRIVATE),
        ({"job_privacy_attributes": ("default", "copies")}, EVERYBODY, "bob", {"copies", *PRIVATE}, {"sides", "job-k-octets"}),
        ({"job_privacy_attributes": ("job-template",)}, EVERYBODY, "bob", {"copies", "sides"}, {"job-name"}),
        ({"job_privacy_attributes": ("job-description",)}, EVERYBODY, "bob", {"job-name", "job-k-octets"}, {"copies"}),
        ({"job_privacy_attributes": ("all",)}, EVERYBODY, "bob", {"job-name", "copies", "time-at-creation"}, set()),
        ({"job_privacy_attributes": ("job-state",)}, EVERYBODY, "bob", set(), ALWAYS),
    ],
    indirect=["job_of_ann"],
)  # fmt: skip
def test_what_is_configured_is_what_is_withheld(job_of_ann, requester, claims, hidden, shown):
    desk, job_id = job_of_ann
    names = seen(desk, job_id, requester, called(claims))
    assert not names & hidden
    assert names >= shown


def test_what_is_withheld_is_not_unknown(job_of_ann):
    desk, job_id = job_of_ann
    asked = Attribute.keyword("requested-attributes", "job-name", "job-state")
    answer = desk.ask(
        Operation.GET_JOB_ATTRIBUTES, RECEIPT, Attribute.integer("job-id", job_id), called("bob"), asked
    )
    assert status(answer) == OK
    assert [attribute.name for attribute in answer.group(GroupTag.JOB)] == ["job-state"]


@pytest.mark.parametrize(("claims", "sees"), [("ann", True), ("bob", False)])
def test_names_of_documents(job_of_ann, claims, sees):
    desk, job_id = job_of_ann
    number = Attribute.integer("job-id", job_id)
    for operation, more in (
        (Operation.GET_DOCUMENTS, (Attribute.keyword("requested-attributes", "all"),)),
        (Operation.GET_DOCUMENT_ATTRIBUTES, (Attribute.integer("document-number", 1),)),
    ):
        answer = desk.ask(operation, RECEIPT, number, called(claims), *more)
        assert status(answer) == OK
        group = answer.group(GroupTag.DOCUMENT)
        assert (group.get("document-name") is not None) is sees
        assert group.get("document-state") is not None


@pytest.mark.parametrize(
    ("job_of_ann", "attributes", "scope"),
    [
        ({}, sorted(PRIVATE), "default"),
        ({"job_privacy_attributes": ("none",)}, ["none"], "default"),
        ({"job_privacy_attributes": ("all",), "job_privacy_scope": "owner"}, ["all"], "owner"),
    ],
    indirect=["job_of_ann"],
)
def test_the_printer_says_so(job_of_ann, attributes, scope):
    desk, _ = job_of_ann
    printer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT).group(GroupTag.PRINTER)

    def strings(name):
        attribute = printer.get(name)
        assert attribute is not None
        return list(attribute.strings())

    assert strings("job-privacy-attributes") == attributes
    assert strings("job-privacy-scope") == strings("document-privacy-scope") == [scope]
    assert strings("subscription-privacy-attributes") == ["all"]
    assert strings("subscription-privacy-scope") == ["default"]


# --- a name that was proved ---------------------------------------------------------------------------------------------


@pytest.fixture
def proved_job(job_of_ann):
    desk, _ = job_of_ann
    desk.empty()
    desk.requester = PROVED_ANN
    return desk, desk.printed(RECEIPT, called("mallory"))


def test_the_proved_name_wins_over_the_one_that_is_said(proved_job):
    desk, job_id = proved_job
    assert desk.job(job_id).user == "ann"


@pytest.mark.parametrize("requester", [EVERYBODY, PROVED_BOB, Requester(can_prove=True)])
@pytest.mark.parametrize("operation", [Operation.CANCEL_JOB, Operation.HOLD_JOB, Operation.CANCEL_MY_JOBS])
def test_saying_the_name_is_not_enough_then(proved_job, requester, operation):
    desk, job_id = proved_job
    desk.requester = requester
    target = Attribute.integer("job-ids" if operation is Operation.CANCEL_MY_JOBS else "job-id", job_id)
    answer = desk.ask(operation, RECEIPT, target, called("ann"))
    assert status(answer) in {
        StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
        StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED,
        StatusCode.CLIENT_ERROR_NOT_POSSIBLE,  # Cancel-My-Jobs, PWG 5100.11 §4.2
    }
    assert not desk.job(job_id).is_terminal
    mine = desk.ask(Operation.GET_JOBS, RECEIPT, called("ann"), Attribute.boolean("my-jobs", True))
    assert job_id not in [group.integer("job-id") for group in mine.groups_of(GroupTag.JOB)]


def test_who_could_prove_it_is_asked_to(proved_job):
    desk, job_id = proved_job
    number = Attribute.integer("job-id", job_id)
    desk.requester = Requester(can_prove=True)
    assert (
        status(desk.ask(Operation.CANCEL_JOB, RECEIPT, number)) == StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED
    )
    desk.requester = PROVED_ANN
    assert status(desk.ask(Operation.CANCEL_JOB, RECEIPT, number)) == OK


@pytest.mark.parametrize(
    "operation", [Operation.RESTART_JOB, Operation.REPROCESS_JOB, Operation.RESUBMIT_JOB]
)
def test_printing_again_is_printing(job_of_ann, operation):
    desk, job_id = job_of_ann
    desk.service.jobs.cancel(desk.service.printers["receipt"], desk.job(job_id))
    desk.service.access = AccessSettings(print="users")
    number = Attribute.integer("job-id", job_id)
    desk.requester = EVERYBODY
    answer = desk.ask(operation, RECEIPT, number, called("ann"))
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    desk.requester = PROVED_ANN
    assert status(desk.ask(operation, RECEIPT, number)) == OK


# --- what others are told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job_of_ann", "told"),
    [({}, True), ({"job_privacy_attributes": ("all",)}, False)],
    indirect=["job_of_ann"],
)
def test_messages_of_jobs_are_told_as_privacy_says(job_of_ann, told):
    """On the page and in ``notify-text``, where nobody sees the whole of somebody else's job."""
    desk, job_id = job_of_ann
    subscription = (
        Attribute.keyword("notify-pull-method", "ippget"),
        Attribute.keyword("notify-events", "job-completed"),
    )
    answer = desk.ask(
        Operation.CREATE_PRINTER_SUBSCRIPTIONS,
        RECEIPT,
        called("bob"),
        more=((GroupTag.SUBSCRIPTION, subscription),),
    )
    number = answer.group(GroupTag.SUBSCRIPTION).integer("notify-subscription-id")
    printer, job = desk.service.printers["receipt"], desk.job(job_id)
    desk.service.jobs.end(printer, job, JobState.ABORTED, ("aborted-by-system",), "Chapter 2 is no PDF.")
    answer = desk.ask(
        Operation.GET_NOTIFICATIONS,
        RECEIPT,
        called("bob"),
        Attribute.integer("notify-subscription-ids", number),
    )
    (event,) = answer.groups_of(GroupTag.EVENT_NOTIFICATION)
    assert ("Chapter 2" in event.string("notify-text")) == told
    page = desk.runner.run(Pages(desk.service).answer(make_mocked_request("GET", "/"), EVERYBODY)).text
    assert ("Chapter 2" in page) == told
    assert "Divorce" not in page


# --- only users print ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job_of_ann", [{}], indirect=True)
@pytest.mark.parametrize(
    ("operation", "more"),
    [
        (Operation.PRINT_JOB, ()),
        (Operation.CREATE_JOB, ()),
        (Operation.VALIDATE_JOB, ()),
        (Operation.PRINT_URI, (Attribute.uri("document-uri", "http://192.0.2.1/x.pdf"),)),
    ],
)
def test_where_only_users_print_names_have_to_be_proved(job_of_ann, operation, more):
    desk, _ = job_of_ann
    desk.service.access = AccessSettings(print="users")

    def asked(requester):
        desk.requester = requester
        return status(desk.ask(operation, RECEIPT, called("ann"), *more, document=b"Hello.\n"))

    assert asked(EVERYBODY) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    assert asked(Requester(can_prove=True)) == StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED
    assert asked(PROVED_ANN) not in {
        StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
        StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED,
    }
    assert status(desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT)) == OK
