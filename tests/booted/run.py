"""`make booted`: the product on a real kernel, in virtual machines; docs/booted.md.

``run.py amd64|arm64|raspi3b …`` prints a log with times and a summary; the exit code is 0 where everything was good.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from lab.machine import Machine  # noqa: E402
from lab.outside import Client, Simulator  # noqa: E402
from lab.report import Patience, Report  # noqa: E402
from lab.scenario import USB_SERIAL, Scenario, free_port  # noqa: E402
from lab.smoke import PANEL, Smoke  # noqa: E402
from lab.workshop import Boot, Workshop  # noqa: E402 — the path above is needed

ARCHITECTURES = {"amd64": "amd64", "arm64": "arm64", "raspi3b": "arm64"}
"""Of the guests, as Debian calls them."""

SPEED = ("--speed", "4", "--idle-gap", "20")


class Guest:
    """One guest, from what it boots from to what is left of it.

    Args:
        name: One of `ARCHITECTURES`.
        workshop: Where it is made ready.

    Attributes:
        report: What is said of it.
        architecture: As Debian calls it.
        folder: All that is its own.
    """

    def __init__(self, name: str, workshop: Workshop) -> None:
        self.report = Report(name)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=workshop.folder))
        self.architecture = ARCHITECTURES[name]
        self._name = name
        self._workshop = workshop
        self._printers: list[Simulator] = []
        self._boot: Boot | None = None

    def make(self) -> None:
        """Make it ready to boot; its printers run from now on."""
        with self.report.step("set-up: packages, kernel, root"):
            if self._name == "raspi3b":
                files = {"etc/lab/cables": "", "etc/tympan/conf.d/90-panel.toml": PANEL}
            else:
                self._printers += [
                    Simulator(
                        self.folder / "usb", "escpos", "--usbip", "0", "--usb-serial", USB_SERIAL, *SPEED
                    ),
                    Simulator(self.folder / "serial", "escpos", "--tcp", "0", *SPEED),
                ]
                files = {"etc/lab/cables": f"{self._printers[0].port}\n"}
            self._boot = self._workshop.make(self.architecture, self.folder, files, self.report)

    def run(self) -> None:
        """Test it, where it could be made."""
        if self._boot is None:
            return
        kernel, first_stage, disk = self._boot.kernel, self._boot.first_stage, self._boot.disk
        if self._name == "raspi3b":
            device_tree = kernel.device_trees / "broadcom/bcm2837-rpi-3-b.dtb"
            machine = Machine(
                self._name, kernel.image, first_stage, disk, self.folder, device_tree=device_tree
            )
            test = Smoke(machine, self.report)
        else:
            port, (usb, serial) = free_port(), self._printers
            machine = Machine(
                self._name, kernel.image, first_stage, disk, self.folder, {port: 631}, serial_port=serial.port
            )
            test = Scenario(machine, usb, serial, Client(port), self.report)
        try:
            test.run()
        finally:
            machine.cut_power()

    def end(self) -> None:
        """Its printers end."""
        for printer in self._printers:
            printer.stop()


def run(guests: Sequence[Guest]) -> None:
    """Make the guests ready, architectures side by side; then test one after the other, with the machine to itself."""
    makers = {architecture: ThreadPoolExecutor(1) for architecture in ARCHITECTURES.values()}
    try:
        for made in [makers[guest.architecture].submit(guest.make) for guest in guests]:
            made.result()
        for guest in guests:
            guest.run()
    finally:
        for maker in makers.values():
            maker.shutdown(cancel_futures=True)
        for guest in guests:
            guest.end()


def main() -> int:
    """Test the guests that are asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("guests", nargs="*", default=list(ARCHITECTURES), metavar="amd64|arm64|raspi3b")
    parser.add_argument("--keep", action="store_true", help="leave disk, console and pictures where they are")
    parser.add_argument(
        "--patience",
        type=float,
        default=1.0,
        metavar="N",
        help="limits are N times as long: for a busy machine",
    )
    arguments = parser.parse_args()
    Patience.factor = arguments.patience
    # Who is ended ends the machines and the printers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    wrong = set(arguments.guests) - set(ARCHITECTURES)
    if wrong:
        parser.error(f"no such guest: {', '.join(sorted(wrong))}")
    if os.geteuid() != 0:
        print("make booted makes trees with other users' files: it has to be run as root.", file=sys.stderr)
        return 1
    cache = Path(os.environ.get("BOOTED_CACHE") or Path.home() / ".cache/tympan-booted").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tympan-booted-"))
    began = time.monotonic()
    workshop = Workshop(cache, folder)
    guests = [Guest(name, workshop) for name in arguments.guests]
    try:
        run(guests)
    finally:
        if arguments.keep:
            print(f"everything is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n" + "\n".join(guest.report.summary() for guest in guests))
    print(f"all of it: {time.monotonic() - began:.0f} s")
    return 1 if any(guest.report.failures for guest in guests) else 0


if __name__ == "__main__":
    sys.exit(main())
