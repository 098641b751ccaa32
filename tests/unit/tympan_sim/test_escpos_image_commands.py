"""Images in ESC/POS, each command's edges and each model's limits."""

from __future__ import annotations

import numpy as np
import pytest

RNG = np.random.default_rng(7)


def rows_of(width: int, height: int) -> np.ndarray:
    return RNG.integers(0, 2, (height, width), dtype=np.uint8)


def gs_v(bits: np.ndarray, mode: int = 0) -> bytes:
    packed = np.packbits(bits, axis=1)
    return b"\x1dv0" + bytes([mode]) + size(packed.shape[1]) + size(packed.shape[0]) + packed.tobytes()


def size(number: int) -> bytes:
    return number.to_bytes(2, "little")


def graphics(
    bits: np.ndarray, *, scale: tuple[int, int] = (1, 1), colour: int = 49, long: bool = False, k: int = 0
) -> bytes:
    packed = np.packbits(bits, axis=1)
    body = (
        b"\x30\x70\x30"
        + bytes((*scale, colour))
        + size(bits.shape[1])
        + size(bits.shape[0])
        + packed.tobytes()
    )
    head = b"\x1d8L" + (len(body) + k).to_bytes(4, "little") if long else b"\x1d(L" + size(len(body) + k)
    return head + body


PRINT_GRAPHICS = b"\x1d(L\x02\x00\x30\x32"


@pytest.mark.parametrize(
    ("mode", "across", "along"), [(0, 1, 1), (1, 2, 1), (2, 1, 2), (3, 2, 2), (0x33, 2, 2)]
)
def test_raster_modes(decode, mode, across, along):
    bits = rows_of(40, 30)
    dots = decode(gs_v(bits, mode)).dots()
    want = np.repeat(np.repeat(bits, along, 0), across, 1)
    np.testing.assert_array_equal(dots[:, : want.shape[1]], want)
    assert dots.shape[0] == want.shape[0]


@pytest.mark.parametrize(("n", "left"), [(0, 0), (1, 268), (2, 536)])
def test_raster_is_justified(decode, n, left):
    bits = rows_of(40, 10)
    dots = decode(b"\x1ba" + bytes([n]) + gs_v(bits)).dots()
    np.testing.assert_array_equal(dots[:, left : left + 40], bits)
    assert dots[:, :576].sum() == bits.sum()


def test_raster_in_margins(decode):
    bits = np.ones((4, 64), np.uint8)
    decoded = decode(b"\x1dL\x03\x00\x1dW\x14\x00" + gs_v(bits))
    assert decoded.dots()[:, 3:23].all()
    assert decoded.dots().sum() == 4 * 20
    assert decoded.sheets[0].notes == ("clipped 44 dots right",)


def test_a_raster_wider_than_the_head_is_clipped(decode):
    bits = rows_of(1024, 12)
    decoded = decode(gs_v(bits))
    np.testing.assert_array_equal(decoded.dots()[:, :576], bits[:, :576])
    assert not decoded.dots()[:, 576:].any(), "beyond the head paper stays white"
    assert "clipped" in decoded.sheets[0].notes[0]
    blank_beyond = np.pad(rows_of(576, 3), ((0, 0), (0, 64)))
    assert decode(gs_v(blank_beyond)).sheets[0].notes == ()


@pytest.mark.parametrize("model", ["tm-t88v", "tm-m30"])
def test_a_raster_of_too_many_rows_prints_as_text(decode, model):
    fits = b"\x1dv0\0\x01\0" + size(2303) + b"\x00" * 2303
    assert decode(fits, model).consumed == len(fits)
    assert not decode(fits, model).unknown
    over = decode(b"\x1dv0\0\x01\0" + size(2304) + b"A" * 2304, model)
    assert over.unknown[0].detail["reason"] == "raster m=0 8 x 2304"
    assert over.sheets, "the data came out as text"


@pytest.mark.parametrize("head", [b"\x04\x01\0\x01\0", b"\0\0\0\x01\0", b"\0\x01\0\0\0", b"\0\x01\0\0\x10"])
def test_a_raster_with_a_wrong_head_is_refused(decode, head):
    decoded = decode(b"\x1dv0" + head + b"AB\n")
    assert decoded.unknown
    np.testing.assert_array_equal(decoded.dots(), decode(b"AB\n").dots())


