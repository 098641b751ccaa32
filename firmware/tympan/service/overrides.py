"""``overrides``: what single pages, documents and copies have otherwise than their job (PWG 5100.6).

What may be overridden is what a printer can be told, or what decides the pixels, from page to page. A value of ``overrides``
names pages of the documents (``pages``), documents (``document-numbers``) and copies (``document-copies``); what it does not
name, it does not limit. Where several hold for a page, the later ones prevail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tympan.driver.ticket import Override, Ranges
from tympan.ipp import Attribute, Collection, GroupTag, RangeOfInteger
from tympan.ipp.registry import check_syntax
from tympan.service.ranges import merge_ranges

if TYPE_CHECKING:
    from tympan.service.template import Template

OVERRIDES: Final = "overrides"

PAGES, DOCUMENT_NUMBERS, DOCUMENT_COPIES = "pages", "document-numbers", "document-copies"

SELECTORS: Final = (DOCUMENT_COPIES, DOCUMENT_NUMBERS, PAGES)
"""The members that say for what a value holds."""

OVERRIDABLE: Final = (
    "media",
    "media-col",
    "orientation-requested",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-scaling",
    "printer-resolution",
    "sides",
)
"""The members that say what it is."""


class Overrides:
    """The row of ``overrides`` in the job template table."""

    name = OVERRIDES

    @staticmethod
    def printer_attributes() -> list[Attribute]:
        """``overrides-supported``."""
        return [Attribute.keyword("overrides-supported", *SELECTORS, *OVERRIDABLE)]

    def judge(self, attribute: Attribute, template: Template) -> tuple[Attribute | None, Attribute | None]:
        """What of a request's attribute is obeyed, and what is not: of each value the members that are not supported."""
        if len(attribute.collections()) != len(attribute.values):
            return None, attribute
        good: list[Collection] = []
        bad: list[Collection] = []
        for value in attribute.collections():
            accepted, refused = self._judge_value(value, template)
            if any(member.name not in SELECTORS for member in accepted):
                good.append(Collection(tuple(accepted)))
            elif not refused:
                refused = list(value.members)  # it says for what, but not what
            if refused:
                bad.append(Collection(tuple(refused)))
        return (
            Attribute.collection(OVERRIDES, *good) if good else None,
            Attribute.collection(OVERRIDES, *bad) if bad else None,
        )

    @staticmethod
    def _judge_value(value: Collection, template: Template) -> tuple[list[Attribute], list[Attribute]]:
        accepted: list[Attribute] = []
        refused: list[Attribute] = []
        for member in value.members:
            if member.name in SELECTORS:
                (accepted if _is_selector(member) else refused).append(member)
            elif member.name in OVERRIDABLE:
                good, bad = template.judge((member,))
                accepted += good
                refused += bad
            else:
                refused.append(member)
        if any(member.name in SELECTORS for member in refused):  # nobody knows for what the rest would hold
            return [], list(value.members)
        return accepted, refused


def _is_selector(member: Attribute) -> bool:
    return check_syntax(Attribute(OVERRIDES, Attribute.collection(OVERRIDES, (member,)).values), GroupTag.JOB) is None and all(
        isinstance(value.value, RangeOfInteger) and 1 <= value.value.lower <= value.value.upper
        for value in member.values
    )  # fmt: skip


def ticket_overrides(template: Template, attributes: Mapping[str, Attribute]) -> tuple[Override, ...]:
    """The ``overrides`` of a job for its ticket.

    Args:
        template: The printer's.
        attributes: The accepted attributes of the job.
    """
    given = attributes.get(OVERRIDES)
    if given is None:
        return ()
    return tuple(
        Override(
            template.change(
                attributes, {member.name: member for member in value if member.name in OVERRIDABLE}
            ),
            _ranges(value, PAGES),
            _ranges(value, DOCUMENT_NUMBERS),
            _ranges(value, DOCUMENT_COPIES),
        )
        for value in given.collections()
    )


def _ranges(value: Collection, name: str) -> Ranges:
    member = value.get(name)
    return () if member is None else merge_ranges(member.all())
