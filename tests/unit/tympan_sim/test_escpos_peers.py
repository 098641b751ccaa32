"""Streams that others make: what python-escpos was given must be what comes out."""

from __future__ import annotations

import itertools
import shutil
import subprocess

import barcode
import numpy as np
import pytest
import qrcode
from escpos.printer import Dummy
from PIL import Image
from reportlab.graphics.barcode import code93

RNG = np.random.default_rng(20)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray((RNG.random((height, width)) > 0.5).astype(np.uint8) * 255, "L").convert("1")


def black(image: Image.Image) -> np.ndarray:
    return (np.asarray(image.convert("L")) == 0).astype(np.uint8)


@pytest.mark.parametrize("implementation", ["bitImageRaster", "graphics", "bitImageColumn"])
@pytest.mark.parametrize("size", [(576, 300), (8, 1), (200, 24), (570, 131), (16, 961)])
def test_an_image_comes_out_pixel_for_pixel(decode, implementation, size):
    image = noise(*size)
    peer = Dummy()
    peer.image(image, impl=implementation)
    decoded = decode(peer.output)
    want = black(image)
    if implementation == "bitImageColumn":
        # Lines of 24 rows; a picture's last is filled up by the encoder with white.
        assert decoded.dots().shape[0] % 24 == 0
    assert not decoded.unknown
    np.testing.assert_array_equal(decoded.dots()[: size[1], : size[0]], want)
    assert not decoded.dots()[size[1] :].any()
    assert not decoded.dots()[:, size[0] :].any()
    assert decoded.consumed == len(peer.output)


@pytest.mark.parametrize(("high", "wide"), [(True, True), (False, True), (True, False), (False, False)])
def test_an_image_in_lower_density_is_doubled(decode, high, wide):
    image = noise(64, 40)
    peer = Dummy()
    peer.image(image, impl="bitImageRaster", high_density_vertical=high, high_density_horizontal=wide)
    want = np.repeat(np.repeat(black(image), 1 if high else 2, axis=0), 1 if wide else 2, axis=1)
    np.testing.assert_array_equal(decode(peer.output).dots()[:, : want.shape[1]], want)


# Bytes only where they fill the symbol: segno pads with one zero codeword more than the standard asks for, which no
# reader looks at, and then no other program draws the very same modules.
@pytest.mark.parametrize(
    ("content", "level"),
    [*itertools.product(["1234567890", "HELLO WORLD"], range(4)), ("https://example.org/ä?q=1", 1)],
)
def test_a_native_qr_code_is_the_standards(decode, ink, level, content):
    peer = Dummy()
    peer.qr(content, native=True, size=4, ec=level)
    decoded = decode(peer.output)
    left, top, right, bottom = ink(decoded.dots())
    modules = decoded.dots()[top:bottom:4, left:right:4]
    np.testing.assert_array_equal(
        np.repeat(np.repeat(modules, 4, 0), 4, 1), decoded.dots()[top:bottom, left:right]
    )
    correction = [
        qrcode.ERROR_CORRECT_L,
        qrcode.ERROR_CORRECT_M,
        qrcode.ERROR_CORRECT_Q,
        qrcode.ERROR_CORRECT_H,
    ][level]
    candidates = []
    for mask in range(8):
        code = qrcode.QRCode(error_correction=correction, mask_pattern=mask, border=0)
        code.add_data(content.encode(), optimize=0)
        code.make(fit=True)
        candidates.append(np.array(code.get_matrix(), np.uint8))
    assert any(np.array_equal(modules, candidate) for candidate in candidates)


@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed")
@pytest.mark.parametrize(
    "content", ["https://example.org/?a=1&b=2", "BCD\n002\n1\nSCT\nzwei Worte " * 5, "0", "x" * 800]
)
@pytest.mark.parametrize("level", [0, 3])
def test_a_reader_reads_a_qr_code(decode, tmp_path, content, level):
    peer = Dummy()
    peer.qr(content, native=True, size=3, ec=level)
    page = Image.new("L", (700, 700), 255)
    image = decode(peer.output).sheets[0].image
    page.paste(image.convert("L"), (20, 20))
    page.save(tmp_path / "qr.png")
    command = ["zbarimg", "--quiet", "--raw", "--oneshot", "-Sdisable", "-Sqrcode.enable", "qr.png"]
    read = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    assert read.removesuffix("\n") == content


