"""Where guests are made ready to boot. What several of them share is made once, for whoever asks first.

It may be used by a thread for each architecture: what belongs to one architecture is made by one thread.
"""

from __future__ import annotations

import platform
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab import root
from lab.kernel import Kernel, prepare
from lab.packages import Packages
from lab.report import Patience, Report

PATIENT = "[Service]\nTimeoutStartSec={:g}\n"
"""On a busy machine the unit may start as slowly as the test allows; its watchdog stays the real one."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Boot:
    """What a machine starts from.

    Attributes:
        kernel: The kernel.
        first_stage: Its initial RAM disk.
        disk: What it boots from and writes to.
    """

    kernel: Kernel
    first_stage: Path
    disk: Path


@dataclass(slots=True)
class Workshop:
    """The tools and what is shared.

    Attributes:
        cache: A directory for what takes long to get.
        folder: A directory for what is made for this run.
    """

    cache: Path
    folder: Path
    _packages: dict[str, Packages] = field(default_factory=dict)
    _wheel: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, architecture: str, folder: Path, files: Mapping[str, str], report: Report) -> Boot:
        """Make all that a guest boots from.

        Args:
            architecture: As Debian calls it.
            folder: Where it is made.
            files: Further files in the guest, by their path.
            report: Where it is said how long things took.
        """
        began = time.monotonic()
        packages = self._packages_of(architecture)
        tools = self._packages_of(_ARCHITECTURES[platform.machine()])
        report.say(f"lists of packages: {time.monotonic() - began:.1f} s")
        kernel = prepare(self.cache, packages, tools)
        report.say(f"kernel {kernel.release}: {time.monotonic() - began:.1f} s")
        base = root.base(self.cache, packages)
        report.say(f"Debian and dependencies: {time.monotonic() - began:.1f} s")
        patience = {"etc/systemd/system/tympan.service.d/patience.conf": PATIENT.format(Patience.of(90))}
        files = {**files, **(patience if Patience.factor != 1 else {})}
        tree = root.make(base, folder / "root", architecture, kernel, self._built(), files)
        disk = root.disk(tree, folder / "disk.img")
        shutil.rmtree(tree)
        report.say(f"the product from its wheel: {time.monotonic() - began:.1f} s")
        return Boot(kernel, root.first_stage(kernel, packages, folder), disk)

    def _packages_of(self, architecture: str) -> Packages:
        with self._lock:
            if architecture not in self._packages:
                packages = Packages(self.cache, architecture)
                packages.update()
                self._packages[architecture] = packages
            return self._packages[architecture]

    def _built(self) -> Path:
        """The product's wheel."""
        with self._lock:
            if self._wheel is None:
                self._wheel = root.wheel(self.folder)
            return self._wheel
