"""Landlock: a process gives up the file system but for some folders that it may read (landlock(7), Linux 5.13 and up).

It cannot be undone, and descriptors that are open already stay usable. It owns the rules' layout; which folders, the
sandbox says.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from typing import Final

# The same numbers on every machine.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3

# By the version of the interface: rights on files up to which bit, on TCP ports, and scopes (signals, abstract sockets).
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE, _NETWORK_RIGHTS = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11


def restrict(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Give up everything but reading what lies in some folders; `no_new_privs` must be set.

    Args:
        libc: The C library.
        readable: The folders; those that are not there are left out.

    Returns:
        False where the kernel cannot do it.
    """
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    handled = struct.pack(
        "=QQQ",
        (1 << _FILE_RIGHTS.get(version, max(_FILE_RIGHTS.values()))) - 1,
        _NETWORK_RIGHTS if version >= _NETWORK_SINCE else 0,
        _SCOPES if version >= _SCOPES_SINCE else 0,
    )
    size = 8 * (1 + (version >= _NETWORK_SINCE) + (version >= _SCOPES_SINCE))
    rules = libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        for folder in readable:
            _allow(libc, rules, folder)
        return not libc.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, folder: str) -> None:
    try:
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", _READ_FILE | _READ_DIR, fd), 0)
    finally:
        os.close(fd)
