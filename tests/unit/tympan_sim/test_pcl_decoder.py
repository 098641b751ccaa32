"""What a PCL stream puts on paper: places, margins, duplex, copies, text, and bytes that come in any pieces."""

import random

import numpy as np
import pytest

from tympan_sim.decoder import Action, Motion, Sheet
from tympan_sim.pcl_decoder import PclDecoder

E = b"\x1b"
UEL = b"\x1b%-12345X"


def effects_of(stream, **options):
    options.setdefault("dpi", 300)
    decoder = PclDecoder(**options)
    return [*decoder.feed(stream), *decoder.finish()]


def sheets(stream, **options):
    return [effect for effect in effects_of(stream, **options) if isinstance(effect, Sheet)]


def black(sheet):
    return ~np.asarray(sheet.image.convert("1"))


def box(sheet):
    """Left, top, width, height of the marks."""
    rows, columns = np.nonzero(black(sheet))
    if not rows.size:
        return None
    return (
        int(columns.min()),
        int(rows.min()),
        int(columns.max() - columns.min()) + 1,
        int(rows.max() - rows.min()) + 1,
    )


RULE = b"\x1b*c8a5b0P"  # 8 by 5 PCL units from the cursor


# --- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "left"),
    [
        ("iso_a4_210x297mm", 71),
        ("na_letter_8.5x11in", 75),
        ("iso_dl_110x220mm", 71),
        ("na_legal_8.5x14in", 75),
    ],
)
def test_origin_is_the_logical_pages_corner_at_the_top_margin(media, left):
    (sheet,) = sheets(E + b"*p0x0Y" + RULE, media=media)
    assert box(sheet) == (left, 150, 8, 5)  # half an inch of top margin


def test_without_a_top_margin_the_origin_is_the_sheets_top():
    (sheet,) = sheets(b"\x1b&l0E\x1b*p0x0Y" + RULE)
    assert box(sheet) == (71, 0, 8, 5)


def test_the_cursor_stands_three_quarters_of_a_line_below_the_margin():
    (sheet,) = sheets(b"\x1b&l0E" + RULE, dpi=600)
    assert box(sheet) == (142, 75, 16, 10)


def test_top_margin_leaves_a_cursor_that_was_moved():
    (sheet,) = sheets(b"\x1b*p100x100Y\x1b&l0E" + RULE)
    assert box(sheet) == (171, 250, 8, 5)


@pytest.mark.parametrize(
    ("media", "offset"), [("iso_a4_210x297mm", b"-170.4"), ("na_letter_8.5x11in", b"-180")]
)
def test_registration_brings_the_logical_page_to_the_sheets_corner(media, offset):
    (sheet,) = sheets(b"\x1b&l0E\x1b&l" + offset + b"U\x1b&u600D\x1b*p0x0Y" + RULE, media=media, dpi=600)
    assert box(sheet) == (0, 0, 8, 5)


def test_registration_is_absolute_and_signed():
    (sheet,) = sheets(b"\x1b&l0E\x1b&l720u-360U\x1b&l99u720Z\x1b&l+72U\x1b*p0x0Y" + RULE)
    assert box(sheet) == (71 + 30, 300, 8, 5)


def test_registration_moves_what_is_marked_afterwards_only():
    (sheet,) = sheets(b"\x1b&l0E\x1b*p0x0Y" + RULE + b"\x1b&l720Z\x1b*p0x0Y" + RULE)
    assert np.flatnonzero(black(sheet).any(axis=1)).tolist() == [0, 1, 2, 3, 4, 300, 301, 302, 303, 304]


@pytest.mark.parametrize(
    ("moves", "place"),
    [
        (b"\x1b*p100x50Y", (100, 50)),
        (b"\x1b*p100x50Y\x1b*p+10x-20Y", (110, 30)),
        (b"\x1b&a720h360V", (300, 150)),
        (b"\x1b&a100H\x1b&a+620H\x1b&a0V", (300, 0)),
        (b"\x1b*p0Y\x1b&a10C", (300, 0)),
        (b"\x1b&a0c0R", (0, 38)),  # row 0 is the first line: 0.75 of 50 dots
        (b"\x1b&a3R", (0, 188)),
        (b"\x1b&l8D\x1b&a1R", (0, 66)),
        (b"\x1b&u600D\x1b*p100x50Y", (50, 25)),
        (b"\x1b&u720D\x1b*p720x0Y", (300, 0)),
        (b"\x1b&u9999D\x1b*p7200x0Y", (300, 0)),
        (b"\x1b*p-500x-500Y", (0, 0)),
        (b"\x1b*p100x50Y\x1b&f0S\x1b*p7x7Y\x1b&f1S", (100, 50)),
    ],
)
def test_cursor(moves, place):
    (sheet,) = sheets(b"\x1b&l0E" + moves + b"\x1b*c2a2b0P\x1b&u300D")
    left, top, *_ = box(sheet)
    assert (left - 71, top) == place


