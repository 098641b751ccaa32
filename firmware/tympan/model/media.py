"""Paper by its name: PWG 5101.1 self-describing size names, the standard sizes, and which size a pair of numbers means.

Owns names and dimensions and nothing else: which paper a printer takes, and how much of it can be printed, is the driver's.
No input or output. Dimensions are hundredths of a millimetre (the unit of ``media-size``, PWG 5100.7 §6.3), width across the
feed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

MATCH_TOLERANCE_HMM = 50
"""How far each dimension may be off and still mean the same size: half a millimetre, more than rounding to points can make."""

DIMENSION_MAX_HMM = 2**31 - 1
"""The largest integer IPP can carry, RFC 8010 §3.9."""

NAME_MAX_OCTETS = 255
"""The longest keyword, RFC 8011 §5.1.4."""

CLASSES_MM = frozenset({"iso", "jis", "jpn", "om", "prc", "roc", "disc", "custom", "roll"})
"""Classes whose dimensions may be in millimetres, PWG 5101.1 §5."""

CLASSES_IN = frozenset({"na", "asme", "oe", "custom", "roll"})
"""Classes whose dimensions may be in inches."""

_HMM_PER_UNIT = {"mm": 100, "in": 2540}
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


class MediaSize(NamedTuple):
    """A size of paper.

    Attributes:
        name: Self-describing name, such as ``iso_a4_210x297mm``.
        width_hmm: Across the feed.
        length_hmm: Along the feed.
        legacy_name: What RFC 8011 and older printers called it, such as ``iso-a4``; empty where it had none.
        alias: What people and PPD files call it, such as ``A4``; empty where they do not.
    """

    name: str
    width_hmm: int
    length_hmm: int
    legacy_name: str = ""
    alias: str = ""


# Self-describing name, legacy name, alias: the sizes people have in drawers and trays. Dimensions stand in the name.
_STANDARD: tuple[tuple[str, str, str], ...] = (
    ("iso_a3_297x420mm", "iso-a3", "A3"),
    ("iso_a4_210x297mm", "iso-a4", "A4"),
    ("iso_a5_148x210mm", "iso-a5", "A5"),
    ("iso_a6_105x148mm", "iso-a6", "A6"),
    ("iso_a7_74x105mm", "iso-a7", "A7"),
    ("iso_a8_52x74mm", "iso-a8", "A8"),
    ("iso_a2_420x594mm", "iso-a2", "A2"),
    ("iso_b4_250x353mm", "iso-b4", "ISOB4"),
    ("iso_b5_176x250mm", "iso-b5", "ISOB5"),
    ("iso_b6_125x176mm", "iso-b6", "ISOB6"),
    ("iso_c4_229x324mm", "iso-c4", "EnvC4"),
    ("iso_c5_162x229mm", "iso-c5", "EnvC5"),
    ("iso_c6_114x162mm", "iso-c6", "EnvC6"),
    ("iso_c6c5_114x229mm", "", "EnvC65"),
    ("iso_dl_110x220mm", "iso-designated", "EnvDL"),
    ("iso_ra4_215x305mm", "iso-ra4", "RA4"),
    ("iso_sra4_225x320mm", "iso-sra4", "SRA4"),
    ("jis_b4_257x364mm", "jis-b4", "B4"),
    ("jis_b5_182x257mm", "jis-b5", "B5"),
    ("jis_b6_128x182mm", "jis-b6", "B6"),
    ("jpn_hagaki_100x148mm", "", "Postcard"),
    ("jpn_oufuku_148x200mm", "", "DoublePostcard"),
    ("jpn_chou3_120x235mm", "", "EnvChou3"),
    ("jpn_chou4_90x205mm", "", "EnvChou4"),
    ("jpn_kaku2_240x332mm", "", "EnvKaku2"),
    ("na_letter_8.5x11in", "na-letter", "Letter"),
    ("na_legal_8.5x14in", "na-legal", "Legal"),
    ("na_ledger_11x17in", "tabloid", "Tabloid"),
    ("na_executive_7.25x10.5in", "executive", "Executive"),
    ("na_invoice_5.5x8.5in", "invoice", "Statement"),
    ("na_foolscap_8.5x13in", "", "FanFoldGermanLegal"),
    ("na_oficio_8.5x13.4in", "", "Oficio"),
    ("na_govt-letter_8x10in", "na-8x10", "8x10"),
    ("na_quarto_8.5x10.83in", "quarto", "Quarto"),
    ("na_monarch_3.875x7.5in", "monarch-envelope", "EnvMonarch"),
    ("na_number-9_3.875x8.875in", "na-number-9-envelope", "Env9"),
    ("na_number-10_4.125x9.5in", "na-number-10-envelope", "Env10"),
    ("na_number-11_4.5x10.375in", "", "Env11"),
    ("na_index-3x5_3x5in", "", "3x5"),
    ("na_index-4x6_4x6in", "", "4x6"),
    ("na_5x7_5x7in", "", "5x7"),
    ("na_index-5x8_5x8in", "", "5x8"),
    ("oe_photo-l_3.5x5in", "", "3.5x5"),
    ("oe_business-card_2x3.5in", "", "BusinessCard"),
    ("om_16k_184x260mm", "", "16K184x260mm"),
    ("om_16k_195x270mm", "", "16K195x270mm"),
    ("om_folio_210x330mm", "folio", "Folio"),
    ("om_small-photo_100x150mm", "", "100x150mm"),
    ("om_italian_110x230mm", "", "EnvItalian"),
    ("om_card_54x86mm", "", "54x86mm"),
    ("prc_16k_146x215mm", "", "PRC16K"),
    ("prc_32k_97x151mm", "", "PRC32K"),
)


def parse_size_name(name: str) -> MediaSize | None:
    """The size a self-describing name stands for, registered or not, such as ``roll_max_80x3000mm``.

    A name is ``class_label_WIDTHxLENGTHunit``; inches and millimetres are converted exactly and rounded once, to the nearest
    hundredth of a millimetre. The label may be empty in practice (``custom_80x200mm``), as some clients send it.

    Args:
        name: What a client sent; anything at all.

    Returns:
        The size, with `name` as its name; None where it is no self-describing name.
    """
    if len(name) > NAME_MAX_OCTETS:
        return None
    head, _, dimensions = name.rpartition("_")
    size_class, _, label = head.partition("_")
    unit = dimensions[-2:]
    if size_class not in (CLASSES_MM if unit == "mm" else CLASSES_IN if unit == "in" else ()):
        return None
    if not _NAME_CHARACTERS.issuperset(label.replace("_", "")):
        return None
    width, cross, length = dimensions[:-2].partition("x")
    if not cross:
        return None
    scale = _HMM_PER_UNIT[unit]
    width_hmm, length_hmm = _to_hmm(width, scale), _to_hmm(length, scale)
    if width_hmm is None or length_hmm is None:
        return None
    return MediaSize(name, width_hmm, length_hmm)


def _to_hmm(text: str, scale: int) -> int | None:
    """A PWG 5101.1 dimension in hundredths of a millimetre; None where it is none, or zero, or more than IPP can carry."""
    whole, point, decimals = text.partition(".")
    digits = whole + decimals
    if (
        not (digits.isascii() and digits.isdigit())
        or not whole
        or (point and not decimals)
        or len(digits) > 12
    ):
        return None
    value = int(digits) * scale
    divisor = 10 ** len(decimals)
    hmm = (2 * value + divisor) // (2 * divisor)
    return hmm if 0 < hmm <= DIMENSION_MAX_HMM else None


def format_size_name(
    width_hmm: int, length_hmm: int, *, size_class: str = "custom", label: str = "", unit: str = "mm"
) -> str:
    """A self-describing name for a size.

    Args:
        width_hmm: Across the feed.
        length_hmm: Along the feed.
        size_class: Such as ``custom``, ``roll``, ``om``.
        label: What stands between class and dimensions; empty: the dimensions once more, so that the name is unique.
        unit: ``mm`` or ``in``. Inches are given to four decimals: a hundredth of a millimetre survives them.

    Raises:
        ValueError: A dimension, class, unit or label that no such name can have.
    """
    if not (0 < width_hmm <= DIMENSION_MAX_HMM and 0 < length_hmm <= DIMENSION_MAX_HMM):
        raise ValueError(f"no paper is {width_hmm} by {length_hmm} hundredths of a millimetre")
    if unit not in _HMM_PER_UNIT or size_class not in (CLASSES_MM if unit == "mm" else CLASSES_IN):
        raise ValueError(f"sizes of class {size_class!r} are not given in {unit!r}")
    if not _NAME_CHARACTERS.issuperset(label):
        raise ValueError(f"{label!r} cannot be in a name: lower-case letters, digits, '-' and '.'")
    scale = _HMM_PER_UNIT[unit]
    dimensions = f"{_dimension(width_hmm, scale)}x{_dimension(length_hmm, scale)}{unit}"
    return f"{size_class}_{label or dimensions}_{dimensions}"


def _dimension(hmm: int, scale: int) -> str:
    ten_thousandths = (2 * hmm * 10_000 + scale) // (2 * scale)
    whole, decimals = divmod(ten_thousandths, 10_000)
    return f"{whole}.{decimals:04}".rstrip("0").rstrip(".")


@cache
def standard_sizes() -> tuple[MediaSize, ...]:
    """The standard sizes that matter, each with its exact dimensions; made at the first call."""
    sizes = []
    for name, legacy_name, alias in _STANDARD:
        size = parse_size_name(name)
        assert size is not None, name
        sizes.append(size._replace(legacy_name=legacy_name, alias=alias))
    return tuple(sizes)


@cache
def _by_any_name() -> Mapping[str, MediaSize]:
    names: dict[str, MediaSize] = {}
    for size in standard_sizes():
        for name in (size.name, size.legacy_name, size.alias.lower()):
            if name:
                names.setdefault(name, size)
    return names


def find_size(name: str) -> MediaSize | None:
    """The size that `name` means: a self-describing name, a legacy name (``na-letter``) or an alias (``A4``, in any case).

    Returns:
        The standard size where it is one; else what the name says of itself; None where it says nothing.
    """
    names = _by_any_name()
    return names.get(name) or names.get(name.lower()) or parse_size_name(name)


def nearest_size(
    width_hmm: int,
    length_hmm: int,
    sizes: Iterable[MediaSize] | None = None,
    *,
    tolerance_hmm: int = MATCH_TOLERANCE_HMM,
) -> MediaSize | None:
    """Which size a client means by two numbers: the nearest that is off by at most the tolerance in each dimension.

    Args:
        width_hmm: Across the feed.
        length_hmm: Along the feed.
        sizes: The sizes to choose from; None: the standard sizes. On a tie the first wins.
        tolerance_hmm: The most a dimension may be off.
    """
    best: MediaSize | None = None
    best_distance = 0
    for size in standard_sizes() if sizes is None else sizes:
        across, along = abs(size.width_hmm - width_hmm), abs(size.length_hmm - length_hmm)
        if (
            across <= tolerance_hmm
            and along <= tolerance_hmm
            and (best is None or across + along < best_distance)
        ):
            best, best_distance = size, across + along
    return best
