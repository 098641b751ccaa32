"""Raster that arrives slowly prints while it arrives, in bounded memory; a client that leaves spoils nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import ipp_bytes
import numpy as np
import pytest
import samples
from ipp_client import ask, ended, print_bytes, printed, wait_for_job
from PIL import Image
from processes import pss_bytes

from tympan.service.intake import STREAM_AFTER_S

MIB = 1 << 20
PAUSE, RESUME = 0x10, 0x11
STOPPED = 6


def head(service, printer, document_format, operation=ipp_bytes.PRINT_JOB, *attributes):
    return ipp_bytes.request(
        operation,
        service.uri(printer),
        *attributes,
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", document_format),
    )


class SlowUpload:
    """A Print-Job, or a Send-Document, whose chunked body is sent a piece at a time."""

    def __init__(self, service, printer, document_format, *operation):
        self._socket = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        self._socket.sendall(
            b"POST /ipp/print HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self.send(head(service, printer, document_format, *operation))

    def send(self, data):
        self._socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def finish(self):
        """Send the end; returns the IPP answer."""
        self._socket.sendall(b"0\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65536)
        headers, _, body = answer.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in headers.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += self._socket.recv(65536)
        return body

    def leave(self):
        self._socket.close()


@pytest.fixture
def upload(service):
    made = []

    def begin(printer, document_format, *operation):
        made.append(SlowUpload(service, printer, document_format, *operation))
        return made[-1]

    yield begin
    for each in made:
        each.leave()


def newest_job(service, printer, attribute="job-state"):
    """Number of the printer's newest job, and one of its attributes."""
    answer = ask(
        service,
        ipp_bytes.request(
            ipp_bytes.GET_JOBS,
            service.uri(printer),
            ipp_bytes.attribute(ipp_bytes.KEYWORD, "which-jobs", "all"),
            ipp_bytes.attribute(ipp_bytes.INTEGER, "limit", 1),
            ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "all"),
        ),
    )
    return ipp_bytes.integer_of(answer, "job-id") or 0, ipp_bytes.integer_of(answer, attribute) or 0


