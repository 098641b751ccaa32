"""What people write behind ``-o`` becomes what RFC 8011 and PWG 5100 want."""

from __future__ import annotations

import pytest

from tympan.cli.errors import UsageError
from tympan.cli.job_options import in_words, job_attribute, job_attributes
from tympan.ipp import Attribute, RangeOfInteger, Resolution

MAX = 2**31 - 1

# Tags by RFC 8010 §3.5.2: 0x21 integer, 0x22 boolean, 0x23 enum, 0x32 resolution, 0x33 rangeOfInteger, 0x42 name, 0x44 keyword.
GOOD = [
    ("sides", "two-sided-long-edge", [(0x44, "two-sided-long-edge")]),
    ("copies", "3", [(0x21, 3)]),
    ("print-quality", "5", [(0x23, 5)]),
    ("print-quality", "high", [(0x23, 5)]),
    ("print-quality", "draft", [(0x23, 3)]),
    ("orientation-requested", "landscape", [(0x23, 4)]),
    ("finishings", "none,staple", [(0x23, 3), (0x23, 4)]),
    ("finishings", "3, 11", [(0x23, 3), (0x23, 11)]),
    (
        "page-ranges",
        "1-4,7,9-",
        [(0x33, RangeOfInteger(1, 4)), (0x33, RangeOfInteger(7, 7)), (0x33, RangeOfInteger(9, MAX))],
    ),
    ("printer-resolution", "600dpi", [(0x32, Resolution(600, 600, 3))]),
    ("printer-resolution", "600x300dpi", [(0x32, Resolution(600, 300, 3))]),
    ("printer-resolution", "80dpcm", [(0x32, Resolution(80, 80, 4))]),
    ("media", "iso_a4_210x297mm", [(0x44, "iso_a4_210x297mm")]),
    ("media", "My Paper", [(0x42, "My Paper")]),
    ("number-up", "2", [(0x21, 2)]),
    ("print-scaling", "fit", [(0x44, "fit")]),
]


@pytest.mark.parametrize(("name", "text", "values"), GOOD)
def test_what_can_be_written(name, text, values):
    attribute = job_attribute(name, text)
    assert attribute.name == name
    assert [(int(value.tag), value.value) for value in attribute.values] == values


BAD = [
    ("side=one-sided", "did you mean 'sides'"),
    ("=x", "there is no job attribute ''"),
    ("job-id=3", "there is no job attribute 'job-id'"),
    ("copies=two", "a number; 'two' is none"),
    ("copies=0", "copies=0: "),
    ("copies=99999999999", "a number"),
    ("copies=1,2", "a number; '1,2' is none"),
    ("print-quality=best", "draft, normal, high"),
    ("sides=Two Sided", "a keyword; 'Two Sided' is none"),
    ("page-ranges=4-1-2", "a range such as 1-4"),
    ("page-ranges=0-2", "page-ranges=0-2: "),
    ("page-ranges=1,,2", "''"),
    ("printer-resolution=600", "600dpi"),
    ("media-col=x", "cannot be written on the command line"),
    ("page-ranges", "a value is missing; write -o page-ranges=VALUE"),
    ("sides", "a value is missing; write -o sides=VALUE"),
    ("job-name=x", "--name NAME says it"),
    ("job-password=1234", "--password PASSWORD says it"),
]


@pytest.mark.parametrize(("option", "sentence"), BAD)
def test_what_cannot_be_written(option, sentence):
    with pytest.raises(UsageError) as caught:
        job_attributes([option])
    assert sentence in str(caught.value)


def test_copies_are_at_least_one():
    with pytest.raises(UsageError, match="copies must be 1 or more"):
        job_attributes([], 0)


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (Attribute.enum("print-quality", 5), "high"),
        (Attribute.enum("print-quality-supported", 3, 4), "draft, normal"),
        (Attribute.enum("finishings", 4, 999), "staple, 999"),
        (Attribute.keyword("sides-supported", "one-sided"), "one-sided"),
    ],
)
def test_values_in_the_words_that_are_taken(attribute, words):
    assert in_words(attribute) == words


def test_options_and_copies():
    attributes = job_attributes(["sides=one-sided", "print-quality=4"], 3)
    assert [(each.name, each.first) for each in attributes] == [
        ("sides", "one-sided"),
        ("print-quality", 4),
        ("copies", 3),
    ]
    assert job_attributes([]) == []


@pytest.mark.parametrize(("options", "copies"), [(["copies=1"], 2), (["sides=a", "sides=b"], None)])
def test_an_attribute_twice(options, copies):
    with pytest.raises(UsageError, match="given twice"):
        job_attributes(options, copies)
