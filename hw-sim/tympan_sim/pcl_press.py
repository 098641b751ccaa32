"""From finished sides to sheets in the output tray: duplex, copies, page ranges.

Owns which side of the sheet is being printed, the front that waits for its back, and what the job language is told.
A back side is given as it is seen when the sheet is turned over along its long edge, like a page in a book: with
long-edge binding it stands upright, with short-edge binding upside down (turned by 180 degrees).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from tympan_sim.decoder import Effect, Motion, Sheet
from tympan_sim.pcl_media import PaperSize
from tympan_sim.pcl_page import PageBitmap
from tympan_sim.pjl import PAGES_MAX, Pjl

SHEETS_MAX = 32_767
"""The most copies of one sheet."""


@dataclass(slots=True)
class _Side:
    page: PageBitmap
    side: Literal["front", "back"]
    turned: bool
    number: int


@dataclass(slots=True)
class Press:
    """The way from the page memory to the tray.

    Args:
        pjl: Told of every side that came out.
        loaded: The PWG name of what lies in the tray.

    Attributes:
        on_back: The side being printed is the back of a sheet whose front waits.
        first: Pages before it are not printed (``@PJL JOB START``).
        last: Pages after it are not printed.
        pages: Pages of this job so far.
    """

    pjl: Pjl
    loaded: str
    on_back: bool = False
    first: int = 1
    last: int = PAGES_MAX
    pages: int = 0
    _sides: list[_Side] = field(default_factory=list)
    _sheet: tuple[PaperSize, int, str, int] | None = None

    def begin_job(self, first: int, last: int) -> None:
        """A job begins: its pages are counted from 1."""
        self.first, self.last, self.pages = first, last, 0

    def side_done(
        self, page: PageBitmap, size: PaperSize, *, duplex: int, source: str, copies: int, dpi: int
    ) -> Iterator[Effect]:
        """A side is complete; gives the sheet where this was its last.

        Args:
            page: Its dots.
            size: Of the sheet.
            duplex: 0 one side, 1 bound at the long edge, 2 at the short edge.
            source: The tray, as the language numbers it.
            copies: How many times the sheet is wanted.
            dpi: Of the page.
        """
        self.pages += 1
        side: Literal["front", "back"] = "back" if self.on_back else "front"
        self._sides.append(_Side(page, side, self.on_back and duplex == 2, self.pages))
        if not self.on_back:
            self._sheet = (size, copies, source, dpi)
        if duplex and not self.on_back:
            self.on_back = True
            return
        yield from self.eject()

    def eject(self) -> Iterator[Effect]:
        """The sheet in work comes out as it is; a back that was never begun stays unprinted."""
        sides, self._sides = self._sides, []
        self.on_back = False
        if not sides or self._sheet is None:
            return
        if not any(self.first <= side.number <= self.last for side in sides):
            self.pjl.page_passed_over(len(sides))
            return
        size, copies, source, dpi = self._sheet
        sets = int(self.pjl.current["QTY"])
        total = min(copies * sets, SHEETS_MAX)
        motion = Motion(size.length_um)
        for _ in range(total):
            yield motion
        for side in sides:
            yield Sheet(
                image=_picture(side),
                dpi=(dpi, dpi),
                side=side.side,
                media=size.name,
                source=source,
                copies=total,
                notes=(*side.page.notes, *self._notes(size, sets)),
            )
        yield from self.pjl.page_printed(len(sides))

    def _notes(self, size: PaperSize, sets: int) -> Iterator[str]:
        if size.name != self.loaded:
            yield f"the tray holds {self.loaded}"
        if sets > 1:
            yield f"{sets} collated sets of the job"


def _picture(side: _Side) -> Image.Image:
    image = side.page.image()
    return image.transpose(Image.Transpose.ROTATE_180) if side.turned else image
