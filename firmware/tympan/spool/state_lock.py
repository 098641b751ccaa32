"""One service to a state directory: two would print each other's jobs."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from tympan.errors import SpoolError


class StateLock:
    """Holds a state directory for this process; the kernel lets go of it however the process ends.

    Args:
        state_dir: The directory; it must exist.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "lock"
        self._fd = -1

    def take(self) -> None:
        """Take the directory.

        Raises:
            SpoolError: Another process has it, or it cannot be written to.
        """
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise SpoolError(f"{self._path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise SpoolError(
                f"another tympan (process {owner}) uses the state directory {self._path.parent}; "
                "stop it, or give this one a directory of its own with --state-dir (`make run STATE_DIR=…`)"
            ) from error
        with contextlib.suppress(
            OSError
        ):  # on a full disk the lock holds, only its owner's number is missing
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go of it; the file stays. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