def test_moves_end_at_the_logical_page():
    (sheet,) = sheets(b"\x1b*p32767x-3000Y\x1b&l0E" + RULE)
    assert box(sheet)[:2] == (71 + 2480 - 142, 0)


@pytest.mark.parametrize(
    ("orientation", "place"),
    [
        (0, (171, 0, 8, 5)),
        (1, (0, 3508 - 59 - 100 - 8, 5, 8)),
        (2, (2480 - 171 - 8, 3508 - 5, 8, 5)),
        (3, (2480 - 5, 159, 5, 8)),
    ],
)
def test_orientation(orientation, place):
    (sheet,) = sheets(b"\x1b&l%do0E\x1b*p100x0Y" % orientation + RULE)
    assert box(sheet) == pytest.approx(place, abs=1)


def test_orientation_ends_the_page_only_when_it_changes():
    assert len(sheets(RULE + b"\x1b&l0O" + RULE)) == 1
    assert len(sheets(RULE + b"\x1b&l1O" + RULE)) == 2


def test_print_direction_turns_on_the_same_page():
    (sheet,) = sheets(b"\x1b&l0E\x1b&a90P\x1b*p0x0Y" + RULE)
    # The corner of the turned page is the lower left one of the logical page.
    assert box(sheet) == pytest.approx((71, 3508 - 8, 5, 8), abs=1)


# --- paper, trays, copies, duplex --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "media", "size"),
    [
        (1, "na_executive_7.25x10.5in", (2175, 3150)),
        (2, "na_letter_8.5x11in", (2550, 3300)),
        (3, "na_legal_8.5x14in", (2550, 4200)),
        (6, "na_ledger_11x17in", (3300, 5100)),
        (25, "iso_a5_148x210mm", (1748, 2480)),
        (26, "iso_a4_210x297mm", (2480, 3508)),
        (27, "iso_a3_297x420mm", (3508, 4961)),
        (45, "jis_b5_182x257mm", (2150, 3035)),
        (80, "na_monarch_3.875x7.5in", (1162, 2250)),
        (81, "na_number-10_4.125x9.5in", (1238, 2850)),
        (90, "iso_dl_110x220mm", (1299, 2598)),
        (91, "iso_c5_162x229mm", (1913, 2705)),
        (100, "iso_b5_176x250mm", (2079, 2953)),
    ],
)
def test_paper_size(code, media, size):
    (sheet,) = sheets(b"\x1b&l%dA\f" % code, media="iso_a4_210x297mm")
    assert (sheet.media, sheet.image.size) == (media, pytest.approx(size, abs=1))
    assert sheet.dpi == (300, 300)
    assert ("the tray holds iso_a4_210x297mm" in sheet.notes) == (code != 26)


def test_custom_paper():
    (sheet,) = sheets(b"\x1b&f2160i4320J\x1b&l101A\f")
    assert (sheet.media, sheet.image.size) == ("custom_76.2x152.4mm", (900, 1800))


def test_unknown_paper_changes_nothing_and_is_told():
    effects = effects_of(b"\x1b&l99A\f")
    assert Action("unknown", {"language": "PCL", "sequence": "ESC &l99A"}) in effects
    assert [effect.media for effect in effects if isinstance(effect, Sheet)] == ["iso_a4_210x297mm"]


@pytest.mark.parametrize(("number", "source"), [(1, "1"), (2, "2"), (4, "4"), (7, "7"), (25, "25")])
def test_source(number, source):
    (sheet,) = sheets(b"\x1b&l%dH" % number + RULE)
    assert sheet.source == source


