"""Which code a state reason has: by the registered keywords of RFC 8011 §5.4.12 and PWG 5100.9, not by the table."""

from __future__ import annotations

import pytest

from tympan.model.blink_codes import BLINK_CODES, code_of, legend, numbered, worst_code
from tympan.service.condition import ALERTS

EXPECTED = {
    "media-empty-error": "paper",
    "media-low-warning": "paper",
    "cover-open": "cover",
    "door-open-error": "cover",
    "interlock-open": "cover",
    "media-jam-error": "cutter",
    "cutter-jam": "cutter",
    "trimmer-jam-error": "cutter",
    "subunit-recoverable-failure-error": "cutter",
    "connecting-to-device": "away",
    "timed-out": "away",
    "fuser-over-temp": "heat",
    "subunit-over-temperature-warning": "heat",
    "subunit-offline": "away",
    "toner-empty-error": "supply",
    "marker-supply-low-warning": "supply",
    "opc-life-over": "supply",
    "developer-empty": "supply",
    "output-area-full": "tray",
    "input-tray-missing": "tray",
    "media-needed": "other-paper",
    "other-error": "other",
    "spool-area-full": "other",
}


@pytest.mark.parametrize(("reason", "code"), EXPECTED.items())
def test_the_code_of_a_reason(reason, code):
    assert code_of(reason).name == code


@pytest.mark.parametrize("reason", ["none", "paused", "moving-to-paused", "shutdown", "media-low-report"])
def test_what_is_no_trouble_has_no_code(reason):
    assert code_of(reason) is None


GROUPS = {"cover": {"cover"}, "mediaPath": {"cutter"}, "input": {"paper", "tray", "other-paper", "cutter"}}
GROUPS |= {"output": {"tray"}, "markerSupplies": {"supply"}, "channel": {"away"}}
"""The parts of a printer as the Printer MIB has them (PrtAlertGroupTC), and the codes that may be about them."""


@pytest.mark.parametrize(("reason", "alert"), ALERTS.items())
def test_a_reason_that_is_about_a_part_has_the_code_of_that_part(reason, alert):
    if alert.group in GROUPS and reason not in {"none", "paused"}:
        assert code_of(reason).name in GROUPS[alert.group]


def test_an_open_cover_comes_before_the_paper_that_is_not_seen_because_of_it():
    assert worst_code(("media-empty-error", "cover-open-error")).name == "cover"
    assert worst_code(("paused",)) is None


def test_no_two_codes_have_the_same_number_and_the_legend_counts_up():
    numbers = [number for number, _ in legend({})]
    assert numbers == list(range(1, len(BLINK_CODES) + 1))
    assert numbered({"paper": 12})["paper"] == 12
