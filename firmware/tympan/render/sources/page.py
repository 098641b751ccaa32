"""What a document is to the layout: a source of pages, each of which can draw itself in bands.

Owns the vocabulary between the sources and the layout. Knows no format and draws nothing. Pixels are grey, 8 bits,
0 black and 255 white, top row first; packed rows are one bit a pixel, most significant bit left, 1 black.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tympan.driver.contract import PageFormat, TextFormat
from tympan.driver.ticket import JobTicket

Pixels: TypeAlias = NDArray[np.uint8]

POINTS_PER_INCH = 72
BAND_BYTES = 1 << 20
"""What a band of grey pixels is sized to. Larger bands cost memory, smaller ones make a PDF's page be walked more often."""


class Document(Protocol):
    """A document's bytes, from the first; they may still be arriving, then reading waits for them.

    Every method may raise `tympan.errors.DocumentError`: the upload broke off.
    """

    @property
    def size(self) -> int | None:
        """Bytes in all; None while they are still arriving."""
        ...

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes, at least one unless the document ends here."""
        ...

    def readinto(self, buffer: memoryview, /) -> int:
        """The same into a buffer; says how many."""
        ...

    def peek(self, size: int, /) -> bytes:
        """What `read` would give, without going on."""
        ...

    def seek(self, position: int, /) -> object:
        """Go to a place, counted from the first byte."""
        ...

    def tell(self) -> int:
        """Where the next byte comes from."""
        ...


@dataclass(frozen=True, slots=True)
class Band:
    """Some rows of a view, whole width. Exactly one of `grey`, `packed` and `text` is set, or none: the rows are white.

    Attributes:
        rows: How many rows, 1 and up.
        grey: ``uint8``, shape (rows, width), 0 black, 255 white.
        packed: ``uint8``, shape (rows, (width + 7) // 8), 1 black, pad bits 0: pixels that need no halftone.
        text: One line for the printer's own font.
        sharp: Edges in `grey` are hard already (nothing was smoothed), so that the halftone need not look for them.
    """

    rows: int
    grey: Pixels | None = None
    packed: Pixels | None = None
    text: str | None = None
    sharp: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A window onto the output, and where in it a page shall appear. All in output pixels.

    Attributes:
        width_px: Width of the window.
        height_px: Height of the window.
        left_px: Left edge of the page in the window; negative where the page is cut off.
        top_px: Top edge of the page in the window.
        page_width_px: Width of the page as it appears, after turning, 1 and up.
        page_height_px: Height of the page as it appears, after turning, 1 and up.
        turn: Quarter turns anticlockwise, 0 to 3.
        resolution_dpi: Of the output, across and along.
    """

    width_px: int
    height_px: int
    left_px: int
    top_px: int
    page_width_px: int
    page_height_px: int
    turn: int
    resolution_dpi: tuple[int, int]

    @property
    def band_rows(self) -> int:
        """How many rows make a band of about `BAND_BYTES`."""
        return max(1, min(self.height_px, BAND_BYTES // max(1, self.width_px)))


class SourcePage(Protocol):
    """One page of a document.

    Attributes:
        width_in: Natural width, inches, as it is meant to be looked at.
        height_in: Natural height, inches.
        sized: The document means this size. False: an image, which ``print-scaling`` auto scales to the page.
        sequential: Rows come off the document in order, once: it cannot be drawn beside another page of the same
            document without keeping what it drew.
        laid_out: It was made for this very side (text is): ``print-scaling`` has nothing to scale.
    """

    width_in: float
    height_in: float
    sized: bool
    sequential: bool
    laid_out: bool

    def bands(self, view: View) -> Iterator[Band]:
        """The view's rows from top to bottom, all of them. To be asked once for a sequential page.

        Raises:
            tympan.errors.DocumentError: The document cannot be read on from here.
        """
        ...


def read_fully(document: Document, size: int) -> bytes:
    """So many bytes, waiting for them; fewer only where the document ends."""
    found = bytes(document.read(size))
    while len(found) < size and (more := document.read(size - len(found))):
        found += more
    return found


class Source(Protocol):
    """A document, opened.

    Attributes:
        native: The document is in the printer's own language: `chunks` is used instead of `pages`.
        impressions: Pages of the document where that is known without reading all of it.
    """

    native: bool
    impressions: int | None

    def pages(self) -> Iterator[SourcePage]:
        """The pages in order, each valid until the next is asked for unless it is not sequential.

        May be called again: it starts over from the first page. Asking for the next page skips what was not drawn.

        Raises:
            tympan.errors.DocumentError: The document cannot be read on from here.
        """
        ...

    def chunks(self) -> Iterator[bytes]:
        """The document's bytes as they are, only where `native`."""
        ...

    def close(self) -> None:
        """Free what the document holds. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """What a source may need to know of where its pages go.

    Attributes:
        ticket: The job.
        page: The raster of one side.
        text: The printer's own font, None where text is drawn.
        can_encode: Whether the printer's own font has all characters of a text.
    """

    ticket: JobTicket
    page: PageFormat
    text: TextFormat | None
    can_encode: Callable[[str], bool]
