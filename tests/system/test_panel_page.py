"""The page at ``/`` in a real browser: lights as they are, buttons by mouse, finger and keyboard, on a desk and on a telephone."""

from __future__ import annotations

import asyncio
import io
import time

import aiohttp
import pytest
from browser import CHROMIUM, browser
from ipp_client import jobs
from PIL import Image
from processes import Tympan

from tympan.web.panel_page import MAX_STREAMS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

LED = "document.querySelector('[data-light=\"ready_led\"]').dataset.colour"
SAYS = "document.querySelector('.says').textContent"
BUTTON = '[data-button="button"]'
SWITCH = '[data-button="paper_near_end"]'


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Tympan(tmp_path_factory.mktemp("page"), environment={"TYMPAN_PANEL_PRINTER": "receipt"}) as running:
        yield running


def address(service):
    return f"http://127.0.0.1:{service.port}/"


async def printed_jobs(service, name, count):
    end = time.monotonic() + 20
    while list(jobs(service, "receipt").values()).count(name) < count:
        assert time.monotonic() < end, jobs(service, "receipt")
        await asyncio.sleep(0.05)


async def test_it_is_pressed_and_seen(service):
    async with browser() as page:
        await page.size(1280, 900)
        await page.open(address(service))
        await page.until(f"{LED} === 'green'")
        assert await page.value(SAYS) == "ready"

        # a mouse: a tap feeds paper, and the light answers
        await page.mouse("mousePressed", BUTTON)
        await page.until(f"document.querySelector('{BUTTON}').classList.contains('down')")
        await page.mouse("mouseReleased", BUTTON)
        await printed_jobs(service, "Paper feed", 1)
        await page.until(f"!document.querySelector('{BUTTON}').classList.contains('down')")

        # held for three seconds: the configuration page
        await page.mouse("mousePressed", BUTTON)
        await asyncio.sleep(3.2)
        await page.mouse("mouseReleased", BUTTON)
        await printed_jobs(service, "Configuration", 1)
        await page.until("document.getElementById('printers').textContent.includes('Configuration')")

        # the keyboard
        await page.until(f"{SAYS} === 'ready'")
        await page.value(f"document.querySelector('{BUTTON}').focus()")
        await page.key("keyDown", " ", 32)
        await asyncio.sleep(0.1)
        await page.key("keyUp", " ", 32)
        await printed_jobs(service, "Paper feed", 2)

        # the switch stays, and the error light counts
        await page.until(f"{SAYS} === 'ready'")
        await page.mouse("mousePressed", SWITCH)
        await page.mouse("mouseReleased", SWITCH)
        await page.until(f"{SAYS}.includes('paper is out or low')")
        await page.until("document.querySelector('[data-light=\"error_led\"]').dataset.colour === 'red'")
        assert await page.value(f"document.querySelector('{SWITCH}').getAttribute('aria-pressed')") == "true"
        await page.mouse("mousePressed", SWITCH)
        await page.mouse("mouseReleased", SWITCH)
        await page.until(f"{SAYS} === 'ready'")


async def test_on_a_telephone_nothing_is_cut_off_and_a_finger_presses(service):
    async with browser() as page:
        await page.size(390, 844, touch=True)
        await page.call("Emulation.setTouchEmulationEnabled", enabled=True)
        await page.open(address(service))
        await page.until(f"{SAYS} === 'ready'")
        assert await page.value("document.documentElement.scrollWidth") <= 390
        before = list(jobs(service, "receipt").values()).count("Paper feed")
        await page.touch(BUTTON)
        await asyncio.sleep(0.1)
        await page.lift()
        await printed_jobs(service, "Paper feed", before + 1)
        await page.until(f"{SAYS} === 'ready'")
        await asyncio.sleep(1.5)  # what was pressed has been answered
        await page.until(f"{LED} === 'green'")
        picture = Image.open(io.BytesIO(await page.picture()))
        assert picture.width == 2 * 390
        x, y = await page.middle('[data-light="ready_led"]')
        red, green, blue = picture.convert("RGB").getpixel((round(2 * x), round(2 * y)))
        assert green > 150
        assert green > red + 60
        assert green > blue + 60


async def test_without_scripts_buttons_are_forms(service):
    async with browser() as page:
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.size(390, 844)
        await page.call("Page.navigate", url=address(service))
        await asyncio.sleep(1.0)
        before = list(jobs(service, "receipt").values()).count("Paper feed")
        await page.mouse("mousePressed", BUTTON)
        await page.mouse("mouseReleased", BUTTON)
        await printed_jobs(service, "Paper feed", before + 1)
        await page.until("location.pathname === '/'")


async def test_it_says_that_the_service_is_gone(tmp_path):
    with Tympan(tmp_path) as running:
        async with browser() as page:
            await page.open(address(running))
            await page.until(f"{SAYS} === 'ready'")
            await asyncio.to_thread(running.stop)
            await page.until("document.getElementById('panel').classList.contains('lost')")


async def test_a_page_too_many_is_live_when_others_have_gone(service):
    async with browser() as page, aiohttp.ClientSession() as others:
        watching = [await others.get(f"{address(service)}events") for _ in range(MAX_STREAMS)]
        await page.open(address(service))
        await page.until("document.getElementById('panel').classList.contains('lost')")
        for each in watching:
            each.close()
        for push in ("press", "release"):  # a change: the service finds out who has gone
            form = {"button": "paper_near_end"}
            await others.post(f"{address(service)}panel/{push}", data=form, allow_redirects=False)
        await page.until("!document.getElementById('panel').classList.contains('lost')")
        await page.until(f"{SAYS} === 'ready'")
