"""Requests that a web page of somebody else's made a browser send: known by their headers, and refused.

A page of another site can make a browser on this network send requests here. Two headers tell: ``Host`` is the other site's
name where that name was made to lead here (DNS rebinding), and ``Origin`` or ``Sec-Fetch-Site`` says which site a
form or a script is of (cross-site request forgery). Programs that are no browsers send neither of the latter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from tympan.service.own_names import OwnNames, host_of

MAX_REMEMBERED: Final = 256

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.%a-z]{2,60}\]|[A-Za-z0-9._~-]{1,253})(:[0-9]{1,5})?")

_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""``Sec-Fetch-Site`` of a request that one of our pages makes, or the user by typing the address."""


class Hosts:
    """Judges ``Host`` headers, RFC 9112 §3.2; remembers those it has judged, for the few that clients use come every time."""

    def __init__(self, names: OwnNames) -> None:
        self._names = names
        self._good: dict[str, None] = {}

    def is_own(self, authority: str) -> bool:
        """Whether ``HOST[:PORT]`` is this machine."""
        if authority in self._good:
            return True
        if not is_authority(authority) or not self._names.is_own(host_of(authority)):
            return False
        if len(self._good) < MAX_REMEMBERED:
            self._good[authority] = None
        return True


def is_authority(text: str) -> bool:
    """Whether it is ``HOST[:PORT]`` at all."""
    return _AUTHORITY.fullmatch(text) is not None


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site made a browser send this; for requests that are to change something.

    Args:
        headers: The request's headers, found whatever their case.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN_SITES
    origin = headers.get("Origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("Host", "").lower()
    except ValueError:
        return True
