"""Answers of encoded attributes: what does not change is encoded once and joined.

An answer to Get-Printer-Attributes has some 120 attributes of which a dozen ever change. `EncodedAttributes` holds each
attribute's bytes under its name, in order; `select` joins what a request asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tympan.ipp import Attribute, AttributeGroup, GroupTag, decode, encode_attribute, join_message

_ALSO_OF_SUBSCRIPTIONS = frozenset({"charset-supported", "generated-natural-language-supported"})
"""What the group ``subscription-template`` has besides ``notify-…``, RFC 3995 §5.3 table 1 and §11.2.3."""


NONE = "none"
"""The ``requested-attributes`` keyword for no attribute at all, PWG 5100.7 §6.1."""


class EncodedAttributes:
    """Encoded attributes of one object, by name and by group keyword.

    Args:
        in_job_template: Whether an attribute belongs to the group ``job-template``; the rest is ``printer-description``.
        unasked: Attributes that ``all`` and the groups leave out: only given by name.
    """

    def __init__(self, in_job_template: Callable[[str], bool], unasked: frozenset[str] = frozenset()) -> None:
        self._in_job_template = in_job_template
        self._unasked = unasked
        self._bytes: dict[str, bytes] = {}
        self._parts: dict[str, frozenset[str]] = {}
        self._groups: dict[str, set[str]] = {
            "job-template": set(),
            "printer-description": set(),
            "subscription-template": set(),
        }

    def set(self, attributes: Iterable[Attribute]) -> None:
        """Set or replace attributes."""
        for attribute in attributes:
            name = attribute.name
            if name not in self._bytes and name not in self._unasked:
                self._groups["job-template" if self._in_job_template(name) else "printer-description"].add(
                    name
                )
                if name.startswith("notify-") or name in _ALSO_OF_SUBSCRIPTIONS:
                    self._groups["subscription-template"].add(name)
            self._bytes[name] = encode_attribute(attribute)

    def set_part(self, part: str, attributes: Sequence[Attribute]) -> None:
        """Set all attributes of a `part`: those that it had before and has no more are there no more."""
        names = frozenset([attribute.name for attribute in attributes])
        for name in self._parts.get(part, frozenset()) - names:
            del self._bytes[name]
            for members in self._groups.values():
                members.discard(name)
        self._parts[part] = names
        self.set(attributes)

    def names(self) -> list[str]:
        """Every attribute there is."""
        return list(self._bytes)

    def select(self, requested: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
        """Join what is asked for.

        Args:
            requested: Values of ``requested-attributes``: names and group keywords; empty means ``all``.

        Returns:
            The encoded attributes, and the names that there are none of.
        """
        table = self._bytes
        if not requested or requested == ("all",):
            return b"".join([data for name, data in table.items() if name not in self._unasked]), ()
        chosen: dict[str, bytes] = {}
        missing: dict[str, None] = {}
        for name in requested:
            if name == "all":
                chosen |= {each: data for each, data in table.items() if each not in self._unasked}
            elif (members := self._groups.get(name)) is not None:
                chosen |= {
                    each: data
                    for each, data in table.items()
                    if each in members and each not in self._unasked
                }
            elif (data := table.get(name)) is not None:
                chosen[name] = data
            elif name != NONE:
                missing[name] = None
        return b"".join(chosen.values()), tuple(missing)


def decoded(data: bytes) -> AttributeGroup:
    """What `EncodedAttributes.select` joined, as attributes again."""
    message, _ = decode(join_message((2, 0), 0, 1, [(GroupTag.OPERATION, []), (GroupTag.PRINTER, [data])]))
    return message.group(GroupTag.PRINTER)
