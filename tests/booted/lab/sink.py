"""A USB printer over USB/IP that swallows what it gets as fast as it comes: for measuring the way to it, not the printer.

``python -m lab.sink DIRECTORY`` says its port and runs until it is ended.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tympan_sim.decoder import Action, Effect, Motion, Reply, Sheet
from tympan_sim.link_usbip import UsbIpLink
from tympan_sim.loop import SimulationLoop
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import Simulation
from tympan_sim.usb_printer_class import UsbTraits

SERIAL = "SINK0001"
MODEL = replace(MODELS["escpos-80mm"], make="Swallow", model="Sink", receive_buffer_bytes=4 * 1024 * 1024)


class Swallow:
    """A language in which everything means nothing."""

    def feed(self, data: bytes) -> Iterator[Effect]:
        """Nothing moves."""
        yield Motion(0, len(data))

    def finish(self) -> Iterator[Effect]:
        """Nothing was printed."""
        return iter(())

    def switched_off(self) -> Iterator[Sheet]:
        """Nothing hangs out."""
        return iter(())

    def realtime(self, data: bytes, status: dict[str, bool]) -> Iterator[Reply | Action]:
        """Nothing is a request."""
        del data, status
        return iter(())


def main() -> None:
    """Run until SIGTERM."""
    simulation = Simulation(MODEL, Path(sys.argv[1]), speed=0)
    simulation.printer = Printer(MODEL, Swallow, speed=0)
    link = UsbIpLink(0, traits=UsbTraits(serial=SERIAL))
    loop = SimulationLoop(simulation, link)
    signal.signal(signal.SIGTERM, lambda *_: loop.stop())
    print(f"port {link.port}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
