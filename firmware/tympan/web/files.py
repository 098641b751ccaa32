"""The files that printer attributes point to, ``printer-icons`` and the message catalogues of ``printer-strings-uri``; the page's script.

A path is looked up in a table of what there is; nothing of a request ever becomes a file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tympan.service.resources import ICON_DRAWINGS, ICON_SIZES, ICONS_PATH
from tympan.service.strings import LANGUAGES, STRINGS_PATH, strings_file

_ICONS = {
    f"{ICONS_PATH}{drawing}-{size}.png": f"{drawing}-{size}.png"
    for drawing in ICON_DRAWINGS
    for size in ICON_SIZES
}
_CATALOGUES = {f"{STRINGS_PATH}{language}.strings": language for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """What is sent for a path.

    Attributes:
        data: The octets.
        media_type: ``Content-Type`` without parameters.
        charset: Its charset; None where it is no text.
    """

    data: bytes
    media_type: str
    charset: str | None = None


_SCRIPTS = {"/page.js": "page.js"}


@cache
def _script(name: str) -> bytes:
    return (Path(__file__).with_name("scripts") / name).read_bytes()


@cache
def _icon(name: str) -> bytes:
    return (Path(__file__).with_name("icons") / name).read_bytes()


def static_file(path: str) -> StaticFile | None:
    """What there is at `path`, such as ``/icons/receipt-128.png``; None where there is nothing."""
    if (name := _ICONS.get(path)) is not None:
        return StaticFile(_icon(name), "image/png")
    if (name := _SCRIPTS.get(path)) is not None:
        return StaticFile(_script(name), "text/javascript", "utf-8")
    if (language := _CATALOGUES.get(path)) is not None:
        return StaticFile(strings_file(language), "text/strings", "utf-8")
    return None
