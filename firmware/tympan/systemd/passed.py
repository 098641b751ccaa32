"""Sockets that systemd opened and passed on (sd_listen_fds(3)).

It owns these descriptors: they stay open over a reload, so that clients wait in their queue meanwhile, and no child
inherits them.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FIRST_DESCRIPTOR: Final = 3
"""``SD_LISTEN_FDS_START``."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PassedSocket:
    """A socket that listens already.

    Attributes:
        socket: The socket; whoever serves it duplicates it.
        name: ``FileDescriptorName`` of its socket unit; empty where there is none.
    """

    socket: socket.socket
    name: str = ""


def passed_sockets(
    environ: Mapping[str, str], pid: int, first: int = FIRST_DESCRIPTOR
) -> tuple[PassedSocket, ...]:
    """The sockets that were passed to this process.

    Args:
        environ: The environment: ``LISTEN_FDS``, ``LISTEN_PID``, ``LISTEN_FDNAMES``.
        pid: This process: the variables may be another's, which had them from its parent.
        first: The first of the descriptors.
    """
    if environ.get("LISTEN_PID") != str(pid):
        return ()
    try:
        count = int(environ.get("LISTEN_FDS", "0"))
    except ValueError:
        count = 0
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    found = []
    for place, fd in enumerate(range(first, first + count)):
        name = names[place] if place < len(names) else ""
        try:
            os.set_inheritable(fd, False)
            is_socket = stat.S_ISSOCK(os.fstat(fd).st_mode)
        except OSError as error:
            _log.warning("descriptor %d was not passed: %s", fd, error.strerror)
            continue
        listener = socket.socket(fileno=fd) if is_socket else None
        if listener is None or not _listens(listener):
            _log.warning("descriptor %d (%s) is nothing that clients could connect to", fd, name or "unnamed")
            os.close(fd) if listener is None else listener.close()
            continue
        found.append(PassedSocket(listener, name))
    return tuple(found)


def _listens(candidate: socket.socket) -> bool:
    return (
        candidate.family in {socket.AF_INET, socket.AF_INET6, socket.AF_UNIX}
        and candidate.type == socket.SOCK_STREAM
        and bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    )
