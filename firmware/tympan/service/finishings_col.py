"""``finishings-col``: the cuts of a receipt printer said by their parts (PWG 5100.1 §5.2); the same cuts as ``finishings``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tympan.driver.contract import Capabilities
from tympan.ipp import Attribute, Collection, GroupTag
from tympan.ipp.enums import Finishings
from tympan.ipp.registry import check_syntax

if TYPE_CHECKING:
    from tympan.service.template import Template

FINISHINGS_COL: Final = "finishings-col"
TEMPLATE, TRIMMING = "finishing-template", "trimming"
WHEN, TYPE, EDGE, OFFSET = (
    "trimming-when",
    "trimming-type",
    "trimming-reference-edge",
    "trimming-offset",
)
BOTTOM: Final = "bottom"
"""The edge of a roll that is cut: what comes last."""

AT_THE_END: Final = 0
"""``trimming-offset``: the cut is where the print ends."""

CUTS: Final[Mapping[str, Finishings]] = MappingProxyType(
    {
        "after-sheets": Finishings.TRIM_AFTER_PAGES,
        "after-documents": Finishings.TRIM_AFTER_DOCUMENTS,
        "after-sets": Finishings.TRIM_AFTER_COPIES,
        "after-job": Finishings.TRIM_AFTER_JOB,
    }
)
"""``trimming-when``, and the ``finishings`` that are the same."""


class FinishingsCol:
    """The row of ``finishings-col`` in the job template table, of a printer that cuts.

    Args:
        capabilities: The driver's.
    """

    name = FINISHINGS_COL

    def __init__(self, capabilities: Capabilities) -> None:
        self._type = capabilities.trimming_type
        self._whens = {when: value for when, value in CUTS.items() if value in capabilities.finishings}
        self._default = next(
            (when for when, value in self._whens.items() if value in capabilities.finishings_default), ""
        )

    def _value(self, when: str) -> Collection:
        trimming = (
            Attribute.integer(OFFSET, AT_THE_END),
            Attribute.keyword(EDGE, BOTTOM),
            Attribute.keyword(TYPE, self._type),
            Attribute.keyword(WHEN, when),
        )
        template = Attribute.keyword(TEMPLATE, CUTS[when].keyword)
        return Collection((template, Attribute.collection(TRIMMING, trimming)))

    def printer_attributes(self) -> list[Attribute]:
        """Every attribute about ``finishings-col`` and its members."""
        values = [self._value(when) for when in self._whens]
        default = (
            Attribute.collection("finishings-col-default", self._value(self._default))
            if self._default
            else Attribute.no_value("finishings-col-default")
        )
        return [
            Attribute.collection("finishings-col-database", *values),
            default,
            Attribute.collection("finishings-col-ready", *values),
            Attribute.keyword("finishings-col-supported", TEMPLATE, TRIMMING),
            Attribute.keyword(
                "finishing-template-supported", *(value.keyword for value in self._whens.values())
            ),
            Attribute.integer("trimming-offset-supported", AT_THE_END),
            Attribute.keyword("trimming-reference-edge-supported", BOTTOM),
            Attribute.keyword("trimming-type-supported", self._type),
            Attribute.keyword("trimming-when-supported", *self._whens),
        ]

    def judge(
        self,
        attribute: Attribute,
        template: Template,  # noqa: ARG002 — every row is asked alike
    ) -> tuple[Attribute | None, Attribute | None]:
        """What of a request's attribute is obeyed, and what is not: of each value the members that are not supported."""
        if len(attribute.collections()) != len(attribute.values):
            return None, attribute
        good: list[Collection] = []
        bad: list[Collection] = []
        for value in attribute.collections():
            refused = tuple(member for member in value.members if not self._is_obeyed(member))
            accepted = Collection(tuple(member for member in value.members if member not in refused))
            if finishing_of(accepted) is not None:
                good.append(accepted)
                bad += [Collection(refused)] if refused else []
            else:
                bad.append(Collection(refused) if refused else value)
        return (
            Attribute.collection(FINISHINGS_COL, *good) if good else None,
            Attribute.collection(FINISHINGS_COL, *bad) if bad else None,
        )

    def _is_obeyed(self, member: Attribute) -> bool:
        if check_syntax(Attribute.collection(FINISHINGS_COL, (member,)), GroupTag.JOB) is not None:
            return False
        if member.name == TEMPLATE:
            return member.first in {value.keyword for value in self._whens.values()}
        if member.name != TRIMMING or len(member.values) != 1 or not isinstance(member.first, Collection):
            return False
        offered: dict[str, object] = {OFFSET: AT_THE_END, EDGE: BOTTOM, TYPE: self._type}
        return all(
            part.first in self._whens if part.name == WHEN else part.first == offered.get(part.name, part)
            for part in member.first.members
        )


def finishing_of(value: Collection) -> Finishings | None:
    """The cut that one value of ``finishings-col`` means; None where it does not say when to cut."""
    trimming = value.get(TRIMMING)
    if trimming is not None and isinstance(trimming.first, Collection):
        when = trimming.first.get(WHEN)
        if when is not None and isinstance(when.first, str) and when.first in CUTS:
            return CUTS[when.first]
    template = value.get(TEMPLATE)
    if template is None:
        return None
    return next((each for each in CUTS.values() if each.keyword == template.first), None)


def finishings_of(attributes: Mapping[str, Attribute]) -> tuple[int, ...] | None:
    """The ``finishings`` that a job's ``finishings-col`` are; None where it has none."""
    given = attributes.get(FINISHINGS_COL)
    if given is None:
        return None
    cuts = (finishing_of(value) for value in given.collections())
    return tuple(dict.fromkeys(int(cut) for cut in cuts if cut is not None))
