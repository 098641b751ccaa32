"""The configuration: frozen settings, and the loader that names every mistake by file, line and key.

It knows keys, types and ranges. Whether a driver, a profile or a device scheme exists, the driver registry knows;
``tympan check`` asks both.
"""

from tympan.config.loader import (
    DEFAULT_PATH,
    ConfigMistakesError,
    apply_environment,
    config_files,
    load,
    read,
)
from tympan.config.settings import (
    MAX_PRINTERS,
    AccessSettings,
    Address,
    DiscoverySettings,
    FetchSettings,
    LimitSettings,
    LogSettings,
    NotificationSettings,
    Place,
    PrinterSettings,
    RenderSettings,
    ServerSettings,
    Settings,
    TlsSettings,
    UserSettings,
    geo_problem,
    parse_address,
    printer_name_problem,
)
from tympan.config.simulation import simulation_settings

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
