"""The udev rules: udev understands them, and they say of printers what the drivers need."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tympan_drivers import usb_quirks

RULES = Path(__file__).parents[2] / "systemd" / "60-tympan.rules"
LINES = [line for line in RULES.read_text().splitlines() if line and not line.startswith("#")]
TERM = re.compile(r'([A-Z]+)(?:\{([^}]+)\})?(==|!=|=)"([^"]*)"')


def given(line):
    """What a device must be, and what it gets."""
    terms = [TERM.fullmatch(part) for part in line.split(", ")]
    assert all(terms), line
    conditions = [(term[1], term[2], term[4]) for term in terms if term[3] == "=="]
    return conditions, {term[1]: term[4] for term in terms if term[3] == "="}


def granted(subsystem, **device):
    """Group and mode that a device gets."""
    found = {}
    for line in LINES:
        conditions, gives = given(line)
        if "GROUP" in gives and all(
            fnmatchcase(device.get((key or name).lower(), subsystem if name == "SUBSYSTEM" else ""), pattern)
            for name, key, pattern in conditions
        ):
            found = gives
    return found.get("GROUP"), found.get("MODE")


@pytest.mark.parametrize(
    ("interfaces", "group"),
    [
        (":070102:", "lp"),  # a laser
        (":070101:", "lp"),
        (":ffffff:070102:080650:", "lp"),  # with a scanner and a card reader
        (":070104:070102:", "lp"),  # IPP over USB besides
        (":080650:", None),
        (":020201:0a0000:", None),
        (":030701:", None),
    ],
)
def test_a_printer_is_one_by_its_class(interfaces, group):
    found = granted("usb", devtype="usb_device", id_usb_interfaces=interfaces)
    assert found == (group, "0660" if group else None)


def test_printers_of_a_class_of_the_vendor_s_own_are_named():
    table = usb_quirks._table(usb_quirks.QUIRKS_FILE)
    named = [match for match, quirks in table.items() if quirks.get("vendor_class")]
    assert named
    for match in named:
        vendor, product = match.split(":")
        found = granted(
            "usb", devtype="usb_device", idvendor=vendor, idproduct=product, id_usb_interfaces=":ff0000:"
        )
        assert found == ("lp", "0660")


def test_a_gpio_chip():
    assert granted("gpio", kernel="gpiochip0") == ("gpio", "0660")


SCRIPT = """
mount -t tmpfs tmpfs /run && mkdir -p /run/udev/rules.d && cp "$1" /run/udev/rules.d/60-tympan.rules &&
udevadm test --action=change /sys/devices/system/cpu/cpu0
"""


def complaints(path):
    """What udev says of a file of rules, in a mount namespace of its own."""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = done.stdout + done.stderr
    if "Reading rules file: /run/udev/rules.d/60-tympan.rules" not in said:
        pytest.skip(f"udevadm does not run here: {said[-200:]}")
    return [line for line in said.splitlines() if "60-tympan.rules:" in line and "Unknown group" not in line]


@pytest.mark.skipif(
    shutil.which("udevadm") is None or not Path("/sys/devices/system/cpu/cpu0").is_dir(),
    reason="needs udev",
)
def test_udev_understands_them(tmp_path):
    wrong = tmp_path / "wrong.rules"
    wrong.write_text(RULES.read_text() + 'SUBSYSTEM=="usb", GROUP=="lp"\n')
    assert complaints(wrong), "it would tell"
    assert complaints(RULES) == []
