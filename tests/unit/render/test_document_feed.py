"""A document that arrives while it is read: nothing is read too early, nobody waits for who never reads."""

from __future__ import annotations

import os
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


def test_only_what_is_said_to_be_there_is_read(growing):
    file, feed, reader = growing
    file.write(CONTENT)
    assert not reader.wait(0.01)
    feed.advance(300)
    assert reader.read(1000) == CONTENT[:300]
    assert reader.size is None
    assert not reader.wait(0.01)
    feed.complete(len(CONTENT))
    assert reader.read(1000) == CONTENT[300:1300]
    assert reader.size == len(CONTENT)
    reader.seek(len(CONTENT))
    assert reader.read(1) == b""


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
    file.write(CONTENT)
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