def modules_of(dots: np.ndarray, ink, module: int) -> str:
    left, top, right, _ = ink(dots)
    return "".join(str(dot) for dot in dots[top, left:right:module])


def runs_of(modules: str) -> list[int]:
    return [len(list(group)) for _, group in itertools.groupby(modules)]


@pytest.mark.parametrize(
    ("kind", "peer_kind", "data"),
    [
        ("EAN13", "ean13", "4006381333931"),
        ("EAN13", "ean13", "978020137962"),
        ("EAN8", "ean8", "9638507"),
        ("UPC-A", "upca", "01234567890"),
        ("CODE128", "code128", "TYMPAN-a~"),
    ],
)
@pytest.mark.parametrize("width", [2, 3])
def test_bar_codes_have_the_modules_python_barcode_gives_them(decode, ink, kind, peer_kind, data, width):
    peer = Dummy()
    sent = "{B" + data if kind == "CODE128" else data
    peer.barcode(sent, kind, pos="OFF", width=width, height=40, function_type="B", check=False)
    decoded = decode(peer.output)
    want = barcode.get_barcode_class(peer_kind)(data).build()[0].replace("G", "1")
    assert modules_of(decoded.dots(), ink, width) == want
    left, top, right, bottom = ink(decoded.dots())
    assert (right - left, bottom - top) == (len(want) * width, 40)
    assert abs(576 - left - right) <= 1, "python-escpos centres"


@pytest.mark.parametrize(
    ("kind", "peer_kind", "data", "options"),
    [
        ("CODE39", "code39", "AZ-09 $/+%.", {"add_checksum": False}),
        ("ITF", "itf", "1234567890", {}),
        ("CODABAR", "codabar", "A12-$:/.+9B", {}),
    ],
)
def test_codes_of_two_widths_have_the_elements_python_barcode_gives_them(
    decode, ink, kind, peer_kind, data, options
):
    peer = Dummy()
    peer.barcode(data, kind, pos="OFF", width=2, height=40, function_type="A", check=False)
    dots = decode(peer.output).dots()
    drawn = runs_of(modules_of(dots, ink, 1))
    assert set(drawn) == {2, 5}
    want = runs_of(barcode.get_barcode_class(peer_kind)(data, **options).build()[0])
    assert [width > 2 for width in drawn] == [width > min(want) for width in want]


@pytest.mark.parametrize("data", ["TYM93", 'aB"?', "x\t{~}", "0123456789ABCDEFGHIJKLMN"])
def test_code93_has_the_elements_reportlab_gives_it(decode, ink, data):
    peer = code93.Extended93(data)
    peer.validate()
    peer.encode()
    peer.decompose()
    want = [ord(letter.lower()) - ord("a") + 1 for letter in peer.decomposed]
    stream = b"\x1dh\x28\x1dw\x02\x1dk\x48" + bytes([len(data)]) + data.encode()
    dots = decode(stream).dots()
    assert [run // 2 for run in runs_of(modules_of(dots, ink, 1))] == want


def test_upc_e_of_the_published_example(decode, ink):
    # 0-654321-7 stands for 0-65100-00432-7; even and odd digits go E O E O E O for check digit 7.
    patterns = ["0000101", "0110001", "0011101", "0111101", "0011011", "0011001"]
    want = "101" + "".join(patterns) + "010101"
    for data in (b"654321", b"0654321", b"06543217", b"06510000432", b"065100004327"):
        dots = decode(b"\x1dw\x02\x1dk\x01" + data + b"\0").dots()
        assert modules_of(dots, ink, 2) == want, data


def test_a_whole_receipt(decode):
    peer = Dummy()
    peer.set(bold=True, align="center", double_width=True, double_height=True)
    peer.textln("Café")
    peer.set_with_default()
    peer.textln("1 Kaffee                 € 3,20")
    peer.qr("https://example.org", native=True, size=5)
    peer.cashdraw(5)
    peer.cut()
    peer.textln("next")
    peer.cut(mode="PART")
    decoded = decode(peer.output)
    assert [sheet.cut for sheet in decoded.sheets] == ["full", "partial"]
    assert not decoded.unknown
    drawer = [action for action in decoded.actions if action.name == "drawer"]
    assert [action.detail["pin"] for action in drawer] == [5]
    assert decoded.sheets[0].image.width == 640
    assert decoded.sheets[0].origin == (32, 96)
