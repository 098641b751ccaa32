"""How much a serial port may be given now, so that little is under way when the printer says stop.

Sans-IO: what the port says and the time are parameters.

What is *under way* has left this program and is not in the printer: in the kernel's queue, which it counts (TIOCOUTQ), and in
the adapter's own buffer, which it does not. A chip sends as fast as the line's speed and no faster, so the clock says how much of
what was given cannot have left yet.

**DTR/DSR.** A printer takes DTR away while there is still some room in its buffer, and loses what comes when there is none.
An Epson TM-T88III has 128 bytes left (16 with its buffer set to 45 bytes) and ignores what does not fit; matrix printers
of the same make have 256 (Epson TM-T88III technical manual, table 2.1.1; DFX-5000 user's manual, p. 4-19). The kernel does not know
this handshake and USB adapters do not do it for us, so all that is under way still arrives. It is therefore kept to

    window = room - speed * `REACTION_S`

where `room` is what the printer has left (`ROOM_BYTES` unless the URI says ``room=``) and the second term is what goes out between
the printer's move and our seeing it. At 9600 baud and 64 bytes that is 60 bytes, at 38400 it is 48, at 115200 it is 17: always
enough for the line not to run dry between two looks, one each `LOOK_S`.

**RTS/CTS where neither the kernel nor the chip does it** (`tympan_drivers.serial_line.IGNORED_FLOWS`) is the same with another
wire: the window is the same.

**Other handshakes.** The kernel or the chip stops by itself; the queue is kept short all the same (`QUEUE_S`), so that questions
how the printer is do not wait behind seconds of pixels, and that little is in doubt when an adapter is pulled out.
"""

from __future__ import annotations

import math
import sys

ROOM_BYTES = 64
"""The least that a printer is taken to have room for when it says stop."""

ROOM_MIN_BYTES, ROOM_MAX_BYTES = 16, 4096

REACTION_S = 0.004
"""From the printer's move to our seeing it: a millisecond or two for an adapter to report it over USB, as much to be woken up."""

LOOK_S = 0.0005
"""How often DSR or CTS is looked at while there is something to send."""

LAG_S = 0.002
"""How long bytes may take from the kernel into an adapter before the first of them goes out, while the clock already runs."""

WINDOW_MIN_BYTES = 8

QUEUE_S = 0.25
"""How much the kernel is given beyond what it needs at once, where the printer's handshake is done for us."""

QUEUE_MIN_BYTES = 64

ADAPTER_BYTES = 640
"""The most that an adapter's own buffer is taken to hold: a CP2102's. FT232R 128, PL2303 256, a UART 16 to 64."""


def window_bytes(bytes_per_s: float, room: int) -> int:
    """How much may be under way where we do the handshake."""
    return max(WINDOW_MIN_BYTES, int(room - bytes_per_s * REACTION_S))


def room_needed(bytes_per_s: float) -> int:
    """The room that a printer must have left when it says stop, for nothing to be lost at this speed."""
    return WINDOW_MIN_BYTES + int(bytes_per_s * REACTION_S) + 1


class LinePace:
    """What is under way on one port.

    Args:
        bytes_per_s: The line's speed.
        room: Where we do the handshake, what the printer has room for when it takes its line away; None: the kernel or the
            chip does it.
        adapter_bytes: The most that lies where the kernel does not count; 0: all there is has gone when the kernel has
            given it away.
        counted: The kernel counts its queue; False: the clock alone says what is under way.
    """

    def __init__(
        self,
        bytes_per_s: float,
        room: int | None = None,
        adapter_bytes: int = ADAPTER_BYTES,
        *,
        counted: bool = True,
    ) -> None:
        self._rate = bytes_per_s
        self._adapter = adapter_bytes if counted else sys.maxsize
        self._by_clock = room is not None or not counted
        self._close_watch = room is not None
        self._window = (
            max(QUEUE_MIN_BYTES, int(bytes_per_s * QUEUE_S))
            if room is None
            else window_bytes(bytes_per_s, room)
        )
        self._level = 0.0
        self._at = 0.0
        self._queued = 0
        self._moving = True
        self._given = self._at_look = self._since_look = 0
        self._empty_at = float("-inf")

    def look(self, now: float, queued: int, *, moving: bool = True) -> None:
        """Time has passed.

        Args:
            now: The time.
            queued: What the kernel counts.
            moving: The chip sends; False: the printer holds it, as far as that can be seen.
        """
        self._pass(now, moving=moving)
        self._queued = queued
        self._level = min(max(self._level, float(queued)), float(queued + self._adapter))
        self._at_look = math.ceil(self._level + (self._rate * LAG_S if self._adapter else 0.0))
        self._since_look = 0
        if self._level:
            self._empty_at = now + self._level / self._rate
        elif now >= self._empty_at + LAG_S:
            self._given = 0

    def given(self, count: int, now: float) -> None:
        """The port was given bytes.

        Args:
            count: How many.
            now: The time behind that, not the last look's: the machine may have done other things between, and what is
                given later leaves later.
        """
        self._pass(now, moving=self._moving)
        self._level += count
        self._queued += count
        self._given += count
        self._since_look += count
        self._empty_at = now + self._level / self._rate

    def _pass(self, now: float, *, moving: bool) -> None:
        if moving:
            self._level = max(0.0, self._level - self._rate * max(0.0, now - self._at))
        self._at = now
        self._moving = moving

    def emptied(self) -> None:
        """The chip says that it has sent all."""
        self._level = 0.0
        self._given = 0

    @property
    def under_way(self) -> int:
        """Bytes that may not have left yet, as of the last look: what the clock says, and what it may be ahead."""
        return min(self._given, self._at_look + self._since_look)

    def room(self) -> int:
        """How much the port may be given now; 0: look again in `pause_s`."""
        return max(0, self._window - (math.ceil(self._level) if self._by_clock else self._queued))

    @property
    def pause_s(self) -> float:
        """When to look again: often where we do the handshake, else when half of the window has gone."""
        return LOOK_S if self._close_watch else min(max(self._window / 2 / self._rate, 0.001), 0.02)
