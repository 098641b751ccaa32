"""The store: one SQLite database, one writer thread, writes grouped.

It owns the database file and the connection to it; nobody else touches either. It knows records as bytes under keys
and nothing of what is in them. It never runs on the event loop: the loop hands over changes and is told when they are
on the disk.

Two ways to hand over a change. `Store.commit` returns when the change is durable: an answer ``successful-ok`` stands
on it. `Store.post` returns at once and the change follows within `POST_DELAY_S`, the last one of a key winning: progress
and history, few grouped writes for the SD card's sake. Both keep their order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tympan.errors import SpoolError

Durability = Literal["full", "relaxed"]

POST_DELAY_S = 0.5
"""How long a posted change may wait for company before it is written."""

PRIVATE_MODE = 0o600

MAX_GROUP = 1000
"""The most changes in one transaction: bounds how long a commit waits behind others."""

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (job_id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS contents (
    job_id INTEGER NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (job_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""

_SCHEMA_VERSION = 2
"""2 came with the table of records; an older database gets it when it is opened."""


@dataclass(frozen=True, slots=True)
class SaveJob:
    """Keep a job's record, replacing the one before."""

    job_id: int
    record: bytes


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Forget a job and its contents."""

    job_id: int


@dataclass(frozen=True, slots=True)
class SaveContent:
    """Keep a small document's bytes in the database itself: one fsync for record and content."""

    job_id: int
    number: int
    content: bytes


@dataclass(frozen=True, slots=True)
class DeleteContents:
    """Forget the contents of a job's documents."""

    job_id: int


@dataclass(frozen=True, slots=True)
class DeleteContent:
    """Forget the content of one document."""

    job_id: int
    number: int


@dataclass(frozen=True, slots=True)
class SetMeta:
    """Keep a value under a name: the service's UUID, the printer-up-time reached, settings made by operations."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class SaveRecord:
    """Keep anything else that must survive a restart, such as a subscription, under its kind and key."""

    kind: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DeleteRecord:
    """Forget a record."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class ForgetAll:
    """Forget every job and every record, but those of some kinds; what is kept under a name (`SetMeta`) stays.

    Attributes:
        kept_kinds: Kinds of records that stay.
    """

    kept_kinds: tuple[str, ...] = ()


Change = (
    SaveJob
    | DeleteJob
    | SaveContent
    | DeleteContents
    | DeleteContent
    | SetMeta
    | SaveRecord
    | DeleteRecord
    | ForgetAll
)

_STATEMENTS: dict[type, str] = {
    SaveJob: "INSERT INTO jobs VALUES (?, ?) ON CONFLICT (job_id) DO UPDATE SET record = excluded.record",
    DeleteJob: "DELETE FROM jobs WHERE job_id = ?",
    SaveContent: "INSERT OR REPLACE INTO contents VALUES (?, ?, ?)",
    DeleteContents: "DELETE FROM contents WHERE job_id = ?",
    DeleteContent: "DELETE FROM contents WHERE job_id = ? AND number = ?",
    SetMeta: "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    SaveRecord: "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
    DeleteRecord: "DELETE FROM records WHERE kind = ? AND key = ?",
    ForgetAll: "DELETE FROM records WHERE kind NOT IN (SELECT value FROM json_each(?))",
}


def _parameters(change: Change) -> tuple[object, ...]:  # noqa: PLR0911 — one for each kind of change
    match change:
        case SaveJob(job_id, record):
            return (job_id, record)
        case SaveContent(job_id, number, content):
            return (job_id, number, content)
        case SetMeta(key, value):
            return (key, value)
        case DeleteJob(job_id) | DeleteContents(job_id):
            return (job_id,)
        case SaveRecord(kind, key, value):
            return (kind, key, value)
        case DeleteRecord(first, second) | DeleteContent(first, second):
            return (first, second)
        case ForgetAll(kept_kinds):
            return (json.dumps(kept_kinds),)


