"""Attribute syntaxes as the IANA registry writes them, such as ``1setOf (type2 keyword | name(MAX))``.

Owns the reading of such a line, the check of values against it, and the choice of tags for plain Python values. Knows
no attribute by name: that is `tympan.ipp.registry`.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tympan.ipp.attribute import Collection, Value, ValueData
from tympan.ipp.status import StatusCode
from tympan.ipp.tags import ValueTag, value_tag_keyword
from tympan.ipp.values import (
    MAX_INTEGER,
    MIN_INTEGER,
    MalformedValue,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
)

_MAX_OCTETS = {
    "text": 1023,
    "name": 255,
    "keyword": 255,
    "uri": 1023,
    "uriScheme": 63,
    "charset": 63,
    "naturalLanguage": 63,
    "mimeMediaType": 255,
    "octetString": 1023,
}
"""What MAX means for each syntax that is counted in octets, RFC 8011 §5.1."""

_TAGS_OF_KIND: dict[str, tuple[ValueTag, ...]] = {
    "text": (ValueTag.TEXT_WITHOUT_LANGUAGE, ValueTag.TEXT_WITH_LANGUAGE),
    "name": (ValueTag.NAME_WITHOUT_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE),
    "keyword": (ValueTag.KEYWORD,),
    "enum": (ValueTag.ENUM,),
    "uri": (ValueTag.URI,),
    "uriScheme": (ValueTag.URI_SCHEME,),
    "charset": (ValueTag.CHARSET,),
    "naturalLanguage": (ValueTag.NATURAL_LANGUAGE,),
    "mimeMediaType": (ValueTag.MIME_MEDIA_TYPE,),
    "octetString": (ValueTag.OCTET_STRING,),
    "integer": (ValueTag.INTEGER,),
    "rangeOfInteger": (ValueTag.RANGE_OF_INTEGER,),
    "boolean": (ValueTag.BOOLEAN,),
    "dateTime": (ValueTag.DATE_TIME,),
    "resolution": (ValueTag.RESOLUTION,),
    "collection": (ValueTag.BEG_COLLECTION,),
}

_OUT_OF_BAND = {tag.keyword: tag for tag in ValueTag if tag.out_of_band}

_BOUNDS = {"MIN": MIN_INTEGER, "MAX": MAX_INTEGER}


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """Why a value does not have the syntax of its attribute.

    Attributes:
        problem: A sentence, for ``detailed-status-message`` or the log.
        status: The status code for it where the attribute must be right, RFC 8011 §4.1.7 and Appendix B: too long,
            out of range, or of another syntax. For what the client may ask for and the printer may ignore, the
            service puts the attribute into the unsupported group instead.
    """

    problem: str
    status: StatusCode = StatusCode.CLIENT_ERROR_BAD_REQUEST

    def __str__(self) -> str:
        return self.problem


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the syntaxes that an attribute's value may have.

    Attributes:
        kind: Its name, such as ``integer`` or ``name``.
        lower: Smallest integer, or smallest end of a range.
        upper: Largest integer, or largest end of a range, or the most octets.
    """

    kind: str
    lower: int = MIN_INTEGER
    upper: int = MAX_INTEGER


