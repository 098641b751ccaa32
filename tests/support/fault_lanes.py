"""The printers of the fault matrix: each kind of printer behind each kind of transport, simulated, and what came out of each.

A lane is one printer with its simulation. Faults are ordered from the simulation itself, by byte or by the clock, and end by themselves,
so that nothing of the test's own pace is in the times. Simulations and the tests have the same clock: the machine's monotonic one.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim import control
from tympan_sim.decoder import Sheet
from tympan_sim.link_usb import SimulatedUsb, UsbPrinter, UsbTraits
from tympan_sim.models import MODELS
from tympan_sim.printer import Printer
from tympan_sim.simulation import decoder_for
from tympan_sim.transport import end_simulations

START_S = 30.0
TICK_S = 0.01

_LISTENS = re.compile(r"listens on port (\d+)")


@dataclass(frozen=True)
class Kind:
    """A kind of printer.

    Attributes:
        name: Of the row in the table.
        language: ``ESC/POS`` or ``PCL``.
        driver: The product's.
        profile: The product's.
        model: The simulator's.
        speed: Factor on the model's speed.
        confirms: It says when a page has come out.
        answers: It says how it is.
        sides: What jobs ask for, as the IPP attribute; empty: nothing.
    """

    name: str
    language: str
    driver: str
    profile: str
    model: str
    speed: float
    confirms: bool
    answers: bool
    sides: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("escpos", "ESC/POS", "escpos", "tm-m30", "tm-m30", 2.0, confirms=True, answers=True),
        Kind(
            "escpos-clone",
            "ESC/POS",
            "escpos",
            "generic-80mm",
            "clone-80mm",
            2.0,
            confirms=True,
            answers=True,
        ),
        Kind(
            "escpos-mute",
            "ESC/POS",
            "escpos",
            "generic-80mm",
            "mute-80mm",
            2.0,
            confirms=False,
            answers=False,
        ),
        Kind("pcl", "PCL", "pcl", "generic-pcl5e", "pcl-laser", 4.0, confirms=True, answers=True),
        Kind(
            "pcl-duplex",
            "PCL",
            "pcl",
            "generic-pcl5e-duplex",
            "pcl-laser",
            4.0,
            confirms=True,
            answers=True,
            sides="two-sided-long-edge",
        ),
        Kind("pcl-mute", "PCL", "pcl", "generic-pcl5e", "pcl-laser-mute", 4.0, confirms=False, answers=False),
    )
}

TRANSPORTS = ("sim", "usb", "serial", "socket")


Piece = Path | tuple[Image.Image, float]
"""A piece of paper: a picture in a file, or one with its dots an inch."""


def pieces_of(pieces: Iterable[Piece]) -> Iterator[tuple[Image.Image, float]]:
    """The pictures, with their dots an inch."""
    for piece in pieces:
        if isinstance(piece, Path):
            with Image.open(piece) as picture:
                yield picture, float(picture.info["dpi"][1])
        else:
            yield piece


class Lane:
    """One printer and its simulation.

    Args:
        kind: What it is.
        transport: How it is reached.
        folder: The service's state directory; what the lane makes lies in it.
        number: Tells lanes apart.

    Attributes:
        name: The printer's name.
        uri: The device URI.
    """

    def __init__(self, kind: Kind, transport: str, folder: Path, number: int) -> None:
        self.kind = kind
        self.transport = transport
        self.name = f"{transport}-{kind.name}-{number}"
        self.uri = ""
        self.out = folder / "out" / self.name
        self._control = folder / "out" / f"{self.name}.sock"
        self._seen: set[str] = set()

    async def start(self) -> None:
        """Switch the printer on."""

    async def order(self, command: str) -> str:
        """A command to the simulation."""
        end = time.monotonic() + START_S
        while True:
            try:
                return await asyncio.to_thread(control.send, self._control, command)
            except control.ControlError as problem:
                if "no simulated printer" not in str(problem) or time.monotonic() > end:
                    raise
            await asyncio.sleep(0.05)

    async def status(self) -> dict[str, Any]:
        """How the printer is, for those who stand beside it."""
        return json.loads(await self.order("status"))

    async def pieces(self) -> list[Piece]:
        """The pieces of paper that came out since this was last asked."""
        return await asyncio.to_thread(self._new_pieces)

    def _new_pieces(self) -> list[Piece]:
        found = []
        for path in self.out.glob("*-*.png"):
            if path.name not in self._seen and not path.name.startswith("."):
                job, _, page = path.stem.partition("-")
                found.append((int(job), int(page), path))
        self._seen |= {path.name for _, _, path in found}
        return [path for _, _, path in sorted(found)]

    def stop(self) -> None:
        """Take the printer away."""


class SimLane(Lane):
    """``sim://``: the service starts it."""

    def __init__(self, kind: Kind, transport: str, folder: Path, number: int) -> None:
        super().__init__(kind, transport, folder, number)
        self.uri = f"sim://{self.name}?model={kind.model}&speed={kind.speed:g}"
        self.out = folder / "simulated" / self.name
        self._control = self.out / "control.sock"

    def stop(self) -> None:
        end_simulations()


