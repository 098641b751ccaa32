"""`make booted`: the product on a real kernel, in virtual machines; docs/booted.md.

``run.py amd64|arm64|raspi3b …`` prints a log with times and a summary; the exit code is 0 where everything was good.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from lab import root  # noqa: E402 — the path above is needed
from lab.kernel import Kernel, prepare  # noqa: E402
from lab.machine import Machine  # noqa: E402
from lab.outside import Client, Simulator  # noqa: E402
from lab.packages import Packages  # noqa: E402
from lab.report import Patience, Report  # noqa: E402
from lab.scenario import USB_SERIAL, Scenario, free_port  # noqa: E402
from lab.smoke import PANEL, Smoke  # noqa: E402

GUESTS = ("amd64", "arm64", "raspi3b")
PATIENT = "[Service]\nTimeoutStartSec={:g}\n"
"""On a busy machine the unit may start as slowly as the test allows; its watchdog stays the real one."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def prepared(
    architecture: str, cache: Path, folder: Path, report: Report, files: dict[str, str]
) -> tuple[Kernel, Path, Path]:
    """The kernel, the first stage and the tree of a guest."""
    packages = Packages(cache, architecture)
    tools = Packages(cache, ARCHITECTURES[platform.machine()])
    began = time.monotonic()
    with report.step("set-up: packages, kernel, root"):
        packages.update()
        if tools.architecture != architecture:
            tools.update()
        report.say(f"lists of packages: {time.monotonic() - began:.1f} s")
        kernel = prepare(cache, packages, tools)
        report.say(f"kernel {kernel.release}: {time.monotonic() - began:.1f} s")
        base = root.base(cache, packages)
        report.say(f"Debian and dependencies: {time.monotonic() - began:.1f} s")
        if Patience.factor != 1:
            files = files | {
                "etc/systemd/system/tympan.service.d/patience.conf": PATIENT.format(Patience.of(90))
            }
        tree = root.make(base, folder / "root", architecture, kernel, files)
        report.say(f"the product from its wheel: {time.monotonic() - began:.1f} s")
        return kernel, root.first_stage(kernel, packages, folder), tree
    raise SystemExit(report.summary())


def test(guest: str, cache: Path, folder: Path) -> Report:
    """Test one guest."""
    report = Report(guest)
    speed = ("--speed", "4", "--idle-gap", "20")
    printers = [
        Simulator(folder / "usb", "escpos", "--usbip", "0", "--usb-serial", USB_SERIAL, *speed),
        Simulator(folder / "serial", "escpos", "--tcp", "0", *speed),
    ]
    port = free_port()
    machine = None
    try:
        files = {"etc/lab/cables": f"{printers[0].port}\n"}
        kernel, first_stage, tree = prepared(guest, cache, folder, report, files)
        disk = root.disk(tree, folder / "disk.img")
        shutil.rmtree(tree)
        machine = Machine(
            guest, kernel.image, first_stage, disk, folder, {port: 631}, serial_port=printers[1].port
        )
        Scenario(machine, printers[0], printers[1], Client(port), report).run()
    finally:
        if machine is not None:
            machine.cut_power()
        for printer in printers:
            printer.stop()
    return report


def smoke(guest: str, cache: Path, folder: Path) -> Report:
    """Boot a Raspberry Pi and listen to what it says of itself."""
    report = Report(guest)
    files = {"etc/lab/cables": "", "etc/tympan/conf.d/90-panel.toml": PANEL}
    kernel, first_stage, tree = prepared("arm64", cache, folder, report, files)
    disk = root.disk(tree, folder / "disk.img")
    shutil.rmtree(tree)
    device_tree = kernel.device_trees / "broadcom/bcm2837-rpi-3-b.dtb"
    machine = Machine(guest, kernel.image, first_stage, disk, folder, device_tree=device_tree)
    try:
        Smoke(machine, report).run()
    finally:
        machine.cut_power()
    return report


def main() -> int:
    """Test the guests that are asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("guests", nargs="*", default=list(GUESTS), metavar="amd64|arm64|raspi3b")
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
    wrong = set(arguments.guests) - set(GUESTS)
    if wrong:
        parser.error(f"no such guest: {', '.join(sorted(wrong))}")
    if os.geteuid() != 0:
        print("make booted makes trees with other users' files: it has to be run as root.", file=sys.stderr)
        return 1
    cache = Path(os.environ.get("BOOTED_CACHE") or Path.home() / ".cache/tympan-booted").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    reports = []
    for guest in arguments.guests:
        folder = Path(tempfile.mkdtemp(prefix=f"tympan-booted-{guest}-"))
        try:
            reports.append((smoke if guest == "raspi3b" else test)(guest, cache, folder))
        finally:
            if arguments.keep:
                print(f"{guest}: everything is in {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    print("\n" + "\n".join(report.summary() for report in reports))
    return 1 if any(report.failures for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
