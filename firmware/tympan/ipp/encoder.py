"""From messages to octets, RFC 8010 §3.

Owns the encoding, whole (`encode`) and in parts: a service can keep the octets of each attribute
(`encode_attribute`) and put an answer together from them (`join_message`). Never checks an attribute against the
registry.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from datetime import datetime

from tympan.ipp.attribute import Attribute, Collection, Value
from tympan.ipp.errors import IppEncodeError
from tympan.ipp.message import AttributeGroup, Message
from tympan.ipp.tags import FIRST_VALUE_TAG, GroupTag, ValueTag
from tympan.ipp.values import (
    MAX_VALUE_OCTETS,
    MalformedValue,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    encode_date_time,
)

MAX_NAME_OCTETS = 255
"""The longest attribute name: a keyword, RFC 8011 §5.1.4."""

_HEADER = struct.Struct(">BBHi")
_INTEGER = struct.Struct(">i")
_RANGE = struct.Struct(">ii")
_RESOLUTION = struct.Struct(">iib")
_LENGTH = struct.Struct(">H")
_TAG_AND_LENGTH = struct.Struct(">BH")
_ADDITIONAL = struct.Struct(">BHH")

_BEG_COLLECTION = int(ValueTag.BEG_COLLECTION)
_NO_NAME = b"\0\0"
_BEG_COLLECTION_VALUE = b"\0\0"
_END_COLLECTION = _ADDITIONAL.pack(ValueTag.END_COLLECTION, 0, 0)

END_OF_ATTRIBUTES = bytes((GroupTag.END,))
"""What closes the attributes; document data may follow."""


def encode(message: Message) -> bytes:
    """The octets of a message, to and with the end-of-attributes tag.

    Raises:
        IppEncodeError: A field or value is out of range or does not fit its tag.
    """
    parts = [encode_header(message.version, message.code, message.request_id)]
    for group in message.groups:
        parts.append(_delimiter(group.tag))
        for attribute in group.attributes:
            _append_attribute(parts, attribute)
    parts.append(END_OF_ATTRIBUTES)
    return b"".join(parts)


def encode_header(version: tuple[int, int], code: int, request_id: int) -> bytes:
    """The eight octets before the first group.

    Raises:
        IppEncodeError: A number is out of its field's range.
    """
    try:
        return _HEADER.pack(version[0], version[1], code, request_id)
    except struct.error as error:
        raise IppEncodeError(
            f"version {version}, code {code} or request-id {request_id} is out of range"
        ) from error


def encode_attribute(attribute: Attribute) -> bytes:
    """The octets of an attribute with all its values.

    Raises:
        IppEncodeError: The name is empty, too long or no US-ASCII, there is no value, or one does not fit its tag.
    """
    parts: list[bytes] = []
    _append_attribute(parts, attribute)
    return b"".join(parts)


def encode_group(group: AttributeGroup) -> bytes:
    """The octets of a group, with its delimiter.

    Raises:
        IppEncodeError: As `encode_attribute`; or the delimiter tag is none.
    """
    parts = [_delimiter(group.tag)]
    for attribute in group.attributes:
        _append_attribute(parts, attribute)
    return b"".join(parts)


def join_message(
    version: tuple[int, int], code: int, request_id: int, groups: Iterable[tuple[int, Iterable[bytes]]]
) -> bytes:
    """A message from attributes that are encoded already.

    Args:
        version: As in `Message`.
        code: As in `Message`.
        request_id: As in `Message`.
        groups: For each group its delimiter tag and the octets that `encode_attribute` gave, in any number of pieces.

    Raises:
        IppEncodeError: A number is out of its field's range.
    """
    parts = [encode_header(version, code, request_id)]
    for tag, attributes in groups:
        parts.append(_delimiter(tag))
        parts.extend(attributes)
    parts.append(END_OF_ATTRIBUTES)
    return b"".join(parts)


def _delimiter(tag: int) -> bytes:
    if 0 < tag < FIRST_VALUE_TAG and tag != GroupTag.END:
        return bytes((tag,))
    raise IppEncodeError(f"0x{tag:02x} is no tag of an attribute group")


def _append_attribute(parts: list[bytes], attribute: Attribute) -> None:
    name = attribute.name
    try:
        octets = name.encode("ascii")
    except UnicodeEncodeError as error:
        raise IppEncodeError("an attribute name is US-ASCII", attribute=name) from error
    if not 0 < len(octets) <= MAX_NAME_OCTETS:
        raise IppEncodeError(f"an attribute name has 1 to {MAX_NAME_OCTETS} octets", attribute=name)
    if not attribute.values:
        raise IppEncodeError("an attribute has at least one value", attribute=name)
    try:
        _append_values(parts, _LENGTH.pack(len(octets)) + octets, attribute.values)
    except IppEncodeError as error:
        path = f"{name}/{error.attribute}" if error.attribute else name
        raise IppEncodeError(error.problem, attribute=path) from error
    except (struct.error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise IppEncodeError(f"a value does not fit its tag: {error}", attribute=name) from error


def _append_values(parts: list[bytes], name: bytes, values: Iterable[Value]) -> None:
    """Append values; `name` is the name with its length, for the first of them."""
    append = parts.append
    packers = _PACKERS
    for tag, value in values:
        if value.__class__ is Collection and tag == _BEG_COLLECTION:
            append(bytes((tag,)))
            append(name)
            append(_BEG_COLLECTION_VALUE)
            _append_members(parts, value)
        else:
            if value.__class__ is MalformedValue:
                octets = _malformed(value)
            else:
                packer = packers.get(tag)
                octets = packer(value) if packer is not None else _other(tag, value)
            length = len(octets)
            if length > MAX_VALUE_OCTETS:
                raise IppEncodeError(f"a value has at most {MAX_VALUE_OCTETS} octets, not {length}")
            if name is _NO_NAME:
                append(_ADDITIONAL.pack(tag, 0, length))
            else:
                append(bytes((tag,)))
                append(name)
                append(_LENGTH.pack(length))
            append(octets)
        name = _NO_NAME


def _append_members(parts: list[bytes], collection: Collection) -> None:
    for member in collection.members:
        name = member.name.encode("ascii")
        if not 0 < len(name) <= MAX_NAME_OCTETS:
            raise IppEncodeError(f"a member's name has 1 to {MAX_NAME_OCTETS} octets", attribute=member.name)
        if not member.values:
            raise IppEncodeError("a member has at least one value", attribute=member.name)
        parts.append(_ADDITIONAL.pack(ValueTag.MEMBER_ATTR_NAME, 0, len(name)))
        parts.append(name)
        _append_values(parts, _NO_NAME, member.values)
    parts.append(_END_COLLECTION)


# --- one packer a syntax: a value to its octets; what they raise `_append_attribute` turns into IppEncodeError -----------


def _string(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    raise TypeError(f"{value!r} is no string")


def _string_with_language(value: object) -> bytes:
    if not isinstance(value, StringWithLanguage):
        raise TypeError(f"{value!r} is no StringWithLanguage")
    language = value.language.encode("ascii")
    string = value.string.encode()
    return b"".join((_LENGTH.pack(len(language)), language, _LENGTH.pack(len(string)), string))


def _integer(value: object) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no integer")
    return _INTEGER.pack(value)


def _boolean(value: object) -> bytes:
    if value is True:
        return b"\1"
    if value is False:
        return b"\0"
    raise TypeError(f"{value!r} is no boolean")


def _octets(value: object) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{value!r} is no octet string")
    return bytes(value)


def _date_time(value: object) -> bytes:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no datetime")
    return encode_date_time(value)


def _resolution(value: object) -> bytes:
    if not isinstance(value, Resolution):
        raise TypeError(f"{value!r} is no Resolution")
    return _RESOLUTION.pack(value.cross_feed, value.feed, value.units)


def _range(value: object) -> bytes:
    if not isinstance(value, RangeOfInteger):
        raise TypeError(f"{value!r} is no RangeOfInteger")
    return _RANGE.pack(value.lower, value.upper)


def _out_of_band(value: object) -> bytes:
    if value is not None:
        raise TypeError("an out-of-band value carries nothing")
    return b""


def _malformed(value: object) -> bytes:
    return value.octets if isinstance(value, MalformedValue) else b""


def _other(tag: int, value: object) -> bytes:
    """Octets of a tag that has no packer: carried as they are, unless the tag cannot stand for a value."""
    if not FIRST_VALUE_TAG <= tag <= 0xFF or tag in _NEVER_A_VALUE:
        raise IppEncodeError(f"0x{tag:02x} is no tag of a value")
    if tag == ValueTag.BEG_COLLECTION:
        raise TypeError(f"{value!r} is no Collection")
    return b"" if value is None else _octets(value)


_NEVER_A_VALUE = frozenset((ValueTag.END_COLLECTION, ValueTag.MEMBER_ATTR_NAME))

_PACKERS: dict[int, Callable[[object], bytes]] = {
    **{int(tag): _out_of_band for tag in ValueTag if tag.out_of_band},
    ValueTag.INTEGER: _integer,
    ValueTag.ENUM: _integer,
    ValueTag.BOOLEAN: _boolean,
    ValueTag.OCTET_STRING: _octets,
    ValueTag.EXTENSION: _octets,
    ValueTag.DATE_TIME: _date_time,
    ValueTag.RESOLUTION: _resolution,
    ValueTag.RANGE_OF_INTEGER: _range,
    ValueTag.TEXT_WITH_LANGUAGE: _string_with_language,
    ValueTag.NAME_WITH_LANGUAGE: _string_with_language,
    ValueTag.TEXT_WITHOUT_LANGUAGE: _string,
    ValueTag.NAME_WITHOUT_LANGUAGE: _string,
    ValueTag.KEYWORD: _string,
    ValueTag.URI: _string,
    ValueTag.URI_SCHEME: _string,
    ValueTag.CHARSET: _string,
    ValueTag.NATURAL_LANGUAGE: _string,
    ValueTag.MIME_MEDIA_TYPE: _string,
}
