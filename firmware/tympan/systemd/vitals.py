"""What has to move for the service to be well, besides its event loop: the spool's writer, and the threads of the devices.

It lives on the event loop: that it is asked at all and answers is the loop's own sign of life.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from tympan.errors import SpoolError

SPOOL_PATIENCE_S: Final = 60.0
"""A worn SD card may take long for one write; a writer that takes longer than this does not come back."""

LINK_PATIENCE_S: Final = 60.0
"""How far a call on a device may exceed the time limit it was given. Every call has one, so a device that is slow or away exceeds none; a
machine that is just starting may, and must not be started anew for that again and again."""


class Watched(Protocol):
    """What of the service is looked at."""

    def confirm_spool(self) -> Awaitable[None]:
        """Come back when the spool's writer has answered."""
        ...

    def stuck_links(self, now: float) -> Mapping[str, float]:
        """Device URIs of links that do not come back from a call, and for how many seconds beyond its limit; `now` is monotonic."""
        ...


class Vitals:
    """Finds out what hangs."""

    def __init__(self) -> None:
        self._watched: Watched | None = None
        self._question: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    def watch(self, watched: Watched | None) -> None:
        """Look at this service from now on; None: at none, while it starts or ends."""
        self._watched = watched
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def examine(self, now: float) -> tuple[str, ...]:
        """Sentences on what hangs; empty where all is well.

        Args:
            now: Monotonic time, seconds.
        """
        if self._watched is None:
            return ()
        hung = [
            f"the link to {uri} has been stuck for {seconds:.0f} s"
            if seconds < math.inf
            else f"the thread of the link to {uri} has ended"
            for uri, seconds in self._watched.stuck_links(now).items()
            if seconds > LINK_PATIENCE_S
        ]
        if self._question is None or self._question.done():
            self._question = asyncio.ensure_future(_answered(self._watched.confirm_spool))
            self._asked_at = now
        elif now - self._asked_at > SPOOL_PATIENCE_S:
            hung.append(f"the spool has written nothing for {now - self._asked_at:.0f} s")
        return tuple(hung)


async def _answered(confirm: Callable[[], Awaitable[None]]) -> None:
    """An answer that the disk is full is one too."""
    with contextlib.suppress(SpoolError):
        await confirm()
