"""The real service with printers on a serial line and on a TCP port: jobs arrive whole, also when an adapter vanishes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ipp_client import print_bytes, wait_for_job
from processes import Tympan, free_port

from tympan_sim.control import send

pytestmark = pytest.mark.system

ESCPOS = "application/vnd.escpos"
LINES = [b"%05d of a receipt that is long enough" % number for number in range(600)]
JOB = b"\n".join(LINES) + b"\n\n\n\x1dV\x00"


QUESTION = re.compile(rb"\x10\x04[\x01-\x08]", re.DOTALL)
"""DLE EOT n."""


class Printer:
    """A simulated printer in a process of its own, on a link, with a control socket."""

    def __init__(self, folder: Path, link: str) -> None:
        self.folder = folder
        self._control = folder / "control"
        if link == "serial":
            where = ["--pty", str(folder / "tty"), "--baud", "115200", "--idle-gap", "5"]
            self.uri = f"serial://{folder}/tty?baud=115200&flow=dtrdsr"
        else:
            port = free_port()
            where = ["--tcp", str(port)]
            self.uri = f"socket://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tympan_sim", "escpos", "--model", "tm-t88v", "--speed", "max", *where,
             "--out", str(folder / "out"), "--control", str(self._control)],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def tell(self, command: str) -> str:
        return send(self._control, command)

    def received(self) -> bytes:
        """All attempts, one after the other, without the questions how it is, which may come anywhere. Ends it."""
        self.close()
        out = self.folder / "out"
        data = b"".join(
            path.read_bytes() for path in sorted(out.glob("*.bin")) + sorted(out.glob(".*.bin.part"))
        )
        return QUESTION.sub(b"", data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=20)


@pytest.fixture(params=["serial", "socket"])
def printer(request, tmp_path):
    made = Printer(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def service(printer, tmp_path):
    config = f"""
[server]
listen = ["127.0.0.1:{{port}}"]
state_dir = "{{state}}"
[[printers]]
name = "receipt"
device = "{printer.uri}"
driver = "escpos"
profile = "tm-t88"
"""
    with Tympan(tmp_path / "service", config) as running:
        yield running


@pytest.mark.parametrize("printer", ["serial"], indirect=True)
def test_an_adapter_that_vanishes_in_mid_job_and_comes_back(printer, service):
    """All that the line had not carried counts as not sent: no line of the receipt is missing."""
    printer.tell("at 9000 unplug for 2")
    job_id = print_bytes(service, "receipt", JOB, ESCPOS)
    wait_for_job(service, "receipt", job_id, 60.0)
    received = printer.received()
    assert [line for line in LINES if line not in received] == []
    assert len(received) > len(JOB) + 9000 - 1000  # it began anew


def test_two_jobs_one_after_the_other(printer, service):
    for _ in range(2):
        job_id = print_bytes(service, "receipt", JOB, ESCPOS)
        wait_for_job(service, "receipt", job_id)
    if printer.uri.startswith("socket:"):  # its TCP had all; the printer may still be reading
        end = time.monotonic() + 30
        while not (printer.folder / "out" / "2.bin").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
    received = printer.received()
    assert [line for line in LINES if received.count(line) != 2] == []