def test_source_0_ejects_and_keeps_the_tray():
    first, second = sheets(b"\x1b&l4H" + RULE + b"\x1b&l0H" + RULE)
    assert (first.source, second.source) == ("4", "4")


def test_a_blank_page_is_ejected_by_a_form_feed_only():
    assert sheets(b"\x1b&l26A\x1b&l1H\x1bE\x1b&l0H\x1bE") == []
    (sheet,) = sheets(b"\f\x1bE")
    assert box(sheet) is None


def test_copies_of_a_page_and_their_motion():
    effects = effects_of(b"\x1b&l3X" + RULE + b"\f\x1b&l1X" + RULE + b"\f\x1b&l0X\x1b&l-4X\f")
    assert [effect.copies for effect in effects if isinstance(effect, Sheet)] == [3, 1, 1]
    assert [effect.length_um for effect in effects if isinstance(effect, Motion) and effect.length_um] == [
        297_000
    ] * 5


def test_reset_brings_the_defaults_back():
    first, second = sheets(b"\x1b&l2a3x1o0E" + RULE + b"\x1bE" + RULE)
    assert (first.media, first.copies) == ("na_letter_8.5x11in", 3)
    assert (second.media, second.copies, box(second)) == ("iso_a4_210x297mm", 1, (71, 188, 8, 5))


def test_duplex_sides():
    page = b"\x1b&l0E\x1b*p0x0Y" + RULE + b"\f"
    front, back, last = sheets(b"\x1b&l1S" + page * 3 + b"\x1bE")
    assert [front.side, back.side, last.side] == ["front", "back", "front"]
    assert box(front) == box(back) == (71, 0, 8, 5)


def test_the_back_of_a_sheet_bound_at_the_short_edge_is_upside_down():
    page = b"\x1b&l0E\x1b*p0x0Y" + RULE + b"\f"
    front, back = sheets(b"\x1b&l2S" + page * 2)
    assert box(front) == (71, 0, 8, 5)
    assert box(back) == (2480 - 71 - 8, 3508 - 5, 8, 5)


def test_registration_on_the_back_counts_from_the_binding():
    """Chapter 4: U is mirrored on the back with the binding at the long edge, Z with it at the short edge."""
    page = b"\x1b&l0E\x1b&l72u144Z\x1b*p0x0Y" + RULE + b"\f"
    front, back = sheets(b"\x1b&l1S" + page * 2)
    assert box(front)[:2] == (71 + 30, 60)
    assert box(back)[:2] == (71 - 30, 60)
    page = b"\x1b&l0E\x1b&l72u144Z\x1b*p0x300Y" + RULE + b"\f"
    front, back = sheets(b"\x1b&l2S" + page * 2)
    assert box(front)[:2] == (71 + 30, 360)
    turned = black(back)[::-1, ::-1]
    rows, columns = np.nonzero(turned)
    assert (columns.min(), rows.min()) == (71 + 30, 240)


@pytest.mark.parametrize("command", [b"\x1b&l26A", b"\x1b&l1H", b"\x1b&l1S", b"\x1b&l0H", b"\x1bE\x1b&l1S"])
def test_what_lets_the_sheet_out_before_its_back(command):
    found = sheets(b"\x1b&l1S" + RULE + b"\f" + command + RULE + b"\f" + RULE + b"\f")
    assert [sheet.side for sheet in found] == ["front", "front", "back"]


def test_side_selection():
    start = b"\x1b&l1S" + RULE
    assert [sheet.side for sheet in sheets(start + b"\x1b&a1G" + RULE)] == ["front", "front"]
    assert [sheet.side for sheet in sheets(start + b"\x1b&a2G" + RULE)] == ["front", "back"]
    found = sheets(b"\x1b&l1S\x1b&a2G" + RULE)
    assert [(sheet.side, box(sheet) is None) for sheet in found] == [("front", True), ("back", False)]
    assert [sheet.side for sheet in sheets(RULE + b"\x1b&a2G" + RULE)] == ["front", "front"]


def test_duplex_sheets_feed_paper_once():
    effects = effects_of(b"\x1b&l1S\f\f\f")
    assert sum(effect.length_um for effect in effects if isinstance(effect, Motion)) == 2 * 297_000


# --- rectangles --------------------------------------------------------------------------------------------------------


