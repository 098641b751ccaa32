"""The messages between the service's side of a simulated printer and the process that simulates it.

Owns their form: one letter, a 32-bit length, the payload. Cheap to import; both sides use it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import Enum

PAYLOAD_MAX = 1 << 20
CREDIT_MAX = 131_072
"""Most bytes that may be on their way to the printer: the size of what the two sockets surely hold."""

_HEADER = struct.Struct(">cI")
_NUMBER = struct.Struct(">Q")


class FrameKind(Enum):
    """What a message is.

    To the printer: ``OPEN`` the host opened the device, ``BEGIN`` a job (number), ``DATA``, ``END`` of the job (number),
    ``RESET`` the input buffer. From it: ``CREDIT`` so many more bytes may be sent, ``GRANT`` so many in all from now
    on (the answer to ``OPEN``), ``BACK`` channel bytes, ``FINISHED`` a job (number) is on paper, ``STATE`` of the port.
    """

    OPEN = b"O"
    BEGIN = b"B"
    DATA = b"D"
    END = b"E"
    RESET = b"R"
    CREDIT = b"C"
    GRANT = b"G"
    BACK = b"A"
    FINISHED = b"F"
    STATE = b"S"


PAPER_EMPTY, SELECTED, ERROR, CONNECTED = 1, 2, 4, 8
"""Bits of ``STATE``'s number."""


def frame(kind: FrameKind, payload: bytes | memoryview = b"") -> bytes:
    """Return a message as bytes."""
    return b"".join((_HEADER.pack(kind.value, len(payload)), payload))


def number_frame(kind: FrameKind, number: int) -> bytes:
    """Return a message whose payload is a number."""
    return frame(kind, _NUMBER.pack(number))


def number(payload: bytes) -> int:
    """Return the number of a message.

    Raises:
        ValueError: It is not one.
    """
    if len(payload) != _NUMBER.size:
        raise ValueError(f"a number of {len(payload)} bytes")
    return int(_NUMBER.unpack(payload)[0])


class FrameReader:
    """Takes a stream of bytes apart into messages."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[FrameKind, bytes]]:
        """Yield the messages that are complete.

        Raises:
            ValueError: What came is no message.
        """
        self._pending += data
        position = 0
        try:
            while len(self._pending) - position >= _HEADER.size:
                letter, length = _HEADER.unpack_from(self._pending, position)
                if length > PAYLOAD_MAX:
                    raise ValueError(f"a message of {length} bytes")
                end = position + _HEADER.size + length
                if len(self._pending) < end:
                    break
                payload = bytes(self._pending[position + _HEADER.size : end])
                position = end
                yield FrameKind(letter), payload
        finally:
            del self._pending[:position]
