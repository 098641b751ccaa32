"""A real CUPS prints through a driverless queue: what a Linux desktop does."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from conftest import wait_for_job


@pytest.fixture(scope="module")
def queues(cupsd, service):
    for printer in ("receipt", "laser"):
        done = cupsd.command("lpadmin", "-p", printer, "-E", "-v", service.uri(printer), "-m", "everywhere")
        assert done.returncode == 0, done.stderr
    return cupsd


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("documents") / "page.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.setFont("Helvetica", 40)
    canvas.drawString(72, 700, "Grüße aus Köln")
    canvas.rect(72, 100, 200, 200, fill=1)
    canvas.save()
    return path


def wait_for_page(service, printer, before, timeout_s=60):
    folder = service.state / "simulated" / printer
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        new = [path for path in folder.glob("*.png") if path not in before]
        if new:
            job_id = int(new[0].name.partition("-")[0])
            wait_for_job(service, printer, job_id)
            return sorted(folder.glob(f"{job_id}-*.png"))
        time.sleep(0.1)
    raise AssertionError("nothing was printed")


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_lp_prints_a_pdf(queues, service, document, printer):
    before = set((service.state / "simulated" / printer).glob("*.png"))
    done = queues.command("lp", "-d", printer, str(document))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"{printer}-\d+", done.stdout)
    pages = wait_for_page(service, printer, before)
    assert len(pages) == 1
    with Image.open(pages[0]) as image:
        black = np.asarray(image.convert("L")) < 128
    # The rectangle is 200 points square: its share of the ink is known, wherever the page lies.
    dpi = 600 if printer == "laser" else 203 * (72.0 / 80.0) * 80 / 210
    side = 200 / 72 * dpi
    assert black.sum() > side * side * 0.9
    assert black.sum() < side * side * 1.6


def test_lpstat_says_that_the_printer_is_idle(queues):
    assert "idle" in queues.command("lpstat", "-p", "laser").stdout


def test_cancel_takes_a_job_back(queues, document):
    done = queues.command("lp", "-H", "hold", "-d", "laser", str(document))
    job = re.search(r"laser-\d+", done.stdout).group()
    assert queues.command("cancel", job).returncode == 0
    assert job not in queues.command("lpstat", "-o").stdout
