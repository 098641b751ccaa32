"""The reference tables of docs/configuration.md, made from the settings so that they cannot be out of date.

``python -m tympan.config.reference docs/configuration.md`` writes them anew between the markers of that file.
"""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any

from tympan.config.loader import LISTS, SECTIONS, options
from tympan.config.option import Option, option_of

_MARKED = re.compile(r"(<!-- reference: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_TYPES = {
    "bool": "true or false",
    "int": "number",
    "str": "text",
    "tuple[str, ...]": "list of texts",
    "tuple[int, ...]": "list of numbers",
    "Mapping[str, int]": "table of numbers",
    "Mapping[str, str]": "table of texts",
    "Mapping[str, object]": "table",
}


def reference_table(section: str) -> str:
    """The keys of one section as a Markdown table."""
    settings_type = {**SECTIONS, **LISTS}[section]
    rows = ["| key | takes | default | meaning |", "| --- | --- | --- | --- |"]
    for name, settings_field in options(settings_type).items():
        rule = option_of(settings_field)
        if rule is not None:
            rows.append(
                f"| `{name}` | {_takes(settings_field, rule)} | {_default(settings_field, rule)} | {rule.meaning} |"
            )
    return "\n".join(rows) + "\n"


def with_references(text: str) -> str:
    """`text` with each marked table made anew."""
    return _MARKED.sub(lambda match: match.group(1) + reference_table(match.group(2)) + match.group(3), text)


def _takes(settings_field: Field[Any], rule: Option) -> str:
    if rule.choices:
        return " or ".join(f"`{choice}`" for choice in rule.choices)
    if rule.minimum is not None and rule.maximum is not None:
        return f"{rule.minimum} to {rule.maximum}"
    return _TYPES[str(settings_field.type)]


def _default(settings_field: Field[Any], rule: Option) -> str:
    if rule.default_note:
        return rule.default_note
    value = settings_field.default
    if value is MISSING:
        return "must be given"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`' if value else "empty"
    return f"`{value}`"


def main(argv: list[str]) -> int:
    """Write the tables of the file named as the only argument anew."""
    path = Path(argv[0])
    path.write_text(with_references(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
