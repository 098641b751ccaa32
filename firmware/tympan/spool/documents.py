"""Documents on their way into the spool, and out of it to whoever renders them.

It owns the folder of document files and the count of bytes in it. A small document stays in memory until its job is
committed and then lives in the database, so that one fsync makes record and content durable; a larger one is a file of
its own. No more than `BUFFER_BYTES` of a document is in memory at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tympan.errors import SpoolError

INLINE_BYTES = 64 * 1024
"""Documents up to this size live in the database."""

BUFFER_BYTES = 512 * 1024
"""What is gathered in memory before it is written to the file."""

_FREE_SPACE_AGE_S = 1.0


class SpoolBudget:
    """How many bytes of documents the spool may hold.

    Args:
        folder: Where the files are; its file system's free space is watched.
        limit_bytes: The most that documents may take in all.
        reserve_bytes: What must stay free on the file system.

    Attributes:
        used: The bytes that documents take now.
        make_room: Is called where there is no room, with what says whether there is enough by now; removes what nobody needs.
    """

    def __init__(self, folder: Path, limit_bytes: int, reserve_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._reserve = reserve_bytes
        self._free = 0
        self._free_at = float("-inf")
        self.used = 0
        self.make_room: Callable[[Callable[[], bool]], None] | None = None

    def take(self, count: int) -> None:
        """Count `count` more bytes.

        Raises:
            SpoolError: They are not to be had; nothing was counted.
        """
        if self.used + count > self._limit and self.make_room is not None:
            self.make_room(lambda: self.used + count <= self._limit)
        if self.used + count > self._limit:
            raise SpoolError(f"the spool is full: documents may take {self._limit} bytes in all")
        self._look_at_disk()
        if self._free - count < self._reserve and self.make_room is not None:
            self.make_room(lambda: self._has_free(count))
        if self._free - count < self._reserve:
            raise SpoolError(f"the disk is full: {self._reserve} bytes of {self._folder} are kept free")
        self._free -= count
        self.used += count

    def _look_at_disk(self) -> None:
        now = time.monotonic()
        if now - self._free_at > _FREE_SPACE_AGE_S:
            status = os.statvfs(self._folder)
            self._free = status.f_bavail * status.f_frsize
            self._free_at = now

    def _has_free(self, count: int) -> bool:
        self._free_at = float("-inf")
        self._look_at_disk()
        return self._free - count >= self._reserve

    def give_back(self, count: int) -> None:
        """Count `count` bytes less."""
        self.used = max(0, self.used - count)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document that was received whole.

    Attributes:
        size: Bytes.
        content: The bytes themselves where it is small, else None: it is a file.
    """

    size: int
    content: bytes | None


class DocumentFolder:
    """The folder of document files.

    Args:
        folder: Made where it is not there.
        budget: What all documents together may take.
        sync: Wait for the disk when a document is finished.
    """

    def __init__(self, folder: Path, budget: SpoolBudget, *, sync: bool = True) -> None:
        self._folder = folder
        self.budget = budget
        self._sync = sync

    def path(self, job_id: int, number: int) -> Path:
        """Where document `number` of a job lies, if it is a file."""
        return self._folder / f"{job_id:09d}-{number:03d}"

    def writer(self, job_id: int, number: int, limit_bytes: int) -> DocumentWriter:
        """Begin to receive a document of at most `limit_bytes`."""
        return DocumentWriter(self.path(job_id, number), self.budget, limit_bytes, sync=self._sync)

    def remove(self, job_id: int, number: int, size: int) -> None:
        """Remove a document's file, if it has one, and give its bytes back to the budget."""
        with contextlib.suppress(FileNotFoundError):
            self.path(job_id, number).unlink()
        self.budget.give_back(size)

    async def duplicate(self, job_id: int, number: int, size: int, new_job_id: int) -> None:
        """Give another job the same document, durably; the bytes are not copied.

        Raises:
            SpoolError: There is no such file, or no room.
        """
        self.budget.take(size)
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._link, job_id, number, new_job_id)
        except OSError as error:
            self.budget.give_back(size)
            raise SpoolError(
                f"document {number} of job {job_id} cannot be taken: {error.strerror}"
            ) from error

    def _link(self, job_id: int, number: int, new_job_id: int) -> None:
        target = self.path(new_job_id, number)
        target.unlink(missing_ok=True)
        target.hardlink_to(self.path(job_id, number))
        if self._sync:
            _sync_folder(self._folder)

    def sweep(self, known: set[tuple[int, int]]) -> int:
        """Remove the files that belong to no accepted document; returns how many. Blocks: for the start."""
        removed = 0
        for path in self._folder.iterdir():
            job_id, _, number = path.name.partition("-")
            if not (job_id.isdigit() and number.isdigit() and (int(job_id), int(number)) in known):
                path.unlink()
                removed += 1
        return removed


class DocumentWriter:
    """Receives one document. Either `finish` or `abort` ends it.

    Attributes:
        size: Bytes received so far.
        written: Bytes that can be read from the file so far.
    """

    def __init__(self, path: Path, budget: SpoolBudget, limit_bytes: int, *, sync: bool) -> None:
        self._path = path
        self._budget = budget
        self._limit = limit_bytes
        self._sync = sync
        self._pieces: list[bytes] = []
        self._buffered = 0
        self._fd = -1
        self.size = 0
        self.written = 0
        self.on_written: Callable[[int], None] | None = None

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; returns when there is room for more.

        Raises:
            SpoolError: The spool or the disk is full, or the document is longer than its limit. Call `abort`.
        """
        if self.size + len(chunk) > self._limit:
            raise DocumentTooLargeError(self._limit)
        self._budget.take(len(chunk))
        self.size += len(chunk)
        self._pieces.append(chunk)
        self._buffered += len(chunk)
        if self._buffered >= BUFFER_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Bring what was received into the file, so that it can be read while more is coming."""
        if self._pieces:
            pieces, self._pieces, self._buffered = self._pieces, [], 0
            await asyncio.get_running_loop().run_in_executor(None, self._append, pieces)
            self.written = self.size
            if self.on_written is not None:
                self.on_written(self.written)

    def open_reader(self) -> int:
        """A file descriptor that reads the file while it grows; the caller closes it. Call `flush` before.

        Raises:
            SpoolError: Nothing was flushed yet, or the file cannot be opened.
        """
        try:
            return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SpoolError(f"the document cannot be read while it arrives: {error.strerror}") from error

    def _append(self, pieces: list[bytes]) -> None:
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            data = memoryview(b"".join(pieces))
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            raise SpoolError(f"the spool cannot take the document: {error.strerror}") from error

    async def finish(self) -> StoredDocument:
        """All was received: make it durable (a small one becomes so with its job's commit).

        Raises:
            SpoolError: The disk is full or failing. Call `abort`.
        """
        if self._fd < 0 and self.size <= INLINE_BYTES:
            return StoredDocument(self.size, b"".join(self._pieces))
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(None, self._close_synced)
        return StoredDocument(self.size, None)

    def _close_synced(self) -> None:
        try:
            if self._sync:
                os.fsync(self._fd)
                _sync_folder(self._path.parent)
        except OSError as error:
            raise SpoolError(f"the spool cannot keep the document: {error.strerror}") from error
        finally:
            os.close(self._fd)
            self._fd = -1

    def abort(self) -> None:
        """Forget what was received."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._pieces = []
        self._budget.give_back(self.size)
        self.size = 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DocumentTooLargeError(SpoolError):
    """A document is longer than one may be.

    Attributes:
        limit_bytes: What it may have.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the document is larger than the {limit_bytes} bytes that one may have")
