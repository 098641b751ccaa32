"""The state of an ESC/POS interpreter and how it takes bytes and moves paper; the commands themselves stand elsewhere.

Owns the input (bounded: a command takes what it needs as it comes, nothing is stored up), the print modes, the line,
the roll. Commands are coroutines over this state: they yield effects, and None where they need more bytes.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from tympan_sim.decoder import Effect, Motion
from tympan_sim.escpos_font import Bits, CellCache, CellStyle
from tympan_sim.escpos_line import PrintLine
from tympan_sim.escpos_roll import ROWS_MAX, Roll
from tympan_sim.models import UM_PER_INCH, EscPosTraits, PrinterModel

T = TypeVar("T")
Step = Generator[Effect | None, None, T]
"""A part of the interpreter: yields what happens, None to wait for input, returns a value."""

FEED_STEP_DOTS = 96
"""Longest single feed: a fault can stop paper between two steps."""

IMPACT_PINS = 9
"""Rows an impact head covers in one pass: a line no higher needs no feed of its own, the next may print over it."""

_TEXT = re.compile(rb"[\x20-\xff]+")
_TEXT_RUN_MAX = 2048


@dataclass(slots=True)
class Modes:
    """What ``ESC @`` sets back.

    Attributes:
        font: 0 is A, 1 is B.
        bold: ``ESC E``.
        double_strike: ``ESC G``.
        underline_dots: ``ESC -``.
        width_times: ``GS !``.
        height_times: ``GS !``.
        reverse: ``GS B``.
        upside_down: ``ESC {``.
        rotated: ``ESC V``.
        red: ``ESC r``.
        spacing: ``ESC SP``, units.
        justification: ``ESC a``.
        code_page: ``ESC t``.
        national: ``ESC R``.
        line_spacing: ``ESC 3`` in units, None after ``ESC 2``.
        tabs: Tab stops in dots from the left margin.
        left_margin: ``GS L`` in dots.
        area_width: ``GS W`` in dots, None: all there is.
        units: ``GS P``: motion units an inch, across and along.
        multibyte: Two-byte characters are on (``FS &``).
        bar_code_height: ``GS h``.
        bar_code_width: ``GS w``.
        bar_code_text: ``GS H``: 0 none, 1 above, 2 below, 3 both.
        bar_code_font: ``GS f``.
        user_characters: ``ESC %``: those of ``ESC &`` are printed.
        defined: The characters of ``ESC &``, by font and byte.
    """

    font: int = 0
    bold: bool = False
    double_strike: bool = False
    underline_dots: int = 0
    width_times: int = 1
    height_times: int = 1
    reverse: bool = False
    upside_down: bool = False
    rotated: bool = False
    red: bool = False
    spacing: int = 0
    justification: int = 0
    code_page: int = 0
    national: int = 0
    line_spacing: int | None = None
    tabs: tuple[int, ...] = ()
    left_margin: int = 0
    area_width: int | None = None
    units: tuple[int, int] = (203, 203)
    multibyte: bool = False
    bar_code_height: int = 162
    bar_code_width: int = 3
    bar_code_text: int = 0
    bar_code_font: int = 0
    user_characters: bool = False
    defined: dict[tuple[int, int], Bits] = field(default_factory=dict)


class Core:
    """One interpreter's state.

    Attributes:
        model: Whose commands it understands.
        traits: The ESC/POS part of `model`.
        modes: The print modes.
        line: The line buffer.
        roll: The paper.
        status: What the printer last said of itself.
        automatic_mask: ``GS a``.
    """

    def __init__(self, model: PrinterModel) -> None:
        self.model = model
        self.traits: EscPosTraits = model.escpos
        left = (self.traits.paper_width_dots - self.traits.print_width_dots) // 2
        self.roll = Roll(
            self.traits.paper_width_dots,
            left,
            self.traits.print_width_dots,
            self.traits.cutter_distance_dots,
            model.dpi,
        )
        self.cells = CellCache()
        self.status: dict[str, bool] = {}
        self.automatic_mask = 0
        self.selected = True
        self._input = bytearray()
        self._position = 0
        self._unfreed = 0
        self._feed_remainder = 0
        self._um_remainder = 0
        self.modes = Modes()
        self.line = PrintLine(self.traits.print_width_dots)
        self.initialize()

    def initialize(self) -> None:
        """Set all modes to what they are after power-up and empty the line buffer."""
        width, _ = self.traits.fonts[0]
        self.modes = Modes(
            units=self.traits.unit_dpi,
            multibyte=bool(self.traits.multibyte),
            tabs=tuple(range(8 * width, self.traits.print_width_dots, 8 * width)),
        )
        self._feed_remainder = 0
        self.line = PrintLine(self.traits.print_width_dots)

    # --- input -------------------------------------------------------------------------------------------------------

    def give(self, data: bytes) -> None:
        """Append to the input."""
        if self._position:
            del self._input[: self._position]
            self._position = 0
        self._input += data

    def give_back(self, data: bytes) -> None:
        """Put bytes before what comes next: they are interpreted anew, as a printer does after a command it refused."""
        self._input[self._position : self._position] = data
        self._unfreed -= len(data)

    def take_unfreed(self) -> int:
        """Bytes read since this was last asked: what the step that follows frees of the receive buffer."""
        freed = max(self._unfreed, 0)
        self._unfreed -= freed
        return freed

    def available(self) -> int:
        """Bytes that wait."""
        return len(self._input) - self._position

    def byte(self) -> Step[int]:
        """Read one byte."""
        while self._position >= len(self._input):
            yield None
        value = self._input[self._position]
        self._position += 1
        self._unfreed += 1
        return value

    def word(self) -> Step[int]:
        """Read a 16-bit number, low byte first."""
        low = yield from self.byte()
        high = yield from self.byte()
        return low | high << 8

    def take(self, count: int) -> Step[bytes]:
        """Read exactly `count` bytes; only for counts that are bounded by a few kilobytes."""
        while self.available() < count:
            yield None
        return self._chunk(count)

    def some(self, most: int, multiple: int = 1) -> Step[bytes]:
        """Read what is there, at least `multiple` and at most `most` bytes, a multiple of `multiple`."""
        while self.available() < multiple:
            yield None
        count = min(self.available(), most)
        return self._chunk(count - count % multiple)

    def skip(self, count: int) -> Step[None]:
        """Read and forget `count` bytes, as they come."""
        while count > 0:
            count -= len((yield from self.some(count)))

    def text_run(self) -> bytes:
        """Read the printable bytes that wait, as far as they go; may be empty."""
        found = _TEXT.match(self._input, self._position, self._position + _TEXT_RUN_MAX)
        return self._chunk(found.end() - self._position) if found else b""

    def _chunk(self, count: int) -> bytes:
        chunk = bytes(self._input[self._position : self._position + count])
        self._position += count
        self._unfreed += count
        return chunk

    # --- paper -------------------------------------------------------------------------------------------------------

    def rows_of_units(self, units: int) -> int:
        """Turn vertical motion units into whole rows; what is left over is kept for the next feed."""
        self._feed_remainder += units * self.model.dpi[1]
        rows, self._feed_remainder = divmod(self._feed_remainder, self.modes.units[1])
        return rows

    def dots_of_units(self, units: int) -> int:
        """Turn horizontal motion units into dots."""
        return units * self.model.dpi[0] // self.modes.units[0]

    def line_rows(self) -> int:
        """Rows one line feed asks for."""
        if self.modes.line_spacing is None:
            return self.traits.line_spacing_dots
        return self.rows_of_units(self.modes.line_spacing)

    def advance(self, rows: int) -> Step[None]:
        """Feed paper by `rows`, in steps that a fault can come between."""
        while rows > 0:
            step = min(rows, FEED_STEP_DOTS, max(ROWS_MAX - self.roll.y, 1))
            rows -= step
            self.roll.advance(step)
            yield self._motion(step)
            if self.roll.too_long and (part := self.roll.split()) is not None:
                yield part

    def _motion(self, rows: int) -> Motion:
        self._um_remainder += rows * UM_PER_INCH
        length_um, self._um_remainder = divmod(self._um_remainder, self.model.dpi[1])
        return Motion(length_um, self.take_unfreed())

    def print_line(self, rows: int) -> Step[None]:
        """Print what is in the line buffer and feed by `rows`.

        Where the line is higher it feeds that much: a thermal head burns one row at a time, the paper has to pass it.
        """
        height = self.line.height
        modes = self.modes
        for red, plane in self.line.compose(modes.justification, upside_down=modes.upside_down):
            self.roll.paint_bits(plane, modes.left_margin, red=red and self.traits.two_colour)
        overprints = self.traits.overprints and height <= IMPACT_PINS
        yield from self.advance(rows if overprints else max(rows, height))
        self.refresh_line()

    def refresh_line(self) -> None:
        """Give the empty line the width that the margins leave."""
        room = max(self.traits.print_width_dots - self.modes.left_margin, 1)
        self.line.width = min(self.modes.area_width or room, room)

    def at_line_start(self) -> Step[bool]:
        """Make the line empty if the model does so by itself; return whether a command for whole lines is obeyed."""
        if self.line.empty:
            return True
        if self.traits.line_start_only:
            return False
        yield from self.print_line(self.line.height)
        return True

    # --- characters --------------------------------------------------------------------------------------------------

    def style(self, font: int | None = None) -> CellStyle:
        """The style the modes give a character."""
        modes = self.modes
        width, height = self.traits.fonts[modes.font if font is None else font]
        return CellStyle(
            width=width,
            height=height,
            bold=modes.bold or modes.double_strike,
            underline_dots=modes.underline_dots,
            reverse=modes.reverse,
            width_times=modes.width_times,
            height_times=modes.height_times,
            rotated=modes.rotated,
            spacing_dots=self.dots_of_units(modes.spacing),
        )

    def put(self, bits: Bits) -> Step[None]:
        """Put one character on the line; a full line is printed first."""
        if bits.shape[1] > self.line.room() and not self.line.empty:
            yield from self.print_line(self.line_rows())
        self.line.add(bits, red=self.modes.red)
