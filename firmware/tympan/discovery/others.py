"""Whether another program of this machine speaks multicast DNS, such as avahi or systemd-resolved."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PORT = 5353
"""The port of multicast DNS, RFC 6762 §3."""

_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))

_LOCAL_ADDRESS, _INODE = 1, 9
"""Columns of these tables, proc(5)."""


def others_at_the_port() -> bool:
    """Whether a socket at the port is not this process's."""
    return bool(sockets_at(PORT) - own_sockets())


def sockets_at(port: int) -> set[int]:
    """The inodes of the UDP sockets at a port, of whatever process; empty where the kernel does not tell."""
    found: set[int] = set()
    for table in _TABLES:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                if columns[_LOCAL_ADDRESS].endswith(f":{port:04X}"):
                    found.add(int(columns[_INODE]))
    return found


def own_sockets() -> set[int]:
    """The inodes of what this process has open."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for path in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(os.fstat(int(path.name)).st_ino)
    return found
