"""A service without sockets, one for each test file."""

from __future__ import annotations

import pytest
from desk import open_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Two printers, nothing in their queues."""
    with open_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
def empty_desk(desk):
    """A desk without unfinished jobs."""
    desk.empty()
    yield desk
    desk.empty()
