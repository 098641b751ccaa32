"""``-o NAME=VALUE``: job attributes as people write them, given the syntax that the registry says.

Values of a 1setOf are separated by commas. Enums take their numbers or their registered keywords, resolutions look
like ``600dpi`` or ``600x300dpi``, ranges like ``1-4``, ``7`` or ``9-``, times like ``2030-01-31T18:00``. A bare ``-o NAME`` means ``true``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from tympan.cli.errors import UsageError
from tympan.cli.output import shown
from tympan.config.option import nearest
from tympan.ipp import (
    Attribute,
    GroupTag,
    RangeOfInteger,
    Resolution,
    ResolutionUnits,
    Value,
    ValueData,
    ValueTag,
)
from tympan.ipp.enums import Finishings, KeywordEnum, OrientationRequested, PrintQuality
from tympan.ipp.registry import check_syntax, section
from tympan.ipp.values import MAX_INTEGER

ENUMS: Mapping[str, type[KeywordEnum]] = {
    "finishings": Finishings,
    "job-finishings": Finishings,
    "orientation-requested": OrientationRequested,
    "print-quality": PrintQuality,
}
"""Job template attributes whose values may be written as keywords."""

_KEYWORD_WORD = re.compile(r"[a-z][a-z0-9._-]*")
_INTEGER_WORD = re.compile(r"-?[0-9]{1,10}")
_RANGE_WORD = re.compile(r"([0-9]{1,10})(?:(-)([0-9]{1,10})?)?")
_RESOLUTION_WORD = re.compile(r"([0-9]{1,5})(?:x([0-9]{1,5}))?(dpi|dpcm)")
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


USUAL = (
    "copies",
    "media",
    "number-up",
    "orientation-requested",
    "page-ranges",
    "print-color-mode",
    "print-quality",
    "print-scaling",
    "sides",
)
"""Job attributes to name where somebody asks for one that IPP does not have."""


ELSEWHERE = {
    "document-format": "--format TYPE",
    "document-name": "--name NAME",
    "job-name": "--name NAME",
    "job-password": "--password PASSWORD",
    "printer-uri": "--uri URI",
    "requesting-user-name": "--uri ipps://NAME@HOST",
}
"""What is no job attribute but said otherwise: to the option that says it."""


def in_words(attribute: Attribute) -> str:
    """The values of an attribute, or of its ``-supported``, as `job_attribute` takes them."""
    members = ENUMS.get(attribute.name.removesuffix("-supported"))
    numbers = attribute.integers()
    if members is None or not numbers:
        return shown(attribute)
    known = {int(member): member.keyword for member in members}
    return ", ".join(known.get(number, str(number)) for number in numbers)


def job_attributes(options: Iterable[str], copies: int | None = None) -> list[Attribute]:
    """The job attributes group for ``-o`` options and ``--copies``.

    Raises:
        UsageError: An option names no job attribute, is given twice, or its value is not in the attribute's syntax.
    """
    if copies is not None and copies < 1:
        raise UsageError("copies must be 1 or more")
    found: dict[str, Attribute] = {}
    for option in [*options, *([f"copies={copies}"] if copies is not None else [])]:
        name, equals, text = option.partition("=")
        if name in found:
            raise UsageError(f"{name} is given twice")
        found[name] = job_attribute(name, text if equals else None)
    return list(found.values())


def job_attribute(name: str, text: str | None) -> Attribute:
    """One job attribute from what a person wrote; None: only the name, which is ``true``.

    Raises:
        UsageError: There is no such job attribute, or the value is not in its syntax.
    """
    template = section("Job Template")
    registration = template.get(name)
    if name in ELSEWHERE:
        raise UsageError(f"{name} is no job attribute; {ELSEWHERE[name]} says it")
    if registration is None:
        near = nearest(name, sorted(template)) if name else ""
        hint = f"did you mean {near!r}?" if near else f"usual ones are: {', '.join(USUAL)}"
        raise UsageError(f"there is no job attribute {name!r}; {hint}")
    syntax = registration.parsed()
    if text is None:
        if all(alternative.kind != "boolean" for alternative in syntax.alternatives):
            raise UsageError(f"{name}: a value is missing; write -o {name}=VALUE")
        text = "true"
    words = [word.strip() for word in text.split(",")] if syntax.multiple else [text.strip()]
    kinds = [alternative.kind for alternative in syntax.alternatives]
    attribute = Attribute(name, tuple(_value(name, word, kinds) for word in words))
    problem = check_syntax(attribute, GroupTag.JOB)
    if problem is not None:
        raise UsageError(f"{name}={text}: {problem}")
    return attribute


def _value(name: str, word: str, kinds: Iterable[str]) -> Value:
    for kind in kinds:
        if kind in _READERS:
            tag, read, _ = _READERS[kind]
            value = read(name, word)
            if value is not None:
                return Value(tag, value)
    wanted = [_READERS[kind][2] for kind in kinds if kind in _READERS]
    if not wanted:
        raise UsageError(f"{name} cannot be written on the command line; it is a {' or '.join(kinds)}")
    names = f": {', '.join(member.keyword for member in ENUMS[name])}" if name in ENUMS else ""
    raise UsageError(f"{name} takes {' or '.join(wanted)}{names}; {word!r} is none")


def _integer(_: str, word: str) -> int | None:
    return int(word) if _INTEGER_WORD.fullmatch(word) else None


def _enum(name: str, word: str) -> int | None:
    members = {member.keyword: int(member) for member in ENUMS.get(name, ())}
    return members[word] if word in members else _integer(name, word)


def _boolean(_: str, word: str) -> bool | None:
    return _BOOLEANS.get(word.lower())


def _range(_: str, word: str) -> RangeOfInteger | None:
    match = _RANGE_WORD.fullmatch(word)
    if match is None:
        return None
    lower, dash, upper = match.groups()
    return RangeOfInteger(int(lower), int(upper) if upper else MAX_INTEGER if dash else int(lower))


def _resolution(_: str, word: str) -> Resolution | None:
    match = _RESOLUTION_WORD.fullmatch(word)
    if match is None:
        return None
    across, along, units = match.groups()
    unit = ResolutionUnits.DOTS_PER_INCH if units == "dpi" else ResolutionUnits.DOTS_PER_CENTIMETER
    return Resolution(int(across), int(along or across), unit)


def _keyword(_: str, word: str) -> str | None:
    return word if _KEYWORD_WORD.fullmatch(word) else None


def _moment(_: str, word: str) -> datetime | None:
    """ISO 8601; without a zone it is this machine's time."""
    try:
        return datetime.fromisoformat(word).astimezone()
    except ValueError:
        return None


