"""Errors and port bits in the words of printer-state-reasons."""

from __future__ import annotations

import pytest

from tympan.driver.contract import PortStatus
from tympan.errors import DeviceBusyError, DeviceGoneError, DeviceNotFoundError, DevicePermissionError
from tympan.link.fault import LostError, port_condition, why

# paper empty, selected, error: USB printer class §4.2.2 (bit 5, bit 4, bit 3 inverted)
WELL = (False, True, False)


@pytest.mark.parametrize(
    ("bits", "well_before", "reason"),
    [
        (WELL, False, ""),
        (WELL, True, ""),
        ((True, True, True), False, "media-empty-error"),
        ((True, False, False), False, "media-empty-error"),
        ((True, True, False), True, "media-empty-error"),
        ((True, True, False), False, ""),  # it contradicts itself
        ((False, False, True), False, ""),  # all bits 0, as some printers always say
        ((False, False, True), True, "other-error"),
        ((False, True, True), True, "other-error"),
        ((False, False, False), True, "other-error"),
        ((False, False, False), False, ""),
    ],
)
def test_port_bits(bits, well_before, reason):
    condition = port_condition(PortStatus(*bits), well_before=well_before)
    assert condition.stopped is bool(reason)
    assert condition.reasons == ((reason,) if reason else ())
    assert bool(condition.message) is bool(reason)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DeviceBusyError("it is claimed"), "in use by another program: it is claimed"),
        (DevicePermissionError("no group"), "may not open the printer: no group"),
        (DeviceGoneError("unplugged"), "broke off: unplugged"),
        (ConnectionResetError(104, "Connection reset"), "broke off: Connection reset"),
        (DeviceNotFoundError("away"), "cannot be reached: away"),
        (OSError("strange"), "cannot be reached: strange"),
        (LostError("it was silent"), "may have lost a part of the job: it was silent"),
    ],
)
def test_errors(error, words):
    assert why(error).endswith(words)
