"""The panel's state machine with the clock in hand: what is seen and what is ordered, second by second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tympan.config import PanelSettings
from tympan.panel.machine import Action, PanelMachine, Reset
from tympan.panel.situation import OFF, STARTING, Kind, PrinterView, situation_of

TWO = PanelSettings(ready_led=17, error_led=27, button=22, release_button=23, feed_button=24, buzzer=18)
ALONE = PanelSettings(ready_led=17, button=22)
RGB = PanelSettings(rgb=(5, 6, 13), button=22)

IDLE = PrinterView("receipt", feeds=True)
PRINTING = replace(IDLE, job=True, printing=True)
NO_PAPER = replace(IDLE, job=True, device_stopped=True, reasons=("media-empty-error",))
LOW = replace(IDLE, reasons=("media-low-warning",))
PAUSED = replace(IDLE, paused=True, reasons=("paused",))


class Player:
    """A machine and a clock; it comes when the machine says so, and writes down what it sees."""

    def __init__(self, settings, *printers):
        self.now = 100.0
        self.machine = PanelMachine(settings, self.now)
        self.orders = []
        self.seen = [(self.now, self.machine.outputs(self.now))]
        if printers:
            self.see(*printers)

    def see(self, *printers):
        self.machine.see(situation_of(printers), self.now)
        self.look()

    def look(self):
        self.orders += [(order.action, order.printer, order.pin) for order in self.machine.step(self.now)]
        outputs = self.machine.outputs(self.now)
        if outputs != self.seen[-1][1]:
            self.seen.append((self.now, outputs))

    def wait(self, seconds):
        end = self.now + seconds
        for _ in range(100_000):
            due = self.machine.due_s(self.now)
            if due is None or due > end:
                break
            self.now = due + 1e-9
            self.look()
        else:
            raise AssertionError("it comes again and again")
        self.now = max(self.now, end)
        self.look()

    def press(self, button="button"):
        self.machine.edge(button, self.now, down=True)
        self.look()

    def release(self, button="button"):
        self.machine.edge(button, self.now, down=False)
        self.look()

    def tap(self, button="button", *, times=1):
        for _ in range(times):
            self.press(button)
            self.wait(0.1)
            self.release(button)
            self.wait(0.1)

    def hold(self, seconds, button="button"):
        self.press(button)
        self.wait(seconds)
        self.release(button)

    def blinks(self, light, seconds):
        """How often `light` went on within the next seconds."""
        since = len(self.seen)
        self.wait(seconds)
        before, count = getattr(self.seen[since - 1][1], light), 0
        for _, outputs in self.seen[since:]:
            now = getattr(outputs, light)
            count += now not in {before, False, "off"}
            before = now
        return count

    @property
    def actions(self):
        return [action for action, _, _ in self.orders]

    @property
    def lit(self):
        return self.machine.outputs(self.now)


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_ready_is_solid_and_nothing_has_to_be_done_for_it():
    player = Player(TWO, IDLE)
    assert player.lit == (True, False, "green", False)
    player.wait(1000)
    assert len(player.seen) <= 2
    assert player.machine.due_s(player.now) is None


def test_printing_blinks_slowly():
    player = Player(TWO, PRINTING)
    assert player.blinks("ready", 20) == 10
    assert not player.lit.error


def test_paper_out_blinks_fast_and_the_other_light_once_and_a_pause():
    player = Player(TWO, NO_PAPER)
    player.wait(1.0)
    assert player.blinks("ready", 10) == 40
    assert player.blinks("error", 17.5) == 10  # 0.25 s on, 1.5 s off


@pytest.mark.parametrize(
    ("reason", "blinks"),
    [
        ("media-empty", 1),
        ("cover-open", 2),
        ("cutter-jam", 3),
        ("connecting-to-device", 4),
        ("fuser-over-temp", 5),
        ("toner-empty", 6),
        ("output-area-full", 7),
        ("other", 9),
    ],
)
def test_as_many_blinks_as_the_code(reason, blinks):
    player = Player(TWO, replace(NO_PAPER, reasons=(f"{reason}-error",)))
    round_s = blinks * 0.5 - 0.25 + 1.5
    player.wait(1)
    assert player.blinks("error", 4 * round_s) == 4 * blinks


def test_other_numbers_by_configuration():
    player = Player(replace(TWO, codes={"paper": 4, "away": 1}), NO_PAPER)
    assert player.blinks("error", 3 * 3.25) in {12, 11}  # the first one was on when the counting began


def test_a_light_that_stands_alone_hurries_and_then_counts():
    player = Player(ALONE, replace(NO_PAPER, reasons=("cover-open",)))
    length_s = 1.0 - 0.125 + 0.125 + 0.75 + 0.75 + 1.5
    assert player.blinks("ready", 3 * length_s) == 3 * (4 + 2)


def test_a_light_that_stands_alone_winks_for_a_warning():
    player = Player(ALONE, LOW)
    player.wait(0.1)
    off_s = sum(
        later - at
        for (at, lit), (later, _) in zip(player.seen, [*player.seen[1:], (player.now, None)], strict=True)
        if not lit.ready and at > 100
    )
    assert off_s < 0.2
    assert player.blinks("ready", 31.5) == 10  # 0.15 s off, 3 s on


def test_a_warning_leaves_the_ready_light_on():
    player = Player(TWO, LOW)
    assert player.blinks("error", 17.5) in {9, 10}
    assert player.lit.ready


def test_colours():
    assert Player(RGB, IDLE).lit.colour == "green"
    assert Player(RGB, PRINTING).lit.colour == "blue"
    assert Player(RGB, NO_PAPER).lit.colour == "red"
    player = Player(replace(RGB, printing_colour="cyan"), PRINTING)
    assert {outputs.colour for _, outputs in player.seen} <= {"cyan", "off", "green"}
    assert player.lit.colour == "cyan"


def test_off_is_off_and_starting_beats():
    player = Player(TWO)
    assert player.machine.situation is STARTING
    assert player.blinks("ready", 20) == 10
    player.machine.see(OFF, player.now)
    assert player.lit == (False, False, "off", False)
    assert player.machine.due_s(player.now) is None


def test_the_worst_printer_is_shown():
    shown = situation_of([IDLE, replace(NO_PAPER, name="laser"), replace(PRINTING, name="third")])
    assert (shown.kind, shown.printer, shown.code.name) == (Kind.ATTENTION, "laser", "paper")
    low = situation_of([PRINTING, replace(LOW, name="laser")])
    assert (low.kind, low.printer, low.code.name) == (Kind.PRINTING, "receipt", "paper")
    assert situation_of([]).kind is Kind.READY


def test_a_tap_is_about_the_others_where_one_is_away_without_a_job():
    away = PrinterView("laser", device_stopped=True, reasons=("connecting-to-device",))
    for other, action in ((PRINTING, Action.CANCEL), (PAUSED, Action.RESUME), (IDLE, Action.FEED)):
        player = Player(TWO, away, other)
        player.tap()
        player.wait(2)
        assert player.orders == [(action, "receipt", "")]
        assert player.machine.situation.printer == "laser"
    player = Player(TWO, replace(away, job=True), PRINTING)
    player.tap()
    player.wait(2)
    assert player.orders == [], "it throws nothing away that waits for a person"


def test_paper_of_another_kind_needs_a_person_although_nothing_has_stopped():
    assert situation_of([replace(PRINTING, reasons=("media-needed",))]).kind is Kind.ATTENTION


# --- what taps do -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printer", "action"),
    [
        (IDLE, Action.FEED),
        (PRINTING, Action.CANCEL),
        (PAUSED, Action.RESUME),
        (replace(PAUSED, job=True), Action.RESUME),
        (replace(IDLE, held=2), Action.RELEASE),
        (replace(IDLE, feeds=False), None),
        (NO_PAPER, None),
    ],
)
def test_a_tap(printer, action):
    player = Player(TWO, printer)
    player.tap()
    player.wait(1)
    assert player.orders == ([(action, "receipt", "")] if action else [])


def test_cancel_does_not_wait_for_a_second_tap_which_does_nothing():
    player = Player(TWO, PRINTING)
    player.press()
    player.wait(0.05)
    player.release()
    assert player.actions == [Action.CANCEL]
    player.wait(0.1)
    player.see(IDLE)
    player.tap()
    player.wait(1)
    assert player.actions == [Action.CANCEL]
    player.tap()
    assert player.actions == [Action.CANCEL, Action.FEED]


def test_two_taps_throw_away_the_job_that_waits_for_paper_and_one_does_not():
    player = Player(TWO, NO_PAPER)
    player.tap()
    player.wait(1)
    assert player.actions == []
    player.tap(times=2)
    player.wait(1)
    assert player.actions == [Action.CANCEL]


def test_a_tap_that_can_do_nothing_is_answered_with_a_long_light():
    player = Player(TWO, replace(IDLE, feeds=False))
    player.tap()
    assert player.lit.error
    player.wait(2)
    assert player.lit == (True, False, "green", False)


def test_what_was_done_is_answered_with_two_short_ones():
    player = Player(TWO, IDLE)
    player.tap()
    player.machine.done(player.now, well=True)
    player.look()
    assert player.blinks("buzzer", 1) == 1  # the first of the two sounds already
    assert player.lit.ready


def test_gestures_are_configured():
    player = Player(replace(TWO, on_tap="none", on_two_taps="feed", on_hold="resume"), PAUSED)
    player.tap()
    player.wait(1)
    assert player.actions == []
    player.tap(times=2)
    player.wait(1)
    player.hold(4)
    assert player.actions == [Action.FEED, Action.RESUME]


def test_nothing_is_ordered_before_the_service_runs():
    player = Player(TWO)
    player.tap()
    player.wait(1)
    player.hold(4)
    assert player.orders == []


def test_the_feed_button():
    player = Player(TWO, PRINTING)
    player.tap("feed_button")
    assert player.actions == [Action.FEED]


# --- holds and the factory reset --------------------------------------------------------------------------------------


def test_three_seconds_print_the_page_when_the_button_is_let_go():
    player = Player(TWO, IDLE)
    player.hold(2.9)
    player.wait(1)
    assert player.actions == [Action.FEED]
    player.press()
    player.wait(3.2)
    assert player.actions == [Action.FEED]
    player.release()
    assert player.actions == [Action.FEED, Action.PAGE]


def test_a_hold_right_behind_a_tap_is_a_hold():
    player = Player(TWO, IDLE)
    player.tap()
    player.hold(3.5)
    assert player.actions == [Action.FEED, Action.PAGE]


def test_without_a_reset_the_page_does_not_wait_for_the_button():
    player = Player(replace(TWO, on_long_hold="none"), IDLE)
    player.press()
    player.wait(3.01)
    assert player.actions == [Action.PAGE]
    player.wait(20)
    player.release()
    assert player.actions == [Action.PAGE]
    assert player.machine.reset is Reset.NO


def test_ten_seconds_are_counted_down_and_confirmed_by_a_tap():
    player = Player(TWO, IDLE)
    player.press()
    player.wait(3.5)
    assert player.machine.reset is Reset.COUNTDOWN
    player.wait(1.4)  # 4.9 s
    counted = [player.blinks("error", 1.0) for _ in range(5)]
    assert sum(counted) in {14, 15}
    assert counted == sorted(counted)
    player.wait(0.2)
    assert player.machine.reset is Reset.ARMED
    assert player.lit[:2] == (True, True)
    player.release()
    assert player.machine.reset is Reset.ASKED
    assert player.orders == []
    player.wait(1.0)
    player.tap()
    assert player.actions == [Action.RESET]
    assert player.lit[:2] == (True, True)
    player.tap()
    player.hold(4)
    assert player.actions == [Action.RESET]


def test_who_lets_go_during_the_countdown_gets_nothing():
    player = Player(TWO, IDLE)
    player.hold(7)
    player.wait(2)
    assert player.orders == []
    assert player.machine.reset is Reset.NO
    assert player.lit == (True, False, "green", False)


def test_a_reset_that_nobody_confirms_does_not_happen():
    player = Player(TWO, IDLE)
    player.hold(10.5)
    player.wait(5.5)
    assert player.machine.reset is Reset.NO
    player.tap()
    assert player.actions == [Action.FEED]


def test_something_that_lies_on_the_button_resets_nothing():
    player = Player(TWO, IDLE)
    player.press()
    player.wait(3600)
    player.release()
    player.wait(1)
    player.tap()
    assert player.actions == [Action.FEED]


def test_a_reset_that_failed_leaves_the_panel_usable():
    player = Player(TWO, IDLE)
    player.hold(10.5)
    player.wait(0.5)
    player.tap()
    player.machine.done(player.now, well=False)
    player.wait(2)
    assert player.lit == (True, False, "green", False)
    player.tap()
    assert player.actions == [Action.RESET, Action.FEED]


# --- held jobs and PINs -----------------------------------------------------------------------------------------------


def test_the_release_button():
    player = Player(TWO, replace(IDLE, held=1))
    player.tap("release_button")
    assert player.actions == [Action.RELEASE]
    player.see(IDLE)
    player.tap("release_button")
    player.wait(1)
    assert player.actions == [Action.RELEASE]


def tap_pin(player, pin):
    for digit in pin:
        player.tap("release_button", times=int(digit) or 10)
        player.wait(1.2)
    player.wait(4)


def test_a_pin():
    player = Player(TWO, replace(IDLE, pins=1))
    tap_pin(player, "1203")
    assert player.orders == [(Action.RELEASE_PIN, "receipt", "1203")]


def test_a_pin_whose_job_went_away_is_forgotten():
    player = Player(TWO, replace(IDLE, pins=1))
    player.tap("release_button", times=3)
    player.see(IDLE)
    player.wait(10)
    assert player.orders == []


def test_each_digit_is_answered():
    player = Player(TWO, replace(IDLE, pins=1))
    player.tap("release_button", times=2)
    assert player.blinks("error", 1.2) == 1


def test_holding_it_releases_what_needs_no_pin():
    player = Player(TWO, replace(IDLE, pins=1, held=1))
    player.hold(3.5, "release_button")
    assert player.actions == [Action.RELEASE]


# --- Identify-Printer and the buzzer ----------------------------------------------------------------------------------


def test_identify_flashes_and_sounds_and_ends():
    player = Player(TWO, IDLE)
    player.machine.identify(player.now, flash=True, sound=True)
    player.look()
    assert player.blinks("buzzer", 9.5) == 9  # the first sounds already
    player.wait(1)
    assert player.lit == (True, False, "green", False)
    assert player.machine.due_s(player.now) is None


def test_who_presses_has_found_it():
    player = Player(TWO, PRINTING)
    player.machine.identify(player.now, flash=True, sound=True)
    player.wait(1)
    player.tap()
    player.wait(1)
    assert player.orders == []
    assert not player.lit.buzzer
    player.tap()
    assert player.actions == [Action.CANCEL]


def test_the_buzzer_says_the_code_and_reminds_of_it():
    player = Player(TWO, replace(NO_PAPER, reasons=("cutter-jam",)))
    assert player.lit.buzzer
    assert player.blinks("buzzer", 59) == 2
    assert player.blinks("buzzer", 30) == 3
    player.see(IDLE)
    assert player.blinks("buzzer", 300) == 0


def test_a_quiet_buzzer_sounds_for_identify_only():
    player = Player(replace(TWO, buzzer_quiet=True), NO_PAPER)
    assert player.blinks("buzzer", 200) == 0
    player.tap()
    assert not player.lit.buzzer
    player.machine.identify(player.now, flash=False, sound=True)
    player.look()
    assert player.lit.buzzer


def test_it_is_said_once_where_it_is_not_to_be_repeated():
    player = Player(replace(TWO, buzzer_repeat_s=0), NO_PAPER)
    player.wait(1)
    assert player.blinks("buzzer", 1000) == 0
