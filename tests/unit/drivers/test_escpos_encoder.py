"""The receipt encoder's choices, byte by byte; that it prints right, tests/contract shows with the simulator."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.driver.ticket import JobTicket, MediaSpec
from tympan.errors import DocumentError
from tympan_drivers.code_pages import CodePages
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.profile_store import PROFILE_DIR

DRIVER = EscPosDriver()


def encoder_of(profile="generic-80mm", driver=DRIVER, **changes):
    media = changes.pop("media", None) or driver.capabilities(profile).media[0]
    return driver.encoder(profile, JobTicket(1, media, **changes))


def profile_with(tmp_path, base, *changes):
    text = (PROFILE_DIR / f"{base}.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "mine.toml").write_text(text)
    return EscPosDriver(tmp_path)


def page_of(encoder, rows):
    return encoder.begin_page(1) + encoder.band(rows) + encoder.end_page()


def rows_of(height, *inked, width=72):
    rows = np.zeros((height, width), np.uint8)
    for row in inked:
        rows[row, 0] = 0x80
    return rows


# --- the page -----------------------------------------------------------------------------------------------------------


def test_the_medium_is_the_roll():
    page = encoder_of().page_format()
    # 80 mm at 203 dots an inch: 639.4; 297 mm: 2373.7.
    assert (page.resolution_dpi, page.width_px, page.height_px) == ((203, 203), 576, None)
    assert (page.media_width_px, page.media_height_px, page.left_px, page.top_px) == (639, 2374, 31, 0)
    assert page.trim_tail
    assert not page.repeats_pages


def test_a_sheet_is_as_long_as_it_will_be_on_the_roll():
    # A4 scaled to 80 mm of width is 113.1 mm long: 904 dots.
    a4 = next(spec for spec in DRIVER.capabilities("generic-80mm").media if spec.name == "iso_a4_210x297mm")
    assert encoder_of(media=a4).page_format().media_height_px == 904
    # What is narrower than the roll is not blown up.
    label = MediaSpec("custom_40x30mm_40x30mm", 4000, 3000, roll=True)
    assert encoder_of(media=label).page_format().media_height_px == 240


def test_a_resolution_it_does_not_have_is_refused():
    assert encoder_of(resolution_dpi=(203, 203)).page_format().resolution_dpi == (203, 203)
    with pytest.raises(DocumentError) as caught:
        encoder_of(resolution_dpi=(600, 600))
    assert caught.value.reason == "document-unprintable-error"
    with pytest.raises(ValueError, match="each copy"):
        encoder_of().begin_page(2)


# --- the bytes ----------------------------------------------------------------------------------------------------------


def test_a_job_begins_with_resynchronisation():
    begin = bytes(16) + b"\x1b@"
    automatic = b"\x1da\x0e"  # on line or not, errors, paper: ESC @ has switched it off
    assert encoder_of("tm-t88").begin_job() == begin + automatic + b"\x1bR\x00\x1bt\x00"
    # Clones: two-byte characters off before anything is printed. Without code pages nothing is said of them.
    assert encoder_of("generic-80mm").begin_job() == begin + automatic + b"\x1c.\x1bR\x00\x1bt\x00"
    assert encoder_of("zijiang").begin_job() == begin + b"\x1c."


def test_one_dot():
    encoder = encoder_of("tm-t88")
    assert page_of(encoder, rows_of(500, 0, width=64)) == bytes.fromhex("1D 76 30 00 01 00 01 00 80")
    assert encoder.end_job() == bytes.fromhex("1D 56 42 18")


def test_white_at_the_right_is_not_sent():
    rows = np.zeros((2, 72), np.uint8)
    rows[0, 2] = rows[1, 0] = 1
    assert page_of(encoder_of(), rows) == bytes.fromhex("1D 76 30 00 03 00 02 00 00 00 01 01 00 00")


@pytest.mark.parametrize(
    ("profile", "gap", "expected"),
    [
        # 39 white rows, fed: 180 dpi with two units to a row; 203 dpi with one.
        ("tm-t88", 40, "1B 4A 4E"),
        ("tm-m30", 40, "1B 4A 27"),
        # 299 rows: two commands, as one feeds 255 units at most.
        ("tm-m30", 300, "1B 4A FF 1B 4A 2C"),
        # Units that cannot be relied on: 39 rows of pixels, one byte wide.
        ("generic-80mm", 40, "1D 76 30 00 01 00 27 00" + "00" * 39),
        # 95 rows; 96 is a multiple of 48, which this board gets wrong, so 96 white rows are 72 and 24.
        ("zijiang", 96, "1D 76 30 00 01 00 5F 00" + "00" * 95),
        ("zijiang", 97, "1D 76 30 00 01 00 48 00" + "00" * 72 + "1D 76 30 00 01 00 18 00" + "00" * 24),
    ],
)
def test_gaps(profile, gap, expected):
    encoder = encoder_of(profile)
    width = (encoder.page_format().width_px + 7) // 8
    stream = page_of(encoder, rows_of(gap + 1, 0, gap, width=width))
    dot = page_of(encoder_of(profile), rows_of(1, 0, width=width))
    assert stream == dot + bytes.fromhex(expected) + dot


def test_a_short_gap_is_pixels_within_the_command():
    encoder = encoder_of("tm-m30")
    stream = page_of(encoder, rows_of(33, 0, 32))
    assert stream == bytes.fromhex(
        "1D 38 4C 2B 00 00 00 30 70 30 01 01 31 08 00 21 00 80" + "00" * 31 + "80 1D 28 4C 02 00 30 32"
    )


@pytest.mark.parametrize(("white", "kept"), [(0, 0), (79, 79), (80, 80), (500, 80)])
def test_the_head_of_a_page_keeps_a_centimetre(white, kept):
    encoder = encoder_of("tm-m30")
    lead = bytes((0x1B, 0x4A, kept)) if kept else b""
    assert page_of(encoder, rows_of(white + 1, white)).startswith(lead + b"\x1d8L")
    # Also that of the pages after it.
    assert page_of(encoder, rows_of(white + 1, white)).startswith(lead + b"\x1d8L")


def test_white_over_bands_and_calls_adds_up():
    parts = encoder_of("tm-m30")
    stream = parts.begin_page(1) + b"".join(parts.band(rows_of(25)) for _ in range(3))
    assert stream == b""
    stream += (
        parts.band(rows_of(1, 0))
        + parts.band(rows_of(100))
        + parts.band(rows_of(50, 20))
        + parts.band(rows_of(900))
    )
    stream += parts.end_page()
    whole = encoder_of("tm-m30")
    assert stream == page_of(whole, rows_of(75 + 1 + 100 + 50, 75, 75 + 1 + 120))


def heights(stream):
    """Rows of each GS v 0 of a stream that has nothing else."""
    found, at = [], 0
    while at < len(stream):
        assert stream[at : at + 4] == b"\x1dv0\0"
        width, rows = (
            int.from_bytes(stream[at + 4 : at + 6], "little"),
            int.from_bytes(stream[at + 6 : at + 8], "little"),
        )
        found.append(rows)
        at += 8 + width * rows
    assert at == len(stream)
    return found


def test_bands_are_cut_on_white_rows():
    rows = np.full((300, 72), 0xAA, np.uint8)
    assert heights(page_of(encoder_of(), rows)) == [128, 128, 44]
    rows[100:104] = 0
    assert heights(page_of(encoder_of(), rows)) == [104, 128, 68]
    # Not where hardly anything would be left of the command.
    rows[100:104] = 0xAA
    rows[30:34] = 0
    assert heights(page_of(encoder_of(), rows)) == [128, 128, 44]


@given(height=st.integers(1, 1000))
@settings(deadline=None, max_examples=60)
def test_no_command_has_rows_that_the_clone_gets_wrong(height):
    found = heights(page_of(encoder_of("zijiang"), np.full((height, 48), 0x55, np.uint8)))
    assert sum(found) == height
    assert all(1 <= rows <= 100 and rows % 48 for rows in found)


def test_cuts_by_finishings():
    rows = rows_of(5, 0)
    dot, cut = bytes.fromhex("1D 76 30 00 01 00 01 00 80"), bytes.fromhex("1D 56 42 18")
    for finishings, between, end in (
        ((), b"", cut),
        ((11,), b"", cut),
        ((63,), b"", cut),
        ((60,), cut, b""),
        ((3,), b"", b"\x1bd\x04"),
    ):
        encoder = encoder_of("generic-80mm", finishings=finishings)
        assert page_of(encoder, rows) == dot + between
        assert page_of(encoder, rows) == dot + between
        assert encoder.end_job() == end
        assert encoder.end_job() == b""


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("none", "1B 64 05"),
        ("feed_partial", "1D 56 42 18"),
        ("feed_full", "1D 56 41 18"),
        ("partial", "1B 64 05 1D 56 01"),
        ("full", "1B 64 05 1D 56 00"),
        ("esc_i", "1B 64 05 1B 69"),
        ("esc_m", "1B 64 05 1B 6D"),
    ],
)
def test_each_way_to_cut(tmp_path, cut, expected):
    driver = profile_with(
        tmp_path, "generic-80mm", ('cut = "feed_partial"', f'cut = "{cut}"\nfeed_lines = 5')
    )
    encoder = encoder_of("mine", driver)
    page_of(encoder, rows_of(1, 0))
    assert encoder.end_job() == bytes.fromhex(expected)


def test_each_raster_command(tmp_path):
    for command, expected in (
        ("gs_v_0", "1D 76 30 00 01 00 02 00 80 80"),
        ("gs_paren_l", "1D 28 4C 0C 00 30 70 30 01 01 31 08 00 02 00 80 80 1D 28 4C 02 00 30 32"),
        ("gs_8_l", "1D 38 4C 0C 00 00 00 30 70 30 01 01 31 08 00 02 00 80 80 1D 28 4C 02 00 30 32"),
    ):
        driver = profile_with(tmp_path, "tm-m30", ('raster = "gs_8_l"', f'raster = "{command}"'))
        assert page_of(encoder_of("mine", driver), rows_of(2, 0, 1)) == bytes.fromhex(expected)


def test_columns_of_24_rows(tmp_path):
    driver = profile_with(tmp_path, "tm-m30", ('raster = "gs_8_l"', 'raster = "esc_star"\ncolumn_mode = 33'))
    rows = np.zeros((30, 72), np.uint8)
    rows[0, 0] = 0x80  # the top dot of column 0
    rows[23, 0] = 0x40  # the bottom dot of column 1
    rows[29, 0] = 0x20  # row 5 of the second line, column 2
    stream = page_of(encoder_of("mine", driver), rows)
    first = "1B 2A 21 02 00 80 00 00 00 00 01 1B 4A 18"
    second = "1B 2A 21 03 00 00 00 00 00 00 00 04 00 00 1B 4A 06"
    assert stream == bytes.fromhex(first + second)


# --- text ---------------------------------------------------------------------------------------------------------------


def test_text_lines():
    encoder = encoder_of("tm-t88")
    encoder.begin_job()
    encoder.begin_page(1)
    # Line spacing once: 30 dots of two units. Spaces at the end and empty lines are white.
    assert encoder.text_line("Total  12.50  ") == b"\x1b3\x3cTotal  12.50\n"
    assert encoder.text_line("   ") == b""
    assert encoder.text_line("next") == b"\x1bJ\x3cnext\n"
    encoder.end_page()
    assert encoder.end_job() == b"\x1b2\x1dVB\x18"


def test_accents_come_by_code_page():
    encoder = encoder_of("tm-t88")
    encoder.begin_job()
    encoder.begin_page(1)
    # cp437 is in force: German needs no switch. The euro sign is on cp1252 and 858; the page stays until it does not do.
    assert encoder.text_line("Gr\u00fc\u00dfe") == b"\x1b3\x3cGr\x81\xe1e\n"
    assert encoder.text_line("5 \u20ac") == b"5 \x1bt\x10\x80\n"
    assert encoder.text_line("Gr\u00fc\u00dfe") == b"Gr\xfc\xdfe\n"
    assert encoder.text_line("\u0414\u0430 \u2013 \u00fc") == b"\x1bt\x11\x84\xa0 \x1bt\x10\x96 \xfc\n"


def test_what_cannot_be_printed_as_text_is_known_before():
    encoder = encoder_of("generic-80mm")
    for text in (
        "",
        "ASCII ~",
        "\u00e9\u00e8\u00fc\u00df\u00f1",
        "\u20ac",
        "\u0416",
        "\u2554\u2550\u2557",
        "\u0151",
    ):
        assert encoder.can_encode(text), text
    for text in (
        "\u65e5\u672c",
        "\u0633\u0644\u0627\u0645",
        "\u05e9",
        "e\u0301",
        "a\tb",
        "a\x1bb",
        "\x7f",
        "\u200b",
        "\U0001f600",
    ):
        assert not encoder.can_encode(text), text
    assert encoder_of("zijiang").text_format() is None
    assert not encoder_of("zijiang").can_encode("a")
    with pytest.raises(ValueError, match="no font"):
        encoder_of("zijiang").text_line("a")
    with pytest.raises(ValueError, match="no code page"):
        encoder.text_line("\u65e5")


CODECS = {"cp437": 0, "cp850": 2, "cp1252": 16, "cp866": 17, "cp852": 18, "iso8859_7": 15}


def fewest_switches(text, codecs, current):
    """The least number of switches, by trying every page for every character."""

    def has(codec, character):
        try:
            return len(character.encode(codec)) == 1
        except UnicodeEncodeError:
            return False

    costs = {codec: 0 if codec == current else 1 for codec in codecs}
    for character in text:
        cheapest = min(costs.values())
        costs = {
            codec: min(costs[codec], cheapest + 1) if character.isascii() or has(codec, character) else 10**6
            for codec in codecs
        }
    return min(costs.values())


@given(
    st.text(
        alphabet="aZ 9\u00e9\u00fc\u00df\u20ac\u0416\u044f\u0151\u0107\u03a9\u03b1\u2554\u00a5", max_size=30
    )
)
def test_text_comes_back_by_the_pages_it_names_with_the_fewest_switches(text):
    pages = CodePages(CODECS)
    assert pages.start() == b"\x1bR\x00\x1bt\x00"
    assert pages.can_encode(text)
    data = pages.encode(text)
    by_number = {number: codec for codec, number in CODECS.items()}
    codec, decoded = "cp437", ""
    parts = re.split(rb"\x1bt(.)", data, flags=re.DOTALL)
    for index, part in enumerate(parts):
        if index % 2:
            codec = by_number[part[0]]
        else:
            decoded += part.decode(codec)
    assert decoded == text
    assert data.count(b"\x1bt") == fewest_switches(text, CODECS, "cp437")


# --- around jobs --------------------------------------------------------------------------------------------------------


def test_raw_documents_get_a_sane_start():
    assert DRIVER.raw_prologue("generic-80mm") == bytes(16) + b"\x1b@\x1da\x0e"
    assert DRIVER.raw_epilogue("generic-80mm") == b""


def test_abandon_outlasts_the_longest_command():
    # 128 rows of 72 bytes may be missing; on the impact printer a line of 200 columns.
    assert DRIVER.abandon("generic-80mm") == bytes(128 * 72 + 16) + b"\x1b@\x1da\x0e\x1dVB\x18"
    assert DRIVER.abandon("generic-58mm").lstrip(b"\0") == b"\x1b@\x1bd\x03"
    abandoned = DRIVER.abandon("tm-u220")
    assert len(abandoned) - len(abandoned.lstrip(b"\0")) >= 200
