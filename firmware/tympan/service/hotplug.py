"""Notices that devices come and go: a netlink socket on the event loop, or a look now and then where there is none.

It owns the socket and the time between an event and the call that follows; what is done then is others'. Nothing blocks. Kernel and udev both
tell: the first so that nothing is missed where no udev runs, the second because only after it a device may be opened.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tympan.service.uevent import KERNEL_GROUP, UDEV_GROUP, is_trusted, parse

DATAGRAM_BYTES: Final = 64 * 1024
DATAGRAMS_AT_ONCE: Final = 64
"""What is read before others get their turn on the loop."""

QUIET_S: Final = 0.1
"""A device comes with several events: so long after the last of them is it looked at."""

LATEST_S: Final = 0.5
"""However many there are."""

LOOK_EVERY_S: Final = 3.0
"""Where nobody tells, what there is is compared so often with what there was."""

PLACES: Final = tuple(
    Path(path) for path in ("/sys/bus/usb/devices", "/sys/class/tty", "/sys/class/usbmisc", "/dev/usb")
)
"""Where devices that are printers, or lines to them, have names."""

_BUFFER_BYTES: Final = 1024 * 1024
_NETLINK_KOBJECT_UEVENT: Final = 15
_SCM_CREDENTIALS: Final = 2
_CREDENTIALS = struct.Struct("=iII")
_ALL_USERS: Final = ["0", "0", "4294967295"]

_log = logging.getLogger(__name__)


class Hotplug:
    """Calls somebody when printers may have come or gone.

    Args:
        on_change: Called on the event loop, a moment after the last event.
        places: Directories to compare where nobody tells.
    """

    def __init__(self, on_change: Callable[[], None], places: tuple[Path, ...] = PLACES) -> None:
        self._on_change = on_change
        self._places = places
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._latest = 0.0
        self._seen: frozenset[str] = frozenset()
        self._looking: asyncio.TimerHandle | None = None

    def start(self, listener: socket.socket | None = None) -> None:
        """Begin to notice.

        Args:
            listener: A socket to hear from instead of the kernel's, owned from now on.
        """
        why = "" if listener is not None else _why_not()
        if not why:
            try:
                self._listen(listener if listener is not None else _netlink())
            except OSError as error:
                why = error.strerror or str(error)
        if why:
            _log.info(
                "devices that are plugged in are noticed within %g s: the kernel does not tell (%s)",
                LOOK_EVERY_S,
                why,
            )
            self._seen = self._names()
            self._look_later()

    def stop(self) -> None:
        """Notice no more."""
        for timer in (self._timer, self._looking):
            if timer is not None:
                timer.cancel()
        self._timer = self._looking = None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    # --- being told ---------------------------------------------------------------------------------------------------

    def _listen(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._read)
        self._socket = listener

    def _read(self) -> None:
        for _ in range(DATAGRAMS_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, control, flags, sender = self._socket.recvmsg(
                    DATAGRAM_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    _log.warning("devices that come and go are not seen: %s", os.strerror(error.errno or 0))
                    self.stop()
                    self._seen = self._names()
                    self._look_later()
                    return
                self._changed()  # some was lost
                continue
            if flags & socket.MSG_TRUNC:
                continue  # nobody who is to be believed says so much
            event = parse(data)
            if event is None or not event.is_about_printers:
                continue
            port, groups = sender if isinstance(sender, tuple) else (-1, 0)
            if is_trusted(event.source, port, groups, _uid(control)):
                _log.debug("%s: %s %s", event.source.value, event.action, event.devpath)
                self._changed()

    def _changed(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is None:
            self._latest = now + LATEST_S
        else:
            self._timer.cancel()
        self._timer = loop.call_at(min(now + QUIET_S, self._latest), self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._on_change()

    # --- looking ------------------------------------------------------------------------------------------------------

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        names = self._names()
        if names != self._seen:
            self._seen = names
            self._changed()
        self._look_later()

    def _names(self) -> frozenset[str]:
        """What is there; a device that was plugged in again has another number, in ``/sys/bus/usb/devices/PORT/devnum``."""
        found = set()
        for place in self._places:
            try:
                entries = sorted(os.listdir(place))  # noqa: PTH208 — names are all that is wanted, often
            except OSError:
                continue
            for name in entries:
                number = ""
                if ":" not in name:
                    try:
                        number = (place / name / "devnum").read_text()
                    except OSError:
                        number = ""
                found.add(f"{place}/{name} {number}")
        return frozenset(found)


def _netlink() -> socket.socket:
    """A socket in the groups of kernel and udev.

    Raises:
        OSError: There is no netlink here, or it is not allowed.
    """
    listener = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_KOBJECT_UEVENT
    )
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listener.bind((0, KERNEL_GROUP | UDEV_GROUP))
    except OSError:
        listener.close()
        raise
    return listener


def _why_not() -> str:
    """Why nothing would be heard, although a socket could be had; empty: it would."""
    if not hasattr(socket, "AF_NETLINK"):
        return "there is no netlink"
    try:
        users = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    except OSError:
        return ""
    # The kernel tells of devices only where the first user namespace is at home (kobject_uevent.c, uevent_net_broadcast_untagged).
    return "" if users == _ALL_USERS else "it is a container with users of its own"


def _uid(control: list[tuple[int, int, bytes]]) -> int | None:
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, _SCM_CREDENTIALS) and len(data) >= _CREDENTIALS.size:
            return int(_CREDENTIALS.unpack_from(data)[1])
    return None
