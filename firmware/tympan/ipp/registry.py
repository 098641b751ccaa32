"""The attributes that IANA registers for IPP: in which sections, with which syntax.

Owns the table (``registry.tsv`` beside this file, read at the first question) and the answers drawn from it: whether
an attribute's values have its syntax, which tags plain Python values get, which section a name belongs to. An
attribute that is not registered (a vendor's) is no mistake: nothing is said about it. Never decides what a printer
supports.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from tympan.ipp.attribute import Attribute, Collection, Value, ValueData
from tympan.ipp.errors import IppEncodeError
from tympan.ipp.syntax import Syntax, SyntaxProblem, parse_syntax
from tympan.ipp.tags import GroupTag

SECTIONS: dict[int, tuple[str, ...]] = {
    GroupTag.OPERATION: ("Operation",),
    GroupTag.JOB: ("Job Template", "Job Description", "Job Status"),
    GroupTag.PRINTER: ("Printer Description", "Printer Status"),
    GroupTag.SUBSCRIPTION: ("Subscription Template", "Subscription Status"),
    GroupTag.EVENT_NOTIFICATION: ("Event Notifications",),
    GroupTag.RESOURCE: ("Resource Description", "Resource Status"),
    GroupTag.DOCUMENT: ("Document Template", "Document Description", "Document Status"),
    GroupTag.SYSTEM: ("System Description", "System Status"),
}
"""The registry's sections whose attributes stand in the group of a delimiter tag."""

_TEMPLATE = "Job Template"
_ANY_TEMPLATE = f"=<{_TEMPLATE}>"
_TEMPLATE_SUFFIXES = ("-default", "-supported", "-ready", "-database", "-actual", "-completed")
_MAX_DEPTH = 16
_REMEMBERED_NAMES = 4096  # a bound, because clients choose the names


@dataclass(frozen=True, slots=True)
class Registration:
    """One line of the registry.

    Attributes:
        section: Such as ``Job Template``.
        path: The attribute's name; a member's behind its collections' and dots, as in ``media-col.media-size``.
        syntax: As the registry writes it, such as ``1setOf type2 keyword``.
        note: ``deprecated``, ``obsolete`` or empty.
    """

    section: str
    path: str
    syntax: str
    note: str = ""

    def parsed(self) -> Syntax:
        """The syntax, ready to check with."""
        return _parsed(self.syntax)


_parsed = cache(parse_syntax)


