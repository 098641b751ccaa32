"""What the kernel and udev say of devices that come and go, taken apart.

Sans-IO: a datagram of ``NETLINK_KOBJECT_UEVENT`` in, an event or nothing out. What is cut short, too long or makes no sense is left out;
nothing that arrives raises. Two forms:

* the kernel's (``lib/kobject_uevent.c``): ``ACTION@DEVPATH`` and then ``KEY=VALUE``, each ended by a zero;
* udev's (``src/libsystemd/sd-device/device-monitor.c`` of systemd): a header that begins with ``libudev`` and says where the
  properties stand, which have the same form. It comes when udev has set the device's owner and mode: only then may we open it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

KERNEL_GROUP: Final = 1
UDEV_GROUP: Final = 2
"""The multicast groups: ``MONITOR_GROUP_KERNEL`` and ``MONITOR_GROUP_UDEV``."""

MAX_PROPERTIES: Final = 512
"""The kernel has room for 64, udev adds its own; what has more is not read to the end."""

_UDEV_PREFIX: Final = b"libudev\0"
_UDEV_MAGIC: Final = 0xFEEDCAFE
_MAGIC = struct.Struct(">I")
_OFFSETS = struct.Struct("=III")
_OFFSETS_AT: Final = len(_UDEV_PREFIX) + _MAGIC.size

_WANTED: Final = frozenset({b"ACTION", b"DEVPATH", b"SUBSYSTEM", b"DEVTYPE", b"DEVNAME"})

_COMING: Final = frozenset({"add", "bind", "change"})
_GOING: Final = frozenset({"remove"})


class Source(Enum):
    """Who says it."""

    KERNEL = "kernel"
    UDEV = "udev"


@dataclass(frozen=True, slots=True)
class Uevent:
    """Something happened to a device.

    Attributes:
        source: Who says so.
        action: ``add``, ``remove``, ``change``, ``bind``, ``unbind``, ``move``, ``online``, ``offline``.
        devpath: The device, below ``/sys``.
        subsystem: ``usb``, ``tty`` …
        devtype: ``usb_device``, ``usb_interface`` …; empty where it has none.
        devname: Its node below ``/dev``; empty where it has none.
    """

    source: Source
    action: str
    devpath: str
    subsystem: str
    devtype: str = ""
    devname: str = ""

    @property
    def is_about_printers(self) -> bool:
        """Whether a printer, or the line to one, may have come or gone with it.

        What programs do with interfaces is not. A printer that is taken from usblp and given back shows all the same, by its node's going and
        coming: who hears of that looks whether anything is other than before, as it may follow from our own doing.
        """
        if self.action not in _COMING | _GOING:
            return False
        return self.subsystem in {"tty", "usbmisc"} or (
            self.subsystem == "usb" and self.devtype == "usb_device"
        )


def parse(data: bytes) -> Uevent | None:
    """The event of a datagram, None where it is none."""
    if data.startswith(_UDEV_PREFIX):
        return _parse_udev(data)
    head, zero, rest = data.partition(b"\0")
    if not zero or b"@" not in head:
        return None
    return _event(Source.KERNEL, rest)


def is_trusted(source: Source, sender_port: int, groups: int, uid: int | None) -> bool:
    """Whether a datagram can come from whom it says; anybody may send to a netlink socket who guesses its port.

    Args:
        source: Who it says it is from.
        sender_port: The sender's netlink port: 0 is the kernel, and nobody else can have that.
        groups: The group it was sent to; 0: to us alone, which neither kernel nor udev does.
        uid: The sender's user by ``SCM_CREDENTIALS``, None where there were none.
    """
    if source is Source.KERNEL:
        return groups == KERNEL_GROUP and sender_port == 0
    return groups == UDEV_GROUP and uid == 0


def _parse_udev(data: bytes) -> Uevent | None:
    if len(data) < _OFFSETS_AT + _OFFSETS.size:
        return None
    if _MAGIC.unpack_from(data, len(_UDEV_PREFIX))[0] != _UDEV_MAGIC:
        return None
    _, start, length = _OFFSETS.unpack_from(data, _OFFSETS_AT)
    if start < _OFFSETS_AT + _OFFSETS.size or start + length > len(data):
        return None
    return _event(Source.UDEV, data[start : start + length])


def _event(source: Source, properties: bytes) -> Uevent | None:
    found: dict[bytes, str] = {}
    for part in properties.split(b"\0", MAX_PROPERTIES)[:MAX_PROPERTIES]:
        key, equals, value = part.partition(b"=")
        if equals and key in _WANTED:
            found.setdefault(key, value.decode(errors="replace"))
    if not all(found.get(key) for key in (b"ACTION", b"DEVPATH", b"SUBSYSTEM")):
        return None
    return Uevent(
        source,
        found[b"ACTION"],
        found[b"DEVPATH"],
        found[b"SUBSYSTEM"],
        found.get(b"DEVTYPE", ""),
        found.get(b"DEVNAME", ""),
    )
