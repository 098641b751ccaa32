"""What operators tell a printer reaches the paper: a job stops in print and goes on, a device is let go and opened again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import ipp_bytes
import pytest
from ipp_bytes import MIME, attribute
from ipp_client import ask, ended, print_bytes, printed, wait_for_job
from processes import SERVER, Tympan

from tympan_sim import control

CONFIG = (
    SERVER
    + """
[[printers]]
name = "laser"
device = "sim://laser?speed=10"
driver = "pcl"
profile = "generic-pcl5e-duplex"
default = true

[[printers]]
name = "counter"
device = "sim://counter?model=tm-t88v"
driver = "escpos"
profile = "tm-t88"
"""
)

PAUSE, RESUME, DISABLE, ENABLE, AFTER_CURRENT, RESTART, SHUTDOWN, STARTUP = (
    0x10, 0x11, 0x23, 0x22, 0x24, 0x29, 0x2A, 0x2B,
)  # fmt: skip
"""RFC 8011 §5.4.15, RFC 3998 §10."""

OK, NOT_AUTHORIZED, NOT_ACCEPTING, DEACTIVATED = 0x0000, 0x0403, 0x0506, 0x050A
PENDING, PROCESSING, STOPPED = 3, 5, 6
PRINTER_STOPPED = 5

PAGES = 20
LINES = [random.Random(line).randbytes(35).hex() for line in range(55)]
DOCUMENT = "\f".join(f"page {number}\n{chr(10).join(LINES)}\n" for number in range(1, PAGES + 1)).encode()
"""Full pages: the printer's memory holds a part of them."""

