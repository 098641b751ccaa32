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

STREAMABLE_FORMATS: Final = frozenset({"image/pwg-raster", "image/urf", "text/plain"})
"""What can be printed from the front while the rest is still arriving."""


def supported_formats(native: tuple[str, ...]) -> tuple[str, ...]:
    """``document-format-supported`` of a printer that takes `native` formats as they are; automatic sensing first."""
    return (OCTET_STREAM, *RENDERED_FORMATS, *native)
