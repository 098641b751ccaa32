"""Factory reset: everything that operations and jobs have made is forgotten; what the configuration says stays.

Forgotten are jobs, history and documents, printers made by operation, what was set on printers and on the system, what operators
told printers, subscriptions. Kept are the identity (UUIDs, numbers of printers and jobs, certificate), the counters of what was
printed, as any printer keeps them, and the files of the configuration with the passwords in them.

The wish is kept first, and carried out when the service starts anew: a power cut in between changes nothing about it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from tympan.service import counters, printer_registry
from tympan.service.job_control import NotPossibleError
from tympan.spool.store import ForgetAll, SetMeta, Store

if TYPE_CHECKING:
    from tympan.service.service import Service

_META_WISH: Final = "factory-reset"

KEPT: Final = (counters.RECORD, printer_registry.ID_RECORD)
"""The kinds of records that stay."""

_log = logging.getLogger(__name__)


class FactoryReset:
    """Resets a service.

    Args:
        service: The service.
        store: Where it keeps what is to be forgotten.
    """

    def __init__(self, service: Service, store: Store) -> None:
        self._service = service
        self._store = store

    async def begin(self) -> None:
        """Cancel every job and start anew, without what is to be forgotten; returns when it is sure to happen.

        Raises:
            NotPossibleError: Nobody can start this service anew.
            SpoolError: The wish cannot be kept.
        """
        if self._service.on_restart is None:
            raise NotPossibleError("the service cannot be started anew from here")
        await self._store.commit(SetMeta(_META_WISH, b"1"))
        _log.warning("factory reset: all jobs and everything that was set by operation is forgotten")
        for printer in self._service.printers.values():
            printer.control.accepting = False  # what came now would be forgotten
            for job in tuple(printer.active.values()):  # nothing is waited for
                self._service.jobs.cancel(printer, job, "job-canceled-at-device")
        self._service.on_restart()

    async def complete(self) -> None:
        """Forget, where that was wished for before the service started; the store is open, and nobody has read it yet.

        Raises:
            SpoolError: It cannot be done.
        """
        if self._store.meta(_META_WISH):
            await self._store.commit(ForgetAll(KEPT), SetMeta(_META_WISH, b""))
            _log.warning("factory reset: done")
