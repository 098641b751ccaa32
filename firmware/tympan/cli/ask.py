"""Asks a person for what must not be seen."""

from __future__ import annotations

import getpass
import warnings

from tympan.errors import TympanError


class NoAnswerError(TympanError):
    """There is no terminal to ask at, or its input has ended."""


def ask(question: str, otherwise: str) -> str:
    """Ask for a password, without showing it.

    Args:
        question: What the terminal shows.
        otherwise: What to do where nobody can be asked, for the error.

    Raises:
        NoAnswerError: Nobody answers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown
            return getpass.getpass(question)
    except (EOFError, getpass.GetPassWarning) as error:
        raise NoAnswerError(f"a password is needed, and nobody answers at a terminal: {otherwise}") from error
