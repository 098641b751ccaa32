"""What the page for people says of jobs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import make_mocked_request
from desk import OPERATOR, RECEIPT, open_desk

from tympan.ipp import Attribute, Operation
from tympan.service.access import EVERYBODY
from tympan.web.pages import Pages


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


def seen(desk, requester=EVERYBODY):
    return desk.runner.run(Pages(desk.service).answer(make_mocked_request("GET", "/"), requester)).text


def states(desk):
    page = seen(desk)
    return re.findall(r'<td class="last"><span class="(\w+)">(\w+)</span>', page)


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


TOMORROW = datetime.now(UTC).astimezone().replace(hour=9, minute=5, second=0, microsecond=0) + timedelta(
    days=1
)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Attribute.keyword("job-hold-until", "indefinite"), "until it is released"),
        (Attribute.keyword("job-hold-until", "third-shift"), "until third shift"),
        (
            Attribute.date_time("job-hold-until-time", TOMORROW),
            f"until {TOMORROW:%Y-%m-%d} 09:05",
        ),
    ],
)
def test_why_a_job_is_held_and_until_when(desk, asked, why):
    desk.printed(job=(asked,))
    if "third" in why and states(desk) == [("waiting", "waiting")]:
        return  # it is the third shift now
    assert f'<div class="dim">{why}</div>' in seen(desk)


def test_a_job_that_waits_as_all_new_ones_do(desk):
    desk.requester = OPERATOR
    desk.ask(Operation.HOLD_NEW_JOBS, RECEIPT)
    desk.printed()
    assert '<div class="dim">the printer holds new jobs</div>' in seen(desk)


def test_what_nobody_may_see_is_said_once_and_has_no_column(desk):
    for _ in range(3):
        desk.printed(
            RECEIPT,
            Attribute.name_string("requesting-user-name", "ann"),
            Attribute.name_string("job-name", "Payroll"),
        )
    page = seen(desk)
    assert "Payroll" not in page
    assert "<th>Document</th>" not in page
    assert page.count("shown to their owners and to operators") == 1
    page = seen(desk, OPERATOR)
    assert page.count("Payroll") == 3
    assert "shown to their owners" not in page


def test_where_there_is_no_printer_it_says_how_one_comes(desk):
    desk.service.printers.clear()
    page = seen(desk)
    assert "There is no printer yet" in page
    assert "appears by itself" not in page, "the desk's printers are configured"
    desk.service.found._makes = True
    assert "A USB printer appears by itself when it is plugged in" in seen(desk)


def test_a_device_that_no_printer_is_made_of_is_named_and_cannot_write_on_the_page(desk):
    desk.service.found._say("usb://x", "no printer is made of <script>: not supported")
    page = seen(desk)
    assert "No printer is made of &lt;script&gt;: not supported." in page
    assert "<script>:" not in page
