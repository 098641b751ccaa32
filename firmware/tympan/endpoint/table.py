"""What the endpoint's table of operations is made of."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tympan.endpoint.exchange import Answer, Exchange
from tympan.ipp import Operation
from tympan.service.access import Role


class Target(enum.Enum):
    """What an operation is addressed to, RFC 8011 §4.1.5, PWG 5100.22 §5.1."""

    PRINTER = "printer-uri"
    JOB = "job-uri, or printer-uri and job-id"
    SYSTEM = "system-uri"
    PRINTER_OR_SYSTEM = "printer-uri, or system-uri"
    PRINTER_BY_ID = "printer-uri, or system-uri and printer-id"
    PRINTER_OF_SYSTEM = "system-uri and printer-id"


_TARGET_ATTRIBUTES = {
    Target.PRINTER: ("printer-uri",),
    Target.JOB: ("printer-uri", "job-uri", "job-id"),
    Target.SYSTEM: ("system-uri",),
    Target.PRINTER_OR_SYSTEM: ("printer-uri", "system-uri"),
    Target.PRINTER_BY_ID: ("printer-uri", "system-uri", "printer-id"),
    Target.PRINTER_OF_SYSTEM: ("system-uri", "printer-id"),
}


@dataclass(frozen=True, slots=True)
class Handler:
    """One operation.

    Attributes:
        operation: Its code.
        target: What it is addressed to.
        attributes: The operation attributes it knows besides charset and language.
        run: Carries it out.
        role: Who may ask for it; about jobs of others the operation itself judges.
    """

    operation: Operation
    target: Target
    attributes: frozenset[str]
    run: Callable[[Exchange], Awaitable[Answer]]
    role: Role = Role.USER


def handler(
    operation: Operation, target: Target, *attributes: str, role: Role = Role.USER
) -> Callable[[Callable[[Exchange], Awaitable[Answer]]], Handler]:
    """Make the decorated coroutine function the handler of `operation`."""
    known = {*_TARGET_ATTRIBUTES[target], "requesting-user-name", "requesting-user-uri", *attributes}
    return lambda run: Handler(operation, target, frozenset(known), run, role)
