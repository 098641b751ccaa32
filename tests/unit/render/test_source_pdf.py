"""PDF against Poppler's rendering, an independent one."""

import contextlib
import io
import shutil
import subprocess

import numpy as np
import pytest
from pdf_samples import pages, pdf, stream
from PIL import Image
from rendering import MemoryDocument, a4, ink_box, receipt, render
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.sources import open_source

PDFTOPPM = shutil.which("pdftoppm")
FULL = a4(150, 0)


def mixed(**options):
    """Text in small sizes, lines, greys and a picture on a page of A4."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(595.28, 841.89), **options)
    top = 790
    for size in (6, 8, 10, 12, 24):
        page.setFont("Helvetica", size)
        page.drawString(60, top, f"{size} pt: Größe, façade, Ångström, 0123456789")
        top -= 1.5 * size
    for width in (0.25, 1, 3):
        page.setLineWidth(width)
        page.line(60, top, 500, top)
        top -= 12
    for step in range(11):
        page.setFillGray(step / 10)
        page.rect(60 + 40 * step, top - 40, 40, 40, stroke=0, fill=1)
    y, x = np.mgrid[0:100, 0:150]
    picture = Image.fromarray(
        np.stack([x * 255 // 149, y * 255 // 99, (x + y) % 256], axis=-1).astype(np.uint8)
    )
    page.drawImage(ImageReader(picture), 100, 200, 300, 200)
    page.showPage()
    page.save()
    return out.getvalue()


def poppler(document, dpi, *options):
    """A page's grey pixels as Poppler draws them."""
    if PDFTOPPM is None:
        pytest.skip("pdftoppm is not installed")
    command = [PDFTOPPM, "-r", str(dpi), "-gray", "-f", "1", "-l", "1", *options, "-"]
    return np.asarray(
        Image.open(
            io.BytesIO(subprocess.run(command, input=document, capture_output=True, check=True).stdout)
        )
    )


def coarse(darkness, cell=12):
    """Mean darkness in squares."""
    height, width = (side // cell * cell for side in darkness.shape)
    return darkness[:height, :width].reshape(height // cell, cell, width // cell, cell).mean(axis=(1, 3))


@pytest.mark.parametrize("dpi", [150, 300])
def test_a_page_looks_like_popplers(dpi):
    document = mixed()
    bits = render("application/pdf", document, a4(dpi, 0), print_scaling="none").pages[0]
    reference = 1 - poppler(document, dpi)[: bits.shape[0], : bits.shape[1]] / 255
    bits = bits[: reference.shape[0], : reference.shape[1]].astype(float)
    difference = np.abs(coarse(bits) - coarse(reference))
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.12
    assert np.abs(np.subtract(ink_box(bits > 0), ink_box(reference > 0.02))).max() <= 2


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [b"[0 0 400 600]", b"[100 50 500 650]", b"[-100 -50 300 550]"])
def test_rotation_and_boxes(turn, box):
    left, bottom = (float(side) for side in box.strip(b"[]").split()[:2])
    mark = b"%f %f 80 30 re f %f %f 10 10 re f" % (left + 40, bottom + 500, left + 350, bottom + 100)
    document = pages([mark], box, b"/Rotate %d" % turn)
    reference = poppler(document, 150) < 128
    height, width = reference.shape
    page = PageFormat((150, 150), width, height, width, height)
    bits = render("application/pdf", document, page, print_scaling="none").pages[0]
    assert np.abs(np.subtract(ink_box(bits), ink_box(reference))).max() <= 1
    assert (bits != reference).mean() < 0.001


def test_the_crop_box_is_the_page():
    document = pages([b"0 0 1000 1000 re f"], entries=b"/CropBox[100 100 300 400]")
    bits = render("application/pdf", document, FULL, print_scaling="none").pages[0]
    left, top, right, bottom = ink_box(bits)
    assert (right - left, bottom - top) == (round(200 / 72 * 150), round(300 / 72 * 150))


@pytest.mark.parametrize("orientation", [3, 4, 5, 6])
def test_turned_pages_are_those_of_the_upright_page(orientation):
    document = pages([b"50 400 200 40 re f 60 300 20 70 re f"], b"[0 0 300 500]")
    upright = render("application/pdf", document, FULL, print_scaling="none", orientation_requested=3).pages[
        0
    ]
    turned = render(
        "application/pdf", document, FULL, print_scaling="none", orientation_requested=orientation
    ).pages[0]
    quarters = {3: 0, 4: 1, 5: 3, 6: 2}[orientation]
    left, top, right, bottom = ink_box(upright)
    box = ink_box(turned)
    expected = np.rot90(upright[top:bottom, left:right], quarters)
    assert abs(expected.shape[0] - (box[3] - box[1])) <= 1
    assert abs(expected.shape[1] - (box[2] - box[0])) <= 1
    assert turned.sum() == pytest.approx(upright.sum(), rel=0.01)


def test_bands_are_those_of_the_whole(monkeypatch):
    document = mixed()
    whole = render("application/pdf", document, FULL).pages[0]
    monkeypatch.setattr("tympan.render.sources.pdf.PDF_BAND_BYTES", 50_000)
    assert (render("application/pdf", document, FULL).pages[0] != whole).mean() < 0.0005


def test_black_text_is_pure_black_and_white():
    """No fringe of dots around letters: what is drawn is the same whatever the halftone's phase."""
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(200, 100))
    page.setFont("Times-Roman", 8)
    page.drawString(10, 50, "The quick brown fox")
    page.save()
    ordered = render("application/pdf", out.getvalue(), receipt()).pages[0]
    threshold = render("application/pdf", out.getvalue(), receipt(), print_color_mode="bi-level").pages[0]
    np.testing.assert_array_equal(ordered, threshold)