def test_rectangle_in_decipoints_is_rounded_up():
    (sheet,) = sheets(b"\x1b*p0x0Y\x1b*c721h1v0P")
    assert box(sheet)[2:] == (301, 1)


def test_rectangles_turn_with_the_page_and_end_at_its_edge():
    (sheet,) = sheets(b"\x1b&l1o0E\x1b*p0x0Y\x1b*c32767a10b0P")
    assert box(sheet) == pytest.approx((0, 0, 10, 3508 - 59), abs=1)
    assert sheet.notes == ("marks beyond the edge of the sheet were dropped",)


@pytest.mark.parametrize(
    ("shade", "share"),
    [(2, 0.02), (10, 0.10), (20, 0.20), (35, 0.35), (55, 0.55), (80, 0.80), (99, 0.99), (100, 1.0)],
)
def test_shades_are_as_black_as_they_say(shade, share):
    (sheet,) = sheets(b"\x1b*p0x0Y\x1b*c400a400b%dg2P" % shade)
    assert black(sheet).sum() / 160_000 == pytest.approx(share, abs=0.02)


def test_white_fill_erases():
    (sheet,) = sheets(b"\x1b*p0x0Y\x1b*c100a100b0P\x1b*c50a100b1P")
    assert box(sheet) == (71 + 50, 150, 50, 100)


# --- text --------------------------------------------------------------------------------------------------------------


def test_text_stands_in_cells_of_ten_to_the_inch():
    (sheet,) = sheets(b"\x1b&l0EMMMMMMMM")
    left, top, width, height = box(sheet)
    assert 71 <= left <= 75
    assert 8 * 30 - 10 <= width <= 8 * 30
    assert 25 <= height <= 42
    assert top + height == pytest.approx(38, abs=2)  # on the base line


def test_lines_are_six_to_the_inch_and_a_line_feed_is_only_that():
    (sheet,) = sheets(b"\x1b&l0EM\nM\r\nM")
    ink = black(sheet)
    found = [np.flatnonzero(ink[50 * line : 50 * line + 50].any(axis=0)).min() for line in range(3)]
    assert found[1] - found[0] == 30
    assert found[2] == found[0]


def test_line_termination():
    (sheet,) = sheets(b"\x1b&l0E\x1b&k2GM\nM\nM")
    columns = np.flatnonzero(black(sheet).any(axis=0))
    assert columns.max() - columns.min() < 30


def test_text_does_not_pass_the_right_margin():
    (clipped,) = sheets(b"M" * 200)
    (wrapped,) = sheets(b"\x1b&s0C" + b"M" * 200)
    right = 2480 - 71
    assert box(clipped)[0] + box(clipped)[2] <= right
    assert box(clipped)[3] < 50
    assert box(wrapped)[3] > 100


def test_lines_go_on_to_the_next_page():
    # A4 is 3508 dots long; half an inch at both ends leaves 64 lines of 50 dots.
    assert len(sheets(b"M\r\n" * 64)) == 1
    assert len(sheets(b"M\r\n" * 64 + b"M")) == 2
    assert len(sheets(b"\x1b&l0E\x1b&l0L" + b"M\r\n" * 69 + b"M")) == 1


def test_margins():
    (sheet,) = sheets(b"\x1b&a5L\x1b&a10MMMMMMMMMMMMM\r\nM")
    left, _, width, _ = box(sheet)
    assert left - 71 - 150 in range(6)
    assert 6 * 30 - 10 <= width <= 6 * 30
    (sheet,) = sheets(b"\x1b&a5L\x1b9\rM")
    assert box(sheet)[0] - 71 in range(6)


def test_pitch_height_and_tabs():
    (sheet,) = sheets(b"\x1b(s16.66h8.5VMMMMMMMMMM")
    assert 170 <= box(sheet)[2] <= 181
    (sheet,) = sheets(b"\tM")
    assert box(sheet)[0] - 71 - 240 in range(6)


def test_transparent_data_prints_what_would_be_control_codes_as_characters():
    (plain,) = sheets(b"AB")
    (transparent,) = sheets(b"\x1b&p3XA\x07B")
    assert box(transparent)[2] == box(plain)[2] + 30


def test_symbol_sets():
    (roman8,) = sheets(b"\x1b(8U\xc1")
    (latin1,) = sheets(b"\x1b(0N\xea")
    assert np.array_equal(black(roman8), black(latin1))  # e with a circumflex


