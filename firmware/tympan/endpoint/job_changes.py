"""What Set-Job-Attributes asks for, judged as RFC 3380 §4.2 says: everything can be done, or nothing is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tympan.endpoint.exchange import Exchange, RefusedError
from tympan.ipp import Attribute, GroupTag, StatusCode, Value, ValueTag
from tympan.ipp.registry import check_syntax, lookup
from tympan.model.job import Job
from tympan.service.access import Role
from tympan.service.holding import WAITING
from tympan.service.job_attributes import template_of
from tympan.service.job_control import settable_while_printing
from tympan.service.scheduling import SETTABLE_DESCRIPTION, conflicting, settable_attributes
from tympan.service.template import PAPER, TemplateError

NOT_SETTABLE_SECTIONS = frozenset({"Job Description", "Job Status", "Job Template"})
"""Where the attributes are registered of which a job may have one that cannot be set."""

_DELETE = ValueTag.DELETE_ATTRIBUTE


@dataclass(slots=True)
class JobChanges:
    """What shall become different.

    Attributes:
        template: Job template attributes; None takes one away.
        name: The new ``job-name``; None: as it was.
        message: The new ``job-message-from-operator``; None: as it was.
    """

    template: dict[str, Attribute | None] = field(default_factory=dict)
    name: str | None = None
    message: str | None = None


def judged_changes(exchange: Exchange, job: Job, attributes: Iterable[Attribute]) -> JobChanges:
    """The changes that a request asks for.

    Raises:
        RefusedError: One of them cannot be made, RFC 3380 §4.2.2 and §8: what is not settable comes back with ``not-settable``,
            what is not known with ``unsupported``, what has a wrong value with that.
    """
    attributes = tuple(attributes)
    if not attributes:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, "there are no attributes to set")
    template = exchange.printer.template
    settable = set(settable_attributes(template))
    _refuse_unknown(attributes, settable)
    changes = JobChanges()
    wanted: list[Attribute] = []
    for attribute in attributes:
        if attribute.name in SETTABLE_DESCRIPTION:
            _describe(exchange, attribute, changes)
        elif attribute.tag == _DELETE:
            changes.template[attribute.name] = None
        else:
            wanted.append(attribute)
    try:
        accepted, unsupported = template.judge(wanted)
    except TemplateError as error:
        raise RefusedError(StatusCode.CLIENT_ERROR_BAD_REQUEST, error.problem) from error
    if unsupported:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "not supported: " + ", ".join(attribute.name for attribute in unsupported),
            tuple(unsupported),
        )
    changes.template |= {attribute.name: attribute for attribute in accepted}
    _check_state(job, changes)
    _check_conflicts(job, changes)
    return changes


def _refuse_unknown(attributes: tuple[Attribute, ...], settable: set[str]) -> None:
    unknown, fixed = [], []
    for attribute in attributes:
        if attribute.name in settable:
            continue
        registration = lookup(attribute.name, GroupTag.JOB)
        if registration is not None and registration.section in NOT_SETTABLE_SECTIONS - {"Job Template"}:
            fixed.append(Attribute(attribute.name, (Value(ValueTag.NOT_SETTABLE, None),)))
        else:
            unknown.append(Attribute.unsupported(attribute.name))
    if unknown:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            "not supported: " + ", ".join(attribute.name for attribute in unknown),
            (*unknown, *fixed),
        )
    if fixed:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            "cannot be set: " + ", ".join(attribute.name for attribute in fixed),
            tuple(fixed),
        )


def _describe(exchange: Exchange, attribute: Attribute, changes: JobChanges) -> None:
    """Take a change of an attribute that is not job template."""
    if attribute.name == "job-message-from-operator":
        if exchange.requester.role < Role.OPERATOR:
            raise RefusedError(
                StatusCode.CLIENT_ERROR_NOT_AUTHORIZED, "an operator may leave messages with a job"
            )
        if attribute.tag == _DELETE:
            changes.message = ""
            return
    if check_syntax(attribute, GroupTag.JOB) is not None or not str(attribute.first or ""):
        raise RefusedError(
            StatusCode.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
            f"{attribute.name} cannot be that",
            (attribute,),
        )
    if attribute.name == "job-name":
        changes.name = str(attribute.first)
    else:
        changes.message = str(attribute.first)


def _check_state(job: Job, changes: JobChanges) -> None:
    """What is on paper, or has been waited for, cannot be changed any more."""
    if job.state in WAITING:
        return
    late = sorted(changes.template.keys() - settable_while_printing())
    if late:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_NOT_POSSIBLE,
            f"job {job.job_id} has begun to print: too late for {', '.join(late)}",
            tuple(Attribute(name, (Value(ValueTag.NOT_SETTABLE, None),)) for name in late),
        )


def _check_conflicts(job: Job, changes: JobChanges) -> None:
    """Attributes that exclude each other: those of the request win over those the job has."""
    given = {name: attribute for name, attribute in changes.template.items() if attribute is not None}
    clash = conflicting(given)
    if clash:
        raise RefusedError(
            StatusCode.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
            f"{clash[0]} contradicts another attribute of the request",
            tuple(given[name] for name in clash),
        )
    for name in template_of(job):
        if name not in changes.template and any(
            set(conflicting({name: attribute, other: attribute}))
            for other, attribute in given.items()
            if other != name
        ):
            changes.template[name] = None
    if any(name in given for name in PAPER):
        for name in PAPER:
            changes.template.setdefault(name, None)
