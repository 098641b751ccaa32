"""The simulated panel on the web: what is shown, what is pressed, and that there is none of it otherwise."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from desk import open_desk

from tympan.service.access import EVERYBODY
from tympan.web.pages import Pages
from tympan.web.panel_page import MAX_BODY, MAX_STREAMS, PanelPage


class Front:
    """A panel with one light and two buttons, which writes down what is done to it."""

    def __init__(self):
        self.done = []
        self.on = True
        self.watchers = []

    def state(self):
        return {
            "says": "needs a person: cover is open (2 blinks)",
            "lights": [
                {
                    "name": "ready_led",
                    "label": "Ready",
                    "on": self.on,
                    "colour": "green" if self.on else "off",
                }
            ],
            "buzzer": {"on": False},
            "buttons": [
                {"name": "button", "label": "Button", "down": False, "stays": False},
                {"name": "paper_near_end", "label": "Paper low", "down": True, "stays": True},
            ],
        }

    def watch(self, watcher):
        self.watchers.append(watcher)
        return lambda: self.watchers.remove(watcher)

    def has(self, name):
        return name in {"button", "paper_near_end"}

    def press(self, name, *, down):
        self.done.append((name, down))

    def hold(self, name, seconds):
        self.done.append((name, seconds))


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as made:
        yield made


def answer(desk, pages, method, path, body=b""):
    async def answered():
        reader = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
        reader.feed_data(body)
        reader.feed_eof()
        return await pages.answer(make_mocked_request(method, path, payload=reader), EVERYBODY)

    return desk.runner.run(answered())


def test_the_page_shows_it(desk):
    text = answer(desk, Pages(desk.service, Front()), "GET", "/").text
    assert 'data-light="ready_led" data-colour="green"' in text
    assert "needs a person: cover is open (2 blinks)" in text
    assert '<form method="post" action="/panel/hold">' in text
    assert 'action="/panel/release"' in text, "the switch is on: a press takes it off"


def test_there_is_none_but_in_a_simulation(desk):
    pages = Pages(desk.service)
    assert 'id="panel"' not in answer(desk, pages, "GET", "/").text
    assert answer(desk, pages, "GET", "/panel.json").status == 404
    assert answer(desk, pages, "GET", "/events").status == 404
    for path in ("/panel/press", "/panel/release", "/panel/hold"):
        assert answer(desk, pages, "POST", path, b"button=button&seconds=1").status == 405


def test_the_state_as_json(desk):
    front = Front()
    response = answer(desk, Pages(desk.service, front), "GET", "/panel.json")
    assert json.loads(response.text) == front.state()
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "body", "done"),
    [
        ("/panel/press", b"button=button", [("button", True)]),
        ("/panel/release", b"button=button", [("button", False)]),
        ("/panel/press", b"button=paper_near_end", [("paper_near_end", True)]),
        ("/panel/hold", b"button=button&seconds=tap", [("button", 0.12)]),
        ("/panel/hold", b"seconds=3.3&button=button", [("button", 3.3)]),
    ],
)
def test_buttons(desk, path, body, done):
    front = Front()
    response = answer(desk, Pages(desk.service, front), "POST", path, body)
    assert front.done == done
    assert (response.status, response.headers["Location"]) == (303, "/#panel")


def test_a_form_that_comes_in_pieces(desk):
    front = Front()

    async def pushed():
        protocol = BaseProtocol(asyncio.get_running_loop())
        protocol.connection_made(asyncio.Transport())
        reader = StreamReader(protocol, 2**16)
        request = make_mocked_request("POST", "/panel/hold", payload=reader)
        task = asyncio.create_task(Pages(desk.service, front).answer(request, EVERYBODY))
        for piece in (b"button=but", b"ton&seconds=tap"):
            reader.feed_data(piece)
            for _ in range(5):
                await asyncio.sleep(0)
        assert not task.done(), "more may come"
        reader.feed_eof()
        return await task

    assert desk.runner.run(pushed()).status == 303
    assert front.done == [("button", 0.12)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/panel/press", b"", 400),
        ("/panel/press", b"button=ready_led", 400),
        ("/panel/press", b"button=../etc", 400),
        ("/panel/hold", b"button=button", 400),
        ("/panel/hold", b"button=button&seconds=-1", 400),
        ("/panel/hold", b"button=button&seconds=31", 400),
        ("/panel/hold", b"button=button&seconds=nan", 400),
        ("/panel/hold", b"button=button&seconds=inf", 400),
        ("/panel/explode", b"button=button", 404),
        ("/panel/press", b"button=button&" + b"x" * MAX_BODY, 413),
    ],
)
def test_what_is_no_press(desk, path, body, status):
    front = Front()
    assert answer(desk, Pages(desk.service, front), "POST", path, body).status == status
    assert front.done == []


def test_the_configuration_page_is_there_for_every_printer_and_no_other(desk):
    pages = Pages(desk.service)
    for name in ("receipt", "laser"):
        response = answer(desk, pages, "GET", f"/configuration/{name}.pdf")
        assert response.content_type == "application/pdf"
        assert response.body.startswith(b"%PDF-1.4")
        assert b"devices/" not in response.body, "where the device is, is nobody's business"
    for name in ("none.pdf", "receipt", "../receipt.pdf", ".pdf", "receipt.pdf.pdf"):
        assert answer(desk, pages, "GET", f"/configuration/{name}").status == 404


async def test_streams_end_and_are_few():
    page = PanelPage(Front(), {})
    page._streams = {asyncio.Event() for _ in range(MAX_STREAMS)}
    refused = await page.answer(make_mocked_request("GET", "/events"))
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    page.close()
    assert all(news.is_set() for news in page._streams)