def test_an_epson_prints_no_raster_in_the_middle_of_a_line(decode):
    bits = np.ones((30, 16), np.uint8)
    epson = decode(b"A" + gs_v(bits) + b"B\n", "tm-m30")
    np.testing.assert_array_equal(epson.dots(), decode(b"AB\n", "tm-m30").dots())
    assert "raster dropped" in epson.sheets[0].notes[0]
    clone = decode(b"A" + gs_v(bits))
    assert clone.dots()[24:54, :16].all(), "a clone prints the line first"


def test_a_pos_5890k_swallows_what_follows_a_multiple_of_48_rows(decode):
    good = decode(gs_v(rows_of(384, 47)) + b"text\n" * 3, "zj-5890")
    assert good.dots().shape[0] == 47 + 90
    bad = decode(gs_v(rows_of(384, 96)) + b"text\n" * 3, "zj-5890")
    assert bad.dots().shape[0] == 96, "the text went into the image that was already complete"


def test_a_clone_loses_its_way_past_64_kilobytes(decode):
    bits = np.zeros((1400, 384), np.uint8)
    assert decode(gs_v(bits[:1365]), "zj-5890").length_um == 1365 * 25_400 // 203
    assert decode(gs_v(bits), "zj-5890").length_um == 1365 * 25_400 // 203


@pytest.mark.parametrize(
    ("mode", "bytes_", "across", "along"), [(0, 1, 2, 3), (1, 1, 1, 3), (32, 3, 2, 1), (33, 3, 1, 1)]
)
def test_column_images(decode, mode, bytes_, across, along):
    bits = rows_of(50, bytes_ * 8)
    columns = np.packbits(bits.T, axis=1).tobytes()
    dots = decode(b"\x1b3\x18\x1b*" + bytes([mode]) + size(50) + columns + b"\n").dots()
    want = np.repeat(np.repeat(bits, along, 0), across, 1)
    np.testing.assert_array_equal(dots[:24, : 50 * across], want)
    assert dots.shape[0] == 24


def test_column_images_stack_without_a_gap(decode):
    bits = rows_of(100, 72)
    stream = b"\x1b3\x10"
    for top in range(0, 72, 24):
        stream += b"\x1b*\x21" + size(100) + np.packbits(bits[top : top + 24].T, axis=1).tobytes() + b"\n"
    np.testing.assert_array_equal(decode(stream).dots()[:, :100], bits)


def test_an_impact_printer_has_eight_pins_and_column_images_only(decode):
    bits = rows_of(400, 8)
    line = b"\x1b3\x10\x1b*\x01" + size(400) + np.packbits(bits.T, axis=1).tobytes() + b"\n"
    dots = decode(line * 2, "tm-u220").dots()
    np.testing.assert_array_equal(dots[:, :400], np.concatenate((bits, bits)))
    assert decode(b"\x1b*\x21\x01\0ABC\n", "tm-u220").unknown
    assert decode(gs_v(bits), "tm-u220").unknown


