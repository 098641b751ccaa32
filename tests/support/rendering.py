"""Documents in memory, the pages of two usual printers, and a document rendered to pixels that tests look at."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tympan.driver.contract import PageFormat, TextFormat
from tympan.driver.ticket import JobTicket, MediaSpec
from tympan.render.layout import impressions
from tympan.render.sources import open_source

A4 = MediaSpec("iso_a4_210x297mm", 21000, 29700, 423, 423, 423, 423)
A4_BORDERLESS = MediaSpec("iso_a4_210x297mm", 21000, 29700)
ROLL = MediaSpec("custom_roll_80x297mm", 8000, 29700, 400, 400, 0, 0, roll=True)
RECEIPT_FONT = TextFormat(48, 12, 30)


class MemoryDocument(io.BytesIO):
    """A document that is all there, or (`piece`) comes in pieces of which the size is not known."""

    def __init__(self, data: bytes, piece: int = 0) -> None:
        super().__init__(data)
        self._piece = piece
        self.size = None if piece else len(data)
        self.furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(min(size, self._piece) if self._piece and size is not None and size > 0 else size)
        self.furthest = max(self.furthest, self.tell())
        return data

    def peek(self, size: int, /) -> bytes:
        at = self.tell()
        data = super().read(size)
        self.seek(at)
        return data


def a4(dpi: int = 600, margin_hmm: int = 423) -> PageFormat:
    """A sheet printer's raster of A4."""
    width, height, margin = (
        round(21000 / 2540 * dpi),
        round(29700 / 2540 * dpi),
        round(margin_hmm / 2540 * dpi),
    )
    return PageFormat((dpi, dpi), width - 2 * margin, height - 2 * margin, width, height, margin, margin)


def receipt() -> PageFormat:
    """A receipt printer's raster: 72 mm of 80 at 203 dpi."""
    return PageFormat((203, 203), 576, None, 639, 2374, 32, 0, trim_tail=True)


@dataclass
class Rendered:
    """What came out: for each side its rows (1 is black) and its native lines."""

    pages: list[NDArray[np.uint8]] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)


def render(
    document_format: str,
    data: bytes | MemoryDocument,
    page: PageFormat,
    *,
    text: TextFormat | None = None,
    can_encode: Callable[[str], bool] = str.isascii,
    **ticket: object,
) -> Rendered:
    """Render a document as the worker does, and unpack what an encoder would get, checking its shape."""
    document = MemoryDocument(data) if isinstance(data, bytes) else data
    media = ticket.pop("media", A4 if page.height_px else ROLL)
    job = JobTicket(1, media, resolution_dpi=page.resolution_dpi, **ticket)  # type: ignore[arg-type]
    source = open_source(document_format, document, job, page, text, can_encode)
    found = Rendered()
    try:
        for number, impression in enumerate(impressions(source, job, page), 1):
            assert impression.number == number
            rows: list[NDArray[np.uint8]] = []
            lines: list[str] = []
            for band in impression.bands():
                if isinstance(band, str):
                    lines.append(band)
                    continue
                assert band.dtype == np.uint8
                assert band.flags.c_contiguous
                assert band.ndim == 2
                assert band.shape[0] > 0
                assert band.shape[1] == (page.width_px + 7) // 8
                bits = np.unpackbits(band, axis=1)
                assert not bits[:, page.width_px :].any(), "bits beyond the width"
                rows.append(bits[:, : page.width_px])
            whole = np.concatenate(rows) if rows else np.empty((0, page.width_px), np.uint8)
            if page.height_px is not None:
                assert len(whole) == page.height_px
            found.pages.append(whole)
            found.lines.append(lines)
    finally:
        source.close()
    return found


def ink_box(bits: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (the last two not included) of what is black."""
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
