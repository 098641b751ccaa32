"""The screen of fine printers: dots that hold together, at 45 degrees, in 256 steps."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tympan.render.clustered_dot import CELL_PX, TILE_PX, screen
from tympan.render.halftone import Halftone, Method


def islands(black):
    """How many connected pieces a pattern that wraps around has; neighbours share a side."""
    height, width = black.shape
    left = {(int(y), int(x)) for y, x in np.argwhere(black)}
    count = 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                place = (near[0] % height, near[1] % width)
                if place in left:
                    left.remove(place)
                    edge.append(place)
    return count


CELLS = (TILE_PX // CELL_PX) ** 2


@pytest.mark.parametrize("grey", [240, 230, 200, 170, 140])
def test_greys_lighter_than_half_are_two_dots_a_cell(grey):
    assert islands(grey < screen()) == 2 * CELLS


@pytest.mark.parametrize("grey", [20, 50, 80, 110])
def test_darker_greys_are_two_holes_a_cell(grey):
    assert islands(grey >= screen()) == 2 * CELLS


def test_the_dots_stand_at_45_degrees():
    """Shifted by half a cell across and along, the screen is nearly itself; shifted by half a cell across only, it is the reverse."""
    black = (screen() > 190).astype(int)
    half = CELL_PX // 2
    same = (np.roll(black, (half, half), (0, 1)) == black).mean()
    other = (np.roll(black, half, 1) & black).sum()
    assert same > 0.95
    assert other == 0


def test_every_step_of_grey_adds_dots():
    levels = [int((grey < screen()).sum()) for grey in range(256)]
    assert levels[0] == TILE_PX * TILE_PX
    assert levels[255] == 0
    assert all(darker > lighter for darker, lighter in itertools.pairwise(levels))


def test_rows_return_so_that_pages_stay_small():
    """At most as many different rows as the tile has, whatever the width: what delta rows live from."""
    halftone = Halftone(1000, Method.CLUSTERED)
    packed = halftone.push(np.full((400, 1000), 128, np.uint8), sharp=True)
    assert len(np.unique(packed, axis=0)) <= TILE_PX
