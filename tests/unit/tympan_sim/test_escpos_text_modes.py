"""Text in ESC/POS: cells, modes, code pages, positions, feeding."""

from __future__ import annotations

import numpy as np
import pytest


def test_a_line_takes_cells_of_twelve_by_twenty_four_and_feeds_thirty(decode):
    decoded = decode(b"H\n" + b"H" * 48 + b"\n")
    dots = decoded.dots()
    assert dots.shape[0] == 60
    first = dots[:24, :12]
    assert first.any()
    assert not dots[:30, 12:].any()
    for column in range(48):
        np.testing.assert_array_equal(dots[30:54, column * 12 : column * 12 + 12], first)
    assert decoded.length_um == 60 * 25_400 // 203


def test_a_full_line_wraps(decode):
    dots = decode(b"X" * 49 + b"\n").dots()
    assert dots.shape[0] == 60
    np.testing.assert_array_equal(dots[:24, :12], dots[30:54, :12])
    assert not dots[30:, 12:].any()


def test_font_b_is_nine_by_seventeen(decode):
    dots = decode(b"\x1bM\x01" + b"W" * 64 + b"\n").dots()
    assert dots.shape[0] == 30
    assert dots[:17, 63 * 9 :].any()
    assert not dots[17:].any()


@pytest.mark.parametrize(
    ("character", "places"),
    [
        ("é", {0: 0x82, 2: 0x82, 3: 0x82, 4: 0x82, 5: 0x82, 16: 0xE9, 18: 0x82, 19: 0x82, 40: 0xE9}),
        ("€", {16: 0x80, 19: 0xD5, 40: 0xA4}),
        ("ß", {0: 0xE1, 2: 0xE1, 16: 0xDF, 18: 0xE1, 39: 0xDF}),
        ("Я", {17: 0x9F, 46: 0xDF}),
        ("ł", {18: 0x88, 39: 0xB3, 45: 0xB3}),
        ("Ω", {0: 0xEA, 14: 0x97, 15: 0xD9}),
        ("ã", {3: 0x84, 2: 0xC6, 16: 0xE3}),
    ],
)
def test_a_character_looks_the_same_from_every_code_page_that_has_it(decode, character, places):
    drawn = [decode(b"\x1bt" + bytes((page, code)) + b"\n").dots()[:24, :12] for page, code in places.items()]
    assert drawn[0].any(), character
    for cell in drawn[1:]:
        np.testing.assert_array_equal(cell, drawn[0])
    assert not np.array_equal(drawn[0], decode(b"?\n").dots()[:24, :12])


def test_katakana_is_in_page_one(decode):
    dots = decode(b"\x1bt\x01\xb1\xdd\n").dots()
    assert dots[:24, :12].any()
    assert dots[:24, 12:24].any()


def test_signs_of_page_one_take_one_cell(decode):
    dots = decode(b"\x1bt\x01\xf2I\n").dots()
    assert dots[:24, :12].any(), "year"
    np.testing.assert_array_equal(dots[:24, 12:24], decode(b"I\n").dots()[:24, :12])


def test_a_page_the_printer_has_not_changes_nothing(decode):
    decoded = decode(b"\x1bt\x10\x1bt\xf0\xe9\n")
    np.testing.assert_array_equal(decoded.dots(), decode(b"\x1bt\x10\xe9\n").dots())
    assert decoded.unknown[0].detail["reason"] == "no such code page"


@pytest.mark.parametrize(
    ("number", "byte", "page", "code"),
    [
        (1, b"@", 0, 0x85),
        (2, b"[", 0, 0x8E),
        (3, b"#", 0, 0x9C),
        (5, b"$", 16, 0xA4),
        (8, b"\\", 0, 0x9D),
        (7, b"|", 0, 0xA4),
    ],
)
def test_national_sets_replace_their_characters(decode, number, byte, page, code):
    national = decode(b"\x1bR" + bytes([number]) + byte + b"\n").dots()
    np.testing.assert_array_equal(national, decode(b"\x1bt" + bytes((page, code)) + b"\n").dots())


def test_sizes_multiply_cells(decode):
    plain = decode(b"R\n").dots()[:24, :12]
    for width, height in ((2, 1), (1, 2), (3, 4), (8, 8)):
        size = bytes([(width - 1) << 4 | (height - 1)])
        dots = decode(b"\x1d!" + size + b"R\n").dots()
        want = np.repeat(np.repeat(plain, height, 0), width, 1)
        np.testing.assert_array_equal(dots[: 24 * height, : 12 * width], want)
        assert dots.shape[0] == max(24 * height, 30), "paper passes the whole height of a line"
    np.testing.assert_array_equal(decode(b"\x1b!\x30R\n").dots(), decode(b"\x1d!\x11R\n").dots())


