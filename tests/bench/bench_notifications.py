"""How soon a printer event reaches clients that wait for it, and what a million subscriptions asked for cost."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import ipp_bytes
from bench_requests import CONFIG
from ipp_client import ask
from ipp_load import http_post, load, read_answer
from processes import Cupsd, Tympan, cpu_s, pss_bytes
from table import Table

CREATE_PRINTER_SUBSCRIPTIONS, GET_NOTIFICATIONS = 0x16, 0x1C
PAUSE_PRINTER, RESUME_PRINTER = 0x10, 0x11
SUBSCRIPTION = 6

EVENTS = 200
WAITERS = 50
"""Clients that wait at the same time; each has a subscription of its own."""

ASKED_FOR = 1_000_000
A_REQUEST = 2_000
"""Subscriptions asked for in one request: about as many as a request may have attributes for."""

PULL = ipp_bytes.attribute(ipp_bytes.KEYWORD, "notify-pull-method", "ippget")
STATE = ipp_bytes.attribute(ipp_bytes.KEYWORD, "notify-events", "printer-state-changed")


def user() -> bytes:
    return ipp_bytes.attribute(ipp_bytes.NAME, "requesting-user-name", "bench")


def subscribing(uri: str, groups: int = 1) -> bytes:
    """Create-Printer-Subscriptions."""
    body = ipp_bytes.request(CREATE_PRINTER_SUBSCRIPTIONS, uri, user())
    return body[:-1] + (bytes((SUBSCRIPTION,)) + PULL + STATE) * groups + body[-1:]


def waiting(uri: str, number: int, first: int) -> bytes:
    """Get-Notifications with the wait."""
    return ipp_bytes.request(
        GET_NOTIFICATIONS, uri, user(),
        ipp_bytes.attribute(ipp_bytes.INTEGER, "notify-subscription-ids", number),
        ipp_bytes.attribute(ipp_bytes.INTEGER, "notify-sequence-numbers", first),
        ipp_bytes.attribute(ipp_bytes.BOOLEAN, "notify-wait", True),
    )  # fmt: skip


def numbers_of(answer: bytes) -> list[int]:
    """The subscriptions that were made."""
    return [
        int.from_bytes(octets, "big")
        for _, name, _, octets in ipp_bytes.values_of(answer)
        if name == "notify-subscription-id"
    ]


async def delays(
    service: Tympan, uri: str, subscriptions: list[int], events: int
) -> tuple[list[float], list[float]]:
    """Seconds from the moment an operator sends Pause- or Resume-Printer until each waiting client has its event.

    The second list has what the machine is late by itself: how much longer than asked for this process slept.
    """
    clients = [await asyncio.open_connection("127.0.0.1", service.port, limit=2**20) for _ in subscriptions]
    operator = await asyncio.open_unix_connection(str(service.socket))
    measured: list[float] = []
    late: list[float] = []
    next_number = dict.fromkeys(subscriptions, 1)

    async def one(number: int, client: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> float:
        reader, writer = client
        writer.write(http_post("/ipp/print", service.port, waiting(uri, number, next_number[number])))
        answer = await read_answer(reader)
        arrived = time.monotonic()
        given = [
            int.from_bytes(octets, "big")
            for _, name, _, octets in ipp_bytes.values_of(answer)
            if name == "notify-sequence-number"
        ]
        assert len(given) == 1, given
        next_number[number] = given[0] + 1
        return arrived

    for turn in range(events):
        tasks = [
            asyncio.create_task(one(number, client))
            for number, client in zip(subscriptions, clients, strict=True)
        ]
        pause_s = 0.03 if len(clients) == 1 else 0.1
        slept = time.monotonic()
        await asyncio.sleep(pause_s)
        late.append(time.monotonic() - slept - pause_s)
        assert not any(task.done() for task in tasks)
        began = time.monotonic()
        operation = RESUME_PRINTER if turn % 2 else PAUSE_PRINTER
        operator[1].write(http_post("/ipp/print", service.port, ipp_bytes.request(operation, uri)))
        measured += [arrived - began for arrived in await asyncio.gather(*tasks)]
        assert ipp_bytes.status_of(await read_answer(operator[0])) == 0
    for _, writer in (*clients, operator):
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return measured, late


def interval_of_cupsd() -> str:
    """What cupsd tells a client that would wait."""
    with Cupsd() as cupsd:
        cupsd.command("lpadmin", "-p", "raw", "-E", "-v", "file:///dev/null", "-m", "raw")
        uri = f"ipp://localhost:{cupsd.port}/printers/raw"
        made = ask(cupsd, subscribing(uri), "/printers/raw")  # type: ignore[arg-type]  # it has a port, which is all
        numbers = numbers_of(made)
        if not numbers:
            return "cupsd: refused"
        answer = ask(cupsd, waiting(uri, numbers[0], 1), "/printers/raw")  # type: ignore[arg-type]
        interval = ipp_bytes.integer_of(answer, "notify-get-interval")
        return f"cupsd: no wait, ask again in {interval} s"


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


def measure(table: Table) -> None:
    """Fill the table."""
    folder = Path(tempfile.mkdtemp(prefix="tympan-bench-"))
    peer = interval_of_cupsd()
    with Tympan(folder / "tympan", CONFIG) as service:
        uri = service.uri("receipt")
        numbers = numbers_of(ask(service, subscribing(uri, WAITERS)))
        alone, late = asyncio.run(delays(service, uri, numbers[:1], EVENTS))
    with Tympan(folder / "many", CONFIG) as service:
        uri = service.uri("receipt")
        numbers = numbers_of(ask(service, subscribing(uri, WAITERS)))
        many, _ = asyncio.run(delays(service, uri, numbers, EVENTS // 10))
    with Tympan(folder / "flood", CONFIG) as service:
        uri = service.uri("receipt")
        body = subscribing(uri, A_REQUEST)
        ask(service, body)  # the last that are granted
        asyncio.run(
            load(service.port, "/ipp/print", lambda _: body, 40, 4)
        )  # what such requests take at a time
        memory, cpu, began = pss_bytes(service.pid), cpu_s(service.pid), time.monotonic()
        flood = asyncio.run(load(service.port, "/ipp/print", lambda _: body, ASKED_FOR // A_REQUEST, 4))
        wall_s = time.monotonic() - began
        used_s = cpu_s(service.pid) - cpu
        grown = pss_bytes(service.pid) - memory
    assert flood.refused == ASKED_FOR // A_REQUEST, (flood.answered, flood.refused, flood.broken)
    table.add(
        "A printer event to a client that waits, p50",
        statistics.median(alone) * 1e3,
        "ms",
        peer=peer,
        budget=50,
    )
    idle = f"the machine's own delay {_p99(late) * 1e3:.3g} ms"
    table.add("  p99", _p99(alone) * 1e3, "ms", peer=idle, budget=50)
    last = [max(many[turn : turn + WAITERS]) for turn in range(0, len(many), WAITERS)]
    table.add(
        f"  to the last of {WAITERS} clients that wait, p50", statistics.median(last) * 1e3, "ms", budget=50
    )
    table.add("A million subscriptions asked for: CPU for each refused", used_s / ASKED_FOR * 1e6, "µs")
    table.add("  seconds for all", wall_s, "s")
    table.add("  memory grown", grown / 2**20, "MiB", budget=8)
    shutil.rmtree(folder, ignore_errors=True)
