"""One row of the job template table: an attribute that is obeyed, what it may be and what it is where nobody says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tympan.ipp import Attribute, Value


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
