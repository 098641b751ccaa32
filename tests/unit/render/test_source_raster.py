import contextlib
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from raster_samples import ADOBE_RGB, CMYK, RGB, SGRAY, SRGB, K, W, encoded, pwg, pwg_header, urf
from rendering import A4, MemoryDocument, a4, ink_box, receipt, render

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.layout import impressions
from tympan.render.sources import open_source
from tympan.render.sources.page import View

DPI = 100
EXACT = PageFormat((DPI, DPI), 200, 150, 200, 150)


def opened(document_format, data, page=EXACT):
    document = data if isinstance(data, MemoryDocument) else MemoryDocument(data)
    return open_source(document_format, document, JobTicket(1, A4), page, None, str.isascii)


def grey(document_format, data, page_number=0, turn=0):
    """A page's own pixels, not halftoned."""
    for number, page in enumerate(opened(document_format, data).pages()):
        if number == page_number:
            width, height = round(page.width_in * DPI), round(page.height_in * DPI)
            size = (height, width) if turn % 2 else (width, height)
            parts = []
            for band in page.bands(View(*size, 0, 0, *size, turn, (DPI, DPI))):
                if band.packed is not None:
                    parts.append(255 - 255 * np.unpackbits(band.packed, axis=1, count=size[0]))
                else:
                    parts.append(
                        np.full((band.rows, size[0]), 255) if band.grey is None else band.grey.copy()
                    )
            return np.concatenate(parts).astype(np.uint8)
    raise AssertionError("no such page")


