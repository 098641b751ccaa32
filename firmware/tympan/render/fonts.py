"""The fonts that text is drawn with.

Owns finding them, which characters each has, and which one draws a character. Fonts are mapped into memory by `load`, before the worker's rights are
taken away; after that nothing is opened. What is looked for, in this order:

1. a monospaced font of the system: DejaVu Sans Mono (Debian's ``fonts-dejavu-core``: Latin, Greek, Cyrillic, Arabic), Noto, Liberation, FreeMono;
2. the same DejaVu Sans Mono in the Python package ``python-barcode``, so that a system without any fonts still has it;
3. the font inside Pillow, which has no more than ASCII: letters lose their accents there, but none is lost.

For what the first does not have, others of the system are asked: Noto CJK, Droid Fallback, WenQuanYi, Unifont and more.
"""

from __future__ import annotations

import io
import mmap
import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from tympan.render.character_map import covered

FONT_DIRECTORIES = ("/usr/share/fonts", "/usr/local/share/fonts")
MAX_FONT_FILES = 20_000
"""As many files are looked at, by name only."""

MONOSPACED = (
    "DejaVuSansMono.ttf",
    "NotoSansMono-Regular.ttf",
    "LiberationMono-Regular.ttf",
    "FreeMono.ttf",
    "NotoMono-Regular.ttf",
)
FALLBACKS = (
    "NotoSansMono-Regular.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoNaskhArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansSymbols2-Regular.ttf",
    "FreeSans.ttf",
    "unifont.otf",
    "unifont.ttf",
)
"""File names, in the order in which they are asked for a character."""


class Font:
    """One font file, mapped into memory.

    Attributes:
        name: Its file name, for people.
    """

    def __init__(self, name: str, data: mmap.mmap | bytes) -> None:
        self.name = name
        self._data = data
        self._characters: array[int] = covered(data)
        self._bytes: bytes | None = None
        self._sized: dict[int, ImageFont.FreeTypeFont] = {}

    def has(self, character: str) -> bool:
        """Whether it has a glyph for a character."""
        code = ord(character)
        at = bisect_left(self._characters, code)
        return at < len(self._characters) and self._characters[at] == code

    def at(self, size_px: int) -> ImageFont.FreeTypeFont:
        """The font at a size (of its em, pixels); its bytes are read from the mapping the first time."""
        found = self._sized.get(size_px)
        if found is None:
            if self._bytes is None:
                self._bytes = bytes(self._data)
            found = ImageFont.truetype(io.BytesIO(self._bytes), size_px, layout_engine=ImageFont.Layout.BASIC)
            self._sized[size_px] = found
        return found


class FontSet:
    """The fonts there are, best first.

    Attributes:
        main: What draws all that it has.
    """

    def __init__(self, fonts: list[Font]) -> None:
        self.main = fonts[0]
        self._fonts = fonts
        self.font_for = lru_cache(maxsize=4096)(self._font_for)

    def has(self, character: str) -> bool:
        """Whether any of them has a character."""
        return self.font_for(character).has(character)

    def _font_for(self, character: str) -> Font:
        """The font that draws a character; the main one, with its mark for what is missing, where none has it."""
        return next((font for font in self._fonts if font.has(character)), self.main)


@cache
def load() -> FontSet:
    """Find and map the fonts; the first call does, later ones return the same."""
    files = _system_fonts()
    fonts: list[Font] = []
    for name in MONOSPACED:
        if name in files and (font := _mapped(files[name])):
            fonts.append(font)
            break
    if not fonts and (carried := _carried()) and (font := _mapped(carried)):
        fonts.append(font)
    if not fonts:
        fonts.append(bundled())
    for name in FALLBACKS:
        if name in files and name != fonts[0].name and (font := _mapped(files[name])):
            fonts.append(font)
    return FontSet(fonts)


def bundled() -> Font:
    """The font inside Pillow."""
    inside = ImageFont.load_default(10)
    assert isinstance(inside, ImageFont.FreeTypeFont)
    return Font("Pillow's own", bytes(inside.font_bytes))


def _system_fonts() -> dict[str, Path]:
    """The files that are looked for, by name."""
    wanted = {*MONOSPACED, *FALLBACKS}
    found: dict[str, Path] = {}
    for name, path in _files():
        if name in wanted:
            found.setdefault(name, path)
    return found


def _files() -> Iterator[tuple[str, Path]]:
    seen = 0
    for directory in FONT_DIRECTORIES:
        for folder, _, names in os.walk(directory):
            for name in names:
                seen += 1
                if seen > MAX_FONT_FILES:
                    return
                yield name, Path(folder, name)


def _carried() -> Path | None:
    """The font that python-barcode carries, where it is installed."""
    spec = find_spec("barcode")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "fonts" / MONOSPACED[0]
    return path if path.is_file() else None


def _mapped(path: Path) -> Font | None:
    """A font file, None where it cannot be read or is none."""
    try:
        with path.open("rb") as file:
            return Font(path.name, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    except (OSError, ValueError):
        return None
