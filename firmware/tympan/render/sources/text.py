"""Plain text: on a receipt printer as lines in its own font, elsewhere drawn.

Owns the pages of a text. A receipt printer's font takes every line that it has all characters of; any other line is drawn, in the same grid of
cells. On sheets the text is 10 point on 12, with margins of 15 mm, or the medium's where they are larger.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from tympan.driver.ticket import HMM_PER_INCH
from tympan.render import fonts
from tympan.render.placement import TURNS
from tympan.render.sources import resample
from tympan.render.sources.bidirectional import has_right_to_left
from tympan.render.sources.page import POINTS_PER_INCH, Band, Document, SourcePage, Target, View
from tympan.render.sources.resample import UPRIGHT, Run
from tympan.render.sources.text_lines import ENCODINGS, FORM_FEED, Cell, cells, lines, wrapped
from tympan.render.sources.text_pen import TextPen

TEXT_SIZE_PT = 10
LINE_HEIGHT_PT = 12
MARGIN_IN = 1500 / HMM_PER_INCH


def warm_up() -> None:
    """Map the fonts, and import what decodes bytes."""
    for name in ENCODINGS:
        codecs.getincrementaldecoder(name)
    TextPen(12, 24).line(cells("Tympan é Ж"), 48, 0, 576)


def open_document(document_format: str, document: Document, target: Target) -> TextSource:  # noqa: ARG001 — every source is opened alike
    """Open a text; reads nothing yet."""
    return TextSource(document, target)


class TextSource:
    """A text."""

    native = False
    impressions: int | None = None

    def __init__(self, document: Document, target: Target) -> None:
        fonts.load()
        self._document = document
        self._target = target

    def pages(self) -> Iterator[SourcePage]:
        """The pages: native ones on a receipt printer, unless the job turns them or puts several on a side."""
        ticket = self._target.ticket
        if self._target.text is not None and ticket.number_up == 1 and ticket.orientation_requested in {0, 3}:
            return self._receipts()
        return self._sheets()

    def chunks(self) -> Iterator[bytes]:
        """Never asked for: what is native here are lines."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""

    def _receipts(self) -> Iterator[ReceiptText]:
        unread = lines(self._document)
        while (first := next(unread, None)) is not None:
            page = ReceiptText(chain((first,), unread), self._target)
            yield page
            page.skip()

    def _sheets(self) -> Iterator[SheetText]:
        sheet = Sheet.of(self._target)
        pen = TextPen(sheet.cell_width_px, sheet.cell_height_px)
        kept: list[list[Cell]] = []
        filled = False
        for line in lines(self._document):
            if line == FORM_FEED:
                yield SheetText(kept, sheet, pen)
                kept, filled = [], False
                continue
            for part in wrapped(cells(line), sheet.columns):
                if sheet.rows is not None and len(kept) == sheet.rows:
                    yield SheetText(kept, sheet, pen)
                    kept = []
                kept.append(part)
                filled = True
        if filled and kept:
            yield SheetText(kept, sheet, pen)


