"""The socket transport against real networks: hosts that vanish, windows that shut, ends that are clean and ends that are not.

The half-open ones need a network of their own (network namespaces, root), where a cable can be pulled: no packet comes back, not even a
reset.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import network
import pytest

from tympan.driver.contract import MAX_WRITE_TIMEOUT_S, TransportContext
from tympan.errors import DeviceError, DeviceGoneError, DeviceNotFoundError
from tympan_drivers import tcp_connect
from tympan_drivers.socket_stream import CONNECT_TIMEOUT_S, SocketTransport

CONTEXT = TransportContext("laser", Path("/"))
FOUND_S = 12.0
"""A peer that is gone is found within about ten seconds."""

JOB = os.urandom(3_000_000)


def listen(family=socket.AF_INET, host="127.0.0.1", *, window=0, backlog=5):
    listener = socket.socket(family)
    if window:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    listener.bind((host, 0))
    listener.listen(backlog)
    listener.settimeout(10)
    return listener


def uri(listener, more=""):
    host, port = listener.getsockname()[:2]
    return f"socket://[{host}]:{port}{more}" if ":" in host else f"socket://{host}:{port}{more}"


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def printer():
    """A listener, and a transport that is connected to it."""
    with listen(window=4096) as listener:
        transport = SocketTransport(uri(listener, "?close=idle"), CONTEXT)
        transport.open()
        connection, _ = listener.accept()
        yield transport, connection, listener
        connection.close()
        transport.close()


def until_gone(*calls):
    """Call them again and again; the seconds until one says that the printer is gone."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < FOUND_S + 5:
            for call in calls:
                call()
    except DeviceGoneError:
        return time.monotonic() - began
    pytest.fail("it is not found to be gone")


def writing(transport):
    return until_gone(lambda: transport.write(JOB[:10_000], 0.05), lambda: transport.read(100, 0.05))


def _drain(connection, until):
    while time.monotonic() < until and connection.recv(100_000):
        pass


def end(transport):
    limit = time.monotonic() + 5
    while not transport.end_job(MAX_WRITE_TIMEOUT_S):
        assert time.monotonic() < limit


# --- ends -------------------------------------------------------------------------------------------------------------


def test_a_reset_after_the_last_byte_is_no_clean_end(printer):
    transport, connection, _ = printer
    transport.write(b"receipt", 0.1)
    assert connection.recv(100) == b"receipt"
    reset(connection)
    with pytest.raises(DeviceGoneError):
        end(transport)


def test_a_printer_that_ends_its_side_has_nothing_more_to_say(printer):
    transport, connection, _ = printer
    transport.write(b"receipt", 0.1)
    assert connection.recv(100) == b"receipt"
    connection.shutdown(socket.SHUT_WR)
    began = time.monotonic()
    assert transport.read(100, 0.1) == transport.read(100, 0.1) == b""
    assert time.monotonic() - began >= 0.1  # who asks again at once does not spin
    transport.write(b"more", 0.1)
    assert connection.recv(100) == b"more"
    end(transport)


def test_a_printer_that_closes_in_mid_job_is_gone_and_what_it_did_not_take_is_known(printer):
    transport, connection, _ = printer
    counted, taken = 0, b""
    while count := transport.write(JOB[counted : counted + 20_000], 0.05):
        counted += count
    taken = connection.recv(1000)
    reset(connection)
    writing(transport)
    assert counted - transport.unsent() >= len(taken)
    transport.close()
    assert len(taken) <= counted - transport.unsent() < counted


def test_a_connection_that_the_printer_ended_between_jobs_is_told_before_the_next(printer):
    transport, connection, _ = printer
    transport.begin_job(1, "bin")
    transport.write(b"receipt", 0.1)
    assert connection.recv(100) == b"receipt"
    end(transport)
    transport.begin_job(2, "bin")
    end(transport)
    connection.close()
    with pytest.raises(DeviceGoneError, match="ended the connection"):
        transport.begin_job(3, "bin")


def test_a_printer_that_never_says_anything_gets_its_job(printer):
    transport, connection, _ = printer
    connection.shutdown(socket.SHUT_WR)
    transport.read(100, 0.1)
    transport.begin_job(1, "bin")
    transport.write(b"receipt", 0.1)
    assert connection.recv(100) == b"receipt"
    end(transport)


