"""Bar codes as an ESC/POS printer draws them (``GS k``).

Owns the symbologies: from the data of a command to dark and light elements. Tables are the standards' (ISO/IEC 15417,
15420, 16388, 16390, AIM USS-93, USS-Codabar). Knows nothing of paper.
"""

# ruff: noqa: SIM905 — the tables read best as the standards print them
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

WIDE_DOTS: Mapping[int, int] = {2: 5, 3: 8, 4: 10, 5: 13, 6: 16}
"""Wide elements of the two-width codes, by the dots of a narrow one (``GS w``)."""


class BarCodeError(ValueError):
    """The data cannot be a bar code of this kind; the printer refuses the command."""


@dataclass(frozen=True, slots=True)
class BarCode:
    """A bar code before it has a size.

    Attributes:
        elements: Widths, dark first, then light and dark by turns: in modules, or where `two_widths`, 0 narrow, 1 wide.
        two_widths: See `elements`.
        text: What is printed for people.
    """

    elements: tuple[int, ...]
    two_widths: bool
    text: str

    def widths(self, module_dots: int) -> list[int]:
        """The elements' widths in dots.

        Args:
            module_dots: ``GS w``, 2 to 6.
        """
        if self.two_widths:
            return [WIDE_DOTS[module_dots] if wide else module_dots for wide in self.elements]
        return [module_dots * modules for modules in self.elements]


def _runs(modules: str) -> tuple[int, ...]:
    """Turn a string of modules, 1 dark, that begins dark into run lengths."""
    runs: list[int] = []
    previous = ""
    for module in modules:
        if module == previous:
            runs[-1] += 1
        else:
            runs.append(1)
        previous = module
    return tuple(runs)


def _digits(data: bytes) -> str:
    if not data.isdigit():
        raise BarCodeError("only digits are allowed")
    return data.decode("ascii")


# --- EAN and UPC ------------------------------------------------------------------------------------------------------

_EAN_ODD = (
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
)
_EAN_RIGHT = tuple(pattern.translate(str.maketrans("01", "10")) for pattern in _EAN_ODD)
_EAN_EVEN = tuple(pattern[::-1] for pattern in _EAN_RIGHT)
_EAN13_PARITY = (
    "OOOOOO",
    "OOEOEE",
    "OOEEOE",
    "OOEEEO",
    "OEOOEE",
    "OEEOOE",
    "OEEEOO",
    "OEOEOE",
    "OEOEEO",
    "OEEOEO",
)
_UPCE_PARITY = (
    "EEEOOO",
    "EEOEOO",
    "EEOOEO",
    "EEOOOE",
    "EOEEOO",
    "EOOEEO",
    "EOOOEE",
    "EOEOEO",
    "EOEOOE",
    "EOOEOE",
)


def _check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _by_parity(digits: str, parity: str) -> str:
    return "".join(
        (_EAN_ODD if side == "O" else _EAN_EVEN)[int(digit)]
        for digit, side in zip(digits, parity, strict=True)
    )


def _with_check(data: bytes, length: int) -> str:
    digits = _digits(data)
    if len(digits) not in (length - 1, length):
        raise BarCodeError(f"{length - 1} or {length} digits are wanted")
    return digits if len(digits) == length else digits + _check_digit(digits)


def _ean13_elements(digits: str) -> tuple[int, ...]:
    left = _by_parity(digits[1:7], _EAN13_PARITY[int(digits[0])])
    right = "".join(_EAN_RIGHT[int(digit)] for digit in digits[7:])
    return _runs("101" + left + "01010" + right + "101")


def _ean13(data: bytes) -> BarCode:
    digits = _with_check(data, 13)
    return BarCode(_ean13_elements(digits), two_widths=False, text=digits)


def _upc_a(data: bytes) -> BarCode:
    digits = _with_check(data, 12)
    return BarCode(_ean13_elements("0" + digits), two_widths=False, text=digits)


def _ean8(data: bytes) -> BarCode:
    digits = _with_check(data, 8)
    left = _by_parity(digits[:4], "OOOO")
    right = "".join(_EAN_RIGHT[int(digit)] for digit in digits[4:])
    return BarCode(_runs("101" + left + "01010" + right + "101"), two_widths=False, text=digits)


def _upc_e_expand(six: str) -> str:
    """The eleven digits of UPC-A that six of UPC-E stand for, number system 0."""
    last = six[5]
    if last in "012":
        return "0" + six[:2] + last + "0000" + six[2:5]
    if last == "3":
        return "0" + six[:3] + "00000" + six[3:5]
    if last == "4":
        return "0" + six[:4] + "00000" + six[4]
    return "0" + six[:5] + "0000" + last


