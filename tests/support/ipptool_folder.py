"""CUPS' suites for ipptool with the documents beside them that they print: ipptool looks for them there.

CUPS ships no documents. PWG raster is written by CUPS' own library, so that nothing of the product made it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import cups_raster
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

SUITES = Path("/usr/share/cups/ipptool")

POSTSCRIPT = (
    b"%!PS-Adobe-3.0\n/Helvetica findfont 20 scalefont setfont 72 700 moveto (A test.) show showpage\n"
)

PAGES_IN = {"a4": (8.27, 11.69), "letter": (8.5, 11.0), "4x6": (4.0, 6.0)}

DOCUMENTS = {"document": 2, "onepage": 1, "color.jpg": 1, "gray.jpg": 1}
"""Pages of the raster samples by the beginning of their names; grey ones have one page, because halftones take their time."""

BLACK_1 = {"bits_per_colour": 1, "bits_per_pixel": 1, "colour_space": 3, "colours": 1}
SGRAY_8 = {"bits_per_colour": 8, "bits_per_pixel": 8, "colour_space": 18, "colours": 1}
TYPES = {"black-1": BLACK_1, "sgray-8": SGRAY_8}


MENDED = (
    (  # the test's name says media-col-database, and "all" must not give it: the third test of this very suite
        "get-printer-attributes-suite.test",
        """\tATTR keyword requested-attributes 'all'

\tSTATUS successful-ok

\t# 'media-col-database' attribute should never be returned unless
\t# explicitly requested...
\tEXPECT media-col-database OF-TYPE""",
        """\tATTR keyword requested-attributes 'media-col-database'

\tSTATUS successful-ok

\tEXPECT media-col-database OF-TYPE""",
    ),
    (  # PWG 5100.6 §4 and the IPP/2.2 suite say document-numbers
        "ipp-everywhere.test",
        'WITH-VALUE "document-number"',
        'WITH-VALUE "document-numbers"',
    ),
    *(
        (  # a printer has no print-quality, so these tests would never run
            "ipp-1.1.test",
            f"EXPECT print-quality WITH-VALUE {quality} DEFINE",
            f"EXPECT print-quality-supported WITH-VALUE {quality} DEFINE",
        )
        for quality in (3, 4, 5)
    ),
    (  # documents are not fetched by FTP: it cannot be told from where one may
        "ipp-1.1.test",
        'WITH-VALUE "ftp" IF-DEFINED OPTIONAL_PRINT_URI',
        'WITH-VALUE "http" IF-DEFINED OPTIONAL_PRINT_URI',
    ),
)
"""Where CUPS' suites contradict themselves, or ask for what is left out on purpose: file, text, what it is replaced by."""


def make_folder(folder: Path, resolutions_dpi: Sequence[int] = ()) -> Path:
    """Fill `folder` with the suites and their documents, raster samples for these resolutions among them."""
    for path in SUITES.glob("*.test"):
        shutil.copy(path, folder)
    for name, size in (("a4", A4), ("letter", LETTER)):
        canvas = Canvas(str(folder / f"document-{name}.pdf"), pagesize=size)
        for number in range(1, 5):
            canvas.drawString(72, 700, f"Page {number}, {name}")
            canvas.showPage()
        canvas.save()
        (folder / f"document-{name}.ps").write_bytes(POSTSCRIPT)
    Image.new("RGB", (400, 300), (200, 60, 60)).save(folder / "color.jpg")
    Image.new("L", (400, 300), 128).save(folder / "gray.jpg")
    asked = re.findall(
        r"^\s*FILE (pwg-raster-samples-(\d+)dpi/([\w-]+)/(\S+?)-(a4|letter|4x6)-\S+)",
        (folder / "ipp-everywhere.test").read_text(),
        re.MULTILINE,
    )
    for path, dpi, kind, name, size in dict.fromkeys(asked):
        wanted = int(dpi) in resolutions_dpi and kind in TYPES
        pages = DOCUMENTS[name] if kind == "black-1" else 1
        data = _sample(pages, PAGES_IN[size], int(dpi), kind) if wanted else b""
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(
            data
        )  # without the file ipptool stops there, also where the test is skipped
    for suite, wrong, right in MENDED:
        text = (folder / suite).read_text()
        assert text.count(wrong) == 1, (suite, wrong)
        (folder / suite).write_text(text.replace(wrong, right))
    return folder


def _sample(pages: int, size_in: tuple[float, float], dpi: int, kind: str) -> bytes:
    width, height = (round(side * dpi) for side in size_in)
    depth = TYPES[kind]["bits_per_pixel"]
    header = TYPES[kind] | {
        "resolution_x": dpi,
        "resolution_y": dpi,
        "width": width,
        "height": height,
        "bytes_per_line": (width * depth + 7) // 8,
        "page_width_pt": round(size_in[0] * 72),
        "page_length_pt": round(size_in[1] * 72),
        "total_pages": pages,
    }
    rows = [_page(width, height, dpi, number, kind) for number in range(1, pages + 1)]
    return cups_raster.write([cups_raster.RasterPage(header, each) for each in rows], "pwg")


def _page(width: int, height: int, dpi: int, number: int, kind: str) -> NDArray[np.uint8]:
    """A grey wedge and the page's number, white below; 1 is black in ``black-1``, 0 in ``sgray-8``."""
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    for step in range(8):
        draw.rectangle((dpi * (0.5 + step / 4), dpi, dpi * (0.75 + step / 4), dpi * 1.25), fill=32 * step)
    draw.text((dpi, dpi * 1.5), f"Page {number}", fill=0)
    grey = np.asarray(image)
    return np.packbits(grey < 128, axis=1) if kind == "black-1" else grey
