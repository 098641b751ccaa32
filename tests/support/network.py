"""A small local network on this machine: hosts that are namespaces of their own, on one switch.

Each host has its own links, host name and ``/run``; files are shared. Everything is gone when its process ends, and nothing of
it is seen outside. It needs root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_CLONE_NEWNET = 0x40000000

_AVAHI_CONF = """
[server]
use-ipv4=yes
use-ipv6=yes
enable-dbus=yes
ratelimit-interval-usec=0
ratelimit-burst=0
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
"""

_DBUS_CONF = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default">
    <allow user="*"/> <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


def why_not() -> str:
    """Why there can be no such network here; empty: there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--uts", "ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else ""


def wait_until(true: Callable[[], object], timeout_s: float = 20.0, what: str = "") -> float:
    """Wait until something holds; returns the seconds it took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > timeout_s:
            raise TimeoutError(f"{what or true} does not hold after {timeout_s} s")
        time.sleep(0.02)
    return time.monotonic() - began


class Namespace:
    """A network of its own, as long as its process lives."""

    def __init__(self, name: str) -> None:
        self.name = name
        script = (
            f"hostname {name}; mount -t tmpfs tmpfs /run; mkdir -p /run/dbus /run/avahi-daemon; ip link set lo up; "
            "echo ready; exec sleep infinity"
        )
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self.prefix = ["nsenter", "-t", str(self._holder.pid), "--net", "--mount", "--uts", "--"]

    @property
    def pid(self) -> int:
        return self._holder.pid

    def run(self, *command: str, timeout_s: float = 60.0, check: bool = True, **more: object) -> str:
        """Run a command there; returns what it writes."""
        done = subprocess.run(
            [*self.prefix, *command], capture_output=True, text=True, timeout=timeout_s, check=False, **more
        )  # type: ignore[call-overload]
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return str(done.stdout)

    def start(self, *command: str, log: Path | None = None, **more: object) -> subprocess.Popen[bytes]:
        """Start a program there; the caller ends it."""
        with (log or Path(os.devnull)).open("ab") as out:
            return subprocess.Popen(
                [*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **more
            )  # type: ignore[call-overload]

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        """A socket of that network, to be used from here."""
        made: list[socket.socket] = []
        libc = ctypes.CDLL(None, use_errno=True)

        def make() -> None:  # a thread of its own: the namespace is the thread's
            with Path(f"/proc/{self.pid}/ns/net").open("rb") as file:
                if libc.setns(file.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.socket(family, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def listens(self, port: int) -> bool:
        """Whether somebody takes connections at a TCP port there."""
        with self.socket(kind=socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.settimeout(1)
            probe.connect(("127.0.0.1", port))
            return True
        return False

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()


class Host(Namespace):
    """A host on a network, with avahi where it is asked for.

    Attributes:
        ipv4: Its address.
        ipv6: Its address.
        number: The last part of both.
        port: The switch's end of its cable.
    """

    def __init__(self, lan: Lan, name: str, number: int) -> None:
        super().__init__(name)
        self.ipv4, self.ipv6 = f"10.{lan.number}.0.{number}", f"fd{lan.number}::{number:x}"
        self.number = number
        self._services: list[subprocess.Popen[bytes]] = []
        self.port = lan.plug(self)
        self.run("sh", "-c", "echo 0 | tee /proc/sys/net/ipv6/conf/*/accept_dad")
        self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries")
        self.run("ip", "address", "add", f"{self.ipv4}/24", "dev", "eth0")
        self.run("ip", "address", "add", f"{self.ipv6}/64", "dev", "eth0", "nodad")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "224.0.0.0/4", "dev", "eth0")

    def start_avahi(self, folder: Path, name: str = "") -> None:
        """Start a system bus and avahi of its own; `name` is what the host is called now."""
        (folder / "dbus.conf").write_text(_DBUS_CONF)
        (folder / "avahi.conf").write_text(_AVAHI_CONF)
        log = folder / f"avahi-{self.name}.log"
        self._services += [
            self.start("dbus-daemon", "--nofork", "--nopidfile", f"--config-file={folder}/dbus.conf", log=log)
        ]
        wait_until(lambda: self.run("sh", "-c", "ls /run/dbus").strip(), what="the bus")
        self._services += [
            self.start(
                "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", f"{folder}/avahi.conf", log=log
            )
        ]  # fmt: skip
        wait_until(lambda: f"complete. Host name is {name or self.name}." in log.read_text(), what="avahi")

    def stop_avahi(self) -> None:
        for process in reversed(self._services):
            process.terminate()
            process.wait(10)
        self._services.clear()

    def close(self) -> None:
        self.stop_avahi()
        super().close()


class Lan(Namespace):
    """A switch with hosts on it. A context manager: it takes all of them down.

    Args:
        number: Two digits that tell its addresses from another one's.
    """

    def __init__(self, number: int = 99) -> None:
        super().__init__("switch")
        self.number = number
        self.hosts: list[Host] = []
        self.run("ip", "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        self.run("ip", "link", "set", "bridge", "up")
        self._ports = 0

    def host(self, name: str, number: int = 0) -> Host:
        """One more host."""
        made = Host(self, name, number or 10 + len(self.hosts))
        self.hosts.append(made)
        return made

    def plug(self, host: Namespace, link: str = "eth0") -> str:
        """A cable from the switch to a host; returns the name of the switch's end."""
        self._ports += 1
        port = f"port{self._ports}"
        self.run(
            "ip", "link", "add", port, "type", "veth", "peer", "name", link, "netns", str(host.pid)
        )  # fmt: skip
        self.run("ip", "link", "set", port, "master", "bridge", "up")
        return port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts:
            host.close()
        self.close()
