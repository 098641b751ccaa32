"""Suspend, resume, print again, hold: with the real service, its workers and a simulated printer."""

from __future__ import annotations

import time

import ipp_bytes
import pytest
from ipp_bytes import INTEGER, KEYWORD, NAME, attribute
from ipp_client import ask, ended, print_bytes, wait_for_job
from processes import SERVER, Tympan

CONFIG = (
    SERVER
    + """
[[printers]]
name = "counter"
device = "sim://counter?model=tm-t88v"
driver = "escpos"
profile = "tm-t88"
default = true
"""
)

HOLD_JOB, RELEASE_JOB, RESTART_JOB = 0x0C, 0x0D, 0x0E
REPROCESS_JOB, CANCEL_CURRENT_JOB, SUSPEND_CURRENT_JOB, RESUME_JOB = 0x2C, 0x2D, 0x2E, 0x2F
"""RFC 8011 §5.4.15, RFC 3998."""

OK, NOT_POSSIBLE = 0x0000, 0x0404
HELD, PROCESSING, STOPPED, COMPLETED = 4, 5, 6, 9

PAGES = 12
PAGED = b"\f".join(
    b"".join(b"page %d line %d\n" % (page, line) for line in range(40)) for page in range(PAGES)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


def do(service, operation, *attributes, user="tester"):
    request = ipp_bytes.request(
        operation, service.uri("counter"), attribute(NAME, "requesting-user-name", user), *attributes
    )
    return ask(service, request)


def number(job_id):
    return attribute(INTEGER, "job-id", job_id)


def shown(service, job_id, name):
    return ipp_bytes.integer_of(do(service, ipp_bytes.GET_JOB_ATTRIBUTES, number(job_id)), name)


def status(answer):
    return ipp_bytes.status_of(answer)


def until(condition, timeout_s=60.0):
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not after {timeout_s} s"
        time.sleep(0.02)
    return found


def sent_bytes(service, job_id):
    return (service.state / "simulated" / "counter" / f"{job_id}.bin").read_bytes()


def test_a_suspended_job_lets_another_print_and_goes_on(service):
    long = print_bytes(service, "counter", PAGED, "text/plain")
    until(lambda: (shown(service, long, "job-impressions-completed") or 0) >= 2)
    assert status(do(service, SUSPEND_CURRENT_JOB, number(long))) == OK
    assert shown(service, long, "job-state") == STOPPED
    done = shown(service, long, "job-impressions-completed")
    assert done < PAGES
    other = print_bytes(service, "counter", b"The other one.\n", "text/plain")
    wait_for_job(service, "counter", other)
    assert shown(service, long, "job-state") == STOPPED
    assert status(do(service, RESUME_JOB, number(long))) == OK
    wait_for_job(service, "counter", long)
    assert shown(service, long, "job-impressions-completed") in (PAGES, PAGES + 1)
    sent = sent_bytes(service, long)
    assert sent.count(b"page 0 line 0\n") == 1  # what was confirmed is not printed again
    for page in range(PAGES):
        assert b"page %d line 39\n" % page in sent, page


def test_a_finished_job_prints_again(service):
    job_id = print_bytes(service, "counter", b"Once more.\n", "text/plain")
    wait_for_job(service, "counter", job_id)
    assert status(do(service, RESTART_JOB, number(job_id))) == OK
    wait_for_job(service, "counter", job_id)
    answer = do(service, REPROCESS_JOB, number(job_id))
    assert status(answer) == OK
    copy = ipp_bytes.integer_of(answer, "job-id")
    assert copy != job_id
    wait_for_job(service, "counter", copy)
    assert b"Once more." in sent_bytes(service, copy)


def test_a_held_job_prints_when_it_is_released(service):
    job_id = print_bytes(service, "counter", PAGED, "text/plain")
    until(lambda: shown(service, job_id, "job-state") == PROCESSING)
    waiting = print_bytes(service, "counter", b"Waits.\n", "text/plain")
    hold = attribute(KEYWORD, "job-hold-until", "indefinite")
    assert status(do(service, HOLD_JOB, number(waiting), hold)) == OK
    assert status(do(service, CANCEL_CURRENT_JOB, number(job_id))) == OK
    ended(service, "counter", job_id)
    assert status(do(service, CANCEL_CURRENT_JOB, number(job_id))) == NOT_POSSIBLE
    assert shown(service, waiting, "job-state") == HELD
    assert service.stop() == 0
    service.start()
    assert shown(service, waiting, "job-state") == HELD
    assert status(do(service, RELEASE_JOB, number(waiting))) == OK
    wait_for_job(service, "counter", waiting)
    assert shown(service, waiting, "job-state") == COMPLETED
