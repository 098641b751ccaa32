"""The service as systemd sees it: a process with a notify socket, a watchdog and sockets that were opened for it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from network import wait_until
from processes import Tympan, descendants, free_port, wait_for_port

RECEIPT = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "receipt"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
"""

STUCK = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "stuck"
device = "stuck://device"
driver = "escpos"
profile = "generic-80mm"
"""

STUCK_TRANSPORT = """
import time
from tympan.driver.contract import DeviceIdentity

class Stuck:
    schemes = ("stuck",)
    finds_printers = False
    open_timeout_s = 1.0
    back_channel = False
    shared = False
    closes_after_job = False
    notices_power_off = True

    def __init__(self, uri, _context):
        self.uri = uri

    @classmethod
    def discover(cls, *_):
        return []

    def open(self):
        return DeviceIdentity()

    def begin_job(self, *_):
        pass

    def write(self, *_):
        time.sleep(3600)  # as where a driver of the kernel never comes back

    def unsent(self):
        return 0

    def __getattr__(self, name):
        return lambda *_, **__: None
"""

PATIENCE = "from tympan.systemd import vitals; vitals.LINK_PATIENCE_S = 1.0"

HUNG_LOOP = """
import time
from pathlib import Path

async def hang(_listening):
    import asyncio
    while not Path({flag!r}).exists():
        await asyncio.sleep(0.05)
    everything_waits_here()

def everything_waits_here():
    time.sleep(3600)

from tympan import app
run = app.run
app.run = lambda settings, **more: run(settings, **(more | {{"on_listening": hang}}))
"""


class Pid1:
    """Who listens at the notify socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))

    def next(self, timeout_s: float = 30.0) -> dict[str, str]:
        self.socket.settimeout(timeout_s)
        return dict(line.split("=", 1) for line in self.socket.recv(8192).decode().splitlines())

    def until(self, name: str, timeout_s: float = 30.0) -> dict[str, str]:
        end = time.monotonic() + timeout_s
        while True:
            message = self.next(max(end - time.monotonic(), 0.01))
            if name in message:
                return message

    def signs_within(self, seconds: float) -> int:
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            try:
                count += "WATCHDOG" in self.next(left)
            except TimeoutError:
                break
        return count


@pytest.fixture
def pid_1(tmp_path):
    listener = Pid1(tmp_path / "notify")
    yield listener
    listener.socket.close()


