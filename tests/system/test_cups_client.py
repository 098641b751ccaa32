"""A real CUPS prints through a driverless queue: what a Linux desktop does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from ipp_client import wait_for_job
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

SQUARE_PT = 200
RECEIPT_DPI, LASER_DPI = 203, 600
HALF = 128
PDFTOPDF = "/usr/lib/cups/filter/pdftopdf"


@pytest.fixture(scope="module")
def queues(cupsd, service):
    for printer in ("receipt", "laser"):
        done = cupsd.command("lpadmin", "-p", printer, "-E", "-v", service.uri(printer), "-m", "everywhere")
        assert done.returncode == 0, done.stderr
    return cupsd


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """A page with a square and a word; three pages with 1, 2 and 3 squares; pictures; a text."""
    folder = tmp_path_factory.mktemp("documents")
    canvas = Canvas(str(folder / "page.pdf"), pagesize=A4)
    canvas.setFont("Helvetica", 40)
    canvas.drawString(72, 700, "Grüße aus Köln")
    canvas.rect(72, 100, SQUARE_PT, SQUARE_PT, stroke=0, fill=1)
    canvas.save()
    canvas = Canvas(str(folder / "pages.pdf"), pagesize=A4)
    for number in (1, 2, 3):
        for index in range(number):
            canvas.rect(72, 72 + 220 * index, SQUARE_PT, SQUARE_PT, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    picture = np.full((400, 300), 255, np.uint8)
    picture[100:300, 50:250] = 0
    Image.fromarray(picture).save(folder / "picture.png")
    Image.fromarray(picture).convert("RGB").save(folder / "picture.jpg", quality=95)
    (folder / "text.txt").write_text("Grüße aus Köln\n" * 3, encoding="utf-8")
    return folder


def lp(queues, service, printer, *arguments):
    """Print; returns what the simulator says of the job and its pictures, black as True."""
    folder = service.state / "simulated" / printer
    before = {path.stem for path in folder.glob("*.bin")}
    done = queues.command("lp", "-d", printer, *map(str, arguments))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"{printer}-\d+", done.stdout)
    end = time.monotonic() + 90
    while not (new := [path.stem for path in folder.glob("*.bin") if path.stem not in before]):
        assert time.monotonic() < end, queues.errors()
        time.sleep(0.05)
    wait_for_job(service, printer, int(new[0]))
    sheets = json.loads((folder / f"{new[0]}.json").read_text())["sheets"]
    pictures = []
    for number in range(1, len(sheets) + 1):
        with Image.open(folder / f"{new[0]}-{number}.png") as image:
            pictures.append(np.asarray(image.convert("L")) < HALF)
    return sheets, pictures


def squares(black):
    """Width and height of each black square from the top, by the rows and columns that are black for long."""
    found = []
    rows = np.flatnonzero(black.sum(axis=1) > black.shape[1] * 0.22)
    for stretch in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        if len(stretch) > 100:  # letters are not black for so long
            columns = np.flatnonzero(black[stretch].mean(axis=0) > 0.9)
            found.append((len(columns), len(stretch)))
    return found


@pytest.mark.parametrize(
    ("printer", "full_px"),
    [("receipt", SQUARE_PT / 72 * RECEIPT_DPI * 72 / 210), ("laser", SQUARE_PT / 72 * LASER_DPI)],
)
def test_a_pdf(queues, service, documents, printer, full_px):
    sheets, (black,) = lp(queues, service, printer, documents / "page.pdf")
    ((width, height),) = squares(black)
    assert abs(width - height) <= 2
    assert 0.88 * full_px <= width <= 1.02 * full_px  # CUPS may fit the page between the margins
    assert sheets[0]["side"] == "front"


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_pictures(queues, service, documents, printer, name):
    _, (black,) = lp(queues, service, printer, documents / name)
    rows, columns = np.flatnonzero(black.mean(axis=1) > 0.2), np.flatnonzero(black.mean(axis=0) > 0.1)
    assert len(rows) > 200
    assert len(columns) == pytest.approx(len(rows), rel=0.03)
    assert black[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.97


@pytest.mark.parametrize("printer", ["receipt", "laser"])
def test_a_text(queues, service, documents, printer):
    _, (black,) = lp(queues, service, printer, documents / "text.txt")
    inked = np.flatnonzero(black.any(axis=1))
    lines = np.split(inked, np.flatnonzero(np.diff(inked) > 1) + 1)
    # Three lines, whose umlauts may stand apart from their letters.
    assert 3 <= len(lines) <= 6
    assert 0.0005 < black.mean() < 0.1


OPTIONS = {
    "all pages": ((), [1, 2, 3], ["front"] * 3),
    "a range": (("-P", "2-3"), [2, 3], ["front"] * 2),
    "two copies": (("-n", "2", "-P", "1"), [1, 1], ["front"] * 2),
    "both sides": (("-o", "sides=two-sided-long-edge"), [1, 2, 3], ["front", "back", "front"]),
    "two copies of both sides": (
        ("-n", "2", "-o", "sides=two-sided-long-edge", "-P", "1-2"),
        [1, 2, 1, 2],
        ["front", "back"] * 2,
    ),
}


@pytest.mark.parametrize(("arguments", "counts", "sides"), OPTIONS.values(), ids=OPTIONS)
def test_options(queues, service, documents, arguments, counts, sides):
    sheets, pictures = lp(queues, service, "laser", *arguments, documents / "pages.pdf")
    assert [len(squares(black)) for black in pictures] == counts
    assert [sheet["side"] for sheet in sheets] == sides


def test_pages_come_out_in_their_order_on_a_roll(queues, service, documents):
    """CUPS turns the order around for what it takes to be a stack that lies face up; a strip is read from its top."""
    sheets, (black,) = lp(queues, service, "receipt", documents / "pages.pdf")
    assert len(sheets) == 1
    rows = np.flatnonzero(black.sum(axis=1) > black.shape[1] * 0.22)
    tops = [stretch[0] for stretch in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)]
    steps = np.diff(tops)
    # Squares of one page are closer together than the last of a page and the first of the next.
    pages = np.split(np.asarray(tops), np.flatnonzero(steps > 1.15 * steps.min()) + 1)
    assert [len(page) for page in pages] == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "pieces"), [((), 1), (("-o", "CutMedia=EndOfPage"), 3), (("-o", "CutMedia=EndOfJob"), 1)]
)
def test_a_receipt_is_cut_off(queues, service, documents, arguments, pieces):
    """Also where nobody chose a cut: CUPS then says ``finishings`` ``none``."""
    sheets, _ = lp(queues, service, "receipt", *arguments, documents / "pages.pdf")
    assert [sheet["cut"] for sheet in sheets] == ["partial"] * pieces


def test_a_receipt_that_is_not_to_be_cut_is_not(service, documents):
    """What CUPS has no word for, other programs have."""
    done = subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", "print", "--uri", str(service.socket), "--printer", "receipt", "-o", "job-finishings=none",
         "--json", str(documents / "picture.jpg")],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    job = json.loads(done.stdout)["job-id"]
    wait_for_job(service, "receipt", job)
    said = json.loads((service.state / "simulated" / "receipt" / f"{job}.json").read_text())
    assert [sheet["cut"] for sheet in said["sheets"]] == ["none"]


def test_two_pages_on_a_side(queues, service, documents):
    _, pictures = lp(queues, service, "laser", "-o", "number-up=2", documents / "pages.pdf")
    assert len(pictures) == 2
    one, two = (black.mean() for black in pictures)
    assert one == pytest.approx(two, rel=0.05)  # 1 + 2 squares, and 3


@pytest.mark.parametrize(("media", "size_mm"), [("A5", (148, 210)), ("Letter", (215.9, 279.4))])
def test_media(queues, service, documents, media, size_mm):
    sheets, (black,) = lp(queues, service, "laser", "-o", f"media={media}", documents / "page.pdf")
    assert len(squares(black)) == 1
    height, width = black.shape
    assert (width / LASER_DPI * 25.4, height / LASER_DPI * 25.4) == pytest.approx(size_mm, abs=0.2)
    assert re.search(r"_148x210mm|_8\.5x11in", sheets[0]["media"])


def ink(black):
    """The first and last row and column with ink."""
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize(
    "option",
    ["orientation-requested=4", "orientation-requested=5", "orientation-requested=6"]
    + [f"print-scaling={word}" for word in ("none", "fit", "fill")],
)
def test_what_cups_makes_of_a_page_comes_out_where_poppler_sees_it(
    queues, service, documents, tmp_path, option
):
    """CUPS turns and scales the page itself; what it then sends is shown by another PDF program."""
    _, (black,) = lp(queues, service, "laser", "-o", option, "-P", "1", documents / "pages.pdf")
    filtered = subprocess.run(
        [PDFTOPDF, "1", "tester", "title", "1", f"{option} page-ranges=1", str(documents / "pages.pdf")],
        env={**queues.environment, "PPD": str(queues.folder / "etc/ppd/laser.ppd")},
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    subprocess.run(
        ["pdftoppm", "-r", str(LASER_DPI), "-gray", "-singlefile", "-", str(tmp_path / "page")],
        input=filtered.stdout, check=True, timeout=60,
    )  # fmt: skip
    with Image.open(tmp_path / "page.pgm") as image:
        seen = np.asarray(image) < HALF
    assert black.shape == pytest.approx(seen.shape, abs=1)
    assert ink(black) == pytest.approx(ink(seen), abs=4)


def test_lpstat_says_that_the_printer_is_idle(queues):
    end = time.monotonic() + 30  # it watches the last job a little longer than that takes
    while "idle" not in (said := queues.command("lpstat", "-p", "laser").stdout):
        assert time.monotonic() < end, said
        time.sleep(0.2)


def test_cancel_takes_a_job_back(queues, documents):
    done = queues.command("lp", "-H", "hold", "-d", "laser", str(documents / "page.pdf"))
    job = re.search(r"laser-\d+", done.stdout).group()
    assert queues.command("cancel", job).returncode == 0
    assert job not in queues.command("lpstat", "-o").stdout
