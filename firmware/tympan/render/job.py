"""A whole job in the worker: its documents become frames of the printer's language, in the order they are printed.

It knows copies, sides and where to go on after a fault. It has no process and no socket: it is given the driver, the
documents and a function that takes frames, so that it can be tested without any.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from tympan.driver.contract import Driver, Encoder
from tympan.driver.ticket import JobTicket
from tympan.errors import DocumentError
from tympan.render.document import DocumentReader
from tympan.render.frames import MAX_FRAME_BYTES, FrameKind, PageMark
from tympan.render.layout import Impression, impression_count, impressions
from tympan.render.request import RenderRequest
from tympan.render.sources import open_source
from tympan.render.sources.page import Source

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
        self._page = self._encoder.page_format()
        self._two_sided = self._ticket.sides != "one-sided"
        self._native = driver.capabilities(request.profile).native_formats
        self._first = self._first_side()
        self._number = 0
        self._sides = 0
        self._begun = False

    def _first_side(self) -> int:
        """Where to begin: on the front of the sheet, where a job goes on from a back."""
        first = self._ticket.first_page
        return first - 1 if self._two_sided and first % 2 == 0 else first

    def run(self) -> None:
        copies = self._ticket.copies
        by_printer = self._page.repeats_pages and (not self._ticket.collated or self._has_one_side())
        rounds = copies if self._ticket.collated and not by_printer else 1
        for number in range(rounds):
            self._sides = 0
            for position in range(len(self._documents)):
                source = self._open(position)
                if source.native:
                    self._send_native(source)
                    for _ in range(1, 1 if rounds > 1 else copies):
                        self._send_native(self._open(position))
                else:
                    if number == 0 and len(self._documents) == 1:
                        self._tell_count(source, rounds if not by_printer else 1)
                    self._render(source, position, 1 if rounds > 1 else copies)
        if self._begun:
            self._send(self._encoder.end_job())

    def _open(self, position: int) -> Source:
        document = self._documents[position]
        document.seek(0)
        return open_source(
            self._request.documents[position].format,
            document,
            self._tickets[position],
            self._page,
            self._encoder.text_format(),
            self._encoder.can_encode,
            self._native,
        )

    def _has_one_side(self) -> bool:
        """Whether the job is a single side, so that collating makes no difference."""
        if self._ticket.copies == 1 or len(self._documents) != 1:
            return False
        source = self._open(0)
        return not source.native and impression_count(source, self._tickets[0]) == 1

    def _tell_count(self, source: Source, rounds: int) -> None:
        count = impression_count(source, self._tickets[0])
        if count is not None:
            if count > self._request.max_pages:
                raise _too_many_pages(self._request.max_pages)
            self._emit_frame(FrameKind.PAGES, json.dumps({"impressions": count * rounds}).encode())

    def _send_native(self, source: Source) -> None:
        self._send(self._driver.raw_prologue(self._request.profile))
        for chunk in source.chunks():
            self._send(chunk)
        self._send(self._driver.raw_epilogue(self._request.profile))

    # --- pages ------------------------------------------------------------------------------------------------------

    def _render(self, source: Source, position: int, copies: int) -> None:
        by_printer = copies if self._page.repeats_pages else 1
        by_us = copies // by_printer
        document = self._request.documents[position].number
        for index, impression in enumerate(impressions(source, self._tickets[position], self._page)):
            self._sides += 1
            if self._sides > self._request.max_pages:
                raise _too_many_pages(self._request.max_pages)
            numbers = range(max(self._number + 1, self._first), self._number + by_us + 1)
            self._number += by_us
            if not numbers:
                continue
            back = self._two_sided and index % 2 == 1
            if len(numbers) == 1:
                self._send_page(impression, PageMark(self._number, back, by_printer, document))
            else:
                self._send_repeated(
                    impression, [PageMark(number, back, document=document) for number in numbers]
                )
        if self._two_sided:
            self._number += (
                self._number % 2
            )  # the next document begins on a new sheet, and so does its number

    def _send_page(self, impression: Impression, mark: PageMark) -> None:
        self._mark(FrameKind.PAGE_BEGIN, mark)
        for data in self._encoded(impression, mark):
            self._send(data)
        self._mark(FrameKind.PAGE_END, mark)

    def _send_repeated(self, impression: Impression, marks: Sequence[PageMark]) -> None:
        """Each page several times, by a printer that cannot do it itself: the encoded page is kept."""
        kept: list[bytes] = []
        size = 0
        self._mark(FrameKind.PAGE_BEGIN, marks[0])
        for data in self._encoded(impression, marks[0]):
            size += len(data)
            if size > KEPT_PAGE_BYTES:
                raise DocumentError(
                    "A page is too large to be copied page by page; ask for collated copies.",
                    reason="document-unprintable-error",
                )
            kept.append(data)
            self._send(data)
        self._mark(FrameKind.PAGE_END, marks[0])
        for mark in marks[1:]:
            self._mark(FrameKind.PAGE_BEGIN, mark)
            for data in kept:
                self._send(data)
            self._mark(FrameKind.PAGE_END, mark)

    def _encoded(self, impression: Impression, mark: PageMark) -> Iterator[bytes]:
        encoder = self._encoder
        bands = impression.bands()
        first = next(bands, None)  # before the first byte: a page that cannot be drawn shall not begin
        if not self._begun:
            self._begun = True
            self._send(encoder.begin_job())  # once, also where the page is copied
        yield encoder.begin_page(mark.copies, back=mark.back)
        for band in itertools.chain(() if first is None else (first,), bands):
            if isinstance(band, str):
                yield encoder.text_line(band)
                continue
            rows = max(1, SLICE_BYTES // max(1, band.shape[1]))
            for top in range(0, band.shape[0], rows):
                yield encoder.band(band[top : top + rows])
        yield encoder.end_page()

    # --- frames -----------------------------------------------------------------------------------------------------

    def _mark(self, kind: FrameKind, mark: PageMark) -> None:
        self._emit_frame(kind, json.dumps(asdict(mark)).encode())

    def _send(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_FRAME_BYTES):
            self._emit_frame(FrameKind.DATA, data[start : start + MAX_FRAME_BYTES])


def _too_many_pages(limit: int) -> DocumentError:
    return DocumentError(f"The document has more than {limit} pages.", reason="document-unprintable-error")
