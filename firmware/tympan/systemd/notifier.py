"""Tells systemd how the service is, by datagrams to the socket that it named (sd_notify(3)).

It never raises and hardly waits: printing does not depend on whether anybody listens.
"""

from __future__ import annotations

import logging
import socket
from typing import Final

SEND_TIMEOUT_S: Final = 1.0
"""How long systemd may take to make room for one more message."""

_log = logging.getLogger(__name__)


class Notifier:
    """The way to systemd.

    Args:
        address: ``NOTIFY_SOCKET``: a path, or ``@`` and a name in the abstract name space; empty: nobody listens.
    """

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._has_failed = False

    @property
    def is_heard(self) -> bool:
        """Somebody listens."""
        return bool(self._address)

    def tell(self, **fields: str | int) -> bool:
        """Send one message of ``NAME=VALUE`` lines; whether it was taken.

        Args:
            fields: The lines, in their order; a line break in a value becomes a space.
        """
        if not self._address:
            return False
        lines = (f"{name}={' '.join(str(value).splitlines())}" for name, value in fields.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.settimeout(SEND_TIMEOUT_S)
                way.connect(self._address)
                way.send("\n".join(lines).encode())
        except OSError as error:
            if not self._has_failed:  # said once: the next message may fail as well
                _log.warning("systemd does not hear how the service is: %s", error)
            self._has_failed = True
            return False
        self._has_failed = False
        return True
