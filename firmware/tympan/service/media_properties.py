"""The members of ``media-col`` that describe a paper besides size, margins, source and type (PWG 5100.7 §6.3.1).

No printer here is told of them: they choose the tray. What is loaded says what it is (``media_ready`` of the configuration, or
``media-col-ready`` set by an administrator); a job that asks for it is printed from there, and where nothing loaded is so, the
printer says ``media-needed``. Paper of which nothing else is said is plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from tympan.driver.ticket import MediaSpec, Properties
from tympan.ipp import Attribute, Collection, GroupTag, RangeOfInteger
from tympan.ipp.registry import check_syntax

PLAIN: Final[Mapping[str, str | int]] = MappingProxyType(
    {
        "media-back-coating": "none",
        "media-color": "white",
        "media-front-coating": "none",
        "media-hole-count": 0,
        "media-order-count": 1,
        "media-pre-printed": "blank",
        "media-recycled": "none",
    }
)
"""What paper is of which nothing is said: bought as plain paper."""

KEYWORDS: Final = frozenset(
    {
        "media-back-coating",
        "media-color",
        "media-front-coating",
        "media-grain",
        "media-key",
        "media-pre-printed",
        "media-recycled",
        "media-tooth",
    }
)
NUMBERS: Final = frozenset(
    {"media-hole-count", "media-order-count", "media-thickness", "media-weight-metric"}
)

PROPERTIES: Final = KEYWORDS | NUMBERS
"""Every member of this module; those that are not in `PLAIN` are offered where something loaded has them."""


def property_of(member: Attribute) -> str | int | None:
    """The value of a member that is one of `PROPERTIES`; None where it has none of its syntax."""
    wrapped = Attribute.collection("media-col", Collection((member,)))
    if member.name not in PROPERTIES or check_syntax(wrapped, GroupTag.JOB) is not None:
        return None
    value = member.first
    if member.name in NUMBERS:
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return value if isinstance(value, str) else None


def parsed_properties(words: Iterable[str]) -> Properties:
    """Properties as people write them: ``media-color=blue``.

    Raises:
        ValueError: A word is no property; the message says which and why.
    """
    found: dict[str, str | int] = {}
    for word in words:
        name, _, text = word.partition("=")
        if name not in PROPERTIES:
            raise ValueError(f"{name!r} is no property of paper; there are: {', '.join(sorted(PROPERTIES))}")
        member = (
            Attribute.integer(name, int(text))
            if name in NUMBERS and text.isascii() and text.isdecimal()
            else Attribute.keyword(name, text)
        )
        value = property_of(member)
        if value is None:
            raise ValueError(f"{name} cannot be {text!r}")
        found[name] = value
    return tuple(sorted(found.items()))


def has_properties(paper: MediaSpec, asked: Properties) -> bool:
    """Whether loaded paper is as it is asked for."""
    own = dict(PLAIN) | dict(paper.properties)
    return all(own.get(name) == value for name, value in asked)


def property_values(ready: Iterable[MediaSpec]) -> dict[str, list[str | int]]:
    """What can be asked for of each property that is offered: what plain paper is, and what is loaded."""
    values: dict[str, list[str | int]] = {name: [value] for name, value in PLAIN.items()}
    for paper in ready:
        for name, value in paper.properties:
            known = values.setdefault(name, [])
            if value not in known:
                known.append(value)
    return values


def property_members(paper: MediaSpec) -> list[Attribute]:
    """The properties of a paper of which something is said, as members of ``media-col``."""
    return [
        Attribute.integer(name, value) if isinstance(value, int) else Attribute.keyword(name, value)
        for name, value in paper.properties
    ]


def property_attributes(ready: Iterable[MediaSpec]) -> list[Attribute]:
    """``media-color-supported`` and its like."""
    attributes = []
    for name, values in sorted(property_values(ready).items()):
        if name in NUMBERS:
            numbers = [value for value in values if isinstance(value, int)]
            spans = [RangeOfInteger(value, value) for value in sorted(numbers)]
            attributes.append(Attribute.range(f"{name}-supported", *spans))
        else:
            attributes.append(Attribute.keyword(f"{name}-supported", *map(str, values)))
    return attributes
