"""The job ticket: everything about a job that rendering and encoding obey, with defaults already applied.

The service makes it from the job's attributes and the printer's defaults; the render worker and the driver's encoder
obey it. It crosses a process boundary, so it is plain data. Names and values are those of the IPP attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

HMM_PER_INCH = 2540
"""Hundredths of a millimetre in an inch: the unit of media sizes, PWG 5100.7 §6.3."""


Properties = tuple[tuple[str, str | int], ...]
"""Further members of ``media-col`` with their values, in order of their names, such as ``("media-color", "blue")``."""


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """The paper a job is for: ``media-col`` with every member resolved.

    Attributes:
        name: ``media-size-name``, PWG 5101.1, such as ``iso_a4_210x297mm``.
        width_hmm: Across the feed, hundredths of a millimetre.
        length_hmm: Along the feed, hundredths of a millimetre.
        left_margin_hmm: What cannot, or shall not, be printed at each edge.
        right_margin_hmm: See `left_margin_hmm`.
        top_margin_hmm: See `left_margin_hmm`.
        bottom_margin_hmm: See `left_margin_hmm`.
        source: ``media-source`` keyword, such as ``main``; ``auto`` where the printer chooses.
        type: ``media-type`` keyword, such as ``stationery``.
        roll: The length follows the content: `length_hmm` is only the page a client lays out for.
        properties: What else it is, of loaded paper, or shall be, of a job's.
    """

    name: str
    width_hmm: int
    length_hmm: int
    left_margin_hmm: int = 0
    right_margin_hmm: int = 0
    top_margin_hmm: int = 0
    bottom_margin_hmm: int = 0
    source: str = "auto"
    type: str = "stationery"
    roll: bool = False
    properties: Properties = ()


Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges from 1."""


def within(number: int, ranges: Ranges) -> bool:
    """Whether a number is in one of the ranges; in none at all everything is."""
    return not ranges or any(first <= number <= last for first, last in ranges)


class TicketChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a part of a job has otherwise than the job; None: as the job has it. The fields are those of `JobTicket`."""

    media: MediaSpec | None = None
    sides: str | None = None
    print_quality: int | None = None
    resolution_dpi: tuple[int, int] | None = None
    page_ranges: tuple[tuple[int, int], ...] | None = None
    number_up: int | None = None
    orientation_requested: int | None = None
    print_scaling: str | None = None
    print_color_mode: str | None = None
    print_content_optimize: str | None = None

    def of(self, whole: JobTicket) -> JobTicket:
        """The ticket of the part."""
        changed = {name: getattr(self, name) for name in self.__struct_fields__}
        return replace(whole, **{name: value for name, value in changed.items() if value is not None})


class Override(msgspec.Struct, frozen=True, omit_defaults=True):
    """What some pages have otherwise than their document, PWG 5100.6.

    Attributes:
        change: What it is.
        pages: Pages of a document, as the document counts them; empty: all.
        documents: Values of ``document-number``; empty: all.
        copies: Copies of the document; empty: all.
    """

    change: TicketChange
    pages: Ranges = ()
    documents: Ranges = ()
    copies: Ranges = ()


@dataclass(frozen=True, slots=True)
class JobTicket:
    """What a job asks for, resolved.

    Attributes:
        job_id: ``job-id``.
        job_name: ``job-name``.
        user_name: ``job-originating-user-name``.
        media: The paper.
        copies: 1 and up.
        collated: Copies come as whole documents one after another (``separate-documents-collated-copies``), not page by page.
        single_document: The documents are one: none begins on a sheet of its own for that it begins (``single-document``).
        new_sheets: With `single_document`, each document begins on a new sheet all the same (``single-document-new-sheet``).
        sides: ``one-sided``, ``two-sided-long-edge`` or ``two-sided-short-edge``.
        page_ranges: Inclusive page ranges from 1, ascending and without overlap; empty: all pages.
        number_up: Pages on one side: 1, 2 or 4.
        orientation_requested: 3 portrait, 4 landscape, 5 reverse-landscape, 6 reverse-portrait; 0: as the document says.
        print_scaling: ``auto``, ``auto-fit``, ``fit``, ``fill`` or ``none``, PWG 5100.16 §5.2.
        print_quality: 3 draft, 4 normal, 5 high.
        resolution_dpi: Dots per inch across and along the feed.
        print_color_mode: ``monochrome``, ``bi-level``, ``auto`` or ``color``.
        print_content_optimize: ``auto``, ``text``, ``graphic``, ``photo`` or ``text-and-graphic``.
        finishings: Values of ``finishings``: 3 none, 11 trim …, PWG 5100.1.
        output_bin: ``output-bin`` keyword.
        banner: Lines of the sheet that is printed before the job (``job-sheets``); empty: there is none.
        overrides: What single pages have otherwise; later ones prevail.
        first_page: Sheet side to go on from after a fault, counted from 1; what comes before it is not encoded.
        marked_to: Last sheet side that may have come out before, in an attempt that broke off: those from `first_page` to it
            carry `mark`. 0: none.
        mark: What such sides say on top, a short line such as ``Copy: may have been printed before``; empty: nothing.
    """

    job_id: int
    media: MediaSpec
    job_name: str = ""
    user_name: str = ""
    copies: int = 1
    collated: bool = True
    single_document: bool = False
    new_sheets: bool = True
    sides: str = "one-sided"
    page_ranges: tuple[tuple[int, int], ...] = ()
    number_up: int = 1
    orientation_requested: int = 0
    print_scaling: str = "auto"
    print_quality: int = 4
    resolution_dpi: tuple[int, int] = (0, 0)
    print_color_mode: str = "monochrome"
    print_content_optimize: str = "auto"
    finishings: tuple[int, ...] = ()
    output_bin: str = "face-down"
    banner: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    first_page: int = 1
    marked_to: int = 0
    mark: str = ""

    @property
    def sheet(self) -> tuple[object, ...]:
        """What a printer has to be told of a sheet: pages that differ in it cannot be on the same one."""
        return (self.media, self.sides, self.print_quality, self.resolution_dpi)
