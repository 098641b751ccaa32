"""Attributes, collections, groups and messages as objects; and the public names of the package."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tympan.errors
from tympan import ipp
from tympan.ipp import (
    Attribute,
    AttributeGroup,
    Collection,
    GroupTag,
    MalformedValue,
    Message,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    Value,
    ValueTag,
)
from tympan.ipp.enums import Finishings, JobState


def test_public_names():
    """What others import; a change here is a change of the contract."""
    assert sorted(ipp.__all__) == [
        "Attribute",
        "AttributeGroup",
        "Collection",
        "GroupTag",
        "IppDecodeError",
        "IppEncodeError",
        "IppError",
        "IppTruncatedError",
        "Limits",
        "MalformedValue",
        "Message",
        "MessageReader",
        "Operation",
        "RangeOfInteger",
        "Resolution",
        "ResolutionUnits",
        "StatusCode",
        "StringWithLanguage",
        "Value",
        "ValueData",
        "ValueTag",
        "decode",
        "encode",
        "encode_attribute",
        "encode_group",
        "encode_header",
        "join_message",
    ]
    assert all(hasattr(ipp, name) for name in ipp.__all__)


def test_error_tree():
    assert issubclass(ipp.IppError, tympan.errors.TympanError)
    assert issubclass(ipp.IppDecodeError, (ipp.IppError, ValueError))
    assert issubclass(ipp.IppTruncatedError, ipp.IppDecodeError)
    assert issubclass(ipp.IppEncodeError, ipp.IppError)
    assert issubclass(ipp.IppEncodeError, ValueError)


def test_the_codec_needs_no_input_output_and_no_clock():
    """Importing the package brings in nothing that could; the registry's table is not read either."""
    program = (
        "import sys; before = set(sys.modules); import tympan.ipp, tympan.ipp.registry, tympan.ipp.enums; "
        "new = set(sys.modules) - before; "
        "bad = new & {'asyncio', 'socket', 'logging', 'sqlite3', 'aiohttp', 'numpy', 'selectors', 'ssl'}; "
        "assert not bad, bad; assert tympan.ipp.registry._table.cache_info().misses == 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


CONSTRUCTED = [
    (Attribute.integer("n", 1, -2), [(0x21, 1), (0x21, -2)]),
    (Attribute.enum("n", JobState.PENDING_HELD), [(0x23, 4)]),
    (Attribute.boolean("n", True, False), [(0x22, True), (0x22, False)]),
    (Attribute.octets("n", b"\0"), [(0x30, b"\0")]),
    (Attribute.resolution("n", Resolution(1, 2, 4)), [(0x32, Resolution(1, 2, 4))]),
    (Attribute.dots_per_inch("n", (203, 180)), [(0x32, Resolution(203, 180, 3))]),
    (Attribute.range("n", (1, 2), RangeOfInteger(3, 4)), [(0x33, RangeOfInteger(1, 2)), (0x33, RangeOfInteger(3, 4))]),
    (Attribute.text("n", "a", StringWithLanguage("de", "b")), [(0x41, "a"), (0x35, StringWithLanguage("de", "b"))]),
    (Attribute.name_string("n", StringWithLanguage("de", "b"), "a"), [(0x36, StringWithLanguage("de", "b")), (0x42, "a")]),
    (Attribute.keyword("n", "a", "b"), [(0x44, "a"), (0x44, "b")]),
    (Attribute.uri("n", "ipp://a"), [(0x45, "ipp://a")]),
    (Attribute.uri_scheme("n", "ipp"), [(0x46, "ipp")]),
    (Attribute.charset("n", "utf-8"), [(0x47, "utf-8")]),
    (Attribute.language("n", "en"), [(0x48, "en")]),
    (Attribute.mime("n", "image/urf"), [(0x49, "image/urf")]),
    (Attribute.no_value("n"), [(0x13, None)]),
    (Attribute.unknown("n"), [(0x12, None)]),
    (Attribute.unsupported("n"), [(0x10, None)]),
    (Attribute.collection("n", [Attribute.integer("m", 1)], Collection()), [
        (0x34, Collection((Attribute.integer("m", 1),))), (0x34, Collection())]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "values"), CONSTRUCTED)
def test_constructors_choose_the_tag(attribute, values):
    assert attribute.name == "n"
    assert list(attribute.values) == values
    assert all(type(value) is Value for value in attribute.values)


@pytest.mark.parametrize(
    "make", [Attribute.integer, Attribute.keyword, Attribute.text, Attribute.name_string]
)
def test_attribute_has_a_value(make):
    with pytest.raises(ValueError, match="at least one"):
        make("n")


def test_enum_members_become_plain_integers():
    attribute = Attribute.enum("finishings", Finishings.NONE, Finishings.STAPLE_TOP_LEFT)
    assert [type(value) for value in attribute.all()] == [int, int]


def test_accessors_of_an_attribute():
    mixed = Attribute(
        "n",
        (
            Value(ValueTag.KEYWORD, "k"),
            Value(ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("de", "Name")),
            Value(ValueTag.INTEGER, 7),
            Value(ValueTag.BOOLEAN, True),
            Value(ValueTag.BEG_COLLECTION, Collection()),
            Value(ValueTag.TEXT_WITHOUT_LANGUAGE, MalformedValue(b"\xff", "bad")),
        ),
    )
    assert mixed.first == "k"
    assert mixed.tag is ValueTag.KEYWORD
    assert mixed.strings() == ("k", "Name")
    assert mixed.integers() == (7,)
    assert mixed.collections() == (Collection(),)
    assert mixed.malformed() == (MalformedValue(b"\xff", "another wording", 99),)
    assert len(mixed.all()) == 6
    assert not mixed.out_of_band
    assert mixed.renamed("m").values is mixed.values


def test_group_look_up():
    group = AttributeGroup(
        GroupTag.JOB,
        (
            Attribute.name_string("job-name", StringWithLanguage("de", "Brief")),
            Attribute.integer("copies", 2),
            Attribute.boolean("b", False),
            Attribute.no_value("none"),
            Attribute.keyword("k", "x", "y"),
            Attribute.collection("media-col", [Attribute.keyword("media-type", "labels")]),
        ),
    )
    assert group.get("copies").first == 2
    assert group.get("absent") is None
    assert "copies" in group
    assert "absent" not in group
    assert [attribute.name for attribute in group][:2] == ["job-name", "copies"]
    assert (
        group.string("job-name"),
        group.string("copies"),
        group.string("absent"),
        group.string("none"),
    ) == (
        "Brief",
        None,
        None,
        None,
    )
    assert (group.integer("copies"), group.integer("b"), group.integer("k"), group.integer("absent")) == (
        2,
        None,
        None,
        None,
    )
    assert (group.boolean("b"), group.boolean("copies"), group.boolean("absent")) == (False, None, None)
    assert (group.strings("k"), group.strings("copies"), group.strings("absent")) == (("x", "y"), (), ())
    media = group.collection("media-col")
    assert media.get("media-type").first == "labels"
    assert "media-type" in media
    assert media.get("absent") is None
    assert (group.collection("copies"), group.collection("absent")) == (None, None)


def test_duplicates_in_a_collection_are_found():
    twice = Collection((Attribute.integer("x", 1), Attribute.integer("y", 2), Attribute.integer("x", 3)))
    assert twice.duplicate_names == ("x",)
    assert twice.get("x").first == 1
    assert len(twice) == 3


def test_groups_of_a_message():
    message = Message.of(
        (2, 0),
        0,
        1,
        (GroupTag.OPERATION, [Attribute.charset("attributes-charset", "utf-8")]),
        (GroupTag.JOB, [Attribute.integer("job-id", 1)]),
        (GroupTag.JOB, [Attribute.integer("job-id", 2)]),
    )
    assert message.operation_attributes.string("attributes-charset") == "utf-8"
    assert [group.integer("job-id") for group in message.groups_of(GroupTag.JOB)] == [1, 2]
    assert message.group(GroupTag.JOB).integer("job-id") == 1
    assert len(message.group(GroupTag.PRINTER)) == 0
    assert len(Message((2, 0), 0, 1).operation_attributes) == 0
    assert hash(message) == hash(Message((2, 0), 0, 1, message.groups))


def test_range_contains_its_ends():
    span = RangeOfInteger(2, 4)
    assert [number for number in range(7) if number in span] == [2, 3, 4]
