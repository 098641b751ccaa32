"""Bulk writes: this transport beside a bare loop of pyusb, over a simulated bus whose printer takes everything at once.

So what is compared is all that comes on top of the transfer itself. The same over a real kernel's USB is measured in the booted guests.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import usb.core
from table import Table

from tympan.driver.contract import TransportContext
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.link_usb import OUT_ENDPOINT, SimulatedUsb, UsbPrinter, UsbTraits
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import decoder_for

MEBIBYTES = 256
ROUNDS = 5
MOST_TIMES = 1.25
"""At least 80 % of what the bare loop reaches."""


def measure(table: Table) -> None:
    """Write the same bytes both ways, in turns; the best round of each counts."""
    data = memoryview(bytes(64 * 1024 * 16))
    bare = ours = float("inf")
    for _ in range(ROUNDS):
        bare = min(bare, _bare(data))
        ours = min(ours, _ours(data))
    table.add(
        "USB bulk write of 1 MiB, per byte, compared with a bare pyusb loop of 64 KiB",
        ours / bare,
        "times",
        peer=f"{MEBIBYTES / ours:.0f} MiB/s, bare {MEBIBYTES / bare:.0f} MiB/s",
        budget=MOST_TIMES,
    )


def _bus() -> SimulatedUsb:
    model = MODELS["tm-t88v"]
    printer = Printer(model, decoder_for(model), speed=0.0)
    printer.write = lambda data, _now: len(data)  # type: ignore[method-assign]
    return SimulatedUsb([UsbPrinter(printer, UsbTraits(kernel_driver=False))])


def _bare(data: memoryview) -> float:
    device = usb.core.find(backend=_bus())
    device.set_configuration()
    piece = bytes(data[: 64 * 1024])  # as pyusb likes it best
    began = time.perf_counter()
    for _ in range(MEBIBYTES * 16):
        assert device.write(OUT_ENDPOINT, piece, 200) == len(piece)
    return time.perf_counter() - began


def _ours(data: memoryview) -> float:
    UsbTransport.backend = _bus()
    with tempfile.TemporaryDirectory() as folder:
        transport = UsbTransport("usb://04b8:0202", TransportContext("bench", Path(folder)))
        transport.open()
        began = time.perf_counter()
        for _ in range(MEBIBYTES):
            rest = data
            while rest:
                rest = rest[transport.write(rest, 0.2) :]
        spent = time.perf_counter() - began
        transport.close()
    UsbTransport.backend = None
    return spent
