"""Which bytes print a line of text: code pages, chosen with the fewest switches between them.

Only what a printer puts side by side as it comes is offered: no combining marks, nothing that runs from right to left or
changes its shape. What is not offered is drawn as pixels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

from tympan.language import escpos

ASCII_FIRST, ASCII_LAST = 0x20, 0x7E
LEFT_TO_RIGHT_AND_NEUTRAL = frozenset({"L", "EN", "ES", "ET", "CS", "ON", "WS"})


class CodePages:
    """The code pages of a printer.

    Args:
        pages: Number in ``ESC t`` by Python codec; the first is the one in force after `start`.
    """

    def __init__(self, pages: Mapping[str, int]) -> None:
        self._numbers = tuple(pages.values())
        self._tables = tuple(_upper_half(codec) for codec in pages)
        self._all = frozenset().union(*self._tables)
        self._current = 0

    def start(self) -> bytes:
        """Say which page is in force from now on; ASCII as it is in every country."""
        self._current = 0
        return escpos.international_set(0) + escpos.code_page(self._numbers[0])

    def can_encode(self, text: str) -> bool:
        """Whether every character is on some page."""
        if text.isascii():
            return text.isprintable()
        return all(character in self._all or " " <= character <= "~" for character in text)

    def encode(self, text: str) -> bytes:
        """The bytes of `text`, with the switches.

        Raises:
            ValueError: There is a character on no page.
        """
        if text.isascii() and text.isprintable():
            return text.encode("ascii")
        # What the page in force has costs no switch; after that, the page that takes the most characters is the best choice.
        parts = []
        at, end = 0, self._reach(self._current, text, 0)
        while True:
            table = self._tables[self._current]
            parts.append(bytes(table.get(character, 0) or ord(character) for character in text[at:end]))
            if end == len(text):
                return b"".join(parts)
            at = end
            self._current, end = self._longest(text, at)
            parts.append(escpos.code_page(self._numbers[self._current]))

    def _longest(self, text: str, at: int) -> tuple[int, int]:
        """The page that takes the most characters from `at` on, and where it ends."""
        end, page = max((self._reach(page, text, at), -page) for page in range(len(self._tables)))
        if end == at:
            raise ValueError(f"no code page has {text[at]!r}")
        return -page, end

    def _reach(self, page: int, text: str, at: int) -> int:
        table = self._tables[page]
        while at < len(text) and (" " <= text[at] <= "~" or text[at] in table):
            at += 1
        return at


@cache
def _upper_half(codec: str) -> Mapping[str, int]:
    """The characters of bytes 80h to FFh that can stand anywhere in a line."""
    table: dict[str, int] = {}
    for value in range(0x80, 0x100):
        try:
            character = bytes((value,)).decode(codec)
        except UnicodeDecodeError:
            continue
        if _stands_alone(character):
            table.setdefault(character, value)
    return table


def _stands_alone(character: str) -> bool:
    return (
        len(character) == 1
        and unicodedata.category(character) not in {"Cc", "Cf", "Mn", "Me", "Co", "Cn"}
        and unicodedata.bidirectional(character) in LEFT_TO_RIGHT_AND_NEUTRAL
    )
