"""Which USB device a node of the kernel belongs to (``/dev/ttyUSB0``, ``/dev/usb/lp0``), and where that device is now.

Nodes are numbered in the order of plugging: an adapter that comes back may have another number, and its old one may be
another adapter's. What stays is what sysfs says of the device behind the node. It owns the reading of sysfs and opens no device.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tympan.errors import DeviceNotFoundError

SYS = Path("/sys")
DEV = Path("/dev")

_USB_HOST = re.compile(r"/usb\d+/")


@dataclass(frozen=True, slots=True)
class UsbNode:
    """A node and the USB device behind it, as sysfs has them.

    Attributes:
        path: The kernel's own name of the node.
        vendor_id: ``idVendor``, four hexadecimal digits.
        product_id: ``idProduct``, the same.
        serial_number: Of the device's descriptor; empty where it has none.
        interface: ``bInterfaceNumber``.
        line: Which line of the interface it is, for adapters with several.
        port: Where the device is plugged, such as ``1-1.2``.
        make: Manufacturer.
        model: Product.
    """

    path: str
    vendor_id: str
    product_id: str
    serial_number: str
    interface: str
    line: str
    port: str
    make: str
    model: str

    @property
    def name(self) -> tuple[str, ...]:
        """What tells it from others wherever it is plugged; two devices without serial numbers, or with the same, share it."""
        return (self.vendor_id, self.product_id, self.serial_number, self.interface, self.line)


def usb_node(sysfs: Path) -> UsbNode | None:
    """The node that a directory of ``/sys/class/…/`` or ``/sys/dev/char/`` stands for; None where it is not of a USB device."""
    try:
        place = sysfs.resolve(strict=True)
    except OSError:
        return None
    values = dict(entry.split("=", 1) for entry in _text(place / "uevent").splitlines() if "=" in entry)
    interface = line = ""
    for parent in place.parents:
        line = line or _text(parent / "port_number")
        interface = interface or _text(parent / "bInterfaceNumber")
        vendor = _text(parent / "idVendor")
        if vendor:
            return UsbNode(
                path=str(DEV / values.get("DEVNAME", place.name)),
                vendor_id=vendor,
                product_id=_text(parent / "idProduct"),
                serial_number=_text(parent / "serial"),
                interface=interface,
                line=line,
                port=parent.name,
                make=_text(parent / "manufacturer"),
                model=_text(parent / "product"),
            )
    return None


def usb_nodes(kind: str) -> Mapping[str, UsbNode]:
    """Every node of a class of devices (``tty``, ``usbmisc``) that a USB device is behind, by the node's path.

    Where a node's link leads tells most of them apart from the dozens of others of every machine, whose files would take seconds to read
    on a slow one that is starting.
    """
    try:
        entries = sorted((SYS / "class" / kind).iterdir())
    except OSError:
        return {}
    found = [node for entry in entries if _is_on_usb(entry) and (node := usb_node(entry)) is not None]
    return {node.path: node for node in found}


def _is_on_usb(entry: Path) -> bool:
    """Whether the link of a class leads to what hangs on a USB host: ``…/usb1/1-1/…``."""
    try:
        return _USB_HOST.search(str(entry.readlink())) is not None
    except OSError:
        return False


def sysfs_of(node: Path) -> Path:
    """The directory of a character device.

    Raises:
        OSError: There is no such node.
    """
    number = node.stat().st_rdev
    return SYS / "dev" / "char" / f"{os.major(number)}:{os.minor(number)}"


class NodeFollower:
    """Where the device behind a configured node is, also when it comes back under another name.

    Only the kernel's own names are followed: a link, such as those below ``/dev/serial/by-id``, names the device itself.

    Args:
        path: What is configured.
        kind: The node's class in sysfs: ``tty`` or ``usbmisc``.
        device_uri: For the errors.
    """

    def __init__(self, path: str, kind: str, device_uri: str) -> None:
        self._path = path
        self._kind = kind
        self._uri = device_uri
        self._known: UsbNode | None = None
        self._has_twin = False

    def path(self) -> str:
        """What to open: the configured path, or where the device that was behind it has gone.

        Raises:
            DeviceNotFoundError: It is away, and its name is another device's now.
        """
        known = self._known
        if known is None:
            return self._path
        there = usb_nodes(self._kind)
        same = [node for node in there.values() if node.name == known.name]
        self._has_twin = self._has_twin or len(same) > 1
        if self._has_twin:  # alike in all but where they are plugged in, also while one alone is there
            same = [node for node in same if node.port == known.port]
        if same:
            return same[0].path
        if self._path in there:
            other = there[self._path]
            raise DeviceNotFoundError(
                f"its adapter is away, and {self._path} is another one now ({other.make} {other.model} "
                f"{other.serial_number}".rstrip()
                + "); a restart takes that one",
                device_uri=self._uri,
            )
        return self._path

    def opened(self, path: str) -> None:
        """The device at `path` was opened: it is the one to follow."""
        try:
            node = usb_node(sysfs_of(Path(path)))
        except OSError:
            return
        if node is not None and node.path == path:
            self._known = node
            twins = sum(other.name == node.name for other in usb_nodes(self._kind).values()) > 1
            self._has_twin = self._has_twin or twins


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
