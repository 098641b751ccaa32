"""Documents as objects, PWG 5100.5: what is told of them, what can be set, and which of them print."""

from __future__ import annotations

import pytest
from desk import LASER, OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode, Value, ValueTag
from tympan.ipp.enums import DocumentState, JobState

OK = StatusCode.SUCCESSFUL_OK
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
NOT_FOUND = StatusCode.CLIENT_ERROR_NOT_FOUND
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST

TEXT = Attribute.mime("document-format", "text/plain")
ANN = Attribute.name_string("requesting-user-name", "ann")
BOB = Attribute.name_string("requesting-user-name", "bob")


def job_number(job_id):
    return Attribute.integer("job-id", job_id)


def number(document):
    return Attribute.integer("document-number", document)


def opened(desk, *contents, uri=RECEIPT, last=False, groups=()):
    """A job of ann's with these documents; more may follow, unless `last`."""
    job_id = desk.ask(Operation.CREATE_JOB, uri, ANN).group(GroupTag.JOB).integer("job-id")
    for at, content in enumerate(contents, 1):
        answer = desk.ask(
            Operation.SEND_DOCUMENT,
            uri,
            job_number(job_id),
            ANN,
            Attribute.name_string("document-name", f"document {at}"),
            Attribute.boolean("last-document", last and at == len(contents)),
            TEXT,
            document=content,
            more=groups,
        )
        assert status(answer) == OK
    return job_id


def listed(desk, job_id, *attributes, uri=RECEIPT):
    answer = desk.ask(Operation.GET_DOCUMENTS, uri, job_number(job_id), *attributes)
    assert status(answer) == OK, answer
    return [{each.name: each for each in group} for group in answer.groups_of(GroupTag.DOCUMENT)]


def shown(desk, job_id, document, *names, uri=RECEIPT):
    asked = (Attribute.keyword("requested-attributes", *names),) if names else ()
    answer = desk.ask(
        Operation.GET_DOCUMENT_ATTRIBUTES, uri, job_number(job_id), number(document), ANN, *asked
    )
    assert status(answer) == OK, answer
    return {each.name: each for each in answer.group(GroupTag.DOCUMENT)}


def ask(desk, operation, job_id, *attributes, uri=RECEIPT, **more):
    return desk.ask(operation, uri, job_number(job_id), *attributes, **more)


def states(desk, job_id):
    all_of_them = Attribute.keyword("requested-attributes", "document-state", "document-number")
    return {
        each["document-number"].first: each["document-state"].first
        for each in listed(desk, job_id, all_of_them)
    }


def contents(desk, job_id):
    """What the renderer would get to read, document after document."""
    feeds = desk.runner.run(desk.service.jobs.open_documents(desk.job(job_id)))
    found = []
    for feed in feeds:
        reader = feed.reader()
        found.append(reader.read(1000))
        reader.close()
        feed.close()
    return found


# --- Get-Documents, Get-Document-Attributes ---------------------------------------------------------------------------


def test_get_documents_gives_their_numbers(empty_desk):
    job_id = opened(empty_desk, b"one\n", b"two\n", b"three\n")
    assert listed(empty_desk, job_id) == [{"document-number": number(each)} for each in (1, 2, 3)]
    assert listed(empty_desk, job_id, Attribute.integer("limit", 2)) == [
        {"document-number": number(each)} for each in (1, 2)
    ]
    first = Attribute.integer("first-index", 3)
    assert listed(empty_desk, job_id, first) == [{"document-number": number(3)}]


def test_a_job_without_documents_has_none(empty_desk):
    assert listed(empty_desk, opened(empty_desk)) == []


