"""Print-URI and Send-URI, RFC 8011 §4.2.2 and §4.3.2: statuses before acceptance, ends of jobs after it."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest
import web_server as web
from desk import RECEIPT, open_desk, status, unsupported

from tympan.config import FetchSettings
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service import references

OK = StatusCode.SUCCESSFUL_OK
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
NO_ACCESS = StatusCode.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR
TEXT = Attribute.mime("document-format", "text/plain")
ANN = Attribute.name_string("requesting-user-name", "ann")
LAST, MORE = Attribute.boolean("last-document", True), Attribute.boolean("last-document", False)
FETCH = FetchSettings(
    allow_private=True, connect_timeout_s=5, idle_timeout_s=3, total_timeout_s=6, max_fetches=2
)


@pytest.fixture(scope="module")
def server():
    with web.web_server() as made:
        yield made


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with open_desk(
        tmp_path_factory.mktemp("desk"), fetch=FETCH, max_document_bytes=1 << 20, retain_s=0
    ) as made:
        yield made


@pytest.fixture
def desk(opened):
    opened.empty()
    yield opened
    settle(opened)
    opened.empty()


def at(uri):
    return Attribute.uri("document-uri", uri)


def print_uri(desk, uri, *attributes, **more):
    return desk.ask(Operation.PRINT_URI, RECEIPT, at(uri), ANN, *attributes, **more)


def job_of(desk, answer):
    assert status(answer) == OK, answer
    return desk.job(answer.group(GroupTag.JOB).integer("job-id"))


def settle(desk, timeout_s=20):
    """Let what is being fetched come to its end."""

    async def wait():
        end = time.monotonic() + timeout_s
        while desk.service.references._tasks:
            assert time.monotonic() < end
            await asyncio.sleep(0.01)

    desk.runner.run(wait())


def contents(desk, job):
    found = []
    for feed in desk.runner.run(desk.service.jobs.open_documents(job)):
        reader = feed.reader()
        data = b""
        while piece := reader.read(1 << 20):
            data += piece
        found.append(data)
        reader.close()
        feed.close()
    return found


# --- Print-URI --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_document_is_fetched_and_printed(desk, server, size):
    content = b"a line\n" * size
    if len(content) > 1 << 20:
        content = content[: 1 << 20]
    server.pages["/a.txt"] = web.document(content)
    job = job_of(
        desk, print_uri(desk, server.uri("/a.txt"), TEXT, Attribute.name_string("document-name", "a"))
    )
    settle(desk)
    assert job.state == JobState.PENDING
    assert job.reference is None
    (document,) = job.documents
    assert (document.size, document.uri, document.name) == (len(content), server.uri("/a.txt"), "a")
    assert contents(desk, job) == [content]


def test_the_answer_does_not_wait_for_the_document(desk, server):
    server.pages["/slow"] = web.standing_still
    answer = print_uri(desk, server.uri("/slow"), TEXT)
    job = job_of(desk, answer)
    assert answer.group(GroupTag.JOB).integer("job-state") == JobState.PENDING_HELD
    assert "job-incoming" in answer.group(GroupTag.JOB).strings("job-state-reasons")
    settle(desk)
    assert job.state == JobState.ABORTED
    assert set(job.reasons) == {"aborted-by-system", "document-access-error"}
    assert "stood still" in job.message


def test_the_format_is_sensed(desk, server):
    server.pages["/pdf"] = web.document(b"%PDF-1.7\n...", "application/octet-stream")
    pdf = job_of(desk, print_uri(desk, server.uri("/pdf")))
    server.pages["/text"] = web.document(b"\x00\x01\x02", "text/plain; charset=utf-8")
    text = job_of(desk, print_uri(desk, server.uri("/text")))
    settle(desk)
    assert [job.documents[0].format for job in (pdf, text)] == ["application/pdf", "text/plain"]


def test_packed_documents_are_unpacked(desk, server):
    content = b"packed\n" * 1000
    server.pages["/a.gz"] = web.document(gzip.compress(content))
    gzipped = Attribute.keyword("compression", "gzip")
    job = job_of(desk, print_uri(desk, server.uri("/a.gz"), TEXT, gzipped))
    settle(desk)
    assert contents(desk, job) == [content]
    server.pages["/a.gz"] = web.document(gzip.compress(content), Content_Encoding="gzip")
    job = job_of(desk, print_uri(desk, server.uri("/a.gz"), TEXT))
    settle(desk)
    assert contents(desk, job) == [content]
    server.pages["/a.gz"] = web.document(content)
    answer = print_uri(desk, server.uri("/a.gz"), TEXT, gzipped)
    assert status(answer) == StatusCode.CLIENT_ERROR_COMPRESSION_ERROR


@pytest.mark.parametrize("uri", ["ftp://127.0.0.1/a", "file:///etc/passwd", "bogus://bogus"])
def test_schemes_that_are_not_supported(desk, uri):
    """RFC 8011 §4.2.2 and §4.1.7: the URI comes back as unsupported."""
    answer = print_uri(desk, uri)
    assert status(answer) == StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED
    assert unsupported(answer) == {"document-uri": at(uri)}
    assert GroupTag.JOB not in [group.tag for group in answer.groups]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (web.failure(404), NO_ACCESS),
        (web.failure(401), NO_ACCESS),
        (web.silent, NO_ACCESS),
        (web.no_http, NO_ACCESS),
        (web.document(b""), NO_ACCESS),
        (web.redirection("ftp://host/"), NO_ACCESS),
        (web.document(bytes((1 << 20) + 1)), StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE),
        (web.document(b"\x00\x01\xff" * 9, "application/msword"), StatusCode.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED),
    ],
)  # fmt: skip
def test_what_cannot_be_had_makes_no_job(desk, server, page, expected):
    server.pages["/page"] = page
    before = len(desk.service.printers["receipt"].jobs)
    answer = print_uri(desk, server.uri("/page"))
    assert status(answer) == expected
    assert answer.groups[0].string("status-message")
    assert len(desk.service.printers["receipt"].jobs) == before


def test_private_addresses_are_refused_where_the_configuration_does_not_allow_them(tmp_path, server):
    server.pages["/a.txt"] = web.document(b"text\n")
    with open_desk(tmp_path) as desk:
        answer = print_uri(desk, server.uri("/a.txt"), TEXT)
        assert status(answer) == NO_ACCESS
        assert "not public" in answer.groups[0].string("status-message")


@pytest.mark.parametrize("uri", ["http://", "http://[::1/", "http://host:99999/"])
def test_uris_that_are_none(desk, uri):
    assert status(print_uri(desk, uri)) == BAD


def test_without_a_uri(desk):
    assert status(desk.ask(Operation.PRINT_URI, RECEIPT, ANN, TEXT)) == BAD


def test_fidelity_is_judged_before_anything_is_fetched(desk, server):
    server.asked.clear()
    answer = print_uri(
        desk,
        server.uri("/a.txt"),
        Attribute.boolean("ipp-attribute-fidelity", True),
        job=(Attribute.keyword("sides", "two-sided-sometimes"),),
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
    assert not server.asked


@pytest.mark.parametrize(
    ("page", "reason", "said"),
    [
        (web.cut_off, "document-access-error", "did not arrive whole"),
        (web.dripping, "document-access-error", "longer than 6 seconds"),
        (web.endless, "job-data-insufficient", "larger than"),
    ],
)
def test_what_fails_after_acceptance_aborts_the_job_with_a_sentence(desk, server, page, reason, said):
    server.pages["/page"] = page
    before = desk.service.jobs.documents.budget.used
    job = job_of(desk, print_uri(desk, server.uri("/page"), TEXT))
    settle(desk)
    assert job.state == JobState.ABORTED
    assert set(job.reasons) == {"aborted-by-system", reason}
    assert said in job.message
    assert desk.service.jobs.documents.budget.used == before


def test_canceling_stops_to_fetch(desk, server):
    server.pages["/slow"] = web.dripping
    before = desk.service.jobs.documents.budget.used
    answer = print_uri(desk, server.uri("/slow"), TEXT)
    job = job_of(desk, answer)
    assert status(desk.ask(Operation.CANCEL_JOB, RECEIPT, Attribute.integer("job-id", job.job_id), ANN)) == OK
    settle(desk)
    assert job.state == JobState.CANCELED
    assert desk.service.jobs.documents.budget.used == before


def test_only_so_many_at_once(desk, server):
    server.pages["/slow"] = web.dripping
    for _ in range(2):
        job_of(desk, print_uri(desk, server.uri("/slow"), TEXT))
    answer = print_uri(desk, server.uri("/slow"), TEXT)
    assert status(answer) == StatusCode.SERVER_ERROR_BUSY
    desk.empty()


def test_a_job_that_was_accepted_is_fetched_anew_after_a_restart(tmp_path, server):
    server.pages["/doc"] = web.dripping
    with open_desk(tmp_path, fetch=FETCH) as desk:
        job_id = job_of(desk, print_uri(desk, server.uri("/doc"), TEXT)).job_id
    server.pages["/doc"] = web.document(b"now it comes\n")
    with open_desk(tmp_path, fetch=FETCH) as desk:
        settle(desk)
        job = desk.job(job_id)
        assert job.state == JobState.PENDING
        assert contents(desk, job) == [b"now it comes\n"]


def test_after_a_restart_the_document_may_be_gone(tmp_path, server):
    server.pages["/doc"] = web.dripping
    with open_desk(tmp_path, fetch=FETCH) as desk:
        job_id = job_of(desk, print_uri(desk, server.uri("/doc"), TEXT)).job_id
    del server.pages["/doc"]
    with open_desk(tmp_path, fetch=FETCH) as desk:
        settle(desk)
        assert desk.job(job_id).state == JobState.ABORTED
        assert "404" in desk.job(job_id).message


def test_a_password_in_the_uri_is_not_told(desk, server):
    server.pages["/a.txt"] = web.document(b"text\n")
    job = job_of(desk, print_uri(desk, server.uri("/a.txt", "user:secret@127.0.0.1"), TEXT))
    settle(desk)
    answer = desk.ask(
        Operation.GET_DOCUMENT_ATTRIBUTES,
        RECEIPT,
        Attribute.integer("job-id", job.job_id),
        Attribute.integer("document-number", 1),
        ANN,
    )
    assert answer.group(GroupTag.DOCUMENT).string("document-uri") == server.uri("/a.txt")


# --- Send-URI ---------------------------------------------------------------------------------------------------------


def created(desk):
    return job_of(desk, desk.ask(Operation.CREATE_JOB, RECEIPT, ANN))


def send_uri(desk, job, last, *attributes):
    return desk.ask(
        Operation.SEND_URI, RECEIPT, Attribute.integer("job-id", job.job_id), ANN, last, *attributes
    )


def test_documents_come_in_their_order(desk, server):
    server.pages["/first"] = web.document(b"first " * 100_000)
    server.pages["/second"] = web.document(b"second\n")
    job = created(desk)
    assert status(send_uri(desk, job, MORE, TEXT, at(server.uri("/first")))) == OK
    number, three = Attribute.integer("job-id", job.job_id), b"third\n"
    assert status(send_uri(desk, job, MORE, TEXT, at(server.uri("/second")))) == OK
    answer = desk.ask(Operation.SEND_DOCUMENT, RECEIPT, number, ANN, MORE, TEXT, document=three)
    assert status(answer) == OK
    assert job.state == JobState.PENDING_HELD
    assert status(send_uri(desk, job, LAST)) == OK
    assert job.state == JobState.PENDING
    assert [text[:5] for text in contents(desk, job)] == [b"first", b"secon", b"third"]


def test_the_last_document_closes_the_job(desk, server):
    server.pages["/a"] = web.document(b"text\n")
    job = created(desk)
    assert status(send_uri(desk, job, LAST, TEXT, at(server.uri("/a")))) == OK
    settle(desk)
    assert (job.state, len(job.documents)) == (JobState.PENDING, 1)
    assert (
        status(send_uri(desk, job, LAST, TEXT, at(server.uri("/a")))) == StatusCode.CLIENT_ERROR_NOT_POSSIBLE
    )


def test_a_job_that_is_closed_while_its_document_comes(desk, server):
    server.pages["/a"] = web.document(b"text\n" * 20_000)
    job = created(desk)
    assert status(send_uri(desk, job, MORE, TEXT, at(server.uri("/a")))) == OK
    assert status(desk.ask(Operation.CLOSE_JOB, RECEIPT, Attribute.integer("job-id", job.job_id), ANN)) == OK
    settle(desk)
    assert (job.state, len(job.documents)) == (JobState.PENDING, 1)


def test_nothing_follows_the_last_document(desk, server):
    """Also where the last one is still coming when the next is offered."""
    server.pages["/a"] = web.document(b"text\n" * 20_000)
    job = created(desk)
    assert status(send_uri(desk, job, LAST, TEXT, at(server.uri("/a")))) == OK
    number = Attribute.integer("job-id", job.job_id)
    answer = desk.ask(Operation.SEND_DOCUMENT, RECEIPT, number, ANN, MORE, TEXT, document=b"late\n")
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_POSSIBLE
    assert (job.state, len(job.documents)) == (JobState.PENDING, 1)


def test_a_job_that_is_closed_before_its_document_begins_to_come(desk, server, monkeypatch):
    server.pages["/a"] = web.document(b"text\n")
    job = created(desk)
    began = desk.service.references.begin
    begun = []
    monkeypatch.setattr(desk.service.references, "begin", lambda *what: begun.append(what))
    assert status(send_uri(desk, job, MORE, TEXT, at(server.uri("/a")))) == OK
    assert status(desk.ask(Operation.CLOSE_JOB, RECEIPT, Attribute.integer("job-id", job.job_id), ANN)) == OK
    assert job.state == JobState.PENDING_HELD

    async def begin():
        began(*begun[0])

    desk.runner.run(begin())
    settle(desk)
    assert (job.state, len(job.documents)) == (JobState.PENDING, 1)


def test_a_uri_that_is_refused_leaves_the_job_open(desk, server):
    job = created(desk)
    answer = send_uri(desk, job, LAST, TEXT, at("bogus://bogus"))
    assert status(answer) == StatusCode.CLIENT_ERROR_URI_SCHEME_NOT_SUPPORTED
    assert status(send_uri(desk, job, LAST, TEXT, at(server.uri("/nothing here")))) == BAD
    assert status(send_uri(desk, job, LAST, TEXT, at(server.uri("/nothing-here")))) == NO_ACCESS
    server.pages["/a"] = web.document(b"text\n")
    assert job.incoming
    assert status(send_uri(desk, job, LAST, TEXT, at(server.uri("/a")))) == OK


def test_too_many_documents(tmp_path, server):
    server.pages["/a"] = web.document(b"text\n")
    with open_desk(tmp_path, fetch=FETCH, max_documents_per_job=1) as desk:
        job = created(desk)
        assert status(send_uri(desk, job, MORE, TEXT, at(server.uri("/a")))) == OK
        settle(desk)
        answer = send_uri(desk, job, MORE, TEXT, at(server.uri("/a")))
        assert status(answer) == StatusCode.SERVER_ERROR_TOO_MANY_DOCUMENTS
        assert job.state == JobState.PENDING_HELD


def test_jobs_of_others(desk, server):
    bob = Attribute.name_string("requesting-user-name", "bob")
    job = created(desk)
    answer = desk.ask(
        Operation.SEND_URI, RECEIPT, Attribute.integer("job-id", job.job_id), bob, LAST, at(server.uri("/a"))
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_AUTHORIZED


def test_an_error_of_ours_ends_the_job_too(desk, server, monkeypatch):
    def broken(*_):
        raise RuntimeError("a mistake")

    server.pages["/a"] = web.document(b"text\n")
    monkeypatch.setattr(references.References, "_receive", broken)
    job = job_of(desk, print_uri(desk, server.uri("/a"), TEXT))
    settle(desk)
    assert job.state == JobState.ABORTED
