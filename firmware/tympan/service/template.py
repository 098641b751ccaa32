"""The job template attributes a printer obeys, in one table: defaults, what is supported, the check, the ticket.

What is in the table is obeyed by the ticket; what is not in it is not advertised, and comes back as unsupported.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tympan.driver.contract import Capabilities
from tympan.driver.ticket import JobTicket, MediaSpec, TicketChange
from tympan.errors import ConfigError, TympanError
from tympan.ipp import (
    Attribute,
    Collection,
    GroupTag,
    RangeOfInteger,
    Resolution,
    ResolutionUnits,
    Value,
    ValueData,
    ValueTag,
)
from tympan.ipp.enums import Finishings
from tympan.ipp.registry import check_syntax
from tympan.service.choice import Choice, CollectionChoice
from tympan.service.finishings_col import FinishingsCol, finishings_of
from tympan.service.job_sheets import job_sheets_choice
from tympan.service.media import MediaChoices, media_attributes, media_col
from tympan.service.overrides import Overrides, ticket_overrides
from tympan.service.proof_print import ProofPrint
from tympan.service.ranges import merge_ranges
from tympan.service.scheduling import scheduling_choices

CM_PER_INCH = 2.54

TICKET_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "media": "media",
        "media-col": "media",
        "number-up": "number_up",
        "orientation-requested": "orientation_requested",
        "page-ranges": "page_ranges",
        "print-color-mode": "print_color_mode",
        "print-content-optimize": "print_content_optimize",
        "print-quality": "print_quality",
        "print-scaling": "print_scaling",
        "printer-resolution": "resolution_dpi",
        "sides": "sides",
    }
)
"""The field of a ticket that each attribute of a part of a job decides."""

NUMBER_UP = (1, 2, 4)
ORIENTATIONS = (3, 4, 5, 6)
RENDERING_INTENTS = ("auto",)
PRINT_SCALINGS = ("auto", "auto-fit", "fill", "fit", "none")
CONTENT_OPTIMIZE = ("auto", "graphic", "photo", "text", "text-and-graphic")
DOCUMENT_HANDLING = (
    "separate-documents-collated-copies",
    "separate-documents-uncollated-copies",
    "single-document",
    "single-document-new-sheet",
)


DOCUMENT_TEMPLATE = (
    "media",
    "media-col",
    "number-up",
    "orientation-requested",
    "page-ranges",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-scaling",
    "printer-resolution",
    "sides",
)
"""The attributes that each document of a job may have for itself, PWG 5100.5."""


PAPER = ("media", "media-col")
"""Two ways to say which paper: who says it in one of them takes the other's place."""


