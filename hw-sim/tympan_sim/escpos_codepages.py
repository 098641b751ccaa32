"""Which character a byte stands for in an ESC/POS printer: code pages (``ESC t``) and national sets (``ESC R``).

Owns the tables, by the numbers the vendor gives them, and nothing else: how a character looks is the font's.
"""

# ruff: noqa: RUF001 — the printers' own characters
from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

PAGE_CODECS: Mapping[int, str] = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    13: "cp857",
    14: "cp737",
    15: "iso8859_7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    20: "cp874",
    21: "cp874",
    32: "cp720",
    33: "cp775",
    34: "cp855",
    35: "cp861",
    36: "cp862",
    37: "cp864",
    38: "cp869",
    39: "iso8859_2",
    40: "iso8859_15",
    44: "cp1125",
    45: "cp1250",
    46: "cp1251",
    47: "cp1253",
    48: "cp1254",
    49: "cp1255",
    50: "cp1256",
    51: "cp1257",
    52: "cp1258",
    53: "kz1048",
}
"""Page number to the codec with its upper half. Page 1 (Katakana) is built below, as no codec has its signs."""

KATAKANA_PAGE = 1

# The upper half of page 1: blocks and frames, JIS X 0201 half-width katakana, signs.
_KATAKANA_UPPER = (
    "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯"
    " "  # A0
    + "".join(chr(0xFF61 + offset) for offset in range(63))
    + "═╞╪╡◢◣◥◤♠♥♦♣●○╱╲╳円年月日時分秒〒市区町村人▒ "
)

MISSING = "\ufffd"
"""What stands where a page has no character."""

# The twelve positions a national set changes, and what each set has there.
_NATIONAL_POSITIONS = b"#$@[\\]^`{|}~"
_NATIONAL: tuple[str, ...] = (
    "#$@[\\]^`{|}~",  # 0 U.S.A.
    "#$à°ç§^`éùè¨",  # 1 France
    "#$§ÄÖÜ^`äöüß",  # 2 Germany
    "£$@[\\]^`{|}~",  # 3 U.K.
    "#$@ÆØÅ^`æøå~",  # 4 Denmark I
    "#¤ÉÄÖÅÜéäöåü",  # 5 Sweden
    "#$@°\\é^ùàòèì",  # 6 Italy
    "₧$@¡Ñ¿^`¨ñ}~",  # 7 Spain I
    "#$@[¥]^`{|}~",  # 8 Japan
    "#¤ÉÆØÅÜéæøåü",  # 9 Norway
    "#$ÉÆØÅÜéæøåü",  # 10 Denmark II
    "#$á¡Ñ¿é`íñóú",  # 11 Spain II
    "#$á¡Ñ¿éüíñóú",  # 12 Latin America
    "#$@[₩]^`{|}~",  # 13 Korea
    "#$ŽŠĐĆČžšđćč",  # 14 Slovenia, Croatia
    "#¥@[\\]^`{|}~",  # 15 China
    "#₫@[\\]^`{|}~",  # 16 Vietnam
    "#$@[\\]^`{|}~",  # 17 Arabia
)
NATIONAL_SETS = len(_NATIONAL)


def _upper_half(page: int) -> str:
    if page == KATAKANA_PAGE:
        return _KATAKANA_UPPER
    return (
        bytes(range(0x80, 0x100)).decode(PAGE_CODECS[page], errors="replace") if page in PAGE_CODECS else ""
    )


@lru_cache(maxsize=64)
def characters(page: int, national: int) -> str:
    """Return the 256 characters of a code page with a national set; control positions are `MISSING`.

    Args:
        page: The number of ``ESC t``.
        national: The number of ``ESC R``.

    Raises:
        KeyError: There is no such page or set here; ask `knows_page` first.
    """
    if not knows_page(page) or not 0 <= national < NATIONAL_SETS:
        raise KeyError(page, national)
    table = [MISSING] * 32 + [chr(code) for code in range(0x20, 0x80)] + list(_upper_half(page))
    table[0x7F] = MISSING
    for position, character in zip(_NATIONAL_POSITIONS, _NATIONAL[national], strict=True):
        table[position] = character
    return "".join(table)


def knows_page(page: int) -> bool:
    """Whether a page with this number is here."""
    return page in PAGE_CODECS or page == KATAKANA_PAGE
