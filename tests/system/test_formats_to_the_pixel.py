"""Every input format, sent by IPP to the real service: what the simulated printers print is the halftoned page, to the pixel.

The page that is expected is rendered here without any encoder, link or simulator; that this page itself is right is told by
other programs: Poppler for PDF, Pillow for pictures, Python's codecs for text.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
import samples
from ipp_client import print_bytes, wait_for_job
from PIL import Image
from rendering import render

from tympan.driver.registry import find_driver
from tympan.driver.ticket import JobTicket

PRINTERS = {"receipt": ("escpos", "generic-80mm"), "laser": ("pcl", "generic-pcl5e-duplex")}
ESCPOS, PCL, OCTETS = "application/vnd.escpos", "application/vnd.hp-pcl", "application/octet-stream"
EPSON_CODE_PAGES = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
}
"""Numbers of ``ESC t``, Epson's ESC/POS reference."""

CHART = samples.chart(620, 877)
SMALL = samples.chart(288, 200, seed=3)
LINES = ["Grüße aus Köln", "Ça coûte 7,80 €, señor", "x" * 48, "a       b       c"]
TEXT = "\n".join([*LINES[:3], "a\tb\tc"])


def pdf():
    return samples.pdf("a4", pages=2, picture=SMALL)


def turned_jpeg():
    return samples.jpeg(samples.stored_for(CHART, 6), orientation=6)


DOCUMENTS = {
    "PDF": ("application/pdf", pdf),
    "PDF as octets": (OCTETS, pdf),
    "PWG raster, grey": ("image/pwg-raster", lambda: samples.pwg_raster([CHART, SMALL], dpi=75)),
    "PWG raster, colour": (
        "image/pwg-raster",
        lambda: samples.pwg_raster([samples.chart(620, 877, colour=True)], dpi=75, raster_type="srgb_8"),
    ),
    "PWG raster, one bit": (
        "image/pwg-raster",
        lambda: samples.pwg_raster([samples.chart(1240, 1754)], dpi=150, raster_type="black_1"),
    ),
    "Apple raster, grey": ("image/urf", lambda: samples.apple_raster([CHART], dpi=75)),
    "Apple raster, colour, as octets": (
        OCTETS,
        lambda: samples.apple_raster([samples.chart(620, 877, colour=True)], dpi=75),
    ),
    "JPEG, turned by EXIF": ("image/jpeg", turned_jpeg),
    "JPEG as octets": (OCTETS, turned_jpeg),
    "PNG": ("image/png", lambda: samples.png(CHART)),
    "PNG with a palette, interlaced": (
        "image/png",
        lambda: samples.png(CHART, "palette-8", interlaced=True),
    ),
    "PNG of 16 bits with transparency": (
        "image/png",
        lambda: samples.png(CHART, "grey-alpha-16", alpha=np.roll(CHART, 100, axis=1)),
    ),
}


def expected_pages(printer, document_format, document):
    """The halftoned pages, and where on the paper they begin: no encoder, no bytes of a printer's language."""
    driver_name, profile = PRINTERS[printer]
    driver = find_driver(driver_name)
    capabilities = driver.capabilities(profile)
    media, resolution = capabilities.media[0], capabilities.resolutions_dpi[0]
    page = driver.encoder(profile, JobTicket(1, media, resolution_dpi=resolution)).page_format()
    return render(document_format, document, page, media=media).pages, page


def printed(service, printer, job_id):
    """Pictures and descriptions of what came out, black as True."""
    wait_for_job(service, printer, job_id, 60)
    folder = service.state / "simulated" / printer
    sheets = json.loads((folder / f"{job_id}.json").read_text())["sheets"]
    pictures = []
    for number in range(1, len(sheets) + 1):
        with Image.open(folder / f"{job_id}-{number}.png") as image:
            pictures.append(~np.asarray(image.convert("1")))
    return pictures, sheets


def check_laser(pictures, pages, page):
    assert len(pictures) == len(pages)
    for picture, rows in zip(pictures, pages, strict=True):
        assert abs(np.subtract(picture.shape, (page.media_height_px, page.media_width_px))).max() <= 2
        whole = np.zeros(picture.shape, bool)
        whole[page.top_px : page.top_px + len(rows), page.left_px : page.left_px + page.width_px] = rows
        differ = np.argwhere(picture != whole)
        assert not len(differ), f"{len(differ)} pixels differ, the first at {differ[0]}"


def check_receipt(pictures, sheets, pages, page):
    (picture,), (sheet,) = pictures, sheets
    left, top = sheet["origin"]
    rows = np.concatenate(pages).astype(bool)
    found = picture[top:, left : left + page.width_px]
    assert picture.sum() == found.sum(), "nothing beside the head"
    differ = np.argwhere(found[: len(rows)] != rows)
    assert not len(differ), f"{len(differ)} pixels differ, the first at {differ[0]}"
    assert not found[len(rows) :].any()


