"""What the service asks of a render worker: plain data that crosses to another process."""

from __future__ import annotations

import msgspec

from tympan.driver.ticket import JobTicket, TicketChange

MAX_REQUEST_BYTES = 128 * 1024
"""The longest request; a ticket has some hundred octets, its page ranges may have more."""

MAX_DOCUMENTS = 120
"""Documents of one request: each takes up to two descriptors, and Linux passes at most 253 in a message."""


class DocumentSpec(msgspec.Struct, frozen=True):
    """One document of a request.

    Attributes:
        format: MIME type.
        size: Bytes, -1 while it is still arriving.
        number: ``document-number``; 0 where nobody asks.
        change: What it has otherwise than the job.
    """

    format: str
    size: int
    number: int = 0
    change: TicketChange | None = None


class RenderRequest(msgspec.Struct, frozen=True):
    """One job to render.

    Attributes:
        driver: Name of the driver.
        profile: The driver's profile.
        ticket: What the job asks for.
        documents: In the order they are printed.
        stall_cpu_s: Processor time the worker may use without giving any output.
        max_pages: The most sides the job may have, copies not counted.
    """

    driver: str
    profile: str
    ticket: JobTicket
    documents: tuple[DocumentSpec, ...]
    stall_cpu_s: int = 120
    max_pages: int = 10_000


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(RenderRequest)


def encode_request(request: RenderRequest) -> bytes:
    """The request as bytes."""
    return _encoder.encode(request)


def decode_request(data: bytes) -> RenderRequest:
    """A request from bytes.

    Raises:
        ValueError: They are none.
    """
    return _decoder.decode(data)
