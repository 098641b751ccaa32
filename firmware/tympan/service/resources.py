"""Where a client finds what belongs to a printer beside IPP: its page, its icons, its message catalogue.

The files themselves are the web's; here are the URIs, which change with the name a client reaches the printer by.
"""

from __future__ import annotations

from collections.abc import Sequence

from tympan.ipp import Attribute
from tympan.service.strings import LANGUAGES, STRINGS_PATH, matching_language

ICON_SIZES = (48, 128, 512)
"""Width and height in pixels of each of ``printer-icons``, PWG 5100.13 §5.6.9."""

ICONS_PATH = "/icons/"
"""Where icons are served: ``/icons/DRAWING-SIZE.png``."""

ICON_DRAWINGS = ("receipt", "page")
"""What there are icons of: a printer of receipts, and any other."""


def icon_drawing(kind: Sequence[str]) -> str:
    """Which drawing stands for a printer of this ``printer-kind``."""
    return "receipt" if "receipt" in kind else "page"


def resource_attributes(web: str, kind: Sequence[str], language: str) -> list[Attribute]:
    """The attributes that are URIs of ours.

    Args:
        web: ``http://HOST:PORT`` or ``https://HOST:PORT`` as the client reaches us.
        kind: ``printer-kind``.
        language: ``attributes-natural-language`` of the request.
    """
    drawing = icon_drawing(kind)
    return [
        Attribute.uri("printer-icons", *(f"{web}{ICONS_PATH}{drawing}-{size}.png" for size in ICON_SIZES)),
        Attribute.uri("printer-more-info", f"{web}/"),
        Attribute.language("printer-strings-languages-supported", *LANGUAGES),
        Attribute.uri("printer-strings-uri", f"{web}{STRINGS_PATH}{matching_language(language)}.strings"),
        Attribute.uri("printer-supply-info-uri", f"{web}/"),
    ]
