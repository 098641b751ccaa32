"""What tests of the USB transport put on its bus, and what they have its quirks say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from devices import UsbBusPrinter

from tympan_drivers import usb_bulk
from tympan_drivers.usb_bulk import UsbTransport
from tympan_drivers.usb_quirks import Quirks
from tympan_sim.link_usb import SimulatedUsb


def plugging(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[UsbBusPrinter]]:
    """What puts printers on the bus, each with its traits, and gives their far ends."""

    def plugged(*traits: dict[str, Any]) -> list[UsbBusPrinter]:
        printers = [UsbBusPrinter(None, **each) for each in traits]
        monkeypatch.setattr(UsbTransport, "backend", SimulatedUsb([printer.device for printer in printers]))
        return printers

    return plugged


def quirks_giving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What gives every printer these quirks and no others."""

    def give(**named: Any) -> None:
        monkeypatch.setattr(usb_bulk, "quirks_of", lambda _vendor, _product: Quirks(**named))

    return give
