"""What the journal reads of standard error: sd-daemon(3) has the numbers, one at the head of each line."""

from __future__ import annotations

import logging
import syslog

import pytest

from tympan.app import set_up_logging


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


def test_each_line_has_its_priority(monkeypatch, capsys):
    monkeypatch.setenv("JOURNAL_STREAM", "8:4711")
    set_up_logging("info")
    log = logging.getLogger("tympan.test")
    log.debug("not said")
    log.info("one")
    log.warning("two\nlines")
    try:
        raise ValueError("oh")
    except ValueError:
        log.exception("three")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        f"<{syslog.LOG_INFO}>one",
        f"<{syslog.LOG_WARNING}>two",
        f"<{syslog.LOG_WARNING}>lines",
    ]
    assert lines[3:]
    assert all(line.startswith(f"<{syslog.LOG_ERR}>") for line in lines[3:])
    assert lines[-1] == f"<{syslog.LOG_ERR}>ValueError: oh"


def test_a_person_reads_times(monkeypatch, capsys):
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    set_up_logging("info")
    logging.getLogger("tympan.test").info("one")
    assert capsys.readouterr().err.endswith(" INFO    one\n")
