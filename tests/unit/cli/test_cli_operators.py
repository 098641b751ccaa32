"""What operators and owners of jobs ask for: holding, pausing, being let in; what is told where it has no effect."""

from __future__ import annotations

import getpass
import io
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tympan.cli import arguments
from tympan.cli.main import main
from tympan.ipp import Attribute, GroupTag, Operation, StatusCode

HELD = [Attribute.enum("job-state", 4), Attribute.keyword("job-state-reasons", "job-hold-until-specified")]
PENDING = [Attribute.enum("job-state", 3), Attribute.keyword("job-state-reasons", "none")]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ([], Attribute.keyword("job-hold-until", "indefinite")),
        (["--until", "evening"], Attribute.keyword("job-hold-until", "evening")),
        (
            ["--until", "2030-01-31T18:00+01:00"],
            Attribute.date_time("job-hold-until-time", datetime(2030, 1, 31, 17, 0, tzinfo=UTC)),
        ),
    ],
)
def test_hold(service, tympan, words, wish):
    service.job_states = [HELD]
    done = tympan("hold", "7", "8", *words)
    assert (done.status, done.out) == (0, "job 7 held\njob 8 held\n")
    seen = [each for each in service.seen if each.operation is Operation.HOLD_JOB]
    assert [each.operation_attribute("job-id").first for each in seen] == [7, 8]
    assert [each.operation_attribute(wish.name) for each in seen] == [wish, wish]


def test_release(service, tympan):
    service.job_states = [HELD, PENDING]
    done = tympan("release", "7", "--password", "4711")
    assert (done.status, done.out) == (0, "job 7 released\n")
    seen = service.of(Operation.RELEASE_JOB)
    assert seen.operation_attribute("job-id").first == 7
    assert seen.operation_attribute("job-password").first == b"4711"
    service.refuse(
        Operation.RELEASE_JOB, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, "that is not the job's password"
    )
    done = tympan("release", "7", "--password", "0815")
    assert (done.status, done.err) == (
        1,
        "tympan: job 7: that is not the job's password (client-error-not-authorized)\n",
    )


def test_a_job_that_is_not_held_in_the_end_is_told_so(service, tympan):
    service.job_states = [HELD, PENDING]
    done = tympan("hold", "7", "--until", "2001-01-01T00:00")
    assert (done.status, done.out) == (0, "job 7 is not held: it is pending\n")


def test_release_tells_what_was_not_held_and_what_waits_still(service, tympan):
    service.job_states = [PENDING]
    assert tympan("release", "7").out == "job 7 was not held; it is pending\n"
    password = [Attribute.enum("job-state", 4), Attribute.keyword("job-state-reasons", "job-password-wait")]
    service.job_states = [password]
    assert tympan("release", "7").out == "job 7 waits still: job-password-wait\n"


def test_a_job_is_named_once(service, tympan):
    service.refuse(Operation.CANCEL_JOB, StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "job 7 is completed already")
    assert tympan("cancel", "7").err == "tympan: job 7 is completed already (client-error-not-possible)\n"


def test_identify(service, tympan):
    done = tympan("identify", "-P", "receipt", "--action", "sound", "--action", "flash", "--message", "here")
    assert done.status == 0
    seen = service.of(Operation.IDENTIFY_PRINTER)
    assert seen.operation_attribute("identify-actions").strings() == ("sound", "flash")
    assert seen.operation_attribute("message").first == "here"


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        (["pause"], Operation.PAUSE_PRINTER),
        (["pause", "--after-job"], Operation.PAUSE_PRINTER_AFTER_CURRENT_JOB),
        (["resume"], Operation.RESUME_PRINTER),
    ],
)
@pytest.mark.parametrize("printer", [[], ["laser"], ["-P", "laser"]])
def test_pause_and_resume(service, tympan, words, operation, printer):
    done = tympan(words[0], *printer, *words[1:])
    assert done.status == 0
    assert service.operations()[0 if words[0] == "pause" else 1] is operation
    uri = service.of(operation).operation_attribute("printer-uri").first
    assert uri.endswith("/ipp/print/laser" if printer else "/ipp/print")
    assert ("laser" if printer else "the default printer") in done.out
    if words[0] == "pause":
        assert ("`tympan resume laser`" if printer else "`tympan resume`") in done.out


@pytest.mark.parametrize("printer", [[], ["laser"], ["-P", "laser"]])
def test_restart(service, tympan, printer):
    done = tympan("restart", *printer)
    uri = service.of(Operation.RESTART_PRINTER).operation_attribute("printer-uri").first
    assert uri.endswith("/ipp/print/laser" if printer else "/ipp/print")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("laser starts" if printer else "the default printer starts")
    printer_is(service, Attribute.keyword("printer-state-reasons", "connecting-to-device-report"))
    assert tympan("restart", *printer).status == 0
    printer_is(service, Attribute.keyword("printer-state-reasons", "connecting-to-device"))
    before = service.operations().count(Operation.RESTART_PRINTER)
    away = tympan("restart", *printer)
    assert (away.status, away.out) == (1, "")
    assert "switch it on" in away.err
    assert service.operations().count(Operation.RESTART_PRINTER) == before
    assert tympan("restart", *printer, "--another").status == 0
    printer_is(service)
    service.refuse(Operation.RESTART_PRINTER, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, "administrators only")
    refused = tympan("restart", *printer)
    assert (refused.status, refused.out) == (1, "")
    assert "administrators only" in refused.err


def test_pause_tells_why(service, tympan):
    tympan("pause", "--message", "The toner is being changed.")
    seen = service.of(Operation.PAUSE_PRINTER).operation_attribute("printer-message-from-operator")
    assert seen == Attribute.text("printer-message-from-operator", "The toner is being changed.")


