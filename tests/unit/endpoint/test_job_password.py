"""``job-password``: a job waits at the printer for who knows it, PWG 5100.11 §5; nobody reads it from the spool."""

from __future__ import annotations

import hashlib

import pytest
from desk import OPERATOR, RECEIPT, open_desk, status, unsupported

from tympan.ipp import Attribute, GroupTag, Operation, StatusCode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY
from tympan.service.job_control import NotPossibleError
from tympan.service.job_password import PasswordGate

OK = StatusCode.SUCCESSFUL_OK
BAD = StatusCode.CLIENT_ERROR_BAD_REQUEST
REFUSED = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
NOT_AUTHORIZED = StatusCode.CLIENT_ERROR_NOT_AUTHORIZED

WAITS = (JobState.PENDING_HELD, ("job-password-wait",))
FREE = (JobState.PENDING, ())

# IANA's keywords of job-password-encryption, and the functions of FIPS 180-4 and FIPS 202
DIGESTS = {
    "sha2-224": hashlib.sha224,
    "sha2-256": hashlib.sha256,
    "sha2-384": hashlib.sha384,
    "sha2-512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
    "sha3-512": hashlib.sha3_512,
}


def number(job_id):
    return Attribute.integer("job-id", job_id)


def secret(sent, encryption="none"):
    return (
        Attribute.octets("job-password", sent),
        Attribute.keyword("job-password-encryption", encryption),
    )


def state(desk, job_id):
    job = desk.job(job_id)
    return job.state, job.reasons


def typed(desk, password, printer="receipt"):
    """What is released when somebody types a password at the printer."""
    return [
        job.job_id
        for job in desk.runner.run(
            desk.service.job_control.release_with_password(desk.service.printers[printer], password)
        )
    ]


@pytest.fixture
def fresh_desk(empty_desk):
    empty_desk.service.job_control.passwords = PasswordGate()
    yield empty_desk
    empty_desk.requester = EVERYBODY


def test_a_job_waits_for_its_password(fresh_desk):
    guarded, plain = fresh_desk.printed(RECEIPT, *secret(b"4711")), fresh_desk.printed()
    assert state(fresh_desk, guarded) == WAITS
    assert state(fresh_desk, plain) == FREE
    assert typed(fresh_desk, "4712") == []
    assert state(fresh_desk, guarded) == WAITS
    woken = fresh_desk.service._queues["receipt"].woken
    assert typed(fresh_desk, "4711") == [guarded]
    assert state(fresh_desk, guarded) == FREE
    assert fresh_desk.service._queues["receipt"].woken == woken + 1
    assert typed(fresh_desk, "4711") == []


@pytest.mark.parametrize("encryption", DIGESTS)
@pytest.mark.parametrize("hexadecimal", [False, True])
def test_passwords_that_come_hashed(fresh_desk, encryption, hexadecimal):
    digest = DIGESTS[encryption]("gähn".encode())
    sent = digest.hexdigest().encode() if hexadecimal else digest.digest()
    job_id = fresh_desk.printed(RECEIPT, *secret(sent, encryption))
    assert typed(fresh_desk, "gahn") == []
    assert typed(fresh_desk, "gähn") == [job_id]


def test_what_is_advertised(fresh_desk):
    answer = fresh_desk.ask(Operation.GET_PRINTER_ATTRIBUTES, RECEIPT)
    found = {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}
    assert set(found["job-password-encryption-supported"].strings()) == {"none", *DIGESTS}
    assert found["job-password-supported"].first == 255
    longest = secret(b"x" * 255)
    assert status(fresh_desk.ask(Operation.VALIDATE_JOB, RECEIPT, *longest)) == OK


@pytest.mark.parametrize(
    ("attributes", "expected", "given_back"),
    [
        (secret(b"4711")[:1], BAD, set()),
        (secret(b"4711")[1:], BAD, set()),
        (secret(b"4711", "md5"), REFUSED, {"job-password-encryption"}),
        (secret(b"4711", "rot13"), REFUSED, {"job-password-encryption"}),
        (secret(b"4711", "sha2-256"), REFUSED, {"job-password"}),
        (secret(b"", "none"), REFUSED, {"job-password"}),
        (secret(b"x" * 256), StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG, {"job-password"}),
    ],
)
@pytest.mark.parametrize("operation", [Operation.PRINT_JOB, Operation.CREATE_JOB, Operation.VALIDATE_JOB])
def test_a_job_is_not_taken_without_its_guard(fresh_desk, operation, attributes, expected, given_back):
    """Whatever ``ipp-attribute-fidelity`` says: what shall be secret must not lie in the tray."""
    document = b"Hello.\n" if operation == Operation.PRINT_JOB else b""
    before = len(fresh_desk.service.printers["receipt"].jobs)
    answer = fresh_desk.ask(operation, RECEIPT, *attributes, document=document)
    assert status(answer) == expected
    assert set(unsupported(answer)) == given_back
    assert len(fresh_desk.service.printers["receipt"].jobs) == before


