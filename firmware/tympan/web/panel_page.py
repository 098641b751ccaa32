"""The simulated panel on the web: what it shows, as JSON and live, and its buttons. There is none of it but in a simulation.

``GET /panel.json`` is what is to be seen now, ``GET /events`` tells it again after each change (server-sent events, of the type
``panel``), ``POST /panel/press``, ``/panel/release`` and ``/panel/hold`` push a button. That a page of another site pushes
none, the endpoint sees to: it judges ``Host``, ``Origin`` and ``Sec-Fetch-Site`` of every request before it comes here.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from aiohttp import web

EVENTS: Final = "/events"
STATE: Final = "/panel.json"
PUSH: Final = "/panel/"

MAX_BODY: Final = 512
BODY_S: Final = 10.0

MAX_STREAMS: Final = 16
"""Pages that watch at the same time; one more is told to come again."""

KEEP_ALIVE_S: Final = 15.0
"""A comment after so much silence keeps proxies from ending a stream, and finds who has left."""

TAP_S: Final = 0.12
"""How long a tap takes that is sent as one request."""

MAX_HOLD_S: Final = 30.0


class PanelFront(Protocol):
    """What there is to be seen and pressed."""

    def state(self) -> dict[str, Any]:
        """All that is to be seen."""
        ...

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after changes; returns what ends that."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such a button."""
        ...

    def press(self, name: str, *, down: bool) -> None:
        """Press it, or let it go."""
        ...

    def hold(self, name: str, seconds: float) -> None:
        """Press it for a while; returns at once."""
        ...


class PanelPage:
    """Answers what is asked of the panel.

    Args:
        front: The panel.
        headers: Of every answer.
    """

    def __init__(self, front: PanelFront, headers: Mapping[str, str]) -> None:
        self._front = front
        self._headers = headers
        self._streams: set[asyncio.Event] = set()
        self._closing = False

    def state(self) -> dict[str, Any]:
        """All that is to be seen now."""
        return self._front.state()

    def close(self) -> None:
        """End the streams: the service stops."""
        self._closing = True
        for news in self._streams:
            news.set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """The answer; None: it is not about the panel."""
        if request.method == "POST" and request.path.startswith(PUSH):
            return await self._push(request)
        if request.method not in {"GET", "HEAD"}:
            return None
        if request.path == STATE:
            return web.json_response(self._front.state(), headers=self._headers)
        if request.path == EVENTS and request.method == "GET":
            return await self._stream(request)
        return None

    # --- buttons ----------------------------------------------------------------------------------------------------

    async def _push(self, request: web.BaseRequest) -> web.Response:
        try:
            async with asyncio.timeout(BODY_S):
                body = b""
                while len(body) <= MAX_BODY and not request.content.at_eof():  # it may come in pieces
                    body += await request.content.read(MAX_BODY + 1 - len(body))
        except TimeoutError:
            return self._refused(HTTPStatus.REQUEST_TIMEOUT, "the form did not arrive")
        if len(body) > MAX_BODY:
            return self._refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is no form of this page's")
        form = parse_qs(body.decode("utf-8", "replace"))
        name, seconds = (form.get(key, [""])[0] for key in ("button", "seconds"))
        if not self._front.has(name):
            return self._refused(HTTPStatus.BAD_REQUEST, "there is no such button")
        match request.path.removeprefix(PUSH):
            case "press":
                self._front.press(name, down=True)
            case "release":
                self._front.press(name, down=False)
            case "hold":
                held_s = _held_s(seconds)
                if held_s is None:
                    return self._refused(
                        HTTPStatus.BAD_REQUEST, f"it is held for up to {MAX_HOLD_S:g} seconds, or a tap"
                    )
                self._front.hold(name, held_s)
            case _:
                return self._refused(HTTPStatus.NOT_FOUND, "There is no such page.")
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={**self._headers, "Location": "/#panel"})

    def _refused(self, status: HTTPStatus, sentence: str) -> web.Response:
        return web.Response(status=status, text=sentence + "\n", headers=self._headers)

    # --- live -------------------------------------------------------------------------------------------------------

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Server-sent events, HTML §9.2: the state now, and after each change the newest one."""
        if self._closing or len(self._streams) >= MAX_STREAMS:
            answer = self._refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are watching")
            answer.headers["Retry-After"] = "5"
            return answer
        response = web.StreamResponse(headers={**self._headers, "Content-Type": "text/event-stream"})
        news = asyncio.Event()
        self._streams.add(news)
        stop_watching = self._front.watch(news.set)
        try:
            await response.prepare(request)
            told = ""
            while not self._closing:
                news.clear()
                state = json.dumps(self._front.state(), separators=(",", ":"))
                if state != told:
                    told = state
                    await response.write(f"event: panel\ndata: {state}\n\n".encode())
                try:
                    async with asyncio.timeout(KEEP_ALIVE_S):
                        await news.wait()
                except TimeoutError:
                    await response.write(b": still here\n\n")
        except ConnectionError:
            pass  # the page was closed
        finally:
            stop_watching()
            self._streams.discard(news)
        return response


def _held_s(text: str) -> float | None:
    """For how long a form wants a button held; None: not so."""
    if text == "tap":
        return TAP_S
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 < seconds <= MAX_HOLD_S else None
