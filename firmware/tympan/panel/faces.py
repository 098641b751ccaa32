"""Faces: what lights show in a situation. One table for two lights, for one alone, and for one with colours."""

from __future__ import annotations

from typing import Final, NamedTuple

from tympan.config import PanelSettings
from tympan.model.blink_codes import OTHER, numbered
from tympan.panel import pattern
from tympan.panel.pattern import Pattern
from tympan.panel.situation import Kind, Situation

DARK: Final = "off"
"""The colour of a light that is off."""


class Face(NamedTuple):
    """What each light does.

    Attributes:
        ready: The light ``ready_led``.
        error: The light ``error_led``.
        rgb: The light ``rgb``.
        colour: Its colour while it is on.
    """

    ready: Pattern
    error: Pattern
    rgb: Pattern
    colour: str


NOTHING: Final = Face(pattern.OFF, pattern.OFF, pattern.OFF, DARK)


class Faces:
    """The faces of a panel.

    Args:
        settings: Colours, numbers of the codes, and which lights there are.
    """

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings
        self._numbers = numbered(settings.codes)
        self._alone = "error_led" not in settings.lines

    def face(self, situation: Situation) -> Face:
        """What is shown of `situation`."""
        colours, blinks = self._settings, self.blinks(situation)
        match situation.kind:
            case Kind.OFF:
                return NOTHING
            case Kind.STARTING:
                return self._calm(pattern.BEAT, colours.ready_colour, 0)
            case Kind.READY:
                return self._calm(pattern.ON, colours.ready_colour, blinks)
            case Kind.PAUSED:
                return self._calm(pattern.BEAT, colours.ready_colour, blinks)
            case Kind.PRINTING:
                return self._calm(pattern.SLOW, colours.printing_colour, blinks)
            case Kind.ATTENTION:
                both = pattern.attention(blinks)
                ready = both if self._alone else pattern.FAST
                return Face(ready, pattern.counted(blinks), both, colours.error_colour)

    def blinks(self, situation: Situation) -> int:
        """How often the light blinks for what is wrong; 0: nothing is."""
        if situation.code is not None:
            return self._numbers[situation.code.name]
        return self._numbers[OTHER.name] if situation.kind is Kind.ATTENTION else 0

    def _calm(self, calm: Pattern, colour: str, warning: int) -> Face:
        """It prints or could; `warning` is the number of blinks of what runs low."""
        if not warning:
            return Face(calm, pattern.OFF, calm, colour)
        alone = pattern.winks(warning) if calm is pattern.ON else calm
        return Face(
            alone if self._alone else calm, pattern.counted(warning), alone, self._settings.warning_colour
        )

    def all_lights(self, shown: Pattern, colour: str = "white") -> Face:
        """Every light does the same."""
        return Face(shown, shown, shown, colour)

    def said_yes(self) -> Face:
        """What was pressed is done."""
        return Face(pattern.ACCEPTED, pattern.OFF, pattern.ACCEPTED, self._settings.ready_colour)

    def said_no(self) -> Face:
        """It cannot be done now."""
        error = pattern.REFUSED
        ready = pattern.REFUSED if self._alone else pattern.OFF
        return Face(ready, error, error, self._settings.error_colour)
