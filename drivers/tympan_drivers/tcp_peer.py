"""Whether the other end of a TCP connection is still there, and what it has acknowledged.

A printer that is switched off, or whose cable is pulled, says nothing: the connection is half open, and the kernel's own
patience is a quarter of an hour. Here it ends within `SILENT_S` and a little:

* **Nothing under way**: keep-alive asks after 3 s, again after 2 s, and gives up at `SILENT_S`.
* **Bytes under way**: they are sent again and again, and each answer is an acknowledgement; without one for `SILENT_S` the peer is gone.
* **The window is shut** (a printer without paper takes nothing, and lives): the kernel asks whether it has opened, after 0.2, 0.4,
  0.8 … up to 120 s, and each question is answered. `TCP_USER_TIMEOUT` alone would be wrong here: since Linux 5.11 it ends the
  connection although the peer answers (net/ipv4/tcp_timer.c, `tcp_probe_timer`), and the job would be printed again. It is used
  for another thing it does: the next question comes when it runs out, at the latest. So it is moved ahead of the time that nothing
  was acknowledged, by `ASK_S`: then there is a question every `ASK_S`, and an answer as long as the peer lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
import threading

SILENT_S = 9.0
"""A peer that owes an answer, and gives none for this long, is gone."""

ASK_S = 3.0
"""How often at least a peer with a shut window is asked."""

KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES = 3, 2, 3

LOOK_S = 0.5
"""How often the kernel is asked how the connection is."""

# struct tcp_info of linux/tcp.h: tcpi_last_ack_recv, milliseconds; tcpi_bytes_acked.
_LAST_ACK, _BYTES_ACKED, _INFO_BYTES = 56, 120, 128


class TcpPeer:
    """Watches one connection; may be used by two threads.

    Args:
        connection: Connected; not owned.
        now: The time.
    """

    def __init__(self, connection: socket.socket, now: float) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._acked = -1
        self._acked_at = self._owing_since = now
        self._unsent = 0
        self._patience_ms = 0
        for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
        ):
            connection.setsockopt(level, option, value)
        self._be_patient(SILENT_S)

    def unacknowledged(self) -> int:
        """Bytes that the kernel has and the peer has not acknowledged; of a broken connection, when it broke."""
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(self._connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
            self._unsent = int(struct.unpack("i", answer)[0])
        return self._unsent

    def is_silent(self, now: float) -> bool:
        """Whether it owes an answer and has not given any for too long. Moves the kernel's patience; to be asked every second or so.

        Where nothing is under way the kernel asks and decides by itself.
        """
        with self._lock:
            if now - self._looked < LOOK_S:
                return False
            self._looked = now
            if not self.unacknowledged():
                self._owing_since = self._acked_at = now
                self._be_patient(SILENT_S)
                return False
            try:
                info = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
            except OSError:
                return False  # the next write or read says why
            if len(info) < _INFO_BYTES:
                return False
            heard_s = struct.unpack_from("=I", info, _LAST_ACK)[0] / 1000
            acked = struct.unpack_from("=Q", info, _BYTES_ACKED)[0]
            if acked != self._acked:
                self._acked, self._acked_at = acked, now
            if min(heard_s, now - self._owing_since) > SILENT_S:
                return True
            self._be_patient(max(SILENT_S, now - self._acked_at + ASK_S))
            return False

    def _be_patient(self, seconds: float) -> None:
        """Set `TCP_USER_TIMEOUT`."""
        patience_ms = int(seconds * 1000)
        if self._patience_ms <= patience_ms < self._patience_ms + 200:
            return
        self._patience_ms = patience_ms
        with contextlib.suppress(OSError):
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_ms)
