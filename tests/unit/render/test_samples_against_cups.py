"""The sample documents are what they say they are, as other programs read them; nothing of the product is tested here."""

import io
import shutil
import subprocess

import cups_raster
import numpy as np
import pytest
import raster_samples
import samples
from PIL import Image, ImageOps

needs_libcups = pytest.mark.skipif(not cups_raster.available, reason="libcups is not installed")
needs_poppler = pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="poppler-utils is not installed")

SIZES = [(1, 1), (7, 3), (129, 40), (640, 257), (300, 600)]


# --- raster, read and written by CUPS' library -------------------------------------------------------------------------


@needs_libcups
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("raster_type", samples.PWG_TYPES)
def test_cups_reads_pwg_raster(raster_type, width, height):
    pictures = [samples.chart(width, height, seed=seed, colour=raster_type == "srgb_8") for seed in range(3)]
    found = cups_raster.read(samples.pwg_raster(pictures, dpi=600, raster_type=raster_type, copies=2))
    assert len(found) == 3
    for page, picture in zip(found, pictures, strict=True):
        space, bits, depth = samples.PWG_TYPES[raster_type]
        assert page.header["colour_space"] == space
        assert (page.header["bits_per_colour"], page.header["bits_per_pixel"]) == (bits, depth)
        assert (page.header["width"], page.header["height"]) == (width, height)
        assert (page.header["resolution_x"], page.header["total_pages"], page.header["copies"]) == (600, 3, 2)
        rows = samples.packed(picture) if raster_type == "black_1" else picture.reshape(height, -1)
        assert np.array_equal(page.rows, rows)


@needs_libcups
@pytest.mark.parametrize("sides", ["one-sided", "two-sided-long-edge", "two-sided-short-edge"])
def test_cups_reads_the_sides(sides):
    pictures = [samples.chart(40, 30)] * 2
    expected = (int(sides != "one-sided"), int(sides == "two-sided-short-edge"))
    for document in (samples.pwg_raster(pictures, sides=sides), samples.apple_raster(pictures, sides=sides)):
        for page in cups_raster.read(document):
            assert (page.header["duplex"], page.header["tumble"]) == expected


@needs_libcups
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("colour", [False, True])
def test_cups_reads_apple_raster(colour, width, height):
    pictures = [samples.chart(width, height, seed=seed, colour=colour) for seed in range(2)]
    found = cups_raster.read(samples.apple_raster(pictures, dpi=300))
    assert len(found) == 2
    for page, picture in zip(found, pictures, strict=True):
        assert page.header["bits_per_pixel"] == (24 if colour else 8)
        assert np.array_equal(page.rows, picture.reshape(height, -1))


@needs_libcups
@pytest.mark.parametrize("order", [">", "<"])
def test_cups_reads_what_the_render_tests_use(order):
    rows = samples.chart(130, 70)
    (page,) = cups_raster.read(raster_samples.pwg([rows], 130, (300, 600), order=order))
    assert np.array_equal(page.rows, rows)
    assert (page.header["resolution_x"], page.header["resolution_y"]) == (300, 600)
    (page,) = cups_raster.read(raster_samples.urf([rows], 130))
    assert np.array_equal(page.rows, rows)


@needs_libcups
@pytest.mark.parametrize("kind", ["pwg", "urf"])
def test_cups_reads_what_it_writes(kind):
    picture = samples.chart(200, 90)
    header = {"resolution_x": 300, "resolution_y": 300, "width": 200, "height": 90, "bits_per_colour": 8,
              "bits_per_pixel": 8, "bytes_per_line": 200, "colour_space": 18, "colours": 1}  # fmt: skip
    document = cups_raster.write([cups_raster.RasterPage(header, picture)] * 2, kind)
    assert document.startswith(b"RaS2" if kind == "pwg" else b"UNIRAST\0")
    for page in cups_raster.read(document):
        assert np.array_equal(page.rows, picture)


# --- pictures, read by Pillow ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("kind", samples.PNG_KINDS)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (33, 21)])
def test_pillow_reads_png(kind, interlaced, size):
    grey = samples.chart(*size)
    with Image.open(io.BytesIO(samples.png(grey, kind, interlaced=interlaced, dpi=300))) as image:
        assert image.size == size
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        if image.mode.startswith("I"):
            found = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        else:
            found = np.asarray(image.convert("RGBA"))[:, :, 0]
    assert np.array_equal(found, samples.png_grey(grey, kind))


def test_pillow_reads_transparency():
    grey, alpha = samples.chart(20, 10), samples.chart(20, 10, seed=4)
    with Image.open(io.BytesIO(samples.png(grey, "rgba-8", alpha=alpha))) as image:
        assert np.array_equal(np.asarray(image)[:, :, 3], alpha)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pillow_turns_jpeg_upright(orientation, colour):
    upright = np.kron(samples.chart(30, 18), np.ones((8, 8), np.uint8))
    if colour:
        upright = np.stack([upright] * 3, axis=2)
    document = samples.jpeg(samples.stored_for(upright, orientation), orientation=orientation, quality=98)
    with Image.open(io.BytesIO(document)) as image:
        assert image.mode == ("RGB" if colour else "L")
        found = np.asarray(ImageOps.exif_transpose(image))
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 3


# --- PDF, read by Poppler ----------------------------------------------------------------------------------------------


def pdfinfo(document, tmp_path, *options):
    path = tmp_path / "sample.pdf"
    path.write_bytes(document)
    return subprocess.run(
        ["pdfinfo", *options, str(path)], capture_output=True, text=True, timeout=60, check=False
    )


@needs_poppler
@pytest.mark.parametrize(
    ("size", "points"),
    [
        ("a4", (595.28, 841.89)),
        ("letter", (612, 792)),
        ("receipt", (226.77, 566.93)),
        ("a4-landscape", (841.89, 595.28)),
    ],
)
def test_poppler_reads_pdf(tmp_path, size, points):
    found = pdfinfo(samples.pdf(size, pages=3, rotate=90, picture=samples.chart(40, 40)), tmp_path)
    lines = dict(line.split(":", 1) for line in found.stdout.splitlines() if ":" in line)
    assert lines["Pages"].strip() == "3"
    assert lines["Page rot"].strip() == "90"
    width, _, height, *_ = lines["Page size"].split()
    assert (float(width), float(height)) == pytest.approx(points, abs=0.01)


@needs_poppler
def test_poppler_needs_the_password(tmp_path):
    document = samples.pdf(password="open")
    assert "Incorrect password" in pdfinfo(document, tmp_path).stderr
    assert "Pages:           1" in pdfinfo(document, tmp_path, "-upw", "open").stdout


@needs_poppler
def test_poppler_on_spoiled_pdf(tmp_path):
    assert pdfinfo(samples.broken_pdf(), tmp_path).returncode != 0
    assert "last page (0)" in pdfinfo(samples.pdf_without_pages(), tmp_path).stderr
    size = pdfinfo(samples.pdf_of_ten_kilometres(), tmp_path).stdout.split("Page size:")[1].split()
    assert float(size[2]) == pytest.approx(10_000_000 / 25.4 * 72, rel=1e-4)


# --- text --------------------------------------------------------------------------------------------------------------


def test_text():
    document = samples.text(lines=5, tabs=True, form_feeds=2)
    assert document.decode("utf-8").count("\f") == 2
    assert max(map(len, document.decode("utf-8").splitlines())) > 200
    assert samples.text(encoding="latin-1").count(b"\xf6") >= 1
