"""From accepted attributes to what a ticket says of single pages and documents."""

from __future__ import annotations

import pytest

from tympan.driver.ticket import Override, TicketChange
from tympan.ipp import Attribute, Collection


def overrides(*values):
    return {"overrides": Attribute.collection("overrides", *(Collection(tuple(value)) for value in values))}


PAGES = Attribute.range("pages", (5, 6), (1, 2), (3, 3))
SCALING = Attribute.keyword("print-scaling", "fit")
LETTER = Attribute.keyword("media", "na_letter_8.5x11in")
LEGAL = Attribute.keyword("media", "na_legal_8.5x14in")


@pytest.fixture
def laser(printers):
    return printers["laser"].template


def ticket(template, attributes):
    return template.ticket(1, "job", "ann", attributes)


def test_what_an_override_says_and_for_what(laser):
    found = ticket(laser, overrides(
        (PAGES, SCALING),
        (Attribute.range("document-numbers", (2, 2)), Attribute.range("document-copies", (1, 3)), Attribute.enum("print-quality", 3)),
    )).overrides  # fmt: skip
    assert found == (
        Override(TicketChange(print_scaling="fit"), pages=((1, 3), (5, 6))),
        Override(TicketChange(print_quality=3), documents=((2, 2),), copies=((1, 3),)),
    )


def test_an_override_holds_also_where_it_says_what_the_job_says(laser):
    """A document may say otherwise in between."""
    attributes = {"print-scaling": SCALING} | overrides((PAGES, SCALING))
    assert ticket(laser, attributes).overrides[0].change == TicketChange(print_scaling="fit")


@pytest.mark.parametrize(
    "own", [LETTER, Attribute.collection("media-col", [LETTER.renamed("media-size-name")])]
)
def test_paper_by_name_or_by_its_parts(laser, own):
    attributes = {"media-col": Attribute.collection("media-col", [LEGAL.renamed("media-size-name")])}
    change = ticket(laser, attributes | overrides((PAGES, own))).overrides[0].change
    assert change.media is not None
    assert change.media.name == "na_letter_8.5x11in"
    assert ticket(laser, attributes).media.name == "na_legal_8.5x14in"


def test_what_a_document_has_otherwise(laser):
    job = {"sides": Attribute.keyword("sides", "two-sided-long-edge"), "media": LETTER}
    own = {
        "sides": Attribute.keyword("sides", "one-sided"),
        "page-ranges": Attribute.range("page-ranges", (2, 3)),
        "printer-resolution": Attribute.dots_per_inch("printer-resolution", (300, 300)),
    }
    change = laser.change(job, own)
    assert change == TicketChange(sides="one-sided", page_ranges=((2, 3),), resolution_dpi=(300, 300))
    changed = change.of(ticket(laser, job))
    assert (changed.media.name, changed.sides) == ("na_letter_8.5x11in", "one-sided")
