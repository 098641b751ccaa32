"""The log of how printers are: what a person needs, once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from tympan.ipp.enums import PrinterState
from tympan.service.events import Event
from tympan.service.state_log import MAX_LINES, WINDOW_S, StateLog

IDLE, PRINTING, STOPPED = PrinterState.IDLE, PrinterState.PROCESSING, PrinterState.STOPPED


@dataclass(eq=False)
class Printer:
    name: str = "laser"
    state: PrinterState = IDLE
    reasons: tuple[str, ...] = ("none",)
    message: str = ""


class Desk:
    def __init__(self):
        self.now, self.timers = 0.0, []
        self.printer = Printer()
        self.log = StateLog(
            lambda: self.now, lambda delay, function: self.timers.append((self.now + delay, function))
        )

    def is_now(self, state, *reasons, message=""):
        self.printer.state, self.printer.reasons, self.printer.message = state, reasons or ("none",), message
        self.log.hear(Event("printer-state-changed", self.printer))

    def passes(self, seconds):
        self.now += seconds
        due = [function for at, function in self.timers if at <= self.now]
        self.timers = [each for each in self.timers if each[0] > self.now]
        for function in due:
            function()


@pytest.fixture
def desk(caplog):
    caplog.set_level(logging.INFO)
    return Desk()


def test_a_printer_that_stops_is_said_with_its_reason_and_when_it_is_well_again(desk, caplog):
    desk.is_now(PRINTING)
    desk.is_now(STOPPED, "media-empty-error", message="The roll is at its end.")
    desk.is_now(STOPPED, "media-empty-error", message="The roll is at its end.")
    desk.is_now(PRINTING)
    desk.is_now(IDLE)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "printer laser stopped: The roll is at its end. [media-empty-error]"),
        ("INFO", "printer laser is well"),
    ]


def test_a_warning_is_no_stop_and_has_words_where_the_device_has_none(desk, caplog):
    desk.is_now(IDLE, "cover-open-warning")
    assert caplog.messages == ["printer laser says: A cover is open. [cover-open-warning]"]


def test_printing_leaves_no_line(desk, caplog):
    for _ in range(100):
        desk.is_now(PRINTING)
        desk.is_now(IDLE)
    assert caplog.messages == []


def test_one_that_flutters_is_told_some_times_then_as_it_is_after_a_minute(desk, caplog):
    for _ in range(500):
        desk.is_now(STOPPED, "connecting-to-device", message="Gone.")
        desk.is_now(IDLE)
    assert len(caplog.messages) == MAX_LINES
    desk.passes(WINDOW_S)
    assert caplog.messages[MAX_LINES:] == [
        f"printer laser has changed {1000 - MAX_LINES} times within a minute; what follows is how it is now",
        "printer laser is well",
    ]
    desk.passes(WINDOW_S)
    assert len(caplog.messages) == MAX_LINES + 2
    desk.is_now(STOPPED, "cover-open")
    assert caplog.messages[-1] == "printer laser stopped: A cover is open. [cover-open]"


def test_one_that_is_deleted_while_it_flutters_is_forgotten(desk, caplog):
    for _ in range(20):
        desk.is_now(STOPPED, "cover-open")
        desk.is_now(IDLE)
    desk.log.hear(Event("printer-deleted", desk.printer))
    desk.passes(WINDOW_S)
    assert len(caplog.messages) == MAX_LINES


def test_events_of_jobs_and_of_the_system_are_not_looked_at(desk, caplog):
    desk.printer.state = STOPPED
    desk.log.hear(Event("job-completed", desk.printer, job=object()))
    desk.log.hear(Event("system-state-changed"))
    assert caplog.messages == []
