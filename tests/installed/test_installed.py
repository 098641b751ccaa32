"""`make install` in a Debian of its own, the installed service under its real unit and a real systemd, and `make uninstall`.

The tests follow each other as a machine's life does: built as an image, started, used, hurt, upgraded, cleaned.
"""

from __future__ import annotations

import json
import re
import time

import container as containers
import pytest
from processes import RECEIPT_AND_LASER

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(containers.lacking()), reason=containers.lacking() or "-"),
]

PRINTERS = f"""
[discovery]
enabled = false
{RECEIPT_AND_LASER}"""

OF_THE_SYSTEM = (
    "etc/passwd",
    "etc/group",
    "etc/shadow",
    "etc/gshadow",
    "etc/.pwd.lock",
    "var/lib/systemd",
    "var/log",
    "var/lib/private",
    "var/cache/ldconfig",
)
"""What changes in any system that runs, or has had a user."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = containers.Container(tmp_path_factory.mktemp("container"))
    made.put_source()
    made.before = made.files()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def installed(machine):
    """It is installed where no systemd runs, as an image is built."""
    machine.said = machine.chroot("make", "-C", "/src", "install").stdout
    return machine


@pytest.fixture(scope="module")
def running(installed):
    config = installed.root / "etc/tympan/conf.d/printers.toml"
    config.write_text(PRINTERS)
    installed.boot()
    until(lambda: show(installed, "ActiveState") == "active", what="the service")
    return installed


def until(condition, timeout_s=60.0, what="it"):
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} not after {timeout_s} s"
        time.sleep(0.2)
    return found


def show(machine, name, unit="tympan.service"):
    return machine.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()


def journal(machine):
    return machine.run("journalctl", "--no-pager", "--boot", "--unit=tympan", "--output=cat").stdout


def status_of(machine, *which):
    """Lines of /proc/PID/status of the service."""
    text = (machine.run("cat", f"/proc/{show(machine, 'MainPID')}/status")).stdout
    return {
        key: value.split()
        for key, value in (line.split(":", 1) for line in text.splitlines())
        if key in which
    }


# --- an image ---------------------------------------------------------------------------------------------------------


def test_where_no_systemd_runs_nothing_is_started(installed):
    assert "installed; it starts when the system does" in installed.said
    for wants in ("multi-user.target.wants/tympan.service", "sockets.target.wants/tympan.socket"):
        link = installed.root / "etc/systemd/system" / wants
        assert (installed.root / str(link.readlink()).lstrip("/")).is_file()


def test_the_program_stands_where_it_will_run(installed):
    assert installed.chroot("tympan", "--version").stdout.startswith("tympan ")
    assert installed.chroot("tympan", "check").stdout == "/etc/tympan/config.toml: good, 0 printers\n"
    for script in (installed.root / "opt/tympan/bin").iterdir():
        if not script.is_symlink():
            assert script.read_bytes().startswith((b"#!/opt/tympan/bin/python", b"#!/bin/sh")), script
    assert "tympan.new" not in (installed.root / "opt/tympan/pyvenv.cfg").read_text()


def test_the_units_are_right_in_the_system_they_are_for(installed):
    units = [f"/usr/local/lib/systemd/system/tympan.{kind}" for kind in ("service", "socket")]
    judged = installed.chroot("systemd-analyze", "verify", "--man=no", *units)
    assert "tympan" not in judged.stderr


def test_the_configuration_is_read_by_root_and_the_service_alone(installed):
    assert installed.chroot("stat", "-c", "%a %U %G", "/etc/tympan/config.toml").stdout.split() == [
        "600",
        "tympan",
        "root",
    ]
    assert installed.chroot("id", "-nG", "tympan").stdout.split() == ["tympan"]


def test_an_upgrade_keeps_what_was_configured(installed):
    path = installed.root / "etc/tympan/config.toml"
    text = path.read_text() + '\n# mine\n[log]\nlevel = "info"\n'
    path.write_text(text)
    wants = installed.root / "etc/systemd/system/sockets.target.wants/tympan.socket"
    wants.unlink()
    (installed.root / "opt/tympan/left-over").touch()
    installed.chroot("make", "-C", "/src", "install")
    assert path.read_text() == text
    assert not wants.is_symlink()  # it was not wished
    assert not (installed.root / "opt/tympan/left-over").exists()
    assert {each.name for each in (installed.root / "opt").iterdir()} == {"tympan"}
    wants.symlink_to("/usr/local/lib/systemd/system/tympan.socket")


def test_a_tree_for_a_package(installed):
    """`make install DESTDIR=…` leaves the system alone, and is the same elsewhere."""
    outside = installed.files()
    installed.chroot(
        "sh",
        "-c",
        "make -C /src install DESTDIR=/tmp/tree && /tmp/tree/opt/tympan/bin/python -c 'import tympan'",
    )
    assert installed.files() - outside == set()
    tree = installed.root / "tmp/tree"
    same = {
        str(path.relative_to(tree))
        for path in tree.rglob("*")
        if not path.is_relative_to(tree / "opt") and not path.is_dir()
    }
    assert same <= outside
    assert {
        "usr/local/bin/tympan",
        "usr/local/lib/systemd/system/tympan.service",
        "etc/tympan/config.toml",
    } <= same
    assert (tree / "opt/tympan/bin/tympan").read_text().startswith("#!/opt/tympan/bin/python")
    installed.chroot("make", "-C", "/src", "uninstall", "DESTDIR=/tmp/tree", "PURGE=1")
    assert [str(path) for path in tree.rglob("*tympan*")] == []


# --- a machine that runs ----------------------------------------------------------------------------------------------


def test_it_says_how_it_is(running):
    assert show(running, "StatusText") == "2 printers: receipt idle, laser idle"
    assert show(running, "NRestarts") == "0"


def test_it_has_the_rights_it_needs_and_no_others(running):
    net_bind_service = f"{1 << 10:016x}"
    status = status_of(running, "Uid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")
    uid = running.run("id", "-u", "tympan").stdout.strip()
    groups = {
        running.shell(f"getent group {name} | cut -d: -f3") for name in ("tympan", "lp", "dialout", "gpio")
    }
    assert set(status["Uid"]) == {uid}
    assert set(status["Groups"]) == groups
    assert (status["CapEff"], status["CapBnd"]) == ([net_bind_service], [net_bind_service])
    assert (status["NoNewPrivs"], status["Seccomp"]) == (["1"], ["2"])
    assert running.shell(f"readlink /proc/{show(running, 'MainPID')}/cwd") == "/run/tympan"


def test_it_prints_and_its_render_workers_lose_all_their_rights(running):
    said = running.run("tympan", "test-page", "-P", "laser").stdout
    assert "job 1: completed, 1 page" in said
    running.run("tympan", "test-page", "-P", "receipt")
    for name, job in (("laser", 1), ("receipt", 2)):
        page = running.root / f"var/lib/tympan/simulated/{name}/{job}-1.png"
        assert page.read_bytes().startswith(b"\x89PNG")
    assert "more rights than they need" not in journal(running)
    assert "Traceback" not in journal(running)


def test_the_port_is_served_plain_and_encrypted_on_both_families(running):
    for address in ("127.0.0.1", "[::1]"):
        for scheme in ("http", "https"):
            got = running.run(
                "curl", "--silent", "--insecure", "--fail", "--max-time", "30", f"{scheme}://{address}:631/"
            ).stdout
            assert "receipt" in got, (address, scheme)
    holders = running.shell("ss -Hltnp 'sport = :631' | grep -o 'pid=[0-9]*' | sort -u").split()
    assert sorted(holders) == sorted({"pid=1", f"pid={show(running, 'MainPID')}"})  # and no child


def test_who_waits_while_the_service_starts_anew_is_served(running):
    running.shell(
        "systemctl stop tympan.service 2>/dev/null; systemctl kill tympan.service 2>/dev/null; true"
    )
    assert show(running, "ActiveState") == "inactive"
    assert "receipt" in running.run("curl", "--silent", "--max-time", "60", "http://127.0.0.1:631/").stdout
    assert show(running, "ActiveState") == "active"


def test_an_address_that_the_configuration_does_not_name_is_not_served(running):
    limit = running.root / "etc/tympan/conf.d/listen.toml"
    limit.write_text('[server]\nlisten = ["127.0.0.1:631", "[::1]:443"]\n')
    running.run("systemctl", "restart", "tympan.service")
    fetch = "curl --silent --insecure --max-time 20 --output /dev/null"
    assert running.run("bash", "-c", f"{fetch} http://127.0.0.1:631/").returncode == 0
    assert running.run("bash", "-c", f"{fetch} https://[::1]:443/").returncode == 0
    assert running.run("bash", "-c", f"{fetch} http://[::1]:631/", check=False).returncode in {
        52,
        56,
    }  # nothing came
    limit.unlink()
    running.run("systemctl", "restart", "tympan.service")


def test_a_reload_takes_over_and_a_mistake_changes_nothing(running):
    process = show(running, "MainPID")
    change = running.root / "etc/tympan/conf.d/z.toml"
    change.write_text('[server]\nlocatoin = "Shop"\n')
    running.run("systemctl", "reload", "tympan")
    until(
        lambda: "conf.d/z.toml:2: server.locatoin" in show(running, "StatusText"),
        what="the mistake in the status",
    )
    assert show(running, "SubState") == "running"
    change.write_text('[server]\nlocation = "Shop"\n')
    running.run("systemctl", "reload", "tympan")

    def location():
        return {
            each["printer-location"] for each in json.loads(running.run("tympan", "status", "--json").stdout)
        }

    until(lambda: show(running, "SubState") == "running" and location() == {"Shop"}, what="the change")
    assert show(running, "StatusText") == "2 printers: receipt idle, laser idle"
    assert show(running, "MainPID") == process
    change.unlink()


def test_it_writes_nowhere_but_where_it_may(running):
    """A shell with the unit's own limits, in its place."""
    drop_in = running.root / "etc/systemd/system/tympan.service.d/try.conf"
    drop_in.parent.mkdir(parents=True)
    tries = {
        "touch /etc/x": 1, "touch /opt/tympan/x": 1, "touch /var/lib/x": 1, "ls /root": 1, "ls /home/x": 1,
        "cat /etc/shadow": 1, "head -c1 /dev/mem": 1, "mknod /run/tympan/x c 1 1": 1, "unshare --user true": 1, "mount -t tmpfs x /tmp": 1,
        "dmesg": 1, "date -s 2020-01-01": 1, "touch /var/lib/tympan/x": 0, "touch /run/tympan/x": 0, "cat /etc/tympan/config.toml": 0,
        "head -c1 /dev/urandom": 0,
    }  # fmt: skip
    script = "; ".join(f"{each} >/dev/null 2>&1; echo $(($? != 0)) {each!r}" for each in tries)
    (running.root / "usr/local/bin/try").write_text(f"#!/bin/sh\n{script.replace(chr(39), chr(34))}\n")
    (running.root / "usr/local/bin/try").chmod(0o755)
    drop_in.write_text("[Service]\nType=exec\nRestart=no\nExecStart=\nExecStart=/usr/local/bin/try\n")
    running.shell(
        "systemctl daemon-reload; systemctl stop tympan.socket; systemctl restart tympan.service; sleep 1"
    )
    until(lambda: show(running, "ActiveState") == "inactive", what="the shell")
    lines = re.findall(r"^([01]) (.*)$", journal(running), re.MULTILINE)
    assert {what: int(code) for code, what in lines} == tries
    drop_in.unlink()
    (running.root / "usr/local/bin/try").unlink()
    running.shell(
        "rm -f /var/lib/tympan/x; systemctl daemon-reload; systemctl start tympan.socket tympan.service"
    )


