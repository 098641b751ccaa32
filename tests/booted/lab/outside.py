"""What stands outside the guest: the simulated printers at its cables, and a client that prints by IPP."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import coded_pages
import ipp_bytes
from lab.report import CheckError, Patience, check
from PIL import Image

from tympan_sim.control import ControlError, send

T = TypeVar("T")
CANCELED, ABORTED, COMPLETED = 7, 8, 9
TRIM_AFTER_PAGES = 60
START_TIMEOUT_S, STOP_TIMEOUT_S = 60.0, 20.0
USER = "outside"


def wait_until(what: str, condition: Callable[[], T], timeout_s: float, pause_s: float = 0.2) -> T:
    """Ask until the answer is true; returns it.

    Raises:
        CheckError: It was not in time.
    """
    timeout_s = Patience.of(timeout_s)
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise CheckError(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(pause_s)
    return answer


class Simulator:
    """A ``tympan-sim`` process.

    Args:
        folder: Its output and its control socket go here.
        arguments: What it simulates, and on which link.
    """

    def __init__(self, folder: Path, *arguments: str) -> None:
        folder.mkdir(parents=True)
        self.out = folder / "out"
        self._control = folder / "control"
        self._before: dict[int, set[str]] = {}
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "tympan_sim", *arguments,
                "--out", str(self.out), "--control", str(self._control),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        check("port " in told, f"tympan-sim {' '.join(arguments)} did not start: {told}")
        self.port = int(told.split("port ")[1].split()[0])

    def order(self, command: str) -> None:
        """A command for its control socket, such as a fault."""
        send(self._control, command)

    def status(self) -> dict[str, object]:
        """Its sensors and what waits in it."""
        answer: dict[str, object] = json.loads(send(self._control, "status"))
        return answer

    def follow(self, number: int) -> None:
        """The document `number` is sent now."""
        self._before[number] = {path.name for path in self.out.glob("*-*.png")}

    def verdict(self, number: int, pages: int, strips: int, *, alone: bool = True) -> coded_pages.Verdict:
        """What became of the document `number`.

        Args:
            number: Which.
            pages: It has so many.
            strips: Each of them has so many.
            alone: Nothing else was sent since; else pieces of paper that it is not on are others'.
        """
        pictures = sorted(
            (path for path in self.out.glob("*-*.png") if path.name not in self._before.get(number, ())),
            key=lambda path: [int(part) for part in path.stem.split("-")],
        )
        paper = coded_pages.Paper()
        for path in pictures:
            with Image.open(path) as picture:
                piece = coded_pages.read([(picture, picture.info.get("dpi", (203, 203))[0])])
            copies = [copy for copy in piece.copies if copy.document == number]
            paper.copies += copies
            if copies or alone:
                paper.stray_rows += piece.stray_rows
        return coded_pages.judge(paper, number, pages, strips)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def answers(self) -> bool:
        """It runs."""
        try:
            self.status()
        except ControlError:
            return False
        return True


class Client:
    """Prints in the guest from outside, by IPP over HTTP.

    Args:
        port: TCP port of this machine that leads to the guest's 631.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def uri(self, printer: str) -> str:
        """The printer, as its clients call it."""
        return f"ipp://localhost:{self._port}/ipp/print/{printer}"

    def ask(self, operation: int, printer: str, *attributes: bytes, **more: bytes) -> bytes:
        """One request; returns the answer.

        Raises:
            CheckError: The service refused it.
            OSError: There is no service.
        """
        name = ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", USER)
        body = ipp_bytes.request(operation, self.uri(printer), *attributes, name, **more)
        connection = http.client.HTTPConnection("localhost", self._port, timeout=Patience.of(60))
        try:
            connection.request("POST", f"/ipp/print/{printer}", body, {"Content-Type": "application/ipp"})
            response = connection.getresponse()
            answer = response.read()
        except http.client.HTTPException as problem:
            raise ConnectionError(str(problem)) from problem
        finally:
            connection.close()
        check(response.status == http.HTTPStatus.OK, f"HTTP {response.status}: {answer[:300]!r}")
        status = ipp_bytes.status_of(answer)
        check(
            status < 0x100, f"operation {operation:#06x}: status {status:#06x}, {ipp_bytes.values_of(answer)}"
        )
        return answer

    def print(self, printer: str, document: bytes, document_format: str = "application/pdf") -> int:
        """Print-Job, each page cut off; returns the job's number."""
        answer = self.ask(
            ipp_bytes.PRINT_JOB,
            printer,
            ipp_bytes.attribute(ipp_bytes.MIME, "document-format", document_format),
            job_attributes=ipp_bytes.attribute(ipp_bytes.ENUM, "finishings", TRIM_AFTER_PAGES),
            document=document,
        )
        number = ipp_bytes.integer_of(answer, "job-id")
        check(number, "an answer without job-id")
        assert number is not None
        return number

    def job(self, printer: str, number: int) -> tuple[int, list[str]]:
        """State and reasons of a job."""
        answer = self.ask(
            ipp_bytes.GET_JOB_ATTRIBUTES,
            printer,
            ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", number),
        )
        return ipp_bytes.integer_of(answer, "job-state") or 0, ipp_bytes.strings_of(
            answer, "job-state-reasons"
        )

    def reasons(self, printer: str) -> list[str]:
        """printer-state-reasons."""
        asked = ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "printer-state-reasons")
        return ipp_bytes.strings_of(
            self.ask(ipp_bytes.GET_PRINTER_ATTRIBUTES, printer, asked), "printer-state-reasons"
        )

    def wait_for_end(self, printer: str, number: int, timeout_s: float, state: int = COMPLETED) -> None:
        """Wait until a job has ended in a state.

        Raises:
            CheckError: It ended in another, or not in time.
        """
        said: tuple[int, list[str]] = (0, [])

        def ended() -> bool:
            nonlocal said
            try:
                said = self.job(printer, number)
            except OSError:
                return False
            return said[0] >= CANCELED

        try:
            wait_until(f"job {number} of {printer} ends", ended, timeout_s, 0.25)
        except CheckError as problem:
            raise CheckError(f"{problem}; it is in state {said[0]} {said[1]}") from problem
        check(said[0] == state, f"job {number} of {printer} ended in state {said[0]}, {said[1]}")
