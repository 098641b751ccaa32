"""Documents arrive in pieces, small ones stay in memory, and the spool never takes more than it may."""

from __future__ import annotations

import os

import pytest

from tympan.errors import SpoolError
from tympan.spool import documents
from tympan.spool.documents import INLINE_BYTES, DocumentFolder, DocumentTooLargeError, SpoolBudget

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path):
    return DocumentFolder(tmp_path, SpoolBudget(tmp_path, 8 * MIB, 0))


async def receive(writer, data, piece=10_000):
    for start in range(0, len(data), piece):
        await writer.write(data[start : start + piece])
    return await writer.finish()


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES - 1, INLINE_BYTES])
async def test_a_small_document_is_given_back_whole_and_leaves_no_file(folder, tmp_path, size):
    data = os.urandom(size)
    stored = await receive(folder.writer(1, 1, MIB), data)
    assert (stored.size, stored.content) == (size, data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [INLINE_BYTES + 1, documents.BUFFER_BYTES, 3 * MIB + 17])
async def test_a_large_document_is_a_file_with_the_same_bytes(folder, size):
    data = os.urandom(size)
    stored = await receive(folder.writer(1, 2, 4 * MIB), data)
    assert (stored.size, stored.content) == (size, None)
    assert folder.path(1, 2).read_bytes() == data


async def test_the_limit_of_a_document_is_exact(folder):
    writer = folder.writer(1, 1, 1000)
    await writer.write(b"x" * 1000)
    with pytest.raises(DocumentTooLargeError):
        await writer.write(b"x")
    writer.abort()
    assert folder.budget.used == 0


async def test_the_limit_of_the_spool_is_exact_and_given_back(tmp_path):
    folder = DocumentFolder(tmp_path, SpoolBudget(tmp_path, 100_000, 0))
    first = folder.writer(1, 1, MIB)
    await first.write(b"x" * 60_000)
    second = folder.writer(2, 1, MIB)
    await second.write(b"x" * 40_000)
    with pytest.raises(SpoolError, match="spool is full"):
        await second.write(b"x")
    first.abort()
    await second.write(b"x")
    assert folder.budget.used == 40_001


async def test_the_reserve_of_the_disk_is_kept(tmp_path):
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize
    with pytest.raises(SpoolError, match="disk is full"):
        SpoolBudget(tmp_path, free, free + 10**12).take(1)


async def test_an_aborted_upload_leaves_nothing(folder, tmp_path):
    writer = folder.writer(1, 1, 4 * MIB)
    await writer.write(os.urandom(2 * MIB))
    assert list(tmp_path.iterdir()) != []
    writer.abort()
    assert list(tmp_path.iterdir()) == []
    assert folder.budget.used == 0


async def test_what_is_flushed_can_be_read_while_more_is_coming(folder):
    writer = folder.writer(1, 1, 4 * MIB)
    await writer.write(b"abc")
    await writer.flush()
    assert folder.path(1, 1).read_bytes() == b"abc"
    assert writer.written == 3
    writer.abort()


async def test_a_full_disk_in_mid_write_is_a_spool_error(folder, monkeypatch):
    writer = folder.writer(1, 1, 4 * MIB)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(documents.os, "write", full)
    with pytest.raises(SpoolError, match="No space left"):
        await writer.write(b"x" * documents.BUFFER_BYTES)
    monkeypatch.undo()
    writer.abort()
    assert folder.budget.used == 0


def test_the_sweep_removes_what_no_job_knows(folder, tmp_path):
    for name in ("000000001-001", "000000002-001", "core", "000000001-002"):
        (tmp_path / name).write_bytes(b"x")
    assert folder.sweep({(1, 1)}) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["000000001-001"]
