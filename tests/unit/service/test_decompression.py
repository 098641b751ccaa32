"""Compressed documents come out as they went in; bombs, garbage and cut-off data are refused."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest

from tympan.service.decompression import RATIO_FREE_BYTES, CompressionError, decompressed

DATA = os.urandom(5000) + b"a" * 300_000 + os.urandom(100)


async def pieces(data, size):
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def take(data, compression, size=1000, ratio=200):
    return b"".join([piece async for piece in decompressed(pieces(data, size), compression, ratio)])


def raw_deflate(data):
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("compression", "made"),
    [
        ("none", DATA),
        ("gzip", gzip.compress(DATA)),
        ("gzip", gzip.compress(DATA[:77]) + gzip.compress(DATA[77:])),
        ("deflate", zlib.compress(DATA)),
        ("deflate", raw_deflate(DATA)),
    ],
    ids=["none", "gzip", "two gzip members", "zlib", "raw deflate"],
)
async def test_round_trip(compression, made, size):
    assert await take(made, compression, size) == DATA


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
async def test_cut_off_data_is_refused(compression):
    made = gzip.compress(DATA) if compression == "gzip" else zlib.compress(DATA)
    with pytest.raises(CompressionError):
        await take(made[:-9], compression)


async def test_garbage_is_refused():
    with pytest.raises(CompressionError):
        await take(b"no gzip at all", "gzip")


async def test_a_bomb_is_refused_before_it_is_large():
    bomb = gzip.compress(bytes(8 * RATIO_FREE_BYTES))
    given = []

    async def drain():
        async for piece in decompressed(pieces(bomb, 65536), "gzip", 200):
            given.append(len(piece))

    with pytest.raises(CompressionError, match="200 times"):
        await drain()
    assert sum(given) <= RATIO_FREE_BYTES + (1 << 20)


async def test_the_ratio_counts_only_beyond_what_is_free():
    blank = bytes(RATIO_FREE_BYTES)
    assert await take(gzip.compress(blank), "gzip", ratio=2) == blank


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
async def test_a_single_byte_is_cut_off(compression):
    with pytest.raises(CompressionError, match="cut off"):
        await take(b"\x78", compression)


async def test_nothing_is_nothing():
    assert await take(b"", "gzip") == b""
