"""Rows of grey pixels, scaled, turned and put into a view, a band at a time.

Owns what all sources share that begin with pixels: images and raster. Rows flow through as they come; only a page that
is turned, or turned over, is kept, at the smaller of its own size and the size that it will have.

A *run* of rows is either ``uint8`` grey of shape (rows, width), or an int: so many white rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

from tympan.render.sources.page import BAND_BYTES, Band, Pixels, View

Run: TypeAlias = Pixels | int

WHITE = 255

MAX_TURNED_BYTES = 48 << 20
"""The largest page that is kept to be turned; a larger one is turned at half its size, a third …, and scaled up again."""

SUPPORT = {Image.Resampling.BOX: 0.5, Image.Resampling.HAMMING: 1.0, Image.Resampling.BICUBIC: 2.0}
"""How far each filter looks, in source pixels (in output pixels where it scales down)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How rows have to be turned to be looked at: mirrored left to right first, then turned anticlockwise.

    Attributes:
        mirror: Left and right change places.
        quarters: Quarter turns anticlockwise, 0 to 3.
    """

    mirror: bool = False
    quarters: int = 0

    def then(self, quarters: int) -> Turn:
        """This, and then so many more quarter turns."""
        return Turn(self.mirror, (self.quarters + quarters) % 4)


UPRIGHT = Turn()


def bands(runs: Iterable[Run], size: tuple[int, int], turn: Turn, view: View) -> Iterator[Band]:
    """Draw rows into a view.

    Args:
        runs: The rows, from the first; may be fewer than `size` says, what lacks is white.
        size: Width and height in pixels, as they come.
        turn: How they have to be turned to be looked at.
        view: Where they go; its own turn is applied after `turn`.
    """
    turn = turn.then(view.turn)
    target = (view.page_width_px, view.page_height_px)
    if turn.quarters:
        upright = target if turn.quarters % 2 == 0 else target[::-1]
        kept = min(size, upright, key=lambda one: one[0] * one[1])
        reduction = 1
        while kept[0] * kept[1] > MAX_TURNED_BYTES * reduction**2:
            reduction += 1
        kept = (max(1, kept[0] // reduction), max(1, kept[1] // reduction))
        whole = _whole(scaled(runs, size, kept), kept)
        if turn.mirror:
            whole = whole[:, ::-1]
        whole = np.rot90(whole, turn.quarters)
        size = (whole.shape[1], whole.shape[0])
        runs = _slices(whole)
    elif turn.mirror:
        runs = (run if isinstance(run, int) else np.ascontiguousarray(run[:, ::-1]) for run in runs)
    return framed(scaled(runs, size, target), view)


def unpacked(packed: Pixels, width_px: int) -> Pixels:
    """Packed rows, 1 black, as grey."""
    return np.where(np.unpackbits(packed, axis=1, count=width_px), np.uint8(0), np.uint8(WHITE))


def scaled(runs: Iterable[Run], size: tuple[int, int], target: tuple[int, int]) -> Iterator[Run]:
    """Rows at another size; the same rows where it is the size that they have.

    Scaling down averages, scaling up interpolates. Bands show no seam: each is computed with the rows around it.
    """
    if size == target:
        yield from runs
        return
    width, height = target
    ratio = size[1] / height
    down = target[0] < size[0] or target[1] < size[1]
    resampling = Image.Resampling.HAMMING if down else Image.Resampling.BICUBIC
    margin = int(SUPPORT[resampling] * max(1.0, ratio)) + 2
    rows = max(1, min(height, int(BAND_BYTES / max(width, size[0] * ratio))))
    window = _Window(runs, size)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = top * ratio, min(bottom * ratio, size[1])
        start, end = max(0, int(first) - margin), min(size[1], int(last) + 1 + margin)
        source = window.rows(start, end)
        if source is None:
            yield bottom - top
            continue
        image = Image.frombuffer("L", (size[0], len(source)), source, "raw", "L", 0, 1)
        box = (0.0, first - start, float(size[0]), last - start)
        yield np.asarray(image.resize((width, bottom - top), resampling, box))


def framed(runs: Iterable[Run], view: View) -> Iterator[Band]:
    """Rows of a page as the rows of a view: cut off at its edges, white around."""
    at = view.top_px
    done = 0
    if at > 0:
        done = min(at, view.height_px)
        yield Band(done)
    for run in runs:
        if at >= view.height_px:
            break
        count = run if isinstance(run, int) else len(run)
        first, last = max(0, -at), min(count, view.height_px - at)
        at += count
        if first >= last:
            continue
        done += last - first
        if isinstance(run, int):
            yield Band(last - first)
        else:
            yield Band(last - first, grey=_across(run[first:last], view))
    if done < view.height_px:
        yield Band(view.height_px - done)


def _across(rows: Pixels, view: View) -> Pixels:
    """Rows of the page's width as rows of the view's width."""
    if view.left_px == 0 and rows.shape[1] == view.width_px:
        return rows
    left, right = max(0, view.left_px), min(view.width_px, view.left_px + rows.shape[1])
    if left == 0 and right == view.width_px:
        return rows[:, -view.left_px : view.width_px - view.left_px]
    wide = np.full((len(rows), view.width_px), WHITE, np.uint8)
    if left < right:
        wide[:, left:right] = rows[:, left - view.left_px : right - view.left_px]
    return wide


def _whole(runs: Iterable[Run], size: tuple[int, int]) -> Pixels:
    """All rows at once."""
    whole = np.full((size[1], size[0]), WHITE, np.uint8)
    at = 0
    for run in runs:
        if isinstance(run, int):
            at += run
        else:
            whole[at : at + len(run)] = run[: size[1] - at]
            at += len(run)
    return whole


def _slices(whole: Pixels) -> Iterator[Run]:
    """Some rows after others, contiguous, white ones as a number."""
    rows = max(1, BAND_BYTES // whole.shape[1])
    for start in range(0, len(whole), rows):
        part = np.ascontiguousarray(whole[start : start + rows])
        yield len(part) if part.min() == WHITE else part


class _Window:
    """A window that slides down rows that come one after another."""

    def __init__(self, runs: Iterable[Run], size: tuple[int, int]) -> None:
        self._runs = iter(runs)
        self._width, self._height = size
        self._parts: list[tuple[int, int, Pixels | None]] = []
        self._read = 0

    def rows(self, start: int, end: int) -> Pixels | None:
        """Rows from `start` to before `end`, None where all are white; neither may go back. White beyond the last."""
        while self._read < end:
            run = next(self._runs, self._height - self._read)
            count = run if isinstance(run, int) else len(run)
            self._parts.append((self._read, self._read + count, None if isinstance(run, int) else run))
            self._read += count
        self._parts = [part for part in self._parts if part[1] > start]
        if all(pixels is None or first >= end for first, _, pixels in self._parts):
            return None
        first, _, only = self._parts[0]
        if len(self._parts) == 1 and only is not None:
            return np.ascontiguousarray(only[start - first : end - first])
        found = np.full((end - start, self._width), WHITE, np.uint8)
        for first, last, pixels in self._parts:
            if pixels is not None and first < end:
                begin, stop = max(first, start), min(last, end)
                found[begin - start : stop - start] = pixels[begin - first : stop - first]
        return found
