"""From pages of a document to sides of paper: the impressions of a job, each as packed bands for the encoder.

Owns page ranges, number-up and putting the pieces together. The geometry is `placement`'s, the drawing the sources',
the dots `halftone`'s. It keeps no page: what it holds is one band, and with number-up of a document that can only be
read once, the pages of one side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket, within
from tympan.errors import DocumentError
from tympan.render.halftone import WHITE, Halftone, choose
from tympan.render.placement import TURNS, Box, Cell, Placement, cells, check_size, place, place_in_cell
from tympan.render.sources.page import BAND_BYTES, Band, Pixels, Source, SourcePage, View
from tympan.render.sources.resample import unpacked

WHITE_ROWS = 256
"""White rows are given on in bands of at most this many."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of a document, and how it is to be printed.

    Attributes:
        page: The page.
        ticket: What holds for it.
        format: The raster that its side has.
        document: ``document-number`` of its document.
        new_sheet: It begins on a sheet of its own.
        laid_out: The page was made for this very raster: nothing is to be scaled.
    """

    page: SourcePage
    ticket: JobTicket
    format: PageFormat
    document: int = 0
    new_sheet: bool = False
    laid_out: bool = False


@dataclass(frozen=True, slots=True)
class Impression:
    """One side of a sheet, or one piece of roll.

    Attributes:
        number: Counted from 1 over what was asked for.
        leaf: The page on it, the first where it has several.
    """

    number: int
    leaf: Leaf
    _bands: Callable[[], Iterator[Band]]
    _halftone: Halftone

    def bands(self) -> Iterator[Pixels | str]:
        """What goes to the encoder from top to bottom; to be asked once.

        Yields:
            ``uint8`` of shape (rows, (width_px + 7) // 8), 1 black, for ``Encoder.band``; or a line for
            ``Encoder.text_line``. The rows add up to the page's height; on a roll blank rows at the head and the end are
            left out where the format says so.

        Raises:
            tympan.errors.DocumentError: The document cannot be read on from here.
        """
        packed = _packed(self._bands(), self._halftone)
        page = self.leaf.format
        trims = page.trim_tail or page.lead_max_px is not None
        return _trimmed(packed, page) if trims else _filled(packed, page)


def impressions(source: Source, ticket: JobTicket, page: PageFormat) -> Iterator[Impression]:
    """The sides of a document, in order, lazily.

    An impression is to be used before the next is asked for; one that is not used is skipped.

    Args:
        source: The document; not a native one.
        ticket: What the job asks for.
        page: The raster of one side.

    Raises:
        tympan.errors.DocumentError: The document cannot be read, or none of its pages is in the ranges.
    """
    yield from sides(
        Leaf(one, ticket, page, laid_out=one.laid_out)
        for _, one in pages_in_ranges(source.pages(), ticket.page_ranges)
    )


def sides(leaves: Iterable[Leaf]) -> Iterator[Impression]:
    """The sides that pages make, in order, lazily; see `impressions`.

    Args:
        leaves: Pages of one document or of several. Where ``number-up`` puts several on a side, the first decides how the
            side is printed; it is full also where what comes next is printed otherwise, or begins on a new sheet.

    Raises:
        tympan.errors.DocumentError: A document cannot be read, or there is no page at all.
    """
    halftones: dict[tuple[object, ...], Halftone] = {}
    number = 0
    ticket: JobTicket | None = None
    for number, (leaf, parts) in enumerate(_groups(leaves), 1):
        page, ticket = leaf.format, leaf.ticket
        key = (page.width_px, page.dot_gain, choose(ticket, page))
        if key not in halftones:
            halftones[key] = Halftone.of(ticket, page)
        if parts is None:
            one = leaf.page
            obeyed = replace(ticket, print_scaling="none") if leaf.laid_out else ticket
            placed = place(one.width_in, one.height_in, sized=one.sized, ticket=obeyed, page=page)
            bands: Callable[[], Iterator[Band]] = partial(one.bands, _view(placed, page))
        else:
            bands = partial(_side_by_side, parts, page)
        yield Impression(number, leaf, bands, halftones[key])
    if not number:
        raise no_page()


def no_page(ranges: tuple[tuple[int, int], ...] = ()) -> DocumentError:
    """What to say where nothing is to print."""
    what = (
        "No page of the document is in the page ranges asked for." if ranges else "The document has no pages."
    )
    return DocumentError(what, reason="document-unprintable-error")


def impression_count(source: Source, ticket: JobTicket) -> int | None:
    """How many sides the document makes, where that is known without reading all of it."""
    total = source.impressions
    if total is None:
        return None
    if ticket.page_ranges:
        total = sum(max(0, min(last, total) - first + 1) for first, last in ticket.page_ranges)
    return -(-total // ticket.number_up)


def pages_in_ranges(
    pages: Iterable[SourcePage], ranges: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, SourcePage]]:
    """The pages that ``page-ranges`` asks for, with their numbers; reading ends after the last of them.

    Raises:
        tympan.errors.DocumentError: There is none.
    """
    last = max((end for _, end in ranges), default=0)
    none = True
    for number, page in enumerate(pages, 1):
        if within(number, ranges):
            none = False
            yield number, page
        if ranges and number >= last:
            break
    if none:
        raise no_page(ranges)


def _view(placed: Placement, page: PageFormat) -> View:
    """The raster as a window onto a placed page; on a roll as long as the page."""
    height = placed.height_px if page.height_px is None else page.height_px
    return _window(placed, Box(0, 0, page.width_px, height), page)


def _window(placed: Placement, box: Box, page: PageFormat) -> View:
    """A box of the raster as a window onto a placed page."""
    assert box.height_px is not None
    return View(
        box.width_px,
        box.height_px,
        placed.left_px - box.left_px,
        placed.top_px - box.top_px,
        placed.width_px,
        placed.height_px,
        placed.turn,
        page.resolution_dpi,
    )


# --- several pages on a side ------------------------------------------------------------------------------------------


def _groups(leaves: Iterable[Leaf]) -> Iterator[tuple[Leaf, list[tuple[Box, Iterable[Band]]] | None]]:
    """For each side its first page, and the places and bands of all of its pages; None: it has a single one.

    Pages that can only be read now are drawn now.
    """
    places: tuple[Cell, ...] = ()
    parts: list[tuple[Box, Iterable[Band]]] = []
    head: Leaf | None = None
    for leaf in leaves:
        if head is not None and parts and (leaf.new_sheet or not _may_share(head, leaf)):
            yield head, parts
            parts = []
        if leaf.ticket.number_up == 1:
            yield leaf, None
            continue
        one, page = leaf.page, leaf.format
        if not parts:
            head = leaf
            check_size(one.width_in, one.height_in)
            wide = one.width_in > one.height_in
            places = cells(
                leaf.ticket.number_up,
                page,
                landscape_pages=wide != (TURNS.get(leaf.ticket.orientation_requested, 0) % 2 == 1),
            )
        cell = places[len(parts)]
        view = _window(place_in_cell(one.width_in, one.height_in, cell, leaf.ticket, page), cell.box, page)
        parts.append((cell.box, list(map(_kept, one.bands(view))) if one.sequential else one.bands(view)))
        if head is not None and len(parts) == leaf.ticket.number_up:
            yield head, parts
            parts = []
    if head is not None and parts:
        yield head, parts


def _may_share(one: Leaf, other: Leaf) -> bool:
    """Whether two pages can be on one side: they are printed alike, but for what the first decides."""
    return one.ticket.number_up == other.ticket.number_up and one.ticket.sheet == other.ticket.sheet


def _kept(band: Band) -> Band:
    """A band that outlives the next; white ones take no memory."""
    if band.grey is None:
        return band
    return (
        Band(band.rows, sharp=band.sharp)
        if band.grey.min() == WHITE
        else replace(band, grey=band.grey.copy())
    )


def _side_by_side(parts: list[tuple[Box, Iterable[Band]]], page: PageFormat) -> Iterator[Band]:
    """The bands of a side with several pages."""
    height = page.height_px or page.media_height_px
    readers = [(box, _Rows(bands, box.width_px)) for box, bands in parts]
    step = max(1, BAND_BYTES // page.width_px)
    edges = sorted(
        {
            0,
            height,
            *range(0, height, step),
            *(box.top_px for box, _ in readers),
            *(box.bottom_px for box, _ in readers),
        }
    )
    for top, bottom in pairwise(edges):
        grey: Pixels | None = None
        sharp = True
        for box, reader in readers:
            if not box.top_px <= top < box.bottom_px:
                continue
            rows, rows_sharp = reader.take(bottom - top)
            if rows is None:
                continue
            if grey is None:
                grey = np.full((bottom - top, page.width_px), WHITE, np.uint8)
            grey[:, box.left_px : box.left_px + box.width_px] = rows
            sharp = sharp and rows_sharp
        yield Band(bottom - top, grey=grey, sharp=sharp)


class _Rows:
    """Bands of any height as rows in the numbers that are asked for."""

    def __init__(self, bands: Iterable[Band], width_px: int) -> None:
        self._bands = iter(bands)
        self._width = width_px
        self._left: Band | None = None
        self._used = 0

    def take(self, rows: int) -> tuple[Pixels | None, bool]:
        """The next rows, None where they are white; and whether they are sharp. White beyond the end."""
        grey: Pixels | None = None
        sharp = True
        filled = 0
        while filled < rows:
            if self._left is None:
                self._left, self._used = next(self._bands, None), 0
                if self._left is None:
                    break
            band = self._left
            count = min(rows - filled, band.rows - self._used)
            part = _grey(band, self._used, self._used + count, self._width)
            if part is not None:
                if grey is None:
                    grey = np.full((rows, self._width), WHITE, np.uint8)
                grey[filled : filled + count] = part
                sharp = sharp and (band.sharp or band.packed is not None)
            filled += count
            self._used += count
            if self._used == band.rows:
                self._left = None
        return grey, sharp


def _grey(band: Band, start: int, end: int, width: int) -> Pixels | None:
    """Some rows of a band as grey."""
    if band.grey is not None:
        return band.grey[start:end]
    if band.packed is not None:
        return unpacked(band.packed[start:end], width)
    return None


# --- dots -------------------------------------------------------------------------------------------------------------


def _packed(bands: Iterable[Band], halftone: Halftone) -> Iterator[Pixels | str | int]:
    """Bands as packed rows, as native lines, or as a number of white rows."""
    halftone.restart()
    for band in bands:
        if band.grey is not None:
            rows = halftone.push(band.grey, sharp=band.sharp)
            if len(rows):
                yield rows
            continue
        held = halftone.flush()
        if len(held):
            yield held
        halftone.white(band.rows)
        if band.text is not None:
            yield band.text
        elif band.packed is not None:
            yield band.packed
        else:
            yield band.rows
    held = halftone.flush()
    if len(held):
        yield held


def _filled(parts: Iterable[Pixels | str | int], page: PageFormat) -> Iterator[Pixels | str]:
    """White rows as rows like any others."""
    for part in parts:
        if isinstance(part, int):
            yield from _white(part, page)
        else:
            yield part


def _trimmed(parts: Iterable[Pixels | str | int], page: PageFormat) -> Iterator[Pixels | str]:
    """White rows only where something follows them, and no more of them at the head than the format says."""
    pending = 0
    head = page.lead_max_px is not None
    for part in parts:
        if isinstance(part, int):
            pending += part
            continue
        rows = part
        before = after = 0
        if not isinstance(rows, str):
            used = np.flatnonzero(rows.any(axis=1))
            if not len(used):
                pending += len(rows)
                continue
            before = int(used[0]) if head else 0
            after = len(rows) - int(used[-1]) - 1
            rows = rows[before : len(rows) - after]
        pending += before
        if head and page.lead_max_px is not None:
            pending = min(pending, page.lead_max_px)
            head = False
        yield from _white(pending, page)
        yield rows
        pending = after
    if not page.trim_tail:
        yield from _white(pending, page)


def _white(rows: int, page: PageFormat) -> Iterator[Pixels]:
    """White rows, packed."""
    row_bytes = (page.width_px + 7) // 8
    for start in range(0, rows, WHITE_ROWS):
        yield np.zeros((min(WHITE_ROWS, rows - start), row_bytes), np.uint8)
