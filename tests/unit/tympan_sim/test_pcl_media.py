"""Where the logical page lies on the sheet, against the tables of HP's PCL 5 Technical Reference Manual."""

import pytest

from tympan_sim.pcl_media import (
    PAPER_SIZES,
    PJL_PAPER,
    UNITS_PER_INCH,
    custom_size,
    frame_of,
    size_by_name,
    size_of_length,
)

DOT = UNITS_PER_INCH // 300

# Code, width and length of the sheet, offset of the logical page in portrait and in landscape: dots at 300 dpi, as the
# manual gives them (it leaves fractions of a dot out).
HP_TABLE = [
    (1, 2175, 3150, 75, 60),
    (2, 2550, 3300, 75, 60),
    (3, 2550, 4200, 75, 60),
    (6, 3300, 5100, 75, 60),
    (26, 2480, 3507, 71, 59),
    (27, 3507, 4960, 71, 59),
    (80, 1162, 2250, 75, 60),
    (81, 1237, 2850, 75, 60),
    (90, 1299, 2598, 71, 59),
    (91, 1913, 2704, 71, 59),
    (100, 2078, 2952, 71, 59),
]


@pytest.mark.parametrize(("code", "width", "length", "portrait", "landscape"), HP_TABLE)
def test_sizes_and_offsets_are_the_manuals(code, width, length, portrait, landscape):
    size = PAPER_SIZES[code]
    assert size.width_units / DOT == pytest.approx(width, abs=1.0)
    assert size.length_units / DOT == pytest.approx(length, abs=1.0)
    assert (size.portrait_offset, size.landscape_offset) == (portrait * DOT, landscape * DOT)


@pytest.mark.parametrize(("code", "width", "length", "portrait", "landscape"), HP_TABLE)
def test_logical_page_in_all_orientations(code, width, length, portrait, landscape):
    size = PAPER_SIZES[code]
    corners = []
    for orientation in range(4):
        frame = frame_of(size, orientation=orientation, direction=0, shift=(0.0, 0.0))
        along, across = (length, width - 2 * portrait)
        if orientation % 2:
            along, across = (width, length - 2 * landscape)
        assert frame.width / DOT == pytest.approx(across, abs=1.0)
        assert frame.height / DOT == pytest.approx(along, abs=1.0)
        x, y = frame.on_sheet(0, 0)
        corners.append((x / DOT, y / DOT))
    # Text is turned counter-clockwise: in landscape its first line runs up the sheet's left edge.
    assert corners[0] == pytest.approx((portrait, 0), abs=1.0)
    assert corners[1] == pytest.approx((0, length - landscape), abs=1.0)
    assert corners[2] == pytest.approx((width - portrait, length), abs=1.0)
    assert corners[3] == pytest.approx((width, landscape), abs=1.0)


@pytest.mark.parametrize("orientation", range(4))
@pytest.mark.parametrize("direction", range(4))
def test_points_come_back_from_the_sheet(orientation, direction):
    frame = frame_of(PAPER_SIZES[26], orientation=orientation, direction=direction, shift=(12.0, -30.0))
    assert frame.from_sheet(*frame.on_sheet(1000, 250)) == pytest.approx((1000, 250))


def test_a_step_to_the_right_goes_the_way_the_text_reads():
    steps = []
    for orientation in range(4):
        frame = frame_of(PAPER_SIZES[26], orientation=orientation, direction=0, shift=(0.0, 0.0))
        (x0, y0), (x1, y1) = frame.on_sheet(0, 0), frame.on_sheet(1, 0)
        steps.append((x1 - x0, y1 - y0))
    assert steps == [(1, 0), (0, -1), (-1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("name", "dpi", "dots"),
    [
        ("iso_a4_210x297mm", 600, (4961, 7016)),
        ("iso_a4_210x297mm", 300, (2480, 3508)),
        ("na_letter_8.5x11in", 600, (5100, 6600)),
        ("na_number-10_4.125x9.5in", 300, (1238, 2850)),
        ("iso_a5_148x210mm", 600, (3496, 4961)),
    ],
)
def test_dots_of_the_sheet(name, dpi, dots):
    assert size_by_name(name).dots(dpi) == pytest.approx(dots, abs=0.5)


def test_every_pjl_name_has_a_size():
    assert set(PJL_PAPER.values()) <= set(PAPER_SIZES)


def test_names_that_are_in_no_table_say_their_size():
    size = size_by_name("custom_label_100x150mm")
    assert (size.width_um, size.length_um) == (100_000, 150_000)
    assert size_by_name("na_mine_4x6in").portrait_offset == 75 * DOT


@pytest.mark.parametrize("name", ["roll", "", "iso_a0_841x1189mm", "om_tiny_1x1mm", "na_x_0x0in"])
def test_paper_that_does_not_fit_is_refused(name):
    with pytest.raises(ValueError, match=r"paper|fit"):
        size_by_name(name)


def test_custom_sizes_are_held_within_the_printer():
    assert custom_size(1, 10**9).width_um == 50_800
    assert custom_size(1, 10**9).length_um == 558_800


@pytest.mark.parametrize(("lines", "code"), [(66, 2), (84, 3), (70, 26), (63, 1)])
def test_page_length_at_six_lines_an_inch(lines, code):
    assert size_of_length(lines * UNITS_PER_INCH / 6) == PAPER_SIZES[code]


def test_page_length_of_no_paper():
    assert size_of_length(5 * UNITS_PER_INCH) is None
