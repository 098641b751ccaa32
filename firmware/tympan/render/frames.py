"""The frames that flow from the producer of a job's bytes to the device link.

One frame: a kind (one byte), a length (four bytes, big-endian), the payload. ``DATA`` payloads end where a command of the printer's
language ends, so that a job can be stopped after any of them. The same frames come from the render worker through a
pipe and from a document that is already in the printer's language.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Protocol

HEADER = struct.Struct("!BI")

ENDING = struct.Struct("!Ii")
"""How a worker ended, as its parent tells it: process id, wait status."""

MAX_FRAME_BYTES = 1 << 20
"""The longest payload; a longer one is split where it is made, and refused where it is read."""


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
    """

    number: int
    back: bool = False
    copies: int = 1


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


def pack(kind: FrameKind, payload: bytes | memoryview = b"") -> bytes:
    """One frame as bytes.

    Raises:
        ValueError: The payload is longer than `MAX_FRAME_BYTES`.
    """
    if len(payload) > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {len(payload)} bytes is longer than {MAX_FRAME_BYTES}")
    return HEADER.pack(kind, len(payload)) + payload