# --- what is passed over -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "skipped",
    [
        b"\x1b)s10W0123456789",
        b"\x1b(s10W\x1bE\x1bE\f\f\f\f\f\f",
        b"\x1b*c5d3W\f\f\f",
        b"\x1b&f1y0X\f\f text \f\x1b*p5X\x1b&f1X",
        b"\x1b%0BIN;SP1;PA100,100;\f\f\x1b%0A",
        b"\x1b%1BPD;\x1b)x\x1b%1A",
        b"\x1b&n3W\f\f\f",
        b"\0\1\2\x07",
    ],
)
def test_data_of_what_is_not_there_is_consumed_to_the_byte(skipped):
    (sheet,) = sheets(b"\x1b&l0E" + skipped + b"\x1b*p0x0Y" + RULE)
    assert box(sheet) == (71, 0, 8, 5)


def test_unknown_sequences_are_told():
    effects = effects_of(b"\x1b&z5Q\x1bz\x1b%0BPU;\x1b%0A")
    assert [
        effect.detail.get("sequence")
        for effect in effects
        if isinstance(effect, Action) and effect.name == "unknown"
    ] == [
        "ESC &z5Q",
        "ESC z",
        "HP-GL/2",
    ]


def test_more_bytes_than_a_sequence_can_count_print_as_text():
    assert sheets(b"\x1b(s32767W" + b"A" * 32767) == []
    assert box(sheets(b"\x1b(s99999W" + b"A" * 32768)[0])[2] <= 30


def test_another_language_is_passed_over_to_the_universal_exit():
    effects = effects_of(UEL + b"@PJL ENTER LANGUAGE=POSTSCRIPT\n%!PS\x1bE\f\x1b%-12345\f" + UEL + RULE)
    assert Action("language", {"name": "POSTSCRIPT", "known": False}) in effects
    assert len([effect for effect in effects if isinstance(effect, Sheet)]) == 1


# --- combined sequences ------------------------------------------------------------------------------------------------


def test_combined_sequences_are_the_same_as_single_ones():
    combined = sheets(b"\x1b&l2a2x0e72Z\x1b*p10x20Y\x1b*c8a5b0P\x1b*t75r1R")
    single = sheets(b"\x1b&l2A\x1b&l2X\x1b&l0E\x1b&l72Z\x1b*p10X\x1b*p20Y\x1b*c8A\x1b*c5B\x1b*c0P")
    assert [(sheet.media, sheet.copies, box(sheet)) for sheet in combined] == [
        (sheet.media, sheet.copies, box(sheet)) for sheet in single
    ]


def test_a_sequence_goes_on_after_data():
    (sheet,) = sheets(b"\x1b&l0E\x1b*p0x0Y\x1b*t300R\x1b*r8s1A\x1b*b1w\xff1W\xff\x1b*rB")
    assert box(sheet) == (71, 0, 8, 2)


def test_a_broken_sequence_prints_as_text():
    (sheet,) = sheets(b"\x1b&l\nM")
    assert box(sheet) is not None


# --- marks outside -----------------------------------------------------------------------------------------------------


def test_the_unprintable_margin_takes_marks_away():
    (sheet,) = sheets(b"\x1b&l0E\x1b*p0x0Y\x1b*c1000a1000b0P", unprintable_um=4233)
    margin = 50
    assert box(sheet) == (71, margin, 1000, 1000 - margin)
    assert sheet.notes == ("marks in the unprintable margin were dropped",)
    (inside,) = sheets(b"\x1b&l0E\x1b*p100x100Y" + RULE, unprintable_um=4233)
    assert inside.notes == ()


# --- the end, and pieces -----------------------------------------------------------------------------------------------


def test_a_page_without_its_end_comes_out_when_the_stream_ends():
    decoder = PclDecoder(dpi=300)
    assert not [effect for effect in decoder.feed(RULE) if isinstance(effect, Sheet)]
    assert [effect.side for effect in decoder.finish() if isinstance(effect, Sheet)] == ["front"]
    assert not [effect for effect in decoder.finish() if isinstance(effect, Sheet)]


