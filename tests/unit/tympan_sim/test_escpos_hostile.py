"""Whatever comes, the interpreter goes on, and its memory stays bounded."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tympan_sim.decoder import Motion, Sheet
from tympan_sim.escpos_decoder import EscPosDecoder
from tympan_sim.models import MODELS

ESCPOS = [name for name, model in MODELS.items() if model.language == "escpos"]
SAMPLES = Path(__file__).parents[2] / "data" / "escpos"
STREAMS = sorted(SAMPLES.glob("*.bin"))


def run(stream: bytes, model: str, pieces: list[int] | None = None) -> tuple[list[Sheet], int]:
    decoder = EscPosDecoder(MODELS[model])
    edges = [0, *sorted(pieces or []), len(stream)]
    effects = [
        effect for start, end in itertools.pairwise(edges) for effect in decoder.feed(stream[start:end])
    ]
    effects += decoder.finish()
    consumed = sum(effect.consumed for effect in effects if isinstance(effect, Motion))
    return [effect for effect in effects if isinstance(effect, Sheet)], consumed


commands = st.sampled_from(
    [
        b"\x1b",
        b"\x1d",
        b"\x1c",
        b"\x10",
        b"\x1d(L",
        b"\x1d8L",
        b"\x1d(k",
        b"\x1dv0",
        b"\x1b*",
        b"\x1dk",
        b"\x1b&",
        b"\x1dV",
        b"\x1bD",
        b"\x1d*",
        b"\x1cq",
        b"\n",
        b"\x1b!",
        b"\x1d!",
        b"\x1bt",
        b"\x1b\\",
        b"\x1d(H",
        b"\x1b@",
        b"\x1d(L\x02\x0002",
        b"\x1dW",
        b"\x1dL",
        b"\x1b$",
        b"\x1b{\x01",
        b"\x1bV\x01",
        b"\x1d/\x00",
        b"\x1bJ\xff",
    ]
)
streams = st.lists(st.one_of(commands, st.binary(max_size=40)), max_size=30).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(stream=streams, model=st.sampled_from(ESCPOS))
def test_no_stream_makes_it_fail(stream, model):
    _, consumed = run(stream, model)
    assert consumed <= len(stream)


@settings(max_examples=100, deadline=None)
@given(stream=streams, cuts=st.lists(st.integers(0, 400), max_size=8), model=st.sampled_from(ESCPOS))
def test_where_a_stream_is_split_changes_nothing(stream, cuts, model):
    whole, _ = run(stream, model)
    split, _ = run(stream, model, [min(cut, len(stream)) for cut in cuts])
    assert [(s.image.mode, s.image.size, s.image.tobytes(), s.cut) for s in whole] == [
        (s.image.mode, s.image.size, s.image.tobytes(), s.cut) for s in split
    ]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_sample_split_at_every_byte(path):
    stream = path.read_bytes()
    whole, consumed = run(stream, "escpos-80mm")
    assert whole
    assert consumed == len(stream)
    single, _ = run(stream, "escpos-80mm", list(range(1, len(stream))))
    assert [s.image.tobytes() for s in single] == [s.image.tobytes() for s in whole]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_sample_cut_off_anywhere_and_started_again_by_init_gives_something_sane(path):
    stream = path.read_bytes()
    for end in range(0, len(stream), 97):
        run(stream[:end] + b"\x1b@A\n", "escpos-80mm")


@pytest.mark.parametrize(
    "head",
    [
        b"\x1dv0\x00\xff\xff\xff\x0f",  # 64 KB x 4095 rows: 268 MB declared
        b"\x1d8L\xff\xff\xff\xff\x30\x70\x30\x01\x01\x31\xff\xff\xff\xff",
        b"\x1d(k\xff\xff\x31\x50\x30",
        b"\x1cq\xff\xff\x03\x20\x01",
        b"\x1b*\x21\xff\xff",
        b"\x1b&\x03\x20\x7e\xff",
        b"\x1b3\x00" + b"\x1d!\x77",
        b"A" * 10,
    ],
)
def test_declared_sizes_cost_no_memory(head):
    decoder = EscPosDecoder()
    list(decoder.feed(b"A\n"))  # loads the font
    filler = b"\xa5" * 16_384
    tracemalloc.start()
    list(decoder.feed(head))
    for _ in range(3):
        for effect in decoder.feed(filler):
            del effect
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20


def test_a_raster_is_decoded_faster_than_it_prints():
    import time

    stream = (
        b"\x1dv0\0\x48\0\x60\x09" + np.random.default_rng(3).integers(0, 256, 72 * 2400, np.uint8).tobytes()
    )
    best = float("inf")
    for _ in range(5):
        decoder = EscPosDecoder()
        start = time.perf_counter()
        for effect in decoder.feed(stream):
            del effect
        best = min(best, time.perf_counter() - start)
    assert best < 0.02, "576 x 2400 dots are 1.2 s of paper at 250 mm/s"
