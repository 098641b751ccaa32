"""``[[users]]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option
from tympan.config.password_hash import problem_of_hash

MAX_USERS = 1000


def user_name_problem(name: str) -> str | None:
    """What is wrong with the name of a user; None where nothing is."""
    if not name or len(name.encode()) > 255:
        return "a name has 1 to 255 bytes"
    if ":" in name or any(ord(character) < 32 for character in name):
        return "':' and control characters cannot be in the name of a user"  # RFC 7617 §2
    return None


@dataclass(frozen=True)
class UserSettings:
    """``[[users]]``: somebody who can prove who they are, by a password over TLS."""

    name: str = option("The name to log in with; jobs are printed under it.", problem=user_name_problem)
    password_hash: str = option("Hash of the password: `tympan passwd` makes it.", problem=problem_of_hash)
    role: str = option(
        "What they may do besides printing: see docs/security.md.",
        default="user",
        choices=("user", "operator", "administrator"),
    )
