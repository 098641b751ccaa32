"""docs/panel.md has the codes of the code."""

from __future__ import annotations

from pathlib import Path

from tympan.model.blink_codes import BLINK_CODES
from tympan.panel.reference import main

DOCUMENT = Path(__file__).parents[3] / "docs" / "panel.md"


def test_the_table_is_as_the_code_makes_it(tmp_path):
    copy = tmp_path / "panel.md"
    copy.write_bytes(DOCUMENT.read_bytes())
    main([str(copy)])
    text = copy.read_text(encoding="utf-8")
    assert text == DOCUMENT.read_text(encoding="utf-8"), "run: python -m tympan.panel.reference docs/panel.md"
    for code in BLINK_CODES:
        assert f"| {'● ' * code.blinks}({code.blinks}) | {code.words} |" in text
