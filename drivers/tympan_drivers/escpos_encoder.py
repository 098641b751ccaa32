"""One job for a receipt printer: pieces of roll made of pixels and text.

White rows are held back until something black follows: so a blank end costs no paper, a blank head only as much as the
profile allows, and a gap is one short command. Where feed units cannot be relied on, a gap is a raster one byte wide, which
is as long in rows as it says on every printer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tympan.driver.contract import PageFormat, Part, TextFormat
from tympan.driver.ticket import HMM_PER_INCH, JobTicket
from tympan.errors import DocumentError
from tympan.language import escpos
from tympan_drivers.code_pages import CodePages
from tympan_drivers.escpos import (
    CUTTING_FINISHINGS,
    FINISHING_TRIM,
    FINISHING_TRIM_AFTER_COPIES,
    FINISHING_TRIM_AFTER_DOCUMENTS,
    FINISHING_TRIM_AFTER_JOB,
    FINISHING_TRIM_AFTER_PAGES,
    START_NULS,
    cut_commands,
    initialize,
)
from tympan_drivers.escpos_raster import RasterCommands
from tympan_drivers.profile_escpos import COLUMN_ROWS, EscPosProfile

Pixels = NDArray[np.uint8]

NO_SPACING = -1
"""The line spacing is as after power-on."""


class EscPosEncoder:
    """Encodes one job; see :class:`tympan.driver.contract.Encoder`.

    Args:
        model: The printer.
        ticket: What the job asks for.

    Raises:
        DocumentError: The ticket asks for a resolution or a cut that the printer does not have.
    """

    extension: ClassVar[str] = "escpos"

    def __init__(self, model: EscPosProfile, ticket: JobTicket) -> None:
        if ticket.resolution_dpi not in {(0, 0), model.dpi}:
            across, along = ticket.resolution_dpi
            raise DocumentError(
                f"The printer does not print {across} by {along} dots an inch.",
                reason="document-unprintable-error",
            )
        self._model = model
        self._ticket = ticket
        finishings = set(ticket.finishings)
        cuts = model.cut != "none"
        self._cut_pages = cuts and FINISHING_TRIM_AFTER_PAGES in finishings
        self._cut_job = cuts and (
            not finishings or bool(finishings & {FINISHING_TRIM, FINISHING_TRIM_AFTER_JOB})
        )
        self._cut_after = {
            Part.JOB_SHEET: cuts and (not finishings or bool(finishings & set(CUTTING_FINISHINGS))),
            Part.DOCUMENT: cuts and FINISHING_TRIM_AFTER_DOCUMENTS in finishings,
            Part.COPY: cuts and FINISHING_TRIM_AFTER_COPIES in finishings,
        }
        self._pages = CodePages(model.code_pages) if model.columns else None
        self._raster = RasterCommands(model)
        self._line_rows = COLUMN_ROWS[model.column_mode] if model.raster == "esc_star" else 1
        self._spacing = NO_SPACING
        self._pending = 0  # white rows not printed yet
        self._part: Pixels | None = None  # rows of a line of ESC * that is not full yet
        self._page_started = False
        self._uncut = False

    # --- what it takes ------------------------------------------------------------------------------------------------

    def page_format(self) -> PageFormat:
        """The raster it takes: what the head can mark, as long as need be.

        The medium is the roll. Sheets wider than it are seen at the scale that brings them to its width, so that their
        length is the one they will have.
        """
        model, media = self._model, self._ticket.media
        width_px = model.paper_width_px
        scale = min(1.0, model.paper_width_hmm / media.width_hmm)
        return PageFormat(
            resolution_dpi=model.dpi,
            width_px=model.print_width_dots,
            height_px=None,
            media_width_px=width_px,
            media_height_px=max(1, round(media.length_hmm * scale * model.dpi[1] / HMM_PER_INCH)),
            left_px=max(0, width_px - model.print_width_dots) // 2,
            top_px=0,
            dot_gain=model.dot_gain,
            trim_tail=True,
            lead_max_px=model.lead_rows_max,
            repeats_pages=False,
        )

    def text_format(self) -> TextFormat | None:
        """Font A of the printer, where it has code pages; None: text is drawn."""
        model = self._model
        if self._pages is None:
            return None
        return TextFormat(model.columns, model.cell_width_dots, model.line_height_dots)

    def can_encode(self, text: str) -> bool:
        """Whether the printer's code pages have every character of `text`."""
        return self._pages is not None and self._pages.can_encode(text)

    # --- the job ------------------------------------------------------------------------------------------------------

    def begin_job(self) -> bytes:
        """End what a short command of a broken job waits for, initialise, set the code page.

        What a broken job left in the middle of a raster is ended by the driver's ``abandon``.
        """
        start = bytes(START_NULS) + initialize(self._model) + self._model.init
        self._spacing = NO_SPACING
        return start + (self._pages.start() if self._pages is not None else b"")

    def begin_page(self, copies: int, *, back: bool = False) -> bytes:  # noqa: ARG002 — a roll has no back
        """Start a piece of roll.

        Raises:
            ValueError: `copies` is not 1: the printer cannot repeat what it printed.
        """
        if copies != 1:
            raise ValueError("a receipt printer prints each copy as it is sent")
        self._pending = 0
        self._part = None
        self._page_started = False
        return b""

    def band(self, rows: NDArray[Any]) -> bytes:
        """The next rows."""
        inked = np.flatnonzero(rows.max(axis=1)) if len(rows) else rows
        if not len(inked):
            return self._white(len(rows))
        first, last = int(inked[0]), int(inked[-1])
        parts = [self._white(first)]
        # Gaps within the rows: white rows of at least gap_rows part the ink.
        starts = [first]
        ends = []
        for gap in np.flatnonzero(np.diff(inked) > self._model.gap_rows).tolist():
            ends.append(int(inked[gap]) + 1)
            starts.append(int(inked[gap + 1]))
        ends.append(last + 1)
        before = first
        for start, end in zip(starts, ends, strict=True):
            parts += [self._white(start - before), self._black(rows[start:end])]
            before = end
        parts.append(self._white(len(rows) - before))
        return b"".join(parts)

    def text_line(self, text: str) -> bytes:
        """A line in the printer's font; it advances by the font's line height.

        Raises:
            ValueError: There is no font, or a character it does not have; see `can_encode`.
        """
        if self._pages is None:
            raise ValueError("the printer has no font that is known")
        height = self._model.line_height_dots
        text = text.rstrip(" ")
        if not text:
            return self._white(height)
        parts = [self._flush(), self._gap(), self._set_spacing(height), self._pages.encode(text), b"\n"]
        self._page_started = self._uncut = True
        return b"".join(parts)

    def end_page(self) -> bytes:
        """The piece is complete: white at its end is forgotten, and it is cut off where each page is cut."""
        parts = [self._flush()]
        self._pending = 0
        if self._cut_pages and self._uncut:
            parts.append(cut_commands(self._model))
            self._uncut = False
        return b"".join(parts)

    def change(self, ticket: JobTicket) -> bytes:
        """Another page laid out on the same roll: what the printer is told stays the same."""
        self._ticket = ticket
        return b""

    def end_part(self, part: Part) -> bytes:
        """A document or a copy is complete: it is cut off where each is."""
        if not self._uncut or not self._cut_after[part]:
            return b""
        self._uncut = False
        return self._default_spacing() + cut_commands(self._model)

    def end_job(self) -> bytes:
        """Cut, or feed out to be torn off, what was not cut yet."""
        if not self._uncut:
            return b""
        self._uncut = False
        if self._cut_job or self._model.cut == "none":
            return self._default_spacing() + cut_commands(self._model)
        return self._default_spacing() + escpos.feed_lines(self._model.feed_lines)

    # --- white and black ----------------------------------------------------------------------------------------------

    def _white(self, rows: int) -> bytes:
        """White rows: into the line that is open, the rest is held back."""
        if not rows:
            return b""
        if self._part is None:
            self._pending += rows
            return b""
        if len(self._part) + rows < self._line_rows:
            self._part = np.concatenate((self._part, np.zeros((rows, self._part.shape[1]), np.uint8)))
            return b""
        printed = self._flush()
        self._pending += rows
        return printed

    def _black(self, rows: Pixels) -> bytes:
        """Rows with ink in the first and the last of them."""
        parts = []
        if self._part is not None:
            rows = np.concatenate((self._part, rows))
            self._part = None
        else:
            parts.append(self._gap())
        self._page_started = self._uncut = True
        if self._line_rows == 1:
            parts.append(self._raster.encode(rows))
            return b"".join(parts)
        whole = len(rows) // self._line_rows * self._line_rows
        if whole:
            parts.append(self._columns(rows[:whole]))
        if whole < len(rows):
            self._part = rows[whole:].copy()
        return b"".join(parts)

    def _flush(self) -> bytes:
        """Print a line of ``ESC *`` that is not full, without the white at its end."""
        if self._part is None:
            return b""
        part, self._part = self._part, None
        inked = int(np.flatnonzero(part.max(axis=1))[-1]) + 1
        self._pending += len(part) - inked
        return self._columns(part[:inked])

    def _columns(self, rows: Pixels) -> bytes:
        return self._raster.encode_columns(rows, self._line_rows)

    def _gap(self) -> bytes:
        """The white rows held back: fed, or at the head of a page as many as may be."""
        rows, self._pending = self._pending, 0
        if not self._page_started:
            rows = min(rows, self._model.lead_rows_max)
        if not rows:
            return b""
        if self._model.feed_gaps:
            return escpos.feed(rows * self._model.feed_units_per_dot)
        return self._raster.white(rows)

    def _set_spacing(self, dots: int) -> bytes:
        if dots == self._spacing:
            return b""
        self._spacing = dots
        return escpos.line_spacing(dots * self._model.feed_units_per_dot)

    def _default_spacing(self) -> bytes:
        if self._spacing == NO_SPACING:
            return b""
        self._spacing = NO_SPACING
        return escpos.default_line_spacing()
