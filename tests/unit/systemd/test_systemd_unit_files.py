"""The unit files, as systemd itself judges them, and what they have to agree with in the rest of the product."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tympan.cli.arguments import LOCAL_SOCKETS
from tympan.config import DEFAULT_PATH, read
from tympan.config.tables.server import IPP_PORT, ServerSettings

FOLDER = Path(__file__).parents[3] / "systemd"

MAX_EXPOSURE = 18
"""Tenths; `systemd-analyze security` calls up to 2.0 "OK" and gives 9.6 to a unit without any of it. It only goes down."""


class _Keys(dict):
    """Keys of a unit may come several times: all values, in order."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def unit(name):
    parser = configparser.RawConfigParser(
        strict=False, dict_type=_Keys, delimiters=("=",), comment_prefixes="#"
    )
    parser.optionxform = str
    parser.read(FOLDER / name)
    return {
        section: {key: value.split("\n") for key, value in parser.items(section)}
        for section in parser.sections()
    }


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs the package systemd"
)


@needs_systemd
def test_systemd_understands_every_line(tmp_path):
    program = tmp_path / "tympan"
    program.touch(0o755)
    for name in ("tympan.service", "tympan.socket"):
        text = (FOLDER / name).read_text().replace("/opt/tympan/bin/tympan", str(program))
        (tmp_path / name).write_text(text)
    judged = run("systemd-analyze", "verify", "--man=no", *map(str, tmp_path.glob("tympan.*")))
    assert judged.returncode == 0, judged.stderr
    assert [line for line in judged.stderr.splitlines() if "tympan" in line] == []


@needs_systemd
def test_how_exposed_the_service_is():
    judged = run(
        "systemd-analyze", "--offline=true", "security", "--json=short", f"--threshold={MAX_EXPOSURE}",
        str(FOLDER / "tympan.service"),
    )  # fmt: skip
    open_points = sorted(each["name"] for each in json.loads(judged.stdout) if not each["set"])
    assert judged.returncode == 0, (judged.stderr, open_points)


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="needs the package systemd")
def test_the_user_is_made(tmp_path):
    (tmp_path / "etc").mkdir()
    made = run("systemd-sysusers", f"--root={tmp_path}", str(FOLDER / "tympan.sysusers"))
    assert made.returncode == 0, made.stderr
    users = {
        line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()
    }
    groups = {
        line.split(":")[0]: line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()
    }
    service = unit("tympan.service")["Service"]
    assert users["tympan"][6] == "/usr/sbin/nologin"
    assert users["tympan"][3] == groups[service["Group"][0]][2]
    assert set(service["SupplementaryGroups"][0].split()) <= set(groups)


def test_the_service_finds_its_directories_where_the_configuration_says():
    service = unit("tympan.service")["Service"]
    assert ServerSettings().state_dir == f"/var/lib/{service['StateDirectory'][0]}"
    assert str(DEFAULT_PATH.parent) == f"/etc/{service['ConfigurationDirectory'][0]}"
    settings, mistakes = read(FOLDER / "config.toml", {})
    assert mistakes == ()
    assert settings.server.socket in LOCAL_SOCKETS
    assert settings.server.socket.startswith(f"/run/{service['RuntimeDirectory'][0]}/")
    assert service["WorkingDirectory"] == [f"%t/{service['RuntimeDirectory'][0]}"]
    assert settings.access.operator_group == service["Group"][0]  # a group it may give its socket to


def test_what_is_commented_out_in_the_configuration_is_right_too(tmp_path):
    lines = (FOLDER / "config.toml").read_text().splitlines()
    path = tmp_path / "config.toml"
    path.write_text(
        "\n".join(
            line.removeprefix("#")
            if line.startswith("#") and not line.startswith("# ") and line != "#"
            else line
            for line in lines
        )
    )
    settings, mistakes = read(path, {})
    assert mistakes == ()
    assert [printer.name for printer in settings.printers] == ["receipt"]
    assert settings.server.location
    assert tomllib.loads(path.read_text())["server"]["listen"] == ["[::]:631", "[::]:443"]


def test_the_socket_is_what_the_service_listens_on_by_default():
    listening = unit("tympan.socket")["Socket"]
    assert [f"[::]:{port}" for port in listening["ListenStream"]] == list(ServerSettings().listen)
    assert listening["ListenStream"] == [str(IPP_PORT)]
    assert listening["BindIPv6Only"] == ["both"]


def test_devices_whose_drivers_come_with_them_are_known_before_they_are_allowed():
    """systemd looks the names of DeviceAllow= up in /proc/devices once, when the service starts."""
    parts = unit("tympan.service")
    allowed = {line.split()[0].removeprefix("char-") for line in parts["Service"]["DeviceAllow"]}
    assert {"usb_device", "usb", "lp", "ttyUSB", "ttyACM", "ttyAMA", "ttyS", "gpiochip"} == allowed
    before = set(parts["Unit"]["After"][0].split()) & set(parts["Unit"]["Wants"][0].split())
    assert {"modprobe@usbserial.service", "modprobe@cdc_acm.service", "tympan.socket"} <= before
