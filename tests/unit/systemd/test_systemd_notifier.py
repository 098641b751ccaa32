"""What systemd hears: oracle is sd_notify(3)."""

from __future__ import annotations

import socket

import pytest

from tympan.systemd.notifier import Notifier


def listening(address):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(address)
    listener.settimeout(5)
    return listener


@pytest.mark.parametrize("is_abstract", [False, True], ids=["path", "abstract"])
def test_a_message_is_lines_in_one_datagram(tmp_path, is_abstract):
    name = str(tmp_path / "notify")
    with listening(f"\0{name}" if is_abstract else name) as pid_1:
        assert Notifier(f"@{name}" if is_abstract else name).tell(READY=1, STATUS="2 printers: all idle")
        assert pid_1.recv(4096) == b"READY=1\nSTATUS=2 printers: all idle"


def test_a_value_cannot_smuggle_a_line_in(tmp_path):
    with listening(str(tmp_path / "n")) as pid_1:
        Notifier(str(tmp_path / "n")).tell(STATUS="laser\nMAINPID=1\r\nFDSTORE=1")
        assert pid_1.recv(4096) == b"STATUS=laser MAINPID=1 FDSTORE=1"


def test_where_nobody_asked_nothing_is_sent():
    assert not Notifier("").tell(READY=1)
    assert not Notifier("").is_heard


def test_where_nobody_listens_it_is_said_once_and_nothing_else_happens(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "gone"))
    assert not notifier.tell(READY=1)
    assert not notifier.tell(READY=1)
    assert [record.message for record in caplog.records] == [
        "systemd does not hear how the service is: [Errno 2] No such file or directory"
    ]


def test_where_systemd_takes_nothing_it_waits_for_a_moment_only(tmp_path, monkeypatch):
    monkeypatch.setattr("tympan.systemd.notifier.SEND_TIMEOUT_S", 0.01)
    with listening(str(tmp_path / "n")):
        notifier = Notifier(str(tmp_path / "n"))
        assert not all(notifier.tell(WATCHDOG=1) for _ in range(5000))
