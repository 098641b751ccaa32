"""``tympan serve``: the service, in the foreground."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

from tympan.cli.arguments import default_simulation_dir
from tympan.cli.errors import UsageError
from tympan.cli.verbs.check import plug_in_mistakes
from tympan.config import (
    DEFAULT_PATH,
    ConfigMistakesError,
    Settings,
    apply_environment,
    load,
    simulation_settings,
)
from tympan.config.checks import parse_address
from tympan.config.tables.server import SIMULATION_PORT
from tympan.errors import ListenError, SpoolError, TympanError


class ServeError(TympanError):
    """The service cannot run; the message says what to do."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the main file (default: {DEFAULT_PATH}, where there is one)",
    )
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="two simulated printers: needs no configuration and no hardware",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--listen",
        type=_address,
        action="append",
        metavar="HOST:PORT",
        help="listen here and nowhere else, whatever configuration and environment say; may be given several times",
    )
    where.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help=f"the same as --listen [::]:N, which is every address of the machine (simulation: {SIMULATION_PORT})",
    )
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="directory for jobs and what they printed"
    )
    parser.add_argument(
        "--welcome",
        action="store_true",
        help="once it listens say how to print, and print a page on each printer where the state directory is new",
    )


def run(options: argparse.Namespace) -> int:
    """Run until told to stop."""
    settings = settings_of(options)
    from tympan import app  # noqa: PLC0415 — the largest import of all; mistakes are told before it

    greeting = None
    if options.welcome:
        from tympan.cli.welcome import Welcome  # noqa: PLC0415 — only a trial greets

        greeting = Welcome(
            settings.server, simulated=options.simulate, pages=not _has_state(Path(settings.server.state_dir))
        )
    try:
        app.run(settings, reload=lambda: settings_of(options), on_listening=greeting)
    except (ListenError, SpoolError) as error:
        ways_out = []
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE:
            ways_out.append("another port: --port N (`make run PORT=N`)")
        if options.config is None and not options.simulate and not DEFAULT_PATH.exists():
            ways_out.append("to try it without configuration: tympan serve --simulate")
        if not ways_out:
            raise
        raise ServeError("; ".join((str(error), *ways_out))) from error
    return 0


def _has_state(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options, the files and the environment give.

    Raises:
        UsageError: Two options contradict each other.
        ConfigMistakesError: The configuration has mistakes.
    """
    if options.simulate and options.config is not None:
        raise UsageError("--simulate takes no --config")
    if options.simulate:
        state_dir = (options.state_dir or default_simulation_dir()).absolute()
        settings = apply_environment(simulation_settings(str(state_dir)), os.environ)
    else:
        settings = load(options.config or DEFAULT_PATH, os.environ, may_be_missing=options.config is None)
    if options.port is not None:
        settings = settings.listening_on(f"[::]:{options.port}")
    if options.listen:
        settings = settings.listening_on(*options.listen)
    if options.state_dir is not None:
        settings = settings.keeping_state_in(str(options.state_dir.absolute()))
    mistakes = plug_in_mistakes(settings)
    if mistakes:
        raise ConfigMistakesError(tuple(mistakes))
    return settings


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _address(text: str) -> str:
    try:
        parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
