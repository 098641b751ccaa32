"""ESC/POS commands as bytes (Epson's command reference; where clones differ, their manuals).

Owns the syntax and the limits of the numbers in it. Whether a printer knows a command, and how large its real limits are,
is a profile's business. All lengths and coordinates are dots unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

ESC, GS, DLE, FS = b"\x1b", b"\x1d", b"\x10", b"\x1c"

RASTER_ROWS_MAX = 4095
"""Rows of ``GS v 0``: yH is at most 15."""

GRAPHICS_BYTES_MAX = 0xFFFF - 10
"""Pixel bytes of ``GS ( L``: its 16-bit length counts ten bytes of parameters too."""

GRAPHICS_DOTS_MAX = 2047
"""Width and, in the reference, the largest x of ``GS ( L`` and ``GS 8 L``."""

GRAPHICS_ROWS_MAX = 0xFFFF

PRINT_GRAPHICS = b"\x1d(L\x02\x000\x32"
"""``GS ( L`` function 50: print what function 112 stored."""

COLUMN_BYTES = {0: 1, 1: 1, 32: 3, 33: 3}
"""Bytes of a column of each mode of ``ESC *``: 8 or 24 rows."""

DRAWER_PINS = {0: 0, 1: 1}


def _byte(value: int, name: str, low: int = 0, high: int = 255) -> bytes:
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
    return bytes((value,))


def _word(value: int, name: str, low: int = 0, high: int = 0xFFFF) -> bytes:
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
    return value.to_bytes(2, "little")


# --- the printer and the line -----------------------------------------------------------------------------------------


def initialize() -> bytes:
    """``ESC @``: settings as after power-on, line buffer empty; what was received and not printed stays."""
    return b"\x1b@"


def line_spacing(units: int) -> bytes:
    """``ESC 3 n``: advance of a line, in vertical motion units (0 to 255)."""
    return b"\x1b3" + _byte(units, "line spacing")


def default_line_spacing() -> bytes:
    """``ESC 2``: advance of a line as after power-on, about 1/6 inch."""
    return b"\x1b2"


def feed(units: int) -> bytes:
    """``ESC J n``, as often as needed: print the line buffer and feed so many vertical motion units (0 and up)."""
    if units < 0:
        raise ValueError(f"paper cannot be fed by {units} units")
    full, rest = divmod(units, 255)
    return b"\x1bJ\xff" * full + (b"\x1bJ" + bytes((rest,)) if rest else b"")


def feed_lines(lines: int) -> bytes:
    """``ESC d n``: print the line buffer and feed so many lines (0 to 255)."""
    return b"\x1bd" + _byte(lines, "lines")


# --- text ---------------------------------------------------------------------------------------------------------------


def code_page(number: int) -> bytes:
    """``ESC t n``: what bytes from 80h on stand for."""
    return b"\x1bt" + _byte(number, "code page")


def international_set(number: int) -> bytes:
    """``ESC R n``: which national characters replace some of ASCII; 0 leaves ASCII as it is."""
    return b"\x1bR" + _byte(number, "international set", 0, 82)


def single_byte_characters() -> bytes:
    """``FS .``: two-byte (Kanji, Hanzi) characters off."""
    return b"\x1c."


# --- pixels -------------------------------------------------------------------------------------------------------------


def raster(row_bytes: int, rows: int, data: bytes) -> bytes:
    """``GS v 0``: print pixels, normal size.

    Args:
        row_bytes: Bytes in a row, 1 to 65,535.
        rows: 1 to `RASTER_ROWS_MAX`.
        data: Rows from top to bottom, most significant bit left, 1 is black.

    Raises:
        ValueError: A number is out of its range, or `data` is not `row_bytes` by `rows` long.
    """
    return raster_head(row_bytes, rows, len(data)) + data


def raster_head(row_bytes: int, rows: int, length: int) -> bytes:
    """What stands before the pixels of ``GS v 0``; see `raster`. `length` is that of the data that follows."""
    head = b"\x1dv0\x00" + _word(row_bytes, "row bytes", 1) + _word(rows, "rows", 1, RASTER_ROWS_MAX)
    _check_length(row_bytes, rows, length)
    return head


def graphics_head(width: int, rows: int, length: int) -> bytes:
    """What stands before the pixels of ``GS ( L`` function 112 (store); `PRINT_GRAPHICS` after them prints.

    Args:
        width: Dots in a row, 1 to `GRAPHICS_DOTS_MAX`; rows are padded to whole bytes.
        rows: 1 and up; `length` sets the limit.
        length: Bytes of the data that follows, at most `GRAPHICS_BYTES_MAX`.

    Raises:
        ValueError: A number is out of its range, or `length` does not fit the others.
    """
    parameters = _graphics_parameters(width, rows, length)
    if length > GRAPHICS_BYTES_MAX:
        raise ValueError(f"GS ( L holds {GRAPHICS_BYTES_MAX} bytes, not {length}")
    return b"\x1d(L" + _word(length + len(parameters), "length") + parameters


def graphics_head_long(width: int, rows: int, length: int) -> bytes:
    """What stands before the pixels of ``GS 8 L`` function 112: as `graphics_head`, with a 32-bit length."""
    parameters = _graphics_parameters(width, rows, length)
    return b"\x1d8L" + (length + len(parameters)).to_bytes(4, "little") + parameters


def _graphics_parameters(width: int, rows: int, length: int) -> bytes:
    size = _word(width, "width", 1, GRAPHICS_DOTS_MAX) + _word(rows, "rows", 1, GRAPHICS_ROWS_MAX)
    _check_length((width + 7) // 8, rows, length)
    return b"0p0\x01\x011" + size


def _check_length(row_bytes: int, rows: int, length: int) -> None:
    if length != row_bytes * rows:
        raise ValueError(f"{rows} rows of {row_bytes} bytes are {row_bytes * rows} bytes, not {length}")


def columns_head(mode: int, columns: int, length: int) -> bytes:
    """What stands before the data of ``ESC *``: one line of 8 or 24 rows, column by column, the top bit first.

    Args:
        mode: 0 or 1 (8 rows, single or double density), 32 or 33 (24 rows).
        columns: 1 to 1023 (nH is at most 3).
        length: Bytes of the data that follows.

    Raises:
        ValueError: There is no such mode, or a number is out of its range or does not fit the others.
    """
    if mode not in COLUMN_BYTES:
        raise ValueError(f"ESC * has no mode {mode}")
    head = b"\x1b*" + bytes((mode,)) + _word(columns, "columns", 1, 1023)
    if length != columns * COLUMN_BYTES[mode]:
        raise ValueError(f"{columns} columns are {columns * COLUMN_BYTES[mode]} bytes, not {length}")
    return head


# --- cut, drawer, panel -------------------------------------------------------------------------------------------------


def cut(*, partial: bool) -> bytes:
    """``GS V 0/1``: cut where the paper is now."""
    return b"\x1dV\x01" if partial else b"\x1dV\x00"


def feed_and_cut(units: int, *, partial: bool) -> bytes:
    """``GS V 65/66 n``: feed what was printed past the cutter and so many units more (0 to 255), then cut."""
    return (b"\x1dVB" if partial else b"\x1dVA") + _byte(units, "feed")


def cut_legacy(*, partial: bool) -> bytes:
    """``ESC m`` (a piece left uncut) or ``ESC i``: what older printers and some clones know."""
    return b"\x1bm" if partial else b"\x1bi"


def open_drawer(pin: int, on_ms: int, off_ms: int) -> bytes:
    """``ESC p``: a pulse on the drawer connector.

    Args:
        pin: 0 for connector pin 2, 1 for pin 5.
        on_ms: 2 to 510, in steps of 2.
        off_ms: 0 to 510, in steps of 2; Epson wants at least as long as `on_ms`.

    Raises:
        ValueError: A number is out of its range.
    """
    if pin not in DRAWER_PINS:
        raise ValueError(f"there is no drawer pin {pin}: 0 or 1")
    return (
        b"\x1bp" + bytes((pin,)) + _byte(on_ms // 2, "pulse / 2 ms", 1) + _byte(off_ms // 2, "pause / 2 ms")
    )


def panel_buttons(*, enabled: bool) -> bytes:
    """``ESC c 5``: whether the printer's own buttons work."""
    return b"\x1bc5" + (b"\x00" if enabled else b"\x01")


# --- asking the printer -------------------------------------------------------------------------------------------------


def realtime_status(number: int) -> bytes:
    """``DLE EOT n``: 1 printer, 2 why offline, 3 errors, 4 paper; answered at once, even where the printer is offline."""
    return b"\x10\x04" + _byte(number, "status", 1, 4)


def automatic_status(mask: int) -> bytes:
    """``GS a n``: status without being asked when what `mask` names changes (1 drawer, 2 online, 4 errors, 8 paper)."""
    return b"\x1da" + _byte(mask, "status mask")


def transmit_status(number: int) -> bytes:
    """``GS r n``: 1 paper, 2 drawer; answered in the order of the stream."""
    return b"\x1dr" + _byte(number, "status", 1, 2)


def printer_id(number: int) -> bytes:
    """``GS I n``: 1 model, 2 type, 3 firmware; 65 to 69 the same as text, 66 the maker, 67 the model's name."""
    return b"\x1dI" + _byte(number, "id", 1, 112)


def completion_request(process_id: bytes) -> bytes:
    """``GS ( H`` function 48: the printer answers ``37 22 process_id 00`` when all before this has been printed.

    Args:
        process_id: Four printable ASCII characters, 20h to 7Eh.

    Raises:
        ValueError: It is not four such characters.
    """
    if len(process_id) != 4 or any(not 0x20 <= value <= 0x7E for value in process_id):
        raise ValueError(f"a process id is four printable ASCII characters, not {process_id!r}")
    return b"\x1d(H\x06\x0000" + process_id


def recover(*, clear: bool) -> bytes:
    """``DLE ENQ 1/2``: go on after an error a person has mended; with `clear`, after emptying the buffers."""
    return b"\x10\x05\x02" if clear else b"\x10\x05\x01"


# --- symbols ------------------------------------------------------------------------------------------------------------


def qr_code(content: bytes, *, module_dots: int = 4, correction: str = "M") -> bytes:
    """``GS ( k`` with the QR code functions: model 2, size, error correction, store, print.

    Args:
        content: 1 to 7089 bytes; how many really fit depends on the correction.
        module_dots: Side of a module, 1 to 16.
        correction: ``L``, ``M``, ``Q`` or ``H``.

    Raises:
        ValueError: A number is out of its range.
    """
    if not 1 <= len(content) <= 7089:
        raise ValueError(f"a QR code holds 1 to 7089 bytes, not {len(content)}")
    if correction not in {"L", "M", "Q", "H"}:
        raise ValueError(f"there is no correction level {correction!r}")
    parts: Sequence[bytes] = (
        b"1A2\x00",
        b"1C" + _byte(module_dots, "module", 1, 16),
        b"1E" + bytes((48 + "LMQH".index(correction),)),
        b"1P0" + content,
        b"1Q0",
    )
    return b"".join(b"\x1d(k" + _word(len(part), "length") + part for part in parts)
