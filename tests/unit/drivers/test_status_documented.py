"""docs/hardware.md says of each profile what it reads back: the table follows the profiles."""

from __future__ import annotations

from pathlib import Path

from tympan_drivers.escpos_condition import NEAR_END, OFFLINE, TROUBLES
from tympan_drivers.profile_escpos import escpos_profile
from tympan_drivers.profile_pcl import pcl_profile
from tympan_drivers.profile_store import PROFILE_DIR, ProfileStore

DOCUMENT = (Path(__file__).parents[3] / "docs" / "hardware.md").read_text("utf-8")


def size(count):
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def test_every_profile_has_its_row():
    rows = []
    for name in ProfileStore("escpos", escpos_profile, PROFILE_DIR).heads():
        status = ProfileStore("escpos", escpos_profile, PROFILE_DIR).get(name).status
        completion = {"gs_h": "pages and job: `GS ( H`", "gs_r": "pages and job: `GS r`", "none": "nothing"}
        rows.append(
            row(
                f"`{name}`",
                "`DLE EOT`" if status.realtime else "",
                "`GS a`" if status.automatic else "",
                "`GS I`" if status.identify else "",
                completion[status.completion],
                size(status.buffer_bytes),
            )
        )
    for name in ProfileStore("pcl", pcl_profile, PROFILE_DIR).heads():
        status = ProfileStore("pcl", pcl_profile, PROFILE_DIR).get(name).status
        answers = status.readback
        rows.append(
            row(
                f"`{name}`",
                "`INFO STATUS`" if answers else "",
                "`USTATUS`" if answers else "",
                "`INFO ID`" if answers else "",
                ("pages and job: `USTATUS`" if status.pages else "job: `USTATUS`") if answers else "nothing",
                size(status.buffer_bytes),
            )
        )
    table = DOCUMENT.split("## What is read back, by profile")[1].split("\n\n")[1].splitlines()[2:]
    assert sorted(line.replace("|  |", "| |").replace("|  |", "| |") for line in rows) == sorted(table)


def test_every_reason_of_a_receipt_printer_is_there():
    for trouble in (*TROUBLES, OFFLINE, NEAR_END):
        assert f"`{trouble.reason}`" in DOCUMENT