def until(condition, timeout_s=30.0):
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not after {timeout_s} s"
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_it_prints_before_its_last_byte_was_sent(service, upload, printer):
    pages = [samples.chart(620, 877, seed=seed) for seed in range(6)]
    raster = samples.pwg_raster(pages, dpi=75)
    sending = upload(printer, "image/pwg-raster")
    sending.send(raster[: len(raster) // 2])
    until(lambda: newest_job(service, printer, "job-impressions-completed")[1] >= 2)
    sending.send(raster[len(raster) // 2 :])
    answer = sending.finish()
    assert ipp_bytes.status_of(answer) == 0
    job_id = ipp_bytes.integer_of(answer, "job-id")
    assert len(printed(service, printer, job_id)) == (6 if printer == "laser" else 1)


@pytest.mark.parametrize(
    ("printer", "document_format"),
    [("receipt", "image/pwg-raster"), ("laser", "image/pwg-raster"), ("receipt", "application/vnd.escpos")],
)
def test_a_client_that_leaves_in_the_middle_spoils_nothing(service, upload, printer, document_format):
    before = newest_job(service, printer)[0]
    if document_format == "image/pwg-raster":
        document = samples.pwg_raster([samples.chart(620, 877, seed=seed) for seed in range(4)], dpi=75)
    else:
        document = b"\x1b@" + b"a line that is printed while it arrives\n" * 5000
    sending = upload(printer, document_format)
    sending.send(document[: len(document) // 3])
    until(lambda: newest_job(service, printer)[0] > before)
    sending.leave()
    job_id, _ = newest_job(service, printer)
    assert job_id > before
    state = until(lambda: (found := newest_job(service, printer)) and found[1] in {7, 8, 9} and found[1])
    assert state == 8, "aborted"
    reference = samples.png(samples.chart(288, 200))
    next_id = print_bytes(service, printer, reference, "image/png")
    assert len(printed(service, printer, next_id)) == 1


def tell(service, printer, operation):
    answer = ask(service, ipp_bytes.request(operation, service.uri(printer)), local=True)
    assert ipp_bytes.status_of(answer) == 0


@pytest.mark.parametrize(
    ("printer", "document_format"),
    [("receipt", "image/pwg-raster"), ("laser", "image/pwg-raster"), ("receipt", "application/vnd.escpos")],
)
@pytest.mark.parametrize("arrives", [True, False], ids=["arrives", "breaks off"])
def test_one_that_is_stopped_while_it_arrives_goes_on(service, upload, printer, document_format, arrives):
    """What reads it after the pause reads it anew; where the rest never comes, the job says so."""
    if document_format == "image/pwg-raster":
        document = samples.pwg_raster([samples.chart(620, 877, seed=seed) for seed in range(4)], dpi=75)
    else:
        document = b"\x1b@" + b"a line that is printed while it arrives\n" * 5000 + b"\x1dV\x42\x00"
    before = newest_job(service, printer)[0]
    sending = upload(printer, document_format)
    sending.send(document[: len(document) // 2])
    until(lambda: newest_job(service, printer)[0] > before and newest_job(service, printer)[1] == 5)
    job_id, _ = newest_job(service, printer)
    tell(service, printer, PAUSE)
    until(lambda: newest_job(service, printer)[1] == STOPPED)
    if not arrives:
        sending.leave()
    tell(service, printer, RESUME)
    if not arrives:
        state, reasons, _, _ = ended(service, printer, job_id)
        assert (state, "job-data-insufficient" in reasons) == (8, True)
        return
    sending.send(document[len(document) // 2 :])
    answer = sending.finish()
    assert (ipp_bytes.status_of(answer), ipp_bytes.integer_of(answer, "job-id")) == (0, job_id)
    pages = printed(service, printer, job_id)
    assert len(pages) >= (4 if printer == "laser" else 1)


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_a_document_that_arrives_slowly_does_not_end_a_job_that_has_others(service, upload, printer):
    created = ask(service, ipp_bytes.request(ipp_bytes.CREATE_JOB, service.uri(printer)))
    job_id = ipp_bytes.integer_of(created, "job-id")
    raster = samples.pwg_raster([samples.chart(620, 877, seed=seed) for seed in range(2)], dpi=75)
    for last in (False, True):
        sending = upload(
            printer, "image/pwg-raster", ipp_bytes.SEND_DOCUMENT,
            ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", job_id),
            ipp_bytes.attribute(ipp_bytes.BOOLEAN, "last-document", last),
        )  # fmt: skip
        sending.send(raster[: len(raster) // 2])
        time.sleep(2 * STREAM_AFTER_S)
        sending.send(raster[len(raster) // 2 :])
        answer = sending.finish()
        assert ipp_bytes.status_of(answer) == 0, ipp_bytes.strings_of(answer, "status-message")
    one = printed(service, printer, print_bytes(service, printer, raster, "image/pwg-raster"))
    both = printed(service, printer, job_id)
    if printer == "laser":
        assert (len(one), len(both)) == (2, 4)
    else:  # in one piece
        assert _height(both[0]) > 1.8 * _height(one[0])


def _height(picture):
    with Image.open(picture) as opened:
        return opened.height


def test_memory_does_not_grow_with_pages_or_with_the_roll(service):
    wait_for_job(service, "laser", print_bytes(service, "laser", b"warm\n", "text/plain"))
    idle = pss_bytes(service.pid, without="tympan_sim")
    peak = [0]
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            with contextlib.suppress(OSError):
                peak[0] = max(peak[0], pss_bytes(service.pid, without="tympan_sim"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        page = np.full((877, 620), 255, np.uint8)
        page[100:300, 100:400] = np.random.default_rng(1).integers(0, 255, (200, 300), np.uint8)
        raster = samples.pwg_raster([page] * 30, dpi=75)
        roll = samples.pwg_raster([np.tile(samples.chart(576, 1000), (40, 1))], dpi=203)
        for printer, document in (("laser", raster), ("receipt", roll)):
            job_id = print_bytes(service, printer, document, "image/pwg-raster")
            wait_for_job(service, printer, job_id, 120)
    finally:
        done.set()
        watcher.join()
    assert (peak[0] - idle) / MIB < 60
