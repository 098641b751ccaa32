"""The paper PCL 5 knows by number, and where its logical page lies on it (HP's PCL 5 Technical Reference, chapter 2).

In portrait the logical page begins at the top edge of the sheet, and 75 dots at 300 dpi from the left and right edges of
inch sizes, 71 from those of metric ones; neither the cursor nor a raster can leave it. Dots at 300 dpi are counted as HP's
tables do: whole dots only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LOGICAL_PAGE_DPI = 300
INCH_OFFSET, METRIC_OFFSET = 75, 71
"""From the sheet's left edge to the logical page's, and the same at the right: dots at 300 dpi."""

HMM_PER_INCH = 2540


@dataclass(frozen=True, slots=True)
class PclPaper:
    """A size of paper.

    Attributes:
        name: PWG 5101.1 name.
        code: Parameter of ``ESC & l # A``.
        width_hmm: Across the feed, hundredths of a millimetre.
        length_hmm: Along the feed.
        logical_offset: From the left edge to the logical page, dots at 300 dpi.
    """

    name: str
    code: int
    width_hmm: int
    length_hmm: int
    logical_offset: int

    def dots(self, dpi: int) -> tuple[int, int]:
        """Width and length in dots: whole dots at 300 dpi, as the printer counts them, times the rest.

        Args:
            dpi: A multiple of 300.
        """
        scale = dpi // LOGICAL_PAGE_DPI
        width = self.width_hmm * LOGICAL_PAGE_DPI // HMM_PER_INCH
        return width * scale, self.length_hmm * LOGICAL_PAGE_DPI // HMM_PER_INCH * scale


_SIZES = (
    PclPaper("na_executive_7.25x10.5in", 1, 18415, 26670, INCH_OFFSET),
    PclPaper("na_letter_8.5x11in", 2, 21590, 27940, INCH_OFFSET),
    PclPaper("na_legal_8.5x14in", 3, 21590, 35560, INCH_OFFSET),
    PclPaper("na_ledger_11x17in", 6, 27940, 43180, INCH_OFFSET),
    PclPaper("iso_a5_148x210mm", 25, 14800, 21000, METRIC_OFFSET),
    PclPaper("iso_a4_210x297mm", 26, 21000, 29700, METRIC_OFFSET),
    PclPaper("iso_a3_297x420mm", 27, 29700, 42000, METRIC_OFFSET),
    PclPaper("jis_b5_182x257mm", 45, 18200, 25700, METRIC_OFFSET),
    PclPaper("na_monarch_3.875x7.5in", 80, 9843, 19050, INCH_OFFSET),
    PclPaper("na_number-10_4.125x9.5in", 81, 10478, 24130, INCH_OFFSET),
    PclPaper("iso_dl_110x220mm", 90, 11000, 22000, METRIC_OFFSET),
    PclPaper("iso_c5_162x229mm", 91, 16200, 22900, METRIC_OFFSET),
    PclPaper("iso_b5_176x250mm", 100, 17600, 25000, METRIC_OFFSET),
)

PAPERS: Mapping[str, PclPaper] = MappingProxyType({paper.name: paper for paper in _SIZES})
"""Every size by its name."""