def _key(change: Change) -> tuple[object, ...] | None:
    """What a later posted change of the same key replaces; None: never replaced."""
    match change:
        case SaveJob(job_id, _):
            return ("job", job_id)
        case SetMeta(key, _):
            return ("meta", key)
        case SaveRecord(kind, key, _) | DeleteRecord(kind, key):
            return ("record", kind, key)
        case _:
            return None


class Store:
    """The database of jobs and settings.

    Args:
        path: The database file; its folder must exist and be writable.
        durability: ``full`` waits for the disk (fsync) at each group of commits; ``relaxed`` leaves that to the system:
            a power cut may lose the last seconds, never the consistency.
    """

    def __init__(self, path: Path, durability: Durability = "full") -> None:
        self._path = path
        self._durability = durability
        self._condition = threading.Condition()
        self._waiting: list[_Entry] = []
        self._posted: dict[object, _Entry] = {}
        self._urgent = False
        self._closing = False
        self._failing = False
        self._thread: threading.Thread | None = None
        self._reader: sqlite3.Connection | None = None
        self._reader_lock = threading.Lock()

    def open(self) -> None:
        """Open or create the database; blocks, and belongs before the loop serves.

        Raises:
            SpoolError: The file cannot be opened, is not ours, or is from a later version.
        """
        try:
            with contextlib.ExitStack() as opened:
                self._make_private()
                connection = opened.enter_context(contextlib.closing(self._connect()))
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version > _SCHEMA_VERSION:
                    raise SpoolError(
                        f"{self._path} was written by a later version of tympan (schema {version})"
                    )
                connection.executescript(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
                self._reader = self._connect()
                opened.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(f"{self._path} cannot be opened: {error}") from error
        self._thread = threading.Thread(
            target=self._write_loop, args=(connection,), name="tympan-store", daemon=True
        )
        self._thread.start()

    def _make_private(self) -> None:
        """Make the file, which has documents and passwords of URIs in it, for its owner's eyes only; SQLite's others follow it."""
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durability == 'full' else 'NORMAL'}")
            connection.execute("PRAGMA cache_size = -1024")
            connection.execute("PRAGMA journal_size_limit = 4194304")
            connection.execute("PRAGMA foreign_keys = OFF")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    # --- reading ----------------------------------------------------------------------------------------------------

    def jobs(self) -> Iterator[tuple[int, bytes]]:
        """Every kept job's id and record, oldest first. Blocks: for the start of the service."""
        assert self._reader is not None
        with self._reader_lock:
            rows = self._reader.execute("SELECT job_id, record FROM jobs ORDER BY job_id").fetchall()
        yield from rows

    def highest_job_id(self) -> int:
        """The highest job id that is kept; 0 where there is none. Blocks."""
        assert self._reader is not None
        with self._reader_lock:
            return int(self._reader.execute("SELECT coalesce(max(job_id), 0) FROM jobs").fetchone()[0])

    def meta(self, key: str) -> bytes | None:
        """The value kept under `key`, or None. Blocks."""
        assert self._reader is not None
        with self._reader_lock:
            row = self._reader.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def records(self, kind: str) -> list[tuple[str, bytes]]:
        """Key and value of every record of a kind, by key. Blocks: for the start of the service."""
        assert self._reader is not None
        with self._reader_lock:
            rows = self._reader.execute(
                "SELECT key, value FROM records WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        return [(str(key), bytes(value)) for key, value in rows]

    def read_content(self, job_id: int, number: int) -> bytes:
        """A small document's bytes. Blocks for a moment: call it on a thread.

        Raises:
            SpoolError: There is no such content.
        """
        assert self._reader is not None
        with self._reader_lock:
            row = self._reader.execute(
                "SELECT content FROM contents WHERE job_id = ? AND number = ?", (job_id, number)
            ).fetchone()
        if row is None:
            raise SpoolError(f"document {number} of job {job_id} is not in the spool")
        return bytes(row[0])

    # --- writing ----------------------------------------------------------------------------------------------------

    async def commit(self, *changes: Change) -> None:
        """Write `changes` in one transaction; returns when they are durable.

        Cancelling the caller does not take the change back.

        Raises:
            SpoolError: The disk is full or failing; nothing of `changes` was kept.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._condition:
            if self._closing:
                raise SpoolError("the service is shutting down")
            self._waiting.append(_Entry(changes, future))
            self._urgent = True
            self._condition.notify()
        await future

    def post(self, *changes: Change) -> None:
        """Write `changes` soon; a later posted change of the same job or key replaces an earlier one."""
        with self._condition:
            idle = not self._waiting
            for change in changes:
                entry = _Entry((change,), None)
                key = _key(change)
                if key is not None:
                    earlier = self._posted.get(key)
                    if earlier is not None:
                        earlier.changes = ()
                    self._posted[key] = entry
                self._waiting.append(entry)
            if idle:
                self._condition.notify()

    def close(self) -> None:
        """Write what is waiting and close. Blocks until it is done."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        condition = self._condition
        while True:
            with condition:
                while not (self._waiting or self._closing):
                    condition.wait()
                if not (self._urgent or self._closing):
                    condition.wait_for(lambda: self._urgent or self._closing, POST_DELAY_S)
                if not self._waiting:
                    break
                batch = self._waiting[:MAX_GROUP]
                self._waiting = self._waiting[MAX_GROUP:]
                self._urgent = any(entry.future is not None for entry in self._waiting)
                self._posted = {}
                closing = self._closing
            failed = self._write(connection, batch)
            if failed and not closing:
                with condition:
                    self._waiting = failed + self._waiting
                    condition.wait(POST_DELAY_S)
        connection.close()

    def _write(self, connection: sqlite3.Connection, batch: list[_Entry]) -> list[_Entry]:
        """Write a batch in order; returns the posted changes that failed and are worth another try."""
        outcomes: list[tuple[asyncio.Future[None], sqlite3.Error | None]] = []
        failed: list[_Entry] = []
        try:
            self._transaction(connection, tuple(change for entry in batch for change in entry.changes))
            outcomes = [(entry.future, None) for entry in batch if entry.future is not None]
        except sqlite3.Error as first:
            # One bad or oversized change must not fail the others: each on its own.
            for entry in batch:
                problem: sqlite3.Error | None = None
                try:
                    self._transaction(connection, entry.changes)
                except sqlite3.Error as error:
                    problem = error
                    if entry.future is None:
                        failed.append(entry)
                if entry.future is not None:
                    outcomes.append((entry.future, problem))
            if failed and not self._failing:  # said once, however often it is tried
                _log.error("the spool cannot keep changes now, and goes on trying: %s", first)
                self._failing = True
        if self._failing and not failed:
            _log.info("the spool keeps changes again")
            self._failing = False
        for loop in {future.get_loop() for future, _ in outcomes}:
            mine = [(future, error) for future, error in outcomes if future.get_loop() is loop]
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_resolve, mine)
        return failed

    @staticmethod
    def _transaction(connection: sqlite3.Connection, changes: tuple[Change, ...]) -> None:
        if not changes:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                connection.execute(_STATEMENTS[type(change)], _parameters(change))
                if isinstance(change, DeleteJob):
                    connection.execute(_STATEMENTS[DeleteContents], (change.job_id,))
                if isinstance(change, ForgetAll):
                    connection.execute("DELETE FROM jobs")
                    connection.execute("DELETE FROM contents")
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


@dataclass(slots=True)
class _Entry:
    """Changes that go into one transaction, and who waits for it."""

    changes: tuple[Change, ...]
    future: asyncio.Future[None] | None


def _resolve(outcomes: list[tuple[asyncio.Future[None], sqlite3.Error | None]]) -> None:
    for future, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            failure = SpoolError(f"the spool cannot keep the job: {error}")
            failure.__cause__ = error
            future.set_exception(failure)
