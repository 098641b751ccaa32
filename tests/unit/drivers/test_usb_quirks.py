"""The quirks file: what CUPS' list says of some printers, and that mistakes are told."""

from __future__ import annotations

import pytest

from tympan.errors import DriverError
from tympan_drivers import usb_quirks
from tympan_drivers.usb_quirks import Quirks, quirks_of


@pytest.mark.parametrize(
    ("vendor_id", "product_id", "quirks"),
    [
        (0x04B8, 0x0202, Quirks(vendor_class=True, commands="ESC/POS")),
        (0x0416, 0x5011, Quirks(commands="ESC/POS")),
        (0x04B8, 0x0E15, Quirks()),
        (0x03F0, 0x1D17, Quirks(slow_close=True)),
        (0x04E8, 0x3301, Quirks(reset_after_job=True)),
        (0x04E8, 0x344F, Quirks()),
        (0x04E8, 0x3460, Quirks()),
        (0x04E8, 0x330F, Quirks(one_way=True)),
        (0x0519, 0x0002, Quirks(one_way=True)),
        (0x0519, 0x0001, Quirks(slow_close=True)),
        (0x067B, 0x2305, Quirks(keep_detached=True, reset_after_job=True, one_way=True)),
    ],
)
def test_a_printer_has_its_own_quirks_else_its_vendor_s(vendor_id, product_id, quirks):
    assert quirks_of(vendor_id, product_id) == quirks


@pytest.mark.parametrize(
    "text",
    [
        "[[quirk]]\nmatch = '04b8'\none_way = true\nwhy = 'x'",
        "[[quirk]]\nmatch = '04b8:0202'\nwhy = 'x'",
        "[[quirk]]\nmatch = '04b8:0202'\none_way = true",
        "[[quirk]]\nmatch = '04b8:0202'\none_way = 1\nwhy = 'x'",
        "[[quirk]]\nmatch = '04b8:0202'\ncommands = true\nwhy = 'x'",
        "[[quirk]]\nmatch = '04b8:0202'\nsideways = true\nwhy = 'x'",
        "[[quirk]]\nmatch = '04b8:*'\none_way = true\nwhy = 'x'\n" * 2,
        "[[quirk]]\nmatch = '04b8:0202'\none_way = true\nwhy = 3",
        "[[quirk]]\nmatch = '04b8:0202'\none_way = true\nwhy = ' '",
        "[quirk]\nmatch = '04b8:0202'\none_way = true\nwhy = 'x'",
        "other = 1\n[[quirk]]\nmatch = '04b8:0202'\none_way = true\nwhy = 'x'",
        "quirk = 3",
        "quirk = [3]",
        "quirk = ",
        "",
    ],
)
def test_mistakes(tmp_path, monkeypatch, text):
    path = tmp_path / "quirks.toml"
    path.write_text(text)
    monkeypatch.setattr(usb_quirks, "QUIRKS_FILE", path)
    with pytest.raises(DriverError, match=r"quirks\.toml"):
        quirks_of(1, 2)


def test_a_file_that_is_no_text(tmp_path, monkeypatch):
    path = tmp_path / "quirks.toml"
    path.write_bytes(b"\xff\xfe")
    monkeypatch.setattr(usb_quirks, "QUIRKS_FILE", path)
    with pytest.raises(DriverError, match=r"quirks\.toml"):
        quirks_of(1, 2)
