"""JPEG and PNG against Pillow's own decoding."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from rendering import A4_BORDERLESS, MemoryDocument, a4, ink_box, receipt, render

from tympan.driver.contract import PageFormat
from tympan.driver.ticket import JobTicket, MediaSpec
from tympan.errors import DocumentError
from tympan.render.sources import Target, image
from tympan.render.sources.page import View

MEDIA = MediaSpec("custom", 21000, 29700)


def picture(width=330, height=220, mode="RGB"):
    y, x = np.mgrid[0:height, 0:width]
    red = x * 255 // (width - 1)
    green = y * 255 // (height - 1)
    blue = ((x - width // 2) ** 2 + (y - height // 2) ** 2 < (height // 4) ** 2) * 255
    return Image.fromarray(np.stack([red, green, blue], axis=-1).astype(np.uint8)).convert(mode)


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def grey(document_format, data, size=None, page=None):
    """The image's grey pixels at a size, its own where none is given."""
    page = page or PageFormat((100, 100), 100, 100, 100, 100)
    target = Target(JobTicket(1, MEDIA), page, None, str.isascii)
    source = image.open_document(document_format, MemoryDocument(data), target)
    only = next(iter(source.pages()))
    width, height = size or (round(only.width_in * 100), round(only.height_in * 100))
    parts = []
    for band in only.bands(View(width, height, 0, 0, width, height, 0, (100, 100))):
        parts.append(np.full((band.rows, width), 255, np.uint8) if band.grey is None else band.grey.copy())
    return np.concatenate(parts).astype(int)


def over_white(picture):
    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    return np.asarray(ground.convert("L")).astype(int)


