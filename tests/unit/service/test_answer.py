"""Encoded attributes: joined in order, replaced in place, chosen by name and by group."""

from __future__ import annotations

import pytest

from tympan.ipp import Attribute, encode_attribute
from tympan.service.answer import EncodedAttributes

A = Attribute.integer("a", 1)
T = Attribute.keyword("template-t", "x")
D = Attribute.keyword("database", "y")
B = Attribute.integer("b", 2)


def joined(*attributes):
    return b"".join(encode_attribute(attribute) for attribute in attributes)


@pytest.fixture
def encoded():
    made = EncodedAttributes(lambda name: name.startswith("template"), frozenset({"database"}))
    made.set([A, T, D, B])
    return made


@pytest.mark.parametrize(
    ("requested", "expected", "missing"),
    [
        ((), (A, T, B), ()),
        (("all",), (A, T, B), ()),
        (("job-template",), (T,), ()),
        (("printer-description",), (A, B), ()),
        (("printer-description", "job-template"), (A, B, T), ()),
        (("all", "database"), (A, T, B, D), ()),
        (("database",), (D,), ()),
        (("b", "a"), (B, A), ()),
        (("a", "all", "a"), (A, T, B), ()),
        (("x", "a", "y", "x"), (A,), ("x", "y")),
        (("x",), (), ("x",)),
        (("all", "x"), (A, T, B), ("x",)),
        (("All",), (), ("All",)),
    ],
)
def test_select(encoded, requested, expected, missing):
    assert encoded.select(requested) == (joined(*expected), missing)


def test_an_attribute_is_replaced_where_it_is(encoded):
    encoded.set([Attribute.integer("a", 9)])
    assert encoded.select(())[0] == joined(Attribute.integer("a", 9), T, B)
    assert encoded.select(("printer-description",))[0] == joined(Attribute.integer("a", 9), B)
    assert encoded.names() == ["a", "template-t", "database", "b"]


def test_a_new_attribute_belongs_to_its_group(encoded):
    new = Attribute.integer("template-new", 3)
    encoded.set([new])
    assert encoded.select(("job-template",))[0] == joined(T, new)


def test_what_a_part_has_no_more_is_there_no_more(encoded):
    old, new = Attribute.integer("template-old", 3), Attribute.integer("template-new", 4)
    encoded.set_part("p", [old])
    assert encoded.select(("job-template",))[0] == joined(T, old)
    encoded.set_part("p", [new])
    assert encoded.select(("job-template", "template-old")) == (joined(T, new), ("template-old",))
    assert encoded.select(())[0] == joined(A, T, B, new)
    encoded.set_part("other", [old])
    assert encoded.select(("job-template",))[0] == joined(T, new, old)
