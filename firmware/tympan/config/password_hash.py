"""Password hashes: scrypt (RFC 7914), written as PHC strings, ``$scrypt$ln=14,r=8,p=1$SALT$HASH``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from typing import Final, NamedTuple

LOG_N: Final = 14
BLOCK_SIZE: Final = 8
PARALLELISM: Final = 1
"""16 MB and 50 ms on a desktop: what a Raspberry Pi can spend on a password."""

SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

MAX_PASSWORD_BYTES: Final = 1024

MAX_MEMORY_BYTES: Final = 128 * 1024 * 1024
"""A hash that wants more would let a login exhaust the machine."""

_FORMAT = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)


class _Parts(NamedTuple):
    log_n: int
    block_size: int
    parallelism: int
    salt: bytes
    digest: bytes

    @property
    def memory_bytes(self) -> int:
        return 128 * self.block_size * ((1 << self.log_n) + self.parallelism + 2)


def hash_password(password: str) -> str:
    """A new hash of `password`, with a salt of its own."""
    parts = _Parts(LOG_N, BLOCK_SIZE, PARALLELISM, os.urandom(SALT_BYTES), bytes(HASH_BYTES))
    digest = _derive(password, parts)
    return f"$scrypt$ln={LOG_N},r={BLOCK_SIZE},p={PARALLELISM}${_base64(parts.salt)}${_base64(digest)}"


def is_password(password: str, password_hash: str) -> bool:
    """Whether `password` has this hash; takes as long for wrong ones as for right ones, and blocks meanwhile.

    Raises:
        ValueError: `password_hash` is none; see `problem_of_hash`.
    """
    parts = _parts(password_hash)
    return len(password.encode()) <= MAX_PASSWORD_BYTES and hmac.compare_digest(
        _derive(password, parts), parts.digest
    )


def problem_of_hash(text: str) -> str | None:
    """What is wrong with a hash; None where nothing is."""
    try:
        _parts(text)
    except ValueError as error:
        return str(error)
    return None


def _parts(text: str) -> _Parts:
    found = _FORMAT.fullmatch(text)
    if found is None:
        raise ValueError("it is no password hash; `tympan passwd` makes one")
    log_n, block_size, parallelism = (int(found.group(number)) for number in (1, 2, 3))
    try:
        parts = _Parts(log_n, block_size, parallelism, _bytes(found.group(4)), _bytes(found.group(5)))
    except binascii.Error:
        raise ValueError("it is no password hash: salt or hash is cut off") from None
    if not (10 <= log_n <= 20 and block_size and parallelism):
        raise ValueError("ln is 10 to 20, r and p at least 1")
    if parts.memory_bytes > MAX_MEMORY_BYTES:
        raise ValueError(
            f"checking it would take {parts.memory_bytes >> 20} MB: at most {MAX_MEMORY_BYTES >> 20}"
        )
    return parts


def _derive(password: str, parts: _Parts) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=parts.salt,
        n=1 << parts.log_n,
        r=parts.block_size,
        p=parts.parallelism,
        maxmem=parts.memory_bytes + (1 << 20),
        dklen=len(parts.digest),
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