def _upc_e_compress(eleven: str) -> str:
    """The six digits of UPC-E for eleven of UPC-A."""
    maker, product = eleven[1:6], eleven[6:11]
    if maker[2] in "012" and maker[3:] == "00" and product[:2] == "00":
        return maker[:2] + product[2:] + maker[2]
    if maker[3:] == "00" and product[:3] == "000":
        return maker[:3] + product[3:] + "3"
    if maker[4] == "0" and product[:4] == "0000":
        return maker[:4] + product[4] + "4"
    if product[:4] == "0000" and product[4] in "56789":
        return maker + product[4]
    raise BarCodeError("these digits have no UPC-E form")


def _upc_e(data: bytes) -> BarCode:
    digits = _digits(data)
    if len(digits) not in (6, 7, 8, 11, 12):
        raise BarCodeError("6, 7, 8, 11 or 12 digits are wanted")
    if len(digits) != 6 and digits[0] != "0":
        raise BarCodeError("the number system must be 0")
    six = (
        _upc_e_compress(digits[:11])
        if len(digits) >= 11
        else digits[-7:-1]
        if len(digits) == 8
        else digits[-6:]
    )
    check = _check_digit(_upc_e_expand(six))
    modules = "101" + _by_parity(six, _UPCE_PARITY[int(check)]) + "010101"
    return BarCode(_runs(modules), two_widths=False, text="0" + six + check)


# --- codes of two widths ----------------------------------------------------------------------------------------------

_CODE39: Final[Mapping[str, str]] = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*",
        (
            "000110100 100100001 001100001 101100000 000110001 100110000 001110000 000100101 100100100 001100100 "
            "100001001 001001001 101001000 000011001 100011000 001011000 000001101 100001100 001001100 000011100 "
            "100000011 001000011 101000010 000010011 100010010 001010010 000000111 100000110 001000110 000010110 "
            "110000001 011000001 111000000 010010001 110010000 011010000 010000101 110000100 011000100 010101000 "
            "010100010 010001010 000101010 010010100"
        ).split(),
        strict=True,
    )
)
_ITF = ("00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010")
_CODABAR: Final[Mapping[str, str]] = dict(
    zip(
        "0123456789-$:/.+ABCD",
        (
            "0000011 0000110 0001001 1100000 0010010 1000010 0100001 0100100 0110000 1001000 "
            "0001100 0011000 1000101 1010001 1010100 0010101 0011010 0101001 0001011 0001110"
        ).split(),
        strict=True,
    )
)


def _joined(patterns: list[str]) -> tuple[int, ...]:
    """Characters with a narrow gap between them."""
    return tuple(int(width) for width in "0".join(patterns))


def _code39(data: bytes) -> BarCode:
    text = data.decode("latin-1")
    inner = text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "*" else text
    if not inner or any(character not in _CODE39 or character == "*" for character in inner):
        raise BarCodeError("a character that CODE39 has not")
    full = f"*{inner}*"
    return BarCode(_joined([_CODE39[character] for character in full]), two_widths=True, text=full)


def _itf(data: bytes) -> BarCode:
    digits = _digits(data)
    if len(digits) % 2:
        digits = digits[:-1]  # the printers leave an odd digit at the end out
    if not digits:
        raise BarCodeError("two digits at least are wanted")
    pairs = (
        bar + space
        for dark, light in zip(digits[::2], digits[1::2], strict=True)
        for bar, space in zip(_ITF[int(dark)], _ITF[int(light)], strict=True)
    )
    return BarCode(
        tuple(int(width) for width in "0000" + "".join(pairs) + "100"), two_widths=True, text=digits
    )


def _codabar(data: bytes) -> BarCode:
    text = data.decode("latin-1").upper()
    valid = len(text) >= 2 and text[0] in "ABCD" and text[-1] in "ABCD"
    if not valid or any(character not in _CODABAR or character in "ABCD" for character in text[1:-1]):
        raise BarCodeError("CODABAR begins and ends with A to D and has digits and signs between")
    return BarCode(_joined([_CODABAR[character] for character in text]), two_widths=True, text=text)


# --- CODE93 and CODE128 -----------------------------------------------------------------------------------------------

_CODE93_CHARACTERS = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%abcd"  # a to d: the four shifts ($) (%) (/) (+)
)
_CODE93 = (
    "100010100 101001000 101000100 101000010 100101000 100100100 100100010 101010000 100010010 100001010 "
    "110101000 110100100 110100010 110010100 110010010 110001010 101101000 101100100 101100010 100110100 "
    "100011010 101011000 101001100 101000110 100101100 100010110 110110100 110110010 110101100 110100110 "
    "110010110 110011010 101101100 101100110 100110110 100111010 100101110 111010100 111010010 111001010 "
    "101101110 101110110 110101110 100100110 111011010 111010110 100110010"
).split()
_CODE93_STOP = "101011110"


