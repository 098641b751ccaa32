"""An ESC/POS printer's interpreter, written from the vendors' command references.

Owns the command tables and the commands for text, feeding, cutting, drawer and status; images and symbols have their
own modules. Supported: standard mode with text, sizes, code pages, user-defined characters, tabs and positions;
``GS v 0``, ``ESC *``, ``GS ( L``, ``GS 8 L``, ``GS *``, ``FS q``; bar codes and QR; cuts, drawer, buzzer, status and
completion. Not supported, as on the small printers: page mode (``ESC L``), macros, PDF417 and the rarer symbols,
MICR and slip stations.

It must never be kinder than the hardware: what a printer refuses, it refuses, and then the data print as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tympan_sim.decoder import Action, Effect, Motion, Reply, Sheet
from tympan_sim.escpos_codepages import MISSING, NATIONAL_SETS, characters, knows_page
from tympan_sim.escpos_core import Core, Step
from tympan_sim.escpos_images import (
    ImageStore,
    column,
    define_downloaded,
    define_numbered,
    graphics,
    print_downloaded,
    print_numbered,
    raster,
)
from tympan_sim.escpos_status import RealtimeScanner, automatic_status, queued_status, watched
from tympan_sim.escpos_symbols import QrState, print_bar_code, two_dimensional
from tympan_sim.models import MODELS, PrinterModel

TABS_MAX = 32
DEFINED_MAX = 95

Command = Callable[["EscPosDecoder"], Step[None]]


class EscPosDecoder:
    """One printer's interpreter; a :class:`tympan_sim.decoder.Decoder` and a ``StatusListener``.

    Args:
        model: Whose dots, commands and quirks; by default the generic 80 mm printer.
    """

    def __init__(self, model: PrinterModel | None = None) -> None:
        self.core = Core(model or MODELS["escpos-80mm"])
        self.images = ImageStore()
        self.qr = QrState()
        self.scanner = RealtimeScanner()
        self._machine = self._run()

    # --- the decoder's interface -------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> Iterator[Effect]:
        """Interpret `data`, which may begin and end anywhere; yields effects in the order they happen.

        The state goes on only as the effects are taken, so a printer can stop it between any two.
        """
        self.core.give(data)
        while (effect := next(self._machine)) is not None:
            yield effect
        if freed := self.core.take_unfreed():
            yield Motion(0, freed)

    def finish(self) -> Iterator[Effect]:
        """The job's stream ended: give what came out and was not cut as a sheet, if anything was marked.

        What is still in the line buffer stays there, as in the printer: a line without its line feed does not come
        out. So does a command that waits for the rest of its data.
        """
        if not self.core.line.empty and self.core.roll.marked:
            self.core.roll.note("a line without a line feed stays in the line buffer")
        sheet = self.core.roll.tear()
        if sheet is not None:
            yield sheet

    def switched_off(self) -> Iterator[Sheet]:
        """Power is lost: what came out of the roll and was not cut hangs there."""
        sheet = self.core.roll.tear()
        if sheet is not None:
            yield sheet

    def realtime(self, data: bytes, status: dict[str, bool]) -> Iterator[Reply | Action]:
        """Answer ``DLE EOT``, ``DLE ENQ`` and ``DLE DC4`` wherever they stand in what arrives."""
        yield from self.scanner.scan(data, status)

    def status_changed(self, status: dict[str, bool]) -> Iterator[Reply]:
        """Remember the printer's state; yields the automatic status where ``GS a`` asked for this change."""
        mask = self.core.automatic_mask
        before, self.core.status = self.core.status, dict(status)
        if mask and watched(mask, before) != watched(mask, status):
            yield Reply(automatic_status(status))

    # --- the interpreter ---------------------------------------------------------------------------------------------

    def _run(self) -> Step[None]:
        core = self.core
        while True:
            run = core.text_run()
            if run:
                if core.selected:
                    yield from self._text(run)
                continue
            code = yield from core.byte()
            if not core.selected and code != 0x1B:
                continue
            if code >= 0x20:
                yield from self._text(bytes((code,)))
                continue
            prefix = _PREFIXES.get(code)
            if prefix is None:
                command = _CONTROLS.get(code)
                if command is not None:
                    yield from command(self)
                continue
            second = yield from core.byte()
            command = prefix.get(second)
            if not core.selected and command is not _select:
                continue
            if command is not None:
                yield from command(self)
            else:
                # Both bytes are lost; what were its parameters print as text.
                yield Action("unknown", {"bytes": bytes((code, second))})

    def _text(self, run: bytes) -> Step[None]:
        core = self.core
        modes = core.modes
        table = characters(modes.code_page, modes.national)
        style = core.style()
        for index, code in enumerate(run):
            if modes.multibyte and code >= 0x81:
                # The rest of the run goes back: the second byte may not have come yet.
                core.give_back(run[index:])
                yield from self._wide_character((yield from core.take(2)))
                return
            user = modes.defined.get((modes.font, code)) if modes.user_characters else None
            if user is not None:
                yield from core.put(user)
                continue
            character = table[code] if code < len(table) else MISSING
            yield from core.put(core.cells.cell(character, style))

    def _wide_character(self, pair: bytes) -> Step[None]:
        core = self.core
        if pair[1] < 0x20:
            # No character at all: the second byte is a command.
            core.give_back(pair[1:])
            return
        character = pair.decode(core.traits.multibyte, errors="replace")[0]
        width, height = core.traits.fonts[0]
        style = core.style(0)._replace(width=width * 2, height=height)
        yield from core.put(core.cells.cell(character, style))


