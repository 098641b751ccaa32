"""Raster graphics: the rules of chapter 15, one by one, on a sheet of 300 dpi."""

import time

import numpy as np
import pytest

from tympan_sim.decoder import Action, Sheet
from tympan_sim.pcl_decoder import PclDecoder

START = b"\x1b&l0E\x1b*p0x0Y\x1b*t300R"


def page_of(stream, **options):
    options.setdefault("dpi", 300)
    decoder = PclDecoder(**options)
    effects = [*decoder.feed(stream), *decoder.finish()]
    (sheet,) = [effect for effect in effects if isinstance(effect, Sheet)]
    return sheet


def dots(stream, columns=32, rows=16, left=71, **options):
    """The dots at the logical page's corner, as text."""
    picture = ~np.asarray(page_of(stream, **options).image)
    return ["".join("#" if dot else "." for dot in row[left : left + columns]) for row in picture[:rows]]


def bytes_of(stream, columns=32, rows=16, **options):
    return [
        int(row.replace("#", "1").replace(".", "0"), 2).to_bytes(columns // 8, "big")
        for row in dots(stream, columns, rows, **options)
    ]


ROWS = bytes_of


# --- rows --------------------------------------------------------------------------------------------------------------


def test_manuals_delta_rows_on_paper():
    stream = START + b"\x1b*r1A\x1b*b3m2W\x01\xff\x1b*b2W\x02\xf0\x1b*b5W\x00\x0f\x22\xaa\xaa\x1b*rC"
    assert ROWS(stream, 40, 4) == [b"\0\xff\0\0\0", b"\0\xff\xf0\0\0", b"\x0f\xff\xf0\xaa\xaa", bytes(5)]


@pytest.mark.parametrize(
    ("method", "row"),
    [
        (0, b"\x55\x55\x55\x7f"),
        (1, b"\x02\x55\x00\x7f"),
        (2, b"\xfe\x55\x00\x7f"),
        (3, b"\x60\x55\x55\x55\x7f"),
        (9, b"\x81\x55\x00\x7f"),
    ],
)
def test_each_method(method, row):
    stream = START + b"\x1b*r1A\x1b*b%dm%dW" % (method, len(row)) + row + b"\x1b*rC"
    assert ROWS(stream, 32, 2) == [b"\x55\x55\x55\x7f", bytes(4)]


def test_a_method_that_is_unknown_leaves_the_one_before():
    stream = START + b"\x1b*r1A\x1b*b1m4m2W\x01\xff\x1b*rC"
    assert ROWS(stream, 16, 1) == [b"\xff\xff"]


def test_seed_row_follows_every_method():
    stream = START + b"\x1b*r1A\x1b*b0m2W\xf0\x0f\x1b*b3m0W\x1b*b2m2W\xff\x81\x1b*b3m2W\x00\xff\x1b*rC"
    assert ROWS(stream, 16, 5) == [b"\xf0\x0f", b"\xf0\x0f", b"\x81\x81", b"\xff\x81", b"\0\0"]


def test_nothing_sent_repeats_with_delta_rows_and_is_white_with_the_others():
    stream = START + b"\x1b*r1A\x1b*b0m1W\xff\x1b*b0W\x1b*b3m0W\x1b*b1W\x00\x1b*b2m0W\x1b*b3m0W\x1b*rC"
    assert ROWS(stream, 8, 4) == [b"\xff", b"\0", b"\0", b"\0"]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_y_offset_moves_down_and_clears_the_seed_row(rows):
    stream = START + b"\x1b*r1A\x1b*b1W\xff\x1b*b3m%dY\x1b*b0W\x1b*b2W\x00\x81\x1b*rC" % rows
    assert ROWS(stream, 8, 8) == [b"\xff", *[b"\0"] * rows, b"\0", b"\x81", *[b"\0"] * (5 - rows)]


def test_run_length_row_of_odd_length_is_skipped_and_the_seed_stays():
    stream = START + b"\x1b*r1A\x1b*b0m1W\xaa\x1b*b1m3W\x00\xff\x00\x1b*b3m0W\x1b*rC"
    assert ROWS(stream, 8, 4) == [b"\xaa", b"\0", b"\xaa", b"\0"]


def test_adaptive_block():
    block = (
        b"\x00\x00\x02\xf0\xf0"
        b"\x05\x00\x02"
        b"\x03\x00\x02\x00\xff"
        b"\x04\x00\x01"
        b"\x01\x00\x02\x01\x55"
        b"\x02\x00\x02\xff\xaa"
    )
    stream = START + b"\x1b*r1A\x1b*b5m%dW" % len(block) + block + b"\x1b*rC"
    assert ROWS(stream, 16, 8) == [
        *[b"\xf0\xf0"] * 3,
        b"\xff\xf0",
        b"\0\0",
        b"\x55\x55",
        b"\xaa\xaa",
        b"\0\0",
    ]


def test_adaptive_block_out_of_range_skips_the_rest_and_clears_the_seed():
    stream = (
        START + b"\x1b*r1A\x1b*b5m13W\x00\x00\x01\xff\x07\x00\x01\xff\x00\x00\x01\xff\xff\x1b*b3m0W\x1b*rC"
    )
    assert ROWS(stream, 8, 3) == [b"\xff", b"\0", b"\0"]


def test_adaptive_block_of_less_than_three_bytes_moves_down():
    stream = START + b"\x1b*r1A\x1b*b5m2W\x00\x00\x1b*b0m1W\xff\x1b*rC"
    assert ROWS(stream, 8, 3) == [b"\0", b"\xff", b"\0"]


def test_adaptive_duplicates_without_end_stop_at_the_sheet():
    before = time.perf_counter()
    block = b"\x00\x00\x01\xff" + b"\x05\xff\xff" * 5_000
    picture = ~np.asarray(page_of(START + b"\x1b*r1A\x1b*b5m%dW" % len(block) + block + b"\x1b*rC").image)
    assert picture[:, 71:79].all()
    assert time.perf_counter() - before < 5


# --- width, height, margins --------------------------------------------------------------------------------------------


def test_width_cuts_long_rows_to_the_dot_and_fills_short_ones():
    stream = START + b"\x1b*r11S\x1b*r1A\x1b*b4W\xff\xff\xff\xff\x1b*b1W\xff\x1b*b3m0W\x1b*rC"
    assert dots(stream, 16, 4) == ["#" * 11 + "....."] + ["########........"] * 2 + ["." * 16]


def test_height_cuts_rows_and_moves_the_cursor_below_the_area():
    area = START + b"\x1b*r8s3T\x1b*r1A" + b"\x1b*b1W\xff" * 5
    assert ROWS(area, 8, 5)[:4] == [b"\xff"] * 3 + [b"\0"]
    short = START + b"\x1b*r8s6T\x1b*r1A\x1b*b1W\xff\x1b*rC\x1b*r8s1T\x1b*r0A\x1b*b1W\xaa\x1b*rC"
    assert ROWS(short, 8, 8) == [b"\xff", *[b"\0"] * 5, b"\xaa", b"\0"]


@pytest.mark.parametrize("empty", [b"\x1b*r0S", b"\x1b*r0T"])
def test_an_area_of_nothing_prints_nothing(empty):
    assert not (~np.asarray(page_of(START + empty + b"\x1b*r1A\x1b*b1W\xff\x1b*rC").image)).any()


def test_start_at_the_margin_or_at_the_cursor():
    at_cursor = START + b"\x1b*p8x2Y\x1b*r1A\x1b*b1W\xff\x1b*rC"
    assert ROWS(at_cursor, 24, 4) == [bytes(3), bytes(3), b"\0\xff\0", bytes(3)]
    at_margin = START + b"\x1b*p8x2Y\x1b*r0A\x1b*b1W\xff\x1b*rC"
    assert ROWS(at_margin, 24, 4) == [bytes(3), bytes(3), b"\xff\0\0", bytes(3)]


def test_data_without_a_start_begin_at_the_margin_as_it_stands():
    """``* r B`` leaves the left graphics margin, ``* r C`` takes it back."""
    stream = START + b"\x1b*p8x0Y\x1b*r1A\x1b*b1W\xff\x1b*r%c\x1b*p16x4Y\x1b*b1W\xaa\x1b*rC"
    assert ROWS(stream % b"B", 24, 5) == [b"\0\xff\0", bytes(3), bytes(3), bytes(3), b"\0\xaa\0"]
    assert ROWS(stream % b"C", 24, 5) == [b"\0\xff\0", bytes(3), bytes(3), bytes(3), b"\xaa\0\0"]


def test_the_end_takes_the_method_back_or_not():
    stream = START + b"\x1b*r1A\x1b*b2m2W\xff\xf0\x1b*r%c\x1b*r1A\x1b*b2W\xff\x0f\x1b*rC"
    assert ROWS(stream % b"C", 16, 2) == [b"\xf0\xf0", b"\xff\x0f"]
    assert ROWS(stream % b"B", 16, 2) == [b"\xf0\xf0", b"\x0f\x0f"]


def test_after_the_end_the_cursor_stands_below_the_last_row_at_the_margin():
    stream = START + b"\x1b*p8x0Y\x1b*r1A\x1b*b1W\xff\x1b*b1Y\x1b*b1W\xff\x1b*rC\x1b*c4a2b0P"
    assert ROWS(stream, 16, 6) == [b"\0\xff", b"\0\0", b"\0\xff", b"\0\xf0", b"\0\xf0", b"\0\0"]


def test_other_commands_end_the_image_and_keep_method_and_margin():
    stream = START + b"\x1b*p8x0Y\x1b*r1A\x1b*b2m2W\xff\xf0\x1b*p0x4Y\x1b*b2W\xff\x0f\x1b*rC"
    assert ROWS(stream, 24, 5) == [b"\0\xf0\xf0", bytes(3), bytes(3), bytes(3), b"\0\x0f\x0f"]


def test_settings_are_locked_while_an_image_is_sent():
    stream = (
        START + b"\x1b*r1A\x1b*b1W\xff\x1b*t75R\x1b*r4S\x1b*r1T\x1b*p0X"[:-5] + b"\x1b*r0A\x1b*b1W\xff\x1b*rC"
    )
    assert ROWS(stream, 8, 3) == [b"\xff", b"\xff", b"\0"]


def test_y_offset_outside_an_image_is_ignored():
    assert ROWS(START + b"\x1b*b5Y\x1b*r1A\x1b*b1W\xff\x1b*rC", 8, 2) == [b"\xff", b"\0"]


# --- resolution and direction ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dpi", "resolution"),
    [(300, 75), (300, 100), (300, 150), (300, 300), (600, 75), (600, 200), (600, 600), (1200, 600)],
)
def test_resolution(dpi, resolution):
    stream = b"\x1b&l0E\x1b*p0x0Y\x1b*t%dR\x1b*r1A\x1b*b1W\x81\x1b*b1W\xff\x1b*rC" % resolution
    picture = ~np.asarray(page_of(stream, dpi=dpi).image)
    factor = dpi // resolution
    expected = np.kron(np.array([[1, 0, 0, 0, 0, 0, 0, 1], [1] * 8], bool), np.ones((factor, factor), bool))
    left = round(71 * dpi / 300)
    assert np.array_equal(picture[: 2 * factor, left : left + 8 * factor], expected)
    assert picture.sum() == expected.sum()


