"""How a printer's hardware is, as far as anybody knows: what IPP's state reasons, alerts, supplies and trays are made of.

It is a record without clock and without input or output; whoever hears from the device replaces it as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

UNKNOWN_LEVEL = -2
"""A level that nobody knows, RFC 3805 prtMarkerSuppliesLevel."""

SOME_LEFT = -3
"""There is some left, and nobody knows how much."""

_SUFFIXES = ("-report", "-warning", "-error")


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """What is known of a device.

    Attributes:
        stopped: It cannot print now.
        reasons: ``printer-state-reasons`` of its own, with or without a suffix for how bad it is (RFC 8011 §5.4.12).
        message: A sentence for people, or empty.
        supply_levels: What is left of each supply in per cent, by the place in the driver's list of supplies; what is missing
            there is unknown.
        tray_levels: What is left in each tray in per cent, by ``media-source``; what is missing is unknown.
    """

    stopped: bool = False
    reasons: tuple[str, ...] = ()
    message: str = ""
    supply_levels: Mapping[int, int] = field(default_factory=dict)
    tray_levels: Mapping[str, int] = field(default_factory=dict)

    def sensed(self, reasons: tuple[str, ...]) -> DeviceCondition:
        """The same with what a sensor beside the device says; nothing twice, and no low paper where there is none."""
        known = {reason_base(reason) for reason in self.reasons}
        if "media-empty" in known:
            known.add("media-low")
        news = tuple(reason for reason in reasons if reason_base(reason) not in known)
        return replace(self, reasons=(*self.reasons, *news)) if news else self


def reason_base(reason: str) -> str:
    """A ``printer-state-reasons`` keyword without the suffix that says how bad it is."""
    return next((reason.removesuffix(suffix) for suffix in _SUFFIXES if reason.endswith(suffix)), reason)
