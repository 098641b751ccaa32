"""``tympan check``: every mistake of the configuration, with file, line and key, and what is none but should be known."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tympan.cli.arguments import add_json
from tympan.cli.output import as_json
from tympan.config import DEFAULT_PATH, PrinterSettings, Settings, read
from tympan.errors import ConfigError, DriverError

if TYPE_CHECKING:
    from tympan.driver.contract import Capabilities

AUTO = "auto"
"""The driver that is chosen by what the device says it is, when it is there."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the main file (default: {DEFAULT_PATH}, where there is one)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the mistakes and notes; 1 where there are mistakes."""
    path = options.config or DEFAULT_PATH
    settings, found = read(path, os.environ, may_be_missing=options.config is None)
    mistakes = [*found, *plug_in_mistakes(settings)]
    notes = [*device_notes(settings), *panel_notes(settings)]
    if options.json:
        print(
            as_json(
                [
                    {"severity": word, "path": m.path, "line": m.line, "key": m.key, "problem": m.problem}
                    for word, told in (("mistake", mistakes), ("note", notes))
                    for m in told
                ]
            )
        )
        return 1 if mistakes else 0
    for note in notes:
        print(f"{note} (a note, no mistake)")
    if mistakes:
        for mistake in mistakes:
            print(mistake, file=sys.stderr)
        print(f"{len(mistakes)} {'mistake' if len(mistakes) == 1 else 'mistakes'}", file=sys.stderr)
    else:
        count = len(settings.printers)
        what = "good" if path.exists() else "not there, the defaults hold"
        print(f"{path}: {what}, {count} {'printer' if count == 1 else 'printers'}")
    return 1 if mistakes else 0


def plug_in_mistakes(settings: Settings) -> list[ConfigError]:
    """What only the plug-ins know: drivers, profiles, kinds of devices, paper and defaults that do not exist."""
    return [
        ConfigError(problem, path=place.path, line=place.line, key=key)
        for printer in settings.printers
        for key, problem in _printer_mistakes(settings, printer)
        for place in [settings.place(key)]
    ]


def device_notes(settings: Settings) -> list[ConfigError]:
    """What transports warn of in device URIs that are right: a slow line, bytes that may get lost."""
    from tympan.driver import registry  # noqa: PLC0415 — loads plug-ins, and NumPy with them
    from tympan.driver.contract import Cautious, TransportContext  # noqa: PLC0415

    notes = []
    for printer in settings.printers:
        context = TransportContext(printer.name, Path(settings.server.state_dir), printer.profile)
        capabilities = None
        with contextlib.suppress(ConfigError, DriverError):  # told as mistakes
            if printer.driver != AUTO:
                driver = registry.find_driver(printer.driver)
                capabilities = driver.capabilities(printer.profile or next(iter(driver.profiles())))
        with contextlib.suppress(ConfigError, DriverError):
            transport = registry.open_transport(printer.device, context)
            key = f"printers.{printer.name}.device"
            place = settings.place(key)
            if isinstance(transport, Cautious):
                notes += [
                    ConfigError(caution, path=place.path, line=place.line, key=key)
                    for caution in transport.cautions(capabilities)
                ]
    return notes


def panel_notes(settings: Settings) -> list[ConfigError]:
    """What the panel lacks on this machine; the service runs without it all the same."""
    if not settings.panel.is_wired:
        return []
    from tympan.panel.gpio import missing  # noqa: PLC0415 — only where a panel is configured

    notes = []
    name = settings.panel.printer
    if name and name not in {printer.name for printer in settings.printers}:
        notes.append(
            ("panel.printer", f"no [[printers]] is called {name!r}; one that is made or found later may be")
        )
    problem = missing(settings.panel)
    if problem is not None:
        notes.append((f"panel.{next(iter(settings.panel.lines)).partition('[')[0]}", problem))
    return [
        ConfigError(note, path=place.path, line=place.line, key=key)
        for key, note in notes
        for place in [settings.place(key)]
    ]


def _printer_mistakes(settings: Settings, printer: PrinterSettings) -> Iterator[tuple[str, str]]:
    """Keys and what is wrong with them."""
    from tympan.driver import registry  # noqa: PLC0415 — loads plug-ins, and NumPy with them
    from tympan.driver.contract import TransportContext  # noqa: PLC0415

    key = f"printers.{printer.name}"
    profile = printer.profile
    if not profile and printer.driver != AUTO:
        with contextlib.suppress(DriverError):  # told below
            profile = next(iter(registry.find_driver(printer.driver).profiles()))
    try:
        registry.open_transport(
            printer.device, TransportContext(printer.name, Path(settings.server.state_dir), profile)
        )
    except ConfigError as error:
        yield f"{key}.device", error.problem
    except DriverError as error:
        yield f"{key}.device", str(error)
    if printer.driver == AUTO:
        return
    try:
        driver = registry.find_driver(printer.driver)
    except DriverError as error:
        yield f"{key}.driver", str(error)
        return
    try:
        capabilities = driver.capabilities(profile)
    except DriverError as error:
        yield f"{key}.profile", str(error)
        return
    yield from _paper_mistakes(settings, printer, capabilities)


def _paper_mistakes(
    settings: Settings, printer: PrinterSettings, capabilities: Capabilities
) -> Iterator[tuple[str, str]]:
    from tympan.service.media import media_choices  # noqa: PLC0415
    from tympan.service.template import Template  # noqa: PLC0415

    media_default = str(printer.defaults.get("media", ""))
    told = set()
    for ready in (
        {source: medium} for source, medium in printer.media_ready.items()
    ):  # one at a time, as below
        try:
            media_choices(capabilities, ready, "", printer.name)
        except ConfigError as error:
            told.add(error.key)
            yield error.key, error.problem
    try:
        media = media_choices(capabilities, {} if told else printer.media_ready, media_default, printer.name)
    except ConfigError as error:
        told.add(error.key)
        yield error.key, error.problem
        media = media_choices(capabilities, {}, "", printer.name)
    for name, wish in printer.defaults.items():  # one at a time, so that each mistake is told
        if f"printers.{printer.name}.defaults.{name}" in told:
            continue
        try:
            Template(
                capabilities,
                media,
                defaults={name: wish},
                printer=printer.name,
                max_copies=settings.limits.max_copies,
            )
        except ConfigError as error:
            yield error.key, error.problem
