"""What the page for people says of jobs."""

from __future__ import annotations

import re

import pytest
from aiohttp.test_utils import make_mocked_request
from desk import RECEIPT, open_desk

from tympan.ipp import Attribute, Operation
from tympan.service.access import EVERYBODY
from tympan.web.pages import Pages


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


def states(desk):
    page = desk.runner.run(Pages(desk.service).answer(make_mocked_request("GET", "/"), EVERYBODY)).text
    return re.findall(r'<td><span class="(\w+)">(\w+)</span>', page)


def test_what_is_held_is_not_called_arriving(desk):
    desk.printed(job=(Attribute.keyword("job-hold-until", "indefinite"),))
    assert states(desk) == [("held", "held")]


def test_what_is_arriving_is_called_so(desk):
    desk.ask(Operation.CREATE_JOB, RECEIPT)
    assert states(desk) == [("receiving", "receiving")]


def test_what_waits_and_what_was_canceled(desk):
    job_id = desk.printed()
    assert states(desk) == [("waiting", "waiting")]
    desk.service.jobs.cancel(desk.service.printers["receipt"], desk.job(job_id))
    assert states(desk) == [("canceled", "canceled")]