def overlaid(attributes: Mapping[str, Attribute], own: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """`attributes` with those of `own` in the place of what they say otherwise."""
    says_paper = any(name in own for name in PAPER)
    kept = {name: each for name, each in attributes.items() if not (says_paper and name in PAPER)}
    return kept | dict(own)


class TemplateError(TympanError):
    """A job asks for what makes no sense on any printer.

    Attributes:
        problem: A sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class Template:
    """The job template attributes of one printer.

    Args:
        capabilities: The driver's.
        media: The paper.
        defaults: ``defaults`` of the configuration: IPP names to values as people write them.
        printer: The printer's name, for errors.
        max_copies: The most copies one job may ask for.

    Raises:
        ConfigError: A configured default is none of this printer's choices.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        media: MediaChoices,
        *,
        defaults: Mapping[str, object] | None = None,
        printer: str = "",
        max_copies: int = 999,
    ) -> None:
        self.media = media
        self.capabilities = capabilities
        table = _choices(capabilities, min(max_copies, capabilities.copies_max))
        table |= {choice.name: choice for choice in (*scheduling_choices(), job_sheets_choice())}
        for name, wish in (defaults or {}).items():
            if name != "media":
                table[name] = _with_default(table, name, wish, f"printers.{printer}.defaults.{name}")
        self.choices: dict[str, Choice] = table
        collections: tuple[CollectionChoice, ...] = (
            Overrides(),
            ProofPrint(min(max_copies, capabilities.copies_max)),
            *((FinishingsCol(capabilities),) if capabilities.trimming_type else ()),
        )
        self.collections = {choice.name: choice for choice in collections}

    def names(self) -> list[str]:
        """``job-creation-attributes-supported``: every attribute of the table, ``media`` and ``media-col``."""
        return sorted([*self.choices, *self.collections, "media", "media-col"])

    def printer_attributes(self) -> list[Attribute]:
        """Defaults and supported values of the whole table."""
        attributes: list[Attribute] = media_attributes(self.media)
        for choice in self.choices.values():
            if choice.default is not None:
                attributes.append(choice.default)
            attributes.append(choice.supported)
        for collection in self.collections.values():
            attributes += collection.printer_attributes()
        return attributes

    def changed(self, defaults: Iterable[Attribute], media: MediaChoices) -> Template:
        """The same with other defaults, each an attribute ``NAME-default`` that its choice accepts, and other paper."""
        made = copy.copy(self)
        made.media = media
        made.choices = dict(self.choices)
        for attribute in defaults:
            name = attribute.name.removesuffix("-default")
            made.choices[name] = replace(self.choices[name], default=attribute)
        return made

    # --- requests ---------------------------------------------------------------------------------------------------

    def judge(self, attributes: Iterable[Attribute]) -> tuple[list[Attribute], list[Attribute]]:
        """Sort the job attributes of a request into those that are obeyed and those that are not.

        Returns:
            The accepted attributes, and the unsupported ones as the unsupported group gives them back: an attribute
            that is not known with the out-of-band value ``unsupported``, otherwise with the values that are not
            supported (RFC 8011 §4.1.7).

        Raises:
            TemplateError: ``page-ranges`` are not in ascending order, or overlap (RFC 8011 §5.2.7).
        """
        accepted: list[Attribute] = []
        unsupported: list[Attribute] = []
        for attribute in attributes:
            if attribute.name == "media":
                ok = len(attribute.values) == 1 and self.media.from_media(attribute.values[0]) is not None
                (accepted if ok else unsupported).append(attribute)
            elif attribute.name == "media-col":
                self._judge_media_col(attribute, accepted, unsupported)
            elif (collection := self.collections.get(attribute.name)) is not None:
                good, bad = collection.judge(attribute, self)
                accepted += [] if good is None else [good]
                unsupported += [] if bad is None else [bad]
            elif (choice := self.choices.get(attribute.name)) is not None:
                if attribute.name == "page-ranges":
                    _check_ascending(attribute)
                _judge(choice, attribute, accepted, unsupported)
            else:
                unsupported.append(Attribute.unsupported(attribute.name))
        return accepted, unsupported

    def judge_document(self, attributes: Iterable[Attribute]) -> tuple[list[Attribute], list[Attribute]]:
        """The same for the document template attributes of one document: those of `DOCUMENT_TEMPLATE`."""
        accepted: list[Attribute] = []
        unsupported: list[Attribute] = []
        for attribute in attributes:
            if attribute.name in DOCUMENT_TEMPLATE:
                good, bad = self.judge((attribute,))
                accepted += good
                unsupported += bad
            else:
                unsupported.append(Attribute.unsupported(attribute.name))
        return accepted, unsupported

    def _judge_media_col(
        self, attribute: Attribute, accepted: list[Attribute], unsupported: list[Attribute]
    ) -> None:
        collection = attribute.first
        if len(attribute.values) != 1 or not isinstance(collection, Collection):
            unsupported.append(attribute)
            return
        spec, bad = self.media.from_media_col(collection)
        if bad:
            members = tuple(member for member in collection.members if member.name in bad)
            unsupported.append(Attribute.collection("media-col", Collection(members)))
        good = tuple([member for member in collection.members if member.name not in bad])
        if spec is not None and good:
            accepted.append(Attribute.collection("media-col", Collection(good)))

    # --- tickets ----------------------------------------------------------------------------------------------------

    def ticket(
        self, job_id: int, job_name: str, user_name: str, attributes: Mapping[str, Attribute]
    ) -> JobTicket:
        """The ticket of a job with the accepted `attributes`, the printer's defaults for the rest."""

        def first(name: str) -> object:
            attribute = attributes.get(name) or self._default(name)
            return None if attribute is None else attribute.first

        def integer(name: str, otherwise: int) -> int:
            value = first(name)
            return value if isinstance(value, int) else otherwise

        handling = first("multiple-document-handling")
        resolution = first("printer-resolution")
        finishings = attributes.get("finishings") or self._default("finishings")
        cuts = finishings_of(attributes)
        ranges = attributes.get("page-ranges")
        return JobTicket(
            job_id=job_id,
            job_name=job_name,
            user_name=user_name,
            media=self.media_of(attributes),
            copies=integer("copies", 1),
            collated=handling != "separate-documents-uncollated-copies",
            single_document=handling in {"single-document", "single-document-new-sheet"},
            new_sheets=handling != "single-document",
            sides=str(first("sides") or "one-sided"),
            page_ranges=merge_ranges(value.value for value in ranges.values) if ranges else (),
            number_up=integer("number-up", 1),
            orientation_requested=integer("orientation-requested", 0),
            print_scaling=str(first("print-scaling") or "auto"),
            print_quality=integer("print-quality", 4),
            resolution_dpi=_supported_dpi(resolution, self.capabilities.resolutions_dpi)
            or self.capabilities.resolutions_dpi[0],
            print_color_mode=str(first("print-color-mode") or "monochrome"),
            print_content_optimize=str(first("print-content-optimize") or "auto"),
            finishings=_with_job_finishings(
                cuts or (finishings.integers() if finishings else ()),
                attributes.get("job-finishings") or self._default("job-finishings"),
            ),
            output_bin=str(first("output-bin") or "face-down"),
            overrides=ticket_overrides(self, attributes),
        )

    def change(self, attributes: Mapping[str, Attribute], own: Mapping[str, Attribute]) -> TicketChange:
        """What a part of a job has otherwise.

        Args:
            attributes: The accepted attributes of the job.
            own: Those of the part: of `TICKET_FIELDS`.
        """
        whole = {name: each for name, each in attributes.items() if name != "overrides"}
        part = self.ticket(0, "", "", overlaid(whole, own))
        return TicketChange(**{
            TICKET_FIELDS[name]: getattr(part, TICKET_FIELDS[name]) for name in own if name in TICKET_FIELDS
        })  # fmt: skip

    def media_of(self, attributes: Mapping[str, Attribute]) -> MediaSpec:
        """The paper of a job with the accepted `attributes`."""
        if (attribute := attributes.get("media-col")) is not None and isinstance(attribute.first, Collection):
            spec, _ = self.media.from_media_col(attribute.first)
            if spec is not None:
                return spec
        if (attribute := attributes.get("media")) is not None:
            return self.media.from_media(attribute.values[0]) or self.media.default
        return self.media.default

    def echo(self, attributes: Mapping[str, Attribute]) -> list[Attribute]:
        """The job template attributes as a job shows them: what was accepted, and the defaults that apply."""
        shown = dict(attributes)
        if (cuts := finishings_of(attributes)) is not None:
            shown["finishings"] = Attribute.enum("finishings", *cuts)
        for name in (
            "copies",
            "finishings",
            "job-cancel-after",
            "job-finishings",
            "job-hold-until",
            "job-priority",
            "job-retain-until",
            "job-sheets",
            "number-up",
            "orientation-requested",
            "output-bin",
            "print-color-mode",
            "print-content-optimize",
            "print-quality",
            "print-rendering-intent",
            "print-scaling",
            "printer-resolution",
            "sides",
            "multiple-document-handling",
        ):
            default = self._default(name)
            if name not in shown and default is not None and name in self.choices:
                shown[name] = default
        if "media" not in shown and "media-col" not in shown:
            shown["media"] = Attribute.keyword("media", self.media.default.name)
        if "media-col" not in shown:
            shown["media-col"] = Attribute.collection("media-col", media_col(self.media_of(attributes)))
        return list(shown.values())

    def value(self, name: str, attributes: Mapping[str, Attribute]) -> object:
        """What a job with the accepted `attributes` has of `name`, the printer's default where it says nothing; None: nothing."""
        attribute = attributes.get(name) or self._default(name)
        return None if attribute is None else attribute.first

    def _default(self, name: str) -> Attribute | None:
        choice = self.choices.get(name)
        if choice is None or choice.default is None or choice.default.out_of_band:
            return None
        return Attribute(name, choice.default.values)


