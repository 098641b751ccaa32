"""pyipp, by which Home Assistant reads printers, reads ours."""

from __future__ import annotations

import asyncio

import pytest
from processes import SERVER, Tympan
from pyipp import IPP, Printer

EXPECTED = {
    "receipt": ("Generic ESC-POS 80mm", "ESC/POS", [("Thermal paper", "other", "none")]),
    "laser": ("Generic PCL 5e Duplex Laser", "PJL,PCL5E,PCL", [("Black toner", "toner", "#000000")]),
}

AWAY = """
[[printers]]
name = "away"
device = "lp:///dev/tympan-no-such-device"
driver = "pcl"
profile = "generic-pcl5e"
"""


def read(service: Tympan, path: str) -> Printer:
    async def ask() -> Printer:
        async with IPP(host="localhost", port=service.port, base_path=path) as client:
            return await client.printer()

    return asyncio.run(ask())


@pytest.mark.parametrize("name", EXPECTED)
def test_home_assistant_sees_the_printer(service, name):
    model, commands, supplies = EXPECTED[name]
    printer = read(service, f"/ipp/print/{name}")
    assert printer.info.name == model
    assert printer.info.printer_name == printer.info.printer_info == name
    assert printer.info.command_set == commands
    assert printer.info.uptime >= 1
    assert printer.info.version
    assert printer.info.more_info == f"http://localhost:{service.port}/"
    assert [(each.name, each.marker_type, each.color) for each in printer.markers] == supplies
    assert [each.level for each in printer.markers] == [-2] * len(supplies)
    assert (printer.state.printer_state, printer.state.reasons) == ("idle", None)
    assert printer.uris[0].uri == f"ipp://localhost:{service.port}/ipp/print/{name}"


def test_the_default_printer_is_where_home_assistant_looks_first(service):
    assert read(service, "/ipp/print").info.printer_name == "receipt"


def test_a_printer_that_is_away_says_why(tmp_path):
    import ipp_client

    with Tympan(tmp_path, SERVER + AWAY) as service:
        ipp_client.print_bytes(service, "away", b"Hello.\n", "text/plain")
        for _ in range(100):
            printer = read(service, "/ipp/print/away")
            if printer.state.printer_state == "stopped":
                break
        assert printer.state.printer_state == "stopped"
        assert printer.state.reasons == "connecting-to-device"
        assert "cannot be reached" in printer.state.message
