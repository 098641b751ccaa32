"""Work on many jobs in turns, so that everybody else is served meanwhile: the event loop has one thread for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

AT_ONCE: Final = 50
"""How many are worked on before others get their turn: the most that a client lists at a time, and some milliseconds."""

T = TypeVar("T")


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items as they are now, with a pause for others after every `AT_ONCE`."""
    for number, item in enumerate(list(items)):
        if number and not number % AT_ONCE:
            await asyncio.sleep(0)
        yield item
