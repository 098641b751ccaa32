"""A laser's job that broke off anywhere does not spoil the next one: the simulated laser gets what the driver sends between them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tympan.driver.ticket import JobTicket, MediaSpec
from tympan_drivers.pcl import PclDriver
from tympan_sim.decoder import Reply, Sheet
from tympan_sim.pcl_decoder import PclDecoder

PCL = PclDriver()
PROFILE = "generic-pcl5e"
MEDIA = MediaSpec("iso_dl_110x220mm", 11_000, 22_000)


def job(seed):
    """A job of one page of noise, 300 dots an inch."""
    encoder = PCL.encoder(PROFILE, JobTicket(1, MEDIA, resolution_dpi=(300, 300)))
    shape = encoder.page_format()
    noise = np.random.default_rng(seed).integers(0, 256, (40, (shape.width_px + 7) // 8), np.uint8)
    noise[:, -1] &= 0xFF00 >> (shape.width_px % 8 or 8) & 0xFF
    parts = [
        encoder.begin_job(),
        encoder.begin_page(1),
        encoder.band(noise),
        encoder.end_page(),
        encoder.end_job(),
    ]
    return b"".join(parts)


def printed(decoder, data):
    """The answers to, and the sheets of, what the laser got."""
    effects = list(decoder.feed(data))
    answers = b"".join(effect.data for effect in effects if isinstance(effect, Reply))
    return answers, [effect.image.tobytes() for effect in effects if isinstance(effect, Sheet)]


@pytest.mark.parametrize("seed", range(40))
def test_the_next_job_is_told_and_printed_as_if_nothing_had_been(seed):
    first, second = job(1), job(2)
    ask = b"\x1b%-12345X@PJL\r\n@PJL USTATUS JOB=ON\r\n\x1b%-12345X"
    alone = PclDecoder()
    printed(alone, ask)
    answers, sheets = printed(alone, second)
    assert answers.count(b"START\r\n") == answers.count(b"END\r\n") == len(sheets) == 1
    decoder = PclDecoder()
    printed(decoder, ask + first[: random.Random(seed).randrange(1, len(first))])
    printed(decoder, PCL.abandon(PROFILE))
    assert printed(decoder, second) == (answers, sheets)
