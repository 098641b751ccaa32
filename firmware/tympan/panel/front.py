"""The front of a simulated panel: its lights as the mock pins have them, its buttons as a finger presses them.

It goes through gpiozero's mock pins both ways, so that what is seen and pressed takes the same path as on a Raspberry Pi.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tympan.config.tables.panel import BUTTONS, COLOURS, INPUTS
from tympan.model.blink_codes import numbered
from tympan.panel.faces import DARK
from tympan.panel.machine import Outputs
from tympan.panel.situation import Kind, Situation

if TYPE_CHECKING:
    from tympan.panel.board import Panel

LABELS: Final = {
    "ready_led": "Ready",
    "error_led": "Error",
    "rgb": "Status",
    "buzzer": "Buzzer",
    "button": "Button",
    "release_button": "Release",
    "feed_button": "Feed",
    "paper_near_end": "Paper low",
}

LIGHTS: Final = {"ready_led": "green", "error_led": "red"}
"""Lights of one colour."""

STUCK_S: Final = 60.0
"""A button that a page pressed and never let go is let go after that."""

_WORDS: Final = {
    Kind.OFF: "off",
    Kind.STARTING: "starting",
    Kind.READY: "ready",
    Kind.PAUSED: "paused",
    Kind.PRINTING: "printing",
    Kind.ATTENTION: "needs a person",
}


class Front:
    """What a page shows and presses.

    Args:
        panel: A simulated panel.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._let_go: dict[str, asyncio.TimerHandle] = {}
        self._watchers: list[Callable[[], None]] = []
        panel.on_outputs = self._changed

    def _changed(self, _outputs: Outputs) -> None:
        for watcher in tuple(self._watchers):
            watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` whenever something may look otherwise; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def state(self) -> dict[str, Any]:
        """Everything there is to be seen, for JSON."""
        wires = self._panel.wires
        lines = self._panel.lines if wires is not None else {}
        return {
            "says": self._words(self._panel.situation),
            "lights": [
                self._light(name) for name in (*LIGHTS, "rgb") if f"{name}[0]" in lines or name in lines
            ],
            "buzzer": {"on": wires.is_active("buzzer")} if wires is not None and "buzzer" in lines else None,
            "buttons": [
                {
                    "name": name,
                    "label": LABELS[name],
                    "down": wires.is_active(name),
                    "stays": name not in BUTTONS,
                }
                for name in INPUTS
                if wires is not None and name in lines
            ],
        }

    def _light(self, name: str) -> dict[str, Any]:
        wires = self._panel.wires
        assert wires is not None
        if name == "rgb":
            on = tuple(wires.is_active(f"rgb[{place}]") for place in range(3))
            colour = next((word for word, mixed in COLOURS.items() if mixed == on), DARK)
        else:
            colour = LIGHTS[name] if wires.is_active(name) else DARK
        return {"name": name, "label": LABELS[name], "on": colour != DARK, "colour": colour}

    def _words(self, situation: Situation) -> str:
        words = _WORDS[situation.kind]
        if situation.kind is Kind.ATTENTION:
            words = f"{situation.printer} {words}"
        if situation.code is None:
            return words
        blinks = numbered(self._panel.codes)[situation.code.name]
        times = f"{blinks} {'blink' if blinks == 1 else 'blinks'}"
        return f"{words}: {situation.code.words} ({times})"

    def has(self, name: str) -> bool:
        """Whether there is such a button or switch."""
        return self._panel.wires is not None and name in self._panel.wires.inputs

    def press(self, name: str, *, down: bool) -> None:
        """Press a button or let it go; it lets itself go where nobody does."""
        timer = self._let_go.pop(name, None)
        if timer is not None:
            timer.cancel()
        wires = self._panel.wires
        if wires is None or name not in wires.inputs:
            return
        if down and name in BUTTONS:
            loop = asyncio.get_running_loop()
            self._let_go[name] = loop.call_later(STUCK_S, lambda: self.press(name, down=False))
        wires.pretend(name, active=down)
        self._changed(Outputs())

    def hold(self, name: str, seconds: float) -> None:
        """Press a button and let it go after `seconds`; returns at once."""
        self.press(name, down=True)
        timer = self._let_go.pop(name, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._let_go[name] = loop.call_later(seconds, lambda: self.press(name, down=False))

    def close(self) -> None:
        """Nobody presses any more."""
        for timer in self._let_go.values():
            timer.cancel()
        self._let_go.clear()
