"""The record of attributes that an operation set, and the rule who wins: the operation, until the configuration says something else.

docs/adr/0008-settings-by-operation.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from tympan.ipp import Attribute, GroupTag, Message, decode, encode
from tympan.model.record import RecordCodec


class _Record(msgspec.Struct):
    """What is kept.

    Attributes:
        attributes: What was set, as an IPP message with a printer attributes group.
        configured: What the configuration said of each when it was set.
    """

    attributes: bytes
    configured: dict[str, str]


_codec = RecordCodec(_Record, "set attributes")


def encode_set(attributes: Mapping[str, Attribute], configured: Callable[[str], str]) -> bytes:
    """The record of set `attributes`; `configured` tells what the configuration says of each."""
    message = Message.of(
        (2, 0), 0, 1, (GroupTag.OPERATION, ()), (GroupTag.PRINTER, tuple(attributes.values()))
    )
    return _codec.encode(_Record(encode(message), {name: configured(name) for name in attributes}))


def decode_set(
    record: bytes, configured: Callable[[str], str]
) -> tuple[dict[str, Attribute], tuple[str, ...]]:
    """The attributes of a record that still hold, and the names of those about which the configuration has changed.

    Raises:
        ValueError: It is not one of ours.
    """
    kept = _codec.decode(record)
    message, _ = decode(kept.attributes)
    attributes = {each.name: each for each in message.group(GroupTag.PRINTER)}
    changed = tuple(name for name in attributes if kept.configured.get(name) != configured(name))
    return {name: each for name, each in attributes.items() if name not in changed}, changed
