"""The application: puts the parts together, runs them until told to stop, and takes them apart in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tympan.config import Settings
from tympan.config.tables.server import IPP_PORT
from tympan.discovery.announcer import Announcer
from tympan.endpoint.dispatch import operations_supported
from tympan.endpoint.http_server import HttpServer
from tympan.errors import ConfigError
from tympan.service.hotplug import Hotplug
from tympan.service.service import Service
from tympan.service.start_up_page import StartUpPages
from tympan.systemd import Unit
from tympan.web.pages import Pages

if TYPE_CHECKING:
    from tympan.panel.board import Panel

_log = logging.getLogger(__name__)

RELOAD_DRAIN_S = 300.0
"""How long a reload waits for jobs that are printing; one that takes longer, or whose printer stands still, is broken off and goes on
afterwards."""

Wishes = asyncio.Queue[signal.Signals | None]
"""Signals, and None for Restart-System."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_LEVELS = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


@dataclass(frozen=True, slots=True)
class Listening:
    """What a service that listens says of itself.

    Attributes:
        addresses: Host and port of each socket.
        printers: ``ipp:`` URIs of the printers by name, on this machine.
        web: ``http:`` URI of the status page, on this machine.
    """

    addresses: tuple[tuple[str, int], ...]
    printers: dict[str, str]
    web: str


class _JournalFormatter(logging.Formatter):
    """Lines that the journal reads the priority of, each for itself, ``sd-daemon(3)``."""

    def format(self, record: logging.LogRecord) -> str:
        priority = f"<{_LEVELS.get(record.levelname.lower(), 6)}>"
        return "\n".join(f"{priority}{line}" for line in super().format(record).splitlines())


def set_up_logging(level: str) -> None:
    """Log to standard error: with priorities where the journal reads it, with times where a person does."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def run(
    settings: Settings,
    *,
    reload: Callable[[], Settings] | None = None,
    on_listening: Callable[[Listening], Awaitable[None]] | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT.

    Args:
        settings: What to run.
        reload: Reads the settings anew, for SIGHUP; None: SIGHUP is ignored.
        on_listening: Called once clients can connect; it may print by itself like any client.

    Raises:
        ConfigError: The settings name what does not exist.
        SpoolError: The state directory cannot be used.
        ListenError: An address cannot be listened on.
    """
    try:
        import uvloop  # noqa: PLC0415 — optional: there is no wheel for armv7l

        loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    except ImportError:
        loop_factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(serve(settings, reload=reload, on_listening=on_listening))


async def serve(
    settings: Settings,
    *,
    reload: Callable[[], Settings] | None = None,
    on_listening: Callable[[Listening], Awaitable[None]] | None = None,
) -> None:
    """What `run` runs, on the loop that is there."""
    wishes: Wishes = asyncio.Queue()
    loop = asyncio.get_running_loop()
    unit = Unit.of_process(os.environ, os.getpid())
    for number in _SIGNALS:
        loop.add_signal_handler(number, wishes.put_nowait, number)
    try:
        while True:
            set_up_logging(settings.log.level)
            changed = await _serve_until(wishes, settings, reload, on_listening, unit)
            if changed is None:
                _log.info("stopped")
                return
            settings, on_listening = changed, None
    finally:
        unit.stopping()
        for number in _SIGNALS:
            with contextlib.suppress(RuntimeError):
                loop.remove_signal_handler(number)


async def _serve_until(
    wishes: Wishes,
    settings: Settings,
    reload: Callable[[], Settings] | None,
    on_listening: Callable[[Listening], Awaitable[None]] | None,
    unit: Unit,
) -> Settings | None:
    """Serve until told to stop (None) or until there are other settings."""
    service = Service(settings, operations_supported())
    service.on_restart = lambda: wishes.put_nowait(None)
    async with _panel(service, settings) as panel:
        return await _serve_with(service, panel, wishes, reload, on_listening, unit=unit)


@contextlib.asynccontextmanager
async def _panel(service: Service, settings: Settings) -> AsyncIterator[Panel | None]:
    """The panel, where one is configured: from here on its lights say that the service starts."""
    if not settings.panel.is_wired:
        yield None
        return
    from tympan.panel.board import Panel  # noqa: PLC0415 — gpiozero takes 0.14 s, and most have no panel

    panel = Panel(service, settings)
    try:
        await panel.open()
        yield panel
    finally:
        await panel.close()


