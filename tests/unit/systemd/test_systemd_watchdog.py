"""Signs of life: time is a parameter, systemd's side is sd_watchdog_enabled(3): a sign within every WATCHDOG_USEC or the end."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from tympan.errors import SpoolError
from tympan.systemd.unit import watchdog_s
from tympan.systemd.vitals import LINK_PATIENCE_S, SPOOL_PATIENCE_S, Vitals
from tympan.systemd.watchdog import SILENCE_S, STEP_S, Pulse, Watchdog, where_is

TIMEOUT_S = 30.0


class Patient:
    """A pulse whose loop answers after `delay_s`, or never; the time is counted."""

    def __init__(self, delay_s=0.0, hung=()):
        self.now, self.delay_s, self.hung = 1000.0, delay_s, hung
        self.signs, self.said, self.asked_at = [], [], None
        self.pulse = Pulse(TIMEOUT_S / 2, self.ask, lambda: self.signs.append(self.now), self.said.append)

    def ask(self):
        self.asked_at = self.now

    def live(self, seconds):
        end = self.now + seconds
        while self.now < end:
            if self.asked_at is not None and self.now >= self.asked_at + self.delay_s:
                self.asked_at = None
                self.pulse.answered(tuple(self.hung))
            self.pulse.step(self.now)
            self.now += STEP_S


def test_a_service_that_is_well_gives_a_sign_at_once_and_at_half_of_the_time():
    patient = Patient()
    patient.live(100)
    gaps = [b - a for a, b in zip(patient.signs, patient.signs[1:], strict=False)]
    assert patient.signs[0] <= 1000.0 + 2 * STEP_S
    assert gaps
    assert all(TIMEOUT_S / 2 - STEP_S <= gap <= TIMEOUT_S / 2 + 2 * STEP_S for gap in gaps)
    assert patient.said == []


def test_a_loop_that_hangs_gives_no_sign_and_is_said_once():
    patient = Patient()
    patient.live(20)
    given = len(patient.signs)
    patient.delay_s = float("inf")
    patient.live(100)
    assert len(patient.signs) == given
    assert patient.said == ["the event loop does not answer"]


@pytest.mark.parametrize("delay_s", [1.0, SILENCE_S + 1, 14.0])
def test_a_loop_that_is_slow_lives(delay_s):
    patient = Patient(delay_s=delay_s)
    patient.live(300)
    gaps = [b - a for a, b in zip([1000.0, *patient.signs], patient.signs, strict=False)]
    assert max(gaps) < TIMEOUT_S
    assert bool(patient.said) == (delay_s > SILENCE_S)


def test_what_hangs_stops_the_signs_until_it_comes_loose():
    patient = Patient(hung=["the link to usb://1:2 has been stuck for 21 s"])
    patient.live(20)
    patient.hung = ["the link to usb://1:2 has been stuck for 41 s"]
    patient.live(20)
    assert patient.signs == []
    assert patient.said == ["the link to usb://1:2 has been stuck for 21 s"]
    patient.hung = []
    patient.live(2)
    assert len(patient.signs) == 1


def test_another_thing_that_hangs_is_said_too():
    patient = Patient(hung=["a"])
    patient.live(3)
    patient.hung = ["a", "b"]
    patient.live(3)
    assert patient.said == ["a", "b"]


class Service:
    def __init__(self):
        self.links, self.spool = {}, asyncio.Event()

    async def confirm_spool(self):
        await self.spool.wait()

    def stuck_links(self, _now):
        return self.links


async def test_links_are_stuck_when_a_call_exceeds_its_limit_by_far():
    service, vitals = Service(), Vitals()
    vitals.watch(service)
    service.links = {"usb://1:2": LINK_PATIENCE_S, "lp:///dev/usb/lp0": LINK_PATIENCE_S + 1}
    assert vitals.examine(0.0) == ("the link to lp:///dev/usb/lp0 has been stuck for 61 s",)
    service.links = {"usb://1:2": float("inf")}
    assert vitals.examine(0.0) == ("the thread of the link to usb://1:2 has ended",)
    vitals.watch(None)
    assert vitals.examine(0.0) == ()


async def test_a_spool_that_does_not_answer_hangs_after_its_time():
    service, vitals = Service(), Vitals()
    vitals.watch(service)
    assert vitals.examine(100.0) == ()
    assert vitals.examine(100.0 + SPOOL_PATIENCE_S) == ()
    assert vitals.examine(101.0 + SPOOL_PATIENCE_S) == ("the spool has written nothing for 61 s",)
    service.spool.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert vitals.examine(200.0) == ()  # it has answered, and is asked anew
    assert vitals.examine(200.0 + SPOOL_PATIENCE_S) == ()
    vitals.watch(None)


async def test_a_full_disk_is_an_answer():
    class Full(Service):
        async def confirm_spool(self):
            raise SpoolError("the disk is full")

    vitals = Vitals()
    vitals.watch(Full())
    for now in (0.0, 100.0, 200.0):
        assert vitals.examine(now) == ()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_the_thread_asks_the_loop():
    signs = asyncio.Event()
    loop = asyncio.get_running_loop()
    watchdog = Watchdog(0.2, lambda _now: (), lambda: loop.call_soon_threadsafe(signs.set))
    watchdog.start()
    async with asyncio.timeout(10):
        await signs.wait()
    watchdog.stop()
    watchdog._thread.join(5)


def test_the_stack_of_what_hangs_says_where():
    inside, done = threading.Event(), threading.Event()

    def hangs_here():
        inside.set()
        done.wait()

    thread = threading.Thread(target=hangs_here)
    thread.start()
    inside.wait()
    text = where_is(sys._current_frames()[thread.ident])
    done.set()
    thread.join()
    assert "hangs_here (test_systemd_watchdog.py:" in text
    assert "\n" not in text
    assert where_is(None) == "its thread has ended"


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_whether_signs_are_wanted(variables, seconds):
    assert watchdog_s(variables, 7) == seconds
