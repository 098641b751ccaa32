"""A message: header and attribute groups, RFC 8010 §3.1. Requests and responses have the same form.

Owns the in-memory form and the look-up by name. Never sees the document data that may follow, and never judges an
attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tympan.ipp.attribute import Attribute, Collection, duplicate_names
from tympan.ipp.tags import GroupTag


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """Attributes behind one delimiter tag.

    Attributes:
        tag: A `GroupTag`, or a plain `int` where the tag is not registered.
        attributes: In the order in which they came. The sender must not use a name twice: `duplicate_names`.
    """

    tag: int
    attributes: tuple[Attribute, ...] = ()
    _by_name: dict[str, Attribute] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_by_name", {attribute.name: attribute for attribute in reversed(self.attributes)}
        )

    def get(self, name: str) -> Attribute | None:
        """The attribute of that name; the first where there are several."""
        return self._by_name.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    @property
    def duplicate_names(self) -> tuple[str, ...]:
        """Names that occur more than once; RFC 8011 §4.1.3: answer ``client-error-bad-request``."""
        if len(self._by_name) == len(self.attributes):
            return ()
        return duplicate_names(self.attributes)

    # --- the first value of an attribute, None where it is absent, out-of-band or of another kind ---------------------

    def string(self, name: str) -> str | None:
        """The attribute's first value if it is a character string, without its natural language."""
        attribute = self._by_name.get(name)
        strings = attribute.strings() if attribute is not None else ()
        return strings[0] if strings else None

    def strings(self, name: str) -> tuple[str, ...]:
        """All values of the attribute that are character strings; empty where it is absent."""
        attribute = self._by_name.get(name)
        return attribute.strings() if attribute is not None else ()

    def integer(self, name: str) -> int | None:
        """The attribute's first value if it is an integer or an enum."""
        attribute = self._by_name.get(name)
        first = attribute.first if attribute is not None else None
        return first if isinstance(first, int) and not isinstance(first, bool) else None

    def boolean(self, name: str) -> bool | None:
        """The attribute's first value if it is a boolean."""
        attribute = self._by_name.get(name)
        first = attribute.first if attribute is not None else None
        return first if isinstance(first, bool) else None

    def collection(self, name: str) -> Collection | None:
        """The attribute's first value if it is a collection."""
        attribute = self._by_name.get(name)
        first = attribute.first if attribute is not None else None
        return first if isinstance(first, Collection) else None


_NO_OPERATION_ATTRIBUTES = AttributeGroup(GroupTag.OPERATION)


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response.

    Attributes:
        version: (major, minor), such as ``(2, 0)``.
        code: The operation of a request, the status code of a response; 16 bits.
        request_id: What pairs a response with its request; a request's must be from 1, RFC 8011 §4.1.2.
        groups: In order; the operation attributes first.
    """

    version: tuple[int, int]
    code: int
    request_id: int
    groups: tuple[AttributeGroup, ...] = ()

    @property
    def operation_attributes(self) -> AttributeGroup:
        """The operation attributes; an empty group where there are none."""
        groups = self.groups
        return groups[0] if groups and groups[0].tag == GroupTag.OPERATION else _NO_OPERATION_ATTRIBUTES

    def groups_of(self, tag: int) -> tuple[AttributeGroup, ...]:
        """All groups of that tag, in order: an answer to Get-Jobs has a job attributes group for each job."""
        return tuple([group for group in self.groups if group.tag == tag])

    def group(self, tag: int) -> AttributeGroup:
        """The first group of that tag; an empty one where there is none."""
        for group in self.groups:
            if group.tag == tag:
                return group
        return AttributeGroup(tag)

    @classmethod
    def of(
        cls,
        version: tuple[int, int],
        code: int,
        request_id: int,
        *groups: tuple[int, Iterable[Attribute]],
    ) -> Message:
        """A message from (group tag, attributes) pairs."""
        built = tuple([AttributeGroup(tag, tuple(attributes)) for tag, attributes in groups])
        return cls(version, code, request_id, built)