class _OwnProcess(Lane):
    """A simulation in a process of its own."""

    _process: subprocess.Popen[str] | None = None

    def _begin(self, *arguments: str) -> str:
        """Start it; returns the line that says where it listens."""
        self.out.mkdir(parents=True)
        language = "pcl" if self.kind.language == "PCL" else "escpos"
        command = [
            sys.executable,
            "-m",
            "tympan_sim",
            language,
            "--model",
            self.kind.model,
            "--out",
            str(self.out),
        ]
        command += ["--speed", f"{self.kind.speed:g}", "--control", str(self._control), *arguments]
        # Longer than a pause that a busy machine makes: a laser on a line ends a job of its own after 15 s and more.
        command += ["--idle-gap", "15"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            assert self._process.stdout is not None
            self._process.stdout.close()


class SerialLane(_OwnProcess):
    """A pseudo-terminal."""

    def __init__(self, kind: Kind, transport: str, folder: Path, number: int) -> None:
        super().__init__(kind, transport, folder, number)
        self._pty = folder / "out" / f"{self.name}.tty"
        self.uri = f"serial://{self._pty}?baud=921600"

    async def start(self) -> None:
        await asyncio.to_thread(self._begin, "--pty", str(self._pty))


class SocketLane(_OwnProcess):
    """A TCP port."""

    async def start(self) -> None:
        line = await asyncio.to_thread(self._begin, "--tcp", "0")
        found = _LISTENS.search(line)
        assert found is not None, line
        self.uri = f"socket://127.0.0.1:{found[1]}"


class UsbLane(Lane):
    """A printer on the simulated USB bus, in this process."""

    bus = SimulatedUsb()

    def __init__(self, kind: Kind, transport: str, folder: Path, number: int) -> None:
        super().__init__(kind, transport, folder, number)
        model = MODELS[kind.model]
        serial = f"LANE{len(self.bus._devices):03}"
        printer = Printer(model, decoder_for(model), speed=kind.speed)
        self._device = UsbPrinter(printer, UsbTraits(serial=serial, ports=(1, len(self.bus._devices) + 1)))
        self.bus.plug(self._device)
        self.uri = "usb://{:04x}:{:04x}/{}".format(*model.usb_ids, serial)
        self._sheets: list[Sheet] = []
        self._end = threading.Event()
        self._ticking = threading.Thread(target=self._tick, daemon=True, name=f"tick-{self.name}")

    async def start(self) -> None:
        UsbTransport.backend = self.bus
        self._ticking.start()

    def _tick(self) -> None:
        """A printer goes on when nobody talks to it."""
        while not self._end.wait(TICK_S):
            with self._device.lock:
                self._device.printer.advance(time.monotonic())
                self._collect()

    def _collect(self) -> None:
        happened = self._device.printer.take_happened()
        self._sheets += [effect for effect in happened if isinstance(effect, Sheet)]

    async def order(self, command: str) -> str:
        with self._device.lock:
            answer = control.execute(self._device, command, time.monotonic())  # type: ignore[arg-type]  # has a printer
        verdict, _, rest = answer.partition(" ")
        if verdict != "ok":
            raise control.ControlError(rest)
        return rest

    def _new_pieces(self) -> list[Piece]:
        with self._device.lock:
            self._collect()
            sheets, self._sheets = self._sheets, []
        return [(sheet.image, float(sheet.dpi[1])) for sheet in sheets for _ in range(sheet.copies)]

    def stop(self) -> None:
        self._end.set()
        if self._ticking.is_alive():
            self._ticking.join()


LANES: dict[str, type[Lane]] = {"sim": SimLane, "usb": UsbLane, "serial": SerialLane, "socket": SocketLane}
