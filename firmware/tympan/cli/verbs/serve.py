"""``tympan serve``: the service, in the foreground."""

from __future__ import annotations

import argparse
import os
import sys
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
from tympan.config.settings import SIMULATION_PORT


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the main file (default: {DEFAULT_PATH})"
    )
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="two simulated printers: needs no configuration and no hardware",
    )
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help=f"listen on this port of every address (simulation: {SIMULATION_PORT})",
    )
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="directory for jobs and what they printed"
    )
    parser.add_argument(
        "--welcome", action="store_true", help="print a welcome page on each printer, once it listens"
    )


def run(options: argparse.Namespace) -> int:
    """Run until told to stop."""
    settings = settings_of(options)
    from tympan import app  # noqa: PLC0415 — the largest import of all; mistakes are told before it

    greeting = None
    if options.welcome:
        from tympan.cli.welcome import Welcome  # noqa: PLC0415 — only a trial greets

        greeting = Welcome(Path(settings.server.state_dir), simulated=options.simulate)
    app.run(settings, reload=lambda: settings_of(options), on_listening=greeting)
    return 0


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options, the files and the environment give.

    Raises:
        UsageError: Two options contradict each other.
        ConfigMistakesError: The configuration has mistakes.
    """
    if options.simulate and options.config is not None:
        raise UsageError("--simulate takes no --config")
    try:
        if options.simulate:
            state_dir = (options.state_dir or default_simulation_dir()).absolute()
            settings = apply_environment(simulation_settings(str(state_dir)), os.environ)
        else:
            settings = load(options.config or DEFAULT_PATH, os.environ)
    except ConfigMistakesError as error:
        if options.config is None and not options.simulate and not DEFAULT_PATH.exists():
            print("tympan: to try it without configuration: tympan serve --simulate", file=sys.stderr)
        raise error from None
    if options.port is not None:
        settings = settings.listening_on(f"[::]:{options.port}")
    if options.state_dir is not None:
        settings = settings.keeping_state_in(str(options.state_dir.absolute()))
    mistakes = plug_in_mistakes(settings)
    if mistakes:
        raise ConfigMistakesError(tuple(mistakes))
    return settings


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no port: 0 to 65535")
    return number
