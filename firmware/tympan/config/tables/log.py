"""``[log]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.option import option


@dataclass(frozen=True)
class LogSettings:
    """``[log]``: what the service says on standard error (in the journal, when systemd runs it)."""

    level: str = option(
        "Least important messages to write.", default="info", choices=("debug", "info", "warning", "error")
    )
