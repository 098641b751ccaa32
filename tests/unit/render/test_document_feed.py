"""A document that arrives while it is read: nothing is read too early, nobody waits for who never reads."""

from __future__ import annotations

import fcntl
import os
import resource
import threading
import time

import pytest

from tympan.errors import DocumentError
from tympan.render.document import DocumentFeed

CONTENT = os.urandom(100_000)


@pytest.fixture
def growing(tmp_path):
    """A file that is being written, its feed and a reader."""
    file = (tmp_path / "document").open("w+b", buffering=0)
    feed = DocumentFeed.growing(os.dup(file.fileno()), "text/plain")
    reader = feed.reader()
    yield file, feed, reader
    reader.close()
    feed.close()
    file.close()


def test_a_complete_document():
    feed = DocumentFeed.of_bytes(CONTENT)
    reader = feed.reader()
    assert not feed.is_growing
    assert reader.size == len(CONTENT)
    assert reader.peek(10) == reader.read(10) == CONTENT[:10]
    reader.seek(99_990)
    assert reader.read(100) == CONTENT[99_990:]
    assert reader.read(100) == b""
    buffer = bytearray(7)
    reader.seek(5)
    assert reader.readinto(buffer) == 7
    assert bytes(buffer) == CONTENT[5:12]
    reader.close()
    feed.close()


def test_what_stands_in_the_file_is_read_after_it_was_told_of(growing):
    file, feed, reader = growing
    file.write(CONTENT[:300])
    assert not reader.wait(0.01)
    feed.advance(300)
    assert reader.read(1000) == CONTENT[:300]
    assert reader.size is None
    file.write(CONTENT[300:])
    assert not reader.wait(0.01)
    feed.complete(len(CONTENT))
    assert reader.read(1000) == CONTENT[300:1300]
    assert reader.size == len(CONTENT)
    reader.seek(len(CONTENT))
    assert reader.read(1) == b""


def test_nothing_told_to_a_slow_reader_is_lost(growing):
    """Ever so much came while it was busy, and then the client stands still."""
    file, feed, reader = growing
    for start in range(0, len(CONTENT), 10):
        file.write(CONTENT[start : start + 10])
        feed.advance(start + 10)
    found = bytearray()
    while reader.wait(0):
        found += reader.read(4096)
    assert found == CONTENT


def test_a_reader_with_a_high_descriptor(tmp_path):
    """A service with many clients: select(2) ends at 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("this process may not have so many descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    path = tmp_path / "document"
    path.write_bytes(CONTENT)
    feed = DocumentFeed.growing(os.open(path, os.O_RDONLY), "text/plain")
    low, feed.progress_fd = feed.progress_fd, fcntl.fcntl(feed.progress_fd, fcntl.F_DUPFD_CLOEXEC, 2000)
    os.close(low)
    reader = feed.reader()
    try:
        assert not reader.wait(0.01)
        feed.advance(10)
        assert reader.wait(1)
    finally:
        reader.close()
        feed.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_reader_waits_for_what_comes(growing):
    file, feed, reader = growing
    found = []
    thread = threading.Thread(target=lambda: found.append(reader.read(10)))
    thread.start()
    file.write(CONTENT)
    assert not found
    feed.advance(10)
    thread.join(5)
    assert found == [CONTENT[:10]]


def test_a_document_that_breaks_off_is_told_where_it_ends(growing):
    file, feed, reader = growing
    file.write(CONTENT[:10])
    feed.advance(10)
    feed.broken()
    assert reader.read(100) == CONTENT[:10]
    with pytest.raises(DocumentError) as failure:
        reader.read(1)
    assert failure.value.reason == "job-data-insufficient"


def test_a_feed_that_is_lost_counts_as_broken_off(growing):
    _, feed, reader = growing
    feed.close()
    with pytest.raises(DocumentError):
        reader.read(1)


@pytest.mark.parametrize("end", ["complete", "broken"])
def test_nobody_waits_for_a_reader_that_never_reads(growing, end):
    _, feed, reader = growing
    fcntl.fcntl(feed._news_fd, fcntl.F_SETPIPE_SZ, 4096)
    began = time.monotonic()
    for available in range(1, 20_000):
        feed.advance(available)
    feed.complete(20_000) if end == "complete" else feed.broken()
    assert time.monotonic() - began < 5
    reader.seek(30_000)
    if end == "complete":  # the last word came through
        assert reader.wait(0)
        assert reader.size == 20_000
    else:
        with pytest.raises(DocumentError):
            reader.wait(0)


def test_a_reader_that_left_does_not_matter(growing):
    _, feed, reader = growing
    reader.close()
    feed.advance(1)
    feed.complete(2)


def test_an_empty_one():
    reader = DocumentFeed.of_bytes(b"").reader()
    assert reader.size == 0
    assert reader.read(10) == b""
    reader.close()
