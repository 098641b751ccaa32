"""The numbers of Linux' system calls that a render worker may not use, or not freely, on each machine.

Data only; `tests/data/linux` has the kernel's own tables, which a test holds these to. ``-`` stands for a call that a machine
has not. From 424 on the numbers are the same everywhere, so that a kernel older than a call does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_REFUSED: Final = """
# name              x64  a64  arm
# the network
socket               41  198  281
socketpair           53  199  288
connect              42  203  283
accept               43  202  285
accept4             288  242  366
bind                 49  200  282
listen               50  201  284
sendto               44  206  290
sendmsg              46  211  296
sendmmsg            307  269  374
# new processes and programs
clone                56  220  120
clone3              435  435  435
fork                 57    -    2
vfork                58    -  190
execve               59  221   11
execveat            322  281  387
# changes to files and their names, ways to open them by other means than a path
creat                85    -    8
truncate             76   45   92
ftruncate            77   46   93
truncate64            -    -  193
ftruncate64           -    -  194
fallocate           285   47  352
rename               82    -   38
renameat            264   38  329
renameat2           316  276  382
mkdir                83    -   39
mkdirat             258   34  323
rmdir                84    -   40
link                 86    -    9
linkat              265   37  330
unlink               87    -   10
unlinkat            263   35  328
symlink              88    -   83
symlinkat           266   36  331
mknod               133    -   14
mknodat             259   33  324
chmod                90    -   15
fchmod               91   52   94
fchmodat            268   53  333
fchmodat2           452  452  452
chown                92    -  182
fchown               93   55   95
lchown               94    -   16
fchownat            260   54  325
chown32               -    -  212
fchown32              -    -  207
lchown32              -    -  198
setxattr            188    5  226
lsetxattr           189    6  227
fsetxattr           190    7  228
setxattrat          463  463  463
removexattr         197   14  235
lremovexattr        198   15  236
fremovexattr        199   16  237
removexattrat       466  466  466
utime               132    -    -
utimes              235    -  269
futimesat           261    -  326
utimensat           280   88  348
utimensat_time64      -    -  412
file_setattr        469  469  469
openat2             437  437  437
name_to_handle_at   303  264  370
open_by_handle_at   304  265  371
chroot              161   51   61
# other processes
ptrace              101  117   26
process_vm_readv    310  270  376
process_vm_writev   311  271  377
process_madvise     440  440  440
process_mrelease    448  448  448
kcmp                312  272  378
pidfd_open          434  434  434
pidfd_getfd         438  438  438
pidfd_send_signal   424  424  424
tkill               200  130  238
rt_sigqueueinfo     129  138  178
rt_tgsigqueueinfo   297  240  363
sched_setaffinity   203  122  241
sched_setattr       314  274  380
sched_setparam      142  118  154
sched_setscheduler  144  119  156
setpriority         141  140   97
ioprio_set          251   30  314
migrate_pages       256  238  400
move_pages          279  239  344
prctl               157  167  172
# memory and messages shared with others
shmget               29  194  307
shmat                30  196  305
shmctl               31  195  308
semget               64  190  299
semctl               66  191  300
semop                65  193  298
semtimedop          220  192  312
semtimedop_time64     -    -  420
msgget               68  186  303
msgsnd               69  189  301
msgrcv               70  188  302
msgctl               71  187  304
mq_open             240  180  274
mq_unlink           241  181  275
# who it is
setuid              105  146   23
setgid              106  144   46
setreuid            113  145   70
setregid            114  143   71
setresuid           117  147  164
setresgid           119  149  170
setfsuid            122  151  138
setfsgid            123  152  139
setgroups           116  159   81
setuid32              -    -  213
setgid32              -    -  214
setreuid32            -    -  203
setregid32            -    -  204
setresuid32           -    -  208
setresgid32           -    -  210
setfsuid32            -    -  215
setfsgid32            -    -  216
setgroups32           -    -  206
capset              126   91  185
# mounts and namespaces
mount               165   40   21
umount2             166   39   52
pivot_root          155   41  218
open_tree           428  428  428
open_tree_attr      467  467  467
move_mount          429  429  429
fsopen              430  430  430
fsconfig            431  431  431
fsmount             432  432  432
fspick              433  433  433
mount_setattr       442  442  442
unshare             272   97  337
setns               308  268  375
# devices, the clock, and the kernel's larger interfaces
ioctl                16   29   54
bpf                 321  280  386
perf_event_open     298  241  364
userfaultfd         323  282  388
io_uring_setup      425  425  425
io_uring_enter      426  426  426
io_uring_register   427  427  427
io_setup            206    0  243
io_submit           209    2  246
add_key             248  217  309
request_key         249  218  310
keyctl              250  219  311
init_module         175  105  128
finit_module        313  273  379
delete_module       176  106  129
kexec_load          246  104  347
kexec_file_load     320  294  401
reboot              169  142   88
syslog              103  116  103
settimeofday        164  170   79
clock_settime       227  112  262
clock_settime64       -    -  404
clock_adjtime       305  266  372
clock_adjtime64       -    -  405
adjtimex            159  171  124
sethostname         170  161   74
setdomainname       171  162  121
swapon              167  224   87
swapoff             168  225  115
quotactl            179   60  131
quotactl_fd         443  443  443
acct                163   89   51
personality         135   92  136
vhangup             153   58  111
iopl                172    -    -
ioperm              173    -    -
modify_ldt          154    -    -
fanotify_init       300  262  367
fanotify_mark       301  263  368
memfd_secret        447  447    -
"""

_LIMITED: Final = """
kill                 62  129   37
tgkill              234  131  268
prlimit64           302  261  369
open                  2    -    5
openat              257   56  322
"""


@dataclass(frozen=True, slots=True)
class SystemCalls:
    """One machine's numbers.

    Attributes:
        audit_architecture: What seccomp calls the machine (``AUDIT_ARCH_…`` of linux/audit.h): ELF's number of it, and
            flags for little-endian and 64 bits.
        refused: Calls that are never allowed, by name.
        limited: Calls that are allowed with some arguments only, by name.
    """

    audit_architecture: int
    refused: Mapping[str, int]
    limited: Mapping[str, int]


def _column(table: str, column: int) -> Mapping[str, int]:
    rows = (line.split() for line in table.splitlines() if line and not line.startswith("#"))
    return MappingProxyType({row[0]: int(row[column]) for row in rows if row[column] != "-"})


_ARM_32_ON: Final = frozenset({"armv6l", "armv7l", "armv8l", "aarch64"})
"""What uname(2) says where a 32-bit program may run: Raspberry Pi OS of 32 bits often has a kernel of 64."""


def system_calls(machine: str, pointer_bits: int) -> SystemCalls | None:
    """The numbers for a program, None where there are none.

    Args:
        machine: As uname(2) says: the kernel's.
        pointer_bits: 32 or 64: the program's own.
    """
    if (machine, pointer_bits) == ("x86_64", 64):
        return SystemCalls(0xC000003E, _column(_REFUSED, 1), _column(_LIMITED, 1))
    if (machine, pointer_bits) == ("aarch64", 64):
        return SystemCalls(0xC00000B7, _column(_REFUSED, 2), _column(_LIMITED, 2))
    if machine in _ARM_32_ON and pointer_bits == 32:
        return SystemCalls(0x40000028, _column(_REFUSED, 3), _column(_LIMITED, 3))
    return None
