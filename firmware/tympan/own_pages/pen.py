"""A pen that draws downwards on a page as long as its content, or on one of a given length, and makes a PDF file of it.

It is made of the operators of ISO 32000 and the fonts every reader has, so that nothing has to be installed to make a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

POINTS_PER_HMM: Final = 72 / 2540
"""PDF points in a hundredth of a millimetre."""

NARROW_HMM: Final = 12_000
"""Paper up to this width gets the layout for receipts."""

SCALES: Final = (1.0, 0.85, 0.7, 0.55, 0.4)
"""On short paper all but the letters of stated size is drawn smaller, down to the last of these."""

FIXED_PITCH: Final = 0.6
"""How wide a character of the fixed-pitch font is, by its size."""

PROPORTIONAL: Final = 0.52
"""How wide one of the others is in ordinary words, rather more than less."""

CIRCLE: Final = 0.5523
"""How far the control points of a quarter of a circle are away, by its radius."""


class Pen:
    """Draws downwards from the top of a page; the top edge is 0, y goes up.

    Args:
        width_hmm: Width of the paper, hundredths of a millimetre.
        margin_hmm: Width of the edge that the printer cannot reach, at least.
        scale: Everything is drawn so much smaller, but letters of stated size.

    Attributes:
        narrow: The paper is a receipt's.
        left: Where content begins, points.
        right: Where it ends.
        y: Where the next thing goes.
        scale: As given.
        width: Width of the paper, points.
        margin: As given, points.
    """

    def __init__(self, width_hmm: int, margin_hmm: int, scale: float) -> None:
        self.scale = scale
        self.narrow = width_hmm <= NARROW_HMM
        self.width = width_hmm * POINTS_PER_HMM
        self.margin = margin_hmm * POINTS_PER_HMM
        edge = (4 if self.narrow else 36) * scale
        self.left = self.margin + edge
        self.right = self.width - self.left
        self.y = -self.margin - (10 if self.narrow else 44) * scale
        self.operators: list[str] = []

    @property
    def body(self) -> float:
        """Size of ordinary letters, points."""
        return (8.0 if self.narrow else 12.0) * self.scale

    @property
    def needed(self) -> float:
        """How long the paper has to be for what was drawn, points."""
        return -self.y + self.margin + (18 if self.narrow else 36) * self.scale

    def text(
        self,
        text: str,
        size: float,
        *,
        font: str = "H",
        indent: float = 0,
        gap: float = 0,
        advance: bool = True,
    ) -> None:
        """A line of text; `H` Helvetica, `B` bold, `C` Courier, `T` Times."""
        baseline = self.y - size
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self.operators.append(
            f"BT /{font} {size:g} Tf {self.left + indent:.2f} {baseline:.2f} Td ({escaped}) Tj ET\n"
        )
        if advance:
            self.y = baseline - gap

    def rule(self, width: float) -> None:
        """A line across."""
        self.y -= 5
        self.operators.append(f"{width} w {self.left:.2f} {self.y:.2f} m {self.right:.2f} {self.y:.2f} l S\n")
        self.y -= 4

    def box(self, x: float, y: float, width: float, height: float, grey: float = 0.0) -> None:
        """A filled rectangle; `x` and `y` are its lower left corner."""
        self.operators.append(f"{grey:.2f} g {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f 0 g\n")

    def frame(self, x: float, y: float, width: float, height: float, line: float = 0.5) -> None:
        """A rectangle that is not filled."""
        self.operators.append(f"0 G {line} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S\n")

    def line(self, x: float, y: float, to_x: float, to_y: float, width: float) -> None:
        """A line."""
        self.operators.append(f"{width} w {x:.2f} {y:.2f} m {to_x:.2f} {to_y:.2f} l S\n")

    def disc(self, x: float, y: float, radius: float) -> None:
        """A filled circle around a point."""
        r, c = radius, radius * CIRCLE
        self.operators.append(
            f"{x + r:.2f} {y:.2f} m "
            f"{x + r:.2f} {y + c:.2f} {x + c:.2f} {y + r:.2f} {x:.2f} {y + r:.2f} c "
            f"{x - c:.2f} {y + r:.2f} {x - r:.2f} {y + c:.2f} {x - r:.2f} {y:.2f} c "
            f"{x - r:.2f} {y - c:.2f} {x - c:.2f} {y - r:.2f} {x:.2f} {y - r:.2f} c "
            f"{x + c:.2f} {y - r:.2f} {x + r:.2f} {y - c:.2f} {x + r:.2f} {y:.2f} c f\n"
        )

    def modules(self, rows: Sequence[Sequence[bool]], x: float, y: float, side: float) -> None:
        """A square of dark and light fields, as a QR code; `x` and `y` are its upper left corner."""
        step = side / len(rows)
        parts = []
        for number, row in enumerate(rows):
            for begin, end in _runs(row):
                parts.append(
                    f"{x + begin * step:.3f} {y - (number + 1) * step:.3f} {(end - begin) * step:.3f} {step:.3f} re\n"
                )
        self.operators.append(f"0 g {''.join(parts)}f\n")

    def wrapped(
        self, text: str, size: float, indent: float = 0, *, by: float = FIXED_PITCH, room: float | None = None
    ) -> list[str]:
        """Lines that fit, where a character is `by` of its size wide; long words are cut."""
        width = (self.right - self.left if room is None else room) - indent
        fits = max(int(width / (by * size)), 8)
        lines: list[str] = [""]
        for word in text.split(" "):
            rest = word
            if lines[-1] and len(lines[-1]) + 1 + len(rest) <= fits:
                lines[-1] += f" {rest}"
                continue
            if lines[-1]:
                lines.append("")
            while len(rest) > fits:
                lines[-1] = rest[:fits]
                rest = rest[fits:]
                lines.append("")
            lines[-1] = rest
        return lines

    def fact(self, name: str, value: str, room: float | None = None) -> None:
        """A name, and what stands beside it, or below it on a receipt."""
        size = self.body
        if self.narrow:
            self.text(name, size - 1.5, gap=1)
            for line in self.wrapped(value, size, room=room):
                self.text(line, size, font="C", gap=3)
            self.y -= 1
            return
        column = 128 * self.scale
        for number, line in enumerate(self.wrapped(value, size, column, room=room)):
            if number == 0:
                self.text(name, size, advance=False)
            self.text(line, size, font="C", indent=column, gap=5)


def _runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """Where dark fields begin and end."""
    runs, begin = [], None
    for place, dark in enumerate((*row, False)):
        if dark and begin is None:
            begin = place
        elif not dark and begin is not None:
            runs.append((begin, place))
            begin = None
    return runs


def compose(
    draw: Callable[[Pen], None],
    width_hmm: int,
    length_hmm: int | None,
    margin_hmm: int,
    finish: Callable[[Pen, float], None] | None = None,
) -> bytes:
    """A PDF file of one page.

    Args:
        draw: Draws the content; called again with a smaller scale where it does not fit.
        width_hmm: Width of the paper, hundredths of a millimetre.
        length_hmm: Its length; None on a roll: as long as the content.
        margin_hmm: Width of the edge that the printer cannot reach, at least.
        finish: Draws what depends on the paper's height, points, once that is known.
    """
    available = None if length_hmm is None else length_hmm * POINTS_PER_HMM
    for scale in SCALES:
        pen = Pen(width_hmm, margin_hmm, scale)
        draw(pen)
        if available is None or pen.needed <= available:
            break
    height = pen.needed if available is None else available
    if finish is not None:
        finish(pen, height)
    content = f"1 0 0 1 0 {height:.2f} cm\n{''.join(pen.operators)}".encode("cp1252", "replace")
    return _pdf(pen.width, height, content)


FONTS: Final = {"H": "Helvetica", "B": "Helvetica-Bold", "C": "Courier", "T": "Times-Roman"}


def _pdf(width: float, height: float, content: bytes) -> bytes:
    """A PDF file of one page, ISO 32000-1 §7.5."""
    fonts = " ".join(
        f"/{key} << /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
        for key, name in FONTS.items()
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
