"""The way of a job's bytes from its frames to the device: the link with its dialogue, thread and counts, beside a bare loop.

The device is a printer on a simulated bus that takes everything at once, so that what is compared is all that comes on top of the
transfers. Frames are of the size that the render worker makes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from bench_usb import MEBIBYTES, ROUNDS, _bare, _bus
from table import Table

from tympan.driver.contract import TransportContext
from tympan.driver.registry import find_driver
from tympan.link import DeviceLink, Ending
from tympan.render.frames import Frame, FrameKind
from tympan_drivers.usb_bulk import UsbTransport

FRAME_BYTES = 96 * 1024
MOST_MS = 5.2
"""What may be added to a MiB: with it, at least 80 % is left of what High Speed USB brings to a printer in practice, 40 MiB/s at most."""


class _Pages:
    """Frames without end, until there were enough bytes: pages of 4 MiB."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._data = memoryview(bytes(FRAME_BYTES))
        self._number = 0
        self._in_page = 0

    def next_frame(self, timeout_s: float) -> Frame:
        del timeout_s
        if self._left <= 0:
            return Frame(FrameKind.END)
        if self._in_page <= 0:
            self._in_page = 4 << 20
            self._number += 1
            mark = json.dumps({"number": self._number, "back": False, "copies": 1})
            return Frame(FrameKind.PAGE_BEGIN, mark.encode())
        count = min(FRAME_BYTES, self._left)
        self._left -= count
        self._in_page -= count
        return Frame(FrameKind.DATA, self._data[:count])

    def close(self) -> None:
        """Nothing is held."""


class _Nobody:
    def device_reports(self, condition: object) -> None:
        """Nobody listens."""


def measure(table: Table) -> None:
    """Print the same bytes both ways, in turns; the best round of each counts."""
    data = memoryview(bytes(64 * 1024))
    bare = ours = float("inf")
    for _ in range(ROUNDS):
        bare = min(bare, _bare(data))
        ours = min(ours, asyncio.run(_through_the_link()))
    table.add(
        "a job of 96 KiB frames through the link to USB: what it adds to a bare pyusb loop, for a MiB",
        (ours - bare) * 1000 / MEBIBYTES,
        "ms",
        peer=f"{MEBIBYTES / ours:.0f} MiB/s, bare {MEBIBYTES / bare:.0f} MiB/s",
        budget=MOST_MS,
    )


async def _through_the_link() -> float:
    UsbTransport.backend = _bus()
    with tempfile.TemporaryDirectory() as folder:
        transport = UsbTransport("usb://04b8:0202", TransportContext("bench", Path(folder)))
        link = DeviceLink(transport, find_driver("escpos"), "generic-80mm", _Nobody())
        link.hold()
        await asyncio.sleep(0.5)  # it opens the device
        began = time.perf_counter()
        outcome = await link.print(1, "bin", _Pages(MEBIBYTES << 20), lambda _: None)
        spent = time.perf_counter() - began
        assert outcome.ending is Ending.COMPLETED, outcome
        await link.close()
    UsbTransport.backend = None
    return spent
