"""A receipt printer at full speed never waits for the link: two metres of paper at 300 mm/s, and not once without a byte in mid-piece.

The printer is on a simulated USB bus, at its real speed. Its buffer is the larger one that a TM-T88 can be had with, 0.4 s of paper: what is
measured is the link, not whether a busy machine lets three processes run every 24 ms.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import numpy as np

from tympan.driver.contract import TransportContext
from tympan.driver.registry import find_driver
from tympan.driver.ticket import JobTicket
from tympan.link import DeviceLink, Ending
from tympan.render.frames import Frame, FrameKind
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import SimulatedUsb, UsbPrinter, UsbTraits
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import decoder_for

LENGTH_MM = 2000
DOTS_PER_MM = 8
BAND_ROWS = 128
MODEL = replace(MODELS["tm-t88v"], receive_buffer_bytes=65_536)


class _Roll:
    """Frames of one long piece, encoded before the test begins: it is the link that is measured."""

    def __init__(self):
        driver = find_driver("escpos")
        media = driver.capabilities("tm-t88").media[0]
        encoder = driver.encoder("tm-t88", JobTicket(1, media))
        page = encoder.page_format()
        rows = np.zeros((BAND_ROWS, (page.width_px + 7) // 8), np.uint8)
        rows[:, ::2] = 0xAA
        mark = json.dumps({"number": 1, "back": False, "copies": 1}).encode()
        self.frames = [
            Frame(FrameKind.DATA, encoder.begin_job()),
            Frame(FrameKind.PAGE_BEGIN, mark),
            Frame(FrameKind.DATA, encoder.begin_page(1)),
        ]
        self.frames += [
            Frame(FrameKind.DATA, encoder.band(rows)) for _ in range(LENGTH_MM * DOTS_PER_MM // BAND_ROWS)
        ]
        self.frames += [
            Frame(FrameKind.DATA, encoder.end_page()),
            Frame(FrameKind.PAGE_END, mark),
            Frame(FrameKind.DATA, encoder.end_job()),
            Frame(FrameKind.END),
        ]

    def next_frame(self, _timeout_s):
        return self.frames.pop(0)

    def close(self):
        pass


class _Nobody:
    def device_reports(self, condition):
        pass

    def device_answers(self, answers):
        pass


async def test_a_printer_at_300_mm_a_second_never_starves(tmp_path, monkeypatch):
    assert MODEL.speed_mm_s == 300
    printer = Printer(MODEL, decoder_for(MODEL))
    monkeypatch.setattr(
        UsbTransport, "backend", SimulatedUsb([UsbPrinter(printer, UsbTraits(kernel_driver=False))])
    )
    transport = UsbTransport("usb://04b8:0202", TransportContext("receipt", tmp_path, "tm-t88"))
    link = DeviceLink(transport, find_driver("escpos"), "tm-t88", _Nobody())
    try:
        began = time.monotonic()
        outcome = await asyncio.wait_for(link.print(1, "bin", _Roll(), lambda _: None), 60)
        spent_s = time.monotonic() - began
    finally:
        await link.close()
    assert outcome.ending is Ending.COMPLETED
    assert printer.underruns == 0
    assert (
        spent_s < LENGTH_MM / 300 * 1.02 + 2.0
    )  # what is asked between takes no time of the job; the cut does
