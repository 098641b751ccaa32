"""The document formats that are offered, and how each is handled."""

from __future__ import annotations

from typing import Final

OCTET_STREAM: Final = "application/octet-stream"

RENDERED_FORMATS: Final = (
    "application/pdf",
    "image/pwg-raster",
    "image/urf",
    "image/jpeg",
    "image/png",
    "text/plain",
)
"""What the render worker turns into the printer's language."""

IMAGE_MAX_SIDE_PX: Final = 50_000
"""Width and height up to which the render worker takes images: ``jpeg-x-dimension-supported``."""

PREFERRED_FORMAT: Final = "image/urf"
"""``document-format-preferred``, Apple's: what prints from the first band on, without a page in memory anywhere."""

STREAMABLE_FORMATS: Final = frozenset({"image/pwg-raster", "image/urf", "text/plain"})
"""What can be printed from the front while the rest is still arriving."""


def supported_formats(native: tuple[str, ...]) -> tuple[str, ...]:
    """``document-format-supported`` of a printer that takes `native` formats as they are; automatic sensing first."""
    return (OCTET_STREAM, *RENDERED_FORMATS, *native)
