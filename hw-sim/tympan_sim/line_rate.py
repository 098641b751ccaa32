"""The speed of a serial line, which a pseudo-terminal has not: so many bytes a second and no more, in small portions.

Time is a parameter.
"""

from __future__ import annotations

BITS_A_BYTE = 10
"""A start bit, eight data bits, a stop bit."""

PORTION_S = 0.005
"""How much of the line is moved at once."""


class LineRate:
    """What a line lets through.

    Args:
        baud: Bits a second.
    """

    def __init__(self, baud: int) -> None:
        self._bytes_per_s = baud / BITS_A_BYTE
        self._portion = max(1.0, self._bytes_per_s * PORTION_S)
        self._credit = self._portion
        self._at = float("-inf")

    def allowance(self, now: float) -> int:
        """How many bytes may pass now; a line that was idle saves up no more than two portions."""
        if now > self._at:
            passed = min(now - self._at, 1.0)
            self._credit = min(self._credit + passed * self._bytes_per_s, 2 * self._portion)
            self._at = now
        return int(self._credit) if self._credit >= self._portion else 0

    def passed(self, count: int) -> None:
        """So many have."""
        self._credit -= count

    def due(self) -> float:
        """When the next portion may pass."""
        return self._at + max(0.0, self._portion - self._credit) / self._bytes_per_s
