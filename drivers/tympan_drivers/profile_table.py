"""Reads a profile's keys with their ranges, and names the file and the key of every mistake.

Owns the checks that any profile needs; what the keys mean is `profile_escpos`' and `profile_pcl`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from tympan.errors import DriverError


class ProfileTable:
    """A table of a profile, read key by key; `finish` refuses what nobody asked for.

    Args:
        data: The table.
        source: The file, for errors.
        prefix: Dotted key of this table, for errors; empty at the top.
    """

    def __init__(self, data: Mapping[str, Any], source: str, prefix: str = "") -> None:
        self._data = data
        self._source = source
        self._prefix = prefix
        self._known: set[str] = set()

    def fail(self, key: str, problem: str) -> NoReturn:
        """Refuse the value of `key`.

        Raises:
            DriverError: Always.
        """
        raise DriverError(f"{self._source}: {self._prefix}{key}: {problem}")

    def _get(self, key: str, default: Any, kind: type, what: str) -> Any:  # noqa: ANN401 — TOML gives any type; it is checked here
        self._known.add(key)
        if key not in self._data:
            if default is None:
                self.fail(key, "it is missing")
            return default
        value = self._data[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail(key, f"it must be {what}, not {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without `default` the key must be there."""
        return str(self._get(key, default, str, "a string"))

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of `choices`."""
        value = self.text(key, default)
        if value not in choices:
            self.fail(key, f"it must be one of {', '.join(choices)}, not {value!r}")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        return bool(self._get(key, default, bool, "true or false"))

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`."""
        value = int(self._get(key, default, int, f"a whole number from {low} to {high}"))
        if not low <= value <= high:
            self.fail(key, f"it must be {low} to {high}, not {value}")
        return value

    def fraction(self, key: str, low: float, high: float, default: float) -> float:
        """A number from `low` to `high`."""
        self._known.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.fail(key, f"it must be a number from {low} to {high}, not {value!r}")
        return float(value)

    def integers(
        self, key: str, low: int, high: int, default: Sequence[int] | None = None
    ) -> tuple[int, ...]:
        """A list of whole numbers, each from `low` to `high`, none twice."""
        values = self._get(key, None if default is None else list(default), list, "a list of whole numbers")
        for value in values:
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                self.fail(key, f"each must be a whole number from {low} to {high}, not {value!r}")
        if len(set(values)) < len(values):
            self.fail(key, "a number is given twice")
        return tuple(values)

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings, none twice."""
        values = self._get(key, None if default is None else list(default), list, "a list of strings")
        for value in values:
            if not isinstance(value, str):
                self.fail(key, f"each must be a string, not {value!r}")
        if len(set(values)) < len(values):
            self.fail(key, "a value is given twice")
        return tuple(values)

    def hexadecimal(self, key: str, default: str = "") -> bytes:
        """Bytes, written as hexadecimal digits in pairs: ``"1B 40"``."""
        try:
            return bytes.fromhex(self.text(key, default))
        except ValueError:
            self.fail(key, "it must be bytes in hexadecimal, such as '1B 40'")

    def numbers_by_name(self, key: str, low: int, high: int) -> Mapping[str, int]:
        """A table of whole numbers, in its order; empty where it is not there."""
        table = self._get(key, {}, dict, "a table")
        for name, value in table.items():
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                self.fail(f"{key}.{name}", f"it must be a whole number from {low} to {high}, not {value!r}")
        return MappingProxyType(dict(table))

    def table(self, key: str) -> ProfileTable:
        """A table in this one; empty where it is not there."""
        return ProfileTable(self._get(key, {}, dict, "a table"), self._source, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[ProfileTable]:
        """A list of tables; empty where it is not there."""
        values = self._get(key, [], list, "a list of tables")
        found = []
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                self.fail(f"{key}[{number}]", "it must be a table")
            found.append(ProfileTable(value, self._source, f"{self._prefix}{key}[{number}]."))
        return found

    def finish(self) -> None:
        """All known keys were read.

        Raises:
            DriverError: There is a key that nobody knows.
        """
        for key in self._data:
            if key not in self._known:
                self.fail(key, f"there is no such key; there are: {', '.join(sorted(self._known))}")
