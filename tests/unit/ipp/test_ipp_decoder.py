"""What is wrong with octets: framing raises with offset and status, values become `MalformedValue`."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tympan.ipp import (
    Attribute,
    GroupTag,
    IppDecodeError,
    IppTruncatedError,
    Limits,
    MalformedValue,
    Message,
    StatusCode,
    ValueTag,
    decode,
    encode,
)

HEADER = b"\x02\x00\x00\x0b\x00\x00\x00\x2a"
BAD_REQUEST = StatusCode.CLIENT_ERROR_BAD_REQUEST
TOO_LARGE = StatusCode.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE


def record(tag: int, name: bytes, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value


def one(tag: int, value: bytes):
    """The only value of a message with one attribute."""
    message, _ = decode(HEADER + b"\x01" + record(tag, b"a", value) + b"\x03")
    return message.operation_attributes.get("a").values[0]


# --- framing ----------------------------------------------------------------------------------------------------------

FRAMING = {
    "reserved delimiter": (b"\x00\x03", 8, BAD_REQUEST),
    "attribute before a group": (record(0x44, b"a", b"b"), 8, BAD_REQUEST),
    "first group is not the operation attributes": (b"\x02\x03", 8, BAD_REQUEST),
    "operation attributes second": (b"\x01\x02\x01\x03", 10, BAD_REQUEST),
    "operation attributes twice": (b"\x01\x01\x03", 9, BAD_REQUEST),
    "additional value without attribute": (b"\x01" + record(0x44, b"", b"b") + b"\x03", 9, BAD_REQUEST),
    "additional value opens a second group": (
        b"\x01" + record(0x44, b"a", b"b") + b"\x02" + record(0x44, b"", b"c") + b"\x03",
        17,
        BAD_REQUEST,
    ),
    "name is not ASCII": (b"\x01" + record(0x44, b"\xe9", b"b") + b"\x03", 9, BAD_REQUEST),
    "name-length negative": (b"\x01\x44\x80\x00" + bytes(40000), 9, BAD_REQUEST),
    "value-length negative": (b"\x01\x44\x00\x01a\x80\x00" + bytes(40000), 9, BAD_REQUEST),
    "member name outside a collection": (b"\x01" + record(0x4A, b"a", b"b") + b"\x03", 9, BAD_REQUEST),
    "end of collection outside": (b"\x01" + record(0x37, b"a", b"") + b"\x03", 9, BAD_REQUEST),
    "collection not closed": (b"\x01" + record(0x34, b"a", b"") + b"\x03", 15, BAD_REQUEST),
    "named attribute in a collection": (
        b"\x01" + record(0x34, b"a", b"") + record(0x44, b"b", b"c") + b"\x03",
        15,
        BAD_REQUEST,
    ),
    "value before a member's name": (
        b"\x01" + record(0x34, b"a", b"") + record(0x44, b"", b"c") + record(0x37, b"", b"") + b"\x03",
        15,
        BAD_REQUEST,
    ),
    "member without value, then the end": (
        b"\x01" + record(0x34, b"a", b"") + record(0x4A, b"", b"m") + record(0x37, b"", b"") + b"\x03",
        21,
        BAD_REQUEST,
    ),
    "member without value, then another": (
        b"\x01" + record(0x34, b"a", b"") + record(0x4A, b"", b"m") + record(0x4A, b"", b"n") + b"\x03",
        21,
        BAD_REQUEST,
    ),
    "member's name empty": (
        b"\x01" + record(0x34, b"a", b"") + record(0x4A, b"", b"") + b"\x03",
        15,
        BAD_REQUEST,
    ),
    "member's name not ASCII": (
        b"\x01" + record(0x34, b"a", b"") + record(0x4A, b"", b"\xff") + b"\x03",
        15,
        BAD_REQUEST,
    ),
    "value-length negative in a collection": (
        b"\x01" + record(0x34, b"a", b"") + record(0x4A, b"", b"m") + b"\x44\x00\x00\x80\x00" + bytes(40000),
        21,
        BAD_REQUEST,
    ),
}


@pytest.mark.parametrize("fault", FRAMING)
def test_framing_fault_raises_with_offset_status_and_header(fault):
    body, offset, status = FRAMING[fault]
    with pytest.raises(IppDecodeError) as caught:
        decode(HEADER + body)
    error = caught.value
    assert not isinstance(error, IppTruncatedError)
    assert (error.status, error.version, error.code, error.request_id) == (status, (2, 0), 0x000B, 42)
    assert error.offset == offset, error


def test_errors_are_value_errors_and_say_where():
    with pytest.raises(ValueError, match=r"octet 8: .*reserved"):
        decode(HEADER + b"\x00")


@pytest.mark.parametrize("octets", [b"", b"\x01", HEADER[:7]])
def test_header_cut_short(octets):
    with pytest.raises(IppTruncatedError) as caught:
        decode(octets)
    assert (caught.value.request_id, caught.value.version, caught.value.code) == (0, (0, 0), 0)


RICH = Message.of(
    (2, 0),
    0x000B,
    42,
    (
        GroupTag.OPERATION,
        [
            Attribute.charset("attributes-charset", "utf-8"),
            Attribute.keyword("requested-attributes", "all", "media-col-database"),
            Attribute.date_time("when", datetime(2024, 2, 29, 23, 59, 59, 900_000, UTC)),
        ],
    ),
    (
        GroupTag.JOB,
        [
            Attribute.collection(
                "media-col",
                [
                    Attribute.collection("media-size", [Attribute.integer("x-dimension", 1)]),
                    Attribute.keyword("media-type", "stationery", "labels"),
                ],
                [Attribute.range("r", (1, 2))],
            ),
            Attribute.no_value("job-hold-until"),
        ],
    ),
)


def test_truncated_at_every_octet():
    octets = encode(RICH)
    assert decode(octets) == (RICH, len(octets))
    for length in range(len(octets)):
        with pytest.raises(IppTruncatedError) as caught:
            decode(octets[:length])
        assert 0 <= caught.value.offset <= length
        assert caught.value.status is BAD_REQUEST


def test_bytearray_and_memoryview_are_taken_too():
    octets = encode(RICH)
    assert decode(bytearray(octets)) == (RICH, len(octets))
    assert decode(memoryview(octets + b"tail"))[1] == len(octets)


def test_message_without_groups():
    message, end = decode(HEADER + b"\x03")
    assert message.groups == ()
    assert end == 9
    assert len(message.operation_attributes) == 0


def test_group_that_is_not_registered_is_carried():
    octets = HEADER + b"\x01\x0b" + record(0x44, b"a", b"b") + b"\x03"
    message, _ = decode(octets)
    assert [group.tag for group in message.groups] == [1, 0x0B]
    assert message.groups_of(0x0B)[0].string("a") == "b"
    assert encode(message) == octets


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", [0x14, 0x20, 0x24, 0x2F, 0x38, 0x40, 0x43, 0x4B, 0x7E, 0x80, 0xFF])
def test_unregistered_tag_carries_its_octets(tag):
    value = one(tag, b"\x00\xff\x80x")
    assert value == (tag, b"\x00\xff\x80x")
    octets = HEADER + b"\x01" + record(tag, b"a", b"\x00\xff") + b"\x03"
    assert encode(decode(octets)[0]) == octets


def test_extension_keeps_the_true_tag():
    octets = HEADER + b"\x01" + record(0x7F, b"a", b"\x00\x01\x00\x02payload") + b"\x03"
    message, _ = decode(octets)
    assert message.operation_attributes.get("a").values == ((ValueTag.EXTENSION, b"\x00\x01\x00\x02payload"),)
    assert encode(message) == octets


def test_registered_tags_come_as_members():
    assert isinstance(one(0x44, b"x").tag, ValueTag)


@pytest.mark.parametrize("tag", [tag for tag in ValueTag if tag.out_of_band])
def test_octets_behind_an_out_of_band_tag_mean_nothing(tag):
    assert one(tag, b"") == (tag, None)
    assert one(tag, b"junk") == (tag, None)


MALFORMED = {
    "integer of 3": (0x21, b"\0\0\1"),
    "integer of 5": (0x21, b"\0\0\0\0\1"),
    "integer empty": (0x21, b""),
    "enum of 2": (0x23, b"\0\3"),
    "boolean 2": (0x22, b"\2"),
    "boolean empty": (0x22, b""),
    "boolean of 2": (0x22, b"\0\1"),
    "resolution of 8": (0x32, bytes(8)),
    "resolution of 10": (0x32, bytes(10)),
    "range of 4": (0x33, bytes(4)),
    "dateTime of 8": (0x31, b"\x07\xe0\1\1\0\0\0\0"),
    "dateTime month 0": (0x31, b"\x07\xe0\0\1\0\0\0\0+\0\0"),
    "dateTime month 13": (0x31, b"\x07\xe0\x0d\1\0\0\0\0+\0\0"),
    "dateTime day 31 of April": (0x31, b"\x07\xe0\4\x1f\0\0\0\0+\0\0"),
    "dateTime hour 24": (0x31, b"\x07\xe0\1\1\x18\0\0\0+\0\0"),
    "dateTime minute 60": (0x31, b"\x07\xe0\1\1\0\x3c\0\0+\0\0"),
    "dateTime second 61": (0x31, b"\x07\xe0\1\1\0\0\x3d\0+\0\0"),
    "dateTime tenth 10": (0x31, b"\x07\xe0\1\1\0\0\0\x0a+\0\0"),
    "dateTime sign": (0x31, b"\x07\xe0\1\1\0\0\0\0*\0\0"),
    "dateTime offset 15 h": (0x31, b"\x07\xe0\1\1\0\0\0\0+\x0f\0"),
    "dateTime offset 60 min": (0x31, b"\x07\xe0\1\1\0\0\0\0+\0\x3c"),
    "dateTime year 0": (0x31, b"\0\0\1\1\0\0\0\0+\0\0"),
    "dateTime year 10000": (0x31, b"\x27\x10\1\1\0\0\0\0+\0\0"),
    "text that is no UTF-8": (0x41, b"caf\xe9"),
    "name that is no UTF-8": (0x42, b"\xff\xfe"),
    "keyword that is no UTF-8": (0x44, b"\xc3"),
    "uri that is no UTF-8": (0x45, b"\x80"),
    "textWithLanguage empty": (0x35, b""),
    "textWithLanguage of 3": (0x35, b"\0\0\0"),
    "textWithLanguage language too long": (0x35, b"\0\x09de\0\1x"),
    "textWithLanguage string too long": (0x35, b"\0\2de\0\5x"),
    "textWithLanguage octets left over": (0x35, b"\0\2de\0\1xy"),
    "nameWithLanguage no UTF-8": (0x36, b"\0\2de\0\1\xff"),
    "nameWithLanguage language no ASCII": (0x36, b"\0\1\xe9\0\1x"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_value_is_reported_and_kept(fault):
    tag, octets = MALFORMED[fault]
    whole = HEADER + b"\x01" + record(tag, b"a", octets) + record(0x44, b"next", b"fine") + b"\x03"
    message, end = decode(whole)
    value = message.operation_attributes.get("a").values[0]
    assert value.tag == tag
    assert isinstance(value.value, MalformedValue)
    assert value.value.octets == octets
    assert value.value.problem
    assert value.value.offset == 15
    assert message.operation_attributes.get("a").malformed() == (value.value,)
    assert message.operation_attributes.string("next") == "fine"
    assert encode(message) == whole
    assert end == len(whole)


def test_malformed_value_inside_a_collection_is_found():
    body = (
        record(0x34, b"a", b"") + record(0x4A, b"", b"m") + record(0x22, b"", b"\7") + record(0x37, b"", b"")
    )
    message, _ = decode(HEADER + b"\x01" + body + b"\x03")
    attribute = message.operation_attributes.get("a")
    assert [malformed.octets for malformed in attribute.malformed()] == [b"\7"]


def test_boundaries_of_values_that_are_right():
    assert one(0x21, b"\x80\0\0\0").value == -(2**31)
    assert one(0x23, b"\x7f\xff\xff\xff").value == 2**31 - 1
    assert one(0x22, b"\1").value is True
    assert one(0x22, b"\0").value is False
    assert one(0x41, b"").value == ""
    assert one(0x41, "Grüße, 世界 🖨".encode()).value == "Grüße, 世界 🖨"
    assert one(0x30, b"\0\xff").value == b"\0\xff"
    language = one(0x35, b"\0\0\0\0").value
    assert (language.language, language.string) == ("", "")
    resolution = one(0x32, b"\0\0\2\x58\0\0\1\x2c\3").value
    assert (resolution.cross_feed, resolution.feed, resolution.units) == (600, 300, 3)
    upside_down = one(0x33, b"\0\0\0\5\0\0\0\1").value
    assert (upside_down.lower, upside_down.upper) == (5, 1)


def test_date_time_is_read_with_its_offset():
    # RFC 2579's own example: Tuesday May 26, 1992 at 1:30:15 PM EDT is 1992-5-26,13:30:15.0,-4:0
    value = one(0x31, b"\x07\xc8\x05\x1a\x0d\x1e\x0f\x00-\x04\x00").value
    assert value == datetime(1992, 5, 26, 13, 30, 15, tzinfo=timezone(-timedelta(hours=4)))
    assert value.utcoffset() == timedelta(hours=-4)
    half = one(0x31, b"\x07\xe8\x02\x1d\x17\x3b\x3b\x09+\x05\x1e").value
    assert half == datetime(2024, 2, 29, 23, 59, 59, 900_000, timezone(timedelta(hours=5, minutes=30)))


def test_leap_second_is_the_last_tenth_before_it():
    value = one(0x31, b"\x07\xe0\x0c\x1f\x17\x3b\x3c\x00+\x00\x00").value
    assert value == datetime(2016, 12, 31, 23, 59, 59, 900_000, UTC)


def test_names_that_occur_twice_are_found():
    twice = record(0x44, b"a", b"x") + record(0x44, b"b", b"y") + record(0x44, b"a", b"z")
    message, _ = decode(HEADER + b"\x01" + twice + b"\x03")
    group = message.operation_attributes
    assert group.duplicate_names == ("a",)
    assert group.string("a") == "x"
    assert len(group) == 3
    assert decode(encode(RICH))[0].operation_attributes.duplicate_names == ()


# --- limits, each at its edge -----------------------------------------------------------------------------------------


def attributes(count: int) -> bytes:
    return HEADER + b"\x01" + b"".join(record(0x44, b"n%d" % n, b"v") for n in range(count)) + b"\x03"


def values(count: int) -> bytes:
    more = record(0x44, b"", b"v") * (count - 1)
    return HEADER + b"\x01" + record(0x44, b"n", b"v") + more + b"\x03"


def nested(depth: int) -> bytes:
    inside = record(0x4A, b"", b"m") + record(0x21, b"", b"\0\0\0\1")
    for _ in range(depth - 1):
        inside = record(0x4A, b"", b"m") + record(0x34, b"", b"") + inside + record(0x37, b"", b"")
    return HEADER + b"\x01" + record(0x34, b"n", b"") + inside + record(0x37, b"", b"") + b"\x03"


def sized(octets: int) -> bytes:
    empty = HEADER + b"\x01" + record(0x41, b"n", b"") + b"\x03"
    return HEADER + b"\x01" + record(0x41, b"n", b"x" * (octets - len(empty))) + b"\x03"


TOO_LONG = StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
EDGES = {
    "max_message_octets": (Limits(max_message_octets=100), sized(100), sized(101), TOO_LARGE),
    "max_attributes": (Limits(max_attributes=5), attributes(5), attributes(6), TOO_LARGE),
    "max_attributes of members": (Limits(max_attributes=3), nested(2), nested(3), TOO_LARGE),
    "max_values": (Limits(max_values=5), values(5), values(6), TOO_LARGE),
    "max_values of members": (Limits(max_values=3), nested(2), nested(3), TOO_LARGE),
    "max_depth": (Limits(max_depth=3), nested(3), nested(4), TOO_LARGE),
    "max_depth 0": (Limits(max_depth=0), attributes(1), nested(1), TOO_LARGE),
    "max_value_octets": (
        Limits(max_value_octets=10),
        HEADER + b"\x01" + record(0x41, b"n", b"x" * 10) + b"\x03",
        HEADER + b"\x01" + record(0x41, b"n", b"x" * 11) + b"\x03",
        TOO_LONG,
    ),
    "max_value_octets of a member": (
        Limits(max_value_octets=3),
        HEADER + b"\x01" + record(0x34, b"n", b"") + record(0x4A, b"", b"m") + record(0x41, b"", b"xxx")
        + record(0x37, b"", b"") + b"\x03",
        HEADER + b"\x01" + record(0x34, b"n", b"") + record(0x4A, b"", b"m") + record(0x41, b"", b"xxxx")
        + record(0x37, b"", b"") + b"\x03",
        TOO_LONG,
    ),
    "max_name_octets": (
        Limits(max_name_octets=4),
        HEADER + b"\x01" + record(0x41, b"nnnn", b"") + b"\x03",
        HEADER + b"\x01" + record(0x41, b"nnnnn", b"") + b"\x03",
        BAD_REQUEST,
    ),
    "max_name_octets of a member": (
        Limits(max_name_octets=4),
        HEADER + b"\x01" + record(0x34, b"n", b"") + record(0x4A, b"", b"mmmm") + record(0x41, b"", b"x")
        + record(0x37, b"", b"") + b"\x03",
        HEADER + b"\x01" + record(0x34, b"n", b"") + record(0x4A, b"", b"mmmmm") + record(0x41, b"", b"x")
        + record(0x37, b"", b"") + b"\x03",
        BAD_REQUEST,
    ),
    "the protocol's value length": (Limits(), sized(20 + 32767 - 6), b"", None),
    "the default name length": (
        Limits(),
        HEADER + b"\x01" + record(0x41, b"n" * 255, b"") + b"\x03",
        HEADER + b"\x01" + record(0x41, b"n" * 256, b"") + b"\x03",
        BAD_REQUEST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("limit", EDGES)
def test_limit_at_its_edge(limit):
    limits, inside, outside, status = EDGES[limit]
    assert decode(inside, limits)[1] == len(inside)
    if status is not None:
        with pytest.raises(IppDecodeError) as caught:
            decode(outside, limits)
        assert caught.value.status is status
        assert not isinstance(caught.value, IppTruncatedError)
        assert caught.value.request_id == 42


def test_message_that_reaches_the_limit_may_be_followed_by_much():
    octets = sized(100)
    assert decode(octets + bytes(1000), Limits(max_message_octets=100))[1] == 100


def test_depth_limit_cannot_be_set_beyond_the_stack():
    assert decode(nested(64), Limits(max_depth=64))
    with pytest.raises(ValueError, match="max_depth"):
        Limits(max_depth=65)
