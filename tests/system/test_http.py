"""HTTP under IPP (RFC 8010 §4, RFC 9110, 9112): what clients do with a connection, by sockets and by curl."""

from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import zlib

import ipp_bytes
import pytest
from ipp_client import printed
from processes import Tympan

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[limits]
max_document_bytes = 1000000

[[printers]]
name = "receipt"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
"""

TEXT = b"Coffee   2.40\n" * 20


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("small"), CONFIG) as running:
        yield running


@pytest.fixture
def connection(small):
    with socket.create_connection(("127.0.0.1", small.port), timeout=10) as made:
        yield made


def print_job(service, document, *more):
    return ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        service.uri("receipt"),
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
        *more,
        document=document,
    )


def head(length, *lines):
    return b"\r\n".join(
        (
            b"POST /ipp/print HTTP/1.1",
            b"Host: localhost",
            b"Content-Type: application/ipp",
            b"Content-Length: %d" % length,
            *lines,
            b"",
            b"",
        )
    )


def answer_of(connection):
    """Status, headers and body of the next response."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        assert received, data
        data += received
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split()[1])
    if status != 100:
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
    else:
        assert not body
    return status, headers, body


def test_expect_is_answered_before_the_body_is_sent(small, connection):
    body = print_job(small, TEXT)
    connection.sendall(head(len(body), b"Expect: 100-continue"))
    assert answer_of(connection)[0] == 100
    connection.sendall(body)
    status, headers, answer = answer_of(connection)
    assert (status, headers["content-type"]) == (200, "application/ipp")
    assert ipp_bytes.status_of(answer) == 0
    assert printed(small, "receipt", ipp_bytes.integer_of(answer, "job-id"))


@pytest.mark.parametrize(
    ("length", "lines", "status"),
    [
        (100, (b"Expect: something-else",), 417),
        (100, (b"Expect: 100-continue", b"Content-Encoding: gzip"), 415),
        (50_000_000, (b"Expect: 100-continue",), 413),
    ],
)
def test_expect_is_refused_before_the_body_is_sent(connection, length, lines, status):
    connection.sendall(head(length, *lines))
    assert answer_of(connection)[0] == status


def test_a_connection_is_kept_and_requests_may_follow_at_once(small, connection):
    body = ipp_bytes.request(
        ipp_bytes.GET_PRINTER_ATTRIBUTES,
        small.uri("receipt"),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "printer-name"),
    )
    for _ in range(3):
        connection.sendall(head(len(body)) + body)
        status, _, answer = answer_of(connection)
        assert status == 200
        assert ipp_bytes.strings_of(answer, "printer-name") == ["receipt"]


@pytest.mark.parametrize(
    ("compression", "compress"),
    [("none", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_documents_come_compressed(small, connection, compression, compress):
    body = print_job(
        small, compress(TEXT), ipp_bytes.attribute(ipp_bytes.KEYWORD, "compression", compression)
    )
    connection.sendall(head(len(body)) + body)
    _, _, answer = answer_of(connection)
    assert ipp_bytes.status_of(answer) == 0
    job_id = ipp_bytes.integer_of(answer, "job-id")
    assert printed(small, "receipt", job_id)
    sent = (small.state / "simulated" / "receipt" / f"{job_id}.bin").read_bytes()
    assert sent.count(b"Coffee   2.40\n") == 20


@pytest.mark.parametrize(
    "options", [(), ("-H", "Transfer-Encoding: chunked"), ("--http1.0",), ("-H", "Expect: 100-continue")]
)
def test_curl_prints(small, tmp_path, options):
    assert shutil.which("curl")
    (tmp_path / "request").write_bytes(print_job(small, TEXT))
    done = subprocess.run(
        ["curl", "-sS", "--fail", "-H", "Content-Type: application/ipp", *options, "--data-binary", "@request", f"http://localhost:{small.port}/ipp/print", "-o", "answer"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = (tmp_path / "answer").read_bytes()
    assert ipp_bytes.status_of(answer) == 0
    assert printed(small, "receipt", ipp_bytes.integer_of(answer, "job-id"))


def test_the_page_for_people(small):
    done = subprocess.run(
        ["curl", "-sS", "--fail", f"http://localhost:{small.port}/"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "receipt" in done.stdout
    assert done.stdout.rstrip().endswith("</html>")


@pytest.mark.parametrize(
    ("first", "status"),
    [(b"GET /no-such-page HTTP/1.1", 404), (b"DELETE / HTTP/1.1", 405), (b"HEAD / HTTP/1.1", 200)],
)
def test_what_is_no_ipp(connection, first, status):
    connection.sendall(first + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 %d " % status)
