"""What is tested in a booted guest, step by step; each step leaves things as it found them."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import coded_pages
from lab.machine import CommandError, Machine, MachineError
from lab.outside import CANCELED, Client, Simulator, wait_until
from lab.report import Patience, Report, check

BOOT_TIMEOUT_S = 180.0
PRINT_TIMEOUT_S = 120.0
PAGES, STRIPS = 5, 12
USB_SERIAL = "LAB0001"
SINK_SERIAL = "SINK0001"
SPEED_MEGABYTES, SPEED_PAIRS = 4, 13
"""Short ones in turn, many of them: what the machine does for others meanwhile hits both of a pair, or spoils a few pairs only."""
SPEED_SHARE = 0.8
RECOVERY_S = 60.0
REASON_S = 2.0
RESUME_S = 3.0

READY_LED, ERROR_LED, BUTTON = 0, 1, 2
"""Lines of gpio-sim, as guest/usr/local/lib/lab/gpio wires them."""


@dataclass(slots=True)
class Scenario:
    """A guest with its printers.

    Attributes:
        machine: The guest.
        usb: The receipt printer on USB.
        serial: The receipt printer at the serial adapter.
        client: Who prints.
        report: What is said.
        usb_name: What the service called the USB printer.
    """

    machine: Machine
    usb: Simulator
    serial: Simulator
    client: Client
    report: Report
    usb_name: str = ""
    _document: int = 0

    def run(self) -> None:
        """All steps."""
        steps = (
            ("boots, the unit is active", self.boots),
            ("tympan devices lists the printers", self.devices),
            ("the USB printer appears by itself and prints", self.usb_prints),
            ("the serial printer prints", self.serial_prints),
            ("paper out is told, and printing goes on", self.paper_out),
            ("unplugged in mid-job and plugged in again", self.unplugged),
            ("lights and the button", self.panel),
            ("a hung service is started anew", self.watchdog),
            ("power cut in mid-job", self.power_cut),
            ("USB writes as fast as a bare loop", self.speed),
        )
        for name, step in steps:
            with self.report.step(name):
                step()
            if name in self.report.failures:
                self.diagnose()
                for printer in (self.usb, self.serial):
                    printer.order("well")
                if not self.machine.runs or name.startswith("boots"):
                    break

    # --- steps -------------------------------------------------------------------------------------------------------

    def boots(self) -> None:
        """From power on to a service that says it is ready."""
        began = time.monotonic()
        self.machine.start()
        self.machine.wait_until_up(BOOT_TIMEOUT_S)
        self.report.figure("power on to a root shell", f"{time.monotonic() - began:.1f} s")
        self._wait_for_service()
        self.report.figure("power on to READY", f"{time.monotonic() - began:.1f} s")
        shown = self._unit("ActiveEnterTimestampMonotonic", "InactiveExitTimestampMonotonic", "User", "Type", "FragmentPath", "CPUUsageNSec", "NRestarts")  # fmt: skip
        check(shown["NRestarts"] == "0", "the watchdog has ended it already")
        ready_s = (
            int(shown["ActiveEnterTimestampMonotonic"]) - int(shown["InactiveExitTimestampMonotonic"])
        ) / 1e6
        self.report.figure(
            "start of the unit to READY",
            f"{ready_s:.1f} s ({int(shown['CPUUsageNSec']) / 1e9:.1f} s of processor)",
        )
        check(shown["User"] == "tympan", f"it runs as {shown['User']}")
        check(shown["Type"] == "notify", "it is not the project's unit")
        self.report.say(
            self.machine.run(
                "systemctl --no-pager --full status tympan.service tympan.socket; systemd-analyze"
            )
        )
        failed = self.machine.run("systemctl --failed --no-legend --plain").strip()
        check(not failed, f"units failed: {failed}")
        self._memory("memory, idle")

    def devices(self) -> None:
        """The printers on the guest's own USB and tty."""
        self.report.say(
            self.machine.run(
                "uname -srm; lsusb | grep -v ' 1d6b:'; ls -l /dev/bus/usb/*/* /dev/ttyUSB0 /dev/gpiochip* | grep -v 'root root'"
            )
        )
        said = ""

        def listed() -> bool:
            nonlocal said
            said = self._tympan("devices")
            return USB_SERIAL in said

        wait_until("the USB printer is listed", listed, 30, 1.0)
        self.report.say(said)
        check("ttyUSB0" in said or "/dev/serial/" in said, "the serial adapter is not listed")

    def usb_prints(self) -> None:
        """Nothing in the configuration names it."""
        self.usb_name = wait_until("the USB printer has a name", self._found_printer, 60, 1.0)
        self.report.say(f"it is called {self.usb_name}")
        began = time.monotonic()
        number, document = self._print(self.usb_name)
        self.client.wait_for_end(self.usb_name, number, PRINT_TIMEOUT_S)
        self.report.figure(f"first job of {PAGES} receipts, USB", f"{time.monotonic() - began:.1f} s")
        self._perfect(self.usb, document)

    def serial_prints(self) -> None:
        """By the configuration.

        QEMU's adapter knows no flow control: a printer that is slow would hold up the whole machine, so this one is not.
        """
        began = time.monotonic()
        number, document = self._print("counter")
        self.client.wait_for_end("counter", number, PRINT_TIMEOUT_S)
        self.report.figure(f"job of {PAGES} receipts, serial", f"{time.monotonic() - began:.1f} s")
        self._perfect(self.serial, document)

    def paper_out(self) -> None:
        """Told within two seconds; the rest comes out when there is paper."""
        self.usb.order("slow 0.02")
        number, document = self._print(self.usb_name)
        wait_until("the job prints", lambda: self._pages(self.usb, document) >= 1, PRINT_TIMEOUT_S)
        self.usb.order("paper-out on")
        began = time.monotonic()
        wait_until(
            "media-empty",
            lambda: any("media-empty" in reason for reason in self.client.reasons(self.usb_name)),
            30,
        )
        told_s = time.monotonic() - began
        self.report.figure("paper out to printer-state-reasons", f"{told_s:.2f} s")
        self.usb.order("slow 1")
        self.usb.order("paper-out off")
        began = time.monotonic()
        wait_until(
            "no media-empty",
            lambda: not any("media-empty" in reason for reason in self.client.reasons(self.usb_name)),
            30,
        )
        self.report.figure("paper in to printer-state-reasons", f"{time.monotonic() - began:.2f} s")
        self.client.wait_for_end(self.usb_name, number, PRINT_TIMEOUT_S)
        self._nothing_lost(self.usb, document)
        check(told_s <= Patience.of(REASON_S), f"paper out was told after {told_s:.1f} s")

    def unplugged(self) -> None:
        """The cable out in mid-job, told within two seconds; in again, it prints within three of the kernel's seeing it."""
        self.usb.order("slow 0.02")
        number, document = self._print(self.usb_name)
        wait_until("the job prints", lambda: self._pages(self.usb, document) >= 2, PRINT_TIMEOUT_S)
        self.usb.order("unplug on")
        began = time.monotonic()
        wait_until(
            "the service says so", lambda: self.client.reasons(self.usb_name) not in ([], ["none"]), 30
        )
        told_s = time.monotonic() - began
        self.report.figure("unplugged to printer-state-reasons", f"{told_s:.2f} s")
        wait_until("the kernel has seen it go", lambda: not self._guest_has_usb_printer(), 30, 0.5)
        self.report.say(
            f"printer-state-reasons {self.client.reasons(self.usb_name)}, job {self.client.job(self.usb_name, number)}"
        )
        time.sleep(2)
        self.usb.order("slow 1")
        self.usb.order("unplug off")
        began = time.monotonic()
        wait_until("the kernel sees it come", self._guest_has_usb_printer, 30, 0.5)
        came = time.monotonic()
        self.client.wait_for_end(self.usb_name, number, PRINT_TIMEOUT_S)
        done = time.monotonic()
        self.report.figure("plugged in: kernel, job done", f"{came - began:.2f} s, {done - began:.2f} s")
        self._nothing_lost(self.usb, document)
        check(told_s <= Patience.of(REASON_S), f"the drawn cable was told after {told_s:.1f} s")
        check(
            done - came <= Patience.of(RESUME_S),
            f"the job was done {done - came:.1f} s after the kernel saw the printer",
        )

    def panel(self) -> None:
        """Lights as they are in sysfs, and a finger on the button."""
        wait_until("the ready light is on", lambda: self._line(READY_LED) == 1, 20)
        check(self._line(ERROR_LED) == 0, "the error light is on")
        self.usb.order("cover on")
        blinks = self._changes(ERROR_LED, 8)
        self.report.say(f"cover open: the error light changed {blinks} times in 8 s")
        check(blinks >= 2, "the error light does not blink with the cover open")
        self.usb.order("cover off")
        wait_until(
            "the ready light is on again",
            lambda: self._line(READY_LED) == 1 and not self._changes(ERROR_LED, 3),
            60,
            0.5,
        )
        # Long, and not very slow: of a printer that seems to stand still a tap throws no job away.
        self.usb.order("slow 0.15")
        number, _ = self._print(self.usb_name, coded_pages.PAGES_MAX, coded_pages.STRIPS_MAX)
        wait_until("it prints", lambda: self.client.job(self.usb_name, number)[0] == 5, PRINT_TIMEOUT_S)
        blinks = self._changes(READY_LED, 5)
        self.report.say(f"printing: the ready light changed {blinks} times in 5 s")
        check(blinks >= 2, "the ready light does not blink while it prints")
        began = time.monotonic()
        self._press(0.2)
        self.client.wait_for_end(self.usb_name, number, 30, CANCELED)
        self.report.figure("button to job canceled", f"{time.monotonic() - began:.2f} s")
        self.usb.order("slow 1")
        wait_until("the ready light is on at the end", lambda: self._line(READY_LED) == 1, 60)

    def watchdog(self) -> None:
        """A loop that stands still is ended by systemd, and a new one prints."""
        pid = self._unit("MainPID")["MainPID"]
        self.machine.run(f"kill -STOP {pid}")
        began = time.monotonic()
        self.machine.run(f"while [ -e /proc/{pid} ]; do sleep 0.5; done", 120)
        self.report.figure("hung to ended by the watchdog", f"{time.monotonic() - began:.1f} s")
        wait_until(
            "systemd starts it anew", lambda: self._unit("MainPID")["MainPID"] not in (pid, "0"), 60, 2.0
        )
        self.report.figure("hung to started anew", f"{time.monotonic() - began:.1f} s")
        self._wait_for_service()
        check(int(self._unit("NRestarts")["NRestarts"]) >= 1, "it was not systemd who started it anew")
        self.report.say(
            self.machine.run("journalctl --no-pager --boot --unit tympan.service --lines 12 --output cat")
        )
        number, document = self._print(self.usb_name)
        self.client.wait_for_end(self.usb_name, number, PRINT_TIMEOUT_S)
        self._perfect(self.usb, document)

    def power_cut(self) -> None:
        """QEMU killed in mid-job; booted from the same disk, the job is finished."""
        self.usb.order("slow 0.02")
        number, document = self._print(self.usb_name)
        waiting, later = self._print(self.usb_name)
        wait_until("the job prints", lambda: self._pages(self.usb, document) >= 2, PRINT_TIMEOUT_S)
        self.machine.cut_power()
        self.report.say(f"cut with {self._pages(self.usb, document)} of {PAGES} receipts out")
        self.usb.order("slow 1")
        began = time.monotonic()
        self.machine.start()
        self.machine.wait_until_up(BOOT_TIMEOUT_S)
        self._wait_for_service()
        for each in (number, waiting):
            self.client.wait_for_end(self.usb_name, each, PRINT_TIMEOUT_S)
        self.report.figure("power on to both jobs done", f"{time.monotonic() - began:.1f} s")
        self._nothing_lost(self.usb, document)
        self._perfect(self.usb, later, alone=False)
        self.report.say(self.machine.run("dmesg | grep -i -E 'ext4|recover' || true"))
        self._memory("memory, after printing")

    def speed(self) -> None:
        """The product's transport and a bare pyusb loop, the same bytes to the same printer. The service is not started again."""
        self.machine.run("systemctl stop tympan.service tympan.socket", 90)
        with self._sink() as port:
            self.machine.run(f"echo {port} >>/etc/lab/cables")
            wait_until(
                "the printer is attached",
                lambda: SINK_SERIAL in self.machine.run("cat /sys/bus/usb/devices/*/serial"),
                30,
            )
            self.machine.run("udevadm settle --timeout=20", 30)
            command = f"setpriv --reuid=tympan --regid=tympan --groups=lp /usr/local/lib/lab/usb-speed {SPEED_MEGABYTES} {SINK_SERIAL} {SPEED_PAIRS}"
            said = [line.split() for line in self.machine.run(command, 360).splitlines()]
        rates = {kind: [int(rate) for name, rate in said if name == kind] for kind in ("bare", "product")}
        shares = [product / bare for bare, product in zip(rates["bare"], rates["product"], strict=True)]
        share = statistics.median(shares)
        for kind, name in (("bare", "bare pyusb"), ("product", "product")):
            median, least, most = (each(rates[kind]) / 1e6 for each in (statistics.median, min, max))
            self.report.figure(f"USB bulk writes, {name}", f"{median:.1f} MB/s ({least:.1f} to {most:.1f})")
        self.report.figure(
            "USB bulk writes, product of bare",
            f"{100 * share:.0f} % ({100 * min(shares):.0f} to {100 * max(shares):.0f} of {len(shares)} pairs)",
        )
        check(share >= SPEED_SHARE, f"the product writes at {100 * share:.0f} % of a bare loop")

    # --- what they are made of ---------------------------------------------------------------------------------------

    def _print(self, printer: str, pages: int = PAGES, strips: int = STRIPS) -> tuple[int, int]:
        """Print the next document; returns the job's number and the document's."""
        self._document += 1
        document = self._document % coded_pages.DOCUMENTS
        for each in (self.usb, self.serial):
            each.follow(document)
        return self.client.print(printer, coded_pages.document(document, pages, strips)), document

    def _pages(self, printer: Simulator, document: int) -> int:
        """Receipts of a document that are out."""
        return printer.verdict(document, PAGES, STRIPS).copies

    def _perfect(self, printer: Simulator, document: int, *, alone: bool = True) -> None:
        verdict = printer.verdict(document, PAGES, STRIPS, alone=alone)
        self.report.say(f"on paper: {verdict}")
        check(verdict.perfect, f"what came out is not right: {verdict}")

    def _nothing_lost(self, printer: Simulator, document: int) -> None:
        verdict = printer.verdict(document, PAGES, STRIPS)
        self.report.say(f"on paper: {verdict}")
        check(not verdict.lost, f"lost: {verdict}")
        check(not verdict.doubled, f"printed twice without a mark: {verdict}")
        check(not verdict.disordered, f"out of order: {verdict}")

    def _tympan(self, *words: str) -> str:
        return self.machine.run(f"tympan {' '.join(words)}", 120)

    def _found_printer(self) -> str:
        """The printer that made itself, as another than the configured one."""
        listed = json.loads(self._tympan("status", "--json"))
        printers = listed if isinstance(listed, list) else listed["printers"]
        names = [printer.get("name") or printer.get("printer-name") for printer in printers]
        return next((name for name in names if name and name != "counter"), "")

    def _unit(self, *names: str) -> dict[str, str]:
        said = self.machine.run(f"systemctl show tympan.service --property={','.join(names)}")
        return dict(line.split("=", 1) for line in said.splitlines())

    def _wait_for_service(self) -> None:
        # One question that waits: systemctl costs a guest that is starting more than it has to spare.
        self.machine.run("systemctl start tympan.service", BOOT_TIMEOUT_S)
        state = self._unit("ActiveState", "SubState")
        check(state == {"ActiveState": "active", "SubState": "running"}, f"the unit is {state}")

    def _guest_has_usb_printer(self) -> bool:
        return USB_SERIAL in self.machine.run("cat /sys/bus/usb/devices/*/serial 2>/dev/null || true")

    def _line(self, number: int) -> int:
        return int(self.machine.run(f"cat /run/lab/gpio/{number}/value"))

    def _changes(self, number: int, seconds: int) -> int:
        """How often a light changed in so many seconds."""
        program = f"""
            before=; changes=-1; end=$((SECONDS + {seconds}))
            while [ $SECONDS -lt $end ]; do
                read -r now </run/lab/gpio/{number}/value
                [ "$now" = "$before" ] || changes=$((changes + 1)); before=$now; sleep 0.03
            done; echo $changes"""
        return int(self.machine.run(program, seconds + 30))

    def _press(self, seconds: float) -> None:
        pull = f"/run/lab/gpio/{BUTTON}/pull"
        self.machine.run(f"echo pull-down >{pull}; sleep {seconds}; echo pull-up >{pull}")

    def _memory(self, name: str) -> None:
        service = int(self._unit("MemoryCurrent")["MemoryCurrent"]) / 1e6
        used = self.machine.run("free --mega").splitlines()[1].split()
        self.report.figure(name, f"service {service:.0f} MB, guest {used[2]} of {used[1]} MB")

    @contextlib.contextmanager
    def _sink(self) -> Iterator[int]:
        folder = self.machine.folder / "sink"
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.sink", folder],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            check(told.startswith("port "), "the sink did not start")
            yield int(told.split()[1])
        finally:
            process.terminate()
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)

    def diagnose(self) -> None:
        """What a person wants to see of a step that failed."""
        with contextlib.suppress(MachineError, CommandError):
            self.report.say(
                self.machine.run(
                    "systemctl --no-pager status tympan.service; journalctl --no-pager --boot _TRANSPORT=kernel --lines 25; journalctl --no-pager --boot _PID=1 --lines 30; journalctl --no-pager --boot --unit tympan.service --lines 80; tail -n 40 /proc/loadavg /proc/meminfo | head -20",
                    60,
                )
            )
            return
        self.report.say("the guest does not answer; its console:")
        self.report.say("\n".join(self.machine.console.read_text(errors="replace").splitlines()[-150:]))


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
