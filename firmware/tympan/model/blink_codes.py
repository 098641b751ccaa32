"""The blink codes: how often a light blinks for what is wrong. One table, of which the light, the page on paper and the docs are made.

It knows ``printer-state-reasons`` and nothing of lights. A configuration may number the codes otherwise (``panel.codes``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tympan.model.device_condition import reason_base

MAX_BLINKS: Final = 12
"""More than that nobody counts."""


class BlinkCode(NamedTuple):
    """One kind of thing that is wrong.

    Attributes:
        name: Its key in the configuration.
        blinks: How often the light blinks, before a pause.
        words: What it means, for people.
        remedy: What to do about it.
        reasons: ``printer-state-reasons`` without their suffix; one that ends in ``-`` stands for all that begin so.
    """

    name: str
    blinks: int
    words: str
    remedy: str
    reasons: tuple[str, ...]


OTHER: Final = BlinkCode("other", 9, "something else", "see the status page", ())
"""What no other code is about."""

BLINK_CODES: Final[tuple[BlinkCode, ...]] = (
    BlinkCode(
        "away",
        4,
        "printer is away or off",
        "switch it on, plug it in",
        ("connecting-to-device", "offline", "timed-out", "power-down", "stopped-partly", "subunit-offline"),
    ),
    BlinkCode("cover", 2, "cover is open", "close it", ("cover-open", "door-open", "interlock-open")),
    BlinkCode(
        "cutter",
        3,
        "cutter or paper jam",
        "clear the paper path",
        (
            "cutter-",
            "trimmer-",
            "media-jam",
            "multiple-document-jam",
            "media-path-",
            "subunit-recoverable-failure",
        ),
    ),
    BlinkCode("paper", 1, "paper is out or low", "put paper in", ("media-empty", "media-low")),
    BlinkCode(
        "heat",
        5,
        "too hot, or not warm yet",
        "wait: it goes on by itself",
        (
            "fuser-over-temp",
            "fuser-under-temp",
            "subunit-over-temperature",
            "subunit-under-temperature",
            "printhead-",
            "print-head-",
            "motor-",
            "cooling",
            "warm-up",
        ),
    ),
    BlinkCode("other-paper", 8, "wants other paper", "put in what the status page names", ("media-needed",)),
    BlinkCode(
        "tray",
        7,
        "tray is missing or full",
        "put the tray in, take paper out",
        ("output-", "input-tray-", "input-manual-", "bin-"),
    ),
    BlinkCode(
        "supply",
        6,
        "toner, ink or ribbon",
        "replace it",
        ("toner-", "marker-", "developer-", "opc-", "ribbon-", "ink-"),
    ),
    OTHER,
)
"""Every code; the first one that applies is shown."""

NOT_WRONG: Final = frozenset(
    {
        "none",
        "paused",
        "moving-to-paused",
        "stopping",
        "shutdown",
        "deactivated",
        "hold-new-jobs",
        "resuming",
        "alert-removal-of-binary-change-entry",
        "configuration-change",
        "deleted",
        "identify-printer-requested",
        "testing",
    }
)
"""``printer-state-reasons`` that operators have asked for, or that are no news for who looks after the printer."""


def code_of(reason: str) -> BlinkCode | None:
    """The code of one of ``printer-state-reasons``; None: nothing is wrong."""
    base = reason_base(reason)
    if base in NOT_WRONG or reason.endswith("-report"):
        return None
    for code in BLINK_CODES:
        if any(base == known or (known.endswith("-") and base.startswith(known)) for known in code.reasons):
            return code
    return OTHER


def worst_code(reasons: Iterable[str]) -> BlinkCode | None:
    """The code that is shown for all of `reasons` together; None: nothing is wrong."""
    found = [code for reason in reasons if (code := code_of(reason)) is not None]
    return min(found, key=BLINK_CODES.index, default=None)


def numbered(numbers: Mapping[str, int]) -> dict[str, int]:
    """How often the light blinks for each code by name, where a configuration gives some of them other numbers."""
    return {code.name: numbers.get(code.name, code.blinks) for code in BLINK_CODES}


def legend(numbers: Mapping[str, int]) -> list[tuple[int, BlinkCode]]:
    """Every code with its number, in the order of the numbers: for people to look up."""
    by_name = numbered(numbers)
    return sorted(((by_name[code.name], code) for code in BLINK_CODES), key=lambda row: row[0])
