"""Images in ESC/POS: raster (GS v 0), column (ESC *), graphics (GS ( L, GS 8 L), downloaded and stored (GS *, FS q).

Owns these commands. A raster is burnt row by row as its bytes come, as the printers do, so what a command declares
costs no memory; what must be stored is bounded by what the printers' memories are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tympan_sim.decoder import Action, Reply
from tympan_sim.escpos_core import Core, Step
from tympan_sim.escpos_font import Bits
from tympan_sim.escpos_roll import Packed

RASTER_STEP_ROWS = 24
"""Rows burnt between two moments at which a fault can stop the mechanism."""

GRAPHICS_WIDTH_MAX = 2400
"""Dots across that GS ( L may store."""

STORE_BYTES_MAX = 384 * 1024
"""Memory for stored graphics, as the printers have it."""

_SCALES = {0: (1, 1), 1: (2, 1), 2: (1, 2), 3: (2, 2)}
_BLACK, _RED = 49, 50


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in the printer's memory: planes by colour code, packed rows, its width in dots."""

    planes: dict[int, Packed]
    width: int

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return sum(plane.size for plane in self.planes.values())


@dataclass(slots=True)
class ImageStore:
    """What is kept for later.

    Attributes:
        pending: Graphics stored for printing by ``GS ( L`` function 50, with its scale.
        keyed: Graphics by memory (67 not volatile, 83 downloaded) and key code.
        downloaded: The image of ``GS *``.
        numbered: Images of ``FS q``, in order.
    """

    pending: StoredImage | None = None
    pending_scale: tuple[int, int] = (1, 1)
    keyed: dict[tuple[int, bytes], StoredImage] = field(default_factory=dict)
    downloaded: StoredImage | None = None
    numbered: list[StoredImage] = field(default_factory=list)

    def free(self, memory: int) -> int:
        """Bytes left in a memory."""
        return STORE_BYTES_MAX - sum(image.size for (kind, _), image in self.keyed.items() if kind == memory)


def _scaled(rows: Packed, width: int, scale: tuple[int, int]) -> tuple[Packed, int]:
    across, along = scale
    if across > 1:
        rows = np.packbits(np.repeat(np.unpackbits(rows, axis=1), across, axis=1), axis=1)
    if along > 1:
        rows = np.repeat(rows, along, axis=0)
    return rows, width * across


def _note_clipped(core: Core, rows: Packed, width: int, across: int) -> None:
    """Note ink beyond the print area, in an image whose dots will be `across` wide."""
    area = core.line.width // across
    if width > area:
        beyond = rows[:, area // 8 :]
        if (beyond[:, 0] & (0xFF >> area % 8)).any() or beyond[:, 1:].any():
            core.roll.note(f"clipped {(width - area) * across} dots right")


def _paint(core: Core, rows: Packed, width: int, *, red: bool = False) -> None:
    """Burn packed rows where margins and justification put them; `rows` may end where the print area does."""
    area = core.line.width
    shown = min(width, area)
    x = core.modes.left_margin + (area - shown) * core.modes.justification // 2
    core.roll.paint_packed(rows, x, shown, red=red and core.traits.two_colour)


def raster(core: Core) -> Step[None]:
    """``GS v 0 m xL xH yL yH d…``."""
    kind = yield from core.byte()
    if kind != 0x30 or not core.traits.raster_rows_max:
        yield Action("unknown", {"bytes": bytes((0x1D, 0x76, kind))})
        return
    mode = yield from core.byte()
    row_bytes = yield from core.word()
    rows = yield from core.word()
    scale = _SCALES.get(mode - 48 if mode >= 48 else mode)
    if scale is None or not row_bytes or not 0 < rows <= core.traits.raster_rows_max:
        # Refused: the printers take the data for text then.
        yield Action("unknown", {"bytes": b"\x1dv0", "reason": f"raster m={mode} {row_bytes * 8} x {rows}"})
        return
    obeyed = yield from core.at_line_start()
    if not obeyed:
        core.roll.note("raster dropped: the line buffer was not empty")
    core.refresh_line()
    left = min(rows, max(core.traits.raster_bytes_max // row_bytes, 1))
    if swallow := core.traits.raster_swallows_at:
        left += swallow if rows % swallow == 0 else 0
    while left:
        data = yield from core.some(min(left, RASTER_STEP_ROWS) * row_bytes, row_bytes)
        block = np.frombuffer(data, np.uint8).reshape(-1, row_bytes)
        left -= block.shape[0]
        if obeyed:
            _note_clipped(core, block, row_bytes * 8, scale[0])
            packed, width = _scaled(block[:, : (core.line.width + 7) // 8], row_bytes * 8, scale)
            _paint(core, packed, width)
            yield from core.advance(packed.shape[0])


def column(core: Core) -> Step[None]:
    """``ESC * m nL nH d…``: into the line buffer, printed with the line."""
    mode = yield from core.byte()
    if mode not in core.traits.column_modes:
        yield Action("unknown", {"bytes": bytes((0x1B, 0x2A, mode))})
        return
    columns = yield from core.word()
    column_bytes = 3 if mode & 0x20 else 1
    across = 1 if mode & 1 else 2
    along = 1 if mode & 0x20 else core.traits.head_dots
    kept = min(columns, (core.line.room() + across - 1) // across)
    data = yield from core.take(kept * column_bytes)
    yield from core.skip((columns - kept) * column_bytes)
    if kept:
        bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(kept, column_bytes), axis=1).T
        bits = np.repeat(np.repeat(bits, along, axis=0), across, axis=1)
        core.line.add(np.ascontiguousarray(bits[:, : core.line.room()]), red=core.modes.red)
    if columns > kept:
        core.roll.note(f"clipped {(columns - kept) * across} dots right")


def _print(core: Core, image: StoredImage, scale: tuple[int, int], *, red: bool = False) -> Step[None]:
    """Print a stored image."""
    if not (yield from core.at_line_start()):
        core.roll.note("image dropped: the line buffer was not empty")
        return
    core.refresh_line()
    height = max(plane.shape[0] for plane in image.planes.values())
    for top in range(0, height, RASTER_STEP_ROWS):
        rows = 0
        for colour, plane in image.planes.items():
            block = plane[top : top + RASTER_STEP_ROWS]
            _note_clipped(core, block, image.width, scale[0])
            packed, width = _scaled(block, image.width, scale)
            _paint(core, packed, width, red=red or colour == _RED)
            rows = max(rows, packed.shape[0])
        yield from core.advance(rows)


# --- GS ( L, GS 8 L ---------------------------------------------------------------------------------------------------


def graphics(core: Core, store: ImageStore, length: int) -> Step[None]:
    """``GS ( L`` or ``GS 8 L`` after its length: ``m fn …``."""
    if length < 2:
        yield from core.skip(length)
        return
    tone = yield from core.byte()
    function = yield from core.byte()
    left = length - 2
    if tone != 48 or not core.traits.graphics_rows_max:
        yield from core.skip(left)
        yield Action("unknown", {"bytes": b"\x1d(L", "reason": f"m={tone} fn={function}"})
    elif function in (112, 113) and left >= 8:
        yield from _store_pending(core, store, left, columns=function == 113)
    elif function in (67, 68, 83, 84) and left >= 9:
        yield from _store_keyed(
            core, store, left, memory=67 if function < 80 else 83, columns=function in (68, 84)
        )
    elif left <= 16:
        yield from _short_function(core, store, function, (yield from core.take(left)))
    else:
        yield from core.skip(left)
        yield Action("unknown", {"bytes": b"\x1d(L", "reason": f"fn={function}"})


def _short_function(  # noqa: C901 — one branch a function, as the reference numbers them
    core: Core, store: ImageStore, function: int, parameters: bytes
) -> Step[None]:
    """The functions without image data."""
    key = parameters[:2]
    if function in (2, 50):
        if store.pending is not None:
            image, store.pending = store.pending, None
            yield from _print(core, image, store.pending_scale)
    elif function in (0, 48):
        yield Reply(b"\x37\x30%d\x00" % STORE_BYTES_MAX)
    elif function in (3, 51):
        yield Reply(b"\x37\x31%d\x00" % store.free(67))
    elif function in (4, 52):
        yield Reply(b"\x37\x32%d\x00" % store.free(83))
    elif function in (64, 80):
        keys = sorted(code for kind, code in store.keyed if kind == function + 3)[:40]
        yield Reply(bytes((0x37, 0x72 if function == 64 else 0x73, 0x40)) + b"".join(keys) + b"\x00")
    elif function in (65, 81):
        if parameters == b"CLR":
            store.keyed = {name: image for name, image in store.keyed.items() if name[0] != function + 2}
    elif function in (66, 82):
        store.keyed.pop((function + 1, key), None)
    elif function in (69, 85):
        image_of_key = store.keyed.get((function - 2, key))
        scale = parameters[2:4]
        if image_of_key is not None and len(scale) == 2 and all(times in (1, 2) for times in scale):
            yield from _print(core, image_of_key, (scale[0], scale[1]))
    elif function not in (1, 49):  # 1, 49: reference dot density, of which there is one here
        yield Action("unknown", {"bytes": b"\x1d(L", "reason": f"fn={function}"})


def _read_plane(core: Core, width: int, height: int, *, columns: bool) -> Step[Packed]:
    """Read an image of one colour, as packed rows."""
    size = (height + 7) // 8 * width if columns else (width + 7) // 8 * height
    data = bytearray()
    while len(data) < size:
        data += yield from core.some(size - len(data))
    plane = np.frombuffer(bytes(data), np.uint8)
    if columns:
        return np.packbits(np.unpackbits(plane.reshape(width, -1), axis=1).T[:height], axis=1)
    return plane.reshape(height, -1)


def _fits(core: Core, width: int, height: int) -> bool:
    return 0 < width <= GRAPHICS_WIDTH_MAX and 0 < height <= core.traits.graphics_rows_max


def _plane_bytes(width: int, height: int, *, columns: bool) -> int:
    return (height + 7) // 8 * width if columns else (width + 7) // 8 * height


def _store_pending(core: Core, store: ImageStore, left: int, *, columns: bool) -> Step[None]:
    """Functions 112 and 113: ``a bx by c xL xH yL yH d…``."""
    tone, across, along, colour = yield from core.take(4)
    width = yield from core.word()
    height = yield from core.word()
    left -= 8
    sound = tone == 48 and across in (1, 2) and along in (1, 2) and colour in (_BLACK, _RED)
    if not sound or not _fits(core, width, height) or left != _plane_bytes(width, height, columns=columns):
        yield from core.skip(left)
        yield Action("unknown", {"bytes": b"\x1d(L", "reason": f"graphics {width} x {height}, {left} bytes"})
        return
    plane = yield from _read_plane(core, width, height, columns=columns)
    planes = dict(store.pending.planes) if store.pending is not None and store.pending.width == width else {}
    planes[colour] = plane
    store.pending = StoredImage(planes, width)
    store.pending_scale = (across, along)


def _store_keyed(core: Core, store: ImageStore, left: int, *, memory: int, columns: bool) -> Step[None]:
    """Functions 67, 68, 83, 84: ``a kc1 kc2 b xL xH yL yH [c d…]…``."""
    tone = yield from core.byte()
    key = yield from core.take(2)
    colours = yield from core.byte()
    width = yield from core.word()
    height = yield from core.word()
    left -= 8
    each = 1 + _plane_bytes(width, height, columns=columns)
    sound = tone == 48 and colours in (1, 2) and _fits(core, width, height) and left == colours * each
    if not sound or left > store.free(memory):
        yield from core.skip(left)
        yield Action(
            "unknown", {"bytes": b"\x1d(L", "reason": f"stored graphics {width} x {height}, {left} bytes"}
        )
        return
    planes: dict[int, Packed] = {}
    for _ in range(colours):
        colour = yield from core.byte()
        planes[colour] = yield from _read_plane(core, width, height, columns=columns)
    store.keyed[memory, key] = StoredImage(planes, width)


# --- older memories ---------------------------------------------------------------------------------------------------


def _column_image(data: bytes, columns: int) -> StoredImage:
    bits: Bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(columns, -1), axis=1).T
    return StoredImage({_BLACK: np.packbits(bits, axis=1)}, columns)


def define_downloaded(core: Core, store: ImageStore) -> Step[None]:
    """``GS * x y d…``: x times 8 columns, y times 8 rows."""
    x = yield from core.byte()
    y = yield from core.byte()
    if not x or not 1 <= y <= 48 or x * y > 1536:
        yield Action("unknown", {"bytes": bytes((0x1D, 0x2A, x, y))})
        return
    store.downloaded = _column_image((yield from core.take(x * y * 8)), x * 8)


def print_downloaded(core: Core, store: ImageStore) -> Step[None]:
    """``GS / m``."""
    mode = yield from core.byte()
    scale = _SCALES.get(mode - 48 if mode >= 48 else mode)
    if scale is not None and store.downloaded is not None:
        yield from _print(core, store.downloaded, scale, red=core.modes.red)


def define_numbered(core: Core, store: ImageStore) -> Step[None]:
    """``FS q n [xL xH yL yH d…]…``: replaces all images there were."""
    count = yield from core.byte()
    store.numbered = []
    used = 0
    for _ in range(count):
        x = yield from core.word()
        y = yield from core.word()
        used += x * y * 8
        if not 1 <= x <= 1023 or not 1 <= y <= 288 or used > STORE_BYTES_MAX:
            yield Action("unknown", {"bytes": b"\x1cq", "reason": f"stored image of {x * 8} x {y * 8}"})
            return
        data = bytearray()
        while len(data) < x * y * 8:
            data += yield from core.some(x * y * 8 - len(data))
        store.numbered.append(_column_image(bytes(data), x * 8))


def print_numbered(core: Core, store: ImageStore) -> Step[None]:
    """``FS p n m``."""
    number = yield from core.byte()
    mode = yield from core.byte()
    scale = _SCALES.get(mode - 48 if mode >= 48 else mode)
    if scale is not None and 1 <= number <= len(store.numbered):
        yield from _print(core, store.numbered[number - 1], scale)
