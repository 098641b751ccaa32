"""The mark before a document that is in the printer's language already: what says that it may have come out before.

Nothing of such a document can be drawn over, so the mark comes first: on a roll some lines, on sheets a sheet of its own. Owns how
it looks; the letters are the printer's.
"""

from __future__ import annotations

import textwrap

from tympan.language import escpos, pcl
from tympan_drivers.code_pages import CodePages
from tympan_drivers.profile_escpos import EscPosProfile

FONT_A_DOTS = 12
"""Width of a character of font A, where the profile does not say."""

SHEET_COLUMNS = 60
"""Of the 78 or so that PCL's own font at 10 characters an inch has on A4."""

SHEET_LEAD = 4
"""Empty lines at the head of the sheet."""

LATIN_1 = b"\x1b(0N"
"""``ESC ( 0 N``: bytes from 80h on are ISO 8859-1."""


def receipt_mark(model: EscPosProfile, text: str) -> bytes:
    """Lines between two rules, for a printer that was just initialised; it is not any more behind them."""
    columns = model.columns or max(16, model.print_width_dots // FONT_A_DOTS)
    pages = CodePages(model.code_pages) if model.columns else None
    lines = []
    for line in _framed(text, columns):
        if pages is not None and pages.can_encode(line):
            lines.append(pages.encode(line))
        else:
            lines.append(_plain(line, "ascii"))
    start = model.init + (pages.start() if pages is not None else b"")
    return start + b"".join(line + b"\n" for line in lines) + escpos.feed_lines(1)


def sheet_mark(text: str) -> bytes:
    """A sheet in the printer's own font, for a printer that was just reset; it is so again behind it."""
    lines = [b""] * SHEET_LEAD + [_plain(line, "latin-1") for line in _framed(text, SHEET_COLUMNS)]
    return LATIN_1 + b"\r\n".join(lines) + b"\r\n" + pcl.FORM_FEED + pcl.RESET


def _framed(text: str, columns: int) -> list[str]:
    rule = "=" * columns
    return [rule, *(line.center(columns).rstrip() for line in textwrap.wrap(text, columns)), rule]


def _plain(text: str, codec: str) -> bytes:
    """What cannot be printed becomes a question mark."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown.encode(codec, "replace")