COMES_OUT_S = 40
"""How long it may take until what the printer holds has come out."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(autouse=True)
def resumed(service):
    """A test that failed leaves no printer paused for the others."""
    yield
    tell(service, RESUME)


def until(condition, timeout_s=60.0):
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not after {timeout_s} s"
        time.sleep(0.02)
    return found


def tell(service, operation, printer="laser", *, local=True):
    answer = ask(service, ipp_bytes.request(operation, service.uri(printer)), local=local)
    return ipp_bytes.status_of(answer)


def job(service, printer, job_id):
    """State, reasons and how many sides are printed."""
    answer = ask(
        service,
        ipp_bytes.request(
            ipp_bytes.GET_JOB_ATTRIBUTES,
            service.uri(printer),
            attribute(ipp_bytes.INTEGER, "job-id", job_id),
        ),
    )
    return (
        ipp_bytes.integer_of(answer, "job-state"),
        ipp_bytes.strings_of(answer, "job-state-reasons"),
        ipp_bytes.integer_of(answer, "job-impressions-completed"),
    )


def printer(service, name="laser"):
    answer = ask(service, ipp_bytes.request(ipp_bytes.GET_PRINTER_ATTRIBUTES, service.uri(name)))
    return ipp_bytes.integer_of(answer, "printer-state"), ipp_bytes.strings_of(
        answer, "printer-state-reasons"
    )


def received(service, name):
    socket = service.state / "simulated" / name / "control.sock"
    return json.loads(control.send(socket, "status"))["received"]


def tympan(service, *words):
    return subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", *words, "--uri", str(service.socket)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


QUESTIONS_BYTES = 400
"""A printer that stands still may be asked how it is, some 30 bytes each time; a page has thousands."""


def slow_job(service, pages=1):
    """A job that has printed so many pages and has more to come."""
    job_id = print_bytes(service, "laser", DOCUMENT, "text/plain")
    until(lambda: job(service, "laser", job_id)[2] >= pages)
    return job_id


def test_somebody_on_the_network_cannot(service):
    for operation in (PAUSE, RESUME, DISABLE, SHUTDOWN, RESTART):
        assert tell(service, operation, local=False) == NOT_AUTHORIZED
    assert printer(service) == (3, ["none"])


def test_a_job_stops_in_print_and_goes_on_from_the_page_that_was_not_confirmed(service):
    job_id = slow_job(service)
    following = print_bytes(service, "laser", b"After it.\n", "text/plain")
    assert tell(service, PAUSE) == OK
    until(lambda: job(service, "laser", job_id)[0] == STOPPED, COMES_OUT_S)
    assert "printer-stopped" in job(service, "laser", job_id)[1]
    assert printer(service) == (PRINTER_STOPPED, ["paused"])
    done = job(service, "laser", job_id)[2]
    assert 1 <= done < PAGES
    before = received(service, "laser")
    time.sleep(1.5)  # several pages take that long
    assert received(service, "laser") - before < QUESTIONS_BYTES
    assert job(service, "laser", job_id)[::2] == (STOPPED, done)
    assert job(service, "laser", following)[0] == PENDING
    assert tell(service, RESUME) == OK
    wait_for_job(service, "laser", job_id, 100)
    wait_for_job(service, "laser", following, 60)
    assert job(service, "laser", job_id)[2] == PAGES
    # What was in the machine came out of it before it rested; of the page that was on its way a part has, and comes again, marked.
    assert PAGES <= len(printed(service, "laser", job_id)) <= PAGES + 1


def test_a_paused_job_survives_a_restart_and_the_printer_stays_paused(service):
    job_id = slow_job(service, pages=2)
    assert tell(service, PAUSE) == OK
    until(lambda: job(service, "laser", job_id)[0] == STOPPED, COMES_OUT_S)
    done = job(service, "laser", job_id)[2]
    assert service.stop() == 0
    service.start()
    assert printer(service) == (PRINTER_STOPPED, ["paused"])
    time.sleep(1)
    assert job(service, "laser", job_id)[::2] == (PENDING, done)
    assert tell(service, RESUME) == OK
    wait_for_job(service, "laser", job_id, 100)
    assert job(service, "laser", job_id)[2] == PAGES


def test_a_paused_job_is_canceled_at_once(service):
    job_id = slow_job(service)
    assert tell(service, PAUSE) == OK
    until(lambda: job(service, "laser", job_id)[0] == STOPPED, COMES_OUT_S)
    cancel = ipp_bytes.request(
        ipp_bytes.CANCEL_JOB, service.uri("laser"), attribute(ipp_bytes.INTEGER, "job-id", job_id)
    )
    assert ipp_bytes.status_of(ask(service, cancel, local=True)) == OK
    assert ended(service, "laser", job_id, 5)[0] == 7
    assert tell(service, RESUME) == OK


def test_the_current_job_finishes_before_the_printer_rests(service):
    job_id = slow_job(service)
    assert tell(service, SHUTDOWN) == OK
    assert printer(service) == (4, ["moving-to-paused", "shutdown"])
    assert tell(service, ipp_bytes.CREATE_JOB, local=False) == DEACTIVATED
    wait_for_job(service, "laser", job_id, 100)
    until(lambda: printer(service) == (PRINTER_STOPPED, ["paused", "shutdown"]), 5)
    assert tell(service, STARTUP) == OK
    wait_for_job(service, "laser", print_bytes(service, "laser", b"Up again.\n", "text/plain"), 60)


def test_a_restart_loses_no_job(service):
    job_id = slow_job(service)
    assert tell(service, DISABLE) == OK
    create = ipp_bytes.request(
        ipp_bytes.PRINT_JOB, service.uri("laser"), attribute(MIME, "document-format", "text/plain"),
        document=b"no\n",
    )  # fmt: skip
    assert ipp_bytes.status_of(ask(service, create)) == NOT_ACCEPTING
    assert tell(service, RESTART) == OK
    wait_for_job(service, "laser", job_id, 100)
    assert job(service, "laser", job_id)[2] == PAGES
    wait_for_job(service, "laser", print_bytes(service, "laser", b"Again.\n", "text/plain"), 60)


def test_the_verbs(service):
    """On a receipt printer at its own speed, where three thousand lines take more than half a minute."""
    lines = b"".join(b"line %d\n" % number for number in range(3000))
    job_id = print_bytes(service, "counter", lines, "text/plain")
    until(lambda: job(service, "counter", job_id)[0] == PROCESSING)
    done = tympan(service, "pause", "counter", "--message", "Back at noon.")
    assert done.returncode == 0, done.stderr
    until(lambda: printer(service, "counter") == (PRINTER_STOPPED, ["paused"]), 10)
    assert printer(service) == (3, ["none"])
    refused = subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", "resume", "--uri", service.uri("counter")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "operator" in refused.stderr
    assert tympan(service, "resume", "-P", "counter").returncode == 0
    until(lambda: job(service, "counter", job_id)[0] == PROCESSING, 10)
    assert tympan(service, "cancel", str(job_id)).returncode == 0
    ended(service, "counter", job_id, 10)


def test_a_printer_is_added_prints_survives_and_is_removed(service):
    out = service.state / "label.bin"
    added = tympan(service, "add", "label", f"file://{out}", "--driver", "escpos", "--info", "Labels")
    assert added.returncode == 0, added.stderr
    assert f"file://{out}" in added.stdout
    wait_for_job(service, "label", print_bytes(service, "label", b"A label.\n", "text/plain"))
    assert b"A label." in out.read_bytes()
    refused = subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", "add", "mine", f"file://{out}", "--driver", "escpos",
         "--uri", service.uri().partition("/ipp")[0]],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "administrator" in refused.stderr
    assert service.stop() == 0
    service.start()
    wait_for_job(service, "label", print_bytes(service, "label", b"Another.\n", "text/plain"))
    assert b"Another." in out.read_bytes()
    listed = tympan(service, "status", "--json")
    assert "label" in listed.stdout
    removed = tympan(service, "remove", "label")
    assert removed.returncode == 0, removed.stderr
    assert "label" not in tympan(service, "status", "--json").stdout
    assert tympan(service, "remove", "laser").returncode == 1


def test_the_system_starts_anew_without_losing_what_prints(service):
    """Restart-System, PWG 5100.22: the process stays, and what it printed is printed to its end."""
    job_id = slow_job(service)
    pid, starts = service.pid, _starts(service)
    request = ipp_bytes.request(0x60, service.uri()).replace(
        ipp_bytes.attribute(ipp_bytes.URI, "printer-uri", service.uri()),
        ipp_bytes.attribute(ipp_bytes.URI, "system-uri", f"ipp://localhost:{service.port}/ipp/system"),
    )
    assert ipp_bytes.status_of(ask(service, request)) == NOT_AUTHORIZED
    answer = ask(service, request, local=True)
    assert ipp_bytes.status_of(answer) == OK
    until(lambda: _starts(service) > starts)
    until(lambda: _finished(service, job_id))
    assert service.process.poll() is None
    assert service.pid == pid


def _starts(service):
    return service.log.read_text().count("printer laser listens")


def _finished(service, job_id):
    try:
        return job(service, "laser", job_id)[::2] == (9, PAGES)
    except OSError:  # between two starts nobody listens
        return False
