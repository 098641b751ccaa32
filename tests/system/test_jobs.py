"""The life of jobs: several documents, time-outs, canceling, lists of jobs, printers side by side, limits, history."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time

import ipp_bytes
import pytest
from ipp_bytes import BOOLEAN, INTEGER, MIME, NAME, attribute
from ipp_client import ask, ended, jobs, print_bytes, printed, wait_for_job
from processes import RECEIPT_AND_LASER, SERVER, Tympan, get

from tympan_sim import control

CONFIG = (
    SERVER
    + """
[limits]
multiple_operation_timeout_s = 15
max_documents_per_job = 3
"""
    + RECEIPT_AND_LASER
    + """
[[printers]]
name = "counter"
device = "sim://counter?model=tm-t88v"
driver = "escpos"
profile = "tm-t88"

[[printers]]
name = "kitchen"
device = "sim://kitchen?model=tm-t88v"
driver = "escpos"
profile = "tm-t88"
"""
)

LIMITED = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[limits]
max_jobs = 3
retain_s = 0
history_jobs = 5
spool_bytes = 1048576

[[printers]]
name = "receipt"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
default = true
"""

# RFC 8011 Appendix B.1, PWG 5100.7
OK, NOT_POSSIBLE, NOT_FOUND = 0x0000, 0x0404, 0x0406
TEMPORARY, BUSY, TOO_MANY_DOCUMENTS = 0x0505, 0x0507, 0x050C

# ``job-state``, RFC 8011 §5.3.7
HELD, PROCESSING, STOPPED, CANCELED, ABORTED, COMPLETED = 4, 5, 6, 7, 8, 9

CLOSE_JOB, CANCEL_MY_JOBS = 0x3B, 0x39
"""PWG 5100.7 and 5100.11."""

ESCPOS = "application/vnd.escpos"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("tympan"), CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("limited"), LIMITED) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


@pytest.fixture(scope="module", autouse=True)
def forgotten(service):
    """A job whose documents never come; it is looked at in the end, when its time is over."""
    return create_job(service, "receipt", "forgotten")