def test_what_is_told_of_a_document(empty_desk):
    """The attributes that PWG 5100.5 requires of every document."""
    job_id = opened(empty_desk, b"x" * 1025 + b"\n", b"two\n", last=True)
    found = shown(empty_desk, job_id, 1)
    expected = {
        "document-number": number(1),
        "document-state": Attribute.enum("document-state", DocumentState.PENDING),
        "document-state-reasons": Attribute.keyword("document-state-reasons", "queued"),
        "document-job-id": Attribute.integer("document-job-id", job_id),
        "document-job-uri": Attribute.uri("document-job-uri", f"{RECEIPT}/{job_id}"),
        "document-printer-uri": Attribute.uri("document-printer-uri", RECEIPT),
        "document-format": TEXT,
        "document-name": Attribute.name_string("document-name", "document 1"),
        "k-octets": Attribute.integer("k-octets", 2),
        "last-document": Attribute.boolean("last-document", False),
        "time-at-processing": Attribute.no_value("time-at-processing"),
        "time-at-completed": Attribute.no_value("time-at-completed"),
    }
    assert {name: found[name] for name in expected} == expected
    assert {
        "attributes-charset",
        "attributes-natural-language",
        "printer-up-time",
        "time-at-creation",
    } <= set(found)
    second = shown(empty_desk, job_id, 2)
    assert second["last-document"].first is True
    assert found["document-uuid"].first.startswith("urn:uuid:")
    assert second["document-uuid"] != found["document-uuid"]
    assert shown(empty_desk, job_id, 1)["document-uuid"] == found["document-uuid"]


def test_groups_of_attributes(empty_desk):
    ranges = Attribute.range("page-ranges", (2, 3))
    job_id = opened(empty_desk, b"one\n", groups=((GroupTag.DOCUMENT, (ranges,)),))
    template = shown(empty_desk, job_id, 1, "document-template")
    assert template["page-ranges"] == ranges
    assert "print-scaling" in template
    assert "document-number" not in template
    described = shown(empty_desk, job_id, 1, "document-description")
    assert "document-number" in described
    assert "page-ranges" not in described
    assert set(shown(empty_desk, job_id, 1, "all")) == {*template, *described}


def test_attributes_that_no_document_has(empty_desk):
    job_id = opened(empty_desk, b"one\n")
    asked = Attribute.keyword("requested-attributes", "document-number", "job-name")
    answer = ask(empty_desk, Operation.GET_DOCUMENT_ATTRIBUTES, job_id, number(1), asked)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {
        "requested-attributes": Attribute.keyword("requested-attributes", "job-name")
    }


@pytest.mark.parametrize(
    "operation",
    [
        Operation.GET_DOCUMENT_ATTRIBUTES,
        Operation.CANCEL_DOCUMENT,
        Operation.DELETE_DOCUMENT,
        Operation.SET_DOCUMENT_ATTRIBUTES,
    ],
)
def test_a_document_that_is_not_there(empty_desk, operation):
    job_id = opened(empty_desk, b"one\n")
    more = ((GroupTag.DOCUMENT, (Attribute.name_string("document-name", "n"),)),)
    assert status(ask(empty_desk, operation, job_id, number(2), ANN, more=more)) == NOT_FOUND
    assert status(ask(empty_desk, operation, job_id + 1000, number(1), ANN, more=more)) == NOT_FOUND


# --- states -----------------------------------------------------------------------------------------------------------


def test_states_follow_the_job(empty_desk):
    job_id = opened(empty_desk, b"one\n", b"two\n", b"three\n", last=True)
    job = empty_desk.job(job_id)
    assert set(states(empty_desk, job_id).values()) == {DocumentState.PENDING}
    job.move(JobState.PROCESSING, now=5, date=1_000_000_000)
    job.document_printing = 2
    assert states(empty_desk, job_id) == {
        1: DocumentState.COMPLETED,
        2: DocumentState.PROCESSING,
        3: DocumentState.PENDING,
    }
    job.move(JobState.PROCESSING_STOPPED, now=6, date=1_000_000_001)
    assert states(empty_desk, job_id)[2] == DocumentState.PROCESSING_STOPPED
    job.move(JobState.COMPLETED, now=7, date=1_000_000_002)
    assert set(states(empty_desk, job_id).values()) == {DocumentState.COMPLETED}
    assert shown(empty_desk, job_id, 3)["time-at-completed"].first == 7


def test_with_collated_copies_no_document_is_done_before_the_last(empty_desk):
    answer = empty_desk.ask(Operation.CREATE_JOB, LASER, ANN, job=(Attribute.integer("copies", 2),))
    job_id = answer.group(GroupTag.JOB).integer("job-id")
    for last in (False, True):
        last_document = Attribute.boolean("last-document", last)
        ask(empty_desk, Operation.SEND_DOCUMENT, job_id, last_document, TEXT, ANN, uri=LASER, document=b"x\n")
    job = empty_desk.job(job_id)
    job.move(JobState.PROCESSING, now=5, date=1)
    job.document_printing = 2
    found = [each["document-state"].first for each in listed(
        empty_desk, job_id, Attribute.keyword("requested-attributes", "document-state"), uri=LASER
    )]  # fmt: skip
    assert found == [DocumentState.PROCESSING, DocumentState.PROCESSING]


