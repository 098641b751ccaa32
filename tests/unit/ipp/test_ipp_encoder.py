"""What the encoder refuses, and messages put together from parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tympan.ipp import (
    Attribute,
    AttributeGroup,
    Collection,
    GroupTag,
    IppEncodeError,
    Message,
    RangeOfInteger,
    Resolution,
    StatusCode,
    StringWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
    encode_attribute,
    encode_group,
    encode_header,
    join_message,
)

MISFITS = {
    "integer too large": (ValueTag.INTEGER, 2**31),
    "integer too small": (ValueTag.INTEGER, -(2**31) - 1),
    "integer from a string": (ValueTag.INTEGER, "1"),
    "integer from a boolean": (ValueTag.INTEGER, True),
    "integer from None": (ValueTag.INTEGER, None),
    "enum too large": (ValueTag.ENUM, 2**31),
    "boolean from an integer": (ValueTag.BOOLEAN, 1),
    "keyword from octets": (ValueTag.KEYWORD, b"x"),
    "keyword from an integer": (ValueTag.KEYWORD, 3),
    "keyword with half a surrogate": (ValueTag.KEYWORD, "\ud800"),
    "text of 32768 octets": (ValueTag.TEXT_WITHOUT_LANGUAGE, "x" * 32768),
    "octets of 32768": (ValueTag.OCTET_STRING, bytes(32768)),
    "octets from a string": (ValueTag.OCTET_STRING, "x"),
    "dateTime without a zone": (ValueTag.DATE_TIME, datetime(2024, 1, 1)),  # noqa: DTZ001 — that is the fault
    "dateTime from a string": (ValueTag.DATE_TIME, "2024-01-01"),
    "resolution from a tuple": (ValueTag.RESOLUTION, (600, 600, 3)),
    "resolution too large": (ValueTag.RESOLUTION, Resolution(2**31, 1)),
    "resolution's units too large": (ValueTag.RESOLUTION, Resolution(1, 1, 128)),
    "range from a tuple": (ValueTag.RANGE_OF_INTEGER, (1, 2)),
    "range too large": (ValueTag.RANGE_OF_INTEGER, RangeOfInteger(0, 2**31)),
    "textWithLanguage from a string": (ValueTag.TEXT_WITH_LANGUAGE, "x"),
    "language that is not ASCII": (ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("é", "x")),
    "language and string of 32768 octets": (
        ValueTag.NAME_WITH_LANGUAGE,
        StringWithLanguage("de", "x" * 32762),
    ),
    "collection from a tuple": (ValueTag.BEG_COLLECTION, ()),
    "collection in a keyword": (ValueTag.KEYWORD, Collection()),
    "out-of-band with a value": (ValueTag.NO_VALUE, "x"),
    "end of collection as a value": (ValueTag.END_COLLECTION, b""),
    "member name as a value": (ValueTag.MEMBER_ATTR_NAME, b"x"),
    "delimiter as a value": (0x05, b""),
    "tag of 256": (0x100, b""),
    "unregistered tag from a string": (0x80, "x"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_value_that_does_not_fit_its_tag(misfit):
    tag, value = MISFITS[misfit]
    with pytest.raises(IppEncodeError) as caught:
        encode_attribute(Attribute("some-name", (Value(tag, value),)))
    assert caught.value.attribute == "some-name"
    with pytest.raises(IppEncodeError):
        encode_attribute(Attribute.collection("outside", [Attribute("inside", (Value(tag, value),))]))


@pytest.mark.parametrize("name", ["", "é", "x" * 256])
def test_name_that_none_can_have(name):
    with pytest.raises(IppEncodeError):
        encode_attribute(Attribute.integer(name, 1))
    with pytest.raises(IppEncodeError):
        encode_attribute(Attribute.collection("outside", [Attribute.integer(name, 1)]))


def test_attribute_without_value():
    with pytest.raises(IppEncodeError, match="some-name"):
        encode_attribute(Attribute("some-name", ()))
    with pytest.raises(IppEncodeError, match="outside"):
        encode_attribute(Attribute.collection("outside", [Attribute("inside", ())]))


@pytest.mark.parametrize("tag", [0x00, 0x03, 0x10, 0x44, -1, 256])
def test_group_tag_that_is_none(tag):
    with pytest.raises(IppEncodeError):
        encode_group(AttributeGroup(tag))


@pytest.mark.parametrize(
    ("version", "code", "request_id"),
    [((256, 0), 0, 1), ((2, -1), 0, 1), ((2, 0), 0x10000, 1), ((2, 0), -1, 1), ((2, 0), 0, 2**31)],
)
def test_header_out_of_range(version, code, request_id):
    with pytest.raises(IppEncodeError):
        encode_header(version, code, request_id)


def test_longest_value_and_name():
    octets = encode_attribute(Attribute.text("n" * 255, "x" * 32767))
    assert octets == b"\x41\x00\xff" + b"n" * 255 + b"\x7f\xff" + b"x" * 32767


def test_header_octets():
    assert encode_header((1, 1), 0x040B, -1) == b"\x01\x01\x04\x0b\xff\xff\xff\xff"


def test_date_time_octets():
    # RFC 2579's own example: 1992-5-26,13:30:15.0,-4:0
    edt = timezone(-timedelta(hours=4))
    octets = encode_attribute(Attribute.date_time("t", datetime(1992, 5, 26, 13, 30, 15, tzinfo=edt)))
    assert octets == b"\x31\x00\x01t\x00\x0b\x07\xc8\x05\x1a\x0d\x1e\x0f\x00-\x04\x00"
    hundredths = encode_attribute(Attribute.date_time("t", datetime(2024, 1, 1, 0, 0, 0, 990_000, UTC)))
    assert hundredths.endswith(b"\x00\x00\x00\x09+\x00\x00")
    west = timezone(-timedelta(hours=3, minutes=30))
    assert encode_attribute(Attribute.date_time("t", datetime(2024, 1, 1, tzinfo=west))).endswith(
        b"-\x03\x1e"
    )


def test_parts_join_to_what_the_whole_encodes_to():
    operation = [
        Attribute.charset("attributes-charset", "utf-8"),
        Attribute.language("attributes-natural-language", "en"),
    ]
    printer = [
        Attribute.enum("printer-state", 3),
        Attribute.keyword("printer-state-reasons", "none"),
        Attribute.collection("media-col-default", [Attribute.keyword("media-type", "labels")]),
    ]
    message = Message.of(
        (2, 0), StatusCode.SUCCESSFUL_OK, 9, (GroupTag.OPERATION, operation), (GroupTag.PRINTER, printer)
    )
    cached = {attribute.name: encode_attribute(attribute) for attribute in printer}
    first = b"".join(encode_attribute(attribute) for attribute in operation)
    joined = join_message(
        (2, 0),
        StatusCode.SUCCESSFUL_OK,
        9,
        [(GroupTag.OPERATION, [first]), (GroupTag.PRINTER, cached.values())],
    )
    assert joined == encode(message)
    assert decode(joined)[0] == message
    by_groups = (
        encode_header((2, 0), 0, 9) + b"".join(encode_group(group) for group in message.groups) + b"\x03"
    )
    assert by_groups == joined
