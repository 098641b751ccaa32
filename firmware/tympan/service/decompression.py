"""The ``compression`` of document data taken off as it arrives, bounded against bombs (RFC 8011 §5.4.32)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from tympan.errors import SpoolError

OUTPUT_BYTES = 256 * 1024
"""The most that one step of decompression gives."""

RATIO_FREE_BYTES = 16 * 1024 * 1024
"""Up to here any ratio is fine: a blank page compresses a thousandfold."""

HEADER_BYTES = 2
"""How much of ``deflate`` tells whether it has the zlib header."""


class CompressionError(SpoolError):
    """Document data is not what its ``compression`` says, is cut off, or a bomb.

    Attributes:
        reason: The ``job-state-reasons`` keyword for it.
    """

    reason = "compression-error"


async def decompressed(body: AsyncIterator[bytes], compression: str, max_ratio: int) -> AsyncIterator[bytes]:
    """The document's bytes.

    Args:
        body: What arrives.
        compression: ``none``, ``gzip`` or ``deflate`` (with or without the zlib header: clients do both).
        max_ratio: How many times longer than what arrived the document may be, beyond `RATIO_FREE_BYTES`.

    Raises:
        CompressionError: It is not what it says, is cut off, or a bomb.
    """
    if compression == "none":
        async for piece in body:
            yield piece
        return
    inflater = _Inflater(compression, max_ratio)
    async for received in body:
        for piece in inflater.feed(received):
            yield piece
    inflater.finish()


class _Inflater:
    def __init__(self, compression: str, max_ratio: int) -> None:
        self._compression = compression
        self._max_ratio = max_ratio
        self._engine: zlib._Decompress | None = None
        self._head = b""
        self._arrived = self._given = 0

    def feed(self, received: bytes) -> Iterator[bytes]:
        """What comes out of the next bytes, a step at a time."""
        self._arrived += len(received)
        if self._engine is None:
            self._head += received
            if len(self._head) < HEADER_BYTES:
                return
            received, self._head = self._head, b""
            self._engine = self._begin(received)
        while received:
            try:
                piece = self._engine.decompress(received, OUTPUT_BYTES)
            except zlib.error as error:
                raise CompressionError(f"the document is not {self._compression} data: {error}") from error
            self._judge(len(piece))
            if piece:
                yield piece
            received = self._engine.unconsumed_tail
            if self._engine.eof:
                received = self._engine.unused_data if self._compression == "gzip" else b""
                if received:  # gzip may have several members, RFC 1952 §2.2
                    self._engine = self._begin(received)

    def finish(self) -> None:
        """All has arrived."""
        if self._arrived and (self._engine is None or not self._engine.eof):
            raise CompressionError(f"the {self._compression} data is cut off")

    def _begin(self, head: bytes) -> zlib._Decompress:
        if self._compression == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # RFC 1950 §2.2: the method is 8, and the two bytes are a multiple of 31.
        has_header = head[0] & 0x0F == 8 and int.from_bytes(head[:HEADER_BYTES], "big") % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)

    def _judge(self, more: int) -> None:
        self._given += more
        if self._given > RATIO_FREE_BYTES and self._given > self._arrived * self._max_ratio:
            raise CompressionError(f"the document grows more than {self._max_ratio} times when decompressed")