class TestPng:
    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
    @pytest.mark.parametrize("band_bytes", [1 << 20, 3000])
    def test_modes(self, mode, band_bytes, monkeypatch):
        monkeypatch.setattr("tympan.render.sources.png.BAND_BYTES", band_bytes)
        subject = picture(mode=mode)
        if mode in {"RGBA", "LA"}:
            subject.putalpha(Image.linear_gradient("L").resize(subject.size))
        assert np.abs(grey("image/png", saved(subject, "PNG")) - over_white(subject)).max() <= 1

    @pytest.mark.parametrize("bits", [1, 2, 4])
    def test_small_palettes(self, bits):
        subject = picture().quantize(2**bits)
        data = saved(subject, "PNG", bits=bits)
        assert data[24] == bits
        assert np.abs(grey("image/png", data) - over_white(subject)).max() <= 1

    def test_a_transparent_colour_of_a_palette(self):
        subject = picture().quantize(16)
        data = saved(subject, "PNG", transparency=3)
        assert np.abs(grey("image/png", data) - over_white(Image.open(io.BytesIO(data)))).max() <= 1

    def test_a_transparent_colour_without_alpha(self):
        subject = picture()
        subject.paste((9, 8, 7), (10, 10, 60, 60))
        found = grey("image/png", saved(subject, "PNG", transparency=(9, 8, 7)))
        assert (found[10:60, 10:60] == 255).all()

    def test_sixteen_bits_of_grey(self):
        values = np.asarray(picture(mode="L")).astype(np.uint16) * 257
        found = grey("image/png", saved(Image.fromarray(values), "PNG"))
        np.testing.assert_array_equal(found, values >> 8)

    def test_sixteen_bits_of_colour(self):
        wide = (np.asarray(picture()).astype(">u2") * 257).astype(">u2").reshape(220, -1).view(np.uint8)
        raw = b"".join(b"\0" + row.tobytes() for row in wide)
        data = png(330, 220, 16, 2, raw)
        assert np.abs(grey("image/png", data) - np.asarray(picture(mode="L"))).max() <= 1

    def test_interlaced(self):
        """Adam7 (ISO/IEC 15948 §8.2), written pass by pass."""
        values = np.asarray(picture(45, 37, "L"))
        raw = b""
        for x0, y0, dx, dy in (
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ):
            raw += b"".join(b"\0" + row.tobytes() for row in values[y0::dy, x0::dx])
        np.testing.assert_array_equal(grey("image/png", png(45, 37, 8, 0, raw, interlace=1)), values)

    @pytest.mark.parametrize("kind", range(5))
    def test_every_filter(self, kind, monkeypatch):
        """The filters of ISO/IEC 15948 §9, applied here from their definitions."""
        monkeypatch.setattr("tympan.render.sources.png.BAND_BYTES", 700)
        values = np.asarray(picture(61, 40)).astype(int).reshape(40, -1)
        raw = bytearray()
        for y in range(40):
            raw.append(kind)
            for x in range(values.shape[1]):
                left = values[y, x - 3] if x >= 3 else 0
                up = values[y - 1, x] if y else 0
                corner = values[y - 1, x - 3] if y and x >= 3 else 0
                paeth = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
                raw.append((values[y, x] - (0, left, up, (left + up) // 2, paeth)[kind]) % 256)
        found = grey("image/png", png(61, 40, 8, 2, bytes(raw)))
        np.testing.assert_array_equal(found, np.asarray(picture(61, 40, "L")))

    def test_data_in_many_chunks(self):
        whole = saved(picture(), "PNG")
        start = whole.index(b"IDAT") - 4
        length = struct.unpack("!I", whole[start : start + 4])[0]
        body = whole[start + 8 : start + 8 + length]
        parts = b"".join(chunk(b"IDAT", body[at : at + 11]) for at in range(0, len(body), 11)) + chunk(
            b"IDAT", b""
        )
        data = whole[:start] + parts + whole[start + 12 + length :]
        np.testing.assert_array_equal(grey("image/png", data), np.asarray(picture(mode="L")))


def chunk(kind, body):
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def png(width, height, depth, colour, raw, *, interlace=0):
    header = struct.pack("!IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


class TestJpeg:
    @pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
    @pytest.mark.parametrize("mode", ["RGB", "L"])
    def test_grey(self, mode, options):
        data = saved(picture(mode=mode), "JPEG", quality=95, **options)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
        assert np.abs(grey("image/jpeg", data) - expected).max() <= 3

    def test_cmyk(self):
        data = saved(picture(mode="CMYK"), "JPEG", quality=95)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB").convert("L")).astype(int)
        assert np.abs(grey("image/jpeg", data) - expected).mean() < 3

    def test_the_first_of_several_pictures(self):
        """What telephones save: a JPEG with a second picture behind it."""
        data = saved(
            picture(mode="L"), "MPO", quality=95, save_all=True, append_images=[Image.new("L", (330, 220))]
        )
        assert np.abs(grey("image/jpeg", data) - np.asarray(picture(mode="L"))).max() <= 8

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation(self, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(picture(mode="L"), "JPEG", quality=95, exif=exif)
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))).astype(int)
        found = grey("image/jpeg", data)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 2

    def test_broken_exif_is_no_obstacle(self):
        data = saved(picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
        assert grey("image/jpeg", data).shape == (220, 330)

    @pytest.mark.parametrize("target", [(110, 73), (41, 27), (700, 467), (330, 100)])
    def test_scaled(self, target):
        data = saved(picture(mode="L"), "JPEG", quality=95)
        expected = np.asarray(Image.open(io.BytesIO(data)).resize(target, Image.Resampling.BICUBIC)).astype(
            int
        )
        found = grey("image/jpeg", data, target)
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < 3


class TestPlace:
    def test_a_wide_photo_is_turned_and_fills_the_printable_area(self):
        out = render("image/jpeg", saved(Image.new("L", (300, 200), 0), "JPEG"), a4(100)).pages[0]
        left, top, right, bottom = ink_box(out)
        assert (top, bottom) == (0, 1135)
        assert abs(right - left - 1135 * 2 / 3) <= 1
        assert abs(left - (793 - right)) <= 1

    def test_without_margins_it_covers_the_paper(self):
        out = render(
            "image/png", saved(Image.new("L", (300, 200), 0), "PNG"), a4(100, 0), media=A4_BORDERLESS
        ).pages[0]
        assert out.all()

    def test_on_a_roll_it_is_as_wide_as_the_paper_prints(self):
        out = render("image/png", saved(Image.new("L", (300, 200), 0), "PNG"), receipt()).pages[0]
        assert out.shape == (384, 576)
        assert out.all()

    def test_dots_of_a_receipt_are_not_resampled(self):
        bits = np.random.default_rng(9).integers(0, 2, (400, 576), np.uint8)
        bits[-1] = 1
        for kind, options in (("1", {}), ("L", {}), ("RGB", {})):
            data = saved(Image.fromarray(255 - 255 * bits).convert(kind), "PNG", **options)
            np.testing.assert_array_equal(render("image/png", data, receipt()).pages[0], bits)

    def test_unscaled_without_a_density_is_dot_for_dot(self):
        bits = np.random.default_rng(9).integers(0, 2, (64, 100), np.uint8)
        bits[0], bits[-1], bits[:, 0], bits[:, -1] = 1, 1, 1, 1
        out = render(
            "image/png", saved(Image.fromarray(255 - 255 * bits), "PNG"), receipt(), print_scaling="none"
        ).pages[0]
        left, top, right, bottom = ink_box(out)
        np.testing.assert_array_equal(out[top:bottom, left:right], bits)

    def test_unscaled_with_a_density_is_as_large_as_it_says(self):
        data = saved(Image.new("L", (300, 150), 0), "PNG", dpi=(150, 150))
        out = render("image/png", data, a4(600), print_scaling="none").pages[0]
        left, top, right, bottom = ink_box(out)
        assert (right - left, bottom - top) == (1200, 600)


class TestBad:
    def refuse(self, document_format, data, **options):
        with pytest.raises(DocumentError) as caught:
            render(document_format, data, a4(100), **options)
        return caught.value

    def test_sixty_thousand_by_sixty_thousand(self):
        huge = png(60_000, 60_000, 8, 2, b"\0" * 1000)
        assert self.refuse("image/png", huge).reason == "document-unprintable-error"
        data = bytearray(saved(picture(), "JPEG"))
        frame = data.index(b"\xff\xc0")
        struct.pack_into("!HH", data, frame + 5, 60_000, 60_000)
        error = self.refuse("image/jpeg", bytes(data))
        assert error.reason == "document-unprintable-error"
        assert "60000 by 60000" in error.problem

    def test_a_large_interlaced_image(self):
        assert (
            self.refuse("image/png", png(9000, 9000, 8, 2, b"", interlace=1)).reason
            == "document-unprintable-error"
        )

    def test_a_large_progressive_image(self):
        data = bytearray(saved(picture(), "JPEG", progressive=True))
        struct.pack_into("!HH", data, data.index(b"\xff\xc2") + 5, 12_000, 12_000)
        assert self.refuse("image/jpeg", bytes(data)).reason == "document-unprintable-error"

    def test_an_image_that_inflates_to_nothing_like_its_header(self):
        bomb = png(2000, 2000, 8, 0, b"\0" * 100)
        assert self.refuse("image/png", bomb).reason == "document-format-error"

    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_truncated(self, kind):
        data = saved(picture(), kind)
        for cut in (1, 2, 4, 10, 30, 100, len(data) // 2, len(data) - 100):
            self.refuse(f"image/{kind.lower()}", data[:cut])

    @pytest.mark.parametrize("at", [8, 12, 16, 20, 24, 25, 26, 27, 28, 29, 40])
    def test_a_damaged_header(self, at):
        data = bytearray(saved(picture(), "PNG"))
        data[at] ^= 0xFF
        self.refuse("image/png", bytes(data))

    def test_something_else(self):
        for document_format in ("image/png", "image/jpeg"):
            self.refuse(document_format, b"GIF89a" + bytes(100))
            self.refuse(document_format, saved(picture(), "BMP"))

    def test_an_empty_document(self):
        assert "empty" in self.refuse("image/png", b"").problem

    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    @pytest.mark.parametrize("seed", range(4))
    def test_changed_bytes_give_an_error_or_a_page(self, kind, seed):
        rng = np.random.default_rng(seed)
        sane = saved(picture(60, 40, "P" if kind == "PNG" and seed % 2 else "RGB"), kind)
        for _ in range(80):
            data = bytearray(sane)
            for _ in range(rng.integers(1, 5)):
                data[rng.integers(0, len(data))] = rng.integers(0, 256)
            with contextlib.suppress(DocumentError):
                render(f"image/{kind.lower()}", bytes(data), a4(50))
