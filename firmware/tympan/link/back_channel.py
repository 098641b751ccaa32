"""The second thread of an opened device: reads what it says, and asks its port how it is.

It never writes, closes or understands anything: what it gets goes into a queue, for the link's thread.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from tympan.driver.contract import PortStatus
from tympan.link.watched_transport import WatchedTransport

READ_S = 0.2
"""How long one read waits where the device is held open …"""

SHARED_READ_S = 0.05
"""… and where it is closed after each job, which waits for the read to end."""

READ_BYTES = 4096

EMPTY_S = 0.02
"""How long it waits after a read that came back at once with nothing: some printers send empty packets all the time."""

PORT_STATUS_S = 1.0
"""How often the port is asked."""

_log = logging.getLogger(__name__)

Said = bytes | PortStatus | OSError
"""What comes from a device: bytes, the bits of its port, or that it is gone."""


class BackChannel:
    """Listens to one opened device, until `stop`.

    Args:
        transport: Open.
        asks_port: `Transport.port_status` has something to say.
        wake: Called after something has come.

    Attributes:
        said: What came.
    """

    def __init__(self, transport: WatchedTransport, wake: Callable[[], None], *, asks_port: bool) -> None:
        self.said: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._transport = transport
        self._wake = wake
        self._asks_port = asks_port
        self._reads = transport.back_channel
        self._read_s = SHARED_READ_S if transport.shared else READ_S
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        if self._reads or asks_port:
            self._thread = threading.Thread(target=self._run, name="tympan-back-channel", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has, or after twice the time a read may take."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(2 * READ_S)

    def _run(self) -> None:
        status_at = time.monotonic() + PORT_STATUS_S
        try:
            while not self._stopped.is_set():
                if self._reads:
                    began = time.monotonic()
                    data = self._transport.read(READ_BYTES, self._read_s)
                    if data:
                        self._tell(data)
                    elif time.monotonic() - began < EMPTY_S:
                        self._stopped.wait(EMPTY_S)
                else:
                    self._stopped.wait(PORT_STATUS_S)
                if self._asks_port and time.monotonic() >= status_at:
                    status_at = time.monotonic() + PORT_STATUS_S
                    status = self._transport.port_status()
                    if status is not None and not self._stopped.is_set():
                        self._tell(status)
        except OSError as error:
            self._tell(error)
        except Exception as error:  # noqa: BLE001 — a transport that fails in an unknown way
            _log.exception("reading from %s failed", self._transport.uri)
            self._tell(OSError(str(error)))

    def _tell(self, said: Said) -> None:
        if not self._stopped.is_set():
            self.said.put(said)
            self._wake()
