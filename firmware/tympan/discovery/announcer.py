"""Announces the printers on the local network while the service runs, in step with what IPP says of them.

It owns the names that printers are announced by and the responders of the links. All of its work is one task that is
woken when something changes: the links, the printers, a name lost to a rival. It never stops the service: what cannot be
done is said once and tried again.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import msgspec

from tympan.config import Settings
from tympan.discovery.link_watch import LinkWatch
from tympan.discovery.links import Link, Listener
from tympan.discovery.names import host_name, host_names, instance_name, instance_names
from tympan.discovery.services import Publication, services_of
from tympan.service.events import Event
from tympan.service.printer import Printer
from tympan.service.service import Service
from tympan.spool.store import DeleteRecord, SaveRecord

if TYPE_CHECKING:
    from tympan.discovery import responder
    from tympan.discovery.responder import LinkResponder

FIRST_DELAY_S = 0.2
"""Clients that know the address come first: only then zeroconf is loaded."""

SETTLE_S = 0.3
"""A change seldom comes alone: an address follows its link, a state another one."""

PAUSE_S = 1.0
"""The least time between two rounds."""

RETRY_S = (5.0, 15.0, 60.0)
"""When what failed is tried again; the last one repeats."""

MAX_RENAMINGS = 10
"""Names that may be lost in one round; what is left waits for the next one."""

_KIND = "dns-sd-name"
"""Kind of the records that names are kept in, by the printer's name."""

_HOST_KEY = ":host"
"""Key of this host's record; no printer's name has a colon."""

_FOLLOWED = "printer-"
"""The events that may change what is announced begin so."""

_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """A name that was chosen.

    Attributes:
        wanted: The name it would have if nobody else had it.
        chosen: The one it has.
    """

    wanted: str
    chosen: str


