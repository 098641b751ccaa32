"""PWG Raster and Apple Raster as CUPS' own library writes them, rendered: equal to the dot, black and white as they are."""

import cups_raster
import numpy as np
import pytest
import samples
from rendering import render

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import MediaSpec

pytestmark = pytest.mark.skipif(not cups_raster.available, reason="libcups is not installed")

WIDTH, HEIGHT, DPI = 331, 250, 100
PAGE = PageFormat((DPI, DPI), WIDTH, HEIGHT, WIDTH, HEIGHT)
MEDIA = MediaSpec("custom", WIDTH * 2540 // DPI, HEIGHT * 2540 // DPI)


def document(kind, colour_space, depth, pictures):
    header = {
        "resolution_x": DPI, "resolution_y": DPI, "width": WIDTH, "height": HEIGHT, "bits_per_colour": min(depth, 8),
        "bits_per_pixel": depth, "bytes_per_line": (WIDTH * depth + 7) // 8, "colour_space": colour_space, "colours": max(depth // 8, 1),
    }  # fmt: skip
    return cups_raster.write([cups_raster.RasterPage(header, rows) for rows in pictures], kind)


@pytest.mark.parametrize(
    ("document_format", "kind", "colour_space", "depth"),
    [
        ("image/pwg-raster", "pwg", 3, 1),
        ("image/pwg-raster", "pwg", 18, 8),
        ("image/pwg-raster", "pwg", 19, 24),
        ("image/urf", "urf", 18, 8),
        ("image/urf", "urf", 19, 24),
    ],
)
def test_pages_are_what_was_written(document_format, kind, colour_space, depth):
    charts = [samples.chart(WIDTH, HEIGHT, seed=seed) for seed in range(2)]
    pure = [np.where(samples.black_dots(chart), 0, 255).astype(np.uint8) for chart in charts]
    rows = {
        1: [samples.packed(picture) for picture in pure],
        8: pure,
        24: [picture.repeat(3, axis=1) for picture in pure],
    }[depth]
    found = render(
        document_format, document(kind, colour_space, depth, rows), PAGE, media=MEDIA, print_scaling="none"
    )
    assert len(found.pages) == 2
    for bits, picture in zip(found.pages, pure, strict=True):
        assert np.array_equal(bits.astype(bool), samples.black_dots(picture))
