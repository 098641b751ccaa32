"""Errors of the command line itself."""

from __future__ import annotations

from tympan.errors import TympanError


class UsageError(TympanError, ValueError):
    """The command line asks for what cannot be: exit status 2."""
