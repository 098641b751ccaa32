"""Takes a render worker's rights away: what a hostile document could do with them, it cannot.

It is applied by the worker to itself, before it sees a document, and cannot be undone. What a kernel does not have is
left out, and `enter` says so; it is never a reason not to print.

* no capabilities, also where the service is root's; no new privileges, no core dumps, death with the parent
* limits on memory, descriptors, processes and files written
* Landlock: of the file system only programs' own files and fonts can be read: no configuration, no other job's document
* a seccomp filter: no sockets, no new processes or programs, nothing opened for writing, no names changed in the file
  system, no signals to others nor limits for them, no way into other processes or into the kernel's larger interfaces
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import stat
import struct
import sys

from tympan.render.landlock import restrict
from tympan.render.system_calls import SystemCalls, system_calls

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

_CAPABILITY_HEADER = struct.pack("=Ii", 0x20080522, 0)
"""Version 3, this process (linux/capability.h)."""

OOM_SCORE = 500
"""How much more than the service a worker deserves to be ended when memory is short; 1000 is most."""

MAX_DESCRIPTORS = 512
"""Open files of a worker: two for each document, the pipe, the libraries' few."""

COMPLAINT_MAX_BYTES = 64 * 1024
"""How much a worker may add to standard error where that is a file."""

READABLE = ("/usr", "/lib")
"""Where programs, their data and fonts lie, beside Python's own folders: all that a worker may read."""

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# What may be set off by `open`: number of the argument that has the flags.
_FLAGS_ARGUMENT = {"open": 1, "openat": 2}
# Whom a call may be about, beside the process itself: 0 is that too, but for `kill`, where it is all its group.
_MAY_SAY_0 = {"prlimit64"}

_CALLS = system_calls(os.uname().machine, 8 * struct.calcsize("P"))

_LD_W_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16

_X32_BIT = 0x40000000


def _filter(calls: SystemCalls, pid: int) -> bytes:
    """The seccomp program that refuses what `calls` says; `pid` is the process that it is for."""
    program: list[tuple[int, int, int, int]] = [
        (_LD_W_ABS, 0, 0, _ARCHITECTURE_OFFSET),
        (_JEQ, 1, 0, calls.audit_architecture),
        (_RET, 0, 0, _KILL),  # it speaks to the kernel as another machine's program, whose numbers are others
        (_LD_W_ABS, 0, 0, _NUMBER_OFFSET),
        (_JGE, 0, 1, _X32_BIT),
        (_RET, 0, 0, _REFUSE),
    ]
    for number in calls.refused.values():
        program += [(_JEQ, 0, 1, number), (_RET, 0, 0, _REFUSE)]
    for name, number in calls.limited.items():
        allowed = (_RET, 0, 0, _ALLOW)
        refused = (_RET, 0, 0, _REFUSE)
        if name in _FLAGS_ARGUMENT:
            argument = _FLAGS_ARGUMENT[name]
            checks = [(_JSET, 0, 1, _WRITE_FLAGS), refused, allowed]
        else:
            argument = 0
            checks = [(_JEQ, 0, 1, pid), allowed]
            if name in _MAY_SAY_0:
                checks += [(_JEQ, 0, 1, 0), allowed]
            checks.append(refused)
        program += [
            (_JEQ, 0, 1 + len(checks), number),
            (_LD_W_ABS, 0, 0, _ARGUMENTS_OFFSET + 8 * argument),  # its lower half: little-endian, all of them
            *checks,
        ]
    program.append((_RET, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def die_with_parent() -> None:
    """Be killed when the process that made this one ends, however it ends."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def go_first_when_memory_is_short() -> None:
    """Let the kernel end this process and its children, one job's worker, before the service with everybody's jobs (proc(5))."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:  # noqa: PTH123 — as below
        score.write(str(OOM_SCORE))


def enter(*, memory_bytes: int) -> tuple[str, ...]:
    """Take this process's rights away, for good.

    Args:
        memory_bytes: Address space it may take on top of what it has.

    Returns:
        What could not be had on this kernel, as sentences.
    """
    libc = _libc()
    lacking: list[str] = []
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        lacking.append("no_new_privs cannot be set")
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 — no import after the fork
        address_space = int(statm.read().split()[0]) * resource.getpagesize()
    readable = {*READABLE, *filter(os.path.isabs, (sys.prefix, sys.base_prefix, *sys.path))} - {"/"}
    if not restrict(libc, readable):
        lacking.append("Landlock is missing, so that they could read files")
    for limit, most in (
        (resource.RLIMIT_AS, address_space + memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _log_size()),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (most, most))
    if libc.capset(_CAPABILITY_HEADER, bytes(24)):
        lacking.append("capabilities cannot be dropped")
    if _CALLS is None:
        lacking.append(f"there is no seccomp table for {os.uname().machine}")
    else:
        code = _filter(_CALLS, os.getpid())
        program = _Program(len(code) // 8, code)
        if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
            lacking.append("seccomp filters cannot be set")
    return tuple(lacking)


def _log_size() -> int:
    """How long a file a worker may make: where standard error is one, so that it can say what went wrong."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return 0
    return status.st_size + COMPLAINT_MAX_BYTES if stat.S_ISREG(status.st_mode) else 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
