"""A device's condition as printer attributes: supplies, markers, trays and alerts.

``printer-supply``, ``printer-input-tray`` and ``printer-output-tray`` are rows of the Printer MIB (RFC 3805) in the words of PWG
5100.13 §5.6, ``printer-alert`` those of PWG 5100.9 §5; the ``marker-`` attributes are CUPS', which Home Assistant and macOS
read. All of them follow one record, so that no two of them can disagree; what nobody knows is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tympan.driver.contract import Capabilities, SupplySpec
from tympan.ipp import Attribute
from tympan.model.device_condition import UNKNOWN_LEVEL, DeviceCondition, reason_base
from tympan.service.media import MediaChoices
from tympan.service.strings import localized

FULL = 100
"""``maxcapacity`` of a supply: levels are in per cent."""

LOW = 10
"""``marker-low-levels``: from here on a client shows that a supply runs low."""

MICROMETRES_PER_HMM = 10


class Alert(NamedTuple):
    """How a state reason is told as an alert.

    Attributes:
        code: ``PrtAlertCodeTC``.
        group: ``PrtAlertGroupTC``: which part of the printer it is about.
        training: ``PrtAlertTrainingLevelTC``: who can help.
    """

    code: str
    group: str = "generalPrinter"
    training: str = "untrained"


ALERTS: Mapping[str, Alert] = {
    "none": Alert("other", training="noInterventionRequired"),
    "connecting-to-device": Alert("subunitOffline", "channel"),
    "cover-open": Alert("coverOpen", "cover"),
    "deactivated": Alert("subunitOffline", training="management"),
    "door-open": Alert("coverOpen", "cover"),
    "fuser-over-temp": Alert("markerFuserOverTemperature", "marker", "noInterventionRequired"),
    "fuser-under-temp": Alert("markerFuserUnderTemperature", "marker", "noInterventionRequired"),
    "hold-new-jobs": Alert("configurationChange", training="management"),
    "input-tray-missing": Alert("inputMediaTrayMissing", "input"),
    "interlock-open": Alert("interlockOpen", "cover"),
    "interpreter-resource-unavailable": Alert(
        "subunitMemoryExhausted", "interpreter", "noInterventionRequired"
    ),
    "marker-supply-empty": Alert("subunitEmpty", "markerSupplies"),
    "marker-supply-low": Alert("subunitAlmostEmpty", "markerSupplies"),
    "marker-supply-missing": Alert("subunitMissing", "markerSupplies"),
    "marker-waste-almost-full": Alert("subunitAlmostFull", "markerSupplies", "trained"),
    "marker-waste-full": Alert("subunitFull", "markerSupplies", "trained"),
    "media-empty": Alert("inputMediaSupplyEmpty", "input"),
    "media-jam": Alert("jam", "mediaPath"),
    "media-low": Alert("inputMediaSupplyLow", "input"),
    "media-needed": Alert("inputMediaChangeRequest", "input"),
    "moving-to-paused": Alert("configurationChange", training="management"),
    "opc-life-over": Alert("subunitLifeOver", "marker", "trained"),
    "opc-near-eol": Alert("subunitLifeAlmostOver", "marker", "trained"),
    "other": Alert("other"),
    "output-area-almost-full": Alert("subunitAlmostFull", "output"),
    "output-area-full": Alert("subunitFull", "output"),
    "output-tray-missing": Alert("subunitMissing", "output"),
    "paused": Alert("subunitOffline", training="management"),
    "power-down": Alert("subunitTurnedOff"),
    "shutdown": Alert("subunitTurnedOff", training="management"),
    "spool-area-full": Alert("subunitFull", "generalPrinter", "management"),
    "stopped-partly": Alert("subunitOffline"),
    "stopping": Alert("configurationChange"),
    "subunit-offline": Alert("subunitOffline"),
    "subunit-over-temperature": Alert("subunitOverTemperature", "marker", "noInterventionRequired"),
    "subunit-recoverable-failure": Alert("subunitRecoverableFailure"),
    "subunit-unrecoverable-failure": Alert("subunitUnrecoverableFailure", training="fieldService"),
    "timed-out": Alert("subunitOffline", "channel"),
    "toner-empty": Alert("subunitEmpty", "markerSupplies"),
    "toner-low": Alert("subunitAlmostEmpty", "markerSupplies"),
    "trimmer-jam": Alert("jam", "finDevice"),
}
"""Each ``printer-state-reasons`` keyword without its suffix (RFC 8011 §5.4.12) as an alert, PWG 5100.9 §5 and RFC 3805."""

_TRAYS: Mapping[str, str] = {"auto": "other", "manual": "sheetFeedManual"}
"""``PrtInputTypeTC`` of a ``media-source``; else a tray, or a roll."""

_BINS: Mapping[str, Mapping[str, str]] = {
    "face-up": {"stackingorder": "lastToFirst", "pagedelivery": "faceUp"},
    "face-down": {"stackingorder": "firstToLast", "pagedelivery": "faceDown"},
}
"""Stacking order and page delivery of an ``output-bin`` that says them by its name."""

_STRIP: Mapping[str, str] = {"stackingorder": "firstToLast"}
"""Those of a roll: nothing is stacked, the first page comes out first and is read first.