def test_columns_past_the_edge_are_lost_and_text_goes_on(decode):
    data = b"\xff" * 3 * 700
    decoded = decode(b"\x1b*\x21" + size(700) + data + b"\nI\n")
    assert decoded.dots()[:24, :576].all()
    np.testing.assert_array_equal(decoded.dots()[30:54, :12], decode(b"I\n").dots()[:24, :12])
    assert decoded.sheets[0].notes == ("clipped 124 dots right",)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("scale", [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_graphics_are_stored_then_printed(decode, long, scale):
    bits = rows_of(123, 77)
    assert not decode(graphics(bits, long=long)).sheets, "stored only"
    dots = decode(graphics(bits, scale=scale, long=long) + PRINT_GRAPHICS + PRINT_GRAPHICS).dots()
    want = np.repeat(np.repeat(bits, scale[1], 0), scale[0], 1)
    np.testing.assert_array_equal(dots[:, : want.shape[1]], want)
    assert dots.shape[0] == want.shape[0], "the second print command found nothing"


def test_graphics_take_65525_bytes_in_16_bits_and_more_in_32(decode):
    bits = rows_of(576, 910)
    np.testing.assert_array_equal(decode(graphics(bits) + PRINT_GRAPHICS).dots()[:, :576], bits)
    tall = rows_of(576, 2400)
    np.testing.assert_array_equal(decode(graphics(tall, long=True) + PRINT_GRAPHICS).dots()[:, :576], tall)
    too_tall = decode(graphics(np.zeros((2401, 8), np.uint8), long=True) + PRINT_GRAPHICS)
    assert too_tall.unknown
    assert not too_tall.length_um


@pytest.mark.parametrize("k", [-1, 1, 7])
def test_graphics_with_a_length_that_lies_are_skipped(decode, k):
    bits = np.ones((16, 16), np.uint8)
    decoded = decode(graphics(bits, k=k) + b"\n" * 8 + PRINT_GRAPHICS + b"A\n")
    assert decoded.unknown
    assert decoded.dots()[:, 12:].sum() == 0


def test_graphics_in_two_colours(decode):
    from dataclasses import replace

    from tympan_sim.models import MODELS

    model = MODELS["escpos-80mm"]
    two = replace(model, escpos=replace(model.escpos, two_colour=True))
    bits = rows_of(64, 20)
    sheet = decode(graphics(bits) + graphics(bits ^ 1, colour=50) + PRINT_GRAPHICS, two).sheets[0]
    x, y = sheet.origin
    pixels = np.asarray(sheet.image)[y:, x : x + 64]
    np.testing.assert_array_equal((pixels == 0).all(axis=2), bits.astype(bool))
    np.testing.assert_array_equal((pixels == (200, 0, 0)).all(axis=2), ~bits.astype(bool))


def test_stored_graphics_by_key(decode):
    bits = rows_of(32, 9)
    packed = np.packbits(bits, axis=1).tobytes()
    for define, show, clear, keys in ((67, 69, 66, 64), (83, 85, 82, 80)):
        body = bytes((0x30, define, 0x30)) + b"K1\x01" + size(32) + size(9) + b"\x31" + packed
        store = b"\x1d(L" + size(len(body)) + body
        print_key = b"\x1d(L\x06\0\x30" + bytes([show]) + b"K1\x01\x01"
        np.testing.assert_array_equal(decode(store + b"\x1b@" + print_key).dots()[:, :32], bits)
        ask = b"\x1d(L\x04\0\x30" + bytes([keys]) + b"KC"
        assert decode(store + ask).replies[0][2:] == b"\x40K1\x00"
        gone = decode(store + b"\x1d(L\x04\0\x30" + bytes([clear]) + b"K1" + print_key + ask)
        assert not gone.sheets
        assert gone.replies[0][2:] == b"\x40\x00"


def test_capacity_replies(decode):
    replies = decode(b"".join(b"\x1d(L\x02\0\x30" + bytes([fn]) for fn in (48, 51, 52))).replies
    assert [reply[:2] for reply in replies] == [b"\x370", b"\x371", b"\x372"]
    assert all(reply[2:-1].isdigit() and reply[-1] == 0 for reply in replies)


def test_downloaded_and_numbered_images(decode):
    bits = rows_of(16, 24)
    columns = np.packbits(bits.T, axis=1).tobytes()
    downloaded = decode(b"\x1d*\x02\x03" + columns + b"\x1d/\x00").dots()
    np.testing.assert_array_equal(downloaded[:, :16], bits)
    numbered = decode(b"\x1cq\x02" + (size(2) + size(3) + columns) * 2 + b"\x1cp\x02\x03\x1cp\x03\x00").dots()
    np.testing.assert_array_equal(numbered[:, :32], np.repeat(np.repeat(bits, 2, 0), 2, 1))
    assert numbered.shape[0] == 48


def test_bar_code_that_does_not_fit_or_is_wrong(decode):
    wide = decode(b"\x1dw\x06\x1dk\x49\x10{B" + b"A" * 14)
    assert wide.unknown[0].detail["reason"] == "wider than the print area"
    wrong = decode(b"\x1dk\x02ABC\x00\n")
    assert wrong.unknown
    np.testing.assert_array_equal(wrong.dots(), decode(b"ABC\n").dots())


def test_bar_code_text_above_and_below(decode):
    dots = decode(b"\x1dH\x03\x1dh\x20\x1dk\x04A\x00").dots()
    assert dots.shape[0] == 24 + 32 + 24
    np.testing.assert_array_equal(dots[:24], dots[56:])
    assert dots[:24].any()
