"""Bar codes and QR codes in ESC/POS: the commands ``GS k`` and ``GS ( k``, and how they stand on the paper.

Owns these commands and what they remember. The symbologies are in :mod:`tympan_sim.escpos_barcodes`; QR codes are
drawn by segno, which is loaded when the first is printed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tympan_sim.decoder import Action, Reply
from tympan_sim.escpos_barcodes import BarCodeError, bar_code
from tympan_sim.escpos_core import Core, Step
from tympan_sim.escpos_font import Bits

QR_BYTES_MAX = 7089
_ALPHANUMERIC = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@dataclass(slots=True)
class QrState:
    """What ``GS ( k`` has set.

    Attributes:
        module_dots: Function 67.
        error_correction: Function 69: 48 L, 49 M, 50 Q, 51 H.
        data: Function 80.
    """

    module_dots: int = 3
    error_correction: int = 48
    data: bytes = b""


def _place(core: Core, bits: Bits) -> Step[None]:
    """Print a symbol by itself: justified, and paper fed by its height only."""
    shift = (core.line.width - bits.shape[1]) * core.modes.justification // 2
    core.roll.paint_bits(bits, core.modes.left_margin + shift)
    yield from core.advance(bits.shape[0])


def _text_row(core: Core, text: str) -> Bits:
    style = core.style(core.modes.bar_code_font)._replace(
        bold=False,
        underline_dots=0,
        reverse=False,
        width_times=1,
        height_times=1,
        rotated=False,
        spacing_dots=0,
    )
    return np.concatenate([core.cells.cell(character, style) for character in text], axis=1)


def print_bar_code(core: Core) -> Step[None]:
    """``GS k m d… NUL`` or ``GS k m n d…``."""
    kind = yield from core.byte()
    terminated = kind <= 6
    if not core.traits.bar_codes or not (terminated or 65 <= kind <= 73):
        yield Action("unknown", {"bytes": bytes((0x1D, 0x6B, kind))})
        return
    if terminated:
        data = b""
        while (code := (yield from core.byte())) and len(data) < 255:
            data += bytes((code,))
    else:
        data = yield from core.take((yield from core.byte()))
    try:
        symbol = bar_code(kind if terminated else kind - 65, data)
    except BarCodeError as problem:
        # Refused: the printers take the data for text then.
        yield Action("unknown", {"bytes": bytes((0x1D, 0x6B, kind)), "reason": str(problem)})
        core.give_back(data)
        return
    if not (yield from core.at_line_start()):
        core.roll.note("bar code dropped: the line buffer was not empty")
        return
    core.refresh_line()
    widths = symbol.widths(core.modes.bar_code_width)
    total = sum(widths)
    if total > core.line.width:
        core.roll.note(f"bar code of {total} dots does not fit, not printed")
        yield Action("unknown", {"bytes": bytes((0x1D, 0x6B, kind)), "reason": "wider than the print area"})
        return
    dark = np.arange(len(widths)) % 2 == 0
    bars = np.tile(np.repeat(dark.astype(np.uint8), widths), (core.modes.bar_code_height, 1))
    yield from _place(core, _with_text(core, bars, symbol.text))


def _with_text(core: Core, bars: Bits, text: str) -> Bits:
    """Stack the readable text above and below, each centred."""
    where = core.modes.bar_code_text
    if not where or not text:
        return bars
    row = _text_row(core, text)
    width = max(bars.shape[1], min(row.shape[1], core.line.width))
    row = row[:, :width]

    def centred(bits: Bits) -> Bits:
        left = (width - bits.shape[1]) // 2
        return np.pad(bits, ((0, 0), (left, width - bits.shape[1] - left)))

    parts = [centred(bars)]
    if where & 1:
        parts.insert(0, centred(row))
    if where & 2:
        parts.append(centred(row))
    return np.concatenate(parts)


# --- QR ---------------------------------------------------------------------------------------------------------------


def two_dimensional(core: Core, qr: QrState, length: int) -> Step[None]:
    """``GS ( k pL pH cn fn …`` after its length; QR codes only."""
    if length < 2:
        yield from core.skip(length)
        return
    kind = yield from core.byte()
    function = yield from core.byte()
    left = length - 2
    if kind != 49 or not core.traits.qr_code or left > QR_BYTES_MAX + 1:
        yield from core.skip(left)
        yield Action("unknown", {"bytes": b"\x1d(k", "reason": f"cn={kind} fn={function}"})
        return
    parameters = yield from core.take(left)
    first = parameters[0] if parameters else -1
    if function == 67 and 1 <= first <= 16:
        qr.module_dots = first
    elif function == 69 and 48 <= first <= 51:
        qr.error_correction = first
    elif function == 80 and first == 48:
        qr.data = parameters[1:]
    elif function == 81 and first == 48:
        yield from _print_qr(core, qr)
    elif function == 82 and first == 48:
        modules = qr_modules(qr)
        side = 0 if modules is None else modules.shape[0] * qr.module_dots
        fits = b"\x30" if modules is not None and side <= core.line.width else b"\x31"
        yield Reply(b"\x37\x36%d\x1f%d\x1f1\x1f%s\x00" % (side, side, fits))
    elif not (function == 65 and first in (49, 50)):
        yield Action("unknown", {"bytes": b"\x1d(k", "reason": f"cn={kind} fn={function} {first}"})


def qr_modules(qr: QrState) -> Bits | None:
    """The modules of the stored data without quiet zone, None where there is no data or too much."""
    import segno  # noqa: PLC0415 — only those who print QR codes wait for it

    if not qr.data:
        return None
    if qr.data.isdigit():
        mode = "numeric"
    elif _ALPHANUMERIC.issuperset(qr.data):
        mode = "alphanumeric"
    else:
        mode = "byte"
    level = "LMQH"[qr.error_correction - 48]
    try:
        code = segno.make(qr.data, error=level, mode=mode, micro=False, boost_error=False)
    except segno.DataOverflowError:
        return None
    return (np.array([list(row) for row in code.matrix], np.uint8) & 1).astype(np.uint8)


def _print_qr(core: Core, qr: QrState) -> Step[None]:
    modules = qr_modules(qr)
    if modules is None:
        yield Action("unknown", {"bytes": b"\x1d(k", "reason": "no data that fits a QR code"})
        return
    if not (yield from core.at_line_start()):
        core.roll.note("QR code dropped: the line buffer was not empty")
        return
    core.refresh_line()
    size = qr.module_dots
    if modules.shape[1] * size > core.line.width:
        core.roll.note(f"QR code of {modules.shape[1] * size} dots does not fit, not printed")
        yield Action("unknown", {"bytes": b"\x1d(k", "reason": "wider than the print area"})
        return
    yield from _place(core, np.repeat(np.repeat(modules, size, axis=0), size, axis=1))
