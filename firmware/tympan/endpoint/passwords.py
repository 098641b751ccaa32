"""HTTP Basic (RFC 7617): who a user name and a password prove somebody to be, and how often they may be wrong.

It never logs a password, never keeps one, and takes as long for names that nobody has.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from tympan.config import LimitSettings, UserSettings
from tympan.config.password_hash import hash_password, is_password
from tympan.errors import TympanError
from tympan.service.access import Requester, Role

REMEMBERED_S: Final = 300.0
"""How long a password that was right need not be computed again."""

MAX_REMEMBERED: Final = 256

MAX_WATCHED: Final = 4096
"""Addresses and users whose wrong passwords are counted; the oldest are forgotten first."""

AT_ONCE: Final = 2
"""Passwords that are checked at the same time: each takes memory and a processor."""

MAX_WAITING: Final = 32

ROLES: Final = {role.name.lower(): role for role in Role}

_log = logging.getLogger(__name__)


class TooManyPasswordsError(TympanError):
    """Too many wrong passwords came from there, or for this user.

    Attributes:
        retry_after_s: When to try again, seconds.
    """

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(retry_after_s))
        super().__init__(f"too many wrong passwords; try again in {self.retry_after_s} seconds")


class _Attempts:
    """Counts attempts by somebody within a window of time."""

    def __init__(self, most: int, window_s: float, now: Callable[[], float]) -> None:
        self._most = most
        self._window_s = window_s
        self._now = now
        self._counted: dict[str, tuple[float, int]] = {}

    def take(self, whose: str) -> None:
        """Count one more.

        Raises:
            TooManyPasswordsError: There have been as many as may be.
        """
        now = self._now()
        began, count = self._counted.pop(whose, (now, 0))
        if now - began >= self._window_s:
            began, count = now, 0
        self._counted[whose] = (began, min(count + 1, self._most))
        if len(self._counted) > MAX_WATCHED:
            del self._counted[next(iter(self._counted))]
        if count >= self._most:
            raise TooManyPasswordsError(began + self._window_s - now)

    def give_back(self, whose: str) -> None:
        """That one was right."""
        began, count = self._counted.pop(whose, (0.0, 0))
        if count > 1:
            self._counted[whose] = (began, count - 1)


class Passwords:
    """The users and their passwords.

    Args:
        users: ``[[users]]``.
        limits: How many wrong passwords are taken.
        now: Gives seconds that only go forward.
    """

    def __init__(
        self,
        users: Sequence[UserSettings],
        limits: LimitSettings,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._users = {user.name: user for user in users}
        self._now = now
        window_s = float(limits.wrong_password_window_s)
        self._of_address = _Attempts(limits.max_wrong_passwords_per_address, window_s, now)
        self._of_user = _Attempts(limits.max_wrong_passwords_per_user, window_s, now)
        self._secret = os.urandom(32)
        self._remembered: dict[bytes, tuple[float, Requester]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys_hash = ""

    @property
    def exist(self) -> bool:
        """Whether there is a user at all who could prove anything."""
        return bool(self._users)

    async def requester(self, authorization: str, address: str) -> Requester | None:
        """Who the header ``Authorization`` proves somebody to be; None where it proves nothing.

        Args:
            authorization: The header's value.
            address: Whom a wrong password counts for.

        Raises:
            TooManyPasswordsError: Nothing more is tried for this address or user for now.
        """
        parsed = _basic(authorization)
        if parsed is None:
            return None
        name, password = parsed
        token = hashlib.blake2b(f"{name}\0{password}".encode(), key=self._secret).digest()
        expires, known = self._remembered.get(token, (0.0, None))
        if known is not None and self._now() < expires:
            return known
        self._of_address.take(address)
        self._of_user.take(name)
        if not await self._is_right(name, password):
            _log.warning("a wrong password for %r from %s", name[:64], address)
            return None
        self._of_address.give_back(address)
        self._of_user.give_back(name)
        requester = Requester(ROLES[self._users[name].role], name, can_prove=True)
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[token] = (self._now() + REMEMBERED_S, requester)
        return requester

    async def _is_right(self, name: str, password: str) -> bool:
        if self._waiting >= MAX_WAITING:
            raise TooManyPasswordsError(1.0)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._check, name, password)
        finally:
            self._waiting -= 1

    def _check(self, name: str, password: str) -> bool:
        user = self._users.get(name)
        if user is None:
            self._nobodys_hash = self._nobodys_hash or hash_password("")
            is_password(password, self._nobodys_hash)
            return False
        return is_password(password, user.password_hash)


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon and name else None
