"""What a profile says of a PCL 5 printer: its head, its paper and trays, what it can do and what it gets wrong.

Data only, and the geometry that follows from it. NumPy is not loaded here: the service process reads profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tympan.language.pcl_paper import HMM_PER_INCH, LOGICAL_PAGE_DPI, PAPERS, PclPaper
from tympan_drivers.profile_status import PclStatus, pcl_status
from tympan_drivers.profile_store import ProfileHead
from tympan_drivers.profile_table import ProfileTable

END_RASTER = ("rC", "rB")
LOGICAL_PAGES = ("fixed", "shifted")
RESOLUTIONS = (300, 600, 1200)
SIDE_LENGTH_MAX = 32767


@dataclass(frozen=True, slots=True)
class RasterWindow:
    """Where a page's raster lies on the sheet, in dots of one resolution.

    Attributes:
        left: From the sheet's left edge.
        top: From its top edge.
        width: Of the raster.
        height: Of the raster.
        sheet_width: Of the sheet.
        sheet_height: Of the sheet.
        cursor_x: Where it begins on the logical page.
    """

    left: int
    top: int
    width: int
    height: int
    sheet_width: int
    sheet_height: int
    cursor_x: int


@dataclass(frozen=True, slots=True)
class PclProfile:
    """A PCL 5 printer.

    Attributes:
        head: Names.
        resolutions: Dots an inch, the default first.
        unit_of_measure: It knows ``ESC & u # D`` (PCL 5e); without it coordinates are 1/300 inch.
        pjl: It knows PJL.
        economode: It saves toner on ``@PJL SET ECONOMODE``: draft.
        duplex: It prints both sides.
        modes: Compression modes it knows, of 0, 2 and 3.
        end_raster: ``rC`` (PCL 5) or ``rB`` (old LaserJets).
        logical_page: ``fixed``: what lies beside the logical page cannot be printed, which holds for every printer.
            ``shifted``: it is moved to the sheet's edge, as the printer lets pixels out of it at the right.
        unprintable_dots: What it cannot print at each edge of the sheet, dots at 300 dpi.
        papers: Sizes, the default first.
        sources: Parameter of ``ESC & l # H`` by ``media-source``, the default first.
        types: Parameter of ``ESC & l # M`` by ``media-type``; empty: it does not ask for the type.
        pages_per_minute: What it says on the box.
        dot_gain: How much larger a dot gets than its pixel, 0 to 1.
        status: What it tells back.
    """

    head: ProfileHead
    resolutions: tuple[int, ...]
    unit_of_measure: bool
    pjl: bool
    economode: bool
    duplex: bool
    modes: tuple[int, ...]
    end_raster: str
    logical_page: str
    unprintable_dots: int
    papers: tuple[PclPaper, ...]
    sources: Mapping[str, int]
    types: Mapping[str, int]
    pages_per_minute: int
    dot_gain: float
    status: PclStatus

    def window(self, paper: PclPaper, dpi: int) -> RasterWindow:
        """Where the raster of a page lies: all that can be printed.

        Args:
            paper: The sheet.
            dpi: One of `resolutions`.
        """
        scale = dpi // LOGICAL_PAGE_DPI
        width, height = paper.dots(dpi)
        edge = self.unprintable_dots * scale
        shifted = self.logical_page == "shifted"
        left = edge if shifted else max(edge, paper.logical_offset * scale)
        return RasterWindow(
            left=left,
            top=edge,
            width=width - 2 * left,
            height=height - 2 * edge,
            sheet_width=width,
            sheet_height=height,
            cursor_x=left if shifted else left - paper.logical_offset * scale,
        )

    def margins_hmm(self, paper: PclPaper) -> tuple[int, int]:
        """Side margin and end margin of a sheet: what the window leaves out, rounded up."""
        window = self.window(paper, LOGICAL_PAGE_DPI)
        return tuple(-(-dots * HMM_PER_INCH // LOGICAL_PAGE_DPI) for dots in (window.left, window.top))  # type: ignore[return-value]


def pcl_profile(head: ProfileHead, table: ProfileTable) -> PclProfile:
    """Read a profile.

    Raises:
        tympan.errors.DriverError: A key is missing, or its value cannot be.
    """
    names = table.texts("media")
    for name in names:
        if name not in PAPERS:
            table.fail("media", f"PCL 5 has no code for {name!r}; it has: {', '.join(PAPERS)}")
    profile = PclProfile(
        head=head,
        resolutions=table.integers("resolutions", 300, 1200),
        unit_of_measure=table.flag("unit_of_measure", default=True),
        pjl=table.flag("pjl", default=True),
        economode=table.flag("economode"),
        duplex=table.flag("duplex"),
        modes=table.integers("modes", 0, 3, (0, 2, 3)),
        end_raster=table.choice("end_raster", END_RASTER, "rC"),
        logical_page=table.choice("logical_page", LOGICAL_PAGES, "fixed"),
        unprintable_dots=table.integer("unprintable_dots", 0, 300, 50),
        papers=tuple(PAPERS[name] for name in names),
        sources=table.numbers_by_name("sources", 1, 69),
        types=table.numbers_by_name("types", 0, 9),
        pages_per_minute=table.integer("pages_per_minute", 1, 1000, 20),
        dot_gain=table.fraction("dot_gain", 0, 1, 0.15),
        status=pcl_status(table.table("status")),
    )
    _check(profile, table)
    return profile


def _check(profile: PclProfile, table: ProfileTable) -> None:
    """What single keys allow and together cannot be."""
    if not profile.papers:
        table.fail("media", "there must be at least one size")
    if not profile.sources:
        table.fail("sources", "there must be at least one tray")
    if not profile.resolutions or any(dpi not in RESOLUTIONS for dpi in profile.resolutions):
        table.fail("resolutions", f"each must be one of {', '.join(map(str, RESOLUTIONS))}")
    if not profile.unit_of_measure and profile.resolutions != (300,):
        table.fail("unit_of_measure", "without it there is only one resolution, 300")
    if 1 in profile.modes or not {0, 2} & set(profile.modes):
        table.fail("modes", "it must be some of 0, 2 and 3, with 0 or 2 among them")
    if profile.economode and not profile.pjl:
        table.fail("economode", "it is asked for in PJL, which the printer does not know")
    if profile.status.readback and not profile.pjl:
        table.fail("status.readback", "it is asked for in PJL, which the printer does not know")
    if profile.status.pages and not profile.status.readback:
        table.fail("status.pages", "a printer that does not answer does not count either: readback")
