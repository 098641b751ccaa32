"""Shared by the codec's tests: where the facts lie, messages to begin with, CUPS' library as a second opinion."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from pathlib import Path

import pytest

FACTS = Path(__file__).parents[2] / "data" / "ipp"


@pytest.fixture(scope="session")
def facts() -> Callable[[str], list[list[str]]]:
    """Reads a table of tests/data/ipp: lines of fields."""

    def read(name: str) -> list[list[str]]:
        lines = (FACTS / name).read_text("utf-8").splitlines()
        return [line.split("\t") for line in lines if line]

    return read


class Cups:
    """The part of libcups that knows IPP, through ctypes."""

    STATE_IDLE, STATE_DATA = 0, 3

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self._callback = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        for name in ("ippOpString", "ippErrorString", "ippTagString", "ippGetName"):
            getattr(library, name).restype = ctypes.c_char_p
        library.ippEnumString.restype = ctypes.c_char_p
        library.ippGetString.restype = ctypes.c_char_p
        for name in ("ippNew", "ippFirstAttribute", "ippNextAttribute", "ippAddString", "ippAddInteger"):
            getattr(library, name).restype = ctypes.c_void_p
        for name in (
            "ippAddBoolean",
            "ippAddRange",
            "ippAddResolution",
            "ippAddCollection",
            "ippAddOutOfBand",
        ):
            getattr(library, name).restype = ctypes.c_void_p
        for name in (
            "ippAddDate",
            "ippAddOctetString",
            "ippAddIntegers",
            "ippAddStrings",
            "ippGetCollection",
        ):
            getattr(library, name).restype = ctypes.c_void_p
        library.ippGetDate.restype = ctypes.POINTER(ctypes.c_ubyte)
        library.ippGetOctetString.restype = ctypes.POINTER(ctypes.c_ubyte)
        library.ippDateToTime.restype = ctypes.c_long

    def new(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self.library.ippNew())

    def read(self, octets: bytes) -> ctypes.c_void_p | None:
        """The message that libcups reads from the octets, None where it says they are wrong or not complete."""
        place = 0

        def give(_context: object, buffer: int, wanted: int) -> int:
            nonlocal place
            piece = octets[place : place + wanted]
            ctypes.memmove(buffer, piece, len(piece))
            place += len(piece)
            return len(piece)

        message = self.new()
        callback = self._callback(give)
        state = self.library.ippReadIO(ctypes.c_void_p(1), callback, 1, None, message)
        return message if state == self.STATE_DATA else None

    def write(self, message: ctypes.c_void_p) -> bytes:
        """The octets that libcups makes of a message."""
        parts: list[bytes] = []

        def take(_context: object, buffer: int, offered: int) -> int:
            parts.append(ctypes.string_at(buffer, offered))
            return offered

        callback = self._callback(take)
        self.library.ippSetState(message, self.STATE_IDLE)
        assert self.library.ippWriteIO(ctypes.c_void_p(1), callback, 1, None, message) == self.STATE_DATA
        return b"".join(parts)

    def attributes(self, message: ctypes.c_void_p) -> list[tuple[int, int, str, ctypes.c_void_p]]:
        """Group tag, value tag, name and handle of each attribute, in order."""
        found = []
        handle = self.library.ippFirstAttribute(message)
        while handle:
            pointer = ctypes.c_void_p(handle)
            name = self.library.ippGetName(pointer)
            if name is not None:
                group = self.library.ippGetGroupTag(pointer)
                found.append((group, self.library.ippGetValueTag(pointer), name.decode(), pointer))
            handle = self.library.ippNextAttribute(message)
        return found


@pytest.fixture(scope="session")
def cups() -> Cups:
    name = ctypes.util.find_library("cups") or "libcups.so.2"
    try:
        return Cups(ctypes.CDLL(name))
    except OSError:
        pytest.skip("libcups is not installed (Debian package libcups2)")