def test_the_end_does_not_make_the_printer_throw_away_what_it_has(monkeypatch):
    """Status that lies unread in a closed socket, or comes to one, is answered with a reset (RFC 1122 §4.2.2.13)."""
    monkeypatch.setattr(tcp_connect, "LINGER_S", 1.0)
    with listen() as listener:
        transport = SocketTransport(uri(listener), CONTEXT)
        transport.open()
        connection, _ = listener.accept()
        with connection:
            transport.write(b"receipt", 0.1)
            connection.sendall(b"\x12 status that nobody reads")
            end(transport)
            transport.close()
            connection.sendall(b"\x12 and more")
            time.sleep(0.1)
            connection.sendall(b"\x12 and more")
            assert connection.recv(100) == b"receipt"
            assert connection.recv(100) == b""  # a clean end; a reset would be an error here


def test_a_stopped_job_does_not_keep_a_printer_busy_that_serves_one_at_a_time(printer):
    transport, connection, _ = printer
    while transport.write(JOB, 0.05):
        pass
    transport.close()
    until_gone_at = time.monotonic() + 5
    with pytest.raises(ConnectionResetError):
        _drain(connection, until_gone_at)
    assert transport.unsent() > 0


def test_megabytes_do_not_go_into_the_kernel(printer):
    transport, _, _ = printer
    counted = 0
    while count := transport.write(JOB[counted:], 0.1):
        counted += count
    assert counted < 400_000


# --- connecting -------------------------------------------------------------------------------------------------------


def test_ipv6():
    with listen(socket.AF_INET6, "::1") as listener:
        transport = SocketTransport(uri(listener), CONTEXT)
        transport.open()
        connection, _ = listener.accept()
        with connection:
            assert transport.write(b"receipt", 0.1) == 7
            assert connection.recv(100) == b"receipt"
        transport.close()


def test_the_next_address_where_the_first_refuses(monkeypatch):
    with listen() as listener:
        port = listener.getsockname()[1]
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

        def getaddrinfo(host, port, *, type, flags):  # noqa: A002 — the system's name
            del port, type
            assert host == "laser.lan"
            if flags:
                raise socket.gaierror("no number")
            return found

        monkeypatch.setattr(tcp_connect.socket, "getaddrinfo", getaddrinfo)
        transport = SocketTransport(f"socket://laser.lan:{port}", CONTEXT)
        transport.open()
        listener.accept()[0].close()
        transport.close()
        # A name server that went away does not matter any more.
        found.clear()
        monkeypatch.setattr(
            tcp_connect.socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror("gone"))
        )
        transport.open()
        listener.accept()[0].close()
        transport.close()


def test_a_printer_whose_address_is_known_is_reached_while_the_resolver_hangs(monkeypatch):
    go = threading.Event()
    with listen() as listener:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname())]
        hangs = threading.Event()

        def getaddrinfo(host, port, *, type, flags):  # noqa: A002 — the system's name
            del host, port, type
            if flags:
                raise socket.gaierror("no number")
            if hangs.is_set():
                go.wait(20)
            return found

        monkeypatch.setattr(tcp_connect.socket, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(tcp_connect, "KNOWN_LOOK_UP_S", 0.1)
        monkeypatch.setattr("tympan_drivers.socket_stream.CONNECT_TIMEOUT_S", 2.0)
        transport = SocketTransport(f"socket://laser.lan:{listener.getsockname()[1]}", CONTEXT)
        reached = []
        for _ in range(3):
            transport.open()
            connection, _ = listener.accept()
            reached.append(connection.getsockname())
            connection.close()
            transport.close()
            hangs.set()
        assert reached == 3 * [listener.getsockname()]
    go.set()


def test_a_resolver_that_hangs_holds_nobody_up(monkeypatch):
    go = threading.Event()

    def hang(host, port, *, type, flags):  # noqa: A002 — the system's name
        del host, port, type
        if flags:
            raise socket.gaierror("no number")
        go.wait(20)
        return []

    monkeypatch.setattr(tcp_connect.socket, "getaddrinfo", hang)
    monkeypatch.setattr("tympan_drivers.socket_stream.CONNECT_TIMEOUT_S", 0.3)
    began = time.monotonic()
    with pytest.raises(DeviceNotFoundError, match="nobody says in time"):
        SocketTransport("socket://slow.lan", CONTEXT).open()
    assert time.monotonic() - began < 1.0
    go.set()


# --- a network where cables can be pulled -------------------------------------------------------------------------------


class Wired:
    """Two hosts on a switch: ours, and the printer's."""

    def __init__(self, lan):
        self.here, self.printer = lan.host("here"), lan.host("printer")
        self._lan = lan

    def listener(self, *, window=0):
        """A listening socket on the printer."""
        made = self.printer.socket(kind=socket.SOCK_STREAM)
        if window:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        made.bind((self.printer.ipv4, 0))
        made.listen(5)
        made.settimeout(10)
        return made

    def pull(self):
        self._lan.run("ip", "link", "set", self.printer.port, "down")

    def plug(self):
        self._lan.run("ip", "link", "set", self.printer.port, "up")

    def on_this_side(self, function):
        """Run it in our host's network; a thread of its own, since the namespace is the thread's."""

        def run():
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/proc/{self.here.pid}/ns/net").open("rb") as file:
                assert libc.setns(file.fileno(), 0x40000000) == 0
            return function()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run).result()


