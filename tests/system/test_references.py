"""Documents that the real service fetches itself, and what comes out of the printer of them."""

from __future__ import annotations

import pytest
import samples
import web_server as web
from ipp_client import ask, ended, printed
from processes import RECEIPT_AND_LASER, SERVER, Tympan

from tympan.ipp import Attribute, GroupTag, Message, Operation, decode, encode

CONFIG = f"""{SERVER}
[fetch]
allow_hosts = ["localhost"]
connect_timeout_s = 2
idle_timeout_s = 1
{RECEIPT_AND_LASER}"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("references"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def server():
    with web.web_server() as made:
        yield made


def print_uri(service, printer, uri, *attributes):
    operation = (
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", "en"),
        Attribute.uri("printer-uri", service.uri(printer)),
        Attribute.uri("document-uri", uri),
        *attributes,
    )
    message = Message.of((2, 0), Operation.PRINT_URI, 1, (GroupTag.OPERATION, operation))
    return decode(ask(service, encode(message)))[0]


def accepted(answer):
    assert answer.code == 0, answer
    return answer.group(GroupTag.JOB).integer("job-id")


@pytest.mark.parametrize(("printer", "sheets"), [("laser", 3), ("receipt", 1)])
def test_a_pdf_by_reference_is_printed(service, server, printer, sheets):
    server.pages["/three.pdf"] = web.document(samples.pdf("a4", pages=3), "application/pdf")
    job_id = accepted(print_uri(service, printer, server.uri("/three.pdf", "localhost")))
    assert len(printed(service, printer, job_id)) == sheets


def test_a_large_document_that_comes_slowly_is_there_whole(service, server):
    def slow(request):
        content = samples.pdf("a4", pages=2) + b"%" + b" " * 3_000_000
        request.send_response(200)
        request.end_headers()
        for start in range(0, len(content), 100_000):
            request.wfile.write(content[start : start + 100_000])
            request.server.stopping.wait(0.02)

    server.pages["/slow.pdf"] = slow
    job_id = accepted(print_uri(service, "laser", server.uri("/slow.pdf", "localhost")))
    assert len(printed(service, "laser", job_id)) == 2


def test_a_text_that_stands_still_ends_with_the_reason(service, server):
    """It is printed from the front while it comes: what was printed is printed, and the job says what is missing."""
    server.pages["/still"] = web.standing_still
    plain = Attribute.mime("document-format", "text/plain")
    job_id = accepted(print_uri(service, "receipt", server.uri("/still", "localhost"), plain))
    state, reasons, message, _ = ended(service, "receipt", job_id)
    assert state == 8
    assert "aborted-by-system" in reasons
    assert message


def test_other_names_of_this_machine_are_not_allowed(service, server):
    server.pages["/a.txt"] = web.document(b"secret\n")
    server.asked.clear()
    answer = print_uri(service, "receipt", server.uri("/a.txt", "127.0.0.1"))
    assert answer.code == 0x0412  # client-error-document-access-error
    server.pages["/redirects"] = web.redirection(server.uri("/a.txt", "127.0.0.1"))
    answer = print_uri(service, "receipt", server.uri("/redirects", "localhost"))
    assert answer.code == 0x0412
    assert server.asked == ["/redirects"]
