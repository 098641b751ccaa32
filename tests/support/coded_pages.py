"""Pages that say which they are in every three millimetres, and what reads them off the paper again.

A page is a stack of strips. A strip is a row of 24 blocks, black or white: the document, the page, the strip, a check sum, framed by a
black and a white block at each end. So any piece of paper tells which pages are on it, how much of each, in which order, and what else:
what lies above a page's first strip is a mark, what lies between is damage. Nothing here knows the product.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pdf_samples
from numpy.typing import NDArray
from PIL import Image

BLOCK_MM, STRIP_MM, BLOCKS = 1.75, 3.0, 24
DOCUMENTS, PAGES_MAX, STRIPS_MAX = 16, 16, 32
PAGE_WIDTH_MM, HEAD_MM, FOOT_MM = 48.0, 6.0, 2.0

MARK_ROWS_MIN = 8
"""So many rows of other ink above a page are a mark: a line of text has more."""

MARK_REACH_MM = 150.0
"""How far above a page its mark may begin."""

EDGE_ROWS = 2
"""So many rows between two strips may be neither: an edge that falls between two dots is grey."""

ASKEW_DOTS = 2
"""Strips of a page whose edges are further apart are damage."""

_POINTS_PER_MM = 72 / 25.4


def _word(document: int, page: int, strip: int) -> int:
    check = (document * 37 + page * 101 + strip * 59 + 17) % 127
    return 0b10 << 22 | document << 18 | page << 14 | strip << 9 | check << 2 | 0b01


def _meaning(word: int) -> tuple[int, int, int] | None:
    document, page, strip = word >> 18 & 15, word >> 14 & 15, word >> 9 & 31
    return (document, page, strip) if word == _word(document, page, strip) else None


def document(number: int, pages: int, strips: int) -> bytes:
    """A PDF of such pages; its pages are as wide as a 58 mm roll prints."""
    assert number < DOCUMENTS
    assert pages <= PAGES_MAX
    assert strips <= STRIPS_MAX
    height_mm = HEAD_MM + strips * STRIP_MM + FOOT_MM
    left_mm = (PAGE_WIDTH_MM - BLOCKS * BLOCK_MM) / 2
    contents = []
    for page in range(pages):
        boxes = []
        for strip in range(strips):
            word = f"{_word(number, page, strip):0{BLOCKS}b}"
            bottom_mm = height_mm - HEAD_MM - (strip + 1) * STRIP_MM
            boxes += [
                (left_mm + place * BLOCK_MM, bottom_mm, BLOCK_MM, STRIP_MM)
                for place, bit in enumerate(word)
                if bit == "1"
            ]
        drawn = (" ".join(f"{side * _POINTS_PER_MM:.4f}" for side in box) + " re f" for box in boxes)
        contents.append("\n".join(drawn).encode())
    box = f"[0 0 {PAGE_WIDTH_MM * _POINTS_PER_MM:.4f} {height_mm * _POINTS_PER_MM:.4f}]".encode()
    return pdf_samples.pages(contents, media_box=box)


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Copy:
    """One page as it lies on one piece of paper, whole or not.

    Attributes:
        document: Which.
        page: Which, from 0.
        left: Where it begins, dots from the paper's left edge.
        marked: Something was printed above it.
        strips: Those that are there whole, in their order.
        cut_short: Rows of a strip that is not there whole.
        damage: Rows of other ink, and of white, among its strips.
    """

    document: int
    page: int
    left: int
    marked: bool = False
    strips: list[int] = field(default_factory=list)
    cut_short: int = 0
    damage: int = 0

    def is_whole(self, strips: int) -> bool:
        """Whether all of it is there, and nothing else in it."""
        return self.strips == list(range(strips)) and not self.cut_short and not self.damage


@dataclass(slots=True)
class Paper:
    """What came out.

    Attributes:
        copies: The pages on it, as they came.
        stray_rows: Rows of ink that belong to no page and are no mark.
    """

    copies: list[Copy] = field(default_factory=list)
    stray_rows: int = 0


Row = tuple[int, int, int, int] | str
"""What a row of dots is: document, page, strip and left edge of a strip of a page; ``white``; or ``ink``."""


def _row(dots: NDArray[np.bool_], dots_per_mm: float) -> Row:
    inked = np.flatnonzero(dots)
    if not inked.size:
        return "white"
    first, last = int(inked[0]), int(inked[-1])
    block = BLOCK_MM * dots_per_mm
    if abs(last + 1 - first - BLOCKS * block) > 0.3 * block:
        return "ink"
    block = (last + 1 - first) / BLOCKS
    word = 0
    for place in range(BLOCKS):
        inner = dots[round(first + (place + 0.25) * block) : round(first + (place + 0.75) * block)]
        share = float(inner.mean())
        if 0.05 < share < 0.95:
            return "ink"
        word = word << 1 | (share > 0.5)
    meaning = _meaning(word)
    return "ink" if meaning is None else (*meaning, first)


def _runs(picture: Image.Image, dots_per_mm: float) -> Iterable[tuple[Row, int]]:
    """The rows of a picture, equal neighbours as one."""
    black = np.asarray(picture.convert("L")) < 128
    if not len(black):
        return
    changes = np.flatnonzero((black[1:] != black[:-1]).any(axis=1)) + 1
    edges = [0, *changes.tolist(), len(black)]
    kind: Row = ""
    height = 0
    for begin, end in itertools.pairwise(edges):
        found = _row(black[begin], dots_per_mm)
        if found != kind and height:
            yield kind, height
            height = 0
        kind, height = found, height + end - begin
    yield kind, height


def read(pieces: Iterable[tuple[Image.Image, float]]) -> Paper:
    """What is on pieces of paper, given with their dots an inch, in the order they came."""
    paper = Paper()
    for picture, dpi in pieces:
        _read_piece(paper, picture, dpi / 25.4)
    return paper


def _read_piece(paper: Paper, picture: Image.Image, dots_per_mm: float) -> None:
    strip_rows = STRIP_MM * dots_per_mm
    current: Copy | None = None
    ink = white_since_ink = gap = 0
    reached = -1
    for kind, height in _runs(picture, dots_per_mm):
        if kind == "white":
            white_since_ink += height
            gap += height
            continue
        if kind == "ink":
            ink = height if white_since_ink > MARK_REACH_MM * dots_per_mm else ink + height
            paper.stray_rows += height
            white_since_ink = 0
            gap += height
            continue
        assert isinstance(kind, tuple)
        number, page, strip, left = kind
        goes_on = (
            current is not None
            and (current.document, current.page) == (number, page)
            and (strip > reached or (strip == reached and gap < strip_rows / 2))
        )
        if not goes_on:
            marked = ink >= MARK_ROWS_MIN and white_since_ink <= MARK_REACH_MM * dots_per_mm
            if marked:
                paper.stray_rows -= ink
            current = Copy(number, page, left, marked)
            paper.copies.append(current)
        elif gap > EDGE_ROWS:
            assert current is not None
            current.damage += gap
        else:
            paper.stray_rows -= ink
        assert current is not None
        if abs(left - current.left) > ASKEW_DOTS:
            current.damage += height
        if abs(height - strip_rows) <= 0.15 * strip_rows and strip not in current.strips:
            current.strips.append(strip)
        else:
            current.cut_short += height
        reached = strip
        ink = white_since_ink = gap = 0


# --- judging ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a job.

    Attributes:
        lost: Pages of which no whole copy came out.
        doubled: Pages of which some came out again without a mark.
        marked: Copies with a mark.
        copies: Copies and parts of copies in all.
        disordered: Whole pages without a mark that came out before an earlier one.
        strangers: Copies of pages of other jobs.
        stray_rows: Rows of ink that belong to nothing.
    """

    lost: tuple[int, ...]
    doubled: tuple[int, ...]
    marked: int
    copies: int
    disordered: int
    strangers: int
    stray_rows: int

    @property
    def perfect(self) -> bool:
        """Each page once, in order, and nothing else."""
        return not (
            self.lost or self.doubled or self.marked or self.disordered or self.strangers or self.stray_rows
        )


