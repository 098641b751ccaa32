"""CPU a request and CPU an accepted job, over 16 kept connections, beside cupsd and ippeveprinter."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
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


def cpu_a_request(
    pid: int, port: int, path: str, body: bytes, count: int, *, tree: bool = False
) -> tuple[float, LoadResult]:
    """Microseconds of the server's CPU for each request that was accepted."""
    asyncio.run(load(port, path, lambda _: body, 320))
    before = cpu_s(pid, tree=tree)
    result = asyncio.run(load(port, path, lambda _: body, count))
    return (cpu_s(pid, tree=tree) - before) / max(1, result.answered) * 1e6, result


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
        cups["job"], jobs = cpu_a_request(
            cupsd.pid, cupsd.port, path, small_job(uri, "application/vnd.cups-raw"), JOBS // 5
        )
        for key, peer in peers.items():
            peer["cupsd"] = f"cupsd {cups[key]:.0f}"
        peers["job"]["cupsd"] += f" ({jobs.refused} of {JOBS // 5} refused)"
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
        job, jobs = cpu_a_request(
            service.pid, service.port, "/ipp/print", small_job(uri, "application/vnd.escpos"), JOBS, tree=True
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
