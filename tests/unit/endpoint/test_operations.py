"""What each operation does and answers, RFC 8011 §4.2 and §4.3; the tables of states are transcribed from there."""

from __future__ import annotations

import gzip
import zlib

import pytest
from desk import CHARSET, LANGUAGE, LASER, OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.endpoint import dispatch
from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    Message,
    Operation,
    RangeOfInteger,
    StatusCode,
    ValueTag,
    decode,
)
from tympan.ipp.enums import JobState

OK = StatusCode.SUCCESSFUL_OK
NOT_POSSIBLE = StatusCode.CLIENT_ERROR_NOT_POSSIBLE
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
SUBSTITUTED = StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES

TEXT = Attribute.mime("document-format", "text/plain")
ANN = Attribute.name_string("requesting-user-name", "ann")
BOB = Attribute.name_string("requesting-user-name", "bob")
LAST = Attribute.boolean("last-document", True)
MORE = Attribute.boolean("last-document", False)


def number(job_id):
    return Attribute.integer("job-id", job_id)


def requested(*names):
    return Attribute.keyword("requested-attributes", *names)


def created(desk, uri=RECEIPT, *attributes):
    answer = desk.ask(Operation.CREATE_JOB, uri, *attributes)
    assert status(answer) == OK
    return answer.group(GroupTag.JOB).integer("job-id")


def sent(desk, job_id, last, document=b"", *attributes, uri=RECEIPT):
    return desk.ask(Operation.SEND_DOCUMENT, uri, number(job_id), last, *attributes, document=document)


def attributes_of(desk, job_id, *names, uri=RECEIPT):
    """The attributes of a job by name."""
    asked = (requested(*names),) if names else ()
    answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, uri, number(job_id), *asked)
    return {attribute.name: attribute for attribute in answer.group(GroupTag.JOB)}


def listed(desk, *attributes, uri=RECEIPT):
    answer = desk.ask(Operation.GET_JOBS, uri, *attributes)
    assert status(answer) == OK
    return [group.integer("job-id") for group in answer.groups_of(GroupTag.JOB)]


def ring(timer):
    """Let a timer's time be over now."""
    callback, arguments = timer._callback, timer._args
    timer.cancel()
    callback(*arguments)


# --- Print-Job and Validate-Job ---------------------------------------------------------------------------------------


def test_print_job_answers_with_the_job(empty_desk):
    answer = empty_desk.ask(Operation.PRINT_JOB, RECEIPT, TEXT, ANN, document=b"Hello.\n")
    assert status(answer) == OK
    assert [group.tag for group in answer.groups] == [GroupTag.OPERATION, GroupTag.JOB]
    job = answer.group(GroupTag.JOB)
    job_id = job.integer("job-id")
    assert job.string("job-uri") == f"{RECEIPT}/{job_id}"
    assert job.get("job-state") == Attribute.enum("job-state", 3)
    assert job.get("job-state-reasons") == Attribute.keyword("job-state-reasons", "none")
    assert "job-state-message" in job
    kept = empty_desk.job(job_id)
    assert (kept.user, kept.documents[0].format, kept.documents[0].size) == ("ann", "text/plain", 7)


def test_job_ids_go_up_and_are_never_given_twice(empty_desk):
    ids = [empty_desk.printed(uri) for uri in (RECEIPT, LASER, RECEIPT)]
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("attributes", "name", "user"),
    [
        ((), "Untitled", "anonymous"),
        ((Attribute.name_string("document-name", "d.txt"),), "d.txt", "anonymous"),
        (
            (Attribute.name_string("job-name", "j"), Attribute.name_string("document-name", "d")),
            "j",
            "anonymous",
        ),
        ((Attribute.name_string("job-name", ""), ANN), "Untitled", "ann"),
        ((Attribute.name_string("requesting-user-name", ""),), "Untitled", "anonymous"),
    ],
)
def test_names_of_jobs_and_users(empty_desk, attributes, name, user):
    job_id = empty_desk.printed(RECEIPT, *attributes)
    empty_desk.requester = OPERATOR
    shown = attributes_of(empty_desk, job_id)
    assert shown["job-name"].first == name
    assert shown["job-originating-user-name"].first == user


