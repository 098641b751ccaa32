"""Messages made by libcups read by us, and messages made by us read by libcups: value by value, octet by octet."""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime

from tympan.ipp import (
    Attribute,
    GroupTag,
    Message,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    Value,
    ValueTag,
    decode,
    encode,
)

MOMENT = datetime(2024, 2, 29, 23, 59, 58, 700_000, UTC)


def made_by_cups(cups):
    """One attribute of each syntax, through the library's own constructors."""
    library, message = cups.library, cups.new()
    library.ippSetVersion(message, 2, 1)
    library.ippSetOperation(message, 0x000B)
    library.ippSetRequestId(message, 77)
    operation, job = int(GroupTag.OPERATION), int(GroupTag.JOB)
    text = ctypes.c_char_p
    library.ippAddString(message, operation, 0x47, b"attributes-charset", None, b"utf-8")
    library.ippAddString(message, operation, 0x48, b"attributes-natural-language", None, b"en-us")
    library.ippAddString(message, operation, 0x45, b"printer-uri", None, b"ipp://localhost/ipp/print")
    keywords = (text * 3)(b"all", b"media-col-database", b"printer-description")
    library.ippAddStrings(message, operation, 0x44, b"requested-attributes", 3, None, keywords)
    library.ippAddString(message, operation, 0x42, b"requesting-user-name", None, "Jürgen".encode())
    library.ippAddInteger(message, job, 0x21, b"copies", -5)
    library.ippAddIntegers(message, job, 0x23, b"finishings", 2, (ctypes.c_int * 2)(4, 20))
    library.ippAddBoolean(message, job, b"page-ranges-supported", 1)
    library.ippAddRange(message, job, b"copies-supported", 1, 999)
    library.ippAddResolution(message, job, b"printer-resolution", 3, 600, 300)
    date = (ctypes.c_ubyte * 11)(*b"\x07\xe8\x02\x1d\x17\x3b\x3a\x07+\x00\x00")
    library.ippAddDate(message, job, b"date-time-at-creation", date)
    library.ippAddOctetString(message, job, b"job-password", b"\x00\xff\x01", 3)
    library.ippAddOutOfBand(message, job, 0x13, b"job-hold-until")
    library.ippAddString(message, job, 0x36, b"job-name", b"de", "Gruß".encode())
    size = cups.new()
    library.ippAddInteger(size, job, 0x21, b"x-dimension", 21000)
    library.ippAddInteger(size, job, 0x21, b"y-dimension", 29700)
    media = cups.new()
    library.ippAddCollection(media, job, b"media-size", size)
    library.ippAddString(media, job, 0x44, b"media-type", None, b"stationery")
    library.ippAddCollection(message, job, b"media-col", media)
    return message


OURS = Message.of(
    (2, 1),
    0x000B,
    77,
    (
        GroupTag.OPERATION,
        [
            Attribute.charset("attributes-charset", "utf-8"),
            Attribute.language("attributes-natural-language", "en-us"),
            Attribute.uri("printer-uri", "ipp://localhost/ipp/print"),
            Attribute.keyword("requested-attributes", "all", "media-col-database", "printer-description"),
            Attribute.name_string("requesting-user-name", "Jürgen"),
        ],
    ),
    (
        GroupTag.JOB,
        [
            Attribute.integer("copies", -5),
            Attribute.enum("finishings", 4, 20),
            Attribute.boolean("page-ranges-supported", True),
            Attribute.range("copies-supported", (1, 999)),
            Attribute.dots_per_inch("printer-resolution", (600, 300)),
            Attribute.date_time("date-time-at-creation", MOMENT),
            Attribute.octets("job-password", b"\x00\xff\x01"),
            Attribute.no_value("job-hold-until"),
            Attribute.name_string("job-name", StringWithLanguage("de", "Gruß")),
            Attribute.collection(
                "media-col",
                [
                    Attribute.collection(
                        "media-size",
                        [Attribute.integer("x-dimension", 21000), Attribute.integer("y-dimension", 29700)],
                    ),
                    Attribute.keyword("media-type", "stationery"),
                ],
            ),
        ],
    ),
)


