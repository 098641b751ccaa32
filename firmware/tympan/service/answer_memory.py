"""Remembers which printers have answered behind a line that does not tell whether they are on.

Such a printer is waited for while it is silent: it is off. One that has never answered is printed on blindly. Without this memory the
jobs that are there when the machine starts would go to a printer that is switched on later. It owns that record of each printer.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from tympan.model.record import RecordCodec
from tympan.spool.store import DeleteRecord, SaveRecord, Store

RECORD: Final = "device-answers"
"""The kind of record, under the printer's name."""

_log = logging.getLogger(__name__)


class AnsweringDevice(msgspec.Struct, frozen=True):
    """A device that has answered.

    Attributes:
        device: Its URI.
        profile: What it was taken for.
    """

    device: str
    profile: str


_codec = RecordCodec(AnsweringDevice, "the device that answers")


class AnswerMemory:
    """The printers whose devices have answered.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, AnsweringDevice] = {}

    def bring_back(self) -> None:
        """Take up what was known in earlier runs; blocks: for the start of the service."""
        for name, record in self._store.records(RECORD):
            try:
                self._known[name] = _codec.decode(record)
            except ValueError:
                _log.exception("whether the device of printer %s answers is to be seen anew", name)

    def recall(self, name: str, device: AnsweringDevice) -> bool:
        """Whether the printer of this name has answered; what another device did there is no matter."""
        return self._known.get(name) == device

    def remember(self, name: str, device: AnsweringDevice, *, answers: bool) -> None:
        """It has answered, or nothing is to be known of it any more."""
        if not answers:
            self.forget(name)
        elif self._known.get(name) != device:
            self._known[name] = device
            self._store.post(SaveRecord(RECORD, name, _codec.encode(device)))

    def forget(self, name: str) -> None:
        """The printer is no more, or another."""
        if self._known.pop(name, None) is not None:
            self._store.post(DeleteRecord(RECORD, name))