@pytest.mark.parametrize("attributes", [(), (TEXT,), (Attribute.keyword("compression", "gzip"), TEXT)])
def test_print_job_without_a_document_is_refused(empty_desk, attributes):
    answer = empty_desk.ask(Operation.PRINT_JOB, RECEIPT, *attributes)
    assert status(answer) == BAD
    assert not empty_desk.service.printers["receipt"].active


def test_formats_are_sensed(empty_desk):
    for document, found in (
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "image/png"),
    ):
        answer = empty_desk.ask(Operation.PRINT_JOB, RECEIPT, document=document)
        assert status(answer) == OK
        job = empty_desk.job(answer.group(GroupTag.JOB).integer("job-id"))
        assert job.documents[0].format == found


def test_what_is_of_no_format_is_refused(empty_desk):
    before = len(empty_desk.service.printers["receipt"].jobs)
    answer = empty_desk.ask(Operation.PRINT_JOB, RECEIPT, document=b"\x00\x01\x02\xff" * 50)
    assert status(answer) == StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED
    assert len(empty_desk.service.printers["receipt"].jobs) == before


@pytest.mark.parametrize(
    ("compression", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("none", bytes)]
)
def test_documents_are_decompressed(empty_desk, compression, pack):
    content = b"Receipt\n" * 1000
    job_id = empty_desk.printed(
        RECEIPT, Attribute.keyword("compression", compression), document=pack(content)
    )
    assert empty_desk.job(job_id).documents[0].size == len(content)
    shown = attributes_of(empty_desk, job_id)
    assert shown["compression-supplied"].first == compression
    assert shown["job-k-octets"].first == 8  # 8,000 octets: rounded up, RFC 8011 §5.3.17.1


