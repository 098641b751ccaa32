"""What who configured a serial line should know: how slow it is, what may get lost. Sentences for ``tympan check``."""

from __future__ import annotations

import math
import re

from tympan.driver.contract import Capabilities
from tympan_drivers.line_pace import room_needed
from tympan_drivers.serial_devices import driver_of, stable_name
from tympan_drivers.serial_line import LineSettings

USUAL_TOP_BAUD = 115_200
"""What serial printers and their adapters usually reach."""

_NUMBERED = re.compile(r"/dev/tty(USB|ACM)\d+")

_READY_LINES = {"dtrdsr": "DTR", "rtscts": "RTS"}
"""What the printer takes away to say stop; with a crossed cable and CTS it may be its DTR as well."""


def serial_cautions(
    path: str, settings: LineSettings, room: int, capabilities: Capabilities | None
) -> list[str]:
    """The sentences for a port that is used so.

    Args:
        path: The node that is configured.
        settings: The line's.
        room: What the printer is taken to have room for when it says stop.
        capabilities: The printer's; None where they are not known yet.
    """
    found = []
    driver = driver_of(path)
    ignored = xonxoff_caution(settings, driver)
    if settings.flow == "none":
        found.append(
            "without flow control the printer loses what comes while its buffer is full: "
            "flow=rtscts, dtrdsr or xonxoff, as the printer is set and the cable is wired"
        )
    if ignored:
        found.append(ignored)
    elif settings.flow == "xonxoff" and capabilities is not None and capabilities.extension == "escpos":
        found.append(
            "flow=xonxoff: a printer whose status bytes do not keep to ESC/POS (some clones) seems to say XOFF with them "
            "and stops for no reason; flow=rtscts has no such trap"
        )
    needed = room_needed(settings.bytes_per_s)
    if settings.is_ours(driver) and needed > room:
        found.append(
            f"flow={settings.flow}: at {settings.baud} baud the printer must have room for {needed} bytes when it takes "
            f"{_READY_LINES[settings.flow]} away, and is taken to have {room}: set room={needed} if it has, or a lower baud rate"
        )
    if settings.baud < USUAL_TOP_BAUD and capabilities is not None:
        found.append(_slow(settings, capabilities))
    if _NUMBERED.fullmatch(path):
        better = stable_name(path)
        found.append(
            f"{path} may be another adapter after a restart: "
            + (
                f"serial://{better} stays this one"
                if better
                else "`tympan devices` shows the name that stays"
            )
        )
    return found


def xonxoff_caution(settings: LineSettings, driver: str) -> str:
    """What to say where nobody stops at the printer's XOFF; empty where somebody does, or none is expected.

    Args:
        settings: The line's.
        driver: The kernel's of the port.
    """
    if settings.flow != "xonxoff" or not settings.ignored_by(driver):
        return ""
    return (
        f"flow=xonxoff: with this adapter (the kernel's driver {driver}) nothing stops at the printer's XOFF, and what comes "
        "while its buffer is full is lost: flow=rtscts or dtrdsr, as the printer is set and the cable is wired, or another adapter"
    )


def _slow(settings: LineSettings, capabilities: Capabilities) -> str:
    across, along = capabilities.resolutions_dpi[0]
    sheet = capabilities.media[0]
    dots = round((sheet.width_hmm - sheet.left_margin_hmm - sheet.right_margin_hmm) / 2540 * across)
    rows = settings.bytes_per_s / math.ceil(dots / 8)
    return (
        f"at {settings.baud} baud the line carries {rows:.3g} rows of {dots} dots a second, {rows / along * 25.4:.2g} mm of a "
        f"picture; text is quick. The printer and the URI can usually be set to {USUAL_TOP_BAUD}"
    )
