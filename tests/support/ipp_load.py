"""A load of IPP requests over kept connections on loopback, bounded in count."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from ipp_bytes import status_of


@dataclass
class LoadResult:
    """What came of a load: counts, seconds, and the time of each exchange."""

    answered: int
    refused: int
    broken: int
    wall_s: float
    latencies_s: list[float]


def http_post(path: str, port: int, body: bytes) -> bytes:
    """An HTTP request with an IPP message."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/ipp\r\nContent-Length: {len(body)}\r\n"
        "User-Agent: CUPS/2.4.2 (Linux; x86_64) IPP/2.0\r\n\r\n"
    ).encode() + body


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """One HTTP answer's body, with Content-Length or chunked."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 100 " not in head.split(b"\r\n", 1)[0]:
            break
    if b"content-length:" in head:
        return await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    body = b""
    while True:
        size = int(await reader.readline(), 16)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if not size:
            return body


async def load(
    port: int, path: str, make: Callable[[int], bytes], count: int, connections: int = 16
) -> LoadResult:
    """Send `count` requests, ``make(number)`` each, over `connections` kept connections."""
    numbers = iter(range(1, count + 1))
    result = LoadResult(0, 0, 0, 0.0, [])

    async def one() -> None:
        reader = writer = None
        for number in numbers:
            body = bytearray(make(number))
            struct.pack_into(">i", body, 4, number)
            began = time.perf_counter()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(http_post(path, port, bytes(body)))
                answer = await asyncio.wait_for(read_answer(reader), 60)
            except (OSError, EOFError, ValueError, TimeoutError):
                result.broken += 1
                if writer is not None:
                    writer.close()
                reader = writer = None
                continue
            result.latencies_s.append(time.perf_counter() - began)
            if status_of(answer) < 0x400:
                result.answered += 1
            else:
                result.refused += 1
        if writer is not None:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    result.wall_s = time.perf_counter() - began
    return result
