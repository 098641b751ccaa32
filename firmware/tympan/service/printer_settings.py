"""Keeps what administrators set on printers, over restarts, and applies it at once (RFC 3380 §4.1).

It owns the record of each printer's set attributes, and the rule who wins: what was set by an operation, until the same thing changes in
the configuration file (docs/adr/0008-settings-by-operation.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tympan.config import PrinterSettings, Settings
from tympan.ipp import Attribute, Operation, StatusCode
from tympan.service.building import describe
from tympan.service.event_source import EventSource
from tympan.service.printer import Printer
from tympan.service.printer_control import PrinterControls
from tympan.service.set_record import decode_set, encode_set
from tympan.service.settable import (
    MEDIA,
    MESSAGE,
    Configured,
    Outcome,
    Refusal,
    is_deletion,
    judge,
    settable_names,
)
from tympan.spool.store import DeleteRecord, SaveRecord, Store

RECORD: Final = "printer-attributes"
"""The kind of record that set attributes are kept as, under the printer's name."""

_READY = frozenset({"media-ready", "media-col-ready"})
_PAIRS: Final[Mapping[str, str]] = {
    "media-ready": "media-col-ready",
    "media-col-ready": "media-ready",
    "media-default": "media-col-default",
    "media-col-default": "media-default",
}
"""Two words for one thing: the one that is set takes the other's place."""

_log = logging.getLogger(__name__)


