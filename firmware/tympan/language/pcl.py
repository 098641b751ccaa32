"""PCL 5 commands as bytes (HP's PCL 5 Technical Reference). The pixels are `packbits`' and `delta_row`'s.

Owns the syntax and the limits of the numbers in it. Which commands a printer obeys is a profile's business.
"""

from __future__ import annotations

RESET = b"\x1bE"
"""``ESC E``: print a page that was begun, then everything as at power-on."""

FORM_FEED = b"\x0c"

PARAMETER_MAX = 32767

SIDES = {"one-sided": 0, "two-sided-long-edge": 1, "two-sided-short-edge": 2}
"""Parameter of ``ESC & l # S`` by the IPP keyword."""

PAGE_SIDE_NEXT, PAGE_SIDE_FRONT, PAGE_SIDE_BACK = 0, 1, 2


def _command(head: bytes, value: int, tail: bytes, low: int, high: int) -> bytes:
    if not low <= value <= high:
        raise ValueError(f"ESC {head.decode()} # {tail.decode()} takes {low} to {high}, not {value}")
    return b"\x1b%s%d%s" % (head, value, tail)


# --- the sheet ------------------------------------------------------------------------------------------------------------


def page_size(code: int) -> bytes:
    """``ESC & l # A``; margins go back to their defaults."""
    return _command(b"&l", code, b"A", 1, PARAMETER_MAX)


def paper_source(code: int) -> bytes:
    """``ESC & l # H``: 1 main tray, 2 manual, 4 second tray or bypass, 6 envelopes, 7 automatic, 20 to 39 trays by number."""
    return _command(b"&l", code, b"H", 0, 69)


def media_type(code: int) -> bytes:
    """``ESC & l # M``: 0 plain, 1 bond, 2 special, 3 glossy, 4 transparency."""
    return _command(b"&l", code, b"M", 0, 9)


def sides(keyword: str) -> bytes:
    """``ESC & l # S``: simplex, or duplex bound at the long or the short edge.

    Args:
        keyword: ``sides`` as in IPP.

    Raises:
        ValueError: There is no such keyword.
    """
    if keyword not in SIDES:
        raise ValueError(f"there is no {keyword!r}")
    return _command(b"&l", SIDES[keyword], b"S", 0, 2)


def page_side(side: int) -> bytes:
    """``ESC & a # G``: go to the next side (0), the front (1) or the back (2) of a sheet."""
    return _command(b"&a", side, b"G", 0, 2)


def copies(count: int) -> bytes:
    """``ESC & l # X``: how often this page and those after it are printed, one after the other."""
    return _command(b"&l", count, b"X", 1, PARAMETER_MAX)


def portrait() -> bytes:
    """``ESC & l 0 O``: upright; line spacing and margins go back to their defaults."""
    return b"\x1b&l0O"


def whole_page() -> bytes:
    """``ESC & l 0 E`` and ``ESC & l 0 L``: no top margin, no leap over the perforation."""
    return b"\x1b&l0E\x1b&l0L"


def left_registration(decipoints_tenths: int) -> bytes:
    """``ESC & l # U``: move the logical page to the right.

    Args:
        decipoints_tenths: Tenths of a decipoint (1/7200 inch), -32767 to 32767; negative moves it to the left.

    Raises:
        ValueError: It is out of its range.
    """
    if not -PARAMETER_MAX <= decipoints_tenths <= PARAMETER_MAX:
        raise ValueError(f"the logical page cannot be moved by {decipoints_tenths} tenths of a decipoint")
    sign = b"-" if decipoints_tenths < 0 else b""
    whole, tenth = divmod(abs(decipoints_tenths), 10)
    return b"\x1b&l%s%d%sU" % (sign, whole, b".%d" % tenth if tenth else b"")


# --- the raster -----------------------------------------------------------------------------------------------------------


def unit_of_measure(dpi: int) -> bytes:
    """``ESC & u # D``: what coordinates count, units an inch."""
    return _command(b"&u", dpi, b"D", 96, 7200)


def resolution(dpi: int) -> bytes:
    """``ESC * t # R``: dots of a raster, an inch."""
    return _command(b"*t", dpi, b"R", 75, 1200)


def along_the_rows() -> bytes:
    """``ESC * r 0 F``: rows of a raster lie as the page is turned, not as the paper runs."""
    return b"\x1b*r0F"


def cursor(x: int, y: int) -> bytes:
    """``ESC * p # x # Y``: to a place on the logical page, in units of measure from its top left corner.

    Args:
        x: 0 to 32767.
        y: 0 to 32767.

    Raises:
        ValueError: One is out of its range.
    """
    if not (0 <= x <= PARAMETER_MAX and 0 <= y <= PARAMETER_MAX):
        raise ValueError(f"the cursor cannot be at {x}, {y}")
    return b"\x1b*p%dx%dY" % (x, y)


def raster_width(pixels: int) -> bytes:
    """``ESC * r # S``: width of the raster; rows that are shorter are white to their end."""
    return _command(b"*r", pixels, b"S", 1, PARAMETER_MAX)


def start_raster() -> bytes:
    """``ESC * r 1 A``: at the cursor. The row that delta rows refer to is white, the compression mode stays."""
    return b"\x1b*r1A"


def compression(mode: int) -> bytes:
    """``ESC * b # M``: 0 none, 2 PackBits, 3 delta row, for the rows from here on."""
    return _command(b"*b", mode, b"M", 0, 9)


def skip_rows(rows: int) -> bytes:
    """``ESC * b # Y``, as often as needed: rows down (0 and up). The row that delta rows refer to becomes white."""
    if rows < 0:
        raise ValueError(f"a raster cannot go up by {-rows} rows")
    full, rest = divmod(rows, PARAMETER_MAX)
    return b"\x1b*b32767Y" * full + (b"\x1b*b%dY" % rest if rest else b"")


def end_raster(letter: str = "rC") -> bytes:
    """``ESC * r C``, or ``ESC * r B`` for printers before PCL 5.

    Raises:
        ValueError: It is neither ``rC`` nor ``rB``.
    """
    if letter not in {"rC", "rB"}:
        raise ValueError(f"a raster does not end with {letter!r}")
    return b"\x1b*" + letter.encode("ascii")
