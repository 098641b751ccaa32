"""The Raspberry Pi 3 B: what it says of itself on its console."""

from __future__ import annotations

import re
import time
from collections import defaultdict

from lab.machine import Machine
from lab.outside import wait_until
from lab.report import Report, check

END_TIMEOUT_S = 600.0

PANEL = """\
[panel]
ready_led = 17
error_led = 27
button = 22
"""
"""On the pins of the header, by the kernel's driver for them."""

_TOLD = re.compile(r"LAB (?P<name>\w+) (?P<code>\d+): ?(?P<said>.*?)\r?$", re.MULTILINE)


class Smoke:
    """A guest that is only listened to.

    Args:
        machine: The guest.
        report: What is said.
    """

    def __init__(self, machine: Machine, report: Report) -> None:
        self._machine = machine
        self._report = report
        self._codes: dict[str, int] = {}
        self._said: dict[str, list[str]] = defaultdict(list)

    def run(self) -> None:
        """All of it."""
        report = self._report
        with report.step("boots and tells"):
            began = time.monotonic()
            self._machine.start()
            wait_until("the guest has told everything", self._ended, END_TIMEOUT_S, 0.5)
            report.figure("power on to the end", f"{time.monotonic() - began:.1f} s")
            self._listen()
        if report.failures:
            report.say("its console:")
            report.say("\n".join(self._machine.console.read_text(errors="replace").splitlines()[-150:]))
            return
        for name, said in self._said.items():
            for line in said:
                report.say(f"{name}: {line}")
        with report.step("it is a Raspberry Pi with its own GPIO driver"):
            check("Raspberry Pi 3 Model B" in self._text("model"), self._text("model"))
            check("pinctrl" in self._text("driver") or ".gpio" in self._text("driver"), self._text("driver"))
        with report.step("imports and tympan check"):
            check(self._text("imports") == "good", self._text("imports"))
            check(self._codes["check"] == 0, self._text("check"))
        with report.step("the unit is ready"):
            check(self._text("ready") == "active", self._text("ready") + "\n" + self._text("journal"))
            status = dict(line.split("=", 1) for line in self._said["status"] if "=" in line)
            ready_s = (
                int(status["ActiveEnterTimestampMonotonic"]) - int(status["InactiveExitTimestampMonotonic"])
            ) / 1e6
            report.figure("start of the unit to READY", f"{ready_s:.1f} s")
            report.figure("memory of the service", f"{int(status['MemoryCurrent']) / 1e6:.0f} MB")
        with report.step("the panel drives the header's pins"):
            pins = self._text("pins")
            check(re.search(r"GPIO17 .*out", pins), f"no output at 17: {pins}; {self._text('panel')}")
            check(re.search(r"GPIO27 .*out", pins), f"no output at 27: {pins}")
            check(re.search(r"GPIO22 .*in ", pins), f"no input at 22: {pins}")

    def _ended(self) -> bool:
        check(self._machine.runs, "the machine went off")
        return "LAB end " in self._machine.console.read_text(errors="replace")

    def _listen(self) -> None:
        for told in _TOLD.finditer(self._machine.console.read_text(errors="replace")):
            self._codes[told["name"]] = int(told["code"])
            # Two consoles say everything twice.
            if told["said"] not in self._said[told["name"]]:
                self._said[told["name"]].append(told["said"])

    def _text(self, name: str) -> str:
        return "\n".join(self._said.get(name, ["nothing was said"]))
