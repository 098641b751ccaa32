"""What one key of the configuration may be: its meaning, its range, its check.

An `Option` stands in the metadata of a settings field; the loader, the documentation and `tympan check` all read it there, so
that a key is described once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field
from typing import Any

METADATA_KEY = "option"


@dataclass(frozen=True, slots=True)
class Option:
    """One key of the configuration.

    Attributes:
        meaning: A sentence for the documentation.
        minimum: Smallest value of a number, inclusive.
        maximum: Largest value of a number, inclusive.
        choices: The words that are allowed; empty: any.
        problem: Says what is wrong with a value of the right type, None where nothing is.
        default_note: How the documentation gives the default, where it is not a constant.
    """

    meaning: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    problem: Callable[[Any], str | None] | None = None
    default_note: str = ""


def option(
    meaning: str,
    *,
    default: object = MISSING,
    default_factory: Callable[[], object] | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    choices: tuple[str, ...] = (),
    problem: Callable[[Any], str | None] | None = None,
    default_note: str = "",
) -> Any:  # noqa: ANN401 — as `dataclasses.field`: the type is the annotation beside it
    """A dataclass field that is a key of the configuration; see `Option` for the arguments."""
    metadata = {METADATA_KEY: Option(meaning, minimum, maximum, choices, problem, default_note)}
    if default_factory is not None:
        return field(default_factory=default_factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def option_of(settings_field: Field[Any]) -> Option | None:
    """The option a settings field carries; None for fields that no file sets."""
    found = settings_field.metadata.get(METADATA_KEY)
    return found if isinstance(found, Option) else None


# --- did you mean -----------------------------------------------------------------------------------------------------


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of the `known` words that `word` most likely means; empty where none is near."""
    import difflib  # noqa: PLC0415 — only mistakes need it

    return next(iter(difflib.get_close_matches(word.lower(), list(known), n=1)), "")


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` for the nearest of the `known` words, or the list of them where none is near."""
    words = sorted(known)
    if near := nearest(word, words):
        return f"; did you mean {near!r}?"
    return f"; there are: {', '.join(words)}" if words else ""


# --- from TOML to Python, by the field's annotation ---------------------------------------------------------------------


class WrongType(Exception):  # noqa: N818 — it never leaves this package
    """A value has another type than its key."""


NAME_OF_TYPE = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    str: "a text",
    list: "a list",
    dict: "a table",
}


def _is(value: object, wanted: type) -> bool:
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def _scalar(wanted: type) -> Callable[[object], object]:
    def convert(value: object) -> object:
        if not _is(value, wanted):
            raise WrongType(NAME_OF_TYPE[wanted])
        return value

    return convert


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise WrongType('a list of texts, such as ["one", "two"]')
    return tuple(value)


def _integers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(_is(item, int) for item in value):
        raise WrongType("a list of whole numbers, such as [5, 6, 13]")
    return tuple(value)


def _integer_table(value: object) -> Mapping[str, int]:
    if not isinstance(value, dict) or not all(_is(item, int) for item in value.values()):
        raise WrongType("a table of whole numbers, such as { paper = 3 }")
    return dict(value)


def _text_table(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise WrongType('a table of texts, such as { main = "iso_a4_210x297mm" }')
    return dict(value)


def _value_table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise WrongType('a table, such as { sides = "two-sided-long-edge" }')
    for name, item in value.items():
        if not all(
            _is(each, kind) for each in (item if isinstance(item, list) else [item]) for kind in [_kind(each)]
        ):
            raise WrongType(
                f"a table of texts, whole numbers, true, false or lists of them, and {name!r} is none"
            )
    return {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}


def _kind(value: object) -> type:
    return bool if isinstance(value, bool) else int if isinstance(value, int) else str


FROM_TOML: Mapping[str, Callable[[object], object]] = {
    "bool": _scalar(bool),
    "int": _scalar(int),
    "str": _scalar(str),
    "tuple[str, ...]": _texts,
    "tuple[int, ...]": _integers,
    "Mapping[str, int]": _integer_table,
    "Mapping[str, str]": _text_table,
    "Mapping[str, object]": _value_table,
}
"""Annotation of a settings field to the conversion of its TOML value. Each raises `WrongType` with what it wants."""


def _boolean_word(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() not in words:
        raise WrongType(NAME_OF_TYPE[bool])
    return words[text.strip().lower()]


def _integer_word(text: str) -> int:
    digits = text.strip().replace("_", "")
    if not digits.removeprefix("-").isascii() or not digits.removeprefix("-").isdigit():
        raise WrongType(NAME_OF_TYPE[int])
    return int(digits)


FROM_ENVIRONMENT: Mapping[str, Callable[[str], object]] = {
    "bool": _boolean_word,
    "int": _integer_word,
    "str": str,
    "tuple[str, ...]": lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
    "tuple[int, ...]": lambda text: tuple(_integer_word(part) for part in text.split(",") if part.strip()),
}
"""Annotation of a settings field to the conversion of an environment variable's text; lists are separated by commas."""


def problem_of(value: object, rule: Option) -> str | None:
    """What is wrong with a value of the right type: its range, its choice, its own check; None where nothing is."""
    if isinstance(value, int) and not isinstance(value, bool):
        if rule.minimum is not None and value < rule.minimum:
            return f"{value} is too small: at least {rule.minimum}"
        if rule.maximum is not None and value > rule.maximum:
            return f"{value} is too large: at most {rule.maximum}"
    if rule.choices and value not in rule.choices:
        return f"{value!r} is none of the choices{suggestion(str(value), rule.choices)}"
    return rule.problem(value) if rule.problem is not None else None