# --- Cancel-Document, Delete-Document ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 200_000], ids=["in the database", "as a file"])
@pytest.mark.parametrize("last", [False, True])
def test_a_canceled_document_does_not_print_and_the_others_do(empty_desk, last, size):
    texts = [letter * size for letter in (b"a", b"b", b"c")]
    job_id = opened(empty_desk, *texts, last=last)
    used = empty_desk.service.jobs.documents.budget.used
    assert status(ask(empty_desk, Operation.CANCEL_DOCUMENT, job_id, number(2), ANN)) == OK
    assert [text[:10] for text in contents(empty_desk, job_id)] == [b"a" * 10, b"c" * 10]
    assert states(empty_desk, job_id)[2] == DocumentState.CANCELED
    found = shown(empty_desk, job_id, 2)
    assert found["document-state-reasons"].strings() == ("canceled-by-user",)
    assert found["time-at-completed"].first > 0
    assert empty_desk.service.jobs.documents.budget.used == used - size
    assert status(ask(empty_desk, Operation.CANCEL_DOCUMENT, job_id, number(2), ANN)) == NOT_POSSIBLE
    expected = JobState.PENDING if last else JobState.PENDING_HELD
    assert empty_desk.job(job_id).state == expected


def test_a_deleted_document_is_no_more_and_its_number_neither(empty_desk):
    job_id = opened(empty_desk, b"one\n", b"two\n")
    assert status(ask(empty_desk, Operation.DELETE_DOCUMENT, job_id, number(2), ANN)) == OK
    assert list(states(empty_desk, job_id)) == [1]
    last = Attribute.boolean("last-document", True)
    ask(empty_desk, Operation.SEND_DOCUMENT, job_id, last, TEXT, ANN, document=b"three\n")
    assert list(states(empty_desk, job_id)) == [1, 3]
    assert contents(empty_desk, job_id) == [b"one\n", b"three\n"]


@pytest.mark.parametrize("operation", [Operation.CANCEL_DOCUMENT, Operation.DELETE_DOCUMENT])
def test_a_complete_job_that_lost_all_its_documents_is_canceled(empty_desk, operation):
    before = empty_desk.service.jobs.documents.budget.used
    job_id = opened(empty_desk, b"one\n", b"two\n", last=True)
    ask(empty_desk, operation, job_id, number(1), ANN)
    assert empty_desk.job(job_id).state == JobState.PENDING
    ask(empty_desk, operation, job_id, number(2), ANN)
    assert empty_desk.job(job_id).state == JobState.CANCELED
    assert empty_desk.service.jobs.documents.budget.used == before


def test_an_open_job_waits_for_others_and_ends_canceled_when_none_come(empty_desk):
    job_id = opened(empty_desk, b"one\n")
    ask(empty_desk, Operation.CANCEL_DOCUMENT, job_id, number(1), ANN)
    assert empty_desk.job(job_id).state == JobState.PENDING_HELD
    assert status(ask(empty_desk, Operation.CLOSE_JOB, job_id, ANN)) == OK
    assert empty_desk.job(job_id).state == JobState.CANCELED


@pytest.mark.parametrize("operation", [Operation.CANCEL_DOCUMENT, Operation.DELETE_DOCUMENT])
def test_too_late(empty_desk, operation):
    job_id = opened(empty_desk, b"one\n", b"two\n", last=True)
    job = empty_desk.job(job_id)
    job.move(JobState.PROCESSING, now=5, date=1)
    assert status(ask(empty_desk, operation, job_id, number(2), ANN)) == NOT_POSSIBLE
    job.move(JobState.PENDING, now=5, date=1)
    ask(empty_desk, Operation.CANCEL_JOB, job_id, ANN)
    assert status(ask(empty_desk, operation, job_id, number(2), ANN)) == NOT_POSSIBLE


