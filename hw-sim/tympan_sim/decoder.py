"""What every decoder of a printer language gives to the simulated printer.

A decoder is the printer's interpreter and nothing else: bytes in, effects out, no input or output of its own, no
clock. It shares no code with the encoders of the firmware, because a decoder that does proves nothing. The physics
(buffer, speed, paper, cover) are the printer's, see :mod:`tympan_sim.printer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from PIL import Image


@dataclass(frozen=True, slots=True)
class Motion:
    """The mechanism moved or marked paper: what takes time in a real printer.

    Attributes:
        length_um: Paper moved, micrometres; 0 for what only takes time.
        consumed: Bytes of the input buffer that this step frees.
    """

    length_um: int
    consumed: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes the printer sends back on its back channel."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One side of a sheet, or one piece of roll up to a cut, that came out.

    Attributes:
        image: Mode ``1`` or ``L`` (0 is black) or ``RGB``; the whole sheet or roll width at the printer's dots, so that
            what lies outside the printable area is there as white.
        dpi: Dots per inch, across and along.
        side: Front, or back where the printer turned the sheet.
        media: What it was printed on, such as ``iso_a4_210x297mm`` or ``roll``.
        source: The tray, as the language names it.
        copies: How many times this sheet came out; the image is the same.
        cut: ``full``, ``partial`` or ``none`` for roll paper.
        notes: What a person should know, such as ``clipped 3 px right``.
        origin: Where the first dot that could be printed on this piece lies in `image`, (x, y) in dots: the left
            margin the mechanism cannot reach, and on a roll what the cut before left between head and cutter.
    """

    image: Image.Image
    dpi: tuple[int, int]
    side: Literal["front", "back"] = "front"
    media: str = ""
    source: str = ""
    copies: int = 1
    cut: str = "none"
    notes: tuple[str, ...] = ()
    origin: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Action:
    """Something other than marking: the drawer opened, a beep, a job began or ended, the language changed.

    Attributes:
        name: ``drawer``, ``beep``, ``job``, ``end-of-job``, ``initialize``, ``reset``, ``language``, ``unknown``; of
            real-time requests ``recover`` (go on after an error) and ``clear`` (empty the buffers).
        detail: What is known of it: the pin and the milliseconds, the job's name, the bytes not understood.
    """

    name: str
    detail: dict[str, object] = field(default_factory=dict)


Effect = Motion | Reply | Sheet | Action


class Decoder(Protocol):
    """A printer language's interpreter."""

    def feed(self, data: bytes) -> Iterator[Effect]:
        """Interpret `data`, which may begin and end anywhere; yields effects in the order they happen."""
        ...

    def finish(self) -> Iterator[Effect]:
        """The stream ended: give what is still on the platen as a sheet, if anything was marked."""
        ...

    def switched_off(self) -> Iterator[Sheet]:
        """Power or memory is lost: give what hangs out of the printer. The interpreter is not used any more."""
        ...

    def realtime(self, data: bytes, status: dict[str, bool]) -> Iterator[Reply | Action]:
        """Answer real-time requests in `data` ahead of the buffer, as the real printer does.

        `status` has the printer's state: ``paper_out``, ``paper_near_end``, ``cover_open``, ``offline``,
        ``cutter_error``, ``drawer_high``, ``overheated``; what is missing is False.
        """
        ...


@runtime_checkable
class StatusListener(Protocol):
    """A decoder that wants to know the printer's state as it changes.

    It does for replies that stand in the stream, and for those sent unasked (ESC/POS automatic status back, PJL
    USTATUS). The printer asks whether a decoder is one.
    """

    def status_changed(self, status: dict[str, bool]) -> Iterator[Reply]:
        """The state is now `status`, with the keys of `Decoder.realtime`; yields what is sent unasked."""
        ...
