"""Time and memory of documents: start, latency to the device, uploads, long jobs, PDF to PCL, images to ESC/POS."""

from __future__ import annotations

import http.client
import io
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import ipp_bytes
import numpy as np
from PIL import Image
from processes import Cupsd, Tympan, cpu_s, listening_device, pss_bytes
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from table import Table

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "receipt"
device = "DEVICE"
driver = "escpos"
profile = "generic-80mm"
default = true

[[printers]]
name = "laser"
device = "file://{state}/out/"
driver = "pcl"
profile = "generic-pcl5e-duplex"
"""

MIB = 1 << 20
POLL_S = 0.05
"""How often a job's state is asked for: seldom enough to cost the service next to nothing."""
LATENCY_ROUNDS = 200
RECEIPT = b"\x1b@" + b"Coffee                     2.40\n" * 12 + b"\x1dV\x42\x00"
TEXT = ("Kaffee und Kuchen           7,80\n" * 12).encode()


def mixed_page(canvas: Canvas) -> None:
    """Headings, running text, lines and a photograph-like picture."""
    canvas.setFont("Helvetica-Bold", 24)
    canvas.drawString(60, 780, "A mixed page: text, lines and a picture")
    canvas.setFont("Times-Roman", 10)
    for line in range(34):
        canvas.drawString(
            60, 750 - 12 * line, "The quick brown fox jumps over the lazy dog, 0123456789 times. " * 2
        )
    for line in range(12):
        canvas.setLineWidth(0.25 + line / 8)
        canvas.line(60, 330 - 4 * line, 535, 330 - 4 * line)
    y, x = np.mgrid[0:600, 0:900]
    picture = (
        (127 + 80 * np.sin(x / 37) * np.cos(y / 53) + 40 * np.sin((x + y) / 11)).clip(0, 255).astype(np.uint8)
    )
    canvas.drawImage(ImageReader(Image.fromarray(picture)), 60, 60, 340, 210)
    canvas.showPage()


def pdf(pages: int) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for _ in range(pages):
        mixed_page(canvas)
    canvas.save()
    return out.getvalue()


def raster_receipt(rows: int = 400) -> bytes:
    """A PNG of the receipt's width."""
    out = io.BytesIO()
    picture = (np.add.outer(np.arange(rows), np.arange(576)) % 256).astype(np.uint8)
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def post(port: int, body: bytes, path: str = "/ipp/print") -> tuple[int, float]:
    """One request on its own connection; the job's id, and when its last byte was sent (monotonic)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", path, body, {"Content-Type": "application/ipp"})
    sent = time.monotonic()
    answer = connection.getresponse().read()
    connection.close()
    job_id = ipp_bytes.integer_of(answer, "job-id")
    if ipp_bytes.status_of(answer) >= 0x400 or job_id is None:
        raise RuntimeError(f"refused: {ipp_bytes.status_of(answer):#x} {ipp_bytes.values_of(answer)}")
    return job_id, sent


def print_job(uri: str, document_format: str, document: bytes) -> bytes:
    return ipp_bytes.request(
        ipp_bytes.PRINT_JOB,
        uri,
        ipp_bytes.attribute(ipp_bytes.MIME, "document-format", document_format),
        document=document,
    )


def wait_for(port: int, uri: str, job_id: int, path: str = "/ipp/print") -> int:
    """Wait for a job's end; its state."""
    body = ipp_bytes.request(
        ipp_bytes.GET_JOB_ATTRIBUTES, uri, ipp_bytes.attribute(ipp_bytes.INTEGER, "job-id", job_id),
        ipp_bytes.attribute(ipp_bytes.KEYWORD, "requested-attributes", "job-state"),
    )  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        connection.request("POST", path, body, {"Content-Type": "application/ipp"})
        state = ipp_bytes.integer_of(connection.getresponse().read(), "job-state")
        if state is not None and state >= 7:
            connection.close()
            return state
        time.sleep(POLL_S)


