"""Supplies, markers, trays and alerts follow the device's condition, PWG 5100.13 §5.6, PWG 5100.9 §5 and RFC 3805."""

from __future__ import annotations

import pytest

from tympan.driver.contract import SupplySpec
from tympan.model.device_condition import DeviceCondition, reason_base
from tympan.service.condition import ALERTS, alert_attributes, supply_attributes

URI = "ipp://printer.example/ipp/print/{}"

MARKERS = (
    "printer-supply",
    "printer-supply-description",
    "marker-names",
    "marker-types",
    "marker-colors",
    "marker-levels",
    "marker-high-levels",
    "marker-low-levels",
)
"""What has one value for each supply."""

ALERT_CODES = frozenset(
    [
        "other",
        "unknown",
        "coverOpen",
        "coverClosed",
        "interlockOpen",
        "interlockClosed",
        "configurationChange",
        "jam",
        "subunitMissing",
        "subunitLifeAlmostOver",
        "subunitLifeOver",
        "subunitAlmostEmpty",
        "subunitEmpty",
        "subunitAlmostFull",
        "subunitFull",
        "subunitNearLimit",
        "subunitAtLimit",
        "subunitOpened",
        "subunitClosed",
        "subunitTurnedOn",
        "subunitTurnedOff",
        "subunitOffline",
        "subunitPowerSaver",
        "subunitRecoverableFailure",
        "subunitUnrecoverableFailure",
        "subunitOverTemperature",
        "subunitMemoryExhausted",
        "inputMediaTrayMissing",
        "inputMediaSupplyLow",
        "inputMediaSupplyEmpty",
        "inputMediaChangeRequest",
        "markerFuserUnderTemperature",
        "markerFuserOverTemperature",
    ]
)
"""Of ``PrtAlertCodeTC``, IANA-PRINTER-MIB."""

ALERT_GROUPS = frozenset({"generalPrinter", "cover", "input", "output", "marker", "markerSupplies", "mediaPath", "channel", "interpreter", "finDevice"})  # fmt: skip
"""Of ``PrtAlertGroupTC``."""

STATE_REASONS = [
    "other",
    "none",
    "media-needed",
    "media-jam",
    "moving-to-paused",
    "paused",
    "shutdown",
    "connecting-to-device",
    "timed-out",
    "stopping",
    "stopped-partly",
    "toner-low",
    "toner-empty",
    "spool-area-full",
    "cover-open",
    "interlock-open",
    "door-open",
    "input-tray-missing",
    "media-low",
    "media-empty",
    "output-tray-missing",
    "output-area-almost-full",
    "output-area-full",
    "marker-supply-low",
    "marker-supply-empty",
    "marker-waste-almost-full",
    "marker-waste-full",
    "fuser-over-temp",
    "fuser-under-temp",
    "opc-near-eol",
    "opc-life-over",
]
"""RFC 8011 §5.4.12, but what is of scanners, developers and interpreters."""


def shown(printer):
    return printer.attributes(URI.format(printer.name), ["printer-description"])


def record(octets):
    """``key=value;…`` taken apart."""
    assert octets.endswith(b";")
    return dict(pair.split("=", 1) for pair in octets.decode().removesuffix(";").split(";"))


def alerts(printer):
    attributes = shown(printer)
    texts = attributes["printer-alert-description"].strings()
    records = [record(octets) for octets in attributes["printer-alert"].all()]
    assert len(texts) == len(records) == len(attributes["printer-state-reasons"].values)
    return [(each["code"], each["severity"], text) for each, text in zip(records, texts, strict=True)]


def test_nothing_is_wrong(printers):
    for printer in printers.values():
        assert alerts(printer) == [("other", "other", "Ready.")]


def test_alerts_follow_the_state_reasons(printers):
    laser = printers["laser"]
    laser.device_stopped(("connecting-to-device",), "The printer cannot be reached: no such device")
    assert [each[:2] for each in alerts(laser)] == [("subunitOffline", "critical")]
    laser.control.paused = True
    laser.control_changed()
    assert [each[:2] for each in alerts(laser)] == [
        ("subunitOffline", "critical"),
        ("subunitOffline", "critical"),
    ]
    laser.device_running()
    assert alerts(laser) == [("subunitOffline", "warning", "The printer is paused.")]
    laser.control.paused = False
    laser.control_changed()
    laser.device_reports(
        DeviceCondition(reasons=("toner-low-warning", "media-empty-error", "cover-open-report"))
    )
    assert [each[:2] for each in alerts(laser)] == [
        ("subunitAlmostEmpty", "warning"),
        ("inputMediaSupplyEmpty", "critical"),
        ("coverOpen", "other"),
    ]  # fmt: skip


