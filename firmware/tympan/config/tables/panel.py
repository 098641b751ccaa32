"""``[panel]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tympan.config.checks import optional_printer_name_problem
from tympan.config.option import option, suggestion
from tympan.model.blink_codes import MAX_BLINKS, numbered

NO_PIN: Final = -1

MAX_PIN: Final = 27
"""GPIO 0 to 27 are on a Raspberry Pi's header."""

OUTPUTS: Final = ("ready_led", "error_led", "rgb", "buzzer")
"""Keys whose pins tympan drives."""

BUTTONS: Final = ("button", "release_button", "feed_button")

INPUTS: Final = (*BUTTONS, "paper_near_end")
"""Keys whose pins tympan reads."""

COLOURS: Final[Mapping[str, tuple[bool, bool, bool]]] = {
    "red": (True, False, False),
    "green": (False, True, False),
    "blue": (False, False, True),
    "yellow": (True, True, False),
    "cyan": (False, True, True),
    "magenta": (True, False, True),
    "white": (True, True, True),
}
"""What red, green and blue together make."""

TAP_ACTIONS: Final = ("auto", "cancel", "resume", "release", "feed", "configuration-page", "none")


def _pin(meaning: str) -> int:
    pin: int = option(meaning, default=NO_PIN, minimum=NO_PIN, maximum=MAX_PIN, default_note="none")
    return pin


def _rgb_problem(pins: tuple[int, ...]) -> str | None:
    if not pins:
        return None
    if len(pins) != 3:
        return "it takes three pins, red, green and blue, such as [5, 6, 13]"
    wrong = next((pin for pin in pins if not 0 <= pin <= MAX_PIN), None)
    return f"{wrong} is no pin: GPIO 0 to {MAX_PIN}" if wrong is not None else None


def _lines_problem(names: tuple[str, ...]) -> str | None:
    wrong = next((name for name in names if name not in (*OUTPUTS, *INPUTS)), None)
    if wrong is None:
        return None
    return f"{wrong!r} is none of the panel's lines{suggestion(wrong, (*OUTPUTS, *INPUTS))}"


def _codes_problem(codes: Mapping[str, int]) -> str | None:
    known = numbered({})
    for name, blinks in codes.items():
        if name not in known:
            return f"there is no code {name!r}{suggestion(name, known)}"
        if not 1 <= blinks <= MAX_BLINKS:
            return f"{name} = {blinks}: 1 to {MAX_BLINKS} blinks can be counted"
    taken: dict[int, str] = {}
    for name, blinks in numbered(codes).items():
        other = taken.setdefault(blinks, name)
        if other != name:
            return f"{other} and {name} would both be {blinks} blinks"
    return None