def test_bold_and_double_strike_thicken(decode):
    plain = decode(b"iii\n").dots()
    bold = decode(b"\x1bE\x01iii\x1bE\x00\n").dots()
    assert (bold >= plain).all()
    assert bold.sum() > plain.sum()
    np.testing.assert_array_equal(decode(b"\x1bG\x01iii\n").dots(), bold)


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (2, 2), (0x31, 1), (0x32, 2), (0, 0)])
def test_underline_is_one_or_two_dots(decode, n, rows):
    dots = decode(b"\x1b-" + bytes([n]) + b"a b\n").dots()
    assert int(dots[:24, :36].all(axis=1).sum()) == rows


def test_reverse_is_white_on_black(decode):
    plain = decode(b"ab\n").dots()[:24, :24]
    np.testing.assert_array_equal(decode(b"\x1dB\x01ab\n").dots()[:24, :24], plain ^ 1)


def test_upside_down_turns_the_line(decode):
    plain = decode(b"Turn\n").dots()[:24, :576]
    turned = decode(b"\x1b{\x01Turn\n").dots()[:24, :576]
    np.testing.assert_array_equal(turned, plain[::-1, ::-1])


def test_rotated_characters(decode):
    plain = decode(b"F\n").dots()[:24, :12]
    np.testing.assert_array_equal(decode(b"\x1bV\x01F\n").dots()[:12, :24], np.rot90(plain, -1))


@pytest.mark.parametrize(("n", "left"), [(0, 0), (1, 276), (2, 552), (0x31, 276), (0x32, 552)])
def test_justification_moves_the_line(decode, n, left):
    dots = decode(b"\x1ba" + bytes([n]) + b"MM\n").dots()
    np.testing.assert_array_equal(dots[:24, left : left + 24], decode(b"MM\n").dots()[:24, :24])


def test_an_epson_takes_justification_only_at_the_start_of_a_line(decode):
    late = b"MM\x1ba\x02\n"
    assert decode(late, "tm-m30").dots()[:, :24].any()
    assert decode(late + b"MM\n", "tm-m30").dots()[30:, :24].any()


def test_mixed_sizes_stand_on_one_base_line(decode):
    dots = decode(b"\x1d!\x01H\x1d!\x00H\n").dots()
    np.testing.assert_array_equal(dots[24:48, 12:24], decode(b"H\n").dots()[:24, :12])


@pytest.mark.parametrize(
    ("stream", "rows"),
    [
        (b"\x1b3\x40A\n", 64),
        (b"\x1b3\x05A\n", 24),  # a thermal head cannot print two rows on one
        (b"\x1b3\x05\n\x1b2A\n", 35),
        (b"A\x1bJ\x64", 100),
        (b"A\x1bd\x03", 90),
        (b"\x1b \x0aAB\n", 30),
        (b"A\r\n", 30),
    ],
)
def test_feeds(decode, stream, rows):
    assert (
        decode(stream + b"\x1dV\x00" if stream.endswith(b"\n") else stream).length_um == rows * 25_400 // 203
    )


def test_half_dot_units_of_a_tm_t88v_add_up(decode):
    assert decode(b"\x1bJ\x01" * 10, "tm-t88v").length_um == 5 * 25_400 // 180
    assert decode(b"A\x1b3\x3c\n", "tm-t88v").length_um == 30 * 25_400 // 180


def test_an_impact_printer_overprints(decode):
    twice = decode(b"\x1b3\x00AB\nB\x1b2\n", "tm-u220").dots()
    a, b = decode(b"AB\n", "tm-u220").dots(), decode(b"B\n", "tm-u220").dots()
    np.testing.assert_array_equal(twice, a | b)


def test_tabs(decode):
    glyph = decode(b"I\n").dots()[:24, :12]
    dots = decode(b"\tI\tI\n").dots()
    np.testing.assert_array_equal(dots[:24, 96:108], glyph)
    np.testing.assert_array_equal(dots[:24, 192:204], glyph)
    own = decode(b"\x1bD\x05\x14\x00\tI\tI\tI\n").dots()
    np.testing.assert_array_equal(own[:24, 60:72], glyph)
    np.testing.assert_array_equal(own[:24, 240:252], glyph)
    np.testing.assert_array_equal(own[:24, 252:264], glyph), "past the last stop a tab does nothing"
    assert not decode(b"\x1bD\x00\tI\n").dots()[:, 12:].any()


