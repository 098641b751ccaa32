"""The service as a process: how it starts, reloads and ends, and the verbs that talk to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import Tympan, descendants

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state_dir = "{state}"

[[printers]]
name = "receipt"
device = "sim://receipt?speed=1"
driver = "escpos"
profile = "generic-80mm"
default = true
"""

PROCESSING, COMPLETED = 5, 9
"""``job-state``, RFC 8011 §5.3.7."""

LASER = """
[[printers]]
name = "laser"
device = "sim://laser?speed=max"
driver = "pcl"
"""


def tympan(*arguments, uri="", user="tester", stdin=b""):
    """A verb, as a user types it."""
    environment = {**os.environ, "TYMPAN_URI": uri, "LOGNAME": user, "USER": user, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "tympan.cli.main", *arguments],
        input=stdin, env=environment, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def until(condition, timeout_s=30.0):
    """Wait for `condition` to be true; returns what it gave."""
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not after {timeout_s} s"
        time.sleep(0.02)
    return found


def names(service):
    answer = tympan("status", "--json", uri=f"ipp://localhost:{service.port}")
    return [printer["printer-name"] for printer in json.loads(answer.stdout)] if answer.stdout else []


def states(service):
    answer = tympan("jobs", "--all", "--json", uri=service.uri("receipt"))
    return [(job["job-id"], job["job-state"]) for job in json.loads(answer.stdout)]


@pytest.fixture
def service(tmp_path):
    with Tympan(tmp_path, CONFIG) as running:
        yield running
    assert "Traceback" not in running.log.read_text(), running.log.read_text()[-4000:]


def rewrite(service, text):
    (service.folder / "config.toml").write_text(
        text.replace("{port}", str(service.port)).replace("{state}", str(service.state))
    )
    service.process.send_signal(signal.SIGHUP)


def test_sighup_brings_a_printer_and_a_mistake_changes_nothing(service):
    assert names(service) == ["receipt"]
    wrong = CONFIG + LASER + 'profile = "nonsense"\n'
    number = wrong[: wrong.index("nonsense")].count("\n") + 1
    rewrite(service, wrong)
    until(lambda: "laser.profile" in service.log.read_text())
    line = next(line for line in service.log.read_text().splitlines() if "laser.profile" in line)
    assert f"config.toml:{number}: printers.laser.profile: driver pcl has no profile 'nonsense'" in line
    assert names(service) == ["receipt"]
    rewrite(service, CONFIG + LASER)
    until(lambda: names(service) == ["receipt", "laser"])
    assert service.process.poll() is None


def test_a_reload_lets_the_job_that_prints_come_to_its_end(service):
    text = "".join(f"line {number}\n" for number in range(200)).encode()
    sent = tympan("print", "--no-wait", "-", uri=service.uri("receipt"), stdin=text)
    assert sent.returncode == 0, sent.stderr
    folder = service.state / "simulated" / "receipt"
    until(lambda: states(service) == [(1, PROCESSING)])
    rewrite(service, CONFIG + LASER)
    assert states(service) == [(1, PROCESSING)]
    until(lambda: names(service) == ["receipt", "laser"])
    assert states(service) == [(1, COMPLETED)]
    assert (folder / "1.bin").read_bytes().count(b"line 0\n") == 1


def test_sigterm_ends_it_cleanly_and_nothing_stays_behind(tmp_path):
    running = Tympan(tmp_path, CONFIG)
    running.start()
    assert tympan("print", "-q", "-", uri=running.uri("receipt"), stdin=b"a line\n").returncode == 0
    below = descendants(running.pid)[1:]
    assert len(below) >= 3  # the workers' parent, a spare worker, the simulated printer
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()
    until(lambda: not [pid for pid in below if Path(f"/proc/{pid}").exists()], 5)


def test_sigterm_does_not_wait_for_idle_connections(tmp_path):
    with Tympan(
        tmp_path, CONFIG.replace("[[printers]]", "[limits]\nshutdown_timeout_s = 60\n\n[[printers]]", 1)
    ) as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        connection.request("GET", "/")
        connection.getresponse().read()
        assert running.stop() == 0  # it waits 20 seconds
        connection.close()


def test_what_a_second_service_is_told(service, tmp_path):
    taken = tympan("serve", "--simulate", "--port", str(service.port), "--state-dir", str(tmp_path / "other"))
    assert taken.returncode == 1
    assert (
        taken.stderr.decode().strip().splitlines()[-1]
        == f"tympan: cannot listen on [::]:{service.port}: Address already in use; another port: --port N (`make run PORT=N`)"
    )
    same = tympan("serve", "--simulate", "--port", "0", "--state-dir", str(service.state))
    assert same.returncode == 1
    assert f"process {service.pid}" in same.stderr.decode()
    assert "Traceback" not in (taken.stderr + same.stderr).decode()


def test_the_verbs(service, tmp_path):
    uri = f"ipp://localhost:{service.port}"
    page = tmp_path / "Grüße.txt"
    page.write_text("Grüße aus Köln\n", encoding="utf-8")
    printed = tympan("print", str(page), uri=uri)
    assert printed.returncode == 0, printed.stderr
    assert b"job 1: completed, 1 page" in printed.stdout
    bytes_sent = (service.state / "simulated" / "receipt" / "1.bin").read_bytes()
    assert "Grüße aus Köln".encode("cp437") in bytes_sent or "Grüße aus Köln".encode("cp858") in bytes_sent
    listed = json.loads(tympan("jobs", "--all", "--json", uri=uri).stdout)
    assert [(job["job-name"], job["job-originating-user-name"]) for job in listed] == [
        ("Grüße.txt", "tester")
    ]
    assert tympan("jobs", uri=uri).stdout.strip() == b"no jobs"
    gone = tympan("cancel", "1", uri=uri)
    assert gone.returncode == 1
    assert b"job 1" in gone.stderr
    assert tympan("test-page", uri=uri).returncode == 0
    assert tympan("identify", uri=uri).returncode == 0
    status = tympan("status", uri=uri)
    assert status.returncode == 0
    assert b"receipt" in status.stdout
    assert tympan("cancel", uri=uri).returncode == 2
    assert tympan("status", uri="ipp://localhost:1").returncode == 1
