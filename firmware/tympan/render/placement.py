"""Where a page goes on the paper: ``print-scaling``, ``orientation-requested`` and ``number-up`` as geometry.

Owns the arithmetic. Knows no documents and no pixels' values. Coordinates are device pixels from the top left corner
of the raster that the encoder takes (the printable area), not of the medium.

``print-scaling`` (PWG 5100.16 §5.2; *larger* means than the medium, with half a millimetre of grace):

=========  ===========================================================================================================
keyword    what happens
=========  ===========================================================================================================
none       natural size, centred on the medium (what the printable area holds is kept in it), clipped by the printable area
fit        largest size that the printable area holds, centred in it
fill       smallest size that covers the whole medium, centred on it, clipped
auto       larger: ``fit``, on a medium without margins ``fill``; otherwise ``none``
auto-fit   larger: ``fit``; otherwise ``none``
=========  ===========================================================================================================

Without an ``orientation-requested``, a page that lies where the sheet stands is turned anticlockwise, unless it has its natural
size and fits as it is.

An image that is not *sized* (it has pixels, but means no size on paper) counts as larger: a photo fills the page that
it is printed on. On a roll there is no length to fit: the width decides, pages start at the top of the printable area,
and a page counts as larger when it is wider than the printable area, so that no digit of a receipt is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import HMM_PER_INCH, JobTicket
from tympan.errors import DocumentError

LARGER_TOLERANCE_IN = 50 / HMM_PER_INCH
"""Half a millimetre: an A4 of 595 by 842 points is not larger than 210 by 297 mm."""

MAX_ROLL_LENGTH_IN = 200.0
"""About five metres: a longer page on a roll is a mistake, not a receipt."""

MAX_PAGE_IN = 400.0
"""Ten metres: a longer page of a document is a mistake or an attack, whatever it is scaled to."""

TURNS = {4: 1, 5: 3, 6: 2}
"""Quarter turns anticlockwise for each ``orientation-requested`` that turns (RFC 8011 §5.2.10)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; `height_px` None: as long as need be."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int | None

    @property
    def bottom_px(self) -> int:
        """The row after its last; of a box that ends."""
        assert self.height_px is not None
        return self.top_px + self.height_px


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a page appears.

    Attributes:
        left_px: Left edge in the raster; negative where it is cut off.
        top_px: Top edge in the raster.
        width_px: Width as it appears.
        height_px: Height as it appears.
        turn: Quarter turns anticlockwise, 0 to 3.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    turn: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One of several places on a sheet (``number-up``).

    Attributes:
        box: Where it is, in the raster.
        turn: Quarter turns anticlockwise that the sheet as a whole is turned by.
    """

    box: Box
    turn: int


def check_size(width_in: float, height_in: float) -> None:
    """Refuse a page that no paper could take.

    Raises:
        DocumentError: The size is not a number, not above zero, or beyond `MAX_PAGE_IN`.
    """
    if not (0 < width_in <= MAX_PAGE_IN and 0 < height_in <= MAX_PAGE_IN):
        sizes = " by ".join(
            f"{side * 0.0254:.1f} m" if math.isfinite(side) else "?" for side in (width_in, height_in)
        )
        raise DocumentError(
            f"A page of the document measures {sizes}, which cannot be printed.",
            reason="document-unprintable-error",
        )


def window(page: PageFormat) -> Box:
    """The raster as a box; endless on a roll."""
    return Box(0, 0, page.width_px, page.height_px)


def medium(page: PageFormat) -> Box:
    """The whole medium as a box; endless on a roll."""
    return Box(
        -page.left_px,
        -page.top_px,
        page.media_width_px,
        None if page.height_px is None else page.media_height_px,
    )


def place(
    width_in: float, height_in: float, *, sized: bool, ticket: JobTicket, page: PageFormat
) -> Placement:
    """Place a single page on a side.

    Args:
        width_in: The page's natural width, inches.
        height_in: Its natural height, inches.
        sized: The document means that size.
        ticket: ``print-scaling``, ``orientation-requested`` and the media's margins.
        page: The raster.

    Raises:
        DocumentError: The page's size is none that could be printed.
    """
    check_size(width_in, height_in)
    roll = page.height_px is None
    whole, printable = medium(page), window(page)
    turn = TURNS.get(ticket.orientation_requested, 0)
    if ticket.orientation_requested == 0 and not roll and _mismatch(width_in, height_in, whole):
        upright = _scaling(width_in, height_in, sized=sized, ticket=ticket, page=page)
        turn = int(upright != "none" or _larger(width_in, height_in, page))
    if turn % 2:
        width_in, height_in = height_in, width_in
    across_dpi, along_dpi = page.resolution_dpi
    scaling = _scaling(width_in, height_in, sized=sized, ticket=ticket, page=page)
    box = printable if scaling == "fit" else whole
    width, height = width_in * across_dpi, height_in * along_dpi
    if scaling != "none":
        ratios = [box.width_px / width] + ([] if box.height_px is None else [box.height_px / height])
        scale = min(ratios) if scaling == "fit" else max(ratios)
        width, height = width * scale, height * scale
    placed = _centre(width, height, box, turn)
    if scaling == "none":
        placed = _kept_whole(placed, printable)
    if roll:
        if placed.height_px > MAX_ROLL_LENGTH_IN * along_dpi:
            raise DocumentError(
                f"A page of the document would be {placed.height_px / along_dpi * 0.0254:.1f} m long on this roll.",
                reason="document-unprintable-error",
            )
        placed = replace(placed, top_px=0)
    return placed


def place_in_cell(
    width_in: float, height_in: float, cell: Cell, ticket: JobTicket, page: PageFormat
) -> Placement:
    """Place one of several pages: as large as its cell holds, centred.

    Raises:
        DocumentError: The page's size is none that could be printed.
    """
    check_size(width_in, height_in)
    across_dpi, along_dpi = page.resolution_dpi
    turn = cell.turn + TURNS.get(ticket.orientation_requested, 0)
    box = cell.box
    assert box.height_px is not None
    if ticket.orientation_requested == 0:
        upright = (height_in, width_in) if turn % 2 else (width_in, height_in)
        turn += _mismatch(*upright, box)
    if turn % 2:
        width_in, height_in = height_in, width_in
    width, height = width_in * across_dpi, height_in * along_dpi
    scale = min(box.width_px / width, box.height_px / height)
    return _centre(width * scale, height * scale, box, turn % 4)


def cells(number_up: int, page: PageFormat, *, landscape_pages: bool) -> tuple[Cell, ...]:
    """The places for `number_up` pages on a side, in reading order: left to right, then down.

    Two upright pages stand side by side on a sheet lying on its side, two wide ones above each other; four keep the
    sheet's shape. Where the sheet then lies across the feed, all of it is turned anticlockwise.

    Args:
        number_up: 2 or 4.
        page: The raster.
        landscape_pages: The pages are wider than tall.
    """
    width, height = page.width_px, page.height_px or page.media_height_px
    lying = landscape_pages if number_up == 4 else not landscape_pages
    turn = int(lying != (width > height))
    sheet_width, sheet_height = (height, width) if turn else (width, height)
    columns = 2 if number_up == 4 or lying else 1
    rows = number_up // columns
    found = []
    for row in range(rows):
        top, bottom = sheet_height * row // rows, sheet_height * (row + 1) // rows
        for column in range(columns):
            left, right = sheet_width * column // columns, sheet_width * (column + 1) // columns
            box = Box(left, top, right - left, bottom - top)
            if turn:
                box = Box(top, sheet_width - right, bottom - top, right - left)
            found.append(Cell(box, turn))
    return tuple(found)


def _mismatch(width: float, height: float, box: Box) -> bool:
    """Whether a page lies where the box stands, or the other way round."""
    assert box.height_px is not None
    return (
        (width > height) != (box.width_px > box.height_px)
        and width != height
        and box.width_px != box.height_px
    )


def _scaling(width_in: float, height_in: float, *, sized: bool, ticket: JobTicket, page: PageFormat) -> str:
    """Which of ``none``, ``fit`` and ``fill`` it comes down to for a page as it appears (already turned)."""
    if ticket.print_scaling not in {"auto", "auto-fit"}:
        return ticket.print_scaling
    if sized and not _larger(width_in, height_in, page):
        return "none"
    media = ticket.media
    margins = media.left_margin_hmm + media.right_margin_hmm + media.top_margin_hmm + media.bottom_margin_hmm
    return "fill" if ticket.print_scaling == "auto" and margins == 0 else "fit"


def _larger(width_in: float, height_in: float, page: PageFormat) -> bool:
    """Whether a page as it appears is larger than the medium; on a roll, wider than the printable area."""
    across_dpi, along_dpi = page.resolution_dpi
    if page.height_px is None:
        return width_in > page.width_px / across_dpi + LARGER_TOLERANCE_IN
    return (
        width_in > page.media_width_px / across_dpi + LARGER_TOLERANCE_IN
        or height_in > page.media_height_px / along_dpi + LARGER_TOLERANCE_IN
    )


def _kept_whole(placed: Placement, printable: Box) -> Placement:
    """A page that the printable area holds, moved into it: margins may be uneven, and rounded."""
    left, top = placed.left_px, placed.top_px
    if placed.width_px <= printable.width_px:
        left = min(max(left, 0), printable.width_px - placed.width_px)
    if printable.height_px is not None and placed.height_px <= printable.height_px:
        top = min(max(top, 0), printable.height_px - placed.height_px)
    return replace(placed, left_px=left, top_px=top)


def _centre(width: float, height: float, box: Box, turn: int) -> Placement:
    """A page of this many pixels in the middle of a box; at its top where it is endless."""
    width_px, height_px = max(1, round(width)), max(1, round(height))
    left = box.left_px + (box.width_px - width_px) // 2
    top = box.top_px + (0 if box.height_px is None else (box.height_px - height_px) // 2)
    return Placement(left, top, width_px, height_px, turn)
