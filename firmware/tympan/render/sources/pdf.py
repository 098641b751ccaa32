"""PDF documents, drawn by PDFium in bands.

Owns everything about PDFium. The document is read through a callback where PDFium asks for it, never copied whole. Pages are drawn in grey, a band
at a time, straight into the memory that the layout works on; annotations and form fields as they print. Text and lines are drawn without
smoothing: a dot is black or not, and a halftone of smoothed edges would only blur them (at 203 dpi the strokes of 6 point type stay whole).

PDFium knows no ``UserUnit``: a page that has one is taken to be as small as its box says, and scaled from there.

PDFium is not safe for threads and may crash on hostile input: it runs in the worker only, one document at a time.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pypdfium2.raw as pdfium

from tympan.errors import DocumentError
from tympan.render.sources.page import POINTS_PER_INCH, Band, Document, Pixels, Target, View

Handle: TypeAlias = Any
"""A pointer of PDFium's; its bindings have no types."""

PDF_BAND_BYTES = 8 << 20
"""What a band is sized to: PDFium walks the whole page for each, which costs as much as drawing a megabyte."""

DRAIN_BYTES = 1 << 20

RENDER_FLAGS = (
    pdfium.FPDF_ANNOT
    | pdfium.FPDF_PRINTING
    | pdfium.FPDF_RENDER_NO_SMOOTHTEXT
    | pdfium.FPDF_RENDER_NO_SMOOTHPATH
)
WHITE_ARGB = 0xFFFFFFFF

PROBLEMS = {
    pdfium.FPDF_ERR_PASSWORD: ("The PDF is protected with a password.", "document-password-error"),
    pdfium.FPDF_ERR_SECURITY: (
        "The PDF is protected in a way that cannot be opened here.",
        "document-security-error",
    ),
}
"""What PDFium says when it opens a document, as a sentence and a job-state-reason."""


@cache
def _library() -> None:
    """Start PDFium, once in a process."""
    config = pdfium.FPDF_LIBRARY_CONFIG(version=2)
    pdfium.FPDF_InitLibraryWithConfig(config)


def warm_up() -> None:
    """Start PDFium and let it find the system's fonts: a page with text in a font that it does not bring along."""
    _library()
    document = pdfium.FPDF_CreateNewDocument()
    page = pdfium.FPDFPage_New(document, 0, 72, 72)
    for name in (b"Helvetica", b"Arial", b"NoSuchFont"):
        text = pdfium.FPDFPageObj_NewTextObj(document, name, 10.0)
        if text:
            content = (ctypes.c_ushort * 3)(ord("A"), ord("é"), 0)
            pdfium.FPDFText_SetText(text, content)
            pdfium.FPDFPage_InsertObject(page, text)
    pdfium.FPDFPage_GenerateContent(page)
    pixels = np.empty((72, 72), np.uint8)
    bitmap = _bitmap(pixels)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, 72, 72, 0, RENDER_FLAGS)
    pdfium.FPDFBitmap_Destroy(bitmap)
    pdfium.FPDF_ClosePage(page)
    pdfium.FPDF_CloseDocument(document)


def open_document(document_format: str, document: Document, target: Target) -> PdfSource:  # noqa: ARG001 — every source is opened alike
    """Open a PDF; waits until all of it is there, as its table of contents stands at its end.

    Raises:
        DocumentError: It is not a PDF, broken, has no pages, or wants a password.
    """
    return PdfSource(document)