class ReceiptText:
    """A piece of roll with text: ends with the document or at a form feed."""

    sized = True
    sequential = True
    laid_out = True

    def __init__(self, unread: Iterator[str], target: Target) -> None:
        assert target.text is not None
        self._text = target.text
        self._can_encode = target.can_encode
        self._width = target.page.width_px
        self._lines = iter(unread)
        self._ended = False
        self.width_in = target.page.media_width_px / target.page.resolution_dpi[0]
        self.height_in = target.page.media_height_px / target.page.resolution_dpi[1]
        self._pen: TextPen | None = None

    def bands(self, view: View) -> Iterator[Band]:  # noqa: ARG002 — the printer's font has the places that it has
        """Its lines, native where the printer can, drawn where not."""
        for line in self._own_lines():
            for part in wrapped(cells(line), self._text.columns):
                yield self._native(part) or self._drawn(part)

    def skip(self) -> None:
        """Pass by what was not drawn."""
        for _ in self._own_lines():
            pass

    def _own_lines(self) -> Iterator[str]:
        while not self._ended:
            line = next(self._lines, FORM_FEED)
            if line == FORM_FEED:
                self._ended = True
            else:
                yield line

    def _native(self, part: list[Cell]) -> Band | None:
        """The line for the printer's own font, None where it needs to be drawn."""
        text = "".join(cell.text for cell in part)
        fits = all(cell.columns == 1 and not cell.over for cell in part)
        if fits and not has_right_to_left(text) and self._can_encode(text):
            return Band(self._text.cell_height_px, text=text)
        return None

    def _drawn(self, part: list[Cell]) -> Band:
        if self._pen is None:
            self._pen = TextPen(self._text.cell_width_px, self._text.cell_height_px)
        return Band(
            self._text.cell_height_px, packed=self._pen.line(part, self._text.columns, 0, self._width)
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """The grid of a page.

    Attributes:
        resolution_dpi: Dots per inch across and along.
        width_px: Width of the whole page.
        height_px: Its height; None on a roll.
        left_px: Where the first column is.
        top_px: Where the first line is.
        columns: Cells in a line.
        rows: Lines on a page; None on a roll.
        cell_width_px: Width of a cell.
        cell_height_px: Height of a line.
    """

    resolution_dpi: tuple[int, int]
    width_px: int
    height_px: int | None
    left_px: int
    top_px: int
    columns: int
    rows: int | None
    cell_width_px: int
    cell_height_px: int

    @classmethod
    def of(cls, target: Target) -> Sheet:
        """The grid for a job: the printer's own cells where it has a font, 10 point otherwise; lying where the job turns pages."""
        page, text = target.page, target.text
        across, along = page.resolution_dpi
        width, height = page.media_width_px, page.media_height_px
        roll = page.height_px is None
        if roll:
            margins = [page.left_px, 0, page.media_width_px - page.left_px - page.width_px, 0]
        else:
            assert page.height_px is not None
            margins = [
                max(page.left_px, round(MARGIN_IN * across)),
                max(page.top_px, round(MARGIN_IN * along)),
                max(width - page.left_px - page.width_px, round(MARGIN_IN * across)),
                max(height - page.top_px - page.height_px, round(MARGIN_IN * along)),
            ]
        turn = TURNS.get(target.ticket.orientation_requested, 0)
        if turn % 2:
            width, height = round(height / along * across), round(width / across * along)
            roll = False
        margins = margins[-turn:] + margins[:-turn]
        # A medium that is too small for such margins has the text in its inner half.
        left, right = _within(margins[0], margins[2], width)
        top, bottom = _within(margins[1], margins[3], height)
        if text is not None:
            cell_width, cell_height = text.cell_width_px, text.cell_height_px
        else:
            cell_width = round(
                fonts.load().main.at(round(TEXT_SIZE_PT * across / POINTS_PER_INCH)).getlength("M")
            )
            cell_height = round(LINE_HEIGHT_PT * along / POINTS_PER_INCH)
        return cls(
            page.resolution_dpi,
            width,
            None if roll else height,
            left,
            top,
            max(2, (width - left - right) // cell_width),
            None if roll else max(1, (height - top - bottom) // cell_height),
            cell_width,
            cell_height,
        )


class SheetText:
    """A page of drawn text."""

    sized = True
    sequential = False
    laid_out = True

    def __init__(self, page_lines: list[list[Cell]], sheet: Sheet, pen: TextPen) -> None:
        self._lines = page_lines
        self._sheet = sheet
        self._pen = pen
        self._height = (
            max(1, len(page_lines)) * sheet.cell_height_px if sheet.height_px is None else sheet.height_px
        )
        self.width_in = sheet.width_px / sheet.resolution_dpi[0]
        self.height_in = self._height / sheet.resolution_dpi[1]

    def bands(self, view: View) -> Iterator[Band]:
        """The page in a view: as it is drawn where it fits exactly, otherwise scaled and turned like a picture."""
        size = (self._sheet.width_px, self._height)
        if view.turn == 0 and (view.page_width_px, view.page_height_px) == size:
            return self._exact(view)
        return resample.bands(self._runs(), size, UPRIGHT, view)

    def _exact(self, view: View) -> Iterator[Band]:
        sheet = self._sheet
        at = 0
        for line, top in self._placed(view.top_px):
            bottom = min(top + sheet.cell_height_px, view.height_px)
            if not line or bottom <= at:
                continue
            if top > at:
                yield Band(top - at)
            rows = self._pen.line(line, sheet.columns, sheet.left_px + view.left_px, view.width_px)
            rows = rows[max(0, at - top) : bottom - top]
            yield Band(len(rows), packed=rows)
            at = bottom
        if at < view.height_px:
            yield Band(view.height_px - at)

    def _runs(self) -> Iterator[Run]:
        sheet = self._sheet
        at = 0
        for line, top in self._placed(0):
            if top > at:
                yield top - at
                at = top
            packed = self._pen.line(line, sheet.columns, sheet.left_px, sheet.width_px)
            yield resample.unpacked(packed, sheet.width_px)
            at += sheet.cell_height_px
        if at < self._height:
            yield self._height - at

    def _placed(self, page_top: int) -> Iterator[tuple[list[Cell], int]]:
        """The lines and the row at which each begins."""
        for index, line in enumerate(self._lines):
            yield line, page_top + self._sheet.top_px + index * self._sheet.cell_height_px


def _within(before: int, after: int, size: int) -> tuple[int, int]:
    """Margins that leave at least half."""
    return (before, after) if 2 * (before + after) <= size else (size // 4, size // 4)