def test_pause_that_is_refused(service, tympan):
    service.refuse(Operation.PAUSE_PRINTER, StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, "operators only")
    done = tympan("pause")
    assert (done.status, done.out) == (1, "")
    assert "operators only" in done.err
    assert tympan("pause", "laser", "-P", "receipt").status == 2


def printer_is(service, *attributes):
    service.answers[Operation.GET_PRINTER_ATTRIBUTES] = lambda _seen: [(GroupTag.PRINTER, attributes)]


def test_resume_of_a_printer_that_is_not_paused(tympan):
    done = tympan("resume", "receipt")
    assert (done.status, done.out) == (0, "receipt was not paused; it is idle\n")


def test_resume_takes_away_what_people_were_told(service, tympan):
    told = Attribute.text("printer-message-from-operator", "The toner is being changed.")
    printer_is(service, Attribute.keyword("printer-state-reasons", "paused"), told)
    assert tympan("resume").out == "the default printer goes on\n"
    sent = service.of(Operation.RESUME_PRINTER).operation_attribute("printer-message-from-operator")
    assert sent == Attribute.text("printer-message-from-operator", "")


def test_status_shows_what_the_printer_and_its_operator_say(service, tympan):
    printer_is(
        service,
        Attribute.name_string("printer-name", "laser"),
        Attribute.enum("printer-state", 5),
        Attribute.keyword("printer-state-reasons", "paused"),
        Attribute.text("printer-state-message", "The printer is paused."),
        Attribute.text("printer-message-from-operator", "The toner is being changed."),
    )
    lines = tympan("status", "-P", "laser").out.splitlines()
    assert lines[2:] == ["laser: The printer is paused.", "laser: The toner is being changed. (the operator)"]
    asked = service.seen[0].operation_attribute("requested-attributes").strings()
    assert {"printer-state-message", "printer-message-from-operator"} <= set(asked)


def test_print_says_once_that_the_printer_is_stopped(service, tympan, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a")
    printer_is(
        service,
        Attribute.name_string("printer-name", "laser"),
        Attribute.enum("printer-state", 5),
        Attribute.text("printer-state-message", "The printer is paused."),
    )
    done = [Attribute.enum("job-state", 9), Attribute.keyword("job-state-reasons", "none")]
    service.job_states = [PENDING, PENDING, PENDING, PENDING, done]
    assert tympan("print", str(file)).err.splitlines() == [
        "job 7: pending",
        "printer laser is stopped: The printer is paused.",
    ]


def test_identify_tells_what_the_printer_cannot(service, tympan):
    sound = Attribute.keyword("identify-actions", "sound")
    service.answers[Operation.IDENTIFY_PRINTER] = lambda _seen: [(GroupTag.UNSUPPORTED, (sound,))]
    done = tympan("identify", "-P", "laser", "--action", "sound")
    assert (done.status, done.out) == (0, "laser makes itself known\n")
    assert done.err == "tympan: laser cannot: identify-actions sound; it does what it can\n"


def test_a_printer_that_is_not_there_is_told_with_those_that_are(service, tympan):
    for operation in (Operation.GET_PRINTER_ATTRIBUTES, Operation.GET_JOBS, Operation.CANCEL_JOB):
        service.refuse(operation, StatusCode.CLIENT_ERROR_NOT_FOUND, "there is no printer at ipp://localhost")
    for words in (["status"], ["jobs"], ["cancel", "7"]):
        done = tympan(*words, "-P", "lasr")
        assert (done.status, done.err) == (1, "tympan: there is no printer lasr; there are: receipt\n")
    assert tympan("cancel", "7", "-P", "receipt").err == "tympan: job 7: there is no such job\n"


# --- who may ------------------------------------------------------------------------------------------------------------


def test_who_is_refused_is_told_how_to_be_let_in(service, tympan, monkeypatch, tmp_path):
    service.refuse(
        Operation.PAUSE_PRINTER,
        StatusCode.CLIENT_ERROR_NOT_AUTHORIZED,
        "Pause-Printer needs the role operator",
    )
    done = tympan("pause")
    assert done.status == 1
    assert done.err.splitlines()[1] == f"  with a password: --uri ipps://NAME@127.0.0.1:{service.port}"
    path = tmp_path / "tympan.sock"
    monkeypatch.setattr(arguments, "LOCAL_SOCKETS", (str(path),))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert (
            f"leave --uri away: the command then asks through {path}" in tympan("pause").err.splitlines()[1]
        )


def test_a_refusal_that_is_about_something_else_has_no_such_advice(service, tympan):
    service.refuse(Operation.PAUSE_PRINTER, StatusCode.CLIENT_ERROR_NOT_POSSIBLE, "no")
    assert tympan("pause").err == "tympan: no (client-error-not-possible)\n"


def test_passwd_writes_what_goes_into_the_configuration_and_says_where_to(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert main(["passwd", "kim", "--role", "operator", "--stdin"]) == 0
    written = capsys.readouterr()
    assert written.out.splitlines()[:3] == ["[[users]]", 'name = "kim"', 'role = "operator"']
    assert "/etc/tympan/conf.d" in written.err


@pytest.mark.parametrize("problem", [EOFError, getpass.GetPassWarning])
def test_passwd_that_nobody_answers(monkeypatch, capsys, problem):
    def nobody(_question: str) -> str:
        raise problem

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert main(["passwd", "kim"]) == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("tympan: a password is needed, and nobody answers")
    assert "--stdin" in written.err


def test_passwd_without_a_terminal_reads_no_password_that_everybody_sees():
    done = subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", "passwd", "kim"],
        input="correct horse\n" * 2,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