@pytest.mark.parametrize(("document_format", "make"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("printer", PRINTERS)
def test_equal_to_the_pixel(service, printer, document_format, make):
    document = make()
    job_id = print_bytes(service, printer, document, document_format)
    pages, page = expected_pages(printer, document_format, document)
    pictures, sheets = printed(service, printer, job_id)
    if printer == "laser":
        check_laser(pictures, pages, page)
    else:
        check_receipt(pictures, sheets, pages, page)


def test_text_on_the_laser_is_equal_to_the_pixel(service):
    document = TEXT.encode()
    job_id = print_bytes(service, "laser", document, "text/plain")
    pages, page = expected_pages("laser", "text/plain", document)
    check_laser(printed(service, "laser", job_id)[0], pages, page)


def test_text_on_the_receipt_goes_out_in_the_printer_s_own_letters(service):
    job_id = print_bytes(service, "receipt", TEXT.encode(), "text/plain")
    pictures, _ = printed(service, "receipt", job_id)
    sent = (service.state / "simulated" / "receipt" / f"{job_id}.bin").read_bytes()
    assert decoded_text(sent)[: len(LINES)] == LINES
    assert pictures[0].any()


def decoded_text(sent):
    """The text of an ESC/POS stream by Python's codecs: code pages followed, other commands passed over."""
    codec, at, text = "cp437", 0, ""
    sizes = {
        b"\x1b@": 2,
        b"\x1bt": 3,
        b"\x1bR": 3,
        b"\x1b3": 3,
        b"\x1b2": 2,
        b"\x1ba": 3,
        b"\x1bM": 3,
        b"\x1bd": 3,
        b"\x1bJ": 3,
        b"\x1c.": 2,
        b"\x1dV": 4,
        b"\x1dL": 4,
        b"\x1dW": 4,
        b"\x1b\x20": 3,
        b"\x1b!": 3,
        b"\x1da": 3,  # what the printer is asked, from here on
        b"\x1dr": 3,
        b"\x1dI": 3,
        b"\x10\x04": 3,
        b"\x10\x05": 3,
    }
    while at < len(sent):
        head = sent[at : at + 2]
        if head in sizes:
            if head == b"\x1bt":
                codec = EPSON_CODE_PAGES[sent[at + 2]]
            at += sizes[head]
        else:
            if sent[at]:
                text += sent[at : at + 1].decode(codec)
            at += 1
    return text.split("\n")


@pytest.mark.parametrize(
    ("printer", "document_format", "sent_as"),
    [("receipt", ESCPOS, ESCPOS), ("receipt", ESCPOS, OCTETS), ("laser", PCL, PCL), ("laser", PCL, OCTETS)],
)
def test_the_printer_s_own_language_passes_untouched(service, printer, document_format, sent_as):
    if document_format == PCL:
        document = subprocess.run(
            ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=ljet4", "-sOutputFile=-", "-"],
            input=pdf(), capture_output=True, check=True,
        ).stdout  # fmt: skip
    else:
        document = b"\x1b@Coffee          2.40\nTea             1.90\n\x1d!\x11TOTAL  4.30\n\x1dV\x42\x00"
    job_id = print_bytes(service, printer, document, sent_as)
    pictures, _ = printed(service, printer, job_id)
    assert document in (service.state / "simulated" / printer / f"{job_id}.bin").read_bytes()
    assert len(pictures) == (2 if document_format == PCL else 1)
    assert all(picture.any() for picture in pictures)


# --- the page itself, told by other programs --------------------------------------------------------------------------


def grey_blocks(black_or_grey, rows=30, columns=20):
    """Mean darkness of blocks, 0 white to 1 black."""
    height, width = black_or_grey.shape
    cut = black_or_grey[: height // rows * rows, : width // columns * columns].astype(float)
    return cut.reshape(rows, height // rows, columns, width // columns).mean(axis=(1, 3))


def test_a_pdf_looks_like_poppler_s(service, tmp_path):
    assert shutil.which("pdftoppm")
    (tmp_path / "page.pdf").write_bytes(pdf())
    subprocess.run(
        ["pdftoppm", "-gray", "-r", "600", "-f", "1", "-l", "1", "page.pdf", "page"], cwd=tmp_path, check=True
    )
    with Image.open(next(tmp_path.glob("page*.pgm"))) as image:
        theirs = 1 - np.asarray(image) / 255
    (ours, _), _ = printed(service, "laser", print_bytes(service, "laser", pdf(), "application/pdf"))
    height, width = min(ours.shape[0], theirs.shape[0]), min(ours.shape[1], theirs.shape[1])
    difference = np.abs(grey_blocks(ours[:height, :width]) - grey_blocks(theirs[:height, :width]))
    assert difference.mean() < 0.01
    assert difference.max() < 0.08


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("name", ["PNG", "JPEG, turned by EXIF"])
def test_a_picture_looks_like_itself(service, printer, name):
    document_format, make = DOCUMENTS[name]
    pictures, _ = printed(service, printer, print_bytes(service, printer, make(), document_format))
    rows, columns = np.flatnonzero(pictures[0].any(axis=1)), np.flatnonzero(pictures[0].any(axis=0))
    ours = pictures[0][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    with Image.open(io.BytesIO(samples.png(CHART))) as image:
        theirs = (
            1
            - np.asarray(image.convert("L").resize((ours.shape[1], ours.shape[0]), Image.Resampling.BOX))
            / 255
        )
    difference = np.abs(grey_blocks(ours) - grey_blocks(theirs))
    assert difference.mean() < 0.03
    assert difference.max() < 0.2
