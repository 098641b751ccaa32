"""Delta rows: the worked example of the vendor's manual, limits at their edges, the rest through a decoder of its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.language import delta_row


def test_the_manuals_example():
    # HP PCL 5 Technical Reference, "Delta row compression": three rows of five bytes after a white seed row.
    rows = np.array(
        [
            [0b00000000, 0b11111111, 0, 0, 0],
            [0b00000000, 0b11111111, 0b11110000, 0, 0],
            [0b00001111, 0b11111111, 0b11110000, 0b10101010, 0b10101010],
        ],
        np.uint8,
    )
    data, sizes = delta_row.compress(rows, np.zeros(5, np.uint8))
    assert sizes.tolist() == [2, 2, 5]
    assert data.tolist() == [
        *(0b00000001, 0b11111111),
        *(0b00000010, 0b11110000),
        *(0b00000000, 0b00001111, 0b00100010, 0b10101010, 0b10101010),
    ]


@pytest.mark.parametrize(
    ("offset", "head"),
    [
        (0, "00"),
        (30, "1E"),
        (31, "1F 00"),  # 31 says that a byte follows, even where it adds nothing
        (32, "1F 01"),
        (285, "1F FE"),
        (286, "1F FF 00"),  # 255 says that another follows
        (287, "1F FF 01"),
        (541, "1F FF FF 00"),
        (800, "1F FF FF FF 04"),
    ],
)
def test_offsets(offset, head):
    row = np.zeros((1, 900), np.uint8)
    row[0, offset] = 0x5A
    data, sizes = delta_row.compress(row, np.zeros(900, np.uint8))
    assert data.tobytes() == bytes.fromhex(head + "5A")
    assert sizes.tolist() == [len(data)]


@pytest.mark.parametrize(
    ("count", "packed"),
    [
        (1, "00 01"),
        (8, "E0 01 01 01 01 01 01 01 01"),
        (9, "E0 01 01 01 01 01 01 01 01 00 01"),
        (16, "E0 01 01 01 01 01 01 01 01 E0 01 01 01 01 01 01 01 01"),
    ],
)
def test_eight_bytes_to_a_command(count, packed):
    row = np.zeros((1, 20), np.uint8)
    row[0, :count] = 1
    assert delta_row.compress(row, np.zeros(20, np.uint8))[0].tobytes() == bytes.fromhex(packed)


def test_a_row_like_the_one_above_takes_nothing():
    rows = np.full((3, 7), 0xC3, np.uint8)
    data, sizes = delta_row.compress(rows, rows[0])
    assert sizes.tolist() == [0, 0, 0]
    assert len(data) == 0


def test_changes_at_the_end_of_a_row_and_the_start_of_the_next_are_two():
    rows = np.array([[0, 0, 1], [1, 0, 1]], np.uint8)
    data, sizes = delta_row.compress(rows, np.zeros(3, np.uint8))
    assert sizes.tolist() == [2, 2]
    assert data.tobytes() == bytes.fromhex("02 01 00 01")


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_round_trip(data, delta_row_decoder, band_strategy):
    rows = data.draw(band_strategy())
    seed = data.draw(st.sampled_from([np.zeros(rows.shape[1], np.uint8), rows[-1], ~rows[0]]))
    packed, sizes = delta_row.compress(rows, seed)
    above, at = seed.tobytes(), 0
    for row, size in zip(rows, sizes.tolist(), strict=True):
        above = delta_row_decoder(packed[at : at + size].tobytes(), above)
        assert above == row.tobytes()
        at += size
    assert at == len(packed)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_some_rows_only(data, band_strategy):
    rows = data.draw(band_strategy())
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    plan = delta_row.DeltaRows(rows, np.zeros(rows.shape[1], np.uint8))
    whole, at, expected = plan.encode(), 0, []
    for size, kept in zip(plan.sizes.tolist(), keep, strict=True):
        if kept:
            expected.append(whole[at : at + size].tobytes())
        at += size
    assert plan.encode(keep).tobytes() == b"".join(expected)
