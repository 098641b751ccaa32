"""What a printer says, on its way to the host: late, in pieces, garbled, in the wrong place, or not at all.

Sans-IO with time as a parameter. Bounded: a host that never reads loses the oldest, as with a real printer's small buffer.
"""

from __future__ import annotations

import random
from collections import deque

REPLIES_MAX = 4096
"""Bytes the printer keeps to be read."""

PIECE_S = 0.005
"""How long after one piece of a split answer the next one comes."""

_MEMORY = 8


class BackChannel:
    """The way of the bytes to the host.

    Args:
        seed: Of garbage.

    Attributes:
        late_s: How long answers take.
        silent: Answers are lost.
        wrong: What comes is the answer to another question.
        garbling: Bytes of answers that will be changed from here on.
        piece_bytes: Most bytes that come at a time; 0: all there are.
    """

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)  # noqa: S311 — garbage, no secret
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._said: deque[bytes] = deque(maxlen=_MEMORY)
        self._next_piece = 0.0
        self.late_s = 0.0
        self.silent = False
        self.wrong = False
        self.garbling = 0
        self.piece_bytes = 0

    def say(self, data: bytes, now: float) -> None:
        """The printer answers."""
        others = [said for said in self._said if said != data]
        self._said.append(data)
        if self.silent or not data:
            return
        if self.wrong:
            if not others:
                return
            data = self._chance.choice(others)
        if self.garbling:
            hit = min(self.garbling, len(data))
            self.garbling -= hit
            data = bytes(byte ^ self._chance.randint(1, 255) for byte in data[:hit]) + data[hit:]
        self._add(data, now + self.late_s)

    def spit(self, count: int, now: float) -> None:
        """So many random bytes come, unasked."""
        self._add(self._chance.randbytes(count), now)

    def take(self, limit: int, now: float) -> bytes:
        """Up to `limit` bytes of what has arrived."""
        if self.piece_bytes:
            if now < self._next_piece:
                return b""
            limit = min(limit, self.piece_bytes)
        taken = bytearray()
        while self._waiting and len(taken) < limit:
            due, data = self._waiting[0]
            if due > now:
                break
            part = data[: limit - len(taken)]
            taken += part
            if len(part) < len(data):
                self._waiting[0] = (due, data[len(part) :])
            else:
                self._waiting.popleft()
        self._bytes -= len(taken)
        if taken and self.piece_bytes:
            self._next_piece = now + PIECE_S
        return bytes(taken)

    def next_time(self) -> float | None:
        """When there will be something to take, None: nothing is on its way."""
        if not self._waiting:
            return None
        due = self._waiting[0][0]
        return max(due, self._next_piece) if self.piece_bytes else due

    def clear(self) -> None:
        """What was not read is lost."""
        self._waiting.clear()
        self._bytes = 0

    def _add(self, data: bytes, due: float) -> None:
        if self._waiting:
            due = max(due, self._waiting[-1][0])  # it stays in order when the delay ends
        self._waiting.append((due, data))
        self._bytes += len(data)
        while self._bytes > REPLIES_MAX:
            due, oldest = self._waiting.popleft()
            surplus = self._bytes - REPLIES_MAX
            self._bytes -= min(surplus, len(oldest))
            if surplus < len(oldest):
                self._waiting.appendleft((due, oldest[surplus:]))
