"""Streams that others make, decoded, against what those meant to print: Ghostscript's LaserJet devices, CUPS' rastertohp.

Ghostscript's pictures of the same pages are equal to the dot; they only lie where the devices put the page. `ljet4`
moves the logical page 180 decipoints left and 36 down: its first column falls on 1/300 inch times (75 - 75) on Letter
and (71 - 75) on A4 from the sheet's left edge, its first row 30 dots of 600 dpi below the top. `ljet4d` says +180 on the
backs, because registration counts from the binding there. `ljet2p` and `laserjet` do not move it: 75 or 71 dots of
300 dpi. (The first page of the old devices has another offset, from the margins these devices start with; only the
pages after it are compared.)
"""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tympan_sim.decoder import Sheet
from tympan_sim.pcl_decoder import PclDecoder

MEDIA = {"a4": "iso_a4_210x297mm", "letter": "na_letter_8.5x11in"}
RASTERTOHP = Path("/usr/lib/cups/filter/rastertohp")

PAGES = """%!PS
/page { /Times-Roman findfont 24 scalefont setfont
100 700 moveto (Page ) show 3 string cvs show
13 13 moveto 60 0 rlineto 0 60 rlineto -60 0 rlineto closepath stroke
500 700 moveto 60 0 rlineto 0 60 rlineto -60 0 rlineto closepath 0.1 setlinewidth stroke
40 40 moveto 60 0 rlineto 0 60 rlineto closepath fill
0 1 9 { dup 10 div setgray 45 mul 70 add 300 45 45 rectfill } for 0 setgray
showpage } bind def
1 page 2 page 3 page
"""

needs_ghostscript = pytest.mark.skipif(shutil.which("gs") is None, reason="Ghostscript is not installed")


def ghostscript(device, output, source, dpi, *options):
    command = [
        "gs",
        "-q",
        "-dSAFER",
        "-dBATCH",
        "-dNOPAUSE",
        f"-r{dpi}",
        f"-sDEVICE={device}",
        f"-sOutputFile={output}",
    ]
    subprocess.run([*command, *options, str(source)], check=True, capture_output=True, timeout=100)


def pages_of(stream, **options):
    return [effect for effect in PclDecoder(**options).feed(stream) if isinstance(effect, Sheet)]


def marks(image):
    return ~np.asarray(image.convert("1"))


def equal_at(sheet, meant, shift, margin):
    """Whether the sheet has the picture at a shift, within a margin; both larger than nothing."""
    height, width = (min(sides) for sides in zip(meant.shape, sheet.shape, strict=True))
    x, y = shift
    inner = meant[margin : height - margin - y, margin : width - margin - max(x, 0)]
    found = sheet[margin + y : margin + y + inner.shape[0], margin + x : margin + x + inner.shape[1]]
    assert inner.any()
    return np.array_equal(found, inner)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "pages.ps"
    path.write_text(PAGES)
    return path


def meant_pages(source, tmp_path, paper, dpi):
    ghostscript("pbmraw", tmp_path / "page-%d.pbm", source, dpi, f"-sPAPERSIZE={paper}")
    return [marks(Image.open(path)) for path in sorted(tmp_path.glob("page-*.pbm"))]


@needs_ghostscript
@pytest.mark.parametrize(
    ("device", "dpi", "paper", "shift", "first"),
    [
        ("ljet4", 600, "a4", (-8, 30), 0),
        ("ljet4", 600, "letter", (0, 30), 0),
        ("ljet4d", 600, "a4", (-8, 30), 0),
        ("ljet4d", 600, "letter", (0, 30), 0),
        ("ljet4pjl", 600, "letter", (0, 30), 0),
        ("ljet3", 300, "a4", (-4, 15), 1),
        ("ljet3d", 300, "letter", (0, 15), 1),
        ("ljet2p", 300, "letter", (75, 0), 1),
        ("ljetplus", 300, "a4", (71, 0), 1),
        ("laserjet", 300, "letter", (75, 0), 1),
    ],
)
def test_ghostscript_devices(source, tmp_path, device, dpi, paper, shift, first):
    ghostscript(device, tmp_path / "stream.pcl", source, dpi, f"-sPAPERSIZE={paper}")
    found = pages_of((tmp_path / "stream.pcl").read_bytes(), dpi=dpi, media=MEDIA[paper])
    meant = meant_pages(source, tmp_path, paper, dpi)
    assert len(found) == len(meant) == 3
    if device.endswith("d"):
        assert [sheet.side for sheet in found] == ["front", "back", "front"]
    # What the devices call unprintable: 1/6 inch, the old ones 1/4 inch more at the bottom.
    margin = round((0.167 if not first else 0.42) * dpi) + 1
    for sheet, picture in list(zip(found, meant, strict=True))[first:]:
        assert sheet.notes == ()
        assert sheet.media == MEDIA[paper]
        assert equal_at(marks(sheet.image), picture, shift, margin)


