"""CPU a request and CPU an accepted job, over 16 kept connections, beside cupsd and ippeveprinter."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import ipp_bytes
from ipp_load import LoadResult, load
from processes import Cupsd, Tympan, cpu_s, free_port, wait_for_port
from table import Table

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "receipt"
device = "file:///dev/null"
driver = "escpos"
profile = "generic-80mm"
default = true
"""

GET_ROUNDS = 16_000
JOBS = 10_000
CUPS_JOBS = 1_000
"""cupsd starts a process for each job it prints: ten thousand would take it many minutes."""

PRINTED_TIMEOUT_S = 240
STATE = ("printer-state", "printer-state-reasons", "printer-is-accepting-jobs")


def get_printer_attributes(uri: str, *names: str) -> bytes:
    wanted = ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", *(names or ("all",)))
    return ipp_bytes.request(ipp_bytes.GET_PRINTER_ATTRIBUTES, uri, wanted)


def small_job(uri: str, document_format: str) -> bytes:
    return ipp_bytes.request(
        ipp_bytes.PRINT_JOB, uri,
        ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", "bench"),
        ipp_bytes.attribute(ipp_bytes.NAME, "job-name", "receipt"),
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", document_format),
        document=b"\x1b@" + b"Coffee                     2.40\n" * 12 + b"\x1dV\x42\x00",
    )  # fmt: skip


def cpu_a_request(pid: int, port: int, path: str, body: bytes, count: int) -> tuple[float, LoadResult]:
    """Microseconds of the server's CPU for each request that was accepted."""
    asyncio.run(load(port, path, lambda _: body, 320))
    before = cpu_s(pid)
    result = asyncio.run(load(port, path, lambda _: body, count))
    return (cpu_s(pid) - before) / max(1, result.answered) * 1e6, result


def cpu_a_job(pid: int, port: int, path: str, uri: str, body: bytes, count: int) -> tuple[float, LoadResult]:
    """Microseconds of CPU for each job that was accepted, until all of them are printed, of all the server's processes."""
    asyncio.run(load(port, path, lambda _: body, 320))
    wait_until_printed(port, path, uri)
    before = cpu_s(pid, tree=True)
    result = asyncio.run(load(port, path, lambda _: body, count))
    wait_until_printed(port, path, uri)
    return (cpu_s(pid, tree=True) - before) / max(1, result.answered - result.refused) * 1e6, result


def wait_until_printed(port: int, path: str, uri: str) -> None:
    """Wait until the printer has no unfinished jobs; asks seldom enough to cost next to nothing."""
    body = ipp_bytes.request(
        ipp_bytes.GET_JOBS, uri,
        ipp_bytes.attribute(ipp_bytes.INTEGER, "limit", 1),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "job-id"),
    )  # fmt: skip
    end = time.monotonic() + PRINTED_TIMEOUT_S
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, {"Content-Type": "application/ipp"})
        answer = connection.getresponse().read()
        connection.close()
        if ipp_bytes.integer_of(answer, "job-id") is None:
            return
        time.sleep(0.5)
    raise RuntimeError(f"jobs are not printed after {PRINTED_TIMEOUT_S} s")


@contextlib.contextmanager
def ippeveprinter(folder: Path) -> Iterator[tuple[int, int]]:
    """CUPS' sample printer: its pid and port."""
    port = free_port()
    process = subprocess.Popen(
        ["ippeveprinter", "-p", str(port), "-d", str(folder), "-k", "-r", "off", "-c", "/bin/true", "bench"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_port(port, process, 10)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


def measure(table: Table) -> None:
    """Fill the table."""
    folder = Path(tempfile.mkdtemp(prefix="tympan-bench-"))
    peers: dict[str, dict[str, str]] = {"full": {}, "state": {}, "job": {}}
    cups: dict[str, float] = {}
    with Cupsd() as cupsd:
        cupsd.command("lpadmin", "-p", "raw", "-E", "-v", "file:///dev/null", "-m", "raw")
        cupsd.command("cupsenable", "raw")
        uri, path = f"ipp://localhost:{cupsd.port}/printers/raw", "/printers/raw"
        cups["full"], _ = cpu_a_request(cupsd.pid, cupsd.port, path, get_printer_attributes(uri), GET_ROUNDS)
        cups["state"], _ = cpu_a_request(
            cupsd.pid, cupsd.port, path, get_printer_attributes(uri, *STATE), GET_ROUNDS
        )
        cups["job"], jobs = cpu_a_job(
            cupsd.pid, cupsd.port, path, uri, small_job(uri, "application/vnd.cups-raw"), CUPS_JOBS
        )
        for key, peer in peers.items():
            peer["cupsd"] = f"cupsd {cups[key]:.0f}"
        peers["job"]["cupsd"] += f" ({jobs.refused} of {CUPS_JOBS} refused)"
    if shutil.which("ippeveprinter"):
        with contextlib.suppress(Exception), ippeveprinter(folder) as (pid, port):
            uri = f"ipp://localhost:{port}/ipp/print"
            for key, body in (
                ("full", get_printer_attributes(uri)),
                ("state", get_printer_attributes(uri, *STATE)),
            ):
                value, result = cpu_a_request(pid, port, "/ipp/print", body, GET_ROUNDS // 4)
                peers[key]["ippeveprinter"] = f"ippeveprinter {value:.0f}" + (
                    f" ({result.broken} broken)" if result.broken else ""
                )
    with Tympan(folder / "tympan", CONFIG) as service:
        uri = service.uri("receipt")
        full, _ = cpu_a_request(
            service.pid, service.port, "/ipp/print", get_printer_attributes(uri), GET_ROUNDS
        )
        state, _ = cpu_a_request(
            service.pid, service.port, "/ipp/print", get_printer_attributes(uri, *STATE), GET_ROUNDS
        )
        job, jobs = cpu_a_job(
            service.pid, service.port, "/ipp/print", uri, small_job(uri, "application/vnd.escpos"), JOBS
        )
    say = {key: ", ".join(values.values()) for key, values in peers.items()}
    table.add(
        "Get-Printer-Attributes, all: CPU a request", full, "µs", peer=say["full"], budget=cups["full"] / 2
    )
    table.add(
        "Get-Printer-Attributes, three: CPU a request",
        state,
        "µs",
        peer=say["state"],
        budget=cups["state"] * 1.5,
    )
    table.add(f"Print-Job, durable, {JOBS} jobs: CPU a job", job, "µs", peer=say["job"], budget=cups["job"])
    table.add("  of these refused or broken", jobs.refused + jobs.broken, "", budget=0)
    table.add("  jobs a second", jobs.answered / jobs.wall_s, "")
    shutil.rmtree(folder, ignore_errors=True)
