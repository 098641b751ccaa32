"""Find the line on which each key of a TOML document stands.

The standard library's parser gives values without places. This scanner walks over text that the parser has already
accepted, so it never judges: it only follows strings, comments, brackets and keys. Given something else it may give wrong
lines, and nothing worse.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]
"""Keys and list positions from the root: ``("printers", 0, "device")``."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_VALUE = re.compile(r"[^,\]}#\r\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every table and key in `text`, which is valid TOML."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return self._lines
            before = self._at
            if self._take("["):
                is_array = self._take("[")
                names = self._key()
                table = self._resolve(names, is_array=is_array)
                self._note(table, before)
                self._skip(_SPACE)
                self._take("]")
                self._take("]")
            else:
                self._pair(table)
            if self._at == before:  # not TOML after all
                return self._lines

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1

    def _note(self, path: Path, at: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], self._line(at))

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _take(self, literal: str) -> bool:
        if self._text.startswith(literal, self._at):
            self._at += len(literal)
            return True
        return False

    def _string(self) -> str:
        for pattern in _STRINGS:
            if found := self._skip(pattern):
                return found
        return ""

    def _key(self) -> tuple[str, ...]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = self._string()
            names.append(_unquoted(quoted) if quoted else self._skip(_BARE_KEY))
            self._skip(_SPACE)
            if not self._take("."):
                return tuple(names)

    def _resolve(self, names: tuple[str, ...], *, is_array: bool) -> Path:
        """The path of a table header: every list of tables on the way stands for its last element."""
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if is_array and position == len(names) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        at = self._at
        path = (*table, *self._key())
        self._note(path, at)
        self._skip(_SPACE)
        self._take("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            self._members(path)
        elif not self._string():
            self._skip(_PLAIN_VALUE)

    def _items(self, path: Path) -> None:
        position = 0
        while True:
            self._skip(_BLANK)
            if self._take("]") or self._at >= len(self._text):
                return
            before = self._at
            self._note((*path, position), before)
            self._value((*path, position))
            position += 1
            self._skip(_BLANK)
            self._take(",")
            if self._at == before:
                return

    def _members(self, path: Path) -> None:
        while True:
            self._skip(_BLANK)
            if self._take("}") or self._at >= len(self._text):
                return
            before = self._at
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")
            if self._at == before:
                return


def _unquoted(text: str) -> str:
    """What a quoted key stands for; the text itself where it is not TOML."""
    try:
        return str(tomllib.loads(f"k = {text}")["k"])
    except tomllib.TOMLDecodeError:
        return text
