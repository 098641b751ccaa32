"""What the simulator's tests share: a decoder fed and its effects sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from tympan_sim.decoder import Action, Effect, Motion, Reply, Sheet
from tympan_sim.escpos_decoder import EscPosDecoder
from tympan_sim.models import MODELS, PrinterModel


@dataclass
class Decoded:
    sheets: list[Sheet] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    length_um: int = 0
    consumed: int = 0

    def add(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Sheet):
                self.sheets.append(effect)
            elif isinstance(effect, Action):
                self.actions.append(effect)
            elif isinstance(effect, Reply):
                self.replies.append(effect.data)
            else:
                assert isinstance(effect, Motion)
                self.length_um += effect.length_um
                self.consumed += effect.consumed

    @property
    def unknown(self) -> list[Action]:
        return [action for action in self.actions if action.name == "unknown"]

    def dots(self, index: int = 0) -> NDArray[np.uint8]:
        """The piece from where printing began: 1 is black."""
        sheet = self.sheets[index]
        x, y = sheet.origin
        black = np.asarray(sheet.image.convert("L")) == 0
        return black[y:, x:].astype(np.uint8)


def decode_stream(
    stream: bytes, model: str | PrinterModel = "escpos-80mm", *, pieces: Iterable[bytes] | None = None
) -> Decoded:
    decoder = EscPosDecoder(MODELS[model] if isinstance(model, str) else model)
    decoded = Decoded()
    for piece in pieces if pieces is not None else (stream,):
        decoded.add(decoder.feed(piece))
    decoded.add(decoder.finish())
    return decoded


@pytest.fixture
def decode() -> Callable[..., Decoded]:
    return decode_stream


@pytest.fixture
def ink() -> Callable[[NDArray[np.uint8]], tuple[int, int, int, int]]:
    """The box (left, top, right, bottom) of what is black; right and bottom are one past it."""

    def box(dots: NDArray[np.uint8]) -> tuple[int, int, int, int]:
        rows, columns = np.flatnonzero(dots.any(axis=1)), np.flatnonzero(dots.any(axis=0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

    return box
