"""DTR/DSR without an overrun: the pace of writing against the physics of adapters and printers, time as a parameter."""

from __future__ import annotations

import random

import pytest
from serial_physics import SerialPhysics

from tympan_drivers.line_pace import LOOK_S, LinePace, room_needed, window_bytes

JOB = random.Random(1).randbytes(4000)

UART = {"chip_bytes": 16, "report_s": 0.0}
FT232R = {"chip_bytes": 128, "report_s": 0.002, "carry_s": 0.001}
CP2102 = {"chip_bytes": 640, "report_s": 0.002, "carry_s": 0.001}
ADAPTERS = {"UART": UART, "FT232R": FT232R, "CP2102": CP2102}


def send(world, room_now, given, job=JOB, *, hiccups=0.0, pause_s=LOOK_S, limit_s=60.0):
    """Send a job as the transport does it: look, ask DSR, write; returns the seconds it took to arrive."""
    chance = random.Random(2)
    now, at = 0.0, 0
    while at < len(job) or world.under_way:
        world.advance(now)
        room = room_now(now)
        # The machine may do something else between the look and the write.
        delay = chance.uniform(0, 0.02) if chance.random() < hiccups else 0.0
        if world.data_set_ready() and room:
            world.advance(now + delay)
            part = job[at : at + room]
            world.give(part)
            given(len(part), now + delay)
            at += len(part)
        now += delay + pause_s
        assert now < limit_s
    return now


def paced(world, baud, room):
    pace = LinePace(baud / 10, room)

    def room_now(now):
        pace.look(now, len(world.queue))
        return pace.room()

    return room_now, pace.given


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(
    ("baud", "stop", "room"),
    [(9600, 16, 16), (9600, 64, 64), (19200, 64, 64), (38400, 64, 64), (115_200, 64, 64), (115_200, 128, 128), (230_400, 256, 256)],
)  # fmt: skip
def test_a_slow_printer_loses_nothing(adapter, baud, stop, room):
    """It prints at a third of the line's speed and stops the host dozens of times."""
    world = SerialPhysics(
        baud / 10, buffer_bytes=max(512, 4 * stop), stop_bytes=stop, go_bytes=2 * stop,
        print_bytes_per_s=baud / 30, **ADAPTERS[adapter],
    )  # fmt: skip
    send(world, *paced(world, baud, room), hiccups=0.01)
    assert world.stops > 3
    assert world.lost == 0
    assert bytes(world.arrived) == JOB


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("baud", [9600, 38_400, 115_200])
def test_a_printer_that_never_stops_gets_what_the_line_carries(adapter, baud):
    world = SerialPhysics(baud / 10, **ADAPTERS[adapter])
    took = send(world, *paced(world, baud, 64))
    assert len(JOB) / took > 0.9 * baud / 10
    assert bytes(world.arrived) == JOB


@pytest.mark.parametrize(
    ("adapter", "naive"),
    [
        # What the kernel counts and no more: the adapter's own buffer takes all there is.
        ("FT232R", lambda world: max(0, 64 - len(world.queue))),
        ("CP2102", lambda world: 64 if len(world.queue) <= 32 else 0),
        # DSR and no more: the queue takes all there is, before the printer has seen any of it.
        ("UART", lambda _: 64),
    ],
)
def test_the_physics_bite(adapter, naive):
    """Algorithms that look right, and lose bytes."""
    world = SerialPhysics(
        3840, buffer_bytes=512, stop_bytes=64, go_bytes=128, print_bytes_per_s=1280, **ADAPTERS[adapter]
    )
    send(world, lambda _: naive(world), lambda *_: None)
    assert world.lost > 0


def test_a_port_that_was_never_looked_at_early_has_nothing_under_way():
    pace = LinePace(960)
    pace.look(1000.0, 0)
    assert pace.under_way == 0


def test_under_way_is_what_the_clock_and_the_kernel_say():
    pace = LinePace(1000)
    pace.look(0.0, 0)
    pace.given(100, 0.0)
    assert pace.under_way == 100
    pace.look(0.05, 0)  # the adapter swallowed it, and has sent half
    assert pace.under_way == 52  # and the first of it may have gone out 2 ms late
    pace.look(0.06, 80)  # the kernel knows better
    assert pace.under_way == 82
    pace.look(0.16, 80, moving=False)  # the printer holds it
    assert pace.under_way == 82
    pace.look(0.161, 0, moving=False)
    assert pace.under_way == 82
    pace.look(10.0, 0)
    assert pace.under_way == 0


def test_no_more_is_taken_for_under_way_than_fits():
    pace = LinePace(1000, adapter_bytes=16)
    pace.look(0.0, 0)
    pace.given(4000, 0.0)
    pace.look(0.001, 0)
    assert pace.under_way == 18  # the same 2 ms


@pytest.mark.parametrize(
    ("baud", "room", "window"), [(9600, 64, 60), (38_400, 64, 48), (115_200, 64, 17), (230_400, 64, 8)]
)
def test_the_numbers_of_the_docstring(baud, room, window):
    assert window_bytes(baud / 10, room) == window


def test_what_room_a_speed_needs():
    for baud in (9600, 38_400, 115_200, 230_400, 921_600):
        needed = room_needed(baud / 10)
        assert window_bytes(baud / 10, needed) + baud / 10 * 0.004 <= needed


@pytest.mark.parametrize("baud", [1200, 9600, 38_400, 115_200])
def test_other_handshakes_keep_little_in_the_kernel_and_the_line_busy(baud):
    rate = baud / 10
    pace = LinePace(rate)
    pace.look(0.0, 0)
    first = pace.room()
    assert first >= 64
    assert first / rate <= 0.6
    pace.given(first, 0.0)
    assert pace.room() == 0
    assert first / rate > 2 * pace.pause_s  # it is looked at again long before it runs dry
