"""A state directory has one owner; flock(2) is between open files, so that one process can be both."""

from __future__ import annotations

import os

import pytest

from tympan.errors import SpoolError
from tympan.spool.state_lock import StateLock


def test_the_second_is_told_who_has_it(tmp_path):
    first, second = StateLock(tmp_path), StateLock(tmp_path)
    first.take()
    with pytest.raises(SpoolError, match=rf"process {os.getpid()}\b.*{tmp_path}.*--state-dir"):
        second.take()
    first.release()
    second.take()
    second.release()
    second.release()


def test_a_file_left_behind_does_not_matter(tmp_path):
    (tmp_path / "lock").write_text("99999 and more than that\n")
    lock = StateLock(tmp_path)
    lock.take()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(SpoolError, match="cannot be opened"):
        StateLock(tmp_path / "none").take()
