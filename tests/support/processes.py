"""The service and its peers as real processes, for system tests and benchmarks. Everything listens on loopback only."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from network import Namespace, wait_until

START_TIMEOUT_S = 30.0

SERVER = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"
"""
"""Configuration of a service for a test; `Tympan` fills in the port and the directory."""

RECEIPT_AND_LASER = """
[[printers]]
name = "receipt"
device = "sim://receipt?speed=max"
driver = "escpos"
profile = "generic-80mm"
default = true

[[printers]]
name = "laser"
device = "sim://laser?speed=max"
driver = "pcl"
profile = "generic-pcl5e-duplex"
"""
"""Two simulated printers that print as fast as they can."""


FREE_PORTS = range(10_000, 30_000)
"""Below those that the kernel gives to connections (``ip_local_port_range`` begins at 32768): none of these takes one meanwhile."""


def free_port() -> int:
    """A TCP port that nobody listens on."""
    while True:
        port = secrets.choice(FREE_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port


def wait_for_port(
    port: int, process: subprocess.Popen[bytes] | None = None, timeout_s: float = START_TIMEOUT_S
) -> float:
    """Wait until somebody listens on `port`; returns how long it took, seconds."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_s:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return time.monotonic() - began
        time.sleep(0.005)
    raise TimeoutError(f"nobody listens on port {port} after {timeout_s} s")


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in task.read_text().split()]
    return found


def cpu_s(pid: int, *, tree: bool = False) -> float:
    """Processor time of a process (with `tree` also of its living descendants and of its ended children), seconds."""
    total = 0.0
    for each in descendants(pid) if tree else [pid]:
        with contextlib.suppress(OSError):
            schedstat = Path(f"/proc/{each}/schedstat").read_text().split() if not tree else None
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks = os.sysconf("SC_CLK_TCK")
            if schedstat is not None and len(list(Path(f"/proc/{each}/task").iterdir())) == 1:
                total += int(schedstat[0]) / 1e9
            else:
                total += (int(fields[11]) + int(fields[12])) / ticks
            if tree:
                total += (int(fields[13]) + int(fields[14])) / ticks
    return total


def pss_bytes(pid: int, without: str = "") -> int:
    """Proportional set size of a process and everything below it, but those whose command line has `without` in it."""
    total = 0
    for each in descendants(pid):
        with contextlib.suppress(OSError):
            if without and without in Path(f"/proc/{each}/cmdline").read_text():
                continue
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


ADMIN, OPERATOR, PASSWORD = "admin", "olga", "correct horse"
"""Users of `USERS`, and the password of both."""

USERS = """
[[users]]
name = "admin"
role = "administrator"
password_hash = "$scrypt$ln=10,r=8,p=1$c2FsdCBmb3IgdGVzdHMgQQ$3BM2+QFcpGSAun/N+ih06DdZ/UYAe2+EQVOxhEOem/A"

[[users]]
name = "olga"
role = "operator"
password_hash = "$scrypt$ln=10,r=8,p=1$c2FsdCBmb3IgdGVzdHMgQg$EX5vGflGPGKklfJnUswqlcE5iTtmZIWbaAWamitIZHA"
"""
"""An administrator and an operator, with hashes that are quick to check; for `Tympan.operator_uri`."""


class Tympan:
    """A service in the foreground of its own process.

    Args:
        folder: Where config, state and log go.
        config: The TOML configuration; ``{port}`` and ``{state}`` in it are filled in. Empty: ``--simulate``.
        environment: Additions to the environment.
    """

    def __init__(self, folder: Path, config: str = "", environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.port = free_port()
        self.log = folder / "tympan.log"
        self._config = folder / "config.toml" if config else None
        self._text = config
        self._environment = environment or {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def uri(self, printer: str = "") -> str:
        return f"ipp://localhost:{self.port}/ipp/print{'/' if printer else ''}{printer}"

    def operator_uri(self, printer: str = "", user: str = ADMIN) -> str:
        """The URI for ipptool and others to be an operator by; the configuration has to have `USERS`."""
        name = f"{user}:{PASSWORD.replace(' ', '%20')}"
        return f"ipps://{name}@localhost:{self.port}/ipp/print{'/' if printer else ''}{printer}"

    @property
    def socket(self) -> Path:
        """The Unix socket: who runs the tests is administrator there. The verbs take it as ``--uri``."""
        return self.state / "tympan.sock"

    def start(self) -> float:
        """Start it; returns the seconds until it listened."""
        self.state.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "tympan.cli.main",
            "serve",
            "--port",
            str(self.port),
            "--state-dir",
            str(self.state),
        ]
        if self._config is not None:
            self._config.write_text(
                self._text.replace("{port}", str(self.port)).replace("{state}", str(self.state))
            )
            command += ["--config", str(self._config)]
        else:
            command.append("--simulate")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "TYMPAN_DISCOVERY_ENABLED": "false", **self._environment},
            )
        try:
            return wait_for_port(self.port, self.process)
        except Exception as error:
            raise RuntimeError(self.log.read_text()[-4000:]) from error

    def kill(self) -> None:
        """As a power cut does to a process: no warning, no clean-up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """End it as systemd does; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return int(self.process.returncode)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


_CUPSD_CONF = """
Listen 127.0.0.1:{port}
Listen {folder}/cups.sock
Browsing No
DefaultAuthType None
WebInterface No
LogLevel warn
MaxClients 200
MaxJobs 0
MaxLogSize 0
PreserveJobHistory Yes
PreserveJobFiles No
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues none
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""

_CUPS_FILES_CONF = """
ServerRoot {folder}/etc
CacheDir {folder}/cache
StateDir {folder}/state
RequestRoot {folder}/spool
TempDir {folder}/spool/tmp
ErrorLog {folder}/error_log
AccessLog {folder}/access_log
PageLog {folder}/page_log
FileDevice Yes
SystemGroup root
User lp
Group lp
"""


class Cupsd:
    """A private cupsd: its own ports, folders and queues; nothing of the system's is touched.

    Its folder lies where CUPS' own user can reach it: its filters and backends do not run as root.

    Args:
        namespace: The network that it and its clients are in; None: this machine's.
    """

    def __init__(self, namespace: Namespace | None = None) -> None:
        self._namespace = namespace
        self._prefix = namespace.prefix if namespace is not None else []
        self.folder = folder = Path(tempfile.mkdtemp(prefix="tympan-cups-"))
        folder.chmod(0o755)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        for name in ("etc/ppd", "cache", "state", "spool/tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "cupsd.conf").write_text(_CUPSD_CONF.format(folder=folder, port=self.port))
        (folder / "cups-files.conf").write_text(_CUPS_FILES_CONF.format(folder=folder))

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def environment(self) -> dict[str, str]:
        """What CUPS' clients need to talk to this cupsd."""
        return {**os.environ, "CUPS_SERVER": f"localhost:{self.port}", "IPP_PORT": str(self.port)}

    def errors(self) -> str:
        """The end of its error log."""
        log = self.folder / "error_log"
        return log.read_text()[-3000:] if log.exists() else ""

    def command(self, *arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a CUPS client against this cupsd."""
        return subprocess.run(
            [*self._prefix, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def __enter__(self) -> Self:
        binary = shutil.which("cupsd") or "/usr/sbin/cupsd"
        self.process = subprocess.Popen(
            [
                *self._prefix,
                binary,
                "-f",
                "-c",
                str(self.folder / "cupsd.conf"),
                "-s",
                str(self.folder / "cups-files.conf"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self._namespace is None:
            wait_for_port(self.port, self.process)
        else:
            wait_until(lambda: self._namespace.listens(self.port), what="cupsd")
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def listening_device() -> Iterator[tuple[int, list[tuple[float, int]]]]:
    """A TCP device that takes everything: its port, and for each piece that came the time (monotonic) and its length."""
    import threading

    arrivals: list[tuple[float, int]] = []
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            while not stop.is_set():
                data = connection.recv(1 << 20)
                if not data:
                    return
                arrivals.append((time.monotonic(), len(data)))

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1]), arrivals
    finally:
        stop.set()
        listener.close()


def get(port: int, path: str) -> tuple[int, bytes]:
    """One GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
