"""A PCL 5 laser's interpreter, written from Hewlett-Packard's references: bytes in, sheets out.

Owns the reading of the stream: job language, escape sequences alone and combined, data that follows a sequence, text,
and languages it does not have, whose bytes it passes over to the next universal exit. The meaning of sequences is in
:mod:`tympan_sim.pcl_commands`, the page in :mod:`tympan_sim.pcl_engine`, the job language in :mod:`tympan_sim.pjl`.

Supported: PCL 5e, and of PCL 5c the simple colour modes, configured image data with palettes, and direct RGB. Not
supported, and told as unknown: HP-GL/2, macros (passed over), downloaded fonts and patterns (their text and fills come
out in what the printer has), raster scaling (``* r 2 A`` and 3 print unscaled).

It must never be kinder than the hardware: what a printer ignores it ignores, and then the data print as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto

from tympan_sim.decoder import Action, Effect, Motion, Reply, Sheet
from tympan_sim.pcl_commands import (
    COMMANDS,
    CONTROLS,
    DATA_COMMANDS,
    ESCAPES,
    NUMBER_MAX,
    RASTER_COMMANDS,
    Effects,
    Value,
)
from tympan_sim.pcl_engine import Engine, Environment
from tympan_sim.pcl_media import PAPER_SIZES, PJL_PAPER, size_by_name
from tympan_sim.pjl import PAGES_MAX, EnterLanguage, JobBegin, JobEnd, Pjl, PjlEvent

UNIVERSAL_EXIT = b"\x1b%-12345X"
PJL_PREFIX = b"@PJL"
PJL_LINE_MAX = 8_192
"""Bytes of a line that are read; the rest of a longer one is thrown away."""
SEQUENCE_MAX = 40
"""Characters of one value field; a longer one is no value, and prints as text."""

LANGUAGES = ("PCL", "AUTO", "PCL5", "PCL5E", "PCL5C")

_RASTER_ROW = re.compile(rb"\x1b\*b([0-9]{1,5})W")
_NUMBER = re.compile(rb"([+-]?)([0-9]*\.?[0-9]*)")
_TEXT = re.compile(rb"[\x20-\xff]+")
_UNKNOWN_SHOWN = 32


class _Mode(Enum):
    START = auto()  # after the universal exit: the job language, or else the default language
    PJL = auto()
    PCL = auto()
    PLOTTER = auto()  # HP-GL/2, passed over
    OTHER = auto()  # a language this printer does not have


class PclDecoder:
    """One printer's interpreter; a :class:`tympan_sim.decoder.Decoder` and a ``StatusListener``.

    Sheets are given as they lie in the tray, the short edge across, whatever the orientation: the whole sheet at the
    printer's dots, rounded to the nearest (A4 at 600 dpi: 4961 by 7016). A sheet printed on both sides comes as two,
    the front first, the back as seen when the sheet is turned over along its long edge.

    Args:
        dpi: Dots an inch of the print engine, 75 to 1200; ``RESOLUTION`` of the job language may choose fewer.
        media: What lies in the tray, a PWG 5101.1 name: the size where nothing else is asked for.
        unprintable_um: Margin at each edge the engine cannot mark, micrometres; lasers have about 4,200.
        identity: What ``INFO ID`` of the job language answers.
        clip_to_logical_page: Cut raster at the logical page too, as the manual has it; see
            :mod:`tympan_sim.pcl_raster`.
        pjl_status: It answers the status readback of the job language.

    Raises:
        ValueError: A number is out of its range, or `media` does not fit.
    """

    def __init__(
        self,
        *,
        dpi: int = 600,
        media: str = "iso_a4_210x297mm",
        unprintable_um: int = 0,
        identity: str = "Tympan Simulated PCL Laser",
        clip_to_logical_page: bool = False,
        pjl_status: bool = True,
    ) -> None:
        if not 75 <= dpi <= 1200:
            raise ValueError(f"resolution must be 75 to 1200 dpi, not {dpi}")
        if not 0 <= unprintable_um <= 25_400:
            raise ValueError(f"the unprintable margin must be 0 to 25400 micrometres, not {unprintable_um}")
        paper = size_by_name(media)
        names = {PAPER_SIZES[code].name: name for name, code in PJL_PAPER.items()}
        self.pjl = Pjl(
            identity=identity,
            resolution=dpi,
            paper=names.get(media, "CUSTOM"),
            media=media,
            readback=pjl_status,
        )
        self.state = Environment(Engine(dpi, paper, unprintable_um, clip_to_logical_page), self.pjl)
        self._mode = _Mode.PCL
        self._buffer = b""
        self._at = 0
        self._prefix: str | None = None
        self._wanted: tuple[str, Value, int] | None = None
        self._defining = False
        self._job_open = False
        self._unfreed = 0

    # --- the decoder's interface -------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> Iterator[Effect]:
        """Interpret `data`, which may begin and end anywhere; yields effects in the order they happen.

        The state goes on only as the effects are taken, so a printer can stop it between any two.
        """
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        while self._at < len(self._buffer):
            before = self._at
            effects = self._step()
            self._unfreed += self._at - before
            if effects is None:
                break
            yield from self._freed(effects)
        self.pjl.busy = self.state.marked or self.state.press.on_back
        if self._unfreed:
            freed, self._unfreed = self._unfreed, 0
            yield Motion(0, freed)

    def finish(self) -> Iterator[Effect]:
        """The stream ended: after its timeout the printer prints what it has, and is as after power-up.

        Incomplete sequences and data are forgotten.
        """
        self._unfreed += len(self._buffer) - self._at
        self._buffer, self._at = b"", 0
        self._prefix, self._wanted, self._defining = None, None, False
        self._mode = _Mode.PCL
        self._job_open = False
        self.pjl.timed_out()
        yield from self._freed(self.state.reset())
        self.state.press.begin_job(1, PAGES_MAX)
        self.pjl.busy = False
        if self._unfreed:
            freed, self._unfreed = self._unfreed, 0
            yield Motion(0, freed)

    def switched_off(self) -> Iterator[Sheet]:
        """Power is lost: a page that was not complete in memory is nowhere."""
        yield from ()

    def realtime(self, data: bytes, status: dict[str, bool]) -> Iterator[Reply | Action]:
        """PCL has no real-time requests: everything waits its turn in the buffer."""
        del data, status
        yield from ()

    def status_changed(self, status: dict[str, bool]) -> Iterator[Reply]:
        """The printer's state changed; tells the host where it asked for that (``USTATUS DEVICE``)."""
        yield from self.pjl.status_changed(status)

    def _freed(self, effects: Iterator[Effect]) -> Iterator[Effect]:
        """Let the first movement free what the interpreter has taken from the buffer."""
        for effect in effects:
            if isinstance(effect, Motion) and self._unfreed:
                freed, self._unfreed = self._unfreed, 0
                yield replace(effect, consumed=freed)
            else:
                yield effect

    # --- the stream --------------------------------------------------------------------------------------------------

    def _step(self) -> Iterator[Effect] | None:
        """Take one thing off the buffer; None where it is not all there yet."""
        if self._mode is _Mode.PCL:
            return self._pcl()
        if self._mode in {_Mode.OTHER, _Mode.PLOTTER}:
            return self._pass_over()
        return self._job_language()

    def _pass_over(self) -> Iterator[Effect] | None:
        """Skip to what ends the language: the universal exit; of the plotter also ``ESC % # A`` and ``ESC E``."""
        at = self._buffer.find(b"\x1b", self._at)
        if at < 0:
            self._at = len(self._buffer)
            return iter(())
        self._at = at
        ahead = self._buffer[at : at + len(UNIVERSAL_EXIT)]
        if ahead == UNIVERSAL_EXIT:
            self._at += len(UNIVERSAL_EXIT)
            return self._exit()
        if UNIVERSAL_EXIT.startswith(ahead):
            return None
        if self._mode is _Mode.PLOTTER:
            if ahead[1:2] == b"E" or (
                ahead[1:2] == b"%" and ahead[2:3] in (b"0", b"1") and ahead[3:4] == b"A"
            ):
                self._mode = _Mode.PCL
                return iter(())
            if len(ahead) < 4 and ahead[1:2] == b"%":
                return None
        self._at += 1
        return iter(())

    def _job_language(self) -> Iterator[Effect] | None:
        """After the universal exit: lines with ``@PJL``; anything else is in the default language."""
        ahead = self._buffer[self._at : self._at + len(UNIVERSAL_EXIT)]
        if ahead == UNIVERSAL_EXIT:
            self._at += len(UNIVERSAL_EXIT)
            return self._exit()
        if not ahead.startswith(PJL_PREFIX):
            if PJL_PREFIX.startswith(ahead) or UNIVERSAL_EXIT.startswith(ahead):
                return None
            return self._enter("PCL")
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            kept = self._buffer[: self._at + PJL_LINE_MAX]
            self._unfreed += len(self._buffer) - len(kept)
            self._buffer = kept
            return None
        line = self._buffer[self._at : end]
        self._at = end + 1
        self._mode = _Mode.PJL
        return self._obey(self.pjl.line(line))

    def _obey(self, events: Iterator[PjlEvent]) -> Iterator[Effect]:
        for event in events:
            if isinstance(event, JobBegin):
                self._job_open = True
                self.state.reset_state()
                self.state.press.begin_job(event.first, event.last)
                yield Action("job", {"name": event.name, "display": event.display})
            elif isinstance(event, JobEnd):
                self._job_open = False
                yield Action("end-of-job", {"name": event.name, "pages": self.state.press.pages})
                self.state.press.begin_job(1, PAGES_MAX)
            elif isinstance(event, EnterLanguage):
                yield from self._enter(event.name)
            else:
                yield event

    def _enter(self, language: str) -> Iterator[Effect]:
        self._mode = _Mode.PCL if language in LANGUAGES else _Mode.OTHER
        self.state.reset_state()
        yield Action("language", {"name": language, "known": self._mode is _Mode.PCL})

    def _exit(self) -> Iterator[Effect]:
        """``ESC % -12345 X``: ends the language; what the job language set is at its default again."""
        self._prefix = None
        self._defining = False
        self._mode = _Mode.START
        yield from self.state.end_sheet()
        self.pjl.reset()
        if not self._job_open:
            self.state.press.begin_job(1, PAGES_MAX)
        self.state.reset_state()

    # --- PCL ---------------------------------------------------------------------------------------------------------

    def _pcl(self) -> Iterator[Effect] | None:
        if self._wanted is not None:
            return self._data(*self._wanted)
        if self._prefix is not None:
            return self._element(self._prefix)
        buffer, at = self._buffer, self._at
        code = buffer[at]
        if code == 0x1B:
            return self._escape()
        if code >= 0x20:
            text = _TEXT.match(buffer, at)
            assert text is not None
            self._at = text.end()
            return iter(()) if self._defining else self._text(text[0])
        self._at += 1
        control = CONTROLS.get(code)
        if control is None or self._defining:
            return iter(())
        self.state.end_raster()
        return self._effects(control(self.state), bytes([code]))

    def _text(self, codes: bytes) -> Iterator[Effect]:
        self.state.end_raster()
        return self.state.text(codes)

    def _escape(self) -> Iterator[Effect] | None:
        buffer, at = self._buffer, self._at
        row = _RASTER_ROW.match(buffer, at)
        if row is not None and not self._defining:
            count = min(int(row[1]), NUMBER_MAX)
            end = row.end() + count
            if end <= len(buffer):
                self._at = end
                self.state.raster_row(buffer[row.end() : end])
                return iter(())
        if len(buffer) < at + 2:
            return None
        second = buffer[at + 1]
        if 0x21 <= second <= 0x2F:
            if len(buffer) < at + 3:
                return None
            third = buffer[at + 2]
            grouped = 0x60 <= third <= 0x7E
            self._prefix = chr(second) + (chr(third) if grouped else "")
            self._at += 3 if grouped else 2
            return iter(())
        self._at += 1
        if not 0x30 <= second <= 0x7E:
            return iter(())
        self._at += 1
        return self._two_characters(chr(second))

    def _two_characters(self, character: str) -> Iterator[Effect]:
        if character == "E":
            self._defining = False
        elif self._defining:
            return iter(())
        self.state.end_raster()
        escape = ESCAPES.get(character)
        effects = self._effects(escape(self.state) if escape else False, f"ESC {character}".encode())
        return self._after_reset(effects) if character == "E" else effects

    def _after_reset(self, effects: Iterator[Effect]) -> Iterator[Effect]:
        yield from effects
        yield Action("reset", {"language": "PCL"})

    def _element(self, prefix: str) -> Iterator[Effect] | None:
        """One value and its terminating character; a lower case one lets the sequence go on."""
        found = _NUMBER.match(self._buffer, self._at)
        assert found is not None
        end = found.end()
        if end - self._at > SEQUENCE_MAX:
            self._prefix = None
            return iter(())
        if end == len(self._buffer):
            return None
        terminator = self._buffer[end]
        if not (0x40 <= terminator <= 0x5E or 0x60 <= terminator <= 0x7E):
            self._prefix = None
            self._at = end
            return iter(())
        self._at = end + 1
        if terminator <= 0x5E:
            self._prefix = None
        name = prefix + chr(terminator - 0x20 if terminator >= 0x60 else terminator)
        value = Value(_held(found[1] + found[2]), bool(found[1]))
        if name.endswith("W") or name in DATA_COMMANDS:
            count = min(max(value.integer, 0), NUMBER_MAX)
            self._wanted = (name, value, count)
            return self._data(name, value, count) if not count else iter(())
        return self._command(name, value)

    def _data(self, name: str, value: Value, count: int) -> Iterator[Effect] | None:
        if len(self._buffer) - self._at < count:
            return None
        data = self._buffer[self._at : self._at + count]
        self._at += count
        self._wanted = None
        return self._command(name, replace(value, data=data))

    def _command(self, name: str, value: Value) -> Iterator[Effect]:
        if name == "%X" and value.integer == -12345:
            return self._exit()
        if name == "&fX":
            return self._macro(value.integer)
        if self._defining or name in {"%A", "&fY"}:
            return iter(())
        if name not in RASTER_COMMANDS:
            self.state.end_raster()
        shown = f"ESC {name[:-1]}{value.number:g}{name[-1]}".encode("latin-1")
        command = COMMANDS.get(name)
        if command is not None:
            return self._effects(command(self.state, value), shown)
        if name == "%B" and value.integer in (0, 1):
            self._mode = _Mode.PLOTTER
            shown = b"HP-GL/2"
        return self._effects(False, shown + value.data[:_UNKNOWN_SHOWN])

    def _macro(self, control: int) -> Iterator[Effect]:
        """``ESC & f # X``: what is between 0 and 1 is the macro's, not the page's."""
        if control in (0, 1):
            self._defining = control == 0
            return iter(())
        if 2 <= control <= 5 and not self._defining:
            return iter((Action("unknown", {"language": "PCL", "sequence": f"ESC &f{control}X"}),))
        return iter(())

    def _effects(self, effects: Effects, shown: bytes) -> Iterator[Effect]:
        if effects is False:
            return iter((Action("unknown", {"language": "PCL", "sequence": shown.decode("latin-1")}),))
        if effects is None or effects is True:
            return iter(())
        return effects


def _held(text: bytes) -> float:
    """Return a value field as a number within what PCL counts to."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return min(max(number, float(-NUMBER_MAX)), float(NUMBER_MAX))
