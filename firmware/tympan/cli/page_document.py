"""The test page: a PDF of one page that shows what a printer does, drawn to the size of its paper.

It is made of the operators of ISO 32000 and the fonts every reader has, so that nothing has to be installed to make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

POINTS_PER_HMM = 72 / 2540
"""PDF points in a hundredth of a millimetre."""

NARROW_HMM = 12_000
"""Paper up to this width gets the layout for receipts."""

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
    drawing = _Drawing(facts)
    return _pdf(drawing.width, drawing.height, drawing.content())


SCALES = (1.0, 0.85, 0.7, 0.55, 0.4)
"""On short paper all but the letters of stated size is drawn smaller, down to the last of these."""


class _Drawing:
    """Draws downwards from the top; the height of a roll's page is known when all is drawn."""

    def __init__(self, facts: PageFacts) -> None:
        self._facts = facts
        self._narrow = facts.width_hmm <= NARROW_HMM
        self._margin = facts.margin_hmm * POINTS_PER_HMM
        self.width = facts.width_hmm * POINTS_PER_HMM
        self._operators: list[str] = []
        self._y = 0.0
        available = None if facts.length_hmm is None else facts.length_hmm * POINTS_PER_HMM
        for self._scale in SCALES:
            edge = (4 if self._narrow else 36) * self._scale
            self._left = self._margin + edge
            self._right = self.width - self._left
            self._operators.clear()
            self._y = -self._margin - (10 if self._narrow else 44) * self._scale  # the top edge is 0
            self._draw()
            needed = -self._y + self._margin + (18 if self._narrow else 36) * self._scale
            if available is None or needed <= available:
                break
        self.height = needed if available is None else available

    def content(self) -> bytes:
        """The page's operators, with the origin moved to the top left corner."""
        self._corner_marks()
        return f"1 0 0 1 0 {self.height:.2f} cm\n{''.join(self._operators)}".encode("cp1252", "replace")

    @property
    def _body(self) -> float:
        return (8.0 if self._narrow else 12.0) * self._scale

    # --- what is on it --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        size = (20 if self._narrow else 44) * self._scale
        self._text(self._facts.title, size, font="B", gap=size * 0.3)  # the y and p reach 0.21 below the line
        for line in self._wrapped(self._facts.subtitle, self._body):
            self._text(line, self._body, gap=3)
        self._rule(1.0)
        for name, value in self._facts.facts:
            self._fact(name, value)
        self._rule(0.5)
        self._ramp()
        self._hairlines()
        self._letters()
        self._star()
        if self._facts.hints:
            self._rule(0.5)
        for hint in self._facts.hints:
            for line in self._wrapped(hint, self._body):
                self._text(line, self._body, font="C", gap=3)

    def _fact(self, name: str, value: str) -> None:
        size = self._body
        if self._narrow:
            self._text(name, size - 1.5, gap=1)
            for line in self._wrapped(value, size):
                self._text(line, size, font="C", gap=3)
            return
        column = 120 * self._scale
        for number, line in enumerate(self._wrapped(value, size, column)):
            if number == 0:
                self._text(name, size, advance=False)
            self._text(line, size, font="C", indent=column, gap=5)

    def _ramp(self) -> None:
        height = (14 if self._narrow else 44) * self._scale
        step = (self._right - self._left) / RAMP_STEPS
        self._y -= height + (4 if self._narrow else 12)
        for number in range(RAMP_STEPS):
            grey = 1 - number / (RAMP_STEPS - 1)
            x = self._left + number * step
            self._operators.append(f"{grey:.2f} g {x:.2f} {self._y:.2f} {step:.2f} {height:.2f} re f\n")
        self._operators.append(
            f"0 g 0 G 0.5 w {self._left:.2f} {self._y:.2f} {self._right - self._left:.2f} {height:.2f} re S\n"
        )
        self._y -= 6

    def _hairlines(self) -> None:
        widths = (0.25, 0.5, 1.0, 2.0)
        span = (self._right - self._left) / len(widths)
        self._y -= 6 if self._narrow else 14
        for number, width in enumerate(widths):
            x = self._left + number * span
            self._operators.append(
                f"{width} w {x:.2f} {self._y:.2f} m {x + span - 6:.2f} {self._y:.2f} l S\n"
            )
        self._y -= 4

    def _letters(self) -> None:
        self._text(ACCENTS, self._body + 2, gap=4)
        for size in (5, 6, 8) if self._narrow else (6, 8, 10, 12, 16):
            words = "Sphinx of black quartz" if self._narrow else "Sphinx of black quartz, judge my vow"
            self._text(f"{size} point: {words}", size, font="T", gap=3)

    def _star(self) -> None:
        """Lines that meet in a point: shows resolution, and whether the two directions have the same scale."""
        radius = (26 if self._narrow else 100) * self._scale
        self._y -= radius + (4 if self._narrow else 20)
        middle = (self._left + self._right) / 2
        self._operators.append("0.3 w\n")
        for x, y in _DIRECTIONS:
            self._operators.append(
                f"{middle + x * 4:.2f} {self._y + y * 4:.2f} m {middle + x * radius:.2f} {self._y + y * radius:.2f} l S\n"
            )
        self._y -= radius + (4 if self._narrow else 16)

    def _corner_marks(self) -> None:
        arm = 12 if self._narrow else 24
        inset = self._margin + 1
        corners = (
            (inset, -inset, 1, -1),
            (self.width - inset, -inset, -1, -1),
            (inset, inset - self.height, 1, 1),
            (self.width - inset, inset - self.height, -1, 1),
        )
        for x, y, right, up in corners:
            self._operators.append(
                f"1 w {x:.2f} {y + up * arm:.2f} m {x:.2f} {y:.2f} l {x + right * arm:.2f} {y:.2f} l S\n"
            )

    # --- how it is drawn ------------------------------------------------------------------------------------------------

    def _text(
        self,
        text: str,
        size: float,
        *,
        font: str = "H",
        indent: float = 0,
        gap: float = 0,
        advance: bool = True,
    ) -> None:
        baseline = self._y - size
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self._operators.append(
            f"BT /{font} {size:g} Tf {self._left + indent:.2f} {baseline:.2f} Td ({escaped}) Tj ET\n"
        )
        if advance:
            self._y = baseline - gap

    def _rule(self, width: float) -> None:
        self._y -= 5
        self._operators.append(
            f"{width} w {self._left:.2f} {self._y:.2f} m {self._right:.2f} {self._y:.2f} l S\n"
        )
        self._y -= 4

    def _wrapped(self, text: str, size: float, indent: float = 0) -> list[str]:
        """Lines that fit in the fixed-pitch font, whose characters are 0.6 of its size wide; long words are cut."""
        room = max(int((self._right - self._left - indent) / (0.6 * size)), 8)
        lines: list[str] = [""]
        for word in text.split(" "):
            rest = word
            if lines[-1] and len(lines[-1]) + 1 + len(rest) <= room:
                lines[-1] += f" {rest}"
                continue
            if lines[-1]:
                lines.append("")
            while len(rest) > room:
                lines[-1] = rest[:room]
                rest = rest[room:]
                lines.append("")
            lines[-1] = rest
        return lines


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

_FONTS = {"H": "Helvetica", "B": "Helvetica-Bold", "C": "Courier", "T": "Times-Roman"}


def _pdf(width: float, height: float, content: bytes) -> bytes:
    """A PDF file of one page, ISO 32000-1 §7.5."""
    fonts = " ".join(
        f"/{key} << /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
        for key, name in _FONTS.items()
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.2f} {height:.2f}] /Contents 4 0 R "
            f"/Resources << /Font << {fonts} >> >> >>"
        ).encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
    ]
    parts = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    table_at = sum(map(len, parts))
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    parts += [b"%010d 00000 n \n" % offset for offset in offsets]
    parts.append(
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table_at)
    )
    return b"".join(parts)
