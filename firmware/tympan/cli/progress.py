"""One line on the terminal that shows how far something is; plain lines where there is no terminal.

Everything goes to standard error, so that standard output stays for results.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

REDRAW_S = 0.1
"""The line is drawn anew at most this often."""

BAR_CELLS = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def bar(done: float, cells: int = BAR_CELLS) -> str:
    """A bar of `cells` characters that is `done` full, 0 to 1, to an eighth of a character."""
    eighths = round(min(max(done, 0.0), 1.0) * cells * 8)
    full, rest = divmod(eighths, 8)
    partial = _EIGHTHS[rest] if full < cells else ""
    return ("█" * full + partial).ljust(cells)


class Progress:
    """What the user sees while waiting.

    Args:
        stream: Where to write; standard error by default.
        quiet: Write nothing at all.
    """

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = not quiet and self._stream.isatty()
        self._quiet = quiet
        self._drawn_at = 0.0
        self._said = ""
        self._turn = 0

    def update(self, text: str, done: float | None = None, *, now: float | None = None) -> None:
        """Show `text` with a bar that is `done` full, or a turning mark where nobody knows how far it is.

        Without a terminal each new text is a line of its own, and the bar is left out.
        """
        if self._live:
            moment = time.monotonic() if now is None else now
            if text == self._said and moment - self._drawn_at < REDRAW_S:
                return
            self._drawn_at = moment
            self._turn = (self._turn + 1) % len(_SPINNER)
            mark = _SPINNER[self._turn] if done is None else bar(done)
            width = shutil.get_terminal_size().columns
            self._stream.write(f"\r\x1b[K{f'{mark} {text}'[: width - 1]}")
            self._stream.flush()
        elif not self._quiet and text != self._said:
            self._stream.write(f"{text}\n")
        self._said = text

    def note(self, text: str) -> None:
        """Write a line that stays."""
        if not self._quiet:
            self.end()
            self._stream.write(f"{text}\n")

    def end(self) -> None:
        """Take the live line away."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