def test_hairlines_do_not_vanish():
    document = pages([b"0 w 50 100.3 m 500 100.3 l S 0.1 w 70.4 200 m 70.4 700 l S"])
    bits = render("application/pdf", document, a4(203, 0)).pages[0]
    row = bits[-round(100.3 / 72 * 203) - 3 : -round(100.3 / 72 * 203) + 3, 200:1200]
    assert row.any(axis=0).all()
    column = bits[500:1800, round(70.4 / 72 * 203) - 3 : round(70.4 / 72 * 203) + 3]
    assert column.any(axis=1).all()


def test_annotations_and_form_fields_are_printed():
    appearance = b"/Type/XObject/Subtype/Form/BBox[0 0 100 20]"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DR<<>>>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Annots[5 0 R 6 0 R 7 0 R]>>",
        stream(b""),
        b"<</Type/Annot/Subtype/Stamp/F 4/Rect[10 200 110 220]/AP<</N 8 0 R>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(x)/F 4/Rect[10 100 110 120]/AP<</N 8 0 R>>>>",
        b"<</Type/Annot/Subtype/Stamp/F 0/Rect[10 10 110 30]/AP<</N 8 0 R>>>>",
        stream(b"0 0 100 20 re f", appearance),
    ]
    page = PageFormat((72, 72), 300, 300, 300, 300)
    bits = render("application/pdf", pdf(objects), page).pages[0]
    assert bits[82:98, 12:108].all(), "an annotation with the print flag"
    assert bits[182:198, 12:108].all(), "a form field"
    assert not bits[272:288, 12:108].any(), "an annotation that is for the screen only"


class TestProtected:
    def test_a_password_that_is_needed(self):
        document = mixed(encrypt=StandardEncryption("user", "owner", canPrint=1))
        with pytest.raises(DocumentError, match="password") as caught:
            render("application/pdf", document, FULL)
        assert caught.value.reason == "document-password-error"

    def test_an_owners_password_only(self):
        document = mixed(encrypt=StandardEncryption("", "owner", canPrint=1))
        assert render("application/pdf", document, FULL).pages[0].any()


class TestBad:
    def refuse(self, document):
        with pytest.raises(DocumentError) as caught:
            render("application/pdf", document, FULL)
        assert caught.value.problem.endswith(".")
        return caught.value.reason

    def test_no_pdf(self):
        assert self.refuse(b"%PDF-1.4\n" + b"x" * 2000) == "document-format-error"
        assert self.refuse(b"nothing of the kind") == "document-format-error"

    def test_no_pages(self):
        document = pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>"])
        assert self.refuse(document) == "document-format-error"

    def test_a_page_of_ten_kilometres(self):
        assert self.refuse(pages([b""], b"[0 0 28346457 28346457]")) == "document-unprintable-error"

    @pytest.mark.parametrize(
        "box", [b"[0 0 nan inf]", b"[0 0 1e38 1e38]", b"[0 0 0 0]", b"[0 0 -5 -5]", b"[]", b"[(a) (b) 1 1]"]
    )
    def test_boxes_that_make_no_sense(self, box):
        with contextlib.suppress(DocumentError):
            render("application/pdf", pages([b"0 0 100 100 re f"], box), FULL)

    def test_a_page_count_that_lies(self):
        for count in (-3, 2_000_000_000):
            with contextlib.suppress(DocumentError):
                render("application/pdf", pages([b"0 0 100 100 re f"], count=count), FULL)

    def test_truncated(self):
        document = mixed()
        for share in (0.02, 0.3, 0.7, 0.95):
            with contextlib.suppress(DocumentError):
                render("application/pdf", document[: int(len(document) * share)], FULL)

    @pytest.mark.parametrize("seed", range(4))
    def test_changed_bytes_give_an_error_or_a_page(self, seed):
        rng = np.random.default_rng(seed)
        sane = mixed()
        for _ in range(25):
            document = bytearray(sane)
            for _ in range(rng.integers(1, 30)):
                document[rng.integers(0, len(document))] = rng.integers(0, 256)
            with contextlib.suppress(DocumentError):
                render("application/pdf", bytes(document), a4(30))

    def test_an_upload_that_breaks_off(self):
        class Broken(MemoryDocument):
            def read(self, size=-1, /):
                if self.tell() > 3000:
                    raise DocumentError("The document did not arrive whole.", reason="job-data-insufficient")
                return super().read(size)

        with pytest.raises(DocumentError) as caught:
            render("application/pdf", Broken(mixed(), piece=500), FULL)
        assert caught.value.reason == "job-data-insufficient"

    def test_a_document_that_cannot_be_read_on(self):
        class Failing(MemoryDocument):
            def readinto(self, buffer, /):
                if self.tell() < 2000:
                    raise DocumentError("The spool is gone.", reason="aborted-by-system")
                return super().readinto(buffer)

        with pytest.raises(DocumentError) as caught:
            render("application/pdf", Failing(mixed()), FULL)
        assert caught.value.reason == "aborted-by-system"


def test_it_waits_for_a_document_that_is_arriving():
    document = MemoryDocument(mixed(), piece=1000)
    assert render("application/pdf", document, FULL).pages[0].any()


def test_closing_twice_is_harmless():
    source = open_source(
        "application/pdf", MemoryDocument(mixed()), JobTicket(1, None), FULL, None, str.isascii
    )
    source.close()
    source.close()
