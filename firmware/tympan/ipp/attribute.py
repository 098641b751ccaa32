"""An attribute: a name and its values, each with its tag; and the collection, which is a value made of attributes.

Owns the in-memory form and the constructors that choose tags. Never checks a value against the registry (that is
`tympan.ipp.registry`) and never sees octets (that is the decoder and the encoder).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from tympan.ipp.tags import ValueTag
from tympan.ipp.values import MalformedValue, RangeOfInteger, Resolution, ResolutionUnits, StringWithLanguage

ValueData: TypeAlias = (
    "int | bool | str | bytes | datetime | Resolution | RangeOfInteger | StringWithLanguage | Collection "
    "| MalformedValue | None"
)
"""What stands in `Value.value`; `tympan.ipp.values` says which tag gives which."""


class Value(NamedTuple):
    """One value of an attribute.

    Attributes:
        tag: A `ValueTag`, or a plain `int` where the tag is not registered.
        value: See the table in `tympan.ipp.values`.
    """

    tag: int
    value: ValueData


@dataclass(frozen=True, slots=True)
class Attribute:
    """A name with one value or, for a 1setOf, several; their tags may differ, RFC 8010 §3.1.5.

    Attributes:
        name: The attribute's keyword, such as ``printer-state``.
        values: At least one.
    """

    name: str
    values: tuple[Value, ...]

    @property
    def tag(self) -> int:
        """The first value's tag."""
        return self.values[0].tag

    @property
    def first(self) -> ValueData:
        """The first value's Python value; None for an out-of-band value."""
        return self.values[0].value

    def all(self) -> tuple[ValueData, ...]:
        """The Python values, in order."""
        return tuple([value for _, value in self.values])

    def strings(self) -> tuple[str, ...]:
        """The values that are character strings, in order, without their natural languages."""
        return tuple([str(value) for _, value in self.values if isinstance(value, (str, StringWithLanguage))])

    def integers(self) -> tuple[int, ...]:
        """The values that are integers or enums, in order."""
        return tuple(
            [value for _, value in self.values if isinstance(value, int) and not isinstance(value, bool)]
        )

    def collections(self) -> tuple[Collection, ...]:
        """The values that are collections, in order."""
        return tuple([value for _, value in self.values if isinstance(value, Collection)])

    @property
    def out_of_band(self) -> bool:
        """Whether it has no value but a reason for that, such as ``no-value`` or ``unknown``."""
        return self.values[0].tag < 0x20

    def malformed(self) -> tuple[MalformedValue, ...]:
        """The values whose octets did not fit their tags, those in members of collections too."""
        found: list[MalformedValue] = []
        for _, value in self.values:
            if isinstance(value, MalformedValue):
                found.append(value)
            elif isinstance(value, Collection):
                found.extend(inner for member in value.members for inner in member.malformed())
        return tuple(found)

    def renamed(self, name: str) -> Attribute:
        """The same values under another name, as ``media`` gives ``media-default``."""
        return Attribute(name, self.values)

    # --- constructors, one a syntax -----------------------------------------------------------------------------------

    @classmethod
    def of(cls, name: str, tag: int, *values: ValueData) -> Attribute:
        """An attribute whose values all have `tag`.

        Raises:
            ValueError: There is no value.
        """
        if not values:
            raise ValueError(f"{name}: an attribute has at least one value")
        return cls(name, tuple([Value(tag, value) for value in values]))

    @classmethod
    def integer(cls, name: str, *values: int) -> Attribute:
        """Of syntax integer."""
        return cls.of(name, ValueTag.INTEGER, *values)

    @classmethod
    def enum(cls, name: str, *values: int) -> Attribute:
        """Of syntax enum; takes the members of `tympan.ipp.enums` as they are."""
        return cls.of(name, ValueTag.ENUM, *[int(value) for value in values])

    @classmethod
    def boolean(cls, name: str, *values: bool) -> Attribute:
        """Of syntax boolean."""
        return cls.of(name, ValueTag.BOOLEAN, *values)

    @classmethod
    def octets(cls, name: str, *values: bytes) -> Attribute:
        """Of syntax octetString."""
        return cls.of(name, ValueTag.OCTET_STRING, *values)

    @classmethod
    def date_time(cls, name: str, *values: datetime) -> Attribute:
        """Of syntax dateTime; the datetimes must be aware."""
        return cls.of(name, ValueTag.DATE_TIME, *values)

    @classmethod
    def resolution(cls, name: str, *values: Resolution) -> Attribute:
        """Of syntax resolution."""
        return cls.of(name, ValueTag.RESOLUTION, *values)

    @classmethod
    def dots_per_inch(cls, name: str, *values: tuple[int, int]) -> Attribute:
        """Of syntax resolution, from (cross feed, feed) in dots per inch."""
        units = ResolutionUnits.DOTS_PER_INCH
        return cls.of(name, ValueTag.RESOLUTION, *[Resolution(x, y, units) for x, y in values])

    @classmethod
    def range(cls, name: str, *values: tuple[int, int] | RangeOfInteger) -> Attribute:
        """Of syntax rangeOfInteger; a pair is (lower, upper)."""
        ranges = [value if isinstance(value, RangeOfInteger) else RangeOfInteger(*value) for value in values]
        return cls.of(name, ValueTag.RANGE_OF_INTEGER, *ranges)

    @classmethod
    def collection(cls, name: str, *values: Collection | Iterable[Attribute]) -> Attribute:
        """Of syntax collection; an iterable of attributes is one collection's members."""
        collections = [
            value if isinstance(value, Collection) else Collection(tuple(value)) for value in values
        ]
        return cls.of(name, ValueTag.BEG_COLLECTION, *collections)

    @classmethod
    def text(cls, name: str, *values: str | StringWithLanguage) -> Attribute:
        """Of syntax text; a `StringWithLanguage` becomes textWithLanguage."""
        return cls._strings(name, values, ValueTag.TEXT_WITHOUT_LANGUAGE, ValueTag.TEXT_WITH_LANGUAGE)

    @classmethod
    def name_string(cls, name: str, *values: str | StringWithLanguage) -> Attribute:
        """Of syntax name; a `StringWithLanguage` becomes nameWithLanguage."""
        return cls._strings(name, values, ValueTag.NAME_WITHOUT_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE)

    @classmethod
    def _strings(
        cls,
        name: str,
        values: tuple[str | StringWithLanguage, ...],
        without: ValueTag,
        with_language: ValueTag,
    ) -> Attribute:
        if not values:
            raise ValueError(f"{name}: an attribute has at least one value")
        return cls(name, tuple([Value(without if isinstance(v, str) else with_language, v) for v in values]))

    @classmethod
    def keyword(cls, name: str, *values: str) -> Attribute:
        """Of syntax keyword."""
        return cls.of(name, ValueTag.KEYWORD, *values)

    @classmethod
    def uri(cls, name: str, *values: str) -> Attribute:
        """Of syntax uri."""
        return cls.of(name, ValueTag.URI, *values)

    @classmethod
    def uri_scheme(cls, name: str, *values: str) -> Attribute:
        """Of syntax uriScheme."""
        return cls.of(name, ValueTag.URI_SCHEME, *values)

    @classmethod
    def charset(cls, name: str, *values: str) -> Attribute:
        """Of syntax charset."""
        return cls.of(name, ValueTag.CHARSET, *values)

    @classmethod
    def language(cls, name: str, *values: str) -> Attribute:
        """Of syntax naturalLanguage."""
        return cls.of(name, ValueTag.NATURAL_LANGUAGE, *values)

    @classmethod
    def mime(cls, name: str, *values: str) -> Attribute:
        """Of syntax mimeMediaType."""
        return cls.of(name, ValueTag.MIME_MEDIA_TYPE, *values)

    @classmethod
    def no_value(cls, name: str) -> Attribute:
        """With the out-of-band value ``no-value``: there is none at the moment."""
        return cls(name, (Value(ValueTag.NO_VALUE, None),))

    @classmethod
    def unknown(cls, name: str) -> Attribute:
        """With the out-of-band value ``unknown``: there is one, but nobody knows it."""
        return cls(name, (Value(ValueTag.UNKNOWN, None),))

    @classmethod
    def unsupported(cls, name: str) -> Attribute:
        """With the out-of-band value ``unsupported``, for the unsupported attributes group, RFC 8011 §4.1.7."""
        return cls(name, (Value(ValueTag.UNSUPPORTED, None),))


@dataclass(frozen=True, slots=True)
class Collection:
    """A value that is a set of attributes, RFC 8010 §3.1.6 and RFC 8011 §5.1.17.

    Attributes:
        members: In the order in which they came; unlike a group's attributes they may themselves hold collections
            only up to the depth that `Limits` allows.
    """

    members: tuple[Attribute, ...] = ()
    _by_name: dict[str, Attribute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {member.name: member for member in reversed(self.members)})

    def get(self, name: str) -> Attribute | None:
        """The first member of that name."""
        return self._by_name.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def duplicate_names(self) -> tuple[str, ...]:
        """Names that more than one member has: a mistake of the sender, RFC 8011 §5.1.17."""
        return duplicate_names(self.members)


def duplicate_names(attributes: Iterable[Attribute]) -> tuple[str, ...]:
    """The names that occur more than once, each once, in order of their first occurrence."""
    counts = Counter([attribute.name for attribute in attributes])
    return tuple([name for name, count in counts.items() if count > 1])
