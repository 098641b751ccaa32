"""The ``compression`` of document data taken off as it arrives, bounded against bombs (RFC 8011 §5.4.32)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from tympan.endpoint.exchange import RefusedError
from tympan.ipp import StatusCode

OUTPUT_BYTES = 256 * 1024
"""The most that one step of decompression gives."""

RATIO_FREE_BYTES = 16 * 1024 * 1024
"""Up to here any ratio is fine: a blank page compresses a thousandfold."""

_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def decompressed(body: AsyncIterator[bytes], compression: str, max_ratio: int) -> AsyncIterator[bytes]:
    """The document's bytes.

    Args:
        body: What arrives.
        compression: ``none``, ``gzip`` or ``deflate`` (with or without the zlib header: clients do both).
        max_ratio: How many times longer than what arrived the document may be, beyond `RATIO_FREE_BYTES`.

    Raises:
        RefusedError: ``client-error-compression-error``: it is not what it says, is cut off, or a bomb.
    """
    if compression == "none":
        async for piece in body:
            yield piece
        return
    engine = zlib.decompressobj(_WINDOW[compression])
    arrived = given = 0
    async for received in body:
        if not arrived and compression == "deflate" and not _has_zlib_header(received):
            engine = zlib.decompressobj(-zlib.MAX_WBITS)
        arrived += len(received)
        waiting = received
        while waiting:
            try:
                piece = engine.decompress(waiting, OUTPUT_BYTES)
            except zlib.error as error:
                raise _refused(f"the document is not {compression} data: {error}") from error
            waiting = engine.unconsumed_tail
            given += len(piece)
            if given > RATIO_FREE_BYTES and given > arrived * max_ratio:
                raise _refused(f"the document grows more than {max_ratio} times when decompressed")
            if piece:
                yield piece
            if engine.eof:
                waiting = engine.unused_data if compression == "gzip" else b""
                if waiting:  # gzip may have several members, RFC 1952 §2.2
                    engine = zlib.decompressobj(_WINDOW[compression])
    if arrived and not engine.eof:
        raise _refused(f"the {compression} data is cut off")


def _has_zlib_header(data: bytes) -> bool:
    return len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0


def _refused(problem: str) -> RefusedError:
    return RefusedError(StatusCode.CLIENT_ERROR_COMPRESSION_ERROR, problem)
