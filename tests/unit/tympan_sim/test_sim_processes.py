"""Simulated printers as processes: the transport of ``sim://``, TCP, pseudo-terminal, the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tympan_sim import transport as transport_module
from tympan_sim.control import ControlError, send
from tympan_sim.main import main
from tympan_sim.transport import SimulatedTransport

pytestmark = pytest.mark.system

RASTER = b"\x1dv0\0\x48\0\x60\x09" + np.random.default_rng(5).integers(0, 256, 72 * 2400, np.uint8).tobytes()


def wait_for(condition, seconds: float = 10.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return value


# --- sim:// -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def make(tmp_path):
    def make(uri: str = "sim://receipt?speed=max") -> SimulatedTransport:
        return SimulatedTransport(
            uri, SimpleNamespace(printer_name="receipt", state_dir=tmp_path, profile="")
        )

    yield make
    transport_module.end_simulations()


def write_all(device: SimulatedTransport, data: bytes) -> None:
    view = memoryview(data)
    deadline = time.monotonic() + 20
    while view:
        view = view[device.write(view, 0.2) :]
        assert time.monotonic() < deadline


def print_job(device: SimulatedTransport, job_id: int, data: bytes) -> None:
    device.begin_job(job_id, "escpos")
    write_all(device, data)
    wait_for(lambda: device.end_job(0.2))


def test_a_job_is_there_when_it_is_confirmed(make, tmp_path):
    device = make()
    identity = device.open()
    assert (identity.model, identity.commands) == ("ESC/POS 80mm", ("ESC/POS",))
    print_job(device, 12, RASTER + b"\x1dVA\0" + b"A\n\x1dVA\0")
    directory = tmp_path / "simulated" / "receipt"
    assert (directory / "12.bin").read_bytes() == RASTER + b"\x1dVA\0A\n\x1dVA\0"
    with Image.open(directory / "12-1.png") as picture:
        black = np.asarray(picture) == 0
    want = np.unpackbits(np.frombuffer(RASTER[8:], np.uint8).reshape(2400, 72), axis=1)
    np.testing.assert_array_equal(black[96 : 96 + 2400, 32 : 32 + 576], want.astype(bool))
    assert (directory / "12-2.png").exists()


def test_opening_takes_no_time(make):
    device = make()
    start = time.monotonic()
    device.open()
    device.begin_job(1, "escpos")
    assert device.write(b"A\n", 0.0) == 2
    assert time.monotonic() - start < 0.1


def test_the_service_s_side_loads_nothing_large():
    code = "import sys, tympan_sim.transport; print([m for m in ('numpy', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_it_imports_nothing_of_the_firmware():
    code = (
        "import sys, pkgutil, importlib, tympan_sim\n"
        "for m in pkgutil.iter_modules(tympan_sim.__path__):\n"
        "    m.name == '__main__' or importlib.import_module('tympan_sim.' + m.name)\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('tympan', 'tympan_drivers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_back_channel(make):
    device = make()
    device.open()
    device.begin_job(1, "escpos")
    write_all(device, b"\x10\x04\x01\x1dI\x42")
    answer = b""
    while len(answer) < 10:
        answer += device.read(64, 0.2)
    assert answer == b"\x12_Generic\x00"
    assert device.read(64, 0.01) == b""


def test_a_full_printer_takes_nothing_within_the_time_given(make):
    device = make("sim://slowcoach?model=tm-t88v&speed=0.0001")
    device.open()
    device.begin_job(1, "escpos")
    deadline = time.monotonic() + 10
    taken = refused = 0
    while refused < 3:  # its process may be slow to say that there is room
        count = device.write(b"\n" * 1000, 0.2)
        taken += count
        refused = 0 if count else refused + 1
        assert time.monotonic() < deadline
    assert 4096 <= taken < 6000
    start = time.monotonic()
    assert device.write(b"\n", 0.2) == 0
    assert time.monotonic() - start < 0.3
    start = time.monotonic()
    device.close()
    assert time.monotonic() - start < 0.1


def test_faults_by_the_control_socket(make, tmp_path):
    device = make()
    device.open()
    control = tmp_path / "simulated" / "receipt" / "control.sock"
    print_job(device, 1, b"A\n")
    send(control, "paper-out on")
    wait_for(lambda: device.port_status().paper_empty)
    assert not device.port_status().selected
    device.begin_job(2, "escpos")
    write_all(device, b"B\n")
    assert device.end_job(0.1) is False
    assert json.loads(send(control, "status"))["paper_out"] is True
    send(control, "paper-out off")
    wait_for(lambda: device.end_job(0.2))
    with pytest.raises(ControlError, match="no such fault"):
        send(control, "fire on")
    with pytest.raises(ControlError, match="no simulated printer"):
        send(tmp_path / "nothing.sock", "status")


def test_unplugged_and_plugged_in_again(make, tmp_path):
    device = make()
    device.open()
    print_job(device, 1, b"A\n")
    control = tmp_path / "simulated" / "receipt" / "control.sock"
    send(control, "at +1000 unplug")
    device.begin_job(2, "escpos")
    with pytest.raises(ConnectionError):
        write_all(device, b"\n" * 1_000_000)
    device.close()
    with pytest.raises(FileNotFoundError):
        device.open()
    send(control, "unplug off")
    device.open()
    print_job(device, 2, b"again\n")
    assert (tmp_path / "simulated" / "receipt" / "2.bin").read_bytes() == b"\n" * 1000 + b"again\n"


def test_a_printer_whose_process_died_starts_anew(make, tmp_path):
    device = make()
    device.open()
    print_job(device, 1, b"A\n")
    os.kill(device._process.process.pid, signal.SIGKILL)
    with pytest.raises(ConnectionError):
        write_all(device, b"A" * 10_000_000)
    device.close()
    device.open()
    print_job(device, 2, b"B\n")
    assert (tmp_path / "simulated" / "receipt" / "2-1.png").exists()


def test_soft_reset_drops_what_waits(make, tmp_path):
    device = make()
    device.open()
    print_job(device, 1, b"A\n")
    control = tmp_path / "simulated" / "receipt" / "control.sock"
    send(control, "cover on")
    device.begin_job(2, "escpos")
    write_all(device, b"B\n" * 100)
    wait_for(lambda: json.loads(send(control, "status"))["buffered"])
    device.soft_reset()
    wait_for(lambda: not json.loads(send(control, "status"))["buffered"])
    send(control, "cover off")
    wait_for(lambda: device.end_job(0.2))
    assert not (tmp_path / "simulated" / "receipt" / "2-1.png").exists()


def test_it_ends_with_the_service_even_when_that_is_killed(tmp_path):
    code = (
        "import sys, time, types, pathlib; from tympan_sim.transport import SimulatedTransport\n"
        "t = SimulatedTransport('sim://receipt', types.SimpleNamespace(profile='', state_dir=pathlib.Path(sys.argv[1])))\n"
        "t.open(); t.begin_job(1, 'x'); t.write(b'A\\n', 0.2)\n"
        "print(t._process.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as service:
        child = int(service.stdout.readline())
        wait_for((tmp_path / "simulated" / "receipt" / ".1.bin.part").exists)
        service.kill()
        service.wait()

    def gone() -> bool:
        try:
            return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_for(gone)
    assert (tmp_path / "simulated" / "receipt" / "1-1.png").exists(), "what it had taken came out"


@pytest.mark.parametrize(
    "uri",
    [
        "sim://",
        "sim://counter",
        "sim://receipt?model=nothing",
        "sim://receipt?speed=fast",
        "sim://receipt?speed=-1",
        "sim://receipt?colour=red",
        "sim://receipt/x",
        "sim://../etc?model=tm-t88v",
        "usb://receipt",
    ],
)
def test_uris_with_mistakes(make, uri):
    with pytest.raises(ValueError, match=r"sim://|usb://"):
        make(uri)


def test_a_laser(make, tmp_path):
    device = make("sim://laser?speed=max")
    assert device.open().commands == ("PJL", "PCL5E", "PCL")
    page = (
        b"\x1bE\x1b*t300R\x1b*p0x0Y\x1b*r1A\x1b*b0M" + b"\x1b*b4W\xff\xff\xff\xff" * 10 + b"\x1b*rB\x0c\x1bE"
    )
    print_job(device, 1, page * 2)
    directory = tmp_path / "simulated" / "laser"
    assert {path.name for path in directory.glob("1-*.png")} == {"1-1.png", "1-2.png"}
    with Image.open(directory / "1-1.png") as picture:
        assert picture.size == pytest.approx((4960, 7016), abs=2)


def test_discovery_lists_the_two_that_need_no_model():
    assert [device.device_uri for device in SimulatedTransport.discover()] == ["sim://receipt", "sim://laser"]


# --- tympan-sim -------------------------------------------------------------------------------------------------------


@pytest.fixture
def simulator(tmp_path):
    running: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "tympan_sim", *arguments, "--out", str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        process.told = process.stdout.readline()
        return process

    yield start
    for process in running:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def port_of(process) -> int:
    return int(process.told.split("port ")[1].split()[0])


def test_usbip_the_cable_is_the_connection(simulator, tmp_path):
    process = simulator(
        "escpos",
        "--usbip",
        "0",
        "--speed",
        "max",
        "--idle-gap",
        "0.2",
        "--control",
        str(tmp_path / "control"),
    )
    address = ("127.0.0.1", port_of(process))
    request = bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0")
    text = b"hello\n\x1dV\0"
    with socket.create_connection(address, timeout=10) as host, host.makefile("rb") as answers:
        host.sendall(request)
        assert answers.read(320)[4:8] == bytes(4)
        setup = bytes.fromhex("0009010000000000")
        host.sendall(struct.pack(">IIIIIIIiii8s", 1, 1, 0x10002, 0, 0, 0, 0, 0, -1, 0, setup))
        host.sendall(struct.pack(">IIIIIIIiii8x", 1, 2, 0x10002, 0, 1, 0, len(text), 0, -1, 0) + text)
        assert struct.unpack_from(">IIIIIii", answers.read(96), 48) == (3, 2, 0, 0, 0, 0, len(text))
        wait_for((tmp_path / "out" / "1-1.png").exists)
        send(tmp_path / "control", "unplug on")
        assert answers.read() == b""
    for command, status in (("unplug on", 4), ("unplug off", 0)):
        send(tmp_path / "control", command)
        with socket.create_connection(address, timeout=10) as host:
            host.sendall(request)
            assert int.from_bytes(host.recv(8, socket.MSG_WAITALL)[4:8], "big") == status
    wait_for((tmp_path / "out" / "1.bin").exists)
    assert (tmp_path / "out" / "1.bin").read_bytes() == text


def test_tcp_a_connection_is_a_job(simulator, tmp_path):
    process = simulator("escpos", "--tcp", "0", "--speed", "max", "--control", str(tmp_path / "control"))
    for text in (b"one\n" * 100, RASTER + b"\x1dVA\0"):
        with socket.create_connection(("127.0.0.1", port_of(process))) as client:
            client.sendall(b"\x10\x04\x01" + text)
            assert client.recv(10) == b"\x12"
    wait_for((tmp_path / "out" / "2.bin").exists)
    assert (tmp_path / "out" / "1.bin").read_bytes() == b"\x10\x04\x01" + b"one\n" * 100
    assert (tmp_path / "out" / "2.bin").read_bytes() == b"\x10\x04\x01" + RASTER + b"\x1dVA\0"
    assert (tmp_path / "out" / "2-1.png").exists()
    assert main(["control", str(tmp_path / "control"), "unplug", "on"]) == 0
    wait_for(lambda: not _connects(port_of(process)))
    assert main(["control", str(tmp_path / "control"), "unplug", "off"]) == 0
    wait_for(lambda: _connects(port_of(process)))


def _connects(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_terminal_a_pause_is_a_job_s_end(simulator, tmp_path):
    name = tmp_path / "ttyPRINTER"
    process = simulator(
        "escpos", "--model", "escpos-58mm", "--pty", str(name), "--speed", "max", "--idle-gap", "0.1"
    )
    terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
    try:
        # Every byte value gets through: nothing is cooked.
        data = b"\x1dv0\0\x30\0\x10\0" + bytes(range(256)) * 3
        os.write(terminal, data)
        wait_for((tmp_path / "out" / "1.bin").exists)
        assert (tmp_path / "out" / "1.bin").read_bytes() == data
        os.write(terminal, b"\x10\x04\x04")
        assert os.read(terminal, 10) == b"\x12"
        wait_for((tmp_path / "out" / "2.bin").exists)
    finally:
        os.close(terminal)
    process.terminate()
    process.wait(10)
    assert not name.is_symlink()


def test_a_stall_is_no_pause_of_the_host(simulator, tmp_path):
    """A laser whose job ends in its middle would print the rest without what was set up."""
    name, orders = tmp_path / "ttyPRINTER", tmp_path / "control"
    simulator("escpos", "--pty", str(name), "--speed", "max", "--idle-gap", "0.6", "--control", str(orders))
    terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(terminal, b"one\n")
        wait_for((tmp_path / "out" / ".1.bin.part").exists)
        send(orders, "stall on")
        time.sleep(0.8)
        send(orders, "stall off")
        os.write(terminal, b"two\n")
        wait_for((tmp_path / "out" / "1.bin").exists)
    finally:
        os.close(terminal)
    assert (tmp_path / "out" / "1.bin").read_bytes() == b"one\ntwo\n"


def test_a_line_has_its_speed(simulator, tmp_path):
    """115200 baud are 11520 bytes a second, as long as the printer is quicker than that."""
    name = tmp_path / "ttyPRINTER"
    simulator("escpos", "--pty", str(name), "--speed", "max", "--idle-gap", "0.3", "--baud", "115200")
    data = b"\x1dv0\0\x48\0\xc8\0" + bytes(72 * 200)  # 14408 bytes
    terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
    try:
        began = time.monotonic()
        assert os.write(terminal, data) == len(data)
        wait_for((tmp_path / "out" / "1.bin").exists)
        took = time.monotonic() - began - 0.3
    finally:
        os.close(terminal)
    assert (tmp_path / "out" / "1.bin").read_bytes() == data
    assert took > 0.9 * len(data) / 11_520


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["escpos"],
        ["escpos", "--tcp", "99999", "--out", "x"],
        ["escpos", "--tcp", "0", "--pty", "x", "--out", "x"],
        ["escpos", "--tcp", "0", "--out", "x", "--speed", "quick"],
        ["escpos", "--tcp", "0", "--out", "x", "--width-dots", "4"],
        ["escpos", "--tcp", "0", "--out", "x", "--baud", "9600"],
        ["escpos", "--pty", "x", "--out", "x", "--baud", "fast"],
        ["escpos", "--tcp", "0", "--out", "x", "--model", "pcl-laser"],
        ["pcl", "--tcp", "0", "--out", "x", "--dpi", "1"],
        ["pcl", "--tcp", "0"],
        ["zpl"],
    ],
)
def test_wrong_use_is_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: tympan-sim" in capsys.readouterr().err


def test_failures_are_exit_1(tmp_path, capsys):
    assert main(["control", str(tmp_path / "none"), "status"]) == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["escpos", "--tcp", port, "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("tympan-sim: ") == 2


def test_help_and_models(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["escpos", "--help"])
    assert ended.value.code == 0
    assert "paper-out on" in capsys.readouterr().out
    assert main(["models"]) == 0
    assert "tm-t88v" in capsys.readouterr().out