Without ``pagedelivery``: cups-filters reverses the pages of what is said to be delivered face up.
"""


def condition_attributes(
    capabilities: Capabilities,
    media: MediaChoices,
    condition: DeviceCondition,
    reasons: Sequence[str],
) -> list[Attribute]:
    """Every attribute that follows the device's condition.

    Args:
        capabilities: What supplies and trays there are.
        media: What is loaded.
        condition: How the device is.
        reasons: ``printer-state-reasons``: what operators told the printer is among them.
    """
    return [
        *supply_attributes(capabilities.supplies, condition),
        *_tray_attributes(capabilities, media, condition),
        *alert_attributes(reasons, stopped=condition.stopped),
    ]


def _records(name: str, rows: Sequence[Mapping[str, object]]) -> list[Attribute]:
    """Rows of a MIB table as ``key=value;`` octet strings; none where there are no rows."""
    texts = ["".join(f"{key}={value};" for key, value in row.items()) for row in rows]
    return [Attribute.octets(name, *(text.encode() for text in texts))] if texts else []


# --- supplies ---------------------------------------------------------------------------------------------------------


def supply_level(place: int, supply: SupplySpec, condition: DeviceCondition) -> int:
    """What is left of a supply in per cent: what the device says, or what follows of its state reasons."""
    reasons = {reason_base(reason) for reason in condition.reasons}
    if place not in condition.supply_levels and reasons & {f"{supply.kind or 'marker-supply'}-empty"}:
        return 0
    return condition.supply_levels.get(place, UNKNOWN_LEVEL)


def supply_attributes(supplies: Sequence[SupplySpec], condition: DeviceCondition) -> list[Attribute]:
    """``printer-supply`` and ``marker-`` attributes: one value a supply each, none where a printer uses nothing up."""
    if not supplies:
        return []
    levels = [supply_level(place, supply, condition) for place, supply in enumerate(supplies)]
    rows = [
        {
            "type": supply.type,
            "maxcapacity": FULL,
            "level": level,
            "index": place,
            "class": "supplyThatIsConsumed",
            "unit": "percent",
            "colorantname": supply.colorant,
        }
        for place, (supply, level) in enumerate(zip(supplies, levels, strict=True), 1)
    ]
    return [
        *_records("printer-supply", rows),
        Attribute.text("printer-supply-description", *(supply.name for supply in supplies)),
        Attribute.name_string("marker-names", *(supply.name for supply in supplies)),
        Attribute.keyword("marker-types", *(_hyphenated(supply.type) for supply in supplies)),
        Attribute.name_string("marker-colors", *(supply.color for supply in supplies)),
        Attribute.integer("marker-levels", *levels),
        Attribute.integer("marker-high-levels", *(FULL for _ in supplies)),
        Attribute.integer("marker-low-levels", *(LOW for _ in supplies)),
        Attribute.text("marker-message", condition.message),
    ]


def _hyphenated(word: str) -> str:
    """``inkRibbon`` as CUPS writes it: ``ink-ribbon``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in word)


# --- trays ------------------------------------------------------------------------------------------------------------


def _tray_attributes(
    capabilities: Capabilities, media: MediaChoices, condition: DeviceCondition
) -> list[Attribute]:
    loaded = {spec.source: spec for spec in media.ready}
    empty = "media-empty" in {reason_base(reason) for reason in condition.reasons}
    inputs = [
        {
            "type": _TRAYS.get(source, "continuousRoll" if media.roll else "sheetFeedAutoRemovableTray"),
            "dimunit": "micrometers",
            "mediafeed": loaded[source].length_hmm * MICROMETRES_PER_HMM if source in loaded else -1,
            "mediaxfeed": loaded[source].width_hmm * MICROMETRES_PER_HMM if source in loaded else -1,
            "unit": "percent",
            "maxcapacity": 1 if source == "manual" else FULL,
            "level": condition.tray_levels.get(
                source, 0 if empty and list(loaded) == [source] else UNKNOWN_LEVEL
            ),
            "status": 0,
            "name": source,
        }
        for source in media.sources
    ]
    outputs = []
    for name in capabilities.output_bins:
        stacking = _STRIP if media.roll else _BINS.get(name, {"stackingorder": "unknown"})
        outputs.append(
            {
                "type": "unRemovableBin",
                "unit": "sheets",
                "maxcapacity": UNKNOWN_LEVEL,
                "remaining": UNKNOWN_LEVEL,
                "status": 0,
                "name": name,
                **stacking,
            }
        )
    return [*_records("printer-input-tray", inputs), *_records("printer-output-tray", outputs)]


# --- alerts -----------------------------------------------------------------------------------------------------------


def alert_attributes(reasons: Sequence[str], *, stopped: bool) -> list[Attribute]:
    """``printer-alert`` and ``printer-alert-description``: one value for each of ``printer-state-reasons``, in its order."""
    rows = []
    for place, reason in enumerate(reasons, 1):
        alert = ALERTS.get(reason_base(reason), Alert("other"))
        rows.append(
            {
                "code": alert.code,
                "index": place,
                "severity": _severity(reason, stopped=stopped),
                "training": alert.training,
                "group": alert.group,
                "groupindex": 1,
            }
        )
    return [
        *_records("printer-alert", rows),
        Attribute.text(
            "printer-alert-description",
            *(localized(f"printer-state-reasons.{reason}") for reason in reasons),
        ),
    ]


def _severity(reason: str, *, stopped: bool) -> str:
    """``PrtAlertSeverityLevelTC`` of a state reason: by its suffix, else by whether the printer stands still for it."""
    if reason == "none" or reason.endswith("-report"):
        return "other"
    if reason.endswith("-error"):
        return "critical"
    return "critical" if stopped and not reason.endswith("-warning") else "warning"
