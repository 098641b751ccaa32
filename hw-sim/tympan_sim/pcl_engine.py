"""The PCL interpreter's page: where the cursor is, what the margins are, what is marked, when a page ends.

Owns the modified print environment of PCL 5 and the marking of text, rectangles and raster on the page. Coordinates
are 1/7200 inch in the frame of the logical page: x from its left edge, y from its top edge (the manual counts y from the
top margin; commands add it). Rules are those of Hewlett-Packard's *PCL 5 Printer Language Technical Reference Manual*,
by chapter: 4 job control, 5 page control, 6 cursor, 14 rectangles, 15 raster.

What moves a page: ``ESC & l # U`` and ``Z`` are absolute from the default place, right and down on the sheet as one
looks at the side being printed, with these exceptions of chapter 4: on the back of a sheet bound at its long edge U
counts to the left, on the back of one bound at its short edge Z counts upwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from tympan_sim.decoder import Effect
from tympan_sim.pcl_media import (
    PAPER_SIZES,
    PJL_PAPER,
    UNITS_PER_INCH,
    Frame,
    PaperSize,
    custom_size,
    frame_of,
)
from tympan_sim.pcl_page import Dots, PageBitmap
from tympan_sim.pcl_press import SHEETS_MAX, Press
from tympan_sim.pcl_raster import Raster, turned_corner
from tympan_sim.pcl_text import FontChoice, glyph
from tympan_sim.pjl import Pjl

_HALF_INCH = UNITS_PER_INCH / 2
_DECIPOINT = UNITS_PER_INCH / 720
_LINE_DEFAULT = UNITS_PER_INCH / 6
STACK_MAX = 20

_ORDER_8 = np.array(
    [
        [0, 32, 8, 40, 2, 34, 10, 42],
        [48, 16, 56, 24, 50, 18, 58, 26],
        [12, 44, 4, 36, 14, 46, 6, 38],
        [60, 28, 52, 20, 62, 30, 54, 22],
        [3, 35, 11, 43, 1, 33, 9, 41],
        [51, 19, 59, 27, 49, 17, 57, 25],
        [15, 47, 7, 39, 13, 45, 5, 37],
        [63, 31, 55, 23, 61, 29, 53, 21],
    ]
)
_SHADES = ((2, 2), (10, 10), (20, 20), (35, 35), (55, 55), (80, 80), (99, 99), (100, 100))
"""Shading levels of chapter 14: up to which pattern id, and how black in percent (the dot patterns are our own)."""

_HATCHES: tuple[tuple[int, ...], ...] = (
    (0xFF, 0, 0, 0, 0, 0, 0, 0),
    (0x80,) * 8,
    (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80),
    (0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01),
    (0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    (0x81, 0x42, 0x24, 0x18, 0x18, 0x24, 0x42, 0x81),
)

SOLID: Dots = np.full(8, 0xFF, np.uint8)


def shade(percent: int) -> Dots | None:
    """Return the tile of a shading pattern id, None for 0."""
    for highest, black in _SHADES:
        if 0 < percent <= highest:
            return np.packbits((black * 64 > 100 * _ORDER_8).astype(np.uint8), axis=1)[:, 0]
    return None


def hatch(number: int) -> Dots | None:
    """Return the tile of a cross-hatch pattern, None where there is none of the number."""
    return np.array(_HATCHES[number - 1], np.uint8) if 1 <= number <= len(_HATCHES) else None


@dataclass(frozen=True, slots=True)
class Engine:
    """What the print engine of this printer is.

    Attributes:
        dpi: Its dots an inch.
        paper: What lies in its tray.
        unprintable_um: Margin it cannot mark at each edge, micrometres.
        clip_to_logical_page: As of :class:`~tympan_sim.pcl_raster.Raster`.
    """

    dpi: int
    paper: PaperSize
    unprintable_um: int
    clip_to_logical_page: bool = False


class Environment:
    """The state that ``ESC E`` resets, and the page in work."""

    def __init__(self, engine: Engine, pjl: Pjl) -> None:
        self.engine = engine
        self.pjl = pjl
        self.press = Press(pjl, engine.paper.name)
        self.raster = Raster(self.page, clip_to_logical_page=engine.clip_to_logical_page)
        self._page: PageBitmap | None = None
        self.marked = False
        self.reset_state()

    # --- resets ------------------------------------------------------------------------------------------------------

    def reset_state(self) -> None:
        """Take the job language's environment over; the page must have ended."""
        current = self.pjl.current
        self.dpi = min(int(current["RESOLUTION"]), self.engine.dpi)
        if self.engine.dpi % self.dpi:
            self.dpi = self.engine.dpi
        code = PJL_PAPER.get(current["PAPER"])
        self.size = self.engine.paper if code is None else PAPER_SIZES[code]
        self.custom_um = [self.engine.paper.width_um, self.engine.paper.length_um]
        self.duplex = 0
        if current["DUPLEX"] == "ON":
            self.duplex = 2 if current["BINDING"] == "SHORTEDGE" else 1
        self.copies = int(current["COPIES"])
        self.source = "2" if current["MANUALFEED"] == "ON" else "7"
        self.orientation = 1 if current["ORIENTATION"] == "LANDSCAPE" else 0
        self.direction = 0
        self.left_offset = 0.0
        self.top_offset = 0.0
        self.unit = UNITS_PER_INCH / 300
        self.fonts = [FontChoice(), FontChoice()]
        self.font_index = 0
        self.hmi = self.font.advance
        self.vmi = _LINE_DEFAULT
        self.perforation_skip = True
        self.line_termination = 0
        self.wrap = False
        self.rectangle = [0.0, 0.0]
        self.pattern_id = 0
        self.current_pattern = 0
        self.stack: list[tuple[float, float]] = []
        self.raster.reset(self.dpi)
        self._new_frame()
        self.default_margins()
        self.home()

    @property
    def font(self) -> FontChoice:
        """The font in use: the primary or, after shift out, the secondary."""
        return self.fonts[self.font_index]

    def _new_frame(self) -> None:
        across, along = self.left_offset * _DECIPOINT, self.top_offset * _DECIPOINT
        if self.press.on_back:
            across, along = (-across, along) if self.duplex == 1 else (across, -along)
        self.frame: Frame = frame_of(
            self.size, orientation=self.orientation, direction=self.direction, shift=(across, along)
        )

    def default_margins(self) -> None:
        """Left and right at the logical page, half an inch at top and bottom."""
        self.left, self.right = 0.0, self.frame.width
        self.top = _HALF_INCH if self.frame.height > _HALF_INCH else 0.0
        self._default_text_length()

    def _default_text_length(self) -> None:
        rest = self.frame.height - self.top
        self.text_length = rest - _HALF_INCH if rest > _HALF_INCH else rest

    def home(self) -> None:
        """The cursor goes to the left margin, three quarters of a line below the top margin."""
        self.x, self.y = self.left, self.first_line
        self.moved = False

    @property
    def first_line(self) -> float:
        """Where the first line's characters stand."""
        return self.top + 0.75 * self.vmi

    # --- pages -------------------------------------------------------------------------------------------------------

    def page(self) -> PageBitmap:
        """Return the page in work, beginning it where there is none."""
        if self._page is None:
            width, height = self.size.dots(self.dpi)
            margin = ceil(self.engine.unprintable_um * self.dpi / 25_400)
            self._page = PageBitmap(width, height, margin)
        return self._page

    def end_page(self, *, always: bool = False) -> Iterator[Effect]:
        """End the page: where something was marked on it, or `always`."""
        self.end_raster()
        if not (self.marked or always):
            return
        page = self.page()
        self._page = None
        self.marked = False
        yield from self.press.side_done(
            page, self.size, duplex=self.duplex, source=self.source, copies=self.copies, dpi=self.dpi
        )
        self._new_frame()

    def end_sheet(self) -> Iterator[Effect]:
        """End the page and let the sheet come out, its back unprinted where it was not begun."""
        yield from self.end_page()
        yield from self.press.eject()
        self._new_frame()

    def reset(self) -> Iterator[Effect]:
        """``ESC E``, and the end of a job or of the language."""
        yield from self.end_sheet()
        self.reset_state()

    # --- page control (chapters 4 and 5) -----------------------------------------------------------------------------

    def set_size(self, size: PaperSize) -> Iterator[Effect]:
        """Another sheet, or the same once more: what is on the page comes out, and margins are the default ones."""
        yield from self.end_sheet()
        self.size = size
        self.direction = 0
        self._new_frame()
        self.default_margins()
        self.home()

    def set_custom_size(self) -> Iterator[Effect]:
        """``ESC & l 101 A``: the size of ``ESC & f # I`` and ``J``."""
        return self.set_size(custom_size(*self.custom_um))

    def set_source(self, number: int) -> Iterator[Effect]:
        """``ESC & l # H``: 0 lets the sheet come out, another number takes the next one from that tray."""
        yield from self.end_sheet()
        self.home()
        if number:
            self.source = str(number)

    def set_duplex(self, value: int) -> Iterator[Effect]:
        """``ESC & l # S``."""
        yield from self.end_sheet()
        self.duplex = value
        self._new_frame()
        self.home()

    def select_side(self, value: int) -> Iterator[Effect]:
        """``ESC & a # G``: what is on the page comes out; on to the next side (0), a front (1) or a back (2)."""
        yield from self.end_page(always=value == 0)
        if value == 1 or not self.duplex:
            yield from self.press.eject()
        elif value == 2 and not self.press.on_back:
            yield from self.end_page(always=True)
        self._new_frame()
        self.home()

    def set_copies(self, number: int) -> None:
        """``ESC & l # X``; 0 and less are no number of copies."""
        if number > 0:
            self.copies = min(number, SHEETS_MAX)

    def set_orientation(self, value: int) -> Iterator[Effect]:
        """``ESC & l # O``: nothing where it is the same."""
        if value == self.orientation or value not in range(4):
            return
        yield from self.end_page()
        self.orientation = value
        self.direction = 0
        self._new_frame()
        self.hmi, self.vmi = self.font.advance, _LINE_DEFAULT
        self.default_margins()
        self.home()

    def set_offsets(self, *, left: float | None = None, top: float | None = None) -> None:
        """``ESC & l # U`` and ``Z``, decipoints: the logical page moves, nothing in it does."""
        self.left_offset = self.left_offset if left is None else left
        self.top_offset = self.top_offset if top is None else top
        self._new_frame()

    def set_direction(self, degrees: int) -> None:
        """``ESC & a # P``: margins and cursor stay where they are on the sheet."""
        if degrees not in (0, 90, 180, 270):
            return
        before = self.frame
        corners = [
            before.on_sheet(self.left, self.top),
            before.on_sheet(self.right, self.top + self.text_length),
        ]
        cursor = before.on_sheet(self.x, self.y)
        self.direction = degrees // 90
        self._new_frame()
        (x0, y0), (x1, y1) = (self.frame.from_sheet(*corner) for corner in corners)
        self.left, self.right = min(x0, x1), max(x0, x1)
        self.top, self.text_length = min(y0, y1), abs(y1 - y0)
        self.x, self.y = self.frame.from_sheet(*cursor)

    def set_top_margin(self, lines: float) -> None:
        """``ESC & l # E``; ignored beyond the page, and where lines have no height."""
        margin = lines * self.vmi
        if lines < 0 or not self.vmi or margin > self.frame.height:
            return
        self.top = margin
        self._default_text_length()
        if not self.marked and not self.moved:
            self.y = self.first_line

    def set_text_length(self, lines: float) -> None:
        """``ESC & l # F``."""
        length = lines * self.vmi
        if lines >= 0 and self.vmi and self.top + length <= self.frame.height:
            self.text_length = length

    def set_perforation_skip(self, value: int) -> None:
        """``ESC & l # L``."""
        if value in (0, 1):
            self.perforation_skip = bool(value)

    def set_left_margin(self, columns: float) -> None:
        """``ESC & a # L``."""
        margin = columns * self.hmi
        if 0 <= margin < self.right:
            self.left = margin
            self.x = max(self.x, margin)

    def set_right_margin(self, columns: float) -> None:
        """``ESC & a # M``: the right edge of the column."""
        margin = min((columns + 1) * self.hmi, self.frame.width)
        if margin > self.left:
            self.right = margin
            self.x = min(self.x, margin)

    # --- the cursor (chapter 6) --------------------------------------------------------------------------------------

    def move(self, *, x: float | None = None, y: float | None = None) -> None:
        """Go to a place of the logical page, held within it."""
        if x is not None:
            self.x = min(max(x, 0.0), self.frame.width)
        if y is not None:
            self.y = min(max(y, 0.0), self.frame.height)
        self.moved = True

    def push_or_pop(self, value: int) -> None:
        """``ESC & f # S``: 0 keeps the cursor on a stack, 1 takes it back."""
        if value == 0 and len(self.stack) < STACK_MAX:
            self.stack.append((self.x, self.y))
        elif value == 1 and self.stack:
            x, y = self.stack.pop()
            self.move(x=x, y=y)

    def carriage_return(self) -> Iterator[Effect]:
        """CR."""
        self.x = self.left
        self.moved = True
        if self.line_termination in (1, 3):
            yield from self.line_feed(1)

    def line_feed(self, lines: float = 1, *, carriage: bool = False) -> Iterator[Effect]:
        """LF: down a line, to the next page where the text area or the page ends."""
        if carriage and self.line_termination in (2, 3):
            self.x = self.left
        self.moved = True
        y = self.y + lines * self.vmi
        end = self.top + self.text_length if self.perforation_skip else self.frame.height
        if y > end:
            yield from self.end_page(always=True)
            self.y = self.first_line
        else:
            self.y = y

    def form_feed(self) -> Iterator[Effect]:
        """FF: the page ends, marked or not; the cursor keeps its column."""
        yield from self.end_page(always=True)
        if self.line_termination in (2, 3):
            self.x = self.left
        self.y = self.first_line
        self.moved = False

    # --- marks -------------------------------------------------------------------------------------------------------

    def text(self, codes: bytes) -> Iterator[Effect]:
        """Print characters, a space for each that the symbol set lacks."""
        font = self.font
        for code in codes:
            if self.x + self.hmi > self.right + 1 and self.x <= self.right:
                if not self.wrap:
                    self.x = self.right
                    continue
                self.x = self.left
                yield from self.line_feed()
            character = font.character(code)
            if character not in " \xa0":
                self._stamp(character)
            self.move(x=self.x + self.hmi)

    def _stamp(self, character: str) -> None:
        self.marked = True
        drawn = glyph(self.font, character, self.dpi)
        height, width = drawn.dots.shape
        if not width:
            return
        scale = self.dpi / UNITS_PER_INCH
        x, y = self.frame.on_sheet(self.x, self.y)
        across, down = drawn.left, -drawn.above
        turn = self.frame.turn
        offset = ((across, down), (down, -across), (-across, -down), (-down, across))[turn]
        left, top = turned_corner(
            turn, round(x * scale) + offset[0], round(y * scale) + offset[1], width, height
        )
        self.page().mark_dots(np.rot90(drawn.dots, turn), left, top, erase=self.current_pattern == 1)

    def fill_rectangle(self, kind: int) -> bool:
        """``ESC * c # P``: from the cursor right and down; returns whether the fill is known."""
        tiles = {0: SOLID, 1: SOLID, 2: shade(self.pattern_id), 3: hatch(self.pattern_id)}
        if kind == 5:
            kind = self.current_pattern
        if kind not in tiles:
            return False
        tile = tiles[kind]
        width, height = (ceil(side * self.dpi / UNITS_PER_INCH - 1e-6) for side in self.rectangle)
        if tile is None or width <= 0 or height <= 0:
            return True
        x, y = self.frame.on_sheet(self.x, self.y)
        scale = self.dpi / UNITS_PER_INCH
        left, top = turned_corner(self.frame.turn, round(x * scale), round(y * scale), width, height)
        if self.frame.turn % 2:
            width, height = height, width
        self.marked = True
        self.page().fill(left, top, width, height, tile, erase=kind == 1)
        return True

    # --- raster (chapter 15) -----------------------------------------------------------------------------------------

    def start_raster(self, mode: int) -> None:
        """``ESC * r # A``; nothing while an image is being sent."""
        if self.raster.active:
            return
        self.raster.white = self.current_pattern == 1
        sheet = (float(self.size.width_units), float(self.size.length_units))
        self.raster.start(self.frame, self.direction, (self.x, self.y), sheet, mode)

    def raster_row(self, data: bytes) -> None:
        """``ESC * b # W``; begins an image at the left graphics margin as it stands where there is none."""
        if not self.raster.active:
            self.start_raster(-1)
        self.marked = True
        self.raster.row(data)

    def raster_plane(self, data: bytes) -> None:
        """``ESC * b # V``."""
        if not self.raster.active:
            self.start_raster(-1)
        self.marked = True
        self.raster.plane(data)

    def end_raster(self, *, method: bool = False, margin: bool = False) -> None:
        """``ESC * r B`` and, with both flags, ``ESC * r C``; any other command implies the first."""
        cursor = self.raster.end(self.frame, method=method, margin=margin)
        if cursor is not None:
            self.move(x=cursor[0], y=cursor[1])
