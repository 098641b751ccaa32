"""The monitor on the kernel's own netlink: an event that the kernel is asked for arrives, one that another process makes up does not."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tympan.service import hotplug
from tympan.service.hotplug import Hotplug

TRIGGER = Path("/sys/class/tty/tty/uevent")
"""Writing ``add`` there makes the kernel tell of it again (Documentation/ABI/testing/sysfs-uevent)."""

pytestmark = pytest.mark.skipif(
    not os.access(TRIGGER, os.W_OK) or bool(hotplug._why_not()),
    reason="needs root in the first user namespace",
)


async def calls_after(act):
    told = asyncio.Event()
    monitor = Hotplug(told.set, places=())
    monitor.start()
    assert monitor._socket is not None, "it listens"
    try:
        act()
        await asyncio.wait_for(told.wait(), 2.0)
    except TimeoutError:
        return False
    finally:
        monitor.stop()
    return True


def test_the_kernel_tells():
    assert asyncio.run(calls_after(lambda: TRIGGER.write_text("add")))


def test_a_process_that_is_not_root_is_not_believed():
    event = b"add@/d\0ACTION=add\0DEVPATH=/d\0SUBSYSTEM=tty\0"

    def act():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as sender:
            for group in (1, 2):
                try:
                    sender.sendto(event, (0, group))
                except OSError:
                    pytest.skip("this process may not send")

    assert not asyncio.run(calls_after(act)), "it says that it is the kernel"