def test_every_byte_is_freed():
    decoder = PclDecoder(dpi=75)
    stream = b"\x1b&l1S" + RULE + b"\f" + RULE + b"\fHello\x1b*b30000W" + b"x" * 100
    effects = [*decoder.feed(stream), *decoder.finish()]
    assert sum(effect.consumed for effect in effects if isinstance(effect, Motion)) == len(stream)


MIXED = (
    UEL
    + b'@PJL JOB NAME="pieces"\r\n@PJL SET COPIES=2\r\n@PJL ECHO hello\r\n@PJL ENTER LANGUAGE=PCL\r\n'
    + b"\x1bE\x1b&l26a1s0E\x1b*p0x0Y\x1b*t75R\x1b*r40S\x1b*r1A\x1b*b2m3W\xfc\x55\x00\x1b*b3m2W\x01\xff\x1b*b0W\x1b*b2Y"
    + b"\x1b*b5m7W\x00\x00\x01\xaa\x05\x00\x02\x1b*rCText\r\n\x1b&p2X\x1b\x0c\f\x1b(s5W\x1bE\x1bE\x1b"
    + b"\x1b*c40a20b20g2P\x1b%0BPA\x1b1\x1b%0A\f\x1bE"
    + UEL
    + b"@PJL EOJ\r\n"
    + UEL
)


def comparable(effects):
    found = []
    for effect in effects:
        if isinstance(effect, Sheet):
            found.append((effect.side, effect.copies, effect.notes, effect.image.tobytes()))
        elif isinstance(effect, Motion):
            if effect.length_um:
                found.append(effect.length_um)
        else:
            found.append(effect)
    return found


def test_split_at_every_byte():
    options = {"dpi": 75, "media": "iso_a6_105x148mm"}
    whole = comparable(effects_of(MIXED, **options))
    assert sum(isinstance(item, tuple) for item in whole) == 2
    for at in range(1, len(MIXED)):
        decoder = PclDecoder(**options)
        effects = [*decoder.feed(MIXED[:at]), *decoder.feed(MIXED[at:]), *decoder.finish()]
        assert comparable(effects) == whole, at


def test_byte_by_byte():
    options = {"dpi": 75, "media": "iso_a6_105x148mm"}
    decoder = PclDecoder(**options)
    effects = [effect for byte in MIXED for effect in decoder.feed(bytes([byte]))]
    assert comparable([*effects, *decoder.finish()]) == comparable(effects_of(MIXED, **options))


PIECES = [
    b"\x1b", b"\x1b*b", b"\x1b&l", b"\x1b*r", b"\x1b&a", b"\x1b*p", b"\x1b*c", b"\x1b(s", UEL, b"@PJL ", b"\n", b"\f", b"\x1bE",
    b"A", b"W", b"w", b"x", b"Y", b"-1.5", b"32767", b"99999999999", b"1", b"3", b"5M", b"0", b"text", b"1A", b"\x1b*v6W\0\3\0\x08\x08\x08",
    b"\x1b*r-3U", b"\x1b*r-4U", b"\x1b&l1S", b"\x1b&l3O", b"\x1b*r1A", b"\x1b*t75R", b"V", b"P", b"\x1b*c5000a5000b0P", b"SET COPIES=3",
    b"USTATUS JOB=ON", b"JOB", b"EOJ", b"\x1b%0B", b"U", b"Z", b"\x1b&f0X", b"\x1b&f1X", b"\x1b&a90P", b"\x1b&l101A", b"\x1b*r3F", b"\x1b*v1N",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_random_streams_never_raise(seed):
    chance = random.Random(seed)
    stream = b"".join(
        chance.choice(PIECES) if chance.random() < 0.85 else chance.randbytes(chance.randint(1, 30))
        for _ in range(chance.randint(1, 250))
    )
    effects = effects_of(stream, dpi=75, media="iso_a6_105x148mm")
    assert sum(effect.consumed for effect in effects if isinstance(effect, Motion)) == len(stream)


def test_pure_noise_never_raises():
    noise = random.Random(1).randbytes(200_000)
    effects_of(noise, dpi=75, media="iso_a6_105x148mm")


@pytest.mark.parametrize("options", [{"dpi": 50}, {"dpi": 5000}, {"media": "roll"}, {"unprintable_um": -1}])
def test_a_printer_that_cannot_be(options):
    with pytest.raises(ValueError, match=r"dpi|paper|margin"):
        PclDecoder(**options)
