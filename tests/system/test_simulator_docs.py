"""docs/simulator.md: its tables are complete, and its examples do what they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import free_port

from tympan_sim.faults import FAULTS
from tympan_sim.models import MODELS

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
TAKES = {
    "switch": "on, off",
    "factor": "above 0, to 1",
    "bytes": "bytes",
    "limit": "bytes",
    "seconds": "seconds",
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(tmp_path):
    """A folder, and an environment in which `tympan-sim` is this one."""
    command = tmp_path / "bin" / "tympan-sim"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tympan_sim "$@"\n')
    command.chmod(0o755)
    return tmp_path, {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"}


def test_the_faults_are_those_there_are():
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z0-9, ]+) \| (.+) \|$", TEXT, re.MULTILINE)
    told = {name: (takes, what) for name, takes, what in rows if name in FAULTS}
    assert told == {name: (TAKES[kind.value], kind.what) for name, kind in FAULTS.items()}


def test_the_models_are_those_there_are():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (ESC/POS|PCL) \|", TEXT, re.MULTILINE)
    language = {"escpos": "ESC/POS", "pcl": "PCL"}
    assert dict(rows) == {name: language[model.language] for name, model in MODELS.items()}


def test_the_commands_work_as_they_are_written(shell):
    folder, environment = shell
    port = str(free_port())
    plain = blocks("")
    (script,) = [block for block in plain if block.startswith("# badday.txt")]
    (folder / "badday.txt").write_text(script)

    def wait(name):
        return f"for i in $(seq 400); do [ -e {name} ] && break; sleep 0.05; done; [ -e {name} ]\n"

    start, send, faults, paper_out, bad_day = (block.replace("9100", port) for block in blocks("sh"))
    text = "set -e\n" + start + wait("printer.sock") + "sleep 0.5\n" + send + wait("receipts/1.bin")
    text += faults + paper_out + bad_day + wait("counter.tty") + "kill $(jobs -p)\nwait\n"
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 128 + signal.SIGTERM}, done.stderr
    assert f"escpos-80mm listens on port {port} of 127.0.0.1; pictures go to receipts" in done.stdout
    assert '"cover_open": true' in done.stdout
    assert (folder / "receipts" / "1-1.png").exists()


def test_the_example_test_passes(shell):
    folder, environment = shell
    (example,) = blocks("python")
    (folder / "test_example.py").write_text(example)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert time.monotonic() - began < 60


def test_a_script_with_a_mistake_is_refused(shell):
    folder, environment = shell
    (folder / "wrong.txt").write_text("# nothing\ncover on\nat 5 fire\n")
    command = ["tympan-sim", "escpos", "--tcp", "0", "--out", "out", "--script", "wrong.txt"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "at 5 fire: no such fault: fire" in done.stderr
