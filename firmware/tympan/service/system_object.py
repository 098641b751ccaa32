"""The system object of PWG 5100.22: what it is called and where it is, what is set on it, and when it changed.

It owns the attributes that Set-System-Attributes sets, and keeps them as those of printers are (docs/adr/0008-settings-by-operation.md).
How the system is shown, `tympan.service.system_description` says.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from typing import Final

from tympan.config import Settings, geo_problem
from tympan.ipp import Attribute, GroupTag, StatusCode, Value, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.service.clock import Clock
from tympan.service.event_source import EventSource
from tympan.service.events import Event, EventBus
from tympan.service.printer_registry import PrinterRegistry
from tympan.service.printer_settings import NotSetError
from tympan.service.set_record import decode_set, encode_set
from tympan.service.settable import Refusal, is_deletion
from tympan.spool.store import SaveRecord, SetMeta, Store

RECORD: Final = "system-attributes"
_META_CHANGES: Final = "system-config-changes"

DEFAULT_PRINTER: Final = "system-default-printer-id"
GEO_LOCATION: Final = "system-geo-location"
MESSAGE: Final = "system-message-from-operator"
NAME: Final = "system-name"

SETTABLE: Final = (
    DEFAULT_PRINTER,
    GEO_LOCATION,
    "system-info",
    "system-location",
    MESSAGE,
    NAME,
)
"""``system-settable-attributes-supported``."""

_CHANGES_CONFIGURATION = frozenset(
    {
        "printer-config-changed",
        "printer-media-changed",
        "printer-created",
        "printer-deleted",
        "system-config-changed",
    }
)

_log = logging.getLogger(__name__)


class SystemObject:
    """The system.

    Args:
        store: Where what is set is kept.
        settings: The configuration.
        registry: Knows the printers.
        news: Is told of changes.

    Attributes:
        settings: The configuration.
        clock: The time.
        uuid: ``system-uuid`` without its prefix.
        config_changes: ``system-config-changes``.
        config_changed: When that was: ``system-config-change-time``, and Unix time.
    """

    def __init__(
        self, store: Store, settings: Settings, registry: PrinterRegistry, news: EventSource
    ) -> None:
        self._store = store
        self.settings = settings
        self._registry = registry
        self._news = news
        self._set: dict[str, Attribute] = {}
        self._setting = asyncio.Lock()
        self.clock = Clock()
        self.uuid = ""
        self.config_changes = 0
        self.config_changed = (0, 0)

    def bring_back(self, events: EventBus, clock: Clock, service_uuid: uuid.UUID) -> None:
        """Take up what was set in earlier runs, and count changes from now on; blocks: for the start of the service."""
        self.clock = clock
        self.uuid = str(service_uuid)
        self.config_changes = int(self._store.meta(_META_CHANGES) or 0)
        self.config_changed = (clock.up_time(), clock.date())
        for _, record in self._store.records(RECORD):
            try:
                self._set, changed = decode_set(record, self._configured)
            except ValueError:
                _log.exception("what was set on the system is lost")
                continue
            for name in changed:
                _log.info("the configuration has a new value for %s", name)
        self._registry.choose_default(self._set_default())
        events.listen(self._count)

    def _count(self, event: Event) -> None:
        if event.keyword in _CHANGES_CONFIGURATION:
            self.config_changes += 1
            self.config_changed = (self.clock.up_time(), self.clock.date())
            self._store.post(SetMeta(_META_CHANGES, b"%d" % self.config_changes))

    # --- what it is -------------------------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        """``system-name``, ``-info``, ``-location`` or ``-message-from-operator``."""
        attribute = self._set.get(name)
        return self._configured_text(name) if attribute is None else str(attribute.first)

    @property
    def geo_location(self) -> str:
        """``system-geo-location``, or empty."""
        attribute = self._set.get(GEO_LOCATION)
        if attribute is None:
            return self.settings.server.geo_location
        return "" if attribute.out_of_band else str(attribute.first)

    def _configured_text(self, name: str) -> str:
        host = self.settings.server.name.partition(".")[0]
        if name == NAME:
            return f"tympan on {host}"
        if name == "system-info":
            return f"The printers of {host}"
        return self.settings.server.location if name == "system-location" else ""

    def _set_default(self) -> int | None:
        attribute = self._set.get(DEFAULT_PRINTER)
        value = attribute.first if attribute is not None else None
        return value if isinstance(value, int) else None

    # --- setting ----------------------------------------------------------------------------------------------------

    async def set(self, attributes: Sequence[Attribute], known: frozenset[str]) -> None:
        """Set attributes, all or none; returns when that is durable.

        Args:
            attributes: To set; with the out-of-band value ``delete-attribute`` one goes back to what the configuration says.
            known: Every attribute the system has.

        Raises:
            NotSetError: Not all of them can be set.
            SpoolError: They cannot be kept.
        """
        refusals = [
            refusal for attribute in attributes if (refusal := self._refusal(attribute, known)) is not None
        ]
        if refusals:
            raise NotSetError(refusals)
        async with self._setting:
            wanted = dict(self._set)
            for attribute in attributes:
                wanted.pop(attribute.name, None)
                if not is_deletion(attribute):
                    wanted[attribute.name] = attribute
            await self._store.commit(SaveRecord(RECORD, "", encode_set(wanted, self._configured)))
            self._set = wanted
        if any(attribute.name == DEFAULT_PRINTER for attribute in attributes):
            self._registry.choose_default(self._set_default())
        self._news.system_configured()

    def _refusal(self, attribute: Attribute, known: frozenset[str]) -> Refusal | None:
        name = attribute.name
        bad = StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED
        if name not in SETTABLE:
            if name in known:
                return Refusal(
                    StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
                    Attribute(name, (Value(ValueTag.NOT_SETTABLE, None),)),
                    f"{name} cannot be set",
                )
            return Refusal(bad, Attribute.unsupported(name), f"there is no attribute {name:.60}")
        if is_deletion(attribute):
            return None
        syntax = check_syntax(attribute, GroupTag.SYSTEM)
        problem = str(syntax) if syntax is not None else self._problem(attribute)
        return None if problem is None else Refusal(bad, attribute, f"{name}: {problem}")

    def _problem(self, attribute: Attribute) -> str | None:
        """Why an attribute of the right syntax cannot be set; None where it can."""
        value = attribute.first
        if attribute.name == DEFAULT_PRINTER:
            there = isinstance(value, int) and self._registry.by_id(value) is not None
            return None if there else "there is no such printer"
        if attribute.name == GEO_LOCATION:
            return None if attribute.out_of_band else geo_problem(str(value))
        if any(ord(character) < 32 for character in str(value)):
            return "control characters are not allowed"
        return None

    def _configured(self, name: str) -> str:
        """What the configuration says of an attribute, to see later whether it says something else."""
        server = self.settings.server
        if name == DEFAULT_PRINTER:
            configured = self.settings.default_printer
            return repr(configured.name if configured is not None else None)
        if name == GEO_LOCATION:
            return repr(server.geo_location)
        return repr(self._configured_text(name))
