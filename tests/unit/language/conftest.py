"""Decoders of the row compressions, straight from the manuals' words, byte by byte; and bands to try them on."""

import numpy as np
import pytest
from hypothesis import strategies as st


def decode_packbits(data: bytes) -> bytes:
    """TIFF 6.0 section 9: read n; 0..127 copy n+1 bytes; -127..-1 repeat next byte 1-n times; -128 no operation."""
    out = bytearray()
    i = 0
    while i < len(data):
        n = data[i] - 256 if data[i] > 127 else data[i]
        i += 1
        if n >= 0:
            assert i + n + 1 <= len(data)
            out += data[i : i + n + 1]
            i += n + 1
        elif n != -128:
            out += data[i : i + 1] * (1 - n)
            i += 1
    return bytes(out)


def decode_delta_row(data: bytes, seed: bytes) -> bytes:
    """PCL 5 reference 15-22: command byte, optional offset bytes, 1 to 8 replacement bytes."""
    row = bytearray(seed)
    position = i = 0
    while i < len(data):
        command = data[i]
        i += 1
        count = (command >> 5) + 1
        offset = command & 0x1F
        if offset == 31:
            while True:
                more = data[i]
                i += 1
                offset += more
                if more != 255:
                    break
        position += offset
        assert i + count <= len(data)
        row[position : position + count] = data[i : i + count]
        assert position + count <= len(seed)
        position += count
        i += count
    return bytes(row)


@st.composite
def bands(draw, max_height=6, max_width=700):
    """Bands of all densities: random, sparse, runs, repeated rows, blank rows."""
    height, width = draw(st.integers(1, max_height)), draw(st.integers(1, max_width))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["random", "sparse", "runs", "steps", "rows", "blank", "full"]))
    shape = (height, width)
    if kind == "random":
        rows = random.integers(0, 256, shape)
    elif kind == "sparse":
        rows = random.integers(1, 256, shape) * (
            random.random(shape) < draw(st.sampled_from([0.002, 0.02, 0.2]))
        )
    elif kind == "runs":
        lengths = random.integers(1, draw(st.sampled_from([3, 5, 300])) + 1, height * width)
        values = random.integers(0, 3, len(lengths)) * 127
        rows = np.repeat(values, lengths)[: height * width].reshape(shape)
    elif kind == "steps":
        rows = np.broadcast_to(np.arange(width) // draw(st.integers(1, 9)) % 256, shape)
    elif kind == "rows":
        rows = np.broadcast_to(random.integers(0, 256, width), shape) ^ (random.random(shape) < 0.01)
    else:
        rows = np.full(shape, 255 if kind == "full" else 0)
    return np.ascontiguousarray(rows, dtype=np.uint8)


@pytest.fixture(scope="session")
def packbits_decoder():
    return decode_packbits


@pytest.fixture(scope="session")
def delta_row_decoder():
    return decode_delta_row


@pytest.fixture(scope="session")
def band_strategy():
    return bands
