"""A serial line and the printer at its end, as physics has them: what time does to bytes.

Host's kernel queue → the adapter's own buffer, which nobody can ask about → the wire, at its speed and no faster → the printer's
buffer, which printing empties. The printer takes its DTR away while it has some room left; what comes when it has none is
lost. The host sees the change a little later. Nothing of the driver's is used here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STEP_S = 0.0001


@dataclass
class SerialPhysics:
    """The world on the other side of a port.

    Attributes:
        bytes_per_s: What the wire carries.
        chip_bytes: The adapter's own buffer.
        buffer_bytes: The printer's.
        stop_bytes: The printer is busy when it has room for so many.
        go_bytes: And ready again when it has room for so many.
        print_bytes_per_s: What printing takes from the buffer.
        report_s: How late the host sees the printer's line.
        carry_s: How long bytes take from the host's queue into an adapter: USB's frames.
    """

    bytes_per_s: float
    chip_bytes: int = 16
    buffer_bytes: int = 4096
    stop_bytes: int = 128
    go_bytes: int = 256
    print_bytes_per_s: float = 1e9
    report_s: float = 0.002
    carry_s: float = 0.0
    queue: bytearray = field(default_factory=bytearray)
    chip: bytearray = field(default_factory=bytearray)
    arrived: bytearray = field(default_factory=bytearray)
    lost: int = 0
    stops: int = 0
    _in_buffer: float = 0.0
    _on_wire: float = 0.0
    _now: float = 0.0
    _there: int = 0
    _carried: list[tuple[float, int]] = field(default_factory=list)
    _ready: bool = True
    _seen: list[tuple[float, bool]] = field(default_factory=lambda: [(-1.0, True)])

    def give(self, data: bytes | memoryview) -> None:
        """The host's kernel gets bytes."""
        if data:
            self.queue += data
            self._carried.append((self._now + self.carry_s, len(data)))

    def advance(self, now: float) -> None:
        """Let time pass."""
        while self._now + STEP_S <= now:
            self._now += STEP_S
            self._step()

    def _step(self) -> None:
        while self._carried and self._carried[0][0] <= self._now:
            self._there += self._carried.pop(0)[1]
        moved = min(self.chip_bytes - len(self.chip), self._there)
        self.chip += self.queue[:moved]
        del self.queue[:moved]
        self._there -= moved
        self._on_wire = self._on_wire + self.bytes_per_s * STEP_S if self.chip else 0.0
        for byte in self.chip[: int(self._on_wire)]:
            if self._in_buffer + 1 > self.buffer_bytes:
                self.lost += 1
            else:
                self._in_buffer += 1
                self.arrived.append(byte)
        del self.chip[: int(self._on_wire)]
        self._on_wire -= int(self._on_wire)
        self._in_buffer = max(0.0, self._in_buffer - self.print_bytes_per_s * STEP_S)
        free = self.buffer_bytes - self._in_buffer
        ready = free >= self.go_bytes if not self._ready else free > self.stop_bytes
        if ready != self._ready:
            self._ready = ready
            self.stops += not ready
            self._seen.append((self._now + self.report_s, ready))

    def data_set_ready(self) -> bool:
        """DSR, as the host sees it now."""
        while len(self._seen) > 1 and self._seen[1][0] <= self._now:
            del self._seen[0]
        return self._seen[0][1]

    def pull_out(self) -> None:
        """The adapter is pulled out: what is under way is lost."""
        self.queue.clear()
        self.chip.clear()
        self._carried.clear()
        self._there = 0

    @property
    def under_way(self) -> int:
        """What has not reached the printer."""
        return len(self.queue) + len(self.chip)
