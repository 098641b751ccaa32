"""What an ESC/POS printer says of itself: the bytes of its status replies, and the requests answered out of turn.

Owns the layout of every status byte. The state itself is the printer's, given as the mapping of
:meth:`tympan_sim.decoder.Decoder.realtime`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tympan_sim.decoder import Action, Reply

Status = Mapping[str, bool]


def _set(status: Status, *bits: tuple[str, int]) -> int:
    return sum(value for name, value in bits if status.get(name, False))


def realtime_status(kind: int, status: Status) -> bytes:
    """Answer ``DLE EOT kind``; every answer has bits 1 and 4 set and bits 0 and 7 clear.

    Args:
        kind: 1 printer, 2 why it is offline, 3 error, 4 paper sensors.
        status: The printer's state.
    """
    fixed = 0x12
    if kind == 1:
        return bytes([fixed | _set(status, ("drawer_high", 0x04), ("offline", 0x08))])
    if kind == 2:
        error = status.get("cutter_error", False) or status.get("overheated", False)
        return bytes(
            [fixed | _set(status, ("cover_open", 0x04), ("paper_out", 0x20)) | (0x40 if error else 0)]
        )
    if kind == 3:
        return bytes([fixed | _set(status, ("cutter_error", 0x08), ("overheated", 0x40))])
    return bytes([fixed | _set(status, ("paper_near_end", 0x0C), ("paper_out", 0x60))])


def queued_status(kind: int, status: Status) -> bytes:
    """Answer ``GS r kind``: 1 paper sensors, 2 drawer."""
    if kind == 1:
        return bytes([_set(status, ("paper_near_end", 0x03), ("paper_out", 0x0C))])
    return bytes([_set(status, ("drawer_high", 0x01))])


def automatic_status(status: Status) -> bytes:
    """The four bytes of automatic status back (``GS a``)."""
    return bytes(
        [
            0x10 | _set(status, ("drawer_high", 0x04), ("offline", 0x08), ("cover_open", 0x20)),
            _set(status, ("cutter_error", 0x08), ("overheated", 0x40)),
            _set(status, ("paper_near_end", 0x03), ("paper_out", 0x0C)),
            0x0F,
        ]
    )


AUTOMATIC_MASKS: Mapping[int, tuple[str, ...]] = {
    0x01: ("drawer_high",),
    0x02: ("offline", "cover_open"),
    0x04: ("cutter_error", "overheated"),
    0x08: ("paper_near_end", "paper_out"),
}
"""Bits of ``GS a n`` and the changes each reports."""


def watched(mask: int, status: Status) -> tuple[bool, ...]:
    """What a change of makes an automatic status go out, under the mask of ``GS a``."""
    return tuple(
        status.get(name, False) for bit, names in AUTOMATIC_MASKS.items() if mask & bit for name in names
    )


_REQUEST = re.compile(
    rb"\x10(?:\x04(?P<status>[\x01-\x04])"
    rb"|\x05(?P<recover>[\x01\x02])"
    rb"|\x14\x01(?P<pin>[\x00\x01])(?P<time>[\x01-\x08])"
    rb"|\x14\x08(?P<clear>\x01\x03\x14\x01\x06\x02\x08))"
)
_LONGEST = 9


class RealtimeScanner:
    """Finds real-time requests in what arrives, wherever they stand.

    The printer looks at each byte as it comes in, inside an image too, before anything is interpreted.
    """

    def __init__(self) -> None:
        self._tail = b""
        self.pulse_enabled = True

    def scan(self, data: bytes, status: Status) -> Iterator[Reply | Action]:
        """Answer the requests in `data`, which may begin and end anywhere."""
        if b"\x10" not in data and not self._tail:
            return
        window = self._tail + data
        end = 0
        for found in _REQUEST.finditer(window):
            end = found.end()
            if (kind := found["status"]) is not None:
                yield Reply(realtime_status(kind[0], status))
            elif (recover := found["recover"]) is not None:
                yield Action("recover", {"clear": recover == b"\x02"})
            elif (pin := found["pin"]) is not None:
                if self.pulse_enabled:
                    yield Action(
                        "drawer",
                        {"pin": 5 if pin[0] else 2, "on_ms": found["time"][0] * 100, "realtime": True},
                    )
            else:
                yield Action("clear")
                yield Reply(b"\x37\x25\x00")
        # What may be the beginning of a request waits for the rest of it.
        start = window.rfind(b"\x10", max(end, len(window) - _LONGEST))
        first = window.find(b"\x10", max(end, len(window) - _LONGEST))
        self._tail = window[first:] if start >= 0 else b""
