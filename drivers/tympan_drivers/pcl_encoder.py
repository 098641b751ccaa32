"""One job for a PCL 5 printer: the job wrapper, sheets, and pixels as rows.

It holds one row of pixels and nothing else. White at the top of a page is a lower beginning, white at its end is not sent.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tympan.driver.contract import PageFormat, Part
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.language import pcl, pjl
from tympan.language.pcl_paper import LOGICAL_PAGE_DPI, PAPERS, PclPaper
from tympan.language.pcl_raster import RasterRows
from tympan_drivers.pcl_job_name import job_name
from tympan_drivers.profile_pcl import PclProfile

DRAFT = 3
TENTHS_PER_DOT = 24
"""Tenths of a decipoint (1/7200 inch) in a dot of 1/300 inch."""

AUTOMATIC = "auto"


class PclEncoder:
    """Encodes one job; see :class:`tympan.driver.contract.Encoder`.

    Args:
        model: The printer.
        ticket: What the job asks for.

    Raises:
        DocumentError: The ticket asks for paper, a tray, a resolution or duplex that the printer does not have.
    """

    extension: ClassVar[str] = "pcl"

    def __init__(self, model: PclProfile, ticket: JobTicket) -> None:
        self._model = model
        self._obey(ticket)
        self._job_name = job_name(ticket.job_name)
        self._back_next = False
        self._back = False
        self._in_raster = False
        self._room = 0

    def _obey(self, ticket: JobTicket) -> None:
        """Take a ticket over.

        Raises:
            DocumentError: It asks for what the printer does not have.
        """
        model = self._model
        paper, dpi = _paper(model, ticket), _resolution(model, ticket)
        duplex = ticket.sides != "one-sided"
        if duplex and (not model.duplex or ticket.sides not in pcl.SIDES):
            raise _refused(f"The printer does not print {ticket.sides!r}.")
        source = ticket.media.source
        if source not in model.sources and source != AUTOMATIC:
            raise _refused(f"The printer has no tray {source!r}.")
        if model.types and ticket.media.type not in model.types:
            raise _refused(f"The printer does not know the paper type {ticket.media.type!r}.")
        self._ticket = ticket
        self._paper, self._dpi, self._duplex = paper, dpi, duplex
        self._window = model.window(paper, dpi)
        self._rows = RasterRows((self._window.width + 7) // 8, model.modes)
        self._copies = 0  # not known: a reset brings back what is set on the printer's panel

    def page_format(self) -> PageFormat:
        """The raster it takes: all of the sheet that can be printed."""
        window = self._window
        return PageFormat(
            resolution_dpi=(self._dpi, self._dpi),
            width_px=window.width,
            height_px=window.height,
            media_width_px=window.sheet_width,
            media_height_px=window.sheet_height,
            left_px=window.left,
            top_px=window.top,
            dot_gain=self._model.dot_gain,
        )

    def text_format(self) -> None:
        """None: text is drawn, as no two of these printers have the same fonts."""

    def can_encode(self, text: str) -> bool:
        """Nothing but nothing: there is no native text."""
        return not text

    def begin_job(self) -> bytes:
        """Name the job, set the resolution, take the paper, and put the origin at the sheet's top."""
        wrapper = pjl.begin_job(self._job_name, self._settings()) if self._model.pjl else b""
        return wrapper + self._setup()

    def change(self, ticket: JobTicket) -> bytes:
        """Other paper, sides, quality or resolution for the pages to come: a reset, and all of it anew.

        Raises:
            DocumentError: The ticket asks for what the printer does not have.
        """
        settings, setup = self._settings(), self._setup()
        self._obey(ticket)
        if (self._settings(), self._setup()) == (settings, setup):
            return b""
        self._back_next = False
        wrapper = pjl.change(self._settings()) if self._settings() != settings else b""
        return wrapper + self._setup()

    def end_part(self, part: Part) -> bytes:  # noqa: ARG002 — sheets are not cut
        """Nothing: the sheets of one part are as loose as those of the next."""
        return b""

    def _settings(self) -> tuple[tuple[str, str], ...]:
        """The PJL variables that the ticket decides."""
        model = self._model
        if not model.pjl:
            return ()
        settings = [("RESOLUTION", str(self._dpi))] if len(model.resolutions) > 1 else []
        if model.economode:
            settings.append(("ECONOMODE", "ON" if self._ticket.print_quality == DRAFT else "OFF"))
        return tuple(settings)

    def _setup(self) -> bytes:
        """A reset, and what the ticket says of the pages."""
        model, ticket = self._model, self._ticket
        parts = [pcl.RESET]
        if model.duplex:
            parts.append(pcl.sides(ticket.sides))
        source = model.sources.get(ticket.media.source)
        if source is not None:
            parts.append(pcl.paper_source(source))
        parts += [pcl.page_size(self._paper.code), pcl.portrait()]
        if model.types:
            parts.append(pcl.media_type(model.types[ticket.media.type]))
        parts.append(pcl.whole_page())
        if model.unit_of_measure:
            parts.append(pcl.unit_of_measure(self._dpi))
        parts += [pcl.resolution(self._dpi), pcl.along_the_rows()]
        return b"".join(parts)

    def begin_page(self, copies: int, *, back: bool = False) -> bytes:
        """Start a side; the copies are the printer's to make."""
        parts = []
        if self._duplex and back != self._back_next:
            parts.append(pcl.page_side(pcl.PAGE_SIDE_BACK if back else pcl.PAGE_SIDE_FRONT))
        self._back = back
        if copies != self._copies:
            parts.append(pcl.copies(copies))
            self._copies = copies
        if self._model.logical_page == "shifted":
            parts.append(self._registration())
        self._rows.start()
        self._in_raster = False
        self._room = self._window.height
        return b"".join(parts)

    def band(self, rows: NDArray[Any]) -> bytes:
        """The next rows; what does not fit the page any more is left out."""
        if len(rows) > self._room:
            rows = rows[: self._room]
        self._room -= len(rows)
        if not len(rows):
            return b""
        if self._in_raster:
            return self._rows.encode(rows)
        inked: NDArray[Any] = np.any(rows, axis=1)
        lead = int(inked.argmax())
        if not inked[lead]:
            return self._rows.encode(rows)
        # The first ink of the page: the raster begins with its row.
        self._in_raster = True
        start = self._start(self._rows.take_blank() + lead)
        return start + self._rows.encode(rows[lead:])

    def text_line(self, text: str) -> bytes:
        """Not to be called: `text_format` is None.

        Raises:
            DocumentError: Always.
        """
        raise DocumentError(
            f"A PCL printer draws its text ({text[:20]!r}).", reason="document-unprintable-error"
        )

    def end_page(self) -> bytes:
        """End the raster, eject the side."""
        self._back_next = self._duplex and not self._back
        end = pcl.end_raster(self._model.end_raster) if self._in_raster else b""
        self._in_raster = False
        return end + pcl.FORM_FEED

    def end_job(self) -> bytes:
        """Back to the defaults, end of the job."""
        return pcl.RESET + (pjl.end_job(self._job_name) if self._model.pjl else b"")

    def _start(self, lead: int) -> bytes:
        window = self._window
        return b"".join(
            (
                pcl.cursor(window.cursor_x, window.top + lead),
                pcl.raster_width(window.width),
                pcl.start_raster(),
            )
        )

    def _registration(self) -> bytes:
        """Move the logical page to the sheet's left edge.

        On the back of a sheet bound at the long edge the same number moves it the other way: the offset keeps its
        distance from the binding (HP's PCL 5 Reference, figure 4-4).
        """
        tenths = self._paper.logical_offset * TENTHS_PER_DOT
        mirrored = self._back and self._ticket.sides == "two-sided-long-edge"
        return pcl.left_registration(tenths if mirrored else -tenths)


def _refused(problem: str) -> DocumentError:
    return DocumentError(problem, reason="document-unprintable-error")


def _paper(model: PclProfile, ticket: JobTicket) -> PclPaper:
    paper = PAPERS.get(ticket.media.name)
    if paper is None or paper not in model.papers:
        raise _refused(f"The printer does not take paper of the size {ticket.media.name!r}.")
    return paper


def _resolution(model: PclProfile, ticket: JobTicket) -> int:
    across, along = ticket.resolution_dpi
    if (across, along) == (0, 0):
        return model.resolutions[0]
    if across != along or across not in model.resolutions:
        raise _refused(f"The printer does not print {across} by {along} dots an inch.")
    assert across % LOGICAL_PAGE_DPI == 0
    return across
