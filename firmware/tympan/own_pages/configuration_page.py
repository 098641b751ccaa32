"""The configuration page: what a printer is called, how it is reached, how it is, and what its lights mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tympan.own_pages.pen import FIXED_PITCH, PROPORTIONAL, Pen, compose


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together.

    Attributes:
        heading: What they are about.
        facts: Pairs of a name and what stands beside it.
    """

    heading: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One blink code.

    Attributes:
        blinks: How often the light blinks.
        words: What that means.
        remedy: What to do about it.
    """

    blinks: int
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ConfigurationFacts:
    """What the page says and how large it is.

    Attributes:
        title: The large line at the top: the printer's name.
        subtitle: The line below it.
        link: What the QR code leads to.
        sections: What there is to say.
        codes: The blink codes.
        gestures: Pairs of what somebody does with a button and what it does.
        width_hmm: Width of the paper, hundredths of a millimetre.
        length_hmm: Length of the paper; None on a roll: as long as the content.
        margin_hmm: Width of the edge that the printer cannot reach, at least.
    """

    title: str
    subtitle: str
    link: str
    sections: Sequence[Section]
    codes: Sequence[CodeLine]
    gestures: Sequence[tuple[str, str]]
    width_hmm: int
    length_hmm: int | None = None
    margin_hmm: int = 0


SMALL = 160.0
"""Where less than so many points are left between the edges, as on 58 mm paper, words need the room of the discs."""


def configuration_document(facts: ConfigurationFacts) -> bytes:
    """The page as a PDF file."""
    modules = _qr(facts.link)
    return compose(
        lambda pen: _draw(pen, facts, modules), facts.width_hmm, facts.length_hmm, facts.margin_hmm
    )


def _qr(link: str) -> list[list[bool]]:
    import segno  # noqa: PLC0415 — only who prints such a page needs it

    return [[bool(module) for module in row] for row in segno.make_qr(link, error="m").matrix]


def _draw(pen: Pen, facts: ConfigurationFacts, modules: Sequence[Sequence[bool]]) -> None:
    _head(pen, facts, modules)
    for section in facts.sections:
        _heading(pen, section.heading)
        for name, value in section.facts:
            pen.fact(name, value)
    if facts.codes:
        _heading(pen, "What the light says")
        _codes(pen, facts.codes)
    if facts.gestures:
        _heading(pen, "What the buttons do")
        for gesture, meaning in facts.gestures:
            _gesture(pen, gesture, meaning)


def _head(pen: Pen, facts: ConfigurationFacts, modules: Sequence[Sequence[bool]]) -> None:
    """Title and QR code: side by side on a sheet, one below the other on a receipt."""
    width = pen.right - pen.left
    side = (min(104.0, width * 0.62) if pen.narrow else 96.0) * pen.scale
    room = width if pen.narrow else width - side - 18 * pen.scale
    top = pen.y
    size = (min(17.0, width * 0.1) if pen.narrow else 30.0) * pen.scale
    for line in pen.wrapped(facts.title, size, by=PROPORTIONAL + 0.04, room=room):
        pen.text(line, size, font="B", gap=size * 0.2)
    pen.y -= size * 0.1
    for line in pen.wrapped(facts.subtitle, pen.body, by=PROPORTIONAL, room=room):
        pen.text(line, pen.body, gap=3)
    if pen.narrow:
        pen.y -= 7
        pen.modules(modules, (pen.left + pen.right - side) / 2, pen.y, side)
        pen.y -= side + 5
    else:
        pen.modules(modules, pen.right - side, top, side)
        # What it leads to stands where the eye is already.
        pen.y = min(pen.y - 8 * pen.scale, top - side + pen.body * 2)
    for line in pen.wrapped(facts.link, pen.body, room=room):
        shift = (room - len(line) * FIXED_PITCH * pen.body) / 2 if pen.narrow else 0
        pen.text(line, pen.body, font="C", indent=max(shift, 0), gap=3)
    pen.y = min(pen.y, top - side) if not pen.narrow else pen.y


def _heading(pen: Pen, words: str) -> None:
    """White on black: it is found from afar."""
    size = pen.body * (1.0 if pen.narrow else 0.95)
    height = size * 1.6
    pen.y -= height + (8 if pen.narrow else 12) * pen.scale
    pen.box(pen.left, pen.y, pen.right - pen.left, height)
    pen.operators.append("1 g\n")
    keep = pen.y
    pen.y += height - size * 0.22
    pen.text(words, size, font="B", indent=size * 0.6, advance=False)
    pen.operators.append("0 g\n")
    pen.y = keep - (4 if pen.narrow else 6) * pen.scale


def _codes(pen: Pen, codes: Sequence[CodeLine]) -> None:
    size = pen.body
    radius = size * (0.19 if pen.right - pen.left < SMALL else 0.24)
    step = radius * 2.9
    column = max(code.blinks for code in codes) * step + size * 0.8
    room = pen.right - pen.left
    for code in codes:
        words = code.words[:1].upper() + code.words[1:]
        first = pen.wrapped(words, size, column, by=PROPORTIONAL, room=room)
        for number in range(code.blinks):
            pen.disc(pen.left + radius + number * step, pen.y - size * 0.66, radius)
        if not pen.narrow and len(first) == 1:
            pen.text(words, size, font="B", indent=column, advance=False)
            pen.text(code.remedy, size, indent=column + 190 * pen.scale, gap=4 * pen.scale)
            continue
        for line in first:
            pen.text(line, size, font="B", indent=column, gap=2)
        for line in pen.wrapped(code.remedy, size, column, by=PROPORTIONAL, room=room):
            pen.text(line, size, indent=column, gap=2)
        pen.y -= 2


def _gesture(pen: Pen, gesture: str, meaning: str) -> None:
    size = pen.body
    if pen.narrow:
        pen.text(gesture, size, font="B", gap=2)
        for line in pen.wrapped(meaning, size, by=PROPORTIONAL):
            pen.text(line, size, gap=2)
        pen.y -= 2
        return
    column = 150 * pen.scale
    for number, line in enumerate(pen.wrapped(meaning, size, column, by=PROPORTIONAL)):
        if number == 0:
            pen.text(gesture, size, font="B", advance=False)
        pen.text(line, size, indent=column, gap=4 * pen.scale)
