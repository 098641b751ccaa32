"""How the command that runs is typed here: for lines that people copy."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from tympan.cli.arguments import NoServiceError, local_uri


def own_command() -> str:
    """``tympan`` where a shell finds it so, else its path, from the present directory where it lies below."""
    path = Path(sys.argv[0]).absolute()
    if path.suffix == ".py" or not os.access(path, os.X_OK):  # python -m
        return f"{shlex.quote(sys.executable)} -m tympan.cli.main"
    found = shutil.which("tympan")
    if found is not None and Path(found).absolute() == path:
        return "tympan"
    below = path.is_relative_to(Path.cwd())
    return shlex.quote(str(path.relative_to(Path.cwd()) if below else path))


def option_for(socket_path: Path | None, uri: str) -> str:
    """What a command has to be given to find the service at `socket_path` or `uri`: nothing where it does so by itself."""
    try:
        found = local_uri()
    except NoServiceError:
        found = ""
    wanted = str(socket_path) if socket_path is not None else uri
    if found and (found == wanted or (socket_path is not None and _same(found, socket_path))):
        return ""
    return f" --uri {shlex.quote(wanted)}"


def _same(found: str, path: Path) -> bool:
    try:
        return found.startswith("/") and Path(found).samefile(path)
    except OSError:
        return False
