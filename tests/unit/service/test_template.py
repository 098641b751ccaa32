"""The job template table: tickets, defaults of the configuration, what a job shows. What is advertised is tried in endpoint/."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tympan.errors import ConfigError
from tympan.ipp import Attribute, Collection, RangeOfInteger, Resolution
from tympan.service.media import media_choices
from tympan.service.ranges import merge_ranges
from tympan.service.scheduling import SCHEDULING
from tympan.service.template import Template, TemplateError


@pytest.fixture
def laser(printers):
    return printers["laser"].template


def ticket(template, *attributes):
    accepted, unsupported = template.judge(attributes)
    assert not unsupported
    return template.ticket(1, "job", "user", {attribute.name: attribute for attribute in accepted})


def configured(printers, **defaults):
    """The laser with defaults of the configuration."""
    capabilities = printers["laser"].capabilities
    media = media_choices(capabilities, {}, str(defaults.get("media", "")), "laser")
    return Template(capabilities, media, defaults=defaults, printer="laser", max_copies=50)


def test_the_ticket_of_a_job_that_asks_for_nothing(laser):
    plain = ticket(laser)
    assert (plain.copies, plain.collated, plain.sides, plain.number_up) == (1, True, "one-sided", 1)
    assert (plain.page_ranges, plain.orientation_requested) == ((), 0)
    assert (plain.print_scaling, plain.print_quality, plain.resolution_dpi) == ("auto", 4, (600, 600))
    assert (plain.media.name, plain.finishings, plain.output_bin) == ("iso_a4_210x297mm", (3,), "face-down")


TICKETS = [
    (Attribute.integer("copies", 7), "copies", 7),
    (
        Attribute.keyword("multiple-document-handling", "separate-documents-uncollated-copies"),
        "collated",
        False,
    ),
    (Attribute.keyword("multiple-document-handling", "separate-documents-collated-copies"), "collated", True),
    (Attribute.keyword("sides", "two-sided-long-edge"), "sides", "two-sided-long-edge"),
    (Attribute.range("page-ranges", (2, 3), (7, 9)), "page_ranges", ((2, 3), (7, 9))),
    (Attribute.integer("number-up", 4), "number_up", 4),
    (Attribute.enum("orientation-requested", 4), "orientation_requested", 4),
    (Attribute.keyword("print-scaling", "fill"), "print_scaling", "fill"),
    (Attribute.enum("print-quality", 3), "print_quality", 3),
    (Attribute.dots_per_inch("printer-resolution", (300, 300)), "resolution_dpi", (300, 300)),
    (Attribute.keyword("print-content-optimize", "photo"), "print_content_optimize", "photo"),
    (Attribute.keyword("print-color-mode", "monochrome"), "print_color_mode", "monochrome"),
]


@pytest.mark.parametrize(
    ("attribute", "field", "value"), TICKETS, ids=lambda each: getattr(each, "name", None)
)
def test_each_attribute_reaches_the_ticket(laser, attribute, field, value):
    assert getattr(ticket(laser, attribute), field) == value


def test_every_attribute_of_the_table_reaches_the_ticket(laser):
    """Nothing is advertised that a ticket does not carry, but what leaves no choice."""
    tried = {attribute.name for attribute, _, _ in TICKETS} | {"finishings", "output-bin"}
    assert laser.choices["print-rendering-intent"].supported.strings() == ("auto",)
    tried |= {"print-rendering-intent", "job-sheets"}  # job-sheets: what stands on the sheet is the queue's
    assert set(laser.choices) - set(SCHEDULING) == tried


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([], ()),
        ([(3, 3)], ((3, 3),)),
        ([(1, 2), (3, 4)], ((1, 4),)),
        ([(1, 2), (4, 5)], ((1, 2), (4, 5))),
        ([(1, 2**31 - 1)], ((1, 2**31 - 1),)),
    ],
)
def test_page_ranges_are_merged(spans, merged):
    assert merge_ranges(RangeOfInteger(*span) for span in spans) == merged


@pytest.mark.parametrize("spans", [[(2, 1)], [(1, 3), (3, 4)], [(5, 6), (1, 2)]])
def test_page_ranges_out_of_order(laser, spans):
    with pytest.raises(TemplateError, match="ascending"):
        laser.judge([Attribute.range("page-ranges", *spans)])


def test_a_page_that_is_no_page_is_not_supported(laser):
    accepted, unsupported = laser.judge([Attribute.range("page-ranges", (0, 2), (3, 4))])
    assert (accepted, [attribute.name for attribute in unsupported]) == ([], ["page-ranges"])


def test_media_and_media_col_are_the_same_paper(laser):
    by_name = ticket(laser, Attribute.keyword("media", "na_legal_8.5x14in")).media
    size = Collection((Attribute.integer("x-dimension", 21590), Attribute.integer("y-dimension", 35560)))
    by_size = ticket(
        laser, Attribute.collection("media-col", [Attribute.collection("media-size", size)])
    ).media
    assert by_name == by_size
    assert (by_name.width_hmm, by_name.length_hmm) == (21590, 35560)


def test_media_col_is_what_counts_where_both_are_given(laser):
    named = Attribute.collection("media-col", [Attribute.keyword("media-size-name", "na_letter_8.5x11in")])
    both = ticket(laser, Attribute.keyword("media", "iso_a4_210x297mm"), named)
    assert both.media.name == "na_letter_8.5x11in"


def test_members_of_media_col_reach_the_ticket(laser):
    members = [
        Attribute.keyword("media-source", "manual"),
        Attribute.keyword("media-size-name", "iso_a5_148x210mm"),
    ]
    media = ticket(laser, Attribute.collection("media-col", members)).media
    assert (media.source, media.name) == ("manual", "iso_a5_148x210mm")


@pytest.mark.parametrize(
    "collection",
    [
        Collection(()),
        Collection((Attribute.integer("media-size", 1),)),
        Collection((Attribute.collection("media-size", Collection(())),)),
        Collection((Attribute.integer("media-size-name", 1),)),
    ],
)
def test_media_col_of_nothing_is_nothing(laser, collection):
    accepted, _ = laser.judge([Attribute.collection("media-col", collection)])
    assert accepted == []


# --- defaults of the configuration ------------------------------------------------------------------------------------


def test_configured_defaults(printers):
    template = configured(
        printers,
        media="na_letter_8.5x11in",
        sides="two-sided-long-edge",
        copies=2,
        **{"print-quality": 3, "printer-resolution": "300dpi", "orientation-requested": 4, "finishings": [3]},
    )
    plain = ticket(template)
    assert (plain.media.name, plain.sides, plain.copies) == ("na_letter_8.5x11in", "two-sided-long-edge", 2)
    assert (plain.print_quality, plain.resolution_dpi, plain.orientation_requested) == (3, (300, 300), 4)
    shown = {attribute.name: attribute for attribute in template.printer_attributes()}
    assert shown["sides-default"] == Attribute.keyword("sides-default", "two-sided-long-edge")
    assert shown["printer-resolution-default"].first == Resolution(300, 300)
    assert shown["media-default"].first == "na_letter_8.5x11in"
    assert ticket(template, Attribute.integer("copies", 1)).copies == 1


@pytest.mark.parametrize(
    ("defaults", "key"),
    [
        ({"sides": "three-sided"}, "sides"),
        ({"sides": 3}, "sides"),
        ({"copies": 51}, "copies"),
        ({"copies": "two"}, "copies"),
        ({"printer-resolution": "1200dpi"}, "printer-resolution"),
        ({"printer-resolution": "dpi"}, "printer-resolution"),
        ({"finishings": []}, "finishings"),
        ({"page-ranges": [1]}, "page-ranges"),
        ({"colour": "no"}, "colour"),
        ({"media": "iso_a0_841x1189mm"}, "media"),
    ],
)
def test_configured_defaults_that_are_none(printers, defaults, key):
    with pytest.raises(ConfigError) as caught:
        configured(printers, **defaults)
    assert caught.value.key == f"printers.laser.defaults.{key}"


def test_the_most_copies_are_the_least_of_two(printers):
    capabilities = printers["laser"].capabilities
    media = media_choices(capabilities, {}, "", "laser")
    for most, of_printer, expected in ((5, 999, 5), (999, 5, 5)):
        template = Template(replace(capabilities, copies_max=of_printer), media, max_copies=most)
        shown = {attribute.name: attribute for attribute in template.printer_attributes()}
        assert shown["copies-supported"].first == RangeOfInteger(1, expected)


# --- what a job shows -------------------------------------------------------------------------------------------------


def test_a_job_shows_what_it_asked_for_and_the_defaults(laser):
    asked = {
        "copies": Attribute.integer("copies", 2),
        "media": Attribute.keyword("media", "na_letter_8.5x11in"),
    }
    shown = {attribute.name: attribute for attribute in laser.echo(asked)}
    assert shown["copies"].first == 2
    assert shown["media"].first == "na_letter_8.5x11in"
    assert shown["sides"] == Attribute.keyword("sides", "one-sided")
    assert shown["media-col"].first.get("media-size-name").first == "na_letter_8.5x11in"
    assert "page-ranges" not in shown
    assert "orientation-requested" not in shown  # its default is no value


def test_a_job_with_media_col_shows_no_other_media(laser):
    members = Attribute.collection("media-col", [Attribute.keyword("media-size-name", "iso_a5_148x210mm")])
    shown = {attribute.name: attribute for attribute in laser.echo({"media-col": members})}
    assert shown["media-col"] == members
    assert "media" not in shown
