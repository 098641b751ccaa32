"""What the guests boot from: a disk with Debian and the installed product, and the first stage that finds it.

Owns the trees. What takes long is kept: Debian's packages and the product's dependencies by their versions. What changes with
each commit is made each time: the product, from its wheel, and its units, by what installs them on a Pi.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.kernel import ROOT_MODULES, Kernel
from lab.packages import Packages, unpack

PROJECT = Path(__file__).parents[3]
GUEST = Path(__file__).parents[1] / "guest"
"""Files for the guest's tree, as they lie there."""

PACKAGES = (
    "base-files", "base-passwd", "bash", "coreutils", "dash", "grep", "iproute2", "kmod", "libc-bin", "libgcc-s1",
    "libstdc++6", "libusb-1.0-0", "mount", "procps", "python3", "sed", "systemd", "udev", "usbip", "usbutils", "util-linux",
)  # fmt: skip
"""Little more than systemd, Python and what apt, which every Debian has, brings along: NumPy's wheels take libstdc++ from the system."""

PYTHON = (3, 11)
"""Of the release of Debian."""

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")

_PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}
_GLIBCS = (36, 35, 34, 31, 28, 27, 26, 24, 17)
"""Versions of glibc 2 that wheels are built for and Debian's is new enough for."""

_NOT_NEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/lib/udev/hwdb.d",
)
_MASKED = (
    "systemd-logind.service", "systemd-pstore.service", "getty@tty1.service", "systemd-journal-catalog-update.service",
    "systemd-hwdb-update.service", "e2scrub_reap.service", "systemd-firstboot.service", "serial-getty@.service",
    "getty-static.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path", "modprobe@fuse.service", "modprobe@dm_mod.service", "modprobe@loop.service", "modprobe@drm.service",
    "apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer", "e2scrub_all.timer", "dpkg-db-backup.timer",
)  # fmt: skip
"""What a guest without people, a bus and hardware secrets has no use for, and would wait for."""


class RootError(Exception):
    """The tree or the disk could not be made; the text says why."""


def base(cache: Path, packages: Packages) -> Path:
    """A tree with Debian and the product's dependencies, from the cache where it is there."""
    chosen = packages.closure(PACKAGES)
    constraints = (PROJECT / "constraints.txt").read_bytes()
    parts = ["\n".join(chosen).encode(), constraints, Path(__file__).read_bytes()]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    home = cache / "root" / packages.architecture / key
    if not (home / "complete").exists():
        shutil.rmtree(home.parent, ignore_errors=True)
        (home / "tree").mkdir(parents=True)
        _make_debian(home / "tree", packages, chosen)
        _make_dependencies(home / "tree", packages.architecture)
        (home / "complete").touch()
    return home / "tree"


