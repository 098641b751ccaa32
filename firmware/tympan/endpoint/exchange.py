"""One IPP exchange: what an operation gets to work with and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tympan.errors import TympanError
from tympan.ipp import (
    Attribute,
    AttributeGroup,
    GroupTag,
    Message,
    Operation,
    StatusCode,
    encode_attribute,
    join_message,
)
from tympan.model.job import Job
from tympan.service.access import EVERYBODY, Requester, Role
from tympan.service.description import NATURAL_LANGUAGE
from tympan.service.printer import Printer
from tympan.service.service import Service

if TYPE_CHECKING:
    from tympan.endpoint.subscription_groups import Judged

MAX_STATUS_OCTETS = 255
"""The length of ``status-message``, RFC 8011 §4.1.6.2."""


def shortened(text: str, octets: int) -> str:
    """At most so many octets of UTF-8, cut between characters."""
    return text.encode()[:octets].decode(errors="ignore")


class RefusedError(TympanError):
    """An operation is refused with an IPP status.

    Attributes:
        status: The status code to answer.
        problem: ``status-message``: a sentence.
        unsupported: What the unsupported attributes group gives back.
    """

    def __init__(self, status: StatusCode, problem: str, unsupported: tuple[Attribute, ...] = ()) -> None:
        self.status = status
        self.problem = problem
        self.unsupported = unsupported
        super().__init__(problem)


def not_authorized(requester: Requester, problem: str) -> RefusedError:
    """Who asks may not do that; who has not proved who they are, and could, is asked to (RFC 8011 §B.1.4.3, B.1.4.4)."""
    status = (
        StatusCode.CLIENT_ERROR_NOT_AUTHENTICATED
        if requester.can_prove and not requester.name
        else StatusCode.CLIENT_ERROR_NOT_AUTHORIZED
    )
    return RefusedError(status, problem)


@dataclass(slots=True)
class Exchange:
    """A request on its way through an operation.

    Attributes:
        message: The request.
        operation: Its operation attributes group.
        body: The document data that follows the message, in pieces, as it arrives.
        service: The service.
        base_uri: ``ipp://HOST:PORT`` as the client reaches us.
        target: The printer the target names, None for operations on the system.
        job_id: The job the target names, 0 where it names none.
        requester: Who asks, as far as it is proved.
        connected: Whether the client is still there, for operations that wait.
        subscribing: What becomes of the request's subscription attributes groups.
        roles: The role that each operation asks for.
        system_operations: What is answered at ``/ipp/system``.
    """

    message: Message
    operation: AttributeGroup
    body: AsyncIterator[bytes]
    service: Service
    base_uri: str
    target: Printer | None
    job_id: int = 0
    requester: Requester = EVERYBODY
    connected: Callable[[], bool] = lambda: True
    subscribing: list[Judged] = field(default_factory=list)
    roles: Mapping[int, Role] = field(default_factory=dict)
    system_operations: Sequence[Operation] = ()

    @property
    def user(self) -> str:
        """Who asks: the name that is proved, or ``requesting-user-name``."""
        return self.requester.user_name(self.text("requesting-user-name"))

    def sees(self, job: Job) -> bool:
        """Whether the requester sees everything of `job`, also what is private."""
        return self.service.privacy.sees(self.requester, self.text("requesting-user-name"), job)

    def owns(self, job: Job) -> bool:
        """Whether `job` is the requester's own."""
        return self.requester.owns(job, self.text("requesting-user-name"))

    @property
    def natural_language(self) -> str:
        """``attributes-natural-language``: what the client's own texts are in, and would like to read."""
        return str(self.operation.attributes[1].first)

    @property
    def printer(self) -> Printer:
        """The printer the target names: operations on printers and jobs are not carried out without one."""
        assert self.target is not None
        return self.target

    @property
    def printer_uri(self) -> str:
        """The printer's URI as the client reaches it."""
        return f"{self.base_uri}/ipp/print/{self.printer.name}"

    def text(self, name: str, otherwise: str = "") -> str:
        """The first value of an operation attribute as a string."""
        attribute = self.operation.get(name)
        return otherwise if attribute is None else str(attribute.first)

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """The first value of a boolean operation attribute."""
        attribute = self.operation.get(name)
        return otherwise if attribute is None else bool(attribute.first)

    def requested(self, otherwise: tuple[str, ...] = ("all",)) -> tuple[str, ...]:
        """``requested-attributes``, or `otherwise` where it is not given."""
        attribute = self.operation.get("requested-attributes")
        return otherwise if attribute is None else tuple(str(value.value) for value in attribute.values)


@dataclass(slots=True)
class Answer:
    """What an operation answers.

    Attributes:
        status: The status code.
        problem: ``status-message``; empty: none is sent.
        unsupported: The unsupported attributes group.
        groups: Further groups in order, with their attributes encoded.
        operation: Further operation attributes.
        charset: The charset of the answer where it is not the request's.
    """

    status: StatusCode = StatusCode.SUCCESSFUL_OK
    problem: str = ""
    unsupported: tuple[Attribute, ...] = ()
    groups: list[tuple[GroupTag, bytes]] = field(default_factory=list)
    operation: tuple[Attribute, ...] = ()
    charset: str = ""

    def add(self, tag: GroupTag, attributes: list[Attribute]) -> None:
        """Add a group."""
        self.groups.append((tag, b"".join([encode_attribute(attribute) for attribute in attributes])))

    def encode(self, version: tuple[int, int], request_id: int) -> bytes:
        """The answer as RFC 8010 bytes: operation attributes, unsupported attributes, the other groups."""
        operation = [_CHARSET_AND_LANGUAGE]
        if self.problem:
            operation.append(
                encode_attribute(Attribute.text("status-message", shortened(self.problem, MAX_STATUS_OCTETS)))
            )
        operation += [encode_attribute(attribute) for attribute in self.operation]
        groups: list[tuple[int, list[bytes]]] = [(GroupTag.OPERATION, operation)]
        if self.unsupported:
            groups.append(
                (GroupTag.UNSUPPORTED, [encode_attribute(attribute) for attribute in self.unsupported])
            )
        groups += [(tag, [data]) for tag, data in self.groups]
        return join_message(version, self.status, request_id, groups)


_CHARSET_AND_LANGUAGE = encode_attribute(Attribute.charset("attributes-charset", "utf-8")) + encode_attribute(
    Attribute.language("attributes-natural-language", NATURAL_LANGUAGE)
)
