"""A whole service in this process that prints on the lanes of the fault matrix, and says how each printer and job is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from fault_lanes import Lane

from tympan.config import LimitSettings, PrinterSettings, ServerSettings, Settings
from tympan.endpoint import dispatch
from tympan.ipp import Attribute, GroupTag, Message, Operation, decode, encode
from tympan.ipp.enums import JobState
from tympan.service.access import EVERYBODY
from tympan.service.service import Service

POLL_S = 0.05
BASE = "ipp://printer.example:631"

MEDIA = "iso_dl_110x220mm"
"""Small sheets: a laser's page is made and judged in less time."""

COPY_EACH_CUT = Attribute.enum("finishings", 60)
"""trim-after-pages, PWG 5100.1."""


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


class FaultService:
    """The service and who watches its printers.

    Args:
        folder: For its state.
        lanes: Its printers' devices.
    """

    def __init__(self, folder: Path, lanes: Sequence[Lane]) -> None:
        printers = tuple(
            PrinterSettings(
                name=lane.name,
                device=lane.uri,
                driver=lane.kind.driver,
                profile=lane.kind.profile,
                default=not place,
                media_ready={"main": MEDIA} if lane.kind.language == "PCL" else {},
            )
            for place, lane in enumerate(lanes)
        )
        self.service = Service(
            Settings(
                server=ServerSettings(state_dir=str(folder), durability="relaxed"),
                limits=LimitSettings(spool_reserve_bytes=0),
                printers=printers,
            ),
            dispatch.operations_supported(),
        )
        self._watching: asyncio.Task[None] | None = None
        self._said: dict[str, list[tuple[float, tuple[str, ...]]]] = {lane.name: [] for lane in lanes}

    async def start(self) -> None:
        """Start it, and begin to watch."""
        await self.service.start()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """End it."""
        if self._watching is not None:
            self._watching.cancel()
        await self.service.close()

    async def _watch(self) -> None:
        while True:
            now = time.monotonic()
            for name, said in self._said.items():
                reasons = self.service.printers[name].reasons
                if not said or said[-1][1] != reasons:
                    said.append((now, reasons))
            await asyncio.sleep(POLL_S)

    def said(self, lane: Lane, since: float) -> list[tuple[float, tuple[str, ...]]]:
        """``printer-state-reasons`` and when they were first seen, those that were true at `since` before all."""
        said = self._said[lane.name]
        earlier = [each for each in said if each[0] < since]
        return earlier[-1:] + [each for each in said if each[0] >= since]

    def reasons(self, lane: Lane) -> tuple[str, ...]:
        """``printer-state-reasons`` now."""
        return self.service.printers[lane.name].reasons

    async def submit(self, lane: Lane, document: bytes) -> int:
        """Print-Job; returns the job's number."""
        wishes = [Attribute.keyword("print-scaling", "none")]
        if lane.kind.language == "PCL":
            wishes += [
                Attribute.keyword("media", MEDIA),
                Attribute.dots_per_inch("printer-resolution", (300, 300)),
            ]
        else:
            wishes.append(COPY_EACH_CUT)
        if lane.kind.sides:
            wishes.append(Attribute.keyword("sides", lane.kind.sides))
        request = Message.of(
            (2, 0),
            Operation.PRINT_JOB,
            1,
            (
                GroupTag.OPERATION,
                (
                    Attribute.charset("attributes-charset", "utf-8"),
                    Attribute.language("attributes-natural-language", "en"),
                    Attribute.uri("printer-uri", f"{BASE}/ipp/print/{lane.name}"),
                    Attribute.mime("document-format", "application/pdf"),
                ),
            ),
            (GroupTag.JOB, tuple(wishes)),
        )
        message, _ = decode(encode(request))
        answered = await dispatch.answer(self.service, message, _pieces(document), BASE, EVERYBODY)
        answer, _ = decode(answered)
        assert answer.code == 0, answer
        job_id = answer.group(GroupTag.JOB).integer("job-id")
        assert job_id is not None
        return job_id

    def state(self, lane: Lane, job_id: int) -> tuple[JobState, str]:
        """How a job is, and what it says."""
        job = self.service.printers[lane.name].jobs[job_id]
        return job.state, f"{', '.join(job.reasons)}: {job.message}"

    async def cancel(self, lane: Lane, job_id: int) -> None:
        """End a job that does not end by itself."""
        printer = self.service.printers[lane.name]
        self.service.jobs.cancel(printer, printer.jobs[job_id])
