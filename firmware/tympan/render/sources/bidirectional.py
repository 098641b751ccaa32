"""Text that runs from right to left: the order of its cells on paper, and the joined forms of Arabic letters.

Owns a plain subset of the Unicode bidirectional algorithm (UAX #9): the paragraph's direction from its first strong character, levels
for runs, neutrals between equal directions, mirrored brackets. Explicit embeddings are not obeyed. Arabic letters take their initial, medial, final or isolated
form from Unicode's presentation forms, so that one cell holds one letter and needs no shaping engine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

RIGHT_TO_LEFT = frozenset({"R", "AL"})
NUMBERS = frozenset({"EN", "AN"})
PAIRS = ("()", "[]", "{}", "<>", "«»", "\u2039\u203a")
MIRRORED = {one: pair[1 - index] for pair in PAIRS for index, one in enumerate(pair)}
PRESENTATION_FORMS = range(0xFE70, 0xFEFD)
LAM = "\u0644"
ISOLATED, FINAL, INITIAL, MEDIAL = "isolated", "final", "initial", "medial"


def has_right_to_left(text: str) -> bool:
    """Whether any of it runs from right to left."""
    return not text.isascii() and any(
        unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in text
    )


def runs_right_to_left(bases: Sequence[str]) -> bool:
    """The paragraph's direction: that of its first strong character."""
    for base in bases:
        kind = unicodedata.bidirectional(base)
        if kind == "L" or kind in RIGHT_TO_LEFT:
            return kind != "L"
    return False


def visual_order(bases: Sequence[str]) -> list[tuple[int, bool]]:
    """The cells' indices from left to right, and whether each stands in a run from right to left.

    Args:
        bases: The first character of each cell, in the order in which it is read.
    """
    levels = _levels(bases)
    order = list(range(len(bases)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end + 1
    return [(index, levels[index] % 2 == 1) for index in order]


def _levels(bases: Sequence[str]) -> list[int]:
    """Embedding levels: even runs left to right, odd right to left."""
    base = int(runs_right_to_left(bases))
    kinds = [unicodedata.bidirectional(one) for one in bases]
    strong = base
    found: list[int | None] = []
    for kind in kinds:
        if kind == "L":
            strong = 0
        elif kind in RIGHT_TO_LEFT:
            strong = 1
        if kind in NUMBERS:
            found.append(2 if strong or base else 0)
        elif kind == "L":
            found.append(2 if base else 0)
        elif kind in RIGHT_TO_LEFT:
            found.append(1)
        else:
            found.append(None)
    levels: list[int] = []
    for index, level in enumerate(found):
        if level is not None:
            levels.append(level)
            continue
        before = levels[-1] if levels else base
        after = next((one for one in found[index + 1 :] if one is not None), base)
        # Between two of one direction a neutral belongs to them; numbers count as the direction they stand in.
        same = (before > 0) == (after > 0) if not base else (before == 2) == (after == 2)
        inner = (1 if before else 0) if not base else (2 if before == 2 else 1)
        levels.append(inner if same else base)
    return levels


@cache
def _forms() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """The presentation forms of single letters, and of lam with an alef."""
    letters: dict[str, dict[str, str]] = {}
    ligatures: dict[str, dict[str, str]] = {}
    for code in PRESENTATION_FORMS:
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) < 2 or not parts[0].startswith("<"):
            continue
        text = "".join(chr(int(part, 16)) for part in parts[1:])
        if len(text) == 1:
            letters.setdefault(text, {})[parts[0][1:-1]] = chr(code)
        elif len(text) == 2 and text[0] == LAM:
            ligatures.setdefault(text, {})[parts[0][1:-1]] = chr(code)
    return letters, ligatures


def joined(texts: Sequence[str]) -> list[str]:
    """Arabic letters in the forms that join them to their neighbours.

    Args:
        texts: The text of each cell in reading order, a letter and its marks.

    Returns:
        As many texts; an alef that became part of a lam before it leaves an empty one.
    """
    letters, ligatures = _forms()
    found = list(texts)
    bases = [text[:1] for text in texts]
    joins_after = [INITIAL in letters.get(base, {}) for base in bases]
    joins_before = [FINAL in letters.get(base, {}) for base in bases]
    skip = False
    for index, text in enumerate(texts):
        if skip:
            skip = False
            found[index] = ""
            continue
        base = bases[index]
        if base not in letters:
            continue
        before = index > 0 and joins_after[index - 1] and joins_before[index]
        pair = base + bases[index + 1] if index + 1 < len(bases) else ""
        if pair in ligatures:
            found[index] = (
                ligatures[pair].get(FINAL if before else ISOLATED, base) + text[1:] + texts[index + 1][1:]
            )
            skip = True
            continue
        after = index + 1 < len(bases) and joins_after[index] and joins_before[index + 1]
        form = (MEDIAL if after else FINAL) if before else (INITIAL if after else ISOLATED)
        found[index] = letters[base].get(form, base) + text[1:]
    return found
