"""The characters a PCL printer has in its memory, as dots, and the fonts that are chosen by escape sequences.

Owns the font the sequences ``ESC ( s …`` describe and the glyphs drawn for it: always a fixed pitch, Courier-like,
from a monospaced outline font of the system (Pillow's own where there is none), so that a plain text dump can be
read. Proportional fonts, downloaded fonts and line printer bitmaps are not there: their text comes out in this font,
at its pitch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tympan_sim.carried_font import carried_font
from tympan_sim.pcl_media import UNITS_PER_INCH
from tympan_sim.pcl_page import Dots

_FONT_FILES: Mapping[tuple[bool, bool], tuple[str, ...]] = {
    (bold, slanted): tuple(
        f"{directory}/{name}"
        for directory, name in (
            ("/usr/share/fonts/opentype/urw-base35", f"NimbusMonoPS-{urw}.otf"),
            ("/usr/share/fonts/truetype/liberation", f"LiberationMono-{urw}.ttf"),
            ("/usr/share/fonts/truetype/dejavu", f"DejaVuSansMono{dejavu}.ttf"),
            ("/usr/share/fonts/TTF", f"DejaVuSansMono{dejavu}.ttf"),
        )
    )
    for (bold, slanted), (urw, dejavu) in {
        (False, False): ("Regular", ""),
        (True, False): ("Bold", "-Bold"),
        (False, True): ("Italic", "-Oblique"),
        (True, True): ("BoldItalic", "-BoldOblique"),
    }.items()
}

SYMBOL_SETS: Mapping[str, str] = {
    "8U": "hp_roman8",
    "0U": "ascii",
    "0N": "latin_1",
    "2N": "iso8859_2",
    "5N": "iso8859_9",
    "6N": "iso8859_10",
    "9N": "iso8859_15",
    "10U": "cp437",
    "12U": "cp850",
    "17U": "cp852",
    "26U": "cp775",
    "9E": "cp1250",
    "9R": "cp1251",
    "5T": "cp1254",
    "19L": "cp1257",
    "19U": "cp1252",
    "9U": "cp1252",
    "9T": "cp857",
    "10N": "iso8859_5",
    "12N": "iso8859_7",
}
"""``ESC ( id``: the symbol sets that are known, as Python calls them; any other prints as Roman-8."""

PITCH_DEFAULT = 10.0
POINTS_DEFAULT = 12.0

AnyFont = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(slots=True)
class FontChoice:
    """What the font selection sequences asked for.

    Attributes:
        symbol_set: Key of `SYMBOL_SETS`.
        pitch: Characters an inch.
        points: Height, 1/72 inch.
        upright: Style is not italic.
        weight: Stroke weight, -7 to 7; above 0 is bold.
    """

    symbol_set: str = "8U"
    pitch: float = PITCH_DEFAULT
    points: float = POINTS_DEFAULT
    upright: bool = True
    weight: int = 0

    @property
    def advance(self) -> float:
        """From one character to the next, 1/7200 inch."""
        return UNITS_PER_INCH / self.pitch

    def character(self, code: int) -> str:
        """Return the character of a byte in the symbol set."""
        return _table(self.symbol_set)[code]


class Glyph(NamedTuple):
    """One character's dots.

    Attributes:
        dots: One byte a dot, shape (rows, columns).
        left: From the cursor to the first column, dots.
        above: From the first row down to the baseline, dots.
    """

    dots: Dots
    left: int
    above: int


@cache
def _table(symbol_set: str) -> tuple[str, ...]:
    codec = SYMBOL_SETS.get(symbol_set, "hp_roman8")
    return tuple(bytes([code]).decode(codec, "replace").replace("�", " ") for code in range(256))


@lru_cache(maxsize=16)
def _font(size: int, bold: bool, slanted: bool) -> AnyFont:
    for path in (*_FONT_FILES[bold, slanted], carried_font()):
        if path is None:
            continue
        try:
            return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
        except OSError:
            continue
    return ImageFont.load_default(size)


class _Style(NamedTuple):
    pitch: float
    points: float
    bold: bool
    slanted: bool
    dpi: int


@lru_cache(maxsize=2048)
def _drawn(character: str, style: _Style) -> Glyph:
    cell = max(ceil(style.dpi / style.pitch), 1)
    size = min(max(round(style.points * style.dpi / 72), 4), 4 * style.dpi)
    font = _font(size, style.bold, style.slanted)
    wide = font.getlength("M")
    if wide > cell:
        size = max(int(size * cell / wide), 4)
        font = _font(size, style.bold, style.slanted)
    above, height, width = size, size + ceil(size / 2), 2 * cell
    picture = Image.new("L", (width, height))
    ImageDraw.Draw(picture).text((cell // 2, above), character, fill=255, font=font, anchor="ls")
    dots = (np.asarray(picture) > 127).astype(np.uint8)
    rows, columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
    if not rows.size:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0)
    first_row, first_column = int(rows[0]), int(columns[0])
    tight = dots[first_row : int(rows[-1]) + 1, first_column : int(columns[-1]) + 1]
    return Glyph(tight, first_column - cell // 2, above - first_row)


def glyph(font: FontChoice, character: str, dpi: int) -> Glyph:
    """Return a character's dots in a font, on a sheet of `dpi` dots an inch."""
    return _drawn(character, _Style(font.pitch, font.points, font.weight > 0, not font.upright, dpi))
