from __future__ import annotations

from dataclasses import dataclass

import pytest

from tympan.ipp.enums import PrinterState
from tympan.systemd.status_line import MAX_LENGTH, NO_PRINTER, status_line

IDLE, PRINTING, STOPPED = PrinterState.IDLE, PrinterState.PROCESSING, PrinterState.STOPPED


@dataclass
class Shown:
    name: str
    state: PrinterState = IDLE
    reasons: tuple[str, ...] = ("none",)


def idle(count):
    return [Shown(f"p{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("printers", "line"),
    [
        ([], NO_PRINTER),
        ([Shown("receipt")], "1 printer: receipt idle"),
        (
            [Shown("receipt", PRINTING), Shown("laser", STOPPED, ("cover-open-error",))],
            "2 printers: receipt printing, laser stopped: a cover is open",
        ),
        (
            [Shown("laser", STOPPED, ("cover-open", "trimmer-jam"))],
            "1 printer: laser stopped: a cover is open and the cutter is jammed",
        ),
        ([Shown("x", STOPPED, ("acme-teapot",))], "1 printer: x stopped: acme-teapot"),
        (idle(12), "12 printers: 12 idle"),
        (
            [*idle(5), Shown("a", PRINTING), Shown("b", STOPPED, ("cover-open",))],
            "7 printers: b stopped: a cover is open, a printing, 5 idle",
        ),
    ],
)
def test_the_line(printers, line):
    assert status_line(printers) == line


def test_a_note_follows():
    assert status_line([Shown("a")], "x.toml:3: no") == "1 printer: a idle; x.toml:3: no"


def test_it_is_one_line_of_a_length_that_can_be_read():
    many = [Shown(f"printer-{number}", STOPPED, ("cover-open",)) for number in range(64)]
    assert len(status_line(many)) == MAX_LENGTH
