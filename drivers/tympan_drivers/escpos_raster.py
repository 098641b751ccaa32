"""Pixels as the raster or column commands of an ESC/POS printer, within what it takes.

Owns how a run of rows becomes commands: how many rows each has, where they are cut, and that white at the right is not sent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tympan.language import escpos
from tympan_drivers.profile_escpos import EscPosProfile

Pixels = NDArray[np.uint8]

SHORTEST_PIECE = 2
"""A command is cut at a white row where that leaves at least the whole divided by this."""


class RasterCommands:
    """The pixels of one printer.

    Args:
        model: The printer.
    """

    def __init__(self, model: EscPosProfile) -> None:
        self._model = model
        self._most = model.raster_rows
        self._head = {
            "gs_v_0": _raster,
            "gs_paren_l": _graphics,
            "gs_8_l": _graphics_long,
            "esc_star": None,
        }[model.raster]

    def encode(self, rows: Pixels) -> bytes:
        """Rows, one command after the other, each at most as many as the printer takes.

        Args:
            rows: Shape (height, row bytes), height from 1; ink in the first and the last.
        """
        parts: list[bytes] = []
        at = 0
        while at < len(rows):
            end = self._piece_end(rows, at)
            self._command(rows[at:end], parts)
            at = end
        return b"".join(parts)

    def white(self, rows: int) -> bytes:
        """White rows as pixels, one byte wide: so long on every printer, whatever its feed counts."""
        parts: list[bytes] = []
        while rows:
            count = self._count(min(rows, self._most))
            self._command(np.zeros((count, 1), np.uint8), parts)
            rows -= count
        return b"".join(parts)

    def encode_columns(self, rows: Pixels, line_rows: int) -> bytes:
        """Rows as lines of ``ESC *``, each fed by as many rows as it has, so that they join whatever the line spacing is.

        Args:
            rows: Shape (height, row bytes); the last line may have fewer rows than the others.
            line_rows: 8 or 24.
        """
        height, width = rows.shape
        lines = -(-height // line_rows)
        if lines * line_rows != height:
            rows = np.concatenate((rows, np.zeros((lines * line_rows - height, width), np.uint8)))
        dots = np.unpackbits(rows, axis=1, count=self._model.print_width_dots)
        # (line, byte of the column, bit, x) becomes (line, x, byte of the column)
        columns = np.packbits(dots.reshape(lines, line_rows // 8, 8, -1), axis=2)[:, :, 0].transpose(0, 2, 1)
        used: NDArray[np.bool_] = np.any(columns, axis=2)
        ends = np.where(used.any(axis=1), used.shape[1] - used[:, ::-1].argmax(axis=1), 0)
        feed = escpos.feed(line_rows * self._model.feed_units_per_dot)
        parts = []
        for line, end in zip(columns, ends.tolist(), strict=True):
            if end:
                data = line[:end].tobytes()
                parts += [escpos.columns_head(self._model.column_mode, end, len(data)), data]
            parts.append(feed)
        parts[-1] = escpos.feed((height - (lines - 1) * line_rows) * self._model.feed_units_per_dot)
        return b"".join(parts)

    def _piece_end(self, rows: Pixels, at: int) -> int:
        """Where a command that begins at row `at` ends: at a white row where there is one far enough on."""
        left = len(rows) - at
        if left > self._most:
            piece = rows[at : at + self._most]
            white = np.flatnonzero(~piece[self._most // SHORTEST_PIECE :].any(axis=1))
            left = int(white[-1]) + self._most // SHORTEST_PIECE + 1 if len(white) else self._most
        return at + self._count(left)

    def _count(self, rows: int) -> int:
        """`rows`, or fewer where the printer gets so many wrong."""
        avoid = self._model.raster_rows_avoid
        if avoid and rows % avoid == 0:
            return rows - avoid // 2
        return rows

    def _command(self, rows: Pixels, parts: list[bytes]) -> None:
        used = np.flatnonzero(rows.max(axis=0))
        width = int(used[-1]) + 1 if len(used) else 1
        data = rows[:, :width].tobytes()
        assert self._head is not None
        head, tail = self._head(width, len(rows), len(data))
        parts += [head, data, tail]


def _raster(row_bytes: int, rows: int, length: int) -> tuple[bytes, bytes]:
    return escpos.raster_head(row_bytes, rows, length), b""


def _graphics(row_bytes: int, rows: int, length: int) -> tuple[bytes, bytes]:
    return escpos.graphics_head(row_bytes * 8, rows, length), escpos.PRINT_GRAPHICS


def _graphics_long(row_bytes: int, rows: int, length: int) -> tuple[bytes, bytes]:
    return escpos.graphics_head_long(row_bytes * 8, rows, length), escpos.PRINT_GRAPHICS
