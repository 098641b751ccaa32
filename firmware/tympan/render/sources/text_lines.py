"""Plain text as lines of cells: decoding, control characters, widths, and breaking lines.

Owns what a character is on a grid: East Asian wide characters take two cells, combining marks none. Draws nothing.

Bytes are UTF-8, with or without its mark, or UTF-16 with its mark. Text whose first `SNIFF_BYTES` are not UTF-8 is Windows-1252 (Latin-1 with its
quotes) as a whole; a wrong byte further on comes out as U+FFFD. Carriage return, line feed, both, vertical tab and the Unicode separators end a line, a form feed ends a
page. A tab goes to the next multiple of eight. A backspace goes back a cell, and what follows is struck over what is there. Other controls are dropped.

A line that is too long is broken after its last space if that lies in the second half of the line, otherwise hard at
the last column: words stay whole where that does not waste half of a receipt's width.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tympan.render.sniff import SNIFF_BYTES
from tympan.render.sources.page import Document, read_fully

READ_BYTES = 32 << 10
UTF_16, UTF_8, WINDOWS = ENCODINGS = ("utf-16", "utf-8-sig", "cp1252")
TAB_CELLS = 8
MAX_LINE_CHARACTERS = 16_384
"""A longer line is broken here, so that a document without line ends does not fill the memory."""
MAX_MARKS = 8
"""Combining marks on one character; more are dropped."""

FORM_FEED = "\f"
LINE_END = re.compile("\r\n|[\r\n\v\f\u0085\u2028\u2029]")
DROPPED = re.compile("[\x00-\x07\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
PLAIN = re.compile("[ -~]*")
"""What needs no looking at each character."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands at one place.

    Attributes:
        text: A character and its combining marks.
        columns: 1, or 2 for a wide character.
        over: What is struck over it.
    """

    text: str
    columns: int = 1
    over: str = ""


SPACE = Cell(" ")


def lines(document: Document) -> Iterator[str]:
    """The document's lines without their ends; a form feed is a line of its own."""
    document.seek(0)
    pending = ""
    decoder: codecs.IncrementalDecoder | None = None
    while True:
        raw = bytes(document.read(READ_BYTES)) if decoder else read_fully(document, SNIFF_BYTES)
        if decoder is None:
            decoder = _decoder(raw)
        text = pending + decoder.decode(raw, final=not raw)
        at = 0
        for end in LINE_END.finditer(text):
            if end.end() == len(text) and end.group() == "\r" and raw:
                break  # its line feed may be on the way
            if end.group() == FORM_FEED:
                if end.start() > at:
                    yield text[at : end.start()]
                yield FORM_FEED
            else:
                yield text[at : end.start()]
            at = end.end()
        pending = text[at:]
        while len(pending) > MAX_LINE_CHARACTERS:
            yield pending[:MAX_LINE_CHARACTERS]
            pending = pending[MAX_LINE_CHARACTERS:]
        if not raw:
            if pending:
                yield pending
            return


def _decoder(first: bytes) -> codecs.IncrementalDecoder:
    """The decoder for a document, from its first bytes."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = UTF_16
    else:
        name = UTF_8
        try:
            codecs.getincrementaldecoder("utf-8")().decode(
                first[:SNIFF_BYTES], final=len(first) < SNIFF_BYTES
            )
        except UnicodeDecodeError:
            name = WINDOWS
    return codecs.getincrementaldecoder(name)("replace")


def cells(line: str) -> list[Cell]:
    """A line as cells in reading order, with trailing spaces gone."""
    line = line.rstrip()
    if PLAIN.fullmatch(line):
        return [_plain(character) for character in line]
    found: list[Cell] = []
    at = 0
    for character in DROPPED.sub("", line):
        if character == "\t":
            missing = TAB_CELLS - sum(cell.columns for cell in found[:at]) % TAB_CELLS
            found[at : at + missing] = [SPACE] * missing
            at += missing
        elif character == "\b":
            at = max(0, at - 1)
        elif unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
            if at and len(found[at - 1].text) <= MAX_MARKS:
                found[at - 1] = replace(found[at - 1], text=found[at - 1].text + character)
        else:
            cell = _plain(character)
            if at < len(found):
                cell = _struck(found[at], cell)
                found[at] = cell
            else:
                found.append(cell)
            at += 1
    return found


@lru_cache(maxsize=1024)
def _plain(character: str) -> Cell:
    return Cell(character, 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1)


def _struck(under: Cell, cell: Cell) -> Cell:
    """Two characters at one place; the same one twice is one, as bold on a printer with one weight."""
    if under.text in {" ", cell.text}:
        return cell
    if cell.text == " ":
        return under
    return Cell(under.text, max(under.columns, cell.columns), cell.text)


def wrapped(line: list[Cell], columns: int) -> Iterator[list[Cell]]:
    """A line as lines of at most `columns`."""
    start = 0
    while True:
        used = 0
        end = start
        while end < len(line) and used + line[end].columns <= max(2, columns):
            used += line[end].columns
            end += 1
        if end == len(line):
            yield line[start:]
            return
        space = next((at for at in range(end, start + (end - start) // 2, -1) if line[at].text == " "), None)
        if space is not None:
            yield line[start:space]
            start = space + 1
            while start < len(line) and line[start].text == " ":
                start += 1
        else:
            yield line[start:end]
            start = end
