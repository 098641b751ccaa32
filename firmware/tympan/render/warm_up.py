"""What the workers' parent does before its first fork: load everything, and render a small job with each driver.

A worker is forked and serves one job, so whatever the first job of a process has to pay for, every job would: fonts that
PDFium looks for, tables that NumPy and Pillow build, memory that comes from the kernel page by page. Here it is paid once, and
the workers inherit it. The documents are made here and small; nothing is kept of their output.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image

from tympan.driver.contract import Driver
from tympan.driver.ticket import JobTicket
from tympan.render.document import DocumentFeed
from tympan.render.frames import FrameKind
from tympan.render.halftone import Halftone
from tympan.render.job import run_job
from tympan.render.request import DocumentSpec, RenderRequest
from tympan.render.sources import warm_up as warm_up_sources

PICTURE_PX = 64
"""Width and height of the picture on the page."""

_TEXT = "Quick wafting zephyrs vex bold Jim. 0123456789 äöüß €\n"
_FONTS = ("Helvetica", "Times-Roman", "Courier-Bold")


def warm_up(drivers: Mapping[str, Driver]) -> None:
    """Load what documents need and what each profile says, and render a document of each kind with each driver."""
    warm_up_sources()
    documents = (("application/pdf", _pdf()), ("image/png", _png()), ("text/plain", (_TEXT * 8).encode()))
    for name, driver in drivers.items():
        tickets = {profile: _ticket(driver, profile) for profile in driver.profiles()}
        for profile, ticket in tickets.items():
            Halftone.of(ticket, driver.encoder(profile, ticket).page_format())
        profile, ticket = next(iter(tickets.items()))
        for document_format, content in documents:
            _render(driver, RenderRequest(name, profile, ticket, (_spec(document_format, content),)), content)


def _ticket(driver: Driver, profile: str) -> JobTicket:
    capabilities = driver.capabilities(profile)
    return JobTicket(job_id=0, media=capabilities.media[0], resolution_dpi=capabilities.resolutions_dpi[0])


def _spec(document_format: str, content: bytes) -> DocumentSpec:
    return DocumentSpec(document_format, len(content))


def _render(driver: Driver, request: RenderRequest, content: bytes) -> None:
    feed = DocumentFeed.of_bytes(content)
    reader = feed.reader()
    try:
        run_job(driver, request, [reader], _nowhere)
    finally:
        reader.close()
        feed.close()


def _nowhere(_kind: FrameKind, _payload: bytes) -> None:
    """Nothing is printed."""


def _picture() -> Image.Image:
    return Image.linear_gradient("L").resize((PICTURE_PX, PICTURE_PX))


def _png() -> bytes:
    out = io.BytesIO()
    _picture().save(out, "PNG")
    return out.getvalue()


def _pdf() -> bytes:
    """An A4 page with text, a line and a picture, PDF 1.4."""
    lines = "".join(
        f"BT /F{number} 12 Tf 50 {790 - 20 * number} Td (Quick wafting zephyrs vex bold Jim) Tj ET\n"
        for number in range(len(_FONTS))
    )
    drawing = f"{lines}0.5 w 50 700 m 545 700 l S\nq 495 0 0 400 50 280 cm /Picture Do Q\n".encode()
    fonts = " ".join(
        f"/F{number} << /Type /Font /Subtype /Type1 /BaseFont /{name} >>"
        for number, name in enumerate(_FONTS)
    )
    pixels = _picture().tobytes()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << "
        + fonts.encode()
        + b" >> /XObject << /Picture 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(drawing), drawing),
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>\n"
        b"stream\n%s\nendstream" % (PICTURE_PX, PICTURE_PX, len(pixels), pixels),
    )
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(written)