def test_data_that_is_not_what_compression_says(empty_desk):
    answer = empty_desk.ask(
        Operation.PRINT_JOB, RECEIPT, TEXT, Attribute.keyword("compression", "gzip"), document=b"plain"
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_COMPRESSION_ERROR
    assert not empty_desk.service.printers["receipt"].active


def test_validate_job_makes_no_job(empty_desk):
    before = len(empty_desk.service.printers["receipt"].jobs)
    answer = empty_desk.ask(Operation.VALIDATE_JOB, RECEIPT, TEXT, job=(Attribute.integer("copies", 2),))
    assert status(answer) == OK
    assert [group.tag for group in answer.groups] == [GroupTag.OPERATION]
    assert len(empty_desk.service.printers["receipt"].jobs) == before


def test_without_fidelity_the_job_has_what_is_supported(empty_desk):
    """RFC 3196 §3.1.2.3.4: what is not supported is not in the job; what is, is."""
    template = (
        Attribute.keyword("sides", "two-sided-sometimes"),
        Attribute.integer("copies", 3),
        Attribute.enum("finishings", 3, 99),
        Attribute.keyword("job-account-type", "none"),
    )
    answer = empty_desk.ask(Operation.PRINT_JOB, LASER, TEXT, document=b"x\n", job=template)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {
        "sides": Attribute.keyword("sides", "two-sided-sometimes"),
        "finishings": Attribute.enum("finishings", 99),
        "job-account-type": Attribute.unsupported("job-account-type"),
    }
    shown = attributes_of(empty_desk, answer.group(GroupTag.JOB).integer("job-id"), "all", uri=LASER)
    assert shown["copies"].first == 3
    assert shown["finishings"] == Attribute.enum("finishings", 3)
    assert shown["sides"].first == "one-sided"
    assert "job-account-type" not in shown


def test_with_fidelity_there_is_no_job(empty_desk):
    answer = empty_desk.ask(
        Operation.PRINT_JOB,
        LASER,
        TEXT,
        Attribute.boolean("ipp-attribute-fidelity", True),
        document=b"x\n",
        job=(Attribute.keyword("sides", "two-sided-sometimes"),),
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    assert GroupTag.JOB not in [group.tag for group in answer.groups]
    assert not empty_desk.service.printers["laser"].active


def test_media_col_is_kept_without_what_is_not_supported(empty_desk):
    asked = Attribute.collection(
        "media-col", [Attribute.keyword("media-source", "main"), Attribute.keyword("media-color", "blue")]
    )
    answer = empty_desk.ask(Operation.PRINT_JOB, LASER, TEXT, document=b"x\n", job=(asked,))
    assert status(answer) == SUBSTITUTED
    shown = attributes_of(empty_desk, answer.group(GroupTag.JOB).integer("job-id"), "media-col", uri=LASER)
    assert shown["media-col"].first == Collection((Attribute.keyword("media-source", "main"),))


# --- Create-Job, Send-Document, Close-Job -----------------------------------------------------------------------------


def test_a_job_of_two_documents(empty_desk):
    job_id = created(empty_desk)
    shown = attributes_of(empty_desk, job_id)
    assert shown["job-state"].first == JobState.PENDING_HELD
    assert "job-incoming" in shown["job-state-reasons"].strings()
    assert shown["number-of-documents"].first == 0
    answer = sent(empty_desk, job_id, MORE, b"one\n", TEXT)
    assert status(answer) == OK
    assert {"job-uri", "job-id", "job-state", "job-state-reasons"} <= {
        attribute.name for attribute in answer.group(GroupTag.JOB)
    }
    assert attributes_of(empty_desk, job_id)["job-state"].first == JobState.PENDING_HELD
    assert status(sent(empty_desk, job_id, LAST, b"two\n", TEXT)) == OK
    shown = attributes_of(empty_desk, job_id)
    assert shown["job-state"].first == JobState.PENDING
    assert shown["number-of-documents"].first == 2
    assert [document.number for document in empty_desk.job(job_id).documents] == [1, 2]
    assert status(sent(empty_desk, job_id, LAST, b"three\n", TEXT)) == NOT_POSSIBLE


def test_a_last_document_without_data_closes_the_job(empty_desk):
    job_id = created(empty_desk)
    sent(empty_desk, job_id, MORE, b"one\n", TEXT)
    assert status(sent(empty_desk, job_id, LAST)) == OK
    shown = attributes_of(empty_desk, job_id)
    assert (shown["job-state"].first, shown["number-of-documents"].first) == (JobState.PENDING, 1)


def test_a_job_without_any_document_is_no_error(empty_desk):
    """RFC 8011 §4.3.1.1: only Create-Job and a Send-Document with last-document and no data."""
    job_id = created(empty_desk)
    assert status(sent(empty_desk, job_id, LAST)) == OK
    shown = attributes_of(empty_desk, job_id)
    assert shown["job-state"].first == JobState.COMPLETED
    assert shown["number-of-documents"].first == 0


def test_a_document_that_is_not_the_last_must_have_data(empty_desk):
    job_id = created(empty_desk)
    assert status(sent(empty_desk, job_id, MORE)) == BAD
    assert attributes_of(empty_desk, job_id)["job-state"].first == JobState.PENDING_HELD


def test_a_document_of_another_format_leaves_the_job_open(empty_desk):
    job_id = created(empty_desk)
    word = Attribute.mime("document-format", "application/msword")
    assert status(sent(empty_desk, job_id, LAST, b"x", word)) == (
        StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED
    )
    assert status(sent(empty_desk, job_id, LAST, b"x", TEXT)) == OK


def test_close_job(empty_desk):
    job_id = created(empty_desk)
    sent(empty_desk, job_id, MORE, b"one\n", TEXT)
    assert status(empty_desk.ask(Operation.CLOSE_JOB, RECEIPT, number(job_id))) == OK
    assert attributes_of(empty_desk, job_id)["job-state"].first == JobState.PENDING
    assert status(sent(empty_desk, job_id, LAST, b"two\n", TEXT)) == NOT_POSSIBLE
    empty_desk.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))
    assert status(empty_desk.ask(Operation.CLOSE_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE


def test_a_job_that_ends_while_its_document_is_awaited(empty_desk):
    """The client took its time; the job was canceled meanwhile."""
    job_id = created(empty_desk)

    async def late():
        empty_desk.service.jobs.cancel(empty_desk.service.printers["receipt"], empty_desk.job(job_id))
        yield b"too late\n"

    uri = Attribute.uri("printer-uri", RECEIPT)
    operation = (CHARSET, LANGUAGE, uri, number(job_id), LAST, TEXT)
    message = Message.of((2, 0), Operation.SEND_DOCUMENT, 1, (GroupTag.OPERATION, operation))
    answer, _ = decode(empty_desk.runner.run(dispatch.answer(empty_desk.service, message, late(), "ipp://h")))
    assert status(answer) == NOT_POSSIBLE
    assert attributes_of(empty_desk, job_id)["job-state"].first == JobState.CANCELED


def test_time_out_aborts_a_job_that_nobody_goes_on_with(tmp_path):
    with open_desk(tmp_path, multiple_operation_timeout_s=10) as desk:
        job_id = created(desk)
        (timer,) = desk.service.jobs._deadlines.values()
        assert 0 < timer.when() - desk.runner.get_loop().time() <= 10
        ring(timer)
        shown = attributes_of(desk, job_id)
        assert shown["job-state"].first == JobState.ABORTED
        assert "aborted-by-system" in shown["job-state-reasons"].strings()
        assert "10 seconds" in shown["job-state-message"].first
        assert status(sent(desk, job_id, LAST, b"late\n", TEXT)) == NOT_POSSIBLE


def test_an_upload_that_breaks_off(empty_desk):
    async def broken():
        yield b"half a docu"
        raise ConnectionResetError("the client left")

    uri = Attribute.uri("printer-uri", RECEIPT)
    message = Message.of((2, 0), Operation.PRINT_JOB, 1, (GroupTag.OPERATION, (CHARSET, LANGUAGE, uri, TEXT)))
    with pytest.raises(ConnectionResetError):
        empty_desk.runner.run(dispatch.answer(empty_desk.service, message, broken(), "ipp://h"))
    (job_id,) = listed(empty_desk, Attribute.keyword("which-jobs", "aborted"), Attribute.integer("limit", 1))
    assert "job-data-insufficient" in attributes_of(empty_desk, job_id)["job-state-reasons"].strings()


def test_limits_of_jobs_and_documents(tmp_path):
    with open_desk(tmp_path, max_jobs=2, max_documents_per_job=2, max_document_bytes=1024) as desk:
        job_id = created(desk)
        for _ in range(2):
            assert status(sent(desk, job_id, MORE, b"x\n", TEXT)) == OK
        assert status(sent(desk, job_id, MORE, b"x\n", TEXT)) == StatusCode.SERVER_ERROR_TOO_MANY_DOCUMENTS
        answer = desk.ask(Operation.PRINT_JOB, RECEIPT, TEXT, document=b"x" * 1025)
        assert status(answer) == StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE
        desk.printed()
        for operation in (Operation.PRINT_JOB, Operation.VALIDATE_JOB, Operation.CREATE_JOB):
            assert status(desk.ask(operation, LASER, document=b"x")) == StatusCode.SERVER_ERROR_BUSY


# --- Cancel-Job, RFC 8011 §4.3.3 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(JobState), ids=lambda state: state.name.lower())
def test_cancel_job_in_every_state(empty_desk, state):
    """The table of RFC 8011 §4.3.3: rule 1 for what prints, refused for what has ended."""
    job_id = empty_desk.printed()
    job = empty_desk.job(job_id)
    printer = empty_desk.service.printers["receipt"]
    ended = state in {JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED}
    printing = state in {JobState.PROCESSING, JobState.PROCESSING_STOPPED}
    job.state = state
    printer.current = job if printing else None
    answer = empty_desk.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))
    assert status(answer) == (NOT_POSSIBLE if ended else OK)
    shown = attributes_of(empty_desk, job_id)
    assert shown["job-state"].first == (state if ended or printing else JobState.CANCELED)
    if printing:
        assert "processing-to-stop-point" in shown["job-state-reasons"].strings()
        assert empty_desk.service._queues["receipt"].canceled[-1] is job
        assert status(empty_desk.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))) == NOT_POSSIBLE  # rule 2
    elif not ended:
        assert shown["job-state-reasons"].strings() == ("job-canceled-by-user",)
    printer.current = None
    if ended:
        printer.active.remove(job_id)


