"""The frames that flow from the producer of a job's bytes to the device link.

One frame: a kind (one byte), a length (four bytes, big-endian), the payload. ``DATA`` payloads end where a command of the printer's
language ends, so that a job can be stopped after any of them. The same frames come from the render worker through a
pipe and from a document that is already in the printer's language.

The worker has met a hostile document: what its frames say is checked here before anybody believes it.
"""

from __future__ import annotations

import enum
import json
import struct
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

import msgspec

from tympan.errors import RenderError

HEADER = struct.Struct("!BI")

ENDING = struct.Struct("!Ii")
"""How a worker ended, as its parent tells it: process id, wait status."""

MAX_FRAME_BYTES = 1 << 20
"""The longest payload; a longer one is split where it is made, and refused where it is read."""

MAX_COUNT = (1 << 31) - 1
"""The highest number of a page, and of copies: what an IPP integer holds (RFC 8011 §5.1.10)."""

MAX_PROBLEM_CHARACTERS = 255
"""A sentence for people is cut there: in UTF-8 it fits ``job-state-message`` (RFC 8011 §5.3.9, at most 1023 octets)."""


class FrameKind(enum.IntEnum):
    """What a frame says."""

    DATA = 1
    """Bytes for the device."""
    PAGE_BEGIN = 2
    """A side of a sheet (or piece of roll) begins: `PageMark`, JSON."""
    PAGE_END = 3
    """It is complete: `PageMark`, JSON. All its bytes came before."""
    PAGES = 4
    """How many sides the job will have, as soon as that is known: ``{"impressions": n}``."""
    FAILED = 5
    """The job cannot go on: ``{"reason": job-state-reasons keyword, "problem": sentence}``. The last frame."""
    END = 6
    """All is made. The last frame."""
    NOTE = 7
    """Something a person should know of the result (``{"reason": keyword or "", "problem": sentence}``), such as a font replaced."""


@dataclass(frozen=True, slots=True)
class PageMark:
    """Where in the job a page is.

    Attributes:
        number: Side of a sheet, counted from 1 over the whole job, in the order they are printed.
        back: It is the back of a sheet.
        copies: How many times it comes out (uncollated copies made by the printer).
        document: ``document-number`` of the document it is of; 0: of none.
    """

    number: int
    back: bool = False
    copies: int = 1
    document: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job cannot go on.

    Attributes:
        reason: A ``job-state-reasons`` keyword.
        problem: A sentence for people.
    """

    reason: str
    problem: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, decoded."""

    kind: FrameKind
    payload: bytes | memoryview = b""


class FrameSource(Protocol):
    """Where the device link takes a job's frames from; called from the link's thread."""

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame, None where none came in time.

        After ``END`` or ``FAILED`` it is not called again. A source that breaks off gives ``FAILED``.
        """
        ...

    def close(self) -> None:
        """Nothing more is wanted: stop the producer and free what it holds. May be called at any time, twice, from any thread."""
        ...


def failed(reason: str, problem: str) -> Frame:
    """The last frame of a job that cannot go on."""
    return Frame(FrameKind.FAILED, json.dumps({"reason": reason, "problem": problem}).encode())


# --- what frames say, taken from who may have been taken over ---------------------------------------------------------

_Keyword = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]*\Z", max_length=255)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]


class _Failed(msgspec.Struct, frozen=True):
    reason: _Keyword
    problem: str


class _Note(msgspec.Struct, frozen=True):
    problem: str


class _Pages(msgspec.Struct, frozen=True):
    impressions: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class _Mark(msgspec.Struct, frozen=True):
    number: _Count
    back: bool
    copies: _Count
    document: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0


_failed_decoder = msgspec.json.Decoder(_Failed)
_note_decoder = msgspec.json.Decoder(_Note)
_pages_decoder = msgspec.json.Decoder(_Pages)
_mark_decoder = msgspec.json.Decoder(_Mark)

_Said = TypeVar("_Said")


def _decoded(decoder: msgspec.json.Decoder[_Said], frame: Frame) -> _Said:
    try:
        return decoder.decode(frame.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RenderError("The render worker broke its protocol.") from error


def _sentence(text: str) -> str:
    """Text for people on one line, short enough for the attribute that takes it."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= MAX_PROBLEM_CHARACTERS else f"{line[: MAX_PROBLEM_CHARACTERS - 1]}…"


def failure_of(frame: Frame) -> Failure:
    """What a ``FAILED`` frame says.

    Raises:
        RenderError: It says nothing that can be understood.
    """
    said = _decoded(_failed_decoder, frame)
    return Failure(said.reason, _sentence(said.problem))


def note_of(frame: Frame) -> str:
    """The sentence of a ``NOTE`` frame.

    Raises:
        RenderError: It has none.
    """
    return _sentence(_decoded(_note_decoder, frame).problem)


def impressions_of(frame: Frame) -> int:
    """How many sides a ``PAGES`` frame announces.

    Raises:
        RenderError: It does not say, or no IPP integer holds it.
    """
    return _decoded(_pages_decoder, frame).impressions


def mark_of(frame: Frame) -> PageMark:
    """Where a ``PAGE_BEGIN`` or ``PAGE_END`` frame is.

    Raises:
        RenderError: It does not say, or no IPP integer holds it.
    """
    said = _decoded(_mark_decoder, frame)
    return PageMark(said.number, said.back, said.copies, said.document)
