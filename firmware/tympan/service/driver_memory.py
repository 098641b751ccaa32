"""Remembers which driver and profile ``auto`` chose for a printer, so that it is there when its device is away.

It owns that record of each printer. What the device says counts more: it is remembered anew whenever it can be asked.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from tympan.config import PrinterSettings
from tympan.model.record import RecordCodec
from tympan.spool.store import DeleteRecord, SaveRecord, Store

RECORD: Final = "chosen-driver"
"""The kind of record, under the printer's name."""

_log = logging.getLogger(__name__)


class Chosen(msgspec.Struct, frozen=True):
    """What ``auto`` stands for.

    Attributes:
        device: The URI of the device that was asked.
        driver: The driver that knows it.
        profile: The driver's profile for it.
    """

    device: str
    driver: str
    profile: str


_codec = RecordCodec(Chosen, "the driver of a printer")


class DriverMemory:
    """The drivers and profiles that were chosen.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chosen: dict[str, Chosen] = {}

    def bring_back(self) -> None:
        """Take up what was chosen in earlier runs; blocks: for the start of the service."""
        for name, record in self._store.records(RECORD):
            try:
                self._chosen[name] = _codec.decode(record)
            except ValueError:
                _log.exception("which driver printer %s has is asked anew", name)

    def recall(self, printer: PrinterSettings) -> Chosen | None:
        """What was chosen for a printer when its device was there; None where that was never, or on another device."""
        chosen = self._chosen.get(printer.name)
        return chosen if chosen is not None and chosen.device == printer.device else None

    def remember(self, name: str, chosen: Chosen) -> None:
        """This is what ``auto`` stands for."""
        if self._chosen.get(name) != chosen:
            self._chosen[name] = chosen
            self._store.post(SaveRecord(RECORD, name, _codec.encode(chosen)))

    def forget(self, name: str) -> None:
        """The printer is no more."""
        if self._chosen.pop(name, None) is not None:
            self._store.post(DeleteRecord(RECORD, name))
