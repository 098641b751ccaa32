"""The monitor: which datagrams count, how many events become one call, and looking where nobody tells."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path

import pytest
from skipping_loop import SkippingLoop

from tympan.service import hotplug
from tympan.service.hotplug import LATEST_S, LOOK_EVERY_S, QUIET_S, Hotplug

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "uevents" / "recorded.json").read_text())
KERNEL, UDEV = RECORDED[0], RECORDED[1]


class Wire:
    """What the monitor reads: recorded datagrams with their senders, as a socket gives them."""

    def __init__(self):
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.waiting = []
        self.closed = False

    def say(self, record, **other):
        self.waiting.append({**record, **other})
        self._far.send(b"x")

    def lose(self, number):
        self.waiting.append(OSError(number, "lost"))
        self._far.send(b"x")

    def setblocking(self, flag):
        self._near.setblocking(flag)

    def setsockopt(self, *_):
        pass

    def fileno(self):
        return self._near.fileno()

    def recvmsg(self, size, room):
        self._near.recv(1)
        each = self.waiting.pop(0)
        if isinstance(each, OSError):
            raise each
        control = []
        if each["uid"] is not None:
            credentials = (0).to_bytes(4, "little") + each["uid"].to_bytes(4, "little") + bytes(4)
            control = [(socket.SOL_SOCKET, 2, credentials)]
        assert room >= 12
        return bytes.fromhex(each["datagram"])[:size], control, each.get("flags", 0), tuple(each["sender"])

    def close(self):
        self.closed = True
        self._near.close()
        self._far.close()


@pytest.fixture
def loop():
    made = SkippingLoop()
    yield made
    made.close()


def watch(loop, script):
    """Run `script(wire, loop)` with a monitor; when it called, in seconds since the start."""
    calls, wire = [], Wire()

    async def run():
        monitor = Hotplug(lambda: calls.append(loop.time()), places=())
        monitor.start(wire)
        await script(wire)
        monitor.stop()

    loop.run_until_complete(run())
    assert wire.closed
    return calls


def test_one_call_for_the_events_of_one_device(loop):
    async def script(wire):
        for record in (KERNEL, KERNEL, UDEV):
            wire.say(record)
            await asyncio.sleep(QUIET_S / 2)
        await asyncio.sleep(5)

    assert watch(loop, script) == [pytest.approx(2 * QUIET_S)]


def test_it_does_not_wait_for_ever(loop):
    async def script(wire):
        for _ in range(30):
            wire.say(KERNEL)
            await asyncio.sleep(QUIET_S / 2)

    calls = watch(loop, script)
    assert calls == [pytest.approx(each * LATEST_S) for each in (1, 2, 3)]


@pytest.mark.parametrize(
    "other",
    [
        {"uid": 1000, "sender": [77, 2], "datagram": UDEV["datagram"]},
        {"uid": None, "sender": [77, 2], "datagram": UDEV["datagram"]},
        {"sender": [77, 1]},
        {"sender": [0, 0]},
        {"datagram": "00"},
        {"datagram": b"add@/d\0ACTION=add\0DEVPATH=/d\0SUBSYSTEM=block\0".hex()},
        {"flags": socket.MSG_TRUNC},
    ],
)
def test_what_is_not_believed_or_does_not_matter(loop, other):
    async def script(wire):
        wire.say(KERNEL, **other)
        await asyncio.sleep(5)

    assert watch(loop, script) == []


def test_where_some_was_lost_it_is_looked_at(loop):
    async def script(wire):
        wire.lose(105)  # ENOBUFS
        await asyncio.sleep(5)
        wire.say(UDEV)
        await asyncio.sleep(5)

    assert len(watch(loop, script)) == 2


def test_nothing_is_called_after_the_end(loop):
    async def script(wire):
        wire.say(KERNEL)
        await asyncio.sleep(0)

    assert watch(loop, script) == []
    loop.run_until_complete(asyncio.sleep(5))


# --- looking ----------------------------------------------------------------------------------------------------------


def plug(place, port, number):
    (place / port).mkdir(exist_ok=True)
    (place / port / "devnum").write_text(f"{number}\n")


def test_where_the_kernel_does_not_tell_there_is_a_look_now_and_then(loop, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(hotplug, "_why_not", lambda: "")

    def refused():
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(hotplug, "_netlink", refused)
    place = tmp_path / "devices"
    place.mkdir()
    plug(place, "usb1", 1)
    calls = []

    async def run():
        monitor = Hotplug(lambda: calls.append(loop.time()), places=(place, tmp_path / "none"))
        monitor.start()
        await asyncio.sleep(20)
        assert calls == []
        plug(place, "1-1", 5)
        await asyncio.sleep(LOOK_EVERY_S + LATEST_S)
        assert len(calls) == 1
        plug(place, "1-1", 6)  # out and in again, between two looks
        await asyncio.sleep(LOOK_EVERY_S + LATEST_S)
        assert len(calls) == 2
        (place / "1-1" / "devnum").unlink()
        (place / "1-1").rmdir()
        await asyncio.sleep(LOOK_EVERY_S + LATEST_S)
        monitor.stop()
        plug(place, "1-1", 7)
        await asyncio.sleep(20)

    with caplog.at_level(logging.INFO):
        loop.run_until_complete(run())
    assert len(calls) == 3
    assert [record.message for record in caplog.records if "Operation not permitted" in record.message] == [
        "devices that are plugged in are noticed within 3 s: the kernel does not tell (Operation not permitted)"
    ]


def test_a_socket_that_breaks(loop, tmp_path):
    calls, wire = [], Wire()

    async def run():
        monitor = Hotplug(lambda: calls.append(loop.time()), places=(tmp_path,))
        monitor.start(wire)
        wire.lose(5)
        await asyncio.sleep(1)
        assert wire.closed
        plug(tmp_path, "1-1", 2)
        await asyncio.sleep(10)
        monitor.stop()

    loop.run_until_complete(run())
    assert len(calls) == 1


@pytest.mark.parametrize(("users", "reason"), [("0 0 4294967295", ""), ("0 100000 65536", "container")])
def test_a_container_with_users_of_its_own_is_told_nothing(monkeypatch, users, reason):
    monkeypatch.setattr(Path, "read_text", lambda _self, **_: users)
    assert reason in hotplug._why_not()
    assert bool(hotplug._why_not()) == bool(reason)
