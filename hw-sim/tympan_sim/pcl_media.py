"""Paper sizes and the geometry of a PCL page: where the logical page lies on the sheet.

Owns the codes of ``ESC & l # A``, the names PJL has for the same sizes, and the turn from the page's own coordinates to
dots of the sheet. The numbers are those of Hewlett-Packard's *PCL 5 Printer Language Technical Reference Manual*
(chapters 2 and 5), which counts at 300 dots an inch: the logical page is as long as the sheet, and stands back from
its left and right edges by 75 dots (60 in landscape) on inch sizes and 71 (59) on metric ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

UNITS_PER_INCH = 7200
"""The interpreter's own unit: every unit a PCL command knows is a whole number of these or a decimal of one."""

UM_PER_INCH = 25_400
_UNITS_PER_DOT_300 = UNITS_PER_INCH // 300

WIDTH_MAX_UM = 330_200
LENGTH_MAX_UM = 558_800
"""The largest sheet: 13 by 22 inches, a little more than A3 with bleed."""

SIDE_MIN_UM = 50_800


@dataclass(frozen=True, slots=True)
class PaperSize:
    """One size of sheet as it lies in the tray, short edge across.

    Attributes:
        name: PWG 5101.1 self-describing name.
        width_um: Across, micrometres.
        length_um: Along, micrometres.
        portrait_offset: How far the logical page stands back from the left and right edge, 1/7200 inch.
        landscape_offset: The same in landscape, from the sheet's bottom and top edge.
    """

    name: str
    width_um: int
    length_um: int
    portrait_offset: int
    landscape_offset: int

    @property
    def width_units(self) -> int:
        """Across, 1/7200 inch."""
        return round(self.width_um * UNITS_PER_INCH / UM_PER_INCH)

    @property
    def length_units(self) -> int:
        """Along, 1/7200 inch."""
        return round(self.length_um * UNITS_PER_INCH / UM_PER_INCH)

    def dots(self, dpi: int) -> tuple[int, int]:
        """Width and length in dots, rounded to the nearest."""
        return round(self.width_um * dpi / UM_PER_INCH), round(self.length_um * dpi / UM_PER_INCH)


def _offsets(*, inch_size: bool) -> tuple[int, int]:
    portrait, landscape = (75, 60) if inch_size else (71, 59)
    return portrait * _UNITS_PER_DOT_300, landscape * _UNITS_PER_DOT_300


def _size(name: str, width_um: int, length_um: int) -> PaperSize:
    return PaperSize(name, width_um, length_um, *_offsets(inch_size=name.startswith("na_")))


PAPER_SIZES: Mapping[int, PaperSize] = {
    1: _size("na_executive_7.25x10.5in", 184_150, 266_700),
    2: _size("na_letter_8.5x11in", 215_900, 279_400),
    3: _size("na_legal_8.5x14in", 215_900, 355_600),
    6: _size("na_ledger_11x17in", 279_400, 431_800),
    15: _size("na_invoice_5.5x8.5in", 139_700, 215_900),
    24: _size("iso_a6_105x148mm", 105_000, 148_000),
    25: _size("iso_a5_148x210mm", 148_000, 210_000),
    26: _size("iso_a4_210x297mm", 210_000, 297_000),
    27: _size("iso_a3_297x420mm", 297_000, 420_000),
    45: _size("jis_b5_182x257mm", 182_000, 257_000),
    46: _size("jis_b4_257x364mm", 257_000, 364_000),
    71: _size("jpn_hagaki_100x148mm", 100_000, 148_000),
    72: _size("jpn_oufuku_148x200mm", 148_000, 200_000),
    78: _size("na_index-3x5_3x5in", 76_200, 127_000),
    80: _size("na_monarch_3.875x7.5in", 98_425, 190_500),
    81: _size("na_number-10_4.125x9.5in", 104_775, 241_300),
    90: _size("iso_dl_110x220mm", 110_000, 220_000),
    91: _size("iso_c5_162x229mm", 162_000, 229_000),
    100: _size("iso_b5_176x250mm", 176_000, 250_000),
}
"""``ESC & l # A``: every size by its number; 101 is the custom size, see `custom_size`."""

CUSTOM_SIZE_CODE = 101

_BY_NAME = {size.name: size for size in PAPER_SIZES.values()}

PJL_PAPER: Mapping[str, int] = {
    "EXECUTIVE": 1,
    "LETTER": 2,
    "LEGAL": 3,
    "LEDGER": 6,
    "STATEMENT": 15,
    "A6": 24,
    "A5": 25,
    "A4": 26,
    "A3": 27,
    "JISB5": 45,
    "JISB4": 46,
    "JPOST": 71,
    "JPOSTD": 72,
    "MONARCH": 80,
    "COM10": 81,
    "DL": 90,
    "C5": 91,
    "B5": 100,
}
"""``@PJL SET PAPER``: the same sizes as PJL calls them."""