def test_cancel_my_jobs_takes_mine_alone(empty_desk):
    mine, other = empty_desk.printed(RECEIPT, ANN), empty_desk.printed(RECEIPT, BOB)
    elsewhere = empty_desk.printed(LASER, ANN)
    assert status(empty_desk.ask(Operation.CANCEL_MY_JOBS, RECEIPT, ANN)) == OK
    assert empty_desk.job(mine).state == JobState.CANCELED
    assert empty_desk.job(other).state == empty_desk.job(elsewhere).state == JobState.PENDING
    assert status(empty_desk.ask(Operation.CANCEL_MY_JOBS, RECEIPT, ANN)) == OK  # there are none: no error


def test_cancel_my_jobs_of_a_list_is_all_or_nothing(empty_desk):
    first, second = empty_desk.printed(RECEIPT, ANN), empty_desk.printed(RECEIPT, ANN)
    other = empty_desk.printed(RECEIPT, BOB)
    answer = empty_desk.ask(
        Operation.CANCEL_MY_JOBS, RECEIPT, ANN, Attribute.integer("job-ids", first, other)
    )
    assert status(answer) == NOT_POSSIBLE
    assert unsupported(answer) == {"job-ids": Attribute.integer("job-ids", other)}
    assert empty_desk.job(first).state == JobState.PENDING
    answer = empty_desk.ask(
        Operation.CANCEL_MY_JOBS, RECEIPT, ANN, Attribute.integer("job-ids", first, first)
    )
    assert status(answer) == OK
    assert (empty_desk.job(first).state, empty_desk.job(second).state) == (
        JobState.CANCELED,
        JobState.PENDING,
    )


