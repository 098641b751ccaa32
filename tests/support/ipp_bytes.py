"""IPP by hand: requests as bytes and a plain reading of answers, made from RFC 8010 and from nothing of the product."""

from __future__ import annotations

import struct

OPERATION, JOB, END, PRINTER, UNSUPPORTED = 1, 2, 3, 4, 5
INTEGER, BOOLEAN, ENUM, KEYWORD, URI, CHARSET, LANGUAGE, MIME, NAME, TEXT = (
    0x21, 0x22, 0x23, 0x44, 0x45, 0x47, 0x48, 0x49, 0x42, 0x41,
)  # fmt: skip

PRINT_JOB, VALIDATE_JOB, CREATE_JOB, SEND_DOCUMENT, CANCEL_JOB = 0x02, 0x04, 0x05, 0x06, 0x08
GET_JOB_ATTRIBUTES, GET_JOBS, GET_PRINTER_ATTRIBUTES = 0x09, 0x0A, 0x0B


def attribute(tag: int, name: str, *values: object) -> bytes:
    """One attribute."""
    out = b""
    for index, value in enumerate(values):
        if tag in (INTEGER, ENUM):
            data = struct.pack(">i", value)
        elif tag == BOOLEAN:
            data = bytes((1 if value else 0,))
        else:
            data = value if isinstance(value, bytes) else str(value).encode()
        label = name.encode() if index == 0 else b""
        out += struct.pack(">BH", tag, len(label)) + label + struct.pack(">H", len(data)) + data
    return out


def request(
    operation: int,
    uri: str,
    *operation_attributes: bytes,
    job_attributes: bytes = b"",
    request_id: int = 1,
    version: tuple[int, int] = (2, 0),
    document: bytes = b"",
) -> bytes:
    """One request with the three attributes that every one has."""
    return (
        bytes(version)
        + struct.pack(">Hi", operation, request_id)
        + bytes((OPERATION,))
        + attribute(CHARSET, "attributes-charset", "utf-8")
        + attribute(LANGUAGE, "attributes-natural-language", "en")
        + attribute(URI, "printer-uri", uri)
        + b"".join(operation_attributes)
        + (bytes((JOB,)) + job_attributes if job_attributes else b"")
        + bytes((END,))
        + document
    )


def status_of(answer: bytes) -> int:
    """The status code."""
    return int(struct.unpack_from(">H", answer, 2)[0])


def values_of(answer: bytes) -> list[tuple[int, str, int, bytes]]:
    """Every value of an answer: group, name, tag, octets."""
    found: list[tuple[int, str, int, bytes]] = []
    position, group, name = 8, 0, ""
    while position < len(answer):
        tag = answer[position]
        position += 1
        if tag < 0x10:
            if tag == END:
                break
            group = tag
            continue
        (length,) = struct.unpack_from(">H", answer, position)
        if length:
            name = answer[position + 2 : position + 2 + length].decode()
        position += 2 + length
        (length,) = struct.unpack_from(">H", answer, position)
        found.append((group, name, tag, answer[position + 2 : position + 2 + length]))
        position += 2 + length
    return found


def integer_of(answer: bytes, name: str) -> int | None:
    """The first integer or enum called `name`."""
    for _, each, _, octets in values_of(answer):
        if each == name and len(octets) == 4:
            return int(struct.unpack(">i", octets)[0])
    return None


def strings_of(answer: bytes, name: str) -> list[str]:
    """The values of the attribute `name`, as strings."""
    return [octets.decode() for _, each, _, octets in values_of(answer) if each == name]
