"""What a profile says of an ESC/POS printer: its head, its paper, its commands and what it gets wrong.

Data only. NumPy is not loaded here: the service process reads profiles, and prints nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tympan_drivers.profile_status import EscPosStatus, escpos_status
from tympan_drivers.profile_store import ProfileHead
from tympan_drivers.profile_table import ProfileTable

RASTER_COMMANDS = ("gs_v_0", "gs_paren_l", "gs_8_l", "esc_star")
MARKINGS = ("thermal", "impact")
CUTS = ("none", "feed_partial", "feed_full", "partial", "full", "esc_i", "esc_m")
COLUMN_ROWS: Mapping[int, int] = {0: 8, 1: 8, 32: 24, 33: 24}
"""Rows of a line of each ``ESC *`` mode."""

HMM_PER_INCH = 2540
NO_TEXT_COLUMNS = 0


@dataclass(frozen=True, slots=True)
class EscPosProfile:
    """An ESC/POS printer.

    Attributes:
        head: Names.
        dpi: Dots an inch, across and along the feed.
        paper_width_hmm: Width of the roll.
        print_width_dots: Dots the head can mark; they lie in the middle of the roll.
        dot_gain: How much larger a dot gets than its pixel, 0 to 1.
        marking: ``thermal`` or ``impact``: how dots come onto the paper.
        raster: The command that prints pixels: one of `RASTER_COMMANDS`.
        column_mode: Mode of ``ESC *``, where that is the command.
        raster_rows: Rows in one command; the printer's memory and its speed decide.
        raster_rows_avoid: The printer gets commands wrong whose rows are a multiple of this; 0: none.
        feed_units_per_dot: What ``n`` of ``ESC J`` and ``ESC 3`` counts: so many units make a dot row. 0: not known, so
            text is drawn.
        feed_gaps: White rows between black ones are fed by ``ESC J``; otherwise they are sent as pixels, because the
            unit cannot be relied on to the dot.
        gap_rows: Blank rows between black ones from which on they get a command of their own.
        lead_rows_max: Blank rows kept at the head of a page; more are left out, as they only waste paper.
        cut: One of `CUTS`.
        feed_lines: Lines fed before a cut that does not feed by itself, and at the end where nothing cuts.
        init: Sent after ``ESC @`` at the start of a job.
        code_pages: Number in ``ESC t`` by Python codec; empty: text is drawn. The one in force after ``ESC @`` first.
        columns: Characters in a line of font A.
        cell_width_dots: Width of a character cell.
        line_height_dots: Advance of a line.
        lines_per_minute: For ``pages-per-minute``: how many lines it prints.
        status: What it tells back.
        drawer: It has a drawer connector.
        qr_code: It draws QR codes itself.
    """

    head: ProfileHead
    dpi: tuple[int, int]
    paper_width_hmm: int
    print_width_dots: int
    dot_gain: float
    marking: str
    raster: str
    column_mode: int
    raster_rows: int
    raster_rows_avoid: int
    feed_units_per_dot: int
    feed_gaps: bool
    gap_rows: int
    lead_rows_max: int
    cut: str
    feed_lines: int
    init: bytes
    code_pages: Mapping[str, int]
    columns: int
    cell_width_dots: int
    line_height_dots: int
    pages_per_minute: int
    status: EscPosStatus
    drawer: bool
    qr_code: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of a full row."""
        return (self.print_width_dots + 7) // 8

    @property
    def paper_width_px(self) -> int:
        """Width of the roll at the printer's dots."""
        return round(self.paper_width_hmm * self.dpi[0] / HMM_PER_INCH)

    @property
    def side_margin_hmm(self) -> int:
        """What the head does not reach on either side."""
        return max(0, round(self.paper_width_hmm - self.print_width_dots * HMM_PER_INCH / self.dpi[0])) // 2


