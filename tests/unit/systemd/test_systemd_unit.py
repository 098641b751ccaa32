"""A unit's life as systemd hears it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from dataclasses import dataclass

import pytest

from tympan.ipp.enums import PrinterState
from tympan.service.events import EventBus
from tympan.systemd import Unit
from tympan.systemd import unit as unit_module


@dataclass
class Shown:
    name: str
    state: PrinterState = PrinterState.IDLE
    reasons: tuple[str, ...] = ("none",)


class Service:
    def __init__(self):
        self.events, self.printers = EventBus(), {"receipt": Shown("receipt")}

    async def confirm_spool(self):
        pass

    def stuck_links(self, _now):
        return {}


@pytest.fixture
def pid_1(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def heard(pid_1):
    messages = []
    while True:
        try:
            messages.append(dict(line.split("=", 1) for line in pid_1.recv(4096).decode().splitlines()))
        except BlockingIOError:
            return messages


async def test_a_life(pid_1, tmp_path, monkeypatch):
    monkeypatch.setattr(unit_module, "STATUS_PAUSE_S", 0.0)
    environ = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "PATH": "/bin",
        "LISTEN_PID": "1",
        "LISTEN_FDS": "1",
    }
    unit = Unit.of_process(environ, os.getpid())
    assert environ == {"PATH": "/bin"}
    service = Service()
    unit.serves(service)
    assert heard(pid_1) == [{"READY": "1", "STATUS": "1 printer: receipt idle"}]

    service.printers["receipt"].state = PrinterState.STOPPED
    service.printers["receipt"].reasons = ("cover-open",)
    for _ in range(100):
        service.events.emit("printer-stopped")
    await asyncio.sleep(0.01)
    assert heard(pid_1) == [{"STATUS": "1 printer: receipt stopped: a cover is open"}]
    service.events.emit("printer-state-changed")  # and is the same
    await asyncio.sleep(0.01)
    assert heard(pid_1) == []

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    unit.reloading()
    (message,) = heard(pid_1)
    assert message["RELOADING"] == "1"
    assert before <= int(message["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    unit.kept("config.toml:3: no such key")
    (message,) = heard(pid_1)
    assert message["READY"] == "1"
    assert message["STATUS"].endswith("; the configuration was not taken over: config.toml:3: no such key")

    unit.reloading()
    unit.changes()
    unit.leaves()
    service.events.emit("printer-stopped")
    unit.serves(Service())
    assert [message.get("READY") for message in heard(pid_1)] == [None, None, "1"]

    unit.stopping()
    unit.stopping()
    assert [message.get("STOPPING") for message in heard(pid_1)] == ["1"]


async def test_without_systemd_nothing_happens():
    unit, service = Unit.of_process({"WATCHDOG_USEC": "1000000"}, os.getpid()), Service()
    unit.serves(service)
    service.events.emit("printer-stopped")
    unit.reloading()
    unit.kept()
    unit.leaves()
    unit.stopping()
    assert unit.sockets == ()
    assert unit._watchdog is None
