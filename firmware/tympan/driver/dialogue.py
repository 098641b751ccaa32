"""The contract between the firmware and what a driver says to a device, and understands of what comes back.

A *dialogue* is sans-IO: bytes in, bytes out, with time as a parameter. One is made each time a device is opened, and thrown
away when it is closed, so that it never remembers what another device said. The device link decides when its bytes are
sent, and never sends any of them inside a command of the printer's language.

Nothing here is necessary: a device that says nothing prints all the same. What a dialogue claims (`confirms_pages`,
`confirms_jobs`) is a claim about the profile; whether this very device keeps it, the link finds out: one that never answers
is not waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tympan.driver.contract import DeviceIdentity
from tympan.model.device_condition import DeviceCondition


@dataclass(frozen=True, slots=True)
class PagesConfirmed:
    """Sides of the job under way have come out.

    Attributes:
        job_id: The job they are of.
        number: `PageMark.number` of the last one: with it, all before it are confirmed.
    """

    job_id: int
    number: int


@dataclass(frozen=True, slots=True)
class JobConfirmed:
    """All of a job has come out."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Confirms:
    """The device answers what asks it for confirmations, whatever they are of."""


@dataclass(frozen=True, slots=True)
class PartMissing:
    """The device has reached what lies behind a page that it never confirmed: bytes were lost on the way.

    Attributes:
        job_id: The job.
        number: `PageMark.number` of the first side that is missing.
    """

    job_id: int
    number: int


Heard = DeviceCondition | DeviceIdentity | Confirms | PagesConfirmed | JobConfirmed | PartMissing
"""What a device's bytes can mean. A `DeviceCondition` is complete: it replaces what was known before."""


class Dialogue(Protocol):
    """What is said to one opened device.

    Attributes:
        confirms_pages: `page_ended` makes the device say when a page has come out.
        confirms_jobs: `job_ended` makes it say when all of the job has.
        buffer_bytes: How much the device may have taken and not printed: where it does not confirm, what was sent last is
            taken for lost with a connection.
        answers_within_s: How soon the device answers a `poll` that has reached it, whatever it does just then, also without paper
            and with its cover open (real-time commands); 0: nobody knows, or it may take as long as a page. A device that has
            answered before and does not answer in this time is taken for switched off.
        busy: The device last said that it works (warms up, prints): that it does not confirm yet means nothing.
    """

    confirms_pages: bool
    confirms_jobs: bool
    buffer_bytes: int
    answers_within_s: float

    @property
    def busy(self) -> bool:
        """See above."""
        ...

    def opened(self, now: float) -> bytes:
        """What is sent once, right after the device was opened, before any job: asks who it is and how it is."""
        ...

    def prints_within_s(self, document_bytes: int) -> float:
        """How long a device that is well and does not say that it is busy may take for what its memory holds, at the end of a job.

        Args:
            document_bytes: As much was sent of a document in the device's own language; 0: the job was rendered.

        Returns:
            Seconds; 0: nobody knows, or no longer than most.
        """
        ...

    def job_begins(self, job_id: int) -> bytes:
        """What is sent before the first byte of a job (of each attempt at it)."""
        ...

    def page_ended(self, number: int, copies: int = 1) -> bytes:
        """What is sent right behind the last byte of the side `number`; empty where pages are not confirmed so.

        Args:
            number: `PageMark.number`.
            copies: How often it comes out, one after the other: `PageMark.copies`.
        """
        ...

    def job_ended(self, now: float) -> bytes:
        """What is sent right behind the last byte of the job; sent again where no answer comes.

        Args:
            now: The time; each question is sent at once.
        """
        ...

    def poll(self, now: float, *, in_job: bool) -> bytes:
        """A question how the device is; the link asks for one every `POLL_S`, and more slowly where nobody answers. Empty: none now.

        Args:
            now: The time.
            in_job: It is sent between two commands of a job: empty where the language cannot be interrupted.
        """
        ...

    def received(self, data: bytes, now: float) -> Sequence[Heard]:
        """What the device said: bytes as they came, which may begin and end anywhere. Never raises, whatever they are.

        With no bytes it only hears what time it is: some answers are known for what they are by what does not follow them.
        The link calls it so at least every `TICK_S` while it waits for a confirmation. A `DeviceCondition` is given for each
        reading, also where nothing has changed since the last.
        """
        ...

    def closing(self) -> bytes:
        """What is sent before the device is let go, between jobs."""
        ...


POLL_S = 0.8
"""How often the link asks for a `poll`."""

TICK_S = 0.1
"""How often the link calls `received` where nothing comes, while it waits for a confirmation."""


class SilentDialogue:
    """The dialogue with a device that says nothing, and is asked nothing.

    Args:
        buffer_bytes: See `Dialogue`.
    """

    confirms_pages = False
    confirms_jobs = False
    answers_within_s = 0.0
    busy = False

    def __init__(self, buffer_bytes: int = 0) -> None:
        self.buffer_bytes = buffer_bytes

    def opened(self, now: float) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing."""
        return b""

    def prints_within_s(self, document_bytes: int) -> float:  # noqa: ARG002 — the contract's
        """Nobody knows."""
        return 0.0

    def job_begins(self, job_id: int) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing."""
        return b""

    def page_ended(self, number: int, copies: int = 1) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing."""
        return b""

    def job_ended(self, now: float) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing."""
        return b""

    def poll(self, now: float, *, in_job: bool) -> bytes:  # noqa: ARG002 — the contract's
        """Nothing."""
        return b""

    def received(self, data: bytes, now: float) -> Sequence[Heard]:  # noqa: ARG002 — the contract's
        """Nothing that can be understood."""
        return ()

    def closing(self) -> bytes:
        """Nothing."""
        return b""
