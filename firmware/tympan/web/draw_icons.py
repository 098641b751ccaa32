"""Draws ``printer-icons``: ``python -m tympan.web.draw_icons`` writes the PNG files that are shipped in ``icons/``.

It is run by hand after a change of the drawings; the service only sends the files. Coordinates are those of a square of 512.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tympan.service.resources import ICON_SIZES

UNIT = 512
OVERSAMPLING = 8
"""Lines are drawn this many times larger and scaled down: what makes edges smooth."""

Colour = tuple[int, int, int, int]

INK: Colour = (38, 50, 56, 255)
BODY_TOP, BODY_BOTTOM = (84, 110, 122), (55, 71, 79)
SHEET_TOP, SHEET_BOTTOM = (255, 255, 255), (236, 239, 241)
LINE: Colour = (144, 164, 174, 255)
ACCENT: Colour = (255, 111, 67, 255)
READY: Colour = (105, 240, 174, 255)
SHADOW: Colour = (20, 30, 36, 110)


class Drawing:
    """A picture in the making.

    Args:
        size: Pixels of its edge, before oversampling.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._pixels = size * OVERSAMPLING
        self.image = Image.new("RGBA", (self._pixels, self._pixels), (0, 0, 0, 0))

    def _at(self, *numbers: float) -> list[float]:
        return [number * self._pixels / UNIT for number in numbers]

    def _mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", self.image.size, 0)
        return mask, ImageDraw.Draw(mask)

    def _gradient(
        self, top: tuple[int, int, int], bottom: tuple[int, int, int], box: list[float]
    ) -> Image.Image:
        """Colours from the top of the box to its bottom, over the whole picture."""
        strip = Image.new("RGBA", (1, self._pixels))
        height = max(1.0, box[3] - box[1])
        for row in range(self._pixels):
            part = min(1.0, max(0.0, (row - box[1]) / height))
            red, green, blue = (round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True))
            strip.putpixel((0, row), (red, green, blue, 255))
        return strip.resize(self.image.size)

    def _paste(self, colours: Image.Image | Colour, mask: Image.Image) -> None:
        layer = colours if isinstance(colours, Image.Image) else Image.new("RGBA", self.image.size, colours)
        layer = layer.copy()
        layer.putalpha(ImageChops.multiply(layer.getchannel("A"), mask))
        self.image.alpha_composite(layer)

    def box(
        self,
        coordinates: tuple[float, float, float, float],
        radius: float,
        fill: Colour | tuple[tuple[int, int, int], tuple[int, int, int]],
    ) -> None:
        """A rectangle with round corners, in one colour or in two from top to bottom."""
        at = self._at(*coordinates)
        mask, draw = self._mask()
        draw.rounded_rectangle(at, self._at(radius)[0], fill=255)
        self._paste(self._gradient(*fill, at) if len(fill) == 2 else fill, mask)

    def polygon(
        self,
        points: list[tuple[float, float]],
        fill: Colour | tuple[tuple[int, int, int], tuple[int, int, int]],
    ) -> None:
        """A shape with straight edges."""
        mask, draw = self._mask()
        draw.polygon([tuple(self._at(*point)) for point in points], fill=255)
        rows = [point[1] for point in points]
        box = self._at(0, min(rows), UNIT, max(rows))
        self._paste(self._gradient(*fill, box) if len(fill) == 2 else fill, mask)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled circle."""
        mask, draw = self._mask()
        draw.ellipse(self._at(x - radius, y - radius, x + radius, y + radius), fill=255)
        self._paste(fill, mask)

    def shadow(self, coordinates: tuple[float, float, float, float], radius: float, blur: float) -> None:
        """A soft shadow of a rectangle."""
        mask, draw = self._mask()
        draw.rounded_rectangle(self._at(*coordinates), self._at(radius)[0], fill=255)
        self._paste(SHADOW, mask.filter(ImageFilter.GaussianBlur(self._at(blur)[0])))

    def finished(self) -> Image.Image:
        """The picture at its size."""
        return self.image.resize((self.size, self.size), Image.Resampling.LANCZOS)


def receipt(size: int) -> Image.Image:
    """A receipt printer from the front: the receipt comes out at the top, torn at its end."""
    drawing = Drawing(size)
    small = size < 96
    drawing.shadow((64, 300, 448, 490), 44, 14)
    drawing.box((56, 244, 456, 472), 52, (BODY_TOP, BODY_BOTTOM))
    drawing.box((96, 262, 416, 304), 21, INK)
    teeth = 6 if small else 12
    left, right, top, bottom = 128.0, 384.0, 40.0, 286.0
    step = (right - left) / teeth
    edge = [
        (left + step * number / 2, top + (0 if number % 2 else 22 if small else 14))
        for number in range(2 * teeth + 1)
    ]
    drawing.shadow((left + 4, top + 40, right + 4, bottom - 6), 4, 8)
    drawing.polygon([*edge, (right, bottom), (left, bottom)], (SHEET_TOP, SHEET_BOTTOM))
    if small:
        drawing.box((164, 104, 348, 128), 8, LINE)
        drawing.box((164, 154, 288, 178), 8, LINE)
        drawing.box((164, 204, 348, 232), 8, ACCENT)
    else:
        drawing.box((164, 90, 268, 108), 9, INK)
        for row, end in ((130, 300), (158, 276), (186, 312)):
            drawing.box((164, row, end, row + 11), 5, LINE)
            drawing.box((322, row, 348, row + 11), 5, LINE)
        drawing.box((164, 222, 252, 238), 8, INK)
        drawing.box((296, 222, 348, 238), 8, ACCENT)
    drawing.box((112, 278, 400, 288), 5, INK)
    drawing.disc(396, 400, 24 if small else 18, READY)
    drawing.box((100, 388, 260, 412), 12, (255, 255, 255, 70))
    return drawing.finished()


def page(size: int) -> Image.Image:
    """A page printer from the front: blank paper stands in it, a printed page comes out of it."""
    drawing = Drawing(size)
    small = size < 96
    drawing.shadow((132, 56, 384, 250), 10, 8)
    drawing.box((128, 40, 384, 260), 10, (SHEET_BOTTOM, SHEET_TOP))
    drawing.shadow((48, 230, 464, 420), 44, 14)
    drawing.box((40, 184, 472, 400), 48, (BODY_TOP, BODY_BOTTOM))
    drawing.box((96, 300, 416, 340), 20, INK)
    drawing.shadow((124, 330, 396, 490), 6, 10)
    drawing.polygon([(128, 318), (384, 318), (408, 480), (104, 480)], (SHEET_TOP, SHEET_BOTTOM))
    if small:
        drawing.box((160, 360, 352, 384), 8, INK)
        drawing.box((150, 418, 300, 442), 8, LINE)
    else:
        drawing.box((156, 352, 280, 370), 8, INK)
        for row, end in ((390, 358), (412, 338), (434, 290)):
            drawing.box((150, row, end, row + 11), 5, LINE)
        drawing.box((318, 434, 362, 451), 6, ACCENT)
    drawing.box((112, 314, 400, 324), 5, INK)
    drawing.disc(412, 244, 24 if small else 18, READY)
    drawing.box((84, 232, 244, 256), 12, (255, 255, 255, 70))
    return drawing.finished()


DRAWINGS = {"receipt": receipt, "page": page}


def main() -> None:
    """Draw every icon in every size."""
    folder = Path(__file__).with_name("icons")
    folder.mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        for size in ICON_SIZES:
            draw(size).save(folder / f"{name}-{size}.png", optimize=True)


if __name__ == "__main__":
    main()
