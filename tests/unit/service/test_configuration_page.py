"""What the configuration page says, read from the PDF by another program; and the start-up page."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import replace

import pypdfium2
import pytest
from desk import RECEIPT, open_desk

from tympan.config import PanelSettings
from tympan.ipp import Attribute
from tympan.service import configuration_page as module
from tympan.service import start_up_page
from tympan.service.configuration_page import configuration_page, status_page
from tympan.service.start_up_page import StartUpPages

PANEL = PanelSettings(ready_led=17, error_led=27, button=22, codes={"paper": 10}, hold_s=4)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "own_addresses", lambda: ("192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"))
    with open_desk(tmp_path) as made:
        made.service.listening = [("::", 6310)]
        made.service.system.settings = replace(made.service.system.settings, panel=PANEL)
        yield made


def read(data, scale=3.0):
    document = pypdfium2.PdfDocument(data)
    try:
        assert len(document) == 1
        page = document[0]
        return page.get_size(), page.get_textpage().get_text_bounded(), page.render(scale=scale).to_pil()
    finally:
        document.close()


def squeezed(text):
    return "".join(text.split())


def test_what_it_says(desk):
    receipt = desk.service.printers["receipt"]
    receipt.counters.impressions, receipt.counters.media_sheets = 12, 12
    desk.printed()
    held = desk.printed(RECEIPT, job=(Attribute.keyword("job-hold-until", "indefinite"),))
    assert held
    _, text, _ = read(configuration_page(desk.service, receipt))
    words = squeezed(text)
    for wanted in (
        "http://192.0.2.7:6310/",
        f"ipp://{desk.service.system.settings.server.name}:6310/ipp/print",
        "ipp://192.0.2.7:6310/ipp/print",
        "192.0.2.7,2001:db8::7",
        "12pages",
        "2jobs",
        "tympan0.1.0",
        desk.service.system.uuid,
        "Coverisopen",
        "Hold4seconds",
        "prints this page",
        "devices/receipt/",
        "escpos,generic-80mm",
    ):
        assert squeezed(wanted) in words, wanted
    assert "127.0.0.1" not in words


@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed")
@pytest.mark.parametrize("name", ["receipt", "laser"])
@pytest.mark.parametrize("short", [False, True])
def test_the_code_leads_to_the_status_page(desk, tmp_path, name, short):
    _, _, picture = read(configuration_page(desk.service, desk.service.printers[name], short=short))
    picture.save(tmp_path / "page.png")
    command = ["zbarimg", "--quiet", "--raw", "--oneshot", "-Sdisable", "-Sqrcode.enable", "page.png"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "http://192.0.2.7:6310/"


def test_as_many_discs_as_the_light_blinks(desk):
    data = configuration_page(desk.service, desk.service.printers["receipt"])
    discs = data.count(b" c f\n")
    # 2 to 9, and paper with the ten that this configuration gives it
    assert discs == sum(range(2, 10)) + 10


def test_without_a_light_there_are_no_codes(desk):
    desk.service.system.settings = replace(desk.service.system.settings, panel=PanelSettings())
    _, text, _ = read(configuration_page(desk.service, desk.service.printers["receipt"]))
    assert "What the light says" not in text
    assert "What the buttons do" not in text


@pytest.mark.parametrize("name", ["receipt", "laser"])
def test_it_fits_the_paper(desk, name):
    printer = desk.service.printers[name]
    paper = printer.template.media.default
    (width, height), _, picture = read(configuration_page(desk.service, printer), scale=2)
    assert width == pytest.approx(paper.width_hmm / 2540 * 72, abs=0.01)
    if name == "laser":
        assert height == pytest.approx(paper.length_hmm / 2540 * 72, abs=0.01)
    edge = int(paper.left_margin_hmm / 2540 * 72 * 2) - 1
    grey = picture.convert("L")
    for box in (
        (0, 0, edge, grey.height),
        (grey.width - edge, 0, grey.width, grey.height),
        (0, grey.height - edge, grey.width, grey.height),
    ):
        assert grey.crop(box).getextrema() == (255, 255)


def test_who_listens_for_this_machine_alone_says_so(desk):
    desk.service.listening = [("127.0.0.1", 8631)]
    assert status_page(desk.service) == "http://127.0.0.1:8631/"
    desk.service.listening = [("::1", 8631)]
    assert status_page(desk.service) == "http://[::1]:8631/"


# --- the start-up page ------------------------------------------------------------------------------------------------


async def started(service, printers):
    pages = StartUpPages(service, printers)
    pages.start()
    assert pages._task is not None
    await asyncio.wait_for(pages._task, 30)
    pages.stop()


def with_page(desk, name):
    return [
        replace(printer, start_up_page=printer.name == name)
        for printer in desk.service.system.settings.printers
    ]


def test_it_prints_once_a_start_of_the_machine(desk, monkeypatch, tmp_path):
    boot = tmp_path / "boot_id"
    boot.write_text("one\n")
    monkeypatch.setattr(start_up_page, "BOOT_ID", boot)
    printers = with_page(desk, "laser")
    desk.runner.run(started(desk.service, printers))
    laser = desk.service.printers["laser"]
    assert [job.name for job in laser.jobs.values()] == ["Ready"]
    desk.runner.run(started(desk.service, printers))
    assert len(laser.jobs) == 1
    boot.write_text("two\n")
    desk.runner.run(started(desk.service, printers))
    assert len(laser.jobs) == 2
    assert not desk.service.printers["receipt"].jobs


def test_nobody_asked_for_one(desk):
    pages = StartUpPages(desk.service, desk.service.system.settings.printers)
    desk.runner.run(asyncio.sleep(0))
    pages.start()
    assert pages._task is None
    pages.stop()


def test_it_waits_for_the_network_but_not_for_ever(desk, monkeypatch, tmp_path):
    monkeypatch.setattr(start_up_page, "BOOT_ID", tmp_path / "none")
    monkeypatch.setattr(module, "own_addresses", lambda: ("127.0.0.1",))
    monkeypatch.setattr(start_up_page, "NETWORK_S", 0.0)
    desk.runner.run(started(desk.service, with_page(desk, "receipt")))
    assert len(desk.service.printers["receipt"].jobs) == 1
