"""What a reload waits for."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tympan import app


class Service:
    """Drains for ever, or until it is told."""

    def __init__(self):
        self.drained = asyncio.Event()
        self.is_left = False

    async def drain(self, _timeout_s):
        try:
            await self.drained.wait()
        except asyncio.CancelledError:
            self.is_left = True
            raise


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_who_is_told_to_stop_while_a_reload_waits_for_a_job_stops(number):
    service, wishes = Service(), asyncio.Queue()
    draining = asyncio.create_task(app._drained(service, wishes))
    await asyncio.sleep(0)
    wishes.put_nowait(number)
    assert not await asyncio.wait_for(draining, 1)
    assert service.is_left


async def test_another_reload_meanwhile_comes_after_it():
    service, wishes = Service(), asyncio.Queue()
    draining = asyncio.create_task(app._drained(service, wishes))
    for wish in (signal.SIGHUP, None):
        wishes.put_nowait(wish)
    await asyncio.sleep(0.01)
    assert not draining.done()
    service.drained.set()
    assert await asyncio.wait_for(draining, 1)
    assert [wishes.get_nowait() for _ in range(2)] == [signal.SIGHUP, None]
