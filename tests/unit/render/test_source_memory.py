"""Peak memory: it does not grow with pages, nor with the length of a roll. Each measurement is a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[2] / "support"

SCRIPT = """
import io
from pathlib import Path
import numpy as np
from reportlab.pdfgen import canvas
from raster_samples import K, encoded, pwg_header
from rendering import A4, ROLL, MemoryDocument, a4, receipt
from tympan.driver.ticket import JobTicket
from tympan.render.layout import impressions
from tympan.render.sources import open_source, warm_up

def peak_of(*case):
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew, proc(5)
    draw(*case)
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def pdf(pages, height=841.89):
    out = io.BytesIO()
    drawn = canvas.Canvas(out, pagesize=(595.28, height))
    for page in range(pages):
        for top in range(30, int(height) - 30, 12):
            drawn.drawString(50, top, f"Page {page}: the quick brown fox jumps over the lazy dog {top}")
        drawn.showPage()
    drawn.save()
    return out.getvalue()

def raster(pages, width, height, dpi):
    rng = np.random.default_rng(1)
    row = rng.integers(0, 256, (16, width), np.uint8)
    coded = encoded(row, 1)
    body = coded * (height // 16)
    return b"RaS2" + (pwg_header(width, height // 16 * 16, (dpi, dpi), 18, 8) + body) * pages

def draw(kind, data, page):
    ticket = JobTicket(1, A4 if page.height_px else ROLL)
    source = open_source(kind, MemoryDocument(data), ticket, page, None, str.isascii)
    for side in impressions(source, ticket, page):
        for _ in side.bands():
            pass
    source.close()

warm_up()
kind, small, large, page = CASE
small, large = small(), large()
draw(kind, small, page)
peaks = peak_of(kind, small, page), peak_of(kind, large, page)
print(peaks[1] - peaks[0])
"""

CASES = {
    "a PDF of 25 pages": '("application/pdf", lambda: pdf(1), lambda: pdf(25), a4(600))',
    "raster of 12 pages": '("image/pwg-raster", lambda: raster(1, 4960, 1000, 600), lambda: raster(12, 4960, 1000, 600), a4(600))',
    "a receipt of 5 metres": '("image/pwg-raster", lambda: raster(1, 576, 1000, 203), lambda: raster(1, 576, 39_000, 203), receipt())',
    "long pages of a PDF on a roll": '("application/pdf", lambda: pdf(1, 14_000), lambda: pdf(6, 14_000), receipt())',
    "a text of 200 pages": '("text/plain", lambda: b"Hello world\\n" * 60, lambda: b"Hello world\\n" * 12_600, a4(300))',
}


@pytest.mark.parametrize("case", CASES)
def test_peak_memory_does_not_grow(case):
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    script = SCRIPT.replace("CASE", CASES[case])
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 6 << 20
