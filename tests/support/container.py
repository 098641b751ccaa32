"""A small Debian with a systemd of its own, in a container: what is installed there runs under its real unit, within seconds.

It needs root, `mmdebstrap` and `systemd-nspawn`; the machine itself may have no systemd. The network inside is its own, and
empty. What takes long to make (the root, the wheels) is kept in `cache`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).parents[2]

SUITE = "bookworm"
"""The Debian that Raspberry Pi OS stands on."""

PYTHON = "3.11"
"""Its Python."""

PACKAGES = "systemd,systemd-sysv,udev,dbus,kmod,make,python3,python3-venv,libusb-1.0-0,iproute2,procps,curl"

BOOT_TIMEOUT_S = 120.0

_LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
"""Debian 12's nspawn does not know these, and would refuse them where a real machine does not."""


def lacking() -> str:
    """What is missing to have a container; empty where nothing is."""
    if os.geteuid() != 0:
        return "needs root"
    return next(
        (f"needs {tool}" for tool in ("mmdebstrap", "systemd-nspawn", "nsenter") if not shutil.which(tool)),
        "",
    )


def cache() -> Path:
    """Where what takes long to make is kept between runs."""
    base = os.environ.get("TYMPAN_TEST_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "tympan-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def root_archive() -> Path:
    """The root as it is before anything is installed, made once."""
    archive = cache() / f"root-{SUITE}-{_digest(PACKAGES)}.tar"
    if not archive.exists():
        part = archive.with_suffix(".part.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(part)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        part.rename(archive)
    return archive


def wheels() -> Path:
    """Everything of `constraints.txt` for the Python of the root, fetched once: the container has no network."""
    constraints = REPOSITORY / "constraints.txt"
    folder = cache() / f"wheels-{PYTHON}-{os.uname().machine}-{_digest(constraints.read_text())}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(
            [
                sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--dest", str(part),
                "--require-hashes", "--only-binary=:all:", "--python-version", PYTHON, "--requirement", str(constraints),
            ],
            check=True,
        )  # fmt: skip
        part.rename(folder)
    return folder


class Container:
    """A root, and what runs in it.

    Args:
        folder: An empty folder for it; `remove` takes it away.

    Attributes:
        before: Its files at some time, for whoever compares.
        said: What an installation said.
    """

    before: set[str]
    said: str

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.log = folder / "console.log"
        self.root.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        subprocess.run(["tar", "-C", str(self.root), "-xf", str(root_archive())], check=True)
        (self.root / "wheels").mkdir()

    def put_source(self) -> None:
        """The repository as it is, without what git does not know, to /src."""
        listed = subprocess.run(
            ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True,
        )  # fmt: skip
        for name in listed.stdout.decode().split("\0"):
            source, target = REPOSITORY / name, self.root / "src" / name
            if name and not name.startswith("tests/") and source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def files(self) -> set[str]:
        """Every path of the root, but those that live while it runs."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            here = Path(folder).relative_to(self.root)
            if str(here) == ".":
                folders[:] = [
                    each
                    for each in folders
                    if each not in {"proc", "sys", "dev", "run", "tmp", "src", "wheels"}
                ]
            found.update(str(here / name) for name in (*folders, *names))
        return found

    # --- before it runs -------------------------------------------------------------------------------------------------

    def chroot(
        self, *command: str, check: bool = True, timeout_s: float = 600.0
    ) -> subprocess.CompletedProcess[str]:
        """A command in the root while nothing runs in it, as where an image is built."""
        script = 'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run" && mount --bind "$1" "$0/wheels" && shift && exec chroot "$0" "$@"'
        return self._run(
            ["unshare", "--mount", "--net", "sh", "-c", script, str(self.root), str(wheels()), *command], check, timeout_s
        )  # fmt: skip

    # --- while it runs --------------------------------------------------------------------------------------------------

    def boot(self, *options: str) -> Self:
        """Start its systemd; returns when that has come up."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "systemd-nspawn", "--register=no", "--keep-unit", "--private-network", "--console=pipe", "--resolv-conf=off",
                    f"--system-call-filter={_LANDLOCK}", f"--bind-ro={wheels()}:/wheels", *options, "--directory", str(self.root), "--boot",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )  # fmt: skip
        end = time.monotonic() + BOOT_TIMEOUT_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(self.log.read_text(errors="replace")[-2000:])
            with contextlib.suppress(OSError, LookupError, subprocess.SubprocessError):
                children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
                self._pid = int(children.split()[0])
                if self.run("systemctl", "is-system-running", check=False).stdout.strip() in {
                    "running",
                    "degraded",
                }:
                    return self
            time.sleep(0.2)
        raise TimeoutError(f"the container is not up after {BOOT_TIMEOUT_S} s")

    def run(
        self, *command: str, check: bool = True, timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """A command in the container, as root."""
        return self._run(["nsenter", "--target", str(self._pid), "--all", *command], check, timeout_s)

    def shell(self, script: str, *, check: bool = True, timeout_s: float = 60.0) -> str:
        """A script in the container, as root; what it said."""
        return self.run("bash", "-c", script, check=check, timeout_s=timeout_s).stdout.strip()

    def shut_down(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it and take its root away."""
        self.shut_down()
        shutil.rmtree(self.root.parent, ignore_errors=True)

    @staticmethod
    def _run(command: list[str], check: bool, timeout_s: float) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels",
            },
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(command[-3:])} gave {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            )
        return done
