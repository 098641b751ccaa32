"""The line of a key, against where it was written; and against the parser: both see the same keys."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from tympan.config.toml_lines import key_lines

DOCUMENT = '''\
top = 1  # [not.a.table]

[a] # a comment with "quotes' in it
plain = 1979-05-27T07:32:00Z
"quoted key" = "a # b [c] = d"
'literal.key' = 'it "is"'
dotted.inner.most = true
multi = """
[not.a.table]
key = "\\""" still inside"""
literal = \'\'\'
x = 1\'\'\'
list = [
  1, # one ]
  "two]",
  { in_list = 3 },
]
after = { x = 1, y = { z = 2 } }

[[many]]
n = 1
[many.sub]
deep = 1
[[many.lists]]
m = 0
[[many]]
n = 2
[[many.lists]]
m = 1
[[many.lists]]
m = 2

[b.c]
last = 1'''

EXPECTED = {
    ("top",): 1,
    ("a",): 3,
    ("a", "plain"): 4,
    ("a", "quoted key"): 5,
    ("a", "literal.key"): 6,
    ("a", "dotted"): 7,
    ("a", "dotted", "inner"): 7,
    ("a", "dotted", "inner", "most"): 7,
    ("a", "multi"): 8,
    ("a", "literal"): 11,
    ("a", "list"): 13,
    ("a", "list", 0): 14,
    ("a", "list", 1): 15,
    ("a", "list", 2): 16,
    ("a", "list", 2, "in_list"): 16,
    ("a", "after"): 18,
    ("a", "after", "x"): 18,
    ("a", "after", "y"): 18,
    ("a", "after", "y", "z"): 18,
    ("many",): 20,
    ("many", 0): 20,
    ("many", 0, "n"): 21,
    ("many", 0, "sub"): 22,
    ("many", 0, "sub", "deep"): 23,
    ("many", 0, "lists"): 24,
    ("many", 0, "lists", 0): 24,
    ("many", 0, "lists", 0, "m"): 25,
    ("many", 1): 26,
    ("many", 1, "n"): 27,
    ("many", 1, "lists"): 28,
    ("many", 1, "lists", 0): 28,
    ("many", 1, "lists", 0, "m"): 29,
    ("many", 1, "lists", 1): 30,
    ("many", 1, "lists", 1, "m"): 31,
    ("b",): 33,
    ("b", "c"): 33,
    ("b", "c", "last"): 34,
}


def test_each_key_stands_where_it_was_written():
    tomllib.loads(DOCUMENT)
    assert key_lines(DOCUMENT) == EXPECTED


def test_windows_line_ends():
    assert key_lines("[a]\r\nb = 1\r\n\r\nc = 'x'\r\n") == {("a",): 1, ("a", "b"): 2, ("a", "c"): 4}


def _paths(value, path=()):
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= _paths(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            found |= _paths(inner, (*path, position))
    return found


def _written(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)} = {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(_written(inner) for inner in value) + "]"
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    return (
        '"'
        + "".join(f"\\U{ord(character):08x}" if not character.isalnum() else character for character in text)
        + '"'
    )


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_scanner_and_the_parser_see_the_same_keys(document):
    text = "\n".join(f"{_text(key)} = {_written(value)} # {{ [ ' \"" for key, value in document.items())
    assert tomllib.loads(text) == document
    assert set(key_lines(text)) == _paths(document)


@given(st.text(alphabet="[]{}=.,'\"\\#\n ab", max_size=60))
def test_text_that_is_no_toml_ends_too(text):
    key_lines(text)