def test_every_state_reason_is_an_alert_that_the_mib_has():
    assert set(STATE_REASONS) <= set(ALERTS)
    for alert in ALERTS.values():
        assert alert.code in ALERT_CODES
        assert alert.group in ALERT_GROUPS


def test_a_reason_nobody_knows_is_told_all_the_same():
    alert, text = alert_attributes(("com.example-odd-error",), stopped=True)
    assert record(alert.first)["severity"] == "critical"
    assert text.first == "com.example-odd-error"


@pytest.mark.parametrize("supplies", [1, 4])
def test_lists_of_supplies_are_of_equal_length(supplies):
    specs = [SupplySpec(f"Toner {number}", "toner", "black", "#000000") for number in range(supplies)]
    attributes = {each.name: each for each in supply_attributes(specs, DeviceCondition())}
    for name in MARKERS:
        assert len(attributes[name].values) == supplies, name


def test_no_supplies_is_no_attribute():
    assert supply_attributes((), DeviceCondition()) == []


def test_levels_are_unknown_until_the_device_says_them(printers):
    laser = printers["laser"]
    assert record(shown(laser)["printer-supply"].first)["level"] == "-2"
    assert shown(laser)["marker-levels"].integers() == (-2,)
    laser.device_reports(DeviceCondition(supply_levels={0: 37}))
    assert record(shown(laser)["printer-supply"].first) | {"type": "toner", "level": "37", "colorantname": "black"} == record(
        shown(laser)["printer-supply"].first
    )  # fmt: skip
    assert shown(laser)["marker-levels"].integers() == (37,)


@pytest.mark.parametrize(
    ("name", "reason", "level", "tray"),
    [
        ("laser", "toner-empty-error", 0, "-2"),
        ("laser", "toner-low-warning", -2, "-2"),
        ("laser", "media-empty-error", -2, "0"),
        ("receipt", "media-empty-error", 0, "0"),
    ],
)
def test_what_is_empty_has_the_level_nought(printers, name, reason, level, tray):
    printer = printers[name]
    printer.device_stopped((reason,), "")
    assert shown(printer)["marker-levels"].integers() == (level,)
    trays = {each["name"]: each for each in map(record, shown(printer)["printer-input-tray"].all())}
    assert trays["main"]["level"] == tray


def test_trays_are_the_media_sources_in_their_order(printers):
    for printer in printers.values():
        attributes = printer.attributes(URI.format(printer.name), ["all"])
        trays = [record(octets) for octets in attributes["printer-input-tray"].all()]
        assert tuple(each["name"] for each in trays) == attributes["media-source-supported"].strings()
        bins = [record(octets) for octets in attributes["printer-output-tray"].all()]
        assert tuple(each["name"] for each in bins) == attributes["output-bin-supported"].strings()
        # CUPS and cups-filters turn the pages around where the bin is called face-up, is a stack whose last sheet lies on
        # top, or delivers its pages face up.
        assert attributes["output-bin-default"].first != "face-up"
        assert [each["stackingorder"] for each in bins] == ["firstToLast"]
        assert all(each.get("pagedelivery") != "faceUp" for each in bins)
    main = next(each for each in map(record, shown(printers["laser"])["printer-input-tray"].all()) if each["name"] == "main")  # fmt: skip
    assert (main["mediaxfeed"], main["mediafeed"], main["dimunit"]) == ("210000", "297000", "micrometers")


@pytest.mark.parametrize(
    ("reason", "base"),
    [("media-low-warning", "media-low"), ("none", "none"), ("cover-open-report", "cover-open"), ("error", "error")],
)  # fmt: skip
def test_suffixes(reason, base):
    assert reason_base(reason) == base


def test_only_a_change_is_news(printers):
    receipt = printers["receipt"]
    receipt.device_stopped(("media-empty-error",), "Out of paper.")
    generation = receipt.generation
    receipt.device_stopped(("media-empty-error",), "Out of paper.")
    assert receipt.generation == generation
