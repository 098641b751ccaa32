"""The table of docs/panel.md, made from the blink codes so that it cannot be out of date.

``python -m tympan.panel.reference docs/panel.md`` writes it anew between the markers of that file.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tympan.model.blink_codes import legend

_MARKED = re.compile(r"(<!-- blink codes -->\n).*?(<!-- end -->)", re.DOTALL)


def blink_code_table() -> str:
    """The codes as a Markdown table."""
    rows = [
        "| blinks | means | what to do | `codes` key | `printer-state-reasons` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for blinks, code in legend({}):
        reasons = ", ".join(f"`{reason}{'…' if reason.endswith('-') else ''}`" for reason in code.reasons)
        rows.append(
            f"| {'● ' * blinks}({blinks}) | {code.words} | {code.remedy} | `{code.name}` | {reasons or 'all others'} |"
        )
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """`text` with the marked table made anew."""
    return _MARKED.sub(lambda match: match.group(1) + blink_code_table() + match.group(2), text)


def main(argv: list[str]) -> int:
    """Write the table of the file named as the only argument anew."""
    path = Path(argv[0])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
