"""Passwords that jobs wait for, PWG 5100.11 §5: what a client sends along, and what somebody types at the printer.

A client sends the password itself or a hash of it (``job-password-encryption``). What is kept is a salted scrypt hash of what
was sent: nobody reads a password from the spool. It owns the comparison and how often one may try.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tympan.model.job import Job

ENCRYPTIONS: Final[dict[str, str]] = {
    "none": "",
    "sha2-224": "sha224",
    "sha2-256": "sha256",
    "sha2-384": "sha384",
    "sha2-512": "sha512",
    "sha3-256": "sha3_256",
    "sha3-512": "sha3_512",
}
"""``job-password-encryption-supported``, and the function of each; what has been broken, as md5, is not offered."""

PASSWORD_ATTRIBUTES: Final = ("job-password", "job-password-encryption")
"""The operation attributes of operations that create jobs."""

MAX_OCTETS: Final = 255
"""``job-password-supported``."""

TRIES: Final = 5
"""Wrong passwords one after the other before a printer lets nobody try for a while."""

LOCKED_S: Final = 30.0

_SALT_OCTETS: Final = 16
_COST: Final = {"n": 1 << 11, "r": 8, "p": 1}
"""A few milliseconds and 2 MiB on a Raspberry Pi: a PIN of four digits has few values whatever the cost."""


def normalised(sent: bytes, encryption: str) -> bytes | None:
    """A password as a client sent it; None where it is empty or not encrypted so.

    Some clients write digests in hexadecimal digits: they become octets.
    """
    name = ENCRYPTIONS[encryption]
    if not name:
        return sent or None
    size = hashlib.new(name).digest_size
    if len(sent) == 2 * size:
        try:
            return bytes.fromhex(sent.decode("ascii"))
        except ValueError:
            return None
    return sent if len(sent) == size else None


def kept(sent: bytes) -> bytes:
    """What is kept of a password as the client sent it: salt and hash."""
    salt = os.urandom(_SALT_OCTETS)
    return salt + hashlib.scrypt(sent, salt=salt, **_COST)


def matches(password: bytes, encryption: str, typed: str) -> bool:
    """Whether `typed` is the password of which a client sent, encrypted so, what `kept` made `password` of."""
    name = ENCRYPTIONS.get(encryption)
    if name is None:
        return False
    octets = typed.encode()
    salt, wanted = password[:_SALT_OCTETS], password[_SALT_OCTETS:]
    found = hashlib.scrypt(hashlib.new(name, octets).digest() if name else octets, salt=salt, **_COST)
    return hmac.compare_digest(found, wanted)


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    locked_until: float = 0.0


class PasswordGate:
    """Compares passwords, and lets nobody try them one after the other."""

    def __init__(self) -> None:
        self._tries: dict[str, _Tries] = {}

    def is_open(self, place: str) -> bool:
        """Whether one may try at `place`, a printer's name."""
        tries = self._tries.get(place)
        return tries is None or time.monotonic() >= tries.locked_until

    def count(self, place: str, *, right: bool) -> None:
        """Somebody tried at `place`."""
        if right:
            self._tries.pop(place, None)
            return
        tries = self._tries.setdefault(place, _Tries())
        tries.wrong += 1
        if tries.wrong >= TRIES:
            tries.wrong, tries.locked_until = 0, time.monotonic() + LOCKED_S

    async def matching(self, jobs: Iterable[Job], typed: str) -> list[Job]:
        """The jobs that wait for the password that was typed."""
        asked = [(job, job.password, job.password_encryption) for job in jobs]

        def compare() -> list[Job]:
            return [job for job, password, encryption in asked if matches(password, encryption, typed)]

        found = await asyncio.get_running_loop().run_in_executor(None, compare)
        return [job for job in found if job.waits_for_password]
