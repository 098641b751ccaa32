"""Finds the plug-ins: transports by the scheme of a device URI, drivers by name or by what a device says it is.

It owns the look-up and nothing else. The entry points are read once, when something is looked up; a plug-in is imported
when it is used, so that a headless printer on a serial line never loads USB.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from tympan.driver.contract import DeviceIdentity, DiscoveredDevice, Driver, Transport, TransportContext
from tympan.errors import ConfigError, DeviceError, DriverError

TRANSPORTS = "tympan.transports"
DRIVERS = "tympan.drivers"

_log = logging.getLogger(__name__)


@cache
def _found(group: str) -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _load(group: str, name: str, what: str) -> type:
    point = _found(group).get(name)
    if point is None:
        there = ", ".join(sorted(_found(group))) or "none"
        raise DriverError(f"there is no {what} {name!r}; there are: {there}")
    try:
        loaded = point.load()
    except ImportError as error:
        raise DriverError(f"{what} {name!r} cannot be loaded: {error}") from error
    assert isinstance(loaded, type)
    return loaded


def open_transport(uri: str, context: TransportContext) -> Transport:
    """The transport for a device URI; the device itself is not opened yet.

    Raises:
        DriverError: No plug-in knows the scheme, or it cannot be loaded.
        ConfigError: The URI has a mistake.
    """
    scheme, colon, _ = uri.partition(":")
    if not colon:
        raise ConfigError(f"{uri!r} is no device URI")
    transport = _load(TRANSPORTS, scheme, "transport")
    try:
        made: Transport = transport(uri, context)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return made


@cache
def find_driver(name: str) -> Driver:
    """The driver called `name`; the same object each time.

    Raises:
        DriverError: There is none, or it cannot be loaded.
    """
    driver: Driver = _load(DRIVERS, name, "driver")()
    return driver


def drivers() -> Mapping[str, Driver]:
    """Every driver that can be loaded, by name; one that cannot is left out and logged."""
    found: dict[str, Driver] = {}
    for name in sorted(_found(DRIVERS)):
        try:
            found[name] = find_driver(name)
        except DriverError as error:
            _log.warning("%s", error)
    return found


def schemes() -> list[str]:
    """The schemes of device URIs that a transport is installed for."""
    return sorted(_found(TRANSPORTS))


def match_driver(identity: DeviceIdentity) -> tuple[Driver, str] | None:
    """The driver and profile for a device from what it says it is; None where no driver knows it."""
    for driver in drivers().values():
        profile = driver.match(identity)
        if profile is not None:
            return driver, profile
    return None


def why_unmatched(identity: DeviceIdentity) -> str:
    """Why no driver is for a device: a sentence for people."""
    if identity.commands:
        return f"not supported: it speaks {', '.join(identity.commands)}, and none of that is spoken here"
    if identity.device_id:
        return "not supported: it does not say what it speaks; where that is known, name driver and profile"
    return "it says nothing of itself; name driver and profile"


def names(device: DiscoveredDevice, uri: str) -> bool:
    """Whether a device URI means a device that was discovered, perhaps among others."""
    return uri.casefold() in {each.casefold() for each in (device.device_uri, *device.also)}


def discover_printers() -> list[DiscoveredDevice]:
    """The devices that are printers for sure, from transports that can know (``finds_printers``).

    Raises:
        DriverError: A transport cannot be loaded.
        OSError: A transport cannot look.
    """
    return [device for scheme in sorted(_found(TRANSPORTS)) for device in _discovered(scheme)]


def identity_of(uri: str) -> DeviceIdentity | None:
    """What the device of a URI says it is, without opening it; None where that cannot be known so.

    Raises:
        DriverError: A transport cannot be loaded.
        OSError: A transport cannot look.
        DeviceError: It is there, does not say what it is, and cannot be used either.
    """
    named = [device for device in _discovered(uri.partition(":")[0]) if names(device, uri)]
    if len(named) != 1:
        return None
    device = named[0]
    if device.problem and not device.identity.device_id:
        raise DeviceError(device.problem, device_uri=uri)
    return device.identity


def knows_printers(uri: str) -> bool:
    """Whether the transport of a URI can know which devices are printers (``finds_printers``): they say what they are.

    Raises:
        DriverError: It cannot be loaded.
    """
    return bool(getattr(_load(TRANSPORTS, uri.partition(":")[0], "transport"), "finds_printers", False))


def _discovered(scheme: str) -> list[DiscoveredDevice]:
    transport = _load(TRANSPORTS, scheme, "transport")
    if not getattr(transport, "finds_printers", False):
        return []
    return list(transport.discover())  # type: ignore[attr-defined]  # a Transport by contract


def discover_devices() -> list[DiscoveredDevice]:
    """Every device that any transport finds now; one that cannot look is left out and logged."""
    devices: list[DiscoveredDevice] = []
    for scheme in sorted(_found(TRANSPORTS)):
        try:
            devices += _load(TRANSPORTS, scheme, "transport").discover()  # type: ignore[attr-defined]  # a Transport by contract
        except (DriverError, DeviceError, OSError) as error:
            _log.info("devices of %s: cannot be looked for: %s", scheme, error)
    return devices
