"""Finds the profiles of a driver, reads them when they are asked for, and knows which one a device is.

A profile is a TOML file ``profiles/NAME.toml``. The keys every profile has are read here; the rest by the driver.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, TypeVar

from tympan.driver.contract import DeviceIdentity
from tympan.errors import DriverError
from tympan_drivers.profile_table import ProfileTable

PROFILE_DIR = Path(__file__).with_name("profiles")
"""The profiles that come with the firmware."""

DRIVERS = ("escpos", "pcl")
"""The drivers a profile can be for."""

LANGUAGE_MATCH = 1
"""How well a profile fits a device of which only the language matches; a pattern of the model counts 2 and up."""


@dataclass(frozen=True, slots=True)
class ModelPattern:
    """Which devices a profile is for; patterns as in file names, in any case.

    Attributes:
        make: Manufacturer.
        model: Model.
    """

    make: str
    model: str

    def score(self, make: str, model: str) -> int:
        """How exactly it fits: 0 not at all, otherwise more the longer the patterns are."""
        if fnmatchcase(make, self.make) and fnmatchcase(model, self.model):
            return 2 + len(self.make.replace("*", "")) + len(self.model.replace("*", ""))
        return 0


@dataclass(frozen=True, slots=True)
class ProfileHead:
    """What every profile says.

    Attributes:
        name: The file's name without ``.toml``.
        info: What it stands for, for people.
        make: Manufacturer, for ``printer-make-and-model``.
        model: Model, likewise.
        commands: ``CMD`` of the IEEE 1284 device id, for a device that has none.
        patterns: Which devices it is for.
        fallback: It is for any device that speaks the driver's language.
    """

    name: str
    info: str
    make: str
    model: str
    commands: str
    patterns: tuple[ModelPattern, ...]
    fallback: bool

    @property
    def make_and_model(self) -> str:
        """``printer-make-and-model``."""
        return f"{self.make} {self.model}"

    @property
    def device_id(self) -> str:
        """An IEEE 1284 device id."""
        return f"MFG:{self.make};MDL:{self.model};CMD:{self.commands};CLS:PRINTER;DES:{self.make_and_model};"


ProfileT = TypeVar("ProfileT")


class ProfileStore(Generic[ProfileT]):
    """The profiles of one driver.

    Args:
        driver: The driver's name.
        build: Makes the driver's profile from the head and the rest of the file.
        directory: Where the files are.
    """

    def __init__(
        self,
        driver: str,
        build: Callable[[ProfileHead, ProfileTable], ProfileT],
        directory: Path = PROFILE_DIR,
    ) -> None:
        self._driver = driver
        self._build = build
        self._directory = directory
        self._tables: dict[str, tuple[ProfileHead, ProfileTable]] = {}
        self._profiles: dict[str, ProfileT] = {}
        self._complete = False

    def heads(self) -> Mapping[str, ProfileHead]:
        """Every profile of the driver, by name: the one for any device first, the others in the order of their names.

        Raises:
            DriverError: A profile has a mistake.
        """
        if not self._complete:
            for path in sorted(self._directory.glob("*.toml")):
                self._load(path)
            self._complete = True
        heads = sorted(
            (head for head, _ in self._tables.values()), key=lambda head: (not head.fallback, head.name)
        )
        return {head.name: head for head in heads}

    def get(self, name: str) -> ProfileT:
        """The profile called `name`; read at the first call.

        Raises:
            DriverError: There is none, or it has a mistake.
        """
        profile = self._profiles.get(name)
        if profile is None:
            if name not in self._tables and name and name == Path(name).name:
                path = self._directory / f"{name}.toml"
                if path.is_file():
                    self._load(path)
            if name not in self._tables:
                raise DriverError(
                    f"driver {self._driver} has no profile {name!r}; it has: {', '.join(self.heads())}"
                )
            head, table = self._tables[name]
            profile = self._build(head, table)
            table.finish()
            self._profiles[name] = profile
        return profile

    def match(self, identity: DeviceIdentity, languages: frozenset[str]) -> str | None:
        """The profile for a device; None where it is not one of this driver's.

        Args:
            identity: What the device says it is.
            languages: What ``CMD`` of this driver's devices may contain, upper case.
        """
        fields = device_id_fields(identity.device_id)
        make = (identity.make or fields.get("MFG", "") or fields.get("MANUFACTURER", "")).strip().lower()
        model = (identity.model or fields.get("MDL", "") or fields.get("MODEL", "")).strip().lower()
        commands = identity.commands or tuple(
            part.strip().upper() for part in (fields.get("CMD") or fields.get("COMMAND SET", "")).split(",")
        )
        speaks = any(command in languages for command in commands)
        best, best_score = None, 0
        for name, head in self.heads().items():
            score = max((pattern.score(make, model) for pattern in head.patterns), default=0) if model else 0
            if head.fallback and speaks:
                score = max(score, LANGUAGE_MATCH)
            if score > best_score:
                best, best_score = name, score
        return best

    def _load(self, path: Path) -> None:
        name = path.stem
        if name in self._tables:
            return
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DriverError(f"{path}: {error}") from error
        if data.get("driver") not in DRIVERS:
            raise DriverError(
                f"{path}: driver: it must be one of {', '.join(DRIVERS)}, not {data.get('driver')!r}"
            )
        if data["driver"] != self._driver:
            return
        table = ProfileTable(data, str(path))
        table.text("driver")
        self._tables[name] = (_head(name, table), table)


def _head(name: str, table: ProfileTable) -> ProfileHead:
    patterns = []
    for part in table.tables("match"):
        patterns.append(ModelPattern(part.text("make", "*").lower(), part.text("model").lower()))
        part.finish()
    head = ProfileHead(
        name=name,
        info=table.text("info"),
        make=table.text("make"),
        model=table.text("model"),
        commands=table.text("commands"),
        patterns=tuple(patterns),
        fallback=table.flag("fallback"),
    )
    for key in ("make", "model", "commands"):
        if any(mark in getattr(head, key) for mark in ":;") or not getattr(head, key).isascii():
            table.fail(key, "it stands in a device id: ASCII without ':' and ';'")
    return head


def device_id_fields(device_id: str) -> dict[str, str]:
    """The keys and values of an IEEE 1284 device id, keys upper case; what is no pair is left out."""
    pairs = (part.partition(":") for part in device_id.split(";"))
    return {key.strip().upper(): value.strip() for key, colon, value in pairs if colon}
