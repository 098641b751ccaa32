"""Rows of a PCL raster: read back by a small interpreter of ``ESC * b`` written from the manual."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.language.pcl_raster import RasterRows, row_ends

COMMAND = re.compile(rb"\x1b\*b(?:(\d)m)?(\d+)([WY])")


@pytest.fixture(scope="session")
def read_back(packbits_decoder, delta_row_decoder):
    def read(data, row_bytes):
        rows, seed, mode, at = [], bytes(row_bytes), 0, 0
        lengths = []
        while at < len(data):
            match = COMMAND.match(data, at)
            assert match, data[at : at + 20]
            at = match.end()
            number = int(match[2])
            if match[1]:
                mode = int(match[1])
            if match[3] == b"Y":
                rows += [bytes(row_bytes)] * number
                seed = bytes(row_bytes)
                continue
            piece, at = data[at : at + number], at + number
            assert len(piece) == number
            decode = {
                0: bytes,
                2: packbits_decoder,
                3: lambda piece, seed=seed: delta_row_decoder(piece, seed),
            }[mode]
            seed = decode(piece).ljust(row_bytes, b"\0")
            assert len(seed) == row_bytes
            rows.append(seed)
            lengths.append((mode, number))
        return rows, lengths

    return read


@given(
    data=st.data(),
    modes=st.sampled_from([(0, 2, 3), (0,), (2,), (2, 3), (0, 3), (0, 2)]),
    cut=st.integers(1, 20),
)
@settings(deadline=None, max_examples=300)
def test_every_band_comes_back(data, modes, cut, read_back, band_strategy):
    blank = data.draw(st.integers(1, 12))
    width = data.draw(st.sampled_from([1, 2, 3, 7, 24, 25, 72, 300, 585, 2100]))
    parts = [data.draw(band_strategy(max_height=5, max_width=width)) for _ in range(3)]
    parts = [np.ascontiguousarray(np.resize(part, (len(part), width))) for part in parts]
    band = np.concatenate([parts[0], np.zeros((blank, width), np.uint8), parts[1], parts[1], parts[2]])
    encoder = RasterRows(width, modes)
    encoder.start()
    stream = b"".join(encoder.encode(band[at : at + cut]) for at in range(0, len(band), cut))
    rows, used = read_back(stream, width)
    rows += [bytes(width)] * encoder.blank_rows
    assert rows == [row.tobytes() for row in band]
    assert {mode for mode, _ in used} <= set(modes)
    if encoder.blank_rows == 0:
        assert band[-1].any()


def test_the_shortest_mode_is_taken(read_back):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, 200).astype(np.uint8)
    solid = np.full(200, 255, np.uint8)
    nudged = noise.copy()
    nudged[7] ^= 1
    encoder = RasterRows(200)
    encoder.start()
    data = encoder.encode(np.stack([noise, nudged, solid, solid, np.zeros(200, np.uint8), noise]))
    rows, used = read_back(data, 200)
    # Noise is sent as it is; a byte changed is two bytes of changes; 200 equal bytes are two packets; a repeated row nothing.
    assert used == [(0, 200), (3, 2), (2, 4), (3, 0), (0, 200)]
    assert len(rows) == 6
    assert b"\x1b*b1Y" in data


def test_a_slice_boundary_changes_nothing(read_back):
    rng = np.random.default_rng(6)
    band = rng.integers(0, 256, (1100, 9)).astype(np.uint8) * (rng.random((1100, 1)) < 0.5).astype(np.uint8)
    encoder = RasterRows(9)
    encoder.start()
    rows, _ = read_back(encoder.encode(band), 9)
    rows += [bytes(9)] * encoder.blank_rows
    assert b"".join(rows) == band.tobytes()


def test_white_at_the_end_is_kept_back_and_a_start_forgets():
    encoder = RasterRows(4)
    encoder.start()
    assert encoder.encode(np.zeros((40_000, 4), np.uint8)) == b""
    assert encoder.blank_rows == 40_000
    band = np.zeros((1, 4), np.uint8)
    band[0, 0] = 0x80
    # 40,000 rows down in two commands, as one holds 32,767; then the row, the first byte changed.
    assert encoder.encode(band) == b"\x1b*b32767Y\x1b*b7233Y\x1b*b3m2W\x00\x80"
    assert encoder.encode(band) == b"\x1b*b0W"
    encoder.start()
    assert encoder.encode(band) == b"\x1b*b3m2W\x00\x80"


def test_modes_that_leave_no_way_out_are_refused():
    with pytest.raises(ValueError, match="not some of"):
        RasterRows(4, (3,))
    with pytest.raises(ValueError, match="not some of"):
        RasterRows(4, (0, 5))


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_row_ends(data, band_strategy):
    rows = data.draw(band_strategy())
    assert row_ends(rows).tolist() == [len(row.tobytes().rstrip(b"\0")) for row in rows]
