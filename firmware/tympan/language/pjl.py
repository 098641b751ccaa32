"""PJL: the wrapper around a job (HP's PJL Technical Reference).

Owns the syntax. Strings are made safe, never refused: a job's name comes from a stranger, and must neither end the string
nor the line.
"""

from __future__ import annotations

UEL = b"\x1b%-12345X"
"""Universal exit language: back to PJL from anywhere but the middle of a command's data."""

STRING_MAX = 80
"""Characters of a quoted string."""


def string(text: str) -> bytes:
    """A quoted string: what is not printable ASCII, and the quotation mark, become spaces or the nearest thing to them.

    Args:
        text: Anything; cut off after `STRING_MAX` characters.
    """
    safe = "".join(
        "'" if character == '"' else character if " " <= character <= "~" else "?" if character > "~" else " "
        for character in text[:STRING_MAX]
    )
    return b'"' + safe.encode("ascii") + b'"'


def begin_job(name: str, settings: tuple[tuple[str, str], ...] = (), language: str = "PCL") -> bytes:
    """Leave what went before, name the job, set what is to be set, enter the language.

    Args:
        name: The job's name, for the printer's display and log; any text.
        settings: Variables and values of ``@PJL SET``, such as ``("RESOLUTION", "600")``.
        language: What ``ENTER LANGUAGE`` says.

    Raises:
        ValueError: A setting or the language is no PJL word.
    """
    lines = [b"@PJL JOB NAME=" + string(name)] if name else [b"@PJL JOB"]
    lines += [f"@PJL SET {_word(key)}={_word(value)}".encode("ascii") for key, value in settings]
    lines.append(f"@PJL ENTER LANGUAGE={_word(language)}".encode("ascii"))
    return UEL + b"".join(line + b"\r\n" for line in lines)


def change(settings: tuple[tuple[str, str], ...], language: str = "PCL") -> bytes:
    """Set variables in the middle of a job: leave the language, set them, enter it again.

    Raises:
        ValueError: A setting or the language is no PJL word.
    """
    lines = [f"@PJL SET {_word(key)}={_word(value)}".encode("ascii") for key, value in settings]
    lines.append(f"@PJL ENTER LANGUAGE={_word(language)}".encode("ascii"))
    return UEL + b"".join(line + b"\r\n" for line in lines)


def end_job(name: str = "") -> bytes:
    """Leave the language, end the job, and leave PJL.

    Args:
        name: What the printer calls the job where it tells that all of it has come out; empty: nothing.
    """
    return UEL + b"@PJL EOJ" + (b" NAME=" + string(name) if name else b"") + b"\r\n" + UEL


def _word(text: str) -> str:
    if (
        not text
        or not text.isascii()
        or not all(character.isalnum() or character in "_-.:" for character in text)
    ):
        raise ValueError(f"{text!r} is no PJL word")
    return text
