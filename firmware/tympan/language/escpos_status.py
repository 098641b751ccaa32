"""What an ESC/POS printer sends back, as bytes (Epson's command reference; Citizen's *Identification of Send Status*).

Owns the layout of every reply and how they are told apart in a stream: replies to different commands interleave, bytes are
lost or wrong on a serial line, and XON and XOFF stand anywhere among them. Each kind has bits that never change::

    DLE EOT                     0xx1xx10
    ASB, first byte             0xx1xx00      and three bytes 0xx0xxxx right behind it
    GS r, GS I 1 to 3           0xx0xxxx
    GS I 65 to 69               5F ... 00     printable text between
    GS ( H function 48          37 22 d1 d2 d3 d4 00
    XON, XOFF                   11, 13

What belongs to what was asked, and what follows of it, is a dialogue's business.
"""

from __future__ import annotations

from dataclasses import dataclass

XON, XOFF = 0x11, 0x13

TEXT_HEADER, RESPONSE_HEADER = 0x5F, 0x37
PROCESS_ID = 0x22
"""Identifier of the response to ``GS ( H`` function 48."""

TEXT_MAX = 80
"""Characters of a ``GS I`` text at most: a longer one is none."""

PROCESS_ID_ALPHABET = b"1359;?QUWY[]quwy{}"
"""What the process ids that are asked for consist of: bytes 0xx1xxx1 that head nothing.

A process id may be anything printable. Made of these alone, none of its bytes looks like a status, so that a response that
lost its head, or its tail, is never taken for one.
"""


@dataclass(frozen=True, slots=True)
class RealtimeStatus:
    """An answer to ``DLE EOT``; to which of the four, only the order tells."""

    value: int


