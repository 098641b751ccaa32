"""What each kind of client asks of a printer's attributes, by table; the facts come from the clients' issue threads and specifications."""

from __future__ import annotations

import re

import pytest
from desk import LASER, RECEIPT

from tympan.driver import registry
from tympan.ipp import Attribute, GroupTag, Operation, RangeOfInteger, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.model.media import standard_sizes
from tympan.service.advertisement import txt_of

IPP_EVERYWHERE = (
    "color-supported compression-supported copies-default copies-supported finishings-default finishings-supported "
    "identify-actions-default identify-actions-supported ipp-features-supported job-creation-attributes-supported "
    "job-ids-supported media-bottom-margin-supported media-col-database media-col-default media-col-ready media-col-supported "
    "media-default media-left-margin-supported media-ready media-right-margin-supported media-size-supported "
    "media-source-supported media-supported media-top-margin-supported media-type-supported multiple-document-jobs-supported "
    "multiple-operation-time-out multiple-operation-time-out-action orientation-requested-default "
    "orientation-requested-supported output-bin-default output-bin-supported page-ranges-supported pages-per-minute "
    "preferred-attributes-supported print-color-mode-default print-color-mode-supported print-content-optimize-default "
    "print-content-optimize-supported print-quality-default print-quality-supported print-rendering-intent-default "
    "print-rendering-intent-supported printer-alert printer-alert-description printer-config-change-date-time "
    "printer-config-change-time printer-current-time printer-device-id printer-geo-location printer-get-attributes-supported "
    "printer-icons printer-info printer-location printer-make-and-model printer-more-info printer-organization "
    "printer-organizational-unit printer-resolution-default printer-resolution-supported printer-state-change-date-time "
    "printer-state-change-time printer-state-message printer-supply printer-supply-description printer-supply-info-uri "
    "printer-uuid pwg-raster-document-resolution-supported pwg-raster-document-sheet-back pwg-raster-document-type-supported "
    "sides-default sides-supported which-jobs-supported"
)
"""PWG 5100.14 §5.2, besides those of RFC 8011 that no printer can be without."""

CLIENTS = {
    "IPP Everywhere": IPP_EVERYWHERE,
    "AirPrint": "urf-supported document-format-preferred printer-dns-sd-name printer-kind media-ready media-col-ready "
    "landscape-orientation-requested-preferred printer-input-tray printer-output-tray",
    "Mopria": "mopria-certified pwg-raster-document-type-supported",
    "Windows": "printer-device-id printer-dns-sd-name printer-uuid printer-firmware-name printer-firmware-patches "
    "printer-firmware-string-version printer-firmware-version media-col-database",
    "Home Assistant": "printer-device-id printer-name printer-location printer-info printer-make-and-model printer-state "
    "printer-state-message printer-state-reasons printer-supply printer-up-time printer-uri-supported printer-is-shared "
    "printer-more-info printer-firmware-string-version marker-names marker-types marker-colors marker-levels "
    "marker-high-levels marker-low-levels",
    "everybody": "printer-strings-uri printer-strings-languages-supported",
}


@pytest.fixture(params=[RECEIPT, LASER], ids=["receipt", "laser"])
def answered(desk, request):
    """The printer's attributes by name."""
    wanted = Attribute.keyword("requested-attributes", "all", "media-col-database")
    answer = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, request.param, wanted)
    return {attribute.name: attribute for attribute in answer.group(GroupTag.PRINTER)}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_finds_what_it_asks_for(answered, client):
    assert [name for name in CLIENTS[client].split() if name not in answered] == []


def test_every_attribute_has_the_syntax_that_is_registered(answered):
    """``no-value`` besides, for what nobody has set yet, RFC 8011 §5.1.1."""
    problems = {
        name: check_syntax(each, GroupTag.PRINTER)
        for name, each in answered.items()
        if each.tag != ValueTag.NO_VALUE
    }
    assert {name: str(problem) for name, problem in problems.items() if problem is not None} == {}


def test_windows_gives_up_on_digits_in_media_sources():
    """OpenPrinting/cups#859: endless "connecting"."""
    for driver in registry.drivers().values():
        for profile in driver.profiles():
            sources = driver.capabilities(profile).media_sources
            assert [source for source in sources if re.search(r"\d", source)] == [], profile


def test_every_printer_offers_sizes_that_phones_and_windows_know():
    """Odd sizes alone are ignored: pappl#215, lprint#93."""
    known = {size.name for size in standard_sizes()}
    for driver in registry.drivers().values():
        for profile in driver.profiles():
            offered = {spec.name for spec in driver.capabilities(profile).media}
            assert {"iso_a4_210x297mm", "na_letter_8.5x11in"} <= offered & known, profile


def test_ios_takes_its_paper_list_from_what_is_loaded(answered):
    """OpenPrinting/cups#738: a source in each, one size a tray; apple/cups#6009: sizes exact, not ranges."""
    ready = answered["media-col-ready"].collections()
    sources = [each.get("media-source").first for each in ready]
    assert len(set(sources)) == len(sources) == len(answered["media-ready"].values)
    assert set(sources) <= set(answered["media-source-supported"].strings())
    sizes = {size.name: (size.width_hmm, size.length_hmm) for size in standard_sizes()}
    for each, name in zip(ready, answered["media-ready"].strings(), strict=True):
        size = each.get("media-size").first
        dimensions = (size.get("x-dimension").first, size.get("y-dimension").first)
        assert not any(isinstance(side, RangeOfInteger) for side in dimensions)
        assert dimensions == sizes.get(name, dimensions)
        assert each.get("media-size-name").first == name


def test_urf_names_what_apple_needs(answered):
    words = answered["urf-supported"].strings()
    assert words[0].startswith("V1")
    assert "W8" in words
    dpi = sorted(resolution.cross_feed for resolution in answered["printer-resolution-supported"].all())
    (resolutions,) = [word for word in words if word.startswith("RS")]
    assert sorted(int(number) for number in resolutions.removeprefix("RS").split("-")) == dpi


def test_the_txt_record_says_what_the_attributes_say(desk, answered):
    printer = desk.service.printers[answered["printer-name"].first]
    uri = answered["printer-uri-supported"].first
    txt = txt_of(printer, uri)
    assert txt["UUID"] == answered["printer-uuid"].first.removeprefix("urn:uuid:")
    assert txt["URF"].split(",") == list(answered["urf-supported"].strings())
    assert set(txt["pdl"].split(",")) < set(answered["document-format-supported"].strings())
    assert txt["adminurl"] == answered["printer-more-info"].first
    assert uri.endswith(txt["rp"])
    assert txt["ty"] == answered["printer-make-and-model"].first
    assert (txt["Duplex"] == "T") == (len(answered["sides-supported"].values) > 1)
    assert (txt["Color"] == "T") is answered["color-supported"].first
    assert txt["kind"].split(",") == list(answered["printer-kind"].strings())


def test_a_catalogue_can_be_had_together_with_the_database(desk):
    """michaelrsweet/pappl#321, OpenPrinting/cups#399."""
    wanted = Attribute.keyword("requested-attributes", "all", "media-col-database")
    group = desk.ask(Operation.GET_PRINTER_ATTRIBUTES, LASER, wanted).group(GroupTag.PRINTER)
    assert "media-col-database" in group
    assert "printer-strings-uri" in group


def test_no_attributes_are_asked_for(desk):
    answer = desk.ask(
        Operation.GET_PRINTER_ATTRIBUTES, LASER, Attribute.keyword("requested-attributes", "none")
    )
    assert answer.code == 0
    assert len(answer.group(GroupTag.PRINTER)) == 0
