"""What a worker may ask of the kernel: the numbers against the kernel's own, the filter on an interpreter of our own.

Only one kind of machine runs the tests; the filters of all are run here.
"""

from __future__ import annotations

import csv
import re
import struct
from pathlib import Path

import pytest

from tympan.render import sandbox
from tympan.render.system_calls import system_calls

TABLE = Path(__file__).parents[2] / "data" / "linux" / "system-calls.tsv"
MACHINES = {"x86_64": ("x86_64", 64), "aarch64": ("aarch64", 64), "arm": ("armv7l", 32)}
# linux/audit.h: the machine's number in ELF, and 0x40000000 little-endian, 0x80000000 64 bits.
ARCHITECTURES = {
    "x86_64": 62 | 0xC0000000,
    "aarch64": 183 | 0xC0000000,
    "arm": 40 | 0x40000000,
}
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # linux/seccomp.h; EPERM is 1
PID = 4711

# What a renderer lives on; not every machine has each.
NEEDED = """
    read write readv writev pread64 preadv close lseek fstat newfstatat statx mmap mmap2 munmap mremap mprotect madvise
    brk futex rt_sigaction rt_sigprocmask rt_sigreturn clock_gettime clock_gettime64 getpid gettid getrandom exit
    exit_group poll ppoll select pselect6 sched_yield getrusage uname readlink readlinkat getcwd getdents64 fcntl restart_syscall
"""
# What would let it out, as far as its name says it: any call that has one of these is to be refused.
DANGEROUS = re.compile(
    r"^(socket|connect|bind|listen|accept|send(to|m)|clone|v?fork|execve|ptrace|process_|pidfd_|.?chown|fchownat|.?chmod|"
    r"fchmodat|mkdir|rmdir|rename|link|unlink|symlink|mknod|f?truncate|creat$|utime|futimes|.?setxattr|[lf]?removexattr|"
    r"mount|umount|pivot_root|move_mount|open_tree|fs(open|config|mount|pick)|unshare|setns|chroot|open(at2|_by)|name_to|"
    r"set(re|res|fs)?[ug]id|setgroups|capset|bpf|perf_|userfault|io_uring|keyctl|add_key|request_key|(init|finit|delete)_module|"
    r"kexec|reboot|swapo|settime|clock_set|clock_adj|adjtimex|set(host|domain)name|shm(get|at|ctl)|sem(get|op|ctl|timedop)|"
    r"msg(get|snd|rcv|ctl)|mq_(open|unlink)|(rt_|rt_tg)sigqueue|tkill|ioctl|prctl|kcmp|iop(l|erm)|acct|quotactl|fanotify)"
)


def kernel_numbers(machine):
    with TABLE.open(encoding="ascii") as rows:
        return {
            row["name"]: int(row[machine]) for row in csv.DictReader(rows, delimiter="\t") if row[machine]
        }


