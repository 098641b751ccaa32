"""Takes a render worker's rights away: what a hostile document could do with them, it cannot.

It is applied by the worker to itself, before it sees a document, and cannot be undone. What a kernel does not have is
left out and said by `missing`; it is never a reason not to print.

* no new privileges, no core dumps, death with the parent
* limits on memory, descriptors, processes and files written
* a seccomp filter: no sockets, no new processes or programs, nothing opened for writing, no names changed in the file
  system, no signals to others, no way into other processes or into the kernel's larger interfaces
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from typing import Final

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

MAX_DESCRIPTORS = 512
"""Open files of a worker: two for each document, the pipe, the libraries' few."""

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Machine, its audit architecture, and the numbers of the system calls that are refused (Linux' asm/unistd.h).
_X86_64: Final = {
    "denied": (
        41, 42, 43, 44, 49, 50, 53, 288,  # socket connect accept sendto bind listen socketpair accept4
        56, 57, 58, 59, 322, 435,  # clone fork vfork execve execveat clone3
        76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 133,  # truncate … mknod
        258, 259, 260, 263, 264, 265, 266, 268, 280, 316, 437, 452,  # mkdirat … openat2 fchmodat2
        188, 189, 190, 197, 198, 199, 235, 132, 261,  # xattr, utimes
        101, 310, 311, 312, 434, 438, 440,  # ptrace process_vm_* kcmp pidfd_open pidfd_getfd process_madvise
        155, 161, 165, 166, 167, 168, 169, 170, 171, 272, 308,  # pivot_root … setns
        428, 429, 430, 431, 432, 433, 442,  # new mount interface
        246, 320, 175, 176, 313,  # kexec, modules
        248, 249, 250, 298, 321, 323, 425, 426, 427,  # keys perf bpf userfaultfd io_uring
        105, 106, 113, 114, 117, 119, 122, 123, 126,  # set*id capset
        200, 297, 129, 424,  # tkill rt_tgsigqueueinfo rt_sigqueueinfo pidfd_send_signal
    ),
    "signals": (62, 234),  # kill tgkill: allowed to itself
    "open": ((2, 1), (257, 2)),  # open openat: number, and which argument has the flags
}  # fmt: skip
_AARCH64: Final = {
    "denied": (
        198, 199, 200, 201, 202, 203, 206, 242,
        220, 221, 281, 435,
        45, 46, 33, 34, 35, 36, 37, 38, 276, 52, 53, 54, 55, 437, 452,
        5, 6, 7, 14, 15, 16, 88,
        117, 270, 271, 272, 434, 438, 440,
        39, 40, 41, 51, 97, 268,
        428, 429, 430, 431, 432, 433, 442,
        104, 294, 105, 106, 273,
        217, 218, 219, 241, 280, 282, 425, 426, 427,
        91, 143, 144, 145, 146, 147, 149, 151, 152,
        130, 240, 138, 424,
    ),
    "signals": (129, 131),
    "open": ((56, 2),),
}  # fmt: skip

_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}

_LD_W_ABS, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16

_X32_BIT = 0x40000000


def _filter(pid: int) -> bytes | None:
    """The seccomp program for this machine, or None where there is no table for it."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return None
    architecture, table = machine
    program: list[tuple[int, int, int, int]] = [
        (_LD_W_ABS, 0, 0, _ARCHITECTURE_OFFSET),
        (_JEQ, 1, 0, architecture),
        (_RET, 0, 0, _KILL),
        (_LD_W_ABS, 0, 0, _NUMBER_OFFSET),
        (_JGE, 0, 1, _X32_BIT),
        (_RET, 0, 0, _REFUSE),
    ]
    for number in table["denied"]:
        assert isinstance(number, int)
        program += [(_JEQ, 0, 1, number), (_RET, 0, 0, _REFUSE)]
    for number in table["signals"]:
        assert isinstance(number, int)
        program += [
            (_JEQ, 0, 4, number),
            (_LD_W_ABS, 0, 0, _ARGUMENTS_OFFSET),
            (_JEQ, 0, 1, pid),
            (_RET, 0, 0, _ALLOW),
            (_RET, 0, 0, _REFUSE),
        ]
    for entry in table["open"]:
        assert isinstance(entry, tuple)
        number, argument = entry
        program += [
            (_JEQ, 0, 4, number),
            (_LD_W_ABS, 0, 0, _ARGUMENTS_OFFSET + 8 * argument),
            (_JSET, 0, 1, _WRITE_FLAGS),
            (_RET, 0, 0, _REFUSE),
            (_RET, 0, 0, _ALLOW),
        ]
    program.append((_RET, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def die_with_parent() -> None:
    """Be killed when the process that made this one ends, however it ends."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


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
    for limit, most in (
        (resource.RLIMIT_AS, address_space + memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(limit, (most, most))
    code = _filter(os.getpid())
    if code is None:
        lacking.append(f"there is no seccomp table for {platform.machine()}")
    else:
        program = _Program(len(code) // 8, code)
        if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
            lacking.append("seccomp filters cannot be set")
    return tuple(lacking)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