def latencies(
    port: int,
    uri: str,
    path: str,
    document_format: str,
    document: bytes,
    arrivals: list[tuple[float, int]],
    rounds: int,
) -> list[float]:
    """From the last byte of the request to the first byte at the device, seconds."""
    found = []
    for _ in range(rounds):
        arrivals.clear()
        job_id, sent = post(port, print_job(uri, document_format, document), path)
        if wait_for(port, uri, job_id, path) != 9:
            raise RuntimeError(f"job {job_id} did not complete")
        end = time.monotonic() + 10
        while not arrivals and time.monotonic() < end:
            time.sleep(0.001)
        found.append(arrivals[0][0] - sent)
        time.sleep(0.01)
    return found


def percentiles(values: list[float]) -> tuple[float, float]:
    """p50 and p99, milliseconds."""
    ordered = sorted(values)
    return statistics.median(ordered) * 1e3, ordered[int(len(ordered) * 0.99) - 1] * 1e3


class PeakPss(threading.Thread):
    """Watches a process tree's proportional set size."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self._stop_wish = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._stop_wish.wait(0.05):
            self.peak = max(self.peak, pss_bytes(self.pid))

    def stop(self) -> int:
        self._stop_wish.set()
        self.join()
        return max(self.peak, pss_bytes(self.pid))


def measure_latency(table: Table, folder: Path) -> None:
    """Latency to the device, beside cupsd's raw queue."""
    with listening_device() as (device, arrivals), Cupsd() as cupsd:
        cupsd.command(
            "lpadmin", "-p", "raw", "-E", "-v", f"socket://127.0.0.1:{device}/?waiteof=false", "-m", "raw"
        )
        uri = f"ipp://localhost:{cupsd.port}/printers/raw"
        raw = latencies(cupsd.port, uri, "/printers/raw", "application/vnd.cups-raw", RECEIPT, arrivals, 40)
        cups50, cups99 = percentiles(raw)
    with (
        listening_device() as (device, arrivals),
        Tympan(folder / "latency", CONFIG.replace("DEVICE", f"socket://127.0.0.1:{device}")) as service,
    ):
        (service.state / "out").mkdir()
        time.sleep(1.5)
        uri = service.uri("receipt")
        for name, document_format, document, budget in (
            ("raw", "application/vnd.escpos", RECEIPT, cups50),
            ("text", "text/plain", TEXT, 15.0),
            ("raster (PNG)", "image/png", raster_receipt(), 15.0),
        ):
            p50, p99 = percentiles(
                latencies(
                    service.port, uri, "/ipp/print", document_format, document, arrivals, LATENCY_ROUNDS
                )
            )
            peer = f"cupsd {cups50:.1f} / {cups99:.1f}" if name == "raw" else ""
            table.add(
                f"{name} receipt, last byte in to first byte out: p50",
                p50,
                "ms",
                peer=peer,
                budget=budget,
            )
            table.add(f"{name} receipt, the same: p99", p99, "ms", budget=30.0)


def measure_memory(table: Table, folder: Path) -> None:
    """Start-up, idle memory, a large upload, a long job."""
    starts = []
    keeps_bytecode = {"PYTHONDONTWRITEBYTECODE": ""}  # as a service does that is installed
    for number in range(5):
        service = Tympan(
            folder / f"start{number}", CONFIG.replace("DEVICE", "file:///dev/null"), keeps_bytecode
        )
        starts.append(service.start())
        service.stop()
    table.add("tympan serve to the first answer (median of 5)", statistics.median(starts), "s", budget=0.8)
    with Tympan(folder / "memory", CONFIG.replace("DEVICE", "file:///dev/null")) as service:
        (service.state / "out").mkdir()
        time.sleep(3)
        idle = pss_bytes(service.pid)
        table.add("idle memory, service and warm worker (PSS)", idle / MIB, "MiB", budget=110)
        head = print_job(service.uri("receipt"), "application/vnd.escpos", b"")
        before = pss_bytes(service.pid)
        watch = PeakPss(service.pid)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
        connection.request(
            "POST", "/ipp/print", iter([head, *(bytes(MIB) for _ in range(200))]),
            {"Content-Type": "application/ipp"}, encode_chunked=True,
        )  # fmt: skip
        answer = connection.getresponse().read()
        if ipp_bytes.status_of(answer) >= 0x400:
            raise RuntimeError(ipp_bytes.values_of(answer))
        table.add("200 MB chunked upload adds (peak PSS)", (watch.stop() - before) / MIB, "MiB", budget=8)
        time.sleep(2)
        before = pss_bytes(service.pid)
        watch = PeakPss(service.pid)
        began = time.monotonic()
        uri = service.uri("laser")
        job_id, _ = post(service.port, print_job(uri, "application/pdf", pdf(100)))
        if wait_for(service.port, uri, job_id) != 9:
            raise RuntimeError("the long job did not complete")
        table.add(
            "100 pages of PDF at 600 dpi add (peak PSS)", (watch.stop() - before) / MIB, "MiB", budget=100
        )
        table.add("  pages a second", 100 / (time.monotonic() - began), "")


