"""The Unix socket: who may do what there, and whose file it is."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from types import SimpleNamespace

import pytest

from tympan.endpoint import local_socket
from tympan.errors import ListenError
from tympan.service.access import Requester, Role

PEOPLE = {0: "root", 971: "tympan", 1000: "anna", 1001: "olga", 1002: "otto"}
GROUPS = {"operators": SimpleNamespace(gr_gid=500, gr_mem=["olga"])}


@pytest.fixture
def machine(monkeypatch):
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=PEOPLE[uid]))
    monkeypatch.setattr(grp, "getgrnam", GROUPS.__getitem__)
    monkeypatch.setattr(os, "geteuid", lambda: 971)


@pytest.mark.parametrize(
    ("uid", "gid", "role", "name"),
    [
        (0, 0, Role.ADMINISTRATOR, "root"),
        (971, 971, Role.ADMINISTRATOR, "tympan"),
        (1000, 1000, Role.USER, "anna"),
        (1001, 1001, Role.OPERATOR, "olga"),
        (1002, 500, Role.OPERATOR, "otto"),
        (4711, 4711, Role.USER, "uid-4711"),
    ],
)
@pytest.mark.usefixtures("machine")
def test_what_a_user_of_this_machine_may_do(uid, gid, role, name):
    assert local_socket.requester_of(uid, gid, "operators") == Requester(
        role, name, can_prove=True, is_local=True
    )


@pytest.mark.parametrize("group", ["", "nobody-made-it"])
@pytest.mark.usefixtures("machine")
def test_without_the_group_there_are_no_operators(group):
    assert local_socket.requester_of(1001, 500, group).role is Role.USER


def test_the_file_is_for_the_service_and_its_group_alone(tmp_path):
    path = tmp_path / "tympan.sock"
    made = local_socket.LocalSocket(path, "")
    assert stat.S_IMODE(path.lstat().st_mode) == 0o660
    made.remove()
    assert not path.exists()
    made.socket.close()


def test_a_left_over_is_replaced_and_only_the_own_file_removed(tmp_path):
    path = tmp_path / "tympan.sock"
    first = local_socket.LocalSocket(path, "")
    first.socket.close()  # a service that was killed
    second = local_socket.LocalSocket(path, "")
    first.remove()
    assert path.exists()
    second.remove()
    second.socket.close()
    assert not path.exists()


def test_a_service_that_listens_is_left_alone(tmp_path):
    path = tmp_path / "tympan.sock"
    with local_socket.LocalSocket(path, "").socket as listener:
        listener.listen(1)
        with pytest.raises(ListenError, match="another service"):
            local_socket.LocalSocket(path, "")


def test_what_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "tympan.sock"
    path.write_text("precious")
    with pytest.raises(ListenError, match="something else"):
        local_socket.LocalSocket(path, "")
    assert path.read_text() == "precious"


def test_a_path_that_is_too_long_is_said(tmp_path):
    with pytest.raises(ListenError, match="107 bytes"):
        local_socket.LocalSocket(tmp_path / ("x" * 107), "")


def test_the_kernel_says_who_is_there():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert local_socket.peer_of(ours) == (os.getpid(), os.getuid(), os.getgid())


def test_the_network_has_no_such_thing():
    with socket.socket(socket.AF_INET) as tcp:
        assert local_socket.peer_of(tcp) is None
