"""What jobs are called in PJL: so that people recognise them, and that each attempt at one is told apart by its end.

The name of a job's JOB and EOJ commands comes back with ``USTATUS JOB``. It is what people called the job, and behind that a
token that no other attempt has.
"""

from __future__ import annotations

import re
import secrets

from tympan.language.pjl import STRING_MAX

ABANDONED = "tympan: abandoned"
"""The end of a job that was given up."""

RAW_END = "tympan: end"
"""The end of a document that was PCL already: what ends it is not told how it began, nor whether others follow in the same job."""

ASKED = "tympan: asked "
"""How the names of empty jobs begin, by which is asked whether a job is out."""

_TOKEN = re.compile(r"\[([0-9a-f]{8})\]\Z")
_TOKEN_LENGTH = len(" [01234567]")


def job_name(name: str) -> str:
    """A name that no other job has."""
    return f"{name[: STRING_MAX - _TOKEN_LENGTH]} [{secrets.token_hex(4)}]".lstrip()


def token_of(name: str) -> str:
    """What makes a name of `job_name` different from others; empty where it is none of those."""
    found = _TOKEN.search(name)
    return found[1] if found else ""
