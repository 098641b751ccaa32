"""The charset of an answer: the request's (RFC 8011 §4.1.4.2), converted where that is not UTF-8."""

from __future__ import annotations

import unicodedata

from tympan.ipp import (
    Attribute,
    AttributeGroup,
    Collection,
    Limits,
    Message,
    StatusCode,
    StringWithLanguage,
    Value,
    ValueData,
    ValueTag,
    decode,
    encode,
)
from tympan.service.description import CHARSETS, UTF_8

__all__ = ["CHARSETS", "in_charset_of"]

_ALWAYS_UTF_8 = frozenset(
    {
        StatusCode.CLIENT_ERROR_BAD_REQUEST,
        StatusCode.CLIENT_ERROR_CHARSET_NOT_SUPPORTED,
        StatusCode.SERVER_ERROR_INTERNAL_ERROR,
        StatusCode.SERVER_ERROR_OPERATION_NOT_SUPPORTED,
        StatusCode.SERVER_ERROR_VERSION_NOT_SUPPORTED,
    }
)
"""Statuses whose message is in UTF-8 whatever the request's charset is, RFC 8011 §4.1.6.2."""

_ANY_LENGTH = 2**31 - 1


def in_charset_of(request: Message, status: StatusCode, answer: bytes, other: str = "") -> bytes:
    """An encoded answer in the charset that `request` names, or in an `other`; as it is where that is UTF-8 or nothing we know."""
    charset = other or request.operation_attributes.string("attributes-charset")
    if charset is None or charset.lower() == UTF_8 or status in _ALWAYS_UTF_8:
        return answer
    if charset.lower() not in CHARSETS:
        return answer
    message, _ = decode(answer, Limits(_ANY_LENGTH, _ANY_LENGTH, _ANY_LENGTH))
    groups = [
        AttributeGroup(group.tag, tuple([_attribute(attribute) for attribute in group.attributes]))
        for group in message.groups
    ]
    charset_attribute = Attribute.charset("attributes-charset", charset.lower())
    groups[0] = AttributeGroup(groups[0].tag, (charset_attribute, *groups[0].attributes[1:]))
    return encode(Message(message.version, message.code, message.request_id, tuple(groups)))


def _attribute(attribute: Attribute) -> Attribute:
    return Attribute(
        attribute.name, tuple([Value(tag, _converted(tag, value)) for tag, value in attribute.values])
    )


def _converted(tag: int, value: ValueData) -> ValueData:
    if isinstance(value, Collection):
        return Collection(tuple([_attribute(member) for member in value.members]))
    if isinstance(value, StringWithLanguage):
        return StringWithLanguage(value.language, _us_ascii(value.string))
    if tag in {ValueTag.TEXT_WITHOUT_LANGUAGE, ValueTag.NAME_WITHOUT_LANGUAGE} and isinstance(value, str):
        return _us_ascii(value)
    return value


def _us_ascii(text: str) -> str:
    """Letters lose their accents; what has no likeness in US-ASCII becomes a question mark."""
    if text.isascii():
        return text
    bare = "".join([each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)])
    return bare.encode("ascii", "replace").decode()