# --- Get-Jobs, RFC 8011 §4.2.6 ----------------------------------------------------------------------------------------


@pytest.fixture
def three_jobs(tmp_path):
    """Jobs of ann, bob and ann wait; two of ann have ended, the earlier one last."""
    with open_desk(tmp_path) as desk:
        ended = [desk.printed(RECEIPT, ANN) for _ in range(2)]
        for job_id in reversed(ended):
            desk.ask(Operation.CANCEL_JOB, RECEIPT, ANN, number(job_id))
        waiting = [desk.printed(RECEIPT, user) for user in (ANN, BOB, ANN)]
        yield desk, waiting, ended


def test_get_jobs(three_jobs):
    desk, waiting, ended = three_jobs
    completed = Attribute.keyword("which-jobs", "completed")
    mine = Attribute.boolean("my-jobs", True)
    assert listed(desk) == waiting
    assert listed(desk, Attribute.keyword("which-jobs", "not-completed")) == waiting
    assert listed(desk, completed) == ended  # the one that ended last comes first
    assert listed(desk, Attribute.keyword("which-jobs", "all")) == waiting + ended
    assert listed(desk, Attribute.keyword("which-jobs", "canceled")) == ended
    assert listed(desk, Attribute.keyword("which-jobs", "processing")) == []
    assert listed(desk, mine, ANN) == [waiting[0], waiting[2]]
    assert listed(desk, mine, ANN, completed) == ended
    assert listed(desk, mine) == []
    assert listed(desk, Attribute.boolean("my-jobs", False), ANN) == waiting
    assert listed(desk, Attribute.integer("limit", 2)) == waiting[:2]
    assert listed(desk, Attribute.integer("limit", 99)) == waiting
    assert (
        listed(desk, Attribute.integer("limit", 1), mine, ANN, Attribute.integer("first-index", 2))
        == waiting[2:]
    )
    assert listed(desk, uri=LASER) == []


