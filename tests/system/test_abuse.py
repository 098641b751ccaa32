"""Clients that want everything for themselves, or mean harm: limits hold, refusals are honest, others keep printing."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time

import ipp_bytes
import pytest
from ipp_client import ask, jobs, printed
from network import wait_until
from processes import RECEIPT_AND_LASER, SERVER, Tympan

LIMITS = """
[limits]
max_connections = 60
max_connections_per_address = 40
request_header_timeout_s = 3
request_body_idle_timeout_s = 3
keepalive_timeout_s = 20
min_upload_bytes_per_s = 1000
"""

CONFIG = SERVER + LIMITS + RECEIPT_AND_LASER

PRINT_TEXT = ipp_bytes.request(
    ipp_bytes.PRINT_JOB,
    "ipp://localhost/ipp/print/receipt",
    ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
    document=b"Coffee   2.40\n",
)
GET_PRINTER = ipp_bytes.request(
    ipp_bytes.GET_PRINTER_ATTRIBUTES,
    "ipp://localhost/ipp/print/receipt",
    ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "printer-state"),
)
TLS_BEGINS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""A handshake record and the head of a ClientHello, RFC 8446 §4.1.2; the rest never comes."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


def from_address(service, address, timeout_s=30.0):
    return socket.create_connection(
        ("127.0.0.1", service.port), timeout=timeout_s, source_address=(address, 0)
    )


def prints(service, address="127.0.0.99"):
    """Somebody else prints, and gets their paper."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", service.port, timeout=30, source_address=(address, 0)
    )
    with contextlib.closing(connection):
        connection.request("POST", "/ipp/print", PRINT_TEXT, {"Content-Type": "application/ipp"})
        response = connection.getresponse()
        answer = response.read()
    assert response.status == 200, answer
    job_id = ipp_bytes.integer_of(answer, "job-id")
    end = time.monotonic() + 30
    while state_of(service, job_id) != 9:
        assert time.monotonic() < end, service.log.read_text()[-2000:]
        time.sleep(0.02)
    assert list((service.state / "simulated" / "receipt").glob(f"{job_id}-*.png"))


def state_of(service, job_id):
    """``job-state``, over the Unix socket: no limit of the network concerns it."""
    request = ipp_bytes.request(
        ipp_bytes.GET_JOB_ATTRIBUTES,
        "ipp://localhost/ipp/print/receipt",
        ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", job_id),
    )
    return ipp_bytes.integer_of(ask(service, request, local=True), "job-state")


def said(connection):
    """What the other end has said until now."""
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError, ConnectionError):
        return connection.recv(4096)
    return b""


def status_of(connection):
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return response.status, response.read()
    finally:
        response.close()


# --- connections --------------------------------------------------------------------------------------------------------


def test_500_connections_of_one_address_get_what_one_may_have(service):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(from_address(service, "127.0.0.1")) for _ in range(500)]
        prints(service)
        refused = [status_of(connection) for connection in opened[40:]]
        assert {status for status, _ in refused} == {503}
        assert b"too many connections" in refused[0][1]
        assert {said(connection) for connection in opened[:40]} == {b""}
    prints(service, "127.0.0.1")


def test_500_connections_of_many_addresses_leave_room_for_who_prints(service):
    with contextlib.ExitStack() as stack:
        for number in range(500):
            stack.enter_context(from_address(service, f"127.0.1.{number % 250 + 1}"))
            if number % 100 == 99:
                prints(service)


def test_busy_connections_are_not_closed_for_others(service):
    head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 100000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(from_address(service, f"127.0.2.{n % 2 + 1}")) for n in range(60)]
        for upload in uploads:
            upload.sendall(head + PRINT_TEXT)
        time.sleep(0.5)
        one_more = stack.enter_context(from_address(service, "127.0.2.3"))
        status, text = status_of(one_more)
        assert status == 503
        assert b"try again" in text
        for upload in uploads[:3]:
            upload.sendall(b"x" * (100_000 - len(PRINT_TEXT)))
            assert status_of(upload)[0] == 200
    prints(service)