def escpos_profile(head: ProfileHead, table: ProfileTable) -> EscPosProfile:
    """Read a profile.

    Raises:
        tympan.errors.DriverError: A key is missing, or its value cannot be.
    """
    font = table.table("text")
    features = table.table("features")
    profile = EscPosProfile(
        head=head,
        dpi=(table.integer("dpi_across", 50, 600), table.integer("dpi_along", 50, 600)),
        paper_width_hmm=table.integer("paper_width_hmm", 1000, 30000),
        print_width_dots=table.integer("print_width_dots", 64, 2047),
        dot_gain=table.fraction("dot_gain", 0, 1, 0.0),
        marking=table.choice("marking", MARKINGS, "thermal"),
        raster=table.choice("raster", RASTER_COMMANDS),
        column_mode=table.integer("column_mode", 0, 33, 33),
        raster_rows=table.integer("raster_rows", 1, 4095, 128),
        raster_rows_avoid=table.integer("raster_rows_avoid", 0, 4095, 0),
        feed_units_per_dot=table.integer("feed_units_per_dot", 0, 8, 0),
        feed_gaps=table.flag("feed_gaps"),
        gap_rows=table.integer("gap_rows", 1, 4095, 32),
        lead_rows_max=table.integer("lead_rows_max", 0, 100_000, 80),
        cut=table.choice("cut", CUTS),
        feed_lines=table.integer("feed_lines", 0, 255, 4),
        init=table.hexadecimal("init"),
        code_pages=font.numbers_by_name("code_pages", 0, 255),
        columns=font.integer("columns", 0, 255, NO_TEXT_COLUMNS),
        cell_width_dots=font.integer("cell_width_dots", 1, 255, 12),
        line_height_dots=font.integer("line_height_dots", 1, 255, 30),
        pages_per_minute=table.integer("pages_per_minute", 1, 1000, 30),
        status=escpos_status(table.table("status")),
        drawer=features.flag("drawer"),
        qr_code=features.flag("qr_code"),
    )
    font.finish()
    features.finish()
    _check(profile, table)
    return profile


def _check(profile: EscPosProfile, table: ProfileTable) -> None:
    """What single keys allow and together cannot be."""
    if profile.print_width_dots * HMM_PER_INCH > (profile.paper_width_hmm + 1) * profile.dpi[0]:
        table.fail("print_width_dots", "the head is wider than the paper")
    if profile.raster_rows_avoid == 1:
        table.fail("raster_rows_avoid", "every number is a multiple of 1")
    if profile.feed_gaps and not profile.feed_units_per_dot:
        table.fail("feed_gaps", "the unit must be known: feed_units_per_dot")
    if profile.raster == "gs_paren_l" and 10 + profile.row_bytes * profile.raster_rows > 0xFFFF:
        table.fail("raster_rows", "GS ( L holds 65,525 bytes of pixels")
    if profile.raster == "esc_star":
        _check_columns(profile, table)
    for codec in profile.code_pages:
        try:
            "".encode(codec)
        except LookupError:
            table.fail(f"text.code_pages.{codec}", "there is no such codec")
    if profile.columns:
        _check_text(profile, table)


def _check_columns(profile: EscPosProfile, table: ProfileTable) -> None:
    if profile.column_mode not in COLUMN_ROWS:
        table.fail("column_mode", f"it must be one of {', '.join(map(str, COLUMN_ROWS))}")
    if not profile.feed_units_per_dot:
        table.fail(
            "feed_units_per_dot", "it must be known where the raster command is esc_star: lines must join"
        )
    if not profile.feed_gaps:
        table.fail("feed_gaps", "it must be true where the raster command is esc_star: there is no other way")


def _check_text(profile: EscPosProfile, table: ProfileTable) -> None:
    if not profile.feed_units_per_dot:
        table.fail("text.columns", "the line advance cannot be set where feed_units_per_dot is not known")
    if profile.line_height_dots * profile.feed_units_per_dot > 255:
        table.fail("text.line_height_dots", "ESC 3 holds 255 units")
    if profile.columns * profile.cell_width_dots > profile.print_width_dots:
        table.fail("text.columns", "the line is wider than the head")
    if not profile.code_pages:
        table.fail("text.code_pages", "there must be one where there is text")