def until(condition, timeout_s=60.0):
    """Wait for `condition` to be true; returns what it gave."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not after {timeout_s} s"
        time.sleep(0.02)
    return found


def do(service, operation, printer, *attributes, document=b"", user="tester"):
    """Carry out an operation; returns the answer."""
    return ask(
        service,
        ipp_bytes.request(
            operation,
            service.uri(printer),
            attribute(NAME, "requesting-user-name", user),
            *attributes,
            document=document,
        ),
    )


def status(answer):
    return ipp_bytes.status_of(answer)


def job(service, printer, job_id):
    return do(service, ipp_bytes.GET_JOB_ATTRIBUTES, printer, attribute(INTEGER, "job-id", job_id))


def state(service, printer, job_id):
    return ipp_bytes.integer_of(job(service, printer, job_id), "job-state")


def create_job(service, printer, name, user="tester"):
    answer = do(service, ipp_bytes.CREATE_JOB, printer, attribute(NAME, "job-name", name), user=user)
    assert status(answer) == OK
    assert ipp_bytes.integer_of(answer, "job-state") == HELD
    assert ipp_bytes.strings_of(answer, "job-state-reasons") == ["job-incoming"]
    return ipp_bytes.integer_of(answer, "job-id")


def send_document(service, printer, job_id, document, *, last, document_format="text/plain"):
    return do(
        service,
        ipp_bytes.SEND_DOCUMENT,
        printer,
        attribute(INTEGER, "job-id", job_id),
        attribute(MIME, "document-format", document_format),
        attribute(BOOLEAN, "last-document", last),
        document=document,
    )


def close_job(service, printer, job_id):
    return do(service, CLOSE_JOB, printer, attribute(INTEGER, "job-id", job_id))


def cancel(service, printer, job_id, user="tester"):
    return do(service, ipp_bytes.CANCEL_JOB, printer, attribute(INTEGER, "job-id", job_id), user=user)


def print_as(service, printer, user, text=b"A receipt.\n", name="receipt"):
    answer = do(
        service,
        ipp_bytes.PRINT_JOB,
        printer,
        attribute(NAME, "job-name", name),
        attribute(MIME, "document-format", "text/plain"),
        document=text,
        user=user,
    )
    assert status(answer) == OK, ipp_bytes.strings_of(answer, "status-message")
    return ipp_bytes.integer_of(answer, "job-id")


def sent_bytes(service, printer, job_id):
    path = service.state / "simulated" / printer / f"{job_id}.bin"
    return path.read_bytes() if path.exists() else b""


def fault(service, printer, command):
    return control.send(service.state / "simulated" / printer / "control.sock", command)


def raw(size, text=b"A line."):
    """ESC/POS of about this length that takes one line of paper: it sets the printer up again and again."""
    return b"\x1b@" * (size // 2) + text + b"\n"


def received(service, printer):
    """How many bytes the printer has taken so far, of all jobs."""
    return json.loads(fault(service, printer, "status"))["received"]


@pytest.fixture
def stalled(service):
    """The receipt printer takes nothing; afterwards it does again, and prints what waits."""
    wait_for_job(service, "receipt", print_as(service, "receipt", "tester"))  # its process runs now
    fault(service, "receipt", "stall on")
    yield "receipt"
    fault(service, "receipt", "stall off")
    for job_id, name in jobs(service, "receipt", "not-completed").items():
        if name != "forgotten":
            wait_for_job(service, "receipt", job_id)


# --- several documents --------------------------------------------------------------------------------------------------


def test_documents_of_a_job_print_in_their_order_when_it_is_closed(service):
    job_id = create_job(service, "laser", "two documents")
    assert status(send_document(service, "laser", job_id, b"The first.\n", last=False)) == OK
    assert status(send_document(service, "laser", job_id, b"The second.\f and its end.\n", last=False)) == OK
    assert state(service, "laser", job_id) == HELD
    assert not sent_bytes(service, "laser", job_id)
    assert status(close_job(service, "laser", job_id)) == OK
    answer = wait_for_job(service, "laser", job_id)
    assert ipp_bytes.integer_of(answer, "number-of-documents") == 2
    assert ipp_bytes.integer_of(answer, "job-impressions-completed") == 3
    assert len(printed(service, "laser", job_id)) == 3


def test_raw_documents_reach_the_printer_octet_by_octet_in_their_order(service):
    job_id = create_job(service, "receipt", "raw")
    one, two = raw(6000, b"one"), raw(200_000, b"two")
    send_document(service, "receipt", job_id, one, last=False, document_format=ESCPOS)
    assert status(send_document(service, "receipt", job_id, two, last=True, document_format=ESCPOS)) == OK
    wait_for_job(service, "receipt", job_id)
    first, _, second = sent_bytes(service, "receipt", job_id).partition(one)
    assert len(first) < 100  # what makes the printer ready
    assert two in second
    after = second.partition(two)[2]
    assert len(after) < 100  # whether it has printed all, and how it is


def test_an_empty_last_document_closes_the_job(service):
    job_id = create_job(service, "laser", "closed by nothing")
    assert status(send_document(service, "laser", job_id, b"All there is.\n", last=False)) == OK
    assert status(send_document(service, "laser", job_id, b"", last=True)) == OK
    answer = wait_for_job(service, "laser", job_id)
    assert ipp_bytes.integer_of(answer, "number-of-documents") == 1
    assert len(printed(service, "laser", job_id)) == 1


def test_a_job_that_is_closed_takes_no_more_documents(service):
    job_id = create_job(service, "laser", "closed")
    assert status(close_job(service, "laser", job_id)) == OK
    wait_for_job(service, "laser", job_id)
    assert not printed(service, "laser", job_id)
    assert status(send_document(service, "laser", job_id, b"Too late.\n", last=True)) == NOT_POSSIBLE


def test_a_job_takes_as_many_documents_as_the_limit_says(service):
    job_id = create_job(service, "laser", "many")
    for number in range(3):
        assert status(send_document(service, "laser", job_id, b"%d\n" % number, last=False)) == OK
    assert status(send_document(service, "laser", job_id, b"4\n", last=True)) == TOO_MANY_DOCUMENTS
    assert status(close_job(service, "laser", job_id)) == OK
    assert len(printed(service, "laser", job_id)) == 3


def test_a_job_whose_documents_are_being_sent_holds_up_no_other(service):
    waiting = create_job(service, "laser", "slow client")
    wait_for_job(service, "laser", print_as(service, "laser", "tester"))
    assert state(service, "laser", waiting) == HELD
    assert status(cancel(service, "laser", waiting)) == OK
    assert state(service, "laser", waiting) == CANCELED


# --- canceling ----------------------------------------------------------------------------------------------------------

LINES = b"".join(b"line %d\n" % number for number in range(3000))


def test_cancel_while_it_prints(service):
    """At the speed of a real printer, three thousand lines take more than half a minute."""
    wait_for_job(service, "counter", print_as(service, "counter", "tester"))  # its process runs now
    before = received(service, "counter")
    job_id = print_bytes(service, "counter", LINES, "text/plain")
    until(lambda: received(service, "counter") > before)
    assert state(service, "counter", job_id) == PROCESSING
    assert status(cancel(service, "counter", job_id)) == OK
    ended_as, reasons, message, _ = ended(service, "counter", job_id)
    assert ended_as == CANCELED
    assert "job-canceled-by-user" in reasons
    assert message
    assert status(cancel(service, "counter", job_id)) == NOT_POSSIBLE
    after = print_as(service, "counter", "tester", b"The next one.\n")
    wait_for_job(service, "counter", after)
    assert b"The next one." in sent_bytes(service, "counter", after)
    assert received(service, "counter") - before < len(LINES)


def test_cancel_is_answered_at_once_while_the_printer_takes_nothing(service, stalled):
    job_id = print_as(service, stalled, "tester", LINES)
    until(lambda: state(service, stalled, job_id) == PROCESSING)
    assert status(cancel(service, stalled, job_id)) == OK  # it would come never, if it waited for the printer
    assert ended(service, stalled, job_id)[0] == CANCELED


def test_cancel_my_jobs_takes_mine_and_no_other(service, stalled):
    mine = [print_as(service, stalled, "anna") for _ in range(3)]
    other = print_as(service, stalled, "ben")
    refused = do(service, CANCEL_MY_JOBS, stalled, attribute(INTEGER, "job-ids", mine[0], other), user="anna")
    assert status(refused) == NOT_POSSIBLE
    assert not {CANCELED} & {state(service, stalled, job_id) for job_id in [*mine, other]}
    one = do(service, CANCEL_MY_JOBS, stalled, attribute(INTEGER, "job-ids", mine[1]), user="anna")
    assert status(one) == OK
    assert ended(service, stalled, mine[1])[0] == CANCELED
    assert state(service, stalled, mine[2]) != CANCELED
    assert status(do(service, CANCEL_MY_JOBS, stalled, user="anna")) == OK
    for job_id in mine:
        assert ended(service, stalled, job_id)[0] == CANCELED
    assert state(service, stalled, other) not in {CANCELED, ABORTED}


# --- lists of jobs ------------------------------------------------------------------------------------------------------


def test_get_jobs(service, stalled):
    """RFC 8011 §4.2.6: what waits in the order it will print, what is finished by its end, the newest first."""
    done = [print_as(service, "laser", user, name=f"of {user}") for user in ("anna", "ben", "anna")]
    for job_id in done:
        wait_for_job(service, "laser", job_id)
    waiting = [print_as(service, stalled, user, name=f"of {user}") for user in ("anna", "ben", "anna", "ben")]
    canceled = waiting.pop(2)
    cancel(service, stalled, canceled, "anna")

    def listed(printer, which, *attributes, user="anna"):
        attributes = (attribute(NAME, "requesting-user-name", user), *attributes)
        ours = {*done, *waiting, canceled}
        return [job_id for job_id in jobs(service, printer, which, *attributes) if job_id in ours]

    mine = attribute(BOOLEAN, "my-jobs", True)
    limit = attribute(INTEGER, "limit", 2)
    assert listed("laser", "completed")[:3] == done[::-1]
    assert listed("laser", "completed", limit) == done[:0:-1]
    assert listed("laser", "completed", mine)[:2] == [done[2], done[0]]
    assert listed("laser", "completed", mine, user="nobody") == []
    assert listed(stalled, "not-completed") == waiting
    assert listed(stalled, "not-completed", mine) == waiting[:1]
    assert listed(stalled, "not-completed", mine, user="ben") == waiting[1:]
    assert listed("laser", "not-completed") == []
    plain = do(
        service, ipp_bytes.GET_JOBS, stalled
    )  # without which-jobs: those that are not completed, ids and URIs
    assert {name for group, name, _, _ in ipp_bytes.values_of(plain) if group == ipp_bytes.JOB} == {
        "job-id",
        "job-uri",
    }
    assert set(waiting) <= {
        int.from_bytes(octets, "big") for _, name, _, octets in ipp_bytes.values_of(plain) if name == "job-id"
    }


def test_finished_jobs_are_listed_by_their_end(service, stalled):
    first = print_as(service, stalled, "tester")
    second, third = (print_as(service, stalled, "tester") for _ in range(2))
    cancel(service, stalled, third)
    cancel(service, stalled, second)
    fault(service, stalled, "stall off")
    wait_for_job(service, stalled, first)
    assert list(jobs(service, stalled, "completed"))[:3] == [first, second, third]
    assert list(jobs(service, stalled, "canceled"))[:2] == [second, third]


def test_a_job_is_found_at_its_own_printer_only(service):
    job_id = print_as(service, "laser", "tester")
    wait_for_job(service, "laser", job_id)
    assert status(job(service, "receipt", job_id)) == NOT_FOUND


# --- printers side by side ----------------------------------------------------------------------------------------------


def test_two_printers_print_at_the_same_time(service):
    """Neither can end before both have begun."""
    names = ("counter", "kitchen")
    for name in names:
        wait_for_job(service, name, print_as(service, name, "tester"))  # its process runs now
        fault(service, name, "stall on")
    ids = {name: print_as(service, name, "tester", b"Side by side.\n") for name in names}
    until(lambda: all(state(service, name, job_id) == PROCESSING for name, job_id in ids.items()))
    third = print_as(service, "laser", "tester")
    wait_for_job(service, "laser", third)  # it does not wait for them
    for name, job_id in ids.items():
        fault(service, name, "stall off")
        wait_for_job(service, name, job_id)
        assert b"Side by side." in sent_bytes(service, name, job_id)


# --- limits -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(limited):
    """A printer that takes nothing, and the numbers of its jobs; what is left of them is canceled."""
    wait_for_job(limited, "receipt", print_as(limited, "receipt", "tester"))
    fault(limited, "receipt", "stall on")
    yield limited
    fault(limited, "receipt", "stall off")
    for job_id in jobs(limited, "receipt", "not-completed"):
        cancel(limited, "receipt", job_id)
        ended(limited, "receipt", job_id)


def send_raw(service, size):
    return do(
        service,
        ipp_bytes.PRINT_JOB,
        "receipt",
        attribute(MIME, "document-format", ESCPOS),
        document=raw(size),
    )


def test_a_full_queue_refuses_before_it_accepts(full):
    ids = [print_as(full, "receipt", "tester") for _ in range(3)]
    for operation, document in (
        (ipp_bytes.PRINT_JOB, b"One too many.\n"),
        (ipp_bytes.CREATE_JOB, b""),
        (ipp_bytes.VALIDATE_JOB, b""),
    ):
        answer = do(full, operation, "receipt", document=document)
        assert status(answer) == BUSY
        assert "3 jobs" in ipp_bytes.strings_of(answer, "status-message")[0]
    assert list(jobs(full, "receipt", "not-completed")) == ids
    cancel(full, "receipt", ids[1])
    assert ended(full, "receipt", ids[1])[0] == CANCELED
    again = print_as(full, "receipt", "tester", b"Now there is room.\n")
    fault(full, "receipt", "stall off")
    for job_id in (ids[0], ids[2], again):
        wait_for_job(full, "receipt", job_id)


def test_a_full_spool_refuses_and_keeps_nothing(full):
    first = send_raw(full, 700_000)
    assert status(first) == OK
    spooled = list((full.state / "spool").iterdir())
    refused = send_raw(full, 700_000)
    assert status(refused) == TEMPORARY
    assert "full" in ipp_bytes.strings_of(refused, "status-message")[0]
    assert list((full.state / "spool").iterdir()) == spooled
    small = send_raw(full, 5000)
    assert status(small) == OK
    fault(full, "receipt", "stall off")
    for answer in (first, small):
        wait_for_job(full, "receipt", ipp_bytes.integer_of(answer, "job-id"))
    until(lambda: not list((full.state / "spool").iterdir()))
    assert status(send_raw(full, 700_000)) == OK  # the room came back


def test_a_full_disk_refuses_and_the_service_stays_up(tmp_path):
    most = 1 << 40
    if shutil.disk_usage(tmp_path).free >= most:
        pytest.skip("more than a terabyte is free, the most that can be kept free")
    with Tympan(tmp_path, LIMITED.replace("max_jobs = 3", f"spool_reserve_bytes = {most}")) as running:
        for operation, document in (
            (ipp_bytes.PRINT_JOB, b"A receipt.\n"),
            (ipp_bytes.CREATE_JOB, b""),
            (ipp_bytes.VALIDATE_JOB, b""),
        ):
            answer = do(running, operation, "receipt", document=document)
            assert status(answer) == TEMPORARY
            assert "disk is full" in ipp_bytes.strings_of(answer, "status-message")[0]
        assert not jobs(running, "receipt")
        assert get(running.port, "/")[0] == 200
        assert status(do(running, ipp_bytes.GET_PRINTER_ATTRIBUTES, "receipt")) == OK


def test_history_is_bounded_and_survives_a_restart(limited):
    printed_ids = []
    for _ in range(4):
        three = [print_as(limited, "receipt", "tester") for _ in range(3)]
        for job_id in three:
            wait_for_job(limited, "receipt", job_id)
        printed_ids += three
    known = list(jobs(limited, "receipt"))
    assert len(known) == 5
    assert known == printed_ids[:-6:-1]
    assert status(job(limited, "receipt", printed_ids[0])) == NOT_FOUND
    assert limited.stop() == 0
    with sqlite3.connect(limited.state / "tympan.db") as store:
        assert store.execute("SELECT count(*) FROM jobs").fetchone() == (5,)
        assert store.execute("SELECT count(*) FROM contents").fetchone() == (0,)
    store.close()
    limited.start()
    assert list(jobs(limited, "receipt")) == known
    after = print_as(limited, "receipt", "tester")
    assert after > max(known)
    wait_for_job(limited, "receipt", after)
    assert list(jobs(limited, "receipt")) == [after, *known[:4]]


# --- the end of what was begun first ------------------------------------------------------------------------------------


def test_a_job_whose_documents_do_not_come_is_aborted_in_time(service, forgotten):
    printer = do(service, ipp_bytes.GET_PRINTER_ATTRIBUTES, "receipt")
    assert ipp_bytes.integer_of(printer, "multiple-operation-time-out") == 15
    assert ipp_bytes.strings_of(printer, "multiple-operation-time-out-action") == ["abort-job"]
    ended_as, reasons, message, answer = ended(service, "receipt", forgotten)
    assert ended_as == ABORTED
    assert "job-data-insufficient" in reasons
    assert "15 seconds" in message
    created, completed = (
        ipp_bytes.integer_of(answer, f"time-at-{what}") for what in ("creation", "completed")
    )
    assert 14 <= completed - created <= 60
    assert status(send_document(service, "receipt", forgotten, b"Too late.\n", last=True)) == NOT_POSSIBLE
    wait_for_job(service, "receipt", print_as(service, "receipt", "tester"))