def _make_debian(tree: Path, packages: Packages, chosen: Sequence[str]) -> None:
    unpack(packages.fetch(chosen), tree)
    for path in _NOT_NEEDED:
        shutil.rmtree(tree / path, ignore_errors=True)
    # What the packages' own scripts would do, as far as it matters here.
    for name in ("passwd", "group"):
        shutil.copy(tree / f"usr/share/base-passwd/{name}.master", tree / "etc" / name)
    (tree / "etc/hostname").write_text("tympan\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost tympan\n::1 localhost\n")
    (tree / "etc/machine-id").write_text(hashlib.sha256(b"tympan").hexdigest()[:32] + "\n")
    (tree / "etc/fstab").touch()
    (tree / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    for unit in _MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (tree / "usr/bin/python3").unlink(missing_ok=True)
    (tree / "usr/bin/python3").symlink_to("python3.11")
    _run("systemd-sysusers", f"--root={tree}")
    _run(*emulator(packages.architecture, tree), tree / "usr/sbin/ldconfig", "-r", tree)
    compile_all(packages.architecture, tree, ["usr/lib/python3.11", "usr/lib/python3"])


def _make_dependencies(tree: Path, architecture: str) -> None:
    machine = _PLATFORMS[architecture]
    platforms = [f"manylinux_2_{glibc}_{machine}" for glibc in _GLIBCS] + [f"manylinux2014_{machine}"]
    site = tree / SITE
    with tempfile.TemporaryDirectory() as scratch:
        pinned = Path(scratch) / "constraints.txt"
        pinned.write_text((PROJECT / "constraints.txt").read_text())
        _run(
            *PIP, "install", "--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile", f"--python-version={PYTHON[0]}.{PYTHON[1]}", "--implementation=cp",
            *(f"--platform={platform}" for platform in platforms), f"--target={site}", "-r", pinned,
        )  # fmt: skip
    shutil.rmtree(site / "bin", ignore_errors=True)
    compile_all(architecture, tree, [SITE])


SITE = "opt/tympan/lib/python3.11/site-packages"


def wheel(where: Path) -> Path:
    """The product, built in the directory `where`."""
    _run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", where, PROJECT)
    (built,) = where.glob("tympan-*.whl")
    return built


def make(
    tree: Path, where: Path, architecture: str, kernel: Kernel, product: Path, files: Mapping[str, str]
) -> Path:
    """A tree with everything: a copy of `tree`, the product, the guest's own files.

    Args:
        tree: As `base` gives it.
        where: Where the copy is made.
        architecture: As Debian calls it.
        kernel: Whose modules it gets.
        product: The product's wheel.
        files: Further files, by their path.
    """
    _run("cp", "--archive", "--reflink=auto", tree, where)
    _run("cp", "--archive", kernel.modules / "lib/modules", where / "usr/lib/")
    _install_product(where, architecture, product)
    _run("cp", "--recursive", "--no-preserve=ownership", f"{GUEST}/.", where)
    for path, text in files.items():
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        (where / path).write_text(text)
    for unit in sorted((GUEST / "etc/systemd/system").glob("*.service")):
        wants = where / "etc/systemd/system/multi-user.target.wants" / unit.name
        wants.parent.mkdir(parents=True, exist_ok=True)
        wants.symlink_to(f"/etc/systemd/system/{unit.name}")
    _run("systemd-sysusers", f"--root={where}")
    # All of /usr is as the packages left it: nothing is to be brought up to date at boot.
    for path in ("etc/.updated", "var/.updated"):
        (where / path).touch()
    return where


def _install_product(where: Path, architecture: str, product: Path) -> None:
    _run(*PIP, "install", "--no-deps", "--no-compile", "--no-index", f"--target={where / SITE}", product)
    shutil.rmtree(where / SITE / "bin", ignore_errors=True)
    program = where / "opt/tympan"
    (program / "bin").mkdir(parents=True)
    for name in ("python", "python3", "python3.11"):
        (program / "bin" / name).symlink_to("/usr/bin/python3.11")
    (program / "pyvenv.cfg").write_text(
        "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11\n"
    )
    for name, module in (("tympan", "tympan.cli.main"), ("tympan-sim", "tympan_sim.main")):
        script = program / "bin" / name
        script.write_text(
            f"#!/opt/tympan/bin/python\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
    (where / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    (where / "usr/local/bin/tympan").symlink_to("/opt/tympan/bin/tympan")
    compile_all(
        architecture, where, [f"{SITE}/{package}" for package in ("tympan", "tympan_drivers", "tympan_sim")]
    )
    environment = {**os.environ, "DESTDIR": str(where), "SYSTEMD": "no"}
    done = subprocess.run(
        [PROJECT / "systemd/install.sh", "units"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise RootError(f"systemd/install.sh units: {done.stderr or done.stdout}")


def disk(tree: Path, image: Path, megabytes: int = 1024) -> Path:
    """An ext4 image of a tree."""
    image.unlink(missing_ok=True)
    _run("mke2fs", "-q", "-t", "ext4", "-L", "tympan", "-m", "0", "-d", tree, image, f"{megabytes}M")
    return image


def first_stage(kernel: Kernel, packages: Packages, where: Path) -> Path:
    """An initial RAM disk that loads what the kernel needs to see the disk, and starts systemd from it."""
    tree = where / "first-stage"
    (tree / "modules").mkdir(parents=True)
    for name in ("dev", "proc", "sys", "root"):
        (tree / name).mkdir()
    busybox = packages.fetch([f"busybox-static={packages.version('busybox-static')}"])
    unpack(busybox, tree)
    shutil.rmtree(tree / "usr/share", ignore_errors=True)
    order = []
    for number, file in enumerate(kernel.files(ROOT_MODULES)):
        shutil.copy(file, tree / "modules" / f"{number:02}-{file.name}")
        order.append(f"/modules/{number:02}-{file.name}")
    init = tree / "init"
    init.write_text(
        textwrap.dedent(
            f"""\
            #!/bin/busybox sh
            busybox mount -t devtmpfs none /dev; busybox mount -t proc none /proc; busybox mount -t sysfs none /sys
            for module in {" ".join(order)}; do busybox insmod $module; done
            for word in $(busybox cat /proc/cmdline); do case $word in disk=*) disk=${{word#disk=}};; esac; done
            tries=0
            until [ -b $disk ] || [ $tries -ge 100 ]; do busybox usleep 100000; tries=$((tries + 1)); done
            busybox mount -t ext4 $disk /root || {{ echo "LAB: no disk $disk"; busybox ls /dev; busybox poweroff -f; }}
            busybox umount /proc; busybox umount /sys; busybox mount -o move /dev /root/dev
            exec busybox switch_root /root /lib/systemd/systemd
            """
        )
    )
    init.chmod(0o755)
    image = where / "first-stage.img"
    names = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True).stdout
    with image.open("wb") as out:
        subprocess.run(
            ["cpio", "--quiet", "--create", "--format=newc"], cwd=tree, input=names, stdout=out, check=True
        )
    return image


def emulator(architecture: str, tree: Path) -> tuple[str | Path, ...]:
    """What runs a program of a tree on this machine: nothing, or qemu for another architecture."""
    machine = _PLATFORMS[architecture]
    return () if os.uname().machine == machine else (f"qemu-{machine}-static", "-L", tree)


def compile_all(architecture: str, tree: Path, directories: Sequence[str]) -> None:
    """Byte code beside the sources, as an installed program has it; it is the same for every architecture."""
    if sys.version_info[:2] == PYTHON:
        python: tuple[str | Path, ...] = (sys.executable,)
    else:
        home = f"PYTHONHOME={tree}/usr"
        python = ("env", home, *emulator(architecture, tree), tree / "usr/bin/python3.11")
    for directory in directories:
        done = subprocess.run(
            [*python, "-m", "compileall", "-q", "-j2", "-s", tree, "-p", "/", tree / directory],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        # Debian's and others' packages have samples that are no Python of this version; they stay as they are.
        if done.returncode and not list((tree / directory).rglob("*.pyc")):
            raise RootError(f"{directory} cannot be compiled: {done.stderr or done.stdout}")


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        words = " ".join(str(word) for word in command[:4])
        raise RootError(f"{words} …: {(done.stderr or done.stdout).strip()[-2000:]}")