def under(tmp_path, config, *, first="", watchdog_s=0.0):
    """A service that systemd has started, with something done before its own code."""
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "TYMPAN_SERVER_DURABILITY": "relaxed"}
    if watchdog_s:
        environment["WATCHDOG_USEC"] = str(round(watchdog_s * 1e6))
    if first:
        folder = tmp_path / "first"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(
            "import sys\nif 'serve' in sys.orig_argv:\n    import before\n"
        )
        (folder / "before.py").write_text(first)
        (folder / "stuck_transport.py").write_text(STUCK_TRANSPORT)
        plug_in = folder / "stuck_transport-1.dist-info"
        plug_in.mkdir()
        (plug_in / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck-transport\nVersion: 1\n")
        (plug_in / "entry_points.txt").write_text("[tympan.transports]\nstuck = stuck_transport:Stuck\n")
        environment["PYTHONPATH"] = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return Tympan(tmp_path, config, environment)


def those_who_were_told(pid):
    """Children of the service that know the socket. One that is on its way to become another program shows what the service knew."""
    told = []
    for child in descendants(pid)[1:]:
        with contextlib.suppress(OSError):
            told += [child] * (b"NOTIFY_SOCKET" in Path(f"/proc/{child}/environ").read_bytes())
    return told


def test_its_life_is_told(tmp_path, pid_1):
    with under(tmp_path, RECEIPT) as service:
        ready = pid_1.next()
        assert (ready["READY"], ready["STATUS"]) == ("1", "1 printer: receipt idle")
        wait_until(lambda: not those_who_were_told(service.pid), what="it is meant for the service alone")

        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        config = tmp_path / "config.toml"
        config.write_text(config.read_text().replace('"receipt"', '"counter"', 1))
        service.process.send_signal(signal.SIGHUP)
        reloading = pid_1.until("RELOADING")
        assert (
            before < int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        )
        assert pid_1.until("READY")["STATUS"] == "1 printer: counter idle"

        config.write_text("[server]\nlisten = 3\n")
        service.process.send_signal(signal.SIGHUP)
        pid_1.until("RELOADING")
        assert "config.toml:2: server.listen" in pid_1.until("READY")["STATUS"]
    assert pid_1.until("STOPPING")["STOPPING"] == "1"


def test_signs_of_life_come_in_time(tmp_path, pid_1):
    with under(tmp_path, RECEIPT, watchdog_s=2.0):
        pid_1.until("READY")
        for _ in range(3):
            pid_1.until("WATCHDOG", timeout_s=2.0)


def test_a_loop_that_hangs_gives_none_and_the_log_says_where(tmp_path, pid_1):
    flag = tmp_path / "hang"
    with under(tmp_path, RECEIPT, first=HUNG_LOOP.format(flag=str(flag)), watchdog_s=2.0) as service:
        pid_1.until("WATCHDOG")
        flag.touch()
        pid_1.signs_within(2.5)
        assert pid_1.signs_within(4.0) == 0
        log = service.log.read_text()
        service.kill()
    assert "the event loop does not answer; systemd starts the service anew" in log
    assert "it is here: everything_waits_here (before.py:" in log


def test_a_device_that_never_comes_back_gives_none_and_the_log_names_it(tmp_path, pid_1):
    with under(tmp_path, STUCK, first=PATIENCE, watchdog_s=2.0) as service:
        pid_1.until("WATCHDOG")
        sent = subprocess.run(
            [sys.executable, "-m", "tympan.cli.main", "print", "-", "--format", "text/plain", "--uri", str(service.socket), "--no-wait"],
            input=b"hello\n", capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr
        pid_1.signs_within(6.0)
        assert pid_1.signs_within(3.0) == 0
        log = service.log.read_text()
        service.kill()
    assert "the link to stuck://device has been stuck for" in log


# --- sockets ----------------------------------------------------------------------------------------------------------


def fetched(port, *, secure=False, host="127.0.0.1"):
    if secure:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="needs the package systemd")
def test_sockets_that_systemd_opened_are_served(tmp_path):
    port, other, state = free_port(), free_port(), tmp_path / "state"
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "systemd-socket-activate", f"--listen=127.0.0.1:{port}", f"--listen=127.0.0.1:{other}", "--fdname=ipp:more",
                "--setenv=PYTHONPATH", "--setenv=TYMPAN_DISCOVERY_ENABLED=false",
                sys.executable, "-m", "tympan.cli.main", "serve", "--simulate", "--state-dir", str(state),
            ],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_for_port(port, process)
        assert "receipt" in fetched(port)  # it came before the service had started
        assert "receipt" in fetched(port, secure=True)
        assert "receipt" in fetched(other)
        assert f"printer receipt listens at ipp://localhost:{port}/ipp/print/receipt" in log.read_text()
        listening = {
            line.split()[9]
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
            if line.split()[1].endswith((f":{port:04X}", f":{other:04X}")) and line.split()[3] == "0A"
        }
        assert len(listening) == 2
        mine, *children = descendants(process.pid)
        assert len(children) >= 2
        for child in children:
            held = {str(fd.readlink()) for fd in Path(f"/proc/{child}/fd").iterdir()}
            assert held.isdisjoint(f"socket:[{inode}]" for inode in listening)
            assert b"LISTEN_FDS" not in Path(f"/proc/{child}/environ").read_bytes()
        verb = subprocess.run(
            [sys.executable, "-m", "tympan.cli.main", "status", "--uri", str(state / "tympan.sock")],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "laser" in verb.stdout, verb.stderr
        process.send_signal(signal.SIGHUP)  # and is the same
        assert "receipt" in fetched(port)
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
    assert mine == process.pid
    assert "Traceback" not in log.read_text()


def test_without_configuration_and_printers_it_starts_and_waits(tmp_path, pid_1):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tympan.cli.main", "serve", "--listen", f"127.0.0.1:{port}", "--state-dir", str(tmp_path / "state")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "TYMPAN_DISCOVERY_ENABLED": "false", "TYMPAN_SERVER_AUTO_PRINTERS": "never", "NOTIFY_SOCKET": str(tmp_path / "notify")},
    )  # fmt: skip
    try:
        assert (
            pid_1.until("READY")["STATUS"]
            == "no printer yet: plug one in, or describe it in the configuration"
        )
        assert "<html" in fetched(port)
    finally:
        process.terminate()
        assert process.wait(30) == 0, process.stderr.read().decode()
        process.stderr.close()
