"""What an IPP attribute's values are in Python.

=============================================  =====================================================
value tag                                      Python value
=============================================  =====================================================
integer, enum                                  `int`, signed 32 bits
boolean                                        `bool`
octetString, extension, any unregistered tag   `bytes`, as they came
dateTime                                       aware `datetime.datetime`, tenths of a second
resolution                                     `Resolution`
rangeOfInteger                                 `RangeOfInteger`
collection                                     `tympan.ipp.attribute.Collection`
textWithLanguage, nameWithLanguage             `StringWithLanguage`
every other character string                   `str`
out-of-band                                    None
any, where the octets do not fit the tag       `MalformedValue`
=============================================  =====================================================

Owns the conversion of the two structured syntaxes that need more than `struct`: dateTime both ways. Never looks at
what a value means.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import IntEnum, unique

MIN_INTEGER = -(2**31)
MAX_INTEGER = 2**31 - 1
"""MIN and MAX of integer, enum and rangeOfInteger, RFC 8011 §5.1.5."""

MAX_VALUE_OCTETS = 32767
"""The longest value: value-length is a SIGNED-SHORT, RFC 8010 §3.1.4."""

DATE_TIME_OCTETS = 11
"""Length of a dateTime, RFC 2579 DateAndTime with its offset from UTC."""

_DATE_TIME = struct.Struct(">HBBBBBBcBB")


@unique
class ResolutionUnits(IntEnum):
    """Units of a resolution, RFC 8011 §5.1.16."""

    DOTS_PER_INCH = 3
    DOTS_PER_CENTIMETER = 4


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolution, RFC 8011 §5.1.16.

    Attributes:
        cross_feed: Dots across the feed direction, in `units`.
        feed: Dots along the feed direction, in `units`.
        units: 3 dots per inch, 4 dots per centimetre; others are carried as they are.
    """

    cross_feed: int
    feed: int
    units: int = ResolutionUnits.DOTS_PER_INCH


@dataclass(frozen=True, slots=True)
class RangeOfInteger:
    """A range with both ends in it, RFC 8011 §5.1.14. The decoder passes on what came: `lower` may be above `upper`."""

    lower: int
    upper: int

    def __contains__(self, number: int) -> bool:
        return self.lower <= number <= self.upper


@dataclass(frozen=True, slots=True)
class StringWithLanguage:
    """A text or name with its own natural language, RFC 8011 §5.1.2 and §5.1.3.

    Attributes:
        language: RFC 5646 language tag, such as ``de``.
        string: The text or name.
    """

    language: str
    string: str

    def __str__(self) -> str:
        return self.string


@dataclass(frozen=True, slots=True)
class MalformedValue:
    """Octets that their tag does not allow: a boolean of 2, an integer of three octets, text that is no UTF-8.

    The framing of the message was right, so the rest of it can be trusted: the service answers for this attribute alone
    (RFC 8011 §4.1.7). Encoded again, it gives the octets that came.

    Attributes:
        octets: As they came.
        problem: What is wrong, as a sentence.
        offset: Where the octets begin in the message; takes no part in comparison.
    """

    octets: bytes
    problem: str
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MalformedValue) and other.octets == self.octets

    def __hash__(self) -> int:
        return hash(self.octets)


def decode_date_time(octets: bytes) -> datetime:
    """Read the 11 octets of a dateTime, RFC 8011 §5.1.15.

    A leap second (60) becomes the last tenth of the second before it, which is as close as `datetime` gets.

    Raises:
        ValueError: The length is wrong or a field is out of range.
    """
    if len(octets) != DATE_TIME_OCTETS:
        raise ValueError(f"a dateTime has {DATE_TIME_OCTETS} octets, not {len(octets)}")
    year, month, day, hour, minute, second, tenth, sign, offset_hours, offset_minutes = _DATE_TIME.unpack(
        octets
    )
    if tenth > 9 or second > 60:
        raise ValueError("seconds or tenths of a dateTime are out of range")
    if sign not in (b"+", b"-") or offset_hours > 14 or offset_minutes > 59:
        raise ValueError("the offset from UTC of a dateTime is out of range")
    if second == 60:
        second, tenth = 59, 9
    offset = timedelta(hours=offset_hours, minutes=offset_minutes)
    zone = timezone(-offset if sign == b"-" else offset)
    return datetime(year, month, day, hour, minute, second, tenth * 100_000, zone)


def encode_date_time(moment: datetime) -> bytes:
    """Write the 11 octets of a dateTime, RFC 8011 §5.1.15; smaller than tenths of a second is cut off.

    Raises:
        ValueError: The datetime has no zone.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a dateTime needs a time zone")
    minutes = round(offset.total_seconds() / 60)
    sign = b"-" if minutes < 0 else b"+"
    hours, minutes = divmod(abs(minutes), 60)
    return _DATE_TIME.pack(
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond // 100_000,
        sign,
        hours,
        minutes,
    )
