"""The test page: a page that shows what a printer does, drawn to the size of its paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tympan.own_pages.pen import Pen, compose

ACCENTS = "ÀÉÎÕÜ äöüß çñøå €"

RAMP_STEPS = 11
"""Greys of the ramp, from white to black in tenths."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the page says and how large it is.

    Attributes:
        title: The large line at the top.
        subtitle: The line below it.
        facts: Pairs of a name and what stands beside it.
        hints: Lines at the end.
        width_hmm: Width of the paper, hundredths of a millimetre.
        length_hmm: Length of the paper; None on a roll: as long as the content.
        margin_hmm: Width of the edge that the printer cannot reach, at least.
    """

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    hints: Sequence[str]
    width_hmm: int
    length_hmm: int | None = None
    margin_hmm: int = 0


def page_document(facts: PageFacts) -> bytes:
    """The page as a PDF file."""
    return compose(
        lambda pen: _draw(pen, facts), facts.width_hmm, facts.length_hmm, facts.margin_hmm, _corner_marks
    )


def _draw(pen: Pen, facts: PageFacts) -> None:
    size = (20 if pen.narrow else 44) * pen.scale
    pen.text(facts.title, size, font="B", gap=size * 0.3)  # the y and p reach 0.21 below the line
    for line in pen.wrapped(facts.subtitle, pen.body):
        pen.text(line, pen.body, gap=3)
    pen.rule(1.0)
    for name, value in facts.facts:
        pen.fact(name, value)
    pen.rule(0.5)
    _ramp(pen)
    _hairlines(pen)
    _letters(pen)
    _star(pen)
    if facts.hints:
        pen.rule(0.5)
    for hint in facts.hints:
        for line in pen.wrapped(hint, pen.body):
            pen.text(line, pen.body, font="C", gap=3)


def _ramp(pen: Pen) -> None:
    height = (14 if pen.narrow else 44) * pen.scale
    step = (pen.right - pen.left) / RAMP_STEPS
    pen.y -= height + (4 if pen.narrow else 12)
    for number in range(RAMP_STEPS):
        pen.box(pen.left + number * step, pen.y, step, height, 1 - number / (RAMP_STEPS - 1))
    pen.frame(pen.left, pen.y, pen.right - pen.left, height)
    pen.y -= 6


def _hairlines(pen: Pen) -> None:
    widths = (0.25, 0.5, 1.0, 2.0)
    span = (pen.right - pen.left) / len(widths)
    pen.y -= 6 if pen.narrow else 14
    for number, width in enumerate(widths):
        x = pen.left + number * span
        pen.line(x, pen.y, x + span - 6, pen.y, width)
    pen.y -= 4


def _letters(pen: Pen) -> None:
    pen.text(ACCENTS, pen.body + 2, gap=4)
    for size in (5, 6, 8) if pen.narrow else (6, 8, 10, 12, 16):
        words = "Sphinx of black quartz" if pen.narrow else "Sphinx of black quartz, judge my vow"
        pen.text(f"{size} point: {words}", size, font="T", gap=3)


def _star(pen: Pen) -> None:
    """Lines that meet in a point: shows resolution, and whether the two directions have the same scale."""
    radius = (26 if pen.narrow else 100) * pen.scale
    pen.y -= radius + (4 if pen.narrow else 20)
    middle = (pen.left + pen.right) / 2
    for x, y in _DIRECTIONS:
        pen.line(middle + x * 4, pen.y + y * 4, middle + x * radius, pen.y + y * radius, 0.3)
    pen.y -= radius + (4 if pen.narrow else 16)


def _corner_marks(pen: Pen, height: float) -> None:
    arm = 12 if pen.narrow else 24
    inset = pen.margin + 1
    corners = (
        (inset, -inset, 1, -1),
        (pen.width - inset, -inset, -1, -1),
        (inset, inset - height, 1, 1),
        (pen.width - inset, inset - height, -1, 1),
    )
    for x, y, right, up in corners:
        pen.operators.append(
            f"1 w {x:.2f} {y + up * arm:.2f} m {x:.2f} {y:.2f} l {x + right * arm:.2f} {y:.2f} l S\n"
        )


def _directions() -> tuple[tuple[float, float], ...]:
    """Thirty-six directions, ten degrees apart, by turning one again and again: no mathematics library needed."""
    cosine, sine = 0.984807753012208, 0.17364817766693033
    x, y = 1.0, 0.0
    found = []
    for _ in range(36):
        found.append((x, y))
        x, y = x * cosine - y * sine, x * sine + y * cosine
    return tuple(found)


_DIRECTIONS = _directions()
