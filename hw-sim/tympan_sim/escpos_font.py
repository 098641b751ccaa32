"""The characters an ESC/POS printer has in its memory, as cells of dots.

Owns the glyphs: drawn once from a monospaced outline font of the system (or the one that comes along) into
fixed cells, thresholded as a printer's font is, and kept. Modes (bold, size, underline) are applied here, because
they are per character in the printer too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tympan_sim.carried_font import carried_font
from tympan_sim.escpos_codepages import MISSING

Bits = NDArray[np.uint8]
"""Dots as 0 and 1, shape (rows, columns)."""

CELLS_KEPT = 4096
"""How many styled cells are kept; a stream that uses more makes the cache start anew."""

_FONT_FILES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansMono-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf",
    "/usr/share/fonts/truetype/freefont/FreeMono.ttf",
    "/usr/share/fonts/TTF/DejaVuSansMono.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",
)
# Looked at for what a monospaced font lacks: katakana, Thai, Chinese.
_FALLBACK_FILES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)

AnyFont = ImageFont.FreeTypeFont | ImageFont.ImageFont


class CellStyle(NamedTuple):
    """How one character is printed.

    Attributes:
        width: Cell of the font, dots.
        height: Cell of the font, dots.
        bold: Emphasised or double-struck: each dot once more to its right.
        underline_dots: Thickness of the line under it, 0 to 2.
        reverse: White on black.
        width_times: 1 to 8.
        height_times: 1 to 8.
        rotated: Turned 90 degrees clockwise.
        spacing_dots: Space to its right.
    """

    width: int
    height: int
    bold: bool = False
    underline_dots: int = 0
    reverse: bool = False
    width_times: int = 1
    height_times: int = 1
    rotated: bool = False
    spacing_dots: int = 0


@cache
def _font(size: int, index: int) -> AnyFont | None:
    """The font at `index` of the chain that fits a cell `size` dots high; None past the chain's end."""
    known = (*_FONT_FILES, carried_font(), *_FALLBACK_FILES)
    files = [path for path in known if path is not None and Path(path).is_file()]
    if index < len(files):
        return ImageFont.truetype(files[index], size)
    return ImageFont.load_default(size) if index == len(files) else None


@cache
def _fitting_size(width: int, height: int) -> int:
    """The largest size at which a capital M of the first font is no wider, and its line no higher, than the cell."""
    for size in range(height, 4, -1):
        font = _font(size, 0)
        if font is None or not isinstance(font, ImageFont.FreeTypeFont):
            return size
        ascent, descent = font.getmetrics()
        if font.getlength("M") <= width and ascent + descent <= height + 3:
            return size
    return 5


def _draw(character: str, font: AnyFont, width: int, height: int) -> Bits:
    """Draw one character into a cell, on the cell's base line, centred where it is narrower or wider."""
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    baseline = round(height * 0.79)
    left = (width - font.getlength(character)) / 2
    if isinstance(font, ImageFont.FreeTypeFont):
        draw.text((left, baseline), character, fill=255, font=font, anchor="ls")
    else:
        draw.text((max(left, 0), 0), character, fill=255, font=font)
    return (np.asarray(image) > 110).astype(np.uint8)


def _placeholder(width: int, height: int) -> Bits:
    """A frame: what is printed for a character that no font here has."""
    cell = np.zeros((height, width), np.uint8)
    top, bottom, right = max(height // 8, 1), max(height - height // 5, 2), max(width - 1, 2)
    cell[top:bottom, 1:right] = 1
    cell[top + 1 : bottom - 1, 2 : right - 1] = 0
    return cell


@cache
def _is_absent(size: int, index: int, width: int, height: int) -> bytes:
    """The dots a font gives for a character it surely has not."""
    font = _font(size, index)
    return _draw("\U0010fffd", font, width, height).tobytes() if font is not None else b""


@cache
def glyph(character: str, width: int, height: int) -> Bits:
    """Return the plain cell of a character, shape (height, width)."""
    if character == MISSING:
        return np.zeros((height, width), np.uint8)
    if character.isspace():
        return np.zeros((height, width), np.uint8)
    size = _fitting_size(width, height)
    index = 0
    while (font := _font(size, index)) is not None:
        if (length := font.getlength(character)) > width * 1.2:
            # A character made for two cells, in one: smaller.
            font = _font(max(int(size * width / length), 5), index) or font
        cell = _draw(character, font, width, height)
        if cell.any() and cell.tobytes() != _is_absent(size, index, width, height):
            return cell
        index += 1
    return _placeholder(width, height)


def styled(plain: Bits, style: CellStyle) -> Bits:
    """Apply a style to a plain cell, in the order the printers do: weight, space, line, size, turn, reverse."""
    cell = plain
    if style.bold:
        cell = cell.copy()
        cell[:, 1:] |= plain[:, :-1]
    if style.spacing_dots:
        cell = np.pad(cell, ((0, 0), (0, style.spacing_dots)))
    if style.underline_dots and not style.rotated and not style.reverse:
        cell = cell.copy()
        cell[-style.underline_dots :, :] = 1
    if style.width_times > 1:
        cell = np.repeat(cell, style.width_times, axis=1)
    if style.height_times > 1:
        cell = np.repeat(cell, style.height_times, axis=0)
    if style.rotated:
        cell = np.rot90(cell, -1).astype(np.uint8)
    if style.reverse:
        cell = (cell ^ 1).astype(np.uint8)
    return np.ascontiguousarray(cell, dtype=np.uint8)


class CellCache:
    """Styled cells, made when first used; at most `CELLS_KEPT`, so that no stream makes it grow."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, CellStyle], Bits] = {}

    def cell(self, character: str, style: CellStyle) -> Bits:
        """Return the dots of `character` in `style`; not to be written to."""
        key = (character, style)
        found = self._cells.get(key)
        if found is None:
            if len(self._cells) >= CELLS_KEPT:
                self._cells.clear()
            found = self._cells[key] = styled(glyph(character, style.width, style.height), style)
        return found
