"""How results look: tables for people, JSON for programs, sizes and times in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from tympan.ipp import (
    Attribute,
    AttributeGroup,
    Collection,
    RangeOfInteger,
    Resolution,
    ResolutionUnits,
    StringWithLanguage,
)
from tympan.ipp.registry import Registration, lookup, member_of
from tympan.ipp.values import MalformedValue

UNIT_STEP = 1024


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; columns of numbers stand right."""
    cells = [list(headings), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    right = [
        bool(rows) and all(row[column].replace(".", "", 1).isdigit() or not row[column] for row in rows)
        for column in range(len(headings))
    ]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def size(octets: int) -> str:
    """``12 kB``-like, in steps of 1024."""
    number = float(octets)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < UNIT_STEP:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= UNIT_STEP
    return f"{number:.1f} TiB"


def when(moment: object) -> str:
    """A dateTime as local time, ``2025-01-31 12:00:05``; empty where there is none."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if isinstance(moment, datetime) else ""


def as_json(value: object) -> str:
    """JSON with two spaces of indentation."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def attributes_as_json(group: AttributeGroup) -> Mapping[str, object]:
    """The attributes of a group by their names.

    What is registered as a 1setOf is a list, also with one value, so that a reader meets one type; out-of-band values are null.
    """
    return {each.name: _values(each, lookup(each.name, group.tag)) for each in group.attributes}


def _values(attribute: Attribute, registration: Registration | None) -> object:
    if attribute.out_of_band:
        return None
    values = [_plain(value, registration) for value in attribute.all()]
    is_set = registration is not None and registration.parsed().multiple
    return values if is_set or len(values) > 1 else values[0]


def shown(attribute: Attribute | None) -> str:
    """An attribute's values in words, separated by commas; empty where there is none."""
    return "" if attribute is None else ", ".join(_words(value) for value in attribute.all())


def _plain(value: object, registration: Registration | None) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case Collection():
            return {
                each.name: _values(each, registration and member_of(registration, each.name))
                for each in value.members
            }
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return _words(value)


def _words(value: object) -> str:  # noqa: PLR0911 — a table of types, one line each
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case RangeOfInteger():
            return f"{value.lower}-{value.upper}"
        case Resolution():
            units = "dpcm" if value.units == ResolutionUnits.DOTS_PER_CENTIMETER else "dpi"
            same = value.cross_feed == value.feed
            return f"{value.cross_feed}{units}" if same else f"{value.cross_feed}x{value.feed}{units}"
        case StringWithLanguage():
            return value.string
        case MalformedValue():
            return f"({value.problem})"
        case datetime():
            return when(value)
        case Collection():
            return "{" + " ".join(f"{member.name}={shown(member)}" for member in value.members) + "}"
        case _:
            return str(value)
