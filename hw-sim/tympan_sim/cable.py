"""The cable between host and printer: what is lost and changed on it, and how much it takes at a time.

Sans-IO. It sees every byte that the printer takes, in every link, because it is a part of the printer.
"""

from __future__ import annotations

import random


class Cable:
    """The way of the bytes to the printer.

    Args:
        seed: Of what noise makes of bytes.

    Attributes:
        losing: Bytes that will be lost from here on.
        noisy: Bytes that will be changed.
        lost: Bytes lost so far.
        changed: Bytes changed so far.
    """

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)  # noqa: S311 — noise, no secret
        self.losing = 0
        self.noisy = 0
        self.lost = 0
        self.changed = 0

    def carry(self, data: bytes) -> bytes:
        """What arrives of `data`: the first bytes may be lost, the next ones changed, each into another."""
        if self.losing:
            gone = min(self.losing, len(data))
            self.losing -= gone
            self.lost += gone
            data = data[gone:]
        if self.noisy and data:
            hit = min(self.noisy, len(data))
            self.noisy -= hit
            self.changed += hit
            data = bytes(byte ^ self._chance.randint(1, 255) for byte in data[:hit]) + data[hit:]
        return data
