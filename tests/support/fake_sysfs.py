"""A little of ``/sys`` and ``/dev`` in a folder: USB devices with nodes, UARTs, udev's links, as the kernel and udev make them.

The layout is that of Linux 6: ``/sys/class/tty/ttyUSB0`` is a link to ``…/1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0``, where ``device`` is
a link to ``…/1-1.2/1-1.2:1.0/ttyUSB0`` and ``driver`` in that one to ``/sys/bus/usb-serial/drivers/ftdi_sio``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class FakeSysfs:
    """Both trees, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.sys, self.dev = folder / "sys", folder / "dev"
        for part in (
            "sys/class/tty/console", "sys/class/usbmisc", "sys/dev/char", "dev/usb",
            "dev/serial/by-id", "dev/serial/by-path",
        ):  # fmt: skip
            (folder / part).mkdir(parents=True)

    def plug(
        self,
        node: str,
        *,
        port: str = "1-1",
        ids: str = "0403:6001",
        serial: str = "",
        product: str = "FT232R USB UART",
        make: str = "FTDI",
        by_id: str = "",
        by_path: str = "",
        real: str = "",
        kind: str = "tty",
        driver: str = "",
    ) -> Path:
        """A USB device with a node; `real` is what the node is here (a terminal), nothing: an empty file.

        `driver` is the kernel's name of the adapter's driver, nothing: sysfs does not say.
        """
        device = self.sys / "devices/pci0000:00/usb1" / port
        inner = "tty" if kind == "tty" else "usbmisc"
        name = node.rpartition("/")[2]
        deep = device / f"{port}:1.0" / (name if name.startswith("ttyUSB") else ".") / inner / name
        deep.mkdir(parents=True)
        vendor, _, model = ids.partition(":")
        for file, text in {"idVendor": vendor, "idProduct": model, "serial": serial, "product": product, "manufacturer": make}.items():  # fmt: skip
            if text:
                (device / file).write_text(f"{text}\n")
        (device / f"{port}:1.0" / "bInterfaceNumber").write_text("00\n")
        if name.startswith("ttyUSB"):
            (device / f"{port}:1.0" / name / "port_number").write_text("0\n")
        (deep / "uevent").write_text(f"MAJOR=188\nMINOR=0\nDEVNAME={node}\n")
        if driver:
            (deep / "device").symlink_to(deep.parent.parent)
            (deep / "device" / "driver").symlink_to(self.sys / "bus/usb-serial/drivers" / driver)
        (self.sys / "class" / kind / name).symlink_to(deep)
        path = self.dev / node
        if real:
            path.symlink_to(real)
            number = Path(real).stat().st_rdev
            (self.sys / "dev/char" / f"{os.major(number)}:{os.minor(number)}").symlink_to(deep)
        else:
            path.touch()
        for link, below in ((by_id, "by-id"), (by_path, "by-path")):
            if link:
                (self.dev / "serial" / below / link).unlink(missing_ok=True)
                (self.dev / "serial" / below / link).symlink_to(path)
        return path

    def unplug(self, node: str, *, kind: str = "tty") -> None:
        """Take a device out."""
        name = node.rpartition("/")[2]
        entry = self.sys / "class" / kind / name
        deep = entry.resolve()
        entry.unlink()
        for link in (self.sys / "dev/char").iterdir():
            if link.resolve() == deep:
                link.unlink()
        for link in (self.dev / "serial").glob("*/*"):
            if link.readlink() == self.dev / node:
                link.unlink()
        (self.dev / node).unlink()
        shutil.rmtree(next(parent for parent in deep.parents if (parent / "idVendor").exists()))

    def uart(self, name: str, type_number: int) -> None:
        """A line of the machine's own; 0: the driver keeps a name for a chip that is not there."""
        deep = self.sys / "devices/platform/serial8250" / name
        deep.mkdir(parents=True)
        (deep / "type").write_text(f"{type_number}\n")
        (deep / "uevent").write_text(f"DEVNAME={name}\n")
        (deep / "device").mkdir()
        (self.sys / "class/tty" / name).symlink_to(deep)
        (self.dev / name).touch()

    def console(self, *names: str) -> None:
        """What the kernel writes its messages to."""
        (self.sys / "class/tty/console/active").write_text(" ".join(names) + "\n")
