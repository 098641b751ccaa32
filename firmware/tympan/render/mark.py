"""The mark on sides that may come out a second time (`JobTicket.mark`).

It owns how the mark looks. On a roll it stands before the page, between two rules, in the printer's own letters where it has them:
nothing of the page is covered. On a sheet it is a small framed line at the head of what can be printed, drawn over the page
as its rows pass: a page has no room to spare, and no page is ever held as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import numpy as np

from tympan.driver.contract import PageFormat, TextFormat
from tympan.render.sources.page import Pixels
from tympan.render.sources.text_lines import Cell, cells, wrapped
from tympan.render.sources.text_pen import TextPen

LINE_IN = 10 / 72
"""Height of a drawn line, inches: letters of about 8 points."""

COLUMN_IN = LINE_IN * 0.6
"""Width of a letter."""

BORDER_IN = 1 / 100
PADDING_IN = 3 / 72
"""Thickness of the frame, and white within it."""

GAP_IN = 6 / 72
"""White between the mark and the page on a roll."""

BYTE = 8


def marked(
    parts: Iterable[Pixels | str],
    text: str,
    page: PageFormat,
    letters: TextFormat | None,
    can_encode: Callable[[str], bool],
) -> Iterator[Pixels | str]:
    """A side with the mark on it, as bands and lines for the encoder.

    Args:
        parts: The side without it.
        text: What the mark says, one line or several; broken where it is too long.
        page: The raster.
        letters: The printer's own font; None: the mark is drawn. On sheets it always is, and `parts` have no lines.
        can_encode: Whether that font has every character of a text.
    """
    if page.height_px is not None:
        yield from _over(parts, _box(text, page), page)
        return
    lines = _native_lines(text, letters.columns) if letters is not None else []
    if letters is not None and all(map(can_encode, lines)):
        yield from lines
    else:
        yield _box(text, page)
    yield np.zeros((max(1, round(GAP_IN * page.resolution_dpi[1])), (page.width_px + 7) // 8), np.uint8)
    yield from parts


def _native_lines(text: str, columns: int) -> list[str]:
    rows = ["".join(cell.text for cell in row).strip() for row in wrapped(cells(text), columns)]
    rule = "=" * columns
    return [rule, *(row.center(columns).rstrip() for row in rows), rule]


def _over(parts: Iterable[Pixels | str], box: Pixels, page: PageFormat) -> Iterator[Pixels | str]:
    """The parts of a side with a box over the first of its rows."""
    row_bytes = (page.width_px + 7) // 8
    left = (row_bytes - box.shape[1]) // 2
    top = 0
    for part in parts:
        if isinstance(part, str) or top >= len(box):
            yield part
            continue
        covered = min(len(part), len(box) - top)
        rows = part[:covered].copy()
        rows[:, left : left + box.shape[1]] = box[top : top + covered]
        top += covered
        yield rows
        if covered < len(part):
            yield part[covered:]


@lru_cache(maxsize=4)
def _box(text: str, page: PageFormat) -> Pixels:
    """The text in a frame, black on white: packed rows, no wider than the page; on a roll as wide as it.

    Returns:
        ``uint8`` of shape (rows, bytes), 1 black.
    """
    across, along = page.resolution_dpi
    border_x, border_y = max(1, round(BORDER_IN * across)), max(1, round(BORDER_IN * along))
    padding_x, padding_y = max(2, round(PADDING_IN * across)), max(1, round(PADDING_IN * along))
    column, line = max(5, round(COLUMN_IN * across)), max(8, round(LINE_IN * along))
    margin = border_x + padding_x
    columns = max(1, (page.width_px - 2 * margin) // column)
    rows: list[list[Cell]] = list(wrapped(cells(text), columns))
    used = max(sum(cell.columns for cell in row) for row in rows) if rows else 0
    whole = page.width_px // BYTE * BYTE
    width = whole if page.height_px is None else min(whole, -(-(used * column + 2 * margin) // BYTE) * BYTE)
    pen = TextPen(column, line)
    drawn = [
        np.unpackbits(
            pen.line(row, used, (width - sum(cell.columns for cell in row) * column) // 2, width), axis=1
        )[:, :width]
        for row in rows
    ]
    box = np.ones((2 * (border_y + padding_y) + line * len(rows), width), np.uint8)
    inner = box[border_y:-border_y, border_x:-border_x]
    inner[:] = 0
    for number, letters in enumerate(drawn):
        top = padding_y + number * line
        inner[top : top + line] |= letters[:, border_x:-border_x]
    packed: Pixels = np.packbits(box, axis=1)
    row_bytes = (page.width_px + 7) // 8
    if page.height_px is None and packed.shape[1] < row_bytes:
        packed = np.pad(packed, ((0, 0), (0, row_bytes - packed.shape[1])))
    return packed
