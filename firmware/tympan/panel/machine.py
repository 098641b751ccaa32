"""The panel's state machine: situations and edges in, what the lights are and what is to be done out.

1. It has no clock and does nothing: every call says what time it is (seconds that only go forward), `step` returns what is
   to be done, `outputs` what the lights and the buzzer are, and `due_s` when to come again.
2. Orders come in the sequence of what somebody did; what an order came to is told by `done`.
3. What is shown: the countdown and the question of a factory reset, then the answer to what was pressed, then Identify-Printer, then
   the situation.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple

from tympan.config import PanelSettings
from tympan.config.tables.panel import BUTTONS
from tympan.panel import pattern
from tympan.panel.button import Button, Gesture, Gestured, Times
from tympan.panel.faces import DARK, Face, Faces
from tympan.panel.pattern import Pattern
from tympan.panel.pin_entry import Entered, Entry, PinEntry
from tympan.panel.situation import STARTING, Kind, Situation


class Action(enum.Enum):
    """What somebody wants who pressed something; the values are those of the configuration."""

    CANCEL = "cancel"
    RESUME = "resume"
    RELEASE = "release"
    RELEASE_PIN = "release-pin"
    FEED = "feed"
    PAGE = "configuration-page"
    RESET = "factory-reset"


class Order(NamedTuple):
    """Something to be done.

    Attributes:
        action: What.
        printer: The printer that is shown; empty where there is none.
        pin: The digits of a PIN.
    """

    action: Action
    printer: str = ""
    pin: str = ""


class Outputs(NamedTuple):
    """What lights and buzzer are.

    Attributes:
        ready: The light ``ready_led``.
        error: The light ``error_led``.
        colour: The light ``rgb``: a colour's name, or ``off``.
        buzzer: The buzzer.
    """

    ready: bool = False
    error: bool = False
    colour: str = DARK
    buzzer: bool = False


@dataclass(slots=True)
class _Playing:
    """A pattern, and when it began."""

    pattern: Pattern
    since_s: float

    def on(self, now_s: float) -> bool:
        return self.pattern.at(now_s - self.since_s).on

    def is_over(self, now_s: float) -> bool:
        return not self.pattern.repeats and now_s >= self.since_s + self.pattern.length_s

    def next_s(self, now_s: float) -> float:
        return now_s + self.pattern.at(now_s - self.since_s).left_s


class Reset(enum.Enum):
    """How far somebody is on the way to a factory reset."""

    NO = "no"
    COUNTDOWN = "countdown"
    """The button is held, and the lights count down."""
    ARMED = "armed"
    """It has been held long enough: it is to be let go."""
    ASKED = "asked"
    """It was let go: one tap says yes."""
    DONE = "done"


COUNTDOWN_S: Final = 5.0
"""At most so much of a long hold is counted down."""

LET_GO_S: Final = 10.0
"""A button that is held for longer after the countdown is stuck, or something lies on it."""

CONFIRM_S: Final = 5.0
"""How long a tap may confirm."""

_IDENTIFY_BEEP: Final = Pattern((pattern.Step(on=True, length_s=0.15), pattern.Step(on=False, length_s=0.85)))

NEVER: Final = pattern.FOREVER


class PanelMachine:
    """What a panel does.

    Args:
        settings: What there is, what it means, how long it takes.
        now_s: When it begins.
    """

    def __init__(self, settings: PanelSettings, now_s: float) -> None:
        self._settings = settings
        self._faces = Faces(settings)
        times = Times(
            settings.debounce_ms / 1000, settings.tap_gap_ms / 1000, settings.hold_s, settings.long_hold_s
        )
        self._buttons: dict[str, Button] = {name: Button(times) for name in BUTTONS if name in settings.lines}
        self._pin = PinEntry(settings.digit_pause_ms / 1000, settings.pin_pause_ms / 1000)
        self._situation = STARTING
        self._face = self._faces.face(STARTING)
        self._face_since_s = now_s
        self._answer: Face | None = None
        self._answer_since_s = self._answer_until_s = now_s
        self._identify: Face | None = None
        self._identify_since_s = self._identify_until_s = now_s
        self._tune: _Playing | None = None
        self._tune_is_identify = False
        self._remind_at_s = NEVER
        self._reset = Reset.NO
        self._reset_face = self._faces.all_lights(pattern.OFF)
        self._reset_since_s = now_s
        self._reset_until_s = NEVER
        self._spent: set[str] = set()  # buttons whose taps have had their effect, until the last of them
        self._ignored: set[str] = (
            set()
        )  # buttons whose press has ended Identify-Printer, until they are let go
        self._orders: list[Order] = []
        warning_s = min(COUNTDOWN_S, settings.long_hold_s - settings.hold_s - 1)
        self._warning_s = max(1.0, float(int(warning_s)))

    @property
    def situation(self) -> Situation:
        """What is shown when nothing else is."""
        return self._situation

    @property
    def reset(self) -> Reset:
        """How far somebody is on the way to a factory reset."""
        return self._reset

    # --- what happens -----------------------------------------------------------------------------------------------

    def see(self, situation: Situation, now_s: float) -> None:
        """The printers are like this now."""
        before, self._situation = self._situation, situation
        if not situation.pins:
            self._pin.drop()
        face = self._faces.face(situation)
        if face != self._face:
            self._face, self._face_since_s = face, now_s
        wanted = situation.kind is Kind.ATTENTION
        if wanted and (before.kind is not Kind.ATTENTION or before.code != situation.code):
            self._alarm(now_s)
        elif not wanted:
            self._remind_at_s = NEVER
            if before.kind is Kind.ATTENTION and not self._tune_is_identify:
                self._tune = None

    def edge(self, button: str, now_s: float, *, down: bool) -> None:
        """The contact of `button` closed or opened."""
        self._advance(now_s)
        self._heard(button, self._buttons[button].edge(now_s, down=down))

    def identify(self, now_s: float, *, flash: bool, sound: bool) -> None:
        """Identify-Printer: show it, and sound."""
        self._identify_until_s = now_s + self._settings.identify_s
        if flash:
            self._identify = Face(
                pattern.FAST,
                Pattern(tuple(reversed(pattern.FAST.steps))),  # the two take turns
                pattern.FAST,
                "white",
            )
            self._identify_since_s = now_s
        if sound:
            self._tune, self._tune_is_identify = _Playing(_IDENTIFY_BEEP, now_s), True

    def done(self, now_s: float, *, well: bool) -> None:
        """An order was carried out, or could not be."""
        if self._reset is Reset.DONE and well:
            return
        if self._reset is Reset.DONE:
            self._end_reset()
        self._say(now_s, well=well)

    def step(self, now_s: float) -> list[Order]:
        """It is `now_s` now: what is to be done."""
        self._advance(now_s)
        orders, self._orders = self._orders, []
        return orders

    # --- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, now_s: float) -> tuple[Face, float]:
        """The face that is shown, and since when."""
        if self._reset is not Reset.NO:
            return self._reset_face, self._reset_since_s
        if self._answer is not None and now_s < self._answer_until_s:
            return self._answer, self._answer_since_s
        if self._identify is not None and now_s < self._identify_until_s:
            return self._identify, self._identify_since_s
        return self._face, self._face_since_s

    def outputs(self, now_s: float) -> Outputs:
        """What lights and buzzer are."""
        face, since_s = self._shown(now_s)
        elapsed_s = now_s - since_s
        return Outputs(
            face.ready.at(elapsed_s).on,
            face.error.at(elapsed_s).on,
            face.colour if face.rgb.at(elapsed_s).on else DARK,
            self._tune is not None and self._tune.on(now_s),
        )

    def due_s(self, now_s: float) -> float | None:
        """When to come again; None: when something happens."""
        face, since_s = self._shown(now_s)
        elapsed_s = now_s - since_s
        moments = [now_s + shown.at(elapsed_s).left_s for shown in self._wired(face)]
        moments += [button.due_s for button in self._buttons.values() if button.due_s is not None]
        if self._pin.due_s is not None:
            moments.append(self._pin.due_s)
        if self._answer is not None:
            moments.append(self._answer_until_s)
        if self._identify is not None or self._tune_is_identify:
            moments.append(self._identify_until_s)
        if self._tune is not None:
            moments.append(self._tune.next_s(now_s))
        moments += [self._remind_at_s, self._reset_until_s]
        soonest = min(moments)
        return None if soonest == NEVER else max(soonest, now_s)

    def _wired(self, face: Face) -> list[Pattern]:
        """What those lights show that are there."""
        shown = {"ready_led": face.ready, "error_led": face.error, "rgb[0]": face.rgb}
        return [each for line, each in shown.items() if line in self._settings.lines]

    # --- time -------------------------------------------------------------------------------------------------------

    def _advance(self, now_s: float) -> None:
        for name, button in self._buttons.items():
            self._heard(name, button.advance(now_s))
        release = self._buttons.get("release_button")
        if release is not None and release.down:
            self._pin.touched(now_s)
        for entered in self._pin.advance(now_s):
            self._entered(entered, now_s)
        self._end_what_is_over(now_s)

    def _end_what_is_over(self, now_s: float) -> None:
        if now_s >= self._answer_until_s:
            self._answer = None
        if now_s >= self._identify_until_s:
            self._end_identify()
        if now_s >= self._remind_at_s:
            self._alarm(now_s)
        if self._tune is not None and self._tune.is_over(now_s):
            self._tune = None
        if now_s >= self._reset_until_s:
            self._end_reset()
            self._say(now_s, well=False)

    # --- gestures ---------------------------------------------------------------------------------------------------

    def _heard(self, name: str, gestures: list[Gestured]) -> None:
        for gestured in gestures:
            if gestured.gesture is Gesture.PRESSED and self._ends_identify():
                self._ignored.add(name)
            if name not in self._ignored:
                if name == "button":
                    self._on_button(gestured)
                elif name == "release_button":
                    self._on_release_button(gestured)
                elif gestured.gesture is Gesture.TAP:
                    self._order_or_refuse(Action.FEED if self._situation.feeds else None, gestured.at_s)
            if gestured.gesture in {Gesture.TAPS_ENDED, Gesture.RELEASED}:
                self._spent.discard(name)
                self._ignored.discard(name)

    def _on_button(self, gestured: Gestured) -> None:
        now_s = gestured.at_s
        match gestured.gesture:
            case Gesture.TAP if self._reset is Reset.ASKED:
                self._spent.add("button")
                self._reset, self._reset_until_s = Reset.DONE, NEVER
                self._reset_face, self._reset_since_s = self._faces.all_lights(pattern.ON), now_s
                self._orders.append(Order(Action.RESET))
            case Gesture.TAP if self._reset is Reset.NO and "button" not in self._spent:
                once, twice = self._meaning(self._settings.on_tap), self._meaning(self._settings.on_two_taps)
                if twice is None or once is twice:
                    self._spent.add("button")
                    self._order_or_refuse(once, now_s)
                elif gestured.taps == 2:
                    self._spent.add("button")
                    self._order_or_refuse(twice, now_s)
            case Gesture.TAPS_ENDED if self._reset is Reset.NO and "button" not in self._spent:
                self._order_or_refuse(self._meaning(self._settings.on_tap), now_s)
            case Gesture.HOLD:
                self._held(now_s)
            case Gesture.LONG_HOLD if self._reset is Reset.COUNTDOWN:
                self._reset, self._reset_until_s = Reset.ARMED, now_s + LET_GO_S
                self._reset_face, self._reset_since_s = self._faces.all_lights(pattern.ON), now_s
                self._play(pattern.beeps(1, 1.0, 0.1), now_s)
            case Gesture.RELEASED:
                self._let_go(now_s, gestured.held_s)

    def _held(self, now_s: float) -> None:
        if self._reset is Reset.DONE:
            return
        if self._settings.on_long_hold == "none":
            self._order_or_refuse(self._meaning(self._settings.on_hold), now_s)
            return
        left_s = self._settings.long_hold_s - self._settings.hold_s
        self._reset, self._reset_until_s = Reset.COUNTDOWN, NEVER
        # Off and on again says that it was seen; then comes the countdown.
        self._reset_face = self._faces.all_lights(
            pattern.countdown(left_s, self._warning_s), self._settings.error_colour
        )
        self._reset_since_s = now_s
        self._play(pattern.CLICK, now_s)

    def _let_go(self, now_s: float, held_s: float) -> None:
        if self._reset is Reset.ARMED:
            self._reset, self._reset_until_s = Reset.ASKED, now_s + CONFIRM_S
            turns = pattern.FAST
            self._reset_face = Face(
                turns, Pattern(tuple(reversed(turns.steps))), turns, self._settings.error_colour
            )
            self._reset_since_s = now_s
            return
        if self._reset is not Reset.COUNTDOWN:
            return
        self._end_reset()
        if held_s < self._settings.long_hold_s - self._warning_s:
            self._order_or_refuse(self._meaning(self._settings.on_hold), now_s)
        else:
            self._say(now_s, well=False)

    def _end_reset(self) -> None:
        self._reset, self._reset_until_s = Reset.NO, NEVER

    def _on_release_button(self, gestured: Gestured) -> None:
        now_s = gestured.at_s
        match gestured.gesture:
            case Gesture.PRESSED:
                self._pin.touched(now_s)
            case Gesture.TAP if self._situation.pins:
                self._pin.tap(now_s)
                self._play(pattern.CLICK, now_s)
            case Gesture.TAP if gestured.taps == 1:
                self._order_or_refuse(Action.RELEASE if self._situation.held else None, now_s)
            case Gesture.HOLD:
                self._pin.drop()
                self._order_or_refuse(Action.RELEASE if self._situation.held else None, now_s)

    def _entered(self, entered: Entered, now_s: float) -> None:
        if entered.entry is Entry.PIN:
            self._orders.append(Order(Action.RELEASE_PIN, self._situation.printer, entered.digits))
        elif entered.entry is Entry.DIGIT:
            self._answer, self._answer_since_s = self._faces.all_lights(pattern.beeps(1, 0.3, 0.1)), now_s
            self._answer_until_s = now_s + 0.4
            self._play(pattern.beeps(1, 0.2, 0.1), now_s)
        else:
            self._say(now_s, well=False)

    # --- meanings ---------------------------------------------------------------------------------------------------

    def _meaning(self, configured: str) -> Action | None:
        """What a gesture does now; None: nothing."""
        situation = self._situation
        if situation.kind in {Kind.OFF, Kind.STARTING} or configured == "none":
            return None
        if configured == "auto":
            return self._sensible()
        action = Action(configured)
        possible = {
            Action.CANCEL: situation.any_job,
            Action.RESUME: situation.tap is Kind.PAUSED,
            Action.RELEASE: situation.held,
            Action.FEED: situation.feeds,
            Action.PAGE: bool(situation.printer),
        }
        return action if possible[action] else None

    def _sensible(self) -> Action | None:
        """What is meant most likely by who presses the button now. Nothing destroys a job that waits for a person."""
        match self._situation.tap:
            case Kind.PRINTING:
                return Action.CANCEL
            case Kind.PAUSED:
                return Action.RESUME
            case Kind.READY if self._situation.held:
                return Action.RELEASE
            case Kind.READY if self._situation.feeds:
                return Action.FEED
            case _:
                return None

    def _order_or_refuse(self, action: Action | None, now_s: float) -> None:
        if action is None:
            self._say(now_s, well=False)
        else:
            self._orders.append(Order(action, self._situation.tap_printer))

    # --- lights and sounds ------------------------------------------------------------------------------------------

    def _say(self, now_s: float, *, well: bool) -> None:
        """Answer to what was pressed."""
        self._answer = self._faces.said_yes() if well else self._faces.said_no()
        self._answer_since_s = now_s
        shown = pattern.ACCEPTED if well else pattern.REFUSED
        self._answer_until_s = now_s + shown.length_s
        self._play(shown, now_s)

    def _play(self, tune: Pattern, now_s: float) -> None:
        if not self._settings.buzzer_quiet and not self._tune_is_identify:
            self._tune = _Playing(tune, now_s)

    def _alarm(self, now_s: float) -> None:
        repeat_s = self._settings.buzzer_repeat_s
        self._remind_at_s = now_s + repeat_s if repeat_s else NEVER
        self._play(pattern.beeps(self._faces.blinks(self._situation), 0.2, 0.2), now_s)

    def _ends_identify(self) -> bool:
        """Whether Identify-Printer was shown; who presses a button has found it."""
        if self._identify is None and not self._tune_is_identify:
            return False
        self._end_identify()
        return True

    def _end_identify(self) -> None:
        self._identify = None
        if self._tune_is_identify:
            self._tune, self._tune_is_identify = None, False
