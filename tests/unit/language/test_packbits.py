"""PackBits: the worked example of its inventor, limits at their edges, and everything else through a decoder of its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.language import packbits


def band(*rows):
    return np.array([list(row) for row in rows], np.uint8)


def test_the_published_example():
    # Apple Technical Note TN1023: 24 bytes become 15.
    row = bytes.fromhex("AA AA AA 80 00 2A AA AA AA AA 80 00 2A 22" + "AA" * 10)
    data, sizes = packbits.compress(band(row))
    assert data.tobytes() == bytes.fromhex("FE AA 02 80 00 2A FD AA 03 80 00 2A 22 F7 AA")
    assert sizes.tolist() == [15]


@pytest.mark.parametrize(
    ("row", "packed"),
    [
        (b"\x07", "00 07"),
        (b"\x07\x07", "FF 07"),  # two alone: shorter as a repeat than as three bytes of literal
        (b"\x07\x08", "01 07 08"),
        (b"\x01" * 128, "81 01"),
        (b"\x01" * 129, "81 01 00 01"),
        (b"\x01" * 256, "81 01 81 01"),
        (bytes(range(128)), "7F" + bytes(range(128)).hex()),
        (bytes(range(129)), "7F" + bytes(range(128)).hex() + "00 80"),
        (b"\x01\x01\x01\x02\x02\x02", "FE 01 FE 02"),
        (b"\x01\x01\x01\x05\x05\x02\x02\x02", "FE 01 FF 05 FE 02"),
        (b"\x09\x05\x05\x08", "03 09 05 05 08"),  # within a literal, a repeat of two would gain nothing
    ],
)
def test_edges(row, packed):
    data, sizes = packbits.compress(band(row))
    assert data.tobytes() == bytes.fromhex(packed)
    assert sizes.tolist() == [len(bytes.fromhex(packed))]


def test_white_ends_are_left_out_where_asked():
    rows = band(b"\x01\x00\x00\x00", b"\x00\x00\x00\x00", b"\x00\x00\x00\x01", b"\x01\x01\x00\x00")
    data, sizes = packbits.compress(rows, np.array([1, 0, 4, 2]))
    assert sizes.tolist() == [2, 0, 4, 2]
    assert data.tobytes() == bytes.fromhex("00 01 FE 00 00 01 FF 01")


@given(data=st.data(), trim=st.booleans())
@settings(deadline=None, max_examples=300)
def test_round_trip(data, trim, packbits_decoder, band_strategy):
    rows = data.draw(band_strategy())
    height, width = rows.shape
    ends = np.array([len(row.tobytes().rstrip(b"\0")) for row in rows], np.intp) if trim else None
    packed, sizes = packbits.compress(rows, ends)
    assert len(sizes) == height
    at = 0
    for row, size in zip(rows, sizes.tolist(), strict=True):
        decoded = packbits_decoder(packed[at : at + size].tobytes())
        assert decoded.ljust(width, b"\0") == row.tobytes()
        if not trim:
            assert len(decoded) == width
        assert size <= width + -(-width // 128), "never longer than the worst case of literals"
        at += size
    assert at == len(packed)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_some_rows_only(data, band_strategy):
    rows = data.draw(band_strategy())
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    plan = packbits.PackBitsRows(rows)
    expected, _ = packbits.compress(rows[keep]) if keep.any() else (np.empty(0, np.uint8), None)
    assert plan.encode(keep).tobytes() == expected.tobytes()
