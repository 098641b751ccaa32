"""What a printer answers in PJL, as messages (HP's *PJL Technical Reference Manual*, chapter 7).

Owns the form of the replies: lines of text, the first of which says what was asked or told, up to a form feed. They come in any
pieces; answers and what is told unasked follow one another in any order, but are never mixed. Bytes may be missing and wrong.
What the codes mean, and what follows of a message, is a dialogue's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MESSAGE_MAX = 16_384
"""Bytes of a message at most; ``INFO VARIABLES`` is the longest, with a few thousand."""

DISPLAY_MAX = 80
"""Characters kept of what a printer's display says."""

_HEAD = b"@PJL "
_FORM_FEED = b"\x0c"
_PAIR = re.compile(r'\s*([A-Za-z0-9]+)\s*=\s*(?:["\'](.*)["\']|(\S*))\s*')


@dataclass(frozen=True, slots=True)
class PjlCode:
    """A status code and what the printer's display says with it."""

    code: int
    display: str = ""


@dataclass(frozen=True, slots=True)
class PjlStatus:
    """``INFO STATUS``, ``USTATUS DEVICE`` or ``USTATUS TIMED``: how the printer is.

    Attributes:
        codes: One code or more.
        online: ``ONLINE``; None where it is not said.
    """

    codes: tuple[PjlCode, ...]
    online: bool | None = None


@dataclass(frozen=True, slots=True)
class PjlId:
    """``INFO ID``."""

    text: str


@dataclass(frozen=True, slots=True)
class PjlEcho:
    """``ECHO``: what was sent, once the printer has got there."""

    words: str


@dataclass(frozen=True, slots=True)
class PjlJob:
    """``USTATUS JOB``.

    Attributes:
        event: ``START`` (the JOB command was read), ``END`` (all before the EOJ command has been printed), ``CANCELED``.
        name: ``NAME``, or empty.
        pages: ``PAGES`` that were printed; None where it is not said.
        result: ``RESULT``, ``OK`` or why not; empty where it is not said.
    """

    event: str
    name: str = ""
    pages: int | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class PjlPage:
    """``USTATUS PAGE``: so many sides since the last JOB or EOJ command have reached the output bin."""

    number: int


PjlMessage = PjlStatus | PjlId | PjlEcho | PjlJob | PjlPage


class PjlParser:
    """Takes a stream of replies apart; any bytes are taken, and what makes no sense is dropped."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[PjlMessage]:
        """The messages that end in `data`, which may begin and end anywhere."""
        *texts, rest = (self._buffer + data).split(_FORM_FEED)
        # The last message that has begun; what stands before it lost its form feed, and is not known to be complete.
        start = max(rest.rfind(_HEAD), 0)
        self._buffer = rest[start:] if len(rest) - start <= MESSAGE_MAX else b""
        messages = (_message(text) for text in texts)
        return [message for message in messages if message is not None]


def _message(text: bytes) -> PjlMessage | None:
    start = text.rfind(_HEAD)
    if start < 0:
        return None
    head, *lines = (line.strip() for line in text[start:].decode("latin-1").splitlines())
    words = head.split(maxsplit=3)[1:]
    if not words:
        return None
    command, subject = words[0].upper(), words[1].upper() if len(words) > 1 else ""
    if command == "ECHO":
        return PjlEcho(head.split(maxsplit=2)[2] if subject else "")
    read = _READ.get((command, subject))
    return read(lines) if read is not None else None


def _status(lines: list[str]) -> PjlStatus | None:
    codes: list[PjlCode] = []
    online: bool | None = None
    for name, value in _pairs(lines):
        if name.startswith("CODE") and _is_number(value):
            codes.append(PjlCode(int(value)))
        elif name.startswith("DISPLAY") and codes:
            codes[-1] = PjlCode(codes[-1].code, _readable(value))
        elif name == "ONLINE" and value.upper() in {"TRUE", "FALSE"}:
            online = value.upper() == "TRUE"
    return PjlStatus(tuple(codes), online) if codes else None


def _id(lines: list[str]) -> PjlId | None:
    text = _readable(lines[0].strip("\"' ")) if lines else ""
    return PjlId(text) if text and text != "?" else None


def _job(lines: list[str]) -> PjlJob | None:
    event = lines[0].upper() if lines else ""
    if event not in {"START", "END", "CANCELED", "CANCELLED"}:
        return None
    fields = dict(_pairs(lines[1:]))
    pages = fields.get("PAGES", "")
    return PjlJob(
        "CANCELED" if event == "CANCELLED" else event,
        fields.get("NAME", ""),
        int(pages) if _is_number(pages) else None,
        fields.get("RESULT", "").upper(),
    )


def _page(lines: list[str]) -> PjlPage | None:
    return PjlPage(int(lines[0])) if lines and _is_number(lines[0]) else None


_READ: Mapping[tuple[str, str], Callable[[list[str]], PjlMessage | None]] = {
    ("INFO", "ID"): _id,
    ("INFO", "STATUS"): _status,
    ("USTATUS", "DEVICE"): _status,
    ("USTATUS", "TIMED"): _status,
    ("USTATUS", "JOB"): _job,
    ("USTATUS", "PAGE"): _page,
}
"""How the lines of each message are read."""


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    found = (_PAIR.fullmatch(line) for line in lines)
    return [(pair[1].upper(), pair[2] if pair[2] is not None else pair[3]) for pair in found if pair]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _readable(text: str) -> str:
    """What people can read of it, on one line."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:DISPLAY_MAX]


# --- what is asked ------------------------------------------------------------------------------------------------------


def enquiry(*lines: str) -> bytes:
    """PJL commands between jobs: from the universal exit to the universal exit.

    Args:
        lines: What stands behind ``@PJL``; printable ASCII.
    """
    uel = b"\x1b%-12345X"
    return uel + b"@PJL\r\n" + b"".join(b"@PJL " + line.encode("ascii") + b"\r\n" for line in lines) + uel


USTATUS: Mapping[str, str] = {"DEVICE": "ON", "JOB": "ON", "PAGE": "ON"}
"""What a printer can tell unasked, and how that is switched on."""