class Announcer:
    """Announces the printers of a service.

    Args:
        service: The service; it runs.
        settings: What it runs with.
        listening: Host and port of each of its sockets.
    """

    def __init__(self, service: Service, settings: Settings, listening: Sequence[tuple[str, int]]) -> None:
        self._service = service
        self._settings = settings.discovery
        listeners = [Listener.of(host, port) for host, port in listening]
        self._listeners = [each for each in listeners if not each.is_loopback]
        self._configured_host = settings.server.name
        self._watch = LinkWatch(self._wake)
        self._names: dict[str, _Kept] = {}
        self._host = _Kept("", "")
        self._responders: dict[int, LinkResponder] = {}
        self._proven: dict[int, set[str]] = {}
        self._own: responder.OwnWords | None = None
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._end_listening: Callable[[], None] = lambda: None
        self._troubles: dict[str, str] = {}
        self._failures = 0
        self._announced = ""
        self._keepers = ""

    def start(self) -> None:
        """Begin to announce, unless the configuration says no or only this machine can connect; returns at once."""
        if not self._settings.enabled or not self._listeners:
            _log.debug("printers are not announced")
            return
        self._bring_back_names()
        self._end_listening = self._service.events.listen(self._hear)
        self._task = asyncio.create_task(self._run(), name="tympan-discovery")

    async def stop(self) -> None:
        """Take leave of the network; quick."""
        self._end_listening()
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        self._watch.stop()
        await asyncio.gather(
            *(each.close(farewell=True) for each in self._responders.values()), return_exceptions=True
        )
        self._responders.clear()

    # --- names ----------------------------------------------------------------------------------------------------------

    def _bring_back_names(self) -> None:
        kept: dict[str, _Kept] = {}
        for key, value in self._service.store.records(_KIND):
            with suppress(msgspec.MsgspecError):
                kept[key] = msgspec.json.decode(value, type=_Kept)
        self._host = self._kept(kept.get(_HOST_KEY), host_name(self._configured_host))
        self._service.names.announced(self._host.chosen)
        self._names = {key: name for key, name in kept.items() if key != _HOST_KEY}
        self._name_printers()

    @staticmethod
    def _kept(before: _Kept | None, wanted: str) -> _Kept:
        return before if before is not None and before.wanted == wanted else _Kept(wanted, wanted)

    def _name_printers(self) -> None:
        """See that each printer has a name, its own among ours, and that IPP says the same one."""
        for name in self._names.keys() - self._service.printers.keys():
            del self._names[name]
            self._service.store.post(DeleteRecord(_KIND, name))
        taken: set[str] = set()
        for printer in self._service.printers.values():
            kept = self._kept(
                self._names.get(printer.name), instance_name(printer.identity, self._host.wanted)
            )
            if kept.chosen.casefold() in taken:
                kept = self._next(kept, taken)
            taken.add(kept.chosen.casefold())
            self._take_name(printer, kept)

    def _take_name(self, printer: Printer, name: _Kept) -> None:
        if self._names.get(printer.name) != name:
            self._names[printer.name] = name
            self._service.store.post(SaveRecord(_KIND, printer.name, msgspec.json.encode(name)))
        if printer.dns_sd_name != name.chosen:
            printer.announced_as(name.chosen)

    @staticmethod
    def _next(name: _Kept, taken: set[str]) -> _Kept:
        """The next variant of a name that is not taken."""
        variants = instance_names(name.wanted)
        after = itertools.dropwhile(lambda each: each != name.chosen, variants)
        chosen = next(
            (each for each in after if each.casefold() not in taken and each != name.chosen), name.wanted
        )
        return _Kept(name.wanted, chosen)

    def _give_up_lost_names(self) -> bool:
        """Take other names for those that rivals have; whether there were any."""
        lost = set().union(*(each.lost for each in self._responders.values()))
        for each in self._responders.values():
            each.lost.clear()
        if not lost:
            return False
        if self._host.chosen.lower() in lost:
            self._lose_host()
        for printer in self._service.printers.values():
            name = self._names.get(printer.name)
            if name is not None and any(each.startswith(f"{name.chosen.lower()}._") for each in lost):
                taken = {other.chosen.casefold() for other in self._names.values()}
                chosen = self._next(name, taken)
                _log.warning(
                    "another printer here is called %r; %s is now %r",
                    name.chosen,
                    printer.name,
                    chosen.chosen,
                )
                self._take_name(printer, chosen)
        return True

    def _lose_host(self) -> None:
        names = itertools.dropwhile(lambda each: each != self._host.chosen, host_names(self._host.wanted))
        next(names, None)
        chosen = next(names, self._host.wanted)
        _log.warning("another host here is called %s; this one is now %s", self._host.chosen, chosen)
        if self._own is not None:
            self._own.hosts.discard(self._host.chosen.lower())
        self._host = _Kept(self._host.wanted, chosen)
        self._service.names.announced(chosen)
        self._service.store.post(SaveRecord(_KIND, _HOST_KEY, msgspec.json.encode(self._host)))

    # --- the task -------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        self._woken.set()

    def _hear(self, event: Event) -> None:
        if event.keyword.startswith(_FOLLOWED):
            self._woken.set()

    async def _run(self) -> None:
        watching = self._start_watching()
        await asyncio.sleep(FIRST_DELAY_S)
        await asyncio.to_thread(importlib.import_module, "tympan.discovery.responder")
        module = importlib.import_module("tympan.discovery.responder")
        self._own = cast("responder.OwnWords", module.OwnWords())
        logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # what matters of it is said here
        while True:
            began = time.monotonic()
            self._woken.clear()
            failed = False
            try:
                watching = watching or self._start_watching()
                failed = not (watching and await self._round())
            except Exception as error:  # noqa: BLE001 — announcing is not worth the service
                failed = True
                self._trouble("fault", f"printers cannot be announced: {error!r}", fault=error)
            self._failures = self._failures + 1 if failed else 0
            timeout_s = RETRY_S[min(self._failures, len(RETRY_S)) - 1] if failed else None
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._woken.wait()
                    await asyncio.sleep(max(SETTLE_S, PAUSE_S - (time.monotonic() - began)))

    def _start_watching(self) -> bool:
        try:
            self._watch.start()
        except OSError as error:
            self._trouble("links", f"the network's links cannot be watched: {error.strerror or error}")
            return False
        self._well("links")
        return True

    async def _round(self) -> bool:
        """Bring what is announced in step with what is; whether all of it could be done."""
        assert self._own is not None
        if self._watch.table is None:
            return True
        self._own.addresses = self._watch.table.own_addresses()
        self._name_printers()
        done = await self._follow_links(self._watch.table.announced(self._settings, self._listeners))
        await self._find_keepers()
        self._give_up_lost_names()
        for _ in range(MAX_RENAMINGS):
            await self._probe()
            if not self._give_up_lost_names():
                break
        else:
            self._wake()
            return done
        for index, each in self._responders.items():
            each.publish(self._publications(each.link, self._host_on(each)), self._host_on(each))
            self._proven[index] = set(self._claims(each))
        self._say_what_is_announced()
        return done

    async def _find_keepers(self) -> None:
        """See whether another program of this machine announces the host already."""
        await asyncio.gather(*(each.find_keeper() for each in self._responders.values()))
        found = sorted({each.keeper for each in self._responders.values() if each.keeper})
        for name in found:
            self._service.names.announced(name)
        keepers = ", ".join(found)
        if keepers != self._keepers:
            self._keepers = keepers
            if keepers:
                _log.info(
                    "another program here announces this host, as %s; its addresses are left to that", keepers
                )
            else:
                _log.info("no other program here announces this host any more; that is done now too")

    async def _follow_links(self, links: Sequence[Link]) -> bool:
        from tympan.discovery.responder import LinkResponder  # noqa: PLC0415 — loaded by `_run`, not at the start

        assert self._own is not None
        wanted = {link.index: link for link in links}
        for index in self._responders.keys() - wanted.keys():
            self._proven.pop(index, None)
            await self._responders.pop(index).close(farewell=True)
        done = True
        for index, link in wanted.items():
            before = self._responders.get(index)
            if before is not None and before.link == link:
                continue
            if (
                before is not None
            ):  # it has other addresses, but is the same link: what was proven there still is
                del self._responders[index]
                await before.close(farewell=False)
            opened = LinkResponder(link, self._own, self._wake)
            try:
                await opened.open()
            except OSError as error:
                done = False
                self._proven.pop(index, None)
                problem = error.strerror or str(error)
                self._trouble(link.name, f"printers cannot be announced on {link.name}: {problem}")
                continue
            if before is not None:
                opened.keeper, opened.knows_keeper = before.keeper, before.knows_keeper
            self._well(link.name)
            self._responders[index] = opened
        return done

    async def _probe(self) -> None:
        """Ask on each link for the names that have not been proven there."""

        async def on_link(index: int, each: LinkResponder) -> None:
            proven = self._proven.get(index, set())
            host = self._host_on(each)
            unproven = set(self._claims(each)) - proven
            if unproven:
                await each.probe(
                    [
                        publication
                        for publication in self._publications(each.link, host).values()
                        if f"{publication.instance}@{host}" in unproven
                    ],
                    host,
                )

        await asyncio.gather(*(on_link(index, each) for index, each in self._responders.items()))

    def _claims(self, each: LinkResponder) -> Iterator[str]:
        for publication in self._publications(each.link, self._host_on(each)).values():
            yield f"{publication.instance}@{self._host_on(each)}"

    def _host_on(self, each: LinkResponder) -> str:
        return each.keeper or self._host.chosen

    def _publications(self, link: Link, host: str) -> dict[str, Publication]:
        return {
            printer.name: Publication(printer.dns_sd_name, services_of(printer, host, link.port))
            for printer in self._service.printers.values()
        }

    # --- what is said of it ---------------------------------------------------------------------------------------------

    def _say_what_is_announced(self) -> None:
        links = ", ".join(each.link.name for each in self._responders.values())
        names = ", ".join(repr(printer.dns_sd_name) for printer in self._service.printers.values())
        said = f"announced on {links}: {names}" if links and names else ""
        if said != self._announced:
            self._announced = said
            _log.info("%s", said or "printers are not announced: no network")

    def _trouble(self, where: str, problem: str, fault: BaseException | None = None) -> None:
        if self._troubles.get(where) != problem:
            self._troubles[where] = problem
            _log.warning("%s; it is tried again", problem, exc_info=fault)

    def _well(self, where: str) -> None:
        self._troubles.pop(where, None)
