"""What the status codes of PJL mean, in the words of IPP.

Owns the table. Sources: HP's *PJL Technical Reference Manual*, appendix D, and its *Addendum*, chapter 4; where makers that emulate
it add codes, Lexmark's *Technical Reference* (tables 3-12 to 3-15) and Brother's *Command Reference Guide* (7.6.1). Trays are not
named: their numbers in the codes differ from model to model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Meaning(NamedTuple):
    """What a code means.

    Attributes:
        reason: ``printer-state-reasons`` keyword; empty: nothing is wrong.
        message: A sentence for people.
        stops: The printer does not print until it is gone; where False it does as long as it says that it is on line.
        lasts: It holds until the printer says that it is ready: while it prints it shows something else.
    """

    reason: str = ""
    message: str = ""
    stops: bool = False
    lasts: bool = False


WELL = Meaning()
OFFLINE = Meaning("subunit-offline-error", "The printer is off line.", stops=True)
COVER_OPEN = Meaning("cover-open-error", "The printer's cover is open.", stops=True)
JAM = Meaning("media-jam-error", "Paper is jammed in the printer.", stops=True)
OUT_OF_PAPER = Meaning("media-empty-error", "The printer is out of paper.", stops=True)
TRAY_EMPTY = Meaning("media-empty-warning", "A paper tray is empty; another one is used.", lasts=True)
OTHER_PAPER = Meaning("media-needed-error", "The printer wants other paper.", stops=True)
TRAY_MISSING = Meaning("input-tray-missing-error", "A paper tray is missing.", stops=True)
BIN_MISSING = Meaning("output-tray-missing-error", "The output bin is missing or open.", stops=True)
BIN_FULL = Meaning("output-area-full-error", "The output bin is full: take the paper out.", stops=True)
TONER_LOW = Meaning("toner-low-warning", "The toner runs low.", lasts=True)
TONER_LOW_STOPPED = Meaning(
    "toner-low-error", "The toner runs low, and the printer waits for somebody to press a button.", stops=True
)
TONER_EMPTY = Meaning("toner-empty-error", "The toner is used up.", stops=True)
NO_CARTRIDGE = Meaning(
    "marker-supply-missing-error", "The toner cartridge is missing or not in its place.", stops=True
)
DRUM_OLD = Meaning("opc-near-eol-warning", "The drum is nearly worn out.", lasts=True)
DRUM_OVER = Meaning("opc-life-over-error", "The drum is worn out.", stops=True)
WASTE_FULL = Meaning("marker-waste-full-error", "The waste toner container is full.", stops=True)
OUT_OF_MEMORY = Meaning(
    "interpreter-resource-unavailable-warning", "The printer's memory is too small for the page."
)
FUSER_HOT = Meaning("fuser-over-temp-error", "The fuser is too hot.", stops=True)
FUSER_COLD = Meaning("fuser-under-temp-error", "The fuser does not get hot enough.", stops=True)
BROKEN = Meaning(
    "subunit-unrecoverable-failure-error", "The printer has a fault: switch it off and on again.", stops=True
)
ATTENTION = Meaning("other-warning", "The printer wants attention.")
STOPPED = Meaning("other-error", "The printer wants somebody to help.", stops=True)

CODES: Mapping[int, Meaning] = {
    10001: WELL,
    10002: OFFLINE,
    10006: TONER_LOW,
    10200: TONER_LOW,  # order black toner
    10205: DRUM_OLD,  # order black drum
    10218: TONER_LOW,  # order supplies
    10300: TONER_LOW,  # replace black toner: it prints on
    10305: DRUM_OLD,
    10309: TONER_LOW,  # replace black cartridge
    30016: OUT_OF_MEMORY,
    30017: OUT_OF_MEMORY,  # print overrun: the page is too complex
    30034: OTHER_PAPER,
    30119: JAM,
    40000: WELL,  # sleeps
    40010: NO_CARTRIDGE,
    40019: BIN_FULL,
    40021: COVER_OPEN,
    40022: JAM,
    40026: TRAY_MISSING,
    40027: TRAY_MISSING,
    40028: TRAY_MISSING,
    40029: BIN_MISSING,
    40038: TONER_LOW_STOPPED,
    40039: TONER_EMPTY,
    40050: BROKEN,
    40079: OFFLINE,
    40093: JAM,
    40096: OTHER_PAPER,
    40104: COVER_OPEN,
    40105: COVER_OPEN,
    40119: JAM,
    40120: BIN_MISSING,
    40121: BIN_MISSING,
    40128: DRUM_OVER,
    40129: DRUM_OVER,
    40130: DRUM_OLD,
    40141: WASTE_FULL,
    40142: Meaning("marker-supply-missing-error", "The drum is missing or not in its place.", stops=True),
    40144: TONER_LOW_STOPPED,
    40146: OTHER_PAPER,
    40600: NO_CARTRIDGE,
    50008: FUSER_COLD,
    50009: FUSER_COLD,
    50010: FUSER_HOT,
}
"""Codes by themselves."""

WORKING = frozenset({10003, 10023})
"""It warms up; it prints."""

READY = 10001

SERVICE_ERRORS = range(40051, 40072)
"""``51 ERROR`` to ``72 SERVICE``: faults of the mechanism."""

GROUPS: Mapping[int, Meaning] = {
    10: WELL,
    11: TRAY_EMPTY,
    12: WELL,  # a tray is open or lifted, and another one is used
    15: BIN_FULL,
    20: WELL,  # 20, 25, 27: of a PJL command, not of the printer
    25: WELL,
    27: WELL,
    30: ATTENTION,
    32: WELL,  # of its file system
    35: ATTENTION,
    40: STOPPED,
    41: OUT_OF_PAPER,
    42: JAM,
    43: STOPPED,
    44: JAM,
    50: BROKEN,
    55: BROKEN,
}
"""Codes by their first two digits, for those that are not in `CODES`."""


def meaning_of(code: int) -> Meaning:
    """What a code means; of one that nobody knows, that nothing is wrong."""
    if code in SERVICE_ERRORS:
        return BROKEN
    return CODES.get(code) or GROUPS.get(code // 1000, WELL)
