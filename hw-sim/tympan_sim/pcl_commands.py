"""The escape sequences of PCL 5, as tables from what is sent to what it does.

Owns the meaning of every parameterised and two-character sequence, and of the control codes. A sequence is known by its
parameterised and group characters and its terminating character in upper case: ``ESC & l # A`` is ``&lA``. What is in
no table is told as unknown and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tympan_sim.decoder import Effect
from tympan_sim.pcl_engine import Environment
from tympan_sim.pcl_media import CUSTOM_SIZE_CODE, PAPER_SIZES, UM_PER_INCH, UNITS_PER_INCH, size_of_length
from tympan_sim.pcl_raster import Colours, configured_colours, simple_colours
from tympan_sim.pcl_text import SYMBOL_SETS, FontChoice

NUMBER_MAX = 32_767

_DECIPOINT = UNITS_PER_INCH // 720
_LINES_PER_INCH = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)
_UNITS_OF_MEASURE = tuple(value for value in range(96, UNITS_PER_INCH + 1) if UNITS_PER_INCH % value == 0)


@dataclass(frozen=True, slots=True)
class Value:
    """The value field of a sequence.

    Attributes:
        number: Held within -32767 to 32767; 0 where none was sent.
        signed: It had a sign: for positions, it is relative.
        data: The bytes that followed, for the commands that carry data.
    """

    number: float = 0.0
    signed: bool = False
    data: bytes = b""

    @property
    def integer(self) -> int:
        """The number without its decimals."""
        return int(self.number)


Effects = Iterator[Effect] | bool | None
"""What a command gives: effects, or False where it knows no such value."""

Command = Callable[[Environment, Value], Effects]


def _relative(value: Value, unit: float, here: float, origin: float = 0.0) -> float:
    return (here if value.signed else origin) + value.number * unit


# --- job and page control ----------------------------------------------------------------------------------------------


def _page_size(state: Environment, value: Value) -> Effects:
    if value.integer == CUSTOM_SIZE_CODE:
        return state.set_custom_size()
    size = PAPER_SIZES.get(value.integer)
    return False if size is None else state.set_size(size)


def _page_length(state: Environment, value: Value) -> Effects:
    size = size_of_length(value.number * state.vmi)
    return None if size is None or size == state.size else state.set_size(size)


def _source(state: Environment, value: Value) -> Effects:
    return state.set_source(value.integer) if 0 <= value.integer <= 69 else False


def _duplex(state: Environment, value: Value) -> Effects:
    return state.set_duplex(value.integer) if value.integer in (0, 1, 2) else False


def _side(state: Environment, value: Value) -> Effects:
    return state.select_side(value.integer) if value.integer in (0, 1, 2) else False


def _media_type(state: Environment, value: Value) -> Effects:
    return state.end_sheet() if 0 <= value.integer <= 4 else False


def _unit_of_measure(state: Environment, value: Value) -> Effects:
    nearest = min(_UNITS_OF_MEASURE, key=lambda unit: abs(unit - value.number))
    state.unit = UNITS_PER_INCH / nearest
    return None


def _custom_width(state: Environment, value: Value) -> Effects:
    state.custom_um[0] = round(abs(value.number) * UM_PER_INCH / 720)
    return None


def _custom_length(state: Environment, value: Value) -> Effects:
    state.custom_um[1] = round(abs(value.number) * UM_PER_INCH / 720)
    return None


def _vmi(state: Environment, value: Value) -> Effects:
    state.vmi = min(abs(value.number), 336) * UNITS_PER_INCH / 48
    return None


def _lines_per_inch(state: Environment, value: Value) -> Effects:
    if value.integer not in _LINES_PER_INCH:
        return False
    state.vmi = UNITS_PER_INCH / value.integer
    return None


def _hmi(state: Environment, value: Value) -> Effects:
    state.hmi = min(abs(value.number), 840) * UNITS_PER_INCH / 120
    return None


def _line_termination(state: Environment, value: Value) -> Effects:
    if value.integer not in range(4):
        return False
    state.line_termination = value.integer
    return None


def _wrap(state: Environment, value: Value) -> Effects:
    if value.integer not in (0, 1):
        return False
    state.wrap = value.integer == 0
    return None


def _registration_left(state: Environment, value: Value) -> Effects:
    state.set_offsets(left=value.number)
    return None


def _registration_top(state: Environment, value: Value) -> Effects:
    state.set_offsets(top=value.number)
    return None


def _accepted(_state: Environment, _value: Value) -> Effects:
    return None


# --- the cursor ----------------------------------------------------------------------------------------------------------


def _column(state: Environment, value: Value) -> Effects:
    state.move(x=_relative(value, state.hmi, state.x))
    return None


def _across_decipoints(state: Environment, value: Value) -> Effects:
    state.move(x=_relative(value, _DECIPOINT, state.x))
    return None


def _across_units(state: Environment, value: Value) -> Effects:
    state.move(x=_relative(value, state.unit, state.x))
    return None


def _row(state: Environment, value: Value) -> Effects:
    state.move(y=_relative(value, state.vmi, state.y, state.first_line))
    return None


def _down_decipoints(state: Environment, value: Value) -> Effects:
    state.move(y=_relative(value, _DECIPOINT, state.y, state.top))
    return None


def _down_units(state: Environment, value: Value) -> Effects:
    state.move(y=_relative(value, state.unit, state.y, state.top))
    return None


# --- fonts ---------------------------------------------------------------------------------------------------------------


def _font(secondary: bool, change: Callable[[FontChoice, Value], bool | None]) -> Command:
    def command(state: Environment, value: Value) -> Effects:
        known = change(state.fonts[secondary], value)
        if state.font_index == secondary:
            state.hmi = state.font.advance
        return known

    return command


def _pitch(font: FontChoice, value: Value) -> bool | None:
    if value.number < 0.1:
        return False
    font.pitch = min(value.number, 100.0)
    return None


def _points(font: FontChoice, value: Value) -> bool | None:
    if value.number < 0.25:
        return False
    font.points = min(value.number, 200.0)
    return None


def _style(font: FontChoice, value: Value) -> bool | None:
    font.upright = value.integer & 3 == 0
    return None


def _weight(font: FontChoice, value: Value) -> bool | None:
    font.weight = value.integer
    return None


def _font_accepted(_font: FontChoice, _value: Value) -> bool | None:
    return None


def _symbol_set(secondary: bool, letter: str) -> Command:
    def change(font: FontChoice, value: Value) -> bool | None:
        chosen = f"{value.integer}{letter}"
        font.symbol_set = chosen if chosen in SYMBOL_SETS else "8U"
        return None if chosen in SYMBOL_SETS else False

    return _font(secondary, change)


def _default_font(secondary: bool) -> Command:
    def command(state: Environment, value: Value) -> Effects:
        if value.integer == 3:
            state.fonts[secondary] = FontChoice()
            state.hmi = state.font.advance
        return None

    return command


_FONT_CHANGES: Mapping[str, Callable[[FontChoice, Value], bool | None]] = {
    "P": _font_accepted,
    "H": _pitch,
    "V": _points,
    "S": _style,
    "B": _weight,
    "T": _font_accepted,
}


def _pitch_by_name(state: Environment, value: Value) -> Effects:
    pitch = {0: 10.0, 2: 16.66, 4: 12.0}.get(value.integer)
    if pitch is None:
        return False
    for font in state.fonts:
        font.pitch = pitch
    state.hmi = state.font.advance
    return None


def _transparent(state: Environment, value: Value) -> Effects:
    return state.text(value.data)


# --- rectangles ------------------------------------------------------------------------------------------------------------


def _rectangle(side: int, unit: float | None) -> Command:
    def command(state: Environment, value: Value) -> Effects:
        if value.number < 0:
            return False
        state.rectangle[side] = value.number * (state.unit if unit is None else unit)
        return None

    return command


def _pattern_id(state: Environment, value: Value) -> Effects:
    if value.number < 0:
        return False
    state.pattern_id = value.integer
    return None


def _current_pattern(state: Environment, value: Value) -> Effects:
    if value.integer not in range(5):
        return False
    state.current_pattern = value.integer
    return None


def _fill(state: Environment, value: Value) -> Effects:
    return state.fill_rectangle(value.integer)


# --- raster ----------------------------------------------------------------------------------------------------------------


def _resolution(state: Environment, value: Value) -> Effects:
    return state.raster.set_resolution(value.integer)


def _presentation(state: Environment, value: Value) -> Effects:
    state.raster.set_presentation(value.integer)
    return None


def _raster_width(state: Environment, value: Value) -> Effects:
    state.raster.set_width(value.integer)
    return None


def _raster_height(state: Environment, value: Value) -> Effects:
    state.raster.set_height(value.integer)
    return None


def _start_raster(state: Environment, value: Value) -> Effects:
    state.start_raster(value.integer & 1 if value.integer in range(4) else 0)
    return value.integer in (0, 1)


def _end_raster(state: Environment, _value: Value) -> Effects:
    state.end_raster()
    return None


def _end_raster_and_reset(state: Environment, _value: Value) -> Effects:
    state.end_raster(method=True, margin=True)
    return None


def _method(state: Environment, value: Value) -> Effects:
    return state.raster.set_method(value.integer)


def _skip_rows(state: Environment, value: Value) -> Effects:
    state.raster.skip_rows(value.integer)
    return None


def _row_data(state: Environment, value: Value) -> Effects:
    state.raster_row(value.data)
    return None


def _plane_data(state: Environment, value: Value) -> Effects:
    state.raster_plane(value.data)
    return None


def _colours(state: Environment, colours: Colours | None) -> Effects:
    if colours is None:
        return False
    state.raster.set_colours(colours)
    return None


def _simple_colours(state: Environment, value: Value) -> Effects:
    return _colours(state, simple_colours(value.integer))


def _configure_image_data(state: Environment, value: Value) -> Effects:
    return _colours(state, configured_colours(value.data))


def _component(index: int) -> Command:
    def command(state: Environment, value: Value) -> Effects:
        state.raster.components[index] = min(max(value.integer, 0), 255)
        return None

    return command


def _assign_colour(state: Environment, value: Value) -> Effects:
    state.raster.assign_colour(value.integer)
    state.raster.components = [0, 0, 0]
    return None


def _source_transparency(state: Environment, value: Value) -> Effects:
    if value.integer not in (0, 1):
        return False
    state.raster.opaque = value.integer == 1
    return None


def _symbol_set_commands() -> Iterator[tuple[str, Command]]:
    for secondary, prefix in enumerate("()"):
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWYZ":
            yield prefix + letter, _symbol_set(bool(secondary), letter)
        yield prefix + "X", _accepted
        yield prefix + "@", _default_font(bool(secondary))
        for letter, change in _FONT_CHANGES.items():
            yield f"{prefix}s{letter}", _font(bool(secondary), change)


COMMANDS: Mapping[str, Command] = {
    **dict(_symbol_set_commands()),
    "&lA": _page_size,
    "&lP": _page_length,
    "&lH": _source,
    "&lX": lambda state, value: state.set_copies(value.integer),
    "&lS": _duplex,
    "&lG": _accepted,
    "&lT": _accepted,
    "&lO": lambda state, value: state.set_orientation(value.integer),
    "&lU": _registration_left,
    "&lZ": _registration_top,
    "&lE": lambda state, value: state.set_top_margin(value.integer),
    "&lF": lambda state, value: state.set_text_length(value.integer),
    "&lL": lambda state, value: state.set_perforation_skip(value.integer),
    "&lC": _vmi,
    "&lD": _lines_per_inch,
    "&lM": _media_type,
    "&aC": _column,
    "&aH": _across_decipoints,
    "&aR": _row,
    "&aV": _down_decipoints,
    "&aL": lambda state, value: state.set_left_margin(value.integer),
    "&aM": lambda state, value: state.set_right_margin(value.integer),
    "&aP": lambda state, value: state.set_direction(value.integer),
    "&aG": _side,
    "&uD": _unit_of_measure,
    "&kH": _hmi,
    "&kS": _pitch_by_name,
    "&kG": _line_termination,
    "&sC": _wrap,
    "&dD": _accepted,
    "&d@": _accepted,
    "&fS": lambda state, value: state.push_or_pop(value.integer),
    "&fI": _custom_width,
    "&fJ": _custom_length,
    "&cT": _accepted,
    "&tP": _accepted,
    "&pX": _transparent,
    "&nW": _accepted,
    "&bW": _accepted,
    "*pX": _across_units,
    "*pY": _down_units,
    "*tR": _resolution,
    "*tH": _accepted,
    "*tV": _accepted,
    "*tK": _accepted,
    "*tI": _accepted,
    "*tJ": _accepted,
    "*rF": _presentation,
    "*rT": _raster_height,
    "*rS": _raster_width,
    "*rU": _simple_colours,
    "*rA": _start_raster,
    "*rB": _end_raster,
    "*rC": _end_raster_and_reset,
    "*rQ": _accepted,
    "*bM": _method,
    "*bY": _skip_rows,
    "*bW": _row_data,
    "*bV": _plane_data,
    "*vW": _configure_image_data,
    "*vA": _component(0),
    "*vB": _component(1),
    "*vC": _component(2),
    "*vI": _assign_colour,
    "*vS": _accepted,
    "*vN": _source_transparency,
    "*vO": _accepted,
    "*vT": _current_pattern,
    "*lO": _accepted,
    "*lR": _accepted,
    "*oM": _accepted,
    "*oD": _accepted,
    "*cA": _rectangle(0, None),
    "*cB": _rectangle(1, None),
    "*cH": _rectangle(0, _DECIPOINT),
    "*cV": _rectangle(1, _DECIPOINT),
    "*cG": _pattern_id,
    "*cP": _fill,
    "*cD": _accepted,
    "*cE": _accepted,
    "*cF": _accepted,
    "*cQ": _accepted,
    "*cR": _accepted,
    "*cS": _accepted,
    "*cK": _accepted,
    "*cL": _accepted,
    "*cT": _accepted,
    "*cX": _accepted,
    "*cY": _accepted,
}
"""Parameterised sequences. Those that are only accepted have no effect on what this printer prints."""

RASTER_COMMANDS = frozenset({"*bM", "*bY", "*bW", "*bV", "*rA", "*rS", "*rT", "*rF", "*tR", "*rB", "*rC"})
"""What does not end an image that is being sent: the data, the locked settings, and the ends themselves."""

DATA_COMMANDS = frozenset({"*bV", "&pX"})
"""Commands other than those with ``W`` whose value is a number of bytes that follow."""


def _half_line_feed(state: Environment) -> Effects:
    return state.line_feed(0.5)


def _clear_margins(state: Environment) -> Effects:
    state.left, state.right = 0.0, state.frame.width
    return None


ESCAPES: Mapping[str, Callable[[Environment], Effects]] = {
    "E": lambda state: state.reset(),
    "9": _clear_margins,
    "=": _half_line_feed,
}
"""Two-character sequences."""


def _back_space(state: Environment) -> Effects:
    state.x = max(state.x - state.hmi, min(state.left, state.x))
    return None


def _tab(state: Environment) -> Effects:
    step = 8 * state.hmi
    if step > 0:
        column = int((state.x - state.left) / step + 1e-6) + 1
        state.move(x=min(state.left + column * step, max(state.right, state.x)))
    return None


def _shift(index: int) -> Callable[[Environment], Effects]:
    def command(state: Environment) -> Effects:
        state.font_index = index
        state.hmi = state.font.advance
        return None

    return command


CONTROLS: Mapping[int, Callable[[Environment], Effects]] = {
    0x08: _back_space,
    0x09: _tab,
    0x0A: lambda state: state.line_feed(carriage=True),
    0x0C: lambda state: state.form_feed(),
    0x0D: lambda state: state.carriage_return(),
    0x0E: _shift(1),
    0x0F: _shift(0),
}
"""Control codes; the others print nothing and do nothing."""