def decide(program, architecture, number, arguments=(0,) * 6):
    """Run a seccomp program (classic BPF, linux/filter.h) on a call's `struct seccomp_data`."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments)
    instructions = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, if_true, if_false, constant = instructions[at]
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            (accumulator,) = struct.unpack_from("=I", data, constant)
        elif code == 0x06:  # BPF_RET | BPF_K
            return constant
        else:  # BPF_JMP with BPF_JEQ, BPF_JGE, BPF_JSET and BPF_K
            holds = {
                0x15: accumulator == constant,
                0x35: accumulator >= constant,
                0x45: accumulator & constant,
            }
            at += if_true if holds[code] else if_false


@pytest.fixture(params=MACHINES)
def machine(request):
    return request.param


@pytest.fixture
def program(machine):
    return sandbox._filter(system_calls(*MACHINES[machine]), PID)


def test_numbers_are_the_kernels(machine):
    calls = system_calls(*MACHINES[machine])
    kernel = kernel_numbers(machine)
    ours = {**calls.refused, **calls.limited}
    assert ours == {name: kernel[name] for name in ours}
    assert calls.audit_architecture == ARCHITECTURES[machine]
    assert not calls.refused.keys() & calls.limited.keys()


def test_no_call_is_left_out_where_the_machine_has_it(machine):
    calls = system_calls(*MACHINES[machine])
    every = set().union(*({*(each := system_calls(*of)).refused, *each.limited} for of in MACHINES.values()))
    assert every & kernel_numbers(machine).keys() == calls.refused.keys() | calls.limited.keys()


@pytest.mark.parametrize("kind", HEADERS)
def test_numbers_are_those_of_this_machines_headers(kind):
    path = next((Path(each) for each in HEADERS[kind] if Path(each).exists()), None)
    if path is None:
        pytest.skip("no kernel headers here")
    said = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text(), re.MULTILINE))
    calls = system_calls(*MACHINES[kind])
    known = {name: number for name, number in {**calls.refused, **calls.limited}.items() if name in said}
    assert len(known) > 100
    assert known == {name: int(said[name]) for name in known}


def test_what_would_let_a_worker_out_is_refused(machine, program):
    numbers = {name: number for name, number in kernel_numbers(machine).items() if DANGEROUS.match(name)}
    assert len(numbers) > 100
    found = {
        name for name, number in numbers.items() if decide(program, ARCHITECTURES[machine], number) != REFUSE
    }
    assert not found


def test_what_a_renderer_needs_is_allowed(machine, program):
    kernel = kernel_numbers(machine)
    needed = [name for name in NEEDED.split() if name in kernel]
    assert len(needed) > 25
    refused = [name for name in needed if decide(program, ARCHITECTURES[machine], kernel[name]) != ALLOW]
    assert not refused


def test_nothing_is_opened_for_writing(machine, program):
    number = kernel_numbers(machine)["openat"]
    # asm-generic/fcntl.h: O_WRONLY O_RDWR O_CREAT O_TRUNC O_APPEND
    for flags, verdict in (
        (0, ALLOW),
        (1, REFUSE),
        (2, REFUSE),
        (0o100, REFUSE),
        (0o1000, REFUSE),
        (0o2000, REFUSE),
    ):
        assert decide(program, ARCHITECTURES[machine], number, (0, 0, flags, 0, 0, 0)) == verdict, flags


@pytest.mark.parametrize("name", ["kill", "tgkill"])
def test_signals_go_to_itself_only(machine, program, name):
    number = kernel_numbers(machine)[name]
    for pid, verdict in ((PID, ALLOW), (PID + 1, REFUSE), (1, REFUSE), (0, REFUSE), (0xFFFFFFFF, REFUSE)):
        assert decide(program, ARCHITECTURES[machine], number, (pid, 0, 0, 0, 0, 0)) == verdict, pid


def test_limits_are_set_for_itself_only(machine, program):
    number = kernel_numbers(machine)["prlimit64"]
    for pid, verdict in ((PID, ALLOW), (0, ALLOW), (PID + 1, REFUSE)):
        assert decide(program, ARCHITECTURES[machine], number, (pid, 0, 0, 0, 0, 0)) == verdict, pid


def test_another_machines_numbers_end_the_worker(machine, program):
    for name, architecture in ARCHITECTURES.items():
        verdict = decide(program, architecture, kernel_numbers(machine)["read"])
        assert verdict == (ALLOW if name == machine else KILL)
    assert decide(program, 3 | 0x40000000, 3) == KILL  # i386


def test_x32_numbers_are_refused():
    program = sandbox._filter(system_calls("x86_64", 64), PID)
    assert decide(program, ARCHITECTURES["x86_64"], 0x40000000 | 59) == REFUSE


@pytest.mark.parametrize("uname", ["armv6l", "armv7l", "armv8l", "aarch64"])
def test_a_32_bit_program_has_its_own_numbers_whatever_the_kernel_is(uname):
    """Raspberry Pi OS of 32 bits runs on a 64-bit kernel: the filter of that would end every worker."""
    assert system_calls(uname, 32).audit_architecture == ARCHITECTURES["arm"]


@pytest.mark.parametrize(("uname", "bits"), [("x86_64", 32), ("riscv64", 64), ("i686", 32), ("armv7l", 64)])
def test_machines_without_a_table(uname, bits):
    assert system_calls(uname, bits) is None