def test_a_tab_list_out_of_order_ends_there(decode):
    # 08 05: the list ends, 05 is lost, the rest is data.
    dots = decode(b"\x1bD\x08\x05AB\n").dots()
    assert dots[:24, :24].any()


def test_margins_and_area(decode):
    glyph = decode(b"I\n").dots()[:24, :12]
    np.testing.assert_array_equal(decode(b"\x1dL\x64\x00I\n").dots()[:24, 100:112], glyph)
    wrapped = decode(b"\x1dW\x24\x00IIII\n").dots()
    assert wrapped.shape[0] == 60
    np.testing.assert_array_equal(wrapped[30:54, :12], glyph)
    centred = decode(b"\x1dL\x64\x00\x1dW\x64\x00\x1ba\x01I\n").dots()
    np.testing.assert_array_equal(centred[:24, 144:156], glyph)


def test_positions(decode):
    glyph = decode(b"I\n").dots()[:24, :12]
    np.testing.assert_array_equal(decode(b"\x1b$\x2c\x01I\n").dots()[:24, 300:312], glyph)
    np.testing.assert_array_equal(decode(b"I\x1b\\\x14\x00I\n").dots()[:24, 32:44], glyph)
    back = decode(b"\x1b$\x64\x00\x1b\\\xf6\xffI\n").dots()
    np.testing.assert_array_equal(back[:24, 90:102], glyph)
    assert not decode(b"\x1b$\xff\xffI\n").dots()[:, 12:].any(), "a position outside is not taken"


def test_user_defined_characters(decode):
    columns = bytes((0x80, 0x00, 0x01)) * 12
    dots = decode(b"\x1b&\x03AA\x0c" + columns + b"\x1b%\x01AB\x1b%\x00A\n").dots()
    assert dots[0, :12].all()
    assert dots[23, :12].all()
    assert dots[1:23, :12].sum() == 0
    plain = decode(b"ABA\n").dots()
    np.testing.assert_array_equal(dots[:, 12:36], plain[:, 12:36])
    assert decode(b"\x1b&\x03AA\x0c" + columns + b"\x1b%\x01\x1b?AA\n").dots()[1:23, :12].any()


def test_two_byte_characters_of_a_chinese_clone(decode):
    # é of PC437 and the bytes after it are one Chinese character each, unless FS . was sent.
    chinese = decode(b"\x82\x41\n", "zj-5890").dots()
    assert chinese[:24, :24].any()
    assert not chinese[:, 24:].any()
    plain = decode(b"\x1c.\x82A\n", "zj-5890").dots()
    np.testing.assert_array_equal(plain[:24, :384], decode(b"\x82A\n").dots()[:24, :384])


def test_initialize_sets_everything_back(decode):
    wild = b"\x1bE\x01\x1d!\x11\x1ba\x02\x1dL\x40\x00\x1b3\x64\x1dB\x01\x1bM\x01\x1bt\x10\x1bR\x02\x1b{\x01\x1b \x05"
    np.testing.assert_array_equal(decode(wild + b"\x1b@#[\xe9\n").dots(), decode(b"#[\xe9\n").dots())


def test_what_is_not_understood_prints_as_text(decode):
    decoded = decode(b"\x1bzAB\n")
    np.testing.assert_array_equal(decoded.dots(), decode(b"AB\n").dots())
    assert decoded.unknown[0].detail == {"bytes": b"\x1bz"}


def test_a_deselected_printer_ignores_all_until_it_is_selected(decode):
    decoded = decode(b"\x1b=\x02A\n\x1dV\x00\x1b=\x01B\n")
    np.testing.assert_array_equal(decoded.dots(), decode(b"B\n").dots())
    assert len(decoded.sheets) == 1


def test_a_line_without_line_feed_stays_in_the_buffer(decode):
    assert not decode(b"lost").sheets
    decoded = decode(b"A\nlost")
    assert decoded.dots().shape[0] == 30
    assert "line feed" in decoded.sheets[0].notes[0]


def test_red_text_of_a_two_colour_printer(decode):
    image = decode(b"\x1br\x01A\x1br\x00B\n", "tm-u220").sheets[0].image
    colours = {colour for _, colour in image.getcolors()}
    assert image.mode == "RGB"
    assert colours == {(255, 255, 255), (200, 0, 0), (0, 0, 0)}
    assert decode(b"\x1br\x01A\n").sheets[0].image.mode == "1"