@pytest.fixture(scope="module")
def wired():
    if problem := network.why_not():
        pytest.skip(problem)
    with network.Lan(87) as lan:
        yield Wired(lan)


def connected(wired, listener):
    transport = SocketTransport(
        f"socket://{wired.printer.ipv4}:{listener.getsockname()[1]}?close=idle", CONTEXT
    )
    wired.on_this_side(transport.open)
    connection, _ = listener.accept()
    return transport, connection


def test_a_peer_that_vanishes_is_found_whatever_we_do(wired):
    """Writing, waiting for the last acknowledgement, waiting for what it says, and before a shut window: the cable is pulled under all."""

    def at_the_end(transport):
        transport.write(b"the last line", 0.1)
        return until_gone(lambda: transport.end_job(0.1))

    def idle(transport):
        return until_gone(lambda: transport.read(100, 0.1))

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        listener = stack.enter_context(wired.listener(window=4096))
        ways = []
        for _ in range(4):
            transport, connection = connected(wired, listener)
            stack.callback(transport.close)
            stack.enter_context(connection)
            ways.append((transport, connection))
        full = ways[3][0]
        while full.write(JOB[:50_000], 0.3):
            pass
        time.sleep(1.5)  # the window is shut, and asked about
        wired.pull()
        try:
            took = [
                job.result()
                for job in [
                    pool.submit(function, transport)
                    for function, (transport, _) in zip(
                        (writing, at_the_end, idle, writing), ways, strict=True
                    )
                ]
            ]
        finally:
            wired.plug()
    assert max(took) < FOUND_S, took
    assert min(took) > 5, took  # and not at the first packet that was lost


def test_a_printer_that_takes_nothing_for_long_is_no_peer_that_vanished(wired):
    """Out of paper: the window stays shut, far longer than a silent peer is waited for; then it goes on, and nothing is lost."""
    with wired.listener(window=4096) as listener:
        transport, connection = connected(wired, listener)
        counted = 0
        while count := transport.write(JOB[counted:], 0.3):
            counted += count
        until = time.monotonic() + 24
        while time.monotonic() < until:
            counted += transport.write(JOB[counted:], 0.1)
            transport.read(10, 0.1)
        received = bytearray()
        connection.settimeout(10)
        with connection:
            while len(received) < counted:
                received += connection.recv(100_000)
        assert bytes(received) == JOB[:counted]
        transport.close()


def test_a_cable_that_is_back_soon_costs_nothing(wired):
    with wired.listener() as listener:
        transport, connection = connected(wired, listener)
        wired.pull()
        assert transport.write(b"receipt", 0.1) == 7
        time.sleep(2)
        wired.plug()
        with connection:
            connection.settimeout(10)
            assert connection.recv(100) == b"receipt"
            until = time.monotonic() + 8
            while not transport.end_job(0.1):
                assert time.monotonic() < until
        transport.close()


def test_a_host_that_is_not_there_is_given_up_in_time(wired):
    wired.pull()
    try:
        began = time.monotonic()
        transport = SocketTransport(f"socket://{wired.printer.ipv4}:9100", CONTEXT)
        with pytest.raises(DeviceNotFoundError):
            wired.on_this_side(transport.open)
        assert time.monotonic() - began < CONNECT_TIMEOUT_S + 1
    finally:
        wired.plug()


def test_no_network_at_all(wired):
    transport = SocketTransport("socket://192.0.2.1:9100", CONTEXT)
    with pytest.raises(DeviceNotFoundError) as failure:
        wired.on_this_side(transport.open)
    assert isinstance(failure.value, DeviceError)
    assert "unreachable" in str(failure.value)
