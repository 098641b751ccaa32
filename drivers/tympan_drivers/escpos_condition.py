"""What the sensors of a receipt printer mean, in the words of IPP.

Owns the table of state reasons. The drawer is not in it: that it is open is no fault of the printer's.
"""

from __future__ import annotations

from typing import NamedTuple

from tympan.language.escpos_status import Sensors
from tympan.model.device_condition import SOME_LEFT, DeviceCondition
from tympan_drivers.receipt_media import MAIN_SOURCE


class Trouble(NamedTuple):
    """Something a sensor sees.

    Attributes:
        sensor: Field of `Sensors`.
        reason: ``printer-state-reasons`` keyword, RFC 8011 §5.4.12 and PWG 5100.9 §7.
        message: A sentence for people: what is wrong, and what helps.
    """

    sensor: str
    reason: str
    message: str


TROUBLES = (
    Trouble("cover_open", "cover-open-error", "The cover is open."),
    Trouble("paper_end", "media-empty-error", "The printer is out of paper."),
    Trouble("cutter_error", "trimmer-jam-error", "The cutter is jammed: open the cover and clear it."),
    Trouble(
        "recoverable_error",
        "subunit-recoverable-failure-error",
        "Something in the printer is blocked: open the cover and clear it.",
    ),
    Trouble(
        "unrecoverable_error",
        "subunit-unrecoverable-failure-error",
        "The printer has a fault: switch it off and on again.",
    ),
    Trouble(
        "automatic_error",
        "subunit-over-temperature-error",
        "The print head is too hot: it goes on by itself when it has cooled down.",
    ),
)
"""What stops it, the first that holds first. IPP calls a cutter a trimmer, after ``finishings`` ``trim``."""

OFFLINE = Trouble("offline", "subunit-offline-error", "The printer is off line.")
"""It is, and nothing of the others is the reason."""

NEAR_END = Trouble("paper_near_end", "media-low-warning", "The paper is nearly used up.")


def condition_of(sensors: Sensors, *, consumes_paper: bool) -> DeviceCondition:
    """What the sensors say, for IPP.

    Args:
        sensors: What they say.
        consumes_paper: The paper is the printer's supply as well (thermal printers).
    """
    found = [trouble for trouble in TROUBLES if getattr(sensors, trouble.sensor)]
    if sensors.cover_open:
        # A cover that was opened while it printed sets the same bit as a hot head.
        found = [trouble for trouble in found if trouble.sensor != "automatic_error"]
    if sensors.offline and not found and not sensors.feeding:
        found.append(OFFLINE)
    stopped = bool(found)
    if sensors.paper_near_end and not sensors.paper_end:
        found.append(NEAR_END)
    level = 0 if sensors.paper_end else SOME_LEFT
    return DeviceCondition(
        stopped=stopped,
        reasons=tuple(trouble.reason for trouble in found),
        message=found[0].message if found else "",
        supply_levels={0: level} if consumes_paper else {},
        tray_levels={MAIN_SOURCE: level},
    )
