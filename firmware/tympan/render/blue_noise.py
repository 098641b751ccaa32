"""The blue-noise mask of the ordered halftone, and how it was made.

Owns the mask: 128 by 128 thresholds that tile without a seam. ``blue_noise.npy`` beside this module holds what `void_and_cluster`
makes with its default arguments, as thresholds 1 to 255; the unit tests make it again and compare. At run time
it is only loaded.

The method is void-and-cluster (R. Ulichney, 1993): a dot is always added in the largest void of those that are there, where the
density is measured with a Gaussian that wraps around the edges.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

MASK_SIZE = 128
SIGMA_PX = 1.9
"""Width of the Gaussian: smaller lets worms into the midtones, larger lets clusters into the highlights."""
SEED = 20
INITIAL_SHARE = 0.1
"""Share of dots in the pattern that all others grow from."""


@cache
def mask() -> NDArray[np.uint8]:
    """The thresholds: ``uint8``, 128 by 128, 1 to 255; a pixel is black where its grey value is below. Read only."""
    loaded: NDArray[np.uint8] = np.load(BytesIO(files(__package__).joinpath("blue_noise.npy").read_bytes()))
    loaded.flags.writeable = False
    return loaded


def void_and_cluster(
    size: int = MASK_SIZE, *, seed: int = SEED, sigma_px: float = SIGMA_PX
) -> NDArray[np.uint8]:
    """Make a mask.

    Args:
        size: Rows and columns, even.
        seed: Of the first pattern.
        sigma_px: Width of the Gaussian that measures density.
    """
    total = size * size
    axis = np.minimum(np.arange(size), size - np.arange(size)).astype(np.float64)
    line = np.exp(-(axis**2) / (2 * sigma_px**2))
    kernel = np.outer(line, line)
    wrapped = np.tile(kernel, (2, 2))

    def bump(at: int) -> NDArray[np.float64]:
        """The Gaussian around a pixel, wrapped at the edges."""
        row, column = size - at // size, size - at % size
        return wrapped[row : row + size, column : column + size]

    dots = np.zeros(total, bool)
    start = int(total * INITIAL_SHARE)
    dots[np.random.default_rng(seed).permutation(total)[:start]] = True
    density = np.zeros((size, size))
    for at in np.flatnonzero(dots):
        density += bump(int(at))
    # Move dots from the tightest cluster to the largest void until that is where they were.
    for _ in range(total):
        cluster = int(np.where(dots, density.ravel(), -np.inf).argmax())
        dots[cluster] = False
        density -= bump(cluster)
        void = int(np.where(dots, np.inf, density.ravel()).argmin())
        dots[void] = True
        density += bump(void)
        if void == cluster:
            break
    rank = np.empty(total, np.int64)
    # Down: the tightest of the first pattern's dots has its highest rank.
    falling, falling_density = dots.copy(), density.copy()
    for order in range(start - 1, -1, -1):
        dot = int(np.where(falling, falling_density.ravel(), -np.inf).argmax())
        falling[dot] = False
        falling_density -= bump(dot)
        rank[dot] = order
    # Up: the largest void is next.
    for order in range(start, total):
        dot = int(np.where(dots, np.inf, density.ravel()).argmin())
        dots[dot] = True
        density += bump(dot)
        rank[dot] = order
    # The first dots to be black are black even in the lightest grey: theirs is the highest threshold.
    return (255 - rank * 255 // total).astype(np.uint8).reshape(size, size)
