"""Keeps what printers have printed, over restarts.

A job is counted when it ends, in the same transaction that keeps its end, so that a power cut loses none and counts none twice.
"""

from __future__ import annotations

import logging
from typing import Final

from tympan.model.job import Job
from tympan.model.printer_counters import PrinterCounters, decode_counters, encode_counters
from tympan.service.printer import Printer
from tympan.spool.store import DeleteRecord, SaveRecord, Store

RECORD: Final = "printer-counters"
"""The kind of record that counters are kept as, under the printer's name."""

_log = logging.getLogger(__name__)


class CounterKeeper:
    """The counters of a service's printers.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, PrinterCounters] = {}

    def start(self) -> None:
        """Read what is kept; blocks: for the start of the service."""
        for name, record in self._store.records(RECORD):
            try:
                self._kept[name] = decode_counters(record)
            except ValueError:
                _log.exception("what printer %s has printed is forgotten", name)

    def bring_back(self, printer: Printer) -> None:
        """Give `printer` the counters of earlier runs."""
        printer.counters = self._kept.pop(printer.name, printer.counters)

    def counted(self, printer: Printer, job: Job) -> SaveRecord:
        """Count `job`, which has ended; what is returned is to be kept right behind its end."""
        printer.counters.count(job)
        return SaveRecord(RECORD, printer.name, encode_counters(printer.counters))

    def forget(self, printer: Printer) -> None:
        """The printer is no more."""
        self._store.post(DeleteRecord(RECORD, printer.name))
