"""Who asks, and what they may do: the roles of RFC 8011 §9.3, user, operator and administrator.

It owns the roles and the rules about jobs. How a requester is known (a password over TLS, the machine's own user over
the Unix socket) the endpoint finds out; it hands a `Requester` along with every request.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from tympan.model.job import Job

ANONYMOUS: Final = "anonymous"
"""``job-originating-user-name`` of a request that names nobody, RFC 8011 §9.3."""


class Role(enum.IntEnum):
    """What a requester may do; each role may do what those before it may."""

    USER = 0
    """Print, and see and change one's own jobs."""
    OPERATOR = 1
    """See and change everybody's jobs; pause and resume printers."""
    ADMINISTRATOR = 2
    """Change what printers and the system are."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who sends a request.

    Attributes:
        role: What they may do.
        name: Who they have proved to be; empty: nobody, and ``requesting-user-name`` is taken for what it is worth.
        can_prove: The way the request came lets them prove who they are: TLS, or the Unix socket.
        is_local: They are a user of this machine: the Unix socket.
    """

    role: Role = Role.USER
    name: str = ""
    can_prove: bool = False
    is_local: bool = False

    def user_name(self, claimed: str) -> str:
        """The most authenticated name, RFC 8011 §9.3: the proved one, or the one that is claimed."""
        return self.name or claimed or ANONYMOUS

    def owns(self, job: Job, claimed: str) -> bool:
        """Whether `job` is this requester's: a name that was proved when it came must be proved again."""
        return job.user == self.user_name(claimed) and (bool(self.name) or not job.user_proved)

    def may_change(self, job: Job, claimed: str) -> bool:
        """Whether this requester may change `job`: their own, or any where they are an operator."""
        return self.role >= Role.OPERATOR or self.owns(job, claimed)


EVERYBODY: Final = Requester()
"""Somebody on the local network who has proved nothing."""
