"""What the watchdog is told of a link."""

from __future__ import annotations

import threading
import time

import pytest

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, DeviceIdentity
from tympan.driver.registry import find_driver
from tympan.link import DeviceLink
from tympan.link.watched_transport import WatchedTransport


class Blocked:
    """A transport whose write comes back when it is told to."""

    uri = "test://blocked"
    open_timeout_s = 3.0
    notices_power_off = True

    def __init__(self):
        self.inside, self.go_on = threading.Event(), threading.Event()

    def open(self):
        self._wait()
        return DeviceIdentity()

    def write(self, data, _timeout_s):
        self._wait()
        return len(data)

    def _wait(self):
        self.inside.set()
        assert self.go_on.wait(10)


@pytest.mark.parametrize(
    ("call", "limit_s"),
    [
        (lambda transport: transport.write(b"x", 0.1), MAX_WRITE_TIMEOUT_S),
        (lambda transport: transport.open(), 3.0),
    ],
    ids=["write", "open"],
)
def test_a_call_is_stuck_from_its_limit_on_until_it_comes_back(call, limit_s):
    blocked = Blocked()
    watched = WatchedTransport(blocked)
    began = time.monotonic()
    thread = threading.Thread(target=call, args=(watched,))
    thread.start()
    assert blocked.inside.wait(10)
    entered = time.monotonic()
    assert watched.stuck_s(began + limit_s) == 0.0
    assert 49.0 < watched.stuck_s(entered + limit_s + 50.0) <= 50.0 + entered - began
    blocked.go_on.set()
    thread.join(10)
    assert watched.stuck_s(began + 1000.0) == 0.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_has_ended_by_itself_is_stuck_for_ever_and_one_that_was_ended_is_not():
    def mistake():
        raise AssertionError("a mistake of ours")

    link = DeviceLink(Blocked(), find_driver("escpos"), "generic-80mm", listener=None)
    assert link.stuck_s(time.monotonic()) == 0.0
    link._start()
    assert link.stuck_s(time.monotonic()) == 0.0
    link._queue.put(mistake)
    link._thread.join(10)
    assert link.stuck_s(time.monotonic()) == float("inf")
    await link.close()
    assert link.stuck_s(time.monotonic()) == 0.0
