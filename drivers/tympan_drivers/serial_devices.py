"""Which serial ports there are: USB adapters under the names that stay theirs, and UARTs that are really there.

It owns the look into sysfs and at udev's links; it opens no port.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tympan.driver.contract import DeviceIdentity, DiscoveredDevice
from tympan_drivers import usb_node
from tympan_drivers.usb_node import UsbNode, sysfs_of, usb_nodes

_NO_UART = {"", "0"}
"""``type`` of a port of the driver's table that has no chip (PORT_UNKNOWN): most of the 32 ttyS of a PC."""


def serial_devices() -> list[DiscoveredDevice]:
    """The ports a printer can be on, adapters first; those that the kernel's console uses are left out."""
    adapters = usb_nodes("tty")
    by_id, by_path = _links("by-id"), _links("by-path")
    alike = Counter(node.name for node in adapters.values())
    found = []
    for path, node in adapters.items():
        # Two adapters that are alike fight for one name; where they are plugged tells them apart.
        stable = by_id.get(path) if alike[node.name] == 1 else None
        name = " ".join(part for part in (node.make, node.model) if part) or "USB serial adapter"
        found.append(
            DiscoveredDevice(
                f"serial://{stable or by_path.get(path) or path}",
                f"{name} ({Path(path).name}, USB port {node.port})",
                DeviceIdentity(make=node.make, model=node.model, serial_number=node.serial_number),
                problem=_problem(path),
            )
        )
    return found + _uarts(adapters)


def stable_name(path: str) -> str:
    """The name that stays an adapter's, for one of the kernel's; empty where there is none."""
    devices = (device.device_uri.removeprefix("serial://") for device in serial_devices())
    return next((name for name in devices if name != path and _same(name, path)), "")


def driver_of(path: str) -> str:
    """The kernel's driver of a port by its name in sysfs, such as ``ftdi_sio``; empty where there is none, or no port."""
    try:
        return (sysfs_of(Path(path)) / "device" / "driver").readlink().name
    except OSError:
        return ""


def _uarts(adapters: Mapping[str, UsbNode]) -> list[DiscoveredDevice]:
    consoles = _text(usb_node.SYS / "class/tty/console/active").split()
    aliases = {
        str(alias.resolve()): str(alias)
        for alias in sorted(usb_node.DEV.glob("serial[0-9]"), reverse=True)  # Raspberry Pi OS
    }
    found = []
    for entry in _entries(usb_node.SYS / "class/tty"):
        path = str(usb_node.DEV / entry.name)
        if path in adapters or entry.name in consoles or not (entry / "device").exists():
            continue
        if _text(entry / "type") in _NO_UART or not Path(path).exists():
            continue
        found.append(
            DiscoveredDevice(
                f"serial://{aliases.get(path, path)}",
                f"serial port of this machine ({entry.name})",
                problem=_problem(path),
            )
        )
    return found


def _problem(path: str) -> str:
    """What is in the way of who asks; another program that has the port is seen when it is opened only."""
    return "" if os.access(path, os.R_OK | os.W_OK) else "this user may not open it: the group dialout may"


def _links(kind: str) -> dict[str, str]:
    """What udev links below ``/dev/serial``, by the node that they lead to; the first of several."""
    return {
        str(link.resolve()): str(link)
        for link in reversed(_entries(usb_node.DEV / "serial" / kind))
        if link.exists()
    }


def _same(name: str, path: str) -> bool:
    return Path(name).resolve() == Path(path).resolve()


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