@pytest.mark.parametrize(
    "operation", [Operation.CANCEL_DOCUMENT, Operation.DELETE_DOCUMENT, Operation.SET_DOCUMENT_ATTRIBUTES]
)
def test_documents_of_others(empty_desk, operation):
    job_id = opened(empty_desk, b"one\n", b"two\n")
    more = ((GroupTag.DOCUMENT, (Attribute.name_string("document-name", "n"),)),)
    answer = ask(empty_desk, operation, job_id, number(1), BOB, more=more)
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    empty_desk.requester, before = OPERATOR, empty_desk.requester
    try:
        assert status(ask(empty_desk, operation, job_id, number(1), more=more)) == OK
    finally:
        empty_desk.requester = before


def test_canceled_and_deleted_documents_stay_so_after_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        job_id = opened(desk, b"a" * 100_000, b"two\n", b"three\n", b"four\n", last=True)
        ask(desk, Operation.CANCEL_DOCUMENT, job_id, number(1), ANN)
        ask(desk, Operation.DELETE_DOCUMENT, job_id, number(3), ANN)
    with open_desk(tmp_path) as desk:
        assert states(desk, job_id) == {
            1: DocumentState.CANCELED,
            2: DocumentState.PENDING,
            4: DocumentState.PENDING,
        }
        assert contents(desk, job_id) == [b"two\n", b"four\n"]
        assert desk.service.jobs.documents.budget.used == len(b"two\nfour\n")


# --- Set-Document-Attributes, document attributes in Send-Document ----------------------------------------------------


def set_attributes(desk, job_id, document, *attributes, **more):
    groups = ((GroupTag.DOCUMENT, attributes),)
    return ask(desk, Operation.SET_DOCUMENT_ATTRIBUTES, job_id, number(document), ANN, more=groups, **more)


def test_attributes_are_set_and_deleted(empty_desk):
    job_id = opened(empty_desk, b"one\n", b"two\n")
    name, scaling = Attribute.name_string("document-name", "new"), Attribute.keyword("print-scaling", "fill")
    assert status(set_attributes(empty_desk, job_id, 2, name, scaling)) == OK
    found = shown(empty_desk, job_id, 2)
    assert (found["document-name"], found["print-scaling"]) == (name, scaling)
    assert shown(empty_desk, job_id, 1)["print-scaling"].first == "auto"
    deleted = Attribute("print-scaling", (Value(ValueTag.DELETE_ATTRIBUTE, None),))
    assert status(set_attributes(empty_desk, job_id, 2, deleted)) == OK
    assert shown(empty_desk, job_id, 2)["print-scaling"].first == "auto"


def test_paper_of_a_document_is_said_in_one_way(empty_desk):
    """``media-col`` would prevail over the ``media`` that is set after it."""
    size = Attribute.collection(
        "media-size", (Attribute.integer("x-dimension", 5800), Attribute.integer("y-dimension", 10000))
    )
    small, named = Attribute.collection("media-col", (size,)), Attribute.keyword("media", "om_a_80x200mm")
    job_id = opened(empty_desk, b"one\n")
    assert status(set_attributes(empty_desk, job_id, 1, small)) == OK
    assert status(set_attributes(empty_desk, job_id, 1, named)) == OK
    found = shown(empty_desk, job_id, 1)
    (shown_size,) = [each for each in found["media-col"].first if each.name == "media-size"]
    assert found["media"] == named
    assert shown_size.first.get("x-dimension").first == 8000


@pytest.mark.parametrize(
    ("attribute", "expected", "given_back"),
    [
        (
            Attribute.integer("k-octets", 1),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            Attribute("k-octets", (Value(ValueTag.NOT_SETTABLE, None),)),
        ),
        (
            Attribute.enum("finishings", 3),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            Attribute("finishings", (Value(ValueTag.NOT_SETTABLE, None),)),
        ),
        (
            Attribute.keyword("no-such-thing", "x"),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            Attribute.unsupported("no-such-thing"),
        ),
        (
            Attribute.keyword("print-scaling", "nonsense"),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            Attribute.keyword("print-scaling", "nonsense"),
        ),
        (
            Attribute.integer("document-name", 3),
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            Attribute.integer("document-name", 3),
        ),
        (Attribute.range("page-ranges", (5, 4)), BAD, Attribute.range("page-ranges", (5, 4))),
    ],
)
def test_all_is_set_or_nothing(empty_desk, attribute, expected, given_back):
    """RFC 3380 §4.2.2: the status, and the attribute with what is wrong about it."""
    job_id = opened(empty_desk, b"one\n")
    other = Attribute.keyword("print-content-optimize", "photo")
    answer = set_attributes(empty_desk, job_id, 1, other, attribute)
    assert status(answer) == expected
    assert unsupported(answer) == {attribute.name: given_back}
    assert shown(empty_desk, job_id, 1)["print-content-optimize"].first == "auto"