# --- feeding ----------------------------------------------------------------------------------------------------------


def _ignore(_decoder: EscPosDecoder) -> Step[None]:
    yield from ()


def _skipping(count: int) -> Command:
    """A command of `count` parameters that changes nothing one can see on paper."""

    def skip(decoder: EscPosDecoder) -> Step[None]:
        yield from decoder.core.skip(count)

    return skip


def _line_feed(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    yield from core.print_line(core.line_rows())


def _feed_units(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    yield from core.print_line(core.rows_of_units((yield from core.byte())))


def _feed_lines(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    lines = yield from core.byte()
    if not lines:
        yield from core.print_line(0)
        return
    yield from core.print_line(core.line_rows())
    for _ in range(lines - 1):
        yield from core.advance(core.line_rows())


def _default_spacing(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.line_spacing = None
    yield from ()


def _line_spacing(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.line_spacing = yield from decoder.core.byte()


def _tab(decoder: EscPosDecoder) -> Step[None]:
    line = decoder.core.line
    following = [stop for stop in decoder.core.modes.tabs if stop > line.x]
    if following and following[0] <= line.width:
        line.x = following[0]
    yield from ()


def _tab_stops(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    style = core.style()
    column_dots = (style.width + style.spacing_dots) * style.width_times
    stops: list[int] = []
    previous = 0
    while column_number := (yield from core.byte()):
        if column_number <= previous or len(stops) == TABS_MAX:
            # Out of order or too many: the list ends here, what follows is data.
            core.give_back(bytes((column_number,)) if column_number > previous else b"")
            break
        stops.append(column_number * column_dots)
        previous = column_number
    core.modes.tabs = tuple(stops)


# --- print modes ------------------------------------------------------------------------------------------------------


def _initialize(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.initialize()
    decoder.qr = QrState()
    decoder.images.pending = None
    decoder.images.downloaded = None
    yield Action("initialize")


def _print_mode(decoder: EscPosDecoder) -> Step[None]:
    modes = decoder.core.modes
    value = yield from decoder.core.byte()
    modes.font = value & 1
    modes.bold = bool(value & 0x08)
    modes.height_times = 2 if value & 0x10 else 1
    modes.width_times = 2 if value & 0x20 else 1
    modes.underline_dots = 1 if value & 0x80 else 0


def _size(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if not value & 0x88:
        decoder.core.modes.width_times = (value >> 4) + 1
        decoder.core.modes.height_times = (value & 7) + 1


def _bold(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.bold = bool((yield from decoder.core.byte()) & 1)


def _double_strike(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.double_strike = bool((yield from decoder.core.byte()) & 1)


def _underline(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    value -= 48 if value >= 48 else 0
    if 0 <= value <= 2:
        decoder.core.modes.underline_dots = value


def _reverse(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.reverse = bool((yield from decoder.core.byte()) & 1)


def _upside_down(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if decoder.core.line.empty:
        decoder.core.modes.upside_down = bool(value & 1)


def _rotate(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if value in (0, 1, 2, 48, 49, 50):
        decoder.core.modes.rotated = value not in (0, 48)


def _font(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if value in (0, 1, 48, 49):
        decoder.core.modes.font = value & 1


def _colour(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if value in (0, 1, 48, 49):
        decoder.core.modes.red = bool(value & 1)


def _spacing(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.spacing = yield from decoder.core.byte()


def _justification(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    value -= 48 if value >= 48 else 0
    if 0 <= value <= 2 and (yield from decoder.core.at_line_start()):
        decoder.core.modes.justification = value


def _code_page(decoder: EscPosDecoder) -> Step[None]:
    page = yield from decoder.core.byte()
    if knows_page(page):
        decoder.core.modes.code_page = page
    else:
        yield Action("unknown", {"bytes": bytes((0x1B, 0x74, page)), "reason": "no such code page"})


def _national(decoder: EscPosDecoder) -> Step[None]:
    number = yield from decoder.core.byte()
    if number < NATIONAL_SETS:
        decoder.core.modes.national = number


def _multibyte_on(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.multibyte = bool(decoder.core.traits.multibyte)
    yield from ()


def _multibyte_off(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.multibyte = False
    yield from ()


# --- positions --------------------------------------------------------------------------------------------------------


def _absolute_position(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    x = core.dots_of_units((yield from core.word()))
    if x <= core.line.width:
        core.line.x = x


def _relative_position(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    units = yield from core.word()
    units -= 0x10000 if units >= 0x8000 else 0
    x = core.line.x + core.dots_of_units(units)
    if 0 <= x <= core.line.width:
        core.line.x = x


def _left_margin(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    dots = core.dots_of_units((yield from core.word()))
    if (yield from core.at_line_start()):
        core.modes.left_margin = min(dots, core.traits.print_width_dots - 1)
        core.refresh_line()


def _area_width(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    dots = core.dots_of_units((yield from core.word()))
    if (yield from core.at_line_start()):
        core.modes.area_width = max(dots, 1)
        core.refresh_line()


def _motion_units(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    across = yield from core.byte()
    along = yield from core.byte()
    core.modes.units = (across or core.traits.unit_dpi[0], along or core.traits.unit_dpi[1])


# --- user-defined characters ------------------------------------------------------------------------------------------


def _define_characters(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    height_bytes = yield from core.byte()
    first = yield from core.byte()
    last = yield from core.byte()
    width, height = core.traits.fonts[core.modes.font]
    if not 1 <= height_bytes <= 3 or not 0x20 <= first <= last <= 0x7E:
        yield Action("unknown", {"bytes": bytes((0x1B, 0x26, height_bytes, first, last))})
        return
    for code in range(first, last + 1):
        columns = yield from core.byte()
        data = yield from core.take(columns * height_bytes)
        if columns <= width:
            cell = np.zeros((height, width), np.uint8)
            bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(columns, height_bytes), axis=1).T[
                :height
            ]
            cell[: bits.shape[0], :columns] = bits
            core.modes.defined[core.modes.font, code] = cell


def _select_characters(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.user_characters = bool((yield from decoder.core.byte()) & 1)


def _cancel_character(decoder: EscPosDecoder) -> Step[None]:
    code = yield from decoder.core.byte()
    decoder.core.modes.defined.pop((decoder.core.modes.font, code), None)


# --- cutter, drawer, buzzer -------------------------------------------------------------------------------------------


def _cut_now(decoder: EscPosDecoder, kind: str) -> Step[None]:
    core = decoder.core
    if not core.traits.cutter:
        return
    sheet = core.roll.cut(kind)
    if sheet is not None:
        yield sheet


def _cut(decoder: EscPosDecoder) -> Step[None]:
    """``GS V m`` and ``GS V m n``."""
    core = decoder.core
    mode = yield from core.byte()
    kind = "full" if mode in (0, 48, 65, 97, 103) else "partial"
    if mode in (0, 1, 48, 49):
        if (yield from core.at_line_start()):
            yield from _cut_now(decoder, kind)
    elif mode in (65, 66, 97, 98, 103, 104):
        feed = core.rows_of_units((yield from core.byte()))
        if (yield from core.at_line_start()):
            yield from core.advance(core.traits.cutter_distance_dots + feed)
            yield from _cut_now(decoder, kind)
            if mode in (103, 104) and core.traits.cutter:
                core.roll.retract()
    else:
        yield Action("unknown", {"bytes": bytes((0x1D, 0x56, mode))})


def _old_cut(decoder: EscPosDecoder) -> Step[None]:
    """``ESC i`` and ``ESC m``: Epson's leave one or three points, the clones cut through."""
    if (yield from decoder.core.at_line_start()):
        yield from _cut_now(decoder, "partial" if decoder.core.traits.line_start_only else "full")


def _partial_cut(decoder: EscPosDecoder) -> Step[None]:
    if (yield from decoder.core.at_line_start()):
        yield from _cut_now(decoder, "partial")


def _drawer(decoder: EscPosDecoder) -> Step[None]:
    pin = yield from decoder.core.byte()
    on = yield from decoder.core.byte()
    off = yield from decoder.core.byte()
    if pin in (0, 1, 48, 49):
        yield Action("drawer", {"pin": 5 if pin & 1 else 2, "on_ms": on * 2, "off_ms": off * 2})


def _clone_beep(decoder: EscPosDecoder) -> Step[None]:
    times = yield from decoder.core.byte()
    duration = yield from decoder.core.byte()
    yield Action("beep", {"times": times, "duration_ms": duration * 50})


# --- status -----------------------------------------------------------------------------------------------------------


def _status(decoder: EscPosDecoder) -> Step[None]:
    kind = yield from decoder.core.byte()
    if kind in (1, 2, 49, 50):
        yield Reply(queued_status(kind & 0x0F, decoder.core.status))


def _automatic_status(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.automatic_mask = (yield from decoder.core.byte()) & 0x0F
    if decoder.core.automatic_mask:
        yield Reply(automatic_status(decoder.core.status))


def _identity(decoder: EscPosDecoder) -> Step[None]:
    core = decoder.core
    number = yield from core.byte()
    short = {1: 0x20, 2: 0x02 if core.traits.cutter else 0x00, 3: 0x01}.get(
        number - 48 if 49 <= number <= 51 else number
    )
    if short is not None:
        yield Reply(bytes((short,)))
        return
    text = {65: "1.00", 66: core.model.make, 67: core.model.model, 68: "SIM0000001", 69: ""}.get(number)
    if text is not None:
        yield Reply(b"\x5f" + text.encode("ascii", "replace") + b"\x00")


def _realtime_in_turn(decoder: EscPosDecoder) -> Step[None]:
    """DLE: the request was answered when it arrived, here it is only passed over."""
    core = decoder.core
    second = yield from core.byte()
    if second == 0x04:
        kind = yield from core.byte()
        if kind in (7, 8, 18):
            yield from core.skip(1)
    elif second == 0x05:
        yield from core.skip(1)
    elif second == 0x14:
        function = yield from core.byte()
        yield from core.skip({1: 2, 2: 2, 3: 5, 7: 1, 8: 7}.get(function, 0))
    else:
        yield Action("unknown", {"bytes": bytes((0x10, second))})


def _select(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.selected = bool((yield from decoder.core.byte()) & 1)


# --- bar codes' measures ----------------------------------------------------------------------------------------------


def _bar_height(decoder: EscPosDecoder) -> Step[None]:
    decoder.core.modes.bar_code_height = (
        yield from decoder.core.byte()
    ) or decoder.core.modes.bar_code_height


def _bar_width(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if 2 <= value <= 6:
        decoder.core.modes.bar_code_width = value


def _bar_text(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    value -= 48 if value >= 48 else 0
    if 0 <= value <= 3:
        decoder.core.modes.bar_code_text = value


def _bar_font(decoder: EscPosDecoder) -> Step[None]:
    value = yield from decoder.core.byte()
    if value in (0, 1, 48, 49):
        decoder.core.modes.bar_code_font = value & 1


# --- commands with a length -------------------------------------------------------------------------------------------


def _gs_extended(decoder: EscPosDecoder) -> Step[None]:
    """``GS ( x pL pH …``."""
    core = decoder.core
    kind = yield from core.byte()
    length = yield from core.word()
    if kind == ord("L"):
        yield from graphics(core, decoder.images, length)
    elif kind == ord("k"):
        yield from two_dimensional(core, decoder.qr, length)
    elif kind == ord("H") and core.traits.completion:
        yield from _completion(decoder, length)
    elif kind == ord("D") and length >= 3:
        parameters = yield from core.take(min(length, 16))
        yield from core.skip(length - 16)
        for setting, value in zip(parameters[1::2], parameters[2::2], strict=False):
            if setting == 1:
                decoder.scanner.pulse_enabled = bool(value & 1)
    elif chr(kind) in _GS_PASSED_OVER:
        yield from core.skip(length)
    else:
        yield from core.skip(length)
        yield Action("unknown", {"bytes": bytes((0x1D, 0x28, kind))})


_GS_PASSED_OVER = "ACEFKMNPQVcz"
"""Letters of ``GS (`` that set what cannot be seen here: test print, density, speed, user settings."""


def _completion(decoder: EscPosDecoder, length: int) -> Step[None]:
    """``GS ( H``: the reply goes out when all before it was printed."""
    core = decoder.core
    parameters = yield from core.take(min(length, 16))
    yield from core.skip(length - 16)
    if len(parameters) == 6 and parameters[:2] in (b"\x30\x30", b"\x31\x30"):
        kind = 0x22 if parameters[0] == 0x30 else 0x23
        yield Motion(0, core.take_unfreed())
        yield Reply(bytes((0x37, kind)) + parameters[2:] + b"\x00")


def _long_graphics(decoder: EscPosDecoder) -> Step[None]:
    """``GS 8 L p1 p2 p3 p4 …``."""
    core = decoder.core
    kind = yield from core.byte()
    if kind != ord("L"):
        yield Action("unknown", {"bytes": bytes((0x1D, 0x38, kind))})
        return
    low = yield from core.word()
    high = yield from core.word()
    yield from graphics(core, decoder.images, low | high << 16)


def _esc_extended(decoder: EscPosDecoder) -> Step[None]:
    """``ESC ( A pL pH …``: buzzer."""
    core = decoder.core
    kind = yield from core.byte()
    length = yield from core.word()
    parameters = yield from core.take(min(length, 16))
    yield from core.skip(length - 16)
    if kind == ord("A") and parameters[:1] in (b"\x30", b"\x61"):
        yield Action("beep", {"times": parameters[2] if len(parameters) > 2 else 1, "parameters": parameters})
    elif kind != ord("A"):
        yield Action("unknown", {"bytes": bytes((0x1B, 0x28, kind))})


_CONTROLS: Mapping[int, Command] = {
    0x09: _tab,
    0x0A: _line_feed,
    0x10: _realtime_in_turn,
}
"""Single bytes; the others below 0x20 do nothing, CR among them (automatic line feed is off)."""

_ESC: Mapping[int, Command] = {
    ord(" "): _spacing,
    ord("!"): _print_mode,
    ord("$"): _absolute_position,
    ord("%"): _select_characters,
    ord("&"): _define_characters,
    ord("("): _esc_extended,
    ord("*"): lambda decoder: column(decoder.core),
    ord("-"): _underline,
    ord("2"): _default_spacing,
    ord("3"): _line_spacing,
    ord("7"): _skipping(3),  # clones: heating dots, time and interval
    ord("="): _select,
    ord("?"): _cancel_character,
    ord("@"): _initialize,
    ord("B"): _clone_beep,
    ord("D"): _tab_stops,
    ord("E"): _bold,
    ord("G"): _double_strike,
    ord("J"): _feed_units,
    ord("M"): _font,
    ord("R"): _national,
    ord("S"): _ignore,
    ord("U"): _skipping(1),
    ord("V"): _rotate,
    ord("\\"): _relative_position,
    ord("a"): _justification,
    ord("c"): _skipping(2),
    ord("d"): _feed_lines,
    ord("i"): _old_cut,
    ord("m"): _partial_cut,
    ord("p"): _drawer,
    ord("r"): _colour,
    ord("t"): _code_page,
    ord("{"): _upside_down,
}

_GS: Mapping[int, Command] = {
    ord("!"): _size,
    ord("("): _gs_extended,
    ord("*"): lambda decoder: define_downloaded(decoder.core, decoder.images),
    ord("/"): lambda decoder: print_downloaded(decoder.core, decoder.images),
    ord("8"): _long_graphics,
    ord("B"): _reverse,
    ord("H"): _bar_text,
    ord("I"): _identity,
    ord("L"): _left_margin,
    ord("P"): _motion_units,
    ord("V"): _cut,
    ord("W"): _area_width,
    ord("a"): _automatic_status,
    ord("b"): _skipping(1),  # smoothing
    ord("f"): _bar_font,
    ord("h"): _bar_height,
    ord("j"): _skipping(1),
    ord("k"): lambda decoder: print_bar_code(decoder.core),
    ord("r"): _status,
    ord("v"): lambda decoder: raster(decoder.core),
    ord("w"): _bar_width,
    ord("|"): _skipping(1),  # density
}

_FS: Mapping[int, Command] = {
    ord("!"): _skipping(1),
    ord("&"): _multibyte_on,
    ord("-"): _skipping(1),
    ord("."): _multibyte_off,
    ord("C"): _skipping(1),
    ord("S"): _skipping(2),
    ord("W"): _skipping(1),
    ord("p"): lambda decoder: print_numbered(decoder.core, decoder.images),
    ord("q"): lambda decoder: define_numbered(decoder.core, decoder.images),
}

_PREFIXES: Mapping[int, Mapping[int, Command]] = {0x1B: _ESC, 0x1C: _FS, 0x1D: _GS}