async def _serve_with(
    service: Service,
    panel: Panel | None,
    wishes: Wishes,
    reload: Callable[[], Settings] | None,
    on_listening: Callable[[Listening], Awaitable[None]] | None,
    *,
    unit: Unit,
) -> Settings | None:
    settings = service.system.settings
    await service.start()
    try:
        pages = Pages(service, panel.front if panel is not None else None)
        server = HttpServer(service, settings, pages.answer, [each.socket for each in unit.sockets])
        service.listening = addresses = await server.start()
        if panel is not None:
            await panel.attach()
        start_up_pages = StartUpPages(service, settings.printers)
        announcer = Announcer(service, settings, addresses)
        hotplug = Hotplug(service.devices_changed)
        try:
            listening = _listening(service, addresses)
            for name, uri in listening.printers.items():
                _log.info("printer %s listens at %s", name, uri)
            greeting = (
                asyncio.create_task(_greet(on_listening, listening)) if on_listening is not None else None
            )
            announcer.start()
            start_up_pages.start()
            hotplug.start()
            service.devices_changed()  # what was plugged in before it listened
            unit.serves(service)
            changed = await _wait_for_change(wishes, settings, reload, unit)
            if greeting is not None:
                greeting.cancel()
                await asyncio.gather(greeting, return_exceptions=True)
            if changed is None or not await _drained(service, wishes):
                unit.stopping()
                return None
            return changed
        finally:
            start_up_pages.stop()
            hotplug.stop()
            unit.leaves()
            await announcer.stop()
            service.stopping()
            pages.close()
            await server.close()
    finally:
        await service.close()


async def _drained(service: Service, wishes: Wishes) -> bool:
    """Let what is printing come to its end before a reload; False where it was told to stop meanwhile."""
    draining = asyncio.create_task(service.drain(RELOAD_DRAIN_S))
    later: list[signal.Signals | None] = []
    try:
        while not draining.done():
            wish = asyncio.create_task(wishes.get())
            await asyncio.wait({draining, wish}, return_when=asyncio.FIRST_COMPLETED)
            if not wish.done():
                wish.cancel()
            elif wish.result() in {None, signal.SIGHUP}:
                later.append(wish.result())
            else:
                return False
        return True
    finally:
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
        for each in later:  # the configuration was read before they came
            wishes.put_nowait(each)


async def _wait_for_change(
    wishes: Wishes, settings: Settings, reload: Callable[[], Settings] | None, unit: Unit
) -> Settings | None:
    """Wait for a signal to stop (None), or for one to reload that brings other settings."""
    while True:
        number = await wishes.get()
        if number not in {None, signal.SIGHUP}:
            return None
        unit.reloading()
        problem = ""
        try:
            changed = await asyncio.to_thread(_reloaded, settings, reload)
        except ConfigError as error:
            _log.error("the configuration is not reloaded: %s", error)
            changed, problem = None, str(error)
        if changed is not None or number is None:
            unit.changes()
            return changed or settings
        unit.kept(problem)


def _reloaded(settings: Settings, reload: Callable[[], Settings] | None) -> Settings | None:
    """The settings read anew; None where they are the same: then what runs goes on.

    Raises:
        ConfigError: They have a mistake.
    """
    if reload is None:
        return None
    read = reload()
    if read == settings:
        _log.info("the configuration has not changed")
        return None
    _log.info("the configuration is reloaded")
    return read


async def _greet(greet: Callable[[Listening], Awaitable[None]], listening: Listening) -> None:
    try:
        await greet(listening)
    except Exception:  # noqa: BLE001 — a greeting is not worth the service
        _log.exception("the greeting failed")


def _listening(service: Service, addresses: list[tuple[str, int]]) -> Listening:
    host, port = next(
        ((host, port) for host, port in addresses if host in {"127.0.0.1", "::1", "0.0.0.0", "::"}),  # noqa: S104
        addresses[0] if addresses else ("localhost", IPP_PORT),
    )
    if host in {"127.0.0.1", "::1", "0.0.0.0", "::"}:  # noqa: S104 — how this machine reaches itself
        host = "localhost"
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Listening(
        addresses=tuple(addresses),
        printers={name: f"ipp://{authority}/ipp/print/{name}" for name in service.printers},
        web=f"http://{authority}/",
    )