def test_nothing_to_set(empty_desk):
    job_id = opened(empty_desk, b"one\n")
    assert status(ask(empty_desk, Operation.SET_DOCUMENT_ATTRIBUTES, job_id, number(1), ANN)) == BAD


@pytest.mark.parametrize("state", [JobState.PROCESSING, JobState.CANCELED])
def test_what_prints_or_is_done_cannot_be_changed(empty_desk, state):
    job_id = opened(empty_desk, b"one\n", last=True)
    empty_desk.job(job_id).move(state, now=5, date=1)
    name = Attribute.name_string("document-name", "new")
    assert status(set_attributes(empty_desk, job_id, 1, name)) == NOT_POSSIBLE


def test_set_attributes_survive_a_restart(tmp_path):
    with open_desk(tmp_path) as desk:
        job_id = opened(desk, b"one\n", last=True)
        set_attributes(desk, job_id, 1, Attribute.keyword("print-scaling", "fill"))
    with open_desk(tmp_path) as desk:
        assert shown(desk, job_id, 1)["print-scaling"].first == "fill"


@pytest.mark.parametrize("fidelity", [False, True])
def test_documents_obey_the_fidelity_of_their_job(empty_desk, fidelity):
    """PWG 5100.5: ``ipp-attribute-fidelity`` of Create-Job holds for the documents that follow."""
    wish = Attribute.boolean("ipp-attribute-fidelity", fidelity)
    job_id = empty_desk.ask(Operation.CREATE_JOB, RECEIPT, wish).group(GroupTag.JOB).integer("job-id")
    bad = (Attribute.keyword("print-scaling", "nonsense"), Attribute.integer("copies", 2))
    answer = ask(
        empty_desk, Operation.SEND_DOCUMENT, job_id, TEXT, Attribute.boolean("last-document", True),
        document=b"x\n", more=((GroupTag.DOCUMENT, bad),),
    )  # fmt: skip
    assert unsupported(answer) == {"print-scaling": bad[0], "copies": Attribute.unsupported("copies")}
    if fidelity:
        assert status(answer) == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        assert not empty_desk.job(job_id).documents
    else:
        assert status(answer) == SUBSTITUTED
        assert len(empty_desk.job(job_id).documents) == 1


# --- Validate-Document ------------------------------------------------------------------------------------------------


def validated(desk, *attributes, document=(), fidelity=False):
    return desk.ask(
        Operation.VALIDATE_DOCUMENT,
        RECEIPT,
        Attribute.boolean("ipp-attribute-fidelity", fidelity),
        *attributes,
        more=((GroupTag.DOCUMENT, document),) if document else (),
    )


def test_each_document_attribute_that_is_advertised_validates(empty_desk):
    answer = empty_desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT)
    printer = {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}
    named = printer["document-creation-attributes-supported"].strings()
    assert {"document-format", "document-name", "compression", "page-ranges", "print-scaling"} <= set(named)
    for name in named:
        default = printer.get(f"{name}-default")
        if default is not None and not default.out_of_band and not name.startswith("document-"):
            answer = validated(empty_desk, document=(default.renamed(name),), fidelity=True)
            assert status(answer) == OK, name


def test_what_validate_document_refuses(empty_desk):
    word = Attribute.mime("document-format", "application/msword")
    assert status(validated(empty_desk, word)) == StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED
    bad = Attribute.keyword("print-scaling", "nonsense")
    answer = validated(empty_desk, document=(bad,))
    assert (status(answer), unsupported(answer)) == (SUBSTITUTED, {"print-scaling": bad})
    answer = validated(empty_desk, document=(bad,), fidelity=True)
    assert status(answer) == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
