"""Printers that appear by themselves when they are plugged in, and printers of the configuration that wait for it (docs/adr/0011-plug-and-print.md).

It owns the record of each printer that it made, and which devices nobody wants. The printers themselves are made, moved and removed by the service, as by
Create- and Delete-Printer.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tympan.config import MAX_PRINTERS, PrinterSettings, Settings
from tympan.driver import registry
from tympan.driver.contract import DeviceIdentity, DiscoveredDevice
from tympan.errors import TympanError
from tympan.ipp import Attribute
from tympan.model.record import RecordCodec
from tympan.service.building import DeviceAwayError
from tympan.service.printer_settings import NotSetError
from tympan.spool.store import DeleteRecord, SaveRecord, Store

if TYPE_CHECKING:
    from tympan.service.service import Service

RECORD: Final = "found-printer"
"""The kind of record a printer that made itself is kept as, under its name."""

UNWANTED_RECORD: Final = "unwanted-device"
"""The kind of record of a device whose printer was removed, under its URI: until it is plugged in anew."""

SPEECHLESS_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0)
"""A printer that has just been switched on may not say what it is yet: it is asked again."""

WAITING_LOOK_S: Final = 30.0
"""Printers that wait are tried so often in the end, also when nothing was plugged in: the device may have been another program's."""

_NAME_LENGTH: Final = 40
_INFO_BYTES: Final = 100
_NOBODY: Final = "nobody"
_log = logging.getLogger(__name__)


class _Found(msgspec.Struct, frozen=True):
    """A printer that made itself.

    Attributes:
        device: The URI of its device.
        make: What that says it is.
        model: The same.
        serial_number: The same.
        uris: All that its device was called when it was last there, its port too: they tell it from one that says the same.
    """

    device: str
    make: str
    model: str
    serial_number: str
    uris: tuple[str, ...] = ()

    @classmethod
    def of(cls, device: DiscoveredDevice) -> _Found:
        """A printer for a device."""
        return cls(device.device_uri, *_kind(device.identity), _uris(device))

    def is_alike(self, identity: DeviceIdentity) -> bool:
        """Whether a device says the same of itself."""
        return (self.make, self.model, self.serial_number) == _kind(identity)


_codec = RecordCodec(_Found, "a printer that was found")


