"""Sockets from systemd: oracle is sd_listen_fds(3)."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from tympan.systemd.passed import passed_sockets

PID = 4711
FIRST = 400
"""Well above what a test has open; systemd's own first is 3."""


@pytest.fixture
def passed():
    """Puts sockets where systemd does; returns a function for it."""
    with contextlib.ExitStack() as opened:

        def put(*sockets):
            for place, each in enumerate(sockets):
                opened.enter_context(each)
                os.dup2(each.fileno(), FIRST + place, inheritable=True)

        yield put


def tcp(host="127.0.0.1", *, listens=True):
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.bind((host, 0))
    if listens:
        made.listen()
    return made


def environment(count, names=None, pid=PID):
    variables = {"LISTEN_PID": str(pid), "LISTEN_FDS": str(count)}
    return variables if names is None else {**variables, "LISTEN_FDNAMES": names}


def test_what_listens_is_taken_with_its_name_and_kept_from_children(passed, tmp_path):
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / "s"))
    local.listen()
    first = tcp()
    passed(first, local)
    found = passed_sockets(environment(2, "ipp:commands"), PID, FIRST)
    assert [(each.name, each.socket.family) for each in found] == [
        ("ipp", socket.AF_INET), ("commands", socket.AF_UNIX),
    ]  # fmt: skip
    assert found[0].socket.getsockname() == first.getsockname()
    assert not any(os.get_inheritable(each.socket.fileno()) for each in found)
    for each in found:
        each.socket.close()


def test_without_names_they_have_none(passed):
    passed(tcp())
    (found,) = passed_sockets(environment(1), PID, FIRST)
    assert found.name == ""
    found.socket.close()


@pytest.mark.parametrize(
    "variables",
    [{}, environment(1, pid=PID + 1), environment("x"), environment(0), {"LISTEN_FDS": "1"}],
    ids=["none", "another's", "no number", "zero", "nobody's"],
)
def test_what_is_not_meant_for_this_process_is_left_alone(passed, variables):
    passed(tcp())
    assert passed_sockets(variables, PID, FIRST) == ()
    assert os.get_inheritable(FIRST)
    os.close(FIRST)


def test_what_nobody_could_connect_to_is_said_and_left_out(passed, caplog):
    passed(tcp(listens=False), socket.socket(type=socket.SOCK_DGRAM), tcp())
    found = passed_sockets(environment(4, "bound:datagram:good:missing"), PID, FIRST)
    assert [each.name for each in found] == ["good"]
    assert [record.getMessage() for record in caplog.records] == [
        f"descriptor {FIRST} (bound) is nothing that clients could connect to",
        f"descriptor {FIRST + 1} (datagram) is nothing that clients could connect to",
        f"descriptor {FIRST + 3} was not passed: Bad file descriptor",
    ]
    found[0].socket.close()
