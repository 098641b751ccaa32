"""How a printer makes itself known besides by words: a light that flashes, a buzzer. Who has them tells the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tympan.service.printer import Printer


class Signals(Protocol):
    """Lights and buzzers of printers."""

    def actions(self, printer: Printer) -> Sequence[str]:
        """What of ``flash`` and ``sound`` there is for `printer`: ``identify-actions-supported``, PWG 5100.13 §6.5.6."""
        ...

    def identify(self, printer: Printer, actions: Sequence[str]) -> None:
        """Do those of `actions` for `printer`; what else there is among them is no matter. Returns at once."""
        ...