@pytest.fixture
def photo():
    y, x = np.mgrid[0:150, 0:200]
    pixels = np.stack([x * 255 // 199, y * 255 // 149, (x + y) % 256], axis=-1).astype(np.uint8)
    pixels[20:60, 30:90] = 255
    pixels[70:90, 10:190] = 0
    return pixels


def luma(pixels):
    return np.asarray(Image.fromarray(pixels).convert("L"))


class TestColours:
    def test_grey(self, photo):
        rows = photo[..., 0].copy()
        for data in (pwg([rows], 200, (DPI, DPI), SGRAY), pwg([rows], 200, (DPI, DPI), W)):
            np.testing.assert_array_equal(grey("image/pwg-raster", data), rows)
        np.testing.assert_array_equal(grey("image/urf", urf([rows], 200, DPI)), rows)

    def test_black(self, photo):
        rows = photo[..., 0].copy()
        np.testing.assert_array_equal(grey("image/pwg-raster", pwg([~rows], 200, (DPI, DPI), K)), rows)

    @pytest.mark.parametrize("space", [SRGB, ADOBE_RGB, RGB])
    def test_rgb(self, photo, space):
        rows = photo.reshape(150, -1)
        np.testing.assert_array_equal(
            grey("image/pwg-raster", pwg([rows], 200, (DPI, DPI), space, 24)), luma(photo)
        )

    def test_urf_rgb(self, photo):
        np.testing.assert_array_equal(
            grey("image/urf", urf([photo.reshape(150, -1)], 200, DPI, 24, 1)), luma(photo)
        )

    @pytest.mark.parametrize("order", [">", "<"])
    def test_sixteen_bits(self, photo, order):
        wide = (
            (photo[..., 1].astype(np.uint16) * 257 - (photo[..., 1] > 0)).astype(order + "u2").view(np.uint8)
        )
        data = pwg([wide.reshape(150, -1)], 200, (DPI, DPI), SGRAY, 16, order=order)
        assert np.abs(grey("image/pwg-raster", data).astype(int) - photo[..., 1]).max() <= 1
        wide = (photo.astype(np.uint16) * 257).astype(order + "u2").view(np.uint8).reshape(150, -1)
        data = pwg([wide], 200, (DPI, DPI), SRGB, 48, order=order)
        np.testing.assert_array_equal(grey("image/pwg-raster", data), luma(photo))

    @pytest.mark.parametrize(("kind", "space", "bits"), [("pwg", CMYK, 32), ("urf", 6, 32)])
    def test_cmyk(self, photo, kind, space, bits):
        inks = np.concatenate([255 - photo, (photo[..., :1] // 3)], axis=2)
        rows = inks.reshape(150, -1)
        data = (
            pwg([rows], 200, (DPI, DPI), space, bits) if kind == "pwg" else urf([rows], 200, DPI, bits, space)
        )
        expected = luma(photo).astype(int) * (255 - inks[..., 3]) // 255
        assert np.abs(grey("image/pwg-raster" if kind == "pwg" else "image/urf", data) - expected).max() <= 2

    @pytest.mark.parametrize("space", [K, SGRAY])
    def test_one_bit(self, photo, space):
        bits = (photo[..., 0] < 128).astype(np.uint8)
        packed = np.packbits(bits if space == K else 1 - bits, axis=1)
        page = render("image/pwg-raster", pwg([packed], 200, (DPI, DPI), space, 1), EXACT).pages[0]
        np.testing.assert_array_equal(page, bits)

    @pytest.mark.parametrize("left", [0, 3, 8, 21])
    @pytest.mark.parametrize("width", [64, 71])
    def test_one_bit_cut_at_any_column(self, left, width):
        bits = np.random.default_rng(1).integers(0, 2, (40, 200), np.uint8)
        page = PageFormat((DPI, DPI), width, 30, 200, 40, left, 5)
        out = render(
            "image/pwg-raster",
            pwg([np.packbits(bits, axis=1)], 200, (DPI, DPI), K, 1),
            page,
            print_scaling="none",
        )
        np.testing.assert_array_equal(out.pages[0], bits[5:35, left : left + width])


class TestPlace:
    def test_a_page_of_the_same_size_is_taken_as_it_is(self):
        """Black and white pixels of a whole sheet come out at their very places, less the margins."""
        page = a4(150)
        bits = np.zeros((page.media_height_px, page.media_width_px), np.uint8)
        bits[300:330, 200:217] = 1
        bits[page.top_px, page.left_px] = 1
        rows = np.where(bits, 0, 255).astype(np.uint8)
        for data, kind in (
            (pwg([rows], page.media_width_px, (150, 150)), "image/pwg-raster"),
            (pwg([np.packbits(bits, axis=1)], page.media_width_px, (150, 150), K, 1), "image/pwg-raster"),
            (urf([rows], page.media_width_px, 150), "image/urf"),
        ):
            out = render(kind, data, page).pages[0]
            np.testing.assert_array_equal(
                out,
                bits[page.top_px : page.top_px + page.height_px, page.left_px : page.left_px + page.width_px],
            )

    def test_receipt_raster_of_the_printable_width_is_not_touched(self):
        bits = np.random.default_rng(3).integers(0, 2, (333, 576), np.uint8)
        bits[-1] = 1
        out = render(
            "image/pwg-raster", pwg([np.packbits(bits, axis=1)], 576, (203, 203), K, 1), receipt()
        ).pages[0]
        np.testing.assert_array_equal(out, bits)

    def test_another_resolution_is_scaled(self):
        bits = np.zeros((2339, 1654), np.uint8)  # A4 at 200 dpi
        bits[500:700, 300:900] = 1
        page = a4(600)
        out = render(
            "image/pwg-raster", pwg([np.packbits(bits, axis=1)], 1654, (200, 200), K, 1), page
        ).pages[0]
        expected = (900 - page.left_px, 1500 - page.top_px, 2700 - page.left_px, 2100 - page.top_px)
        assert np.abs(np.subtract(ink_box(out), expected)).max() <= 2
        assert out[1520 - page.top_px : 2080 - page.top_px, 920 - page.left_px : 2680 - page.left_px].all()

    @pytest.mark.parametrize(
        ("transform", "undo"),
        [
            ((1, 1), lambda rows: rows),
            ((0, 0), lambda rows: rows),
            ((-1, 1), np.fliplr),
            ((1, -1), np.flipud),
            ((-1, -1), lambda rows: rows[::-1, ::-1]),
        ],
    )
    def test_transforms_of_the_back_are_undone(self, photo, transform, undo):
        rows = photo[..., 2].copy()
        sent = np.ascontiguousarray(undo(rows))
        np.testing.assert_array_equal(
            grey("image/pwg-raster", pwg([sent], 200, (DPI, DPI), transform=transform)), rows
        )

    @pytest.mark.parametrize("turn", [1, 2, 3])
    def test_turned(self, photo, turn):
        rows = photo[..., 1].copy()
        data = pwg([rows], 200, (DPI, DPI))
        np.testing.assert_array_equal(grey("image/pwg-raster", data, turn=turn), np.rot90(rows, turn))

    def test_scaled_bands_have_no_seams(self, monkeypatch):
        rows = np.random.default_rng(4).integers(0, 256, (900, 700), np.uint8)
        page = PageFormat((DPI, DPI), 300, 400, 300, 400)
        whole = render("image/pwg-raster", pwg([rows], 700, (250, 250)), page, print_scaling="fit").pages[0]
        monkeypatch.setattr("tympan.render.sources.resample.BAND_BYTES", 30_000)
        banded = render("image/pwg-raster", pwg([rows], 700, (250, 250)), page, print_scaling="fit").pages[0]
        assert (whole != banded).mean() < 0.001


def test_pages_and_their_count(photo):
    rows = [photo[..., channel].copy() for channel in range(3)]
    for kind, data in (
        ("image/pwg-raster", pwg(rows, 200, (DPI, DPI), total_pages=3)),
        ("image/urf", urf(rows, 200, DPI)),
    ):
        assert opened(kind, data).impressions == 3
        for number in range(3):
            np.testing.assert_array_equal(grey(kind, data, number), rows[number])
    assert opened("image/pwg-raster", pwg(rows, 200)).impressions is None
    unknown = urf(rows, 200, DPI, count=0)
    assert opened("image/urf", unknown).impressions is None
    assert len(render("image/urf", unknown, EXACT).pages) == 3


def test_the_rest_of_a_row_may_be_white():
    """Code 128 (PWG 5102.4 §4.4): white to the end of the row."""
    body = b"\x00\x03\x00\x80" + b"\x01\x80"
    data = b"RaS2" + pwg_header(8, 3, (DPI, DPI), SGRAY, 8) + body
    np.testing.assert_array_equal(grey("image/pwg-raster", data), [[0] * 4 + [255] * 4, [255] * 8, [255] * 8])


def test_printing_begins_while_the_page_arrives():
    rows = np.random.default_rng(5).integers(0, 256, (1000, 800), np.uint8)
    document = MemoryDocument(pwg([rows], 800, (DPI, DPI)), piece=4096)
    page = PageFormat((DPI, DPI), 800, 1000, 800, 1000)
    source = opened("image/pwg-raster", document, page)
    bands = next(impressions(source, JobTicket(1, A4), page)).bands()
    next(bands)
    assert document.furthest < 200_000 < len(document.getvalue())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=30),
    repeats=st.integers(1, 300),
    piece=st.sampled_from([0, 7, 64]),
)
def test_what_was_encoded_is_decoded(rows, repeats, piece):
    page = np.frombuffer(b"".join(row for row in rows for _ in range(repeats)), np.uint8).reshape(-1, 12)
    data = MemoryDocument(pwg([page], 12, (DPI, DPI)), piece)
    np.testing.assert_array_equal(grey("image/pwg-raster", data), page)


class TestLies:
    """A header or a code that says what is not so."""

    ROWS = np.arange(256, dtype=np.uint8).repeat(8).reshape(32, 64)

    def refuse(self, kind, data, match, page=EXACT):
        with pytest.raises(DocumentError, match=match) as caught:
            render(kind, data, page)
        return caught.value.reason

    @pytest.mark.parametrize(
        ("fields", "match"),
        [
            ({"bytes_per_line": 60}, "contradicts"),
            ({"bytes_per_line": 0xFFFFFFFF}, "contradicts"),
            ({"width": 0}, "pixels"),
            ({"height": 0}, "pixels"),
            ({"width": 4_000_000_000, "bytes_per_line": 4_000_000_000}, "pixels"),
            ({"height": 4_000_000_000}, "pixels"),
            ({"colour_order": 1}, "not known"),
        ],
    )
    def test_headers(self, fields, match):
        data = b"RaS2" + pwg_header(64, 32, (DPI, DPI), SGRAY, 8, **fields) + encoded(self.ROWS, 1)
        self.refuse("image/pwg-raster", data, match)

    @pytest.mark.parametrize("dpi", [(0, 100), (100, 0), (100, 1_000_000)])
    def test_resolutions(self, dpi):
        self.refuse("image/pwg-raster", pwg([self.ROWS], 64, dpi), "resolution")

    @pytest.mark.parametrize(("space", "bits"), [(SGRAY, 24), (99, 8), (SRGB, 8), (K, 2), (SGRAY, 0)])
    def test_colour_spaces(self, space, bits):
        data = b"RaS2" + pwg_header(64, 32, (DPI, DPI), space, bits) + bytes(5000)
        self.refuse("image/pwg-raster", data, "not known")

    def test_transforms(self):
        data = b"RaS2" + pwg_header(64, 32, (DPI, DPI), SGRAY, 8, transform=(2, 1)) + encoded(self.ROWS, 1)
        self.refuse("image/pwg-raster", data, "damaged")

    def test_a_row_that_runs_over(self):
        data = b"RaS2" + pwg_header(8, 1, (DPI, DPI), SGRAY, 8) + b"\x00\x7f\x00"
        self.refuse("image/pwg-raster", data, "longer than the page is wide")

    def test_more_rows_than_announced(self):
        data = b"RaS2" + pwg_header(8, 4, (DPI, DPI), SGRAY, 8) + b"\xff\x07\x00"
        self.refuse("image/pwg-raster", data, "more rows")

    @pytest.mark.parametrize("cut", [1, 3, 4, 5, 1000, 1799, 1800, 1801, 1802, 2000, -1])
    def test_it_ends_early(self, cut):
        self.refuse("image/pwg-raster", pwg([self.ROWS], 64, (DPI, DPI))[:cut], "raster")

    @pytest.mark.parametrize("cut", [1, 7, 8, 11, 12, 13, 40, 44, 45, 46, 200, -1])
    def test_apple_raster_ends_early(self, cut):
        self.refuse("image/urf", urf([self.ROWS], 64, DPI)[:cut], "raster")

    def test_fewer_pages_than_announced(self):
        self.refuse("image/urf", urf([self.ROWS], 64, DPI, count=2), "after page 1 of 2")

    def test_no_pages(self):
        self.refuse("image/urf", b"UNIRAST\0" + bytes(4), "no pages")
        self.refuse("image/pwg-raster", b"RaS2", "no pages")

    def test_apple_colours(self):
        self.refuse("image/urf", urf([self.ROWS], 16, DPI, 32, 1), "not known")

    @pytest.mark.parametrize("word", [b"RaS3", b"RaSt", b"\0\0\0\0"])
    def test_other_words(self, word):
        self.refuse("image/pwg-raster", word + pwg([self.ROWS], 64)[4:], "not PWG raster")

    def test_a_page_of_many_metres_on_a_roll(self):
        body = b"\xff\x07\x00" * 391
        data = b"RaS2" + pwg_header(8, 100_000, (203, 203), SGRAY, 8) + body
        assert self.refuse("image/pwg-raster", data, "m") == "document-unprintable-error"

    @pytest.mark.parametrize("seed", range(6))
    def test_changed_bytes_give_an_error_or_a_page(self, seed):
        rng = np.random.default_rng(seed)
        for kind, sane in (
            ("image/pwg-raster", pwg([self.ROWS, self.ROWS], 64, (DPI, DPI))),
            ("image/urf", urf([self.ROWS, self.ROWS], 64, DPI)),
        ):
            for _ in range(150):
                data = bytearray(sane)
                for _ in range(rng.integers(1, 4)):
                    data[rng.integers(0, len(data))] = rng.integers(0, 256)
                page = replace(EXACT, height_px=None) if rng.integers(0, 2) else EXACT
                with contextlib.suppress(DocumentError):
                    render(kind, bytes(data), page)


def test_a_header_as_the_standard_lays_it_out():
    """Offsets of PWG 5102.4 table 2, so that the maker of the samples and the reader are not wrong together."""
    header = pwg_header(0x111, 0x222, (0x333, 0x444), 0x13, 24)
    assert struct.unpack_from("!II", header, 276) == (0x333, 0x444)
    assert struct.unpack_from("!II", header, 372) == (0x111, 0x222)
    assert struct.unpack_from("!III", header, 384) == (8, 24, 0x333)
    assert struct.unpack_from("!I", header, 400) == (19,)
    assert len(header) == 1796
