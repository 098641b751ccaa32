"""The paper a printer offers, as ``media`` and ``media-col`` say it (PWG 5100.7 §6.3), and what a job asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tympan.driver.contract import Capabilities
from tympan.driver.ticket import MediaSpec, Properties
from tympan.errors import ConfigError
from tympan.ipp import Attribute, Collection, RangeOfInteger, Value
from tympan.model.media import find_size, format_size_name
from tympan.service.media_properties import (
    PROPERTIES,
    has_properties,
    parsed_properties,
    property_attributes,
    property_members,
    property_of,
    property_values,
)

SIZE_TOLERANCE_HMM = 100
"""How far a ``media-size`` may be off a supported size and still mean it: clients round (PWG 5100.7 §6.3.1.15 lets us)."""

MARGIN_TOLERANCE_HMM = 50
"""How far a margin may be off a supported one: clients that reckon in points round."""

MEDIA_COL_MEMBERS = (
    "media-bottom-margin",
    "media-left-margin",
    "media-right-margin",
    "media-size",
    "media-size-name",
    "media-source",
    "media-top-margin",
    "media-type",
)
"""The members of ``media-col`` that say size, margins, source and type."""

_MARGINS = {
    "media-bottom-margin": "bottom_margin_hmm",
    "media-left-margin": "left_margin_hmm",
    "media-right-margin": "right_margin_hmm",
    "media-top-margin": "top_margin_hmm",
}


@dataclass(frozen=True, slots=True)
class MediaChoices:
    """What paper a printer has and takes.

    Attributes:
        sizes: Every size offered, the printer's own first.
        default: What a job gets that asks for nothing.
        ready: What is loaded, one a source.
        custom_hmm: Smallest and largest (width, length) of custom sizes, or None.
        sources: ``media-source-supported``.
        types: ``media-type-supported``.
        roll: Length follows content.
    """

    sizes: tuple[MediaSpec, ...]
    default: MediaSpec
    ready: tuple[MediaSpec, ...]
    custom_hmm: tuple[tuple[int, int], tuple[int, int]] | None
    sources: tuple[str, ...]
    types: tuple[str, ...]
    roll: bool

    def by_name(self, name: str) -> MediaSpec | None:
        """The size called `name`, also one of a custom name within the range; None where it cannot be had."""
        size = find_size(name)
        if size is None:
            return None
        for spec in self.sizes:
            if spec.name in {name, size.name}:
                return self._loaded(spec)
        return self.by_size(size.width_hmm, size.length_hmm)

    def by_size(self, width_hmm: int, length_hmm: int) -> MediaSpec | None:
        """The size nearest to the dimensions, within the tolerance or the custom range; None where it cannot be had."""
        near = [
            (abs(spec.width_hmm - width_hmm) + abs(spec.length_hmm - length_hmm), spec)
            for spec in self.sizes
            if abs(spec.width_hmm - width_hmm) <= SIZE_TOLERANCE_HMM
            and abs(spec.length_hmm - length_hmm) <= SIZE_TOLERANCE_HMM
        ]
        if near:
            return self._loaded(min(near, key=lambda pair: pair[0])[1])
        if self.custom_hmm is None:
            return None
        (min_width, min_length), (max_width, max_length) = self.custom_hmm
        if not (min_width <= width_hmm <= max_width and min_length <= length_hmm <= max_length):
            return None
        name = format_size_name(width_hmm, length_hmm)
        return replace(self.default, name=name, width_hmm=width_hmm, length_hmm=length_hmm)

    def _loaded(self, spec: MediaSpec) -> MediaSpec:
        return next((ready for ready in self.ready if ready.name == spec.name), spec)

    def needs_loading(self, spec: MediaSpec) -> bool:
        """Whether a person has to put `spec` in first: ``media-needed``."""
        return not self.roll and not any(
            (ready.name, ready.type) == (spec.name, spec.type) and has_properties(ready, spec.properties)
            for ready in self.ready
        )

    def members(self) -> tuple[str, ...]:
        """``media-col-supported``: the members that are obeyed."""
        return tuple(sorted({*MEDIA_COL_MEMBERS, *property_values(self.ready)}))

    def from_media(self, value: Value) -> MediaSpec | None:
        """What ``media`` asks for: a size name; None where it is not supported."""
        return self.by_name(value.value) if isinstance(value.value, str) else None

    def from_media_col(
        self, collection: Collection, *, loading: bool = False
    ) -> tuple[MediaSpec | None, tuple[str, ...]]:
        """What ``media-col`` asks for.

        Args:
            collection: The value.
            loading: It says what is loaded: it may be of any colour and weight, not only of those that are there.

        Returns:
            The paper, with what is not supported left out or replaced; and the names of members that are not
            supported. None where not even a size can be had.
        """
        properties, bad = self._properties(collection, loading=loading)
        size, name = collection.get("media-size"), collection.get("media-size-name")
        if size is not None:
            spec = self._from_size(size)
        elif name is not None:
            spec = self.from_media(name.values[0])
        else:
            spec = self.default
        if spec is None:
            return None, (*bad, "media-size" if size is not None else "media-size-name")
        if not loading:
            spec = self._ready_for(spec, collection, properties, any_size=size is None and name is None)
        spec = replace(spec, properties=properties)
        for member in collection.members:
            changed = self._with_member(spec, member)
            if changed is None:
                bad.append(member.name)
            else:
                spec = changed
        return spec, tuple(dict.fromkeys(bad))

    def _properties(self, collection: Collection, *, loading: bool) -> tuple[Properties, list[str]]:
        """The properties asked for, and the names of members that are not supported."""
        asked: dict[str, str | int] = {}
        bad: list[str] = []
        offered = property_values(self.ready)
        for member in collection.members:
            if member.name in PROPERTIES:
                value = property_of(member)
                if value is not None and (loading or value in offered.get(member.name, ())):
                    asked[member.name] = value
                else:
                    bad.append(member.name)
            elif member.name not in MEDIA_COL_MEMBERS:
                bad.append(member.name)
        return tuple(sorted(asked.items())), bad

    def _ready_for(
        self, spec: MediaSpec, collection: Collection, properties: Properties, *, any_size: bool
    ) -> MediaSpec:
        """The loaded paper that is as it is asked for, `spec` where none is, or the source is asked for."""
        media_type = collection.get("media-type")
        if "media-source" in collection or not (properties or media_type is not None):
            return spec
        return next(
            (
                ready
                for ready in self.ready
                if (any_size or ready.name == spec.name)
                and (media_type is None or ready.type == media_type.first)
                and has_properties(ready, properties)
            ),
            spec,
        )

    def _with_member(self, spec: MediaSpec, member: Attribute) -> MediaSpec | None:
        """`spec` as one member of ``media-col`` wishes it; None where that cannot be."""
        value, field = member.first, _MARGINS.get(member.name)
        if member.name == "media-source":
            return replace(spec, source=value) if isinstance(value, str) and value in self.sources else None
        if member.name == "media-type":
            return replace(spec, type=value) if isinstance(value, str) and value in self.types else None
        if member.name == "media-size-name":
            named = self.from_media(member.values[0])
            return spec if named is not None and named.name == spec.name else None
        if field is None:
            return spec
        return self._with_margin(spec, field, value)

    def _with_margin(self, spec: MediaSpec, field: str, value: object) -> MediaSpec | None:
        """`spec` with a margin; None where no size has it, or it would be less than the hardware leaves on this one."""
        least: int = getattr(spec, field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            return None
        near = [
            margin
            for margin in {least, *(getattr(size, field) for size in self.sizes)}
            if abs(margin - value) <= MARGIN_TOLERANCE_HMM and margin >= least
        ]
        if not near or 2 * value >= min(spec.width_hmm, spec.length_hmm):
            return None
        return _with_margin(spec, field, min(near, key=lambda margin: abs(margin - value)))

    def _from_size(self, size: Attribute) -> MediaSpec | None:
        value = size.first
        if not isinstance(value, Collection):
            return None
        width, length = value.get("x-dimension"), value.get("y-dimension")
        if (
            width is None
            or length is None
            or not isinstance(width.first, int)
            or not isinstance(length.first, int)
        ):
            return None
        return self.by_size(width.first, length.first)


def _with_margin(spec: MediaSpec, field: str, margin_hmm: int) -> MediaSpec:
    match field:
        case "left_margin_hmm":
            return replace(spec, left_margin_hmm=margin_hmm)
        case "right_margin_hmm":
            return replace(spec, right_margin_hmm=margin_hmm)
        case "top_margin_hmm":
            return replace(spec, top_margin_hmm=margin_hmm)
        case _:
            return replace(spec, bottom_margin_hmm=margin_hmm)


def media_choices(
    capabilities: Capabilities, loaded: Mapping[str, str], default: str, printer: str
) -> MediaChoices:
    """The paper of a printer: its driver's capabilities, and what the configuration says is loaded.

    Args:
        capabilities: The driver's.
        loaded: ``media_ready`` of the configuration: size names by source; empty: as the driver says.
        default: ``media`` of the configuration's defaults; empty: what is loaded first.
        printer: The printer's name, for errors.

    Raises:
        ConfigError: A size or source named does not exist on this printer.
    """
    by_name = {spec.name: spec for spec in capabilities.media}
    ready: list[MediaSpec] = []
    for source, text in (loaded or capabilities.media_ready).items():
        name, *words = text.split() or [""]
        key = f"printers.{printer}.media_ready.{source}"
        if source not in capabilities.media_sources:
            raise ConfigError(
                f"there is no source {source!r}; there are: {', '.join(capabilities.media_sources)}", key=key
            )
        if name not in by_name:
            raise ConfigError(f"the printer does not take {name!r}; it takes: {', '.join(by_name)}", key=key)
        ready.append(_as_described(replace(by_name[name], source=source), words, capabilities, key))
    if default and default not in by_name:
        raise ConfigError(f"the printer does not take {default!r}", key=f"printers.{printer}.defaults.media")
    first = ready[0] if ready else capabilities.media[0]
    chosen = next((spec for spec in ready if spec.name == default), None) or by_name.get(default) or first
    return MediaChoices(
        sizes=capabilities.media,
        default=chosen,
        ready=tuple(ready),
        custom_hmm=capabilities.media_custom_hmm,
        sources=capabilities.media_sources,
        types=capabilities.media_types,
        roll=capabilities.roll,
    )


def _as_described(spec: MediaSpec, words: list[str], capabilities: Capabilities, key: str) -> MediaSpec:
    """Paper of which the configuration says more than its size.

    Raises:
        ConfigError: It says what no paper is, or what the printer does not take.
    """
    types = [word.partition("=")[2] for word in words if word.startswith("media-type=")]
    if types and types[-1] not in capabilities.media_types:
        raise ConfigError(
            f"the printer knows no type {types[-1]!r}; it knows: {', '.join(capabilities.media_types)}",
            key=key,
        )
    try:
        properties = parsed_properties(word for word in words if not word.startswith("media-type="))
    except ValueError as error:
        raise ConfigError(str(error), key=key) from error
    return replace(spec, type=types[-1] if types else spec.type, properties=properties)


# --- as attributes ----------------------------------------------------------------------------------------------------


def media_size(spec: MediaSpec) -> Collection:
    """``media-size`` of `spec`."""
    return Collection(
        (Attribute.integer("x-dimension", spec.width_hmm), Attribute.integer("y-dimension", spec.length_hmm))
    )


def media_col(spec: MediaSpec, *, database: bool = False) -> Collection:
    """``media-col`` of `spec`; for the database, without what any size can be combined with."""
    members = [
        Attribute.integer("media-bottom-margin", spec.bottom_margin_hmm),
        Attribute.integer("media-left-margin", spec.left_margin_hmm),
        Attribute.integer("media-right-margin", spec.right_margin_hmm),
        Attribute.collection("media-size", media_size(spec)),
        Attribute.keyword("media-size-name", spec.name),
        Attribute.integer("media-top-margin", spec.top_margin_hmm),
    ]
    if not database:
        members += [
            Attribute.keyword("media-source", spec.source),
            Attribute.keyword("media-type", spec.type),
            *property_members(spec),
        ]
    return Collection(tuple(members))


def _custom_size(choices: MediaChoices) -> Collection | None:
    if choices.custom_hmm is None:
        return None
    (min_width, min_length), (max_width, max_length) = choices.custom_hmm

    def dimension(name: str, low: int, high: int) -> Attribute:
        return (
            Attribute.integer(name, low) if low == high else Attribute.range(name, RangeOfInteger(low, high))
        )

    return Collection(
        (dimension("x-dimension", min_width, max_width), dimension("y-dimension", min_length, max_length))
    )


def media_attributes(choices: MediaChoices) -> list[Attribute]:
    """Every printer attribute about paper but the database."""
    custom = _custom_size(choices)
    names: list[str] = [spec.name for spec in choices.sizes]
    if choices.custom_hmm is not None:
        (min_width, min_length), (max_width, max_length) = choices.custom_hmm
        names += [
            format_size_name(min_width, min_length, label="min"),
            format_size_name(max_width, max_length, label="max"),
        ]
    sizes = [media_size(spec) for spec in choices.sizes] + ([custom] if custom else [])
    attributes = [
        Attribute.keyword("media-default", choices.default.name),
        Attribute.keyword("media-supported", *names),
        Attribute.collection("media-col-default", media_col(choices.default)),
        Attribute.keyword("media-col-supported", *choices.members()),
        Attribute.collection("media-size-supported", *sizes),
        Attribute.keyword("media-source-supported", *choices.sources),
        Attribute.keyword("media-type-supported", *choices.types),
        *(
            Attribute.integer(f"{member}-supported", *_values(getattr(spec, field) for spec in choices.sizes))
            for member, field in _MARGINS.items()
        ),
        *property_attributes(choices.ready),
    ]
    if choices.ready:
        attributes += [
            Attribute.keyword("media-ready", *dict.fromkeys(spec.name for spec in choices.ready)),
            Attribute.collection("media-col-ready", *(media_col(spec) for spec in choices.ready)),
        ]
    else:
        attributes += [Attribute.no_value("media-ready"), Attribute.no_value("media-col-ready")]
    return attributes


def media_col_database(choices: MediaChoices) -> Attribute:
    """``media-col-database``: left out of an answer unless it is asked for by name, PWG 5100.7 §6.4.1."""
    columns = [media_col(spec, database=True) for spec in choices.sizes]
    custom = _custom_size(choices)
    if custom is not None:
        columns.append(
            Collection(
                (
                    Attribute.integer("media-bottom-margin", choices.default.bottom_margin_hmm),
                    Attribute.integer("media-left-margin", choices.default.left_margin_hmm),
                    Attribute.integer("media-right-margin", choices.default.right_margin_hmm),
                    Attribute.collection("media-size", custom),
                    Attribute.integer("media-top-margin", choices.default.top_margin_hmm),
                )
            )
        )
    return Attribute.collection("media-col-database", *columns)


def _values(numbers: Iterable[int]) -> list[int]:
    return sorted(set(numbers))
