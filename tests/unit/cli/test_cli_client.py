"""The client: what it sends, and what it says when things go wrong."""

from __future__ import annotations

import socket
import threading

import pytest

from tympan.cli.client import IppClient, RequestFailedError, UnreachableError
from tympan.ipp import Attribute, GroupTag, Message, Operation, StatusCode, encode


@pytest.fixture
def client(service):
    with IppClient(service.uri) as made:
        yield made


@pytest.mark.parametrize(
    ("uri", "printer_uri", "names_printer"),
    [
        ("ipp://pi.local", "ipp://pi.local:631/ipp/print", False),
        ("pi.local", "ipp://pi.local:631/ipp/print", False),
        ("ipp://pi.local:8631/", "ipp://pi.local:8631/ipp/print", False),
        ("ipp://pi.local/ipp/print", "ipp://pi.local:631/ipp/print", False),
        ("ipp://pi.local/ipp/print/laser", "ipp://pi.local:631/ipp/print/laser", True),
        ("ipp://cups/printers/old", "ipp://cups:631/printers/old", True),
        ("ipp://[fe80::1]:8631", "ipp://[fe80::1]:8631/ipp/print", False),
        ("ipps://anna:x@pi.local", "ipp://pi.local:631/ipp/print", False),
        ("https://pi.local", "ipp://pi.local:443/ipp/print", False),
        ("http://pi.local", "ipp://pi.local:80/ipp/print", False),
        ("/run/tympan/tympan.sock", "ipp://localhost:631/ipp/print", False),
        ("ipp+unix:///run/tympan.sock", "ipp://localhost:631/ipp/print", False),
    ],
)
def test_uris(uri, printer_uri, names_printer):
    client = IppClient(uri)
    assert client.printer_uri == printer_uri
    assert client.names_printer is names_printer


@pytest.mark.parametrize(
    "uri", ["ipp://anna@pi", "ftp://pi", "ipp://", "ipp://pi:0x1", "ipp://pi:99999", "", "ipp+unix:tympan"]
)
def test_what_is_no_uri(uri):
    with pytest.raises(ValueError, match=r"spoken|no URI|port|ipps"):
        IppClient(uri)


def test_another_printer_of_the_same_service():
    assert IppClient("ipp://pi:8631").for_printer("laser").printer_uri == "ipp://pi:8631/ipp/print/laser"


def test_every_request_begins_as_rfc_8011_wants(service):
    with IppClient(service.uri, user="ada") as client:
        client.call(Operation.GET_PRINTER_ATTRIBUTES, Attribute.keyword("requested-attributes", "all"))
    (seen,) = service.seen
    assert seen.path == "/ipp/print"
    assert seen.message.version == (2, 0)
    assert seen.message.request_id == 1
    assert [(each.name, each.strings()) for each in seen.message.operation_attributes] == [
        ("attributes-charset", ("utf-8",)),
        ("attributes-natural-language", ("en",)),
        ("printer-uri", (f"{service.uri}/ipp/print",)),
        ("requesting-user-name", ("ada",)),
        ("requested-attributes", ("all",)),
    ]
    assert not seen.chunked


def test_get_printers_goes_to_the_system_service(service, client):
    client.call(Operation.GET_PRINTERS)
    (seen,) = service.seen
    assert seen.path == "/ipp/system"
    assert seen.message.operation_attributes.string("system-uri") == f"{service.uri}/ipp/system"


def test_a_document_is_sent_in_chunks_as_it_comes(service, client):
    pieces = [b"a" * 70_000, b"", b"b", b"c" * 3]
    answer = client.call(Operation.PRINT_JOB, document=iter(pieces))
    (seen,) = service.seen
    assert seen.chunked
    assert seen.document == b"".join(pieces)
    assert answer.group(GroupTag.JOB).integer("job-id") == 7


def test_the_connection_is_kept_and_opened_again_when_it_was_closed(service, client):
    client.call(Operation.GET_JOBS)
    client.call(Operation.GET_JOBS)
    service.close_after_answer = True
    for _ in range(3):
        client.call(Operation.GET_JOBS)
    assert [each.message.request_id for each in service.seen] == [1, 2, 3, 4, 5]


