"""The configuration: frozen settings, and the loader that names every mistake by file, line and key.

It knows keys, types and ranges. Whether a driver, a profile or a device scheme exists, the driver registry knows;
``tympan check`` asks both.
"""

from tympan.config.checks import Address, geo_problem, parse_address, printer_name_problem
from tympan.config.loader import (
    DEFAULT_PATH,
    ConfigMistakesError,
    apply_environment,
    config_files,
    load,
    read,
)
from tympan.config.settings import Place, Settings
from tympan.config.simulation import simulation_settings
from tympan.config.tables.access import AccessSettings
from tympan.config.tables.discovery import DiscoverySettings
from tympan.config.tables.fetch import FetchSettings
from tympan.config.tables.limits import LimitSettings
from tympan.config.tables.log import LogSettings
from tympan.config.tables.notifications import NotificationSettings
from tympan.config.tables.panel import PanelSettings
from tympan.config.tables.printers import MAX_PRINTERS, PrinterSettings
from tympan.config.tables.render import RenderSettings
from tympan.config.tables.server import ServerSettings
from tympan.config.tables.tls import TlsSettings
from tympan.config.tables.users import UserSettings

__all__ = [
    "DEFAULT_PATH",
    "MAX_PRINTERS",
    "AccessSettings",
    "Address",
    "ConfigMistakesError",
    "DiscoverySettings",
    "FetchSettings",
    "LimitSettings",
    "LogSettings",
    "NotificationSettings",
    "PanelSettings",
    "Place",
    "PrinterSettings",
    "RenderSettings",
    "ServerSettings",
    "Settings",
    "TlsSettings",
    "UserSettings",
    "apply_environment",
    "config_files",
    "geo_problem",
    "load",
    "parse_address",
    "printer_name_problem",
    "read",
    "simulation_settings",
]
