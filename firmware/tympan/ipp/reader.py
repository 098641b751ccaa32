"""The decoder's front for streams: a message that arrives in pieces, with document data behind it.

Owns the octets of one message until it is complete. Each octet is looked at a bounded number of times, however small
the pieces. Never reads anything itself.
"""

from __future__ import annotations

import struct

from tympan.ipp.decoder import DEFAULT_LIMITS, HEADER_OCTETS, Limits, decode, too_large
from tympan.ipp.errors import IppDecodeError, IppTruncatedError
from tympan.ipp.message import Message
from tympan.ipp.tags import FIRST_VALUE_TAG, GroupTag

_LENGTH = struct.Struct(">H")


class MessageReader:
    """Takes pieces until they hold a message.

    One reader reads one message. After it returned one, or raised, it must not be fed again.

    Args:
        limits: How much the message may hold; the reader never keeps more than ``max_message_octets`` and one piece.
    """

    __slots__ = ("_buffer", "_limits", "_position")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._position = HEADER_OCTETS  # up to here whole attributes and delimiters were seen

    def feed(self, chunk: bytes | bytearray | memoryview) -> tuple[Message, bytes] | None:
        """Take the next piece.

        Args:
            chunk: Any number of octets.

        Returns:
            None where more is needed; else the message and the octets behind it, with which document data begins.

        Raises:
            IppDecodeError: The framing is wrong or a limit is passed. It comes as soon as the octets show it.
        """
        buffer = self._buffer
        if not buffer:
            # Nearly always the message is in the first piece.
            try:
                message, end = decode(chunk, self._limits)
            except IppTruncatedError:
                pass
            else:
                return message, bytes(chunk[end:])
        buffer += chunk
        if self._scan():
            end = self._position
            message, _ = decode(memoryview(buffer)[:end], self._limits)
            return message, bytes(memoryview(buffer)[end:])
        if len(buffer) >= self._limits.max_message_octets:
            raise self._judged(
                too_large(
                    f"the message is longer than {self._limits.max_message_octets} octets",
                    offset=self._limits.max_message_octets,
                )
            )
        return None

    def close(self) -> None:
        """Say that no piece will follow.

        Raises:
            IppTruncatedError: The message is not complete.
        """
        raise self._judged(IppTruncatedError("the message is not complete", offset=len(self._buffer)))

    def _scan(self) -> bool:
        """Step over whole attributes and delimiters from where the last call stopped; whether the end was found."""
        buffer = self._buffer
        size = len(buffer)
        limits = self._limits
        position = self._position
        while position < size:
            tag = buffer[position]
            if tag < FIRST_VALUE_TAG:
                if tag == 0:
                    decode(buffer, limits)  # raises
                position += 1
                if tag == GroupTag.END:
                    self._position = position
                    return True
                continue
            if position + 3 > size:
                break
            (name_length,) = _LENGTH.unpack_from(buffer, position + 1)
            value_at = position + 3 + name_length
            if name_length > limits.max_name_octets:
                decode(buffer, limits)  # raises
            if value_at + 2 > size:
                break
            (value_length,) = _LENGTH.unpack_from(buffer, value_at)
            if value_length > limits.max_value_octets:
                decode(buffer, limits)  # raises
            end = value_at + 2 + value_length
            if end > size:
                break
            position = end
        self._position = position
        return False

    def _judged(self, error: IppDecodeError) -> IppDecodeError:
        """The error with what the message's header says; or the error that the octets so far already make."""
        try:
            decode(self._buffer, self._limits)
        except IppTruncatedError as truncated:
            error.version, error.code, error.request_id = (
                truncated.version,
                truncated.code,
                truncated.request_id,
            )
        except IppDecodeError as other:
            return other
        return error
