"""The settings, as frozen types.

A key is described in its table (`tympan.config.tables`) and nowhere else; docs/configuration.md is checked against them. Units
stand in the names. Nothing here reads files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tympan.config.tables.access import AccessSettings
from tympan.config.tables.discovery import DiscoverySettings
from tympan.config.tables.fetch import FetchSettings
from tympan.config.tables.limits import LimitSettings
from tympan.config.tables.log import LogSettings
from tympan.config.tables.notifications import NotificationSettings
from tympan.config.tables.panel import PanelSettings
from tympan.config.tables.printers import PrinterSettings
from tympan.config.tables.render import RenderSettings
from tympan.config.tables.server import ServerSettings
from tympan.config.tables.tls import TlsSettings
from tympan.config.tables.users import UserSettings


class Place(NamedTuple):
    """Where a key was set."""

    path: str
    line: int


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured, checked.

    Attributes:
        server: ``[server]``.
        access: ``[access]``.
        tls: ``[tls]``.
        limits: ``[limits]``.
        render: ``[render]``.
        discovery: ``[discovery]``.
        notifications: ``[notifications]``.
        fetch: ``[fetch]``.
        panel: ``[panel]``.
        log: ``[log]``.
        users: ``[[users]]``.
        printers: ``[[printers]]``, in the order they stand in.
        simulated: There is no hardware: the panel's pins are simulated too (``tympan serve --simulate``).
        places: Where each key was set, by its dotted name (``limits.max_jobs``, ``printers.NAME.device``); for messages.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    render: RenderSettings = field(default_factory=RenderSettings)
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    log: LogSettings = field(default_factory=LogSettings)
    users: tuple[UserSettings, ...] = ()
    printers: tuple[PrinterSettings, ...] = ()
    simulated: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def default_printer(self) -> PrinterSettings | None:
        """The printer at ``/ipp/print``: the one that says so, or the first."""
        return next(
            (printer for printer in self.printers if printer.default),
            self.printers[0] if self.printers else None,
        )

    def place(self, key: str) -> Place:
        """Where `key` was set, or the nearest table around it; an empty place where no file set it."""
        while key:
            if key in self.places:
                return self.places[key]
            key = key.rpartition(".")[0]
        return Place("", 0)

    def is_set(self, key: str) -> bool:
        """Somebody has set `key`, be it to its default."""
        return key in self.places

    def listening_on(self, *listen: str) -> Settings:
        """The same settings with other addresses: what ``--listen`` and ``--port`` do."""
        places = {**self.places, "server.listen": Place("--listen", 0)}
        return replace(self, server=replace(self.server, listen=listen), places=places)

    def keeping_state_in(self, state_dir: str) -> Settings:
        """The same settings with another state directory: what ``--state-dir`` does."""
        return replace(self, server=replace(self.server, state_dir=state_dir))
