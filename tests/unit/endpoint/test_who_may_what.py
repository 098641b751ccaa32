"""Roles and operations: what docs/security.md says is what is done, for every operation there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import OPERATOR, RECEIPT, SYSTEM, open_desk, status

from tympan.endpoint.dispatch import OPERATIONS
from tympan.endpoint.table import Target
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY, Requester, Role

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"

ANN, BOB = (Attribute.name_string("requesting-user-name", name) for name in ("ann", "bob"))

PROVABLE = Requester(can_prove=True)
BERT = Requester(Role.USER, "bert", can_prove=True)


def documented():
    """The operations of each row of the document's table."""
    rows = re.findall(
        r"^\| ([^|]+) \| ((?:[A-Z][A-Za-z-]+, )*[A-Z][a-z]+-[A-Za-z-]+) \|$",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return {who: set(operations.split(", ")) for who, operations in rows}


OWN = "users, of what is their own; operators, of everything"


def test_the_document_has_every_operation_with_its_role():
    table = documented()
    assert table["everybody"] | table[OWN] == {
        each.operation.keyword for each in OPERATIONS.values() if each.role is Role.USER
    }
    for who, role in (("operators", Role.OPERATOR), ("administrators", Role.ADMINISTRATOR)):
        assert table[who] == {each.operation.keyword for each in OPERATIONS.values() if each.role is role}
    assert sum(map(len, table.values())) == len(OPERATIONS)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with open_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.mark.parametrize(
    "handler",
    [each for each in OPERATIONS.values() if each.role > Role.USER],
    ids=lambda each: each.operation.keyword,
)
@pytest.mark.parametrize(
    ("requester", "expected"),
    [
        (EVERYBODY, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
        (PROVABLE, StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED),
        (BERT, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
    ],
)
def test_what_is_not_everybodys_is_refused(desk, handler, requester, expected):
    desk.requester = requester
    target = [Attribute.uri("system-uri", SYSTEM)] if "system-uri" in handler.attributes else []
    more = [Attribute.integer(name, 1) for name in ("job-id", "printer-id") if name in handler.attributes]
    uri = None if target else RECEIPT
    assert status(desk.ask(handler.operation, uri, *target, *more)) == expected


NUMBER = Attribute.integer("document-number", 1)
MORE = {
    Operation.SEND_DOCUMENT: (Attribute.boolean("last-document", True),),
    Operation.SEND_URI: (
        Attribute.boolean("last-document", True),
        Attribute.uri("document-uri", "http://192.0.2.1/"),
    ),
    Operation.CANCEL_DOCUMENT: (NUMBER,),
    Operation.DELETE_DOCUMENT: (NUMBER,),
    Operation.SET_DOCUMENT_ATTRIBUTES: (NUMBER,),
}
OF_A_JOB = [
    each.operation
    for each in OPERATIONS.values()
    if each.role is Role.USER and each.target is Target.JOB and not each.operation.keyword.startswith("Get-")
]


@pytest.mark.parametrize("operation", OF_A_JOB, ids=lambda each: each.keyword)
@pytest.mark.parametrize("state", [JobState.PENDING, JobState.PENDING_HELD, JobState.CANCELED])
def test_what_changes_a_job_is_its_owners(desk, operation, state):
    assert operation.keyword in documented()[OWN]
    desk.requester = EVERYBODY
    if state is JobState.PENDING_HELD:
        answer = desk.ask(Operation.CREATE_JOB, RECEIPT, ANN)
        job_id = answer.group(GroupTag.JOB).integer("job-id")
    else:
        job_id = desk.printed(RECEIPT, ANN)
    number = Attribute.integer("job-id", job_id)
    if state is JobState.CANCELED:
        desk.ask(Operation.CANCEL_JOB, RECEIPT, number, ANN)
    for requester, expected in (
        (EVERYBODY, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
        (PROVABLE, StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED),
        (BERT, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED),
    ):
        desk.requester = requester
        assert (
            status(desk.ask(operation, RECEIPT, number, BOB, *MORE.get(operation, ()), document=b"x"))
            == expected
        )
    desk.requester = OPERATOR
    answer = desk.ask(operation, RECEIPT, number, BOB, *MORE.get(operation, ()), document=b"x")
    assert status(answer) not in {
        StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
        StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED,
        StatusCode.CLIENT_ERROR_FORBIDDEN,
    }
    desk.empty()