def judge(paper: Paper, number: int, pages: int, strips: int) -> Verdict:
    """What became of the job that printed document `number`."""
    own = [copy for copy in paper.copies if copy.document == number and copy.page < pages]
    whole = [copy.page for copy in own if copy.is_whole(strips)]
    first_whole = list(dict.fromkeys(copy.page for copy in own if copy.is_whole(strips) and not copy.marked))
    doubled = set()
    seen: dict[int, set[int]] = {}
    for copy in own:
        before = seen.setdefault(copy.page, set())
        again = before & set(copy.strips)
        if again and not copy.marked:
            doubled.add(copy.page)
        before.update(copy.strips)
    return Verdict(
        lost=tuple(page for page in range(pages) if page not in whole),
        doubled=tuple(sorted(doubled)),
        marked=sum(copy.marked for copy in own),
        copies=len(own),
        disordered=sum(a > b for a, b in itertools.pairwise(first_whole)),
        strangers=len(paper.copies) - len(own),
        stray_rows=paper.stray_rows,
    )


def torn(picture: Image.Image, rows: int) -> Image.Image:
    """The upper rows of a picture: for tests of this module."""
    return picture.crop((0, 0, picture.width, rows))


def drawn(number: int, page: int, strips: Sequence[int], dpi: float, mark_rows: int = 0) -> Image.Image:
    """A page as a printer would print it, with these strips: for tests of this module."""
    scale = dpi / 25.4
    width, head = round(PAGE_WIDTH_MM * scale), round(HEAD_MM * scale)
    dots = np.ones((head + round(len(strips) * STRIP_MM * scale) + 10, width), bool)
    if mark_rows:
        dots[4 : 4 + mark_rows, 20:60] = False
    left = (PAGE_WIDTH_MM - BLOCKS * BLOCK_MM) / 2
    for place, strip in enumerate(strips):
        top, bottom = head + round(place * STRIP_MM * scale), head + round((place + 1) * STRIP_MM * scale)
        for block, bit in enumerate(f"{_word(number, page, strip):0{BLOCKS}b}"):
            if bit == "1":
                x0, x1 = (round((left + (block + more) * BLOCK_MM) * scale) for more in (0, 1))
                dots[top:bottom, x0:x1] = False
    return Image.fromarray(dots)