def test_get_jobs_by_their_ids(three_jobs):
    desk, waiting, ended = three_jobs
    ids = Attribute.integer("job-ids", waiting[1], ended[0])
    assert listed(desk, ids) == [waiting[1], ended[0]]
    answer = desk.ask(Operation.GET_JOBS, RECEIPT, ids, Attribute.keyword("which-jobs", "all"))
    assert status(answer) == StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES
    assert set(unsupported(answer)) == {"which-jobs"}
    answer = desk.ask(Operation.GET_JOBS, RECEIPT, Attribute.integer("job-ids", waiting[0], 10_000_000))
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_FOUND


def test_get_jobs_gives_job_uri_and_job_id_by_default(three_jobs):
    desk, waiting, _ = three_jobs
    answer = desk.ask(Operation.GET_JOBS, RECEIPT, Attribute.integer("limit", 1))
    (group,) = answer.groups_of(GroupTag.JOB)
    assert {attribute.name for attribute in group} == {"job-uri", "job-id"}
    assert group.string("job-uri") == f"{RECEIPT}/{waiting[0]}"
    answer = desk.ask(
        Operation.GET_JOBS, RECEIPT, Attribute.integer("limit", 1), requested("job-name", "copies"), ANN
    )
    assert {attribute.name for attribute in answer.group(GroupTag.JOB)} == {"job-name", "copies"}


# --- Get-Job-Attributes -----------------------------------------------------------------------------------------------

REQUIRED_OF_A_JOB = {
    "job-id", "job-uri", "job-printer-uri", "job-name", "job-originating-user-name", "job-state",
    "job-state-reasons", "job-printer-up-time", "time-at-creation", "time-at-processing", "time-at-completed",
    "attributes-charset", "attributes-natural-language",
}  # fmt: skip
"""RFC 8011 §5.3, the column REQUIRED."""

ECHOED = {"media", "print-quality", "sides", "printer-resolution", "print-color-mode", "copies"}
"""What IPP Everywhere clients look for in a job (PWG 5100.14 §5)."""


def test_job_attributes_by_group(empty_desk):
    job_id = empty_desk.printed(LASER)
    everything = set(attributes_of(empty_desk, job_id, uri=LASER))
    description = set(attributes_of(empty_desk, job_id, "job-description", uri=LASER))
    template = set(attributes_of(empty_desk, job_id, "job-template", uri=LASER))
    assert description >= REQUIRED_OF_A_JOB
    assert template >= ECHOED
    assert not description & template
    assert everything == description | template == set(attributes_of(empty_desk, job_id, "all", uri=LASER))
    assert set(attributes_of(empty_desk, job_id, "job-template", "job-id", uri=LASER)) == template | {
        "job-id"
    }


def test_job_attributes_by_name(empty_desk):
    job_id = empty_desk.printed(LASER)
    answer = empty_desk.ask(
        Operation.GET_JOB_ATTRIBUTES, LASER, number(job_id), requested("job-state", "no-such-thing", "sides")
    )
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {"requested-attributes": requested("no-such-thing")}
    assert {attribute.name for attribute in answer.group(GroupTag.JOB)} == {"job-state", "sides"}


def test_attributes_that_a_job_has_not_are_supported_all_the_same(empty_desk):
    job_id = created(empty_desk)
    answer = empty_desk.ask(
        Operation.GET_JOB_ATTRIBUTES,
        RECEIPT,
        number(job_id),
        requested("page-ranges", "document-format-supplied", "orientation-requested"),
    )
    assert status(answer) == OK


