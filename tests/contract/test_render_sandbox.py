"""The render worker's rights, tried out in real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

ATTEMPTS = """
import ctypes, os, resource, signal, socket, subprocess, sys
from tympan.render import sandbox
libc = ctypes.CDLL(None, use_errno=True)
file, reader, other = sys.argv[1], os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2])
writer = os.open(file, os.O_RDWR)
lacking = sandbox.enter(memory_bytes=64 << 20)
def attempt(name, call):
    try:
        call()
    except BaseException as error:
        print(name, type(error).__name__)
    else:
        print(name, "DONE")
def libc_call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
attempt("lacking", lambda: lacking and 1 / 0)
print("landlock", "no" if any("Landlock" in each for each in lacking) else "yes")
# What it may.
attempt("may:read what is open", lambda: os.pread(reader, 6, 0))
attempt("may:open a program's file", lambda: open(os.__file__).close())
attempt("may:list fonts", lambda: os.listdir("/usr/share"))
attempt("may:take memory", lambda: bytearray(16 << 20))
attempt("may:limit itself", lambda: resource.setrlimit(resource.RLIMIT_CPU, (100, resource.RLIM_INFINITY)))
attempt("may:signal itself", lambda: os.kill(os.getpid(), 0))
attempt("may:getpid", os.getpid)
header, rights = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[1] * 6)
attempt("may:ask for its capabilities", lambda: libc_call("capget", header, rights))
print("capabilities", sum(rights))
# What it may not.
attempt("memory", lambda: bytearray(1 << 30))
attempt("grow", lambda: os.write(writer, b"more"))
attempt("open", lambda: open(file))
attempt("list", lambda: os.listdir(os.path.dirname(file)))
attempt("etc", lambda: open("/etc/passwd"))
attempt("proc", lambda: open(f"/proc/{other}/environ"))
attempt("write", lambda: open(file, "w"))
attempt("append", lambda: os.open(file, os.O_RDONLY | os.O_APPEND))
attempt("create", lambda: open(file + ".new", "x"))
attempt("nameless", lambda: os.open(os.path.dirname(file), os.O_TMPFILE | os.O_RDWR))
attempt("device", lambda: open("/dev/null", "wb"))
attempt("socket", socket.socket)
attempt("unix", lambda: socket.socketpair())
attempt("fork", os.fork)
attempt("exec", lambda: os.execv("/bin/true", ["true"]))
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("thread", lambda: __import__("threading").Thread(target=print).start())
attempt("kill", lambda: os.kill(other, 0))
attempt("group", lambda: os.kill(0, 0))
attempt("everybody", lambda: os.kill(-1, 0))
attempt("limits", lambda: resource.prlimit(other, resource.RLIMIT_CORE))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, other, 19))
attempt("affinity", lambda: os.sched_setaffinity(other, {0}))
attempt("pidfd", lambda: os.pidfd_open(other))
attempt("ptrace", lambda: libc_call("ptrace", 16, other, 0, 0))
attempt("peek", lambda: libc_call("process_vm_readv", other, None, 0, None, 0, 0))
attempt("ioctl", lambda: libc_call("ioctl", 2, 0x5412, b"x"))
attempt("unlink", lambda: os.unlink(file))
attempt("rename", lambda: os.rename(file, file + "2"))
attempt("link", lambda: os.link(file, file + "3"))
attempt("mkdir", lambda: os.mkdir(file + ".d"))
attempt("chmod", lambda: os.chmod(file, 0o777))
attempt("fchmod", lambda: os.fchmod(reader, 0o777))
attempt("times", lambda: os.utime(file, (0, 0)))
attempt("truncate", lambda: os.truncate(file, 0))
attempt("ftruncate", lambda: os.ftruncate(writer, 0))
attempt("symlink", lambda: os.symlink("/", file + ".l"))
attempt("attribute", lambda: os.setxattr(file, "user.x", b"x"))
attempt("mount", lambda: libc_call("mount", b"/", b"/mnt", b"", 4096, None))
attempt("unshare", lambda: libc_call("unshare", 0x10000000))
attempt("chroot", lambda: os.chroot("/usr"))
attempt("setuid", lambda: libc_call("setuid", 65534))
attempt("shared", lambda: libc_call("shmget", 0, 4096, 0o1600))
attempt("keys", lambda: libc_call("syscall", ctypes.c_long(KEYCTL), 0, -3, 0))
attempt("ring", lambda: libc_call("syscall", ctypes.c_long(425), 1, ctypes.create_string_buffer(120)))
attempt("outlive", lambda: libc_call("prctl", 1, 0, 0, 0, 0))
attempt("raise", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)))
attempt("clock", lambda: __import__("time").clock_settime(0, 0))
"""

KEYCTL = {"x86_64": 250, "aarch64": 219}
READING = {"open", "list", "etc", "proc"}
REFUSED = {"PermissionError", "BlockingIOError"}


@pytest.mark.skipif(os.uname().machine not in KEYCTL, reason="there is no table for this machine")
def test_what_a_worker_may_and_may_not(tmp_path):
    path = tmp_path / "file"
    path.write_text("secret")
    program = ATTEMPTS.replace("KEYCTL", str(KEYCTL[os.uname().machine]))
    said = subprocess.run(
        [sys.executable, "-P", "-c", program, str(path), str(os.getppid())],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    found = dict(line.rsplit(" ", 1) for line in said.stdout.splitlines())
    assert found.pop("clock", None), said.stderr  # the last: all of it was tried
    assert found.pop("capabilities") == "0"
    reads = {name: found.pop(name) for name in READING}
    if found.pop("landlock") == "yes":
        assert set(reads.values()) == {"PermissionError"}
        assert found.pop("lacking") == "DONE"
    else:
        del found["lacking"]
    assert {name for name, end in found.items() if end == "DONE"} == {
        name for name in found if name.startswith("may:")
    }
    assert found.pop("memory") == "MemoryError"
    assert found.pop("grow") == "OSError"  # EFBIG
    assert found.pop("thread") == "RuntimeError"
    assert found.pop("raise") == "ValueError"
    refused = {name: end for name, end in found.items() if not name.startswith("may:")}
    assert len(refused) == 39
    assert set(refused.values()) <= REFUSED, refused
    assert path.read_text() == "secret"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="it has no older numbers")
def test_old_numbers_end_the_worker():
    """A program may speak to the kernel as a 32-bit one, where 11 is execve and 5 is open."""
    # mov eax, 20 (getpid); int 0x80; ret
    program = """
import ctypes, mmap, signal
from tympan.render import sandbox
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000cd80c3"))
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
sandbox.enter(memory_bytes=64 << 20)
call()
print("got through")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert said.returncode < 0, "the kernel ended it"
    assert not said.stdout


def test_the_parent_of_workers_ends_when_there_is_no_service_any_more(tmp_path):
    """Also when the service died before the new process could ask to die with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    zygote = subprocess.Popen(
        [sys.executable, "-m", "tympan.render.zygote", str(theirs.fileno()), str(write), "200"],
        pass_fds=(theirs.fileno(), write), start_new_session=True, cwd=tmp_path,
    )  # fmt: skip
    theirs.close()
    os.close(write)
    ours.close()
    try:
        assert zygote.wait(20) == 0
    finally:
        zygote.kill()
        os.close(read)
