"""The application: puts the parts together, runs them until told to stop, and takes them apart in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tympan.config import Settings
from tympan.endpoint.dispatch import operations_supported
from tympan.endpoint.http_server import HttpServer
from tympan.service.service import Service
from tympan.web.pages import Pages

_log = logging.getLogger(__name__)

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
    """Lines that the journal reads the priority of, ``sd-daemon(3)``."""

    def format(self, record: logging.LogRecord) -> str:
        return f"<{_LEVELS.get(record.levelname.lower(), 6)}>{super().format(record)}"


def set_up_logging(level: str) -> None:
    """Log to standard error: with priorities where the journal reads it, with times where a person does."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def run(settings: Settings, *, on_listening: Callable[[Listening], Awaitable[None]] | None = None) -> None:
    """Run the service until SIGTERM or SIGINT.

    Args:
        settings: What to run.
        on_listening: Called once clients can connect; it may print by itself like any client.

    Raises:
        ConfigError: The settings name what does not exist.
        SpoolError: The state directory cannot be used.
        OSError: An address cannot be listened on.
    """
    set_up_logging(settings.log.level)
    try:
        import uvloop  # noqa: PLC0415 — optional: there is no wheel for armv7l

        loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    except ImportError:
        loop_factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(serve(settings, on_listening=on_listening))


async def serve(
    settings: Settings, *, on_listening: Callable[[Listening], Awaitable[None]] | None = None
) -> None:
    """What `run` runs, on the loop that is there."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(settings, operations_supported())
    await service.start()
    try:
        server = HttpServer(service, settings.server, settings.limits, Pages(service).answer)
        addresses = await server.start()
        try:
            listening = _listening(service, addresses)
            for name, uri in listening.printers.items():
                _log.info("printer %s listens at %s", name, uri)
            greeting = (
                asyncio.create_task(_greet(on_listening, listening)) if on_listening is not None else None
            )
            await stop.wait()
            if greeting is not None:
                greeting.cancel()
                await asyncio.gather(greeting, return_exceptions=True)
        finally:
            await server.close()
    finally:
        await service.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(RuntimeError):
                loop.remove_signal_handler(number)


async def _greet(greet: Callable[[Listening], Awaitable[None]], listening: Listening) -> None:
    try:
        await greet(listening)
    except Exception:
        _log.exception("the greeting failed")


def _listening(service: Service, addresses: list[tuple[str, int]]) -> Listening:
    host, port = next(
        ((host, port) for host, port in addresses if host in {"127.0.0.1", "::1", "0.0.0.0", "::"}),  # noqa: S104
        addresses[0],
    )
    if host in {"127.0.0.1", "::1", "0.0.0.0", "::"}:  # noqa: S104 — how this machine reaches itself
        host = "localhost"
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Listening(
        addresses=tuple(addresses),
        printers={name: f"ipp://{authority}/ipp/print/{name}" for name in service.printers},
        web=f"http://{authority}/",
    )
