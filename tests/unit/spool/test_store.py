"""The store keeps what it was told to keep, in the order it was told, and says so only when it is true."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap

import pytest

from tympan.errors import SpoolError
from tympan.spool.store import (
    DeleteContents,
    DeleteJob,
    DeleteRecord,
    SaveContent,
    SaveJob,
    SaveRecord,
    SetMeta,
    Store,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tympan.db"


def rows(path, query):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_what_is_committed_can_be_read_by_another_connection_at_once(path):
    store = Store(path)
    store.open()
    await store.commit(SaveJob(7, b"seven"), SaveContent(7, 1, b"content"))
    assert rows(path, "SELECT job_id, record FROM jobs") == [(7, b"seven")]
    assert store.read_content(7, 1) == b"content"
    store.close()


async def test_nobody_else_reads_documents_and_passwords(path):
    before = os.umask(0)
    try:
        store = Store(path)
        store.open()
    finally:
        os.umask(before)
    await store.commit(SaveContent(1, 1, b"secret"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    store.close()


async def test_changes_keep_their_order_whether_posted_or_committed(path):
    store = Store(path)
    store.open()
    for _ in range(50):
        store.post(SaveJob(1, b"first"))
        commit = asyncio.ensure_future(store.commit(SaveJob(1, b"second")))
        await asyncio.sleep(0)
        store.post(SaveJob(1, b"third"))
        await commit
    store.close()
    assert rows(path, "SELECT record FROM jobs") == [(b"third",)]


async def test_a_commit_after_a_post_wins(path):
    store = Store(path)
    store.open()
    store.post(SaveJob(1, b"posted"))
    await store.commit(SaveJob(1, b"committed"))
    store.close()
    assert rows(path, "SELECT record FROM jobs") == [(b"committed",)]


async def test_posts_of_one_job_are_written_once(path, monkeypatch):
    written = []
    transaction = Store._transaction
    monkeypatch.setattr(
        Store,
        "_transaction",
        staticmethod(lambda c, changes: (written.extend(changes), transaction(c, changes))[1]),
    )
    store = Store(path)
    store.open()
    for number in range(100):
        store.post(SaveJob(1, b"%d" % number))
    store.close()
    assert written == [SaveJob(1, b"99")]


async def test_many_waiting_commits_share_transactions(path, monkeypatch):
    transactions = []
    transaction = Store._transaction
    monkeypatch.setattr(
        Store,
        "_transaction",
        staticmethod(lambda c, changes: (transactions.append(len(changes)), transaction(c, changes))[1]),
    )
    store = Store(path)
    store.open()
    await asyncio.gather(*(store.commit(SaveJob(number, b"x")) for number in range(1, 401)))
    store.close()
    assert sum(transactions) == 400
    assert len(transactions) <= 10


async def test_deleting_a_job_takes_its_contents_with_it(path):
    store = Store(path)
    store.open()
    await store.commit(SaveJob(1, b"a"), SaveContent(1, 1, b"x"), SaveJob(2, b"b"), SaveContent(2, 1, b"y"))
    await store.commit(DeleteJob(1), DeleteContents(2))
    assert list(store.jobs()) == [(2, b"b")]
    assert rows(path, "SELECT count(*) FROM contents") == [(0,)]
    with pytest.raises(SpoolError):
        store.read_content(1, 1)
    store.close()


async def test_records_are_kept_by_kind_and_key_over_a_restart(path):
    store = Store(path)
    store.open()
    await store.commit(SaveRecord("subscription", "2", b"two"), SaveRecord("subscription", "1", b"one"))
    store.post(SaveRecord("control", "1", b"other"), DeleteRecord("subscription", "2"))
    store.post(SaveRecord("subscription", "1", b"uno"))
    store.close()
    store = Store(path)
    store.open()
    assert store.records("subscription") == [("1", b"uno")]
    assert store.records("control") == [("1", b"other")]
    store.close()


async def test_a_database_of_the_first_schema_is_taken_over(path):
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE jobs (job_id INTEGER PRIMARY KEY, record BLOB NOT NULL);"
        "INSERT INTO jobs VALUES (7, x'736576656e'); PRAGMA user_version = 1;"
    )
    connection.close()
    store = Store(path)
    store.open()
    assert list(store.jobs()) == [(7, b"seven")]
    assert store.records("subscription") == []
    await store.commit(SaveRecord("subscription", "1", b"one"))
    store.close()


async def test_a_full_database_refuses_one_commit_and_keeps_the_others(path):
    store = Store(path)
    store.open()
    await store.commit(SetMeta("full", b""))
    connection = sqlite3.connect(path)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    original = store._connect

    def limited():
        fresh = original()
        fresh.execute(f"PRAGMA max_page_count = {pages + 20}")
        return fresh

    store.close()
    store = Store(path)
    store._connect = limited
    store.open()
    small, large = await asyncio.gather(
        store.commit(SaveJob(1, b"small")), store.commit(SaveJob(2, b"x" * 1_000_000)), return_exceptions=True
    )
    assert small is None
    assert isinstance(large, SpoolError)
    assert [job_id for job_id, _ in store.jobs()] == [1]
    store.close()


async def test_a_closed_store_takes_nothing_more(path):
    store = Store(path)
    store.open()
    store.close()
    with pytest.raises(SpoolError):
        await store.commit(SaveJob(1, b""))


def test_a_database_of_a_later_version_is_refused(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SpoolError, match="later version"):
        Store(path).open()


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(SpoolError):
        Store(path).open()


def test_what_was_committed_survives_a_kill(path):
    script = textwrap.dedent(
        f"""
        import asyncio, os, signal
        from pathlib import Path
        from tympan.spool.store import SaveJob, Store
        async def main():
            store = Store(Path({str(path)!r}))
            store.open()
            for number in range(1, 1000):
                await store.commit(SaveJob(number, b"r" * 100))
                print(number, flush=True)
                if number == 57:
                    os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    told = [int(line) for line in done.stdout.split()]
    assert told[-1] == 57
    assert [row[0] for row in rows(path, "SELECT job_id FROM jobs ORDER BY job_id")] == told


async def test_a_full_disk_is_said_once_and_so_is_its_end(path, monkeypatch, caplog):
    store = Store(path)
    store.open()
    transaction, left = Store._transaction, [6]

    def full(connection, changes):
        if changes and left[0]:
            left[0] -= 1
            raise sqlite3.OperationalError("database or disk is full")
        transaction(connection, changes)

    monkeypatch.setattr("tympan.spool.store.POST_DELAY_S", 0.01)
    monkeypatch.setattr(Store, "_transaction", staticmethod(full))
    with caplog.at_level("INFO"):
        store.post(SaveJob(1, b"one"))
        async with asyncio.timeout(10):
            while "keeps changes again" not in caplog.text:  # noqa: ASYNC110 — it happens on the store's thread
                await asyncio.sleep(0.01)
    store.close()
    said = [record.message for record in caplog.records]
    assert said == [
        "the spool cannot keep changes now, and goes on trying: database or disk is full",
        "the spool keeps changes again",
    ]
    assert rows(path, "SELECT record FROM jobs") == [(b"one",)]