class FoundPrinters:
    """Looks for printers when devices come and go.

    Args:
        service: Makes, moves and removes printers.
        store: Where the records are.
        settings: The configuration.
    """

    def __init__(self, service: Service, store: Store, settings: Settings) -> None:
        self._service = service
        self._store = store
        mode = settings.server.auto_printers
        self._makes = mode == "always" or (mode == "unless-configured" and not settings.printers)
        self._found: dict[str, _Found] = {}
        self._unwanted: set[str] = set()
        self._waiting: dict[str, PrinterSettings] = {}
        self._present: Sequence[DiscoveredDevice] = ()
        self._said: dict[str, str] = {}
        self._asked: dict[str, int] = {}
        self._tried: dict[str, Sequence[DiscoveredDevice]] = {}
        self._looks = 0
        self._is_due = False
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._timer: asyncio.TimerHandle | None = None

    def bring_back(self) -> None:
        """Take up the records of earlier runs; blocks: for the start of the service."""
        for name, record in self._store.records(RECORD):
            if name not in self._service.printers:
                self._store.post(DeleteRecord(RECORD, name))
                continue
            try:
                self._found[name] = _codec.decode(record)
            except ValueError:
                _log.exception("printer %s is kept as one that somebody made", name)
        self._unwanted = {uri for uri, _ in self._store.records(UNWANTED_RECORD)}

    def waits(self, printer: PrinterSettings, why: str) -> None:
        """A printer of the configuration cannot be made before its device is there."""
        self._waiting[printer.name] = printer
        _log.warning("printer %s appears when its device does: %s", printer.name, why)

    def is_awaited(self, name: str) -> bool:
        """Whether a printer of the configuration appears when its device does."""
        return name in self._waiting

    def is_found(self, name: str) -> bool:
        """Whether a printer has made itself."""
        return name in self._found

    @property
    def makes_printers(self) -> bool:
        """Whether printers appear by themselves."""
        return self._makes

    @property
    def remarks(self) -> list[str]:
        """What there is to say to people of devices that are there and no printers, and of printers that wait for theirs."""
        waiting = [f"The printer {name} appears when its device is there." for name in self._waiting]
        return waiting + [
            f"{said[:1].upper()}{said[1:]}." for uri, said in self._said.items() if uri not in {"", _NOBODY}
        ]

    # --- looking ------------------------------------------------------------------------------------------------------

    def look_soon(self) -> None:
        """Look what is there, now or after the look that is under way."""
        if not (self._makes or self._waiting):
            return
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_until_quiet(), name="found-printers")

    async def close(self) -> None:
        """Look no more."""
        self._makes = False
        self._waiting.clear()
        self._cancel_timer()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_until_quiet(self) -> None:
        while self._again:
            self._again = False
            try:
                await self.look()
            except Exception:  # noqa: BLE001 — the next device that comes is looked at again
                _log.exception("printers that are plugged in cannot be looked for")

    async def look(self) -> None:
        """Make printers of what is there and has none, and those that waited for what is there now."""
        self._cancel_timer()
        is_due, self._is_due = self._is_due, False
        try:
            devices = await self._devices()
            for printer in tuple(self._waiting.values()):
                if is_due or not self._is_as_before(printer, devices):
                    await self._try(printer)
            if self._makes and devices is not None:
                await self._settle(devices)
        finally:
            self._set_timer()

    async def _devices(self) -> Sequence[DiscoveredDevice] | None:
        """The printers that are plugged in; None where they cannot be looked for, or nobody waits for one."""
        if not self._makes and not any(
            registry.knows_printers(each.device) for each in self._waiting.values()
        ):
            return None
        try:
            devices = await asyncio.to_thread(registry.discover_printers)
        except (TympanError, OSError) as error:
            self._say("", f"printers that are plugged in cannot be looked for: {error}")
            return None
        self._said.pop("", None)
        return devices

    def _is_as_before(self, printer: PrinterSettings, devices: Sequence[DiscoveredDevice] | None) -> bool:
        """Whether a printer that waits need not be tried: nothing has come since. Trying it may look as if something had."""
        if devices is None or not registry.knows_printers(printer.device):
            self._looks = 0
            return False
        before, self._tried[printer.name] = self._tried.get(printer.name), devices
        if before != devices:
            self._looks = 0
        return before == devices

    def _set_timer(self) -> None:
        """Look again without being told, where something may be there that does not speak yet."""
        pauses = [
            SPEECHLESS_PAUSES_S[number]
            for number in self._asked.values()
            if number < len(SPEECHLESS_PAUSES_S)
        ]
        if self._waiting:
            pauses.append((*SPEECHLESS_PAUSES_S, WAITING_LOOK_S)[min(self._looks, len(SPEECHLESS_PAUSES_S))])
        if pauses:
            self._timer = asyncio.get_running_loop().call_later(min(pauses), self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._asked = {uri: number + 1 for uri, number in self._asked.items()}
        self._looks += 1
        self._is_due = True
        self.look_soon()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _try(self, printer: PrinterSettings) -> None:
        try:
            await self._service.take_up_printer(printer)
        except DeviceAwayError:
            self._said.pop(printer.device, None)
            return
        except TympanError as error:
            self._say(printer.device, f"printer {printer.name} cannot be made: {error}")
            return
        self._said.pop(printer.device, None)
        self._waiting.pop(printer.name, None)

    async def _settle(self, devices: Sequence[DiscoveredDevice]) -> None:
        self._present = devices
        uris = {device.device_uri for device in devices}
        for gone in self._unwanted - uris:
            self._want(gone)
        if not devices and not self._service.printers and not self._waiting:
            self._say(_NOBODY, "no printer is plugged in: one appears by itself when it is")
        spoken_of = {*uris, *(each.device for each in self._waiting.values()), _NOBODY}
        self._said = {uri: said for uri, said in self._said.items() if uri in spoken_of}
        self._asked = {uri: number for uri, number in self._asked.items() if uri in uris}
        await self._tell_apart()
        new = []
        for device in devices:
            holders = self._holders(device)
            if any(name in self._service.printers for name in holders):
                self._said.pop(device.device_uri, None)
            if len(holders) > 1:
                await self._step_aside(device, holders)
            if not holders and device.device_uri not in self._unwanted and not self._may_be_away(device):
                new.append(device)
        for device in new:
            moved = self._moved(device, new)
            if moved:
                await self._move(moved, device)
            else:
                await self._make(device)

    async def _tell_apart(self) -> None:
        """Remember what devices are called that have printers; where another has come with the same serial number, the printer stays with its own."""
        for name, found in tuple(self._found.items()):
            named = [each for each in self._present if registry.names(each, found.device)]
            if len(named) > 1:
                its = max(named, key=lambda each: len(set(found.uris).intersection(_uris(each))))
                await self._move(name, its)
            elif named and found.uris != _uris(named[0]):
                self._found[name] = msgspec.structs.replace(found, uris=_uris(named[0]))
                self._store.post(self._record(name, self._found[name]))

    def _holders(self, device: DiscoveredDevice) -> list[str]:
        """The printers, those that wait too, whose device it is."""
        return [name for name, uri in self._given().items() if registry.names(device, uri)]

    def _given(self) -> dict[str, str]:
        """The device URI of each printer, also of those that wait."""
        return {**self._service.device_uris, **{each.name: each.device for each in self._waiting.values()}}

    async def _step_aside(self, device: DiscoveredDevice, holders: list[str]) -> None:
        """A device that somebody has given a printer needs none that made itself; one with jobs stays until they have printed."""
        for name in holders:
            printer = self._service.printers.get(name)
            others = [each for each in holders if each != name and not self.is_found(each)]
            if printer is not None and self.is_found(name) and others and not printer.active:
                _log.info("printer %s makes room for %s, which has the same device", name, others[0])
                await self._service.remove_printer(printer)
                self._want(device.device_uri)

    def _moved(self, device: DiscoveredDevice, new: Sequence[DiscoveredDevice]) -> str:
        """The printer that was plugged in elsewhere: the one alone that is away and says the same, where one alone has come that does."""
        alike = [each for each in new if _kind(each.identity) == _kind(device.identity)]
        away = [
            name
            for name, found in self._found.items()
            if found.is_alike(device.identity) and not self._is_present(found.device)
        ]
        return away[0] if len(alike) == len(away) == 1 and device.identity.device_id else ""

    def _may_be_away(self, device: DiscoveredDevice) -> bool:
        """Whether a device that has not said all of itself may be one that has a printer: it is looked at again before it gets one."""
        if not device.settles:
            return False
        self._say(device.device_uri, f"{device.info} ({device.device_uri}): {device.problem}")
        begins = tuple(f"{uri}{mark}".casefold() for uri in _uris(device) for mark in ("/", "?serial="))
        return self._asks_again(device) or any(
            uri.casefold().startswith(begins) and not self._is_present(uri) for uri in self._given().values()
        )

    def _asks_again(self, device: DiscoveredDevice) -> bool:
        """Whether a device is to be looked at again in a while: it may not have said all of itself yet."""
        return self._asked.setdefault(device.device_uri, 0) < len(SPEECHLESS_PAUSES_S)

    def _is_present(self, uri: str) -> bool:
        return any(registry.names(each, uri) for each in self._present)

    async def _move(self, name: str, device: DiscoveredDevice) -> None:
        found = _Found.of(device)
        printer = self._service.printers.get(name)
        if printer is not None and await self._service.move_printer(
            printer, device.device_uri, self._record(name, found)
        ):
            self._found[name] = found
        else:  # it is being removed
            self._again = True

    async def _make(self, device: DiscoveredDevice) -> None:
        identity = device.identity
        matched = await asyncio.to_thread(registry.match_driver, identity)
        if matched is None:
            if not identity.device_id and self._asks_again(device) and not device.problem:
                return
            why = device.problem or registry.why_unmatched(identity)
            self._say(device.device_uri, f"no printer is made of {device.info} ({device.device_uri}): {why}")
            return
        self._asked.pop(device.device_uri, None)
        driver, profile = matched
        name, info = self._names(device)
        settings = PrinterSettings(
            name=name, device=device.device_uri, driver=type(driver).name, profile=profile
        )
        found = _Found.of(device)
        try:
            await self._service.add_printer(
                settings, [Attribute.text("printer-info", info)], self._record(name, found)
            )
        except (TympanError, NotSetError) as error:
            self._say(device.device_uri, f"no printer can be made of {device.info}: {error}")
            return
        self._found[name] = found
        self._said.pop(device.device_uri, None)

    def _say(self, uri: str, sentence: str) -> None:
        """Log it once, until the device is gone or something else is to be said of it."""
        if self._said.get(uri) != sentence:
            self._said[uri] = sentence
            _log.log(logging.INFO if uri == _NOBODY else logging.WARNING, "%s", sentence)

    @staticmethod
    def _record(name: str, found: _Found) -> SaveRecord:
        return SaveRecord(RECORD, name, _codec.encode(found))

    # --- names --------------------------------------------------------------------------------------------------------

    def _names(self, device: DiscoveredDevice) -> tuple[str, str]:
        """``printer-name`` and ``printer-info`` of a new printer, which no other has."""
        info = make_and_model(device.identity) or "USB printer"
        taken = {*self._service.printers, *self._waiting}
        shown = {each.identity.info for each in self._service.printers.values()}
        for number in range(1, MAX_PRINTERS + 2):
            name = slug(info) if number == 1 else f"{slug(info)}-{number}"
            text = info if number == 1 else f"{info} {number}"
            if name not in taken and text not in shown:
                return name, text
        return slug(info), info  # there are too many: who makes it says so

    # --- removal ------------------------------------------------------------------------------------------------------

    def removed(self, name: str, device_uri: str) -> None:
        """A printer was removed: what is plugged in does not come back before it is plugged in anew."""
        if self._found.pop(name, None) is not None:
            self._store.post(DeleteRecord(RECORD, name))
        for device in self._present if self._makes else ():
            if registry.names(device, device_uri) and not self._holders(device):
                self._unwanted.add(device.device_uri)
                self._store.post(SaveRecord(UNWANTED_RECORD, device.device_uri, b""))

    def _want(self, uri: str) -> None:
        if uri in self._unwanted:
            self._unwanted.discard(uri)
            self._store.post(DeleteRecord(UNWANTED_RECORD, uri))


def make_and_model(identity: DeviceIdentity) -> str:
    """What people call a device: its make once, and its model; no longer than a name may be, whatever it says of itself."""
    make, model = " ".join(identity.make.split()), " ".join(identity.model.split())
    says_make = model.casefold().startswith(make.casefold()) or (
        make.casefold() == "hewlett-packard" and model.casefold().startswith("hp ")
    )
    text = model if says_make else f"{make} {model}"
    return text.encode()[:_INFO_BYTES].decode(errors="ignore").strip()


def slug(text: str) -> str:
    """A printer's name made of what people call it."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    return plain[:_NAME_LENGTH].strip("-") or "printer"


def _uris(device: DiscoveredDevice) -> tuple[str, ...]:
    return (device.device_uri, *device.also)


def _kind(identity: DeviceIdentity) -> tuple[str, str, str]:
    return identity.make, identity.model, identity.serial_number
