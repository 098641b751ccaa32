"""From octets to messages, RFC 8010 §3. Nothing in a message can make it do more work than the limits allow.

Two kinds of faults are kept apart:

* *Framing*: lengths, delimiters, nesting, names, limits. What follows cannot be trusted: `IppDecodeError`, with the
  offset, the status code to answer with, and what the header said, so that the answer can carry the request-id.
* *Values*: octets that their tag does not allow. The rest of the message is sound: the value becomes a
  `MalformedValue`, and the service answers for that attribute, RFC 8011 §4.1.7.

What is left to the service, because it depends on the operation: attributes that are missing, unknown or in the wrong
group, names that occur twice (`AttributeGroup.duplicate_names`), the version, the request-id 0, and whether a value is
in the syntax that the registry gives its attribute (`tympan.ipp.registry.check_syntax`).

A value whose tag is not registered is carried as its octets; so is one with the extension tag, whose first four octets
are the true tag. A group whose delimiter tag is not registered is carried too, RFC 8010 §3.5.1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from tympan.ipp.attribute import Attribute, Collection, Value, ValueData
from tympan.ipp.errors import IppDecodeError, IppTruncatedError
from tympan.ipp.message import AttributeGroup, Message
from tympan.ipp.status import StatusCode
from tympan.ipp.tags import FIRST_VALUE_TAG, GroupTag, ValueTag, value_tag_keyword
from tympan.ipp.values import (
    MAX_VALUE_OCTETS,
    MalformedValue,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    decode_date_time,
)

HEADER_OCTETS = 8
"""Version, code and request-id, before the first group."""

MAX_DEPTH = 64
"""The most that `Limits.max_depth` may allow; the decoder's own stack bounds it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a message may hold. Every limit is inclusive: a message that just reaches it is decoded.

    Attributes:
        max_message_octets: Length from the version to the end-of-attributes tag.
        max_attributes: Attributes in all groups, members of collections counted too.
        max_values: Values of all attributes, those of members and the collections themselves counted too.
        max_depth: Collections inside each other, 0 to 64; 1 allows collections that hold none.
        max_value_octets: Length of one value; the protocol's own limit is 32767.
        max_name_octets: Length of an attribute's name; RFC 8011 §5.1.4 allows 255.
    """

    max_message_octets: int = 1 << 20
    max_attributes: int = 10_000
    max_values: int = 50_000
    max_depth: int = 8
    max_value_octets: int = MAX_VALUE_OCTETS
    max_name_octets: int = 255

    def __post_init__(self) -> None:
        if not 0 <= self.max_depth <= MAX_DEPTH:
            raise ValueError(f"max_depth is 0 to {MAX_DEPTH}")


DEFAULT_LIMITS = Limits()

_HEADER = struct.Struct(">BBHi")
_TWO_LENGTHS = struct.Struct(">HH")
_LENGTH = struct.Struct(">H")
_INTEGER = struct.Struct(">i")
_RANGE = struct.Struct(">ii")
_RESOLUTION = struct.Struct(">iib")

_OPERATION = int(GroupTag.OPERATION)
_END = int(GroupTag.END)
_BEG_COLLECTION = int(ValueTag.BEG_COLLECTION)
_END_COLLECTION = int(ValueTag.END_COLLECTION)
_MEMBER_ATTR_NAME = int(ValueTag.MEMBER_ATTR_NAME)

_TAGS: tuple[int, ...] = tuple(
    ValueTag(tag) if tag in ValueTag._value2member_map_ else tag for tag in range(256)
)
_GROUP_TAGS: tuple[int, ...] = tuple(
    GroupTag(tag) if tag in GroupTag._value2member_map_ else tag for tag in range(FIRST_VALUE_TAG)
)


def decode(data: bytes | bytearray | memoryview, limits: Limits = DEFAULT_LIMITS) -> tuple[Message, int]:
    """Read one message from the start of `data`.

    Args:
        data: The message, and what follows it.
        limits: How much it may hold.

    Returns:
        The message, and the offset behind its end-of-attributes tag, where document data begins.

    Raises:
        IppTruncatedError: `data` ends before the message does.
        IppDecodeError: The framing is wrong or a limit is passed; see the module.
    """
    longest = limits.max_message_octets
    cut = len(data) > longest
    octets = data if data.__class__ is bytes and not cut else bytes(data[:longest])
    try:
        return _decode(octets, limits)
    except IppDecodeError as error:
        raised = error
        if cut and isinstance(error, IppTruncatedError):
            raised = too_large(f"the message is longer than {longest} octets", offset=longest)
        if len(octets) >= HEADER_OCTETS:
            major, minor, raised.code, raised.request_id = _HEADER.unpack_from(octets)
            raised.version = (major, minor)
        if raised is error:
            raise
        raise raised from error


def too_large(problem: str, *, offset: int) -> IppDecodeError:
    """The error for a message that passes one of the limits on its size."""
    return IppDecodeError(problem, offset=offset, status=StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE)


def _decode(  # noqa: C901, PLR0912, PLR0915 — one loop: the hot path of every request pays for no call it can do without
    data: bytes, limits: Limits
) -> tuple[Message, int]:
    # What the loop uses is local, because it runs for every value of every request.
    size = len(data)
    if size < HEADER_OCTETS:
        raise IppTruncatedError("the message ends in its header", offset=size)
    major, minor, code, request_id = _HEADER.unpack_from(data)
    two_lengths = _TWO_LENGTHS.unpack_from
    length_at = _LENGTH.unpack_from
    tags = _TAGS
    unpackers = _UNPACKERS
    new = tuple.__new__
    value_class = Value
    max_name_octets = limits.max_name_octets
    max_value_octets = limits.max_value_octets
    attributes_left = limits.max_attributes
    values_left = limits.max_values

    groups: list[AttributeGroup] = []
    group_tag = 0
    attributes: list[Attribute] = []
    name = ""
    values: list[Value] = []
    position = HEADER_OCTETS
    while True:
        if position >= size:
            raise IppTruncatedError("the message has no end-of-attributes tag", offset=position)
        tag = data[position]
        if tag < FIRST_VALUE_TAG:
            if values:
                attributes.append(Attribute(name, tuple(values)))
                values = []
            if group_tag:
                groups.append(AttributeGroup(group_tag, tuple(attributes)))
            if tag == _END:
                return Message((major, minor), code, request_id, tuple(groups)), position + 1
            if tag == 0 or (tag == _OPERATION) is not (group_tag == 0):
                raise _wrong_delimiter(tag, position)
            group_tag = _GROUP_TAGS[tag]
            attributes = []
            position += 1
            continue

        try:
            name_length, value_length = two_lengths(data, position + 1)
            if name_length:
                if name_length > max_name_octets:
                    raise _name_too_long(position, max_name_octets)
                value_at = position + 3 + name_length
                (value_length,) = length_at(data, value_at)
                start = value_at + 2
            else:
                start = position + 5
        except struct.error:
            raise _cut_short(data, position, max_name_octets) from None
        end = start + value_length
        if value_length > max_value_octets:
            raise _value_too_long(value_length, position, max_value_octets)
        if end > size:
            raise IppTruncatedError("the message ends in a value", offset=position)
        if name_length:
            if group_tag == 0:
                raise IppDecodeError("an attribute stands before the first attribute group", offset=position)
            if values:
                attributes.append(Attribute(name, tuple(values)))
                values = []
            name = _name(data, position + 3, value_at, position)
            attributes_left -= 1
            if attributes_left < 0:
                raise too_large(f"more than {limits.max_attributes} attributes", offset=position)
        elif not values:
            raise IppDecodeError("an additional value has no attribute before it", offset=position)
        values_left -= 1
        if values_left < 0:
            raise too_large(f"more than {limits.max_values} values", offset=position)

        unpack = unpackers[tag]
        value: ValueData
        if unpack is None:
            try:
                value = data[start:end].decode()
            except UnicodeDecodeError as error:
                value = MalformedValue(data[start:end], f"it is no UTF-8: {error.reason}", start)
            position = end
        elif tag == _BEG_COLLECTION:
            left = [attributes_left, values_left]
            value, position = _collection(data, end, limits, 1, left)
            attributes_left, values_left = left
        else:
            if tag in _NESTED_ONLY:
                raise IppDecodeError(f"{value_tag_keyword(tag)} stands outside a collection", offset=position)
            value = unpack(data, start, end)
            position = end
        values.append(new(value_class, (tags[tag], value)))


def _collection(  # noqa: C901, PLR0912, PLR0915 — the same loop for members; its rules differ in each step
    data: bytes, position: int, limits: Limits, depth: int, left: list[int]
) -> tuple[Collection, int]:
    """Read members up to the endCollection that closes the collection.

    Args:
        data: The message.
        position: Behind the begCollection.
        limits: Of the message.
        depth: How deep this collection is, from 1.
        left: How many attributes and values the message may still have; counted down in place.

    Returns:
        The collection, and the offset behind its end.
    """
    if depth > limits.max_depth:
        raise too_large(f"collections are nested deeper than {limits.max_depth}", offset=position)
    size = len(data)
    members: list[Attribute] = []
    name = ""
    values: list[Value] = []
    while True:
        if position >= size:
            raise IppTruncatedError("the message ends in a collection", offset=position)
        tag = data[position]
        if tag < FIRST_VALUE_TAG:
            raise IppDecodeError("a collection is not closed before the next delimiter", offset=position)
        try:
            name_length, value_length = _TWO_LENGTHS.unpack_from(data, position + 1)
        except struct.error:
            raise _cut_short(data, position, limits.max_name_octets) from None
        if name_length:
            raise IppDecodeError("an attribute stands inside a collection", offset=position)
        if value_length > limits.max_value_octets:
            raise _value_too_long(value_length, position, limits.max_value_octets)
        start = position + 5
        end = start + value_length
        if end > size:
            raise IppTruncatedError("the message ends in a value", offset=position)

        if tag in _NESTED_ONLY:
            if values:
                members.append(Attribute(name, tuple(values)))
                values = []
            elif name:
                raise IppDecodeError(f"the member {name} has no value", offset=position)
            if tag == _END_COLLECTION:
                return Collection(tuple(members)), end
            if not 0 < value_length <= limits.max_name_octets:
                raise IppDecodeError(f"a member's name has {value_length} octets", offset=position)
            name = _name(data, start, end, position)
            left[0] -= 1
            if left[0] < 0:
                raise too_large(f"more than {limits.max_attributes} attributes", offset=position)
            position = end
            continue
        if not name:
            raise IppDecodeError(
                "a value stands in a collection before the first member's name", offset=position
            )
        left[1] -= 1
        if left[1] < 0:
            raise too_large(f"more than {limits.max_values} values", offset=position)
        value: ValueData
        unpack = _UNPACKERS[tag]
        if tag == _BEG_COLLECTION:
            value, end = _collection(data, end, limits, depth + 1, left)
        elif unpack is None:
            try:
                value = data[start:end].decode()
            except UnicodeDecodeError as error:
                value = MalformedValue(data[start:end], f"it is no UTF-8: {error.reason}", start)
        else:
            value = unpack(data, start, end)
        values.append(Value(_TAGS[tag], value))
        position = end


def _name(data: bytes, start: int, end: int, position: int) -> str:
    try:
        return data[start:end].decode("ascii")
    except UnicodeDecodeError:
        raise IppDecodeError("an attribute's name is not in US-ASCII", offset=position) from None


def _wrong_delimiter(tag: int, position: int) -> IppDecodeError:
    if tag == 0:
        return IppDecodeError("the delimiter tag 0x00 is reserved", offset=position)
    if tag == _OPERATION:
        return IppDecodeError("operation attributes stand behind another group", offset=position)
    return IppDecodeError("the first group is not the operation attributes", offset=position)


def _cut_short(data: bytes, position: int, longest: int) -> IppDecodeError:
    """The error for an attribute whose lengths are not all there: its name-length alone may say enough."""
    if position + 3 <= len(data) and int.from_bytes(data[position + 1 : position + 3]) > longest:
        return _name_too_long(position, longest)
    return IppTruncatedError("the message ends in an attribute", offset=position)


def _name_too_long(position: int, longest: int) -> IppDecodeError:
    return IppDecodeError(f"an attribute's name is longer than {longest} octets", offset=position)


def _value_too_long(length: int, position: int, longest: int) -> IppDecodeError:
    if length > MAX_VALUE_OCTETS:
        return IppDecodeError("a value-length is negative", offset=position)
    return IppDecodeError(
        f"a value is longer than {longest} octets",
        offset=position,
        status=StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG,
    )


# --- one unpacker a syntax: (data, start, end) to a value; None in the table is a character string ---------------------


def _integer(data: bytes, start: int, end: int) -> ValueData:
    if end - start != 4:
        return MalformedValue(data[start:end], f"an integer has 4 octets, not {end - start}", start)
    number: int = _INTEGER.unpack_from(data, start)[0]
    return number


def _boolean(data: bytes, start: int, end: int) -> ValueData:
    octets = data[start:end]
    if octets == b"\1":
        return True
    if octets == b"\0":
        return False
    return MalformedValue(octets, "a boolean is one octet, 0 or 1", start)


def _octets(data: bytes, start: int, end: int) -> ValueData:
    return data[start:end]


def _date_time(data: bytes, start: int, end: int) -> ValueData:
    octets = data[start:end]
    try:
        return decode_date_time(octets)
    except ValueError as error:
        return MalformedValue(octets, str(error), start)


def _resolution(data: bytes, start: int, end: int) -> ValueData:
    if end - start != 9:
        return MalformedValue(data[start:end], f"a resolution has 9 octets, not {end - start}", start)
    return Resolution(*_RESOLUTION.unpack_from(data, start))


def _range(data: bytes, start: int, end: int) -> ValueData:
    if end - start != 8:
        return MalformedValue(data[start:end], f"a rangeOfInteger has 8 octets, not {end - start}", start)
    return RangeOfInteger(*_RANGE.unpack_from(data, start))


def _string_with_language(data: bytes, start: int, end: int) -> ValueData:
    octets = data[start:end]
    try:
        (language_length,) = _LENGTH.unpack_from(octets)
        (string_length,) = _LENGTH.unpack_from(octets, 2 + language_length)
    except struct.error:
        return MalformedValue(octets, "it is too short for a natural language and a string", start)
    string_at = 4 + language_length
    if string_at + string_length != len(octets):
        return MalformedValue(octets, "the lengths of natural language and string do not add up", start)
    try:
        language = octets[2 : 2 + language_length].decode("ascii")
        return StringWithLanguage(language, octets[string_at:].decode())
    except UnicodeDecodeError as error:
        return MalformedValue(octets, f"it is no UTF-8: {error.reason}", start)


def _out_of_band(_data: bytes, _start: int, _end: int) -> ValueData:
    # RFC 8010 §3.8: octets behind an out-of-band tag have no meaning.
    return None


_STRING_TAGS = frozenset(
    (
        ValueTag.TEXT_WITHOUT_LANGUAGE,
        ValueTag.NAME_WITHOUT_LANGUAGE,
        ValueTag.KEYWORD,
        ValueTag.URI,
        ValueTag.URI_SCHEME,
        ValueTag.CHARSET,
        ValueTag.NATURAL_LANGUAGE,
        ValueTag.MIME_MEDIA_TYPE,
    )
)

_NESTED_ONLY = frozenset((_MEMBER_ATTR_NAME, _END_COLLECTION))

_BY_TAG: dict[int, Callable[[bytes, int, int], ValueData]] = {
    **{int(tag): _out_of_band for tag in ValueTag if tag.out_of_band},
    ValueTag.INTEGER: _integer,
    ValueTag.ENUM: _integer,
    ValueTag.BOOLEAN: _boolean,
    ValueTag.DATE_TIME: _date_time,
    ValueTag.RESOLUTION: _resolution,
    ValueTag.RANGE_OF_INTEGER: _range,
    ValueTag.TEXT_WITH_LANGUAGE: _string_with_language,
    ValueTag.NAME_WITH_LANGUAGE: _string_with_language,
}

_UNPACKERS: tuple[Callable[[bytes, int, int], ValueData] | None, ...] = tuple(
    None if tag in _STRING_TAGS else _BY_TAG.get(tag, _octets) for tag in range(256)
)
