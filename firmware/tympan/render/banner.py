"""The sheet before a job (``job-sheets``): a few lines of text, larger than text is otherwise.

It owns how such a sheet looks; what stands on it comes with the ticket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tympan.render.sources.page import SourcePage, Target
from tympan.render.sources.text import ReceiptText, Sheet, SheetText
from tympan.render.sources.text_lines import Cell, cells, wrapped
from tympan.render.sources.text_pen import TextPen

SCALE = 2
"""How much larger than a text its letters are on a sheet; a roll has the printer's own."""

FIRST_ROW = 6
"""Empty lines at the head of a sheet."""


def banner(target: Target) -> SourcePage:
    """The page of the ticket's ``banner``, one side or one piece of roll.

    Args:
        target: Where it goes.
    """
    lines = target.ticket.banner
    if target.text is not None and target.page.height_px is None:
        return ReceiptText(iter(lines), target)
    sheet = Sheet.of(target)
    large = replace(
        sheet,
        columns=max(2, sheet.columns // SCALE),
        rows=None if sheet.rows is None else max(1, sheet.rows // SCALE),
        cell_width_px=sheet.cell_width_px * SCALE,
        cell_height_px=sheet.cell_height_px * SCALE,
    )
    rows = list(_rows(lines, large.columns))
    if large.rows is not None:
        rows = ([[]] * min(FIRST_ROW, max(0, large.rows - len(rows))) + rows)[: large.rows]
    return SheetText(rows, large, TextPen(large.cell_width_px, large.cell_height_px))


def _rows(lines: tuple[str, ...], columns: int) -> Iterator[list[Cell]]:
    for line in lines:
        yield from wrapped(cells(line), columns)
