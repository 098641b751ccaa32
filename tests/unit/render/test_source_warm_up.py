"""After `warm_up` a worker opens nothing and imports nothing: it may have no rights to."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
from pdf_samples import pages
from PIL import Image
from raster_samples import CMYK, pwg, urf

SUPPORT = Path(__file__).parents[2] / "support"

SCRIPT = """
import pickle, sys
import rendering
from tympan.errors import DocumentError
from tympan.render.sources import warm_up

documents = pickle.load(sys.stdin.buffer)
warm_up()
seen = []

def watch(event, arguments):
    if event in {"open", "import", "os.listdir", "os.scandir", "socket.__new__"}:
        seen.append((event, *map(str, arguments[:1])))

sys.addaudithook(watch)
printed = 0
for document_format, data in documents:
    for page in (rendering.a4(100), rendering.receipt()):
        for ticket in ({}, {"print_content_optimize": "photo"}, {"number_up": 2}):
            text = rendering.RECEIPT_FONT if page.height_px is None else None
            try:
                rendering.render(document_format, data, page, text=text, **ticket)
                printed += 1
            except DocumentError:
                pass
assert not seen, seen
print(printed)
"""


def image(kind, mode, **options):
    out = io.BytesIO()
    Image.linear_gradient("L").convert(mode).save(out, kind, **options)
    return out.getvalue()


def samples():
    exif = Image.Exif()
    exif[0x0112] = 6
    rows = np.arange(64, dtype=np.uint8).repeat(4).reshape(4, 64)
    text = "Größe, ж, 日本, שלום, شكرا"
    yield "application/pdf", pages([b"BT /F1 20 Tf 50 700 Td (Hello) Tj ET"])
    yield "application/octet-stream", pwg([rows], 64)
    yield "image/pwg-raster", pwg([rows], 16, (600, 600), CMYK, 32)
    yield "image/urf", urf([rows], 64)
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        yield "image/png", image("PNG", mode)
    for mode in ("L", "RGB", "CMYK"):
        yield "image/jpeg", image("JPEG", mode, exif=exif)
    yield "image/jpeg", image("JPEG", "RGB", progressive=True)
    yield "image/jpeg", image("JPEG", "RGB", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        yield "text/plain", text.encode(encoding, "replace")


def test_nothing_is_opened_after_warm_up():
    good = list(samples())
    bad = [
        (kind, b"no such document") for kind in ("image/png", "image/jpeg", "application/pdf", "image/urf")
    ]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=pickle.dumps(good + bad),
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert int(run.stdout) == len(good) * 6
