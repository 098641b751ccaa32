"""Draws lines of text on a grid of cells, in black and white.

Owns the choice of font sizes for a cell and the drawing of a line as packed rows. Letters are drawn without smoothing, with the hints that their font has for
that: no halftone comes after it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tympan.render import fonts
from tympan.render.sources.bidirectional import (
    MIRRORED,
    has_right_to_left,
    joined,
    runs_right_to_left,
    visual_order,
)
from tympan.render.sources.page import Pixels
from tympan.render.sources.text_lines import Cell

WIDE_SAMPLE = "\u4e00"


class TextPen:
    """Draws lines whose cells are all of one size.

    Attributes:
        cell_width_px: Width of a cell of one column.
        cell_height_px: Height of a line.
    """

    def __init__(self, cell_width_px: int, cell_height_px: int) -> None:
        self.cell_width_px = cell_width_px
        self.cell_height_px = cell_height_px
        self._fonts = fonts.load()
        main = self._fonts.main
        self._size = _largest_size(main, "M", cell_width_px, cell_height_px)
        ascent, descent = main.at(self._size).getmetrics()
        self._baseline = (cell_height_px - ascent - descent) // 2 + ascent
        self._in_step = all(main.at(self._size).getlength(run) == 2 * cell_width_px for run in ("MM", "ii"))
        self._font_of = lru_cache(maxsize=4096)(self._choose)

    def line(self, cells: list[Cell], columns: int, left_px: int, width_px: int) -> Pixels:
        """A line as packed rows.

        Args:
            cells: At most `columns` columns of them, in reading order.
            columns: Where a line that runs from right to left begins.
            left_px: Where the first column is.
            width_px: Pixels in a row.

        Returns:
            ``uint8``, shape (cell height, (width_px + 7) // 8), 1 black.
        """
        image = Image.new("1", (width_px, self.cell_height_px))
        pen = ImageDraw.Draw(image)
        for column, text, cell_columns in self._runs(cells, columns):
            x = left_px + column * self.cell_width_px
            if len(text) > 1 and self._in_step and text.isascii():
                pen.text((x, self._baseline), text, fill=1, font=self._main, anchor="ls")
            else:
                self._cell(pen, x, text, cell_columns)
        return np.frombuffer(image.tobytes(), np.uint8).reshape(self.cell_height_px, -1)

    @cached_property
    def _main(self) -> ImageFont.FreeTypeFont:
        return self._fonts.main.at(self._size)

    def _runs(self, cells: list[Cell], columns: int) -> Iterator[tuple[int, str, int]]:
        """Where to draw what: single cells, and runs of plain letters where the font keeps step with the grid."""
        column = 0
        plain = ""
        for cell in self._placed(cells, columns):
            if cell is None:
                column += 1
                continue
            if self._in_step and len(cell.text) == 1 and cell.text.isascii() and not cell.over:
                plain += cell.text
                column += 1
                continue
            if plain:
                yield column - len(plain), plain, 1
                plain = ""
            if cell.text:
                yield column, cell.text, cell.columns
            if cell.over:
                yield column, cell.over, cell.columns
            column += cell.columns
        if plain:
            yield column - len(plain), plain, 1

    def _placed(self, cells: list[Cell], columns: int) -> Iterator[Cell | None]:
        """Cells from left to right; None: an empty column before the first."""
        bases = [cell.text[0] for cell in cells]
        if not has_right_to_left("".join(bases)):
            yield from cells
            return
        shapes = joined([cell.text for cell in cells])
        kept = [index for index, shape in enumerate(shapes) if shape]
        cells = [Cell(shapes[index], cells[index].columns, cells[index].over) for index in kept]
        bases = [bases[index] for index in kept]
        if runs_right_to_left(bases):
            yield from [None] * (columns - sum(cell.columns for cell in cells))
        for index, backwards in visual_order(bases):
            cell = cells[index]
            yield (
                Cell(MIRRORED[cell.text], cell.columns, cell.over)
                if backwards and cell.text in MIRRORED
                else cell
            )

    def _cell(self, pen: ImageDraw.ImageDraw, x: int, text: str, columns: int) -> None:
        """One character with its marks, in the middle of its cells."""
        width = columns * self.cell_width_px
        for part in self._parts(text):
            font = self._font_of(part, columns)
            indent = (width - font.getlength(part)) / 2
            pen.text((x + round(indent), self._baseline), part, fill=1, font=font, anchor="ls")

    def _parts(self, text: str) -> list[str]:
        """A letter and its marks as one character where there is one, otherwise to be drawn over each other.

        What no font has falls back to its letters without marks, where there are such.
        """
        composed = unicodedata.normalize("NFC", text)
        if composed.isascii() or all(map(self._fonts.has, composed)):
            return list(composed)
        plain = [part for part in unicodedata.normalize("NFKD", composed) if self._fonts.has(part)]
        return plain or [composed[0]]

    def _choose(self, character: str, columns: int) -> ImageFont.FreeTypeFont:
        """The font for a character, at the size that its cells hold."""
        font = self._fonts.font_for(character)
        if font is self._fonts.main and columns == 1 and self._in_step:
            return self._main
        sample = WIDE_SAMPLE if columns == 2 and font.has(WIDE_SAMPLE) else character
        limit = self._size if columns == 1 else self.cell_height_px
        return font.at(
            min(limit, _largest_size(font, sample, columns * self.cell_width_px, self.cell_height_px))
        )


def _largest_size(font: fonts.Font, sample: str, width_px: int, height_px: int) -> int:
    """The largest em at which a sample is no wider, and a line no higher."""
    probe = font.at(100)
    ascent, descent = probe.getmetrics()
    guess = min(
        width_px * 100 / max(1.0, probe.getlength(sample)), height_px * 100 / max(1, ascent + descent)
    )
    size = max(4, round(guess) + 1)
    while size > 4:
        sized = font.at(size)
        if sized.getlength(sample) <= width_px and sum(sized.getmetrics()) <= height_px:
            break
        size -= 1
    return size
