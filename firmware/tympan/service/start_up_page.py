"""The start-up page: a printer that has just been switched on says what it is called and where it is, where that is wished for.

Once after each start of the machine, not of the service: a crash costs no paper. It waits for the network, and for the printer to
have a name on it, but not for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tympan.config import PrinterSettings
from tympan.errors import TympanError
from tympan.service.configuration_page import addresses, print_start_up_page
from tympan.spool.store import SetMeta

if TYPE_CHECKING:
    from tympan.service.service import Service

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

NETWORK_S: Final = 60.0
"""How long it waits for an address."""

LOOK_S: Final = 1.0

_META_BOOT: Final = "start-up-page-boot"

_log = logging.getLogger(__name__)


class StartUpPages:
    """Prints the pages of the printers that want one.

    Args:
        service: The service, which has started.
        printers: The configuration of its printers.
    """

    def __init__(self, service: Service, printers: Sequence[PrinterSettings]) -> None:
        self._service = service
        self._names = [printer.name for printer in printers if printer.start_up_page]
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait for the network."""
        if self._names:
            self._task = asyncio.create_task(self._print())

    def stop(self) -> None:
        """Wait no more."""
        if self._task is not None:
            self._task.cancel()

    async def _print(self) -> None:
        boot = _boot_id()
        if boot and self._service.store.meta(_META_BOOT) == boot:
            return
        try:
            async with asyncio.timeout(NETWORK_S):
                while not addresses(self._service):  # noqa: ASYNC110 — nobody tells of addresses
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            _log.info("there is no network; the start-up pages are printed without an address")
        await self._service.store.commit(SetMeta(_META_BOOT, boot))
        for name in self._names:
            printer = self._service.printers.get(name)
            if printer is None:
                continue
            try:
                await print_start_up_page(self._service, printer)
            except TympanError as error:
                _log.warning("printer %s has no start-up page: %s", name, error)


def _boot_id() -> bytes:
    """What names this start of the machine; empty where nobody knows."""
    try:
        return BOOT_ID.read_bytes().strip()
    except OSError:
        return b""
