"""The clustered-dot screen of the ordered halftone on fine printers, and how it is made.

A laser's dots at 600 dpi are smaller than what its toner holds to: single ones come and go with the weather in the
machine, and a mask that scatters them looks grainy and too dark. Dots that grow from a middle print as they are meant.
They also come out in far fewer bytes, since the same few rows return.

The screen stands at 45 degrees, where the eye sees it least: two dots in a cell of `CELL_PX` by `CELL_PX` pixels, which is
106 lines an inch at 600 dpi. Cells take turns in growing, so that a tile of `TILE_PX` has 256 steps and not only 64.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

CELL_PX = 8
"""The screen's period across and along the feed, pixels."""
TILE_PX = 16
"""Rows and columns of the tile: two by two cells."""

_TURNS = (0, 3, 1, 2)
"""The order in which the four cells of a tile grow by a pixel, row by row."""


@cache
def screen() -> NDArray[np.uint8]:
    """The thresholds: ``uint8``, 16 by 16, 1 to 255; a pixel is black where its grey value is below. Read only."""
    across = np.arange(CELL_PX) + 0.5
    x, y = np.meshgrid(across, across)
    turn = 2 * np.pi / CELL_PX
    # Two waves crossing at right angles: their crests are the dots' middles, their troughs the holes'.
    height = np.cos(turn * (x + y)) + np.cos(turn * (x - y))
    half = CELL_PX / 2
    around = np.arctan2(y % half - half / 2, x % half - half / 2)
    second = (x < half) != (y < half)
    # From the crest down; where pixels are equally high around the middle, and first the one dot's, then the other's.
    order = np.lexsort((second.ravel(), around.ravel().round(6), -height.ravel().round(6)))
    rank = np.empty(CELL_PX * CELL_PX, np.int64)
    rank[order] = np.arange(CELL_PX * CELL_PX)
    cell = rank.reshape(CELL_PX, CELL_PX) * len(_TURNS)
    a, b, c, d = _TURNS
    tile = np.block([[cell + a, cell + b], [cell + c, cell + d]])
    steps = TILE_PX * TILE_PX
    found: NDArray[np.uint8] = (256 - np.ceil((tile + 0.5) * 255 / steps)).astype(np.uint8)
    found.flags.writeable = False
    return found
