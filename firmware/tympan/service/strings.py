"""What people read of keywords: the message catalogues that ``printer-strings-uri`` points to (PWG 5100.13 §8).

Owns the table ``strings.tsv`` beside this file and the form it is served in. The table is read when somebody asks first.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tympan.model.device_condition import reason_base

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "de", "fr", "es", "ja")
"""``printer-strings-languages-supported``, the one that is given where another is asked for first."""

STRINGS_PATH = "/strings/"
"""Where the catalogues are served: ``/strings/LANGUAGE.strings``."""

_SUFFIXED = "printer-state-reasons."
_SUFFIXES = ("-report", "-warning", "-error")


def matching_language(language: str) -> str:
    """The language of `LANGUAGES` for one that a client names, such as ``de`` for ``de-AT``."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else LANGUAGES[0]


@cache
def _table() -> Mapping[str, tuple[str, ...]]:
    """Key to its texts in the order of `LANGUAGES`."""
    table: dict[str, tuple[str, ...]] = {}
    for line in Path(__file__).with_name("strings.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            key, *texts = line.split("\t")
            table[key] = tuple(texts) if len(texts) == len(LANGUAGES) else (texts[0],) * len(LANGUAGES)
    return MappingProxyType(table)


def localized(key: str, language: str = LANGUAGES[0]) -> str:
    """The text for a key such as ``media-source.main``; the keyword itself where there is none."""
    table = _table()
    texts = table.get(key)
    if texts is None and key.startswith(_SUFFIXED):
        texts = table.get(reason_base(key))
    return texts[LANGUAGES.index(matching_language(language))] if texts else key.partition(".")[2] or key


def catalogue(language: str) -> Mapping[str, str]:
    """Every key with its text in one of `LANGUAGES`; state reasons also with each suffix they may have (RFC 8011 §5.4.12)."""
    place = LANGUAGES.index(language)
    texts: dict[str, str] = {}
    for key, row in _table().items():
        texts[key] = row[place]
        if key.startswith(_SUFFIXED) and key != f"{_SUFFIXED}none":
            texts |= {f"{key}{suffix}": row[place] for suffix in _SUFFIXES}
    return texts


@cache
def strings_file(language: str) -> bytes:
    """A catalogue in the form of Apple's ``.strings`` files, UTF-8.

    Raises:
        ValueError: The language is none of `LANGUAGES`.
    """
    lines = [f'"{_quoted(key)}" = "{_quoted(text)}";' for key, text in catalogue(language).items()]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
