"""Printers as the service builds them, without service, device or processes."""

from __future__ import annotations

import uuid

import pytest
from desk import settings

from tympan.ipp import Operation
from tympan.service.building import build_printer


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self):
        self.now = 100

    def up_time(self):
        return self.now

    def date(self):
        return 1_800_000_000 + self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def printers(tmp_path, clock):
    """The receipt printer and the laser by name."""
    made = settings(tmp_path)
    return {
        each.name: build_printer(
            made,
            each,
            service_uuid=uuid.UUID(int=1),
            operations=[Operation.PRINT_JOB],
            clock=clock,
            is_default=each.default,
        )[0]
        for each in made.printers
    }
