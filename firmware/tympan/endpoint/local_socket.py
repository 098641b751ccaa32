"""The Unix socket: how the machine's own users reach the service, and how it knows who they are.

The kernel says who connects (``SO_PEERCRED``), so no password is needed. It owns the socket's file: made, given to those
who may connect, and taken away again.
"""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import pwd
import socket
import stat
import struct
from pathlib import Path
from typing import Final

from tympan.errors import ListenError
from tympan.service.access import Requester, Role

SOCKET_MODE: Final = 0o660

MAX_PATH_BYTES: Final = 107
"""The longest path of a Unix socket, ``unix(7)``."""

ROOT: Final = 0

_CREDENTIALS = struct.Struct("3i")

_log = logging.getLogger(__name__)


class LocalSocket:
    """A Unix socket with its file: bound, with the right owners; whoever serves it makes it listen.

    Args:
        path: Where; a socket that a service which is gone left there is replaced.
        operator_group: The group that may connect; empty: the service's own.

    Raises:
        ListenError: It cannot be made, or another service listens there.
    """

    def __init__(self, path: Path, operator_group: str) -> None:
        self.socket = _bound(path, operator_group)
        self._path = path
        self._made = _identity(path)

    def remove(self) -> None:
        """Take the file away, if it is still this one's; who is connected stays so."""
        with contextlib.suppress(OSError):
            if _identity(self._path) == self._made:
                self._path.unlink()


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_ctime_ns  # an inode alone may be used again at once


def _bound(path: Path, operator_group: str) -> socket.socket:
    where = str(path)
    if len(os.fsencode(where)) > MAX_PATH_BYTES:
        raise ListenError(where, 0, f"the path is longer than {MAX_PATH_BYTES} bytes; set server.socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_left_over(path)
        listener.setblocking(False)
        listener.bind(where)
        path.chmod(SOCKET_MODE)  # nobody can connect before it listens, so there is no moment of other rights
        if operator_group:
            _give_to(path, operator_group)
    except OSError as error:
        listener.close()
        raise ListenError(where, 0, error.strerror or str(error)) from error
    return listener


def _remove_left_over(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(0, "there is something else than a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # its queue is full: somebody is there
            pass
        except OSError:
            path.unlink()
            return
    raise FileExistsError(0, "another service listens there")


def _give_to(path: Path, group: str) -> None:
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        _log.warning("there is no group %r (access.operator_group)", group)
    except OSError as error:
        _log.warning("%s cannot be given to the group %s: %s", path, group, error.strerror)


def peer_of(connection: socket.socket) -> tuple[int, int, int] | None:
    """Process, user and group id of who is at the other end of a Unix socket; None where it is another kind of socket."""
    if connection.family != socket.AF_UNIX:
        return None
    pid, uid, gid = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    return pid, uid, gid


def requester_of(uid: int, gid: int, operator_group: str) -> Requester:
    """What a user of this machine may do: root and the service's own user everything, the group what operators may."""
    name = _user_name(uid)
    if uid in {ROOT, os.geteuid()}:
        return Requester(Role.ADMINISTRATOR, name, can_prove=True, is_local=True)
    role = Role.OPERATOR if operator_group and _is_member(name, gid, operator_group) else Role.USER
    return Requester(role, name, can_prove=True, is_local=True)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _is_member(name: str, gid: int, group: str) -> bool:
    try:
        wanted = grp.getgrnam(group)
    except KeyError:
        return False
    return wanted.gr_gid == gid or name in wanted.gr_mem