def _with_job_finishings(finishings: tuple[int, ...], whole: Attribute | None) -> tuple[int, ...]:
    """``finishings``, and where they are none what is done to the job as a whole (``job-finishings``, PWG 5100.7).

    Each cut of ``finishings`` leaves nothing that is not cut off, so the two are never done both.
    """
    if set(finishings) - {Finishings.NONE} or whole is None:
        return finishings
    return whole.integers()


def _check_ascending(attribute: Attribute) -> None:
    last = 0
    for value in attribute.all():
        if isinstance(value, RangeOfInteger):
            if value.upper < value.lower or (last and value.lower <= last):
                raise TemplateError("page-ranges must be in ascending order and must not overlap")
            last = value.upper


def _judge(
    choice: Choice, attribute: Attribute, accepted: list[Attribute], unsupported: list[Attribute]
) -> None:
    if check_syntax(attribute, GroupTag.JOB) is not None or (len(attribute.values) > 1 and not choice.many):
        unsupported.append(attribute)
        return
    good = tuple(value for value in attribute.values if choice.accepts(value))
    bad = tuple(value for value in attribute.values if not choice.accepts(value))
    if bad:
        unsupported.append(Attribute(attribute.name, bad))
    if good:
        accepted.append(Attribute(attribute.name, good))


