"""PCL raster graphics: from the rows that are sent to marks on the page.

Owns the raster state (resolution, width, height, method, seed rows, planes and palette), its locks while an image is
being sent, and the placing of rows in all four directions. Rules, where not said otherwise, are those of chapter 15
of the *PCL 5 Printer Language Technical Reference Manual*, and of chapter 6 of its colour edition.

One choice the manual and the printers answer differently: the manual prints only what lies on the logical page and on
the printable area; printers, and Ghostscript's PCL interpreter that was compared with them, cut at the printable area
alone, which is what lets a raster moved to the sheet's left edge reach its right edge. So does this, unless
`clip_to_logical_page` is set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tympan_sim.pcl_media import UNITS_PER_INCH, Frame
from tympan_sim.pcl_page import Dots, PageBitmap
from tympan_sim.pcl_rows import DUPLICATE_ROWS, EMPTY_ROWS, Method, adaptive_rows, decode_row

RESOLUTIONS = (75, 100, 150, 200, 300, 600, 1200)
COUNT_MAX = 32_767
BAND_ROWS = 512
BAND_DOTS_MAX = 16 * 1024 * 1024

_LANDSCAPE_GUTTER = UNITS_PER_INCH // 6
"""Presentation mode 3 in landscape: the default left graphics margin stands 1/6 inch in."""

_EIGHT_COLOURS = (0x000000, 0xFF0000, 0x00FF00, 0xFFFF00, 0x0000FF, 0xFF00FF, 0x00FFFF, 0xFFFFFF)
_RGB_PALETTES = {1: (0xFFFFFF, 0x000000), 2: (0x000000, 0xFF0000, 0x00FF00, 0xFFFFFF)}
_CMY_PALETTES = {1: (0xFFFFFF, 0x000000), 2: (0xFFFFFF, 0x00FFFF, 0xFF00FF, 0x000000)}


def turned_corner(turn: int, x: int, y: int, width: int, height: int) -> tuple[int, int]:
    """Return the upper left corner on the sheet of a block whose own corner (0, 0) falls on (x, y).

    Args:
        turn: Quarter turns counter-clockwise.
        x: Dots from the sheet's left edge.
        y: Dots from its top.
        width: Of the block before it is turned, dots.
        height: As above.
    """
    return ((x, y), (x, y - width), (x - width, y - height), (x - height, y))[turn]


@dataclass(slots=True)
class Colours:
    """How pixels are encoded (``ESC * r # U``, ``ESC * v # W``) and the palette they index.

    Attributes:
        planes: Bit planes sent one after another; 1 where pixels come whole.
        bits: Bits of one pixel in a plane: 1, or 2, 4, 8, 24 where pixels come whole.
        palette: Colour of each index, 0xRRGGBB; empty where the pixels are the colours.
        subtractive: Pixels without data are white at index 0, or at all ones.
    """

    planes: int = 1
    bits: int = 1
    palette: list[int] = field(default_factory=lambda: [0xFFFFFF, 0x000000])
    subtractive: bool = True

    @property
    def monochrome(self) -> bool:
        """One bit a pixel, white and black."""
        return self.planes == 1 and self.bits == 1 and self.palette == [0xFFFFFF, 0x000000]

    @property
    def blank(self) -> bytes:
        """The byte of pixels that were not sent."""
        return b"\0" if self.subtractive else b"\xff"


def simple_colours(planes: int) -> Colours | None:
    """``ESC * r # U``; None where the value is not one of the command's."""
    if planes == 1:
        return Colours()
    if planes == 3:
        return Colours(3, 1, list(_EIGHT_COLOURS), subtractive=False)
    if planes == -3:
        return Colours(3, 1, list(reversed(_EIGHT_COLOURS)))
    if planes == -4:
        cmy = [colour for colour in reversed(_EIGHT_COLOURS) for _ in range(2)]
        return Colours(4, 1, [0x000000 if index % 2 else colour for index, colour in enumerate(cmy)])
    return None


def configured_colours(header: bytes) -> Colours | None:
    """``ESC * v # W``: colour space, pixel encoding, bits an index, bits a primary; None where it is refused."""
    if len(header) < 6 or header[0] > 4 or header[1] > 3:
        return None
    additive = header[0] != 1
    encoding, bits = header[1], header[2]
    if encoding == 3:
        return Colours(1, 24, [], subtractive=not additive) if tuple(header[3:6]) == (8, 8, 8) else None
    if encoding == 2:
        palette = list(_EIGHT_COLOURS if additive else reversed(_EIGHT_COLOURS))
        return Colours(3, 1, palette, subtractive=not additive)
    if not 1 <= bits <= 8 or (encoding == 1 and bits not in (1, 2, 4, 8)):
        return None
    known = (_RGB_PALETTES if additive else _CMY_PALETTES).get(bits)
    if known is None:
        known = _EIGHT_COLOURS if additive else tuple(reversed(_EIGHT_COLOURS))
    palette = (list(known) + [0x000000] * 256)[: 1 << bits]
    white_first = palette[0] == 0xFFFFFF
    if encoding == 1:
        return Colours(1, bits, palette, subtractive=white_first)
    return Colours(bits, 1, palette, subtractive=white_first)


@dataclass(slots=True)
class _Image:
    """What is fixed while an image is being sent."""

    frame: Frame
    x0: float
    y0: float
    turn: int
    dot_x: int
    dot_y: int
    factor: int
    pixels: int
    row_bytes: int
    rows_max: int
    row: int = 0
    band_start: int = 0
    band: list[bytes] = field(default_factory=list)


class Raster:
    """The raster state of the interpreter.

    Args:
        page: Gives the page to mark, making it where there is none yet.
        clip_to_logical_page: Cut rows at the logical page, as the manual has it, not only at the sheet.
    """

    def __init__(self, page: Callable[[], PageBitmap], *, clip_to_logical_page: bool = False) -> None:
        self._page = page
        self._clip_to_logical_page = clip_to_logical_page
        self.reset(600)

    def reset(self, dpi: int) -> None:
        """Power-up defaults, for a sheet of `dpi` dots an inch."""
        self.dpi = dpi
        self.resolution = 75
        self.presentation = 3
        self.width: int | None = None
        self.height: int | None = None
        self.left_margin = 0.0
        self.method: int = Method.UNENCODED
        self.colours = Colours()
        self.components = [0, 0, 0]
        self.opaque = False
        self.white = False
        self._image: _Image | None = None
        self._seeds: list[bytes] = []
        self._planes: list[bytes] = []

    @property
    def active(self) -> bool:
        """An image is being sent: most raster settings are locked."""
        return self._image is not None

    # --- settings: ignored while an image is being sent -------------------------------------------------------------

    def set_resolution(self, value: int) -> bool:
        """``ESC * t # R``; returns whether this printer has the resolution."""
        if not self.active and value in RESOLUTIONS and self.dpi % value == 0:
            self.resolution = value
        return value in RESOLUTIONS and self.dpi % value == 0

    def set_presentation(self, value: int) -> None:
        """``ESC * r # F``: 0 along the print direction, 3 across the sheet's width."""
        if not self.active and value in (0, 3):
            self.presentation = value

    def set_width(self, value: int) -> None:
        """``ESC * r # S``, pixels."""
        if not self.active and 0 <= value <= COUNT_MAX:
            self.width = value

    def set_height(self, value: int) -> None:
        """``ESC * r # T``, rows."""
        if not self.active and 0 <= value <= COUNT_MAX:
            self.height = value

    def set_method(self, value: int) -> bool:
        """``ESC * b # M``; returns whether it is known. The seed row stays."""
        if value not in Method.__members__.values():
            return False
        self.method = value
        return True

    def set_colours(self, colours: Colours) -> None:
        """Pixels are encoded differently from now on."""
        self.colours = colours
        self._seeds = []

    def assign_colour(self, index: int) -> None:
        """``ESC * v # I``: the three components become the palette's colour."""
        if 0 <= index < len(self.colours.palette):
            red, green, blue = self.components
            self.colours.palette[index] = red << 16 | green << 8 | blue

    # --- an image ----------------------------------------------------------------------------------------------------

    def start(
        self, frame: Frame, direction: int, cursor: tuple[float, float], sheet: tuple[float, float], mode: int
    ) -> None:
        """``ESC * r # A``, or the first row without it.

        Args:
            frame: The logical page in the current print direction.
            direction: The print direction within the orientation, quarter turns.
            cursor: In the frame, 1/7200 inch.
            sheet: Its width and length, 1/7200 inch.
            mode: 0 from the left edge of the logical page, 1 from the cursor, -1 from the margin as it stands.
        """
        turn = frame.turn
        orientation = (turn - direction) % 4
        if self.presentation == 3:
            turn &= 2
        raster = _turned(frame, turn)
        x, y = raster.from_sheet(*frame.on_sheet(*cursor))
        if mode == 1:
            self.left_margin = x
        elif mode == 0:
            along = turn % 2 == frame.turn % 2
            self.left_margin = 0.0 if along or orientation % 2 == 0 else float(_LANDSCAPE_GUTTER)
        origin_x, origin_y = raster.on_sheet(self.left_margin, y)
        scale = self.resolution / UNITS_PER_INCH
        far_x, far_y = _to_far_edges(turn, origin_x, origin_y, sheet)
        if self._clip_to_logical_page:
            far_x = min(far_x, raster.width - self.left_margin)
            far_y = min(far_y, raster.height - y)
        pixels = max(ceil(far_x * scale - 1e-6), 0)
        rows = max(ceil(far_y * scale - 1e-6), 0)
        if self.width is not None:
            pixels = min(pixels, self.width)
        if self.height is not None:
            rows = min(rows, self.height)
        self._image = _Image(
            frame=raster,
            x0=self.left_margin,
            y0=y,
            turn=turn,
            dot_x=round(origin_x * self.dpi / UNITS_PER_INCH),
            dot_y=round(origin_y * self.dpi / UNITS_PER_INCH),
            factor=self.dpi // self.resolution,
            pixels=pixels,
            row_bytes=max((pixels * self.colours.bits + 7) // 8, 1),
            rows_max=rows,
        )
        self._clear_seeds()
        self._planes = []

    def end(self, frame: Frame, *, method: bool, margin: bool) -> tuple[float, float] | None:
        """The image ended, by a command or because another command came.

        Args:
            frame: The logical page in the current print direction, to give the cursor in.
            method: The compression method goes back to 0 (``ESC * r C``).
            margin: The left graphics margin goes back to 0 (``ESC * r C``).

        Returns:
            Where the cursor is now: at the left margin of the row after the image; None where there was none.
        """
        cursor: tuple[float, float] | None = None
        image = self._image
        if image is not None:
            self._print_band(image)
            rows = image.row if self.height is None else max(self.height, image.row)
            step = UNITS_PER_INCH / self.resolution
            cursor = frame.from_sheet(*image.frame.on_sheet(image.x0, image.y0 + rows * step))
            self._image = None
        self._seeds = []
        self._planes = []
        if method:
            self.method = Method.UNENCODED
        if margin:
            self.left_margin = 0.0
        return cursor

    def skip_rows(self, count: int) -> None:
        """``ESC * b # Y``: rows without marks; the seed rows become zero, even for none."""
        if self._image is not None:
            self._advance(self._image, min(max(count, 0), COUNT_MAX))
            self._clear_seeds()

    def plane(self, data: bytes) -> None:
        """``ESC * b # V``: a plane that is not the row's last."""
        image = self._image
        if image is None or len(self._planes) >= self.colours.planes - 1:
            return
        self._planes.append(self._decode(image, len(self._planes), self.method, data))

    def row(self, data: bytes) -> None:
        """``ESC * b # W``: the row's last or only plane, or a block of method 5. An image must have been started."""
        image = self._image
        if image is None:
            return
        if self.method == Method.ADAPTIVE:
            self._block(image, data)
            return
        self._take_row(image, self.method, data)

    def _take_row(self, image: _Image, method: int, data: bytes) -> None:
        missing = self.colours.planes - 1 - len(self._planes)
        planes = [*self._planes, self._decode(image, len(self._planes), method, data)]
        planes += [self.colours.blank * image.row_bytes] * missing
        self._planes = []
        self._add(image, b"".join(planes))

    def _block(self, image: _Image, data: bytes) -> None:
        self._planes = []
        if len(data) < 3:
            self._advance(image, 1)
            return
        for command, count, row in adaptive_rows(data):
            if command <= Method.DELTA_ROW:
                self._take_row(image, command, row)
            elif command == EMPTY_ROWS:
                self._advance(image, count)
                self._clear_seeds()
            elif command == DUPLICATE_ROWS:
                if count == 0:
                    self._clear_seeds()
                seed = b"".join(self._seeds)
                for _ in range(min(count, image.rows_max - image.row)):
                    self._add(image, seed)
            else:
                self._clear_seeds()

    def _decode(self, image: _Image, plane: int, method: int, data: bytes) -> bytes:
        row = decode_row(method, data, self._seeds[plane], image.row_bytes, self.colours.blank)
        if row is None:
            return self.colours.blank * image.row_bytes
        self._seeds[plane] = row
        return row

    def _clear_seeds(self) -> None:
        if self._image is not None:
            self._seeds = [b"\0" * self._image.row_bytes] * self.colours.planes

    def _add(self, image: _Image, row: bytes) -> None:
        if image.row >= image.rows_max:
            image.row = min(image.row + 1, 4 * COUNT_MAX)
            return
        if not image.band:
            image.band_start = image.row
        image.band.append(row)
        image.row += 1
        if len(image.band) >= BAND_ROWS:
            self._print_band(image)

    def _advance(self, image: _Image, rows: int) -> None:
        self._print_band(image)
        image.row = min(image.row + rows, 4 * COUNT_MAX)

    # --- marking -----------------------------------------------------------------------------------------------------

    def _print_band(self, image: _Image) -> None:
        rows, image.band = image.band, []
        if not rows or not image.pixels:
            return
        step = max(BAND_DOTS_MAX // (image.pixels * image.factor * image.factor), 1)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            block = np.frombuffer(b"".join(part), np.uint8).reshape(len(part), -1)
            self._print_block(image, block, image.band_start + start)

    def _print_block(self, image: _Image, block: Dots, first_row: int) -> None:
        if not self.colours.monochrome:
            self._print_colours(image, block, first_row)
            return
        if image.pixels % 8:
            block = block.copy()
            block[:, -1] &= 0xFF << (8 - image.pixels % 8) & 0xFF
        if not self.opaque and not block.any():
            return
        page = self._page()
        if image.turn == 0 and image.factor == 1:
            top = image.dot_y + first_row
            if self.opaque:
                page.mark_rows(_all_ones(block.shape[0], image.pixels), image.dot_x, top, erase=True)
            page.mark_rows(block, image.dot_x, top, erase=self.white)
            return
        dots, left, top = self._placed(image, np.unpackbits(block, axis=1)[:, : image.pixels], first_row)
        if self.opaque:
            page.mark_dots(np.ones_like(dots), left, top, erase=True)
        page.mark_dots(dots, left, top, erase=self.white)

    def _print_colours(self, image: _Image, block: Dots, first_row: int) -> None:
        colours = self.colours
        if colours.bits == 24:
            pixels = block[:, : image.pixels * 3].reshape(block.shape[0], image.pixels, 3)
            if colours.subtractive:
                pixels = ~pixels
        else:
            indices = _indices(block, image.pixels, colours)
            table = np.array(colours.palette, np.uint32)[:, np.newaxis] >> np.array([16, 8, 0]) & 0xFF
            pixels = table.astype(np.uint8)[indices]
        turned, left, top = self._placed(image, pixels, first_row)
        self._page().mark_colours(turned, left, top, opaque=self.opaque)

    def _placed(self, image: _Image, block: Dots, first_row: int) -> tuple[Dots, int, int]:
        factor = image.factor
        if factor > 1:
            block = block.repeat(factor, axis=0).repeat(factor, axis=1)
        height, width = block.shape[:2]
        down = first_row * factor
        x, y = image.dot_x, image.dot_y
        x, y = ((x, y + down), (x + down, y), (x, y - down), (x - down, y))[image.turn]
        left, top = turned_corner(image.turn, x, y, width, height)
        return np.rot90(block, image.turn), left, top


def _turned(frame: Frame, turn: int) -> Frame:
    """Return the same logical page with another corner as its first."""
    if turn == frame.turn:
        return frame
    corners = [
        frame.on_sheet(x, y)
        for x, y in ((0, 0), (frame.width, 0), (0, frame.height), (frame.width, frame.height))
    ]
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    width, height = (right - left, bottom - top) if turn % 2 == 0 else (bottom - top, right - left)
    x0, y0 = ((left, top), (left, bottom), (right, bottom), (right, top))[turn]
    return Frame(turn, width, height, x0, y0)


def _to_far_edges(turn: int, x: float, y: float, sheet: tuple[float, float]) -> tuple[float, float]:
    """Return how far the sheet goes on from a point in the direction of a row, and of the rows one after another."""
    right, down = sheet[0] - x, sheet[1] - y
    return ((right, down), (y, right), (x, y), (down, x))[turn]


def _all_ones(rows: int, dots: int) -> Dots:
    return np.broadcast_to(np.packbits(np.ones(dots, np.uint8)), (rows, (dots + 7) // 8))


def _indices(block: Dots, pixels: int, colours: Colours) -> NDArray[np.intp]:
    """Return the palette index of each pixel of packed rows, shape (rows, pixels)."""
    rows = block.shape[0]
    if colours.planes > 1:
        planes = np.unpackbits(block.reshape(rows, colours.planes, -1), axis=2)[:, :, :pixels]
        weights = (1 << np.arange(colours.planes)).astype(np.intp)
        index: NDArray[np.intp] = np.einsum("rpx,p->rx", planes, weights)
        return index
    bits = np.unpackbits(block, axis=1)
    bits = bits[:, : bits.shape[1] // colours.bits * colours.bits].reshape(rows, -1, colours.bits)[:, :pixels]
    weights = (1 << np.arange(colours.bits - 1, -1, -1)).astype(np.intp)
    whole: NDArray[np.intp] = np.einsum("rxb,b->rx", bits, weights)
    return whole
