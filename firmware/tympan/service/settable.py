"""Which printer attributes administrators may set, and what a printer becomes by them (RFC 3380 §4.1, PWG 5100.13 §6).

It owns the judgement, and nothing it does has an effect: from what the configuration makes of a printer and a list of attributes comes
what the printer would be, or why not. What is in ``printer-settable-attributes-supported`` is obeyed by the next job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tympan.config import geo_problem
from tympan.driver.ticket import MediaSpec
from tympan.ipp import Attribute, Collection, GroupTag, StatusCode, Value, ValueTag
from tympan.ipp.registry import check_syntax
from tympan.service.choice import Choice
from tympan.service.description import PrinterIdentity
from tympan.service.media import MediaChoices
from tympan.service.template import Template

MESSAGE: Final = "printer-message-from-operator"
GEO_LOCATION: Final = "printer-geo-location"

TEXTS: Final[Mapping[str, str]] = {
    "printer-info": "info",
    "printer-location": "location",
    "printer-organization": "organization",
    "printer-organizational-unit": "organizational_unit",
}
"""Texts that can be set: attribute to field of the identity."""

MEDIA: Final = ("media-default", "media-col-default", "media-ready", "media-col-ready")
"""About paper; the first two say what a job gets that asks for nothing, the others what is loaded."""

_READY = frozenset({"media-ready", "media-col-ready"})
_NAMES = frozenset({*TEXTS, GEO_LOCATION, MESSAGE, *MEDIA})
_DEFAULT = "-default"


@dataclass(frozen=True, slots=True)
class Configured:
    """A printer as the configuration makes it.

    Attributes:
        identity: Its names.
        template: Its job template attributes.
        media_is_chosen: The configuration names the size that is the default; else it is what is loaded first.
    """

    identity: PrinterIdentity
    template: Template
    media_is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attribute that cannot be set.

    Attributes:
        status: Why, RFC 3380 §4.1.2 and §7.
        attribute: As the unsupported attributes group gives it back.
        problem: A sentence.
    """

    status: StatusCode
    attribute: Attribute
    problem: str


@dataclass(slots=True)
class Outcome:
    """What a printer would be.

    Attributes:
        identity: Its names.
        template: Its job template attributes.
        message: ``printer-message-from-operator`` where it is set; else None.
        refusals: What cannot be set; then nothing is.
    """

    identity: PrinterIdentity
    template: Template
    message: str | None = None
    refusals: list[Refusal] = field(default_factory=list)


def settable_names(template: Template) -> list[str]:
    """``printer-settable-attributes-supported``."""
    return sorted([*TEXTS, GEO_LOCATION, MESSAGE, *MEDIA, *_defaults(template)])


def _defaults(template: Template) -> dict[str, Choice]:
    return {
        f"{choice.name}{_DEFAULT}": choice
        for choice in template.choices.values()
        if choice.default is not None and choice.default.name == f"{choice.name}{_DEFAULT}"
    }


def judge(configured: Configured, attributes: Iterable[Attribute], known: frozenset[str]) -> Outcome:
    """What a printer becomes by `attributes`.

    Args:
        configured: As the configuration makes it.
        attributes: All that were ever set, the later ones in place of the earlier; with the out-of-band value ``delete-attribute``
            one goes back to what the configuration says.
        known: Every attribute the printer has, to tell what cannot be set from what there is none of.
    """
    outcome = Outcome(configured.identity, configured.template)
    defaults = _defaults(configured.template)
    media: dict[str, Attribute] = {}
    chosen: list[Attribute] = []
    for attribute in attributes:
        name = attribute.name
        if name not in _NAMES and name not in defaults:
            outcome.refusals.append(_not_settable(name) if name in known else _unknown(name))
        elif is_deletion(attribute):
            continue
        elif name in _READY and attribute.tag == ValueTag.NO_VALUE:
            media[name] = attribute  # nothing is loaded
        elif (problem := check_syntax(attribute, GroupTag.PRINTER)) is not None:
            outcome.refusals.append(_bad(attribute, problem.problem))
        elif name in MEDIA:
            media[name] = attribute
        elif name not in defaults:
            _describe(outcome, attribute)
        elif (why := _default_problem(defaults[name], attribute)) is not None:
            outcome.refusals.append(_bad(attribute, why))
        else:
            chosen.append(attribute)
    choices = _with_media(configured, media, outcome.refusals)
    outcome.template = configured.template.changed(chosen, choices)
    return outcome


def is_deletion(attribute: Attribute) -> bool:
    """Whether an attribute shall go back to what the configuration says (RFC 3380 §8.2)."""
    return attribute.tag == ValueTag.DELETE_ATTRIBUTE


def supported_values(template: Template, name: str) -> Attribute | None:
    """The values that a settable attribute can be set to, RFC 3380 §4.3; ``admin-define``: any of its syntax.

    Returns:
        None where it cannot be set.
    """
    choice = _defaults(template).get(name)
    if choice is not None:
        return Attribute(name, choice.supported.values)
    if name in {"media-default", "media-ready"}:
        return Attribute.keyword(name, *(spec.name for spec in template.media.sizes))
    if name in settable_names(template):
        return Attribute(name, (Value(ValueTag.ADMIN_DEFINE, None),))
    return None


# --- refusals ---------------------------------------------------------------------------------------------------------


def _bad(attribute: Attribute, problem: str) -> Refusal:
    return Refusal(
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, attribute, f"{attribute.name}: {problem}"
    )


def _unknown(name: str) -> Refusal:
    return Refusal(
        StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
        Attribute.unsupported(name),
        f"there is no attribute {name:.60}",
    )