PJL_MEDIA_CODE: Mapping[str, int] = {
    "na_letter_8.5x11in": 2,
    "na_legal_8.5x14in": 3,
    "iso_a4_210x297mm": 4,
    "na_executive_7.25x10.5in": 5,
    "na_ledger_11x17in": 6,
    "iso_a3_297x420mm": 7,
    "na_number-10_4.125x9.5in": 8,
    "na_monarch_3.875x7.5in": 9,
    "iso_c5_162x229mm": 10,
    "iso_dl_110x220mm": 11,
    "jis_b4_257x364mm": 12,
    "jis_b5_182x257mm": 13,
    "iso_b5_176x250mm": 14,
    "jpn_hagaki_100x148mm": 16,
    "iso_a5_148x210mm": 18,
}
"""The last two digits of a 41xyy status code: which size the empty tray should hold (PJL reference, appendix D)."""


def custom_size(width_um: int, length_um: int) -> PaperSize:
    """Return a sheet of any size, held within what fits through the printer."""
    width_um = min(max(width_um, SIDE_MIN_UM), WIDTH_MAX_UM)
    length_um = min(max(length_um, SIDE_MIN_UM), LENGTH_MAX_UM)
    name = f"custom_{width_um / 1000:g}x{length_um / 1000:g}mm"
    return PaperSize(name, width_um, length_um, *_offsets(inch_size=True))


_DIMENSIONS = re.compile(r"_(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm|in)$")


def size_by_name(name: str) -> PaperSize:
    """Return the sheet of a PWG 5101.1 self-describing name.

    Raises:
        ValueError: The name does not say its size, or the size does not fit through the printer.
    """
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    found = _DIMENSIONS.search(name)
    if found is None:
        raise ValueError(f"{name!r} does not say how large the paper is")
    factor = 1000 if found[3] == "mm" else UM_PER_INCH
    width_um, length_um = round(float(found[1]) * factor), round(float(found[2]) * factor)
    if not (SIDE_MIN_UM <= width_um <= WIDTH_MAX_UM and SIDE_MIN_UM <= length_um <= LENGTH_MAX_UM):
        raise ValueError(f"{name!r} does not fit through the printer")
    return PaperSize(name, width_um, length_um, *_offsets(inch_size=found[3] == "in"))


def size_of_length(units: float) -> PaperSize | None:
    """Return the size ``ESC & l # P`` means by a length, 1/7200 inch: the first that is as long to 1/24 inch.

    The command is from before there was a page size command; the manual keeps it for Letter, Legal, A4, Executive.
    """
    for code in (2, 26, 3, 1, 27, 6):
        size = PAPER_SIZES[code]
        if abs(size.length_units - units) <= UNITS_PER_INCH / 24:
            return size
    return None


@dataclass(frozen=True, slots=True)
class Frame:
    """The logical page in one print direction, and how its points lie on the sheet.

    A point (x, y) of the frame, from its upper left corner, goes to the sheet by a quarter turn and a shift.

    Attributes:
        turn: Quarter turns counter-clockwise: the orientation and the print direction together, 0 to 3.
        width: Of the logical page in this direction, 1/7200 inch.
        height: As above.
        x0: Where the corner (0, 0) lies on the sheet, from its left edge, 1/7200 inch.
        y0: From its top edge.
    """

    turn: int
    width: float
    height: float
    x0: float
    y0: float

    def on_sheet(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the frame lies on the sheet."""
        if self.turn == 0:
            return self.x0 + x, self.y0 + y
        if self.turn == 1:
            return self.x0 + y, self.y0 - x
        if self.turn == 2:
            return self.x0 - x, self.y0 - y
        return self.x0 - y, self.y0 + x

    def from_sheet(self, x: float, y: float) -> tuple[float, float]:
        """Return the frame's coordinates of a point of the sheet."""
        x, y = x - self.x0, y - self.y0
        if self.turn == 0:
            return x, y
        if self.turn == 1:
            return -y, x
        if self.turn == 2:
            return -x, -y
        return y, -x


def frame_of(size: PaperSize, *, orientation: int, direction: int, shift: tuple[float, float]) -> Frame:
    """Return the frame of a logical page.

    Args:
        size: The sheet.
        orientation: ``ESC & l # O``, 0 to 3: portrait, landscape, and each turned by 180 degrees.
        direction: ``ESC & a # P`` in quarter turns, 0 to 3.
        shift: How far the registration commands moved the logical page right and down on the sheet, 1/7200 inch.
    """
    turn = (orientation + direction) % 4
    sheet_width, sheet_length = size.width_units, size.length_units
    across = size.portrait_offset if orientation % 2 == 0 else 0
    along = 0 if orientation % 2 == 0 else size.landscape_offset
    left, right = across + shift[0], sheet_width - across + shift[0]
    top, bottom = along + shift[1], sheet_length - along + shift[1]
    width, height = (right - left, bottom - top) if turn % 2 == 0 else (bottom - top, right - left)
    x0, y0 = ((left, top), (left, bottom), (right, bottom), (right, top))[turn]
    return Frame(turn, width, height, x0, y0)