def test_a_refusal_carries_status_sentence_and_unsupported(service, client):
    service.refuse(
        Operation.PRINT_JOB,
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
        "cannot print on both sides",
        Attribute.keyword("sides", "two-sided-short-edge"),
    )
    with pytest.raises(RequestFailedError) as caught:
        client.call(Operation.PRINT_JOB, document=[b"x"])
    assert caught.value.status == 0x040B
    assert str(caught.value) == "cannot print on both sides (client-error-attributes-or-values-not-supported)"
    assert caught.value.unsupported == (Attribute.keyword("sides", "two-sided-short-edge"),)


@pytest.mark.parametrize(
    ("http_status", "sentence"),
    [
        (401, "a password is needed: set TYMPAN_PASSWORD"),
        (403, "does not let us"),
        (404, "no printer at this path"),
        (413, "too large"),
        (426, "ipps"),
        (500, "500"),
    ],
)
def test_http_refusals(service, http_status, sentence, client):
    service.http_status = http_status
    with pytest.raises(RequestFailedError, match=sentence):
        client.call(Operation.GET_JOBS)


def test_a_wrong_password_is_called_so(service):
    service.http_status = 401
    with IppClient(service.uri, user="anna") as client:
        client._line.password = "wrong"
        with pytest.raises(RequestFailedError, match=r"wrong name or password: .* does not let anna in"):
            client.call(Operation.GET_JOBS)


def test_what_is_no_ipp_service(service, client):
    service.content_type = "text/html"
    with pytest.raises(RequestFailedError, match="no IPP printer: it answers text/html"):
        client.call(Operation.GET_JOBS)


@pytest.mark.parametrize("raw", [b"", b"\x02\x00", b"\x02\x00\x00\x00\x00\x00\x00\x01\x44\x00\x00\x00\x00"])
def test_an_answer_that_is_no_ipp(service, raw, client):
    service.raw = raw
    with pytest.raises(RequestFailedError, match="no sensible IPP answer"):
        client.call(Operation.GET_JOBS)


def test_an_answer_to_another_request(service, client):
    service.raw = b"\x02\x00\x00\x00\x00\x00\x00\x63\x03"
    with pytest.raises(RequestFailedError, match="answers request 99, not 1"):
        client.call(Operation.GET_JOBS)


def test_nothing_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"refuses the connection.*Is the service running\?"):
        IppClient(f"ipp://127.0.0.1:{port}").call(Operation.GET_JOBS)


def test_a_host_that_does_not_exist():
    with pytest.raises(UnreachableError, match="cannot be reached"):
        IppClient("ipp://nowhere.invalid").call(Operation.GET_JOBS)


def test_somebody_who_only_listens_does_not_hold_us_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = IppClient(f"ipp://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)
        with pytest.raises(UnreachableError, match="does not answer"):
            client.call(Operation.GET_JOBS)


def test_somebody_who_speaks_no_http():
    with socket.create_server(("127.0.0.1", 0)) as babble:
        client = IppClient(f"ipp://127.0.0.1:{babble.getsockname()[1]}", timeout_s=5)

        def speak() -> None:
            connection, _ = babble.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(UnreachableError, match=r"no sensible HTTP answer|broke off"):
            client.call(Operation.GET_JOBS)
        thread.join()


def test_a_refusal_in_mid_upload_is_read():
    """A service that answers and closes before the document is over: what it said counts, not the broken pipe."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                body = encode(
                    Message.of(
                        (2, 0), StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE, 1, (GroupTag.OPERATION, [])
                    )
                )
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):  # a careful server drains, so that its answer is not lost
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        client = IppClient(f"ipp://127.0.0.1:{server.getsockname()[1]}", timeout_s=5)
        with pytest.raises(RequestFailedError, match="request-entity-too-large"):
            client.call(Operation.PRINT_JOB, document=(b"x" * 65536 for _ in range(64)))
        client.close()
        thread.join()
