"""Properties over generated messages and damaged octets."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from tympan.ipp import (
    Attribute,
    AttributeGroup,
    Collection,
    IppDecodeError,
    IppTruncatedError,
    Limits,
    Message,
    MessageReader,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
)
from tympan.ipp.registry import check_syntax

numbers = st.integers(-(2**31), 2**31 - 1)
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
languages = st.sampled_from(["en", "de-CH", "zh-hant"])
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.builds(
    lambda moment, tenth, zone: moment.replace(microsecond=tenth * 100_000, tzinfo=zone),
    st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)),  # noqa: DTZ001 — the zone follows
    st.integers(0, 9),
    zones,
)
STRING_TAGS = (0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49)
UNREGISTERED = (0x14, 0x24, 0x38, 0x43, 0x4B, 0x80, 0xFF)


def tagged(tags, values):
    return st.builds(
        Value, st.sampled_from([ValueTag(t) if t in list(ValueTag) else t for t in tags]), values
    )


plain = st.one_of(
    tagged((0x10, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17), st.none()),
    tagged((0x21, 0x23), numbers),
    tagged((0x22,), st.booleans()),
    tagged((0x30, 0x7F, *UNREGISTERED), st.binary(max_size=40)),
    tagged((0x31,), moments),
    tagged((0x32,), st.builds(Resolution, numbers, numbers, st.integers(-128, 127))),
    tagged((0x33,), st.builds(RangeOfInteger, numbers, numbers)),
    tagged((0x35, 0x36), st.builds(StringWithLanguage, languages, strings)),
    tagged(STRING_TAGS, strings),
)


def attributes_of(values):
    return st.builds(Attribute, names, st.lists(values, min_size=1, max_size=4).map(tuple))


nested = st.recursive(
    plain,
    lambda inner: st.builds(
        Value,
        st.just(ValueTag.BEG_COLLECTION),
        st.builds(Collection, st.lists(attributes_of(inner), max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
groups = st.builds(
    AttributeGroup, st.sampled_from([2, 4, 5, 6, 7, 8, 9, 10, 11, 15]), st.lists(attributes_of(nested), max_size=4).map(tuple)
)  # fmt: skip
messages = st.builds(
    lambda version, code, request_id, first, others: Message(
        version, code, request_id, (AttributeGroup(1, first.attributes), *others)
    ),
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.integers(0, 65535),
    numbers,
    groups,
    st.lists(groups, max_size=3).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(messages, st.binary(max_size=20))
def test_a_message_survives_encoding_and_decoding(message, tail):
    octets = encode(message)
    again, end = decode(octets + tail, Limits(max_depth=20))
    assert again == message
    assert end == len(octets)
    assert encode(again) == octets


@settings(max_examples=50, deadline=None)
@given(messages, st.binary(max_size=20), st.integers(0, 1000))
def test_pieces_make_no_difference(message, tail, seed):
    chance = random.Random(seed)
    octets = encode(message) + tail
    reader = MessageReader(Limits(max_depth=20))
    rest = octets
    while True:
        cut = chance.randint(0, min(30, len(rest)))
        answer = reader.feed(rest[:cut])
        rest = rest[cut:]
        if answer is not None:
            break
        assert rest, "the message is complete, but the reader wants more"
    assert answer[0] == message
    assert answer[1] + rest == tail


def outcome(octets: bytes) -> tuple[Message, int] | IppDecodeError:
    """What the decoder says; any exception but its own goes through and fails the test."""
    try:
        return decode(octets)
    except IppDecodeError as error:
        return error


def outcome_in_pieces(octets: bytes, size: int) -> tuple[Message, bytes] | IppDecodeError:
    """What the reader says, the octets that it was never fed included in what is left over."""
    reader = MessageReader()
    try:
        for place in range(0, len(octets), size):
            answer = reader.feed(octets[place : place + size])
            if answer is not None:
                return answer[0], answer[1] + octets[place + size :]
        reader.close()
    except IppDecodeError as error:
        return error
    raise AssertionError


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_decode_or_raise_the_one_error(octets):
    said = outcome(octets)
    if isinstance(said, IppDecodeError):
        assert 0 <= said.offset <= len(octets)
    else:
        message, end = said
        assert decode(encode(message))[0] == message
        assert 0 < end <= len(octets)


def damaged(octets: bytes, chance: random.Random) -> bytes:
    copy = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(copy))
        match chance.randrange(4):
            case 0:
                copy[place] = chance.randrange(256)
            case 1:
                del copy[place : place + chance.randint(1, 9)]
            case 2:
                copy[place:place] = chance.randbytes(chance.randint(1, 9))
            case _:
                copy[place] = chance.choice((0x00, 0x01, 0x03, 0x34, 0x37, 0x4A, 0x7F, 0x80, 0xFF))
        if not copy:
            copy = bytearray(b"\x01")
    return bytes(copy)


SEED_MESSAGE = Message(
    (2, 0),
    0x0002,
    9,
    (
        AttributeGroup(
            1,
            (
                Attribute.charset("attributes-charset", "utf-8"),
                Attribute.text("status-message", "Größe", StringWithLanguage("de", "ß")),
                Attribute.resolution("printer-resolution", Resolution(600, 600)),
            ),
        ),
        AttributeGroup(
            2,
            (
                Attribute.collection(
                    "media-col",
                    [
                        Attribute.collection("media-size", [Attribute.integer("x-dimension", 1)]),
                        Attribute.keyword("media-type", "a", "b"),
                    ],
                    [Attribute.range("r", (1, 2))],
                ),
                Attribute.boolean("page-ranges-supported", True),
            ),
        ),
    ),
)


def test_damaged_messages_raise_the_one_error_or_stay_sound():
    """Bit rot and lies at every place: only IppDecodeError comes out, and what decodes can be encoded and checked."""
    octets = encode(SEED_MESSAGE)
    chance = random.Random(20240229)
    refused = 0
    for _ in range(4000):
        copy = damaged(octets, chance)
        said = outcome(copy)
        in_pieces = outcome_in_pieces(copy, 3)
        if isinstance(said, IppDecodeError):
            refused += 1
            assert 0 <= said.offset <= len(copy)
            assert isinstance(in_pieces, IppDecodeError)
            assert isinstance(in_pieces, IppTruncatedError) == isinstance(said, IppTruncatedError)
        else:
            message, end = said
            assert in_pieces == (message, copy[end:])
            again, _ = decode(encode(message))
            assert encode(again) == encode(message)
            for group in message.groups:
                for attribute in group:
                    check_syntax(attribute, group.tag)
    assert 1000 < refused < 4000