# --- the table --------------------------------------------------------------------------------------------------------


def _keywords(name: str, values: tuple[str, ...], default: str | None = None) -> Choice:
    return Choice(
        name,
        Attribute.keyword(f"{name}-default", default or values[0]),
        Attribute.keyword(f"{name}-supported", *values),
        lambda value: value.value in values,
    )


def _enums(
    name: str, values: tuple[int, ...], default: tuple[int, ...] | None, *, many: bool = False
) -> Choice:
    return Choice(
        name,
        Attribute.no_value(f"{name}-default")
        if default is None
        else Attribute.enum(f"{name}-default", *default),
        Attribute.enum(f"{name}-supported", *values),
        lambda value: value.value in values,
        many,
    )


def _choices(capabilities: Capabilities, copies_max: int) -> dict[str, Choice]:
    resolutions = capabilities.resolutions_dpi
    quality = 4 if 4 in capabilities.print_qualities else capabilities.print_qualities[0]
    table = [
        Choice(
            "copies",
            Attribute.integer("copies-default", 1),
            Attribute.range("copies-supported", RangeOfInteger(1, copies_max)),
            lambda value: isinstance(value.value, int) and 1 <= value.value <= copies_max,
        ),
        _enums("finishings", capabilities.finishings, capabilities.finishings_default, many=True),
        *(
            (
                _enums(
                    "job-finishings", capabilities.job_finishings, capabilities.job_finishings[:1], many=True
                ),
            )
            if capabilities.job_finishings
            else ()
        ),
        _keywords("multiple-document-handling", DOCUMENT_HANDLING),
        Choice(
            "number-up",
            Attribute.integer("number-up-default", 1),
            Attribute.integer("number-up-supported", *NUMBER_UP),
            lambda value: value.value in NUMBER_UP,
        ),
        _enums("orientation-requested", ORIENTATIONS, None),
        _keywords("output-bin", capabilities.output_bins),
        Choice(
            "page-ranges",
            None,
            Attribute.boolean("page-ranges-supported", True),
            lambda value: (
                isinstance(value.value, RangeOfInteger) and 1 <= value.value.lower <= value.value.upper
            ),
            many=True,
        ),
        _keywords("print-color-mode", capabilities.print_color_modes),
        _keywords("print-content-optimize", CONTENT_OPTIMIZE),
        _enums("print-quality", capabilities.print_qualities, (quality,)),
        _keywords("print-rendering-intent", RENDERING_INTENTS),
        _keywords("print-scaling", PRINT_SCALINGS),
        Choice(
            "printer-resolution",
            Attribute.dots_per_inch("printer-resolution-default", resolutions[0]),
            Attribute.dots_per_inch("printer-resolution-supported", *resolutions),
            lambda value: _supported_dpi(value.value, resolutions) is not None,
        ),
        _keywords("sides", capabilities.sides),
    ]
    return {choice.name: choice for choice in table}


def _with_default(table: dict[str, Choice], name: str, wish: object, key: str) -> Choice:
    choice = table.get(name)
    if choice is None or choice.default is None:
        raise ConfigError(
            f"there is no default called {name!r}; there are: media, {', '.join(sorted(table))}", key=key
        )
    tag = choice.supported.values[0].tag
    if tag == ValueTag.RANGE_OF_INTEGER:
        tag = ValueTag.INTEGER
    values = tuple(
        Value(tag, _configured(item)) for item in (wish if isinstance(wish, (list, tuple)) else (wish,))
    )
    bad = [value.value for value in values if not choice.accepts(value)]
    if bad or not values:
        raise ConfigError(f"{wish!r} is not among what the printer supports", key=key)
    return Choice(name, Attribute(f"{name}-default", values), choice.supported, choice.accepts, choice.many)


def _configured(item: object) -> ValueData:
    if isinstance(item, str) and item.endswith("dpi"):
        x, _, y = item.removesuffix("dpi").partition("x")
        if x.isdigit() and (not y or y.isdigit()):
            return Resolution(int(x), int(y or x))
    return item if isinstance(item, (int, str)) else None


def _supported_dpi(asked: object, resolutions: tuple[tuple[int, int], ...]) -> tuple[int, int] | None:
    """The resolution that is asked for, in dots per inch; None where the printer has no such."""
    if not isinstance(asked, Resolution):
        return None
    per_unit = CM_PER_INCH if asked.units == ResolutionUnits.DOTS_PER_CENTIMETER else 1
    wanted = (asked.cross_feed, asked.feed)
    return next(
        ((x, y) for x, y in resolutions if (round(x / per_unit), round(y / per_unit)) == wanted), None
    )
