"""Clients that leave in mid-upload or stand still, and what is no HTTP: jobs that end, connections that close, answers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import time

import ipp_bytes
import pytest
import samples
from ipp_bytes import MIME, NAME, attribute
from ipp_client import ended, jobs
from processes import RECEIPT_AND_LASER, SERVER, Tympan

CONFIG = (
    SERVER
    + """
[limits]
request_header_timeout_s = 2
request_body_idle_timeout_s = 2
keepalive_timeout_s = 2
"""
    + RECEIPT_AND_LASER
)

ABORTED = 8
"""``job-state``, RFC 8011 §5.3.7."""

MIB = 1 << 20

pytestmark = pytest.mark.usefixtures("still_prints")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


# --- clients that leave -------------------------------------------------------------------------------------------------


def upload_head(service, name, body_header):
    request = ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        service.uri("laser"),
        attribute(NAME, "job-name", name),
        attribute(MIME, "document-format", "application/pdf"),
    )
    head = f"POST /ipp/print HTTP/1.1\r\nHost: localhost:{service.port}\r\nContent-Type: application/ipp\r\n{body_header}\r\n\r\n"
    return head.encode(), request


def job_called(service, name, timeout_s=30.0):
    """The id of the job with this name, once there is one."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for job_id, job_name in jobs(service, "laser").items():
            if job_name == name:
                return job_id
        time.sleep(0.02)
    raise AssertionError(f"there is no job {name!r}: {service.log.read_text()[-2000:]}")


DOCUMENT = samples.pdf(pages=3) + bytes(2 * MIB)


@pytest.mark.parametrize("ending", ["closed", "reset", "stands still"])
@pytest.mark.parametrize("framing", ["content-length", "chunked"])
def test_a_client_that_leaves_in_mid_upload(service, framing, ending):
    name = f"{framing} {ending}"
    length = f"Content-Length: {10 * MIB}" if framing == "content-length" else "Transfer-Encoding: chunked"
    head, request = upload_head(service, name, length)
    body = request + DOCUMENT
    if framing == "chunked":
        body = b"%x\r\n%s\r\n%x\r\nno more of it" % (len(body), body, MIB)
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(head + body)
        end = time.monotonic() + 30
        while not list((service.state / "spool").iterdir()):  # it is being received
            assert time.monotonic() < end
            time.sleep(0.005)
        if ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending == "stands still":
            assert connection.recv(4096)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 408")
    job_id = job_called(service, name)
    state, reasons, told, _ = ended(service, "laser", job_id)
    assert state == ABORTED
    assert "job-data-insufficient" in reasons
    assert told
    assert not list((service.state / "simulated" / "laser").glob(f"{job_id}-*.png"))
    assert not list((service.state / "spool").iterdir())


def test_a_client_that_leaves_in_the_message_makes_no_job(service):
    before = jobs(service, "laser")
    head, request = upload_head(service, "never", "Content-Length: 5000")
    for cut in (1, 9, 60, len(request) - 1):
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
            connection.sendall(head + request[:cut])
    assert jobs(service, "laser") == before


# --- HTTP ---------------------------------------------------------------------------------------------------------------


def answered(service, data, timeout_s=30.0):
    """What HTTP status these bytes get; 0 where the connection is closed without a word."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=timeout_s) as connection:
        with contextlib.suppress(ConnectionError):  # it may answer and close before all was sent
            connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            response.read()
        except (http.client.HTTPException, ConnectionError):
            return 0
        finally:
            response.close()
        return response.status


POST = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n"
GARBAGE = {
    "octets": (bytes(range(128, 256)) + b"\r\n\r\n", {400}),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), {0, 400}),
    "no HTTP": (b"HELO printer\r\n\r\n", {400}),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\n\r\n", {400, 505}),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", {400}),
    "a header with a NUL": (b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n", {400}),
    "a negative length": (POST + b"Content-Length: -5\r\n\r\n", {400}),
    "a length that is no number": (POST + b"Content-Length: ten\r\n\r\n", {400}),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", {400}),
    "chunked with a length": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "a chunk of no size": (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", {200, 400}),
    "an unknown expectation": (POST + b"Expect: a-miracle\r\nContent-Length: 1\r\n\r\nx", {417}),
    "a content encoding": (POST + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", {415}),
    "a wrong host": (b"POST / HTTP/1.1\r\nHost: a b\r\nContent-Type: application/ipp\r\n\r\n", {400}),
    "a long line": (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", {400, 414}),
    "a long header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", {400, 431}),
    "a method that is not offered": (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405, 501}),
    "IPP by PUT": (
        b"PUT /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 0\r\n\r\n",
        {405, 501},
    ),
    "a path out of the house": (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
    "no path at all": (b"GET nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
}


@pytest.mark.parametrize(("data", "statuses"), GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_http_gets_an_answer(service, data, statuses):
    assert answered(service, data) in statuses


@pytest.mark.parametrize(
    ("kept", "pause_s", "most"), [(False, 0.0, 200_000), (False, 0.25, 1000), (True, 0.25, 1000)]
)
def test_endless_headers_come_to_an_end(service, kept, pause_s, most):
    """However slowly or quickly they come, and however many, on a new connection or a kept one: it is closed."""
    line = b"X-Header-%d: " + b"y" * 200 + b"\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        if kept:
            connection.sendall(POST + b"Content-Length: 0\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for number in range(most):
                connection.sendall(line % number)
                time.sleep(pause_s)
                assert time.monotonic() - began < 60, "they were taken for a minute"
            raise AssertionError(f"{most} headers were taken")


def test_a_connection_that_says_nothing_is_closed(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        assert connection.recv(1) == b""