def test_what_a_job_says_of_itself(empty_desk):
    ranges = Attribute.range("page-ranges", RangeOfInteger(1, 2), RangeOfInteger(4, 4))
    job_id = empty_desk.printed(LASER, ANN, job=(ranges, Attribute.keyword("media", "na_letter_8.5x11in")))
    shown = attributes_of(empty_desk, job_id, uri=LASER)
    assert shown["page-ranges"] == ranges
    assert shown["media"].first == "na_letter_8.5x11in"
    assert shown["media-col"].first.get("media-size").first == Collection(
        (Attribute.integer("x-dimension", 21590), Attribute.integer("y-dimension", 27940))
    )
    assert shown["job-printer-uri"].first == LASER
    assert shown["time-at-processing"].tag == ValueTag.NO_VALUE
    assert shown["time-at-completed"].tag == ValueTag.NO_VALUE
    assert shown["time-at-creation"].first >= 1
    assert shown["document-format-supplied"].first == "text/plain"


# --- Get-Printer-Attributes -------------------------------------------------------------------------------------------

REQUIRED_OF_A_PRINTER = {
    "charset-configured", "charset-supported", "compression-supported", "document-format-default",
    "document-format-supported", "generated-natural-language-supported", "ipp-versions-supported",
    "natural-language-configured", "operations-supported", "pdl-override-supported", "printer-is-accepting-jobs",
    "printer-name", "printer-state", "printer-state-reasons", "printer-up-time", "printer-uri-supported",
    "queued-job-count", "uri-authentication-supported", "uri-security-supported",
}  # fmt: skip
"""RFC 8011 §5.4, the column REQUIRED."""

REQUIRED_BY_2_0 = {
    f"{name}-{what}"
    for name in ("copies", "finishings", "media", "orientation-requested", "output-bin", "print-quality",
                 "printer-resolution", "sides")
    for what in ("default", "supported")
} | {
    "color-supported", "pages-per-minute", "printer-info", "printer-location", "printer-make-and-model",
    "printer-more-info", "media-col-default", "media-col-ready", "media-size-supported",
}  # fmt: skip
"""PWG 5100.12 §6."""


def printer(desk, *names, uri=RECEIPT):
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, uri, *((requested(*names),) if names else ()))
    assert status(answer) == OK
    return {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}


def test_printer_attributes_by_group(desk):
    description, template = set(printer(desk, "printer-description")), set(printer(desk, "job-template"))
    everything = set(printer(desk))
    assert description >= REQUIRED_OF_A_PRINTER
    assert everything >= REQUIRED_BY_2_0
    assert {
        "copies-default",
        "copies-supported",
        "media-ready",
        "media-col-supported",
        "sides-default",
    } <= template
    assert not description & template
    assert everything == description | template == set(printer(desk, "all"))
    assert "media-col-database" not in everything  # PWG 5100.7: only by name
    assert set(printer(desk, "all", "media-col-database")) == everything | {"media-col-database"}
    assert set(printer(desk, "media-col-database", "printer-name")) == {"media-col-database", "printer-name"}


def test_printer_attributes_nobody_knows(desk):
    names = requested("printer-name", "no-such-thing", "other", "no-such-thing")
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT, names)
    assert status(answer) == SUBSTITUTED
    assert unsupported(answer) == {"requested-attributes": requested("no-such-thing", "other")}
    assert [attribute.name for attribute in answer.group(GroupTag.PRINTER)] == ["printer-name"]


def test_a_printer_tells_of_its_queue(empty_desk):
    assert printer(empty_desk, "queued-job-count")["queued-job-count"].first == 0
    empty_desk.printed()
    empty_desk.printed()
    shown = printer(empty_desk)
    assert shown["queued-job-count"].first == 2
    assert shown["printer-state-reasons"].strings() == ("none",)
    assert shown["printer-up-time"].first >= 1
    assert printer(empty_desk, uri=LASER)["queued-job-count"].first == 0