class PdfSource:
    """A PDF."""

    native = False

    def __init__(self, document: Document) -> None:
        _library()
        self._document = document
        self._failure: BaseException | None = None
        self._access = pdfium.FPDF_FILEACCESS()
        self._access.m_FileLen = _length(document)
        self._access.m_GetBlock = type(self._access.m_GetBlock)(self._read_block)
        handle = pdfium.FPDF_LoadCustomDocument(self._access, None)
        if not handle:
            code = pdfium.FPDF_GetLastError()
            self.check()
            problem, reason = PROBLEMS.get(
                code, ("The document is not a PDF, or it is damaged.", "document-format-error")
            )
            raise DocumentError(problem, reason=reason)
        self._handle: Handle = handle
        self._form: Handle = None
        self._form_info = pdfium.FPDF_FORMFILLINFO(version=2)
        if pdfium.FPDF_GetFormType(handle) != pdfium.FORMTYPE_NONE:
            self._form = pdfium.FPDFDOC_InitFormFillEnvironment(handle, self._form_info)
            if self._form:
                pdfium.FPDF_SetFormFieldHighlightAlpha(self._form, 0)
        self._finalizer = weakref.finalize(self, _close_document, handle, self._form)
        self.impressions: int | None = max(0, pdfium.FPDF_GetPageCount(handle))
        if not self.impressions:
            self.close()
            raise DocumentError("The PDF has no pages.", reason="document-format-error")

    def pages(self) -> Iterator[PdfPage]:
        """The pages; each can be drawn at any time until `close`."""
        for index in range(self.impressions or 0):
            size = pdfium.FS_SIZEF()
            if not pdfium.FPDF_GetPageSizeByIndexF(self._handle, index, size):
                raise _unreadable(index)
            yield PdfPage(self, index, size.width / POINTS_PER_INCH, size.height / POINTS_PER_INCH)

    def chunks(self) -> Iterator[bytes]:
        """Never asked for: a PDF is drawn."""
        return iter(())

    def close(self) -> None:
        """Free what PDFium keeps of the document."""
        self._finalizer()

    def _read_block(self, _param: Handle, position: int, buffer: Handle, size: int) -> int:
        """PDFium wants `size` bytes from `position`. No exception may leave a callback."""
        try:
            view = memoryview((ctypes.c_ubyte * size).from_address(ctypes.addressof(buffer.contents))).cast(
                "B"
            )
            self._document.seek(position)
            filled = 0
            while filled < size:
                count = self._document.readinto(view[filled:])
                if not count:
                    return 0
                filled += count
        except Exception as error:  # noqa: BLE001 — raised again where PDFium's call returns
            self._failure = error
            return 0
        return 1

    def check(self) -> None:
        """Raise what the callback could not.

        Raises:
            DocumentError: The document could not be read.
        """
        if isinstance(self._failure, DocumentError):
            raise self._failure
        if self._failure is not None:
            raise DocumentError(
                "The document could not be read.", reason="aborted-by-system"
            ) from self._failure

    @property
    def handles(self) -> tuple[Handle, Handle]:
        """PDFium's document and form environment (None where the document has no form)."""
        return self._handle, self._form


class PdfPage:
    """A page of a PDF."""

    sized = True
    sequential = False
    laid_out = False

    def __init__(self, source: PdfSource, index: int, width_in: float, height_in: float) -> None:
        self._source = source
        self._index = index
        self.width_in = width_in
        self.height_in = height_in

    def bands(self, view: View) -> Iterator[Band]:
        """Draw the page; each band's pixels are valid until the next is asked for."""
        document, form = self._source.handles
        page = pdfium.FPDF_LoadPage(document, self._index)
        self._source.check()
        if not page:
            raise _unreadable(self._index)
        try:
            if form:
                pdfium.FORM_OnAfterLoadPage(page, form)
            yield from self._drawn(page, form, view)
        finally:
            if form:
                pdfium.FORM_OnBeforeClosePage(page, form)
            pdfium.FPDF_ClosePage(page)

    def _drawn(self, page: Handle, form: Handle, view: View) -> Iterator[Band]:
        top, bottom = max(0, view.top_px), min(view.height_px, view.top_px + view.page_height_px)
        if top >= bottom:
            yield Band(view.height_px)
            return
        if top:
            yield Band(top)
        rows = max(1, min(bottom - top, PDF_BAND_BYTES // view.width_px))
        pixels = np.empty((rows, view.width_px), np.uint8)
        for start in range(top, bottom, rows):
            band = pixels[: min(rows, bottom - start)]
            bitmap = _bitmap(band)
            try:
                place = (
                    view.left_px,
                    view.top_px - start,
                    view.page_width_px,
                    view.page_height_px,
                    -view.turn % 4,
                )
                pdfium.FPDF_RenderPageBitmap(bitmap, page, *place, RENDER_FLAGS)
                if form:
                    pdfium.FPDF_FFLDraw(form, bitmap, page, *place, RENDER_FLAGS)
            finally:
                pdfium.FPDFBitmap_Destroy(bitmap)
            self._source.check()
            blank = band[0, 0] == 255 and band.min() == 255
            yield Band(len(band), grey=None if blank else band, sharp=True)
        if bottom < view.height_px:
            yield Band(view.height_px - bottom)


def _bitmap(pixels: Pixels) -> Handle:
    """A bitmap of PDFium's over our memory, white."""
    height, width = pixels.shape
    bitmap = pdfium.FPDFBitmap_CreateEx(
        width, height, pdfium.FPDFBitmap_Gray, pixels.ctypes.data_as(ctypes.c_void_p), width
    )
    if not bitmap:
        raise MemoryError(f"no bitmap of {width} by {height}")
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE_ARGB)
    return bitmap


def _length(document: Document) -> int:
    """The document's size, once all of it is there."""
    document.seek(0)
    while document.size is None:
        if not document.read(DRAIN_BYTES):
            return document.tell()
    return document.size


def _close_document(document: Handle, form: Handle) -> None:
    if form:
        pdfium.FPDFDOC_ExitFormFillEnvironment(form)
    pdfium.FPDF_CloseDocument(document)


def _unreadable(index: int) -> DocumentError:
    return DocumentError(f"Page {index + 1} of the PDF is damaged.", reason="document-format-error")
