"""Follows the links and addresses of this machine: a netlink socket on the event loop, and the table it fills.

Nothing blocks, nothing is polled: the kernel tells of changes. Where it told faster than we read, everything is asked anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable

from tympan.discovery.links import LinkTable
from tympan.discovery.netlink import GROUPS, DumpEnd, MessageType, dump_request, parse

DATAGRAM_BYTES = 64 * 1024
DATAGRAMS_AT_ONCE = 64
"""What is read before others get their turn on the loop."""

ASK_AGAIN_S = 5.0
"""When the kernel refuses a list, it is asked again after this time."""

_log = logging.getLogger(__name__)


class LinkWatch:
    """The links of this machine as they are.

    Args:
        on_change: Called when the table has changed, and first when it is complete.

    Attributes:
        table: Every link and address; None: not known yet.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.table: LinkTable | None = None
        self._on_change = on_change
        self._socket: socket.socket | None = None
        self._filling: LinkTable | None = None
        self._wanted: list[MessageType] = []
        self._sequence = 0
        self._retry: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch.

        Raises:
            OSError: There is no netlink here, or it is not allowed.
        """
        listener = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        try:
            listener.setblocking(False)
            listener.bind((0, GROUPS))
            self._socket = listener
            self._ask_for_everything()
        except OSError:
            self._socket = None
            listener.close()
            raise
        asyncio.get_running_loop().add_reader(listener.fileno(), self._read)

    def stop(self) -> None:
        """Watch no more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _ask_for_everything(self) -> None:
        self._retry = None
        self._filling = LinkTable()
        self._wanted = [MessageType.GET_LINK, MessageType.GET_ADDRESS]
        self._ask()

    def _ask(self) -> None:
        assert self._socket is not None
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        self._socket.send(dump_request(self._wanted[0], self._sequence))

    def _read(self) -> None:
        changed = False
        for _ in range(DATAGRAMS_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, sender = self._socket.recvfrom(DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:  # some was lost
                    self._again(0.0)
                else:
                    _log.warning("changes of the network are not seen: %s", os.strerror(error.errno or 0))
                    self._again(ASK_AGAIN_S)
                break
            if sender[0] == 0:  # from the kernel, and not from another process
                changed |= self._take(data)
        if changed:
            self._on_change()

    def _take(self, data: bytes) -> bool:
        changed = False
        for message in parse(data):
            if isinstance(message, DumpEnd):
                changed |= self._end_of_list(message)
                continue
            if self._filling is not None:
                self._filling.apply(message)
            if self.table is not None:
                changed |= self.table.apply(message)
        return changed

    def _end_of_list(self, end: DumpEnd) -> bool:
        if end.sequence != self._sequence or not self._wanted:
            return False
        if end.error:
            self._again(ASK_AGAIN_S)
            return False
        del self._wanted[0]
        if self._wanted:
            with contextlib.suppress(BlockingIOError):
                self._ask()
            return False
        self.table, self._filling = self._filling, None
        return True

    def _again(self, delay_s: float) -> None:
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(delay_s, self._restart)

    def _restart(self) -> None:
        try:
            self._ask_for_everything()
        except OSError:
            self._retry = None
            self._again(ASK_AGAIN_S)
