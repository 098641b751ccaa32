"""tympan: printer firmware that makes a USB or serial printer a network printer."""

from __future__ import annotations

__version__ = "0.1.0"
