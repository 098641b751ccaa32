"""Whole jobs rendered by a driver that writes down what it is asked for, from documents whose pages can be told apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
from pdf_samples import pages
from rendering import A4, MemoryDocument
from samples import apple_raster, pwg_raster

from tympan.driver.contract import Capabilities, PageFormat, Part
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.frames import MAX_FRAME_BYTES, FrameKind
from tympan.render.job import run_job
from tympan.render.request import DocumentSpec, RenderRequest

DPI = 100
WIDTH, HEIGHT = 827, 1169  # A4
NATIVE = "application/x-native"


@dataclass
class Encoder:
    """Writes down what it is asked for; each side ends with the pixels it was given."""

    repeats_pages: bool
    copies_asked: list[int] = field(default_factory=list)
    sides: list[np.ndarray] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    extension = "txt"

    def page_format(self):
        return PageFormat((DPI, DPI), WIDTH, HEIGHT, WIDTH, HEIGHT, repeats_pages=self.repeats_pages)

    def text_format(self):
        return None

    def can_encode(self, _text):
        return False

    def begin_job(self):
        return b"["

    def begin_page(self, copies, *, back=False):
        assert self.repeats_pages or copies == 1
        self.copies_asked.append(copies)
        self.rows = []
        return b"<" if back else b"("

    def band(self, rows):
        self.rows.append(np.array(rows))
        return b"."

    def end_page(self):
        self.sides.append(np.unpackbits(np.concatenate(self.rows), axis=1)[:, :WIDTH])
        return b"%d)" % size_of(self.sides[-1])

    def change(self, ticket):
        return b"~%d" % ticket.print_quality

    def end_part(self, part):
        self.parts.append(part)
        return b""

    def end_job(self):
        return b"]"


class Driver:
    name = "test"

    def __init__(self, *, repeats_pages=True):
        self.made = Encoder(repeats_pages)

    def encoder(self, _profile, _ticket):
        return self.made

    def capabilities(self, _profile):
        return Capabilities("Test", "", (NATIVE,), "txt", ((DPI, DPI),), (A4,), {})

    def raw_prologue(self, _profile):
        return b"{"

    def raw_epilogue(self, _profile):
        return b"}"


@dataclass
class Job:
    data: bytes
    marks: list[tuple[int, bool, int]]
    begun: list[int]
    announced: list[int]
    kinds: list[FrameKind]
    encoder: Encoder


def run(*documents, repeats_pages=True, max_pages=1000, **ticket):
    driver = Driver(repeats_pages=repeats_pages)
    request = RenderRequest(
        "test",
        "profile",
        JobTicket(1, A4, resolution_dpi=(DPI, DPI), **{"print_scaling": "none", **ticket}),
        tuple(DocumentSpec(kind, len(content)) for kind, content in documents),
        max_pages=max_pages,
    )
    frames = []
    try:
        run_job(
            driver,
            request,
            [MemoryDocument(content) for _, content in documents],
            lambda kind, payload: frames.append((kind, bytes(payload))),
        )
    except DocumentError as error:
        error.frames = frames
        raise
    assert all(len(payload) <= MAX_FRAME_BYTES for _, payload in frames)

    def said(kind):
        return [json.loads(payload) for each, payload in frames if each == kind]

    return Job(
        b"".join(payload for kind, payload in frames if kind == FrameKind.DATA).replace(b".", b""),
        [(each["number"], each["back"], each["copies"]) for each in said(FrameKind.PAGE_END)],
        [each["number"] for each in said(FrameKind.PAGE_BEGIN)],
        [each["impressions"] for each in said(FrameKind.PAGES)],
        [kind for kind, _ in frames],
        driver.made,
    )


# --- documents whose page n has a black square of n times 40 dots, or n lines of text --------------------------------------


def size_of(side):
    """Which page a side shows: the number of its square."""
    return round(float(np.sqrt(side.sum())) / 40)


def squares(numbers):
    for number in numbers:
        picture = np.full((HEIGHT, WIDTH), 255, np.uint8)
        picture[200 : 200 + 40 * number, 100 : 100 + 40 * number] = 0
        yield picture


def pdf(numbers):
    side = 40 * 72 / DPI
    return "application/pdf", pages([
        b"100 200 %f %f re f" % (side * number, side * number) for number in numbers
    ])  # fmt: skip


def pwg(numbers):
    return "image/pwg-raster", pwg_raster(list(squares(numbers)), dpi=DPI, raster_type="black_1")


def urf(numbers):
    return "image/urf", apple_raster(list(squares(numbers)), dpi=DPI)


def text(numbers):
    return "text/plain", "\f".join("\n".join("█" * 10 for _ in range(number)) for number in numbers).encode()


def lines_of(side):
    """How many lines of text a side has."""
    inked = np.concatenate(([0], side.any(axis=1).astype(np.int8)))
    return int((np.diff(inked) == 1).sum())
