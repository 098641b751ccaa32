"""A whole job in the worker: its documents become frames of the printer's language, in the order they are printed.

It knows copies, sides and where to go on after a fault. It has no process and no socket: it is given the driver, the
documents and a function that takes frames, so that it can be tested without any.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from tympan.driver.contract import Driver, Encoder, PageFormat, Part
from tympan.driver.ticket import JobTicket, within
from tympan.errors import DocumentError
from tympan.render.banner import banner
from tympan.render.document import DocumentReader
from tympan.render.frames import MAX_FRAME_BYTES, FrameKind, PageMark
from tympan.render.layout import Impression, Leaf, impression_count, pages_in_ranges, sides
from tympan.render.mark import marked
from tympan.render.request import RenderRequest
from tympan.render.sources import open_source
from tympan.render.sources.page import Pixels, Source, Target

SLICE_BYTES = 96 * 1024
"""Pixels are given to the encoder in slices of at most this many bytes, so that frames stay small."""

KEPT_PAGE_BYTES = 8 * 1024 * 1024
"""An encoded page up to this length is kept to be sent again, where copies of each page follow one another."""

Emit = Callable[[FrameKind, bytes], None]


def run_job(driver: Driver, request: RenderRequest, documents: Sequence[DocumentReader], emit: Emit) -> None:
    """Render a job.

    Args:
        driver: The driver named in the request.
        request: What to do.
        documents: As many as the request has, in order.
        emit: Takes each frame; may block.

    Raises:
        DocumentError: The job cannot go on, with the reason; the frames emitted so far are in order.
    """
    _Job(driver, request, documents, emit).run()


@dataclass(frozen=True, slots=True)
class _Step:
    """A document, or several that are one, as it is printed next.

    Attributes:
        part: The documents by position.
        copies: Of each page, one after the other.
        copy: Which copy it is, from 1; with several `copies`, the first of them.
        ends_copy: With it a copy of what was asked for is complete.
    """

    part: list[int]
    copies: int
    copy: int
    ends_copy: bool


class _Job:
    def __init__(
        self, driver: Driver, request: RenderRequest, documents: Sequence[DocumentReader], emit: Emit
    ) -> None:
        self._driver = driver
        self._request = request
        self._ticket: JobTicket = request.ticket
        self._documents = documents
        self._tickets = [
            self._ticket if spec.change is None else spec.change.of(self._ticket)
            for spec in request.documents
        ]
        self._emit_frame = emit
        self._encoder: Encoder = driver.encoder(request.profile, request.ticket)
        self._sent_for = self._ticket
        self._page = self._encoder.page_format()
        self._formats: dict[tuple[object, ...], PageFormat] = {self._ticket.sheet: self._page}
        self._two_sided = any(sides != "one-sided" for sides in self._all_sides())
        self._native = driver.capabilities(request.profile).native_formats
        self._first = self._first_side()
        self._number = 0
        self._sides = 0
        self._counts_sides = False
        self._back_is_free = False
        self._on_sheet = self._ticket.sheet
        self._begun = False

    def _all_sides(self) -> Iterator[str]:
        """Every ``sides`` that any page may have."""
        yield from (ticket.sides for ticket in self._tickets)
        yield self._ticket.sides
        yield from (each.change.sides for each in self._ticket.overrides if each.change.sides is not None)

    def _first_side(self) -> int:
        """Where to begin: on the front of the sheet, where a job goes on from a back."""
        first = self._ticket.first_page
        return first - 1 if self._two_sided and first % 2 == 0 else first

    def run(self) -> None:
        if self._ticket.banner:
            self._print_banner()
        by_printer = self._is_repeated_by_printer()
        if len(self._documents) == 1:
            self._tell_count(1 if by_printer or not self._is_collated() else self._ticket.copies)
        for step in self._steps(by_printer=by_printer):
            self._print(step)
            if step.ends_copy:
                self._end_part(Part.COPY)
        if self._begun:
            self._send(self._encoder.end_job())

    def _is_collated(self) -> bool:
        return self._ticket.collated or self._ticket.single_document

    def _copies_differ(self) -> bool:
        return any(override.copies for override in self._ticket.overrides)

    def _is_repeated_by_printer(self) -> bool:
        """Whether the printer makes the copies: of each page, which is the same as of the job where that is a single side."""
        return (
            self._page.repeats_pages
            and not self._copies_differ()
            and (not self._is_collated() or self._has_one_side())
        )

    def _steps(self, *, by_printer: bool) -> Iterator[_Step]:
        """What is printed after what."""
        parts, copies = self._parts(), self._ticket.copies
        if self._is_collated() and not by_printer:
            for copy in range(1, copies + 1):
                for part in parts:
                    yield _Step(part, 1, copy, part is parts[-1])
        elif self._copies_differ():
            for part in parts:
                for copy in range(1, copies + 1):
                    yield _Step(part, 1, copy, ends_copy=True)
        else:
            for part in parts:
                yield _Step(part, copies, 1, part is parts[-1] and (copies == 1 or by_printer))

    def _parts(self) -> list[list[int]]:
        """The documents by position, those together that are printed as one."""
        parts: list[list[int]] = []
        joins = False
        for position, spec in enumerate(self._request.documents):
            native = spec.format in self._native
            if joins and not native:
                parts[-1].append(position)
            else:
                parts.append([position])
            joins = self._ticket.single_document and not native
        return parts

    def _print(self, step: _Step) -> None:
        source = self._open(step.part[0])
        if source.native:
            for number in range(step.copies):
                self._send_native(source if number == 0 else self._open(step.part[0]))
        else:
            self._counts_sides = step.copy == 1
            self._render(self._leaves(source, step.part, step.copy), step.copies)
        self._end_part(Part.DOCUMENT)

    def _open(self, position: int) -> Source:
        document = self._documents[position]
        document.seek(0)
        return open_source(
            self._request.documents[position].format,
            document,
            self._tickets[position],
            self._format(self._tickets[position]),
            None if self._may_turn(position) or self._is_drawn_over() else self._encoder.text_format(),
            self._encoder.can_encode,
            self._native,
        )

    def _is_drawn_over(self) -> bool:
        """Whether some side is a sheet with the mark on it: what is drawn covers no letters of the printer's own."""
        return bool(self._ticket.mark) and self._page.height_px is not None

    def _is_marked(self, number: int) -> bool:
        """Whether a side may have come out before; the front of a sheet that goes on from its back has."""
        return bool(self._ticket.mark) and number <= self._ticket.marked_to

    def _may_turn(self, position: int) -> bool:
        """Whether some page lies otherwise than the others: the printer's own letters cannot be turned."""
        number = self._number_of(position)
        return any(
            override.change.orientation_requested is not None and within(number, override.documents)
            for override in self._ticket.overrides
        )

    def _number_of(self, position: int) -> int:
        return self._request.documents[position].number or position + 1

    def _format(self, ticket: JobTicket) -> PageFormat:
        """The raster of a side that is printed by `ticket`."""
        found = self._formats.get(ticket.sheet)
        if found is None:
            found = self._driver.encoder(self._request.profile, ticket).page_format()
            self._formats[ticket.sheet] = found
        return found

    def _has_one_side(self) -> bool:
        """Whether the job is a single side, so that collating makes no difference."""
        if self._ticket.copies == 1 or len(self._documents) != 1:
            return False
        source = self._open(0)
        return not source.native and impression_count(source, self._tickets[0]) == 1

    def _tell_count(self, rounds: int) -> None:
        """Say how many sides there will be, where that is known."""
        source = self._open(0)
        count = None if source.native else impression_count(source, self._tickets[0])
        if count is None or (self._ticket.overrides and self._tickets[0].number_up > 1):
            return
        if count > self._request.max_pages:
            raise _too_many_pages(self._request.max_pages)
        total = count * rounds + bool(self._ticket.banner)
        self._emit_frame(FrameKind.PAGES, json.dumps({"impressions": total}).encode())

    def _send_native(self, source: Source) -> None:
        self._send(self._driver.raw_prologue(self._request.profile))
        if self._is_marked(
            1
        ):  # such a document has no pages that are known: it comes as a whole, and so does the mark
            self._send(self._driver.raw_mark(self._request.profile, self._ticket.mark))
        for chunk in source.chunks():
            self._send(chunk)
        self._send(self._driver.raw_epilogue(self._request.profile))

    # --- pages ------------------------------------------------------------------------------------------------------

    def _leaves(self, source: Source, part: Sequence[int], copy: int) -> Iterator[Leaf]:
        """The pages of a document, or of several that are one, each with the ticket that holds for it."""
        for position in part:
            if position != part[0]:
                source = self._open(position)
            ticket, number = self._tickets[position], self._request.documents[position].number
            overrides = [
                override
                for override in self._ticket.overrides
                if within(self._number_of(position), override.documents) and within(copy, override.copies)
            ]
            begins = position == part[0] or self._ticket.new_sheets
            for at, page in pages_in_ranges(source.pages(), ticket.page_ranges):
                own = ticket
                for override in overrides:
                    if within(at, override.pages):
                        own = override.change.of(own)
                as_opened = (own.sheet, own.orientation_requested) == (
                    ticket.sheet,
                    ticket.orientation_requested,
                )
                yield Leaf(page, own, self._format(own), number, begins, page.laid_out and as_opened)
                begins = False

    def _print_banner(self) -> None:
        """The sheet before the job, once."""
        ticket = replace(self._ticket, number_up=1, orientation_requested=0)
        target = Target(ticket, self._page, self._encoder.text_format(), self._encoder.can_encode)
        leaf = Leaf(banner(target), ticket, self._page, new_sheet=True, laid_out=True)
        self._render(iter((leaf,)), 1)
        self._end_part(Part.JOB_SHEET)

    def _end_part(self, part: Part) -> None:
        """Something is complete: what comes next begins on a new sheet."""
        self._back_is_free = False
        if self._begun:
            self._send(self._encoder.end_part(part))

    def _render(self, leaves: Iterator[Leaf], copies: int) -> None:
        by_printer = copies if self._page.repeats_pages else 1
        by_us = copies // by_printer
        for impression in sides(leaves):
            self._sides += self._counts_sides
            if self._sides > self._request.max_pages:
                raise _too_many_pages(self._request.max_pages)
            leaf = impression.leaf
            back = self._place(leaf)
            numbers = range(max(self._number + 1, self._first), self._number + by_us + 1)
            self._number += by_us
            if not numbers:
                continue
            if by_us == 1:
                self._send_page(impression, PageMark(self._number, back, by_printer, leaf.document))
            else:
                marks = [PageMark(number, back, document=leaf.document) for number in numbers]
                self._send_repeated(impression, marks)

    def _place(self, leaf: Leaf) -> bool:
        """Go to the next side for a page; whether that is a back. In a job with backs, fronts have odd numbers."""
        two_sided = leaf.ticket.sides != "one-sided"
        back = two_sided and self._back_is_free and not leaf.new_sheet and leaf.ticket.sheet == self._on_sheet
        if self._two_sided and not back:
            self._number += self._number % 2
        self._back_is_free = two_sided and not back
        self._on_sheet = leaf.ticket.sheet
        return back

    def _send_page(self, impression: Impression, mark: PageMark) -> None:
        self._mark(FrameKind.PAGE_BEGIN, mark)
        for data in self._encoded(impression, impression.bands(), mark):
            self._send(data)
        self._mark(FrameKind.PAGE_END, mark)

    def _send_repeated(self, impression: Impression, marks: Sequence[PageMark]) -> None:
        """Each page several times, by a printer that cannot do it itself: the page is kept."""
        marked = [mark for mark in marks if self._is_marked(mark.number)]
        if not marked or len(marked) == len(marks):
            self._repeat(impression, impression.bands(), marks)
            return
        parts: list[Pixels | str] = []
        size = 0
        for part in impression.bands():
            size += len(part) if isinstance(part, str) else part.nbytes
            parts.append(part if isinstance(part, str) else part.copy())
            if size > KEPT_PAGE_BYTES:
                raise _too_large()
        self._repeat(impression, iter(parts), marked)
        self._repeat(impression, iter(parts), marks[len(marked) :])

    def _repeat(
        self, impression: Impression, bands: Iterator[Pixels | str], marks: Sequence[PageMark]
    ) -> None:
        """The same page several times: the encoded page is kept."""
        kept: list[bytes] = []
        size = 0
        self._mark(FrameKind.PAGE_BEGIN, marks[0])
        for data in self._encoded_copy(impression, bands, marks[0]):
            size += len(data)
            if size > KEPT_PAGE_BYTES:
                raise _too_large()
            kept.append(data)
            self._send(data)
        self._mark(FrameKind.PAGE_END, marks[0])
        for mark in marks[1:]:
            self._mark(FrameKind.PAGE_BEGIN, mark)
            for data in kept:
                self._send(data)
            self._mark(FrameKind.PAGE_END, mark)

    def _encoded_copy(
        self, impression: Impression, bands: Iterator[Pixels | str], mark: PageMark
    ) -> Iterator[bytes]:
        """A page that is a copy by itself."""
        yield from self._encoded(impression, bands, mark)
        yield self._encoder.end_part(Part.COPY)

    def _encoded(
        self, impression: Impression, bands: Iterator[Pixels | str], mark: PageMark
    ) -> Iterator[bytes]:
        encoder = self._encoder
        first = next(bands, None)  # before the first byte: a page that cannot be drawn shall not begin
        self._prepare(impression.leaf.ticket)
        yield encoder.begin_page(mark.copies, back=mark.back)
        parts: Iterator[Pixels | str] = itertools.chain(() if first is None else (first,), bands)
        if self._is_marked(mark.number):
            parts = self._with_mark(parts, impression.leaf.format)
        for band in parts:
            if isinstance(band, str):
                yield encoder.text_line(band)
                continue
            rows = max(1, SLICE_BYTES // max(1, band.shape[1]))
            for top in range(0, band.shape[0], rows):
                yield encoder.band(band[top : top + rows])
        yield encoder.end_page()

    def _with_mark(self, parts: Iterable[Pixels | str], page: PageFormat) -> Iterator[Pixels | str]:
        encoder = self._encoder
        return marked(parts, self._ticket.mark, page, encoder.text_format(), encoder.can_encode)

    def _prepare(self, ticket: JobTicket) -> None:
        """Begin the job, and tell the printer what is otherwise from this page on: once, also where the page is copied."""
        if not self._begun:
            self._begun = True
            self._send(self._encoder.begin_job())
        if ticket.sheet != self._sent_for.sheet:
            self._send(self._encoder.change(ticket))
            self._sent_for = ticket

    # --- frames -----------------------------------------------------------------------------------------------------

    def _mark(self, kind: FrameKind, mark: PageMark) -> None:
        self._emit_frame(kind, json.dumps(asdict(mark)).encode())

    def _send(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_FRAME_BYTES):
            self._emit_frame(FrameKind.DATA, data[start : start + MAX_FRAME_BYTES])


def _too_large() -> DocumentError:
    return DocumentError(
        "A page is too large to be copied page by page; ask for collated copies.",
        reason="document-unprintable-error",
    )


def _too_many_pages(limit: int) -> DocumentError:
    return DocumentError(f"The document has more than {limit} pages.", reason="document-unprintable-error")
