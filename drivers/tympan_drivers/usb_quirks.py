"""What some USB printers need otherwise, as data: ``quirks.toml`` beside this module says what each key means, and why."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from tympan.errors import DriverError

QUIRKS_FILE = Path(__file__).with_name("quirks.toml")

_MATCH = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4}|\*)")


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a printer needs; see ``quirks.toml``.

    Attributes:
        one_way: Its back channel is not read.
        keep_detached: The kernel's driver does not get it back.
        vendor_class: Its printer interface is of a class of the vendor's own.
        reset_after_job: It is let go after each job, and reset on the bus then.
        no_soft_reset: It never gets a SOFT_RESET.
        slow_close: It is let go a second after the last byte.
        commands: The language that it speaks, where its device id says none; empty: nobody knows.
    """

    one_way: bool = False
    keep_detached: bool = False
    vendor_class: bool = False
    reset_after_job: bool = False
    no_soft_reset: bool = False
    slow_close: bool = False
    commands: str = ""


def quirks_of(vendor_id: int, product_id: int) -> Quirks:
    """The quirks of a printer: those of the product, and where it has no entry, those of its vendor; never of both, as CUPS has it."""
    table = _table(QUIRKS_FILE)
    entry = table.get(f"{vendor_id:04x}:{product_id:04x}") or table.get(f"{vendor_id:04x}:*") or {}
    return Quirks(**entry)


@cache
def _table(path: Path) -> dict[str, dict[str, Any]]:
    """The file by match.

    Raises:
        DriverError: It has a mistake.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DriverError(f"{path.name} cannot be read: {error}") from error
    entries = document.pop("quirk", None)
    if document or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DriverError(f"{path.name}: it holds [[quirk]] tables and nothing else")
    known = {field.name: type(field.default) for field in fields(Quirks)}
    table: dict[str, dict[str, Any]] = {}
    for entry in entries:
        match, why = str(entry.pop("match", "")), entry.pop("why", "")
        wrong = [name for name, value in entry.items() if type(value) is not known.get(name)]
        has_why = isinstance(why, str) and bool(why.strip())
        if not _MATCH.fullmatch(match) or match in table or not entry or wrong or not has_why:
            raise DriverError(f"{path.name}: the entry of {match!r} has a mistake {wrong or ''}".rstrip())
        table[match] = entry
    return table