@cache
def _table() -> dict[str, dict[str, Registration]]:
    """Section, then path, to the registration."""
    table: dict[str, dict[str, Registration]] = {}
    section = ""
    lines: dict[str, Registration] = {}
    for line in Path(__file__).with_name("registry.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("["):
            section = line[1:-1]
            lines = table[section] = {}
            continue
        fields = line.split("\t")
        lines[fields[0]] = Registration(section, *fields)
    return table


def section(name: str) -> dict[str, Registration]:
    """The attributes of a section by name, without members of collections.

    Raises:
        KeyError: There is no such section.
    """
    return {path: line for path, line in _table()[name].items() if "." not in path}


def registrations(name: str) -> tuple[Registration, ...]:
    """Every registration of an attribute, in the registry's order of sections; empty for one that IANA does not know."""
    return tuple([lines[name] for lines in _table().values() if name in lines])


def lookup(name: str, group: int | None = None) -> Registration | None:
    """The registration of an attribute, best of all one for the group in which it stands.

    Args:
        name: The attribute's name.
        group: Delimiter tag of the group; None where it does not matter.

    Returns:
        None where IANA does not know the attribute.
    """
    found = _candidates(name, group)
    return found[0] if found else None


@lru_cache(_REMEMBERED_NAMES)
def _candidates(name: str, group: int | None) -> tuple[Registration, ...]:
    """The registrations for the group; where there are none, all: clients put attributes into neighbouring groups."""
    if group is not None:
        table = _table()
        inside = tuple([table[place][name] for place in SECTIONS.get(group, ()) if name in table[place]])
        if inside:
            return inside
    return registrations(name)


@lru_cache(_REMEMBERED_NAMES)
def is_job_template(name: str) -> bool:
    """Whether the group name ``job-template`` in ``requested-attributes`` covers it, RFC 8011 §4.2.5.1 and §4.3.4.1.

    True for Job Template attributes, as ``media``, and for what the printer says about them, as ``media-supported``
    and ``media-col-ready``.
    """
    template = _table()[_TEMPLATE]
    return name in template or any(
        name.endswith(suffix) and name[: -len(suffix)] in template for suffix in _TEMPLATE_SUFFIXES
    )


def check_syntax(attribute: Attribute, group: int | None = None) -> SyntaxProblem | None:
    """Whether an attribute's values have the syntax that is registered for it, those of members too.

    Args:
        attribute: As it came from the decoder.
        group: Delimiter tag of its group; the registry gives some names another syntax in another group.

    Returns:
        None where all is well or the attribute is not registered; else what is wrong. A member's problem begins with
        its path.
    """
    problem: SyntaxProblem | None = None
    for registration in _candidates(attribute.name, group):
        problem = _check(attribute, registration, 0)
        if problem is None:
            return None
    if problem is None and attribute.malformed():
        return SyntaxProblem(attribute.malformed()[0].problem)
    return problem


def _check(attribute: Attribute, registration: Registration, depth: int) -> SyntaxProblem | None:
    problem = registration.parsed().check(attribute.values)
    if problem is not None or depth > _MAX_DEPTH:
        return problem
    for _, value in attribute.values:
        if isinstance(value, Collection):
            problem = _check_members(value, registration, depth)
            if problem is not None:
                return problem
    return None


def _check_members(collection: Collection, registration: Registration, depth: int) -> SyntaxProblem | None:
    for member in collection.members:
        line = member_of(registration, member.name)
        problem: SyntaxProblem | None
        if line is not None:
            problem = _check(member, line, depth + 1)
        else:
            malformed = member.malformed()
            problem = SyntaxProblem(malformed[0].problem) if malformed else None
        if problem is not None:
            return SyntaxProblem(f"{member.name}: {problem.problem}", problem.status)
    return None


def member_of(registration: Registration, name: str) -> Registration | None:
    """The registration of a collection's member.

    Args:
        registration: Of the collection.
        name: The member's name.

    Returns:
        None where the registry has no such member.
    """
    table = _table()
    path = registration.path
    for _ in range(_MAX_DEPTH):
        lines = table[registration.section]
        line = lines.get(f"{path}.{name}")
        if line is not None:
            return line
        link = lines.get(f"{path}.*")
        if link is not None:
            if link.syntax == _ANY_TEMPLATE:
                return table[_TEMPLATE].get(name)
            target = link.syntax[1:]
        else:
            # "media-col-database" and its like have the members of "media-col", also where no line says so.
            suffix = next((suffix for suffix in _TEMPLATE_SUFFIXES if path.endswith(suffix)), None)
            if suffix is None or "." in path:
                return None
            target = path[: -len(suffix)]
        next_registration = _collection_named(target, registration.section)
        if next_registration is None or next_registration is registration:
            return None
        registration, path = next_registration, target
    return None


def _collection_named(name: str, near: str) -> Registration | None:
    """The registration that lists the members of a collection: the Job Template's, if it is one, or the nearest."""
    table = _table()
    sections = (_TEMPLATE, near, *table)
    for place in sections:
        lines = table[place]
        if name in lines and any(path.startswith(f"{name}.") and not path.endswith(".*") for path in lines):
            return lines[name]
    return None


def typed(name: str, *values: ValueData, group: int | None = None) -> Attribute:
    """An attribute whose values get their tags from the registry.

    Args:
        name: A registered attribute.
        values: Python values as in the table of `tympan.ipp.values`; None for the out-of-band value it may have.
        group: As in `lookup`.

    Raises:
        IppEncodeError: The attribute is not registered, or a value does not have its syntax.
    """
    candidates = _candidates(name, group)
    if not candidates:
        raise IppEncodeError("it is not registered", attribute=name)
    if not values:
        raise IppEncodeError("an attribute has at least one value", attribute=name)
    for registration in candidates:
        syntax = registration.parsed()
        tags = [syntax.tag_for(value) for value in values]
        if (syntax.multiple or len(values) == 1) and None not in tags:
            return Attribute(
                name,
                tuple(
                    [Value(tag, value) for tag, value in zip(tags, values, strict=True) if tag is not None]
                ),
            )
    raise IppEncodeError(f"{values!r} is not {candidates[0].syntax}", attribute=name)
