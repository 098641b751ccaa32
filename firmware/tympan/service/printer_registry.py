"""Which printers there are: their numbers, those that operations have made, and which one is the default (PWG 5100.22 §4).

It owns ``printer-id``, the record of each printer that Create-Printer has made, and ``system-default-printer-id``. It builds nothing: that
is the service's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from tympan.config import MAX_PRINTERS, PrinterSettings, Settings
from tympan.errors import TympanError
from tympan.model.record import RecordCodec
from tympan.service.printer import Printer
from tympan.spool.store import Change, DeleteRecord, SaveRecord, SetMeta, Store

RECORD: Final = "printer"
"""The kind of record a created printer is kept as, under its name."""

ID_RECORD: Final = "printer-id"
_META_LAST_ID: Final = "last-printer-id"

_log = logging.getLogger(__name__)


class PrinterExistsError(TympanError):
    """There is a printer of this name already."""


class TooManyPrintersError(TympanError):
    """There are as many printers as can be."""


class PrinterIsConfiguredError(TympanError):
    """The printer stands in the configuration file: it would be back at the next start."""


class _Created(msgspec.Struct):
    """A printer that an operation has made; its names and defaults are among its set attributes."""

    name: str
    device: str
    driver: str
    profile: str


_codec = RecordCodec(_Created, "a printer")


class PrinterRegistry:
    """The numbers and the origin of the printers of a service.

    Args:
        store: Where they are kept.
        settings: The configuration.
        printers: Every printer by name; the service adds and removes them.
    """

    def __init__(self, store: Store, settings: Settings, printers: Mapping[str, Printer]) -> None:
        self._store = store
        self._settings = settings
        self._printers = printers
        self._configured = {each.name for each in settings.printers}
        self._ids: dict[str, int] = {}
        self._last_id = 0
        self._default_id: int | None = None

    def bring_back(self) -> list[PrinterSettings]:
        """Take up numbers and printers of earlier runs; returns the printers that operations had made. Blocks."""
        self._last_id = int(self._store.meta(_META_LAST_ID) or 0)
        self._ids = {name: int(value) for name, value in self._store.records(ID_RECORD)}
        created: list[PrinterSettings] = []
        for name, record in self._store.records(RECORD):
            if name in self._configured:
                _log.warning(
                    "printer %s of the configuration stands in front of one that was made by operation", name
                )
                continue
            try:
                created.append(_settings_of(_codec.decode(record)))
            except ValueError:
                _log.exception("printer %s cannot be brought back", name)
        return created

    def enroll(self, printer: Printer) -> None:
        """Give `printer` its number: the one it has always had, or a new one that no printer had before."""
        number = self._ids.get(printer.name)
        if number is None:
            number = self._new_id(printer.name)
            self._store.post(*self._id_changes(printer.name))
        printer.printer_id = number

    def _new_id(self, name: str) -> int:
        self._last_id += 1
        self._ids[name] = self._last_id
        return self._last_id

    def _id_changes(self, name: str) -> tuple[Change, ...]:
        return (
            SaveRecord(ID_RECORD, name, b"%d" % self._ids[name]),
            SetMeta(_META_LAST_ID, b"%d" % self._last_id),
        )

    def enroll_created(self, printer: Printer, settings: PrinterSettings) -> tuple[Change, ...]:
        """Number a printer that an operation makes; returns what has to be committed for it to come back."""
        printer.printer_id = self._new_id(printer.name)
        return (self.record(settings), *self._id_changes(printer.name))

    @staticmethod
    def record(settings: PrinterSettings) -> SaveRecord:
        """What has to be committed for a printer that an operation has made to come back so."""
        record = _Created(settings.name, settings.device, settings.driver, settings.profile)
        return SaveRecord(RECORD, settings.name, _codec.encode(record))

    def check_room(self, name: str) -> None:
        """See that a printer called `name` can be made.

        Raises:
            PrinterExistsError: There is one.
            TooManyPrintersError: There are as many as can be.
        """
        if name in self._printers:
            raise PrinterExistsError(f"there is a printer {name} already")
        if name in self._configured:
            raise PrinterExistsError(f"printer {name} of the configuration appears when its device does")
        if len(self._configured | self._printers.keys()) >= MAX_PRINTERS:
            raise TooManyPrintersError(f"there are {MAX_PRINTERS} printers already")

    def check_deletable(self, printer: Printer) -> None:
        """See that `printer` can be deleted for good.

        Raises:
            PrinterIsConfiguredError: It cannot.
        """
        if printer.name in self._configured:
            place = self._settings.place(f"printers.{printer.name}").path
            problem = (
                f"stands in the configuration file {place}; take it out there"
                if place
                else "belongs to the simulation"
            )
            raise PrinterIsConfiguredError(f"printer {printer.name} {problem}")

    def forget(self, printer: Printer) -> None:
        """`printer` is no more, and its number is not given again."""
        self._ids.pop(printer.name, None)
        self._store.post(DeleteRecord(RECORD, printer.name), DeleteRecord(ID_RECORD, printer.name))
        if self._default_id == printer.printer_id:
            self._default_id = None

    def by_id(self, printer_id: int) -> Printer | None:
        """The printer of a number."""
        return next((each for each in self._printers.values() if each.printer_id == printer_id), None)

    def choose_default(self, printer_id: int | None) -> None:
        """Make a printer the one at ``/ipp/print``; None: the one that the configuration says, or the first."""
        self._default_id = printer_id
        self.settle_default()

    def settle_default(self) -> None:
        """See that one printer is the default, where there is any."""
        chosen = self.by_id(self._default_id) if self._default_id is not None else None
        configured = self._settings.default_printer
        if chosen is None and configured is not None:
            chosen = self._printers.get(configured.name)
        if chosen is None:
            chosen = min(self._printers.values(), key=lambda each: each.printer_id, default=None)
        for printer in self._printers.values():
            if printer.is_default != (printer is chosen):
                printer.is_default = printer is chosen
                printer.configured()


def _settings_of(created: _Created) -> PrinterSettings:
    return PrinterSettings(
        name=created.name, device=created.device, driver=created.driver, profile=created.profile
    )
