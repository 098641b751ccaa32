"""The USB/IP server, spoken to by bytes as the kernel's client does it; structures from usbip_protocol.rst."""

from __future__ import annotations

import errno
import random
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tympan_sim.models import MODELS
from tympan_sim.simulation import Simulation
from tympan_sim.usb_printer_class import UsbTraits
from tympan_sim.usbip_protocol import (
    HELD_BYTES_MAX,
    TRANSFERS_MAX,
    ExportedPrinter,
    ProtocolError,
    UsbIpConnection,
)

MODEL = replace(MODELS["tm-t88v"], receive_buffer_bytes=4096)
DEVICE_ID = 1 << 16 | 2
LINE = b"0123456789\n"


class Host:
    """A kernel that has attached the printer: sends commands, takes answers apart."""

    def __init__(self, directory: Path, *, speed: float = 0.0, **traits) -> None:
        self.simulation = Simulation(MODEL, directory, speed=speed)
        self.device = ExportedPrinter(self.simulation, UsbTraits(**traits))
        self.now = 0.0
        self.seqnum = 0
        self.connection = UsbIpConnection(self.device)

    def attached(self) -> Host:
        answer = self.operation(0x8003, b"1-1".ljust(32, b"\0"))
        assert answer[:8] == bytes.fromhex("0111000300000000")
        assert len(answer) == 8 + 312
        self.control("0009010000000000")
        return self

    def operation(self, code: int, body: bytes = b"") -> bytes:
        self.connection.received(struct.pack(">HHI", 0x0111, code, 0) + body)
        self.connection.advance(self.now)
        return self.taken()

    def taken(self) -> bytes:
        sent = bytes(self.connection.outgoing)
        self.connection.outgoing.clear()
        return sent

    def submit(
        self,
        endpoint: int,
        data: bytes = b"",
        *,
        wanted: int = 0,
        setup: bytes = bytes(8),
        into: bool = False,
    ) -> int:
        self.seqnum += 1
        header = struct.pack(">IIIII", 1, self.seqnum, DEVICE_ID, int(into), endpoint)
        body = struct.pack(">IIiii", 0, wanted if into else len(data), 0, -1, 0) + setup
        self.connection.received(header + body + data)
        self.step()
        return self.seqnum

    def unlink(self, other: int) -> None:
        self.seqnum += 1
        self.connection.received(struct.pack(">IIIII", 2, self.seqnum, DEVICE_ID, 0, 0))
        self.connection.received(struct.pack(">I24x", other))
        self.step()

    def step(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.simulation.advance(self.now)
        self.connection.advance(self.now)

    def answers(self, *, data_of: int = 0) -> list[tuple[int, int, int, int, bytes]]:
        """(command, seqnum, status, actual length, data); the data belong to the transfer `data_of`."""
        sent, found = self.taken(), []
        while sent:
            command, seqnum, devid, direction, endpoint = struct.unpack_from(">IIIII", sent)
            assert (devid, direction, endpoint) == (0, 0, 0)
            status, length = struct.unpack_from(">ii", sent, 20)
            sent = sent[48:]
            data = b""
            if command == 4:
                length = 0
            elif seqnum == data_of:
                data, sent = sent[:length], sent[length:]
            found.append((command, seqnum, status, length, data))
        return found

    def control(self, setup: str) -> tuple[int, bytes]:
        raw = bytes.fromhex(setup)
        into = bool(raw[0] & 0x80)
        seqnum = self.submit(0, setup=raw, into=into, wanted=struct.unpack_from("<H", raw, 6)[0])
        ((command, answered, status, _, data),) = self.answers(data_of=seqnum if into else 0)
        assert (command, answered) == (3, seqnum)
        return status, data


@pytest.fixture
def make(tmp_path):
    made = []

    def make(**how) -> Host:
        made.append(Host(tmp_path, **how))
        return made[-1]

    yield make
    for host in made:
        host.simulation.close(host.now)


@pytest.fixture
def host(make):
    return make().attached()


# --- before the import ------------------------------------------------------------------------------------------------


def test_the_list_of_devices_is_one_printer_and_ends_the_connection(make):
    host = make()
    answer = host.operation(0x8005)
    assert answer[:12] == bytes.fromhex("0111 0005 00000000 00000001".replace(" ", ""))
    assert answer[12:268].rstrip(b"\0").endswith(b"/1-1")
    assert answer[268:300].rstrip(b"\0") == b"1-1"
    assert struct.unpack(">III", answer[300:312]) == (1, 2, 3)  # bus, device, high speed
    assert struct.unpack(">HHH", answer[312:318]) == (0x04B8, 0x0202, 0x0100)
    assert answer[318:324] == bytes((0, 0, 0, 1, 1, 1))
    assert answer[324:] == bytes((7, 1, 2, 0))
    assert host.connection.ended


def test_an_unplugged_printer_is_not_listed_and_cannot_be_imported(make):
    host = make()
    host.simulation.printer.fault("unplug", 1, 0)
    assert host.operation(0x8005) == bytes.fromhex("011100050000000000000000")
    other = UsbIpConnection(host.device)
    other.received(bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0"))
    assert bytes(other.outgoing) == bytes.fromhex("0111000300000004")
    assert other.ended


def test_it_is_imported_once_at_a_time(make):
    host = make().attached()
    other = UsbIpConnection(host.device)
    other.received(bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0"))
    assert bytes(other.outgoing) == bytes.fromhex("0111000300000002")
    other.closed()
    host.connection.closed()
    again = UsbIpConnection(host.device)
    again.received(bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0"))
    assert again.imported


def test_another_bus_id_is_not_there(make):
    assert make().operation(0x8003, b"1-2".ljust(32, b"\0")) == bytes.fromhex("0111000300000004")


# --- the control pipe -------------------------------------------------------------------------------------------------


def test_descriptors(host):
    status, device = host.control("8006000100001200")
    assert (status, device[:2], len(device)) == (0, b"\x12\x01", 18)
    assert struct.unpack_from("<HH", device, 8) == (0x04B8, 0x0202)
    assert host.control("8006000100000800") == (0, device[:8])
    _, configuration = host.control("800600020000ff00")
    assert configuration == bytes.fromhex("0902200001010 0c001".replace(" ", "")) + bytes.fromhex(
        "090400000207010200 07050102000200 07058202000200".replace(" ", "")
    )
    assert host.control("800600030000ff00") == (0, bytes.fromhex("04030904"))
    assert host.control("800601030904ff00")[1][2:].decode("utf-16-le") == "EPSON"
    assert host.control("800602030904ff00")[1][2:].decode("utf-16-le") == "TM-T88V"
    assert host.control("800603030904ff00")[1][2:].decode("utf-16-le") == "SIM0001"
    assert (
        host.control("800606000000 0a00".replace(" ", ""))[0] == -errno.EPIPE
    )  # a device qualifier: high speed only


def test_a_one_way_printer_has_no_way_back(make):
    host = make(protocols=(1,)).attached()
    _, configuration = host.control("800600020000ff00")
    assert configuration[9:] == bytes.fromhex("090400000107010100 07050102000200".replace(" ", ""))
    seqnum = host.submit(2, into=True, wanted=64)
    assert host.answers() == [(3, seqnum, -errno.EPIPE, 0, b"")]


def test_the_requests_of_the_printer_class(host):
    status, answer = host.control("a100000000000004")
    assert status == 0
    assert int.from_bytes(answer[:2], "big") == len(answer)
    assert b"MDL:TM-T88V;" in answer
    assert host.control("a101000000000100") == (0, b"\x18")
    host.simulation.printer.fault("paper-out", 1, host.now)
    assert host.control("a101000000000100") == (0, b"\x20")
    host.simulation.printer.fault("paper-out", 0, host.now)
    assert host.control("2102000000000000") == (0, b"")
    assert host.control("2302000000000000")[0] == -errno.EPIPE


def test_configuration_and_setting_are_what_the_host_sets(make):
    host = make(protocols=(1, 2)).attached()
    assert host.control("8008000000000100") == (0, b"\x01")
    assert host.control("010b010000000000") == (0, b"")
    assert host.control("810a000000000100") == (0, b"\x01")
    assert host.control("010b020000000000")[0] == -errno.EPIPE
    assert host.control("0009020000000000")[0] == -errno.EPIPE
    assert host.control("0009000000000000") == (0, b"")
    seqnum = host.submit(1, LINE)
    assert host.answers() == [(3, seqnum, -errno.EPIPE, 0, b"")]


# --- transfers --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_printed_and_what_it_says_is_read(host):
    seqnum = host.submit(1, LINE)
    assert host.answers() == [(3, seqnum, 0, len(LINE), b"")]
    reading = host.submit(2, into=True, wanted=64)
    assert host.answers() == []
    host.submit(1, b"\x10\x04\x01")
    assert (3, reading, 0, 1, b"\x12") in host.answers(data_of=reading)
    assert host.simulation.printer.received == len(LINE) + 3


def test_a_transfer_waits_for_room_and_the_ones_after_it_wait_behind(make):
    host = make(speed=1.0).attached()
    host.simulation.printer.fault("paper-out", 1, host.now)
    first, second = host.submit(1, LINE * 500), host.submit(1, LINE)
    assert host.answers() == []
    host.simulation.printer.fault("paper-out", 0, host.now)
    for _ in range(1000):
        host.step(0.1)
    assert host.answers() == [(3, first, 0, 5500, b""), (3, second, 0, 11, b"")]


def test_an_unlinked_transfer_that_was_not_begun_is_given_back_by_the_unlink(host):
    host.simulation.printer.fault("stall", 1, host.now)
    writing, reading = host.submit(1, LINE), host.submit(2, into=True, wanted=64)
    host.unlink(writing)
    assert host.answers() == [(4, host.seqnum, -errno.ECONNRESET, 0, b"")]
    host.unlink(reading)
    assert host.answers() == [(4, host.seqnum, -errno.ECONNRESET, 0, b"")]
    host.simulation.printer.fault("stall", 0, host.now)
    host.step(1)
    assert host.answers() == []
    assert host.simulation.printer.received == 0


def test_an_unlinked_transfer_of_which_a_part_was_taken_says_how_much(host):
    host.simulation.printer.fault("paper-out", 1, host.now)
    writing = host.submit(1, LINE * 500)
    host.unlink(writing)
    assert host.answers() == [(3, writing, -errno.ECONNRESET, 4096, b""), (4, host.seqnum, 0, 0, b"")]
    assert host.simulation.printer.received == 4096


def test_an_unlink_that_comes_too_late_says_so(host):
    seqnum = host.submit(1, LINE)
    host.answers()
    host.unlink(seqnum)
    assert host.answers() == [(4, host.seqnum, 0, 0, b"")]


def test_a_halt_stalls_with_the_bytes_taken_until_it_is_cleared(host):
    host.simulation.printer.fault_at_byte(5, "halt")
    seqnum = host.submit(1, LINE)
    assert host.answers() == [(3, seqnum, -errno.EPIPE, 5, b"")]
    assert host.control("8200000001000200") == (0, b"\x01\x00")
    seqnum = host.submit(1, LINE[5:])
    assert host.answers() == [(3, seqnum, -errno.EPIPE, 0, b"")]
    assert host.control("0201000001000000") == (0, b"")
    seqnum = host.submit(1, LINE[5:])
    assert host.answers() == [(3, seqnum, 0, 6, b"")]
    assert host.control("8200000001000200") == (0, b"\x00\x00")


def test_a_printer_that_hangs_answers_on_no_pipe(host):
    host.simulation.printer.fault("stall", 1, host.now)
    asked = host.submit(0, setup=bytes.fromhex("a101000000000100"), into=True, wanted=1)
    assert host.answers() == []
    host.simulation.printer.fault("stall", 0, host.now)
    host.step()
    assert host.answers(data_of=asked) == [(3, asked, 0, 1, b"\x18")]


# --- what is no kernel ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        bytes.fromhex("0106800500000000"),  # an old version
        bytes.fromhex("0111800600000000"),  # no operation
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_operation_ends_the_connection(make, sent):
    with pytest.raises(ProtocolError):
        make().connection.received(sent)


@pytest.mark.parametrize(
    "header",
    [
        (3, 1, DEVICE_ID, 0, 1, 0, 0, 0, -1, 0),  # an answer
        (1, 1, DEVICE_ID + 1, 0, 1, 0, 0, 0, -1, 0),  # another device
        (1, 1, DEVICE_ID, 2, 1, 0, 0, 0, -1, 0),  # no direction
        (1, 1, DEVICE_ID, 0, 16, 0, 0, 0, -1, 0),  # no endpoint
        (1, 1, DEVICE_ID, 0, 1, 0, 0, 0, 4, 0),  # isochronous
        (1, 1, DEVICE_ID, 0, 1, 0, 0xFFFFFFFF, 0, -1, 0),  # 4 GiB
    ],
)
def test_what_is_no_command_ends_the_connection(host, header):
    with pytest.raises(ProtocolError):
        host.connection.received(struct.pack(">IIIIIIIiii8x", *header))


def test_a_client_holds_so_much_and_no_more(host):
    host.simulation.printer.fault("stall", 1, 0)
    part = bytes(1024 * 1024)
    for _ in range(HELD_BYTES_MAX // len(part)):
        host.submit(1, part)
    with pytest.raises(ProtocolError):
        host.submit(1, part)


def test_so_many_transfers_wait_and_no_more(host):
    for _ in range(TRANSFERS_MAX):
        host.submit(2, into=True, wanted=64)
    with pytest.raises(ProtocolError):
        host.submit(2, into=True, wanted=64)


def test_noise_does_nothing_but_end_the_connection(make):
    noise = random.Random(6)
    host = make()
    for _ in range(300):
        connection = UsbIpConnection(host.device)
        connection.received(bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0"))
        assert connection.imported
        header = bytearray(struct.pack(">IIIIIIIiii8x", 1, 1, DEVICE_ID, 0, 1, 0, 64, 0, -1, 0))
        for _ in range(noise.randrange(6)):
            header[noise.randrange(48)] = noise.randrange(256)
        try:
            connection.received(bytes(header) + noise.randbytes(300))
            connection.advance(0)
        except ProtocolError:
            pass
        connection.closed()


def test_messages_may_come_in_any_pieces(make):
    host = make()
    host.simulation.printer.speed = 0
    stream = bytes.fromhex("0111800300000000") + b"1-1".ljust(32, b"\0")
    stream += struct.pack(">IIIIIIIiii", 1, 1, DEVICE_ID, 0, 0, 0, 0, 0, 0, 0) + bytes.fromhex(
        "0009010000000000"
    )
    stream += struct.pack(">IIIIIIIiii8x", 1, 2, DEVICE_ID, 0, 1, 0, len(LINE), 0, -1, 0) + LINE
    for byte in stream:
        host.connection.received(bytes((byte,)))
        host.step()
    assert host.simulation.printer.received == len(LINE)
