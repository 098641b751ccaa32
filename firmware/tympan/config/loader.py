"""Read the configuration: a main file, the files of ``conf.d`` beside it, and the environment.

Later files win over earlier ones, key by key; printers add up. The environment wins over files. Every mistake is found,
not only the first, and names its file, line and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tympan.config.option import (
    FROM_ENVIRONMENT,
    FROM_TOML,
    WrongType,
    nearest,
    option_of,
    problem_of,
    suggestion,
)
from tympan.config.settings import Place, Settings
from tympan.config.tables.access import AccessSettings
from tympan.config.tables.discovery import DiscoverySettings
from tympan.config.tables.fetch import FetchSettings
from tympan.config.tables.limits import LimitSettings
from tympan.config.tables.log import LogSettings
from tympan.config.tables.notifications import NotificationSettings
from tympan.config.tables.panel import PanelSettings
from tympan.config.tables.printers import MAX_PRINTERS, PrinterSettings
from tympan.config.tables.render import RenderSettings
from tympan.config.tables.server import ServerSettings
from tympan.config.tables.tls import TlsSettings
from tympan.config.tables.users import MAX_USERS, UserSettings
from tympan.errors import ConfigError

DEFAULT_PATH = Path("/etc/tympan/config.toml")

MAX_FILE_BYTES = 1024 * 1024
"""A configuration file that is longer is not one."""

SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "access": AccessSettings,
    "tls": TlsSettings,
    "limits": LimitSettings,
    "render": RenderSettings,
    "discovery": DiscoverySettings,
    "notifications": NotificationSettings,
    "fetch": FetchSettings,
    "panel": PanelSettings,
    "log": LogSettings,
}
"""The tables of the configuration."""

LISTS: Mapping[str, type[Any]] = {"users": UserSettings, "printers": PrinterSettings}
"""What may be there several times: ``[[users]]``, ``[[printers]]``."""

ENVIRONMENT_PREFIX = "TYMPAN_"

_LINE_OF_SYNTAX_ERROR = re.compile(r"\s*\(at line (\d+), column (\d+)\)")


class ConfigMistakesError(ConfigError):
    """The configuration has mistakes: the message has one line for each.

    Attributes:
        mistakes: Each of them, in the order of the files.
    """

    def __init__(self, mistakes: tuple[ConfigError, ...]) -> None:
        first = mistakes[0]
        super().__init__(first.problem, path=first.path, line=first.line, key=first.key)
        self.mistakes = mistakes
        self.args = ("\n".join(str(mistake) for mistake in mistakes),)


def load(path: Path, environ: Mapping[str, str], *, may_be_missing: bool = False) -> Settings:
    """The settings of a main file, its ``conf.d`` and the environment.

    Args:
        path: The main file; ``conf.d/*.toml`` is looked for beside it.
        environ: The environment; only ``TYMPAN_SECTION_KEY`` is looked at.
        may_be_missing: Without the main file the defaults hold.

    Raises:
        ConfigMistakesError: There are mistakes; it holds all of them.
    """
    settings, mistakes = read(path, environ, may_be_missing=may_be_missing)
    if mistakes:
        raise ConfigMistakesError(mistakes)
    return settings


def read(
    path: Path, environ: Mapping[str, str], *, may_be_missing: bool = False
) -> tuple[Settings, tuple[ConfigError, ...]]:
    """As `load`, but gives the mistakes back beside what the settings are without the wrong keys."""
    reading = _Reading()
    for each in config_files(path):
        if each == path and may_be_missing and not path.exists():
            continue
        known = len(reading.mistakes)
        reading.add_file(each)
        reading.mistakes[known:] = sorted(reading.mistakes[known:], key=lambda mistake: mistake.line)
    reading.add_environment(environ)
    return reading.settings(), tuple(reading.mistakes)


def apply_environment(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """`settings` with the environment's overrides, for settings that come from no file.

    Raises:
        ConfigMistakesError: There are mistakes; it holds all of them.
    """
    reading = _Reading()
    reading.add_environment(environ)
    if reading.mistakes:
        raise ConfigMistakesError(tuple(reading.mistakes))
    changed = replace(
        settings,
        **{
            section: replace(getattr(settings, section), **values)
            for section, values in reading.values.items()
        },
        places={**settings.places, **reading.places},
    )
    reading.judge_together(changed)
    if reading.mistakes:
        raise ConfigMistakesError(tuple(reading.mistakes))
    return changed


def config_files(path: Path) -> list[Path]:
    """The main file and those of ``conf.d`` beside it, in the order they are read."""
    return [path, *sorted(path.parent.glob("conf.d/*.toml"))]


@dataclass(slots=True)
class _Reading:
    mistakes: list[ConfigError] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    users: list[UserSettings] = field(default_factory=list)
    printers: list[PrinterSettings] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    # --- files ----------------------------------------------------------------------------------------------------------

    def add_file(self, path: Path) -> None:
        import tomllib  # noqa: PLC0415 — a simulation and most commands read no file

        from tympan.config.toml_lines import key_lines  # noqa: PLC0415

        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ConfigError(f"longer than {MAX_FILE_BYTES} bytes", path=str(path))  # noqa: TRY301 — joins the others
            text = data.decode()
            document = tomllib.loads(text)
        except ConfigError as error:
            self.mistakes.append(error)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.mistakes.append(ConfigError("not UTF-8 text", path=str(path), line=line))
        except OSError as error:
            self.mistakes.append(ConfigError(f"cannot be read: {error.strerror or error}", path=str(path)))
        except tomllib.TOMLDecodeError as error:
            self.mistakes.append(_syntax_mistake(path, text, error))
        except RecursionError:
            self.mistakes.append(ConfigError("tables or lists are nested too deep", path=str(path)))
        else:
            self._add_document(_File(str(path), key_lines(text)), document)

    def _add_document(self, file: _File, document: dict[str, Any]) -> None:
        for name, table in document.items():
            if name == "printers":
                self._add_printers(file, table)
            elif name == "users":
                self._add_users(file, table)
            elif name not in SECTIONS:
                hint = suggestion(name, [*SECTIONS, *LISTS])
                self.mistakes.append(file.mistake((name,), f"there is no table of this name{hint}"))
            elif not isinstance(table, dict):
                self.mistakes.append(file.mistake((name,), f"it is a table: [{name}]"))
            else:
                found = self._read_table(file, (name,), SECTIONS[name], table)
                self.values[name].update(found)
                for key in found:
                    self.places[f"{name}.{key}"] = file.place((name, key))

    def _read_table(
        self, file: _File, where: tuple[str | int, ...], settings_type: type[Any], table: dict[str, Any]
    ) -> dict[str, Any]:
        known = options(settings_type)
        good: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                self.mistakes.append(
                    file.mistake((*where, key), f"there is no such key{suggestion(key, known)}")
                )
                continue
            try:
                converted = FROM_TOML[str(known[key].type)](value)
            except WrongType as error:
                self.mistakes.append(file.mistake((*where, key), f"it takes {error}, not {_show(value)}"))
                continue
            if (problem := _field_problem(known[key], converted)) is not None:
                self.mistakes.append(file.mistake((*where, key), problem))
                continue
            good[key] = converted
        return good

    def _add_printers(self, file: _File, tables: object) -> None:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            problem = "printers are a list of tables: write [[printers]] before each"
            self.mistakes.append(file.mistake(("printers",), problem))
            return
        for position, table in enumerate(tables):
            where = ("printers", position)
            if len(self.printers) >= MAX_PRINTERS:
                self.mistakes.append(file.mistake(where, f"more than {MAX_PRINTERS} printers"))
                return
            good = self._read_table(file, where, PrinterSettings, table)
            missing = [key for key in ("name", "device") if key not in table]
            for key in missing:
                self.mistakes.append(file.mistake(where, f"a printer needs {key!r}", missing=key))
            if isinstance(table.get("name"), str):
                good["name"] = table[
                    "name"
                ]  # a wrong one has been told; check looks at the rest of such a printer too
            if self._is_unique(file, where, good) and {"name", "device"} <= good.keys():
                self.printers.append(PrinterSettings(**good))
                self._place_printer(file, where, good)

    def _add_users(self, file: _File, tables: object) -> None:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            problem = "users are a list of tables: write [[users]] before each"
            self.mistakes.append(file.mistake(("users",), problem))
            return
        for position, table in enumerate(tables):
            where = ("users", position)
            if len(self.users) >= MAX_USERS:
                self.mistakes.append(file.mistake(where, f"more than {MAX_USERS} users"))
                return
            good = self._read_table(file, where, UserSettings, table)
            needed = ("name", "password_hash")
            for key in needed:
                if key not in table:
                    self.mistakes.append(file.mistake(where, f"a user needs {key!r}", missing=key))
            if any(good.get("name") == other.name for other in self.users):
                first = self.places[f"users.{good['name']}"]
                problem = f"there is a user {good['name']!r} already, {first.path}:{first.line}"
                self.mistakes.append(file.mistake((*where, "name"), problem))
            elif set(needed) <= good.keys():
                self.users.append(UserSettings(**good))
                self.places[f"users.{good['name']}"] = file.place(where)

    def _is_unique(self, file: _File, where: tuple[str | int, ...], good: Mapping[str, Any]) -> bool:
        for other in self.printers:
            if good.get("name") == other.name:
                first = self.places[f"printers.{other.name}"]
                problem = f"there is a printer {other.name!r} already, {first.path}:{first.line}"
                self.mistakes.append(file.mistake((*where, "name"), problem))
                return False
            if good.get("default") and other.default:
                problem = f"printer {other.name!r} is the default already; only one can be"
                self.mistakes.append(file.mistake((*where, "default"), problem))
        return True

    def _place_printer(self, file: _File, where: tuple[str | int, ...], good: Mapping[str, Any]) -> None:
        top = f"printers.{good['name']}"
        self.places[top] = file.place(where)
        for key, value in good.items():
            self.places[f"{top}.{key}"] = file.place((*where, key))
            for inner in value if isinstance(value, dict) else ():
                self.places[f"{top}.{key}.{inner}"] = file.place((*where, key, inner))

    # --- environment ----------------------------------------------------------------------------------------------------

    def add_environment(self, environ: Mapping[str, str]) -> None:
        for variable in sorted(environ):
            section, _, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("_")
            if not variable.startswith(ENVIRONMENT_PREFIX) or section not in SECTIONS:
                continue
            known = {
                name: each
                for name, each in options(SECTIONS[section]).items()
                if each.type in FROM_ENVIRONMENT
            }
            if key not in known:
                near = nearest(key, known)
                hint = f"; did you mean {ENVIRONMENT_PREFIX}{section.upper()}_{near.upper()}?" if near else ""
                self.mistakes.append(
                    ConfigError(f"there is no such key{hint}", path=variable, key=f"{section}.{key}")
                )
                continue
            self._set_from_environment(variable, section, known[key], environ[variable])

    def _set_from_environment(
        self, variable: str, section: str, settings_field: Field[Any], text: str
    ) -> None:
        key = f"{section}.{settings_field.name}"
        try:
            value = FROM_ENVIRONMENT[str(settings_field.type)](text)
        except WrongType as error:
            self.mistakes.append(ConfigError(f"it takes {error}, not {text!r}", path=variable, key=key))
            return
        if (problem := _field_problem(settings_field, value)) is not None:
            self.mistakes.append(ConfigError(problem, path=variable, key=key))
            return
        self.values[section][settings_field.name] = value
        self.places[key] = Place(variable, 0)

    # --- result ---------------------------------------------------------------------------------------------------------

    def judge_together(self, settings: Settings) -> None:
        """What only two keys together make a mistake."""
        for key, problem in contradictions(settings):
            place = settings.place(key)
            self.mistakes.append(ConfigError(problem, path=place.path, line=place.line, key=key))

    def settings(self) -> Settings:
        sections = {section: SECTIONS[section](**values) for section, values in self.values.items()}
        location = sections["server"].location
        printers = tuple(
            printer if printer.location else replace(printer, location=location) for printer in self.printers
        )
        settings = Settings(**sections, users=tuple(self.users), printers=printers, places=self.places)
        self.judge_together(settings)
        return settings


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    lines: Mapping[tuple[str | int, ...], int]

    def place(self, where: tuple[str | int, ...]) -> Place:
        for length in range(len(where), 0, -1):
            if where[:length] in self.lines:
                return Place(self.path, self.lines[where[:length]])
        return Place(self.path, 0)

    def mistake(self, where: tuple[str | int, ...], problem: str, *, missing: str = "") -> ConfigError:
        full = (*where, missing) if missing else where
        return ConfigError(problem, path=self.path, line=self.place(where).line, key=dotted(full))


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Keys that cannot be what they are beside others, and why."""
    if settings.access.print == "users":
        if settings.tls.mode == "off":
            yield "access.print", 'users prove who they are over TLS only, and tls.mode is "off"'
        if not settings.users:
            yield "access.print", "there are no [[users]] who could print; `tympan passwd` makes one"
    if settings.tls.key and not settings.tls.certificate:
        yield "tls.key", "the certificate that it is the key of is missing: tls.certificate"
    yield from _panel_contradictions(settings)


def _panel_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    panel = settings.panel
    taken: dict[int, str] = {}
    for line, pin in panel.lines.items():
        other = taken.setdefault(pin, line)
        if other != line:
            yield f"panel.{line.partition('[')[0]}", f"GPIO {pin} is panel.{other} already"
    if panel.long_hold_s < panel.hold_s + 2:
        yield "panel.long_hold_s", f"it is at least two seconds longer than hold_s, which is {panel.hold_s}"
    if panel.pin_pause_ms < panel.digit_pause_ms + 500:
        yield (
            "panel.pin_pause_ms",
            f"it is at least 500 longer than digit_pause_ms, which is {panel.digit_pause_ms}",
        )


def dotted(where: tuple[str | int, ...]) -> str:
    """``("printers", 0, "device")`` as ``printers[0].device``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).removeprefix(".")


def options(settings_type: type[Any]) -> dict[str, Field[Any]]:
    """The fields of a settings type that are keys of the configuration, by name."""
    return {each.name: each for each in fields(settings_type) if option_of(each) is not None}


def _field_problem(settings_field: Field[Any], value: object) -> str | None:
    rule = option_of(settings_field)
    return None if rule is None else problem_of(value, rule)


def _show(value: object) -> str:
    """A value as a person wrote it in TOML, shortened."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _syntax_mistake(path: Path, text: str, error: ValueError) -> ConfigError:
    message = str(error)
    found = _LINE_OF_SYNTAX_ERROR.search(message)
    line = int(found.group(1)) if found else text.count("\n") + 1
    sentence = (
        _LINE_OF_SYNTAX_ERROR.sub("", message)
        .replace("(at end of document)", "at the end of the file")
        .strip()
    )
    return ConfigError(f"not TOML: {sentence[:1].lower()}{sentence[1:]}", path=str(path), line=line)
