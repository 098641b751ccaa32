"""Images: JPEG and PNG, a page each.

Owns their limits and how they become rows of grey. A JPEG is decoded at the largest eighth, quarter, half or whole of its size that is needed, by
the decoder itself, and in grey from the start; what that takes is limited before anything is decoded. PNG is `png`'s.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from PIL import (
    Image,
    MpoImagePlugin,  # noqa: F401 — what a JPEG with several pictures is, imported when one is met
    TiffImagePlugin,  # noqa: F401 — what reads EXIF, imported when there is some
    UnidentifiedImageError,
)

from tympan.errors import DocumentError
from tympan.render.sources import resample
from tympan.render.sources.page import BAND_BYTES, Band, Document, SourcePage, Target, View
from tympan.render.sources.png import PngFile
from tympan.render.sources.raster import ink_to_grey
from tympan.render.sources.readable import as_file
from tympan.render.sources.resample import UPRIGHT, Run, Turn

MAX_SIDE_PX = 50_000
MAX_PIXELS = 250_000_000
"""What an image may have; beyond it is an accident or an attack."""
MAX_DECODED_BYTES = 64 << 20
"""What a decoded JPEG may take."""
MAX_PROGRESSIVE_PIXELS = 40_000_000
"""What a progressive JPEG may have: its decoder keeps all coefficients, some three bytes a pixel."""
NO_DENSITY_DPI = (72, 72)
"""What a JPEG says that nobody told its density."""
MIN_DENSITY_DPI = 30
MAX_DENSITY_DPI = 4800

ORIENTATION_TAG = 0x0112
TURNS = {
    2: Turn(mirror=True),
    3: Turn(quarters=2),
    4: Turn(mirror=True, quarters=2),
    5: Turn(mirror=True, quarters=1),
    6: Turn(quarters=3),
    7: Turn(mirror=True, quarters=3),
    8: Turn(quarters=1),
}
"""What has to be done to look at an image, by EXIF orientation."""

Image.MAX_IMAGE_PIXELS = None  # the limits above come first, and are errors instead of warnings


def warm_up() -> None:
    """Import the parts of Pillow that it would otherwise import when it meets an image."""
    Image.preinit()


def open_document(document_format: str, document: Document, target: Target) -> ImageSource:
    """Open an image; reads its header.

    Raises:
        DocumentError: It is no image of this format, damaged, or too large.
    """
    page: SourcePage
    if document_format == "image/png":
        page = PngPage(PngFile(document), target)
    else:
        page = JpegPage(document, target)
    return ImageSource(page)


def check_size(width_px: int, height_px: int) -> None:
    """Refuse an image that is too large to be meant.

    Raises:
        DocumentError: It is beyond `MAX_SIDE_PX` or `MAX_PIXELS`.
    """
    if max(width_px, height_px) > MAX_SIDE_PX or width_px * height_px > MAX_PIXELS:
        raise DocumentError(
            f"The image has {width_px} by {height_px} pixels, which is too large to print.",
            reason="document-unprintable-error",
        )


class ImageSource:
    """A document of one image."""

    native = False
    impressions: int | None = 1

    def __init__(self, page: SourcePage) -> None:
        self._page = page

    def pages(self) -> Iterator[SourcePage]:
        """The image."""
        yield self._page

    def chunks(self) -> Iterator[bytes]:
        """Never asked for: an image is drawn."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


class _ImagePage:
    """An image as a page: its pixels are its size, unless it says a density."""

    sized = False
    sequential = False
    laid_out = False

    def __init__(
        self, size: tuple[int, int], density_dpi: tuple[float, float] | None, turn: Turn, target: Target
    ) -> None:
        check_size(*size)
        self._size = size
        self._turn = turn
        device = target.page.resolution_dpi[0]
        across, along = density_dpi or (device, device)
        if not all(MIN_DENSITY_DPI <= dpi <= MAX_DENSITY_DPI for dpi in (across, along)):
            across = along = device
        sides = (size[0] / across, size[1] / along)
        self.width_in, self.height_in = sides[::-1] if turn.quarters % 2 else sides


class PngPage(_ImagePage):
    """A PNG."""

    def __init__(self, png: PngFile, target: Target) -> None:
        super().__init__((png.width_px, png.height_px), png.density_dpi, UPRIGHT, target)
        self._png = png

    def bands(self, view: View) -> Iterator[Band]:
        """The image in a view."""
        return resample.bands(self._png.rows(), self._size, self._turn, view)


class JpegPage(_ImagePage):
    """A JPEG."""

    def __init__(self, document: Document, target: Target) -> None:
        self._document = document
        image = self._open()
        density = image.info.get("dpi")
        super().__init__(
            image.size, None if density == NO_DENSITY_DPI else density, _exif_turn(image), target
        )
        if image.info.get("progressive") and image.width * image.height > MAX_PROGRESSIVE_PIXELS:
            raise DocumentError(
                f"The image has {image.width} by {image.height} pixels in progressive JPEG, which is too large to print.",
                reason="document-unprintable-error",
            )

    def bands(self, view: View) -> Iterator[Band]:
        """The image in a view."""
        image = self._open()
        turned = (self._turn.quarters + view.turn) % 2
        needed = (
            (view.page_height_px, view.page_width_px) if turned else (view.page_width_px, view.page_height_px)
        )
        reduction = 1
        while reduction < 8 and all(
            side // (2 * reduction) >= wanted for side, wanted in zip(image.size, needed, strict=True)
        ):
            reduction *= 2
        channels = 4 if image.mode == "CMYK" else 1
        while image.width * image.height * channels > MAX_DECODED_BYTES * reduction**2 and reduction < 8:
            reduction *= 2
        if image.width * image.height * channels > MAX_DECODED_BYTES * reduction**2:
            check_size(MAX_SIDE_PX + 1, image.height)
        image.draft("L", (image.width // reduction, image.height // reduction))
        try:
            image.load()
        except (OSError, SyntaxError, ValueError) as error:
            raise _damaged() from error
        return resample.bands(_rows(image), image.size, self._turn, view)

    def _open(self) -> Image.Image:
        self._document.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # Pillow's word on broken EXIF blocks, which do not matter here
                return Image.open(as_file(self._document), formats=("JPEG",))
        except DocumentError:
            raise
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            TypeError,
            LookupError,
            EOFError,
        ) as error:
            raise _damaged() from error


def _damaged() -> DocumentError:
    return DocumentError("The image is damaged, or ends early.")


def _exif_turn(image: Image.Image) -> Turn:
    """What EXIF says of how the camera was held; upright where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            orientation = image.getexif().get(ORIENTATION_TAG)
    except Exception:  # noqa: BLE001 — a broken EXIF block is no reason not to print, and Pillow raises all kinds
        return UPRIGHT
    return TURNS.get(orientation, UPRIGHT) if isinstance(orientation, int) else UPRIGHT


def _rows(image: Image.Image) -> Iterator[Run]:
    """A decoded image's rows as grey."""
    if image.mode not in {"L", "CMYK"}:
        image = image.convert("L")
    rows = max(1, BAND_BYTES // image.width)
    for top in range(0, image.height, rows):
        part = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        yield ink_to_grey(part) if image.mode == "CMYK" else part