@pytest.mark.parametrize(("dpi", "resolution"), [(300, 600), (300, 200), (600, 72), (600, 0)])
def test_a_resolution_the_printer_lacks_is_ignored_and_told(dpi, resolution):
    stream = b"\x1b*t%dR\x1b*r1A\x1b*b1W\xff\x1b*rC" % resolution
    decoder = PclDecoder(dpi=dpi)
    effects = [*decoder.feed(stream), *decoder.finish()]
    assert Action("unknown", {"language": "PCL", "sequence": f"ESC *t{resolution}R"}) in effects
    (sheet,) = [effect for effect in effects if isinstance(effect, Sheet)]
    assert (~np.asarray(sheet.image)).sum() == 8 * (dpi // 75) ** 2


L_SHAPE = b"\x1b*b1W\xff\x1b*b1W\x80\x1b*b1W\x80\x1b*rC"


@pytest.mark.parametrize("orientation", range(4))
def test_rows_follow_the_orientation_in_presentation_0(orientation):
    stream = b"\x1b&l%do0E\x1b*p100x50Y\x1b*t300R\x1b*r0F\x1b*r1A" % orientation + L_SHAPE
    picture = ~np.asarray(page_of(stream).image)
    upright = np.rot90(picture, -orientation)
    left = 59 if orientation % 2 else 71
    expected = np.array([[1] * 8, [1] + [0] * 7, [1] + [0] * 7], bool)
    rows, columns = np.nonzero(upright)
    assert (columns.min(), rows.min()) == pytest.approx((left + 100, 50), abs=1)
    assert np.array_equal(upright[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], expected)


@pytest.mark.parametrize("orientation", range(4))
def test_rows_run_across_the_sheet_in_presentation_3(orientation):
    stream = b"\x1b&l%do0E\x1b*p300x300Y\x1b*t300R\x1b*r3F\x1b*r1A" % orientation + L_SHAPE
    picture = ~np.asarray(page_of(stream).image)
    upright = picture[::-1, ::-1] if orientation > 1 else picture
    rows, columns = np.nonzero(upright)
    found = upright[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert np.array_equal(found, np.array([[1] * 8, [1] + [0] * 7, [1] + [0] * 7], bool))


# --- the edges of the sheet --------------------------------------------------------------------------------------------


def test_full_bleed_reaches_all_four_edges():
    width, length = 4961, 7016
    row = b"\xff" * 621
    stream = (
        b"\x1b&l0E\x1b&l-170.4U\x1b&u600D\x1b*p0x0Y\x1b*t600R\x1b*r1A\x1b*b0m621W"
        + row
        + b"\x1b*b3M"
        + b"\x1b*b0W" * (length - 1)
        + b"\x1b*rC"
    )
    sheet = page_of(stream, dpi=600)
    assert (~np.asarray(sheet.image)).sum() == width * length
    assert sheet.notes == ()


def test_the_manuals_clipping_at_the_logical_page():
    stream = START + b"\x1b&l-170.4U\x1b*p0x0Y\x1b*r1A\x1b*b310W" + b"\xff" * 310 + b"\x1b*rC"
    loose = ~np.asarray(page_of(stream).image)
    strict = ~np.asarray(page_of(stream, clip_to_logical_page=True).image)
    assert np.flatnonzero(loose[0]).tolist() == list(range(2480))
    assert np.flatnonzero(strict[0]).tolist() == list(range(2480 - 2 * 71 + 1))


def test_rows_below_the_sheet_are_dropped_without_another_page():
    stream = START + b"\x1b*r1A" + b"\x1b*b1W\xff" * 3600 + b"\x1b*b32767Y\x1b*b1W\xff\x1b*rC"
    picture = ~np.asarray(page_of(stream).image)
    assert picture[:, 71:79].all()


def test_dots_left_of_the_sheet_are_dropped_and_told():
    sheet = page_of(START + b"\x1b&l-180U\x1b*p0x0Y\x1b*r1A\x1b*b1W\xff\x1b*rC")
    assert np.flatnonzero((~np.asarray(sheet.image))[0]).tolist() == [0, 1, 2, 3]
    assert sheet.notes == ("marks beyond the edge of the sheet were dropped",)


# --- print model -------------------------------------------------------------------------------------------------------


def test_rows_are_laid_over_what_is_there():
    stream = START + b"\x1b*c8a1b0P\x1b*p0x0Y\x1b*r1A\x1b*b2W\x0f\xf0\x1b*rC"
    assert ROWS(stream, 16, 1) == [b"\xff\xf0"]


def test_an_opaque_source_whitens():
    stream = START + b"\x1b*c8a1b0P\x1b*p0x0Y\x1b*v1N\x1b*r16S\x1b*r1A\x1b*b2W\x0f\xf0\x1b*rC"
    assert ROWS(stream, 16, 1) == [b"\x0f\xf0"]


def test_a_white_pattern_erases():
    stream = START + b"\x1b*c16a1b0P\x1b*p0x0Y\x1b*v1T\x1b*r1A\x1b*b2W\x0f\xf0\x1b*rC"
    assert ROWS(stream, 16, 1) == [b"\xf0\x0f"]


# --- colour ------------------------------------------------------------------------------------------------------------


def colours(stream, count, **options):
    picture = np.asarray(page_of(stream, **options).image)
    return [f"{red:02x}{green:02x}{blue:02x}" for red, green, blue in picture[0, 71 : 71 + count].tolist()]


def test_simple_colour_cmy():
    stream = START + b"\x1b*r-3U\x1b*r8S\x1b*r1A\x1b*b1V\x55\x1b*b1V\x33\x1b*b1W\x0f\x1b*rC"
    assert colours(stream, 8) == [
        "ffffff",
        "00ffff",
        "ff00ff",
        "0000ff",
        "ffff00",
        "00ff00",
        "ff0000",
        "000000",
    ]


def test_simple_colour_rgb():
    stream = START + b"\x1b*r3U\x1b*r8S\x1b*r1A\x1b*b1V\x55\x1b*b1V\x33\x1b*b1W\x0f\x1b*rC"
    assert colours(stream, 8) == [
        "000000",
        "ff0000",
        "00ff00",
        "ffff00",
        "0000ff",
        "ff00ff",
        "00ffff",
        "ffffff",
    ]


def test_simple_colour_kcmy_has_black_as_its_first_plane():
    stream = START + b"\x1b*r-4U\x1b*r8S\x1b*r1A\x1b*b1V\x80\x1b*b1V\x40\x1b*b1V\x20\x1b*b1W\x10\x1b*rC"
    assert colours(stream, 5) == ["000000", "00ffff", "ff00ff", "ffff00", "ffffff"]


def test_planes_have_a_seed_row_each():
    stream = (
        START
        + b"\x1b*r-3U\x1b*r8S\x1b*r1A\x1b*b3m2V\x00\xc0\x1b*b2V\x00\x60\x1b*b0W\x1b*b0V\x1b*b0V\x1b*b2W\x00\x01\x1b*rC"
    )
    picture = np.asarray(page_of(stream).image)
    rows = [
        ["".join("#" if level == 0 else "." for level in pixel) for pixel in picture[row, 71:79]]
        for row in range(2)
    ]
    assert rows[0] == ["#..", "##.", ".#.", "...", "...", "...", "...", "..."]
    assert rows[1] == ["#..", "##.", ".#.", "...", "...", "...", "...", "..#"]


def test_direct_colour_is_what_was_sent():
    stream = (
        START
        + b"\x1b*v6W\x00\x03\x00\x08\x08\x08\x1b*r3S\x1b*r1A\x1b*b9W\x45\x06\x30\x00\x00\x00\x01\xff\x80\x1b*rC"
    )
    assert colours(stream, 4) == ["450630", "000000", "01ff80", "ffffff"]


def test_direct_colour_turns_with_the_page():
    stream = b"\x1b&l1o0E\x1b*p0x0Y\x1b*t300R\x1b*v6W\x00\x03\x00\x08\x08\x08\x1b*r0F\x1b*r2S\x1b*r1A\x1b*b6W\xff\x00\x00\x00\xff\x00\x1b*rC"
    picture = np.asarray(page_of(stream).image)
    (rows,) = np.nonzero((picture[:, 0] != 255).any(axis=1))
    assert picture[rows.max(), 0].tolist() == [255, 0, 0]
    assert picture[rows.min(), 0].tolist() == [0, 255, 0]


def test_a_palette_that_was_assigned():
    stream = (
        START + b"\x1b*v6W\x00\x01\x04\x08\x08\x08\x1b*v18a52b86c7I\x1b*r3S\x1b*r1A\x1b*b2W\x71\x70\x1b*rC"
    )
    assert colours(stream, 3) == ["123456", "ff0000", "123456"]


def test_black_and_colour_on_one_page():
    stream = (
        START
        + b"\x1b*c4a1b0P\x1b*r-3U\x1b*p4x0Y\x1b*r4S\x1b*r1A\x1b*b1V\xf0\x1b*b0V\x1b*b0W\x1b*rC\x1b*r1U\x1b*p6x0Y\x1b*c1a1b0P"
    )
    assert colours(stream, 9) == ["000000"] * 4 + ["00ffff"] * 2 + ["000000", "00ffff", "ffffff"]


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\x09\x03\x00\x08\x08\x08",
        b"\x00\x03\x00\x04\x04\x04",
        b"\x00\x01\x03\x08\x08\x08",
        b"\x00\x00\x00\x08\x08\x08",
    ],
)
def test_image_data_that_cannot_be_configured_stay_black_and_white(header):
    stream = START + b"\x1b*v%dW" % len(header) + header + b"\x1b*r1A\x1b*b1W\xaa\x1b*rC"
    assert ROWS(stream, 8, 1) == [b"\xaa"]


# --- speed -------------------------------------------------------------------------------------------------------------


def test_a_dense_page_is_decoded_while_it_would_print():
    """A page of delta rows with 150 changes each takes less than a laser of 20 pages a minute does (3 s)."""
    rng = np.random.default_rng(1)
    pieces = [b"\x1b&l0E\x1b&l-170.4U\x1b&u600D\x1b*p0x0Y\x1b*t600R\x1b*r4960S\x1b*r1A\x1b*b3M"]
    row = np.zeros(620, np.uint8)
    for _ in range(7016):
        step = bytes(rng.integers(0, 4, 150, dtype=np.uint8))
        values = rng.integers(0, 256, 150, dtype=np.uint8)
        places = np.cumsum(np.frombuffer(step, np.uint8) + 1) - 1
        row[places] = values
        pieces.append(
            b"\x1b*b300W" + bytes(np.stack([np.frombuffer(step, np.uint8), values], axis=1).ravel())
        )
    stream = b"".join(pieces) + b"\x1b*rC\f"
    before = time.process_time()
    sheet = page_of(stream, dpi=600)
    assert time.process_time() - before < 3
    assert np.array_equal(np.packbits((~np.asarray(sheet.image))[-1, :4960]), row)
