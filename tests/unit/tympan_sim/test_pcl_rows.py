"""The compression methods, against the manual's own examples and against decoders written another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tympan_sim.pcl_rows import Method, adaptive_rows, decode_row

U, A, T = b"UAT"


def decoded(method, data, width, seed=None):
    return decode_row(method, bytes(data), bytes(width) if seed is None else seed, width)


# --- the manual's examples (chapter 15) --------------------------------------------------------------------------------


def test_run_length_example():
    assert decoded(Method.RUN_LENGTH, [3, U, 0, A, 1, T], 7) == b"UUUUATT"


@pytest.mark.parametrize("data", [[253, U, 0, A, 255, T], [253, U, 2, A, T, T]])
def test_tiff_examples(data):
    assert decoded(Method.TIFF, data, 7) == b"UUUUATT"


def test_tiff_byte_count_has_precedence_over_the_control_byte():
    assert decoded(Method.TIFF, [2, 1, 1], 4) == b"\1\1\0\0"


def test_tiff_control_byte_at_the_end_is_ignored():
    assert decoded(Method.TIFF, [0, 7, 5], 4) == b"\7\0\0\0"
    assert decoded(Method.TIFF, [0, 7, 250], 4) == b"\7\0\0\0"


def test_tiff_no_operation():
    assert decoded(Method.TIFF, [128, 0, 9, 128, 128, 255, 8], 4) == b"\x09\x08\x08\0"


def test_tiff_of_one_byte_is_a_zero_row():
    assert decoded(Method.TIFF, [200], 3, seed=b"abc") == b"\0\0\0"


def test_delta_row_example():
    first = decoded(Method.DELTA_ROW, [0b00000001, 0xFF], 5)
    assert first == bytes([0, 0xFF, 0, 0, 0])
    second = decoded(Method.DELTA_ROW, [0b00000010, 0xF0], 5, first)
    assert second == bytes([0, 0xFF, 0xF0, 0, 0])
    third = decoded(Method.DELTA_ROW, [0, 0x0F, 0b00100010, 0xAA, 0xAA], 5, second)
    assert third == bytes([0x0F, 0xFF, 0xF0, 0xAA, 0xAA])


def test_delta_row_offset_of_414():
    row = decoded(Method.DELTA_ROW, [31, 255, 128, 0x81], 500)
    assert [index for index, byte in enumerate(row) if byte] == [414]


@pytest.mark.parametrize(
    ("data", "place"), [([30, 1], 30), ([31, 0, 1], 31), ([31, 254, 1], 285), ([31, 255, 0, 1], 286)]
)
def test_delta_row_offsets_at_the_limits(data, place):
    row = decoded(Method.DELTA_ROW, data, 300)
    assert [index for index, byte in enumerate(row) if byte] == [place]


def test_delta_row_of_nothing_is_the_row_before():
    assert decoded(Method.DELTA_ROW, [], 3, b"abc") == b"abc"


def test_delta_row_cut_off_replaces_what_is_there():
    assert decoded(Method.DELTA_ROW, [0xE0, 1, 2], 6, b"abcdef") == b"\1\2cdef"


def test_delta_row_beyond_the_width_is_passed_over():
    assert decoded(Method.DELTA_ROW, [0xE2, *range(8), 0, 9], 4, b"abcd") == b"ab\0\1"


def test_run_length_of_odd_length_is_skipped():
    assert decoded(Method.RUN_LENGTH, [1, 2, 3], 4, b"abcd") is None


def test_replacement_delta_row_example():
    """Offset 5, eight bytes: the example of a Brother reference of the same method."""
    seed = b"\x55" * 13
    row = decoded(
        Method.REPLACEMENT_DELTA_ROW,
        [0b00101111, 0, 0x11, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77],
        13,
        seed,
    )
    assert row == b"\x55" * 5 + bytes([0x11, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77])


def test_replacement_delta_row_run():
    assert decoded(Method.REPLACEMENT_DELTA_ROW, [0b10100011, 9], 8) == bytes([0, 9, 9, 9, 9, 9, 0, 0])


@pytest.mark.parametrize("method", [Method.UNENCODED, Method.TIFF, Method.RUN_LENGTH])
def test_nothing_sent_is_a_zero_row(method):
    assert decoded(method, [], 4, b"abcd") == bytes(4)


def test_short_rows_are_filled_and_long_ones_cut():
    assert decoded(Method.UNENCODED, b"ab", 4) == b"ab\0\0"
    assert decoded(Method.UNENCODED, b"abcdef", 4) == b"abcd"
    assert decoded(Method.TIFF, [129, 7], 4) == b"\7\7\7\7"
    assert decoded(Method.RUN_LENGTH, [255, 7], 4) == b"\7\7\7\7"


# --- adaptive blocks ---------------------------------------------------------------------------------------------------


def test_adaptive_example():
    """The block of a Lexmark reference: a delta row, a run length row, 53 repetitions, a TIFF row."""
    block = bytes.fromhex("030009E0FFFFFFFFFFFFFFFF 0100060080FB000001 050035 020002F9FF")
    assert [(command, count) for command, count, _ in adaptive_rows(block)] == [
        (3, 9),
        (1, 6),
        (5, 53),
        (2, 2),
    ]


def test_adaptive_row_longer_than_the_block_is_cut():
    assert list(adaptive_rows(b"\0\0\x09ab")) == [(0, 9, b"ab")]


def test_adaptive_out_of_range_ends_the_block():
    assert list(adaptive_rows(b"\x04\0\2\x09\0\0\x04\0\1")) == [(4, 2, b""), (9, 0, b"")]


# --- another decoder ---------------------------------------------------------------------------------------------------


def packbits_by_the_book(data):
    """TIFF 6.0 section 9, byte by byte."""
    output = []
    rest = list(data)
    while rest:
        n = rest.pop(0)
        n = n - 256 if n > 127 else n
        if n >= 0:
            for _ in range(n + 1):
                if rest:
                    output.append(rest.pop(0))
        elif n != -128 and rest:
            output += [rest.pop(0)] * (1 - n)
    return bytes(output)


@given(st.binary(min_size=2, max_size=60), st.integers(1, 300))
def test_tiff_is_packbits(data, width):
    assert decoded(Method.TIFF, data, width) == packbits_by_the_book(data)[:width].ljust(width, b"\0")


def delta_by_the_book(data, seed):
    row = dict(enumerate(seed))
    rest = list(data)
    untreated = 0
    while rest:
        command = rest.pop(0)
        untreated += command % 32
        if command % 32 == 31:
            while rest:
                more = rest.pop(0)
                untreated += more
                if more < 255:
                    break
        for _ in range(command // 32 + 1):
            if rest:
                row[untreated] = rest.pop(0)
            untreated += 1
    return bytes(row[index] for index in range(len(seed)))


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=120))
def test_delta_row_is_the_manuals(data, seed):
    assert decode_row(Method.DELTA_ROW, data, seed, len(seed)) == delta_by_the_book(data, seed)


@given(
    st.sampled_from(sorted(set(Method) - {Method.ADAPTIVE})),
    st.binary(max_size=80),
    st.binary(min_size=1, max_size=50),
)
def test_a_row_is_always_as_wide_as_it_should_be(method, data, seed):
    row = decode_row(method, data, seed, len(seed))
    assert row is None or len(row) == len(seed)
