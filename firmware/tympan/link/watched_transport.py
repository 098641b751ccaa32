"""A transport that is watched: whether one of its calls takes longer than the contract allows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, DeviceIdentity, PortStatus, Transport


class CallWatch:
    """Knows since when a thread is in a call, and how long that may take. Read by any thread."""

    def __init__(self) -> None:
        self._call: tuple[float, float] | None = None

    @contextmanager
    def call(self, limit_s: float) -> Iterator[None]:
        """A call that may take `limit_s`."""
        self._call = (time.monotonic(), limit_s)
        try:
            yield
        finally:
            self._call = None

    def overdue_s(self, now: float) -> float:
        """For how long a call has been taking longer than it may; 0.0: none does."""
        call = self._call
        return 0.0 if call is None else max(now - call[0] - call[1], 0.0)


class WatchedTransport:
    """The calls of a `Transport`, each watched; `read` and `port_status` are the second thread's.

    Args:
        transport: The transport.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._first, self._second = CallWatch(), CallWatch()
        self.uri = transport.uri

    def stuck_s(self, now: float) -> float:
        """For how long a call has been taking longer than the contract allows; 0.0: none does."""
        return max(self._first.overdue_s(now), self._second.overdue_s(now))

    @property
    def back_channel(self) -> bool:
        """See `Transport`."""
        return self._transport.back_channel

    @property
    def shared(self) -> bool:
        """See `Transport`."""
        return self._transport.shared

    @property
    def closes_after_job(self) -> bool:
        """See `Transport`."""
        return self._transport.closes_after_job

    @property
    def notices_power_off(self) -> bool:
        """See `Transport`."""
        return self._transport.notices_power_off

    def open(self) -> DeviceIdentity:
        """See `Transport`; what a transport by its form does not know of an identity is empty."""
        with self._first.call(self._transport.open_timeout_s):
            said = self._transport.open()
        known = {
            each.name: getattr(said, each.name) for each in fields(DeviceIdentity) if hasattr(said, each.name)
        }
        return replace(DeviceIdentity(), **known)

    def begin_job(self, job_id: int, extension: str) -> None:
        """See `Transport`."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            self._transport.begin_job(job_id, extension)

    def write(self, data: bytes | memoryview, timeout_s: float) -> int:
        """See `Transport`."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            return self._transport.write(data, timeout_s)

    def end_job(self, timeout_s: float) -> bool:
        """See `Transport`."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            return self._transport.end_job(timeout_s)

    def unsent(self) -> int:
        """See `Transport`."""
        return self._transport.unsent()

    def soft_reset(self) -> None:
        """See `Transport`."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            self._transport.soft_reset()

    def close(self) -> None:
        """See `Transport`."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            self._transport.close()

    def port_status_now(self) -> PortStatus | None:
        """`Transport.port_status` for the first thread."""
        with self._first.call(MAX_WRITE_TIMEOUT_S):
            return self._transport.port_status()

    def read(self, limit: int, timeout_s: float) -> bytes:
        """See `Transport`."""
        with self._second.call(MAX_WRITE_TIMEOUT_S):
            return self._transport.read(limit, timeout_s)

    def port_status(self) -> PortStatus | None:
        """See `Transport`."""
        with self._second.call(MAX_WRITE_TIMEOUT_S):
            return self._transport.port_status()
