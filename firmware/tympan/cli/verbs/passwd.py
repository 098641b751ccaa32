"""``tympan passwd``: the ``[[users]]`` table of a user, with the hash of a password that is asked for."""

from __future__ import annotations

import argparse
import sys

from tympan.cli.ask import ask
from tympan.cli.errors import UsageError
from tympan.config.password_hash import MAX_PASSWORD_BYTES, hash_password

MIN_CHARACTERS = 8

ROLES = ("user", "operator", "administrator")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument("name", metavar="NAME", help="the user")
    parser.add_argument(
        "--role", choices=ROLES, default="user", help="what they may do (default: %(default)s)"
    )
    parser.add_argument(
        "--stdin", action="store_true", help="read the password from the standard input, without asking"
    )


def run(options: argparse.Namespace) -> int:
    """Print the table for ``conf.d``; the password itself is kept nowhere."""
    from tympan.config import DEFAULT_PATH  # noqa: PLC0415 — parsing the arguments needs none of it
    from tympan.config.tables.users import user_name_problem  # noqa: PLC0415 — parsing the arguments needs none of it

    problem = user_name_problem(options.name)
    if problem is not None:
        raise UsageError(problem)
    password = sys.stdin.readline().rstrip("\r\n") if options.stdin else _asked()
    if len(password) < MIN_CHARACTERS:
        raise UsageError(f"a password has at least {MIN_CHARACTERS} characters")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise UsageError(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
    folder = DEFAULT_PATH.parent / "conf.d"
    print(
        f"This goes into a file of {folder}, such as {folder / 'users.toml'}; `systemctl reload tympan` takes it up:",
        file=sys.stderr,
    )
    print("[[users]]")
    print(f"name = {_toml(options.name)}")
    print(f'role = "{options.role}"')
    print(f'password_hash = "{hash_password(password)}"')
    return 0


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _asked() -> str:
    otherwise = "--stdin reads it from the standard input"
    password = ask("Password: ", otherwise)
    if ask("Once more: ", otherwise) != password:
        raise UsageError("the two are not the same")
    return password
