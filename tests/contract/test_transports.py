"""What every transport promises (`tympan.driver.contract.Transport`), held by each against a device of its kind."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from devices import (
    Fifo,
    Folder,
    KernelPrinter,
    PlainFile,
    SerialPrinter,
    SimulatedPrinter,
    TcpPrinter,
    UsbBusPrinter,
)

from tympan.driver import registry
from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, TransportContext
from tympan.errors import ConfigError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers.escpos import EscPosDriver
from tympan_drivers.pcl import PclDriver
from tympan_drivers.usb_bulk import UsbTransport
from tympan_sim.transport import end_simulations

DEVICES = {
    "file": PlainFile,
    "folder": Folder,
    "FIFO": Fifo,
    "socket": TcpPrinter,
    "serial": SerialPrinter,
    "lp": KernelPrinter,
    "usb": UsbBusPrinter,
    "sim": SimulatedPrinter,
}
BLOCKING = [name for name in DEVICES if hasattr(DEVICES[name], "hold")]
LEAVING = [name for name in DEVICES if hasattr(DEVICES[name], "leave")]
RETURNING = [name for name in DEVICES if hasattr(DEVICES[name], "come_back")]
ANSWERING = [name for name in DEVICES if hasattr(DEVICES[name], "answer")]

LATE_S = 0.3
"""What a call may take beyond its limit on a machine that does other things too."""

ANYTHING = os.urandom(200_000)
LINES = b"".join(b"%06d a line of a receipt, and some more of it\n" % number for number in range(4000))
"""For a device that understands what it gets."""


@pytest.fixture
def device(request, tmp_path, monkeypatch):
    made = DEVICES[request.param](tmp_path)
    monkeypatch.setattr(UsbTransport, "backend", getattr(made, "backend", None))
    yield made
    made.close()


@pytest.fixture
def transport(device, tmp_path):
    made = registry.open_transport(device.uri, TransportContext("receipt", tmp_path))
    yield made
    made.close()


@pytest.fixture
def job(device):
    return LINES if isinstance(device, (UsbBusPrinter, SimulatedPrinter)) else ANYTHING


def each(names):
    return pytest.mark.parametrize("device", names, indirect=True)


def send(transport, data, timeout_s=30.0):
    """Write all of it; returns how much was taken when the device took nothing more."""
    view, end = memoryview(data), time.monotonic() + timeout_s
    while view and time.monotonic() < end:
        view = view[transport.write(view, 0.05) :]
    return len(data) - len(view)


def until_it_takes_nothing(transport, job):
    """Write the beginning of a job again and again; how many bytes were taken before none was, several times."""
    taken = refused = 0
    while refused < 3:
        count = transport.write(job, 0.1)
        taken += count
        refused = 0 if count else refused + 1
        assert taken < 50_000_000
    return taken


def until_received(device, count):
    end = time.monotonic() + 10
    while len(device.received()) < count and time.monotonic() < end:
        time.sleep(0.005)
    return device.received()


def finish(transport):
    end = time.monotonic() + 10
    while not transport.end_job(MAX_WRITE_TIMEOUT_S):
        assert time.monotonic() < end


@each(DEVICES)
def test_every_byte_arrives_in_order_and_is_counted(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    assert send(transport, job) == len(job)
    finish(transport)
    assert until_received(device, len(job)) == job


@each(DEVICES)
def test_any_size_of_write(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    at = 0
    for size in (1, 2, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 16_384, 65_537):
        assert send(transport, job[at : at + size]) == size
        at += size
    assert transport.write(b"", 0.01) == 0
    finish(transport)
    assert until_received(device, at) == job[:at]


@each(BLOCKING)
def test_a_device_that_takes_nothing_holds_nobody_up(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    device.hold()
    taken = until_it_takes_nothing(transport, job)
    for limit in (0.0, 0.02, MAX_WRITE_TIMEOUT_S):
        began = time.monotonic()
        assert transport.write(job, limit) == 0
        assert time.monotonic() - began < limit + LATE_S
    device.go_on()
    assert send(transport, job[:1000]) == 1000
    finish(transport)
    assert len(until_received(device, taken + 1000)) == taken + 1000
    assert device.received()[-1000:] == job[:1000]


@each(BLOCKING)
def test_no_call_waits_longer_than_the_contract_lets_it(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    device.hold()
    until_it_takes_nothing(transport, job)
    for call in (transport.write, transport.read):
        for asked in (2.0, -1.0):
            began = time.monotonic()
            call(*((job,) if call == transport.write else (100,)), asked)
            assert time.monotonic() - began < MAX_WRITE_TIMEOUT_S + LATE_S
    began = time.monotonic()
    transport.end_job(2.0)
    assert time.monotonic() - began < MAX_WRITE_TIMEOUT_S + LATE_S


@each(BLOCKING)
def test_closing_does_not_wait_for_a_device_that_takes_nothing(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    device.hold()
    until_it_takes_nothing(transport, job)
    began = time.monotonic()
    transport.close()
    transport.close()
    assert time.monotonic() - began < MAX_WRITE_TIMEOUT_S + LATE_S


@each(LEAVING)
def test_a_device_that_goes_away_is_gone_and_no_byte_is_counted_twice(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    assert send(transport, job[:5000]) == 5000
    assert until_received(device, 5000) == job[:5000]
    device.leave()

    def write_on():
        for _ in range(200):
            transport.write(job, 0.05)
            time.sleep(0.005)

    kind = getattr(device, "gone", DeviceGoneError)
    with pytest.raises(kind) as failure:
        write_on()
    if kind is DeviceGoneError:
        assert failure.value.device_uri == device.uri
    transport.close()


@each(RETURNING)
def test_a_device_that_comes_back_is_opened_again_and_takes_the_rest(device, transport, job):
    transport.open()
    transport.begin_job(7, "bin")
    assert send(transport, job[:5000]) == 5000
    assert until_received(device, 5000) == job[:5000]
    device.leave()
    end = time.monotonic() + 10
    try:
        while time.monotonic() < end:
            transport.read(100, 0.02)
            transport.write(b"", 0.02)
            transport.end_job(0.02)
    except OSError:
        pass
    transport.close()
    device.come_back()
    while True:
        try:
            transport.open()
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
    assert transport.unsent() == 0
    transport.begin_job(8, "bin")
    assert send(transport, job[5000:9000]) == 4000
    finish(transport)


@each(ANSWERING)
def test_the_back_channel(device, transport):
    transport.open()
    transport.begin_job(7, "bin")
    assert send(transport, b"\x1b@") == 2
    until_received(device, 2)
    began = time.monotonic()
    assert transport.read(100, 0.05) == b""
    assert time.monotonic() - began < 0.05 + LATE_S
    device.answer(b"\x12\x00\xff\x11\x13")
    answer, end = b"", time.monotonic() + 5
    while len(answer) < 5 and time.monotonic() < end:
        answer += transport.read(100, 0.05)
    assert answer == b"\x12\x00\xff\x11\x13"


@each(DEVICES)
def test_a_transport_that_is_not_open_is_gone(device, transport):
    with pytest.raises(getattr(device, "gone", DeviceGoneError)):
        transport.write(b"x", 0.01)
    transport.close()


@each(DEVICES)
def test_it_can_be_opened_again(device, transport):
    for count in (3, 6):
        transport.open()
        transport.begin_job(7, "bin")
        assert send(transport, b"abc") == 3
        finish(transport)
        if not isinstance(device, Folder):  # there the second job's file takes the place of the first's
            assert until_received(device, count) == b"abc" * (count // 3)
        transport.close()


NOT_THERE = (
    "file:///nowhere/at/all.bin",
    "file:///nowhere/at/all/",
    "lp:///dev/usb/lp99",
    "serial:///dev/ttyNOPE",
    "usb://1234:5678",
    "usb://No/Such%20Printer",
    "socket://nowhere.invalid:9100",
)


@pytest.mark.parametrize("uri", NOT_THERE)
def test_what_is_not_there_is_not_found(uri, tmp_path, monkeypatch):
    monkeypatch.setattr(UsbTransport, "backend", UsbBusPrinter(tmp_path).backend)
    transport = registry.open_transport(uri, TransportContext("x", tmp_path))
    with pytest.raises(DeviceNotFoundError) as failure:
        transport.open()
    assert failure.value.device_uri == uri
    transport.close()


def test_a_port_that_refuses_is_told_with_what_may_be_the_matter(tmp_path):
    with socket.socket() as taken:  # and not listening
        taken.bind(("127.0.0.1", 0))
        uri = f"socket://127.0.0.1:{taken.getsockname()[1]}"
        transport = registry.open_transport(uri, TransportContext("x", tmp_path))
        with pytest.raises(
            DeviceNotFoundError, match=r"switched off, busy with another computer, or this is not its port"
        ):
            transport.open()


WRONG = {
    "file://relative": "three slashes",
    "file:///a?x=1": "no option 'x'",
    "socket://": "no host",
    "socket://h:99999": "no device URI",
    "socket://h:9100/path": "no path",
    f"socket://{64 * 'h'}:9100": "no host name",
    "socket://h?close=sometimes": "close='sometimes' is not one of",
    "lp://host/dev/lp0": "this machine",
    "lp:///dev/usb/": "path of a device",
    "serial:///dev/ttyS0?baud=fast": "baud='fast' is no whole number",
    "serial:///dev/ttyS0?baud=9600&baud=9600": "given twice",
    "serial:///dev/ttyS0?flow=maybe": "flow='maybe' is not one of",
    "serial:///dev/ttyS0?bits=5": "from 7 to 8",
    "serial:///dev/ttyS0?parity=mark": "parity='mark' is not one of",
    "serial://": "path of a port",
    "usb://": "usb://VID:PID",
    "usb://04b8": "usb://VID:PID",
    "usb://04b8:0e15/A/B?serial=A": "serial number is given twice",
    "usb://Make/Model/More": "usb://VID:PID",
    "usb://04b8:0e15?speed=1": "no option 'speed'",
    "carrier-pigeon://loft": "carrier-pigeon",
    "sim://label": "nothing says which model it is; ?model= takes escpos-80mm",
    "sim://label?model=typewriter": "there is no model 'typewriter'; ?model= takes escpos-80mm",
}


def test_a_simulated_printer_is_what_the_profile_says(tmp_path):
    """Whatever it is called, as docs/configuration.md says; ``model=`` says it otherwise."""
    found = {}
    for driver in (EscPosDriver(), PclDriver()):
        for profile in driver.profiles():
            transport = registry.open_transport(
                "sim://label", TransportContext("x", tmp_path / profile, profile)
            )
            try:
                identity = transport.open()
            finally:
                transport.close()
            assert driver.match(identity) is not None, profile
            found[profile] = identity.model
    end_simulations()
    assert (found["generic-58mm"], found["tm-u220"]) == ("ESC/POS 58mm", "TM-U220")
    assert found["generic-pcl5e-duplex"] == "PCL Laser"


@pytest.mark.parametrize(("uri", "problem"), WRONG.items())
def test_uris_with_mistakes(uri, problem):
    with pytest.raises((ConfigError, LookupError)) as failure:
        registry.open_transport(uri, TransportContext("x", Path("/")))
    assert problem in str(failure.value)
