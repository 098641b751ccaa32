"""The font that comes along: without any on the system, what a printer shows still has its accents."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def carried_font() -> str | None:
    """DejaVu Sans Mono of the package python-barcode: Latin, Greek, Cyrillic; None where it is not installed."""
    spec = find_spec("barcode")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "fonts" / "DejaVuSansMono.ttf"
    return str(path) if path.is_file() else None
