"""A service without sockets, processes and devices: IPP bytes in, IPP bytes out.

What prints is replaced: jobs wait, or end as a test says. Printers, spool, jobs and every operation are the real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tympan.config import (
    FetchSettings,
    LimitSettings,
    NotificationSettings,
    PrinterSettings,
    ServerSettings,
    Settings,
)
from tympan.endpoint import dispatch
from tympan.ipp import Attribute, GroupTag, IppDecodeError, Message, Operation, StatusCode, decode, encode
from tympan.model.job import Job
from tympan.model.printer_control import PrinterControl
from tympan.service import service as service_module
from tympan.service.access import EVERYBODY, Requester, Role
from tympan.service.service import Service

BASE = "ipp://printer.example:631"
RECEIPT = f"{BASE}/ipp/print/receipt"
LASER = f"{BASE}/ipp/print/laser"
SYSTEM = f"{BASE}/ipp/system"

CHARSET = Attribute.charset("attributes-charset", "utf-8")
LANGUAGE = Attribute.language("attributes-natural-language", "en")


OPERATOR = Requester(Role.OPERATOR, "olga", can_prove=True)
ADMINISTRATOR = Requester(Role.ADMINISTRATOR, "adam", can_prove=True, is_local=True)


class NoPool:
    """Renders nothing."""

    def __init__(self, limits: object) -> None:
        self.limits = limits

    async def start_zygote(self) -> None:
        pass

    async def close(self) -> None:
        pass


class StillQueue:
    """A queue in which jobs wait; `take` makes one the printing one."""

    def __init__(self, printer: Any, transport: Any, pool: Any, keeper: Any, memory: Any) -> None:
        self.printer = printer
        self.canceled: list[Job] = []
        self.told: list[str] = []
        self.broken_off: list[Job] = []
        self.woken = 0
        self.memory, self.transport = memory, transport
        _ = pool, keeper

    def start(self) -> None:
        pass

    def wake(self) -> None:
        self.woken += 1

    def cancel(self, job: Job) -> None:
        self.canceled.append(job)

    def interrupt(self) -> None:
        self.told.append("interrupt")

    def let_go(self) -> None:
        self.told.append("let go")

    def restart(self, *, forgets: bool) -> None:
        self.told.append("forget and restart" if forgets else "restart")

    def device_appeared(self) -> None:
        self.told.append("device appeared")

    def break_off(self, job: Job) -> None:
        self.broken_off.append(job)

    async def drain(self) -> None:
        pass

    async def close(self) -> None:
        pass


def settings(
    folder: Path,
    notifications: NotificationSettings | None = None,
    fetch: FetchSettings | None = None,
    **limits: Any,
) -> Settings:
    """A receipt printer, which is the default, and a laser."""
    devices = folder / "devices"
    devices.mkdir(exist_ok=True)
    return Settings(
        server=ServerSettings(state_dir=str(folder / "state"), durability="relaxed"),
        limits=LimitSettings(**{"spool_reserve_bytes": 0, **limits}),
        notifications=notifications or NotificationSettings(),
        fetch=fetch or FetchSettings(),
        printers=(
            PrinterSettings(
                name="receipt",
                device=f"file://{devices}/receipt/",
                driver="escpos",
                profile="generic-80mm",
                default=True,
            ),
            PrinterSettings(
                name="laser", device=f"file://{devices}/laser/", driver="pcl", profile="generic-pcl5e-duplex"
            ),
        ),
    )


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    """A body as it arrives."""
    for piece in data:
        yield piece


class Desk:
    """A service that is asked in bytes and answers in bytes; `requester` is who asks."""

    def __init__(self, runner: asyncio.Runner, service: Service) -> None:
        self.runner = runner
        self.service = service
        self.requester = EVERYBODY

    def raw(self, data: bytes, *document: bytes) -> bytes:
        """What is answered to the octets of a request."""
        try:
            message, end = decode(data)
        except IppDecodeError as error:
            return dispatch.refusal(error)
        assert end == len(data)
        return self.runner.run(
            dispatch.answer(self.service, message, pieces(*document), BASE, self.requester)
        )

    def ask(
        self,
        operation: int,
        uri: str | None = RECEIPT,
        *attributes: Attribute,
        job: tuple[Attribute, ...] | None = None,
        document: bytes = b"",
        version: tuple[int, int] = (2, 0),
        request_id: int = 7,
        head: tuple[Attribute, ...] = (CHARSET, LANGUAGE),
        more: tuple[tuple[int, tuple[Attribute, ...]], ...] = (),
    ) -> Message:
        """The answer to a request: `head`, ``printer-uri``, further operation attributes, job attributes, further groups, document."""
        target = () if uri is None else (Attribute.uri("printer-uri", uri),)
        groups = [(GroupTag.OPERATION, (*head, *target, *attributes))]
        if job is not None:
            groups.append((GroupTag.JOB, job))
        groups += more
        data = encode(Message.of(version, operation, request_id, *groups))
        answered = self.raw(data, *([document] if document else []))
        answer, end = decode(answered)
        assert end == len(answered)
        assert answer.request_id == request_id
        names = [attribute.name for attribute in answer.groups[0].attributes[:2]]
        assert names == ["attributes-charset", "attributes-natural-language"]
        return answer

    def printed(
        self, uri: str = RECEIPT, *attributes: Attribute, document: bytes = b"Hello.\n", **more: Any
    ) -> int:
        """The id of a text that was accepted by Print-Job."""
        plain = Attribute.mime("document-format", "text/plain")
        answer = self.ask(Operation.PRINT_JOB, uri, plain, *attributes, document=document, **more)
        assert answer.code < 0x0100, answer
        job_id = answer.group(GroupTag.JOB).integer("job-id")
        assert job_id is not None
        return job_id

    def job(self, job_id: int) -> Job:
        """A job as the service has it."""
        return next(
            printer.jobs[job_id] for printer in self.service.printers.values() if job_id in printer.jobs
        )

    def empty(self) -> None:
        """Cancel what waits, set the printers going, and let nobody in particular ask."""
        self.requester = EVERYBODY
        for printer in self.service.printers.values():
            printer.current = None
            printer.control = PrinterControl()
            printer.control_changed()
            for job in list(printer.active.values()):
                job.reasons = ()
                self.runner.run(self._cancel(printer, job))

    async def _cancel(self, printer: Any, job: Job) -> None:
        self.service.jobs.cancel(printer, job)


def status(answer: Message) -> StatusCode:
    """The status code of an answer."""
    return StatusCode(answer.code)


def unsupported(answer: Message) -> dict[str, Attribute]:
    """The unsupported attributes group by name."""
    return {attribute.name: attribute for attribute in answer.group(GroupTag.UNSUPPORTED)}


@contextlib.contextmanager
def open_desk(folder: Path, **limits: Any) -> Iterator[Desk]:
    """A desk whose service is closed at the end."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setattr(service_module, "RenderPool", NoPool)
        patch.setattr(service_module, "PrintQueue", StillQueue)
        service = Service(settings(folder, **limits), dispatch.operations_supported())
        runner.run(service.start())
        try:
            yield Desk(runner, service)
        finally:
            runner.run(service.close())