def measure_render(table: Table, folder: Path) -> None:
    """CPU and bytes of a page, beside Ghostscript; of an image, beside python-escpos."""
    page = folder / "mixed.pdf"
    page.write_bytes(pdf(1))
    gs_cpu, gs_bytes = [], 0
    for _ in range(5):
        out = folder / "gs.pcl"
        import resource

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [
                "gs",
                "-q",
                "-dSAFER",
                "-dBATCH",
                "-dNOPAUSE",
                "-sDEVICE=ljet4",
                f"-sOutputFile={out}",
                str(page),
            ],
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        gs_cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        gs_bytes = out.stat().st_size
    with Tympan(folder / "render", CONFIG.replace("DEVICE", "file:///dev/null")) as service:
        (service.state / "out").mkdir()
        time.sleep(2)
        uri, body = service.uri("laser"), page.read_bytes()
        used, size = [], 0
        for _ in range(12):
            time.sleep(0.3)
            before = cpu_s(service.pid, tree=True)
            job_id, _ = post(service.port, print_job(uri, "application/pdf", body))
            time.sleep(0.4)  # asking for its state would cost as well
            wait_for(service.port, uri, job_id)
            used.append(cpu_s(service.pid, tree=True) - before)
            size = sum(path.stat().st_size for path in (service.state / "out").glob(f"{job_id}.*"))
        table.add(
            "mixed A4 page, PDF to PCL at 600 dpi: CPU", statistics.median(used) * 1e3, "ms",
            peer=f"gs ljet4 {statistics.median(gs_cpu) * 1e3:.0f}", budget=statistics.median(gs_cpu) * 1e3,
        )  # fmt: skip
        table.add(
            "  the same: bytes",
            size / 1000,
            "kB",
            peer=f"gs ljet4 {gs_bytes / 1000:.0f}",
            budget=gs_bytes / 1000,
        )
    measure_image(table)


def measure_image(table: Table) -> None:
    """A grey picture of 576 x 2400 to ESC/POS, in process, as the worker does it."""
    from escpos.printer import Dummy
    from image_to_escpos import image_to_escpos

    from tympan.render.halftone import Method

    y, x = np.mgrid[0:2400, 0:576]
    grey = (127 + 90 * np.sin(x / 29) * np.cos(y / 41)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(grey)

    def median_ms(run: object, rounds: int) -> float:
        times = []
        for _ in range(rounds):
            began = time.process_time()
            run()  # type: ignore[operator]
            times.append(time.process_time() - began)
        return statistics.median(times) * 1e3

    def theirs() -> None:
        Dummy().image(image, impl="bitImageRaster", fragment_height=2400)

    peer = f"python-escpos {median_ms(theirs, 5):.0f}"
    ours = median_ms(lambda: image_to_escpos(grey, Method.ORDERED), 15)
    table.add("576 x 2400 grey image to ESC/POS: CPU", ours, "ms", peer=peer, budget=10)
    ours = median_ms(lambda: image_to_escpos(grey, Method.DIFFUSION), 15)
    table.add("  the same by error diffusion, as for photographs: CPU", ours, "ms", peer=peer)


def measure(table: Table) -> None:
    """Fill the table."""
    folder = Path(tempfile.mkdtemp(prefix="tympan-bench-"))
    try:
        measure_render(table, folder)
        measure_memory(table, folder)
        measure_latency(table, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