class NotSetError(Exception):
    """Attributes cannot be set, and none of them was.

    Attributes:
        refusals: Which, and why; never empty.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = refusals
        super().__init__(refusals[0].problem)

    @property
    def status(self) -> StatusCode:
        """The status of the operation: that of values first, then conflicts, then what cannot be set (RFC 3380 §4.1.2)."""
        statuses = {refusal.status for refusal in self.refusals}
        return next(status for status in _ORDER if status in statuses)


_ORDER = (
    StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
    StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
)


class _Entry:
    """A printer, what the configuration makes of it, and what was set."""

    def __init__(self, printer: Printer, settings: PrinterSettings) -> None:
        self.settings = settings
        self.configured = Configured(printer.identity, printer.template, "media" in settings.defaults)
        self.set: dict[str, Attribute] = {}


class SetAttributes:
    """The attributes that were set on the printers of a service.

    Args:
        store: Where they are kept.
        settings: The configuration.
        operations: For ``operations-supported``.
        controls: Keeps ``printer-message-from-operator``.
        news: Is told of changes.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        operations: Sequence[Operation],
        controls: PrinterControls,
        news: EventSource,
    ) -> None:
        self._store = store
        self._settings = settings
        self._operations = operations
        self._controls = controls
        self._news = news
        self._entries: dict[str, _Entry] = {}
        self._setting = asyncio.Lock()

    def bring_back(self, printer: Printer, settings: PrinterSettings) -> None:
        """Take up what was set on `printer` in earlier runs; blocks: for the start of the service."""
        entry = self.enter(printer, settings)
        for name, record in self._store.records(RECORD):
            if name == printer.name:
                try:
                    entry.set, changed = decode_set(record, self._configured_by(settings))
                except ValueError:
                    _log.exception("what was set on printer %s is lost", name)
                    continue
                for each in changed:
                    _log.info("printer %s: the configuration has a new value for %s", name, each)
        outcome = self._judged(printer, entry, entry.set.values())
        while outcome.refusals:  # the driver or its profile is another one now
            for refusal in outcome.refusals:
                _log.warning("printer %s: what was set is dropped: %s", printer.name, refusal.problem)
                entry.set.pop(refusal.attribute.name, None)
            outcome = self._judged(printer, entry, entry.set.values())
        self._apply(printer, outcome)

    def enter(self, printer: Printer, settings: PrinterSettings) -> _Entry:
        """Begin with a printer on which nothing is set."""
        entry = self._entries[printer.name] = _Entry(printer, settings)
        printer.answer(
            f"ipp://localhost/ipp/print/{printer.name}", ("printer-name",)
        )  # it knows all it has then
        self._apply(printer, self._judged(printer, entry, ()))
        return entry

    def device_uri(self, printer: Printer) -> str:
        """The device that `printer` was configured, or made, with."""
        return self._entries[printer.name].settings.device

    def described_anew(self, printer: Printer) -> None:
        """What `printer` says of itself has changed, but for what is set on it."""
        describe(self._settings, self._operations, printer)
        printer.configured()

    def forget(self, printer: Printer) -> None:
        """The printer is no more."""
        self._entries.pop(printer.name, None)
        self._store.post(DeleteRecord(RECORD, printer.name))

    async def set(self, printer: Printer, attributes: Sequence[Attribute]) -> None:
        """Set `attributes`, all or none; returns when that is durable.

        Raises:
            NotSetError: Not all of them can be set.
            SpoolError: They cannot be kept.
        """
        async with self._setting:  # each builds upon what the one before has set
            change, apply = self.prepare(printer, attributes)
            await self._store.commit(change)
            apply()
        for attribute in attributes:
            if attribute.name == MESSAGE:
                text = "" if is_deletion(attribute) else str(attribute.first)
                await self._controls.message(printer, text)
        names = {attribute.name for attribute in attributes}
        if names & _READY:
            self._news.printer_configured(printer, media=True)
        if names - _READY:
            self._news.printer_configured(printer)

    def prepare(
        self, printer: Printer, attributes: Sequence[Attribute]
    ) -> tuple[SaveRecord, Callable[[], None]]:
        """What has to be committed for `attributes` to be set, and what then makes it so.

        Raises:
            NotSetError: Not all of them can be set.
        """
        entry = self._entries[printer.name]
        outcome, wanted = self._outcome(printer, attributes)
        kept = {name: each for name, each in wanted.items() if name != MESSAGE}

        def apply() -> None:
            entry.set = kept
            self._apply(printer, outcome)

        record = encode_set(kept, self._configured_by(entry.settings))
        return SaveRecord(RECORD, printer.name, record), apply

    def _outcome(
        self, printer: Printer, attributes: Sequence[Attribute]
    ) -> tuple[Outcome, dict[str, Attribute]]:
        """What `printer` becomes by what was set before and `attributes`, and all that is set then."""
        entry = self._entries[printer.name]
        new = self._judged(printer, entry, attributes)
        if new.refusals:
            raise NotSetError(new.refusals)
        names = {attribute.name for attribute in attributes}
        replaced = names | {_PAIRS[name] for name in names & _PAIRS.keys()}
        wanted = {name: each for name, each in entry.set.items() if name not in replaced}
        wanted |= {each.name: each for each in attributes if not is_deletion(each)}
        outcome = self._judged(printer, entry, wanted.values())
        if outcome.refusals:
            raise NotSetError(outcome.refusals)
        return outcome, wanted

    @staticmethod
    def _judged(printer: Printer, entry: _Entry, attributes: Iterable[Attribute]) -> Outcome:
        return judge(entry.configured, attributes, frozenset(printer.encoded.names()))

    def _apply(self, printer: Printer, outcome: Outcome) -> None:
        printer.identity, printer.template = outcome.identity, outcome.template
        describe(self._settings, self._operations, printer)
        printer.encoded.set(
            [Attribute.keyword("printer-settable-attributes-supported", *settable_names(outcome.template))]
        )
        printer.configured()

    def _configured(self, printer: PrinterSettings, name: str) -> str:
        """What the configuration says of what an attribute is about, to see later whether it says something else."""
        server = self._settings.server
        said: object
        match name:
            case "printer-info":
                said = printer.info
            case "printer-location":
                said = printer.location or server.location
            case "printer-geo-location":
                said = server.geo_location
            case "printer-organization":
                said = server.organization
            case "printer-organizational-unit":
                said = server.organizational_unit
            case "media-ready" | "media-col-ready":
                said = sorted(printer.media_ready.items())
            case _ if name in MEDIA:
                said = printer.defaults.get("media")
            case _:
                said = printer.defaults.get(name.removesuffix("-default"))
        return repr(said)

    def _configured_by(self, printer: PrinterSettings) -> Callable[[str], str]:
        return lambda name: self._configured(printer, name)