@dataclass(frozen=True, slots=True)
class Syntax:
    """What values an attribute may have.

    Attributes:
        alternatives: By preference: the first that fits gives a plain Python value its tag.
        multiple: A 1setOf: more than one value is allowed.
        out_of_band: Tags of out-of-band values that are allowed.
    """

    alternatives: tuple[Alternative, ...]
    multiple: bool
    out_of_band: frozenset[ValueTag]
    _by_tag: dict[int, tuple[Alternative, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tags = {tag for alternative in self.alternatives for tag in _TAGS_OF_KIND[alternative.kind]}
        by_tag = {
            int(tag): tuple([each for each in self.alternatives if tag in _TAGS_OF_KIND[each.kind]])
            for tag in tags
        }
        object.__setattr__(self, "_by_tag", by_tag)

    def check(self, values: tuple[Value, ...]) -> SyntaxProblem | None:
        """The first thing wrong with the values, None where nothing is. Members of collections are not looked at."""
        if len(values) > 1 and not self.multiple:
            return SyntaxProblem(f"it has {len(values)} values, and is no 1setOf")
        by_tag = self._by_tag
        for tag, data in values:
            alternatives = by_tag.get(tag)
            if alternatives is None or data is None or data.__class__ is MalformedValue:
                if data is None and tag in self.out_of_band and len(values) == 1:
                    continue
                return self._no_syntax_of_ours(tag, data)
            for alternative in alternatives:
                problem = _CHECKS[alternative.kind](alternative, data)
                if problem is None:
                    break
            else:
                return problem
        return None

    def _no_syntax_of_ours(self, tag: int, data: ValueData) -> SyntaxProblem:
        if isinstance(data, MalformedValue):
            return SyntaxProblem(f"{value_tag_keyword(tag)}: {data.problem}")
        if data is None:
            return SyntaxProblem(f"it cannot be {value_tag_keyword(tag)}")
        kinds = " or ".join(dict.fromkeys([alternative.kind for alternative in self.alternatives]))
        return SyntaxProblem(f"it is {value_tag_keyword(tag)}, not {kinds}")

    def tag_for(self, data: ValueData) -> ValueTag | None:
        """The tag under which a Python value has this syntax; None where it has not."""
        if data is None:
            return min(self.out_of_band, default=None)
        for alternative in self.alternatives:
            for tag in _TAGS_OF_KIND[alternative.kind]:
                if _PYTHON_TYPES[tag](data) and _CHECKS[alternative.kind](alternative, data) is None:
                    return tag
        return None


def parse_syntax(text: str) -> Syntax:
    """Read a syntax in the registry's notation.

    ``1setOf``, ``|``, round brackets, ``type1`` to ``type3``, bounds as in ``integer(1:MAX)`` and lengths as in
    ``name(127)``. ``1setOf`` anywhere makes the whole a set: the registry puts brackets or leaves them out.

    Raises:
        ValueError: A word is not known or a bound is no number.
    """
    multiple = "1setOf" in text
    alternatives: list[Alternative] = []
    out_of_band: set[ValueTag] = set()
    for part in text.replace("1setOf", " ").split("|"):
        words = part.strip(" '()").split()
        word = "".join([word for word in words if word not in ("type1", "type2", "type3")])
        if word in _OUT_OF_BAND:
            out_of_band.add(_OUT_OF_BAND[word])
            continue
        kind, _, bounds = word.partition("(")
        if kind not in _TAGS_OF_KIND:
            raise ValueError(f"{text!r}: {kind!r} is no attribute syntax")
        alternatives.append(_alternative(kind, bounds))
    return Syntax(tuple(alternatives), multiple, frozenset(out_of_band))


def _alternative(kind: str, bounds: str) -> Alternative:
    if kind in _MAX_OCTETS:
        most = _MAX_OCTETS[kind]
        return Alternative(kind, 0, most if bounds in ("", "MAX") else int(bounds))
    if not bounds:
        return Alternative(kind)
    lower, _, upper = bounds.partition(":")
    return Alternative(kind, _BOUNDS.get(lower) or int(lower), _BOUNDS.get(upper) or int(upper))


# --- one check a syntax -----------------------------------------------------------------------------------------------

_KEYWORD_CHARACTERS = frozenset(string.ascii_letters + string.digits + "-_.")
_SCHEME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "+-.")


def _too_long(octets: int, most: int) -> SyntaxProblem:
    return SyntaxProblem(
        f"it has {octets} octets, {most} are allowed", StatusCode.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
    )


def _check_text(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    text = str(data)
    if len(text) * 4 > alternative.upper:  # few are so long that their octets must be counted
        octets = len(text.encode())
        if octets > alternative.upper:
            return _too_long(octets, alternative.upper)
    if isinstance(data, StringWithLanguage):
        return _check_language(
            Alternative("naturalLanguage", 0, _MAX_OCTETS["naturalLanguage"]), data.language
        )
    return None


def _check_octets(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    octets = len(data) if isinstance(data, bytes) else 0
    return _too_long(octets, alternative.upper) if octets > alternative.upper else None


def _ascii(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    """What keyword, uri and their like have in common: printable US-ASCII without space, from one octet."""
    text = str(data)
    if len(text) > alternative.upper:
        return _too_long(len(text), alternative.upper)
    if not text:
        return SyntaxProblem(f"the {alternative.kind} is empty")
    if not (text.isascii() and text.isprintable()) or " " in text:
        return SyntaxProblem(f"the {alternative.kind} has characters that none can have")
    return None


def _check_keyword(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    # Lower case only says RFC 8011 §5.1.4; "8.5x11in" and "W8-16" are in use, so digits and capitals pass.
    text = str(data)
    if not _KEYWORD_CHARACTERS.issuperset(text):
        return SyntaxProblem("the keyword has characters that none can have")
    return None if 0 < len(text) <= alternative.upper else _ascii(alternative, data)


def _check_uri(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    scheme, colon, _ = str(data).partition(":")
    if not colon or not scheme or not scheme[0].isalpha() or not _SCHEME_CHARACTERS.issuperset(scheme):
        return _ascii(alternative, data) or SyntaxProblem("the uri has no scheme")
    return _ascii(alternative, data)


def _check_uri_scheme(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    if not _SCHEME_CHARACTERS.issuperset(str(data)):
        return SyntaxProblem("the uriScheme has characters that none can have")
    return _ascii(alternative, data)


def _check_language(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    parts = str(data).split("-")
    if not all(part.isalnum() and len(part) <= 8 for part in parts) or not parts[0].isalpha():
        return _ascii(alternative, data) or SyntaxProblem("the naturalLanguage is no language tag")
    return _ascii(alternative, data)


def _check_mime(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    text = str(data)
    if len(text) > alternative.upper:
        return _too_long(len(text), alternative.upper)
    kind, slash, rest = text.partition("/")
    if not (kind and slash and rest and text.isascii() and text.isprintable()):
        return SyntaxProblem("the mimeMediaType is no type/subtype")
    return None


def _check_integer(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    if isinstance(data, int) and alternative.lower <= data <= alternative.upper:
        return None
    return SyntaxProblem(
        f"{data!r} is not from {alternative.lower} to {alternative.upper}",
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    )


def _check_enum(_alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    # RFC 8011 §5.1.5: enums are from 1; small and large vendor values are for the service to judge.
    if isinstance(data, int) and data >= 0:
        return None
    return SyntaxProblem(f"{data!r} is no enum", StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED)


def _check_range(alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    if (
        isinstance(data, RangeOfInteger)
        and alternative.lower <= data.lower <= data.upper <= alternative.upper
    ):
        return None
    return SyntaxProblem(
        f"the range is upside down or not from {alternative.lower} to {alternative.upper}",
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    )


def _check_resolution(_alternative: Alternative, data: ValueData) -> SyntaxProblem | None:
    if isinstance(data, Resolution) and data.cross_feed > 0 and data.feed > 0 and data.units in (3, 4):
        return None
    return SyntaxProblem(
        "the resolution is not positive or its units are unknown",
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    )


def _anything(_alternative: Alternative, _data: ValueData) -> SyntaxProblem | None:
    return None


_CHECKS: dict[str, Callable[[Alternative, ValueData], SyntaxProblem | None]] = {
    "text": _check_text,
    "name": _check_text,
    "keyword": _check_keyword,
    "enum": _check_enum,
    "uri": _check_uri,
    "uriScheme": _check_uri_scheme,
    "charset": _ascii,
    "naturalLanguage": _check_language,
    "mimeMediaType": _check_mime,
    "octetString": _check_octets,
    "integer": _check_integer,
    "rangeOfInteger": _check_range,
    "boolean": _anything,
    "dateTime": _anything,
    "resolution": _check_resolution,
    "collection": _anything,
}


# --- which Python values a tag takes ----------------------------------------------------------------------------------


def _is_string(data: ValueData) -> bool:
    return isinstance(data, str)


def _is_string_with_language(data: ValueData) -> bool:
    return isinstance(data, StringWithLanguage)


def _is_integer(data: ValueData) -> bool:
    return isinstance(data, int) and not isinstance(data, bool)


def _is_of(wanted: type) -> Callable[[ValueData], bool]:
    return lambda data: isinstance(data, wanted)


_PYTHON_TYPES: dict[ValueTag, Callable[[ValueData], bool]] = {
    ValueTag.TEXT_WITHOUT_LANGUAGE: _is_string,
    ValueTag.TEXT_WITH_LANGUAGE: _is_string_with_language,
    ValueTag.NAME_WITHOUT_LANGUAGE: _is_string,
    ValueTag.NAME_WITH_LANGUAGE: _is_string_with_language,
    ValueTag.KEYWORD: _is_string,
    ValueTag.URI: _is_string,
    ValueTag.URI_SCHEME: _is_string,
    ValueTag.CHARSET: _is_string,
    ValueTag.NATURAL_LANGUAGE: _is_string,
    ValueTag.MIME_MEDIA_TYPE: _is_string,
    ValueTag.ENUM: _is_integer,
    ValueTag.INTEGER: _is_integer,
    ValueTag.RANGE_OF_INTEGER: _is_of(RangeOfInteger),
    ValueTag.BOOLEAN: _is_of(bool),
    ValueTag.OCTET_STRING: _is_of(bytes),
    ValueTag.DATE_TIME: _is_of(datetime),
    ValueTag.RESOLUTION: _is_of(Resolution),
    ValueTag.BEG_COLLECTION: _is_of(Collection),
}