def _code93_character(code: int) -> str:
    """One ASCII character as CODE93's own, with a shift where it needs one."""
    character = chr(code)
    if character in _CODE93_CHARACTERS[:43]:
        return character
    for first, last, shift, start in (
        (0x01, 0x1A, "a", "A"),
        (0x1B, 0x1F, "b", "A"),
        (0x3B, 0x3F, "b", "F"),
        (0x5B, 0x5F, "b", "K"),
        (0x7B, 0x7F, "b", "P"),
        (0x21, 0x2F, "c", "A"),
        (0x3A, 0x3A, "c", "Z"),
        (0x61, 0x7A, "d", "A"),
    ):
        if first <= code <= last:
            return shift + chr(ord(start) + code - first)
    single = {0x00: "bU", 0x40: "bV", 0x60: "bW"}
    if code in single:
        return single[code]
    raise BarCodeError("a character that CODE93 has not")


def _code93(data: bytes) -> BarCode:
    if not data:
        raise BarCodeError("no data")
    values = [_CODE93_CHARACTERS.index(character) for code in data for character in _code93_character(code)]
    for longest in (20, 15):
        total = sum((place % longest + 1) * value for place, value in enumerate(reversed(values)))
        values.append(total % 47)
    modules = _CODE93_STOP + "".join(_CODE93[value] for value in values) + _CODE93_STOP + "1"
    shown = "".join(chr(code) if 0x20 <= code < 0x7F else " " for code in data)
    return BarCode(_runs(modules), two_widths=False, text=shown)


_CODE128 = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 "
    "113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 "
    "212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 "
    "113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 "
    "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 "
    "241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 "
    "211232 2331112"
).split()
_STOP = 106
_START: Mapping[str, int] = {"A": 103, "B": 104, "C": 105}
_SELECT: Mapping[str, int] = {"A": 101, "B": 100, "C": 99}
_SHIFT = 98
_FUNCTION: Mapping[str, Mapping[str, int]] = {
    "A": {"1": 102, "2": 97, "3": 96, "4": 101},
    "B": {"1": 102, "2": 97, "3": 96, "4": 100},
    "C": {"1": 102},
}


def _code128_value(code: int, code_set: str) -> int:
    if code_set == "C" and code <= 99:
        return code
    if code_set == "A" and code < 0x60:
        return code - 0x20 if code >= 0x20 else code + 0x40
    if code_set == "B" and 0x20 <= code <= 0x7F:
        return code - 0x20
    raise BarCodeError(f"byte {code:#04x} is not in code set {code_set}")


def _code128(data: bytes) -> BarCode:
    """Data with the printers' own escapes: ``{A {B {C`` select, ``{S`` shifts, ``{1``-``{4`` are FNC, ``{{`` is a brace."""
    if len(data) < 2 or data[:1] != b"{" or (code_set := chr(data[1])) not in _START:
        raise BarCodeError("the data must begin with a code set")
    values = [_START[code_set]]
    shown: list[str] = []
    position, shifted = 2, False
    while position < len(data):
        code = data[position]
        position += 1
        current = {"A": "B", "B": "A", "C": "C"}[code_set] if shifted else code_set
        if code == 0x7B:
            if position >= len(data):
                raise BarCodeError("a lone brace at the end")
            escape = chr(data[position])
            position += 1
            if escape in _SELECT and escape != code_set and not shifted:
                code_set = escape
                values.append(_SELECT[escape])
                continue
            if escape == "S" and code_set != "C" and not shifted:
                values.append(_SHIFT)
                shifted = True
                continue
            if escape in _FUNCTION[current]:
                values.append(_FUNCTION[current][escape])
                continue
            if escape != "{":
                raise BarCodeError(f"no such escape: {escape!r}")
        values.append(_code128_value(code, current))
        shown.append(f"{code:02d}" if current == "C" else chr(code) if 0x20 <= code < 0x7F else " ")
        shifted = False
    if len(values) == 1:
        raise BarCodeError("no data")
    values.append((values[0] + sum(place * value for place, value in enumerate(values))) % 103)
    elements = "".join(_CODE128[value] for value in (*values, _STOP))
    return BarCode(tuple(int(width) for width in elements), two_widths=False, text="".join(shown))


_SYMBOLOGIES: Mapping[int, Callable[[bytes], BarCode]] = {
    0: _upc_a,
    1: _upc_e,
    2: _ean13,
    3: _ean8,
    4: _code39,
    5: _itf,
    6: _codabar,
    7: _code93,
    8: _code128,
}


def bar_code(kind: int, data: bytes) -> BarCode:
    """Return the bar code of `data`.

    Args:
        kind: 0 UPC-A, 1 UPC-E, 2 EAN13, 3 EAN8, 4 CODE39, 5 ITF, 6 CODABAR, 7 CODE93, 8 CODE128.
        data: As the command gives it, at most 255 bytes.

    Raises:
        BarCodeError: The data do not fit the symbology, or there is no such kind.
    """
    symbology = _SYMBOLOGIES.get(kind)
    if symbology is None:
        raise BarCodeError(f"no such bar code: {kind}")
    return symbology(data)