def test_releasing_does_not_take_the_password_away(fresh_desk):
    hold = Attribute.keyword("job-hold-until", "indefinite")
    job_id = fresh_desk.printed(RECEIPT, *secret(b"4711"), job=(hold,))
    assert state(fresh_desk, job_id)[1] == ("job-hold-until-specified", "job-password-wait")
    fresh_desk.requester = OPERATOR
    assert status(fresh_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id))) == OK
    assert state(fresh_desk, job_id) == WAITS
    wrong = Attribute.octets("job-password", b"0815")
    assert status(fresh_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id), wrong)) == NOT_AUTHORIZED
    assert state(fresh_desk, job_id) == WAITS
    right = Attribute.octets("job-password", b"4711")
    assert status(fresh_desk.ask(Operation.RELEASE_JOB, RECEIPT, number(job_id), right)) == OK
    assert state(fresh_desk, job_id) == FREE


def test_typing_a_password_leaves_other_holds(fresh_desk):
    hold = Attribute.keyword("job-hold-until", "indefinite")
    job_id = fresh_desk.printed(RECEIPT, *secret(b"4711"), job=(hold,))
    assert typed(fresh_desk, "4711") == [job_id]
    assert state(fresh_desk, job_id) == (JobState.PENDING_HELD, ("job-hold-until-specified",))


def test_nobody_tries_all_pins(fresh_desk, monkeypatch):
    moment = 100.0
    monkeypatch.setattr("tympan.service.job_password.time.monotonic", lambda: moment)
    job_id = fresh_desk.printed(RECEIPT, *secret(b"4711"))
    for pin in range(5):
        assert typed(fresh_desk, f"{pin:04d}") == []
    with pytest.raises(NotPossibleError):
        typed(fresh_desk, "4711")
    answer = fresh_desk.ask(
        Operation.RELEASE_JOB, RECEIPT, number(job_id), Attribute.octets("job-password", b"4711")
    )
    assert status(answer) == StatusCode.CLIENT_ERROR_NOT_POSSIBLE
    moment = 130.0
    assert typed(fresh_desk, "4711") == [job_id]


def test_one_password_for_several_jobs(fresh_desk):
    ids = [fresh_desk.printed(RECEIPT, *secret(b"4711")) for _ in range(3)]
    other = fresh_desk.printed(RECEIPT, *secret(b"1234"))
    assert typed(fresh_desk, "4711") == ids
    assert state(fresh_desk, other) == WAITS


def test_nobody_reads_the_password(tmp_path):
    with open_desk(tmp_path) as desk:
        job_id = desk.printed(RECEIPT, *secret(b"correct horse"))
        digest = hashlib.sha256(b"battery staple").digest()
        other = desk.printed(RECEIPT, *secret(digest, "sha2-256"))
        for each in (job_id, other):
            answer = desk.ask(Operation.GET_JOB_ATTRIBUTES, RECEIPT, number(each))
            assert not [attribute for attribute in answer.group(GroupTag.JOB) if "password" in attribute.name]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"correct horse" not in stored
    assert digest not in stored
    with open_desk(tmp_path) as desk:
        assert state(desk, job_id) == WAITS
        assert typed(desk, "correct horse") == [job_id]
        assert typed(desk, "battery staple") == [other]


def test_printing_again_asks_again(fresh_desk):
    fresh_desk.requester = OPERATOR
    job_id = fresh_desk.printed(RECEIPT, *secret(b"4711"))
    typed(fresh_desk, "4711")
    job, printer = fresh_desk.job(job_id), fresh_desk.service.printers["receipt"]
    job.move(JobState.PROCESSING, now=1, date=1)
    job.move(JobState.COMPLETED, now=1, date=1)
    fresh_desk.service.jobs.job_ended(printer, job)
    answer = fresh_desk.ask(Operation.REPROCESS_JOB, RECEIPT, number(job_id))
    copy = answer.group(GroupTag.JOB).integer("job-id")
    assert status(fresh_desk.ask(Operation.RESTART_JOB, RECEIPT, number(job_id))) == OK
    assert state(fresh_desk, job_id) == state(fresh_desk, copy) == WAITS
    assert set(typed(fresh_desk, "4711")) == {job_id, copy}