@needs_ghostscript
def test_ghostscript_page_on_a_sheet_of_twice_the_dots(source, tmp_path):
    """300 dpi rows on a 600 dpi printer: each dot is four."""
    ghostscript("ljet3", tmp_path / "stream.pcl", source, 300, "-sPAPERSIZE=letter")
    stream = (tmp_path / "stream.pcl").read_bytes()
    coarse = pages_of(stream, dpi=300, media=MEDIA["letter"])
    fine = pages_of(stream, dpi=600, media=MEDIA["letter"])
    for one, two in zip(coarse, fine, strict=True):
        assert np.array_equal(np.kron(marks(one.image), np.ones((2, 2), bool)), marks(two.image))


def raster_pages(data):
    """The pictures of an uncompressed CUPS raster stream, version 3, one bit a dot."""
    assert data[:4] == b"3SaR"
    at, found = 4, []
    while at < len(data):
        width, height = struct.unpack_from("<II", data, at + 372)
        (row,) = struct.unpack_from("<I", data, at + 392)
        at += 1796
        rows = np.frombuffer(data, np.uint8, row * height, at).reshape(height, row)
        found.append(np.unpackbits(rows, axis=1)[:, :width].astype(bool))
        at += row * height
    return found


@needs_ghostscript
@pytest.mark.skipif(
    shutil.which("ppdc") is None or not RASTERTOHP.exists(), reason="CUPS' filters are not installed"
)
@pytest.mark.parametrize(("paper", "left"), [("a4", 142), ("letter", 150)])
def test_cups_rastertohp(source, tmp_path, paper, left):
    """Rows with trailing white cut off (mode 0), at the logical page's left edge, half an inch down: ``&a0H``, ``&a360V``."""
    drivers = Path("/usr/share/cups/drv/sample.drv")
    subprocess.run(["ppdc", "-d", str(tmp_path), str(drivers)], check=True, capture_output=True, timeout=60)
    ghostscript(
        "cups",
        tmp_path / "page.ras",
        source,
        600,
        f"-sPAPERSIZE={paper}",
        "-dcupsColorSpace=3",
        "-dcupsBitsPerColor=1",
        "-dcupsCompression=0",
    )
    result = subprocess.run(
        [str(RASTERTOHP), "1", "someone", "title", "1", "", str(tmp_path / "page.ras")],
        check=True, capture_output=True, timeout=60, env={"PPD": str(tmp_path / "laserjet.ppd")},
    )  # fmt: skip
    found = pages_of(result.stdout, dpi=600, media=MEDIA[paper])
    meant = raster_pages((tmp_path / "page.ras").read_bytes())
    assert len(found) == 3
    for sheet, picture in zip(found, meant, strict=True):
        assert equal_at(marks(sheet.image), picture, (left, 300), 0)


@needs_ghostscript
def test_ghostscript_stream_uses_what_is_tested(source, tmp_path):
    """The streams above have delta rows, packbits and plain rows in them."""
    found = set()
    for device, dpi in (("ljet4", 600), ("ljet2p", 300), ("laserjet", 300)):
        ghostscript(device, tmp_path / "stream.pcl", source, dpi)
        found |= set(re.findall(rb"\x1b\*b(\d)M", (tmp_path / "stream.pcl").read_bytes()))
    assert {b"0", b"2", b"3"} <= found


def test_stored_ghostscript_stream():
    """As above, where Ghostscript is not installed."""
    folder = Path(__file__).parents[2] / "data" / "pcl"
    found = pages_of((folder / "ljet4d-letter-600.pcl").read_bytes(), media=MEDIA["letter"])
    assert [(sheet.side, sheet.copies) for sheet in found] == [("front", 1), ("back", 1), ("front", 1)]
    for number in (1, 2):
        with Image.open(folder / f"ljet4d-letter-600-{number}.png") as picture:
            assert equal_at(marks(found[number - 1].image), marks(picture), (0, 30), 101)