def test_identify_shows_the_message_until_its_time_is_over(desk):
    desk.ask(Operation.IDENTIFY_PRINTER, RECEIPT, Attribute.text("message", "first"))
    first = desk.service._announcements["receipt"]
    desk.ask(Operation.IDENTIFY_PRINTER, RECEIPT, Attribute.text("message", "over here"))
    assert printer(desk, "printer-state-message")["printer-state-message"].first == "over here"
    assert first.cancelled()  # or it would take away the second message
    ring(desk.service._announcements["receipt"])
    assert printer(desk, "printer-state-message")["printer-state-message"].first == ""


def test_a_message_makes_no_lines_of_its_own_in_the_log(desk, caplog):
    caplog.set_level("INFO")
    desk.ask(Operation.IDENTIFY_PRINTER, RECEIPT, Attribute.text("message", "here\n<3>disk on fire"))
    assert "\n" not in caplog.text.strip()
    ring(desk.service._announcements["receipt"])


def test_a_printer_that_cannot_speak_shows_itself_all_the_same(desk):
    answer = desk.ask(
        Operation.IDENTIFY_PRINTER,
        LASER,
        Attribute.keyword("identify-actions", "speak"),
        Attribute.text("message", "here"),
    )
    assert status(answer) == StatusCode.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
    assert desk.service.printers["laser"].message == "here"
    ring(desk.service._announcements["laser"])


# --- a restart --------------------------------------------------------------------------------------------------------


def test_jobs_come_back(tmp_path):
    with open_desk(tmp_path) as desk:
        waiting, ended, printing = desk.printed(), desk.printed(), desk.printed(LASER)
        stopping, opened = desk.printed(LASER), created(desk)
        sent(desk, opened, MORE, b"one\n", TEXT)
        desk.ask(Operation.CANCEL_JOB, RECEIPT, number(ended))
        for job_id in (printing, stopping):
            job = desk.job(job_id)
            job.state, job.pages_confirmed = JobState.PROCESSING, 2
            desk.service.printers["laser"].current = job
            desk.service.jobs.job_changed(desk.service.printers["laser"], job)
        desk.ask(Operation.CANCEL_JOB, LASER, number(stopping))
        uuid = printer(desk, "printer-uuid")["printer-uuid"].first
    with open_desk(tmp_path) as desk:
        assert listed(desk) == [waiting, opened]
        assert listed(desk, uri=LASER) == [printing]
        assert desk.job(printing).pages_confirmed == 2
        assert desk.job(printing).state == JobState.PENDING
        assert listed(desk, Attribute.keyword("which-jobs", "completed")) == [ended]
        assert desk.job(stopping).state == JobState.CANCELED
        assert not [
            path for path in (tmp_path / "state" / "spool").iterdir() if path.name.startswith(f"{stopping}-")
        ]
        assert status(sent(desk, opened, LAST, b"two\n", TEXT)) == OK
        assert desk.printed() > opened
        assert printer(desk, "printer-uuid")["printer-uuid"].first == uuid
        (feed,) = desk.runner.run(desk.service.jobs.open_documents(desk.job(waiting)))
        assert feed.reader().read(100) == b"Hello.\n"
        feed.close()


def test_history_is_bounded_over_a_restart(tmp_path):
    completed = Attribute.keyword("which-jobs", "completed")
    with open_desk(tmp_path, history_jobs=3) as desk:
        ids = [desk.printed() for _ in range(5)]
        for job_id in ids:
            desk.ask(Operation.CANCEL_JOB, RECEIPT, number(job_id))
        assert listed(desk, completed) == [ids[4], ids[3], ids[2]]
        gone = desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(ids[0]))
        assert status(gone) == StatusCode.CLIENT_ERROR_NOT_FOUND
    with open_desk(tmp_path, history_jobs=3) as desk:
        assert listed(desk, completed) == [ids[4], ids[3], ids[2]]