@dataclass(frozen=True, slots=True)
class AutomaticStatus:
    """The four bytes of automatic status back (``GS a``)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class QueuedStatus:
    """An answer to ``GS r``, or to ``GS I`` 1 to 3."""

    value: int


@dataclass(frozen=True, slots=True)
class PrinterText:
    """An answer to ``GS I`` 65 to 69."""

    text: str


@dataclass(frozen=True, slots=True)
class ProcessId:
    """All before a ``GS ( H`` function 48 has been printed."""

    process_id: bytes


Reply = RealtimeStatus | AutomaticStatus | QueuedStatus | PrinterText | ProcessId


class ReplyParser:
    """Takes a stream of replies apart; any bytes are taken, and what makes no sense is dropped."""

    def __init__(self) -> None:
        self._frame = bytearray()

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that end in `data`, which may begin and end anywhere."""
        replies: list[Reply] = []
        for value in data:
            if value in {XON, XOFF}:
                continue
            reply = self._take(value)
            if reply is not None:
                replies.append(reply)
        return replies

    def _take(self, value: int) -> Reply | None:
        if self._frame:
            if self._fits(value):
                self._frame.append(value)
                return self._complete()
            # Bytes were lost. What is there of the frame says nothing, but this byte may be the first of another reply.
            self._frame.clear()
        if is_realtime_status(value):
            return RealtimeStatus(value)
        if is_queued_status(value):
            return QueuedStatus(value)
        if value & 0x93 == 0x10 or value in {TEXT_HEADER, RESPONSE_HEADER}:
            self._frame.append(value)
        return None

    def _fits(self, value: int) -> bool:
        frame, length = self._frame, len(self._frame)
        if frame[0] == TEXT_HEADER:
            return value == 0 or (0x20 <= value <= 0x7E and length <= TEXT_MAX)
        if frame[0] != RESPONSE_HEADER:
            return is_queued_status(value) and (length != 2 or _paper_is_plausible(value))
        if length == 1:
            return value == PROCESS_ID  # no other response is ever asked for
        return 0x20 <= value <= 0x7E if length < 6 else value == 0

    def _complete(self) -> Reply | None:
        """The reply, where the last byte taken is its last."""
        frame = bytes(self._frame)
        if frame[0] == TEXT_HEADER:
            if frame[-1]:
                return None
            self._frame.clear()
            return PrinterText(frame[1:-1].decode("ascii").strip())
        if frame[0] == RESPONSE_HEADER:
            if frame[-1]:
                return None
            self._frame.clear()
            return ProcessId(frame[2:6])
        if len(frame) < 4:
            return None
        self._frame.clear()
        return AutomaticStatus(frame)


def is_realtime_status(value: int) -> bool:
    """Whether a byte can be an answer to ``DLE EOT``."""
    return value & 0x93 == 0x12


def is_queued_status(value: int) -> bool:
    """Whether a byte can be an answer to ``GS r``, or one of the last three of an automatic status."""
    return value & 0x90 == 0


def _paper_is_plausible(value: int) -> bool:
    """Whether both bits of each paper sensor are the same, as the reference has them."""
    return value & 0x03 in {0x00, 0x03} and value & 0x0C in {0x00, 0x0C}


# --- what the sensors say ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sensors:
    """The printer's state as its status says it.

    Attributes:
        offline: It does not print now.
        cover_open: A cover is open.
        feeding: Paper is fed by the printer's own button.
        paper_end: There is no paper.
        paper_near_end: The roll is nearly used up; False also where there is no such sensor.
        recoverable_error: Something mechanical, that ``DLE ENQ`` recovers from.
        cutter_error: The cutter is stuck; ``DLE ENQ`` recovers.
        unrecoverable_error: Only switching off may help.
        automatic_error: One that goes by itself: the head is too hot, or the cover was opened while it printed.
    """

    offline: bool = False
    cover_open: bool = False
    feeding: bool = False
    paper_end: bool = False
    paper_near_end: bool = False
    recoverable_error: bool = False
    cutter_error: bool = False
    unrecoverable_error: bool = False
    automatic_error: bool = False


_ERRORS = (
    ("recoverable_error", 0x04),
    ("cutter_error", 0x08),
    ("unrecoverable_error", 0x20),
    ("automatic_error", 0x40),
)
"""Bits of the error status, the same in ``DLE EOT 3`` and the second byte of the automatic status."""


def automatic_sensors(data: bytes) -> Sensors:
    """What the four bytes of an `AutomaticStatus` say."""
    first, second, third = data[0], data[1], data[2]
    return Sensors(
        offline=bool(first & 0x08),
        cover_open=bool(first & 0x20),
        feeding=bool(first & 0x40),
        paper_near_end=third & 0x03 == 0x03,
        paper_end=third & 0x0C == 0x0C,
        **{name: bool(second & bit) for name, bit in _ERRORS},
    )


def realtime_sensors(printer: int, offline: int, error: int, paper: int) -> Sensors:
    """What the answers to ``DLE EOT`` 1 to 4 say together."""
    return Sensors(
        offline=bool(printer & 0x08),
        cover_open=bool(offline & 0x04),
        feeding=bool(offline & 0x08),
        paper_near_end=paper & 0x0C == 0x0C,
        paper_end=bool(offline & 0x20) or paper & 0x60 == 0x60,
        **{name: bool(error & bit) for name, bit in _ERRORS},
    )


def realtime_is_plausible(printer: int, offline: int, error: int, paper: int) -> bool:
    """Whether four bytes are for certain the answers to ``DLE EOT`` 1 to 4, in this order.

    They are alike, and where one was lost the others are shifted. Then what they say does not fit together: both bits of
    a paper sensor are the same, an error is told of in two of them, and a printer is off line where there is a reason. One
    that is off line for no reason at all may have been switched so at its panel; that is worth asking twice.
    """
    pairs = paper & 0x0C in {0x00, 0x0C} and paper & 0x60 in {0x00, 0x60}
    told_twice = bool(offline & 0x40) == bool(error & 0x6C)
    reason = bool(offline & 0x6C or paper & 0x60)
    return pairs and told_twice and bool(printer & 0x08) == reason
