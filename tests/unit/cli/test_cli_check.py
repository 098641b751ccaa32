"""``check`` and ``devices``, with plug-ins made for the test."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType

import pytest

from tympan.cli.main import main
from tympan.cli.verbs import devices
from tympan.driver.contract import Capabilities, DeviceIdentity, DiscoveredDevice
from tympan.driver.ticket import MediaSpec
from tympan.errors import ConfigError, DriverError

A4 = MediaSpec("iso_a4_210x297mm", 21000, 29700)
LETTER = MediaSpec("na_letter_8.5x11in", 21590, 27940)

CAPABILITIES = Capabilities(
    make_and_model="Made for a test",
    device_id="MFG:Test;MDL:One;CMD:PCL;",
    native_formats=("application/vnd.hp-pcl",),
    extension="pcl",
    resolutions_dpi=((600, 600),),
    media=(A4, LETTER),
    media_ready={"main": "iso_a4_210x297mm"},
    sides=("one-sided", "two-sided-long-edge"),
)

GOOD = """\
[[printers]]
name = "laser"
device = "test://one"
driver = "test"
profile = "one"
defaults = { sides = "two-sided-long-edge" }
media_ready = { main = "na_letter_8.5x11in" }
"""


class Driver:
    name = "test"

    def capabilities(self, profile: str) -> Capabilities:
        if profile not in {"", "one"}:
            raise DriverError(f"driver 'test' has no profile {profile!r}; there is: one")
        return CAPABILITIES


class SlowTransport:
    def cautions(self, capabilities: Capabilities | None) -> list[str]:
        return [f"it is slow, at {capabilities.resolutions_dpi[0][0]} dpi" if capabilities else "it is slow"]


def open_transport(uri: str, context: object) -> object:  # noqa: ARG001 — the signature is the registry's
    if not uri.startswith("test:"):
        raise DriverError(f"no transport for {uri.partition(':')[0]!r}")
    if uri == "test://slow":
        return SlowTransport()
    if uri != "test://one":
        raise ConfigError("there is no such test", key="device")
    return object()


def find_driver(name: str) -> Driver:
    if name != "test":
        raise DriverError(f"there is no driver {name!r}; there is: test")
    return Driver()


@pytest.fixture(autouse=True)
def plug_ins(monkeypatch) -> ModuleType:
    import tympan.driver

    registry = ModuleType("tympan.driver.registry")
    registry.open_transport = open_transport
    registry.find_driver = find_driver
    registry.discover_devices = tuple
    monkeypatch.setitem(sys.modules, "tympan.driver.registry", registry)
    monkeypatch.setattr(tympan.driver, "registry", registry, raising=False)
    return registry


@pytest.fixture
def check(tmp_path, capsys):
    def run(text: str, *words: str):
        path = tmp_path / "config.toml"
        path.write_text(text)
        status = main(["check", "--config", str(path), *words])
        written = capsys.readouterr()
        return status, written.out.replace(f"{path}", "FILE"), written.err.replace(f"{path}", "FILE")

    return run


def test_a_good_configuration(check):
    assert check(GOOD) == (0, "FILE: good, 1 printer\n", "")


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("test://one", "usb://x", "FILE:3: printers.laser.device: no transport for 'usb'"),
        ("test://one", "test://two", "FILE:3: printers.laser.device: there is no such test"),
        ('"test"\n', '"tset"\n', "FILE:4: printers.laser.driver: there is no driver 'tset'"),
        ('"one"', '"two"', "FILE:5: printers.laser.profile: driver 'test' has no profile 'two'"),
        ("two-sided-long-edge", "tumble", "FILE:6: printers.laser.defaults.sides: 'tumble'"),
        ("{ sides", "{ side", "FILE:6: printers.laser.defaults.side: there is no default called 'side'"),
        (
            "na_letter_8.5x11in",
            "iso_a3_297x420mm",
            "FILE:7: printers.laser.media_ready.main: the printer does not take",
        ),
        ("{ main", "{ bottom", "FILE:7: printers.laser.media_ready.bottom: there is no source 'bottom'"),
    ],
)
def test_what_only_the_plug_ins_know(check, old, new, mistake):
    status, out, err = check(GOOD.replace(old, new))
    assert (status, out) == (1, "")
    assert err.startswith(mistake)
    assert err.endswith("1 mistake\n")


def test_all_mistakes_together(check):
    text = "[limits]\nmax_jobs = 0\n" + GOOD.replace('"one"', '"two"').replace("test://one", "usb://x")
    status, _, err = check(text)
    assert status == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == ["FILE:2", "FILE:5", "FILE:7", "3 mistakes"]


def test_each_mistake_of_a_list_and_of_a_printer_is_told(check):
    text = GOOD.replace('name = "laser"', 'name = "Büro"').replace("test://one", "usb://x")
    text = text.replace('main = "na_letter_8.5x11in"', 'main = "a3", bottom = "a3"')
    text = text.replace("{ sides =", '{ media = "a3", side =')
    status, _, err = check('[server]\nlisten = ["8631", "[::]:x"]\n' + text)
    assert status == 1
    told = [
        ("FILE:2: server.listen: ", "'8631' is no address", "'x' is no port"),
        ("FILE:4: printers[0].name: ", "cannot be in a URI"),
        ("FILE:5: printers.Büro.device: ", "no transport"),
        ("FILE:9: printers.Büro.media_ready.main: ", "'a3'"),
        ("FILE:9: printers.Büro.media_ready.bottom: ", "no source"),
        ("FILE:8: printers.Büro.defaults.media: ", "'a3'"),
        ("FILE:8: printers.Büro.defaults.side: ", "no default"),
        ("7 mistakes",),
    ]
    for line, words in zip(err.splitlines(), told, strict=True):
        assert line.startswith(words[0])
        assert all(word in line for word in words[1:])


def test_mistakes_as_json(check):
    status, out, _ = check(GOOD.replace('"one"', '"two"'), "--json")
    assert status == 1
    (mistake,) = json.loads(out)
    assert (mistake["path"], mistake["line"], mistake["key"]) == ("FILE", 5, "printers.laser.profile")


def test_a_driver_that_is_chosen_later_is_not_asked(check):
    assert check(GOOD.replace('"test"\n', '"auto"\n'))[0] == 0


def test_what_is_no_mistake_and_should_be_known(check):
    slow = GOOD.replace("test://one", "test://slow")
    note = "FILE:3: printers.laser.device: it is slow, at 600 dpi (a note, no mistake)\n"
    assert check(slow) == (0, f"{note}FILE: good, 1 printer\n", "")
    assert check(slow.replace('"test"\n', '"auto"\n'))[1].startswith(note.replace(", at 600 dpi", ""))
    status, out, _ = check(slow.replace('"one"', '"two"'), "--json")
    assert status == 1
    assert [(told["severity"], told["key"]) for told in json.loads(out)] == [
        ("mistake", "printers.laser.profile"), ("note", "printers.laser.device"),
    ]  # fmt: skip


LASERJET = DeviceIdentity("MFG:HP;MDL:LaserJet;CMD:PCL;", "HP", "LaserJet", commands=("PCL",))
HOST_BASED = DeviceIdentity("MFG:HP;MDL:LaserJet 1020;CMD:ACL;", "HP", "LaserJet 1020", commands=("ACL",))


@pytest.mark.parametrize(
    ("found", "columns", "more"),
    [
        (
            DiscoveredDevice("usb://03f0:2b17", "HP LaserJet", LASERJET),
            ["usb://03f0:2b17", "HP LaserJet", "test.one"],
            {"driver": "test", "profile": "one", "supported": True, "note": ""},
        ),
        (
            DiscoveredDevice("usb://03f0:2b17", "HP LaserJet", LASERJET, problem="a program has it open"),
            ["usb://03f0:2b17", "HP LaserJet", "test.one", "a program has it open"],
            {"driver": "test", "profile": "one", "supported": True, "note": "a program has it open"},
        ),
        (
            DiscoveredDevice("usb://03f0:2b18", "HP LaserJet 1020", HOST_BASED),
            ["usb://03f0:2b18", "HP LaserJet 1020", "-", "not supported: ACL"],
            {"driver": "", "profile": "", "supported": False, "note": "not supported: ACL"},
        ),
        (
            DiscoveredDevice("usb://03f0:2b18", "USB printer at port 1-1", problem="we may not use it"),
            ["usb://03f0:2b18", "USB printer at port 1-1", "-", "we may not use it"],
            {"supported": None, "note": "we may not use it"},
        ),
        (
            DiscoveredDevice("serial:///dev/ttyUSB0", "FT232R"),
            ["serial:///dev/ttyUSB0", "FT232R", "-", devices._CHOOSE],
            {"supported": None},
        ),
    ],
)
def test_devices(plug_ins, capsys, found, columns, more):
    plug_ins.discover_devices = lambda: [found]
    plug_ins.match_driver = lambda identity: (Driver(), "one") if identity.commands == ("PCL",) else None
    plug_ins.why_unmatched = lambda identity: f"not supported: {', '.join(identity.commands)}"
    assert main(["devices"]) == 0
    headings, row = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", headings) == ["uri", "what", "driver.profile", "note"]
    assert re.split(r"  +", row.rstrip()) == columns
    assert main(["devices", "--json"]) == 0
    (device,) = json.loads(capsys.readouterr().out)
    assert device["device_uri"] == found.device_uri
    assert device["identity"]["make"] == found.identity.make
    assert more.items() <= device.items()


def test_no_devices(capsys):
    assert main(["devices"]) == 0
    assert "plugged in" in capsys.readouterr().out
    assert main(["devices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_a_panel_lacks_on_this_machine_is_a_note_and_no_mistake(tmp_path, capsys, monkeypatch):
    from tympan.panel import gpio

    monkeypatch.setattr(gpio, "DEVICES", tmp_path / "dev")
    monkeypatch.setattr(gpio.importlib.util, "find_spec", lambda _name: object())
    path = tmp_path / "config.toml"
    path.write_text('[panel]\nprinter = "till"\nbutton = 22\n', encoding="utf-8")
    assert main(["check", "--config", str(path)]) == 0
    output = capsys.readouterr().out
    assert f"{path}:2: panel.printer: no [[printers]] is called 'till'" in output
    assert f"{path}:3: panel.button: this machine has no GPIO: there is no /dev/gpiochip0" in output