def test_we_read_what_cups_writes(cups):
    octets = cups.write(made_by_cups(cups))
    message, end = decode(octets)
    assert end == len(octets)
    assert message == OURS


def test_we_write_the_octets_that_cups_writes(cups):
    assert encode(OURS) == cups.write(made_by_cups(cups))


def test_cups_reads_the_values_that_we_write(cups):
    library = cups.library
    message = cups.read(encode(OURS))
    assert message is not None
    found = {name: (tag, handle) for _, tag, name, handle in cups.attributes(message)}
    assert library.ippGetRequestId(message) == 77
    assert library.ippGetOperation(message) == 0x000B
    assert library.ippGetCount(found["requested-attributes"][1]) == 3
    assert library.ippGetString(found["requested-attributes"][1], 1, None) == b"media-col-database"
    assert library.ippGetInteger(found["copies"][1], 0) == -5
    assert [library.ippGetInteger(found["finishings"][1], n) for n in (0, 1)] == [4, 20]
    assert library.ippGetBoolean(found["page-ranges-supported"][1], 0) == 1
    upper = ctypes.c_int()
    assert library.ippGetRange(found["copies-supported"][1], 0, ctypes.byref(upper)) == 1
    assert upper.value == 999
    feed, units = ctypes.c_int(), ctypes.c_int()
    cross = library.ippGetResolution(
        found["printer-resolution"][1], 0, ctypes.byref(feed), ctypes.byref(units)
    )
    assert (cross, feed.value, units.value) == (600, 300, 3)
    seconds = library.ippDateToTime(library.ippGetDate(found["date-time-at-creation"][1], 0))
    assert seconds == int(MOMENT.timestamp())
    length = ctypes.c_int()
    password = library.ippGetOctetString(found["job-password"][1], 0, ctypes.byref(length))
    assert bytes(password[: length.value]) == b"\x00\xff\x01"
    assert found["job-hold-until"][0] == ValueTag.NO_VALUE
    language = ctypes.c_char_p()
    assert library.ippGetString(found["job-name"][1], 0, ctypes.byref(language)) == "Gruß".encode()
    assert language.value == b"de"
    collection = ctypes.c_void_p(library.ippGetCollection(found["media-col"][1], 0))
    assert [name for _, _, name, _ in cups.attributes(collection)] == ["media-size", "media-type"]


def test_mixed_tags_in_one_set_survive_cups(cups):
    """``media-supported`` mixes keywords and names; ``number-up-supported`` integers and ranges."""
    mixed = Message.of(
        (2, 0),
        0,
        1,
        (GroupTag.OPERATION, OURS.groups[0].attributes[:2]),
        (
            GroupTag.PRINTER,
            [
                Attribute(
                    "media-supported",
                    (
                        Value(ValueTag.KEYWORD, "iso_a4_210x297mm"),
                        Value(ValueTag.NAME_WITHOUT_LANGUAGE, "My Paper"),
                        Value(ValueTag.KEYWORD, "na_letter_8.5x11in"),
                    ),
                ),
                Attribute.resolution("r", Resolution(203, 203), Resolution(80, 80, 4)),
                Attribute(
                    "number-up-supported",
                    (Value(ValueTag.INTEGER, 1), Value(ValueTag.RANGE_OF_INTEGER, RangeOfInteger(2, 4))),
                ),
            ],
        ),
    )
    octets = encode(mixed)
    assert decode(octets) == (mixed, len(octets))
    message = cups.read(octets)
    assert message is not None
    counts = {name: cups.library.ippGetCount(handle) for _, _, name, handle in cups.attributes(message)}
    assert counts == {
        "attributes-charset": 1,
        "attributes-natural-language": 1,
        "media-supported": 3,
        "r": 2,
        "number-up-supported": 2,
    }