def _not_settable(name: str) -> Refusal:
    return Refusal(
        StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
        Attribute(name, (Value(ValueTag.NOT_SETTABLE, None),)),
        f"{name} cannot be set",
    )


def _conflict(attribute: Attribute, problem: str) -> Refusal:
    return Refusal(StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES, attribute, f"{attribute.name}: {problem}")


# --- texts and defaults -----------------------------------------------------------------------------------------------


def _describe(outcome: Outcome, attribute: Attribute) -> None:
    text = str(attribute.first)
    if attribute.name == GEO_LOCATION:
        _locate(outcome, attribute)
    elif len(attribute.values) > 1:
        outcome.refusals.append(_bad(attribute, "it has one value here"))
    elif any(ord(character) < 32 for character in text):  # RFC 8011 §5.1.2
        outcome.refusals.append(_bad(attribute, "control characters are not allowed"))
    elif attribute.name == MESSAGE:
        outcome.message = text
    else:
        outcome.identity = replace(outcome.identity, **{TEXTS[attribute.name]: text})


def _locate(outcome: Outcome, attribute: Attribute) -> None:
    uri = "" if attribute.out_of_band else str(attribute.first)
    problem = geo_problem(uri)
    if problem is not None:
        outcome.refusals.append(_bad(attribute, problem))
    else:
        outcome.identity = replace(outcome.identity, geo_location=uri)


def _default_problem(choice: Choice, attribute: Attribute) -> str | None:
    """Why `attribute` cannot be the default of `choice`; None where it can."""
    if attribute.out_of_band:
        nothing = choice.default is not None and choice.default.out_of_band
        return None if nothing else "it must have a value"
    if len(attribute.values) > 1 and not choice.many:
        return "it has one value"
    if not all(choice.accepts(value) for value in attribute.values):
        return "the printer does not support this value"
    return None


# --- paper ------------------------------------------------------------------------------------------------------------


def _with_media(
    configured: Configured, attributes: Mapping[str, Attribute], refusals: list[Refusal]
) -> MediaChoices:
    """The paper of a printer as the media attributes wish it."""
    choices = configured.template.media
    loaded = None
    for name, read in (("media-ready", _ready_by_name), ("media-col-ready", _ready_by_collection)):
        if name not in attributes:
            continue
        ready = read(choices, attributes[name], refusals)
        if ready is None:
            continue
        if loaded is not None and [spec.name for spec in ready] != [spec.name for spec in loaded]:
            refusals.append(_conflict(attributes[name], "it is not what media-ready says"))
        loaded = ready
    if loaded is not None:
        choices = replace(choices, ready=tuple(loaded))
        again = (
            loaded[0] if loaded and not configured.media_is_chosen else choices.by_name(choices.default.name)
        )
        choices = replace(choices, default=again or choices.default)
    return _with_default(choices, attributes, refusals)


def _with_default(
    choices: MediaChoices, attributes: Mapping[str, Attribute], refusals: list[Refusal]
) -> MediaChoices:
    named, described = attributes.get("media-default"), attributes.get("media-col-default")
    spec = None
    if named is not None:
        spec = choices.from_media(named.values[0]) if len(named.values) == 1 else None
        if spec is None:
            refusals.append(_bad(named, "the printer does not take this size"))
    if described is not None:
        collection = described.first
        wanted, bad = choices.from_media_col(collection) if isinstance(collection, Collection) else (None, ())
        if wanted is None or bad:
            refusals.append(_bad(described, "the printer does not take this paper"))
        elif spec is not None and spec.name != wanted.name:
            refusals.append(_conflict(described, "it is not of the size that media-default says"))
        else:
            spec = wanted
    return choices if spec is None else replace(choices, default=spec)


def _ready_by_name(
    choices: MediaChoices, attribute: Attribute, refusals: list[Refusal]
) -> list[MediaSpec] | None:
    """What is loaded by ``media-ready``: a size for each source, in the order of ``media-source-supported``."""
    if attribute.out_of_band:
        return []
    specs = [choices.from_media(value) for value in attribute.values]
    if len(specs) > len(choices.sources):
        refusals.append(_bad(attribute, f"there are {len(choices.sources)} sources of paper"))
        return None
    types = {spec.source: spec.type for spec in choices.ready}
    loaded = [
        replace(spec, source=source, type=types.get(source, spec.type))
        for source, spec in zip(choices.sources, specs, strict=False)
        if spec is not None
    ]
    if len(loaded) < len(specs):
        refusals.append(_bad(attribute, "the printer does not take one of these sizes"))
        return None
    return loaded


def _ready_by_collection(
    choices: MediaChoices, attribute: Attribute, refusals: list[Refusal]
) -> list[MediaSpec] | None:
    """What is loaded by ``media-col-ready``: one paper at most for each source."""
    if attribute.out_of_band:
        return []
    loaded: list[MediaSpec] = []
    for collection in attribute.collections():
        spec, bad = choices.from_media_col(collection, loading=True)
        if spec is None or bad or not {"media-size", "media-size-name"} & {each.name for each in collection}:
            refusals.append(_bad(attribute, "the printer does not take one of these papers"))
            return None
        taken = {each.source for each in loaded}
        if "media-source" not in collection:
            free = [source for source in choices.sources if source not in taken]
            spec = replace(spec, source=free[0] if free else spec.source)
        if spec.source in taken:
            refusals.append(_conflict(attribute, f"{spec.source} can have one paper only"))
            return None
        loaded.append(spec)
    return sorted(loaded, key=lambda spec: choices.sources.index(spec.source))