@dataclass(frozen=True)
class PanelSettings:
    """``[panel]``: lights, buzzer and buttons on the GPIO of a Raspberry Pi. Pins are BCM numbers; all are optional."""

    ready_led: int = _pin("Pin of the light that says ready, printing, needs a person.")
    error_led: int = _pin("Pin of the light that blinks what is wrong; without it `ready_led` does.")
    rgb: tuple[int, ...] = option(
        "Pins of one light with three colours instead: red, green, blue.", default=(), problem=_rgb_problem
    )
    buzzer: int = _pin("Pin of a buzzer that sounds by itself when it has voltage.")
    button: int = _pin("Pin of the button: tap, two taps, hold; what they do is below.")
    release_button: int = _pin(
        "Pin of a button that releases held jobs, and takes the PINs of jobs that wait for one: as many taps as the digit, ten for 0."
    )
    feed_button: int = _pin("Pin of a button that feeds paper.")
    paper_near_end: int = _pin(
        "Pin of a switch that says that the paper runs low: `media-low-warning` of the printer."
    )
    printer: str = option(
        "The printer it is about.",
        default="",
        problem=optional_printer_name_problem,
        default_note="all; paper feed, page and sensor: the default printer",
    )
    chip: int = option(
        "Number of the GPIO chip, N of `/dev/gpiochipN`. -1: the one of the header of a Raspberry Pi.",
        default=-1,
        minimum=-1,
        maximum=63,
        default_note="the header's",
    )
    active_low: tuple[str, ...] = option(
        "Lines that are on while their pin is low: buttons and switches to ground, lights and buzzers between 3.3 V and the pin.",
        default=INPUTS,
        problem=_lines_problem,
    )
    pull: str = option(
        "`internal`: buttons and switches are held at rest by the chip's resistors, up where they are in `active_low`, else down. `none`: resistors "
        "outside do that.",
        default="internal",
        choices=("internal", "none"),
    )
    ready_colour: str = option("Colour of `rgb`: ready.", default="green", choices=tuple(COLOURS))
    printing_colour: str = option("Colour of `rgb`: printing.", default="blue", choices=tuple(COLOURS))
    warning_colour: str = option(
        "Colour of `rgb`: prints, but something runs low.", default="yellow", choices=tuple(COLOURS)
    )
    error_colour: str = option("Colour of `rgb`: needs a person.", default="red", choices=tuple(COLOURS))
    codes: Mapping[str, int] = option(
        "Other numbers of blinks, such as `{ paper = 3, cutter = 1 }`; docs/panel.md has the codes.",
        default_factory=dict,
        problem=_codes_problem,
        default_note="those of docs/panel.md",
    )
    on_tap: str = option(
        "What a tap on `button` does. `auto`: cancels the job that prints; resumes a printer that is paused; releases held jobs; else feeds paper.",
        default="auto",
        choices=TAP_ACTIONS,
    )
    on_two_taps: str = option(
        "What two taps do. Where they do something now, a single tap waits for `tap_gap_ms` whether another follows.",
        default="cancel",
        choices=TAP_ACTIONS,
    )
    on_hold: str = option(
        "What holding it for `hold_s` does.", default="configuration-page", choices=TAP_ACTIONS
    )
    on_long_hold: str = option(
        "What holding it for `long_hold_s`, letting go, and one tap to confirm does.",
        default="factory-reset",
        choices=("factory-reset", "none"),
    )
    debounce_ms: int = option("Time a contact may chatter.", default=25, minimum=1, maximum=500)
    tap_gap_ms: int = option(
        "Longest time between two taps that belong together.", default=400, minimum=100, maximum=2000
    )
    hold_s: int = option("From when on a press is a hold.", default=3, minimum=1, maximum=30)
    long_hold_s: int = option(
        "From when on it is a long hold; the last seconds are counted down by the lights.",
        default=10,
        minimum=5,
        maximum=60,
    )
    digit_pause_ms: int = option(
        "Time without a tap that ends a digit of a PIN.", default=1000, minimum=300, maximum=5000
    )
    pin_pause_ms: int = option(
        "Time without a tap that ends a PIN.", default=3500, minimum=1000, maximum=15_000
    )
    identify_s: int = option(
        "How long Identify-Printer flashes and sounds.", default=10, minimum=1, maximum=600
    )
    buzzer_repeat_s: int = option(
        "Time after which the buzzer reminds of what needs a person. 0: it says it once.",
        default=60,
        minimum=0,
        maximum=86_400,
    )
    buzzer_quiet: bool = option("The buzzer sounds for Identify-Printer only.", default=False)

    @property
    def lines(self) -> dict[str, int]:
        """Every pin that is wired, by its key; the colours are ``rgb[0]`` (red) to ``rgb[2]``."""
        single = {name: getattr(self, name) for name in (*OUTPUTS, *INPUTS) if name != "rgb"}
        colours = {f"rgb[{place}]": pin for place, pin in enumerate(self.rgb)}
        return {name: pin for name, pin in {**single, **colours}.items() if pin != NO_PIN}

    @property
    def is_wired(self) -> bool:
        """Whether there is a panel at all."""
        return bool(self.lines)

    @property
    def has_light(self) -> bool:
        """Whether there is any light."""
        return bool({"ready_led", "error_led", "rgb[0]"} & self.lines.keys())