def test_a_service_that_hangs_is_started_anew_and_its_jobs_go_on(running):
    drop_in = running.root / "etc/systemd/system/tympan.service.d/watchdog.conf"
    drop_in.write_text("[Service]\nWatchdogSec=3\n")
    running.shell("systemctl daemon-reload; systemctl restart tympan; tympan pause receipt")
    accepted = running.shell("echo hello | tympan print - --no-wait --json -P receipt")
    job = json.loads(accepted)["job-id"]
    process = show(running, "MainPID")
    time.sleep(5)
    assert show(running, "MainPID") == process  # who is well is left alone
    running.run("kill", "-STOP", process)
    until(
        lambda: show(running, "MainPID") not in {"0", process} and show(running, "ActiveState") == "active",
        what="the next one",
    )
    assert show(running, "NRestarts") == "1"
    assert "Current thread" in journal(running)  # where it hung
    running.run("tympan", "resume", "receipt")
    until((running.root / f"var/lib/tympan/simulated/receipt/{job}-1.png").exists, what="its page")
    drop_in.unlink()
    drop_in.parent.rmdir()
    running.shell("systemctl daemon-reload; systemctl restart tympan")


def test_a_root_that_cannot_be_written_to_and_no_network(running, tmp_path):
    running.shut_down()
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    running.boot("--read-only", f"--bind={state}:/var/lib/tympan", "--tmpfs=/var/log", "--tmpfs=/var/tmp")
    until(lambda: show(running, "ActiveState") == "active", what="the service")
    running.run("tympan", "test-page", "-P", "laser")
    assert (state / "simulated/laser").is_dir()
    running.shut_down()
    running.boot()


def test_it_goes_as_it_came(running):
    until(lambda: show(running, "ActiveState") == "active", what="the service")
    running.run("make", "-C", "/src", "uninstall")
    assert show(running, "LoadState") == "not-found"
    assert running.run("getent", "passwd", "tympan").returncode == 0
    kept = running.files() - running.before
    assert kept & {"etc/tympan/config.toml", "var/lib/tympan/tympan.db"} == {
        "etc/tympan/config.toml",
        "var/lib/tympan/tympan.db",
    }
    running.run("make", "-C", "/src", "uninstall", "PURGE=1")
    running.shut_down()
    left = {path for path in running.files() - running.before if not path.startswith(OF_THE_SYSTEM)}
    assert {path for path in left if "tympan" in path} == set()
    assert {path for path in left if not path.startswith(("etc/", "var/"))} == set(), sorted(left)
    assert (
        "tympan" not in (running.root / "etc/passwd").read_text() + (running.root / "etc/group").read_text()
    )
