"""The tags of RFC 8010 §3.5 and its successors: delimiters between attribute groups, and value tags.

Owns the numbers and their registered keywords. A tag that is not listed is carried through the codec as a plain
`int`; `value_tag_keyword` and `group_tag_keyword` name those too. Never does anything to a value.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class GroupTag(IntEnum):
    """Delimiter tags, RFC 8010 §3.5.1, RFC 3995, RFC 3998, PWG 5100.5 and PWG 5100.22."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    SUBSCRIPTION = 0x06
    EVENT_NOTIFICATION = 0x07
    RESOURCE = 0x08
    DOCUMENT = 0x09
    SYSTEM = 0x0A

    @property
    def keyword(self) -> str:
        """The registered name, such as ``operation-attributes-tag``."""
        return _GROUP_KEYWORDS[self]


_GROUP_KEYWORDS = {
    tag: f"{'end-of' if tag is GroupTag.END else tag.name.lower().replace('_', '-')}-attributes-tag"
    for tag in GroupTag
}


@unique
class ValueTag(IntEnum):
    """Value tags, RFC 8010 §3.5.2, RFC 3380 and the IANA registry of attribute syntaxes."""

    # Out-of-band: the tag is the value.
    UNSUPPORTED = 0x10
    DEFAULT = 0x11
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    ADMIN_DEFINE = 0x17
    # Integers.
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    # Octets.
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE_OF_INTEGER = 0x33
    BEG_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    # Character strings.
    TEXT_WITHOUT_LANGUAGE = 0x41
    NAME_WITHOUT_LANGUAGE = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_ATTR_NAME = 0x4A
    # The true tag is in the first four octets of the value.
    EXTENSION = 0x7F

    @property
    def keyword(self) -> str:
        """The registered name, such as ``nameWithoutLanguage`` or ``no-value``."""
        return _VALUE_KEYWORDS[self]

    @property
    def out_of_band(self) -> bool:
        """Whether the tag stands for the lack of a value, RFC 8011 §5.1: its value has no octets."""
        return self < 0x20


_VALUE_KEYWORDS = {
    ValueTag.UNSUPPORTED: "unsupported",
    ValueTag.DEFAULT: "default",
    ValueTag.UNKNOWN: "unknown",
    ValueTag.NO_VALUE: "no-value",
    ValueTag.NOT_SETTABLE: "not-settable",
    ValueTag.DELETE_ATTRIBUTE: "delete-attribute",
    ValueTag.ADMIN_DEFINE: "admin-define",
    ValueTag.INTEGER: "integer",
    ValueTag.BOOLEAN: "boolean",
    ValueTag.ENUM: "enum",
    ValueTag.OCTET_STRING: "octetString",
    ValueTag.DATE_TIME: "dateTime",
    ValueTag.RESOLUTION: "resolution",
    ValueTag.RANGE_OF_INTEGER: "rangeOfInteger",
    ValueTag.BEG_COLLECTION: "collection",
    ValueTag.TEXT_WITH_LANGUAGE: "textWithLanguage",
    ValueTag.NAME_WITH_LANGUAGE: "nameWithLanguage",
    ValueTag.END_COLLECTION: "endCollection",
    ValueTag.TEXT_WITHOUT_LANGUAGE: "textWithoutLanguage",
    ValueTag.NAME_WITHOUT_LANGUAGE: "nameWithoutLanguage",
    ValueTag.KEYWORD: "keyword",
    ValueTag.URI: "uri",
    ValueTag.URI_SCHEME: "uriScheme",
    ValueTag.CHARSET: "charset",
    ValueTag.NATURAL_LANGUAGE: "naturalLanguage",
    ValueTag.MIME_MEDIA_TYPE: "mimeMediaType",
    ValueTag.MEMBER_ATTR_NAME: "memberAttrName",
    ValueTag.EXTENSION: "extension",
}

FIRST_VALUE_TAG = 0x10
"""Tags below are delimiters, RFC 8010 §3.5.1."""


def value_tag_keyword(tag: int) -> str:
    """The registered name of a value tag; ``0x25`` for one that is not registered."""
    known = _VALUE_KEYWORDS.get(tag)  # type: ignore[call-overload]  # an int finds the IntEnum that equals it
    return known if known is not None else f"0x{tag:02x}"


def group_tag_keyword(tag: int) -> str:
    """The registered name of a delimiter tag; ``0x0b`` for one that is not registered."""
    known = _GROUP_KEYWORDS.get(tag)  # type: ignore[call-overload]  # an int finds the IntEnum that equals it
    return known if known is not None else f"0x{tag:02x}"
