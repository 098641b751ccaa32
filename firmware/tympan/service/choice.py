"""One row of the job template table: an attribute that is obeyed, what it may be and what it is where nobody says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tympan.ipp import Attribute, Value

if TYPE_CHECKING:
    from tympan.service.template import Template


@dataclass(frozen=True, slots=True)
class Choice:
    """One job template attribute that is obeyed.

    Attributes:
        name: The attribute's name.
        default: ``NAME-default`` as an attribute of that name, or None where the attribute has none.
        supported: ``NAME-supported``.
        accepts: Whether one value of a request is supported.
        many: A request may give several values.
    """

    name: str
    default: Attribute | None
    supported: Attribute
    accepts: Callable[[Value], bool]
    many: bool = False


class CollectionChoice(Protocol):
    """One job template attribute that is a collection, whose members are judged one by one.

    Attributes:
        name: The attribute's name.
    """

    name: str

    def printer_attributes(self) -> list[Attribute]:
        """What the printer says of it."""
        ...

    def judge(self, attribute: Attribute, template: Template) -> tuple[Attribute | None, Attribute | None]:
        """What of a request's attribute is obeyed, and what comes back as unsupported."""
        ...