def _text(_: str, word: str) -> str | None:
    return word or None


_READERS: Mapping[str, tuple[ValueTag, Callable[[str, str], ValueData], str]] = {
    "integer": (ValueTag.INTEGER, _integer, "a number"),
    "enum": (ValueTag.ENUM, _enum, "a number or keyword"),
    "boolean": (ValueTag.BOOLEAN, _boolean, "true or false"),
    "rangeOfInteger": (ValueTag.RANGE_OF_INTEGER, _range, "a range such as 1-4"),
    "resolution": (ValueTag.RESOLUTION, _resolution, "a resolution such as 600dpi"),
    "keyword": (ValueTag.KEYWORD, _keyword, "a keyword"),
    "name": (ValueTag.NAME_WITHOUT_LANGUAGE, _text, "a name"),
    "text": (ValueTag.TEXT_WITHOUT_LANGUAGE, _text, "a text"),
    "uri": (ValueTag.URI, _text, "a URI"),
    "dateTime": (ValueTag.DATE_TIME, _moment, "a time such as 2030-01-31T18:00"),
    "mimeMediaType": (ValueTag.MIME_MEDIA_TYPE, _text, "a MIME type"),
}
"""Kind of a syntax to the tag, the reading of a word (None where it is none), and what it takes, in words."""