@pytest.mark.parametrize(
    "begins",
    [b"", TLS_BEGINS, b"\x16", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 500\r\n\r\n\x02\x00"],
    ids=["nothing", "a ClientHello", "one byte of TLS", "half a header", "half a message"],
)  # fmt: skip
def test_what_stands_still_is_let_go_while_others_print(service, begins):
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        still = [stack.enter_context(from_address(service, "127.0.0.1")) for _ in range(20)]
        for connection in still:
            connection.sendall(begins)
        prints(service)
        for connection in still:
            connection.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass
        assert 2 < time.monotonic() - began < 15


def trickle(service, head, piece, pause_s, most_s=40.0):
    """Send a piece again and again; how long it was listened to, and what was said in the end."""
    with from_address(service, "127.0.0.1") as connection:
        connection.sendall(head)
        began = time.monotonic()
        told = b""
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < most_s:
                connection.sendall(piece)
                connection.settimeout(pause_s)
                with contextlib.suppress(TimeoutError):
                    told = connection.recv(4096)
                    break
        return time.monotonic() - began, told


def test_headers_that_trickle(service):
    took_s, _ = trickle(service, b"GET / HTTP/1.1\r\n", b"X: y\r\n", 0.5)
    assert took_s < 15


def test_an_ipp_message_that_trickles(service):
    head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 100000\r\n\r\n"
    took_s, told = trickle(service, head + PRINT_TEXT[:60], b"\x00", 0.5)
    assert took_s < 15
    assert told.startswith(b"HTTP/1.1 400")


def test_a_document_that_trickles_ends_its_job(service):
    head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: 100000\r\n\r\n"
    took_s, told = trickle(service, head + PRINT_TEXT, b"still there\n", 0.5)
    assert 2 < took_s < 15
    assert told.startswith(b"HTTP/1.1 400")
    newest = max(jobs(service, "receipt"))
    # It may have begun to print: then the printer is brought to a clean state first.
    wait_until(lambda: state_of(service, newest) == 8, what="the job is aborted")


def test_a_document_that_comes_slowly_but_comes_prints(service):
    document = b"Coffee   2.40\n" * 1000
    body = PRINT_TEXT[: -len(b"Coffee   2.40\n")] + document
    head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n"
    with from_address(service, "127.0.0.1") as connection:
        connection.sendall(head % len(body))
        for start in range(0, len(body), 2000):
            connection.sendall(body[start : start + 2000])
            time.sleep(0.7)
        status, answer = status_of(connection)
    assert status == 200
    assert printed(service, "receipt", ipp_bytes.integer_of(answer, "job-id"))


def test_pipelined_requests_are_answered_in_order_and_do_not_pile_up(service):
    count = 3000

    def request(number):
        body = GET_PRINTER[:4] + number.to_bytes(4, "big") + GET_PRINTER[8:]
        head = b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n"
        return head % len(body) + body

    with from_address(service, "127.0.0.1") as connection:
        connection.setblocking(False)
        unsent = b"".join(request(number) for number in range(1, count + 1))
        answers = connection.makefile("rb")
        seen = 0
        while seen < count:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                unsent = unsent[connection.send(unsent[:65536]) :] if unsent else unsent
            connection.settimeout(20)
            length = 0
            while (line := answers.readline()) not in {b"\r\n", b""}:
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = answers.read(length)
            seen += 1
            assert int.from_bytes(body[4:8], "big") == seen
        answers.close()
    prints(service)


def test_tls_clients_that_leave_at_any_moment(service):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context.wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    data = outgoing.read()
    for cut in range(1, len(data), 16):
        with from_address(service, "127.0.0.1") as connection:
            connection.sendall(data[:cut])
    prints(service)


# --- jobs ---------------------------------------------------------------------------------------------------------------


def test_ten_thousand_jobs_and_one_more(tmp_path):
    config = (
        SERVER
        + 'durability = "relaxed"\n[limits]\nmax_jobs = 10_000\n'
        + RECEIPT_AND_LASER.replace("sim://receipt?speed=max", "socket://127.0.0.1:1")
    )
    with Tympan(tmp_path, config) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        with contextlib.closing(connection):

            def post(body):
                connection.request("POST", "/ipp/print", body, {"Content-Type": "application/ipp"})
                return connection.getresponse().read()

            for _ in range(10_000):
                assert ipp_bytes.status_of(post(PRINT_TEXT)) == 0
            answer = post(PRINT_TEXT)
            assert ipp_bytes.status_of(answer) == 0x0507  # server-error-busy
            assert "10000 jobs" in ipp_bytes.strings_of(answer, "status-message")[0]
            began = time.monotonic()
            assert ipp_bytes.status_of(post(GET_PRINTER)) == 0
            assert time.monotonic() - began < 1
            first = ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", 5000)
            cancel = ipp_bytes.request(ipp_bytes.CANCEL_JOB, "ipp://localhost/ipp/print/receipt", first)
            assert ipp_bytes.status_of(post(cancel)) == 0
            laser = ipp_bytes.request(  # the room is there again, for the other printer too
                ipp_bytes.PRINT_JOB,
                "ipp://localhost/ipp/print/laser",
                ipp_bytes.attribute(ipp_bytes.MIME, "document-format", "text/plain"),
                document=b"Hello.\n",
            )
            answer = post(laser)
            assert ipp_bytes.status_of(answer) == 0
            assert printed(service, "laser", ipp_bytes.integer_of(answer, "job-id"))
